//! The work of a stream: change events → Pub/Sub → a changelog and a current table for each entity.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stream_tables::is_system;
use crate::{
    Column, DatasetRef, Engine, GcsUrl, JsonPath, SalesforceConnection, Scaling, SpecError, check_object_name,
};

/// Change events → Pub/Sub → BigQuery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CdcStreamSpec {
    /// Where changes come from.
    pub source: StreamSource,
    /// What they travel through.
    pub transport: Transport,
    /// Where positions and records of the stream lie.
    pub lake: GcsUrl,
    /// Where its tables lie.
    pub dataset: DatasetRef,
    /// The entities by the name that their messages carry.
    pub entities: BTreeMap<String, EntitySpec>,
    /// When a batch is written.
    #[serde(default)]
    pub batching: Batching,
    /// Streaming pulls that one worker keeps open.
    #[serde(default = "default_parallelism")]
    pub parallelism: u32,
    /// What becomes of fields that no column is for.
    #[serde(default)]
    pub drift: DriftPolicy,
    /// What executes it.
    #[serde(default, skip_serializing_if = "Engine::is_runtime")]
    pub engine: Engine,
    /// How many workers there are by what waits before them; absent: as many as the pool says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// A topic that is told when the stream starts, stops, changes a table or repairs a gap: `projects/P/topics/T`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_topic: Option<String>,
    /// A topic that is told what somebody should look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_topic: Option<String>,
}

pub(crate) const fn default_parallelism() -> u32 {
    2
}

/// Where changes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamSource {
    /// Salesforce's change events, brought into the topic by the bridge.
    Salesforce(SalesforceSource),
    /// Messages that somebody else puts into the subscription.
    Subscription(SubscriptionSource),
}

/// Salesforce's change data capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesforceSource {
    /// The org.
    pub connection: SalesforceConnection,
    /// The channel, such as `/data/ChangeEvents` or `/data/Crm__chn`; absent: each entity's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Whether the records that exist when the stream begins are read once and put before its events.
    #[serde(default)]
    pub initial_snapshot: bool,
}

/// A subscription that others fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionSource {
    /// The messages' shape.
    pub format: MessageFormat,
}

/// The shape of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageFormat {
    /// The bridge's own: one record's change, as Salesforce describes it.
    Salesforce,
    /// Debezium's envelope, with or without `schema`. <https://debezium.io/documentation/reference/stable/connectors/>
    Debezium(Debezium),
    /// Anything else that is JSON.
    Mapping(Box<Mapping>),
}

/// What Debezium's envelope does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Debezium {
    /// The columns of the key, by entity (the table's name in the source).
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Where the parts of a change are in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The record's id: text or a number.
    pub key: JsonPath,
    /// What happened; absent: every message is an upsert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<JsonPath>,
    /// What the operation's texts mean, for texts other than `create`, `update`, `delete`, `undelete` and `snapshot`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<String, Operation>,
    /// What orders the changes of a record: a whole number, or a time in RFC 3339.
    pub order: JsonPath,
    /// What orders changes that are equal in `order`: a whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<JsonPath>,
    /// The object that holds the fields; absent: the document itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<JsonPath>,
    /// Whose change it is; absent: that of the one entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<JsonPath>,
    /// When it happened, in RFC 3339 or milliseconds since 1970; absent: when it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<JsonPath>,
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It was made: the fields are the whole record.
    Create,
    /// Some fields were changed: those that are there.
    Update,
    /// It was deleted.
    Delete,
    /// It was brought back.
    Undelete,
    /// It was read: the fields are the whole record.
    Snapshot,
}

/// The topic and what hangs on it; full names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transport {
    /// `projects/P/topics/T`.
    pub topic: String,
    /// What the applier pulls: `projects/P/subscriptions/S`.
    pub subscription: String,
    /// Where messages go that cannot be applied: `projects/P/topics/T`.
    pub dead_letter_topic: String,
    /// What `replay-dead-letters` pulls: `projects/P/subscriptions/S`.
    pub dead_letter_subscription: String,
}

