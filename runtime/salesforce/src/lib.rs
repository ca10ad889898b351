//! The client of Salesforce's APIs: OAuth, describe, SOQL over REST, Bulk API 2.0, the decoding of their answers into Arrow,
//! and change events through the Pub/Sub API.
//!
//! Only this crate knows Salesforce's JSON and CSV: nothing that it gives out is shaped by them. It refuses to know BigQuery's
//! API, the lake, Terraform, and what an extract is. The provider describes with it at plan time, the executors read with it.
//!
//! ```no_run
//! # async fn example(connection: headwater_spec::SalesforceConnection, secret: headwater_spec::Secret) -> Result<(), Box<dyn std::error::Error>> {
//! use headwater_salesforce::{Client, PageOptions, Selection, Soql, Wait, columns};
//!
//! let client = Client::connect(&connection, secret, Default::default()).await?;
//! let columns = columns(&client.describe("Account").await?, &Selection::default()).expect("nothing was excluded");
//! let soql = Soql::select("Account", &columns).build()?;
//! let job = client.create_bulk_query(&soql, true).await?;
//! client.wait_bulk_job(&job.id, &Wait::default(), |_| {}).await?;
//! let mut page = client.open_page(&job.id, None, columns.into(), PageOptions::default()).await?;
//! while let Some(batch) = page.next_batch().await? {
//!     println!("{} rows", batch.num_rows());
//! }
//! # Ok(()) }
//! ```

mod auth;
mod bulk;
mod client;
mod columns;
mod decode;
mod describe;
mod error;
mod events;
mod limits;
mod query;
mod retry;
mod soql;

pub use auth::AccessToken;
pub use bulk::{Job, JobState, Page, PageOptions, Wait};
pub use client::{Client, ClientOptions};
pub use columns::{
    ArrowType, List, Problem, Selection, SelectionError, arrow_schema, arrow_type, bigquery_type, columns, nearest,
};
pub use decode::{CsvDecoder, DecodeError, DecodeOptions};
pub use describe::{FieldDescribe, GlobalDescribe, ObjectDescribe, ObjectSummary};
pub use error::{Error, Kind, Result, Retry};
pub use events::{Batch, Change, ChangeType, EventError, Events, Received, ReplayId, Start, Subscription, TopicInfo};
pub use headwater_spec::Secret;
pub use limits::{ApiUsage, Limit, Limits};
pub use query::{QueryOptions, QueryPage, QueryPages};
pub use retry::RetryPolicy;
pub use soql::{MAX_SOQL_CHARS, Soql, SoqlError, check_condition, datetime, quote};
