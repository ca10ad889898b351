//! `headwater_scheduler_job`: a Cloud Scheduler job.
//! <https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs>

mod model;
mod schema;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, Listing, PatchBy, Service};
use headwater_spec::{Schedule, ScheduleError};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path, Result, Schema};

pub(crate) use self::model::Job;
use self::model::{HttpTarget, PubSubTarget};
use crate::problems::sentence;
use crate::rest::{Api, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchedulerJob;

#[async_trait]
impl Described for SchedulerJob {
    type Model = Job;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_scheduler_job",
            noun: "scheduled job",
            service: Service::Scheduler,
            name: Pattern("projects/{project}/locations/{region}/jobs/{name}"),
            create: CreateBy::Body,
            patch: PatchBy::Query,
            listing: Some(Listing {
                page_size: 500,
                ..Listing::of("jobs")
            }),
            labelled: false,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn parts<'a>(&self, model: &'a mut Job) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![
                ("project", &mut model.project),
                ("region", &mut model.region),
                ("name", &mut model.name),
            ],
        }
    }

    fn document(&self, model: &Job) -> Json {
        model.document()
    }

    fn read(&self, state: &Job, document: &Json) -> Job {
        state.read(document)
    }

    fn validate(&self, config: &Job) -> Result<()> {
        let mut problems = check_schedule(config);
        if let Some(target) = config.http_target.known() {
            problems.extend(check_http(target));
        }
        if let Some(target) = config.pubsub_target.known() {
            problems.extend(check_pubsub(target));
        }
        problems.into_result()
    }

    fn plan(&self, _prior: Option<&Job>, config: &Job, planned: &mut Job) -> Result<(), Diagnostic> {
        if let (Attr::Known(target), Some(config)) = (&mut planned.http_target, config.http_target.known()) {
            target.plan(config);
        }
        Ok(())
    }

    /// Whether it is paused is not in what a client may say of a job.
    async fn settle(&self, at: &Target, planned: &Job, document: Json) -> Result<Json, Error> {
        let paused = document["state"].as_str() == Some("PAUSED");
        let verb = match planned.paused.known() {
            Some(true) if !paused => "pause",
            Some(false) if paused => "resume",
            _ => return Ok(document),
        };
        at.documents.repeatable_verb(&at.name, verb, &json!({})).await
    }
}

fn check_schedule(config: &Job) -> Diagnostics {
    // One that is not known yet must not hide that the other is wrong.
    let schedule = Schedule {
        cron: config.schedule.as_deref().unwrap_or("0 0 * * *").to_owned(),
        time_zone: config.time_zone.as_deref().unwrap_or("UTC").to_owned(),
    };
    let Err(error) = schedule.check() else {
        return Diagnostics::new();
    };
    let attribute = match &error {
        ScheduleError::TimeZone(_) => "time_zone",
        ScheduleError::Cron { .. } | ScheduleError::Never(_) => "schedule",
    };
    Diagnostic::invalid(attribute, format!("`{attribute}` is not valid"))
        .detail(sentence(&error.to_string()))
        .into()
}

fn check_http(target: &HttpTarget) -> Diagnostics {
    let method = target.http_method.as_deref().unwrap_or("POST");
    if target.body.is_null() || target.http_method.is_unknown() || matches!(method, "POST" | "PUT" | "PATCH") {
        return Diagnostics::new();
    }
    Diagnostic::invalid(
        Path::attr("http_target").child("body"),
        format!("`http_target.body` cannot be sent with {method}"),
    )
    .hint("Only `POST`, `PUT` and `PATCH` have a body: remove it, or choose another `http_method`.")
    .into()
}

fn check_pubsub(target: &PubSubTarget) -> Diagnostics {
    let no_data = matches!(&target.data, Attr::Null) || target.data.as_deref() == Some("");
    let no_attributes = match &target.attributes {
        Attr::Null => true,
        Attr::Unknown => false,
        Attr::Known(attributes) => attributes.is_empty(),
    };
    if !(no_data && no_attributes) {
        return Diagnostics::new();
    }
    Diagnostic::invalid("pubsub_target", "`pubsub_target` publishes nothing")
        .hint("Set `pubsub_target.data`, or at least one of `pubsub_target.attributes`.")
        .into()
}
