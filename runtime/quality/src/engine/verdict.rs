//! Results out of what was found, for every engine: how an expectation stands, and how a suite.

use super::aggregate::Said;
use super::cell::Cell;
use super::outcome::{ExpectationResult, RowCounts, State, SuiteResult};
use crate::suite::{Expectation, OnFail, Suite};

/// One that was judged as a whole.
pub fn said(expectation: &Expectation, said: Said) -> ExpectationResult {
    ExpectationResult {
        state: state(expectation, said.success),
        observed: said.observed,
        details: said.details,
        ..ExpectationResult::of(expectation)
    }
}

/// One whose rows were judged.
pub fn rows(expectation: &Expectation, counts: RowCounts, samples: Vec<Cell>) -> ExpectationResult {
    let ratio =
        (counts.evaluated > 0).then(|| (counts.evaluated as f64 - counts.unexpected as f64) / counts.evaluated as f64);
    ExpectationResult {
        state: state(expectation, ratio.is_none_or(|r| r >= expectation.mostly)),
        rows: Some(counts),
        pass_ratio: ratio,
        samples,
        ..ExpectationResult::of(expectation)
    }
}

const fn state(expectation: &Expectation, success: bool) -> State {
    match (success, expectation.on_fail) {
        (true, _) => State::Pass,
        (false, OnFail::Record) => State::Warn,
        (false, OnFail::Fail | OnFail::Quarantine) => State::Fail,
    }
}

/// A suite's outcome: the worst of its expectations'.
pub fn suite(suite: &Suite, rows: u64, results: Vec<ExpectationResult>) -> SuiteResult {
    let state = results.iter().map(|r| r.state).max().unwrap_or(State::Pass);
    SuiteResult {
        suite: suite.name.clone(),
        state: state.max(State::Pass),
        rows,
        results,
    }
}
