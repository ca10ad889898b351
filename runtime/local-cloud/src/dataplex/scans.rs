//! Data scans as they are stored, changed and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::check;
use super::shapes::SCAN;
use crate::clock::stamp;
use crate::dataform::remove_all;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{read, updated};
use crate::iam;
use crate::operations::{self, Outcome};
use crate::page::page;
use crate::store::{Txn, View, key, under};

/// What only the full view shows.
const DETAILS: [&str; 3] = ["dataQualitySpec", "dataProfileSpec", "dataQualityResult"];
/// What says which type it is.
const SPECS: [&str; 2] = ["dataQualitySpec", "dataProfileSpec"];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ScanName {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) scan: String,
}

impl std::fmt::Display for ScanName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "projects/{}/locations/{}/dataScans/{}",
            self.project, self.location, self.scan
        )
    }
}

impl ScanName {
    pub(super) fn of(call: &Call) -> ScanName {
        ScanName {
            project: call.param("project").to_owned(),
            location: call.param("location").to_owned(),
            scan: call.param("scan").to_owned(),
        }
    }

    pub(super) fn key(&self) -> Vec<u8> {
        key(&["dataplex", "scans", &self.project, &self.location, &self.scan])
    }

    fn policy_key(&self) -> Vec<u8> {
        key(&["dataplex", "iam", &self.project, &self.location, &self.scan])
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scan {
    pub(super) name: ScanName,
    uid: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    pub(super) settings: Map<String, Value>,
    /// When its schedule is due next.
    #[serde(default)]
    pub(super) next: Option<DateTime<Utc>>,
    /// Up to where an incremental scan has read.
    #[serde(default)]
    pub(super) scanned_to: Option<String>,
    /// The last job.
    #[serde(default)]
    pub(super) latest: Option<Latest>,
    /// What the last job that succeeded found.
    #[serde(default)]
    pub(super) result: Option<Value>,
}

/// The times of a job.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Latest {
    pub(super) created: DateTime<Utc>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) ended: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Detail {
    Basic,
    Full,
}

impl Scan {
    pub(super) fn read(view: &impl View, name: &ScanName) -> Result<Scan, ApiError> {
        view.get(&name.key())?
            .ok_or_else(|| ApiError::not_found(format!("Resource '{name}' was not found")))
    }

    /// Finds out when its schedule is due next.
    pub(super) fn schedule_next(&mut self, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.next = check::schedule(&self.settings)?.and_then(|schedule| schedule.next(now));
        Ok(())
    }

    fn execution_status(&self) -> Value {
        let mut status = Map::new();
        if let Some(Latest {
            created,
            started,
            ended,
        }) = self.latest
        {
            status.insert("latestJobCreateTime".into(), json!(stamp(created)));
            for (name, time) in [("latestJobStartTime", started), ("latestJobEndTime", ended)] {
                if let Some(time) = time {
                    status.insert(name.into(), json!(stamp(time)));
                }
            }
        }
        Value::Object(status)
    }

    fn resource(&self, detail: Detail) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name.to_string()));
        out.insert("uid".into(), json!(self.uid));
        out.extend(self.settings.clone());
        out.insert("state".into(), json!("ACTIVE"));
        out.insert("createTime".into(), json!(stamp(self.created)));
        out.insert("updateTime".into(), json!(stamp(self.updated)));
        let quality = self.settings.contains_key("dataQualitySpec");
        out.insert(
            "type".into(),
            json!(if quality { "DATA_QUALITY" } else { "DATA_PROFILE" }),
        );
        out.insert("executionStatus".into(), self.execution_status());
        if let Some(result) = &self.result {
            out.insert("dataQualityResult".into(), result.clone());
        }
        if detail == Detail::Basic {
            out.retain(|name, _| !DETAILS.contains(&name.as_str()));
        }
        Value::Object(out)
    }
}

impl Detail {
    /// The view that a call asks for, of a scan or of a job.
    pub(super) fn of(call: &Call) -> Result<Detail, ApiError> {
        match call.query.get("view") {
            None | Some("DATA_SCAN_VIEW_UNSPECIFIED" | "DATA_SCAN_JOB_VIEW_UNSPECIFIED" | "BASIC" | "0" | "1") => {
                Ok(Detail::Basic)
            }
            Some("FULL" | "10") => Ok(Detail::Full),
            Some(other) => Err(ApiError::invalid(format!(
                "Invalid value at 'view' (TYPE_ENUM), \"{other}\""
            ))),
        }
    }
}

/// What a caller sent, checked, with what Dataplex fills in.
fn complete(mut settings: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    check::scan(&settings)?;
    let spec = settings.entry("executionSpec").or_insert_with(|| json!({}));
    if spec["trigger"].as_object().is_none_or(Map::is_empty) {
        spec["trigger"] = json!({ "onDemand": {} });
    }
    settings
        .entry("executionIdentity")
        .or_insert_with(|| json!({ "dataplexServiceAgent": {} }));
    Ok(settings)
}

/// Begins the operation that a change is answered with.
fn operation(txn: &mut Txn<'_>, name: &ScanName, verb: &str, response: Value) -> Result<Value, ApiError> {
    let metadata = json!({
        "@type": "type.googleapis.com/google.cloud.dataplex.v1.OperationMetadata",
        "createTime": stamp(Utc::now()),
        "target": name.to_string(),
        "verb": verb,
        "requestedCancellation": false,
        "apiVersion": "v1",
    });
    let outcome = Outcome::Answer {
        metadata: metadata.clone(),
        response,
    };
    let operation = operations::begin(txn, &name.project, &name.location, outcome)?;
    Ok(operations::begun(&operation, &metadata))
}

