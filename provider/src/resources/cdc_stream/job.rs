//! The job that executes a stream on Dataflow. <https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.jobs>
//!
//! Jobs that follow each other have one name; of them, one is active. A job says by its labels whose it is and which spec it
//! executes. Another spec is an update of the job that is there, which takes its state over and goes on without a gap; where
//! Dataflow cannot update it, it is drained and followed by a new one. A job is never cancelled while it may hold messages.

use headwater_cloud::{Cloud, Document, Listing, OptionalExt as _, Service, Wait};
use headwater_spec::{CdcStreamSpec, Dataflow, PipelineSpec, dataflow_job, dataflow_launch};
use serde_json::json;
use tfplugin_framework::{Attr, Cx, Diagnostic, Result};

use super::model::Model;
use crate::problems::Explain as _;

const VIEW: &[(&str, &str)] = &[("view", "JOB_VIEW_DESCRIPTION")];
const ACTIVE: Listing = Listing {
    member: "jobs",
    query: &[("filter", "ACTIVE")],
    page_size: 1000,
};
const WARNINGS: Listing = Listing {
    member: "jobMessages",
    query: &[("minimumImportance", "JOB_MESSAGE_WARNING")],
    page_size: 100,
};
/// Messages of a job that are shown at most.
const SHOWN: usize = 3;

/// The jobs of a region.
struct Jobs<'a> {
    cloud: &'a Cloud,
    parent: String,
    name: String,
    wait: Wait,
}

fn state(job: &Document) -> &str {
    job["currentState"].as_str().unwrap_or("JOB_STATE_UNKNOWN")
}

fn has_ended(job: &Document) -> bool {
    matches!(
        state(job),
        "JOB_STATE_DONE" | "JOB_STATE_FAILED" | "JOB_STATE_CANCELLED" | "JOB_STATE_UPDATED" | "JOB_STATE_DRAINED"
    )
}

/// Whether it is on its way out.
fn is_leaving(job: &Document) -> bool {
    has_ended(job) || matches!(state(job), "JOB_STATE_DRAINING" | "JOB_STATE_CANCELLING")
}

/// Whether it has labels that say that it executes this spec.
fn executes(job: &Document, spec: &PipelineSpec) -> bool {
    let labels = spec.dataflow_labels();
    labels.iter().all(|(key, value)| job["labels"][key] == *value)
}

