//! Bodies of objects: immutable files, written once, named at random, linked to by documents of the store.
//!
//! A file is complete and on disk before a document names it, so what a kill leaves behind is at worst a file that
//! nothing names; those are collected at the next start. Knows nothing of buckets and names.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use md5::{Digest, Md5};

/// How much is gathered before a blocking thread hashes and writes it.
const SLAB: usize = 1 << 20;

/// The directory of blobs.
#[derive(Clone)]
pub(crate) struct Blobs {
    objects: Arc<PathBuf>,
    partial: Arc<PathBuf>,
}

/// Size and checksums of a body.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) size: u64,
    pub(crate) crc32c: u32,
    md5: Md5,
}

impl Sums {
    pub(crate) fn new() -> Self {
        Sums {
            size: 0,
            crc32c: 0,
            md5: Md5::new(),
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.md5.update(bytes);
    }

    pub(crate) fn md5(&self) -> [u8; 16] {
        self.md5.clone().finalize().into()
    }
}

/// A body on disk that no document names yet. Dropped without [`Sealed::keep`], it is removed.
pub(crate) struct Sealed {
    pub(crate) id: String,
    pub(crate) sums: Sums,
    path: PathBuf,
    kept: bool,
}

impl Sealed {
    /// The document that names this body is being committed.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if !self.kept {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A body being received; it lives under `partial` until it is sealed.
pub(crate) struct Partial {
    pub(crate) id: String,
    pub(crate) sums: Sums,
    file: File,
    path: PathBuf,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error("the request's body ended early: {0}")]
    Body(String),
    #[error("the body could not be written to disk")]
    Disk(#[from] io::Error),
}

impl Blobs {
    /// Opens or creates the directories under `root`.
    pub(crate) fn open(root: &Path) -> io::Result<Blobs> {
        let (objects, partial) = (root.join("objects"), root.join("partial"));
        fs::create_dir_all(&partial)?;
        for shard in 0..=255u8 {
            fs::create_dir_all(objects.join(format!("{shard:02x}")))?;
        }
        Ok(Blobs {
            objects: Arc::new(objects),
            partial: Arc::new(partial),
        })
    }

    /// Where the body of a blob is.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.objects.join(id.get(..2).unwrap_or("00")).join(id)
    }

    /// Begins a new body.
    pub(crate) fn begin(&self) -> io::Result<Partial> {
        self.begin_as(&new_id())
    }

    /// Begins a body under a given id.
    pub(crate) fn begin_as(&self, id: &str) -> io::Result<Partial> {
        let path = self.partial.join(id);
        let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        Ok(Partial {
            id: id.to_owned(),
            sums: Sums::new(),
            file,
            path,
        })
    }

    /// Takes up a body that an earlier process began; reads what there is to know its checksums. `None` if there is none.
    pub(crate) fn resume(&self, id: &str) -> io::Result<Option<Partial>> {
        // A kill between the rename and the commit leaves a sealed body whose session is still open.
        let path = [self.partial.join(id), self.path(id)]
            .into_iter()
            .find(|path| path.exists());
        let Some(path) = path else { return Ok(None) };
        let mut sums = Sums::new();
        let mut reader = BufReader::with_capacity(SLAB, File::open(&path)?);
        let mut slab = vec![0; SLAB];
        loop {
            let n = reader.read(&mut slab)?;
            if n == 0 {
                break;
            }
            sums.add(&slab[..n]);
        }
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok(Some(Partial {
            id: id.to_owned(),
            sums,
            file,
            path,
        }))
    }

    /// Makes a received body durable and gives it its final place.
    pub(crate) fn seal(&self, partial: Partial) -> io::Result<Sealed> {
        let Partial { id, sums, file, path } = partial;
        file.sync_all()?;
        let to = self.path(&id);
        if path != to {
            fs::rename(&path, &to)?;
            sync_parent(&to)?;
        }
        Ok(Sealed {
            id,
            sums,
            path: to,
            kept: false,
        })
    }