fn typed(scan: &Scan) -> Value {
    let mut resource = scan.resource(Detail::Full);
    resource["@type"] = json!("type.googleapis.com/google.cloud.dataplex.v1.DataScan");
    resource
}

pub(super) async fn create(mut call: Call) -> Answer {
    let settings = read(call.json().await?, SCAN, "data_scan")?;
    let id = call
        .query
        .get("dataScanId")
        .ok_or_else(|| ApiError::required("dataScanId"))?
        .to_owned();
    check::id(&id)?;
    let settings = complete(settings)?;
    let name = ScanName {
        scan: id,
        ..ScanName::of(&call)
    };
    let validate_only = call.query.flag("validateOnly");
    let due_from = call.cloud.clock.now();
    let operation = call.cloud.store.write(move |txn| {
        if txn.bytes(&name.key())?.is_some() {
            return Err(ApiError::exists(format!("Resource '{name}' already exists")));
        }
        let now = Utc::now();
        let mut scan = Scan {
            uid: uuid::Uuid::new_v4().to_string(),
            created: now,
            updated: now,
            settings,
            name,
            next: None,
            scanned_to: None,
            latest: None,
            result: None,
        };
        scan.schedule_next(due_from)?;
        if validate_only {
            return Ok(operations::validated(
                &scan.name.project,
                &scan.name.location,
                &typed(&scan),
            ));
        }
        txn.put(scan.name.key(), &scan)?;
        operation(txn, &scan.name, "create", typed(&scan))
    });
    let begun = operation.await?;
    call.cloud.dataplex.changed.notify_one();
    ok(&begun)
}

pub(super) async fn list(call: Call) -> Answer {
    for unserved in ["filter", "orderBy"] {
        if call.query.get(unserved).is_some() {
            return Err(ApiError::unimplemented(format_args!(
                "dataplex.dataScans.list with {unserved}"
            )));
        }
    }
    let name = ScanName::of(&call);
    let prefix = under(&["dataplex", "scans", &name.project, &name.location]);
    let all: Vec<Scan> = call.cloud.store.snapshot()?.all(&prefix)?;
    let resources = all.iter().map(|scan| scan.resource(Detail::Basic)).collect();
    ok(&page(&call.query, "dataScans", resources, 500)?)
}

pub(super) async fn get(call: Call) -> Answer {
    let detail = Detail::of(&call)?;
    let scan = Scan::read(&call.cloud.store.snapshot()?, &ScanName::of(&call))?;
    ok(&scan.resource(detail))
}

pub(super) async fn patch(mut call: Call) -> Answer {
    let body = read(call.json().await?, SCAN, "data_scan")?;
    let name = ScanName::of(&call);
    let mask = call.query.get("updateMask").map(str::to_owned);
    let validate_only = call.query.flag("validateOnly");
    let due_from = call.cloud.clock.now();
    let operation = call.cloud.store.write(move |txn| {
        let mut scan = Scan::read(txn, &name)?;
        let settings = complete(updated(&scan.settings, &body, mask.as_deref(), SCAN)?)?;
        let immutable = [
            ("data", scan.settings["data"] == settings["data"]),
            (
                "execution_spec.field",
                scan.settings["executionSpec"]["field"] == settings["executionSpec"]["field"],
            ),
            (
                "execution_identity",
                scan.settings["executionIdentity"] == settings["executionIdentity"],
            ),
            (
                "type",
                SPECS
                    .iter()
                    .all(|spec| scan.settings.contains_key(*spec) == settings.contains_key(*spec)),
            ),
        ];
        if let Some((field, _)) = immutable.into_iter().find(|(_, same)| !same) {
            return Err(ApiError::invalid(format!(
                "data_scan.{field} is immutable and cannot be updated."
            )));
        }
        scan.settings = settings;
        scan.updated = Utc::now();
        scan.schedule_next(due_from)?;
        if validate_only {
            return Ok(operations::validated(&name.project, &name.location, &typed(&scan)));
        }
        txn.put(name.key(), &scan)?;
        operation(txn, &name, "update", typed(&scan))
    });
    let begun = operation.await?;
    call.cloud.dataplex.changed.notify_one();
    ok(&begun)
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = ScanName::of(&call);
    let jobs = super::jobs::below(&name);
    call.cloud.dataplex.running.cancel_under(&jobs);
    let operation = call.cloud.store.write(move |txn| {
        Scan::read(txn, &name)?;
        remove_all(txn, &jobs)?;
        txn.remove(name.key());
        txn.remove(name.policy_key());
        operation(
            txn,
            &name,
            "delete",
            json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }),
        )
    });
    ok(&operation.await?)
}

pub(super) async fn get_policy(call: Call) -> Answer {
    let name = ScanName::of(&call);
    Scan::read(&call.cloud.store.snapshot()?, &name)?;
    ok(&iam::get(&call.cloud, &name.policy_key())?)
}

pub(super) async fn set_policy(call: Call) -> Answer {
    let name = ScanName::of(&call);
    Scan::read(&call.cloud.store.snapshot()?, &name)?;
    iam::set_call(call, name.policy_key()).await
}
