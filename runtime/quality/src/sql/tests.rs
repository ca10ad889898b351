//! What a pushed-down suite asks for, and what it makes of answers.

use serde_json::{Value, json};

use super::{Pushdown, schema};
use crate::engine::{Context, Earlier, History, State, SuiteResult};
use crate::suite::{API_VERSION, Suite};

fn suite(checks: &[Value]) -> Suite {
    let expectations: Vec<Value> = checks.iter().map(|check| json!({"check": check})).collect();
    let document = json!({"api_version": API_VERSION, "name": "orders", "expectations": expectations});
    Suite::from_json(document.to_string().as_bytes()).expect("a suite")
}

fn columns() -> arrow::datatypes::SchemaRef {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    schema(&json!({"fields": [
        field("id", "INTEGER"), field("customer", "STRING"), field("amount", "FLOAT"), field("note", "STRING"),
        {"name": "tags", "type": "STRING", "mode": "REPEATED"}, field("at", "TIMESTAMP"),
    ]}))
}

fn states(result: &SuiteResult) -> Vec<State> {
    result.results.iter().map(|r| r.state).collect()
}

#[test]
fn the_table_is_named_once_with_the_columns_that_are_asked_for() {
    let suite = suite(&[
        json!({"not_null": {"column": "id"}}),
        json!({"unique": {"columns": ["id", "customer"]}}),
        json!({"quantile": {"column": "amount", "quantiles": [{"p": 0.5, "max": 3.0}]}}),
        json!({"statistic": {"column": "amount", "statistic": "median", "bounds": {"floats": {"min": 1.0}}}}),
    ]);
    let sql = Pushdown::new(&suite, &columns(), "`p.d.t`", Context::none()).sql();
    assert_eq!(sql.matches("`p.d.t`").count(), 1, "{sql}");
    assert!(
        sql.starts_with("WITH t AS (SELECT `amount`, `customer`, `id` FROM `p.d.t`)"),
        "{sql}"
    );
    // Both need the values of `amount` in their order, which is worked out once.
    assert_eq!(sql.matches("OVER (ORDER BY v0)").count(), 1, "{sql}");
}

#[test]
fn what_is_not_answered_is_no_pass() {
    let suite = suite(&[
        json!({"not_null": {"column": "id"}}),
        json!({"unique": {"columns": ["customer"]}}),
        json!({"not_null": {"column": "absent"}}),
        json!({"column_exists": {"column": "note"}}),
        json!({"matches": {"column": "tags", "patterns": ["a"]}}),
        json!({"ordered": {"column": "id", "direction": "increasing"}}),
    ]);
    let columns = columns();
    let pushdown = Pushdown::new(&suite, &columns, "`p.d.t`", Context::none());
    let whole = json!([
        "3",
        "{\"elements\":3,\"evaluated\":3,\"unexpected\":0,\"sample\":null}",
        "{\"elements\":3}",
        "{\"evaluated\":3,\"unexpected\":2,\"sample\":[{\"v0\":\"a\",\"n\":2}]}"
    ]);
    let whole = whole.as_array().expect("a row");
    let result = pushdown.conclude(whole);
    use State::{Error, Fail, Pass};
    assert_eq!(states(&result), [Pass, Fail, Error, Pass, Error, Error]);
    assert_eq!(result.rows, 3);
    assert_eq!(result.results[1].samples.len(), 2);
    // The answer of the second is cut short; of none of them is there any.
    assert_eq!(
        states(&pushdown.conclude(&whole[..3])),
        [Pass, Error, Error, Pass, Error, Error]
    );
    assert_eq!(
        states(&pushdown.conclude(&[])),
        [Error, Error, Error, Pass, Error, Error]
    );
    let unanswered = pushdown.unanswered("it overflows");
    assert_eq!(states(&unanswered), [Error, Error, Error, Pass, Error, Error]);
    assert_eq!(unanswered.results[0].reason.as_ref().map(|r| r.code), Some("sql_error"));
}

