//! The last runs in a row of marks, the oldest first, told in words to whoever does not see them.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use headwater_quality::page::{escaped, number};
use headwater_quality::report::state_name;

use super::class;
use crate::source::runs::Run;
use crate::source::verdicts::Verdict;

/// So many marks.
const MARKS: usize = 30;

fn marks(marks: impl DoubleEndedIterator<Item = (&'static str, String)>) -> String {
    let mut out = String::from("<ol class=\"runs\">");
    for (class, words) in marks.rev() {
        let words = escaped(&words);
        write!(
            out,
            "<li class=\"{class}\" title=\"{words}\"><span class=\"unseen\">{words}</span></li>"
        )
        .ok();
    }
    out.push_str("</ol>");
    out
}

/// Of runs, the newest first.
pub fn runs(runs: &[Arc<Run>], now: DateTime<Utc>) -> String {
    let shown = &runs[..runs.len().min(MARKS)];
    marks(shown.iter().map(|run| {
        let state = run.state(now);
        let at = run.started.to_rfc3339_opts(SecondsFormat::Secs, true);
        let words = format!("{at}: {}, {} rows read", state.word(), number(run.totals().rows_read));
        (class(state), words)
    }))
}

/// Of verdicts, the newest first.
pub fn verdicts(verdicts: &[Verdict]) -> String {
    let shown = &verdicts[..verdicts.len().min(MARKS)];
    marks(shown.iter().map(|verdict| {
        let failed = match verdict.failed + verdict.errors {
            0 => String::new(),
            n => format!(", {n} of {} expectations not satisfied", verdict.expectations),
        };
        let rows = verdict
            .rows
            .map_or_else(String::new, |rows| format!(", {} rows", number(rows)));
        let state = state_name(verdict.state);
        (state, format!("{}: {state}{failed}{rows}", verdict.at))
    }))
}
