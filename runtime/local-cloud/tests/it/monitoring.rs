//! Names of policies, what is not served, and time series of subscriptions.

use serde_json::{Value, json};

use crate::harness::Local;

const POLICIES: &str = "/v3/projects/p/alertPolicies";
const CHANNELS: &str = "/v3/projects/p/notificationChannels";

#[tokio::test]
async fn policies_have_names_of_their_own_and_unknown_calls_are_named() {
    let local = Local::start().await;
    let channel = json!({"type": "email", "displayName": "mail", "labels": {"email_address": "a@b.c"}});
    let channel = local.json("POST", CHANNELS, channel).await.expect(200).json();
    let policy = json!({
        "displayName": "late", "combiner": "OR", "notificationChannels": [channel["name"]],
        "conditions": [{"displayName": "query", "conditionPrometheusQueryLanguage": {"query": "vector(1)"}}],
    });
    let first = local.json("POST", POLICIES, policy.clone()).await.expect(200).json();
    let second = local.json("POST", POLICIES, policy).await.expect(200).json();
    assert_ne!(
        first["name"], second["name"],
        "Google lets two have the same display name"
    );
    let listed = local.get(POLICIES).await.expect(200).json();
    assert_eq!(listed["alertPolicies"], json!([first, second]));

    let series = local
        .json("POST", "/v3/projects/p/timeSeries", json!({}))
        .await
        .expect(501)
        .json();
    let message = series["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("timeSeries"), "{message}");
    let unserved = json!({
        "displayName": "sql", "combiner": "OR",
        "conditions": [{"displayName": "sql", "conditionSql": {"query": "SELECT 1"}}],
    });
    let refused = local.json("POST", POLICIES, unserved).await.expect(501).json();
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("condition_sql"), "{message}");
}

const BACKLOG: &str = "pubsub.googleapis.com/subscription/num_undelivered_messages";
const AGE: &str = "pubsub.googleapis.com/subscription/oldest_unacked_message_age";

/// A call for the series of a metric, over all that was and will be.
fn series(metric: &str, more: &str) -> String {
    format!(
        "/v3/projects/p/timeSeries?filter=metric.type=\"{metric}\"&interval.startTime=2020-01-01T00:00:00Z\
         &interval.endTime=2100-01-01T00:00:00Z{more}"
    )
}

/// The value of the newest point of a subscription's series, if it has any.
fn newest(answer: &Value, subscription: &str) -> Option<i64> {
    let all = answer["timeSeries"].as_array()?;
    let own = all
        .iter()
        .find(|series| series["resource"]["labels"]["subscription_id"] == subscription)?;
    own["points"][0]["value"]["int64Value"].as_str()?.parse().ok()
}

