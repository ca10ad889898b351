//! Bulk jobs and their pages: every row once, whatever happens to the connection.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use headwater_salesforce::{Client, DecodeOptions, Kind, PageOptions, Wait};
use headwater_spec::{BigQueryType, Column, Mode};

use crate::org::{Answer, Org, answer, error};

const JOB: &str = "/services/data/v66.0/jobs/query/750A";
const RESULTS: &str = "GET /services/data/v66.0/jobs/query/750A/results";

fn columns() -> Arc<[Column]> {
    [("Id", BigQueryType::String), ("N", BigQueryType::Int64)]
        .map(|(name, data_type)| Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: String::new(),
            data_type,
            mode: Mode::Nullable,
            description: String::new(),
        })
        .into()
}

fn csv(rows: std::ops::Range<i64>) -> String {
    let lines: String = rows.map(|n| format!("\"{n:018}\",\"{n}\"\n")).collect();
    format!("\"Id\",\"N\"\n{lines}")
}

fn page(rows: std::ops::Range<i64>, next: &str) -> Answer {
    let count = rows.end - rows.start;
    answer(200, csv(rows))
        .header("sforce-numberofrecords", count.to_string())
        .header("sforce-locator", next)
}

const OPTIONS: PageOptions = PageOptions {
    max_records: None,
    decode: DecodeOptions {
        batch_rows: 100,
        batch_bytes: 1 << 20,
    },
};

/// Reads a page to its end, or to its error.
async fn read(client: &Client, locator: Option<&str>) -> Result<(Vec<i64>, Option<String>), (usize, Kind)> {
    let mut page = client
        .open_page("750A", locator, columns(), OPTIONS)
        .await
        .map_err(|e| (0, e.kind()))?;
    let mut rows = Vec::new();
    loop {
        match page.next_batch().await {
            Ok(Some(batch)) => rows.extend_from_slice(batch.column(1).as_primitive::<Int64Type>().values()),
            Ok(None) => {
                assert_eq!(page.rows(), rows.len() as u64);
                return Ok((rows, page.next_locator().map(str::to_owned)));
            }
            Err(error) => return Err((rows.len(), error.kind())),
        }
    }
}

#[tokio::test]
async fn pages_are_walked_by_locator() {
    let org = Org::start().await;
    org.on(RESULTS, [page(0..250, "aBc")]);
    org.on(&format!("{RESULTS}?locator=aBc"), [page(250..300, "null")]);
    let client = org.client().await;
    let (mut rows, next) = read(&client, None).await.unwrap();
    let (more, end) = read(&client, next.as_deref()).await.unwrap();
    rows.extend(more);
    assert_eq!((rows, end), ((0..300).collect(), None));
}

#[tokio::test]
async fn every_row_comes_once_however_often_the_connection_breaks() {
    let text = csv(0..1000);
    // Further each time: never more than the bound of repeats without progress.
    let cuts = (1..=9).map(|n| text.len() * n / 10 - 3);
    let broken = cuts.map(|at| answer(200, &text[..at]).cut().header("sforce-numberofrecords", "1000"));
    let org = Org::start().await;
    org.on(RESULTS, broken.chain([page(0..1000, "null")]));
    assert_eq!(read(&org.client().await, None).await, Ok(((0..1000).collect(), None)));
    assert_eq!(org.requests("results").len(), 10);
}

#[tokio::test]
async fn a_page_with_fewer_rows_than_announced_is_read_again() {
    let short = || answer(200, csv(0..990)).header("sforce-numberofrecords", "1000");
    let org = Org::start().await;
    org.on(RESULTS, [short(), page(0..1000, "null")]);
    assert_eq!(read(&org.client().await, None).await, Ok(((0..1000).collect(), None)));

    org.on(RESULTS, [short()]);
    assert_eq!(read(&org.client().await, None).await, Err((990, Kind::Incomplete)));
}

#[tokio::test]
async fn repeats_end_when_there_is_no_progress() {
    let text = csv(0..1000);
    let org = Org::start().await;
    org.on(
        RESULTS,
        [answer(200, &text[..text.len() / 2])
            .cut()
            .header("sforce-numberofrecords", "1000")],
    );
    let (rows, kind) = read(&org.client().await, None).await.unwrap_err();
    assert_eq!((kind, org.requests("results").len()), (Kind::Network, 5));
    assert!(rows < 1000);
}

