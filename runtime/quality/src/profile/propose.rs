//! Expectations that a profile suggests, each with its reason in its description.
//!
//! What data happens to be is no rule, so bounds are wider than what was seen and sets are proposed only where values repeat. A
//! proposal is judged over the same data before it is shown ([`holding`]): what was estimated may not hold.

use chrono::Datelike as _;
use serde_json::{Value, json};

use super::{ColumnProfile, Profile};
use crate::engine::{Cell, State, SuiteResult};
use crate::suite::{API_VERSION, Suite, SuiteError};

/// A set is proposed of columns with up to so many different values.
const SET: u64 = 20;
/// Each of a set's values occurs so often at the mean, at least.
const REPEATED: u64 = 10;
/// A column is mostly there while at most this part of it is not.
const FEW_NULLS: f64 = 0.05;
/// Texts have a form while there are at most so many.
const FORMS: usize = 3;
/// Fewer rows say little about what a column is.
const ENOUGH: u64 = 20;

/// What is expected of a table that is like this one.
///
/// # Errors
/// A defect of the proposals.
pub fn propose(profile: &Profile, name: &str) -> Result<Suite, SuiteError> {
    let mut expectations = Vec::new();
    if profile.rows > 0 {
        let least = (profile.rows / 2).max(1);
        expectations.push(json!({
            "check": {"row_count": {"min": least}},
            "description": format!("there are {} rows: half of them would be a loss", profile.rows),
        }));
    }
    for column in &profile.columns {
        let suggested = of_column(column, profile.rows).into_iter();
        expectations.extend(suggested.map(|(check, because)| json!({"check": check, "description": because})));
        let part = column.nulls as f64 / profile.rows.max(1) as f64;
        if column.nulls > 0 && part <= FEW_NULLS {
            let mostly = ((1.0 - 2.0 * part) * 100.0).floor() / 100.0;
            expectations.push(json!({
                "check": {"not_null": {"column": column.name}},
                "mostly": mostly,
                "description": format!("{} of {} rows have no value: twice as many are let pass", column.nulls, profile.rows),
            }));
        }
    }
    let suite = json!({
        "api_version": API_VERSION,
        "name": name,
        "description": format!("Proposed after a profile of {} rows. Read it before you rely on it.", profile.rows),
        "expectations": expectations,
    });
    Suite::from_json(suite.to_string().as_bytes())
}

fn of_column(column: &ColumnProfile, rows: u64) -> Vec<(Value, String)> {
    let mut found = Vec::new();
    let name = &column.name;
    let present = rows - column.nulls;
    if rows > 0 && column.nulls == 0 {
        found.push((
            json!({"not_null": {"column": name}}),
            format!("all {rows} rows have a value"),
        ));
    }
    if present < ENOUGH {
        return found;
    }
    let distinct = column.distinct.unwrap_or_default();
    // An estimate may be off; whether it holds is seen when the proposal is judged.
    let each_its_own = if column.distinct_exact {
        distinct == present
    } else {
        distinct as f64 > present as f64 * 0.94
    };
    if each_its_own && column.lengths.is_some_and(|(_, most)| most <= 64) | is_key(column) {
        found.push((
            json!({"unique": {"columns": [name]}}),
            format!("{present} values, each of its own"),
        ));
    }
    let repeated = column.values_complete && distinct <= SET && present >= distinct * REPEATED;
    if let (true, Some(texts)) = (repeated, texts(column)) {
        found.push((
            json!({"in_set": {"column": name, "values": {"strings": texts}}}),
            format!("{distinct} different values in {present} rows"),
        ));
    } else if !column.patterns.is_empty() && column.patterns.len() <= FORMS {
        let expressions: Vec<&str> = column.patterns.iter().map(|p| p.expression.as_str()).collect();
        let forms = if expressions.len() == 1 { "form" } else { "forms" };
        found.push((
            json!({"matches": {"column": name, "patterns": expressions}}),
            format!("all {present} texts have {} {forms}", expressions.len()),
        ));
    }
    found.extend(bounds(column));
    found
}

/// Whole numbers may be a key; measurements that differ are none.
fn is_key(column: &ColumnProfile) -> bool {
    let name = column.name.to_ascii_lowercase();
    matches!(column.min, Some(Cell::Int(_))) && (name == "id" || name.ends_with("_id") || name.ends_with("key"))
}

fn texts(column: &ColumnProfile) -> Option<Vec<&str>> {
    let of = |(cell, _): &'_ (Cell, u64)| matches!(cell, Cell::Text(_));
    let mut texts: Vec<&str> = column
        .values
        .iter()
        .all(of)
        .then(|| {
            column.values.iter().filter_map(|(cell, _)| match cell {
                Cell::Text(text) => Some(text.as_str()),
                _ => None,
            })
        })?
        .collect();
    texts.sort_unstable();
    Some(texts).filter(|texts| !texts.is_empty())
}

/// The range of numbers to the next power of ten, of days and times to the next decade.
fn bounds(column: &ColumnProfile) -> Option<(Value, String)> {
    let (min, max) = (column.min.as_ref()?, column.max.as_ref()?);
    let because = format!("values are from {min} to {max}");
    let number = |cell: &Cell| match cell {
        Cell::Int(_) | Cell::Float(_) | Cell::Decimal(..) => cell.to_string().parse::<f64>().ok(),
        _ => None,
    };
    if let (Some(low), Some(high)) = (number(min), number(max)) {
        let bound = |value: f64| {
            let size = 10f64.powi(value.abs().log10().ceil() as i32);
            if value == 0.0 { 0.0 } else { size.copysign(value) }
        };
        let low = if low >= 0.0 { 0.0 } else { bound(low) };
        let high = if high <= 0.0 { 0.0 } else { bound(high) };
        if !(low.is_finite() && high.is_finite()) || low.abs().max(high.abs()) >= 1e15 {
            return None;
        }
        let bounds = match min {
            Cell::Float(_) => json!({"floats": {"min": low, "max": high}}),
            _ => json!({"ints": {"min": low as i64, "max": high as i64}}),
        };
        return Some((json!({"between": {"column": column.name, "bounds": bounds}}), because));
    }
    let (Cell::Moment(from), Cell::Moment(to)) = (min, max) else {
        return None;
    };
    let day = |text: &str| text.get(..10)?.parse::<chrono::NaiveDate>().ok();
    let (from, to) = (day(from)?, day(to)?);
    let (from, to) = (from.year().div_euclid(10) * 10, (to.year().div_euclid(10) + 1) * 10);
    let bounds = if matches!(min, Cell::Moment(text) if text.len() == 10) {
        json!({"dates": {"min": format!("{from:04}-01-01"), "max": format!("{to:04}-01-01")}})
    } else {
        json!({"timestamps": {"min": format!("{from:04}-01-01T00:00:00Z"), "max": format!("{to:04}-01-01T00:00:00Z")}})
    };
    Some((json!({"between": {"column": column.name, "bounds": bounds}}), because))
}

/// Of a suite what its evaluation passed.
pub fn holding(suite: &mut Suite, outcome: &SuiteResult) {
    let mut states = outcome.results.iter().map(|result| result.state);
    suite.expectations.retain(|_| states.next() == Some(State::Pass));
}
