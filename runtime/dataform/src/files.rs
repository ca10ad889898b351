//! A project's files in memory, and their reading from a folder. No meaning of any file lives here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Paths relative to the project's root, joined by `/`, and what the files hold.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How much [`read_folder`] takes before it refuses: what stands below a project's root by mistake is not worth the memory.
#[derive(Debug, Clone, Copy)]
pub struct FileLimits {
    /// The most files.
    pub count: usize,
    /// The most bytes of one file.
    pub bytes_each: u64,
    /// The most bytes of all.
    pub bytes: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            count: 20_000,
            bytes_each: 16 << 20,
            bytes: 256 << 20,
        }
    }
}

/// Why a folder could not be read as a project.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder could not be read.
    #[error("{path} cannot be read")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is more than [`FileLimits`] allows.
    #[error(
        "{root} holds more than {allowed} {what} (at {path}): it does not look like a Dataform project; name the folder that holds \
         workflow_settings.yaml"
    )]
    TooMuch {
        /// The folder that was asked for.
        root: PathBuf,
        /// Where it became too much.
        path: String,
        /// `files` or `bytes`.
        what: &'static str,
        /// The limit.
        allowed: u64,
    },
    /// A name that is not UTF-8 has no place in a project.
    #[error("{path} has a name that is not UTF-8; rename it")]
    Name {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a project's folder: without `node_modules` and without what begins with a dot (`.git`, `.df-credentials.json`).
///
/// # Errors
/// When something cannot be read, or when the folder holds more than [`FileLimits::default`] allows.
pub fn read_folder(root: &Path) -> Result<Files, FilesError> {
    read_folder_within(root, FileLimits::default())
}

/// Adds the packages that a project's package.json names, and those that they name, from its `node_modules` as far as they are
/// there. Dataform's own are left out: the core is [`crate::Core`].
///
/// # Errors
/// As [`read_folder`].
pub fn read_packages(root: &Path, files: &mut Files) -> Result<(), FilesError> {
    let named = |manifest: Option<&Vec<u8>>| -> Vec<String> {
        let manifest: Option<serde_json::Value> = manifest.and_then(|text| serde_json::from_slice(text).ok());
        let dependencies = manifest.as_ref().and_then(|m| m["dependencies"].as_object());
        dependencies.into_iter().flat_map(|d| d.keys().cloned()).collect()
    };
    let mut open = named(files.get("package.json"));
    let mut seen = std::collections::BTreeSet::new();
    while let Some(package) = open.pop() {
        let odd = package.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        let folder = root.join("node_modules").join(&package);
        if odd || package.starts_with("@dataform/") || !folder.is_dir() || !seen.insert(package.clone()) {
            continue;
        }
        let of_package = read_folder(&folder)?;
        open.extend(named(of_package.get("package.json")));
        files.extend(
            of_package
                .into_iter()
                .map(|(path, text)| (format!("node_modules/{package}/{path}"), text)),
        );
    }
    Ok(())
}

fn read_folder_within(root: &Path, limits: FileLimits) -> Result<Files, FilesError> {
    let mut files = Files::new();
    let mut total = 0_u64;
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let io = |source| FilesError::Io {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let name = entry
                .file_name()
                .into_string()
                .map_err(|_| FilesError::Name { path: path.clone() })?;
            if name.starts_with('.') || name == "node_modules" {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let io = |source| FilesError::Io {
                path: path.clone(),
                source,
            };
            // Links are followed for files, as the Dataform CLI does, and never for folders: those may form a ring.
            let kind = entry.file_type().map_err(io)?;
            if kind.is_dir() {
                folders.push((path, format!("{relative}/")));
                continue;
            }
            let metadata = std::fs::metadata(&path).map_err(io)?;
            if !metadata.is_file() {
                continue;
            }
            let too_much = |what, allowed| FilesError::TooMuch {
                root: root.to_owned(),
                path: relative.clone(),
                what,
                allowed,
            };
            if metadata.len() > limits.bytes_each {
                return Err(too_much("bytes in one file", limits.bytes_each));
            }
            total += metadata.len();
            if total > limits.bytes {
                return Err(too_much("bytes", limits.bytes));
            }
            if files.len() >= limits.count {
                return Err(too_much("files", limits.count as u64));
            }
            let content = std::fs::read(&path).map_err(io)?;
            files.insert(relative, content);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_without_what_is_not_the_projects() {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in [
            ("workflow_settings.yaml", "defaultDataset: a"),
            ("definitions/marts/a.sqlx", "select 1"),
            (".git/config", "x"),
            ("node_modules/p/index.js", "x"),
            ("includes/node_modules/p/index.js", "x"),
        ] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let files = read_folder(root.path()).unwrap();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["definitions/marts/a.sqlx", "workflow_settings.yaml"]
        );
        assert_eq!(files["definitions/marts/a.sqlx"], b"select 1");
    }

    #[test]
    fn packages_are_those_that_are_named() {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in [
            (
                "package.json",
                r#"{"dependencies": {"a": "1", "@dataform/core": "3.0.62", "../x": "1", "absent": "1"}}"#,
            ),
            (
                "node_modules/a/package.json",
                r#"{"main": "main.js", "dependencies": {"@s/b": "1"}}"#,
            ),
            ("node_modules/a/main.js", "module.exports = require('@s/b')"),
            ("node_modules/@s/b/index.js", "module.exports = 1"),
            ("node_modules/@dataform/core/bundle.js", "x"),
            ("node_modules/other/index.js", "x"),
        ] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let mut files = read_folder(root.path()).unwrap();
        read_packages(root.path(), &mut files).unwrap();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            [
                "node_modules/@s/b/index.js",
                "node_modules/a/main.js",
                "node_modules/a/package.json",
                "package.json"
            ]
        );
    }

    #[test]
    fn a_folder_that_is_too_large_is_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.sql", "b.sql"] {
            std::fs::write(root.path().join(name), "0123456789").unwrap();
        }
        let base = FileLimits {
            count: 9,
            bytes_each: 99,
            bytes: 99,
        };
        for (limits, expected) in [
            (FileLimits { count: 1, ..base }, "more than 1 files"),
            (FileLimits { bytes_each: 9, ..base }, "more than 9 bytes in one file"),
            (FileLimits { bytes: 19, ..base }, "more than 19 bytes (at"),
        ] {
            let error = read_folder_within(root.path(), limits).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(
            read_folder(&root.path().join("none"))
                .unwrap_err()
                .to_string()
                .contains("none cannot be read")
        );
    }
}
