//! What a policy may say, and how it is kept and shown: <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>.
//!
//! A service account is kept with its unique id, `serviceAccount:EMAIL?uid=ID`: what is granted to an account that is
//! deleted is not granted to the next one of the same name.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::accounts;
use crate::http::answer::ApiError;
use crate::store::{StoreError, View};

const MOST_MEMBERS: usize = 1500;
const VERSIONS: &str = "For more information, please refer to https://cloud.google.com/iam/docs/policies#versions.";

/// A policy as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    version: i64,
    bindings: Vec<Binding>,
    pub(super) etag: String,
    #[serde(rename = "auditConfigs", default, skip_serializing_if = "Option::is_none")]
    audits: Option<Value>,
}

/// A role and who has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Binding {
    role: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// When a binding holds. The expression is CEL, which is not evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Condition {
    #[serde(default)]
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default)]
    expression: String,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            version: 1,
            bindings: Vec::new(),
            etag: "ACAB".to_owned(),
            audits: None,
        }
    }
}

impl Policy {
    pub(super) fn seeded(bindings: &[(&str, Vec<String>)], etag: String) -> Policy {
        let bindings = bindings.iter().map(|(role, members)| Binding {
            role: (*role).to_owned(),
            members: members.clone(),
            condition: None,
        });
        Policy {
            bindings: bindings.collect(),
            etag,
            ..Policy::default()
        }
    }

    /// What the caller sent in place of `current`, if it may be so.
    pub(super) fn checked(sent: &Map<String, Value>, current: &Policy, view: &impl View) -> Result<Policy, ApiError> {
        let version = sent.get("version").and_then(Value::as_i64).unwrap_or_default();
        let version = super::known_version(version)?;
        let versioned = sent
            .get("etag")
            .and_then(Value::as_str)
            .is_some_and(|etag| !etag.is_empty());
        if version < current.needed_version() && versioned {
            return Err(ApiError::invalid(format!(
                "Specified policy version ({version}) cannot be less than the existing policy version (3). {VERSIONS}"
            )));
        }
        let bindings = sent.get("bindings").cloned().unwrap_or_else(|| json!([]));
        let bindings: Vec<Binding> = serde_json::from_value(bindings).map_err(|e| {
            ApiError::invalid(format!(
                "Invalid JSON payload received. Invalid value at 'policy.bindings': {e}"
            ))
        })?;
        let mut policy = Policy {
            audits: sent.get("auditConfigs").cloned().or_else(|| current.audits.clone()),
            ..Policy::default()
        };
        for binding in bindings {
            if binding.condition.is_some() && version < 3 {
                return Err(ApiError::invalid(format!(
                    "Specified policy version ({version}) cannot be less than 3 when a binding has a condition. {VERSIONS}"
                )));
            }
            policy.add(binding.checked(view)?);
        }
        let members: usize = policy.bindings.iter().map(|binding| binding.members.len()).sum();
        if members > MOST_MEMBERS {
            return Err(ApiError::invalid(format!(
                "The policy contains {members} members, and the most is {MOST_MEMBERS}."
            )));
        }
        policy.version = policy.needed_version();
        Ok(policy)
    }

    /// Bindings of the same role and condition are one, and none is empty.
    fn add(&mut self, new: Binding) {
        let same = |binding: &&mut Binding| binding.role == new.role && binding.condition == new.condition;
        match self.bindings.iter_mut().find(same) {
            Some(binding) => {
                for member in new.members {
                    if !binding.members.contains(&member) {
                        binding.members.push(member);
                    }
                }
            }
            None if new.members.is_empty() => {}
            None => self.bindings.push(new),
        }
    }

    fn needed_version(&self) -> i64 {
        if self.bindings.iter().any(|binding| binding.condition.is_some()) {
            3
        } else {
            1
        }
    }

    /// Whether everybody in the world is granted something.
    pub(crate) fn is_public(&self) -> bool {
        let public = |member: &String| matches!(member.as_str(), "allUsers" | "allAuthenticatedUsers");
        self.bindings.iter().any(|binding| binding.members.iter().any(public))
    }

    pub(crate) fn is_conditional(&self) -> bool {
        self.needed_version() == 3
    }

    /// The policy of the API. Who does not ask for version 3 sees conditional bindings under a role's name that nobody can
    /// take for the role itself.
    pub(super) fn shown(&self, view: &impl View, version: i64) -> Result<Value, StoreError> {
        let mut bindings = Vec::new();
        for binding in &self.bindings {
            let members = binding.members.iter().map(|member| shown_member(member, view));
            let mut shown = json!({ "role": binding.role, "members": members.collect::<Result<Vec<_>, _>>()? });
            match &binding.condition {
                Some(condition) if version >= 3 => shown["condition"] = json!(condition),
                Some(condition) => shown["role"] = json!(format!("{}_withcond_{}", binding.role, condition.hash())),
                None => {}
            }
            bindings.push(shown);
        }
        let version = self.version.min(version);
        let mut policy = json!({ "version": version, "etag": self.etag, "bindings": bindings });
        if let Some(audits) = &self.audits {
            policy["auditConfigs"] = audits.clone();
        }
        Ok(policy)
    }
}

