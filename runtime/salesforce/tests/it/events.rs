//! Change events against the simulator: what they tell, put together, is the state of the org; and no broken connection,
//! ended session or slow reader costs one of them.

use std::collections::{BTreeMap, HashMap};

use headwater_salesforce::{Batch, Change, ChangeType, Client, Kind, Start, Subscription};
use headwater_salesforce_org::Fault;
use serde_json::{Map, Value, json};

use crate::simulator::{Served, control, export, serve};

type Rows = BTreeMap<String, Map<String, Value>>;

/// What no event tells, and the name that is composed of its parts.
fn told(object: &str, mut row: Map<String, Value>) -> Map<String, Value> {
    let person = matches!(object, "User" | "Contact" | "Lead");
    row.retain(|name, _| match name.as_str() {
        "Id" | "IsDeleted" | "SystemModstamp" => false,
        "Name" => !person,
        _ => true,
    });
    // Decimals are exact in the truth and doubles in events.
    for value in row.values_mut() {
        if let Value::Number(n) = value {
            *value = json!(n.as_f64());
        }
    }
    row
}

/// The truth, with decimals as the doubles that events hold. Texts that look like numbers are of other fields.
async fn state(served: &Served, client: &Client, object: &str) -> Rows {
    let describe = client.describe(object).await.unwrap();
    let mut rows = Rows::new();
    for mut row in export(served, object).await {
        for field in &describe.fields {
            let Some(value) = row.get_mut(&field.name) else {
                continue;
            };
            let Some(text) = value.as_str().map(str::to_owned) else {
                continue;
            };
            match field.data_type.as_str() {
                "double" | "currency" | "percent" => *value = json!(text.parse::<f64>().unwrap()),
                "time" => *value = text.trim_end_matches('Z').into(),
                _ => {}
            }
        }
        let id = row["Id"].as_str().unwrap().to_owned();
        rows.insert(id, told(object, row));
    }
    rows
}

/// Applies a change as a current table would.
fn apply(rows: &mut Rows, change: &Change) {
    for id in &change.record_ids {
        match change.change_type {
            ChangeType::Delete => drop(rows.remove(id)),
            _ => rows
                .entry(id.clone())
                .or_default()
                .extend(told(&change.entity, change.fields.clone())),
        }
    }
}

async fn count(served: &Served) -> usize {
    let report = control(served, "events", json!({})).await;
    usize::try_from(report["events"].as_u64().unwrap()).unwrap()
}

async fn take(subscription: &mut Subscription, count: usize) -> Vec<Change> {
    let mut out = vec![];
    while out.len() < count {
        let Batch { events, .. } = subscription.next().await.unwrap();
        out.extend(events.into_iter().map(|e| e.change.unwrap()));
    }
    assert_eq!(out.len(), count);
    out
}

#[tokio::test]
async fn events_put_together_are_the_state_of_the_org() {
    let served = serve(60, |o| o.change_data_capture = vec!["*".into()]).await;
    let client = served.client(crate::org::options()).await;
    let objects = client.captured_objects("ChangeEvents").await.unwrap();
    assert_eq!(objects.len(), 10);
    let mut rows = HashMap::new();
    for object in &objects {
        rows.insert(object.clone(), state(&served, &client, object).await);
    }
    let churn = json!({ "inserts": 200, "updates": 900, "deletes": 60, "undeletes": 30, "alike": 40, "seed": 11 });
    control(&served, "churn", churn).await;
    control(
        &served,
        "churn",
        json!({ "updates": 100, "deletes": 10, "ties": true, "seed": 12 }),
    )
    .await;
    let altered = json!([
        { "action": "add_field", "object": "Account", "name": "New__c", "type": "double", "precision": 10, "scale": 3 },
        { "action": "hide_field", "object": "Contact", "name": "Email" },
    ]);
    control(&served, "schema", altered).await;
    control(
        &served,
        "churn",
        json!({ "inserts": 60, "updates": 300, "objects": ["Account", "Contact"], "seed": 13 }),
    )
    .await;

    let events = client.events().unwrap();
    let mut subscription = events.subscribe("/data/ChangeEvents", Start::Earliest);
    let changes = take(&mut subscription, count(&served).await).await;
    assert!(
        changes.iter().any(|c| c.record_ids.len() > 1),
        "changes alike share an event"
    );
    let mut last = (0, 0);
    for change in &changes {
        let at = (change.commit_number, change.sequence_number);
        assert!(at > last, "numbers rise");
        last = at;
        apply(rows.get_mut(&change.entity).unwrap(), change);
    }
    let mut compared = 0;
    for object in &objects {
        for (id, truth) in state(&served, &client, object).await {
            let mut found = rows.get_mut(object).unwrap().remove(&id).unwrap_or_default();
            found.retain(|name, _| truth.contains_key(name));
            for (name, expected) in &truth {
                // A field that a row was created without is not told, and is null.
                let value = found.get(name).unwrap_or(&Value::Null);
                assert_eq!(value, expected, "{object} {id} {name}");
                compared += 1;
            }
        }
        assert!(rows[object].is_empty(), "{object} has rows that the org has not");
    }
    assert!(compared > 10_000, "{compared} values");
}

