//! Errors on purpose. DuckDB's own `error` is volatile, and what is volatile cannot stand in `TRY`.

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[native("error", Answers::Nothing, error)];

fn error(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(message)] => Err(message.clone()),
        _ => Err(misused()),
    }
}