impl Binding {
    fn checked(mut self, view: &impl View) -> Result<Binding, ApiError> {
        if !is_role(&self.role) {
            return Err(ApiError::invalid(format!(
                "Role ({}) does not exist in the resource's hierarchy.",
                self.role
            )));
        }
        if let Some(condition) = &self.condition {
            condition.check(&self.role)?;
        }
        let members = std::mem::take(&mut self.members);
        for member in members {
            let member = kept_member(&member, view)?;
            if !self.members.contains(&member) {
                self.members.push(member);
            }
        }
        Ok(self)
    }
}

impl Condition {
    fn check(&self, role: &str) -> Result<(), ApiError> {
        let wrong = if matches!(role, "roles/owner" | "roles/editor" | "roles/viewer") {
            format!("Conditions can't be set on basic roles, which {role} is.")
        } else if self.title.trim().is_empty() {
            "Condition titles cannot be empty.".to_owned()
        } else if self.title.len() > 100 {
            "Condition titles cannot be longer than 100 bytes.".to_owned()
        } else if self.description.len() > 256 {
            "Condition descriptions cannot be longer than 256 bytes.".to_owned()
        } else if self.expression.trim().is_empty() {
            "Condition expressions cannot be empty.".to_owned()
        } else {
            return Ok(());
        };
        Err(ApiError::invalid(wrong))
    }

    fn hash(&self) -> String {
        let sum = Md5::digest(json!(self).to_string());
        sum.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `roles/NAME`, or the name of a custom role. Whether Google has a role of that name is not known here.
fn is_role(role: &str) -> bool {
    let named = |name: &str, most: usize| {
        (1..=most).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
    };
    let well = match *role.split('/').collect::<Vec<_>>() {
        ["roles", name] => named(name, 128),
        ["projects" | "organizations", owner, "roles", name] => !owner.is_empty() && named(name, 64),
        _ => false,
    };
    well && !role.contains("_withcond_")
}

/// A member as it is kept: addresses in lower case, and a service account with its unique id.
fn kept_member(member: &str, view: &impl View) -> Result<String, ApiError> {
    let unknown = || {
        ApiError::invalid(format!(
            "The member {member} is of an unknown type. Please set a valid type prefix for the member."
        ))
    };
    if matches!(member, "allUsers" | "allAuthenticatedUsers") {
        return Ok(member.to_owned());
    }
    let (kind, name) = member.split_once(':').ok_or_else(unknown)?;
    let lower = name.to_lowercase();
    match kind {
        "serviceAccount" if lower.contains(".svc.id.goog[") => Ok(member.to_owned()),
        "serviceAccount" => match accounts::lookup(view, &lower)? {
            accounts::Known::Here(uid) => Ok(format!("serviceAccount:{lower}?uid={uid}")),
            accounts::Known::Googles => Ok(format!("serviceAccount:{lower}")),
            accounts::Known::Nowhere => Err(ApiError::invalid(format!("Service account {name} does not exist."))),
            accounts::Known::Malformed => Err(ApiError::invalid(format!("Invalid service account ({name})."))),
        },
        "user" | "group" if is_address(&lower) => Ok(format!("{kind}:{lower}")),
        "user" | "group" => Err(ApiError::invalid(format!("Invalid {kind} ({name})."))),
        "domain" if is_domain(&lower) => Ok(format!("{kind}:{lower}")),
        "domain" => Err(ApiError::invalid(format!("Invalid domain ({name})."))),
        "projectOwner" | "projectEditor" | "projectViewer" if !name.is_empty() => Ok(member.to_owned()),
        "principal" | "principalSet"
            if name.starts_with("//iam.googleapis.com/")
                || name.starts_with("//cloudresourcemanager.googleapis.com/") =>
        {
            Ok(member.to_owned())
        }
        "principal" | "principalSet" => Err(ApiError::invalid(format!("Invalid principal ({member})."))),
        "deleted" => match name.strip_prefix("serviceAccount:") {
            // The same account, whatever has become of it since.
            Some(account) if account.contains("?uid=") => Ok(format!("serviceAccount:{account}")),
            None if name.contains("?uid=") || name.starts_with("principal") => Ok(member.to_owned()),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

/// A member as it is shown: an account that is gone is called deleted.
fn shown_member(member: &str, view: &impl View) -> Result<String, StoreError> {
    let pinned = member
        .strip_prefix("serviceAccount:")
        .and_then(|account| account.split_once("?uid="));
    match pinned {
        Some((email, uid)) if accounts::is_live(view, uid)? => Ok(format!("serviceAccount:{email}")),
        Some(_) => Ok(format!("deleted:{member}")),
        None => Ok(member.to_owned()),
    }
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | ':')))
}

pub(super) fn is_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, domain)| !name.is_empty() && !name.contains(char::is_whitespace) && is_domain(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        for (role, valid) in [
            ("roles/storage.objectViewer", true),
            ("roles/owner", true),
            ("projects/acme/roles/my_role", true),
            ("organizations/1/roles/custom.role", true),
            ("", false),
            ("storage.objectViewer", false),
            ("roles/", false),
            ("roles/a/b", false),
            ("folders/1/roles/x", false),
            ("roles/a b", false),
            ("roles/a_withcond_0123", false),
        ] {
            assert_eq!(is_role(role), valid, "{role}");
        }
    }

    #[test]
    fn addresses() {
        for (text, valid) in [
            ("a@b.c", true),
            ("a", false),
            ("@b.c", false),
            ("a@b", false),
            ("a b@c.d", false),
            ("a@b..c", false),
        ] {
            assert_eq!(is_address(text), valid, "{text}");
        }
    }
}
