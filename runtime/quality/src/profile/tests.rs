//! Profiles of small tables, and what they suggest.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use serde_json::json;

use super::bins::Bins;
use super::pattern::Patterns;
use super::sketch::{EXACT, Sketch, hash};
use super::{ColumnProfile, Profile, holding, profile, propose};
use crate::engine::{InMemory, Options, evaluate};

fn source(columns: Vec<(&str, ArrayRef)>, batch_rows: usize) -> InMemory {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).expect("a batch");
    let starts = (0..batch.num_rows()).step_by(batch_rows);
    InMemory {
        schema: batch.schema(),
        batches: starts
            .map(|at| batch.slice(at, batch_rows.min(batch.num_rows() - at)))
            .collect(),
    }
}

fn orders() -> InMemory {
    let n: i64 = 1_000;
    let id: Int64Array = (0..n).collect();
    let status: StringArray = (0..n)
        .map(|i| Some(["new", "paid", "sent"][usize::try_from(i % 3).unwrap_or_default()]))
        .collect();
    let code: StringArray = (0..n).map(|i| Some(format!("AB-{:04}", i * 7 % 1_000))).collect();
    let price: Float64Array = (0..n)
        .map(|i| match i {
            5 => None,
            6 => Some(f64::NAN),
            i => Some(i as f64 / 4.0),
        })
        .collect();
    let day: Date32Array = (0..n)
        .map(|i| Some(i32::try_from(18_262 + i).unwrap_or_default()))
        .collect();
    let paid: BooleanArray = (0..n).map(|i| Some(i % 4 == 0)).collect();
    let empty: StringArray = (0..n).map(|_| None::<&str>).collect();
    source(
        vec![
            ("order_id", Arc::new(id)),
            ("status", Arc::new(status)),
            ("code", Arc::new(code)),
            ("price", Arc::new(price)),
            ("day", Arc::new(day)),
            ("paid", Arc::new(paid)),
            ("empty", Arc::new(empty)),
        ],
        97,
    )
}

fn column<'a>(profile: &'a Profile, name: &str) -> &'a ColumnProfile {
    profile.columns.iter().find(|c| c.name == name).expect("a column")
}

#[test]
fn what_columns_hold() {
    let found = profile(&mut orders(), &[]).expect("a profile");
    assert_eq!(found.rows, 1_000);
    let id = column(&found, "order_id");
    assert_eq!((id.nulls, id.distinct, id.distinct_exact), (0, Some(1_000), true));
    assert_eq!(
        (id.mean, id.bins.iter().map(|b| b.count).sum()),
        (Some(499.5), 1_000u64)
    );
    let status = serde_json::to_value(column(&found, "status")).expect("json");
    assert_eq!(status["values"], json!([["new", 334], ["paid", 333], ["sent", 333]]));
    assert_eq!(
        (&status["values_complete"], &status["lengths"]),
        (&json!(true), &json!([3, 4]))
    );
    let code = column(&found, "code");
    assert_eq!(code.patterns[0].expression, "^[A-Z]{2}\\-[0-9]{4}$");
    assert_eq!((code.patterns.len(), code.patterns[0].count), (1, 1_000));
    // What is no number is not there; both ends of the range are numbers.
    let price = serde_json::to_value(column(&found, "price")).expect("json");
    assert_eq!(
        (&price["nulls"], &price["min"], &price["max"]),
        (&json!(2), &json!(0.0), &json!(249.75))
    );
    let day = serde_json::to_value(column(&found, "day")).expect("json");
    assert_eq!((&day["min"], &day["max"]), (&json!("2020-01-01"), &json!("2022-09-26")));
    assert_eq!(column(&found, "empty").nulls, 1_000);
    assert_eq!(column(&found, "empty").min, None);
    let some = profile(&mut orders(), &["paid".into(), "day".into()]).expect("a profile");
    let names: Vec<&str> = some.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["day", "paid"]);
    let error = profile(&mut orders(), &["absent".into()]).expect_err("no such column");
    assert!(
        error.to_string().contains("\"absent\"; there are order_id, status"),
        "{error}"
    );
}

