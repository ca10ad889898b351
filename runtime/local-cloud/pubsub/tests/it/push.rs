//! Push subscriptions against an endpoint that answers as it is told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use headwater_local_pubsub::wire::pubsub::push_config::{NoWrapper, Wrapper};
use headwater_local_pubsub::wire::pubsub::{ModifyPushConfigRequest, PubsubMessage, PushConfig, Subscription};
use serde_json::Value;

use crate::harness::{Local, SUBSCRIPTION, message, until};

/// What came, and with how many refusals it begins.
#[derive(Default)]
struct Endpoint {
    refusals: Mutex<usize>,
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
}

async fn receive(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut refusals = endpoint.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    endpoint.got.lock().unwrap().push((headers, body));
    StatusCode::NO_CONTENT
}

async fn endpoint(refusals: usize) -> (Arc<Endpoint>, String) {
    let endpoint = Arc::new(Endpoint {
        refusals: Mutex::new(refusals),
        ..Endpoint::default()
    });
    let router = Router::new().fallback(receive).with_state(endpoint.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/push?token=t", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, url)
}

#[tokio::test]
async fn messages_are_pushed_until_they_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    let (endpoint, url) = endpoint(3).await;
    local.prepare(Subscription::default()).await;
    let ids = local.publish(&["one", "two"]).await;
    let config = PushConfig {
        push_endpoint: url,
        ..PushConfig::default()
    };
    let request = ModifyPushConfigRequest {
        subscription: SUBSCRIPTION.into(),
        push_config: Some(config),
    };
    local.subscriber.clone().modify_push_config(request).await.unwrap();
    until("two messages are pushed", || endpoint.got.lock().unwrap().len() == 2).await;
    let got: Vec<Value> = endpoint
        .got
        .lock()
        .unwrap()
        .iter()
        .map(|(_, body)| serde_json::from_slice(body).unwrap())
        .collect();
    for body in &got {
        assert_eq!(body["subscription"], SUBSCRIPTION);
        assert_eq!(body["message"]["messageId"], body["message"]["message_id"]);
        assert!(body["message"]["publishTime"].is_string(), "{body}");
    }
    let mut pushed: Vec<&str> = got
        .iter()
        .map(|body| body["message"]["messageId"].as_str().unwrap())
        .collect();
    pushed.sort_unstable();
    assert_eq!(pushed, ids);
    assert!(local.pull(10).await.is_empty(), "what was taken is acknowledged");
}

#[tokio::test]
async fn without_a_wrapper_the_body_is_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    let (endpoint, url) = endpoint(0).await;
    let wrapper = Some(Wrapper::NoWrapper(NoWrapper { write_metadata: true }));
    local
        .prepare(Subscription {
            push_config: Some(PushConfig {
                push_endpoint: url,
                wrapper,
                ..PushConfig::default()
            }),
            ..Subscription::default()
        })
        .await;
    let sent = PubsubMessage {
        attributes: [("kind".to_owned(), "x".to_owned())].into(),
        ..message("raw", "")
    };
    let ids = local.publish_all(vec![sent]).await.unwrap();
    until("a message is pushed", || !endpoint.got.lock().unwrap().is_empty()).await;
    let (headers, body) = endpoint.got.lock().unwrap()[0].clone();
    assert_eq!((&body[..], &headers["kind"]), (&b"raw"[..], &"x".parse().unwrap()));
    assert_eq!(headers["x-goog-pubsub-message-id"], ids[0].as_str());
    assert_eq!(headers["x-goog-pubsub-subscription-name"], SUBSCRIPTION);
}
