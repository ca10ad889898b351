//! What a job found, as its result says it: rules, dimensions, columns, scores.

use serde_json::{Map, Value, json};

use super::check::text;
use super::warehouse::Rows;

/// How many values of a debug query are kept.
const DEBUG_VALUES: usize = 10;

/// What a rule came to.
pub(super) struct Found {
    pub(super) rule: Map<String, Value>,
    pub(super) passed: bool,
    /// Of a rule of rows: evaluated, passed, null; and the query of those that do not pass.
    pub(super) rows: Option<(u64, u64, u64, String)>,
    /// Of an assertion: the rows that it returned.
    pub(super) returned: Option<u64>,
    pub(super) debug: Option<Rows>,
}

/// Whether so many of so many rows are enough; a threshold of 0 is one of 1.
pub(super) fn enough(rule: &Map<String, Value>, evaluated: u64, passed: u64) -> bool {
    let threshold = rule
        .get("threshold")
        .and_then(Value::as_f64)
        .filter(|threshold| *threshold > 0.0);
    evaluated == 0 || passed as f64 / evaluated as f64 >= threshold.unwrap_or(1.0)
}

impl Found {
    pub(super) fn pass_ratio(&self) -> Option<f64> {
        let (evaluated, passed, ..) = self.rows.as_ref()?;
        (*evaluated > 0).then(|| *passed as f64 / *evaluated as f64)
    }

    fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("rule".into(), self.rule.clone().into());
        set_flag(&mut out, self.passed);
        if let Some((evaluated, passed, null, failing)) = &self.rows {
            for (name, count) in [
                ("evaluatedCount", evaluated),
                ("passedCount", passed),
                ("nullCount", null),
            ] {
                set_count(&mut out, name, *count);
            }
            if let Some(ratio) = self.pass_ratio().filter(|ratio| *ratio > 0.0) {
                out.insert("passRatio".into(), json!(ratio));
            }
            if passed < evaluated {
                out.insert("failingRowsQuery".into(), json!(failing));
            }
        }
        if let Some(returned) = self.returned {
            set_count(&mut out, "assertionRowCount", returned);
        }
        if let Some(rows) = &self.debug {
            out.insert("debugQueriesResultSets".into(), json!([{ "results": debug(rows) }]));
        }
        out.into()
    }
}

/// The first row, value by value.
fn debug(rows: &Rows) -> Vec<Value> {
    let cells = rows.rows.first().into_iter().flatten();
    let values = rows.columns.iter().zip(cells).take(DEBUG_VALUES);
    values
        .map(|((name, of), value)| {
            let mut out = json!({ "type": of });
            // BigQuery's own name for what has none.
            let unnamed = name.strip_prefix('f').and_then(|rest| rest.strip_suffix('_'));
            if !unnamed.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit())) {
                out["name"] = json!(name);
            }
            if let Some(text) = value.as_str() {
                out["value"] = json!(text);
            }
            out
        })
        .collect()
}

/// As Protocol Buffers' JSON has it: what is 0 is not there.
fn set_count(out: &mut Map<String, Value>, name: &str, count: u64) {
    if count > 0 {
        out.insert(name.into(), json!(count.to_string()));
    }
}

fn set_flag(out: &mut Map<String, Value>, passed: bool) {
    if passed {
        out.insert("passed".into(), json!(true));
    }
}

/// How many of rules passed, of 100, with two decimals.
pub(super) fn score<'a>(rules: impl Iterator<Item = &'a Found> + Clone) -> f64 {
    let (all, passed) = (rules.clone().count(), rules.filter(|rule| rule.passed).count());
    if all == 0 {
        return 100.0;
    }
    (passed as f64 / all as f64 * 10_000.0).round() / 100.0
}

/// The different texts of a field of rules, in their order.
pub(super) fn groups<'a>(rules: &'a [Found], field: &str) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for rule in rules {
        let value = text(&rule.rule, field);
        if !value.is_empty() && !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// The rules that have a text in a field.
pub(super) fn having<'a>(rules: &'a [Found], field: &str, value: &str) -> impl Iterator<Item = &'a Found> + Clone {
    rules.iter().filter(move |rule| text(&rule.rule, field) == value)
}

/// The `DataQualityResult`.
pub(super) fn resource(rules: &[Found], rows: u64, scanned: Option<Value>) -> Value {
    let mut out = Map::new();
    set_flag(&mut out, rules.iter().all(|rule| rule.passed));
    out.insert("score".into(), json!(score(rules.iter())));
    let dimensions = groups(rules, "dimension").into_iter().map(|name| {
        let of = having(rules, "dimension", name);
        let mut out = Map::new();
        out.insert("dimension".into(), json!({ "name": name }));
        set_flag(&mut out, of.clone().all(|rule| rule.passed));
        out.insert("score".into(), json!(score(of)));
        Value::from(out)
    });
    out.insert("dimensions".into(), dimensions.collect());
    let columns = groups(rules, "column")
        .into_iter()
        .map(|name| json!({ "column": name, "score": score(having(rules, "column", name)) }));
    out.insert("columns".into(), columns.collect());
    out.insert("rules".into(), rules.iter().map(Found::resource).collect());
    set_count(&mut out, "rowCount", rows);
    if let Some(scanned) = scanned {
        out.insert("scannedData".into(), scanned);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(dimension: &str, passed: bool) -> Found {
        let rule = json!({ "dimension": dimension, "column": "a" });
        Found {
            rule: rule.as_object().cloned().unwrap_or_default(),
            passed,
            rows: None,
            returned: None,
            debug: None,
        }
    }

    #[test]
    fn scores_are_parts_of_rules() {
        let rules = [found("VALIDITY", true), found("VALIDITY", false), found("VOLUME", true)];
        let result = resource(&rules, 7, None);
        assert_eq!(result["score"], 66.67);
        assert_eq!(result["passed"], Value::Null);
        assert_eq!(
            result["dimensions"],
            json!([
                { "dimension": { "name": "VALIDITY" }, "score": 50.0 },
                { "dimension": { "name": "VOLUME" }, "passed": true, "score": 100.0 },
            ])
        );
        assert_eq!(result["columns"], json!([{ "column": "a", "score": 66.67 }]));
    }

    #[test]
    fn a_threshold_of_nothing_is_all() {
        let rule = |threshold: Value| {
            json!({ "threshold": threshold })
                .as_object()
                .cloned()
                .unwrap_or_default()
        };
        assert!(!enough(&rule(json!(0)), 10, 9));
        assert!(!enough(&Map::new(), 10, 9));
        assert!(enough(&rule(json!(0.9)), 10, 9));
        assert!(enough(&Map::new(), 0, 0));
    }
}
