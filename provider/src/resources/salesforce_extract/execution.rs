//! Running a deployed pipeline as a part of the apply.

use std::time::{Duration, Instant};

use headwater_cloud::{Cloud, Execution};
use headwater_spec::{ErrorRecord, LakeLayout, ObjectRun, RunState};
use tfplugin_framework::{Cx, Diagnostic, Result};

use super::model::Wanted;
use crate::problems::{Explain as _, sentence};
use crate::resources::pipeline;
use crate::resources::pipeline::execution::running;
use crate::resources::pipeline::schedule::overrides;

/// Starts an execution and waits until it has ended. One that is running already, of an apply that was killed or of the
/// schedule, is waited for first: two would only compete for the leases.
pub(super) async fn run(cx: &Cx, cloud: &Cloud, wanted: &Wanted) -> Result<()> {
    let layout = wanted.layout();
    let spec_url = layout.spec_url();
    for execution in running(cloud, &wanted.runtime, &spec_url).await? {
        tracing::info!(
            execution = execution.name,
            "waiting for an execution that is running already"
        );
        wait(cx, cloud, &execution.name, None).await?;
    }
    let summary = format!("cannot run the pipeline `{}`", wanted.name);
    let name = cloud
        .run()
        .start(&wanted.runtime, &overrides(&spec_url, wanted.task_count))
        .await
        .explain_at("run_on_apply", summary)?;
    tracing::info!(execution = name, "execution started");
    let execution = wait(cx, cloud, &name, Some(&layout)).await?;
    let records = records(cloud, &layout, run_of(&name)).await;
    if execution.is_success() {
        let rows: u64 = records.iter().map(|record| record.totals.rows_read).sum();
        tracing::info!(execution = name, objects = records.len(), rows, "execution succeeded");
        return Ok(());
    }
    Err(failed(wanted, &execution, &records).into())
}

/// The last part of an execution's name is what records are filed under.
fn run_of(execution: &str) -> &str {
    execution.rsplit('/').next().unwrap_or(execution)
}

