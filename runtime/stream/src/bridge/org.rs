//! Reading records from the org: some by their ids, all that changed since a point in time, all there are. For what events do
//! not tell.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headwater_salesforce::{
    Client, Kind, ObjectDescribe, PageOptions, QueryOptions, Selection, Soql, Wait, columns, quote,
};
use headwater_spec::{Column, Window};

use super::errors::{Error, Result};
use super::rows::{Row, rows};

/// Ids of a query: its text must fit into a URL.
const IDS: usize = 200;
/// More rows than this are read by the Bulk API.
const MANY: u64 = 10_000;
/// A bulk job is looked at so often.
const POLL: Wait = Wait {
    first: Duration::from_millis(200),
    cap: Duration::from_secs(10),
    deadline: Duration::from_secs(6 * 3600),
};

/// An entity's columns and what they were made of.
pub(super) struct Entity {
    describe: ObjectDescribe,
    columns: Arc<[Column]>,
}

/// The org, as far as its records are read.
pub(super) struct Org {
    client: Client,
    entities: HashMap<String, Arc<Entity>>,
}

/// Rows on their way, piece by piece.
pub(super) enum Rows {
    Pages(Box<headwater_salesforce::QueryPages>, Arc<Entity>),
    Bulk(Box<Bulk>),
}

/// The pages of a job.
pub(super) struct Bulk {
    client: Client,
    job: String,
    entity: Arc<Entity>,
    page: Option<headwater_salesforce::Page>,
    next: Option<Option<String>>,
}

