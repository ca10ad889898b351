//! Bulk API 2.0 query jobs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DATA, Org, client, refusal};

fn rows(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    reader
        .records()
        .map(|r| r.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[tokio::test]
async fn results_in_pages_are_the_truth() {
    let org = Org::start().await;
    let described = org.json(&format!("{DATA}/sobjects/Account/describe")).await;
    let fields: Vec<&Value> = described["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["type"] != "address")
        .collect();
    let names: Vec<&str> = fields.iter().map(|f| f["name"].as_str().unwrap()).collect();
    let soql = format!("SELECT {} FROM Account", names.join(","));
    let job = org.bulk(json!({ "operation": "queryAll", "query": soql })).await;
    let truth = org.truth("Account", true).await;
    assert_eq!(
        (job["state"].as_str(), job["numberRecordsProcessed"].as_u64()),
        (Some("JobComplete"), Some(truth.len() as u64))
    );
    let path = format!("{DATA}/jobs/query/{}", job["id"].as_str().unwrap());
    let (mut found, mut locator, mut pages) = (vec![], String::new(), 0);
    loop {
        let response = org
            .get(&format!("{path}/results"))
            .query(&[("maxRecords", "7"), ("locator", &locator)])
            .send()
            .await
            .unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let (next, count) = (header("sforce-locator"), header("sforce-numberofrecords"));
        let text = response.text().await.unwrap();
        let mut page = rows(&text, b',');
        assert_eq!(page.remove(0), names);
        assert_eq!(page.len().to_string(), count);
        found.extend(page);
        pages += 1;
        if next == "null" {
            break;
        }
        locator = next;
    }
    assert_eq!((found.len(), pages), (truth.len(), truth.len().div_ceil(7)));
    for (row, truth) in found.iter().zip(&truth) {
        for ((cell, field), name) in row.iter().zip(&fields).zip(&names) {
            let expected = match &truth[*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let numeric =
                matches!(field["type"].as_str().unwrap(), "double" | "currency" | "percent") && !cell.is_empty();
            if numeric {
                assert_eq!(cell.parse::<f64>().unwrap(), expected.parse::<f64>().unwrap(), "{name}");
            } else {
                assert_eq!(*cell, expected, "{name}");
            }
        }
    }
    let every = org.json(&format!("{path}/resultPages")).await;
    let url = every["resultPages"][0]["resultUrl"].as_str().unwrap();
    assert_eq!(every["done"], true);
    let whole = org.get(url).send().await.unwrap().text().await.unwrap();
    assert_eq!(rows(&whole, b',')[1..], found[..]);
    let response = client()
        .get(format!("{}{url}", org.simulator.base_url()))
        .bearer_auth(&org.token)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let zipped = response.bytes().await.unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&zipped[..]), &mut text).unwrap();
    assert_eq!(text, whole);
    for (query, status, code) in [
        ("?locator=xyz", 400, "INVALID_QUERY_LOCATOR"),
        ("?maxRecords=0", 400, "API_ERROR"),
        ("?maxRecords=many", 400, "API_ERROR"),
    ] {
        let refused = org.get(&format!("{path}/results{query}")).send().await.unwrap();
        assert_eq!(refusal(refused).await, (status, code.into()), "{query}");
    }
}

#[tokio::test]
async fn pages_can_be_fetched_side_by_side() {
    let org = Org::with(|o| o.bulk_page_rows = 7).await;
    let job = org
        .bulk(json!({ "operation": "query", "query": "SELECT Id FROM Account" }))
        .await;
    let truth = org.truth("Account", false).await;
    let path = format!("{DATA}/jobs/query/{}", job["id"].as_str().unwrap());
    let (mut urls, mut next) = (vec![], Some(format!("{path}/resultPages")));
    while let Some(url) = next {
        let answer = org.json(&url).await;
        let pages = answer["resultPages"].as_array().unwrap();
        assert!(pages.len() <= 5);
        urls.extend(pages.iter().map(|p| p["resultUrl"].as_str().unwrap().to_owned()));
        next = answer["nextRecordsUrl"].as_str().map(str::to_owned);
        assert_eq!(answer["done"].as_bool(), Some(next.is_none()));
    }
    assert_eq!(urls.len(), truth.len().div_ceil(7));
    let mut ids = vec![];
    for url in urls {
        let text = org.get(&url).send().await.unwrap().text().await.unwrap();
        ids.extend(rows(&text, b',').into_iter().skip(1).map(|r| r[0].clone()));
    }
    assert_eq!(ids, truth.iter().map(|r| r["Id"].as_str().unwrap()).collect::<Vec<_>>());
    let other = path.replace("v62.0", "v61.0");
    assert_eq!(
        org.get(&format!("{other}/resultPages")).send().await.unwrap().status(),
        409
    );
}

#[tokio::test]
async fn forms_and_relationships() {
    let org = Org::start().await;
    for (name, delimiter) in [
        ("TAB", b'\t'),
        ("PIPE", b'|'),
        ("SEMICOLON", b';'),
        ("CARET", b'^'),
        ("BACKQUOTE", b'`'),
    ] {
        let body = json!({ "operation": "query", "query": "SELECT Id, Name, Account.Owner.Name FROM Contact WHERE AccountId != null",
            "columnDelimiter": name, "lineEnding": "CRLF", "contentType": "CSV" });
        let job = org.bulk(body).await;
        let path = format!("{DATA}/jobs/query/{}/results", job["id"].as_str().unwrap());
        let text = org.get(&path).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("\"\r\n\"") || text.ends_with("\"\r\n"));
        let rows = rows(&text, delimiter);
        assert_eq!(rows[0], ["Id", "Name", "Account.Owner.Name"]);
        assert!(rows.len() > 100 && rows[1..].iter().all(|r| r.len() == 3 && !r[2].is_empty()));
    }
}

#[tokio::test]
async fn jobs_are_refused_aborted_deleted_and_reused() {
    let org = Org::with(|o| o.bulk_job_delay = std::time::Duration::from_secs(600)).await;
    let jobs = format!("{DATA}/jobs/query");
    for (body, code) in [
        (
            json!({ "operation": "query", "query": "SELECT COUNT(Id) FROM Account" }),
            "API_ERROR",
        ),
        (
            json!({ "operation": "query", "query": "SELECT BillingAddress FROM Account" }),
            "API_ERROR",
        ),
        (
            json!({ "operation": "query", "query": "SELECT Id FROM Account OFFSET 5" }),
            "API_ERROR",
        ),
        (
            json!({ "operation": "query", "query": "SELECT Nope FROM Account" }),
            "INVALID_FIELD",
        ),
        (json!({ "operation": "query", "query": "SELECT" }), "MALFORMED_QUERY"),
        (
            json!({ "operation": "drop", "query": "SELECT Id FROM Account" }),
            "API_ERROR",
        ),
        (json!({ "operation": "query" }), "API_ERROR"),
        (
            json!({ "operation": "query", "query": "SELECT Id FROM Account", "columnDelimiter": "SPACE" }),
            "API_ERROR",
        ),
    ] {
        assert_eq!(
            refusal(org.post(&jobs).json(&body).send().await.unwrap()).await,
            (400, code.into()),
            "{body}"
        );
    }
    let body = json!({ "operation": "query", "query": "SELECT Id FROM Account" });
    let job: Value = org.post(&jobs).json(&body).send().await.unwrap().json().await.unwrap();
    let path = format!("{jobs}/{}", job["id"].as_str().unwrap());
    assert_eq!(job["state"], "UploadComplete");
    assert_eq!(
        refusal(org.get(&format!("{path}/results")).send().await.unwrap())
            .await
            .1,
        "INVALIDJOBSTATE"
    );
    assert_eq!(org.request(Method::DELETE, &path).send().await.unwrap().status(), 400);
    let aborted: Value = org
        .request(Method::PATCH, &path)
        .json(&json!({ "state": "Aborted" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(aborted["state"], "Aborted");
    assert_eq!(
        org.request(Method::PATCH, &path)
            .json(&json!({ "state": "Aborted" }))
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
    assert_eq!(org.json(&jobs).await["records"].as_array().unwrap().len(), 1);
    assert_eq!(org.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(org.get(&path).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_result_is_rendered_once_even_across_starts() {
    let org = Org::start().await;
    let body = json!({ "operation": "query", "query": "SELECT Id, Name FROM Account" });
    org.bulk(body.clone()).await;
    let Org { simulator, dir, .. } = org;
    simulator.shutdown().await;
    let org = Org::open(dir, |_| {}).await;
    let results = || std::fs::read_dir(org.dir.path().join("results")).unwrap().count();
    assert_eq!(results(), 2);
    org.bulk(body.clone()).await;
    // Another condition that selects the same rows needs no second rendering; other rows do.
    org.bulk(json!({ "operation": "query", "query": "SELECT Id, Name FROM Account WHERE SystemModstamp < TODAY" }))
        .await;
    assert_eq!(results(), 2);
    org.control("churn", json!({ "updates": 1, "objects": ["Account"] }))
        .await;
    org.bulk(body).await;
    assert_eq!(results(), 4);
}
