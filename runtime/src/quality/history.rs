//! `--history`: what the runs before said, in a file of one JSON object a line, to which a run adds its own. A CI keeps the file
//! from one run to the next. Pages show it, and checks that look back compare with it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use headwater_quality::Suite;
use headwater_quality::engine::{Earlier, History, State, SuiteResult};
use headwater_quality::page::{Page, Past, Point};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::QualityError;

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    suite: String,
    target: String,
    at: String,
    state: State,
    rows: u64,
    results: Vec<Said>,
}

/// What it said of an expectation.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Said {
    id: String,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass_ratio: Option<f64>,
    /// Of a check that looks back: what it observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed: Option<Value>,
}

/// Reads the runs of a suite over a target.
pub fn read(path: &Path, suite: &str, target: &str) -> Result<Vec<Line>, QualityError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(QualityError::Read(path.to_owned(), error)),
    };
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|source| QualityError::Batch {
            path: path.to_owned(),
            line: number + 1,
            source,
        })?;
        if line.suite == suite && line.target == target {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// What the runs found of checks that look back.
pub fn found(lines: &[Line]) -> History {
    let of_line = |line: &Line| {
        let at = line.at.parse::<DateTime<Utc>>().ok()?;
        let found = line.results.iter().filter_map(move |said| {
            let earlier = Earlier {
                at,
                state: said.state,
                observed: said.observed.clone()?,
            };
            Some((said.id.clone(), earlier))
        });
        Some(found.collect::<Vec<_>>())
    };
    lines.iter().filter_map(of_line).flatten().collect()
}

/// Adds a run to those before it.
pub fn remember(
    path: &Path,
    lines: &mut Vec<Line>,
    suite: &Suite,
    outcome: &SuiteResult,
    target: &str,
    at: &str,
) -> Result<(), QualityError> {
    let looks_back = |id: &str| {
        let mut expectations = suite.expectations.iter();
        expectations.any(|one| one.check.looks_back() && one.identity() == id)
    };
    let own = Line {
        suite: outcome.suite.clone(),
        target: target.to_owned(),
        at: at.to_owned(),
        state: outcome.state,
        rows: outcome.rows,
        results: outcome
            .results
            .iter()
            .map(|result| Said {
                id: result.id.clone(),
                state: result.state,
                pass_ratio: result.pass_ratio,
                observed: looks_back(&result.id)
                    .then(|| result.observed.to_json(false))
                    .filter(|observed| !observed.is_null()),
            })
            .collect(),
    };
    let mut text = serde_json::to_string(&own).unwrap_or_default();
    text.push('\n');
    // One write at the end of the file: two runs at a time both have their line.
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| QualityError::Write(path.to_owned(), error))?;
    lines.push(own);
    Ok(())
}

/// Shows runs on a page.
pub fn show(page: &mut Page, lines: &[Line]) {
    let unsatisfied = |said: &&Said| matches!(said.state, State::Warn | State::Fail | State::Error);
    page.history = lines
        .iter()
        .map(|line| Past {
            at: line.at.clone(),
            state: line.state,
            rows: Some(line.rows),
            failed: line.results.iter().filter(unsatisfied).count() as u64,
        })
        .collect();
    for entry in &mut page.entries {
        let of = |line: &Line| {
            let said = line.results.iter().find(|said| said.id == entry.id)?;
            Some(Point {
                at: line.at.clone(),
                state: said.state,
                pass_ratio: said.pass_ratio,
            })
        };
        entry.history = lines.iter().filter_map(of).collect();
    }
}
