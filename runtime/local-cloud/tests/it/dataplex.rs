//! Dataplex: data scans.

use serde_json::{Value, json};

use crate::harness::Local;

const ALL: &str = "/v1/projects/p/locations/l/dataScans";

fn quality(rules: &Value) -> Value {
    json!({"data": {"resource": "//bigquery.googleapis.com/projects/p/datasets/d/tables/t"},
        "executionSpec": {"trigger": {"schedule": {"cron": "TZ=Europe/Berlin 0 6 * * *"}}},
        "dataQualitySpec": {"rules": rules, "samplingPercent": 12.5}})
}

fn not_null() -> Value {
    json!([{"nonNullExpectation": {}, "column": "id", "dimension": "COMPLETENESS", "threshold": 0.9, "name": "id-set"}])
}

#[tokio::test]
async fn scans_are_kept_and_changed() {
    let local = Local::start().await;
    let create = format!("{ALL}?dataScanId=orders");
    let begun = local.json("POST", &create, quality(&not_null())).await.expect(200);
    assert_eq!(begun.json()["metadata"]["verb"], "create");
    let done = local.finish_at("v1", &begun).await;
    assert_eq!(
        done["response"]["@type"],
        "type.googleapis.com/google.cloud.dataplex.v1.DataScan"
    );
    let made = &done["response"];
    assert_eq!(
        (&made["type"], &made["state"]),
        (&json!("DATA_QUALITY"), &json!("ACTIVE"))
    );
    local.json("POST", &create, quality(&not_null())).await.expect(409);
    let path = format!("{ALL}/orders");
    assert!(
        local.get(&path).await.expect(200).json()["dataQualitySpec"].is_null(),
        "basic is the default view"
    );
    let full = local.get(&format!("{path}?view=FULL")).await.expect(200).json();
    assert_eq!(full["dataQualitySpec"], made["dataQualitySpec"]);
    assert_eq!(local.get(ALL).await.json()["dataScans"][0]["uid"], full["uid"]);

    let change = json!({"dataQualitySpec": {"rules": [{"sqlAssertion": {"sqlStatement": "SELECT 1"}, "dimension": "VALIDITY"}]}});
    let begun = local
        .json("PATCH", &format!("{path}?updateMask=dataQualitySpec"), change)
        .await
        .expect(200);
    let changed = local.finish_at("v1", &begun).await["response"].clone();
    assert!(changed["dataQualitySpec"]["samplingPercent"].is_null() && changed["uid"] == full["uid"]);
    for (mask, body) in [
        (
            "data",
            json!({"data": {"resource": "//bigquery.googleapis.com/projects/p/datasets/d/tables/other"}}),
        ),
        ("executionSpec", json!({"executionSpec": {"field": "ts"}})),
        (
            "executionIdentity",
            json!({"executionIdentity": {"serviceAccount": {"email": "a@b.c"}}}),
        ),
        ("dataQualitySpec,dataProfileSpec", json!({"dataProfileSpec": {}})),
        ("colour", json!({})),
    ] {
        local
            .json("PATCH", &format!("{path}?updateMask={mask}"), body)
            .await
            .expect(400);
    }
    let dry = local
        .json(
            "POST",
            &format!("{ALL}?dataScanId=dry&validateOnly=true"),
            quality(&not_null()),
        )
        .await;
    assert_eq!(dry.expect(200).json()["done"], true);
    local.get(&format!("{ALL}/dry")).await.expect(404);
    // What a job finds is a test of Google's client.
    let job = local
        .json("POST", &format!("{path}:run"), json!({}))
        .await
        .expect(200)
        .json()["job"]
        .clone();
    assert_eq!(job["type"], "DATA_QUALITY", "{job}");
    let name = job["name"].as_str().unwrap();
    assert_eq!(
        local.get(&format!("/v1/{name}")).await.expect(200).json()["uid"],
        job["uid"]
    );
    let begun = local.delete(&path).await.expect(200);
    local.finish_at("v1", &begun).await;
    local.get(&path).await.expect(404);
    local.delete(&path).await.expect(404);
}

