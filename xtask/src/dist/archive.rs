//! Archives whose bytes depend on their content alone: entries in the order of their names, one time for all, no owner.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Datelike, Timelike, Utc};
use zip::write::SimpleFileOptions;

use crate::shell::{Error, Result, fail, output, root};

/// A file in an archive.
#[derive(Debug)]
pub struct Entry {
    /// Its path there, with `/`.
    pub name: String,
    /// Whether it can be executed.
    pub program: bool,
    /// Where it is now.
    pub file: PathBuf,
}

impl Entry {
    /// A program.
    pub fn program(name: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: true,
            file: file.into(),
        }
    }

    /// Another file.
    pub fn file(name: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: false,
            file: file.into(),
        }
    }

    fn mode(&self) -> u32 {
        if self.program { 0o755 } else { 0o644 }
    }

    fn open(&self) -> Result<File> {
        File::open(&self.file).map_err(|e| Error(format!("cannot read {}: {e}", self.file.display())))
    }
}

/// The time that all entries have: SOURCE_DATE_EPOCH, or the commit's.
pub fn time() -> Result<DateTime<Utc>> {
    let (seconds, whence) = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(said) => (said, "SOURCE_DATE_EPOCH"),
        Err(_) => {
            let commit = output(
                Command::new("git")
                    .current_dir(root())
                    .args(["log", "-1", "--format=%ct"]),
            )
            .map_err(|e| Error(format!("the commit's time is not known: set SOURCE_DATE_EPOCH. {e}")))?;
            (commit, "the commit's time")
        }
    };
    let at = seconds
        .trim()
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match at {
        // What a zip can say.
        Some(at) if (1980..=2107).contains(&at.year()) => Ok(at),
        _ => fail(format!(
            "{whence} is {:?}: it is to be in seconds since 1970, and not before 1980",
            seconds.trim()
        )),
    }
}

/// What all archives of a release have in common.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The time of all entries.
    pub time: DateTime<Utc>,
    /// How hard to compress, from 0 to 9.
    pub compression: u32,
}

/// Writes a zip.
pub fn zip(path: &Path, mut entries: Vec<Entry>, style: Style) -> Result<()> {
    let time = style.time;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let part = |value: u32| u8::try_from(value).unwrap_or_default();
    let modified = zip::DateTime::from_date_and_time(
        u16::try_from(time.year())?,
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .map_err(|e| Error(format!("{time} in a zip: {e}")))?;
    complete(path, |file| {
        let mut zip = zip::ZipWriter::new(file);
        for entry in &entries {
            let (method, level) = match style.compression {
                0 => (zip::CompressionMethod::Stored, None),
                level => (zip::CompressionMethod::Deflated, Some(i64::from(level))),
            };
            let options = SimpleFileOptions::default()
                .compression_method(method)
                .compression_level(level)
                .last_modified_time(modified)
                .unix_permissions(entry.mode());
            zip.start_file(&entry.name, options)?;
            io::copy(&mut entry.open()?, &mut zip)?;
        }
        Ok(zip.finish()?)
    })
}

/// Writes a tar.gz.
pub fn tar_gz(path: &Path, mut entries: Vec<Entry>, style: Style) -> Result<()> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    complete(path, |file| {
        // A gzip's own header has neither time nor name unless they are set.
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            file,
            flate2::Compression::new(style.compression),
        ));
        for entry in &entries {
            let content = entry.open()?;
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(content.metadata()?.len());
            header.set_mode(entry.mode());
            header.set_mtime(u64::try_from(style.time.timestamp())?);
            header.set_uid(0);
            header.set_gid(0);
            tar.append_data(&mut header, &entry.name, content)?;
        }
        Ok(tar.into_inner()?.finish()?)
    })
}

/// Writes a file so that nobody ever sees half of it.
fn complete(path: &Path, write: impl FnOnce(BufWriter<File>) -> Result<BufWriter<File>>) -> Result<()> {
    let draft = path.with_extension("new");
    let file = File::create(&draft).map_err(|e| Error(format!("cannot write {}: {e}", draft.display())))?;
    let written = write(BufWriter::new(file)).and_then(|mut file| Ok(file.flush()?));
    if written.is_err() {
        std::fs::remove_file(&draft).ok();
    }
    written?;
    Ok(std::fs::rename(&draft, path)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Both archives of the same two files, given in either order and with other times and modes of their own.
    fn archives(reversed: bool, compression: u32) -> Result<[Vec<u8>; 2]> {
        let dir = tempfile::tempdir()?;
        let (program, text) = (dir.path().join("program"), dir.path().join("text"));
        fs::write(&program, "program")?;
        fs::write(&text, "text")?;
        let (mode, age) = if reversed { (0o600, 1) } else { (0o777, 1_000_000) };
        fs::set_permissions(&program, fs::Permissions::from_mode(mode))?;
        File::open(&text)?.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(age))?;
        let entries = || {
            let mut entries = vec![Entry::program("bin/program", &program), Entry::file("a/text", &text)];
            if reversed {
                entries.reverse();
            }
            entries
        };
        let time = DateTime::from_timestamp(1_700_000_000, 0).ok_or_else(|| Error("a time".into()))?;
        let style = Style { time, compression };
        let (of_zip, of_tar) = (dir.path().join("x.zip"), dir.path().join("x.tar.gz"));
        zip(&of_zip, entries(), style)?;
        tar_gz(&of_tar, entries(), style)?;
        Ok([fs::read(of_zip)?, fs::read(of_tar)?])
    }

    #[test]
    fn bytes_depend_on_content_alone() -> Result<()> {
        for compression in [0, 1, 6, 9] {
            assert_eq!(archives(false, compression)?, archives(true, compression)?);
        }
        Ok(())
    }

    #[test]
    fn entries_are_sorted_and_have_modes_and_times() -> Result<()> {
        let [zipped, tarred] = archives(true, 6)?;
        let mut zipped = zip::ZipArchive::new(io::Cursor::new(zipped))?;
        let mut seen = Vec::new();
        for index in 0..zipped.len() {
            let entry = zipped.by_index(index)?;
            let at = entry.last_modified().map(|at| at.to_string()).unwrap_or_default();
            seen.push((
                entry.name().to_owned(),
                entry.unix_mode().unwrap_or_default() & 0o777,
                at,
            ));
        }
        let at = "2023-11-14 22:13:20";
        assert_eq!(
            seen,
            [
                ("a/text".to_owned(), 0o644, at.to_owned()),
                ("bin/program".to_owned(), 0o755, at.to_owned()),
            ]
        );
        let mut tarred = tar::Archive::new(flate2::read::GzDecoder::new(tarred.as_slice()));
        let mut seen = Vec::new();
        for entry in tarred.entries()? {
            let entry = entry?;
            let header = entry.header();
            seen.push((
                entry.path()?.display().to_string(),
                header.mode()?,
                header.mtime()?,
                header.uid()?,
            ));
        }
        assert_eq!(
            seen,
            [
                ("a/text".to_owned(), 0o644, 1_700_000_000, 0),
                ("bin/program".to_owned(), 0o755, 1_700_000_000, 0),
            ]
        );
        Ok(())
    }
}
