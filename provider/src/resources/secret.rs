//! `headwater_secret`: a secret of Secret Manager, the place of its versions.
//! <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets>

use std::collections::BTreeMap;

use chrono::DateTime;
use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Schema, Type, Value, equal, required_with, validate};

use crate::durations::{self, to_google};
use crate::labels::{self, Labels};
use crate::names;
use crate::rest::fields::{map, map_document, set_document, text, texts};
use crate::rest::{Api, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretManagerSecret;

/// Its state: nothing secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Secret {
    name: Attr<String>,
    labels: Attr<Labels>,
    annotations: Attr<BTreeMap<String, Attr<String>>>,
    replica_locations: Attr<Vec<Attr<String>>>,
    topics: Attr<Vec<Attr<String>>>,
    rotation: Attr<Rotation>,
    expire_time: Attr<String>,
    version_destroy_ttl: Attr<String>,
    project: Attr<String>,
    id: Attr<String>,
}

/// When the topics are told that it is time for a new version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    next_rotation_time: Attr<String>,
    rotation_period: Attr<String>,
}

impl Described for SecretManagerSecret {
    type Model = Secret;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_secret",
            noun: "secret",
            service: Service::SecretManager,
            name: Pattern("projects/{project}/secrets/{name}"),
            create: CreateBy::Query("secretId"),
            patch: PatchBy::Query,
            listing: Some(Listing::of("secrets")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string().required().requires_replace().validate(names::secret()).describe("The secret's name, unique in the project."),
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
                "annotations",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::annotation_keys())
                    .describe("Notes of any kind. Whoever may see the secret reads them: no place for secrets."),
            ),
            (
                "replica_locations",
                Attribute::set(Type::String)
                    .optional()
                    .requires_replace()
                    .validate(validate::size(1..))
                    .validate(validate::each(names::region()))
                    .describe("The regions in which the payloads lie. Without it, Google chooses."),
            ),
            (
                "topics",
                Attribute::set(Type::String)
                    .optional()
                    .validate(validate::size(1..=10))
                    .validate(validate::each(names::topic_id()))
                    .describe("Who is told of changes: ids of `headwater_pubsub_topic`s. Secret Manager's service agent must be allowed to publish there."),
            ),
            (
                "rotation",
                Attribute::object([
                    (
                        "next_rotation_time",
                        Attribute::string().required().equivalent(same_time).validate(timestamp()).describe("When the topics are told next, such as `2027-01-01T00:00:00Z`."),
                    ),
                    (
                        "rotation_period",
                        Attribute::string().optional().equivalent(equal::duration).validate(durations::between("1h", "876000h")).describe("How long after that again, such as `2160h`."),
                    ),
                ])
                .optional()
                .describe("When the topics are told that it is time for a new version. Somebody must listen there and add it."),
            ),
            (
                "expire_time",
                Attribute::string().optional().equivalent(same_time).validate(timestamp()).describe("When the secret is deleted by itself, such as `2027-01-01T00:00:00Z`."),
            ),
            (
                "version_destroy_ttl",
                Attribute::string().optional().equivalent(equal::duration).validate(durations::between("24h", "8760h")).describe("How long a version that is destroyed can still be restored: it is disabled for so long."),
            ),
        ])
        .describe("A secret of Secret Manager. Its payload is in its versions: `headwater_secret_version`.")
        .check(required_with("rotation", ["topics"]))
    }

    fn parts<'a>(&self, model: &'a mut Secret) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn document(&self, model: &Secret) -> Json {
        let replication = match model.replica_locations.known() {
            Some(_) => {
                let locations = set_document(&model.replica_locations);
                let replicas = locations.as_array().into_iter().flatten();
                let replicas: Vec<Json> = replicas.map(|location| json!({ "location": location })).collect();
                json!({ "userManaged": { "replicas": replicas } })
            }
            None => json!({ "automatic": {} }),
        };
        let topics = set_document(&model.topics);
        let topics = topics
            .as_array()
            .map(|topics| topics.iter().map(|topic| json!({ "name": topic })).collect::<Vec<_>>());
        json!({
            "labels": labels::wanted(&model.labels, false),
            "annotations": map_document(&model.annotations),
            "replication": replication,
            "topics": topics,
            "rotation": model.rotation.known().map(|rotation| json!({
                "nextRotationTime": rotation.next_rotation_time.as_deref().map(to_utc),
                "rotationPeriod": rotation.rotation_period.as_deref().map(to_google),
            })),
            "expireTime": model.expire_time.as_deref().map(to_utc),
            "versionDestroyTtl": model.version_destroy_ttl.as_deref().map(to_google),
        })
    }

    fn read(&self, state: &Secret, document: &Json) -> Secret {
        let names = |list: &Json, member: &str| {
            let elements = list.as_array().into_iter().flatten();
            elements.map(|element| element[member].clone()).collect::<Json>()
        };
        let rotation = &document["rotation"];
        Secret {
            labels: labels::read(&document["labels"], &state.labels),
            annotations: map(&document["annotations"], &state.annotations, |_| true),
            replica_locations: texts(
                &names(&document["replication"]["userManaged"]["replicas"], "location"),
                &Attr::Null,
            ),
            topics: texts(&names(&document["topics"], "name"), &Attr::Null),
            rotation: rotation["nextRotationTime"]
                .as_str()
                .map(|next| Rotation {
                    next_rotation_time: next.into(),
                    rotation_period: text(&rotation["rotationPeriod"], &Attr::Null),
                })
                .into(),
            expire_time: text(&document["expireTime"], &Attr::Null),
            version_destroy_ttl: text(&document["versionDestroyTtl"], &Attr::Null),
            ..state.clone()
        }
    }
}

