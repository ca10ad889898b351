//! The Cloud Scheduler job that starts a pipeline's executions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_cloud::{Cloud, Document, Kind, OptionalExt as _, Overrides, Scheduler};
use headwater_spec::Schedule;
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Cx, Diagnostic};

use super::model::{Model, ScheduleModel, Wanted};
use crate::names::RuntimeId;
use crate::problems::{Explain as _, cloud_problem};

const RUN: &str = "https://run.googleapis.com/v2/";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What a change of ours may touch: pauses and retries that somebody set stay.
const MASK: &str = "schedule,timeZone,description,httpTarget";

/// The job's full name: in the region of the runtime that it starts.
pub(super) fn job_name(project: &str, runtime: &str, pipeline: &str) -> Option<String> {
    let region = RuntimeId::parse(runtime)?.region;
    Some(Scheduler::job_name(project, region, &format!("headwater-{pipeline}")))
}

/// What every execution of a pipeline is told, by the schedule and by us.
pub(super) fn overrides(spec_url: &str, task_count: u32) -> Overrides {
    Overrides {
        args: Some(vec!["run".into(), "--spec".into(), spec_url.into()]),
        task_count: Some(task_count),
        ..Overrides::default()
    }
}

fn document(wanted: &Wanted, schedule: &Schedule, account: Option<&str>) -> Document {
    let spec_url = wanted.layout().spec_url();
    let body = STANDARD.encode(overrides(&spec_url, wanted.task_count).to_body().to_string());
    let mut token = json!({"scope": SCOPE});
    if let Some(account) = account {
        token["serviceAccountEmail"] = account.into();
    }
    json!({
        "description": format!("Runs the Headwater pipeline {spec_url}"),
        "schedule": schedule.cron,
        "timeZone": schedule.time_zone,
        "attemptDeadline": "180s",
        "httpTarget": {
            "uri": format!("{RUN}{}:run", wanted.runtime),
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": body,
            "oauthToken": token,
        },
    })
}

/// What a job starts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Target {
    runtime: Option<String>,
    spec_url: Option<String>,
    task_count: Option<i64>,
}

