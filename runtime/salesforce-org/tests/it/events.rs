//! Change events over gRPC: who may read them, from where, how many at once, and that they tell what happened.

use std::time::Duration;

use headwater_salesforce_eventbus::pub_sub_client::PubSubClient;
use headwater_salesforce_eventbus::{
    CommitReplayRequest, FetchRequest, FetchResponse, ManagedFetchRequest, ProducerEvent, PublishRequest, ReplayPreset,
    SchemaRequest, TopicRequest,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use crate::harness::{DATA, Org};

type Grpc = PubSubClient<Channel>;

async fn grpc(org: &Org) -> Grpc {
    PubSubClient::connect(org.simulator.base_url().to_owned())
        .await
        .unwrap()
}

fn signed<T>(org: &Org, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("accesstoken", org.token.parse().unwrap());
    metadata.insert("instanceurl", org.simulator.base_url().parse().unwrap());
    metadata.insert("tenantid", "00D8W0000000001EAA".parse().unwrap());
    request
}

fn code(status: &Status) -> String {
    let code = status.metadata().get("error-code").unwrap().to_str().unwrap();
    code.strip_prefix("sfdc.platform.eventbus.grpc.").unwrap().to_owned()
}

/// A subscription and the way to ask for more.
struct Feed {
    ask: mpsc::Sender<FetchRequest>,
    answers: Streaming<FetchResponse>,
}

impl Feed {
    async fn open(org: &Org, topic: &str, preset: ReplayPreset, replay_id: &[u8], count: i32) -> Self {
        let (ask, asked) = mpsc::channel(8);
        let first = FetchRequest {
            topic_name: topic.into(),
            replay_preset: preset.into(),
            replay_id: replay_id.to_vec(),
            num_requested: count,
            auth_refresh: String::new(),
        };
        ask.send(first).await.unwrap();
        let request = signed(org, ReceiverStream::new(asked));
        let answers = grpc(org).await.subscribe(request).await.unwrap().into_inner();
        Self { ask, answers }
    }

    async fn next(&mut self) -> Result<FetchResponse, Status> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.answers.message());
        next.await.expect("an answer in time").map(Option::unwrap)
    }

    /// So many events, asked for as they come.
    async fn take(&mut self, count: usize) -> Vec<(Vec<u8>, String, Vec<u8>)> {
        let mut out = vec![];
        while out.len() < count {
            let answer = self.next().await.unwrap();
            let got = i32::try_from(answer.events.len()).unwrap();
            for e in answer.events {
                let event = e.event.unwrap();
                out.push((e.replay_id, event.schema_id, event.payload));
            }
            if got > 0 {
                let request = FetchRequest {
                    num_requested: got,
                    ..FetchRequest::default()
                };
                self.ask.send(request).await.unwrap();
            }
        }
        assert_eq!(out.len(), count);
        out
    }
}

async fn churned(org: &Org, body: Value) -> Value {
    org.control("churn", body).await
}

#[tokio::test]
async fn who_may_ask_and_for_what() {
    let org = Org::start().await;
    let mut grpc = grpc(&org).await;
    let topic = |name: &str| TopicRequest {
        topic_name: name.into(),
    };
    let found = grpc
        .get_topic(signed(&org, topic("/data/AccountChangeEvent")))
        .await
        .unwrap()
        .into_inner();
    assert!(found.can_subscribe && !found.can_publish);
    let schema = SchemaRequest {
        schema_id: found.schema_id,
    };
    let schema = grpc.get_schema(signed(&org, schema)).await.unwrap().into_inner();
    let schema: Value = serde_json::from_str(&schema.schema_json).unwrap();
    assert_eq!(
        (&schema["name"], &schema["fields"][0]["name"]),
        (&json!("AccountChangeEvent"), &json!("ChangeEventHeader"))
    );
    for (name, status, expected) in [
        ("/data/NopeChangeEvent", Code::NotFound, "topic.not.found"),
        ("/data/Nope__chn", Code::NotFound, "topic.not.found"),
        ("", Code::InvalidArgument, "topic.validation.empty"),
    ] {
        let refused = grpc.get_topic(signed(&org, topic(name))).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused).as_str()), (status, expected), "{name}");
        assert!(refused.message().contains("rpcId:"), "{refused}");
    }
    let bare = grpc
        .get_topic(Request::new(topic("/data/ChangeEvents")))
        .await
        .unwrap_err();
    assert_eq!(
        (bare.code(), code(&bare).as_str()),
        (Code::Unauthenticated, "service.auth.headers.invalid")
    );
    org.control("expire_sessions", json!({})).await;
    let ended = grpc
        .get_topic(signed(&org, topic("/data/ChangeEvents")))
        .await
        .unwrap_err();
    assert_eq!(
        (ended.code(), code(&ended).as_str()),
        (Code::Unauthenticated, "service.auth.error")
    );
}

