//! Changes to the org behind its APIs: churn, metadata, purges, the clock; and that they last.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use crate::harness::{DATA, Org, refusal};

async fn snapshot(org: &Org) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for object in org.json("/_control/counts").await.as_object().unwrap().keys() {
        for row in org.truth(object, true).await {
            all.insert(row["Id"].as_str().unwrap().to_owned(), row);
        }
    }
    all
}

#[tokio::test]
async fn churn_changes_what_it_says_and_keeps_integrity() {
    let org = Org::start().await;
    let before = snapshot(&org).await;
    let done = org
        .control(
            "churn",
            json!({ "inserts": 60, "updates": 60, "deletes": 25, "undeletes": 10, "ties": true, "seed": 4 }),
        )
        .await;
    let after = snapshot(&org).await;
    let mut said = HashSet::new();
    for lists in done["objects"].as_object().unwrap().values() {
        for ids in lists.as_object().unwrap().values() {
            said.extend(ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
        }
    }
    let changed: HashSet<String> = after
        .iter()
        .filter(|(id, row)| before.get(*id) != Some(row))
        .map(|(id, _)| id.clone())
        .collect();
    assert!(changed.is_subset(&said), "only what was announced changed");
    assert!(changed.len() > 100);
    let stamps: HashSet<&str> = said
        .iter()
        .map(|id| after[id]["SystemModstamp"].as_str().unwrap())
        .collect();
    assert_eq!(stamps.len(), 1, "a tie");
    assert!(before.keys().all(|id| after.contains_key(id)));

    for (object, number) in [
        ("Contact", 3),
        ("Opportunity", 3),
        ("OpportunityLineItem", 3),
        ("Task", 3),
        ("Case", 3),
        ("Account", 3),
    ] {
        let described = org.json(&format!("{DATA}/sobjects/{object}/describe")).await;
        let references: Vec<&str> = described["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["type"] == "reference")
            .map(|f| f["name"].as_str().unwrap())
            .collect();
        let rows = org.truth(object, false).await;
        assert!(rows.len() > number);
        for row in rows {
            for name in &references {
                if let Some(id) = row[*name].as_str() {
                    let target = after
                        .get(id)
                        .unwrap_or_else(|| panic!("{object}.{name} {id} is nowhere"));
                    assert_ne!(target["IsDeleted"], true, "{object}.{name} refers to a deleted row");
                }
            }
        }
    }
    // What an incremental reader sees is exactly that.
    let from = done["from"].as_str().unwrap();
    let from = format!("{}Z", &from[..19]);
    let mut seen = HashSet::new();
    for object in done["objects"].as_object().unwrap().keys() {
        let rows = org
            .query(&format!("SELECT Id FROM {object} WHERE SystemModstamp >= {from}"), true)
            .await;
        seen.extend(rows.iter().map(|r| r["Id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, said);
}

#[tokio::test]
async fn changes_last() {
    let org = Org::start().await;
    org.control(
        "churn",
        json!({ "inserts": 20, "updates": 20, "deletes": 10, "undeletes": 5 }),
    )
    .await;
    org.control("purge", json!({ "object": "Task" })).await;
    org.control(
        "schema",
        json!({ "action": "add_field", "object": "Account", "name": "New__c", "type": "double" }),
    )
    .await;
    let before = snapshot(&org).await;
    let Org { simulator, dir, .. } = org;
    // As a kill would: nothing is flushed by hand.
    drop(simulator);
    let log = dir.path().join("Account.log");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend_from_slice(&[0, 0, 7, 0, 0]);
    std::fs::write(&log, bytes).unwrap();
    let org = Org::open(dir, |_| {}).await;
    assert_eq!(snapshot(&org).await, before);
    assert_eq!(org.json("/_control/counts").await["Task"]["deleted"], 0);
    org.control("churn", json!({ "inserts": 5, "objects": ["Account"] }))
        .await;
}

#[tokio::test]
async fn late_rows_come_with_an_old_stamp() {
    let org = Org::start().await;
    let before = org.json("/_control/counts").await["Account"]["live"].as_u64().unwrap();
    let done = org
        .control(
            "churn",
            json!({ "inserts": 3, "objects": ["Account"], "late_ms": 60_000 }),
        )
        .await;
    assert_eq!(done["changed"]["Account"], 3);
    assert_eq!(org.json("/_control/counts").await["Account"]["live"], before);
    org.control("clock", json!({ "advance_seconds": 61 })).await;
    assert_eq!(org.json("/_control/counts").await["Account"]["live"], before + 3);
    let id = done["objects"]["Account"]["inserted"][0].as_str().unwrap();
    let row = org
        .truth("Account", false)
        .await
        .into_iter()
        .find(|r| r["Id"] == id)
        .unwrap();
    assert!(
        row["SystemModstamp"].as_str().unwrap() <= done["to"].as_str().unwrap(),
        "stamped when it was made"
    );
}

#[tokio::test]
async fn metadata_changes_show_everywhere() {
    let org = Org::start().await;
    let select = |field: &str| format!("SELECT Id, {field} FROM Account");
    org.control("schema", json!([
        { "action": "add_field", "object": "Account", "name": "Level__c", "type": "double", "precision": 6, "scale": 2, "default": "1.5" },
        { "action": "add_field", "object": "Account", "name": "Flag__c", "type": "boolean" },
        { "action": "hide_field", "object": "Account", "name": "Region__c" },
        { "action": "alter_field", "object": "Account", "name": "AccountNumber", "length": 4 },
        { "action": "alter_field", "object": "Account", "name": "Rating", "type": "double", "precision": 4, "scale": 0 },
        { "action": "remove_field", "object": "Account", "name": "Phone" },
    ])).await;
    assert!(
        org.query(&select("Level__c, Flag__c"), false)
            .await
            .iter()
            .all(|r| r["Level__c"] == 1.5 && r["Flag__c"] == false)
    );
    assert!(
        org.query(&select("Rating"), false)
            .await
            .iter()
            .all(|r| r["Rating"].is_null())
    );
    assert!(
        org.query(&select("AccountNumber"), false)
            .await
            .iter()
            .all(|r| r["AccountNumber"].as_str().is_none_or(|t| t.len() == 4))
    );
    for gone in ["Region__c", "Phone"] {
        assert_eq!(
            refusal(org.ask(&select(gone), false).await).await,
            (400, "INVALID_FIELD".into())
        );
        assert!(org.truth("Account", false).await[0].get(gone).is_none());
    }
    let described = org.json(&format!("{DATA}/sobjects/Account/describe")).await;
    let names: Vec<&str> = described["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"Level__c") && !names.contains(&"Region__c") && !names.contains(&"Phone"));
    org.control(
        "schema",
        json!({ "action": "show_field", "object": "Account", "name": "Region__c" }),
    )
    .await;
    assert!(
        org.query(&select("Region__c"), false)
            .await
            .iter()
            .any(|r| !r["Region__c"].is_null())
    );
    // Rows that are written afterwards have the new fields.
    let done = org
        .control("churn", json!({ "updates": 30, "inserts": 10, "objects": ["Account"] }))
        .await;
    assert!(done["changed"]["Account"].as_u64().unwrap() >= 10);
    assert!(
        org.query(&select("Level__c, Flag__c"), false)
            .await
            .iter()
            .all(|r| r["Flag__c"].is_boolean())
    );
    for bad in [
        json!({ "action": "remove_field", "object": "Account", "name": "Id" }),
        json!({ "action": "explode" }),
    ] {
        assert_eq!(
            org.post("/_control/schema").json(&bad).send().await.unwrap().status(),
            400
        );
    }
}

#[tokio::test]
async fn the_org_changes_by_itself() {
    let org = Org::with(|o| o.churn_per_second = 500.0).await;
    let start = org.json("/_control/clock").await["now"].as_str().unwrap()[..19].to_owned();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let found = org
            .query(
                &format!("SELECT COUNT(Id) n FROM Contact WHERE SystemModstamp >= {start}Z"),
                true,
            )
            .await;
        if found[0]["n"].as_u64().unwrap() > 5 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "nothing changes");
        tokio::task::yield_now().await;
    }
    org.simulator.shutdown().await;
}

#[tokio::test]
async fn the_clock_is_the_orgs() {
    let org = Org::start().await;
    org.control("clock", json!({ "now": "2030-01-02T03:04:05Z" })).await;
    let response = org.get(&format!("{DATA}/limits")).send().await.unwrap();
    // The session began years ago.
    assert_eq!(response.status(), 401);
    assert!(
        response.headers()["date"]
            .to_str()
            .unwrap()
            .starts_with("Wed, 02 Jan 2030 03:04:0")
    );
    for (path, status) in [
        ("/_control/nope", 404),
        ("/_control/export", 400),
        ("/_control/export?object=Nope", 404),
    ] {
        assert_eq!(org.get(path).send().await.unwrap().status(), status, "{path}");
    }
}
