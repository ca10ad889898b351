//! Files of data as the engine reads them: Parquet, and CSV with a header.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Seek;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::reader::Format;
use arrow::csv::{Reader, ReaderBuilder};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use headwater_quality::engine::{Batches, Located, Source};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::ParquetMetaData;

/// Rows of a batch: few enough that a column of it stays in a processor's cache.
const BATCH_ROWS: usize = 16_384;

/// Why a file cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened.
    #[error("cannot open {}", .0.display())]
    Open(PathBuf, #[source] std::io::Error),
    /// Its name does not say what it is.
    #[error("{}: neither .parquet nor .csv", .0.display())]
    Unknown(PathBuf),
    /// It is not what its name says.
    #[error("{} is no {form} file, or a damaged one", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What it should be.
        form: &'static str,
        /// What the reader says.
        #[source]
        source: ArrowError,
    },
}

/// A file of data: what the engine reads, and its rows whole.
pub trait DataFile: Source {
    /// As [`Source::scan_some`], all columns, in their own types.
    ///
    /// # Errors
    /// The file cannot be read.
    fn whole(&mut self, wanted: &dyn Fn(usize, usize) -> bool) -> Result<Located<'_>, ArrowError>;
}

/// Opens a file, as its name says what it is.
pub fn open(path: &Path) -> Result<Box<dyn DataFile>, SourceError> {
    let unreadable = |form: &'static str| {
        move |source: ArrowError| SourceError::Unreadable {
            path: path.to_owned(),
            form,
            source,
        }
    };
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let file = || File::open(path).map_err(|e| SourceError::Open(path.to_owned(), e));
    match extension.to_ascii_lowercase().as_str() {
        "parquet" | "pq" => Ok(Box::new(ParquetFile::open(file()?).map_err(unreadable("Parquet"))?)),
        "csv" => Ok(Box::new(CsvFile::open(file()?).map_err(unreadable("CSV"))?)),
        _ => Err(SourceError::Unknown(path.to_owned())),
    }
}

struct ParquetFile {
    file: File,
    /// With texts in a form that is cheaper to test.
    metadata: ArrowReaderMetadata,
    /// With the columns' own types.
    plain: ArrowReaderMetadata,
}

impl ParquetFile {
    fn open(file: File) -> Result<Self, ArrowError> {
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        let schema = plain.schema().clone();
        let fields: Vec<FieldRef> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(i, field)| match cheaper(plain.metadata(), &schema, i) {
                Some(data_type) => Arc::new(field.as_ref().clone().with_data_type(data_type)),
                None => field.clone(),
            })
            .collect();
        let wanted = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        let options = ArrowReaderOptions::new().with_schema(wanted);
        // Where a file's own types do not go with those, they are read as they are.
        let metadata =
            ArrowReaderMetadata::try_new(plain.metadata().clone(), options).unwrap_or_else(|_| plain.clone());
        Ok(Self { file, metadata, plain })
    }
}

/// A text column whose chunks take less than two bytes a value has few different values: read as a dictionary, each is tested
/// once. Other texts are read without copying them.
fn cheaper(metadata: &ParquetMetaData, schema: &Schema, column: usize) -> Option<DataType> {
    if !matches!(schema.field(column).data_type(), DataType::Utf8 | DataType::LargeUtf8) {
        return None;
    }
    // With a nested column before it, a column's number is another among the leaves.
    let flat = !schema.fields().iter().any(|f| f.data_type().is_nested());
    let few = flat
        && metadata.num_row_groups() > 0
        && metadata.row_groups().iter().all(|group| {
            let chunk = group.column(column);
            chunk.dictionary_page_offset().is_some() && chunk.uncompressed_size() < chunk.num_values() * 2
        });
    Some(if few {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
    } else {
        DataType::Utf8View
    })
}

impl Source for ParquetFile {
    fn schema(&self) -> SchemaRef {
        self.plain.schema().clone()
    }

    fn scan(&mut self, columns: &[usize]) -> Result<Batches<'_>, ArrowError> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.try_clone()?, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        Ok(Box::new(
            builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()?,
        ))
    }

    fn scan_some(
        &mut self,
        columns: &[usize],
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Located<'_>, ArrowError> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        self.some(&self.metadata, mask, wanted)
    }
}

