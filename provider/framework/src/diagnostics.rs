//! What a user is told: errors and warnings with the place in the configuration that they are about.

use std::error::Error as StdError;

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
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: String::new(),
            path: Path::root(),
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
        Diagnostic::error(summary).detail(error_chain(error))
    }

    /// The same with this detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same with a further paragraph that says what to do.
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        if !self.detail.is_empty() {
            self.detail.push_str("\n\n");
        }
        self.detail.push_str(hint.as_ref());
        self
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

/// `error: its cause: the cause of that`.
fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