    /// A second blob with the same body, without copying it. Its sums are what the caller knows them to be; the md5 is not.
    pub(crate) fn link(&self, id: &str, size: u64, crc32c: u32) -> io::Result<Sealed> {
        let sums = Sums {
            size,
            crc32c,
            ..Sums::new()
        };
        let new = new_id();
        let to = self.path(&new);
        fs::hard_link(self.path(id), &to)?;
        sync_parent(&to)?;
        Ok(Sealed {
            id: new,
            sums,
            path: to,
            kept: false,
        })
    }

    /// Copies a file of someone else's into a new blob.
    pub(crate) fn import(&self, from: &Path) -> io::Result<Sealed> {
        let mut partial = self.begin()?;
        let result = partial.append_file(from);
        match result {
            Ok(()) => self.seal(partial),
            Err(error) => {
                partial.discard();
                Err(error)
            }
        }
    }

    /// Removes bodies that no document names any more.
    pub(crate) fn remove(&self, ids: &[String]) {
        for id in ids {
            if let Err(error) = fs::remove_file(self.path(id)) {
                tracing::debug!(%id, %error, "blob not removed");
            }
        }
    }

    /// Removes what was received for a body that will not be completed.
    pub(crate) fn discard(&self, id: &str) {
        drop(fs::remove_file(self.partial.join(id)));
        drop(fs::remove_file(self.path(id)));
    }

    /// The ids of all files, complete and partial.
    pub(crate) fn ids(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        let mut dirs = vec![self.partial.to_path_buf()];
        for shard in fs::read_dir(self.objects.as_path())? {
            dirs.push(shard?.path());
        }
        for dir in dirs {
            for file in fs::read_dir(dir)? {
                ids.extend(file?.file_name().into_string());
            }
        }
        Ok(ids)
    }

    /// Removes those of `ids` that are not in `named`.
    pub(crate) fn collect(&self, ids: &[String], named: &HashSet<String>) -> usize {
        let garbage: Vec<_> = ids.iter().filter(|id| !named.contains(*id)).collect();
        for id in &garbage {
            self.discard(id);
        }
        garbage.len()
    }

    /// Receives a whole body. On an error nothing is left.
    pub(crate) async fn receive<S>(&self, body: S) -> Result<Partial, ReceiveError>
    where
        S: Stream<Item = Result<Bytes, ReceiveError>> + Unpin,
    {
        let (partial, result) = self.begin()?.append(body).await?;
        match result {
            Ok(()) => Ok(partial),
            Err(error) => {
                partial.discard();
                Err(error)
            }
        }
    }
}

impl Partial {
    /// Appends a stream. Gives the body back also when the stream broke, with what had arrived until then.
    pub(crate) async fn append<S>(mut self, mut body: S) -> io::Result<(Partial, Result<(), ReceiveError>)>
    where
        S: Stream<Item = Result<Bytes, ReceiveError>> + Unpin,
    {
        let mut result = Ok(());
        let mut ended = false;
        while !ended {
            let (mut slab, mut held) = (Vec::new(), 0);
            while held < SLAB {
                match body.next().await {
                    Some(Ok(chunk)) => {
                        held += chunk.len();
                        slab.push(chunk);
                    }
                    Some(Err(error)) => {
                        result = Err(error);
                        ended = true;
                        break;
                    }
                    None => {
                        ended = true;
                        break;
                    }
                }
            }
            if held > 0 {
                self = tokio::task::spawn_blocking(move || self.append_slab(&slab))
                    .await
                    .map_err(io::Error::other)??;
            }
        }
        Ok((self, result))
    }

    fn append_slab(mut self, slab: &[Bytes]) -> io::Result<Partial> {
        for chunk in slab {
            self.file.write_all(chunk)?;
            self.sums.add(chunk);
        }
        Ok(self)
    }

    /// Appends a file's content; blocking.
    pub(crate) fn append_file(&mut self, from: &Path) -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut slab = vec![0; SLAB];
        loop {
            let n = source.read(&mut slab)?;
            if n == 0 {
                return Ok(());
            }
            self.file.write_all(&slab[..n])?;
            self.sums.add(&slab[..n]);
        }
    }

    /// Makes what has arrived durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Removes what has arrived.
    pub(crate) fn discard(self) {
        drop(fs::remove_file(&self.path));
    }
}

/// A new random name for a blob.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
