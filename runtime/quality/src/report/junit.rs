//! JUnit's XML, which continuous integration shows as tests: an expectation is a test case.

use std::fmt::Write as _;

use super::said;
use crate::engine::{State, SuiteResult};

/// A test suite.
#[must_use]
pub fn junit(outcome: &SuiteResult) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = escaped(&outcome.suite);
    // Warnings are no failures: the run goes on.
    writeln!(
        xml,
        "<testsuites>\n  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        outcome.results.len(),
        outcome.count(State::Fail),
        outcome.count(State::Error),
        outcome.count(State::Skipped),
    )
    .ok();
    for result in &outcome.results {
        let head = format!("    <testcase classname=\"{name}\" name=\"{}\"", escaped(&result.id));
        let message = escaped(&said(result));
        match result.state {
            State::Pass => writeln!(xml, "{head}/>"),
            State::Skipped => writeln!(xml, "{head}><skipped/></testcase>"),
            State::Warn => writeln!(xml, "{head}><system-out>warning: {message}</system-out></testcase>"),
            State::Fail => writeln!(xml, "{head}><failure message=\"{message}\"/></testcase>"),
            State::Error => writeln!(xml, "{head}><error message=\"{message}\"/></testcase>"),
        }
        .ok();
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Text as XML takes it; characters that XML has no place for become its replacement character.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' | '\t' | '\r' => write!(xml, "&#{};", u32::from(c)).unwrap_or_default(),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml
}
