//! A suite's outcome in the forms that people and their tools read.

mod junit;
pub(crate) mod observed;
mod sarif;
mod text;

#[cfg(test)]
mod tests;

pub use junit::junit;
pub use sarif::sarif;
pub use text::text;

use crate::engine::{ExpectationResult, State};

/// A state as it is written.
#[must_use]
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Skipped => "skipped",
        State::Pass => "pass",
        State::Warn => "warn",
        State::Fail => "fail",
        State::Error => "error",
    }
}

/// The state that is written so.
#[must_use]
pub fn state_of(name: &str) -> Option<State> {
    let all = [State::Skipped, State::Pass, State::Warn, State::Fail, State::Error];
    all.into_iter().find(|state| state_name(*state) == name)
}

/// What there is to say about a result, in one line.
#[must_use]
pub fn said(result: &ExpectationResult) -> String {
    if let Some(reason) = &result.reason {
        return format!("{}: {}", reason.code, reason.message);
    }
    if let Some(rows) = &result.rows {
        let mut text = format!("{} of {} rows against it", rows.unexpected, rows.evaluated);
        if rows.missing > 0 {
            text.push_str(&format!(", {} not judged", rows.missing));
        }
        if !result.samples.is_empty() {
            let shown: Vec<String> = result
                .samples
                .iter()
                .take(3)
                .map(|c| c.to_json(false).to_string())
                .collect();
            text.push_str(&format!(": {}", shown.join(", ")));
        }
        return text;
    }
    if let Some(words) = observed::words(result.check, &result.observed.to_json(false)) {
        return words;
    }
    if !result.observed.is_none() {
        return format!("observed {}", result.observed.to_json(false));
    }
    if result.details.is_null() {
        return String::new();
    }
    result.details.to_string()
}