#[test]
fn other_tables_and_sql_of_its_own_are_part_of_the_one_query() {
    let suite = suite(&[
        json!({"unique": {"columns": ["customer"]}}),
        json!({"foreign_key": {"columns": ["customer"], "references": {"table": "`p.d.customers`", "columns": ["id"]}}}),
        json!({"sql_condition": {"condition": "note != '' -- at all"}}),
        json!({"sql_aggregate": {"expression": "SUM(amount)", "min": 0.0}}),
        json!({"reconcile": {"with": {"table": "p.d.mirror", "filter": "id > 1 -- none"}, "columns": ["tags"], "keys": ["id"]}}),
        json!({"freshness": {"column": "at", "max_age": "6h"}}),
        json!({"anomaly": {"metric": "mean", "column": "amount", "threshold": 3.5}}),
        json!({"schema_change": {}}),
    ]);
    let columns = columns();
    let pushdown = Pushdown::new(&suite, &columns, "`p.d.t`", Context::none());
    let sql = pushdown.sql();
    // Named by the common table and by the aggregate, whose columns are not known.
    assert_eq!(sql.matches("`p.d.t`").count(), 2, "{sql}");
    for other in ["`p`.`d`.`customers`", "`p`.`d`.`mirror`"] {
        assert_eq!(sql.matches(other).count(), 1, "{sql}");
    }
    let read = "WITH t AS (SELECT `amount`, `at`, `customer`, `id`, `tags`, IFNULL((note != '' -- at all\n), FALSE) AS headwater_c0 FROM `p.d.t`)";
    assert!(sql.starts_with(read), "{sql}");
    // What is unique and what exists elsewhere is worked out of the same groups.
    assert!(sql.contains("g0 AS (") && !sql.contains("g1 AS ("), "{sql}");
    let reasons: Vec<Option<&str>> = pushdown
        .conclude(&[])
        .results
        .iter()
        .map(|result| result.reason.as_ref().map(|reason| reason.code))
        .collect();
    let unread = Some("unreadable");
    assert_eq!(
        reasons,
        [
            unread,
            unread,
            unread,
            unread,
            unread,
            unread,
            unread,
            Some("no_history")
        ]
    );
}

#[test]
fn what_an_answer_says_depends_on_the_time_and_on_the_runs_before() {
    use State::{Error, Fail, Pass};
    let suite = suite(&[
        json!({"freshness": {"column": "at", "max_age": "6h"}}),
        json!({"anomaly": {"metric": "row_count", "method": "relative_change", "threshold": 0.5, "min_points": 3}}),
        json!({"schema_change": {}}),
    ]);
    let columns = columns();
    let row = json!(["30", "{\"n\":30,\"k\":30,\"found\":1767261600000000}", "{\"n\":30}"]);
    let row = row.as_array().expect("a row");
    let at = |hour: u32, history: Option<History>| Context {
        now: format!("2026-01-01T{hour:02}:00:00Z").parse().ok(),
        history,
    };
    let of_runs = |rows: u64| -> History {
        let run = |day: u32| Earlier {
            at: format!("2025-12-{day:02}T00:00:00Z").parse().expect("a time"),
            state: Pass,
            observed: json!({"metric": "row_count", "value": rows}),
        };
        (10..20).map(|day| ("anomaly.row_count".to_owned(), run(day))).collect()
    };
    for (context, expected) in [
        (at(12, Some(of_runs(20))), [Pass, Pass, Pass]),
        (at(16, Some(of_runs(20))), [Pass, Pass, Pass]),
        (at(17, Some(of_runs(19))), [Fail, Fail, Pass]),
        (at(12, Some(History::default())), [Pass, Pass, Pass]),
        (at(12, None), [Pass, Error, Error]),
        (Context::default(), [Error, Error, Error]),
    ] {
        let result = Pushdown::new(&suite, &columns, "`p.d.t`", &context).conclude(row);
        assert_eq!(states(&result), expected, "{context:?}");
    }
}