#[tokio::test]
async fn what_google_refuses_in_scans_is_refused() {
    let local = Local::start().await;
    let refuse = async |body: Value, says: &str| {
        let refused = local
            .json("POST", &format!("{ALL}?dataScanId=bad"), body)
            .await
            .expect(400)
            .text()
            .replace('\\', "");
        assert!(refused.contains(says), "{says}: {refused}");
    };
    local
        .json("POST", &format!("{ALL}?dataScanId=Bad_Id"), quality(&not_null()))
        .await
        .expect(400);
    for (rule, says) in [
        (json!({}), "exactly one expectation"),
        (
            json!({"nonNullExpectation": {}, "uniquenessExpectation": {}, "column": "c"}),
            "exactly one expectation",
        ),
        (json!({"nonNullExpectation": {}}), "column is required"),
        (
            json!({"nonNullExpectation": {}, "column": "c", "ignoreNull": true}),
            "ignore_null",
        ),
        (
            json!({"rangeExpectation": {}, "column": "c"}),
            "at least one of min_value",
        ),
        (
            json!({"rangeExpectation": {"minValue": "2", "maxValue": "1"}, "column": "c"}),
            "greater than",
        ),
        (json!({"setExpectation": {}, "column": "c"}), "values"),
        (json!({"regexExpectation": {}, "column": "c"}), "regex is required"),
        (
            json!({"statisticRangeExpectation": {"minValue": "1"}, "column": "c"}),
            "statistic",
        ),
        (
            json!({"statisticRangeExpectation": {"statistic": "MODE"}, "column": "c"}),
            "TYPE_ENUM",
        ),
        (json!({"rowConditionExpectation": {}}), "sql_expression"),
        (
            json!({"tableConditionExpectation": {"sqlExpression": "TRUE"}, "threshold": 0.5}),
            "threshold",
        ),
        (json!({"sqlAssertion": {"sqlStatement": "SELECT 1;"}}), "semicolon"),
        (
            json!({"nonNullExpectation": {}, "column": "c", "threshold": 1.5}),
            "threshold",
        ),
        (
            json!({"nonNullExpectation": {}, "column": "c", "dimension": "validity"}),
            "dimension",
        ),
        (
            json!({"nonNullExpectation": {}, "column": "c", "name": "a_b"}),
            "name 'a_b'",
        ),
        (
            json!({"nonNullExpectation": {}, "column": "c", "mostly": 1}),
            "Unknown name \"mostly\"",
        ),
    ] {
        refuse(quality(&json!([rule])), says).await;
    }
    refuse(quality(&json!([])), "at least one rule").await;
    for (field, value, says) in [
        ("data", json!({}), "must have an entity or a resource"),
        ("data", json!({"resource": "p.d.t"}), "//bigquery.googleapis.com/"),
        ("dataProfileSpec", json!({}), "exactly one of"),
        (
            "executionSpec",
            json!({"trigger": {"schedule": {"cron": "TZ=Mars 0 6 * * *"}}}),
            "time zone",
        ),
        (
            "executionSpec",
            json!({"trigger": {"onDemand": {}, "schedule": {"cron": "0 6 * * *"}}}),
            "one of on_demand",
        ),
        ("description", json!("x".repeat(1025)), "1024"),
    ] {
        let mut body = quality(&not_null());
        body[field] = value;
        refuse(body, says).await;
    }
    let profile = |spec: Value| json!({"data": {"resource": "//bigquery.googleapis.com/projects/p/datasets/d/tables/t"}, "dataProfileSpec": spec});
    refuse(profile(json!({"samplingPercent": 101})), "sampling_percent").await;
    refuse(
        profile(json!({"postScanActions": {"bigqueryExport": {"resultsTable": "t"}}})),
        "results_table",
    )
    .await;
    let one_time = json!({"data": {"resource": "//bigquery.googleapis.com/projects/p/datasets/d/tables/t"},
        "executionSpec": {"trigger": {"oneTime": {"ttlAfterScanCompletion": "1s"}}}, "dataProfileSpec": {}});
    local
        .json("POST", &format!("{ALL}?dataScanId=once"), one_time)
        .await
        .expect(501);
}
