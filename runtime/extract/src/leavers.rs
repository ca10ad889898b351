//! Rows that left a `where` condition. Salesforce tells which rows changed, not which rows a condition no longer admits;
//! so an incremental read under a condition also asks, without the condition, which rows changed at all. Those that did
//! not come with the read itself are no longer selected, and the MERGE removes them like deleted ones.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use headwater_salesforce::{Kind, QueryOptions, Soql, arrow_schema};
use headwater_spec::{Column, Deletes};
use tokio::sync::mpsc;

use crate::batch::Inflight;
use crate::errors::{Error, Result};
use crate::fetch::{Fetch, Kept};
use crate::object::Journal;
use crate::parts::Feed;

/// Changed rows up to which they are asked for one by one. Beyond, reading everything anew is simpler and not much dearer.
const MOST: u64 = 100_000;

/// How many rows changed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It does not matter to this batch.
    NotAsked,
    None,
    Some,
    TooMany,
}

impl Fetch<'_> {
    /// The cursor field, when rows may leave this batch's selection.
    pub fn leaving(&self, inflight: &Inflight) -> Option<&str> {
        let known = |name: &str| inflight.columns.iter().any(|column| column.field == name);
        let removable = self.extract.deletes == Deletes::Remove && known("IsDeleted");
        let conditional = self
            .spec
            .condition
            .as_ref()
            .is_some_and(|condition| !condition.trim().is_empty());
        self.cursor
            .filter(|_| conditional && removable && !inflight.window.is_full())
    }

    pub async fn changed(&self, inflight: &Inflight) -> Result<Changed> {
        let Some(cursor) = self.leaving(inflight) else {
            return Ok(Changed::NotAsked);
        };
        let query = Soql::count(self.object).window(cursor, &inflight.window);
        match self.client.count(&query, self.include_deleted(inflight)).await {
            Ok(0) => Ok(Changed::None),
            Ok(rows) if rows <= MOST => Ok(Changed::Some),
            Ok(_) => Ok(Changed::TooMany),
            Err(error) if error.kind() == Kind::QueryTimeout => Ok(Changed::TooMany),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds a part that names every changed row as removed. Rows that came with the read outrank it in the MERGE.
    pub async fn leavers(&self, journal: &mut Journal) -> Result<()> {
        let batch = journal.batch();
        let Some(cursor) = self.leaving(batch).filter(|_| batch.left.is_none()) else {
            return Ok(());
        };
        let columns = named(&batch.columns);
        let query = Soql::select(self.object, &columns).window(cursor, &batch.window);
        let soql = query.build().map_err(headwater_salesforce::Error::from)?;
        let options = QueryOptions {
            include_deleted: true,
            batch_size: None,
        };
        let mut pages = self.client.query(soql, columns.clone().into(), options);
        let schema = leaver_schema(&batch.columns);
        let (feed, fed) = mpsc::channel(2);
        let reading = async move {
            while let Some(page) = tokio::select! {
                page = pages.next() => page?,
                () = self.cancel.cancelled() => return Err(Error::Cancelled),
            } {
                if let Some(rows) = page.batch {
                    let marked = mark(&rows, &schema)?;
                    if feed.send(Feed::Rows(marked)).await.is_err() {
                        return Ok(());
                    }
                }
                self.check_budget()?;
            }
            let _ = feed.send(Feed::Boundary { next: None, last: true }).await;
            Ok(())
        };
        self.encode(journal, Kept::Leavers, reading, fed).await?;
        if journal.batch().left.is_none() {
            journal.change(|batch| batch.left = Some(0)).await?;
        }
        Ok(())
    }
}

/// What a row is recognised and ordered by.
fn named(columns: &[Column]) -> Vec<Column> {
    columns
        .iter()
        .filter(|column| matches!(column.field.as_str(), "Id" | "SystemModstamp"))
        .cloned()
        .collect()
}

/// The parts' schema with nothing required: these rows have no values to speak of.
pub(crate) fn leaver_schema(columns: &[Column]) -> SchemaRef {
    let schema = arrow_schema(columns);
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::clone(field).with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows of [`named`] columns as rows of all columns, marked as deleted.
fn mark(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let count = rows.num_rows();
    let columns = schema
        .fields()
        .iter()
        .map(|field| match rows.column_by_name(field.name()) {
            Some(column) => column.clone(),
            None if field.name() == "IsDeleted" => Arc::new(BooleanArray::from(vec![true; count])) as ArrayRef,
            None => new_null_array(field.data_type(), count),
        });
    let batch = RecordBatch::try_new(schema.clone(), columns.collect());
    batch.map_err(|error| Error::Parquet(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array as _, AsArray as _, StringArray};
    use headwater_spec::{BigQueryType, Mode};

    #[test]
    fn marked_rows_have_a_key_and_nothing_else() {
        let column = |name: &str, data_type| Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: String::new(),
            data_type,
            mode: Mode::Required,
            description: String::new(),
        };
        let columns = [
            column("Id", BigQueryType::String),
            column("IsDeleted", BigQueryType::Bool),
            column("Amount", BigQueryType::Numeric),
        ];
        assert_eq!(named(&columns).len(), 1);
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let rows = RecordBatch::try_new(arrow_schema(&columns[..1]), vec![ids]).expect("rows");
        let marked = mark(&rows, &leaver_schema(&columns)).expect("marked");
        assert_eq!(marked.column(0).as_string::<i32>().value(1), "b");
        assert_eq!(marked.column(1).as_boolean().true_count(), 2);
        assert_eq!(marked.column(2).null_count(), 2);
    }
}