async fn wait(cx: &Cx, cloud: &Cloud, name: &str, progress: Option<&LakeLayout>) -> Result<Execution> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(200);
    let mut told = Instant::now();
    loop {
        let execution = cloud
            .run()
            .get_execution(name)
            .await
            .explain("cannot look at the execution")?;
        if execution.completed {
            return Ok(execution);
        }
        if let Some(layout) = progress
            && told.elapsed() > Duration::from_secs(5)
        {
            told = Instant::now();
            tell(cloud, layout, name, started.elapsed()).await;
        }
        if cx.time_left().is_some_and(|left| left.is_zero()) {
            return Err(not_awaited(name, "took longer than the resource's `timeouts` allow").into());
        }
        tokio::select! {
            () = cx.cancelled().cancelled() => return Err(not_awaited(name, "is not waited for any longer").into()),
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

fn not_awaited(name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(format!("the execution `{}` {why}", run_of(name)))
        .detail(format!("It goes on running: {name}"))
        .hint("Apply again to wait for it, or raise `timeouts`.")
}

async fn tell(cloud: &Cloud, layout: &LakeLayout, name: &str, elapsed: Duration) {
    let records = records(cloud, layout, run_of(name)).await;
    let done = records
        .iter()
        .filter(|record| record.state != RunState::Running)
        .count();
    let rows: u64 = records.iter().map(|record| record.totals.rows_read).sum();
    tracing::info!(
        execution = name,
        seconds = elapsed.as_secs(),
        objects = records.len(),
        done,
        rows,
        "execution runs"
    );
}

/// What the run says about its objects; what cannot be read says nothing.
async fn records(cloud: &Cloud, layout: &LakeLayout, run: &str) -> Vec<ObjectRun> {
    let prefix = format!("{}{run}/", layout.runs());
    let objects = cloud.storage().list(layout.bucket(), &prefix).await.unwrap_or_default();
    let mut records = Vec::new();
    for object in objects {
        let path = pipeline::document(layout, object.name);
        if let Ok(found) = cloud.storage().get(&path).await
            && let Ok(record) = serde_json::from_slice(&found.bytes)
        {
            records.push(record);
        }
    }
    records
}

fn failed(wanted: &Wanted, execution: &Execution, records: &[ObjectRun]) -> Diagnostic {
    let run = run_of(&execution.name);
    let mut detail = format!(
        "Execution {}: {} of {} tasks succeeded.",
        execution.name,
        execution.succeeded,
        execution.tasks.max(1)
    );
    for (objects, error) in causes(records) {
        detail.push_str(&format!(
            "\n\n{}: {} ({})",
            objects.join(", "),
            sentence(&error.message),
            error.code
        ));
        if let Some(hint) = &error.hint {
            detail.push_str(&format!(" {}", sentence(hint)));
        }
    }
    if let Some(logs) = &execution.log_uri {
        detail.push_str(&format!("\n\nLogs: {logs}"));
    }
    Diagnostic::error(format!("the run `{run}` of the pipeline `{}` failed", wanted.name))
        .detail(detail)
        .hint(format!(
            "See `headwater runs show {run} --lake {} --pipeline {}`. The pipeline itself is deployed: after an update, apply again to run it again; \
             after a create, Terraform marks the extract as tainted and would replace it, `terraform untaint` keeps it with what was extracted.",
            wanted.lake, wanted.name
        ))
}

/// What failed, each cause once with all of its objects: a limit that is reached stops them all.
fn causes(records: &[ObjectRun]) -> Vec<(Vec<&str>, &ErrorRecord)> {
    let mut causes: Vec<(Vec<&str>, &ErrorRecord)> = Vec::new();
    let failed = records
        .iter()
        .filter(|record| matches!(record.state, RunState::Failed | RunState::Stopped));
    for (record, error) in failed.filter_map(|record| Some((record, record.error.as_ref()?))) {
        match causes
            .iter_mut()
            .find(|(_, other)| other.code == error.code && other.hint == error.hint)
        {
            Some((objects, _)) => objects.push(&record.object),
            None => causes.push((vec![&record.object], error)),
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_spec::{Phase, RunTotals};
    use serde_json::json;

    #[test]
    fn a_failure_names_run_object_cause_and_where_to_look() {
        let now = chrono::DateTime::UNIX_EPOCH;
        let record = ObjectRun {
            run: "headwater-x1".into(),
            pipeline: "crm".into(),
            object: "Account".into(),
            batch: None,
            spec_hash: String::new(),
            deployed_by: None,
            runtime_version: String::new(),
            image: None,
            task: 0,
            attempt: 0,
            state: RunState::Failed,
            phase: Phase::Fetch,
            api: None,
            window: None,
            totals: RunTotals::default(),
            gate: Vec::new(),
            schema_changes: Vec::new(),
            started_at: now,
            updated_at: now,
            finished_at: None,
            error: Some(ErrorRecord {
                code: "salesforce_limit".into(),
                message: "the limit is reached".into(),
                hint: Some("wait".into()),
            }),
        };
        let execution = Execution {
            name: "projects/p/locations/l/jobs/headwater/executions/headwater-x1".into(),
            completed: true,
            tasks: 1,
            succeeded: 0,
            failed: 1,
            cancelled: 0,
            log_uri: None,
            document: json!({}),
        };
        let problem = failed(
            &super::super::tests::wanted(),
            &execution,
            &[
                record.clone(),
                ObjectRun {
                    object: "Case".into(),
                    ..record
                },
            ],
        );
        assert!(problem.summary.contains("headwater-x1"));
        for word in [
            "Account, Case: The limit is reached. (salesforce_limit) Wait.",
            "headwater runs show headwater-x1 --lake gs://lake --pipeline crm",
        ] {
            assert!(problem.detail.contains(word), "{}", problem.detail);
        }
    }
}