/// So many rows are left out or read together: fewer would cost more to tell apart than to read.
const BLOCK_ROWS: usize = 64;

impl ParquetFile {
    fn some(
        &self,
        metadata: &ArrowReaderMetadata,
        columns: ProjectionMask,
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Located<'_>, ArrowError> {
        let mut groups = Vec::new();
        let mut found: Vec<Range<usize>> = Vec::new();
        // Where those rows are in the file, and where among the rows of the groups that are read.
        let mut selected: Vec<Range<usize>> = Vec::new();
        let (mut at, mut among) = (0, 0);
        for (group, its) in metadata.metadata().row_groups().iter().enumerate() {
            let rows = usize::try_from(its.num_rows()).unwrap_or_default();
            if wanted(at, rows) {
                groups.push(group);
                for from in (at..at + rows).step_by(BLOCK_ROWS) {
                    let to = (from + BLOCK_ROWS).min(at + rows);
                    if !wanted(from, to - from) {
                        continue;
                    }
                    match (found.last_mut(), selected.last_mut()) {
                        (Some(last), Some(among)) if last.end == from => {
                            last.end = to;
                            among.end += to - from;
                        }
                        _ => {
                            found.push(from..to);
                            selected.push(among + from - at..among + to - at);
                        }
                    }
                }
                among += rows;
            }
            at += rows;
        }
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.try_clone()?, metadata.clone())
            .with_projection(columns)
            .with_row_groups(groups)
            .with_row_selection(RowSelection::from_consecutive_ranges(selected.into_iter(), among))
            .with_batch_size(BATCH_ROWS)
            .build()?;
        Ok(Box::new(Locating {
            reader,
            found: found.into(),
            rest: None,
        }))
    }
}

impl DataFile for ParquetFile {
    fn whole(&mut self, wanted: &dyn Fn(usize, usize) -> bool) -> Result<Located<'_>, ArrowError> {
        self.some(&self.plain, ProjectionMask::all(), wanted)
    }
}

/// Says of what a reader of certain rows gives where it is in the file.
struct Locating<R> {
    reader: R,
    /// What the reader will give.
    found: VecDeque<Range<usize>>,
    /// What it gave, and is not told yet.
    rest: Option<RecordBatch>,
}

impl<R: Iterator<Item = Result<RecordBatch, ArrowError>>> Iterator for Locating<R> {
    type Item = Result<(usize, RecordBatch), ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match self.reader.next()? {
                Ok(batch) => batch,
                Err(error) => return Some(Err(error)),
            },
        };
        let range = self.found.front_mut()?;
        let from = range.start;
        let rows = batch.num_rows().min(range.len());
        range.start += rows;
        if range.start == range.end {
            self.found.pop_front();
        }
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        Some(Ok((from, batch.slice(0, rows))))
    }
}

struct CsvFile {
    file: File,
    schema: SchemaRef,
}

impl CsvFile {
    /// Looks at all rows to learn the columns' types.
    fn open(mut file: File) -> Result<Self, ArrowError> {
        let (schema, _) = Format::default().with_header(true).infer_schema(&mut file, None)?;
        // A column without any value has no type; as text it has at least rows.
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|f| match f.data_type() {
                DataType::Null => Field::new(f.name(), DataType::Utf8, true),
                _ => f.as_ref().clone(),
            })
            .collect();
        Ok(Self {
            file,
            schema: Arc::new(Schema::new(fields)),
        })
    }
}

impl Source for CsvFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn scan(&mut self, columns: &[usize]) -> Result<Batches<'_>, ArrowError> {
        self.file.rewind()?;
        let builder = ReaderBuilder::new(self.schema.clone())
            .with_header(true)
            .with_batch_size(BATCH_ROWS)
            .with_projection(columns.to_vec());
        let reader: Reader<File> = builder.build(self.file.try_clone()?)?;
        Ok(Box::new(reader))
    }
}

impl DataFile for CsvFile {
    fn whole(&mut self, wanted: &dyn Fn(usize, usize) -> bool) -> Result<Located<'_>, ArrowError> {
        let columns: Vec<usize> = (0..self.schema.fields().len()).collect();
        self.scan_some(&columns, wanted)
    }
}
