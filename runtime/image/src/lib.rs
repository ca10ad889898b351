//! The runtime's OCI image, made of a program without Docker: one layer with the program, the CA roots and the few files of
//! `/etc` that a C library reads; the image's configuration; the manifest. The same program gives the same bytes, and so the
//! same digest, on any machine. <https://github.com/opencontainers/image-spec>
//!
//! It refuses to know registries and networks, Google and Terraform: what it makes is bytes and digests, and who pushes them is
//! `headwater-cloud`. The provider and the command line depend on it.
//!
//! Time zones are not in the layer: the runtime has them inside (`chrono-tz`), and reads none of the machine.

mod digest;
mod elf;
mod error;
mod layer;
mod manifest;

pub use digest::Digest;
pub use error::Error;
pub use manifest::{CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE};

use std::io::Write;
use std::path::{Path, PathBuf};

use digest::Counted;

/// An image that is known by what is in it, before anything is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    program: PathBuf,
    size: u64,
    /// The digest of the layer as it is unpacked.
    diff_id: Digest,
    config: Vec<u8>,
    config_digest: Digest,
}

/// An image that can be pushed: two blobs and the manifest that names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The configuration, a blob.
    pub config: Vec<u8>,
    /// Its digest.
    pub config_digest: Digest,
    /// The digest of the layer's bytes, which [`Content::pack`] wrote.
    pub layer_digest: Digest,
    /// How many those are.
    pub layer_size: u64,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The manifest's digest: the image's own.
    pub digest: Digest,
}

impl Content {
    /// Looks at a program: whether an image of nothing else can execute it, and what the image will be.
    ///
    /// # Errors
    /// It cannot be read, or is no static program for Linux on x86-64.
    pub fn of(program: &Path) -> Result<Content, Error> {
        let size = elf::check(program)?;
        let mut sum = Counted::new(std::io::sink());
        layer::write(program, size, &mut sum)?;
        let diff_id = sum.finish().1;
        let config = manifest::config(&diff_id);
        Ok(Content {
            program: program.to_owned(),
            size,
            config_digest: Digest::of(&config),
            diff_id,
            config,
        })
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A tag that says what is in the image, and not how it was compressed: whoever finds it need not compress anything to know
    /// that the program is the same.
    #[must_use]
    pub fn tag(&self) -> String {
        self.config_digest.hex().chars().take(16).collect()
    }

    /// Compresses the layer into `layer`.
    ///
    /// # Errors
    /// The program is not what it was any more, or something cannot be read or written.
    pub fn pack(&self, layer: impl Write) -> Result<Image, Error> {
        let write = |source| Error::Write { source };
        let packed = layer::compressor(Counted::new(layer));
        let mut plain = Counted::new(packed);
        layer::write(&self.program, self.size, &mut plain)?;
        let (packed, diff_id, _) = plain.finish();
        if diff_id != self.diff_id {
            return Err(Error::Changed {
                path: self.program.clone(),
            });
        }
        let (mut layer, layer_digest, layer_size) = packed.finish().map_err(write)?.finish();
        layer.flush().map_err(write)?;
        let manifest = manifest::manifest(&self.config_digest, self.config.len(), &layer_digest, layer_size);
        Ok(Image {
            config: self.config.clone(),
            config_digest: self.config_digest.clone(),
            layer_digest,
            layer_size,
            digest: Digest::of(&manifest),
            manifest,
        })
    }
}

#[cfg(test)]
mod tests;
