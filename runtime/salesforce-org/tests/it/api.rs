//! REST: versions, describe, records, pages, changes between two points in time, limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DATA, Org, client, refusal};

#[tokio::test]
async fn metadata() {
    let org = Org::start().await;
    let versions = client()
        .get(format!("{}/services/data", org.simulator.base_url()))
        .send()
        .await
        .unwrap();
    let versions: Value = versions.json().await.unwrap();
    assert!(
        versions
            .as_array()
            .unwrap()
            .iter()
            .any(|v| v["version"] == "62.0" && v["url"] == DATA)
    );
    let global = org.json(&format!("{DATA}/sobjects/")).await;
    assert_eq!(global["sobjects"].as_array().unwrap().len(), 10);
    let account = org.json(&format!("{DATA}/sobjects/account/describe")).await;
    let fields = account["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|f| f["name"] == name).unwrap();
    for (name, key, value) in [
        ("Id", "type", json!("id")),
        ("Id", "length", json!(18)),
        ("Annual_Contract_Value__c", "precision", json!(18)),
        ("Annual_Contract_Value__c", "scale", json!(2)),
        ("Annual_Contract_Value__c", "type", json!("currency")),
        ("NumberOfEmployees", "digits", json!(8)),
        ("BillingCity", "compoundFieldName", json!("BillingAddress")),
        ("BillingAddress", "type", json!("address")),
        ("ParentId", "referenceTo", json!(["Account"])),
        ("ParentId", "relationshipName", json!("Parent")),
        ("External_Key__c", "externalId", json!(true)),
        ("Notes__c", "filterable", json!(false)),
        ("Notes__c", "length", json!(32768)),
        ("Region__c", "custom", json!(true)),
        ("SystemModstamp", "soapType", json!("xsd:dateTime")),
        ("IsDeleted", "nillable", json!(false)),
    ] {
        assert_eq!(field(name)[key], value, "{name}.{key}");
    }
    assert_eq!(field("Region__c")["picklistValues"][1]["value"], "EMEA");
    assert_eq!(
        (account["keyPrefix"].as_str(), account["queryable"].as_bool()),
        (Some("001"), Some(true))
    );
    let children = account["childRelationships"].as_array().unwrap();
    assert!(
        children
            .iter()
            .any(|c| c["childSObject"] == "Contact" && c["relationshipName"] == "Contacts")
    );
    let task = org.json(&format!("{DATA}/sobjects/Task/describe")).await;
    let what = task["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "WhatId")
        .unwrap();
    assert!(what["referenceTo"].as_array().unwrap().len() > 2);

    let again = org.get(&format!("{DATA}/sobjects/Account/describe"));
    let first = again.send().await.unwrap();
    let modified = first.headers()["last-modified"].to_str().unwrap().to_owned();
    let cached = org
        .get(&format!("{DATA}/sobjects/Account/describe"))
        .header("if-modified-since", modified)
        .send()
        .await
        .unwrap();
    assert_eq!(cached.status(), 304);
    for path in [
        format!("{DATA}/sobjects/Nope/describe"),
        "/services/data/v12.0/sobjects".into(),
        "/nope".into(),
    ] {
        assert_eq!(
            refusal(org.get(&path).send().await.unwrap()).await,
            (404, "NOT_FOUND".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_follow_one_another_over_a_snapshot() {
    let org = Org::start().await;
    let soql = "SELECT Id, Name FROM Task";
    let truth = org.truth("Task", false).await;
    let request = org
        .get(&format!("{DATA}/query"))
        .query(&[("q", soql)])
        .header("Sforce-Query-Options", "batchSize=200");
    let first: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        refusal(org.ask("SELECT Name FROM Task", false).await).await.1,
        "INVALID_FIELD"
    );
    assert_eq!(first[0]["errorCode"], "INVALID_FIELD");

    let request = org
        .get(&format!("{DATA}/query"))
        .query(&[("q", "SELECT Id FROM Task")])
        .header("Sforce-Query-Options", "batchSize=200");
    let mut page: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (page["done"].as_bool(), page["totalSize"].as_u64()),
        (Some(false), Some(truth.len() as u64))
    );
    assert_eq!(page["records"].as_array().unwrap().len(), 200);
    // Rows deleted meanwhile still come: a cursor is a snapshot.
    org.control("churn", json!({ "deletes": 20, "objects": ["Task"] }))
        .await;
    let mut ids: Vec<Value> = page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["Id"].clone())
        .collect();
    while let Some(next) = page["nextRecordsUrl"].as_str().map(str::to_owned) {
        page = org.json(&next).await;
        ids.extend(page["records"].as_array().unwrap().iter().map(|r| r["Id"].clone()));
    }
    assert_eq!(ids, truth.iter().map(|r| r["Id"].clone()).collect::<Vec<_>>());
    for bad in ["01g8W0000000001AAA-2000", "nonsense"] {
        let refused = org.get(&format!("{DATA}/query/{bad}")).send().await.unwrap();
        assert_eq!(refusal(refused).await, (400, "INVALID_QUERY_LOCATOR".into()));
    }
}

#[tokio::test]
async fn every_value_is_the_truth() {
    let org = Org::start().await;
    for object in [
        "User",
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
        "OpportunityLineItem",
        "Product2",
        "Task",
        "Case",
        "Campaign",
    ] {
        let described = org.json(&format!("{DATA}/sobjects/{object}/describe")).await;
        let fields: Vec<&Value> = described["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["type"] != "address")
            .collect();
        let names: Vec<&str> = fields.iter().map(|f| f["name"].as_str().unwrap()).collect();
        let records = org
            .query(&format!("SELECT {} FROM {object}", names.join(", ")), true)
            .await;
        let truth = org.truth(object, true).await;
        assert_eq!(records.len(), truth.len());
        for (record, truth) in records.iter().zip(&truth) {
            for field in &fields {
                let name = field["name"].as_str().unwrap();
                let (found, expected) = (&record[name], &truth[name]);
                let same = match field["type"].as_str().unwrap() {
                    _ if expected.is_null() => found.is_null(),
                    // serde_json rounds long numbers a little; that all digits are sent is tested with Bulk results.
                    "double" | "currency" | "percent" => {
                        let (found, expected) = (
                            found.as_f64().unwrap(),
                            expected.as_str().unwrap().parse::<f64>().unwrap(),
                        );
                        (found - expected).abs() <= expected.abs() * 1e-15
                    }
                    "datetime" => found.as_str().unwrap().replace("+0000", "Z") == expected.as_str().unwrap(),
                    _ => found == expected,
                };
                assert!(same, "{object}.{name}: {found} is not {expected}");
            }
        }
    }
}

#[tokio::test]
async fn records_are_written_and_read() {
    let org = Org::start().await;
    let accounts = format!("{DATA}/sobjects/Account");
    let sent = json!({ "Name": "Zoë \"Z\", Ltd\r\n", "AnnualRevenue": 1234567890123u64, "Score__c": "-0.000001", "Founded__c": "1899-12-31",
        "Is_Strategic__c": true, "Interests__c": "Cloud;R&D", "Support_Opens__c": "08:30:00.000Z", "External_Key__c": "K 1/2" });
    let made: Value = org
        .post(&accounts)
        .json(&sent)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let id = made["id"].as_str().unwrap();
    let found = org.json(&format!("{accounts}/{id}")).await;
    assert_eq!(found["Name"], "Zoë \"Z\", Ltd");
    assert_eq!(
        (found["AnnualRevenue"].as_f64(), found["Score__c"].as_f64()),
        (Some(1_234_567_890_123.0), Some(-0.000_001))
    );
    assert_eq!(
        (found["Founded__c"].as_str(), found["IsDeleted"].as_bool()),
        (Some("1899-12-31"), Some(false))
    );
    assert_eq!(
        org.json(&format!("{accounts}/External_Key__c/K%201%2F2")).await["Id"],
        id
    );
    let some = org
        .json(&format!("{accounts}/{}?fields=Name,Owner.Name", &id[..15]))
        .await;
    assert_eq!(some.as_object().unwrap().len(), 3);

    let patch = org
        .request(Method::PATCH, &format!("{accounts}/{id}"))
        .json(&json!({ "Region__c": "EMEA", "Rating": null }));
    assert_eq!(patch.send().await.unwrap().status(), 204);
    let upsert = org
        .request(Method::PATCH, &format!("{accounts}/External_Key__c/NEW"))
        .json(&json!({ "Name": "New" }));
    assert_eq!(upsert.send().await.unwrap().status(), 201);
    let contact = json!({ "LastName": "Doe", "FirstName": "Jo", "AccountId": id });
    let contact: Value = org
        .post(&format!("{DATA}/sobjects/Contact"))
        .json(&contact)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let contact = org
        .json(&format!("{DATA}/sobjects/Contact/{}", contact["id"].as_str().unwrap()))
        .await;
    assert_eq!(contact["Name"], "Jo Doe");

    for (body, code) in [
        (json!({}), "REQUIRED_FIELD_MISSING"),
        (json!({ "Name": "x", "Nope": 1 }), "INVALID_FIELD"),
        (json!({ "Name": "x".repeat(256) }), "STRING_TOO_LONG"),
        (
            json!({ "Name": "x", "AnnualRevenue": 12345678901234567890u64 }),
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        (json!({ "Name": "x", "Founded__c": "yesterday" }), "JSON_PARSER_ERROR"),
        (json!({ "Name": "x", "ParentId": "003000000000001" }), "MALFORMED_ID"),
        (
            json!({ "Name": "x", "ParentId": "0018W00000zzzzz" }),
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        (
            json!({ "Name": "x", "SystemModstamp": "2020-01-01T00:00:00Z" }),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        (json!({ "Name": "x", "External_Key__c": "k 1/2" }), "DUPLICATE_VALUE"),
        (json!([1]), "JSON_PARSER_ERROR"),
    ] {
        assert_eq!(
            refusal(org.post(&accounts).json(&body).send().await.unwrap()).await,
            (400, code.into()),
            "{body}"
        );
    }

    let path = format!("{accounts}/{id}");
    assert_eq!(org.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(
        refusal(org.get(&path).send().await.unwrap()).await,
        (404, "ENTITY_IS_DELETED".into())
    );
    let gone = org
        .query(
            &format!("SELECT Id, IsDeleted FROM Contact WHERE AccountId = '{id}'"),
            true,
        )
        .await;
    assert_eq!((gone.len(), gone[0]["IsDeleted"].as_bool()), (1, Some(true)));
    let now = org.json("/_control/clock").await["now_ms"].as_i64().unwrap();
    let at = |ms: i64| {
        chrono::DateTime::from_timestamp_millis(ms)
            .unwrap()
            .format("%Y-%m-%dT%H:%M:%S+00:00")
            .to_string()
    };
    let range = [("start", at(now - 60_000)), ("end", at(now + 2_000))];
    let deleted: Value = org
        .get(&format!("{accounts}/deleted"))
        .query(&range)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(deleted["deletedRecords"][0]["id"], id);
    let updated: Value = org
        .get(&format!("{accounts}/updated"))
        .query(&range)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(updated["ids"].as_array().unwrap().len(), 1);
    let user = org.query("SELECT Id FROM User LIMIT 1", false).await[0]["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = org
        .request(Method::DELETE, &format!("{DATA}/sobjects/User/{user}"))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn the_days_calls_are_counted() {
    let org = Org::with(|o| o.daily_api_requests = 21).await;
    let usage = |r: &reqwest::Response| r.headers()["sforce-limit-info"].to_str().unwrap().to_owned();
    let first = org.get(&format!("{DATA}/limits")).send().await.unwrap();
    assert_eq!(usage(&first), "api-usage=19/21");
    let body: Value = first.json().await.unwrap();
    assert_eq!(body["DailyApiRequests"], json!({ "Max": 21, "Remaining": 2 }));
    for _ in 0..2 {
        assert_eq!(org.get(&format!("{DATA}/limits/")).send().await.unwrap().status(), 200);
    }
    let refused = org.get(&format!("{DATA}/limits")).send().await.unwrap();
    assert_eq!(refusal(refused).await, (403, "REQUEST_LIMIT_EXCEEDED".into()));
    org.control("limits", json!({ "used": 0 })).await;
    assert_eq!(org.get(&format!("{DATA}/limits")).send().await.unwrap().status(), 200);
}
