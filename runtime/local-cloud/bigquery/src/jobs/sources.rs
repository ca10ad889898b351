//! The files of a load: `gs://` URIs resolved to files on disk, or the bytes that were uploaded with the job.

use std::path::{Path, PathBuf};

use crate::error::{Fault, Reason};
use crate::service::Service;
use crate::types::{literal, quoted};

/// One file to read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) gzip: bool,
    /// A Parquet file with the same rows that has some of the columns in a form that DuckDB can read.
    pub(super) beside: Option<(PathBuf, Vec<String>)>,
}

/// Files that exist only for this job; they go when this does.
#[derive(Debug, Default)]
pub(super) struct Temporary(Vec<PathBuf>);

impl Temporary {
    pub(super) fn add(&mut self, path: PathBuf) {
        self.0.push(path);
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for path in &self.0 {
            std::fs::remove_file(path).ok();
        }
    }
}

fn gone(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(
        Reason::BackendError,
        format!("a source file cannot be read: {error} ({})", path.display()),
    )
}

pub(super) fn source(service: &Service, path: &Path, temporary: &mut Temporary) -> Result<Source, Fault> {
    let bytes = std::fs::metadata(path).map_err(|e| gone(path, &e))?.len();
    let mut magic = [0; 2];
    let gzip = std::fs::File::open(path)
        .and_then(|mut f| std::io::Read::read_exact(&mut f, &mut magic))
        .is_ok_and(|()| magic == [0x1f, 0x8b]);
    let mut path = path.to_owned();
    if path.to_string_lossy().contains(['*', '?', '[']) {
        // DuckDB takes these for patterns.
        let link = service.scratch_file();
        std::os::unix::fs::symlink(&path, &link).map_err(|e| gone(&path, &e))?;
        temporary.add(link.clone());
        path = link;
    }
    Ok(Source {
        path,
        bytes,
        gzip,
        beside: None,
    })
}

/// The files that `sourceUris` mean, each with at most one `*`.
pub(super) fn resolve(service: &Service, uris: &[String], temporary: &mut Temporary) -> Result<Vec<Source>, Fault> {
    let mut out = Vec::new();
    for uri in uris {
        let rest = uri
            .strip_prefix("gs://")
            .and_then(|r| r.split_once('/'))
            .ok_or_else(|| Fault::invalid(format!("Source URI must be a Google Cloud Storage location: {uri}")))?;
        let (bucket, pattern) = rest;
        let (prefix, suffix) = match pattern.split_once('*') {
            Some((_, after)) if after.contains('*') => {
                return Err(Fault::invalid(format!("Source URI may contain at most one '*': {uri}")));
            }
            Some((prefix, suffix)) => (prefix, Some(suffix)),
            None => (pattern, None),
        };
        let missing = || Fault::new(Reason::NotFound, format!("Not found: URI {uri}"));
        let objects = service.objects.list(bucket, prefix).map_err(|e| {
            if e.kind() == std::io::ErrorKind::NotFound {
                missing()
            } else {
                gone(Path::new(uri), &e)
            }
        })?;
        let found = objects.into_iter().filter(|o| match suffix {
            Some(suffix) => o.name.len() >= prefix.len() + suffix.len() && o.name.ends_with(suffix),
            None => o.name == pattern,
        });
        let before = out.len();
        for object in found {
            out.push(source(service, &object.path, temporary)?);
        }
        if out.len() == before {
            return Err(missing());
        }
    }
    Ok(out)
}

fn name(path: &Path) -> String {
    literal(&path.to_string_lossy())
}

/// The files as a list of DuckDB's.
pub(super) fn list(sources: &[Source]) -> String {
    let files: Vec<String> = sources.iter().map(|s| name(&s.path)).collect();
    format!("[{}]", files.join(", "))
}

/// All rows of Parquet files, with the columns of the files beside them in the place of their own.
pub(super) fn parquet(sources: &[Source]) -> String {
    let (odd, plain): (Vec<Source>, Vec<Source>) = sources.iter().cloned().partition(|s| s.beside.is_some());
    let mut parts = Vec::new();
    if !plain.is_empty() {
        parts.push(format!(
            "SELECT * FROM read_parquet({}, union_by_name = true)",
            list(&plain)
        ));
    }
    for source in &odd {
        let Some((beside, columns)) = &source.beside else {
            continue;
        };
        let columns: Vec<String> = columns.iter().map(|c| format!("s.{0} AS {0}", quoted(c))).collect();
        parts.push(format!(
            "SELECT o.* EXCLUDE (file_row_number) REPLACE ({}) FROM read_parquet({}, file_row_number = true) AS o JOIN \
             read_parquet({}, file_row_number = true) AS s USING (file_row_number)",
            columns.join(", "),
            name(&source.path),
            name(beside)
        ));
    }
    format!("({})", parts.join(" UNION ALL BY NAME "))
}
