//! The Cloud Scheduler job that starts a pipeline's executions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_cloud::{Cloud, Document, Kind, OptionalExt as _, Overrides, Scheduler};
use headwater_spec::{LakeLayout, Schedule, ScheduleError};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Cx, Diagnostic, Diagnostics, Path};

use crate::names::RuntimeId;
use crate::problems::{Explain as _, cloud_problem, sentence};

const RUN: &str = "https://run.googleapis.com/v2/";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What a change of ours may touch: pauses and retries that somebody set stay.
const MASK: &str = "schedule,timeZone,description,httpTarget";

/// When it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScheduleModel {
    pub(crate) cron: Attr<String>,
    pub(crate) time_zone: Attr<String>,
}

impl ScheduleModel {
    /// The same when all of it is known.
    pub(crate) fn known(&self) -> Option<Schedule> {
        Some(Schedule {
            cron: self.cron.known()?.clone(),
            time_zone: self.time_zone.known()?.clone(),
        })
    }

    /// What can be wrong with it.
    pub(crate) fn check(&self) -> Diagnostics {
        let time_zone = match &self.time_zone {
            Attr::Known(zone) => zone.clone(),
            // Its default.
            Attr::Null | Attr::Unknown => "UTC".to_owned(),
        };
        // A cron expression that is not known yet must not hide a time zone that is wrong.
        let cron = self.cron.as_deref().unwrap_or("0 0 * * *").to_owned();
        let Err(error) = (Schedule { cron, time_zone }).check() else {
            return Diagnostics::new();
        };
        let attribute = match &error {
            ScheduleError::TimeZone(_) => "time_zone",
            ScheduleError::Cron { .. } | ScheduleError::Never(_) => "cron",
        };
        Diagnostic::invalid(
            Path::attr("schedule").child(attribute),
            format!("`schedule.{attribute}` is not usable"),
        )
        .detail(sentence(&error.to_string()))
        .into()
    }
}

/// The attribute `schedule`.
pub(crate) fn attribute() -> Attribute {
    Attribute::object([
        (
            "cron",
            Attribute::string().required().describe("When, in unix-cron format: minute, hour, day of the month, month, day of the week, such as `0 * * * *`."),
        ),
        (
            "time_zone",
            Attribute::string().default("UTC").describe("In which time zone, by its IANA name such as `Europe/Berlin`."),
        ),
    ])
    .optional()
    .describe("When it runs, by a Cloud Scheduler job `headwater-NAME` in the runtime's region. Without it, the pipeline runs when somebody starts it.")
}

/// A pipeline as a schedule starts it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started<'a> {
    pub name: &'a str,
    pub runtime: &'a str,
    pub layout: &'a LakeLayout,
    pub task_count: u32,
    pub schedule: Option<&'a Schedule>,
}

/// The job's full name: in the region of the runtime that it starts.
pub(crate) fn job_name(project: &str, runtime: &str, pipeline: &str) -> Option<String> {
    let region = RuntimeId::parse(runtime)?.region;
    Some(Scheduler::job_name(project, region, &format!("headwater-{pipeline}")))
}

/// What every execution of a pipeline is told, by the schedule and by us.
pub(crate) fn overrides(spec_url: &str, task_count: u32) -> Overrides {
    Overrides {
        args: Some(vec!["run".into(), "--spec".into(), spec_url.into()]),
        task_count: Some(task_count),
        ..Overrides::default()
    }
}

