//! gcp-bigquery-client against the local cloud whose base URL is the first argument: datasets, tables, streamed rows, queries,
//! pages, jobs, errors. Ends with 1 when a check fails.

use std::sync::Arc;

use futures::StreamExt as _;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::dataset::Dataset;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::query_request::QueryRequest;
use gcp_bigquery_client::model::query_response::ResultSet;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_data_insert_all_request::TableDataInsertAllRequest;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use gcp_bigquery_client::tabledata::ListQueryParameters;

const PROJECT: &str = "test-project";
const DATASET: &str = "gcp_client";

type Failure = Box<dyn std::error::Error>;

/// The local cloud does not look at tokens.
#[derive(Clone)]
struct Anybody;

#[async_trait::async_trait]
impl Authenticator for Anybody {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("local".into())
    }
}

#[derive(serde::Serialize)]
struct Reading {
    id: i64,
    name: String,
    at: String,
    tags: Vec<String>,
}

async fn query(client: &Client, sql: &str) -> Result<ResultSet, BQError> {
    let answer = client.job().query(PROJECT, QueryRequest::new(sql)).await?;
    Ok(ResultSet::new_from_query_response(answer))
}

async fn datasets_and_tables(client: &Client) -> Result<(), Failure> {
    let dataset = Dataset::new(PROJECT, DATASET)
        .location("EU")
        .friendly_name("Readings")
        .label("team", "data");
    let dataset = client.dataset().create(dataset).await?;
    assert_eq!(dataset.friendly_name.as_deref(), Some("Readings"));
    let mut tags = TableFieldSchema::string("tags");
    tags.mode = Some("REPEATED".into());
    let schema = TableSchema::new(vec![
        TableFieldSchema::integer("id"),
        TableFieldSchema::string("name"),
        TableFieldSchema::timestamp("at"),
        tags,
    ]);
    let table = Table::new(PROJECT, DATASET, "readings", schema)
        .description("what was read")
        .label("kind", "raw")
        .time_partitioning(TimePartitioning::per_day().field("at"));
    client.table().create(table).await?;
    let found = client.table().get(PROJECT, DATASET, "readings", None).await?;
    assert_eq!(found.description.as_deref(), Some("what was read"));
    assert_eq!(found.schema.fields.as_ref().map(Vec::len), Some(4));
    assert_eq!(found.time_partitioning.and_then(|p| p.field).as_deref(), Some("at"));
    let all = client.table().list(PROJECT, DATASET, Default::default()).await?;
    assert_eq!(all.tables.map(|t| t.len()), Some(1));
    assert!(
        client
            .dataset()
            .list(PROJECT, Default::default())
            .await?
            .datasets
            .iter()
            .any(|d| d.dataset_reference.dataset_id == DATASET)
    );
    Ok(())
}

async fn rows_are_streamed_and_listed(client: &Client) -> Result<(), Failure> {
    let mut request = TableDataInsertAllRequest::new();
    for id in 0..250 {
        let name = if id % 7 == 0 {
            "Grün & \"Söhne\"".into()
        } else {
            format!("reading {id}")
        };
        let at = format!("2026-01-{:02}T12:00:00Z", id % 28 + 1);
        request.add_row(
            Some(format!("row-{id}")),
            Reading {
                id,
                name,
                at,
                tags: vec!["a".into(), id.to_string()],
            },
        )?;
    }
    let answer = client
        .tabledata()
        .insert_all(PROJECT, DATASET, "readings", request)
        .await?;
    assert!(answer.insert_errors.is_none(), "{:?}", answer.insert_errors);
    let parameters = ListQueryParameters {
        start_index: None,
        max_results: Some(100),
        page_token: None,
        selected_fields: Some("id,name".into()),
        format_options: None,
    };
    let listed = client
        .tabledata()
        .list(PROJECT, DATASET, "readings", parameters)
        .await?;
    assert_eq!(listed.total_rows.as_deref(), Some("250"));
    Ok(())
}

async fn queries_have_types_and_pages(client: &Client) -> Result<(), Failure> {
    let mut rows = query(
        client,
        "SELECT COUNT(*) AS n, AVG(id) AS mean, MAX(name) AS last, COUNT(*) > 1 AS many FROM gcp_client.readings",
    )
    .await?;
    assert!(rows.next_row());
    assert_eq!(rows.get_i64_by_name("n")?, Some(250));
    assert_eq!(rows.get_f64_by_name("mean")?, Some(124.5));
    assert_eq!(rows.get_string_by_name("last")?.as_deref(), Some("reading 99"));
    assert_eq!(rows.get_bool_by_name("many")?, Some(true));
    let config = JobConfigurationQuery {
        query: "SELECT id FROM gcp_client.readings ORDER BY id".into(),
        use_legacy_sql: Some(false),
        ..Default::default()
    };
    let mut pages = Box::pin(client.job().query_all_with_location(PROJECT, "EU", config, Some(40)));
    let (mut count, mut sizes) = (0, Vec::new());
    while let Some(page) = pages.next().await {
        let page = page?;
        sizes.push(page.len());
        for row in page {
            let cell = row.columns.and_then(|c| c.into_iter().next()).and_then(|c| c.value);
            assert_eq!(cell, Some(serde_json::Value::String(count.to_string())));
            count += 1;
        }
    }
    assert_eq!(sizes, [40, 40, 40, 40, 40, 40, 10]);
    Ok(())
}

async fn errors_say_what_is_wrong(client: &Client) -> Result<(), Failure> {
    let Err(error) = query(client, "SELECT nothing FROM gcp_client.readings").await else {
        return Err("an unknown column was found".into());
    };
    assert!(error.to_string().contains("nothing"), "{error}");
    let Err(error) = client.table().get(PROJECT, DATASET, "nobody", None).await else {
        return Err("an unknown table was found".into());
    };
    assert!(
        matches!(&error, BQError::ResponseError { error } if error.error.code == 404),
        "{error:?}"
    );
    Ok(())
}

async fn everything_goes(client: &Client) -> Result<(), Failure> {
    client.table().delete(PROJECT, DATASET, "readings").await?;
    assert!(!client.table().delete_if_exists(PROJECT, DATASET, "readings").await);
    client.dataset().delete(PROJECT, DATASET, true).await?;
    assert!(client.dataset().get(PROJECT, DATASET).await.is_err());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("usage: gcp-bigquery-client-checks URL")?;
    let client = ClientBuilder::new()
        .with_v2_base_url(format!("{url}/bigquery/v2"))
        .build_from_authenticator(Arc::new(Anybody))
        .await?;
    datasets_and_tables(&client).await?;
    rows_are_streamed_and_listed(&client).await?;
    queries_have_types_and_pages(&client).await?;
    errors_say_what_is_wrong(&client).await?;
    everything_goes(&client).await?;
    println!("all checks hold");
    Ok(())
}
