//! SOQL: text → tokens → syntax tree (`parser`) → a plan bound to the metadata (`bind`,
//! `condition`) → rows (`run`, `aggregate`).

pub(crate) mod aggregate;
pub(crate) mod ast;
mod bind;
mod condition;
pub(crate) mod eval;
mod lexer;
mod literal;
mod parser;
pub(crate) mod run;

pub(crate) use bind::{Output, Plan, Selected, bind};
pub(crate) use parser::parse;

/// A query that is refused, with Salesforce's code and message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct SoqlError {
    pub code: &'static str,
    pub message: String,
}

impl SoqlError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A message that shows the place: an excerpt, a caret under the position, row and column.
    pub(crate) fn at(code: &'static str, soql: &str, position: usize, message: &str) -> Self {
        let position = position.min(soql.len());
        let line_start = soql[..position].rfind('\n').map_or(0, |n| n + 1);
        let row = soql[..position].matches('\n').count() + 1;
        let column = soql[line_start..position].chars().count() + 1;
        let line: Vec<char> = soql[line_start..].lines().next().unwrap_or("").chars().collect();
        let from = column.saturating_sub(31).min(line.len());
        let to = (column + 30).min(line.len());
        let excerpt: String = line[from..to].iter().collect();
        let caret = " ".repeat(column - 1 - from);
        Self::new(
            code,
            format!("\n{excerpt}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{message}"),
        )
    }
}
