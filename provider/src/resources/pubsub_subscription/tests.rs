//! Documents of subscriptions, there and back.

use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, check_data_source, check_resource};

use super::*;
use crate::rest::{Lookup, Rest};

#[test]
fn the_schemas_are_sound() {
    assert_eq!(check_resource(&Rest(PubSubSubscription)), Diagnostics::new());
    assert_eq!(check_data_source(&Lookup(PubSubSubscription)), Diagnostics::new());
}

/// What Google answers, beyond what is said here.
fn whole(said: &Json) -> Json {
    let mut document = json!({
        "topic": "projects/p/topics/t",
        "ackDeadlineSeconds": 10,
        "messageRetentionDuration": "604800s",
        "retainAckedMessages": false,
        "expirationPolicy": {"ttl": "2678400s"},
        "enableMessageOrdering": false,
        "enableExactlyOnceDelivery": false,
        "labels": {"headwater-managed": "true"},
    });
    for (name, value) in said.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    document
}

/// Without nulls, as it is sent.
fn sent(document: &Json) -> Json {
    let mut document = document.clone();
    fn strip(value: &mut Json) {
        if let Json::Object(fields) = value {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(strip);
        }
    }
    strip(&mut document);
    document
}

#[test]
fn what_is_read_is_what_is_written() {
    let cases = [
        json!({}),
        json!({"expirationPolicy": {}, "filter": "attributes.a = \"b\"", "enableMessageOrdering": true}),
        json!({"deadLetterPolicy": {"deadLetterTopic": "projects/p/topics/d", "maxDeliveryAttempts": 7}}),
        json!({"retryPolicy": {"minimumBackoff": "1s", "maximumBackoff": "60s"}, "retainAckedMessages": true}),
        json!({"pushConfig": {"pushEndpoint": "https://x/y", "oidcToken": {"serviceAccountEmail": "a@b.c"}, "noWrapper": {"writeMetadata": false}}}),
        json!({"bigqueryConfig": {"table": "p.d.t", "useTopicSchema": true, "useTableSchema": false, "writeMetadata": true, "dropUnknownFields": false}}),
        json!({"cloudStorageConfig": {"bucket": "lake", "maxDuration": "300s", "maxBytes": "1000", "textConfig": {}}}),
        json!({"cloudStorageConfig": {"bucket": "lake", "filenamePrefix": "a/", "maxDuration": "60s", "avroConfig": {"writeMetadata": true, "useTopicSchema": false}}}),
    ];
    for said in cases {
        let document = whole(&said);
        let model = Subscription::default().read(&document);
        assert_eq!(sent(&model.document()), document);
        assert_eq!(model.read(&model.document()), model);
    }
}

#[test]
fn googles_own_attribute_of_a_push_is_not_the_users() {
    let push = json!({"pushEndpoint": "https://x", "attributes": {"x-goog-version": "v1"}});
    let model = Subscription::default().read(&whole(&json!({ "pushConfig": push })));
    assert_eq!(
        sent(&model.document())["pushConfig"],
        json!({"pushEndpoint": "https://x"})
    );
    let pulled = Subscription::default().read(&whole(&json!({"pushConfig": {}})));
    assert_eq!(pulled.push_config, Attr::Null);
}
