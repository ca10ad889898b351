//! What the provider would have created for the bench: topics, subscriptions, tables and the spec.

use headwater_cloud::{Cloud, CreateBy, DatasetRef, ObjectPath, Precondition, Service};
use headwater_spec::PipelineSpec;
use serde_json::{Value, json};

use crate::Failure;
use crate::events::COLUMNS;

const TOPIC: &str = "projects/bench/topics/crm";
const DEAD: &str = "projects/bench/topics/crm-dead";
/// The subscription of the applier, and one, without order, of whoever else is measured: order costs its reader.
const SUBSCRIPTIONS: &[(&str, &str)] = &[("crm", TOPIC), ("crm-peer", TOPIC), ("crm-dead", DEAD)];

pub async fn run(cloud: &Cloud, current: bool) -> Result<Value, Failure> {
    let documents = cloud.documents(Service::PubSub);
    for topic in [TOPIC, DEAD] {
        documents.create(topic, CreateBy::Put, &json!({})).await?;
    }
    for (name, topic) in SUBSCRIPTIONS {
        let subscription = json!({"topic": topic, "ackDeadlineSeconds": 60, "enableMessageOrdering": *name == "crm"});
        let name = format!("projects/bench/subscriptions/{name}");
        documents.create(&name, CreateBy::Put, &subscription).await?;
    }
    let bucket = json!({"name": "lake", "location": "EU"});
    cloud.storage().create_bucket("bench", &bucket).await?;
    let dataset = DatasetRef::new("bench", "raw");
    cloud
        .bigquery()
        .create_dataset(&dataset, &json!({"location": "EU"}))
        .await?;
    let columns = COLUMNS
        .iter()
        .map(|(name, kind)| json!({"name": name, "field": name, "salesforce_type": "", "type": kind}));
    let mut entity = json!({"changelog": "Account_log", "columns": columns.collect::<Vec<_>>()});
    if current {
        entity["current"] = "Account".into();
    }
    let spec = json!({
        "api_version": "headwater.dev/v1", "name": "bench", "project": "bench", "region": "local",
        "cdc_stream": {
            "source": {"subscription": {"format": "salesforce"}},
            "transport": {
                "topic": TOPIC, "subscription": "projects/bench/subscriptions/crm",
                "dead_letter_topic": DEAD, "dead_letter_subscription": "projects/bench/subscriptions/crm-dead",
            },
            "lake": "gs://lake", "dataset": {"project": "bench", "dataset": "raw", "location": "EU"},
            "entities": {"Account": entity},
        },
    });
    let bytes = spec.to_string().into_bytes();
    let spec = PipelineSpec::from_json(&bytes)?;
    for entity in spec.stream()?.entities.values() {
        let bigquery = cloud.bigquery();
        bigquery
            .create_table(&dataset.table(&entity.changelog), &entity.changelog_document())
            .await?;
        if let Some(current) = &entity.current {
            bigquery
                .create_table(&dataset.table(current), &entity.current_document())
                .await?;
        }
    }
    let path = ObjectPath {
        bucket: "lake".into(),
        name: "headwater/pipelines/bench/spec.json".into(),
    };
    cloud
        .storage()
        .put(&path, "application/json", bytes.into(), Precondition::None)
        .await?;
    Ok(json!({"spec": format!("gs://lake/{}", path.name), "topic": TOPIC}))
}
