//! Rules about evidence: whether what is declared is what lies in the lake, what runs, what ran, and what was said of it.

use super::super::model::{Pipeline, Schedule, Severity, Spec, Suite};
use super::Findings;

/// A hash for people.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// Whether a pipeline's spec is the one that was declared.
pub fn spec(findings: &mut Findings, name: &str, spec: &Spec) {
    let (Some(declared), Some(found)) = (&spec.declared, &spec.found) else {
        return;
    };
    if found == "missing" {
        let message = format!(
            "the state names the spec {}, and there is none at {}",
            short(declared),
            spec.url
        );
        findings.add(
            Severity::Error,
            "spec_missing",
            name,
            message,
            "apply the configuration, which writes it again",
        );
    } else if found != declared {
        let written = spec.written.as_deref().unwrap_or("an unknown time");
        let message = format!(
            "the spec in the lake is {} and the state names {}: somebody else has written it, at {written}",
            short(found),
            short(declared)
        );
        let remedy =
            "find out who wrote it (the bucket's audit log says), then apply the configuration, which writes it again";
        findings.add(Severity::Error, "spec_differs", name, message, remedy);
    }
    if let Some(working) = spec.working.as_ref().filter(|working| *working != declared) {
        let message = format!(
            "workers execute the spec {} and the state names {}",
            short(working),
            short(declared)
        );
        findings.add(
            Severity::Error,
            "workers_execute_other_spec",
            name,
            message,
            "apply the configuration",
        );
    }
}

/// Whether what ran last is what is declared, and how it went.
pub fn runs(findings: &mut Findings, pipeline: &Pipeline) {
    if pipeline.runs.total == Some(0) && pipeline.kind == "salesforce_extract" {
        let message = "it has never run".to_owned();
        findings.add(
            Severity::Info,
            "never_ran",
            &pipeline.name,
            message,
            "`headwater runs start` starts it",
        );
    }
    let Some(last) = pipeline.runs.newest.first() else {
        return;
    };
    if let Some(declared) = &pipeline.spec.declared {
        let others: Vec<&str> = last
            .spec_hashes
            .iter()
            .filter(|hash| *hash != declared)
            .map(|hash| short(hash))
            .collect();
        // The lake's clock and the runtime's write seconds alike, up to the fraction.
        let before = pipeline
            .spec
            .written
            .as_ref()
            .is_some_and(|written| last.started.get(..19) < written.get(..19));
        if !others.is_empty() && before && pipeline.spec.found == pipeline.spec.declared {
            let message = format!(
                "the last run, {}, executed {}: the spec is newer and has not run yet",
                last.id,
                others.join(", ")
            );
            findings.add(
                Severity::Info,
                "not_run_yet",
                &pipeline.name,
                message,
                "wait for the next run, or start one",
            );
        } else if !others.is_empty() {
            let message = format!(
                "the last run, {}, executed {} and the state names {}",
                last.id,
                others.join(", "),
                short(declared)
            );
            let remedy = "find out which spec that was: the run's record says who deployed it";
            findings.add(Severity::Error, "executed_other_spec", &pipeline.name, message, remedy);
        }
    }
    match last.state.as_str() {
        "failed" => {
            let message = format!("the last run, {}, failed", last.id);
            findings.add(
                Severity::Error,
                "last_run_failed",
                &pipeline.name,
                message,
                "`headwater runs show` says why",
            );
        }
        "stopped" => {
            let message = format!("the last run, {}, stopped early", last.id);
            findings.add(
                Severity::Warn,
                "last_run_stopped",
                &pipeline.name,
                message,
                "the next run goes on from there",
            );
        }
        _ => {}
    }
}

