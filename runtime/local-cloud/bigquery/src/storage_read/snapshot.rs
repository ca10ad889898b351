//! Writing a session's rows: batches of DuckDB's are gathered or cut to messages of a size that clients like.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::conform;
use super::ipc::Encoder;
use super::sessions::{Part, failed};
use crate::engine::arrow::array::{Array, RecordBatch};
use crate::engine::arrow::compute::concat_batches;
use crate::engine::arrow::datatypes::SchemaRef;
use crate::error::Fault;

const MOST_ROWS: usize = 16_384;
const ENOUGH_BYTES: usize = 1 << 20;
/// A message of one row may still have more.
const MOST_BYTES: usize = 3 << 20;

pub(super) struct Writer {
    file: BufWriter<File>,
    schema: SchemaRef,
    encoder: Encoder,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    at: u64,
    parts: Vec<Part>,
}

impl Writer {
    pub(super) fn create(path: &Path, schema: SchemaRef, encoder: Encoder) -> Result<Self, Fault> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, File::create(path).map_err(failed)?),
            schema,
            encoder,
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            at: 0,
            parts: Vec::new(),
        })
    }

    /// Takes rows as DuckDB gives them.
    pub(super) fn push(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let rows = conform::batch(rows, &self.schema)?;
        self.gather(rows)
    }

    fn gather(&mut self, rows: RecordBatch) -> Result<(), Fault> {
        let bytes = bytes(&rows);
        if bytes > MOST_BYTES && rows.num_rows() > 1 {
            let half = rows.num_rows() / 2;
            self.gather(rows.slice(0, half))?;
            return self.gather(rows.slice(half, rows.num_rows() - half));
        }
        if self.waiting_bytes + bytes > MOST_BYTES {
            self.flush()?;
        }
        self.waiting_rows += rows.num_rows();
        self.waiting_bytes += bytes;
        self.waiting.push(rows);
        if self.waiting_rows >= MOST_ROWS || self.waiting_bytes >= ENOUGH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        if self.waiting_rows > 0 {
            let rows = concat_batches(&self.schema, &self.waiting).map_err(conform::failed)?;
            let message = self.encoder.batch(&rows)?;
            self.file.write_all(&message).map_err(failed)?;
            let length = message.len() as u64;
            self.parts.push(Part {
                rows: self.waiting_rows as u64,
                at: self.at,
                length,
            });
            self.at += length;
        }
        self.waiting.clear();
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        Ok(())
    }

    /// The parts of the file, once all is written.
    pub(super) fn finish(mut self) -> Result<Vec<Part>, Fault> {
        self.flush()?;
        self.file.flush().map_err(failed)?;
        Ok(self.parts)
    }
}

/// The bytes of the rows themselves, not of the buffers that they are a part of.
fn bytes(rows: &RecordBatch) -> usize {
    let columns = rows.columns().iter();
    columns
        .map(|c| c.to_data().get_slice_memory_size().unwrap_or_default())
        .sum()
}