/// A time in the one spelling that documents are compared in.
fn to_utc(text: &str) -> String {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.to_utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Err(_) => text.to_owned(),
    }
}

fn same_time(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if to_utc(a) == to_utc(b))
}

fn timestamp() -> tfplugin_framework::Validator {
    validate::matches("must be a time such as `2027-01-01T00:00:00Z`", |text| {
        DateTime::parse_from_rfc3339(text).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::{Lookup, Rest};
    use tfplugin_framework::{check_data_source, check_resource};

    #[test]
    fn the_schemas_are_sound() {
        assert_eq!(check_resource(&Rest(SecretManagerSecret)), Default::default());
        assert_eq!(check_data_source(&Lookup(SecretManagerSecret)), Default::default());
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        let document = json!({
            "labels": {"headwater-managed": "true", "team": "crm"},
            "annotations": {"owner": "Ann"},
            "replication": {"userManaged": {"replicas": [{"location": "europe-west1"}, {"location": "europe-west4"}]}},
            "topics": [{"name": "projects/p/topics/t"}],
            "rotation": {"nextRotationTime": "2027-01-01T00:00:00Z", "rotationPeriod": "7776000s"},
            "expireTime": "2028-01-01T00:00:00Z",
            "versionDestroyTtl": "86400s",
        });
        let model = SecretManagerSecret.read(&Secret::default(), &document);
        assert_eq!(SecretManagerSecret.document(&model), document);
        let bare = SecretManagerSecret.document(&Secret::default());
        assert_eq!(bare["replication"], json!({"automatic": {}}));
        assert_eq!(SecretManagerSecret.read(&Secret::default(), &bare), Secret::default());
    }

    #[test]
    fn times_are_compared_as_times() {
        assert!(same_time(
            &"2027-01-01T01:00:00+01:00".into(),
            &"2027-01-01T00:00:00.000Z".into()
        ));
        assert!(!same_time(
            &"2027-01-01T01:00:00Z".into(),
            &"2027-01-01T00:00:00Z".into()
        ));
    }
}
