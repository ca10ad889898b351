//! Every scripted fault, as a client meets it.

use headwater_salesforce_org::Fault;
use serde_json::{Value, json};

use crate::harness::{DATA, Org, refusal};

#[tokio::test]
async fn errors_in_place_of_answers() {
    let mut org = Org::start().await;
    let path = format!("{DATA}/query?q=SELECT+Id+FROM+Account");
    for (kind, status, code) in [
        ("503", 503, "SERVER_UNAVAILABLE"),
        ("500", 500, "UNKNOWN_EXCEPTION"),
        ("expired_session", 401, "INVALID_SESSION_ID"),
        ("daily_limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("invalid_locator", 400, "INVALID_QUERY_LOCATOR"),
        ("query_timeout", 400, "QUERY_TIMEOUT"),
        ("lock_row", 400, "UNABLE_TO_LOCK_ROW"),
        ("api_disabled", 403, "API_DISABLED_FOR_ORG"),
    ] {
        org.control(
            "faults",
            json!({ "kind": kind, "match": "/services/data/*/query", "after": 1 }),
        )
        .await;
        assert_eq!(
            org.get(&path).send().await.unwrap().status(),
            200,
            "{kind}: the first passes"
        );
        assert_eq!(
            refusal(org.get(&path).send().await.unwrap()).await,
            (status, code.into()),
            "{kind}"
        );
        if kind == "expired_session" {
            assert_eq!(
                org.get(&path).send().await.unwrap().status(),
                401,
                "the session is really over"
            );
            org.login().await;
        }
        assert_eq!(
            org.get(&path).send().await.unwrap().status(),
            200,
            "{kind}: then it is over"
        );
    }
    let report = org.json("/_control/faults").await;
    assert_eq!(
        (
            report["all_consumed"].as_bool(),
            report["faults"].as_array().map(Vec::len)
        ),
        (Some(true), Some(8))
    );
    org.control("faults", json!([{ "kind": "maintenance_page" }])).await;
    let page = org.get(&path).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()),
        (503, "text/html")
    );
    for bad in [json!({ "kind": "nope" }), json!({ "kind": "503", "wat": 1 })] {
        let refused = org.post("/_control/faults").json(&bad).send().await.unwrap();
        assert_eq!(refused.status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn jobs_fail_on_demand() {
    let org = Org::with(|o| {
        o.faults = vec![
            Fault::new("bulk_unsupported", "/"),
            Fault {
                message: Some("broken".into()),
                ..Fault::new("bulk_job_failed", "/")
            },
        ];
    })
    .await;
    let body = json!({ "operation": "query", "query": "SELECT Id FROM Account" });
    let refused = org
        .post(&format!("{DATA}/jobs/query"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(refused).await, (400, "INVALIDENTITY".into()));
    let failed = org.bulk(body.clone()).await;
    assert_eq!(
        (failed["state"].as_str(), failed["errorMessage"].as_str()),
        (Some("Failed"), Some("broken"))
    );
    assert_eq!(org.bulk(body).await["state"], "JobComplete");
}

#[tokio::test]
async fn connections_break_where_they_should() {
    let org = Org::start().await;
    let job = org
        .bulk(json!({ "operation": "query", "query": "SELECT Id, Name, Description, Notes__c FROM Account" }))
        .await;
    let path = format!("{DATA}/jobs/query/{}/results", job["id"].as_str().unwrap());
    let whole = org.get(&path).send().await.unwrap().bytes().await.unwrap();
    org.control(
        "faults",
        json!({ "kind": "cut_connection", "match": "/services/data/*/jobs/query/*/results", "after_bytes": 5000 }),
    )
    .await;
    let mut response = org.get(&path).send().await.unwrap();
    let mut got = vec![];
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got.extend_from_slice(&chunk),
            Ok(None) => panic!("the answer ended well"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(got.len() <= 5000 && whole.starts_with(&got), "{} bytes came", got.len());
    assert_eq!(org.get(&path).send().await.unwrap().bytes().await.unwrap(), whole);

    // Written, but the answer was lost.
    org.control(
        "faults",
        json!({ "kind": "lost_answer", "match": "/services/data/*/sobjects/Account", "method": "POST" }),
    )
    .await;
    let lost = org
        .post(&format!("{DATA}/sobjects/Account"))
        .json(&json!({ "Name": "Lost answer" }))
        .send()
        .await;
    let lost = match lost {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(lost);
    assert_eq!(
        org.query("SELECT Id FROM Account WHERE Name = 'Lost answer'", false)
            .await
            .len(),
        1
    );

    org.control(
        "faults",
        json!({ "kind": "slow", "delay_ms": 60, "match": "/services/data/" }),
    )
    .await;
    let begun = std::time::Instant::now();
    let _: Value = org.json(&format!("{DATA}/limits")).await;
    assert!(begun.elapsed().as_millis() >= 60);
}
