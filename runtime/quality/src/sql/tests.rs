//! What a pushed-down suite asks for, and what it makes of answers.

use serde_json::{Value, json};

use super::{Pushdown, schema};
use crate::engine::{State, SuiteResult};
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
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
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
    let sql = Pushdown::new(&suite, &columns(), "`p.d.t`").sql();
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
    let pushdown = Pushdown::new(&suite, &columns, "`p.d.t`");
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