fn document(started: Started<'_>, schedule: &Schedule, account: Option<&str>) -> Document {
    let spec_url = started.layout.spec_url();
    let body = STANDARD.encode(overrides(&spec_url, started.task_count).to_body().to_string());
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
            "uri": format!("{RUN}{}:run", started.runtime),
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

/// A schedule as Cloud Scheduler has it.
#[derive(Debug)]
pub(crate) struct Found {
    pub schedule: ScheduleModel,
    pub runtime: Option<String>,
    pub task_count: Option<i64>,
}

/// What the schedule really is, so that a plan shows what was changed by hand; `None` when there is none of this pipeline.
pub(crate) async fn read(
    cx: &mut Cx,
    cloud: &Cloud,
    project: &str,
    runtime: &str,
    layout: &LakeLayout,
    pipeline: &str,
) -> Result<Option<Found>, Diagnostic> {
    let Some(name) = job_name(project, runtime, pipeline) else {
        return Ok(None);
    };
    let found = cloud
        .scheduler()
        .get_job(&name)
        .await
        .optional()
        .explain(format!("cannot read the schedule `{name}`"))?;
    let Some(document) = found else { return Ok(None) };
    let target = target(&document);
    if target.spec_url.as_deref() != Some(&layout.spec_url()) {
        // It starts something else: as good as none of ours.
        return Ok(None);
    }
    if document["state"].as_str() == Some("PAUSED") {
        cx.report(
            Diagnostic::warning(format!("the schedule `{name}` is paused"))
                .hint(format!("It does not fire until it is resumed: `gcloud scheduler jobs resume headwater-{pipeline} --location REGION`."))
                .at("schedule"),
        );
    }
    Ok(Some(Found {
        schedule: ScheduleModel {
            cron: document["schedule"].as_str().map(str::to_owned).into(),
            time_zone: document["timeZone"].as_str().unwrap_or("UTC").into(),
        },
        runtime: target.runtime,
        task_count: target.task_count,
    }))
}

/// Makes the schedule what it shall be.
pub(crate) async fn deploy(
    cloud: &Cloud,
    project: &str,
    started: Started<'_>,
    account: Option<&str>,
) -> Result<(), Diagnostic> {
    let Some(name) = job_name(project, started.runtime, started.name) else {
        return Ok(());
    };
    let spec_url = started.layout.spec_url();
    let Some(schedule) = started.schedule else {
        return delete(cloud, &name, spec_url).await;
    };
    let document = document(started, schedule, account);
    let summary = format!("cannot set the schedule `{name}`");
    match cloud.scheduler().create_job(&name, &document).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::AlreadyExists => {
            let present = cloud
                .scheduler()
                .get_job(&name)
                .await
                .explain_at("schedule", &*summary)?;
            let other = target(&present).spec_url.filter(|url| *url != spec_url);
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

/// A runtime in another region has its schedule there: the one that the runtime before had goes.
pub(crate) async fn drop_moved(
    cloud: &Cloud,
    project: &str,
    before: Option<&str>,
    started: Started<'_>,
) -> Result<(), Diagnostic> {
    let before = before.and_then(|runtime| job_name(project, runtime, started.name));
    let now = job_name(project, started.runtime, started.name);
    match before {
        Some(before) if Some(&before) != now.as_ref() => delete(cloud, &before, started.layout.spec_url()).await,
        _ => Ok(()),
    }
}

/// Deletes the schedule if it is this pipeline's.
pub(crate) async fn delete(cloud: &Cloud, name: &str, spec_url: String) -> Result<(), Diagnostic> {
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
pub(crate) async fn account(cloud: &Cloud, layout: &LakeLayout, runtime: &Document) -> Option<String> {
    let own = runtime["template"]["template"]["serviceAccount"]
        .as_str()
        .filter(|account| !account.is_empty());
    if let Some(account) = own {
        return Some(account.to_owned());
    }
    let bucket = cloud.storage().get_bucket(layout.bucket()).await.ok()?;
    let number = &bucket["projectNumber"];
    let number = number
        .as_str()
        .map(str::to_owned)
        .or_else(|| number.as_u64().map(|n| n.to_string()))?;
    Some(format!("{number}-compute@developer.gserviceaccount.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_reads_back_as_what_it_starts() {
        let lake: headwater_spec::GcsUrl = "gs://lake".parse().expect("a url");
        let layout = LakeLayout::new(&lake, "crm");
        let schedule = Schedule {
            cron: "0 * * * *".into(),
            time_zone: "UTC".into(),
        };
        let started = Started {
            name: "crm",
            runtime: "projects/p/locations/europe-west1/jobs/headwater",
            layout: &layout,
            task_count: 4,
            schedule: Some(&schedule),
        };
        let document = document(started, &schedule, Some("a@b.c"));
        assert_eq!(
            document["httpTarget"]["uri"],
            "https://run.googleapis.com/v2/projects/p/locations/europe-west1/jobs/headwater:run"
        );
        assert_eq!(document["httpTarget"]["oauthToken"]["serviceAccountEmail"], "a@b.c");
        let expected = Target {
            runtime: Some(started.runtime.to_owned()),
            spec_url: Some("gs://lake/headwater/pipelines/crm/spec.json".into()),
            task_count: Some(4),
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
