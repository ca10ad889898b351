//! What a user is told: errors and warnings with the place in the configuration that they are about.

use std::error::Error as StdError;

use headwater_report::{Report, Style, chain, render};

use crate::Path;

/// Whether the operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation goes on.
    Warning,
}

/// One message to the user.
///
/// Terraform folds warnings with the same summary into one, so name the object in the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a diagnostic does nothing until it is returned or given to `Cx::warn`"]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One line: what is wrong.
    pub summary: String,
    /// Why, and what to do.
    pub detail: String,
    /// What it is about.
    pub path: Path,
    /// Where in the detail the hints begin. Public only so that `..diagnostic` works.
    #[doc(hidden)]
    pub hints_from: Option<usize>,
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: String::new(),
            path: Path::root(),
            hints_from: None,
        }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(summary)
        }
    }

    /// An error about an attribute: `Diagnostic::error(…).at(path)` in short.
    pub fn invalid(path: impl Into<Path>, summary: impl Into<String>) -> Self {
        Diagnostic::error(summary).at(path)
    }

    /// An error whose detail is another error with everything that caused it.
    pub fn from_error(summary: impl Into<String>, error: &(dyn StdError + 'static)) -> Self {
        Diagnostic::error(summary).detail(chain(error))
    }

    /// The same with this detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self.hints_from = None;
        self
    }

    /// The same with a further paragraph that says what to do.
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        if !self.detail.is_empty() {
            self.detail.push_str("\n\n");
        }
        self.hints_from.get_or_insert(self.detail.len());
        self.detail.push_str(hint.as_ref());
        self
    }

    /// The same message as anybody writes it: with its parts apart.
    pub fn report(&self) -> Report {
        let split = self.hints_from.and_then(|at| self.detail.split_at_checked(at));
        let (detail, hint) = split.unwrap_or((&self.detail, ""));
        let report = match self.severity {
            Severity::Error => Report::error(&self.summary),
            Severity::Warning => Report::warning(&self.summary),
        };
        report.at(self.path.to_string()).detail(detail.trim_end()).hint(hint)
    }

    /// The same, about this place.
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.path = path.into();
        self
    }
}

/// Several messages. What operations return when they fail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "diagnostics do nothing until they are returned"]
pub struct Diagnostics(Vec<Diagnostic>);

/// The result of whatever may fail with messages to the user.
pub type Result<T, E = Diagnostics> = std::result::Result<T, E>;

impl Diagnostics {
    /// None yet.
    pub const fn new() -> Self {
        Diagnostics(Vec::new())
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those of another.
    pub fn extend(&mut self, others: Diagnostics) {
        self.0.extend(others.0);
    }

    /// Whether there is an error among them.
    pub fn has_error(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// All of them as text for people, errors first: what a command line prints.
    pub fn render(&self, style: Style) -> String {
        let mut sorted: Vec<&Diagnostic> = self.iter().collect();
        sorted.sort_by_key(|diagnostic| diagnostic.severity);
        let texts: Vec<String> = sorted
            .iter()
            .map(|diagnostic| render(&diagnostic.report(), style))
            .collect();
        texts.join("\n")
    }

    /// `Err(self)` when there is an error among them, else `Ok(())` (warnings are dropped: hand those to `Cx::warn`).
    pub fn into_result(self) -> Result<()> {
        if self.has_error() { Err(self) } else { Ok(()) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Diagnostics(diagnostics.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Turns any error into a diagnostic on the way out: `fetch().await.or_error("cannot read the bucket")?`.
pub trait OrError<T> {
    /// The error becomes the detail under this summary.
    fn or_error(self, summary: impl Into<String>) -> Result<T, Diagnostic>;
}

impl<T, E: StdError + 'static> OrError<T> for std::result::Result<T, E> {
    fn or_error(self, summary: impl Into<String>) -> Result<T, Diagnostic> {
        self.map_err(|error| Diagnostic::from_error(summary, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_stay_apart() {
        let found: Diagnostics = [
            Diagnostic::warning("orders is large").hint("Mind the cost."),
            Diagnostic::invalid(Path::attr("columns").key("a").child("type"), "no such type")
                .detail("It says `TXT`.")
                .hint("Write `STRING`.")
                .hint("Or leave it out."),
        ]
        .into_iter()
        .collect();
        let whole = found.iter().last().map(|last| last.detail.clone());
        assert_eq!(
            whole.as_deref(),
            Some("It says `TXT`.\n\nWrite `STRING`.\n\nOr leave it out.")
        );
        let wanted = "error: no such type\n  at columns[\"a\"].type\n  It says `TXT`.\nhint: Write `STRING`.\n\n  Or leave it out.\nwarning: orders is large\nhint: Mind the cost.";
        assert_eq!(found.render(Style::Plain), wanted);
        let replaced = Diagnostic::error("x").hint("a hint").detail("a detail");
        assert_eq!(replaced.report().hint, "");
    }
}