#[tokio::test]
async fn what_is_chosen_is_delivered_where_it_belongs() {
    let org = Org::start().await;
    // Nothing is captured before it is chosen.
    churned(&org, json!({ "updates": 5, "objects": ["Account"], "seed": 1 })).await;
    org.control("cdc", json!({ "enable": ["Account"] })).await;
    let tooling = format!("{DATA}/tooling");
    for (object, body) in [
        (
            "PlatformEventChannel",
            json!({ "FullName": "Sales__chn", "Metadata": { "channelType": "data", "label": "Sales" } }),
        ),
        (
            "PlatformEventChannelMember",
            json!({ "FullName": "Sales_chn_LeadChangeEvent", "Metadata": { "eventChannel": "Sales__chn", "selectedEntity": "LeadChangeEvent" } }),
        ),
    ] {
        let made = org
            .post(&format!("{tooling}/sobjects/{object}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 201);
    }
    let soql = "SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember WHERE EventChannel = 'Sales__chn'";
    let found = org.json(&format!("{tooling}/query?q={}", soql.replace(' ', "+"))).await;
    assert_eq!(found["size"], 1);
    assert_eq!(found["records"][0]["SelectedEntity"], "LeadChangeEvent");
    churned(&org, json!({ "updates": 6, "objects": ["Account"], "seed": 2 })).await;
    churned(&org, json!({ "updates": 4, "objects": ["Lead"], "seed": 3 })).await;
    churned(&org, json!({ "updates": 3, "objects": ["Contact"], "seed": 4 })).await;
    for (topic, count) in [
        ("/data/ChangeEvents", 6),
        ("/data/AccountChangeEvent", 6),
        ("/data/Sales__chn", 4),
        ("/data/LeadChangeEvent", 4),
    ] {
        let mut feed = Feed::open(&org, topic, ReplayPreset::Earliest, &[], 100).await;
        assert_eq!(feed.next().await.unwrap().events.len(), count, "{topic}");
    }
}

#[tokio::test]
async fn flow_control_holds() {
    let org = Org::with(|o| o.change_data_capture = vec!["*".into()]).await;
    churned(&org, json!({ "updates": 150, "seed": 1 })).await;
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Earliest, &[], 7).await;
    let answer = feed.next().await.unwrap();
    assert_eq!((answer.events.len(), answer.pending_num_requested), (7, 0));
    for (count, expected) in [
        (0, "subscription.fetch.requested.events.invalid"),
        (101, "subscription.fetch.overflow"),
    ] {
        let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Earliest, &[], count).await;
        let refused = feed.next().await.unwrap_err();
        assert_eq!(
            (refused.code(), code(&refused).as_str()),
            (Code::InvalidArgument, expected)
        );
    }
    // 100 are outstanding and none come: one more is too many.
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Latest, &[], 100).await;
    let more = FetchRequest {
        num_requested: 1,
        ..FetchRequest::default()
    };
    feed.ask.send(more).await.unwrap();
    assert_eq!(code(&feed.next().await.unwrap_err()), "subscription.fetch.overflow");
    let other = FetchRequest {
        topic_name: "/data/LeadChangeEvent".into(),
        num_requested: 1,
        ..FetchRequest::default()
    };
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Latest, &[], 1).await;
    feed.ask.send(other).await.unwrap();
    assert_eq!(
        code(&feed.next().await.unwrap_err()),
        "subscription.fetch.topic.mismatch"
    );
}