#[tokio::test]
async fn nothing_is_lost_by_broken_connections() {
    let served = serve(60, |o| o.change_data_capture = vec!["*".into()]).await;
    let mut options = crate::org::options();
    options.retry.max_retries = 8;
    let client = served.client(options).await;
    control(&served, "churn", json!({ "updates": 1500, "seed": 21 })).await;
    let events = client.events().unwrap();
    let number = |c: &Change| (c.commit_number, c.sequence_number);
    let all = take(
        &mut events.subscribe("/data/ChangeEvents", Start::Earliest),
        count(&served).await,
    )
    .await;
    let path = "/eventbus.v1.PubSub/Subscribe";
    for (kind, after) in [
        ("cut_connection", 9_000),
        ("503", 0),
        ("expired_session", 0),
        ("resource_exhausted", 0),
        ("cut_connection", 100),
        ("lost_answer", 0),
    ] {
        let fault = Fault {
            after_bytes: after,
            ..Fault::new(kind, path)
        };
        control(&served, "faults", serde_json::to_value(fault).unwrap()).await;
    }
    let mut subscription = events.subscribe("/data/ChangeEvents", Start::Earliest);
    let mut seen = vec![];
    while seen.len() < all.len() {
        seen.extend(
            subscription
                .next()
                .await
                .unwrap()
                .events
                .into_iter()
                .map(|e| e.change.unwrap()),
        );
        if seen.len() == 600 {
            control(&served, "events", json!({ "disconnect": true })).await;
            control(&served, "expire_sessions", json!({})).await;
        }
    }
    assert_eq!(
        seen.iter().map(number).collect::<Vec<_>>(),
        all.iter().map(number).collect::<Vec<_>>()
    );
    let report = control(&served, "faults", json!([])).await;
    assert_eq!(report["all_consumed"], true, "{report}");
}

#[tokio::test]
async fn positions_are_kept_given_back_and_end() {
    let served = serve(60, |o| o.change_data_capture = vec!["Account".into()]).await;
    let client = served.client(crate::org::options()).await;
    let events = client.events().unwrap();
    control(&served, "events", json!({ "keep_alive_ms": 50 })).await;
    let mut latest = events.subscribe("/data/ChangeEvents", Start::Latest);
    let quiet = latest.next().await.unwrap();
    assert!(quiet.events.is_empty());
    control(
        &served,
        "churn",
        json!({ "updates": 20, "objects": ["Account"], "seed": 31 }),
    )
    .await;
    let text = serde_json::to_string(&quiet.latest).unwrap();
    let mut again = events.subscribe("/data/ChangeEvents", Start::After(serde_json::from_str(&text).unwrap()));
    assert_eq!(take(&mut latest, 20).await, take(&mut again, 20).await);
    control(&served, "events", json!({ "expire": true })).await;
    let mut expired = events.subscribe("/data/ChangeEvents", Start::After(quiet.latest));
    assert_eq!(expired.next().await.unwrap_err().kind(), Kind::Position);
    assert_eq!(
        events.topic("/data/NopeChangeEvent").await.unwrap_err().kind(),
        Kind::Object
    );
    assert!(events.topic("/data/AccountChangeEvent").await.unwrap().can_subscribe);
}

#[tokio::test]
async fn a_long_text_that_changes_a_little_is_told_as_a_difference() {
    let served = serve(60, |o| o.change_data_capture = vec!["Account".into()]).await;
    let client = served.client(crate::org::options()).await;
    let token = client.access_token().await.unwrap().token.expose().clone();
    let id = export(&served, "Account").await[0]["Id"].as_str().unwrap().to_owned();
    let long: String = (0..200).map(|n| format!("line {n}\n")).collect();
    for text in [long.clone(), long.replace("line 7\n", "another\n")] {
        let url = format!("{}/services/data/v66.0/sobjects/Account/{id}", served.url());
        let http = crate::simulator::http();
        let sent = http
            .patch(url)
            .bearer_auth(&token)
            .json(&json!({ "Description": text }))
            .send()
            .await;
        drop(sent.unwrap());
    }
    let events = client.events().unwrap();
    let mut subscription = events.subscribe("/data/AccountChangeEvent", Start::Earliest);
    let changes = take(&mut subscription, 2).await;
    let last = changes.last().unwrap();
    assert_eq!(
        last.diff_fields.iter().map(|n| &**n).collect::<Vec<_>>(),
        ["Description"]
    );
    assert!(!last.fields.contains_key("Description") && last.fields.contains_key("LastModifiedDate"));
}
