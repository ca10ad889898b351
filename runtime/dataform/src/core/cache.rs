//! Where cores are kept: one folder for each version, written whole or not at all, checked on every load.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Core, CoreError, DEFAULT_SHA256, DEFAULT_VERSION};

/// Where cores are kept and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreStore {
    /// A folder of ours; it is made when there is something to keep.
    pub cache: PathBuf,
    /// `https://registry.npmjs.org` or a mirror of it, without a slash at its end.
    pub registry: String,
}

impl Default for CoreStore {
    /// `headwater/dataform-core` below the user's cache folder (`XDG_CACHE_HOME`, or `.cache` at home), and the registry that npm
    /// would ask: `NPM_CONFIG_REGISTRY`, then `@dataform:registry` or `registry` of `~/.npmrc`, then npm's own.
    fn default() -> Self {
        let home = std::env::var_os("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| home.as_ref().map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
            .join("headwater")
            .join("dataform-core");
        let variable = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        let registry = variable("NPM_CONFIG_REGISTRY")
            .or_else(|| variable("npm_config_registry"))
            .or_else(|| registry_of_npmrc(&std::fs::read_to_string(home?.join(".npmrc")).ok()?))
            .unwrap_or_else(|| "https://registry.npmjs.org".to_owned());
        Self {
            cache,
            registry: registry.trim_end_matches('/').to_owned(),
        }
    }
}

/// The registry of a scope is nearer than the general one.
fn registry_of_npmrc(text: &str) -> Option<String> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(k, _)| k.trim() == key)
            .map(|(_, v)| v.trim().trim_matches('"').to_owned())
            .filter(|v| v.starts_with("http"))
    };
    value("@dataform:registry").or_else(|| value("registry"))
}

/// What is written beside a bundle.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: String,
    /// Of bundle.js.
    sha256: String,
    /// `dist.integrity` of the registry, which the tarball was checked against.
    integrity: String,
    /// Where the tarball was.
    tarball: String,
}

impl CoreStore {
    fn folder(&self, version: &str) -> PathBuf {
        self.cache.join(version)
    }

    /// The kept core of a version, if it is kept.
    pub(super) fn load(&self, version: &str) -> Result<Option<Core>, CoreError> {
        let folder = self.folder(version);
        let Some(record) = read(&folder.join("record.json"))? else {
            return Ok(None);
        };
        let Some(bundle) = read(&folder.join("bundle.js"))? else {
            return Ok(None);
        };
        let refuse = |what, found: &str, expected: &str| {
            let origin = folder.join("bundle.js").display().to_string();
            let remedy = format!(
                "the cache is damaged: remove {} and run again with a network",
                folder.display()
            );
            CoreError::integrity(version, origin, what, [found, expected], &remedy)
        };
        let record: Record = serde_json::from_slice(&record)
            .map_err(|error| refuse("record", &format!("that is not JSON ({error})"), "record.json"))?;
        let found = sha256(&bundle);
        let expected = if version == DEFAULT_VERSION {
            DEFAULT_SHA256
        } else {
            &record.sha256
        };
        if found != expected {
            return Err(refuse("sha256", &found, expected));
        }
        let bundle = String::from_utf8(bundle).map_err(|_| refuse("text", "that is not UTF-8", "UTF-8"))?;
        Ok(Some(Core {
            version: version.to_owned(),
            sha256: found,
            bundle: bundle.into(),
        }))
    }

    /// Keeps a bundle. Of several processes that do so at once, the first to end wins, and the others' work is dropped.
    pub(super) fn keep(&self, version: &str, bundle: &[u8], integrity: &str, tarball: &str) -> Result<(), CoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| CoreError::Cache {
                path,
                done: "written",
                source,
            }
        };
        std::fs::create_dir_all(&self.cache).map_err(failed(&self.cache))?;
        let made = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.cache)
            .map_err(failed(&self.cache))?;
        let record = Record {
            version: version.to_owned(),
            sha256: sha256(bundle),
            integrity: integrity.to_owned(),
            tarball: tarball.to_owned(),
        };
        let record = serde_json::to_vec_pretty(&record).unwrap_or_default();
        for (name, content) in [("bundle.js", bundle), ("record.json", &record)] {
            let path = made.path().join(name);
            std::fs::write(&path, content).map_err(failed(&path))?;
        }
        let folder = self.folder(version);
        match std::fs::rename(made.path(), &folder) {
            // A folder with files in it is not replaced: whoever was first has written the same.
            Err(_) if folder.join("bundle.js").exists() => Ok(()),
            Err(source) => Err(CoreError::Cache {
                path: folder,
                done: "written",
                source,
            }),
            Ok(()) => {
                // Its name is gone, so there is nothing to remove.
                let _ = made.keep();
                Ok(())
            }
        }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, CoreError> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CoreError::Cache {
            path: path.to_owned(),
            done: "read",
            source,
        }),
    }
}

pub(super) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_registry_is_nearer() {
        for (text, expected) in [
            ("registry=https://a.example/\n", Some("https://a.example/")),
            (
                "registry = https://a.example\n@dataform:registry=https://b.example\n",
                Some("https://b.example"),
            ),
            ("//a.example/:_authToken=x\n", None),
            ("registry=\n", None),
        ] {
            assert_eq!(registry_of_npmrc(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_checked_on_every_load() {
        let folder = tempfile::tempdir().unwrap();
        let store = CoreStore {
            cache: folder.path().join("a/b"),
            registry: String::new(),
        };
        assert!(store.load("3.0.1").unwrap().is_none());
        store
            .keep("3.0.1", b"exports.x = 1", "sha512-x", "https://a.example/x.tgz")
            .unwrap();
        store
            .keep("3.0.1", b"exports.x = 1", "sha512-x", "https://a.example/x.tgz")
            .unwrap();
        assert_eq!(&*store.load("3.0.1").unwrap().unwrap().bundle, "exports.x = 1");
        assert_eq!(
            std::fs::read_dir(&store.cache).unwrap().count(),
            1,
            "nothing half-written stays"
        );

        std::fs::write(store.cache.join("3.0.1/bundle.js"), "exports.x = 2").unwrap();
        let error = store.load("3.0.1").unwrap_err().to_string();
        assert!(error.contains("sha256") && error.contains("remove"), "{error}");

        // The default version's hash is known here: a record that fits a changed bundle does not help.
        store
            .keep(DEFAULT_VERSION, b"changed", "sha512-x", "https://a.example/x.tgz")
            .unwrap();
        let error = store.load(DEFAULT_VERSION).unwrap_err().to_string();
        assert!(error.contains(DEFAULT_SHA256), "{error}");
    }
}
