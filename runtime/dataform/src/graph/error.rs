//! What is wrong with a project: the graph's own errors, with the position that their stack tells.

use serde::{Deserialize, Serialize};

use super::action::Target;

/// One error of a compilation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompilationError {
    /// The file, relative to the project's root; empty when the error belongs to none.
    pub file: String,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// The column in that line, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// Where it arose: one `at …` for each line.
    pub stack: String,
    /// The action, where one could be named.
    pub target: Option<Target>,
}

impl std::fmt::Display for CompilationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.file.is_empty() {
            f.write_str(&self.file)?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
                if let Some(column) = self.column {
                    write!(f, ":{column}")?;
                }
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// The same in the graph's JSON.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Document {
    file_name: String,
    message: String,
    stack: String,
    action_target: Option<Target>,
}

impl From<Document> for CompilationError {
    fn from(document: Document) -> Self {
        let position = position_in(&document.stack, &document.file_name);
        Self {
            line: position.map(|p| p.0),
            column: position.map(|p| p.1),
            file: document.file_name,
            message: document.message,
            stack: document.stack,
            target: document.action_target,
        }
    }
}

/// Line and column of the first of a stack's frames that is in the file: `… FILE:LINE:COLUMN`, with or without a bracket.
fn position_in(stack: &str, file: &str) -> Option<(u32, u32)> {
    if file.is_empty() {
        return None;
    }
    stack.lines().find_map(|frame| {
        let (before, position) = frame.trim_end_matches(')').split_once(&format!("{file}:"))?;
        // Not another file whose name ends like this one's.
        if !(before.is_empty() || before.ends_with(['/', '(', ' '])) {
            return None;
        }
        let (line, column) = position.split_once(':')?;
        Some((line.parse().ok()?, column.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::position_in;

    #[test]
    fn positions_are_of_the_first_frame_in_the_file() {
        for (stack, file, expected) in [
            (
                "Error: x\n    at f (definitions/a.sqlx:3:7)\n    at definitions/a.sqlx:9:1",
                "definitions/a.sqlx",
                Some((3, 7)),
            ),
            (
                "at definitions/b.js:1:2\n at definitions/a.sqlx:9:1",
                "definitions/a.sqlx",
                Some((9, 1)),
            ),
            ("at x (old_definitions/a.sqlx:9:1)", "definitions/a.sqlx", None),
            (
                "at x (/project/definitions/a.sqlx:9:1)",
                "definitions/a.sqlx",
                Some((9, 1)),
            ),
            ("no frames", "definitions/a.sqlx", None),
            ("at :1:1", "", None),
        ] {
            assert_eq!(position_in(stack, file), expected, "{stack}");
        }
    }
}
