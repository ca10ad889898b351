//! What can be wrong with a suite without asking anybody, beyond the rules of single attributes.

use std::collections::BTreeMap;

use headwater_suite::{Check, Expectation, Kind, OnFail};
use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path};

use super::contradiction::contradictions;
use super::expectation::{Failure, path, place};
use super::model::{Model, Placed};
use super::{beyond, other, scan};
use crate::problems::sentence;

/// An expectation that is known, and where it stands.
pub(super) struct Known<'a> {
    pub placed: &'a Placed<'a>,
    pub expectation: &'a Expectation,
}

impl Known<'_> {
    pub fn path(&self) -> Path {
        path(self.placed.kind, self.placed.index)
    }

    /// Where the suite's `attribute` of it stands.
    pub fn at(&self, attribute: &str) -> Path {
        place(self.placed.kind, self.placed.index, self.placed.block, attribute)
    }
}

pub(super) fn check(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if let Some(schedule) = config.schedule.known() {
        problems.extend(schedule.check());
    }
    if let Some(results) = config.results.known()
        && let (Some(runs), Some(results)) = (results.run_table.as_deref(), results.result_table.as_deref())
        && runs == results
    {
        problems.push(
            Diagnostic::invalid(
                Path::attr("results").child("result_table"),
                format!("runs and results would share the table `{runs}`"),
            )
            .hint("They have different columns: give one of them another name."),
        );
    }
    problems.extend(scan::check(config));
    problems.extend(check_expectations(config));
    problems.extend(super::reads::check(config));
    problems
}

fn check_expectations(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let placed = config.placed();
    if let Some(kinds) = config.expectations.known()
        && placed.is_empty()
        && kinds.values().all(Attr::is_null)
    {
        problems.push(
            Diagnostic::invalid("expectations", "`expectations` is empty")
                .hint("Add an expectation, such as `not_null = [{ column = \"id\" }]`."),
        );
    }
    let mut known = Vec::new();
    for one in &placed {
        match &one.read {
            Ok(expectation) => known.push(Known {
                placed: one,
                expectation,
            }),
            Err(Failure::Unknown) => {}
            Err(Failure::Wrong(problem)) => problems.push((**problem).clone()),
        }
    }
    let sound: Vec<Known<'_>> = known
        .into_iter()
        .filter(
            |known| match soundness(known, other::itself(known, config.table.as_deref())) {
                None => true,
                Some(problem) => {
                    problems.push(problem);
                    false
                }
            },
        )
        .collect();
    problems.extend(identities(&sound));
    problems.extend(contradictions(&sound));
    problems
}

/// What is wrong with an expectation by itself, or with one that refers to the table that it judges.
fn soundness(known: &Known<'_>, itself: Option<Diagnostic>) -> Option<Diagnostic> {
    if known.expectation.on_fail == OnFail::Quarantine && known.expectation.check.kind() != Kind::Row {
        let kind = known.placed.kind;
        return Some(
            Diagnostic::invalid(known.at("on_fail"), format!("`{kind}` cannot quarantine"))
                .detail("Quarantine sets rows apart, and this does not judge rows.")
                .hint("Use `record` or `fail`."),
        );
    }
    if let Some(problem) = itself {
        return Some(problem);
    }
    if let Some((attribute, value)) = repeated(&known.expectation.check) {
        let at = known.at(attribute);
        return Some(
            Diagnostic::invalid(at.clone(), format!("`{at}` has {value} twice")).hint("Take one of them out."),
        );
    }
    let (attribute, reason) = known.expectation.wrong().err()?;
    let at = known.at(&attribute);
    Some(
        Diagnostic::invalid(at.clone(), format!("`{at}` is not usable"))
            .detail(sentence(&reason))
            .hint(remedy(&attribute, &reason)),
    )
}

/// A value that a set has twice.
fn repeated(check: &Check) -> Option<(&'static str, String)> {
    let values = match check {
        Check::InSet(c) | Check::NotInSet(c) => &c.values,
        Check::DistinctSet(c) => &c.values,
        Check::MostCommon(c) => &c.values,
        _ => return None,
    };
    let literals = values.literals();
    let twice = literals
        .iter()
        .enumerate()
        .find(|(index, literal)| literals[..*index].contains(literal));
    twice.map(|(_, literal)| ("values", literal.value.to_json().to_string()))
}

/// What to do about it.
fn remedy(attribute: &str, reason: &str) -> &'static str {
    match attribute.split(['.', '[']).next().unwrap_or_default() {
        "mostly" => "Give a part of the rows from 0 to 1, such as 0.99.",
        "patterns" if reason.contains("look-around") || reason.contains("backreference") => {
            "RE2 has no look-around and no back-references: write the pattern without them, or judge the rows by `sql_rows`."
        }
        "patterns" => "Write it in RE2's syntax.",
        "values" => "Name at least one value, or take the expectation out.",
        "columns" => "Name each column once.",
        "quantiles" => "Give `p` from 0 to 1, and `min` no greater than `max`.",
        "expected" => "Weights are one for each value or bin and add up to 1, and edges rise.",
        "where" => "Compare with exactly one value.",
        "min" if reason.contains("absent") => "Give `min`, `max` or both.",
        other => beyond::remedy(other).unwrap_or("Give an interval that holds something: `min` no greater than `max`."),
    }
}

/// Identities that two expectations share.
fn identities(known: &[Known<'_>]) -> Diagnostics {
    let mut seen: BTreeMap<String, Path> = BTreeMap::new();
    let mut problems = Diagnostics::new();
    for one in known {
        let id = one.expectation.identity();
        let at = one.at("id");
        if let Some(first) = seen.insert(id.clone(), one.path()) {
            problems.push(
                Diagnostic::invalid(at, format!("two expectations are called `{id}`"))
                    .detail(format!("The other is `{first}`. History and alerts hang on the name."))
                    .hint("Give one of them an `id` of its own."),
            );
        }
    }
    problems
}
