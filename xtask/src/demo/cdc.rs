//! The stream: apply, change the org until so many events have told it, compare both tables of every entity with the org value
//! by value, an empty plan, and a destroy that leaves nothing.

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use serde_json::Value;

use super::stage::{CLIENT_ID, CLIENT_SECRET, PROJECT, REGION, Stage};
use crate::shell::{Result, fail, print, root, say};
use crate::{http, shell, tools};

/// What the scenario's folder calls them.
const DATASET: &str = "salesforce_live";
const LAKE: &str = "headwater-demo-cdc-lake";
const POSITION: &str = "headwater/pipelines/crm-changes/bridge/position.json";
const SOFT: &str = "Case";

pub fn play(stage: &Stage<'_>, events: u64) -> Result<ExitCode> {
    let python = tools::python()?;
    let before = inventory(stage)?;
    stage.apply()?;
    let mut compare = Command::new(python);
    compare
        .arg(root().join("tests/python/stream_scenario.py"))
        .args([&stage.org, &stage.endpoint, PROJECT, DATASET])
        .arg(format!("{LAKE}/{POSITION}"))
        .args([&events.to_string(), SOFT])
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    shell::run(&mut compare)?;
    stage.plan_nothing()?;
    stage.destroy()?;
    say("==> what the destroy left: it must be nothing");
    let left: Vec<String> = inventory(stage)?.difference(&before).cloned().collect();
    if !left.is_empty() {
        return fail(format!("the destroy left {}", left.join(", ")));
    }
    super::stage::stop(stage.dir);
    print(&format!(
        "Both tables of every entity are equal to the org's history and state, the plan was empty, and nothing is left, {:.0} s \
         after the start.",
        stage.since.elapsed().as_secs_f64()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The names of all that the project holds of what the scenario makes.
fn inventory(stage: &Stage<'_>) -> Result<BTreeSet<String>> {
    let region = format!("projects/{PROJECT}/locations/{REGION}");
    let collections = [
        (format!("/storage/v1/b?project={PROJECT}"), "items", "/name"),
        (
            format!("/bigquery/v2/projects/{PROJECT}/datasets?all=true"),
            "datasets",
            "/id",
        ),
        (format!("/v1/projects/{PROJECT}/secrets"), "secrets", "/name"),
        (format!("/v1/projects/{PROJECT}/topics"), "topics", "/name"),
        (
            format!("/v1/projects/{PROJECT}/subscriptions"),
            "subscriptions",
            "/name",
        ),
        (format!("/v1/projects/{PROJECT}/schemas"), "schemas", "/name"),
        (format!("/v2/{region}/workerPools"), "workerPools", "/name"),
        (format!("/v2/{region}/jobs"), "jobs", "/name"),
        (format!("/v1/{region}/jobs"), "jobs", "/name"),
    ];
    let mut found = BTreeSet::new();
    for (path, key, name) in collections {
        let listed = http::get(&format!("{}{path}", stage.endpoint))?;
        let items = listed[key].as_array().map(Vec::as_slice).unwrap_or_default();
        found.extend(
            items
                .iter()
                .filter_map(|item| item.pointer(name).and_then(Value::as_str))
                .map(|name| format!("{key}: {name}")),
        );
    }
    Ok(found)
}