/// Whether the image is one that cannot change, and the one that runs.
pub fn image(findings: &mut Findings, pipeline: &Pipeline) {
    let runtime = &pipeline.runtime;
    let pinned = |image: &str| image.contains("@sha256:");
    if let Some(image) = runtime.image.as_deref().filter(|image| !pinned(image)) {
        let message = format!(
            "the image {image} is named by a tag, which can be moved: which program ran is known only by what the cloud keeps"
        );
        findings.add(
            Severity::Warn,
            "image_not_pinned",
            &runtime.id,
            message,
            "name it by its digest: IMAGE@sha256:…",
        );
    }
    if let (Some(declared), Some(deployed)) = (&runtime.image, &runtime.deployed_image)
        && declared != deployed
    {
        let message = format!("the configuration names the image {declared} and the cloud has {deployed}");
        findings.add(
            Severity::Error,
            "image_differs",
            &runtime.id,
            message,
            "plan and apply, or find out who changed it",
        );
    }
    let Some(last) = pipeline.runs.newest.first() else {
        return;
    };
    let others: Vec<&String> = last
        .images
        .iter()
        .filter(|image| runtime.image.as_ref().is_some_and(|own| own != *image))
        .collect();
    if let Some(other) = others.first() {
        let message = format!("the last run, {}, ran the image {other}", last.id);
        findings.add(
            Severity::Warn,
            "ran_other_image",
            &pipeline.name,
            message,
            "start a run if the image is newer than it",
        );
    }
}

/// Whether a schedule is the one that is declared.
pub fn schedule(findings: &mut Findings, name: &str, schedule: Option<&Schedule>) {
    let Some((schedule, state)) = schedule.and_then(|schedule| Some((schedule, schedule.state.as_deref()?))) else {
        return;
    };
    match state {
        "ENABLED" => {}
        "missing" => {
            let message = format!("the schedule {} is declared and there is no such job", schedule.cron);
            findings.add(
                Severity::Error,
                "schedule_missing",
                name,
                message,
                "apply the configuration",
            );
        }
        "PAUSED" | "DISABLED" => {
            let message = format!("its schedule is {state}");
            findings.add(
                Severity::Warn,
                "schedule_paused",
                name,
                message,
                "resume the job in Cloud Scheduler",
            );
        }
        other => {
            let message = format!(
                "the schedule {} is declared, and the job in the cloud is {other}",
                schedule.cron
            );
            findings.add(
                Severity::Error,
                "schedule_differs",
                name,
                message,
                "plan and apply, or find out who changed it",
            );
        }
    }
}

/// What was said last.
pub fn verdict(findings: &mut Findings, suite: &Suite, asked: bool) {
    let Some(verdict) = &suite.verdict else {
        if asked && suite.results.is_some() {
            let message = format!("there is no verdict on {}", suite.target);
            findings.add(
                Severity::Warn,
                "no_verdict",
                &suite.name,
                message,
                "run the suite, or the extract that it guards",
            );
        }
        return;
    };
    let severity = match verdict.state.as_str() {
        "pass" => None,
        "warn" => Some(Severity::Warn),
        _ => Some(Severity::Error),
    };
    if let Some(severity) = severity {
        let against: Vec<&str> = suite
            .expectations
            .iter()
            .filter(|one| {
                one.state
                    .as_deref()
                    .is_some_and(|state| state != "pass" && state != "skipped")
            })
            .map(|one| one.id.as_str())
            .collect();
        let message = format!(
            "the last verdict on {}, at {}, is {}: {}",
            suite.target,
            verdict.at,
            verdict.state,
            against.join(", ")
        );
        findings.add(
            severity,
            "verdict",
            &suite.name,
            message,
            "`headwater quality report` shows the rows",
        );
    }
    if let Some(declared) = suite
        .spec
        .declared
        .as_ref()
        .filter(|declared| **declared != verdict.suite_hash)
    {
        let message = format!(
            "the last verdict is by the suite {} and the state names {}",
            short(&verdict.suite_hash),
            short(declared)
        );
        findings.add(
            Severity::Info,
            "verdict_by_other_suite",
            &suite.name,
            message,
            "run the suite again",
        );
    }
}
