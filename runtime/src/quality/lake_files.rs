//! Parquet files of Cloud Storage as the engine reads them: one row group's columns at a time, by range reads, so that memory does
//! not grow with the data and nothing is copied to a disk.
//!
//! Which objects, and which generation of each, is settled once: what is written meanwhile is not read, and an object that is
//! replaced is an error and no mixture.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::{Buf as _, Bytes};
use futures::{StreamExt as _, TryStreamExt as _};
use headwater_cloud::{Error, Object, Storage};
use headwater_quality::engine::{Batches, Located, Source};
use headwater_spec::Glob;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use tokio::runtime::Handle;

use super::source::DataFile;

/// Rows of a batch: few enough that a column of it stays in a processor's cache.
const BATCH_ROWS: usize = 16_384;
/// A footer is most often within so many last bytes.
const FOOTER: u64 = 64 * 1024;
/// Ranges that lie so near to each other are read as one.
const GAP: u64 = 64 * 1024;
/// Ranges that are read at a time.
const PARALLEL: usize = 8;

/// The files, in the order of their names.
pub struct LakeFiles {
    storage: Storage,
    runtime: Handle,
    objects: Vec<Object>,
    /// Of the first file, which all others share.
    schema: SchemaRef,
}

/// Why files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Nothing is there.
    #[error("no object's name is like {0}")]
    NoObject(String),
    /// Cloud Storage refused or is out of reach.
    #[error(transparent)]
    Cloud(#[from] Error),
    /// Not Parquet.
    #[error("gs://{0} is no Parquet file, or a damaged one")]
    Damaged(String, #[source] ParquetError),
}

fn external(error: Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl LakeFiles {
    /// Finds the objects, and reads the first one's footer. A runtime of several threads is needed, which is waited on.
    pub async fn open(storage: Storage, glob: &Glob) -> Result<Self, LakeError> {
        let mut objects = storage.list(glob.bucket(), glob.prefix()).await?;
        objects.retain(|object| glob.matches(&object.name));
        let Some(first) = objects.first() else {
            return Err(LakeError::NoObject(glob.to_string()));
        };
        let metadata = footer(&storage, first).await;
        let metadata =
            metadata.map_err(|error| LakeError::Damaged(format!("{}/{}", first.bucket, first.name), error))?;
        Ok(Self {
            schema: metadata.schema().clone(),
            storage,
            runtime: Handle::current(),
            objects,
        })
    }

    /// Reads some columns of all files, of row groups that are wanted, texts as they are cheapest or as they are.
    fn read<'a>(
        &'a self,
        columns: Vec<usize>,
        views: bool,
        wanted: Box<dyn Fn(usize, usize) -> bool + 'a>,
    ) -> Located<'a> {
        let mut at = 0;
        let files = self.objects.iter().flat_map(move |object| {
            let (groups, failed) = match self.file(object, &columns, views) {
                Ok(file) => (Some(file), None),
                Err(error) => (None, Some(Err(error))),
            };
            let groups = groups.into_iter().flat_map(|file| {
                let file = Arc::new(file);
                (0..file.metadata.metadata().num_row_groups()).map(move |group| Ok((Arc::clone(&file), group)))
            });
            groups.chain(failed).collect::<Vec<_>>()
        });
        let batches = files.flat_map(
            move |group| -> Box<dyn Iterator<Item = Result<(usize, RecordBatch), ArrowError>>> {
                let (file, group) = match group {
                    Ok(group) => group,
                    Err(error) => return Box::new(std::iter::once(Err(error))),
                };
                let from = at;
                let rows = file.metadata.metadata().row_group(group).num_rows();
                at += usize::try_from(rows).unwrap_or_default();
                if !wanted(from, at - from) {
                    return Box::new(std::iter::empty());
                }
                match self.group(&file, group) {
                    Err(error) => Box::new(std::iter::once(Err(error))),
                    Ok(batches) => {
                        let mut next = from;
                        Box::new(batches.map(move |batch| {
                            let batch = batch?;
                            let first = next;
                            next += batch.num_rows();
                            Ok((first, batch))
                        }))
                    }
                }
            },
        );
        Box::new(batches)
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| self.runtime.block_on(future))
    }

    /// A file of which these columns of the first one's are read.
    fn file(&self, object: &Object, columns: &[usize], views: bool) -> Result<File, ArrowError> {
        let named = |error: String| ArrowError::SchemaError(format!("gs://{}/{}: {error}", object.bucket, object.name));
        let plain = self.wait(footer(&self.storage, object))?;
        let its = plain.schema();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let wanted = self.schema.field(*column);
            let place = its
                .index_of(wanted.name())
                .map_err(|_| named(format!("it has no column {}, which the first file has", wanted.name())))?;
            if its.field(place).data_type() != wanted.data_type() {
                return Err(named(format!(
                    "its column {} is of type {}, and {} in the first file",
                    wanted.name(),
                    its.field(place).data_type(),
                    wanted.data_type()
                )));
            }
            places.push(place);
        }
        let metadata = if views { viewed(&plain) } else { plain };
        let mask = ProjectionMask::roots(metadata.parquet_schema(), places.iter().copied());
        // The reader gives columns in the file's order.
        let mut sorted = places.clone();
        sorted.sort_unstable();
        let order = places
            .iter()
            .map(|place| sorted.binary_search(place).unwrap_or_default());
        Ok(File {
            order: order.collect(),
            object: object.clone(),
            metadata,
            mask,
        })
    }

    fn group(
        &self,
        file: &Arc<File>,
        group: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>> + use<>, ArrowError> {
        let its = file.metadata.metadata().row_group(group);
        let read = its.columns().iter().enumerate();
        let read = read.filter(|(leaf, _)| file.mask.leaf_included(*leaf));
        let ranges = together(read.map(|(_, chunk)| chunk.byte_range()).collect());
        let parts = futures::stream::iter(ranges).map(|(offset, length)| {
            let (storage, object) = (self.storage.clone(), file.object.clone());
            async move { Ok::<_, Error>((offset, storage.read_range(&object, offset, length).await?)) }
        });
        let parts = self.wait(parts.buffered(PARALLEL).try_collect());
        let chunks = Chunks {
            size: file.object.size,
            parts: parts.map_err(|error| ArrowError::ExternalError(Box::new(error)))?,
        };
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, file.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(file.mask.clone())
            .with_batch_size(BATCH_ROWS)
            .build()?;
        let file = Arc::clone(file);
        Ok(reader.map(move |batch| {
            let batch = batch?;
            if file.order.is_empty() {
                Ok(batch)
            } else {
                batch.project(&file.order)
            }
        }))
    }
}

