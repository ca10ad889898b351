//! For a terminal.

use super::{said, state_name};
use crate::engine::{State, SuiteResult};

/// One line for each expectation, the worst first, and one for all.
#[must_use]
pub fn text(outcome: &SuiteResult) -> String {
    let mut results: Vec<_> = outcome.results.iter().collect();
    results.sort_by_key(|r| std::cmp::Reverse(r.state));
    let width = results.iter().map(|r| r.id.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<String> = results
        .iter()
        .map(|r| {
            format!("{:<7}  {:<width$}  {}", state_name(r.state), r.id, said(r))
                .trim_end()
                .to_owned()
        })
        .collect();
    let counts: Vec<String> = [State::Error, State::Fail, State::Warn, State::Pass, State::Skipped]
        .into_iter()
        .map(|state| (outcome.count(state), state_name(state)))
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"))
        .collect();
    lines.push(format!(
        "{}: {} ({} rows; {})",
        outcome.suite,
        state_name(outcome.state),
        outcome.rows,
        if counts.is_empty() {
            "no expectations".to_owned()
        } else {
            counts.join(", ")
        }
    ));
    lines.join("\n")
}