impl Org {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            entities: HashMap::new(),
        }
    }

    /// Described once, and again when that has become wrong.
    async fn entity(&mut self, name: &str) -> Result<Arc<Entity>> {
        if let Some(known) = self.entities.get(name) {
            return Ok(Arc::clone(known));
        }
        let describe = self.client.describe(name).await?;
        let columns = columns(&describe, &Selection::default()).map_err(|_| Error::Columns { entity: name.into() })?;
        let entity = Arc::new(Entity {
            describe,
            columns: columns.into(),
        });
        self.entities.insert(name.to_owned(), Arc::clone(&entity));
        Ok(entity)
    }

    /// The records with these ids, deleted ones included; those that are purged are missing.
    pub async fn by_ids(&mut self, name: &str, ids: &[String]) -> Result<HashMap<String, Row>> {
        let mut found = HashMap::new();
        for chunk in ids.chunks(IDS) {
            let read = match self.chunk(name, chunk).await {
                // A field is gone since the entity was described.
                Err(Error::Salesforce(error)) if error.kind() == Kind::Field => {
                    self.entities.remove(name);
                    self.chunk(name, chunk).await?
                }
                read => read?,
            };
            found.extend(read.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(found)
    }

    async fn chunk(&mut self, name: &str, ids: &[String]) -> Result<Vec<Row>> {
        let entity = self.entity(name).await?;
        let list: Vec<String> = ids.iter().map(|id| quote(id)).collect();
        let condition = format!("Id IN ({})", list.join(","));
        let soql = Soql::select(name, &entity.columns).condition(Some(&condition)).build();
        let mut pages = self.pages(&entity, soql.map_err(headwater_salesforce::Error::from)?);
        let mut out = vec![];
        while let Some(more) = pages.next().await? {
            out.extend(more);
        }
        Ok(out)
    }

    fn pages(&self, entity: &Arc<Entity>, soql: String) -> Rows {
        let options = QueryOptions {
            include_deleted: true,
            ..QueryOptions::default()
        };
        let pages = self.client.query(soql, Arc::clone(&entity.columns), options);
        Rows::Pages(Box::new(pages), Arc::clone(entity))
    }

    /// What changed since a point in time by the org's clock, deleted records included.
    pub async fn since(&mut self, name: &str, since: DateTime<Utc>) -> Result<Rows> {
        self.entities.remove(name);
        let entity = self.entity(name).await?;
        let cursor = entity.describe.cursor_field().map(str::to_owned);
        let window = Window {
            from: Some(since),
            // No end: what changes while it is read may be read too.
            to: Utc::now().max(since) + TimeDelta::days(3650),
        };
        let restrict = |query: Soql<'_>| match &cursor {
            Some(cursor) => query.window(cursor, &window).build(),
            None => query.build(),
        };
        let counted = match &cursor {
            Some(cursor) => {
                self.client
                    .count(&Soql::count(name).window(cursor, &window), true)
                    .await
            }
            None => self.client.count(&Soql::count(name), true).await,
        };
        let soql = restrict(Soql::select(name, &entity.columns)).map_err(headwater_salesforce::Error::from)?;
        // What cannot be counted in time is much.
        if counted.is_ok_and(|rows| rows <= MANY) {
            return Ok(self.pages(&entity, soql));
        }
        match self.job(&soql, true).await? {
            Some(job) => Ok(self.bulk(&entity, job)),
            None => Ok(self.pages(&entity, soql)),
        }
    }

    /// A job that reads all records that there are; `None` where the Bulk API cannot.
    pub async fn snapshot_job(&mut self, name: &str) -> Result<Option<String>> {
        let entity = self.entity(name).await?;
        let soql = Soql::select(name, &entity.columns)
            .build()
            .map_err(headwater_salesforce::Error::from)?;
        self.job(&soql, false).await
    }

    /// The rows of [`Org::snapshot_job`]; without a job by REST.
    pub async fn snapshot_rows(&mut self, name: &str, job: Option<String>) -> Result<Rows> {
        let entity = self.entity(name).await?;
        match job {
            Some(job) => {
                self.client.wait_bulk_job(&job, &POLL, |_| {}).await?;
                Ok(self.bulk(&entity, job))
            }
            None => {
                let soql = Soql::select(name, &entity.columns)
                    .build()
                    .map_err(headwater_salesforce::Error::from)?;
                Ok(self.pages(&entity, soql))
            }
        }
    }

    async fn job(&self, soql: &str, include_deleted: bool) -> Result<Option<String>> {
        let job = match self.client.create_bulk_query(soql, include_deleted).await {
            Ok(job) => job.id,
            Err(error) if error.kind() == Kind::BulkUnsupported => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if include_deleted {
            self.client.wait_bulk_job(&job, &POLL, |_| {}).await?;
        }
        Ok(Some(job))
    }

    fn bulk(&self, entity: &Arc<Entity>, job: String) -> Rows {
        Rows::Bulk(Box::new(Bulk {
            client: self.client.clone(),
            job,
            entity: Arc::clone(entity),
            page: None,
            next: Some(None),
        }))
    }

    /// A job that is not needed any more; Salesforce deletes it itself after 7 days.
    pub async fn discard(&self, job: &str) {
        if let Err(error) = self.client.delete_bulk_job(job).await {
            tracing::debug!(code = error.kind().code(), "the bulk job was not deleted");
        }
    }
}

impl Rows {
    /// The next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>> {
        match self {
            Self::Pages(pages, entity) => {
                let Some(page) = pages.next().await? else {
                    return Ok(None);
                };
                Ok(Some(
                    page.batch
                        .map_or(vec![], |b| rows(&b, &entity.columns, &entity.describe)),
                ))
            }
            Self::Bulk(bulk) => bulk.next().await,
        }
    }
}

impl Bulk {
    async fn next(&mut self) -> Result<Option<Vec<Row>>> {
        loop {
            if let Some(page) = &mut self.page {
                if let Some(batch) = page.next_batch().await? {
                    return Ok(Some(rows(&batch, &self.entity.columns, &self.entity.describe)));
                }
                self.next = page.next_locator().map(|locator| Some(locator.to_owned()));
                self.page = None;
            }
            let Some(locator) = self.next.take() else {
                return Ok(None);
            };
            let columns = Arc::clone(&self.entity.columns);
            let page = self
                .client
                .open_page(&self.job, locator.as_deref(), columns, PageOptions::default())
                .await?;
            self.page = Some(page);
        }
    }
}
