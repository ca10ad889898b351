//! From the clients' errors to what a user of Terraform reads: a summary, the cause, what to do.

use headwater_cloud as cloud;
use headwater_salesforce as salesforce;
use tfplugin_framework::{Diagnostic, Path};

/// Adds the summary, and the advice that the client has for this kind of failure.
pub(crate) trait Explain<T> {
    /// `cloud.storage().get_bucket(name).await.explain("cannot read the bucket")?`
    fn explain(self, summary: impl Into<String>) -> Result<T, Diagnostic>;

    /// The same, about an attribute.
    fn explain_at(self, path: impl Into<Path>, summary: impl Into<String>) -> Result<T, Diagnostic>
    where
        Self: Sized,
    {
        self.explain(summary).map_err(|diagnostic| diagnostic.at(path))
    }
}

impl<T> Explain<T> for Result<T, cloud::Error> {
    fn explain(self, summary: impl Into<String>) -> Result<T, Diagnostic> {
        self.map_err(|error| cloud_problem(summary, &error))
    }
}

impl<T> Explain<T> for Result<T, salesforce::Error> {
    fn explain(self, summary: impl Into<String>) -> Result<T, Diagnostic> {
        self.map_err(|error| salesforce_problem(summary, &error))
    }
}

pub(crate) fn cloud_problem(summary: impl Into<String>, error: &cloud::Error) -> Diagnostic {
    Diagnostic::from_error(summary, error).hint(sentence(error.hint()))
}

pub(crate) fn salesforce_problem(summary: impl Into<String>, error: &salesforce::Error) -> Diagnostic {
    Diagnostic::from_error(summary, error).hint(sentence(error.hint()))
}

/// A hint as a sentence of its own: `check the name` → `Check the name.`
pub(crate) fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let end = if hint.ends_with(['.', '!', '?', ')']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_become_sentences() {
        assert_eq!(sentence("check the name"), "Check the name.");
        assert_eq!(sentence("Done already."), "Done already.");
        assert_eq!(sentence(""), "");
    }
}
