//! Columns whose values results do not show: those that carry policy tags, as BigQuery's own access control marks what not everybody
//! may read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::{Cell, ExpectationResult, Observed, SuiteResult};
use crate::suite::{Check, Kind, StatisticKind, Suite};

/// What stands in the place of a value.
pub const MASK: &str = "***";

/// Columns whose values are not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask(BTreeSet<String>);

impl Mask {
    /// The columns with policy tags of a table, out of the `schema` of its document, but those that are shown all the same.
    #[must_use]
    pub fn of(schema: &Value, shown: &[String]) -> Self {
        let fields = schema["fields"].as_array().into_iter().flatten();
        let tagged = fields.filter(|field| is_tagged(field));
        let names = tagged.filter_map(|field| field["name"].as_str());
        let hidden = names.filter(|name| !shown.iter().any(|shown| shown.eq_ignore_ascii_case(name)));
        Self(hidden.map(str::to_lowercase).collect())
    }

    /// Those of two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether a column's values are not shown. Of a nested one, its outermost decides.
    #[must_use]
    pub fn hides(&self, column: &str) -> bool {
        let outermost = column.split('.').next().unwrap_or(column);
        !self.0.is_empty() && self.0.contains(&outermost.to_lowercase())
    }

    /// Whether any of these is hidden.
    pub fn hides_any<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> bool {
        columns.into_iter().any(|column| self.hides(column))
    }

    /// Takes the values of hidden columns out of what was found.
    pub fn apply(&self, suite: &Suite, found: &mut SuiteResult) {
        if self.0.is_empty() {
            return;
        }
        for (expectation, result) in suite.expectations.iter().zip(&mut found.results) {
            if self.hides_any(result.columns.iter().map(String::as_str)) {
                hide(&expectation.check, result);
            }
            for key in result.sample_keys.iter_mut().flatten() {
                if self.hides(&key.0) {
                    key.1 = Cell::Text(MASK.to_owned());
                }
            }
        }
    }
}

/// Whether a field, or one within it, carries policy tags.
fn is_tagged(field: &Value) -> bool {
    let own = field["policyTags"]["names"]
        .as_array()
        .is_some_and(|names| !names.is_empty());
    own || field["fields"].as_array().into_iter().flatten().any(is_tagged)
}

fn hide(check: &Check, result: &mut ExpectationResult) {
    let wrong = result.rows.is_some_and(|rows| rows.unexpected > 0);
    let shown = if wrong { result.sample_keys.len().max(1) } else { 0 };
    result.samples = vec![Cell::Text(MASK.to_owned()); shown];
    result.sample_rows.clear();
    result.counts.clear();
    result.complete = None;
    let is_count = match check {
        Check::Statistic(c) => matches!(
            c.statistic,
            StatisticKind::DistinctCount | StatisticKind::DistinctRatio | StatisticKind::NonNullRatio
        ),
        other => other.kind() != Kind::Aggregate,
    };
    if !is_count && !result.observed.is_none() {
        result.observed = Observed::Cell(Cell::Text(MASK.to_owned()));
    }
    result.details = Value::Null;
    // What BigQuery says of a query that failed over a row may quote it.
    if let Some(reason) = result.reason.as_mut().filter(|reason| reason.code == "sql_error") {
        reason.message = format!("{MASK} (the column has policy tags)");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_with_policy_tags_are_hidden() {
        let tags = json!({"names": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]});
        let schema = json!({"fields": [
            {"name": "Id", "type": "STRING"},
            {"name": "Email", "type": "STRING", "policyTags": tags},
            {"name": "Phone", "type": "STRING", "policyTags": tags},
            {"name": "None", "type": "STRING", "policyTags": {"names": []}},
            {"name": "Home", "type": "RECORD", "fields": [{"name": "street", "type": "STRING", "policyTags": tags}]},
        ]});
        let mask = Mask::of(&schema, &["phone".to_owned()]);
        let cases = [
            ("Id", false),
            ("email", true),
            ("Phone", false),
            ("None", false),
            ("Home.street", true),
        ];
        for (column, hidden) in cases {
            assert_eq!(mask.hides(column), hidden, "{column}");
        }
        assert!(mask.hides_any(["Id", "Email"]));
    }
}
