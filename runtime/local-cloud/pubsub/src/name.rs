//! Names of resources: <https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names>.

use crate::refusal::Refusal;

/// What stands in the place of a topic that was deleted.
pub(crate) const DELETED_TOPIC: &str = "_deleted-topic_";
/// What stands in the place of a schema that was deleted.
pub(crate) const DELETED_SCHEMA: &str = "_deleted-schema_";

const MOST: usize = 255;
const LEAST: usize = 3;

/// The collection that a name must be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Topic,
    Subscription,
    Snapshot,
    Schema,
}

impl Kind {
    fn collection(self) -> &'static str {
        match self {
            Kind::Topic => "topics",
            Kind::Subscription => "subscriptions",
            Kind::Snapshot => "snapshots",
            Kind::Schema => "schemas",
        }
    }

    /// Refuses a name that no resource of this kind can have.
    pub(crate) fn check(self, name: &str) -> Result<(), Refusal> {
        let mut parts = name.split('/');
        let valid = parts.next() == Some("projects")
            && parts.next().is_some_and(project)
            && parts.next() == Some(self.collection())
            && parts.next().is_some_and(id)
            && parts.next().is_none();
        if valid {
            return Ok(());
        }
        Err(Refusal::invalid(format!(
            "Invalid resource name given (name={name}). Refer to \
             https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information."
        )))
    }

    /// The kind that a whole name says it is of.
    pub(crate) fn of(name: &str) -> Option<Kind> {
        let collection = name.split('/').nth(2)?;
        [Kind::Topic, Kind::Subscription, Kind::Snapshot, Kind::Schema]
            .into_iter()
            .find(|kind| kind.collection() == collection)
    }

    /// The name of one in a project (`projects/P`).
    pub(crate) fn in_project(self, parent: &str, id: &str) -> String {
        format!("{parent}/{}/{id}", self.collection())
    }

    /// What the names of all in a project begin with.
    pub(crate) fn all_in(self, parent: &str) -> Result<String, Refusal> {
        match parent.strip_prefix("projects/") {
            Some(id) if project(id) => Ok(self.in_project(parent, "")),
            _ => Err(Refusal::invalid(format!(
                "Invalid resource name given (name={parent}). Refer to \
                 https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information."
            ))),
        }
    }
}

fn project(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

fn id(id: &str) -> bool {
    (LEAST..=MOST).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphabetic())
        && !id.starts_with("goog")
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~+%".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, valid) in [
            ("projects/p/topics/abc", true),
            ("projects/p.com:x/topics/a-b_c.d~e+f%20", true),
            ("projects/p/topics/ab", false),
            ("projects/p/topics/goog-x", false),
            ("projects/p/topics/google", false),
            ("projects/p/topics/1abc", false),
            ("projects/p/topics/sp ace", false),
            ("projects//topics/abc", false),
            ("projects/p/subscriptions/abc", false),
            ("projects/p/topics/abc/", false),
            ("/projects/p/topics/abc", false),
            ("", false),
        ] {
            assert_eq!(Kind::Topic.check(name).is_ok(), valid, "{name}");
        }
        let long = |n| format!("projects/p/topics/{}", "a".repeat(n));
        assert!(Kind::Topic.check(&long(255)).is_ok());
        assert!(Kind::Topic.check(&long(256)).is_err());
    }
}
