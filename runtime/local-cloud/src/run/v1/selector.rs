//! Label selectors as Kubernetes has them: `a=b, c in (d,e), !f`.
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use serde_json::Value;

use crate::http::answer::ApiError;

/// Conditions that must hold together.
#[derive(Debug, PartialEq)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Debug, PartialEq)]
struct Requirement {
    label: String,
    wanted: Wanted,
}

#[derive(Debug, PartialEq)]
enum Wanted {
    In(Vec<String>),
    /// Or not there at all.
    NotIn(Vec<String>),
    There,
    NotThere,
}

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Selector, ApiError> {
        let parts = split(text);
        let parsed: Option<Vec<Requirement>> = parts.iter().map(|part| Requirement::parse(part)).collect();
        let wrong = || ApiError::invalid(format!("labelSelector: '{text}' is not a label selector"));
        parsed.map(Selector).ok_or_else(wrong)
    }

    pub(super) fn picks(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels[requirement.label.as_str()].as_str();
            let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
            match &requirement.wanted {
                Wanted::In(values) => among(values),
                Wanted::NotIn(values) => !among(values),
                Wanted::There => value.is_some(),
                Wanted::NotThere => value.is_none(),
            }
        })
    }
}

/// The parts between commas, but for those in parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut inside = false;
    let parts = text.split(|c: char| {
        inside = (inside || c == '(') && c != ')';
        c == ',' && !inside
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

impl Requirement {
    fn parse(text: &str) -> Option<Requirement> {
        let (label, wanted) = if let Some(label) = text.strip_prefix('!') {
            (label, Wanted::NotThere)
        } else if let Some((left, right)) = text.split_once('(') {
            let values = right.strip_suffix(')')?.split(',');
            let values = values.map(|value| value.trim().to_owned()).collect();
            match left.trim().rsplit_once(char::is_whitespace)? {
                (label, "in") => (label, Wanted::In(values)),
                (label, "notin") => (label, Wanted::NotIn(values)),
                _ => return None,
            }
        } else if let Some((label, value)) = text.split_once("!=") {
            (label, Wanted::NotIn(vec![value.trim().to_owned()]))
        } else if let Some((label, value)) = text.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            (label, Wanted::In(vec![value.trim().to_owned()]))
        } else {
            (text, Wanted::There)
        };
        let label = label.trim();
        let usable = !label.is_empty() && !label.contains(|c: char| c.is_whitespace() || "=!(),".contains(c));
        usable.then(|| Requirement {
            label: label.to_owned(),
            wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_picked() {
        let labels = json!({ "run.googleapis.com/job": "j", "state": "Failed" });
        for (text, picked) in [
            ("", true),
            ("run.googleapis.com/job = j", true),
            ("run.googleapis.com/job==k", false),
            ("run.googleapis.com/job = j,state in (Running, Failed)", true),
            ("run.googleapis.com/job=j,state in (Running,Succeeded)", false),
            ("state notin (Running), other notin (a)", true),
            ("state!=Failed", false),
            ("state", true),
            ("!state", false),
            ("!other,state", true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().picks(&labels), picked, "{text}");
        }
        for text in ["a of (b)", "a in (b", "=b", "a b", "!"] {
            assert_eq!(Selector::parse(text).unwrap_err().code, 400, "{text}");
        }
    }
}
