//! The floor of `cargo xtask bench extract`: the CSV of a Bulk query job is brought into memory first; then one thread decodes
//! it and writes the Parquet that an extract writes, to nowhere. Prints rows per second as JSON.
//!
//! `floor --login-url URL --client-id ID --object Account`, the client secret in `HEADWATER_FLOOR_SECRET`.

#![expect(clippy::print_stdout, reason = "a program's result")]

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use headwater_extract::{ROW_GROUP_BYTES, writer_properties};
use headwater_salesforce::{Client, CsvDecoder, DecodeOptions, Selection, Soql, Wait, arrow_schema, columns};
use headwater_spec::{Column, SalesforceAuth, SalesforceConnection, Secret, SecretRef};
use parquet::arrow::ArrowWriter;

type Failure = Box<dyn std::error::Error>;

/// Counts what is written and keeps none of it.
struct Nowhere(u64);

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn argument(name: &str) -> Result<String, Failure> {
    let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
    arguments.next().ok_or_else(|| format!("{name} is missing").into())
}

/// A Bulk query's columns and whole result, page by page.
async fn download() -> Result<(Vec<Column>, Vec<Vec<u8>>), Failure> {
    let (login_url, client_id, object) = (
        argument("--login-url")?,
        argument("--client-id")?,
        argument("--object")?,
    );
    let secret = std::env::var("HEADWATER_FLOOR_SECRET")?;
    let connection = SalesforceConnection {
        id: "floor".into(),
        login_url: login_url.clone(),
        api_version: "66.0".into(),
        auth: SalesforceAuth::ClientCredentials {
            client_id: client_id.clone(),
            client_secret: SecretRef("none".into()),
        },
    };
    let client = Client::connect(&connection, Secret::new(secret.clone()), Default::default()).await?;
    let columns =
        columns(&client.describe(&object).await?, &Selection::default()).map_err(|_| "nothing was selected")?;
    let soql = Soql::select(&object, &columns).build()?;
    let job = client.create_bulk_query(&soql, true).await?;
    client.wait_bulk_job(&job.id, &Wait::default(), |_| {}).await?;

    let http = reqwest::Client::new();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &client_id),
        ("client_secret", &secret),
    ];
    let token: serde_json::Value = http
        .post(format!("{login_url}/services/oauth2/token"))
        .form(&form)
        .send()
        .await?
        .json()
        .await?;
    let token = token["access_token"].as_str().ok_or("no access token")?;
    let mut pages = Vec::new();
    let mut locator = String::new();
    loop {
        let url = format!("{login_url}/services/data/v66.0/jobs/query/{}/results{locator}", job.id);
        let answer = http
            .get(url)
            .bearer_auth(token)
            .header("accept", "text/csv")
            .send()
            .await?
            .error_for_status()?;
        let next = answer
            .headers()
            .get("sforce-locator")
            .and_then(|v| v.to_str().ok())
            .unwrap_or("null")
            .to_owned();
        pages.push(answer.bytes().await?.to_vec());
        if next == "null" {
            return Ok((columns, pages));
        }
        locator = format!("?locator={next}");
    }
}

fn main() -> Result<(), Failure> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (columns, pages) = runtime.block_on(download())?;
    let csv_bytes: usize = pages.iter().map(Vec::len).sum();
    let unique: Vec<String> = columns
        .iter()
        .filter(|c| c.salesforce_type == "id")
        .map(|c| c.name.clone())
        .collect();
    let shared: Arc<[Column]> = columns.clone().into();

    let since = Instant::now();
    let mut rows = 0;
    let mut writer = ArrowWriter::try_new(Nowhere(0), arrow_schema(&columns), Some(writer_properties(&unique)?))?;
    for page in &pages {
        let mut decoder = CsvDecoder::new(shared.clone(), DecodeOptions::default());
        for piece in page.chunks(64 << 10) {
            decoder.push(piece)?;
            while let Some(batch) = decoder.next_batch() {
                write(&mut writer, &batch)?;
            }
        }
        if let Some(batch) = decoder.finish()? {
            write(&mut writer, &batch)?;
        }
        rows += decoder.rows();
    }
    let sink = writer.into_inner()?;
    let seconds = since.elapsed().as_secs_f64();
    let rows = u32::try_from(rows)?;
    let result = serde_json::json!({
        "rows": rows, "seconds": seconds, "rows_per_second": f64::from(rows) / seconds,
        "csv_bytes": csv_bytes, "parquet_bytes": sink.0, "columns": columns.len(),
    });
    println!("{result}");
    Ok(())
}

fn write(writer: &mut ArrowWriter<Nowhere>, batch: &arrow::array::RecordBatch) -> Result<(), Failure> {
    writer.write(batch)?;
    if writer.memory_size() >= ROW_GROUP_BYTES {
        writer.flush()?;
    }
    Ok(())
}