#[tokio::test]
async fn positions_outlive_the_simulator_and_end_after_three_days() {
    let org = Org::with(|o| o.change_data_capture = vec!["*".into()]).await;
    churned(&org, json!({ "updates": 30, "seed": 1 })).await;
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Earliest, &[], 50).await;
    let all = feed.take(30).await;
    drop(feed);
    let Org { simulator, dir, .. } = org;
    simulator.shutdown().await;
    let mut org = Org::open(dir, |_| {}).await;
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Custom, &all[9].0, 50).await;
    assert_eq!(feed.take(20).await, all[10..]);
    org.control("clock", json!({ "advance_seconds": 73 * 3600 })).await;
    org.login().await;
    churned(&org, json!({ "updates": 1, "seed": 2 })).await;
    let corrupted = "subscription.fetch.replayid.corrupted";
    for (replay_id, expected) in [
        (&all[9].0[..], corrupted),
        (&all[28].0, corrupted),
        (b"0123456789", corrupted),
        (b"", "subscription.fetch.replayid.validation.failed"),
    ] {
        let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Custom, replay_id, 5).await;
        let refused = feed.next().await.unwrap_err();
        assert_eq!(
            (refused.code(), code(&refused).as_str()),
            (Code::InvalidArgument, expected)
        );
    }
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Earliest, &[], 5).await;
    let kept = feed.take(1).await;
    org.control("events", json!({ "expire": true })).await;
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Custom, &all[0].0, 5).await;
    assert_eq!(code(&feed.next().await.unwrap_err()), corrupted);
    // Who has read everything has missed nothing.
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Custom, &kept[0].0, 5).await;
    org.control("events", json!({ "keep_alive_ms": 20 })).await;
    let silent = feed.next().await.unwrap();
    assert!(silent.events.is_empty());
    assert_eq!(silent.latest_replay_id, kept[0].0);
}

