//! Grants in IAM policies: <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>.

use serde_json::{Value as Json, json};
use tfplugin_framework::Attr;

use super::rules::same_member;
use super::{Condition, Grant};

impl Condition {
    pub(super) fn document(&self) -> Json {
        let mut document = json!({ "title": self.title.as_deref(), "expression": self.expression.as_deref() });
        if let Some(description) = self.description.as_deref().filter(|text| !text.is_empty()) {
            document["description"] = description.into();
        }
        document
    }

    /// The condition of a binding or an entry, in the spelling of the state before.
    pub(super) fn read(document: &Json, state: Option<&Condition>) -> Option<Condition> {
        let text = |name: &str| {
            document[name]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        document.as_object()?;
        let said = state.map(|state| state.description.clone()).unwrap_or_default();
        let description = match text("description") {
            None if said.as_deref() == Some("") => said,
            found => found.into(),
        };
        Some(Condition {
            title: text("title").unwrap_or_default().into(),
            description,
            expression: text("expression").unwrap_or_default().into(),
        })
    }

    /// Whether a found condition is the one that is meant. One that was imported by its title says no more than that.
    fn means(&self, found: &Condition) -> bool {
        let text = |text: &Attr<String>| text.as_deref().unwrap_or_default().to_owned();
        self.title == found.title
            && (self.expression.is_null()
                || self.expression == found.expression && text(&self.description) == text(&found.description))
    }
}

/// Whether a condition that was found is the one that a grant has: both none, or the same.
pub(super) fn same_condition(grant: &Grant, found: Option<&Condition>) -> bool {
    match (&grant.condition, found) {
        (None, None) => true,
        (Some(meant), Some(found)) => meant.means(found),
        _ => false,
    }
}

fn condition_of(grant: &Grant, binding: &Json) -> Option<Condition> {
    Condition::read(&binding["condition"], grant.condition.as_ref())
}

fn is_for(grant: &Grant, binding: &Json) -> bool {
    binding["role"] == grant.role.as_str() && same_condition(grant, condition_of(grant, binding).as_ref())
}

fn has(members: &Json, member: &str) -> bool {
    let mut members = members.as_array().into_iter().flatten().filter_map(Json::as_str);
    members.any(|other| same_member(other, member))
}

/// The grant as a policy has it.
pub(super) fn find(policy: &Json, grant: &Grant) -> Option<Grant> {
    let mut bindings = policy["bindings"].as_array()?.iter();
    let binding = bindings.find(|binding| is_for(grant, binding) && has(&binding["members"], &grant.member))?;
    Some(Grant {
        condition: condition_of(grant, binding),
        ..grant.clone()
    })
}

/// Adds the grant; `false` when it is there.
pub(super) fn add(policy: &mut Json, grant: &Grant) -> bool {
    if find(policy, grant).is_some() {
        return false;
    }
    if !policy["bindings"].is_array() {
        policy["bindings"] = json!([]);
    }
    let Some(bindings) = policy["bindings"].as_array_mut() else {
        return false;
    };
    let same = bindings.iter_mut().find(|binding| is_for(grant, binding));
    if let Some(members) = same.and_then(|binding| binding["members"].as_array_mut()) {
        members.push(grant.member.as_str().into());
        return true;
    }
    let mut binding = json!({ "role": grant.role, "members": [grant.member] });
    if let Some(condition) = &grant.condition {
        binding["condition"] = condition.document();
    }
    bindings.push(binding);
    true
}

/// Takes the grant away; `false` when it is not there.
pub(super) fn remove(policy: &mut Json, grant: &Grant) -> bool {
    let Some(bindings) = policy["bindings"].as_array_mut() else {
        return false;
    };
    let mut found = false;
    for binding in bindings.iter_mut().filter(|binding| is_for(grant, binding)) {
        if let Some(members) = binding["members"].as_array_mut() {
            let before = members.len();
            members.retain(|member| !member.as_str().is_some_and(|member| same_member(member, &grant.member)));
            found |= members.len() < before;
        }
    }
    bindings.retain(|binding| binding["members"].as_array().is_none_or(|members| !members.is_empty()));
    found
}