fn target(document: &Document) -> Target {
    let http = &document["httpTarget"];
    let runtime = http["uri"]
        .as_str()
        .and_then(|uri| uri.strip_prefix(RUN)?.strip_suffix(":run"));
    let body = http["body"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let body: Json = body
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let args = body["overrides"]["containerOverrides"][0]["args"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let spec = args.iter().skip_while(|arg| *arg != "--spec").nth(1);
    Target {
        runtime: runtime.map(str::to_owned),
        spec_url: spec.and_then(Json::as_str).map(str::to_owned),
        task_count: body["overrides"]["taskCount"].as_i64(),
    }
}

/// Puts into the state what the schedule really is, so that a plan shows what was changed by hand.
pub(super) async fn read(cx: &mut Cx, cloud: &Cloud, project: &str, state: &mut Model) -> Result<(), Diagnostic> {
    let (Some(runtime), Some(pipeline), Some(layout)) =
        (state.runtime.as_deref(), state.name.as_deref(), state.layout())
    else {
        return Ok(());
    };
    let Some(name) = job_name(project, runtime, pipeline) else {
        return Ok(());
    };
    let found = cloud
        .scheduler()
        .get_job(&name)
        .await
        .optional()
        .explain(format!("cannot read the schedule `{name}`"))?;
    let Some(document) = found else {
        state.schedule = Attr::Null;
        return Ok(());
    };
    let target = target(&document);
    if target.spec_url.as_deref() != Some(&layout.spec_url()) {
        // It starts something else: as good as none of ours.
        state.schedule = Attr::Null;
        return Ok(());
    }
    if document["state"].as_str() == Some("PAUSED") {
        cx.report(
            Diagnostic::warning(format!("the schedule `{name}` is paused"))
                .hint(format!("It does not fire until it is resumed: `gcloud scheduler jobs resume headwater-{pipeline} --location REGION`."))
                .at("schedule"),
        );
    }
    state.schedule = Attr::Known(ScheduleModel {
        cron: document["schedule"].as_str().map(str::to_owned).into(),
        time_zone: document["timeZone"].as_str().unwrap_or("UTC").into(),
    });
    if let Some(runtime) = target.runtime {
        state.runtime = runtime.into();
    }
    if let Some(tasks) = target.task_count {
        state.task_count = tasks.into();
    }
    Ok(())
}

/// Makes the schedule what it shall be.
pub(super) async fn deploy(
    cloud: &Cloud,
    project: &str,
    wanted: &Wanted,
    account: Option<&str>,
) -> Result<(), Diagnostic> {
    let Some(name) = job_name(project, &wanted.runtime, &wanted.name) else {
        return Ok(());
    };
    let Some(schedule) = &wanted.schedule else {
        return delete(cloud, &name, wanted.layout().spec_url()).await;
    };
    let document = document(wanted, schedule, account);
    let summary = format!("cannot set the schedule `{name}`");
    match cloud.scheduler().create_job(&name, &document).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::AlreadyExists => {
            let present = cloud
                .scheduler()
                .get_job(&name)
                .await
                .explain_at("schedule", &*summary)?;
            let other = target(&present)
                .spec_url
                .filter(|url| *url != wanted.layout().spec_url());
            if let Some(other) = other {
                return Err(Diagnostic::invalid("name", format!("the schedule `{name}` belongs to another pipeline"))
                    .detail(format!("It runs {other}."))
                    .hint("Names of pipelines that have a schedule are unique in project and region: choose another `name`."));
            }
            cloud
                .scheduler()
                .patch_job(&name, &document, MASK)
                .await
                .explain_at("schedule", summary)?;
            Ok(())
        }
        Err(error) => Err(cloud_problem(summary, &error).at("schedule")),
    }
}

/// Deletes the schedule if it is this pipeline's.
pub(super) async fn delete(cloud: &Cloud, name: &str, spec_url: String) -> Result<(), Diagnostic> {
    let summary = format!("cannot delete the schedule `{name}`");
    let Some(present) = cloud.scheduler().get_job(name).await.optional().explain(&*summary)? else {
        return Ok(());
    };
    if target(&present).spec_url.is_some_and(|url| url != spec_url) {
        return Ok(());
    }
    cloud.scheduler().delete_job(name).await.explain(summary)?;
    Ok(())
}

/// The identity that the schedule presents: the runtime's, else the project's default compute account.
pub(super) async fn account(cloud: &Cloud, wanted: &Wanted, runtime: &Document) -> Option<String> {
    let own = runtime["template"]["template"]["serviceAccount"]
        .as_str()
        .filter(|account| !account.is_empty());
    if let Some(account) = own {
        return Some(account.to_owned());
    }
    let bucket = cloud.storage().get_bucket(wanted.lake.bucket()).await.ok()?;
    let number = &bucket["projectNumber"];
    let number = number
        .as_str()
        .map(str::to_owned)
        .or_else(|| number.as_u64().map(|n| n.to_string()))?;
    Some(format!("{number}-compute@developer.gserviceaccount.com"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn a_job_reads_back_as_what_it_starts() {
        let wanted = super::super::tests::wanted();
        let schedule = Schedule {
            cron: "0 * * * *".into(),
            time_zone: "UTC".into(),
        };
        let document = document(&wanted, &schedule, Some("a@b.c"));
        assert_eq!(
            document["httpTarget"]["uri"],
            "https://run.googleapis.com/v2/projects/p/locations/europe-west1/jobs/headwater:run"
        );
        assert_eq!(document["httpTarget"]["oauthToken"]["serviceAccountEmail"], "a@b.c");
        let expected = Target {
            runtime: Some(wanted.runtime.clone()),
            spec_url: Some("gs://lake/headwater/pipelines/crm/spec.json".into()),
            task_count: Some(i64::from(wanted.task_count)),
        };
        assert_eq!(target(&document), expected);
        assert_eq!(
            target(&json!({"httpTarget": {"uri": "https://x", "body": "!"}})),
            Target::default()
        );
    }

    #[test]
    fn the_job_is_in_the_runtimes_region() {
        let name = job_name("p", "projects/q/locations/us-east4/jobs/headwater", "crm");
        assert_eq!(
            name.as_deref(),
            Some("projects/p/locations/us-east4/jobs/headwater-crm")
        );
    }
}
