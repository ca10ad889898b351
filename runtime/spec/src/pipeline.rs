//! The document itself: [`PipelineSpec`] and its parts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    CdcStreamSpec, Column, DqSuiteSpec, GcsUrl, LakeLayout, SalesforceConnection, check_object_name,
    check_pipeline_name,
};

/// The version of the document's shape. A runtime refuses a version that it does not know.
pub const API_VERSION: &str = "headwater.dev/v1";

/// What a pipeline is: written by the provider, executed by the runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineSpec {
    /// [`API_VERSION`].
    pub api_version: String,
    /// The pipeline's name, unique in its lake.
    pub name: String,
    /// The Google Cloud project of everything that the pipeline names without one.
    pub project: String,
    /// The region of the runtime.
    pub region: String,
    /// Labels put on jobs and tables, for cost attribution.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Who deployed this version of the spec, as far as is known: a principal or a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
    /// The work, when it is an extract. A spec has one kind of work; see [`PipelineSpec::check`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salesforce_extract: Option<SalesforceExtractSpec>,
    /// The work, when it is a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdc_stream: Option<CdcStreamSpec>,
    /// The work, when it is a suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dq_suite: Option<DqSuiteSpec>,
}

/// Salesforce → Parquet in the lake → BigQuery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesforceExtractSpec {
    /// The org.
    pub connection: SalesforceConnection,
    /// Where the pipeline's documents and data lie.
    pub lake: GcsUrl,
    /// Where its tables lie.
    pub dataset: DatasetRef,
    /// The objects by API name.
    pub objects: BTreeMap<String, ObjectSpec>,
    /// How far behind Salesforce's clock a window ends, in seconds: rows commit later than they are stamped.
    #[serde(default = "default_safety_lag")]
    pub safety_lag_seconds: u32,
    /// From how many rows on an object is read by Bulk API 2.0 instead of REST.
    #[serde(default = "default_bulk_threshold")]
    pub bulk_threshold_rows: u64,
    /// The size at which a Parquet part is closed, in bytes before compression.
    #[serde(default = "default_part_bytes")]
    pub part_target_bytes: u64,
    /// What becomes of rows that are deleted in Salesforce.
    #[serde(default)]
    pub deletes: Deletes,
    /// How much of the org's daily API requests may be used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_budget: Option<ApiBudget>,
    /// Suites that judge each batch before it is loaded: where their specs lie. A suite judges the object whose table is its
    /// target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality_gate: Vec<GcsUrl>,
}

const fn default_safety_lag() -> u32 {
    120
}
const fn default_bulk_threshold() -> u64 {
    10_000
}
const fn default_part_bytes() -> u64 {
    128 << 20
}

/// A BigQuery dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetRef {
    /// Its project.
    pub project: String,
    /// Its id.
    pub dataset: String,
    /// Its location, such as `EU`: jobs must name it.
    pub location: String,
}

/// One Salesforce object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectSpec {
    /// The target table's id.
    pub table: String,
    /// The columns as planned. The runtime describes the object again and evolves from here; see `evolve`.
    pub columns: Vec<Column>,
    /// Chosen fields; absent: every readable field, new ones included as they appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<String>>,
    /// Fields to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// A SOQL condition, without the word WHERE.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Everything each time, or what changed.
    #[serde(default)]
    pub mode: ReadMode,
}

/// How an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadMode {
    /// Rows changed since the watermark, by SystemModstamp.
    #[default]
    Incremental,
    /// All rows each time: for objects without a cursor, or whose formula fields must be fresh.
    Full,
}

/// What becomes of rows that are deleted in Salesforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// The row is removed from the table.
    #[default]
    Remove,
    /// The row stays, with `IsDeleted` true.
    Flag,
}

/// A limit of our own below Salesforce's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiBudget {
    /// Stop, resumable, when the org's usage (everybody's) has reached this share of its daily requests: 1 to 100.
    pub max_daily_percent: u8,
}

/// Why a spec is refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not JSON of this shape.
    #[error("the pipeline spec does not parse")]
    Parse(#[source] serde_json::Error),
    /// Another version.
    #[error(
        "the pipeline spec has api_version {0:?}, this runtime knows {API_VERSION:?}; deploy the runtime and the provider in matching versions"
    )]
    Version(String),
    /// A field has a value that cannot be.
    #[error("the pipeline spec's field {field} is wrong: {reason}")]
    Field {
        /// Its path.
        field: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Another kind of work than the caller does.
    #[error("pipeline {name} is a {found}, not a {wanted}; `headwater {command}` serves it")]
    Kind {
        /// The pipeline.
        name: String,
        /// The kind that the caller does.
        wanted: &'static str,
        /// The kind that the spec has.
        found: &'static str,
        /// The command that does it.
        command: &'static str,
    },
}

