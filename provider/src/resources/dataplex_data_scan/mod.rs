//! `headwater_dataplex_data_scan`: <https://cloud.google.com/dataplex/docs/reference/rest/v1/projects.locations.dataScans>

mod profile;
mod quality;
mod rule;
mod schema;

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, PatchBy, Service};
use headwater_spec::{Schedule, ScheduleError};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic, Path, Result, Schema};

use crate::labels::{self, Labels};
use crate::rest::fields::text;
use crate::rest::{Api, Described, Parts, Pattern, Target};
use profile::Profile;
use quality::Quality;
pub(crate) use schema::{sampling_percent, scan_id};

/// What stands before a table's id in its full resource name.
const BIGQUERY: &str = "//bigquery.googleapis.com/";

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DataScan;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    name: Attr<String>,
    region: Attr<String>,
    project: Attr<String>,
    table: Attr<String>,
    display_name: Attr<String>,
    description: Attr<String>,
    labels: Attr<Labels>,
    schedule: Attr<When>,
    incremental_field: Attr<String>,
    service_account: Attr<String>,
    data_quality_spec: Attr<Quality>,
    data_profile_spec: Attr<Profile>,
    uid: Attr<String>,
    create_time: Attr<String>,
    id: Attr<String>,
}

/// When it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct When {
    cron: Attr<String>,
    time_zone: Attr<String>,
}

impl When {
    fn document(&self) -> Json {
        let (cron, zone) = (self.cron.as_deref(), self.time_zone.as_deref());
        json!({ "schedule": { "cron": format!("TZ={} {}", zone.unwrap_or("UTC"), cron.unwrap_or_default()) } })
    }

    fn read(trigger: &Json) -> Attr<When> {
        let Some(cron) = trigger["schedule"]["cron"].as_str() else {
            return Attr::Null;
        };
        let zoned = cron.strip_prefix("CRON_TZ=").or_else(|| cron.strip_prefix("TZ="));
        let (zone, cron) = zoned.and_then(|rest| rest.split_once(' ')).unwrap_or(("UTC", cron));
        Attr::Known(When {
            cron: cron.trim().into(),
            time_zone: zone.into(),
        })
    }

    fn check(&self) -> Result<(), Diagnostic> {
        let schedule = Schedule {
            cron: self.cron.as_deref().unwrap_or("0 0 * * *").to_owned(),
            time_zone: self.time_zone.as_deref().unwrap_or("UTC").to_owned(),
        };
        schedule.check().map_err(|error| {
            let part = match error {
                ScheduleError::TimeZone(_) => "time_zone",
                ScheduleError::Cron { .. } | ScheduleError::Never(_) => "cron",
            };
            Diagnostic::invalid(Path::attr("schedule").child(part), error.to_string())
        })
    }
}

#[async_trait]
impl Described for DataScan {
    type Model = Model;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_dataplex_data_scan",
            noun: "data scan",
            service: Service::Dataplex,
            name: Pattern("projects/{project}/locations/{region}/dataScans/{name}"),
            create: CreateBy::Query("dataScanId"),
            patch: PatchBy::Query,
            // A list shows no scan's rules.
            listing: None,
            labelled: true,
            operations: true,
        }
    }

    fn view(&self) -> &'static [(&'static str, &'static str)] {
        &[("view", "FULL")]
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn parts<'a>(&self, model: &'a mut Model) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![
                ("project", &mut model.project),
                ("region", &mut model.region),
                ("name", &mut model.name),
            ],
        }
    }

    fn validate(&self, config: &Model) -> Result<()> {
        if let Some(schedule) = config.schedule.known() {
            schedule.check()?;
        }
        if let Some(quality) = config.data_quality_spec.known() {
            quality.check(&Path::attr("data_quality_spec"))?;
        }
        Ok(())
    }

    fn document(&self, model: &Model) -> Json {
        let trigger = match &model.schedule {
            Attr::Known(when) => when.document(),
            Attr::Null | Attr::Unknown => json!({ "onDemand": {} }),
        };
        let identity = match model.service_account.as_deref() {
            Some(email) => json!({ "serviceAccount": { "email": email } }),
            None => json!({ "dataplexServiceAgent": {} }),
        };
        json!({
            "data": { "resource": model.table.as_deref().map(|table| format!("{BIGQUERY}{table}")) },
            "displayName": model.display_name.as_deref(),
            "description": model.description.as_deref(),
            "labels": labels::wanted(&model.labels, false),
            "executionSpec": { "trigger": trigger, "field": model.incremental_field.as_deref() },
            "executionIdentity": identity,
            "dataQualitySpec": model.data_quality_spec.known().map(Quality::document),
            "dataProfileSpec": model.data_profile_spec.known().map(Profile::document),
        })
    }

    fn read(&self, state: &Model, document: &Json) -> Model {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let resource = document["data"]["resource"].as_str().unwrap_or_default();
        Model {
            table: Some(resource.strip_prefix(BIGQUERY).unwrap_or(resource))
                .filter(|table| !table.is_empty())
                .map(str::to_owned)
                .into(),
            display_name: field("displayName"),
            description: field("description"),
            labels: labels::read(&document["labels"], &state.labels),
            schedule: When::read(&document["executionSpec"]["trigger"]),
            incremental_field: text(&document["executionSpec"]["field"], &Attr::Null),
            service_account: text(&document["executionIdentity"]["serviceAccount"]["email"], &Attr::Null),
            data_quality_spec: Quality::read(&document["dataQualitySpec"]),
            data_profile_spec: Profile::read(&document["dataProfileSpec"]),
            uid: field("uid"),
            create_time: field("createTime"),
            ..state.clone()
        }
    }

    async fn settle(&self, at: &Target, _planned: &Model, document: Json) -> Result<Json, Error> {
        // An answer in the basic view has no rules, which is not to say that the scan has none.
        let whole = document["dataQualitySpec"].is_object() || document["dataProfileSpec"].is_object();
        if whole { Ok(document) } else { at.get().await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Rest;
    use tfplugin_framework::check_resource;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_resource(&Rest(DataScan)), Default::default());
    }

    #[test]
    fn schedules_carry_their_time_zone() {
        for (cron, zone) in [("0 6 * * *", "UTC"), ("*/5 * * * 1-5", "Europe/Berlin")] {
            let when = When {
                cron: cron.into(),
                time_zone: zone.into(),
            };
            assert_eq!(When::read(&when.document()), Attr::Known(when));
        }
        let by_hand = When::read(&json!({"schedule": {"cron": "CRON_TZ=Asia/Kolkata 1 2 * * *"}}));
        assert_eq!(
            by_hand.known().and_then(|when| when.time_zone.as_deref()),
            Some("Asia/Kolkata")
        );
        let bare = When::read(&json!({"schedule": {"cron": "1 2 * * *"}}));
        assert_eq!(bare.known().and_then(|when| when.time_zone.as_deref()), Some("UTC"));
    }
}