/// One entity: a Salesforce object, or a table of another source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntitySpec {
    /// The table of all changes.
    pub changelog: String,
    /// The table of the records as they are; absent: none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// What becomes of deleted records in the current table.
    #[serde(default)]
    pub deletes: StreamDeletes,
    /// The columns as planned, beside those that every such table has.
    pub columns: Vec<Column>,
    /// Days for which changes are kept; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// What becomes of deleted records in the current table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamDeletes {
    /// The row is removed.
    #[default]
    Hard,
    /// The row stays, with `_deleted` true.
    Soft,
}

/// When a batch is written: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Batching {
    /// Changes.
    pub rows: u32,
    /// Bytes of messages.
    pub bytes: u64,
    /// Milliseconds since the batch's first message.
    pub milliseconds: u32,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            rows: 5_000,
            bytes: 4 << 20,
            milliseconds: 200,
        }
    }
}

/// What becomes of fields that no column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftPolicy {
    /// A column is added.
    #[default]
    Evolve,
    /// The field is left out, and counted.
    Freeze,
    /// The message goes to the dead-letter topic.
    Quarantine,
}

impl CdcStreamSpec {
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let at = |tail: &str| format!("cdc_stream.{tail}");
        if self.entities.is_empty() {
            return Err(SpecError::field(
                at("entities"),
                "it is empty: name at least one entity",
            ));
        }
        let names = [
            ("topic", &self.transport.topic, "topics"),
            ("subscription", &self.transport.subscription, "subscriptions"),
            ("dead_letter_topic", &self.transport.dead_letter_topic, "topics"),
            (
                "dead_letter_subscription",
                &self.transport.dead_letter_subscription,
                "subscriptions",
            ),
        ];
        for (field, name, collection) in names {
            if !is_full_name(name, collection) {
                let reason = format!("{name:?} is not a full name: write projects/PROJECT/{collection}/NAME");
                return Err(SpecError::field(at(&format!("transport.{field}")), reason));
            }
        }
        for (field, topic) in [("status_topic", &self.status_topic), ("alert_topic", &self.alert_topic)] {
            if let Some(name) = topic.as_deref().filter(|name| !is_full_name(name, "topics")) {
                let reason = format!("{name:?} is not a full name: write projects/PROJECT/topics/NAME");
                return Err(SpecError::field(at(field), reason));
            }
        }
        if self.transport.topic == self.transport.dead_letter_topic {
            let reason = "it is the topic itself: what cannot be applied would come back for ever";
            return Err(SpecError::field(at("transport.dead_letter_topic"), reason));
        }
        let limits = [
            ("batching.rows", u64::from(self.batching.rows), 1, 50_000),
            ("batching.bytes", self.batching.bytes, 1 << 10, 8 << 20),
            (
                "batching.milliseconds",
                u64::from(self.batching.milliseconds),
                1,
                60_000,
            ),
            ("parallelism", u64::from(self.parallelism), 1, 64),
        ];
        for (field, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                let reason = format!("{value} is not within {least} and {most}");
                return Err(SpecError::field(at(field), reason));
            }
        }
        self.check_source()?;
        if let Some(scaling) = &self.scaling {
            scaling.check()?;
        }
        if let Engine::Dataflow(dataflow) = &self.engine {
            dataflow.check(self)?;
        }
        let mut tables = BTreeSet::new();
        for (name, entity) in &self.entities {
            entity.check(name, &mut tables)?;
        }
        Ok(())
    }

    fn check_source(&self) -> Result<(), SpecError> {
        match &self.source {
            StreamSource::Salesforce(source) => {
                if let Some(channel) = &source.channel
                    && !channel.starts_with("/data/")
                {
                    let reason = format!("{channel:?} is not a channel: write /data/ChangeEvents or /data/NAME__chn");
                    return Err(SpecError::field("cdc_stream.source.salesforce.channel", reason));
                }
                Ok(())
            }
            StreamSource::Subscription(source) => {
                let path = "cdc_stream.source.subscription.format";
                match &source.format {
                    MessageFormat::Salesforce => Ok(()),
                    MessageFormat::Debezium(debezium) => {
                        let keyless = |name: &&String| debezium.keys.get(*name).is_none_or(Vec::is_empty);
                        self.entities.keys().find(keyless).map_or(Ok(()), |name| {
                            let reason = format!("entity {name} has no key: name the columns of its key");
                            Err(SpecError::field(format!("{path}.debezium.keys"), reason))
                        })
                    }
                    MessageFormat::Mapping(mapping) if mapping.entity.is_none() && self.entities.len() > 1 => {
                        let reason = format!(
                            "it is missing, and there are {} entities: say where a message names its own",
                            self.entities.len()
                        );
                        Err(SpecError::field(format!("{path}.mapping.entity"), reason))
                    }
                    MessageFormat::Mapping(_) => Ok(()),
                }
            }
        }
    }
}

