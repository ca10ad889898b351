//! Rows as Arrow: out of a query batch by batch, and into a table.

use std::panic::{AssertUnwindSafe, catch_unwind};

use duckdb::arrow::record_batch::RecordBatch;

use super::Session;
use crate::error::{Fault, Reason};

/// Rows that DuckDB works on at a time. Batches of this size are taken as they are; of longer ones with lists in them
/// DuckDB's crate would copy all items for each piece.
pub(crate) const ROWS_AT_ONCE: usize = 2048;

impl Session<'_> {
    /// Runs a query and hands on its rows as they come: memory does not grow with their number.
    pub(crate) fn stream(
        &self,
        sql: &str,
        mut each: impl FnMut(RecordBatch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        tracing::trace!(sql, "duckdb");
        let run = || -> Result<(), Fault> {
            let mut statement = self.duck()?.prepare(sql).map_err(|e| self.fault(&e))?;
            for batch in statement.stream_arrow([]).map_err(|e| self.fault(&e))? {
                each(batch)?;
            }
            Ok(())
        };
        // The iterator of DuckDB's crate has no way to say that a batch could not be read, and panics.
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            self.watched.set(true);
            Err(Fault::new(
                Reason::BackendError,
                "the rows of a query could not be read to their end",
            ))
        })
    }

    /// Appends rows to these columns of a table, which take the batches' columns in their order. Without a catalogue it
    /// is a table of the warehouse.
    pub(crate) fn append(
        &self,
        catalog: Option<&str>,
        schema: &str,
        table: &str,
        columns: &[&str],
        batches: Vec<RecordBatch>,
    ) -> Result<(), Fault> {
        self.changes();
        let duck = self.duck()?;
        let appender = match catalog {
            Some(catalog) => duck.appender_with_columns_to_catalog_and_db(table, catalog, schema, columns),
            None => duck.appender_with_columns_to_db(table, schema, columns),
        };
        let mut appender = appender.map_err(|e| self.fault(&e))?;
        for batch in batches {
            appender.append_record_batch(batch).map_err(|e| self.fault(&e))?;
        }
        appender.flush().map_err(|e| self.fault(&e))
    }
}