#[tokio::test]
async fn what_goes_wrong_in_the_middle_is_told() {
    let half = || {
        answer(200, &csv(0..1000)[..9000])
            .cut()
            .header("sforce-numberofrecords", "1000")
    };
    let cases = [
        ("the job is gone", vec![half(), error(404, "NOT_FOUND")], Kind::NotFound),
        (
            "the day's limit",
            vec![half(), error(403, "REQUEST_LIMIT_EXCEEDED")],
            Kind::Limit,
        ),
        (
            "another result",
            vec![
                half(),
                answer(200, csv(7..1007)).header("sforce-numberofrecords", "1000"),
            ],
            Kind::Decode,
        ),
        ("another type", vec![answer(200, "Id,N\n1,x\n")], Kind::Decode),
        ("another object", vec![answer(200, "Id,M\n1,2\n")], Kind::Decode),
        ("ends inside a cell", vec![answer(200, "Id,N\n\"1")], Kind::Incomplete),
        ("not CSV", vec![answer(200, "Id,N\n\"1\"x,2\n")], Kind::Decode),
    ];
    for (name, script, kind) in cases {
        let org = Org::start().await;
        org.on(RESULTS, script);
        assert_eq!(
            read(&org.client().await, None).await.map_err(|(_, kind)| kind),
            Err(kind),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_expired_session_in_the_middle_is_renewed() {
    let half = answer(200, &csv(0..1000)[..9000])
        .cut()
        .header("sforce-numberofrecords", "1000");
    let org = Org::start().await;
    org.on(RESULTS, [half, error(401, "INVALID_SESSION_ID"), page(0..1000, "null")]);
    assert_eq!(
        read(&org.client().await, None).await.map(|(rows, _)| rows.len()),
        Ok(1000)
    );
    assert_eq!(
        org.requests("results").last().map(|r| r.ends_with("token-2")),
        Some(true)
    );
}

#[tokio::test]
async fn an_empty_result_is_no_rows() {
    let org = Org::start().await;
    for body in ["", "\"Id\",\"N\"\n"] {
        org.on(
            RESULTS,
            [answer(200, body)
                .header("sforce-numberofrecords", "0")
                .header("sforce-locator", "null")],
        );
        assert_eq!(read(&org.client().await, None).await, Ok((vec![], None)));
    }
}

#[tokio::test]
async fn a_dropped_page_stops_fetching() {
    let org = Org::start().await;
    org.on(RESULTS, [page(0..200_000, "null")]);
    let client = org.client().await;
    let mut page = client.open_page("750A", None, columns(), OPTIONS).await.unwrap();
    assert!(page.next_batch().await.unwrap().is_some());
    // Bounded channels: what is decoded ahead is a few batches, not the page.
    assert!(page.rows() < 100_000, "{}", page.rows());
    drop(page);
}

#[tokio::test]
async fn jobs_are_created_waited_for_and_removed() {
    let org = Org::start().await;
    let job = |state: &str, more: &str| {
        answer(
            200,
            format!(r#"{{"id":"750A","object":"Account","state":"{state}"{more}}}"#),
        )
    };
    org.on(
        "POST /services/data/v66.0/jobs/query",
        [error(503, "SERVER_UNAVAILABLE"), job("UploadComplete", "")],
    );
    org.on(
        &format!("GET {JOB}"),
        [
            job("UploadComplete", ""),
            job("InProgress", ""),
            job("JobComplete", r#","numberRecordsProcessed":5"#),
        ],
    );
    org.on(
        &format!("DELETE {JOB}"),
        [error(503, "SERVER_UNAVAILABLE"), error(404, "NOT_FOUND")],
    );
    let client = org.client().await;
    let created = client.create_bulk_query("SELECT Id FROM Account", true).await.unwrap();
    let wait = Wait {
        first: Duration::from_millis(1),
        ..Wait::default()
    };
    let mut seen = 0;
    let done = client.wait_bulk_job(&created.id, &wait, |_| seen += 1).await.unwrap();
    assert_eq!((seen, done.number_records_processed), (3, 5));
    client.delete_bulk_job(&created.id).await.unwrap();
    let sent = r#"{"operation":"queryAll","query":"SELECT Id FROM Account","contentType":"CSV","columnDelimiter":"COMMA","lineEnding":"LF"}"#;
    assert_eq!(org.bodies().iter().filter(|b| *b == sent).count(), 2);

    org.on(&format!("PATCH {JOB}"), [error(400, "API_ERROR")]);
    client.abort_bulk_job("750A").await.unwrap();

    org.on(
        &format!("GET {JOB}"),
        [
            job("InProgress", ""),
            job(
                "Failed",
                r#","errorMessage":"InvalidBatch : Field name not found : X__c""#,
            ),
        ],
    );
    let failed = client.wait_bulk_job("750A", &wait, |_| {}).await.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.message()),
        (Kind::Field, Some("InvalidBatch : Field name not found : X__c"))
    );

    org.on(&format!("GET {JOB}"), [job("InProgress", "")]);
    let wait = Wait {
        deadline: Duration::from_millis(20),
        ..wait
    };
    assert_eq!(
        client.wait_bulk_job("750A", &wait, |_| {}).await.unwrap_err().kind(),
        Kind::Deadline
    );
}

#[tokio::test]
async fn locators_of_all_pages_are_told_in_portions() {
    let org = Org::start().await;
    let urls = |names: &[&str]| {
        names
            .iter()
            .map(|n| format!(r#"{{"resultUrl":"{JOB}/results?locator={n}"}}"#))
            .collect::<Vec<_>>()
            .join(",")
    };
    let first = format!(
        r#"{{"resultPages":[{}],"nextRecordsUrl":"{JOB}/resultPages?locator=f","done":false}}"#,
        urls(&["a", "b", "c", "d", "e"])
    );
    let second = format!(r#"{{"resultPages":[{}],"done":true}}"#, urls(&["f"]));
    org.on(&format!("GET {JOB}/resultPages"), [answer(200, first)]);
    org.on(&format!("GET {JOB}/resultPages?locator=f"), [answer(200, second)]);
    assert_eq!(
        org.client().await.bulk_locators("750A").await.unwrap(),
        ["a", "b", "c", "d", "e", "f"]
    );
}