#[tokio::test]
async fn streams_break_as_ordered() {
    let org = Org::with(|o| o.change_data_capture = vec!["*".into()]).await;
    churned(&org, json!({ "updates": 300, "seed": 1 })).await;
    let path = "/eventbus.v1.PubSub/Subscribe";
    for (kind, status, expected) in [
        ("503", Code::Unavailable, "service.unavailable"),
        (
            "resource_exhausted",
            Code::ResourceExhausted,
            "service.protection.triggered",
        ),
        ("daily_limit", Code::ResourceExhausted, "subscription.limit.exceeded"),
    ] {
        org.control("faults", json!({ "kind": kind, "match": path })).await;
        let (_ask, asked) = mpsc::channel::<FetchRequest>(1);
        let refused = grpc(&org)
            .await
            .subscribe(signed(&org, ReceiverStream::new(asked)))
            .await
            .unwrap_err();
        assert_eq!((refused.code(), code(&refused).as_str()), (status, expected));
    }
    org.control(
        "faults",
        json!({ "kind": "cut_connection", "match": path, "after_bytes": 2000 }),
    )
    .await;
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Earliest, &[], 100).await;
    while feed.next().await.is_ok_and(|a| !a.events.is_empty()) {}
    let report: Value = org.get("/_control/faults").send().await.unwrap().json().await.unwrap();
    assert_eq!(report["all_consumed"], true);
    let mut feed = Feed::open(&org, "/data/ChangeEvents", ReplayPreset::Latest, &[], 100).await;
    tokio::time::timeout(Duration::from_millis(50), feed.answers.message())
        .await
        .unwrap_err();
    org.control("events", json!({ "disconnect": true })).await;
    assert_eq!(feed.next().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_managed_subscription_goes_on_where_it_was_committed() {
    let org = Org::with(|o| o.change_data_capture = vec!["*".into()]).await;
    let body = json!({ "FullName": "Mine", "Metadata": { "topicName": "/data/ChangeEvents", "defaultReplay": "EARLIEST", "state": "RUN" } });
    org.post(&format!("{DATA}/tooling/sobjects/ManagedEventSubscription"))
        .json(&body)
        .send()
        .await
        .unwrap();
    churned(&org, json!({ "updates": 10, "seed": 1 })).await;
    let open = |count: i32| {
        let org = &org;
        async move {
            let (ask, asked) = mpsc::channel(8);
            let first = ManagedFetchRequest {
                developer_name: "Mine".into(),
                num_requested: count,
                ..ManagedFetchRequest::default()
            };
            ask.send(first).await.unwrap();
            let request = signed(org, ReceiverStream::new(asked));
            (
                ask,
                grpc(org).await.managed_subscribe(request).await.unwrap().into_inner(),
            )
        }
    };
    let (ask, mut answers) = open(4).await;
    let got = answers.message().await.unwrap().unwrap();
    assert_eq!(got.events.len(), 4);
    let (_second, mut refused) = open(4).await;
    assert_eq!(
        code(&refused.message().await.unwrap_err()),
        "managed.subscription.already.active"
    );
    let commit = |replay_id: Vec<u8>| ManagedFetchRequest {
        commit_replay_id_request: Some(CommitReplayRequest {
            commit_request_id: "1".into(),
            replay_id,
        }),
        ..ManagedFetchRequest::default()
    };
    ask.send(commit(b"nonsense".to_vec())).await.unwrap();
    let answer = answers.message().await.unwrap().unwrap().commit_response.unwrap();
    assert!(answer.error.is_some());
    ask.send(commit(got.events[2].replay_id.clone())).await.unwrap();
    let answer = answers.message().await.unwrap().unwrap().commit_response.unwrap();
    assert_eq!((answer.error, answer.commit_request_id.as_str()), (None, "1"));
    drop((ask, answers));
    let (_ask, mut answers) = open(100).await;
    let mut rest = answers.message().await;
    while let Err(status) = &rest {
        // The first reader's end may not have been noticed yet.
        assert_eq!(code(status), "managed.subscription.already.active");
        let (_again, stream) = open(100).await;
        answers = stream;
        rest = answers.message().await;
    }
    assert_eq!(rest.unwrap().unwrap().events.len(), 7);
}

#[tokio::test]
async fn platform_events_are_published_and_read() {
    let org = Org::start().await;
    org.control(
        "events",
        json!({ "platform_event": { "name": "Order__e", "fields": ["Number__c"] } }),
    )
    .await;
    let mut grpc = grpc(&org).await;
    let topic_name = "/event/Order__e".to_owned();
    let topic = TopicRequest {
        topic_name: topic_name.clone(),
    };
    let topic = grpc.get_topic(signed(&org, topic)).await.unwrap().into_inner();
    assert!(topic.can_publish);
    let event = |payload: &[u8]| ProducerEvent {
        id: "k".into(),
        schema_id: topic.schema_id.clone(),
        payload: payload.to_vec(),
        headers: vec![],
    };
    let request = PublishRequest {
        topic_name: topic_name.clone(),
        events: vec![event(&[2, 2, b'u', 2, 2, b'7']), event(b"damaged")],
        auth_refresh: String::new(),
    };
    let stream = tokio_stream::iter([request.clone()]);
    let published = grpc
        .publish(signed(&org, request.clone()))
        .await
        .unwrap()
        .into_inner()
        .results;
    assert!(published[0].error.is_none() && published[1].error.is_some());
    let mut stream = grpc.publish_stream(signed(&org, stream)).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().results.len(), 2);
    let mut feed = Feed::open(&org, &topic_name, ReplayPreset::Custom, &published[0].replay_id, 5).await;
    assert_eq!(feed.take(1).await[0].2, [2, 2, b'u', 2, 2, b'7']);
    let refused = PublishRequest {
        topic_name: "/data/AccountChangeEvent".into(),
        ..request
    };
    assert_eq!(
        grpc.publish(signed(&org, refused)).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}
