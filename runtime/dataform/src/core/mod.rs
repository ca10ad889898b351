//! The bundle of `@dataform/core`: which version a project wants, and its text. Fetching and keeping live in `fetch` and `cache`.

mod cache;
mod fetch;
mod wanted;

use std::path::PathBuf;
use std::sync::Arc;

pub use cache::CoreStore;

/// The version that is used when a project names none, and whose hash is known here.
pub const DEFAULT_VERSION: &str = "3.0.62";

/// sha256 of `package/bundle.js` of [`DEFAULT_VERSION`].
const DEFAULT_SHA256: &str = "dd36c21500889bbc35e4aefcdfffd21fc54c775d020558f6225245013a17e0fc";

/// The core of one version, ready to compile with. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    version: String,
    sha256: String,
    bundle: Arc<str>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("version", &self.version)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// Why a core could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// What a project says of the version cannot be used.
    #[error("{file}: {message}")]
    Wanted {
        /// The file.
        file: String,
        /// What is wrong and what to write.
        message: String,
    },
    /// The cache cannot be read or written.
    #[error("{path} cannot be {done}; allow it, or set XDG_CACHE_HOME to a folder that can")]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        done: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The registry did not answer as it should.
    #[error("@dataform/core {version} could not be fetched from {url}: {message}")]
    Fetch {
        /// The version.
        version: String,
        /// The address.
        url: String,
        /// What went wrong and what to do.
        message: String,
    },
    /// What was fetched or kept is not what was published.
    #[error("@dataform/core {version} from {origin} {message}")]
    Integrity {
        /// The version.
        version: String,
        /// The address or the file.
        origin: String,
        /// Which hash was found where which is expected, and what to do.
        message: String,
    },
}

impl CoreError {
    /// `what` names the hash.
    fn integrity(version: &str, origin: String, what: &str, [found, expected]: [&str; 2], remedy: &str) -> Self {
        let message = format!("has {what} {found} where {expected} is expected; {remedy}");
        let version = version.to_owned();
        Self::Integrity {
            version,
            origin,
            message,
        }
    }
}

impl Core {
    /// The core of a version: from the cache, or from npm once, checked against its hash. `None`: [`DEFAULT_VERSION`].
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn obtain(version: Option<&str>, store: &CoreStore) -> Result<Self, CoreError> {
        let version = wanted::one("the core", "version", version.unwrap_or(DEFAULT_VERSION))?;
        if let Some(core) = store.load(&version)? {
            return Ok(core);
        }
        let fetched = fetch::fetch(&store.registry, &version).await?;
        let found = cache::sha256(&fetched.bundle);
        if version == DEFAULT_VERSION && found != DEFAULT_SHA256 {
            return Err(CoreError::integrity(
                &version,
                fetched.tarball,
                "a bundle of sha256",
                [&found, DEFAULT_SHA256],
                "the registry does not serve what was published: ask another one (NPM_CONFIG_REGISTRY)",
            ));
        }
        store.keep(&version, &fetched.bundle, &fetched.integrity, &fetched.tarball)?;
        tracing::info!(version, tarball = fetched.tarball, "dataform core fetched");
        match store.load(&version)? {
            Some(core) => Ok(core),
            None => Err(CoreError::Cache {
                path: store.cache.join(&version),
                done: "read",
                source: std::io::ErrorKind::NotFound.into(),
            }),
        }
    }

    /// The version that a project asks for: `dataformCoreVersion` of workflow_settings.yaml, or package.json's dependency.
    ///
    /// # Errors
    /// When what it asks for is not one version of 3.x.
    pub fn wanted_version(files: &crate::Files) -> Result<Option<String>, CoreError> {
        wanted::wanted(files)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// sha256 of its bundle.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(crate) fn bundle(&self) -> &str {
        &self.bundle
    }
}
