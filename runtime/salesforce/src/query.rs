//! REST queries: pages of records as Arrow, counts, and the check of a condition. For many rows there is `bulk`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm>

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::Stream;
use headwater_spec::Column;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::{Answer, Call};
use crate::decode::decode_records;
use crate::soql::Soql;
use crate::{Client, Error, Kind, Result};

/// Salesforce answers 431 or 414 when URL and headers exceed 16,384 bytes together; the token takes some of it. Longer
/// queries travel in the body of a composite request.
/// <https://help.salesforce.com/s/articleView?id=000386264&type=1>
const MAX_URL_BYTES: usize = 12_000;

/// How a query is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryOptions {
    /// Deleted and archived rows, too (`queryAll`).
    pub include_deleted: bool,
    /// Rows of a page, 200 to 2,000; Salesforce may give fewer for wide rows. Its default is 2,000.
    pub batch_size: Option<u16>,
}

/// A page of a query's result.
#[derive(Debug)]
pub struct QueryPage {
    /// Its rows; `None` for an empty result.
    pub batch: Option<RecordBatch>,
    /// Rows of the whole result, as Salesforce counted when the query began.
    pub total: u64,
    /// Numbers that were rounded to their column's scale.
    pub rounded: u64,
}

/// The pages of a query, one request each, one in memory at a time.
///
/// An error of [`Kind::Cursor`] ([`crate::Retry::Restart`]) means that Salesforce dropped the cursor: begin again with a
/// new query, without what was read of this one.
#[derive(Debug)]
pub struct QueryPages {
    client: Client,
    columns: Arc<[Column]>,
    options: QueryOptions,
    next: Next,
}

#[derive(Debug)]
enum Next {
    First(String),
    More(String),
    Done,
}

impl Client {
    /// A query of these columns, sent when its first page is asked for. The SOQL selects the columns' fields: see
    /// [`Soql::select`].
    pub fn query(&self, soql: String, columns: Arc<[Column]>, options: QueryOptions) -> QueryPages {
        QueryPages {
            client: self.clone(),
            columns,
            options,
            next: Next::First(soql),
        }
    }

    /// How many rows a `SELECT COUNT()` counts, deleted ones included when asked. One call.
    ///
    /// # Errors
    /// See [`Error`]; [`Kind::QueryTimeout`] for objects too large to count, which are to be read by the Bulk API.
    pub async fn count(&self, query: &Soql<'_>, include_deleted: bool) -> Result<u64> {
        #[derive(Deserialize)]
        struct Count {
            #[serde(rename = "totalSize")]
            total: u64,
        }
        let options = QueryOptions {
            include_deleted,
            ..QueryOptions::default()
        };
        // Salesforce counts for two minutes before it gives up: asking again takes as long and ends the same.
        let answer = self
            .run_soql(&query.build()?, options, Some(Kind::QueryTimeout))
            .await?;
        let count: Count = answer.json()?;
        Ok(count.total)
    }

    /// Whether Salesforce accepts a condition on an object: asks for one id that meets it. One call.
    ///
    /// (The query resource's `explain` would not run the query, but is a beta without support.)
    ///
    /// # Errors
    /// [`Error::Soql`] when the condition would not stay in its parentheses, otherwise Salesforce's refusal, whose
    /// [`Error::message`] says where the mistake is.
    pub async fn validate_where(&self, object: &str, condition: &str) -> Result<()> {
        let soql = Soql::fields(object, ["Id"])
            .condition(Some(condition))
            .limit(1)
            .build()?;
        self.run_soql(&soql, QueryOptions::default(), Some(Kind::QueryTimeout))
            .await
            .map(drop)
    }

    async fn run_soql(&self, soql: &str, options: QueryOptions, final_kind: Option<Kind>) -> Result<Answer> {
        let path = self.path(if options.include_deleted { "/queryAll" } else { "/query" });
        let encoded: String = reqwest::Url::parse_with_params("http://h/", [("q", soql)])
            .map_err(|_| Error::unexpected("query", "it cannot be encoded"))?
            .query()
            .unwrap_or("")
            .to_owned();
        if path.len() + encoded.len() <= MAX_URL_BYTES {
            let mut call = Call::get(path).query("q", soql);
            call.final_kind = final_kind;
            if let Some(rows) = options.batch_size {
                call = call.header("Sforce-Query-Options", format!("batchSize={rows}"));
            }
            return self.send(&call).await;
        }
        self.run_composite(&format!("{path}?{encoded}")).await
    }

    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm>
    async fn run_composite(&self, url: &str) -> Result<Answer> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Composite {
            composite_response: [Part; 1],
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Part {
            body: Box<RawValue>,
            http_status_code: u16,
        }
        let body = serde_json::json!({"compositeRequest": [{"method": "GET", "url": url, "referenceId": "query"}]});
        // A read, though it is POSTed: it may be repeated.
        let mut answer = self
            .send(&Call::new(reqwest::Method::POST, self.path("/composite")).body(body))
            .await?;
        let Composite {
            composite_response: [part],
        } = answer.json()?;
        if part.http_status_code >= 300 {
            return Err(Error::from_answer(
                &answer.request,
                part.http_status_code,
                part.body.get().as_bytes(),
            ));
        }
        answer.body = Box::<str>::from(part.body).into_boxed_bytes().into_vec().into();
        Ok(answer)
    }
}

impl QueryPages {
    /// The next page, or `None` after the last. After an error there is nothing more to come.
    ///
    /// # Errors
    /// See [`Error`]. A page that arrives cut off has been asked for again before.
    pub async fn next(&mut self) -> Result<Option<QueryPage>> {
        let answer = match std::mem::replace(&mut self.next, Next::Done) {
            Next::First(soql) => self.client.run_soql(&soql, self.options, None).await?,
            Next::More(path) => self.client.send(&Call::get(path)).await?,
            Next::Done => return Ok(None),
        };
        let columns = Arc::clone(&self.columns);
        let Answer { body, request, .. } = answer;
        let decoded = tokio::task::spawn_blocking(move || decode_records(&body, &columns)).await;
        let decoded = decoded.map_err(|_| Error::unexpected(&request, "decoding it was interrupted"))?;
        let (head, batch) = decoded.map_err(|source| Error::Decode {
            request: request.clone(),
            source,
        })?;
        self.next = match (head.done, head.next) {
            (true, _) => Next::Done,
            (false, Some(path)) => Next::More(path),
            (false, None) => {
                return Err(Error::unexpected(
                    &request,
                    "it is not the last page and does not name the next",
                ));
            }
        };
        Ok(Some(QueryPage {
            batch,
            total: head.total,
            rounded: head.rounded,
        }))
    }

    /// The pages as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<QueryPage>> + Send {
        futures::stream::unfold(self, |mut pages| async move {
            pages.next().await.transpose().map(|page| (page, pages))
        })
    }
}
