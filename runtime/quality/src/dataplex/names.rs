//! What rules are called: Dataplex wants letters, numbers and hyphens, at most 63 of them, beginning with a letter.

use crate::engine::Reason;

/// <https://cloud.google.com/dataplex/docs/reference/rest/v1/DataQualityRule>
const LONGEST: usize = 63;

/// The rule's name for an expectation's id: what a name cannot have is a hyphen. None: it would be too long, or nothing.
fn rule_name(id: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = id.chars().map(plain).collect();
    let name = name.trim_matches('-');
    let name = if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.to_owned()
    } else {
        format!("e-{name}")
    };
    (name != "e-" && name.len() <= LONGEST).then_some(name)
}

/// The same where others are taken: pairs of a name and the id that it is made of.
pub(super) fn named(id: &str, taken: &[(String, String)]) -> Result<String, Reason> {
    let wrong = |message: String| Reason::new("unsupported", message);
    let name = rule_name(id).ok_or_else(|| {
        wrong(format!(
            "its id {id:?} makes no name of a rule: those have 1 to {LONGEST} letters, numbers and hyphens; give it an id of its own"
        ))
    })?;
    match taken.iter().find(|(other, _)| *other == name) {
        Some((_, other)) => Err(wrong(format!(
            "its id {id:?} and the id {other:?} make the same name of a rule, {name}; give one of them another id"
        ))),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{named, rule_name};

    #[test]
    fn ids_become_names() {
        for (id, expected) in [
            ("not_null.order_id", Some("not-null-order-id")),
            ("unique.größe", Some("unique-gr--e")),
            ("3f2a", Some("e-3f2a")),
            ("between.a_", Some("between-a")),
            ("_._", None),
            (&"x".repeat(63), Some(&*"x".repeat(63))),
            (&"x".repeat(64), None),
        ] {
            assert_eq!(rule_name(id).as_deref(), expected, "{id}");
        }
        let taken = [("a-b".to_owned(), "a.b".to_owned())];
        assert!(named("a_b", &taken).unwrap_err().message.contains("\"a.b\""));
        assert!(named("a_c", &taken).is_ok());
    }
}