impl EntitySpec {
    fn check<'a>(&'a self, name: &str, tables: &mut BTreeSet<&'a str>) -> Result<(), SpecError> {
        let path = |tail: &str| format!("cdc_stream.entities.{name}{tail}");
        check_object_name(name).map_err(|e| SpecError::field(path(""), e.to_string()))?;
        if self.columns.is_empty() {
            return Err(SpecError::field(path(".columns"), "it is empty"));
        }
        if let Some(column) = self.columns.iter().find(|column| is_system(&column.name)) {
            let reason = format!("{} is one of the stream's own columns", column.name);
            return Err(SpecError::field(path(".columns"), reason));
        }
        for (tail, table) in [
            (".changelog", Some(&self.changelog)),
            (".current", self.current.as_ref()),
        ] {
            let Some(table) = table else { continue };
            if !tables.insert(table) {
                let reason = format!("the table {table} is used twice");
                return Err(SpecError::field(path(tail), reason));
            }
        }
        if self.retention_days == Some(0) {
            return Err(SpecError::field(
                path(".retention_days"),
                "it is 0: leave it out to keep changes for ever",
            ));
        }
        Ok(())
    }
}

/// Whether a name is `projects/P/COLLECTION/X`.
fn is_full_name(name: &str, collection: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", project, of, id] if *of == collection && !project.is_empty() && !id.is_empty())
}

