//! Rows as Arrow: out of a query, batch by batch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use duckdb::arrow::record_batch::RecordBatch;

use super::{Session, fault};
use crate::error::{Fault, Reason};

impl Session<'_> {
    /// Runs a query and hands on its rows as they come: memory does not grow with their number.
    pub(crate) fn stream(
        &self,
        sql: &str,
        mut each: impl FnMut(RecordBatch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        tracing::trace!(sql, "duckdb");
        let run = || -> Result<(), Fault> {
            let mut statement = self.duck()?.prepare(sql).map_err(|e| fault(&e))?;
            for batch in statement.stream_arrow([]).map_err(|e| fault(&e))? {
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
}
