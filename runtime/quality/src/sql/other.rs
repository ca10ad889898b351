//! Checks against other tables: keys that must exist there, and rows that must agree. The table that is judged is read as by every
//! other check; of the other one only the columns that are named.

use serde_json::json;

use super::aggregates::{Answer, Reader, count};
use super::query::Builder;
use super::schema::identifier;
use super::scope::Scope;
use super::{Asked, groups};
use crate::engine::{Observed, Reason, Said, keys};
use crate::suite::{ForeignKey, IgnoreRows, Reconcile};

/// A table's name in a query, written plainly or as SQL has it, between backticks.
pub(super) fn table(name: &str) -> String {
    let plain = name.replace('`', "");
    plain.split('.').map(identifier).collect::<Vec<_>>().join(".")
}

/// Rows whose keys another table has not: the different keys are looked up, each once.
pub(super) fn foreign_key(
    at: usize,
    check: &ForeignKey,
    scope: &Scope<'_>,
    meant: &str,
    query: &mut Builder,
) -> Result<Asked, Reason> {
    let fields = scope.all(&check.columns)?;
    for field in &fields {
        keys::comparable(&field.kind)?;
    }
    let ignore = match fields.as_slice() {
        [_] => IgnoreRows::AnyMissing,
        _ => check.ignore_rows,
    };
    let group = groups::of(&fields, ignore, scope, meant, query);
    let columns = check.references.columns.iter().map(|name| identifier(name));
    let (mut known, mut on) = (Vec::new(), Vec::new());
    for (i, column) in columns.enumerate() {
        known.push(format!("{column} AS k{i}"));
        on.push(format!("g.v{i} = r.k{i}"));
    }
    let from = format!(
        "(SELECT g.*, r.known IS NOT NULL AS known FROM g{group} AS g LEFT JOIN \
         (SELECT DISTINCT {}, TRUE AS known FROM {}) AS r ON {}) AS t",
        known.join(", "),
        table(&check.references.table),
        on.join(" AND ")
    );
    Ok(groups::count(at, &fields, from, "NOT known", meant, query))
}

/// What a row's values are as one text, the same of equal values in both tables.
fn canonical(columns: impl Iterator<Item = String>) -> String {
    let named: Vec<String> = columns
        .enumerate()
        .map(|(i, column)| format!("{column} AS c{i}"))
        .collect();
    format!("TO_JSON_STRING(STRUCT({}))", named.join(", "))
}

/// A sum of the rows' fingerprints: the same for the same rows in any order, and another one when a row is there once more. Sums
/// of 64 bits over any number of rows fit into a NUMERIC.
fn checksum(values: Option<&String>, rows: &str) -> String {
    let Some(values) = values else {
        return "NUMERIC '0'".into();
    };
    format!("SUM(IF({rows}, CAST(FARM_FINGERPRINT({values}) AS NUMERIC), NULL))")
}

/// Counts, checksums, and with keys how many are in one of both only, or differ.
pub(super) fn reconcile(
    at: usize,
    check: &Reconcile,
    scope: &Scope<'_>,
    meant: &str,
    query: &mut Builder,
) -> Result<Reader, Reason> {
    let here = |names: &[String]| -> Result<Option<String>, Reason> {
        let fields = scope.all(names)?;
        Ok((!fields.is_empty()).then(|| canonical(fields.iter().map(|field| field.sql()))))
    };
    let there = |names: &[String]| (!names.is_empty()).then(|| canonical(names.iter().map(|name| identifier(name))));
    let other = match &check.with.filter {
        Some(filter) => format!("(SELECT * FROM {} WHERE {filter}\n)", table(&check.with.table)),
        None => table(&check.with.table),
    };
    let (values, other_values) = (here(&check.columns)?, there(&check.columns));
    if let (Some(keys), Some(other_keys)) = (here(&check.keys)?, there(&check.keys)) {
        let from = format!(
            "(SELECT {keys} AS k, COUNT(*) AS n, {} AS s FROM t WHERE {meant} GROUP BY 1) AS h FULL JOIN \
             (SELECT {other_keys} AS k, COUNT(*) AS n, {} AS s FROM {other} GROUP BY 1) AS o ON h.k = o.k",
            checksum(values.as_ref(), "TRUE"),
            checksum(other_values.as_ref(), "TRUE")
        );
        query.over(
            at,
            from,
            vec![
                ("n".into(), "IFNULL(SUM(h.n), 0)".into()),
                ("other".into(), "IFNULL(SUM(o.n), 0)".into()),
                ("missing_here".into(), "COUNTIF(h.k IS NULL)".into()),
                ("missing_there".into(), "COUNTIF(o.k IS NULL)".into()),
                (
                    "different".into(),
                    "COUNTIF(h.k IS NOT NULL AND o.k IS NOT NULL AND (h.n != o.n OR h.s != o.s))".into(),
                ),
            ],
        );
    } else {
        let sum = |values: Option<&String>, rows: &str| format!("CAST({} AS STRING)", checksum(values, rows));
        query.over_rows(
            at,
            vec![
                ("n".into(), format!("COUNTIF({meant})")),
                ("sum".into(), sum(values.as_ref(), meant)),
            ],
        );
        query.over(
            at,
            other,
            vec![
                ("other".into(), "COUNT(*)".into()),
                ("other_sum".into(), sum(other_values.as_ref(), "TRUE")),
            ],
        );
    }
    let check = check.clone();
    Ok(Box::new(move |answer| Ok(agreement(&check, answer))))
}

