//! `--quarantine` and `--accepted`: the rows of a file that are set apart, with their reasons, and the others, as Parquet.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use headwater_quality::engine::EvaluateError;
use headwater_quality::gate::{Split, quarantine_schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::source::DataFile;

/// Why rows cannot be set apart.
#[derive(Debug, thiserror::Error)]
pub enum ApartError {
    /// One file for two things.
    #[error("{} is named for two things", .0.display())]
    SameFile(PathBuf),
    /// The rows cannot be read again.
    #[error("the rows cannot be read again")]
    Read(#[from] EvaluateError),
    /// They cannot have a column of reasons.
    #[error("the rows cannot be told apart")]
    Split(#[from] ArrowError),
    /// A file cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] Cause),
}

/// Of the file's system, or of what writes Parquet.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Where rows go.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Those that are set apart.
    pub quarantine: &'a Path,
    /// The others, if they are asked for.
    pub accepted: Option<&'a Path>,
}

impl Places<'_> {
    /// Each file is one thing only: the data, the rows set apart, or the others.
    pub fn check(&self, data: &Path) -> Result<(), ApartError> {
        let twice = match self.accepted {
            Some(accepted) if accepted == self.quarantine || accepted == data => Some(accepted),
            _ => (self.quarantine == data).then_some(data),
        };
        twice.map_or(Ok(()), |path| Err(ApartError::SameFile(path.to_owned())))
    }
}

/// Writes the rows of a file to where they go. Both files appear when both are whole, and take the place of what was there.
pub fn write(file: &mut dyn DataFile, split: &Split, rows: u64, places: Places<'_>) -> Result<(), ApartError> {
    let schema = file.schema();
    let mut quarantine = Writing::begin(places.quarantine, quarantine_schema(&schema)?)?;
    let mut accepted = places
        .accepted
        .map(|path| Writing::begin(path, schema.clone()))
        .transpose()?;
    let all = accepted.is_some();
    let (mut seen, mut apart) = (0, 0);
    for located in file
        .whole(&|from, len| all || split.any(from, len))
        .map_err(EvaluateError::from)?
    {
        let (from, batch) = located.map_err(EvaluateError::from)?;
        let parts = split.batch(&batch, from)?;
        seen += batch.num_rows() as u64;
        if let Some(rows) = &parts.quarantined {
            apart += rows.num_rows() as u64;
            quarantine.add(rows)?;
        }
        if let Some(accepted) = &mut accepted {
            accepted.add(&parts.accepted)?;
        }
    }
    let (before, after) = if all {
        (rows, seen)
    } else {
        (split.quarantined(), apart)
    };
    if before != after {
        return Err(EvaluateError::Changed { before, after }.into());
    }
    let written = [Some(quarantine.end()?), accepted.map(Writing::end).transpose()?];
    written.into_iter().flatten().try_for_each(Written::show)
}

/// A file that is being written, under another name.
struct Writing {
    path: PathBuf,
    hidden: Hidden,
    writer: ArrowWriter<File>,
}

/// A file that is whole, still under another name.
struct Written {
    path: PathBuf,
    hidden: Hidden,
}

/// A file under another name, which goes when it is not shown.
struct Hidden(Option<PathBuf>);

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // There is another error already, and a file left over is written over by the next run.
            std::fs::remove_file(path).ok();
        }
    }
}

fn failed<E: Into<Cause>>(path: &Path) -> impl Fn(E) -> ApartError + '_ {
    |source| ApartError::Write(path.to_owned(), source.into())
}

impl Writing {
    fn begin(path: &Path, schema: SchemaRef) -> Result<Self, ApartError> {
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(".new");
        let file = File::create(&hidden).map_err(failed(path))?;
        let hidden = Hidden(Some(hidden.into()));
        let level = ZstdLevel::try_new(1).map_err(failed(path))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("headwater ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Self {
            writer: ArrowWriter::try_new(file, schema, Some(properties)).map_err(failed(path))?,
            hidden,
            path: path.to_owned(),
        })
    }

    fn add(&mut self, rows: &RecordBatch) -> Result<(), ApartError> {
        self.writer.write(rows).map_err(failed(&self.path))
    }

    fn end(self) -> Result<Written, ApartError> {
        let Self { path, hidden, writer } = self;
        let file = writer.into_inner().map_err(failed(&path))?;
        file.sync_all().map_err(failed(&path))?;
        Ok(Written { path, hidden })
    }
}

impl Written {
    fn show(mut self) -> Result<(), ApartError> {
        let Some(hidden) = &self.hidden.0 else { return Ok(()) };
        std::fs::rename(hidden, &self.path).map_err(failed(&self.path))?;
        self.hidden.0 = None;
        Ok(())
    }
}