impl SpecError {
    /// A field that has a value that cannot be.
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

impl PipelineSpec {
    /// Reads and checks a spec.
    ///
    /// # Errors
    /// Names the field and the remedy.
    pub fn from_json(text: &[u8]) -> Result<Self, SpecError> {
        #[derive(Deserialize)]
        struct Version {
            api_version: String,
        }
        let Version { api_version } = serde_json::from_slice(text).map_err(SpecError::Parse)?;
        if api_version != API_VERSION {
            return Err(SpecError::Version(api_version));
        }
        let spec: Self = serde_json::from_slice(text).map_err(SpecError::Parse)?;
        spec.check()?;
        Ok(spec)
    }

    /// The document as it is written: indented for reviewers, ending with a line break, the same bytes for the same spec.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// SHA-256 of [`PipelineSpec::to_json`] in hexadecimal: what runs and tables name as their origin.
    pub fn hash(&self) -> String {
        Sha256::digest(self.to_json().as_bytes())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    /// Where this pipeline's objects lie.
    pub fn layout(&self) -> LakeLayout {
        LakeLayout::new(self.lake(), &self.name)
    }

    /// Where the pipeline's documents lie.
    fn lake(&self) -> &GcsUrl {
        static NOWHERE: std::sync::OnceLock<GcsUrl> = std::sync::OnceLock::new();
        let extract = self.salesforce_extract.as_ref().map(|extract| &extract.lake);
        let stream = self.cdc_stream.as_ref().map(|stream| &stream.lake);
        let suite = self.dq_suite.as_ref().map(|suite| &suite.lake);
        // `check` refuses a spec without work.
        extract
            .or(stream)
            .or(suite)
            .unwrap_or_else(|| NOWHERE.get_or_init(GcsUrl::nowhere))
    }

    /// The work of an extract.
    ///
    /// # Errors
    /// When the pipeline is another kind.
    pub fn extract(&self) -> Result<&SalesforceExtractSpec, SpecError> {
        let extract = self.salesforce_extract.as_ref();
        extract.ok_or_else(|| self.other_than("salesforce_extract"))
    }

    /// The work of a stream.
    ///
    /// # Errors
    /// When the pipeline is another kind.
    pub fn stream(&self) -> Result<&CdcStreamSpec, SpecError> {
        self.cdc_stream.as_ref().ok_or_else(|| self.other_than("cdc_stream"))
    }

    /// The work of a suite.
    ///
    /// # Errors
    /// When the pipeline is another kind.
    pub fn suite(&self) -> Result<&DqSuiteSpec, SpecError> {
        self.dq_suite.as_ref().ok_or_else(|| self.other_than("dq_suite"))
    }

    fn other_than(&self, wanted: &'static str) -> SpecError {
        let (found, command) = match (&self.salesforce_extract, &self.cdc_stream) {
            (Some(_), _) => ("salesforce_extract", "run"),
            (None, Some(_)) => ("cdc_stream", "stream"),
            (None, None) => ("dq_suite", "run"),
        };
        SpecError::Kind {
            name: self.name.clone(),
            wanted,
            found,
            command,
        }
    }

    /// The JSON Schema of the document.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), SpecError> {
        check_pipeline_name(&self.name).map_err(|e| SpecError::field("name", e.to_string()))?;
        let second = |field: &str, first: &str| {
            let reason = format!("{first} is there too: a pipeline does one of the three");
            Err(SpecError::field(field, reason))
        };
        match (&self.salesforce_extract, &self.cdc_stream, &self.dq_suite) {
            (Some(extract), None, None) => extract.check(),
            (None, Some(stream), None) => stream.check(),
            (None, None, Some(suite)) => suite.check(),
            (Some(_), Some(_), _) => second("cdc_stream", "salesforce_extract"),
            (Some(_), None, Some(_)) => second("dq_suite", "salesforce_extract"),
            (None, Some(_), Some(_)) => second("dq_suite", "cdc_stream"),
            (None, None, None) => {
                let reason = "it is missing, and cdc_stream and dq_suite too: a pipeline does one of the three";
                Err(SpecError::field("salesforce_extract", reason))
            }
        }
    }
}

impl SalesforceExtractSpec {
    fn check(&self) -> Result<(), SpecError> {
        let field = |field: &str, reason: String| SpecError::field(field, reason);
        let extract = self;
        if extract.objects.is_empty() {
            return Err(field(
                "salesforce_extract.objects",
                "it is empty: name at least one object".into(),
            ));
        }
        if let Some(budget) = extract.api_budget
            && !(1..=100).contains(&budget.max_daily_percent)
        {
            let reason = format!("{} is not a percentage from 1 to 100", budget.max_daily_percent);
            return Err(field("salesforce_extract.api_budget.max_daily_percent", reason));
        }
        for (index, gate) in extract.quality_gate.iter().enumerate() {
            if !gate.path().ends_with("/spec.json") || extract.quality_gate[..index].contains(gate) {
                let reason = format!("{gate} is not the URL of a suite's spec.json, or is there twice");
                return Err(field(&format!("salesforce_extract.quality_gate[{index}]"), reason));
            }
        }
        for (name, object) in &extract.objects {
            let path = |tail: &str| format!("salesforce_extract.objects.{name}{tail}");
            check_object_name(name).map_err(|e| field(&path(""), e.to_string()))?;
            if object.columns.is_empty() {
                return Err(field(&path(".columns"), "it is empty".into()));
            }
            if !object.columns.iter().any(|c| c.field == "Id") {
                return Err(field(
                    &path(".columns"),
                    "the field Id is missing: it is the key of the table".into(),
                ));
            }
        }
        Ok(())
    }
}

impl ObjectSpec {
    /// A hash of what decides which rows are read. When it changes, a watermark no longer says what is in the table.
    pub fn selection(&self, object: &str) -> String {
        let text = format!("{object}\n{}", self.condition.as_deref().unwrap_or(""));
        Sha256::digest(text.as_bytes())
            .iter()
            .take(8)
            .map(|b| format!("{b:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> serde_json::Value {
        serde_json::json!({
            "api_version": "headwater.dev/v1", "name": "crm", "project": "acme-data", "region": "europe-west1",
            "salesforce_extract": {
                "connection": {"id": "projects/p/secrets/s", "login_url": "https://acme.my.salesforce.com", "api_version": "66.0",
                    "auth": {"flow": "client_credentials", "client_id": "3MVG", "client_secret": "projects/p/secrets/s/versions/1"}},
                "lake": "gs://lake", "dataset": {"project": "acme-data", "dataset": "raw", "location": "EU"},
                "objects": {"Account": {"table": "Account", "columns": [
                    {"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"}]}}
            }
        })
    }

    fn read(value: &serde_json::Value) -> Result<PipelineSpec, String> {
        PipelineSpec::from_json(value.to_string().as_bytes())
            .map_err(|e| std::error::Error::source(&e).map_or_else(|| e.to_string(), |source| format!("{e}: {source}")))
    }

    #[test]
    fn a_spec_survives_the_way_through_json() {
        let spec = read(&sample()).unwrap();
        let again = PipelineSpec::from_json(spec.to_json().as_bytes()).unwrap();
        assert_eq!(spec, again);
        assert_eq!(spec.hash(), again.hash());
        assert_eq!(spec.extract().unwrap().safety_lag_seconds, 120);
        assert!(
            spec.stream()
                .unwrap_err()
                .to_string()
                .contains("`headwater run` serves it")
        );
        assert_eq!(spec.layout().spec_url(), "gs://lake/headwater/pipelines/crm/spec.json");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases: [(&str, serde_json::Value, &str); 11] = [
            ("/salesforce_extract", serde_json::Value::Null, "one of the three"),
            ("/dq_suite", crate::dq::sample(), "salesforce_extract is there too"),
            (
                "/cdc_stream",
                crate::stream::sample(),
                "salesforce_extract is there too",
            ),
            ("/api_version", "headwater.dev/v9".into(), "matching versions"),
            ("/name", "No Name".into(), "field name is wrong"),
            ("/salesforce_extract/lake", "s3://x".into(), "gs://BUCKET"),
            (
                "/salesforce_extract/objects",
                serde_json::json!({}),
                "at least one object",
            ),
            (
                "/salesforce_extract/objects/Account/columns",
                serde_json::json!([]),
                "objects.Account.columns",
            ),
            (
                "/salesforce_extract/objects/Account/columns/0/field",
                "Name".into(),
                "the field Id is missing",
            ),
            (
                "/salesforce_extract/objects/Account/columns/0/type",
                "MONEY".into(),
                "MONEY",
            ),
            (
                "/salesforce_extract/connection/auth/flow",
                "password".into(),
                "password",
            ),
        ];
        for (path, value, expected) in cases {
            let mut document = sample();
            match path.rsplit_once('/') {
                Some(("", member)) => document[member] = value,
                _ => *document.pointer_mut(path).unwrap() = value,
            }
            let error = read(&document).expect_err(path);
            assert!(error.contains(expected), "{path}: {error}");
        }
    }
}
