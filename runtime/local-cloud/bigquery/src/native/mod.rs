//! GoogleSQL's functions that DuckDB has none for, or none of the same meaning: cells in, a cell out. Pure: neither
//! SQL nor DuckDB is known here. In DuckDB's SQL their names begin with `_hw_`; an error ends the statement unless
//! `TRY` is around it.

mod bits;
mod bytes;
mod cast_numbers;
mod cast_times;
mod casts;
mod decimal_roots;
mod decimals;
mod distinct_sketch;
mod failing;
mod format;
mod format_model;
mod hash;
pub(crate) mod json;
pub(crate) mod keys;
mod mathematics;
mod net;
mod number_model;
pub(crate) mod patterns;
mod print;
mod quantile_sketch;
mod reading_times;
mod sequence;
pub(crate) mod shape;
mod text;
mod text_analysis;
mod writing_times;

use crate::engine::Cell;

pub(crate) use print::float as shown_float;

/// What a function answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answers {
    Text,
    Json,
    Bytes,
    Int,
    Float,
    Bool,
    Texts,
    Jsons,
    Ints,
    Floats,
    /// Never anything: it raises an error, in the place of a value of any type.
    Nothing,
}

/// The words of an error, as BigQuery has them.
pub(crate) type Outcome = Result<Cell, String>;

/// One function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Native {
    /// Its name without `_hw_`.
    pub(crate) name: &'static str,
    pub(crate) answers: Answers,
    pub(crate) call: fn(&[Cell]) -> Outcome,
}

/// Shortens the tables.
const fn native(name: &'static str, answers: Answers, call: fn(&[Cell]) -> Outcome) -> Native {
    Native { name, answers, call }
}

/// All functions, by family.
pub(crate) const NATIVES: &[&[Native]] = &[
    failing::NATIVES,
    text::NATIVES,
    text_analysis::NATIVES,
    bytes::NATIVES,
    patterns::NATIVES,
    print::NATIVES,
    casts::NATIVES,
    cast_numbers::NATIVES,
    cast_times::NATIVES,
    format::NATIVES,
    hash::NATIVES,
    keys::NATIVES,
    net::NATIVES,
    json::NATIVES[0],
    json::NATIVES[1],
    json::NATIVES[2],
    bits::NATIVES,
    decimals::NATIVES,
    decimal_roots::NATIVES,
    mathematics::NATIVES,
    mathematics::PAIRS,
    distinct_sketch::NATIVES,
    quantile_sketch::NATIVES,
    reading_times::NATIVES,
    writing_times::NATIVES,
];

/// The arguments were not of the types that the translator promises.
fn misused() -> String {
    "internal error: a function was called with values of other types than it was translated for".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once() {
        let mut names: Vec<&str> = NATIVES
            .iter()
            .flat_map(|family| family.iter().map(|n| n.name))
            .collect();
        names.sort_unstable();
        let twice: Vec<&&str> = names
            .iter()
            .zip(&names[1..])
            .filter(|(a, b)| a == b)
            .map(|(a, _)| a)
            .collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
