//! What a scan's job says of a suite.

use serde_json::Value;

use super::debug::{self, Counted};
use super::{Asked, DATA, Rule, Scan};
use crate::engine::{Cell, ExpectationResult, Observed, Reason, RowCounts, Said, SuiteResult, verdict};
use crate::sql::{Pushdown, whole};
use crate::suite::Expectation;

/// The suite's results.
pub(super) fn suite(scan: &Scan<'_>, result: &Value) -> SuiteResult {
    // What is 0, empty or false Google's JSON leaves out.
    let rows = count(result, "rowCount");
    let rules = result["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |expectation: &Expectation, rule: &Rule| {
        let found = rules.iter().find(|found| found["rule"]["name"] == rule.name.as_str());
        match found {
            Some(found) => one(scan, expectation, rule, found, rows),
            None => unread(expectation, format!("the scan's result has no rule {}", rule.name)),
        }
    };
    conclude(scan, rows, &read)
}

/// All that was to be judged, without a verdict.
pub(super) fn unanswered(scan: &Scan<'_>, message: &str) -> SuiteResult {
    let reason = Reason::new("sql_error", message.to_owned());
    conclude(scan, 0, &|expectation, _| {
        ExpectationResult::without_verdict(expectation, reason.clone())
    })
}

fn conclude(scan: &Scan<'_>, rows: u64, read: &dyn Fn(&Expectation, &Rule) -> ExpectationResult) -> SuiteResult {
    let pairs = scan.suite.expectations.iter().zip(&scan.asked);
    let results = pairs.map(|(expectation, asked)| match asked {
        _ if !expectation.enabled => ExpectationResult::of(expectation),
        Asked::Refused(reason) => ExpectationResult::without_verdict(expectation, reason.clone()),
        Asked::Rule(rule) => read(expectation, rule),
    });
    verdict::suite(scan.suite, rows, results.collect())
}

fn unread(expectation: &Expectation, message: String) -> ExpectationResult {
    ExpectationResult::without_verdict(expectation, Reason::new("unreadable", message))
}

fn count(of: &Value, name: &str) -> u64 {
    of.get(name)
        .and_then(whole)
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or_default()
}

fn one(scan: &Scan<'_>, expectation: &Expectation, rule: &Rule, found: &Value, rows: u64) -> ExpectationResult {
    let passed = found["passed"].as_bool().unwrap_or_default();
    // The rule's own word, which is the suite's verdict without its counts.
    let said = |observed: Observed| verdict::said(expectation, Said::new(passed, observed));
    let (evaluated, good) = (count(found, "evaluatedCount"), count(found, "passedCount"));
    let unexpected = evaluated.saturating_sub(good);
    match rule.counted {
        Counted::Rows { missing_apart } => {
            let missing = if missing_apart { count(found, "nullCount") } else { 0 };
            let counts = RowCounts {
                elements: rows,
                missing,
                evaluated,
                unexpected,
            };
            // Some rules count nothing, or not what is documented.
            let sound = evaluated + missing == rows && (unexpected == 0 || !passed || expectation.mostly < 1.0);
            if sound {
                verdict::rows(expectation, counts, Vec::new())
            } else {
                said(Observed::None)
            }
        }
        Counted::Judged => match debug::answered(found).as_deref() {
            Some([elements, judged]) if evaluated == rows => {
                let number = |value: &Value| whole(value).and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
                let (elements, evaluated) = (number(elements), number(judged));
                let counts = RowCounts {
                    elements,
                    missing: elements.saturating_sub(evaluated),
                    evaluated,
                    unexpected,
                };
                verdict::rows(expectation, counts, Vec::new())
            }
            _ => said(Observed::None),
        },
        Counted::Answer => match debug::answered(found) {
            Some(answer) => {
                let suite = debug::alone(expectation);
                let pushdown = Pushdown::counts(&suite, &scan.columns, DATA);
                let mut results = pushdown.conclude(&answer).results;
                results.pop().unwrap_or_else(|| said(Observed::None))
            }
            None => said(Observed::None),
        },
        Counted::Returned => {
            let returned = count(found, "assertionRowCount");
            said(Observed::Cell(Cell::Int(returned.into())))
        }
    }
}
