//! `headwater_pubsub_topic`: a Pub/Sub topic. <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics>

use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Schema, Type, equal, validate};

use crate::durations::{self, to_google};
use crate::labels::{self, Labels};
use crate::names;
use crate::rest::fields::{flag, set_document, text, texts};
use crate::rest::{Api, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PubSubTopic;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Topic {
    name: Attr<String>,
    project: Attr<String>,
    labels: Attr<Labels>,
    message_retention_duration: Attr<String>,
    schema_settings: Attr<SchemaSettings>,
    message_storage_policy: Attr<StoragePolicy>,
    kms_key_name: Attr<String>,
    id: Attr<String>,
}

/// What messages must look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SchemaSettings {
    schema: Attr<String>,
    encoding: Attr<String>,
}

/// Where messages may lie.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoragePolicy {
    allowed_persistence_regions: Attr<Vec<Attr<String>>>,
    enforce_in_transit: Attr<bool>,
}

impl Described for PubSubTopic {
    type Model = Topic;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_pubsub_topic",
            noun: "topic",
            service: Service::PubSub,
            name: Pattern("projects/{project}/topics/{name}"),
            create: CreateBy::Put,
            patch: PatchBy::Envelope("topic"),
            listing: Some(Listing::of("topics")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string().required().requires_replace().validate(names::pubsub()).describe("The topic's name, unique in the project."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::label_keys())
                    .validate(names::label_values())
                    .describe("Labels, for cost attribution."),
            ),
            (
                "message_retention_duration",
                Attribute::string()
                    .optional()
                    .equivalent(equal::duration)
                    .validate(durations::between("10m", "744h"))
                    .describe("How long the topic keeps messages, so that every subscription can seek back to them, such as `24h`. Without it, only subscriptions keep messages."),
            ),
            (
                "schema_settings",
                Attribute::object([
                    (
                        "schema",
                        Attribute::string().required().validate(names::pubsub_schema_id()).describe("The schema: the id of a `headwater_pubsub_schema`."),
                    ),
                    (
                        "encoding",
                        Attribute::string().default("JSON").validate(validate::one_of(["JSON", "BINARY"])).describe("How messages are encoded."),
                    ),
                ])
                .optional()
                .describe("What messages must look like; others are refused when they are published."),
            ),
            (
                "message_storage_policy",
                Attribute::object([
                    (
                        "allowed_persistence_regions",
                        Attribute::set(Type::String)
                            .required()
                            .validate(validate::size(1..))
                            .validate(validate::each(names::region()))
                            .describe("The regions in which messages may lie."),
                    ),
                    (
                        "enforce_in_transit",
                        Attribute::bool().default(false).describe("Whether messages may not even pass through other regions: publishing and pulling is then refused there."),
                    ),
                ])
                .optional_computed()
                .use_state_for_unknown()
                .describe("Where messages may lie. Without it, the organisation's policy decides."),
            ),
            (
                "kms_key_name",
                Attribute::string().optional().validate(names::kms_key()).describe("The Cloud KMS key that messages are encrypted with. Without it, a key of Google's."),
            ),
        ])
        .describe("A Pub/Sub topic: what messages are published to.")
    }

    fn parts<'a>(&self, model: &'a mut Topic) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn plan(&self, prior: Option<&Topic>, config: &Topic, planned: &mut Topic) -> Result<(), Diagnostic> {
        // What no policy was applied to before stays so when something else changes.
        if let Some(prior) = prior
            && config.message_storage_policy.is_null()
        {
            planned.message_storage_policy = prior.message_storage_policy.clone();
        }
        Ok(())
    }

    fn document(&self, model: &Topic) -> Json {
        let settings = model
            .schema_settings
            .known()
            .map(|settings| json!({ "schema": settings.schema.as_deref(), "encoding": settings.encoding.as_deref() }));
        let policy = model.message_storage_policy.known().map(|policy| {
            json!({
                "allowedPersistenceRegions": set_document(&policy.allowed_persistence_regions),
                "enforceInTransit": policy.enforce_in_transit.known().filter(|on| **on),
            })
        });
        json!({
            "labels": labels::wanted(&model.labels, false),
            "messageRetentionDuration": model.message_retention_duration.as_deref().map(to_google),
            "schemaSettings": settings,
            "messageStoragePolicy": policy,
            "kmsKeyName": model.kms_key_name.as_deref(),
        })
    }

    fn read(&self, state: &Topic, document: &Json) -> Topic {
        let settings = &document["schemaSettings"];
        let policy = &document["messageStoragePolicy"];
        Topic {
            labels: labels::read(&document["labels"], &state.labels),
            message_retention_duration: text(&document["messageRetentionDuration"], &Attr::Null),
            schema_settings: settings["schema"]
                .as_str()
                .map(|schema| SchemaSettings {
                    schema: schema.into(),
                    encoding: settings["encoding"].as_str().unwrap_or("JSON").into(),
                })
                .into(),
            message_storage_policy: policy["allowedPersistenceRegions"]
                .as_array()
                .filter(|regions| !regions.is_empty())
                .map(|_| StoragePolicy {
                    allowed_persistence_regions: texts(&policy["allowedPersistenceRegions"], &Attr::Null),
                    enforce_in_transit: flag(&policy["enforceInTransit"]),
                })
                .into(),
            kms_key_name: text(&document["kmsKeyName"], &Attr::Null),
            ..state.clone()
        }
    }
}
