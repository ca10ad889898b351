//! SARIF 2.1.0, which code hosts show beside a change: an expectation is a rule, a failure a result.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use super::said;
use crate::engine::{State, SuiteResult};
use crate::suite::{Severity, Suite};

/// A log of one run. `suite_uri` is where the suite stands.
#[must_use]
pub fn sarif(suite: &Suite, outcome: &SuiteResult, suite_uri: &str) -> Value {
    let rules: Vec<Value> = suite
        .expectations
        .iter()
        .map(|e| {
            let text = e
                .description
                .clone()
                .unwrap_or_else(|| e.check.name().replace('_', " "));
            json!({"id": e.identity(), "shortDescription": {"text": text}})
        })
        .collect();
    let results: Vec<Value> = outcome
        .results
        .iter()
        .enumerate()
        .filter(|(_, r)| matches!(r.state, State::Warn | State::Fail | State::Error))
        .map(|(index, result)| {
            let level = match (result.state, result.severity) {
                (State::Error, _) | (State::Fail, Severity::Error) => "error",
                (_, Severity::Info) => "note",
                _ => "warning",
            };
            json!({
                "ruleId": result.id,
                "ruleIndex": index,
                "level": level,
                "message": {"text": format!("{}: {}", result.id, said(result))},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": suite_uri}}}],
                "partialFingerprints": {"expectation/v1": format!("{}/{}", outcome.suite, result.id)},
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "headwater quality",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/headwater-data/headwater",
                "rules": rules,
            }},
            "results": results,
        }],
    })
}