fn id(job: &Document) -> Result<String, Diagnostic> {
    let id = job["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Diagnostic::error("Dataflow answers with a job that has no id"))
}

impl<'a> Jobs<'a> {
    fn of(cloud: &'a Cloud, project: &str, region: &str, pipeline: &str, wait: Wait) -> Self {
        Self {
            cloud,
            parent: format!("projects/{project}/locations/{region}"),
            name: dataflow_job(pipeline),
            wait,
        }
    }

    async fn get(&self, id: &str) -> Result<Document, Diagnostic> {
        let name = format!("{}/jobs/{id}", self.parent);
        let found = self.cloud.documents(Service::Dataflow).get_with(&name, VIEW).await;
        found.explain(format!("cannot read the Dataflow job `{id}`"))
    }

    /// The active job of this name.
    async fn active(&self) -> Result<Option<Document>, Diagnostic> {
        let dataflow = self.cloud.documents(Service::Dataflow);
        let all = dataflow.list(&format!("{}/jobs", self.parent), ACTIVE).await.optional();
        let all = all.explain("cannot list the jobs of Dataflow")?.unwrap_or_default();
        let found = all
            .iter()
            .find(|job| job["name"].as_str() == Some(&self.name) && !has_ended(job));
        match found {
            Some(job) => self.get(&id(job)?).await.map(Some),
            None => Ok(None),
        }
    }

    /// The active job, which has to be this stream's.
    async fn own(&self, pipeline: &str) -> Result<Option<Document>, Diagnostic> {
        let found = self.active().await?;
        match &found {
            Some(job) if job["labels"]["headwater-pipeline"].as_str() != Some(pipeline) => Err(Diagnostic::invalid(
                "name",
                format!("a Dataflow job `{}` runs already, and is not of this stream", self.name),
            )
            .hint("Choose another `name`, or drain the job.")),
            _ => Ok(found),
        }
    }

    /// Waits until a job is as it should be, and answers with it.
    async fn until(&self, id: &str, what: &str, done: impl Fn(&Document) -> bool) -> Result<Document, Diagnostic> {
        let name = format!("{}/jobs/{id}", self.parent);
        let dataflow = self.cloud.documents(Service::Dataflow);
        let action = format!("wait until `{id}` {what}");
        let looked = self.wait.until(&action, || async {
            let job = dataflow.get_with(&name, VIEW).await?;
            Ok(Some(job).filter(&done))
        });
        looked
            .await
            .explain(format!("the Dataflow job `{id}` is not yet as it should be"))
    }

    async fn messages(&self, id: &str) -> Result<Vec<String>, Diagnostic> {
        let collection = format!("{}/jobs/{id}/messages", self.parent);
        let found = self
            .cloud
            .documents(Service::Dataflow)
            .list(&collection, WARNINGS)
            .await;
        let found = found.explain(format!("cannot read the messages of the Dataflow job `{id}`"))?;
        let texts = found.iter().filter_map(|message| message["messageText"].as_str());
        Ok(texts.map(str::to_owned).rev().take(SHOWN).collect())
    }

    /// Launches, and waits until the job runs; otherwise the job that does not.
    async fn launch(&self, spec: &PipelineSpec, dataflow: &Dataflow, update: bool) -> Result<Document, Diagnostic> {
        let service = self.cloud.documents(Service::Dataflow);
        let body = dataflow_launch(spec, dataflow, update);
        let name = format!("{}/flexTemplates", self.parent);
        let launched = service.verb(&name, "launch", &body).await;
        let launched = launched.explain(format!("cannot launch the Dataflow job `{}`", self.name))?;
        let id = id(&launched["job"])?;
        tracing::info!(job = id, update, "launched");
        self.until(&id, "runs", |job| state(job) == "JOB_STATE_RUNNING" || has_ended(job))
            .await
    }

    /// Lets a job finish what it has, or ends one that has nothing yet.
    async fn end(&self, job: &Document) -> Result<(), Diagnostic> {
        let id = id(job)?;
        if !is_leaving(job) {
            // What has not begun holds no messages, and cannot be drained.
            let wanted = match state(job) {
                "JOB_STATE_RUNNING" => "JOB_STATE_DRAINED",
                _ => "JOB_STATE_CANCELLED",
            };
            let name = format!("{}/jobs/{id}", self.parent);
            let asked = self.cloud.documents(Service::Dataflow);
            let asked = asked.replace(&name, &json!({ "requestedState": wanted })).await;
            asked.explain(format!("cannot end the Dataflow job `{id}`"))?;
            tracing::info!(job = id, wanted, "ending");
        }
        let ended = self.until(&id, "has ended", has_ended).await;
        ended.map(drop).map_err(|problem| {
            problem.hint(
                "It is still finishing what it has; apply again later. A job that cannot finish is cancelled by `gcloud dataflow jobs \
                 cancel`, which loses what it holds.",
            )
        })
    }

    /// The job that executes the spec.
    async fn ensure(&self, spec: &PipelineSpec, dataflow: &Dataflow) -> Result<Document, Diagnostic> {
        match self.own(&spec.name).await? {
            None => self.launch(spec, dataflow, false).await,
            // An earlier apply launched it.
            Some(job) if executes(&job, spec) && !is_leaving(&job) => {
                let begun = |job: &Document| state(job) == "JOB_STATE_RUNNING" || has_ended(job);
                self.until(&id(&job)?, "runs", begun).await
            }
            Some(job) => {
                let settled = |job: &Document| state(job) == "JOB_STATE_RUNNING" || is_leaving(job);
                let job = self.until(&id(&job)?, "runs", settled).await?;
                if !is_leaving(&job) {
                    let updated = self.launch(spec, dataflow, true).await?;
                    if !has_ended(&updated) {
                        return Ok(updated);
                    }
                    tracing::warn!(job = state(&updated), "the job cannot be updated: draining it");
                }
                self.end(&self.get(&id(&job)?).await?).await?;
                self.launch(spec, dataflow, false).await
            }
        }
    }
}

/// Brings Dataflow to what is planned, and tells what it has to say.
pub(super) async fn deploy(
    cx: &mut Cx,
    cloud: &Cloud,
    spec: &PipelineSpec,
    stream: &CdcStreamSpec,
    model: &mut Model,
    wait: Wait,
) -> Result<(), Diagnostic> {
    let Some(dataflow) = stream.engine.dataflow() else {
        return Ok(());
    };
    let jobs = Jobs::of(cloud, &spec.project, &spec.region, &spec.name, wait);
    if dataflow.workers == 0 {
        if let Some(job) = jobs.own(&spec.name).await? {
            jobs.end(&job).await?;
        }
        model.job_id = Attr::Null;
        return Ok(());
    }
    let job = jobs.ensure(spec, dataflow).await?;
    let id = id(&job)?;
    let messages = jobs.messages(&id).await?;
    if has_ended(&job) {
        return Err(
            Diagnostic::error(format!("the Dataflow job `{id}` ended with {}", state(&job)))
                .detail(messages.join("\n"))
                .hint("Its page in the console has its log; mend what it says, and apply again."),
        );
    }
    if !messages.is_empty() {
        cx.report(
            Diagnostic::warning(format!("Dataflow has something to say of the job `{id}`")).detail(messages.join("\n")),
        );
    }
    model.job_id = id.into();
    Ok(())
}

/// Puts the job into the state; whether it is there and executes the spec that lies in the lake.
pub(super) async fn read(
    cloud: &Cloud,
    spec: &PipelineSpec,
    stream: &CdcStreamSpec,
    found: &mut Model,
) -> Result<bool, Diagnostic> {
    let Some(dataflow) = stream.engine.dataflow() else {
        found.job_id = Attr::Null;
        return Ok(true);
    };
    let jobs = Jobs::of(
        cloud,
        &spec.project,
        &spec.region,
        &spec.name,
        Wait::at_most(std::time::Duration::ZERO),
    );
    let job = jobs.active().await?;
    let right = job.filter(|job| executes(job, spec) && !is_leaving(job));
    found.job_id = right.as_ref().map(id).transpose()?.into();
    Ok(right.is_some() == (dataflow.workers > 0))
}

/// Ends the job of a stream.
pub(super) async fn delete(cloud: &Cloud, project: &str, state: &Model, wait: Wait) -> Result<(), Diagnostic> {
    let (Some("dataflow"), Some(region), Some(name)) =
        (state.engine.as_deref(), state.region.as_deref(), state.name.as_deref())
    else {
        return Ok(());
    };
    let jobs = Jobs::of(cloud, project, region, name, wait);
    match jobs.active().await? {
        Some(job) if job["labels"]["headwater-pipeline"].as_str() == Some(name) => jobs.end(&job).await,
        _ => Ok(()),
    }
}

/// The template that executes a pipeline in a region.
pub(super) fn template(region: &str) -> String {
    format!("gs://dataflow-templates-{region}/latest/flex/Yaml_Template")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_state_means() {
        for (name, ended, leaving) in [
            ("JOB_STATE_QUEUED", false, false),
            ("JOB_STATE_RUNNING", false, false),
            ("JOB_STATE_DRAINING", false, true),
            ("JOB_STATE_CANCELLING", false, true),
            ("JOB_STATE_DRAINED", true, true),
            ("JOB_STATE_UPDATED", true, true),
            ("JOB_STATE_FAILED", true, true),
        ] {
            let job = json!({ "currentState": name });
            assert_eq!((has_ended(&job), is_leaving(&job)), (ended, leaving), "{name}");
        }
    }
}