#[test]
fn what_it_suggests_holds() {
    let found = profile(&mut orders(), &[]).expect("a profile");
    let mut suite = propose(&found, "orders").expect("a suite");
    let outcome = evaluate(&suite, &mut orders(), Options::default()).expect("evaluates");
    holding(&mut suite, &outcome);
    let ids: Vec<String> = suite.expectations.iter().map(crate::Expectation::identity).collect();
    assert_eq!(
        ids,
        [
            "row_count",
            "not_null.order_id",
            "unique.order_id",
            "between.order_id",
            "not_null.status",
            "in_set.status",
            "not_null.code",
            "unique.code",
            "matches.code",
            "not_null.price",
            "not_null.day",
            "between.day",
            "not_null.paid",
        ]
    );
    assert!(suite.expectations.iter().all(|e| e.description.is_some()));
    // Of an empty table nothing is known.
    let mut empty = source(vec![("n", Arc::new(Int64Array::from(Vec::<i64>::new())))], 1);
    let found = profile(&mut empty, &[]).expect("a profile");
    assert!(propose(&found, "empty").expect("a suite").expectations.is_empty());
}

#[test]
fn bins_count_every_number_once_whatever_their_order() {
    let values: Vec<f64> = (0..10_000)
        .map(|i| f64::from(i * 7_919 % 10_000) * 0.37 - 1_000.0)
        .collect();
    let mut bins = Bins::new(false);
    values.iter().for_each(|v| bins.add(*v));
    bins.add(f64::INFINITY);
    let bins = bins.finish();
    assert!(
        bins.len() <= super::BINS && bins.len() > super::BINS / 4,
        "{}",
        bins.len()
    );
    for (from, to, n) in &bins {
        let held = values.iter().filter(|v| (*from..*to).contains(v)).count();
        assert_eq!(*n, held as u64, "{from} to {to}");
    }
    let one = |values: &[f64]| {
        let mut bins = Bins::new(true);
        values.iter().for_each(|v| bins.add(*v));
        bins.finish()
    };
    assert_eq!(one(&[3.0, 3.0]), [(3.0, 3.0, 2)]);
    assert_eq!(one(&[3.0, 4.0, 4.0]), [(3.0, 4.0, 1), (4.0, 5.0, 2)]);
    for extremes in [
        [-1e300, 1e300],
        [0.0, 1e-300],
        [1e18, 1e18 + 256.0],
        [f64::MIN, f64::MAX],
    ] {
        let bins = one(&extremes);
        assert_eq!(bins.iter().map(|(_, _, n)| n).sum::<u64>(), 2, "{extremes:?}");
    }
}

#[test]
fn different_values_are_counted_and_then_estimated() {
    let count = |n: usize| {
        let mut sketch = Sketch::default();
        for i in (0..n).chain(0..n) {
            sketch.add(hash(&i));
        }
        sketch.count()
    };
    assert_eq!(count(EXACT), (EXACT as u64, true));
    let (estimate, exact) = count(200_000);
    assert!(!exact && (190_000..210_000).contains(&estimate), "{estimate}");
}

#[test]
fn texts_have_forms_until_they_look_too_different() {
    let forms = |texts: &[&str]| {
        let mut patterns = Patterns::default();
        texts.iter().for_each(|text| patterns.add(text));
        let all = patterns.finish();
        all.into_iter().map(|p| (p.expression, p.count)).collect::<Vec<_>>()
    };
    let found = forms(&["+49 30", "+1 5551", "Ab.c", "x"]);
    let expected = [
        ("^\\+[0-9]{1,2} [0-9]{2,4}$", 2),
        ("^[A-Z][a-z]\\.[a-z]$", 1),
        ("^[a-z]$", 1),
    ];
    assert_eq!(found, expected.map(|(e, n)| (e.to_owned(), n)));
    for (text, _) in [("+49 30", 0), ("+1 5551", 0)] {
        assert!(regex::Regex::new(&found[0].0).expect("an expression").is_match(text));
    }
    assert!(forms(&["x", ""]).is_empty());
    assert!(forms(&["a1b2c3d4e5f6g7h8i9"]).is_empty());
}
