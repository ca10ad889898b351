//! What was observed of checks that observe several things, in words.

use chrono::TimeDelta;
use serde_json::Value;

use crate::suite::duration;

/// One line for a check of this name; `None`: what is observed speaks for itself.
pub fn words(check: &str, observed: &Value) -> Option<String> {
    match check {
        "freshness" => freshness(observed),
        "anomaly" => anomaly(observed),
        "schema_change" if observed.is_object() => Some(schema_change(observed)),
        "reconcile" if observed.is_object() => Some(reconcile(observed)),
        _ => None,
    }
}

fn freshness(observed: &Value) -> Option<String> {
    let newest = observed["newest"].as_str()?;
    let age = TimeDelta::try_seconds(observed["age_seconds"].as_i64()?)?;
    let how = if age < TimeDelta::zero() { "ahead" } else { "old" };
    Some(format!("the newest is {newest}, {} {how}", duration::spelled(age)))
}

fn anomaly(observed: &Value) -> Option<String> {
    let (metric, value, runs) = (observed["metric"].as_str()?, &observed["value"], &observed["runs"]);
    if observed["compared"] == false {
        return Some(format!(
            "{metric} is {value}: not compared, as only {runs} runs before count"
        ));
    }
    let (median, distance) = (&observed["median"], &observed["distance"]);
    Some(format!(
        "{metric} is {value}, in {runs} runs before {median} (distance {})",
        distance
            .as_f64()
            .map_or_else(|| "infinite".to_owned(), |far| format!("{far:.3}"))
    ))
}

fn schema_change(observed: &Value) -> String {
    let with = match observed["compared_with"].as_str() {
        None => return "the columns are recorded: there is no run before to compare with".into(),
        Some("baseline") => "the baseline".to_owned(),
        Some(at) => format!("the run of {at}"),
    };
    let changes = observed["changes"].as_object();
    let changes = changes.into_iter().flatten().map(|(change, columns)| {
        let columns = columns.as_array().into_iter().flatten().filter_map(Value::as_str);
        format!("{change}: {}", columns.collect::<Vec<_>>().join(", "))
    });
    let changes: Vec<String> = changes.collect();
    if changes.is_empty() {
        format!("the columns are those of {with}")
    } else {
        format!("against {with}: {}", changes.join("; "))
    }
}

fn reconcile(observed: &Value) -> String {
    let mut text = format!(
        "{} rows, {} in the other table",
        observed["rows"], observed["other_rows"]
    );
    if observed["same_values"] == false {
        text.push_str(", with other values");
    }
    for (name, what) in [
        ("keys_missing_here", "missing here"),
        ("keys_missing_there", "missing there"),
        ("keys_different", "different"),
    ] {
        if observed[name].as_u64().is_some_and(|keys| keys > 0) {
            text.push_str(&format!(", {} keys {what}", observed[name]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_observed_is_said() {
        for (said, expected) in [
            (
                freshness(&json!({"newest": "2026-01-31", "age_seconds": 43_200})),
                "the newest is 2026-01-31, 12h old",
            ),
            (
                anomaly(&json!({"metric": "row_count", "value": 9, "runs": 2, "compared": false})),
                "row_count is 9: not compared, as only 2 runs before count",
            ),
            (
                anomaly(&json!({"metric": "mean(a)", "value": 9.5, "runs": 8, "median": 5.0, "distance": 4.5})),
                "mean(a) is 9.5, in 8 runs before 5.0 (distance 4.500)",
            ),
            (
                anomaly(&json!({"metric": "row_count", "value": 9, "runs": 8, "median": 5.0, "distance": "Infinity"})),
                "row_count is 9, in 8 runs before 5.0 (distance infinite)",
            ),
            (
                Some(schema_change(&json!({"columns": {}, "compared_with": "baseline",
                    "changes": {"add": ["a INT64", "b DATE"], "remove": ["c STRING"]}}))),
                "against the baseline: add: a INT64, b DATE; remove: c STRING",
            ),
            (
                Some(schema_change(
                    &json!({"columns": {}, "compared_with": "2026-01-31T00:00:00Z"}),
                )),
                "the columns are those of the run of 2026-01-31T00:00:00Z",
            ),
            (
                Some(reconcile(
                    &json!({"rows": 5, "other_rows": 4, "keys_missing_there": 1, "keys_missing_here": 0}),
                )),
                "5 rows, 4 in the other table, 1 keys missing there",
            ),
        ] {
            assert_eq!(said.as_deref(), Some(expected));
        }
    }
}
