//! Roles and members: how they are written, and when two spellings mean the same.

use tfplugin_framework::{Validator, Value, validate};

/// Whose names are e-mail addresses or domains, in which case means nothing.
const ADDRESSED: [&str; 4] = ["user", "group", "serviceAccount", "domain"];

pub(super) fn role() -> Validator {
    validate::matches(
        "must be a role such as `roles/storage.objectViewer`, `projects/PROJECT/roles/ROLE` or `organizations/NUMBER/roles/ROLE`",
        |text| {
            let named = |name: &str| {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
            };
            match *text.split('/').collect::<Vec<_>>() {
                ["roles", name] => named(name),
                ["projects" | "organizations", owner, "roles", name] => !owner.is_empty() && named(name),
                _ => false,
            }
        },
    )
}

pub(super) fn member() -> Validator {
    validate::matches(
        "must be a member with its kind in front: `user:EMAIL`, `group:EMAIL`, `serviceAccount:EMAIL`, `domain:DOMAIN`, `projectOwner:PROJECT`, `principal://…`, `principalSet://…`, `allUsers` or `allAuthenticatedUsers`",
        is_member,
    )
}

fn is_member(text: &str) -> bool {
    if text.contains(char::is_whitespace) {
        return false;
    }
    match text.split_once(':') {
        None => matches!(text, "allUsers" | "allAuthenticatedUsers"),
        Some(("serviceAccount", name)) if name.contains(".svc.id.goog[") => name.ends_with(']'),
        Some(("user" | "group" | "serviceAccount", address)) => address
            .split_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && is_domain(domain)),
        Some(("domain", domain)) => is_domain(domain),
        Some(("projectOwner" | "projectEditor" | "projectViewer", project)) => crate::names::is_project(project),
        Some(("principal" | "principalSet", name)) => name.starts_with("//") && name.len() > 2,
        Some(_) => false,
    }
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && !text.contains('@') && text.split('.').all(|label| !label.is_empty())
}

/// Whether two members are the same one.
pub(super) fn same_member(a: &str, b: &str) -> bool {
    match (a.split_once(':'), b.split_once(':')) {
        (Some((kind, a)), Some((other, b))) if kind == other && ADDRESSED.contains(&kind) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

pub(super) fn same_member_value(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if same_member(a, b))
}
