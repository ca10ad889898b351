//! Topics and subscriptions of a stream. Those that somebody else fills are looked at and never changed.

use headwater_cloud::{Cloud, CreateBy, Document, Kind, OptionalExt as _, Service};
use headwater_spec::{CdcStreamSpec, PipelineSpec, StreamSource};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Diagnostic, Path};

use crate::labels::MANAGED;
use crate::problems::{Explain as _, cloud_problem};

/// Whose a topic or subscription is.
const PIPELINE: &str = "headwater-pipeline";

/// What a stream has of its own, in the order in which it is made.
fn own(spec: &PipelineSpec, stream: &CdcStreamSpec) -> Vec<(String, Json)> {
    let transport = &stream.transport;
    let mut labels: Map<String, Json> = spec
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    labels.insert(MANAGED.into(), "true".into());
    labels.insert(PIPELINE.into(), spec.name.as_str().into());
    let topic = || json!({"labels": labels});
    let subscription = |topic: &str, ordered: bool| {
        json!({
            "topic": topic,
            "ackDeadlineSeconds": 60,
            "messageRetentionDuration": "604800s",
            "enableMessageOrdering": ordered,
            // It does not expire while the stream stands still.
            "expirationPolicy": {},
            "labels": labels,
        })
    };
    let mut all = Vec::new();
    if matches!(stream.source, StreamSource::Salesforce(_)) {
        all.push((transport.topic.clone(), topic()));
        all.push((transport.subscription.clone(), subscription(&transport.topic, true)));
    }
    all.push((transport.dead_letter_topic.clone(), topic()));
    all.push((
        transport.dead_letter_subscription.clone(),
        subscription(&transport.dead_letter_topic, false),
    ));
    all
}

/// Makes what is missing; adopts what an earlier apply of this stream left.
pub(super) async fn deploy(cloud: &Cloud, spec: &PipelineSpec, stream: &CdcStreamSpec) -> Result<(), Diagnostic> {
    let pubsub = cloud.documents(Service::PubSub);
    for (name, document) in own(spec, stream) {
        match pubsub.create(&name, CreateBy::Put, &document).await {
            Ok(_) => tracing::info!(name, "created"),
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let found = pubsub.get(&name).await.explain(format!("cannot read `{name}`"))?;
                check_owner(&name, &found, &spec.name)?;
            }
            Err(error) => return Err(cloud_problem(format!("cannot create `{name}`"), &error)),
        }
    }
    Ok(())
}

fn check_owner(name: &str, found: &Document, pipeline: &str) -> Result<(), Diagnostic> {
    if found["topic"].as_str() == Some("_deleted-topic_") {
        return Err(Diagnostic::error(format!("the topic of `{name}` was deleted"))
            .detail("What was published since is lost to it, and what it still holds would be lost with it.")
            .hint("Delete the subscription when nothing in it is needed any more, and apply again."));
    }
    if found["labels"][PIPELINE].as_str() == Some(pipeline) {
        return Ok(());
    }
    Err(
        Diagnostic::invalid("name", format!("`{name}` exists already, and is not of this stream"))
            .hint("Choose another `name`, or delete it."),
    )
}

/// The topic of a subscription; `None` when there is no such subscription.
pub(super) async fn topic_of(cloud: &Cloud, subscription: &str) -> Result<Option<String>, Diagnostic> {
    let found = cloud.documents(Service::PubSub).get(subscription).await.optional();
    let at = Path::attr("subscription").child("id");
    let found = found.explain_at(at.clone(), format!("cannot read the subscription `{subscription}`"))?;
    let Some(found) = found else { return Ok(None) };
    match found["topic"].as_str() {
        Some("_deleted-topic_") | None => Err(Diagnostic::invalid(
            at,
            format!("the topic of `{subscription}` was deleted"),
        )
        .hint("Nothing will ever come: use another subscription.")),
        Some(topic) => Ok(Some(topic.to_owned())),
    }
}

/// Whether all that a stream has is there.
pub(super) async fn is_there(cloud: &Cloud, stream: &CdcStreamSpec) -> Result<bool, Diagnostic> {
    let transport = &stream.transport;
    let pubsub = cloud.documents(Service::PubSub);
    let all = [
        &transport.topic,
        &transport.subscription,
        &transport.dead_letter_topic,
        &transport.dead_letter_subscription,
    ];
    for name in all {
        if pubsub
            .get(name)
            .await
            .optional()
            .explain(format!("cannot read `{name}`"))?
            .is_none()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes what the stream has of its own.
pub(super) async fn delete(cloud: &Cloud, spec: &PipelineSpec, stream: &CdcStreamSpec) -> Result<(), Diagnostic> {
    let pubsub = cloud.documents(Service::PubSub);
    for (name, _) in own(spec, stream).into_iter().rev() {
        let found = pubsub
            .get(&name)
            .await
            .optional()
            .explain(format!("cannot read `{name}`"))?;
        if found.is_some_and(|found| found["labels"][PIPELINE].as_str() == Some(&spec.name)) {
            pubsub.delete(&name).await.explain(format!("cannot delete `{name}`"))?;
        }
    }
    Ok(())
}
