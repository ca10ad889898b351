//! JSON: its text and values, paths into it, and the functions over it. Values of the type JSON travel as text.

mod change;
mod convert;
mod parse;
mod path;
mod query;
mod value;

pub(super) use parse::{Wide, parse};
pub(super) use value::{Json, Number};

use super::Native;
use crate::engine::Cell;

pub(super) const NATIVES: &[&[Native]] = &[query::NATIVES, change::NATIVES, convert::NATIVES];

/// The one form of a JSON literal.
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    parse(text, Wide::Exact).map(|json| json.compact())
}

/// A value of the type JSON.
fn typed(text: &str) -> Result<Json, String> {
    parse(text, Wide::Round)
}

fn cell(json: &Json) -> Cell {
    Cell::Text(json.compact())
}
