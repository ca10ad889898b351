//! Record batches in, Parquet parts in the lake out. One thread encodes while the next rows are downloaded and decoded
//! and the last part's tail is still uploading. Memory is bounded by one row group, whatever the object's size.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use headwater_cloud::{ObjectPath, Precondition, Upload};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::errors::{Error, Result};
use crate::lake::Lake;

/// A row group is closed at this many bytes of encoded pages in memory, or at this many rows.
pub const ROW_GROUP_BYTES: usize = 24 << 20;
const ROW_GROUP_ROWS: usize = 256 * 1024;
/// Encoded bytes are handed to the upload in pieces of about this size.
const PIECE: usize = 1 << 20;

/// What the encoding thread is told.
pub(crate) enum Feed {
    /// Rows.
    Rows(RecordBatch),
    /// The rows so far are whole pages: a part may end here.
    Boundary {
        /// Where a later run would go on.
        next: Option<String>,
        /// Nothing follows.
        last: bool,
    },
}

/// A part whose bytes are all on their way.
pub(crate) struct Sealed {
    pub object: String,
    pub rows: u64,
    pub upload: Upload,
    /// Where a later run would go on.
    pub next: Option<String>,
    pub last: bool,
}

/// Everything that the encoding thread needs.
pub(crate) struct Encoder {
    pub lake: Lake,
    pub schema: SchemaRef,
    /// Names the part of an index.
    pub name: Box<dyn Fn(usize) -> String + Send>,
    /// The index of the first part.
    pub first: usize,
    /// Bytes before compression at which a part ends.
    pub target_bytes: u64,
    /// Columns whose values hardly repeat, so that a dictionary is wasted on them.
    pub unique: Vec<String>,
}

/// Encoded bytes that wait for the upload.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self, at_least: usize) -> Option<Bytes> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.is_empty() || bytes.len() < at_least {
            return None;
        }
        Some(Bytes::from(std::mem::take(&mut *bytes)))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Open {
    object: String,
    writer: ArrowWriter<Buffer>,
    buffer: Buffer,
    upload: Upload,
    rows: u64,
    raw_bytes: u64,
}

impl Encoder {
    /// Runs until the feed ends. To be called on a thread that may block.
    pub fn run(self, mut feed: mpsc::Receiver<Feed>, sealed: &mpsc::Sender<Sealed>) -> Result<()> {
        let handle = Handle::current();
        let mut index = self.first;
        let mut open: Option<Open> = None;
        while let Some(message) = feed.blocking_recv() {
            match message {
                Feed::Rows(batch) => {
                    let part = match &mut open {
                        Some(part) => part,
                        none => none.insert(self.open(&handle, index)?),
                    };
                    part.write(&batch)?;
                }
                Feed::Boundary { next, last } => {
                    let full = open.as_ref().is_some_and(|part| part.raw_bytes >= self.target_bytes);
                    // A batch without rows still has one part: the load needs a file, and the file has the schema.
                    let empty = last && open.is_none() && index == 0;
                    if !(full || empty || (last && open.is_some())) {
                        if last {
                            return Ok(());
                        }
                        continue;
                    }
                    let part = match open.take() {
                        Some(part) => part,
                        None => self.open(&handle, index)?,
                    };
                    let done = part.seal(next, last)?;
                    index += 1;
                    if sealed.blocking_send(done).is_err() || last {
                        return Ok(());
                    }
                }
            }
        }
        // The feed ended without a last boundary: the run stops here, and the open part is given up.
        Ok(())
    }

    fn open(&self, handle: &Handle, index: usize) -> Result<Open> {
        let object = (self.name)(index);
        let path: ObjectPath = self.lake.path(&object);
        let upload = self
            .lake
            .storage()
            .upload(&path, "application/vnd.apache.parquet", Precondition::Absent);
        let upload = handle.block_on(upload)?;
        let buffer = Buffer::default();
        let writer = ArrowWriter::try_new(
            buffer.clone(),
            self.schema.clone(),
            Some(writer_properties(&self.unique)?),
        )?;
        Ok(Open {
            object,
            writer,
            buffer,
            upload,
            rows: 0,
            raw_bytes: 0,
        })
    }
}

/// How parts are encoded. `unique`: the columns whose values do not repeat. Public for the benchmark's floor, which must
/// write the same Parquet.
///
/// # Errors
/// Never, as long as the compression level is one that exists.
pub fn writer_properties(unique: &[String]) -> Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(concat!("headwater ", env!("CARGO_PKG_VERSION")).to_owned());
    for column in unique {
        properties = properties.set_column_dictionary_enabled(ColumnPath::new(vec![column.clone()]), false);
    }
    Ok(properties.build())
}

impl Open {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)?;
        self.rows += batch.num_rows() as u64;
        self.raw_bytes += raw_bytes(batch);
        if self.writer.memory_size() >= ROW_GROUP_BYTES {
            self.writer.flush()?;
        }
        if let Some(bytes) = self.buffer.take(PIECE) {
            self.upload.blocking_write(bytes).map_err(Error::Cloud)?;
        }
        Ok(())
    }

    fn seal(mut self, next: Option<String>, last: bool) -> Result<Sealed> {
        self.writer.finish()?;
        if let Some(bytes) = self.buffer.take(0) {
            self.upload.blocking_write(bytes).map_err(Error::Cloud)?;
        }
        Ok(Sealed {
            object: self.object,
            rows: self.rows,
            upload: self.upload,
            next,
            last,
        })
    }
}

/// The bytes of a batch's values, the same for the same rows however they were sliced.
fn raw_bytes(batch: &RecordBatch) -> u64 {
    let sizes = batch
        .columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    sizes.sum::<usize>() as u64
}