#[tokio::test]
async fn series_follow_what_is_published_and_acknowledged() {
    let local = Local::start().await;
    assert_eq!(
        local.get(&series(BACKLOG, "")).await.expect(200).json(),
        json!({"unit": "1"})
    );
    let topic = "projects/p/topics/orders";
    local.json("PUT", &format!("/v1/{topic}"), json!({})).await.expect(200);
    let filtered = json!({"topic": topic, "filter": "attributes.kind = \"late\""});
    for (id, body) in [("all", json!({"topic": topic})), ("late", filtered)] {
        let path = format!("/v1/projects/p/subscriptions/{id}");
        local.json("PUT", &path, body).await.expect(200);
    }
    let message = |kind: &str| json!({"data": "eA==", "attributes": {"kind": kind}});
    let messages = json!({"messages": [message("late"), message("early"), message("early")]});
    local
        .json("POST", &format!("/v1/{topic}:publish"), messages)
        .await
        .expect(200);
    let is =
        |id: &'static str, value: i64| move |reply: &crate::harness::Reply| newest(&reply.json(), id) == Some(value);
    local.until(&series(BACKLOG, ""), is("all", 3)).await;
    local.until(&series(BACKLOG, ""), is("late", 1)).await;

    // What is with somebody is not acknowledged yet.
    let pull = "/v1/projects/p/subscriptions/all:pull";
    let pulled = local
        .json("POST", pull, json!({"maxMessages": 2}))
        .await
        .expect(200)
        .json();
    let ids: Vec<&Value> = pulled["receivedMessages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["ackId"])
        .collect();
    assert_eq!(ids.len(), 2);
    local
        .json("POST", "/_control/clock", json!({"advance_seconds": 60}))
        .await
        .expect(200);
    let aged = |reply: &crate::harness::Reply| newest(&reply.json(), "all").is_some_and(|age| age >= 60);
    let answer = local.until(&series(AGE, ""), aged).await.json();
    assert_eq!(answer["unit"], "s");
    let points = answer["timeSeries"][0]["points"].as_array().unwrap();
    let times: Vec<&str> = points
        .iter()
        .map(|one| one["interval"]["endTime"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    assert_eq!(points[0]["interval"]["startTime"], points[0]["interval"]["endTime"]);
    let counted = local.get(&series(BACKLOG, "")).await.expect(200).json();
    assert_eq!(newest(&counted, "all"), Some(3));

    let ack = "/v1/projects/p/subscriptions/all:acknowledge";
    local.json("POST", ack, json!({"ackIds": ids})).await.expect(200);
    local.until(&series(BACKLOG, ""), is("all", 1)).await;

    // Pages of single points are the whole, and headers have none.
    let own = " AND resource.labels.subscription_id=\"late\"";
    let of_late = |more: &str| series(BACKLOG, more).replacen("&interval", &format!("{own}&interval"), 1);
    let fixed = format!("&interval.endTime={}", times[0]);
    let until_then = |more: &str| of_late(more).replacen("&interval.endTime=2100-01-01T00:00:00Z", &fixed, 1);
    let whole = local.get(&until_then("")).await.expect(200).json();
    assert_eq!(whole["timeSeries"].as_array().unwrap().len(), 1, "{whole}");
    let (mut paged, mut token) = (Vec::new(), String::new());
    loop {
        let more = format!("&pageSize=1&pageToken={token}");
        let page = local.get(&until_then(&more)).await.expect(200).json();
        paged.extend(page["timeSeries"][0]["points"].as_array().unwrap().clone());
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(whole["timeSeries"][0]["points"], Value::Array(paged));
    let headers = local.get(&of_late("&view=HEADERS")).await.expect(200).json();
    assert_eq!(
        headers["timeSeries"],
        json!([{
            "metric": {"type": BACKLOG},
            "resource": {"type": "pubsub_subscription", "labels": {"project_id": "p", "subscription_id": "late"}},
            "metricKind": "GAUGE",
            "valueType": "INT64",
            "unit": "1",
        }])
    );

    local.json("POST", "/_control/reset", json!({})).await.expect(200);
    assert_eq!(
        local.get(&series(BACKLOG, "")).await.expect(200).json(),
        json!({"unit": "1"})
    );
}

#[tokio::test]
async fn descriptors_are_found_by_types_with_slashes() {
    let local = Local::start().await;
    let all = "/v3/projects/p/metricDescriptors";
    let listed = local.get(all).await.expect(200).json();
    let types: Vec<&Value> = listed["metricDescriptors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(types, [BACKLOG, AGE]);
    for path in [AGE.to_owned(), AGE.replace('/', "%2F")] {
        let got = local.get(&format!("{all}/{path}")).await.expect(200).json();
        assert_eq!(got, listed["metricDescriptors"][1]);
    }
    let by_resource = format!("{all}?filter=resource.type=\"pubsub_topic\"");
    assert_eq!(local.get(&by_resource).await.expect(200).json(), json!({}));
    for (path, status) in [
        (format!("{all}/custom.googleapis.com/orders"), 404),
        (format!("{all}/run.googleapis.com/container/instance_count"), 501),
        (format!("{all}?filter=metric.labels.x=\"y\""), 400),
        (format!("{all}?activeOnly=true"), 501),
    ] {
        local.get(&path).await.expect(status);
    }
}