/// A file as it is read.
struct File {
    object: Object,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    /// Where the columns are among those that are read.
    order: Vec<usize>,
}

/// The end of a file, which says what is in it.
async fn footer(storage: &Storage, object: &Object) -> Result<ArrowReaderMetadata, ParquetError> {
    let mut length = FOOTER.min(object.size);
    loop {
        let tail = storage
            .read_range(object, object.size - length, length)
            .await
            .map_err(external)?;
        let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
        match reader.try_parse_sized(&tail, object.size) {
            Ok(()) => {
                let metadata = Arc::new(reader.finish()?);
                return ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new());
            }
            Err(ParquetError::NeedMoreData(needed)) if needed as u64 > length && needed as u64 <= object.size => {
                length = needed as u64;
            }
            Err(error) => return Err(error),
        }
    }
}

/// With texts that are not copied when they are read.
fn viewed(plain: &ArrowReaderMetadata) -> ArrowReaderMetadata {
    let fields = plain.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => {
            Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)) as FieldRef
        }
        _ => Arc::clone(field),
    });
    let wanted = Schema::new_with_metadata(fields.collect::<Vec<_>>(), plain.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(wanted));
    ArrowReaderMetadata::try_new(plain.metadata().clone(), options).unwrap_or_else(|_| plain.clone())
}