/// Whether the rows agree.
fn agreement(check: &Reconcile, answer: &Answer) -> Said {
    let (n, other) = (count(answer, "n"), count(answer, "other"));
    // Half a row more is none.
    let allowed = (check.count_tolerance * other as f64).floor() as u64;
    let mut success = n.abs_diff(other) <= allowed;
    let mut observed = json!({"rows": n, "other_rows": other});
    if check.keys.is_empty() {
        if !check.columns.is_empty() {
            let same = answer.get("sum") == answer.get("other_sum");
            observed["same_values"] = same.into();
            success &= same;
        }
    } else {
        let of = |name: &str| count(answer, name);
        let missing = of("missing_here") + of("missing_there");
        success &= missing <= allowed && of("different") == 0;
        for (name, shown) in [
            ("missing_here", "keys_missing_here"),
            ("missing_there", "keys_missing_there"),
            ("different", "keys_different"),
        ] {
            observed[shown] = of(name).into();
        }
    }
    Said::new(success, Observed::Json(observed))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn rows_agree_within_what_is_tolerated() {
        for (check, answer, expected) in [
            (json!({}), json!({"n": 5, "other": 5}), true),
            (json!({}), json!({"n": 5, "other": 6}), false),
            (json!({"count_tolerance": 0.2}), json!({"n": 4, "other": 5}), true),
            (json!({"count_tolerance": 0.2}), json!({"n": 6, "other": 5}), true),
            (json!({"count_tolerance": 0.19}), json!({"n": 4, "other": 5}), false),
            (
                json!({"columns": ["a"]}),
                json!({"n": 5, "other": 5, "sum": "-7", "other_sum": "-7"}),
                true,
            ),
            (
                json!({"columns": ["a"]}),
                json!({"n": 5, "other": 5, "sum": "-7", "other_sum": "7"}),
                false,
            ),
            (
                json!({"columns": ["a"]}),
                json!({"n": 0, "other": 0, "sum": null, "other_sum": null}),
                true,
            ),
            (
                json!({"columns": ["a"], "keys": ["k"]}),
                json!({"n": 5, "other": 5, "missing_here": 0, "missing_there": 0, "different": 1}),
                false,
            ),
            (
                json!({"keys": ["k"]}),
                json!({"n": 5, "other": 5, "missing_here": 1, "missing_there": 1, "different": 0}),
                false,
            ),
            (
                json!({"keys": ["k"], "count_tolerance": 0.4}),
                json!({"n": 5, "other": 5, "missing_here": 1, "missing_there": 1, "different": 0}),
                true,
            ),
        ] {
            let mut whole = check;
            whole["with"] = json!({"table": "p.d.t"});
            let check: Reconcile = serde_json::from_value(whole).expect("a check");
            let Value::Object(answer) = answer else {
                panic!("no object")
            };
            let said = agreement(&check, &answer);
            assert_eq!(said.success, expected, "{check:?} {answer:?} {:?}", said.observed);
        }
    }
}