#[cfg(test)]
pub(crate) fn sample() -> serde_json::Value {
    serde_json::json!({
        "source": {"subscription": {"format": "salesforce"}},
        "transport": {
            "topic": "projects/p/topics/crm", "subscription": "projects/p/subscriptions/crm",
            "dead_letter_topic": "projects/p/topics/crm-dead", "dead_letter_subscription": "projects/p/subscriptions/crm-dead"
        },
        "lake": "gs://lake", "dataset": {"project": "acme-data", "dataset": "raw", "location": "EU"},
        "entities": {"Account": {"changelog": "Account_changes", "current": "Account", "columns": [
            {"name": "Name", "field": "Name", "salesforce_type": "string", "type": "STRING"}]}}
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::PipelineSpec;

    fn read(stream: &serde_json::Value) -> Result<PipelineSpec, String> {
        let document = json!({
            "api_version": "headwater.dev/v1", "name": "crm", "project": "acme-data", "region": "europe-west1",
            "cdc_stream": stream,
        });
        PipelineSpec::from_json(document.to_string().as_bytes())
            .map_err(|e| std::error::Error::source(&e).map_or_else(|| e.to_string(), |source| format!("{e}: {source}")))
    }

    #[test]
    fn a_stream_survives_the_way_through_json() {
        let spec = read(&sample()).unwrap();
        assert_eq!(PipelineSpec::from_json(spec.to_json().as_bytes()).unwrap(), spec);
        assert_eq!(spec.layout().spec_url(), "gs://lake/headwater/pipelines/crm/spec.json");
        assert!(
            spec.extract()
                .unwrap_err()
                .to_string()
                .contains("`headwater stream` serves it")
        );
        assert_eq!(spec.stream().unwrap().batching, Batching::default());
        let pool = "projects/acme-data/locations/europe-west1/workerPools/headwater-crm";
        assert_eq!(spec.worker_pool().as_deref(), Some(pool));
    }

    #[test]
    fn every_source_is_read() {
        let sources = [
            json!({"subscription": {"format": "salesforce"}}),
            json!({"subscription": {"format": {"debezium": {"keys": {"Account": ["id"]}}}}}),
            json!({"subscription": {"format": {"mapping": {"key": "$.id", "order": "$.at"}}}}),
            json!({"subscription": {"format": {"mapping": {"key": "$.k['a b'][0]", "operation": "$.op", "operations": {"I": "create"},
                "order": "$.lsn", "sequence": "$.n", "payload": "$.row", "entity": "$.table", "timestamp": "$.ts"}}}}),
            json!({"salesforce": {"channel": "/data/ChangeEvents", "initial_snapshot": true, "connection": {
                "id": "projects/p/secrets/s", "login_url": "https://acme.my.salesforce.com", "api_version": "66.0",
                "auth": {"flow": "client_credentials", "client_id": "3MVG", "client_secret": "projects/p/secrets/s/versions/1"}}}}),
        ];
        for source in sources {
            let mut stream = sample();
            stream["source"] = source;
            stream["scaling"] =
                json!({"min_workers": 1, "max_workers": 8, "target_backlog": 20_000, "scale_down_seconds": 600});
            let spec = read(&stream).unwrap();
            assert_eq!(PipelineSpec::from_json(spec.to_json().as_bytes()).unwrap(), spec);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let two = json!({
            "A": {"changelog": "a", "columns": sample()["entities"]["Account"]["columns"]},
            "B": {"changelog": "a", "columns": sample()["entities"]["Account"]["columns"]},
        });
        let cases: [(&str, serde_json::Value, &str); 13] = [
            ("/entities", json!({}), "at least one entity"),
            (
                "/entities",
                two,
                "entities.B.changelog is wrong: the table a is used twice",
            ),
            ("/entities/Account/columns", json!([]), "entities.Account.columns"),
            (
                "/entities/Account/columns/0/name",
                "_record_id".into(),
                "one of the stream's own columns",
            ),
            ("/entities/Account/current", "Account_changes".into(), "used twice"),
            ("/entities/Account/deletes", "never".into(), "never"),
            ("/transport/topic", "crm".into(), "projects/PROJECT/topics/NAME"),
            (
                "/transport/dead_letter_topic",
                "projects/p/topics/crm".into(),
                "for ever",
            ),
            (
                "/batching",
                json!({"rows": 0}),
                "batching.rows is wrong: 0 is not within 1 and 50000",
            ),
            ("/drift", "ignore".into(), "ignore"),
            (
                "/source/subscription/format",
                json!({"debezium": {"keys": {}}}),
                "entity Account has no key",
            ),
            (
                "/source/subscription/format",
                json!({"mapping": {"key": "id", "order": "$.at"}}),
                "begins with `$`",
            ),
            ("/lake", "s3://x".into(), "gs://BUCKET"),
        ];
        for (path, value, expected) in cases {
            let mut stream = sample();
            match path.rsplit_once('/') {
                Some(("", member)) => stream[member] = value,
                Some((parent, member)) => stream.pointer_mut(parent).unwrap()[member] = value,
                None => unreachable!("{path}"),
            }
            let error = read(&stream).expect_err(path);
            assert!(error.contains(expected), "{path}: {error}");
        }
    }
}