/// Ranges in order, near ones as one.
fn together(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (offset, length) in ranges {
        match joined.last_mut() {
            Some((from, so_far)) if offset <= *from + *so_far + GAP => {
                *so_far = (*so_far).max(offset + length - *from);
            }
            _ => joined.push((offset, length)),
        }
    }
    joined
}

/// The bytes of a file that were read.
struct Chunks {
    size: u64,
    parts: Vec<(u64, Bytes)>,
}

impl Chunks {
    fn at(&self, start: u64) -> Result<Bytes, ParquetError> {
        let holding = self.parts.iter().find_map(|(offset, bytes)| {
            let skipped = usize::try_from(start.checked_sub(*offset)?).ok()?;
            (skipped <= bytes.len()).then(|| bytes.slice(skipped..))
        });
        holding.ok_or_else(|| ParquetError::EOF(format!("byte {start} was not read")))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Chunks {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.at(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.at(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!(
                "{length} bytes from {start} on were not read"
            )));
        }
        Ok(bytes.slice(..length))
    }
}

impl Source for LakeFiles {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn scan(&mut self, columns: &[usize]) -> Result<Batches<'_>, ArrowError> {
        let read = self.read(columns.to_vec(), true, Box::new(|_, _| true));
        Ok(Box::new(read.map(|located| located.map(|(_, batch)| batch))))
    }

    fn scan_some<'a>(
        &'a mut self,
        columns: &[usize],
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Located<'a>, ArrowError> {
        let groups = self.wanted(wanted)?;
        Ok(self.read(
            columns.to_vec(),
            true,
            Box::new(move |from, _| groups.binary_search(&from).is_ok()),
        ))
    }
}

impl LakeFiles {
    /// Where the row groups begin that hold a row which is wanted.
    fn wanted(&self, wanted: &dyn Fn(usize, usize) -> bool) -> Result<Vec<usize>, ArrowError> {
        let (mut at, mut found) = (0, Vec::new());
        for object in &self.objects {
            let footer = self.wait(footer(&self.storage, object))?;
            for group in footer.metadata().row_groups() {
                let rows = usize::try_from(group.num_rows()).unwrap_or_default();
                if wanted(at, rows) {
                    found.push(at);
                }
                at += rows;
            }
        }
        Ok(found)
    }
}

impl DataFile for LakeFiles {
    fn whole<'a>(&'a mut self, wanted: &dyn Fn(usize, usize) -> bool) -> Result<Located<'a>, ArrowError> {
        let groups = self.wanted(wanted)?;
        let columns = (0..self.schema.fields().len()).collect();
        Ok(self.read(
            columns,
            false,
            Box::new(move |from, _| groups.binary_search(&from).is_ok()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_near_are_read_as_one() {
        assert_eq!(together(vec![(10, 5), (0, 10)]), [(0, 15)]);
        assert_eq!(together(vec![(0, 10), (10 + GAP, 1)]), [(0, GAP + 11)]);
        assert_eq!(together(vec![(0, 10), (11 + GAP, 1)]), [(0, 10), (11 + GAP, 1)]);
        assert_eq!(together(vec![(0, 100), (10, 5)]), [(0, 100)]);
    }

    #[test]
    fn what_was_not_read_is_an_error() {
        let chunks = Chunks {
            size: 100,
            parts: vec![(10, Bytes::from_static(b"abcdef")), (50, Bytes::from_static(b"xyz"))],
        };
        assert_eq!(chunks.get_bytes(12, 3).expect("bytes"), "cde");
        assert_eq!(chunks.get_bytes(50, 3).expect("bytes"), "xyz");
        assert!(chunks.get_bytes(12, 30).is_err());
        assert!(chunks.get_bytes(30, 1).is_err());
    }
}
