//! A page holds what there is to say, and whatever the data says, it stays text.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::json;

use super::{Page, Past, Point, html};
use crate::engine::{Detail, InMemory, Options, State, evaluate, locate};
use crate::profile::profile;
use crate::suite::{API_VERSION, Suite};

fn page() -> Page {
    let suite = json!({"api_version": API_VERSION, "name": "orders <1>", "description": "What & why", "expectations": [
        {"check": {"in_set": {"column": "s", "values": {"strings": ["x", "<i>"]}}}, "owner": "\"sales\"", "on_fail": "quarantine"},
        {"check": {"compare": {"left": "n", "op": "<=", "right": "id"}}},
        {"check": {"between": {"column": "n", "bounds": {"ints": {"min": 0, "max": 9, "strict_max": true}}}}, "mostly": 0.5},
        {"check": {"between": {"column": "absent", "bounds": {"ints": {"min": 0}}}}},
        {"check": {"not_null": {"column": "id"}}, "description": "a key"},
    ]});
    let suite = Suite::from_json(suite.to_string().as_bytes()).expect("a suite");
    let id: ArrayRef = Arc::new(Int64Array::from(vec![10, 20, 30, 40]));
    let s: ArrayRef = Arc::new(StringArray::from(vec![
        Some("x"),
        Some("<script>alert(1)</script>"),
        None,
        Some(""),
    ]));
    let n: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(300), Some(4)]));
    let batch = RecordBatch::try_from_iter([("id", id), ("s", s), ("n", n)]).expect("a batch");
    let mut source = InMemory {
        schema: batch.schema(),
        batches: vec![batch.slice(0, 1), batch.slice(1, 3)],
    };
    let options = Options {
        samples: 20,
        detail: Detail::Samples,
        rows: false,
        ..Options::default()
    };
    let mut outcome = evaluate(&suite, &mut source, options).expect("evaluates");
    locate(&mut source, &mut outcome, &["id".into()]).expect("keys");
    let mut page = Page::of(&suite, &outcome);
    page.target = "a/b.parquet".into();
    page.at = "2026-01-01T00:00:00Z".into();
    page.columns = profile(&mut source, &[]).expect("a profile").columns;
    page
}

#[test]
fn rows_are_shown_with_their_keys() {
    let page = page();
    let examples = &page.entries[0].examples;
    assert_eq!(examples.header, ["id", "s"]);
    assert_eq!(examples.rows, [["20", "<script>alert(1)</script>"], ["40", "''"]]);
    assert_eq!(page.entries[1].examples.header, ["id", "n", "id"]);
    assert_eq!(page.entries[1].examples.rows, [["30", "300", "30"]]);
}

#[test]
fn a_page_says_everything_and_runs_nothing() {
    let mut page = page();
    page.history = vec![
        Past {
            at: "2025-12-31T00:00:00Z".into(),
            state: State::Pass,
            rows: Some(1_234),
            failed: 0,
        },
        Past {
            at: page.at.clone(),
            state: State::Error,
            rows: Some(4),
            failed: 3,
        },
    ];
    page.entries[0].history = [State::Pass, State::Fail]
        .map(|state| Point {
            at: "t".into(),
            state,
            pass_ratio: Some(0.5),
        })
        .to_vec();
    let text = html(&page);
    for said in [
        "<title>orders &lt;1&gt;: error</title>",
        "What &amp; why",
        "a/b.parquet",
        "in set: x, &lt;i&gt;",
        "compare: n &lt;= id",
        "between: from 0 below 9",
        "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>",
        "missing_column: there is no column",
        "2 of 3 rows are against it",
        "&quot;sales&quot;",
        "<dt>Must hold</dt><dd>50 %</dd>",
        "2025-12-31T00:00:00Z: pass, 1,234 rows",
        "the last runs: pass, fail",
        "<b>50.00 %</b> validity",
        "default-src 'none'",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    for never in ["<script", "http://", "https://", "src=", "url("] {
        assert!(!text.contains(never), "{never} is in the page");
    }
    // The worst stand first.
    let at = |id: &str| text.find(&format!("<code>{id}</code>")).expect(id);
    assert!(at("between.absent") < at("in_set.s") && at("in_set.s") < at("not_null.id"));
}

#[test]
fn a_profile_has_no_verdict() {
    let mut page = page();
    page.proposed = Some("resource \"x\" {}".into());
    let text = html(&page);
    assert!(text.contains("What this suggests") && text.contains("resource &quot;x&quot; {}"));
    assert!(!text.contains("id=\"expectations\""));
}
