//! What lies directly in a directory, of a commit or of a workspace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::commits::check_path;
use crate::http::answer::ApiError;
use crate::http::call::Call;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
}

impl Kind {
    /// As an entry of that path.
    pub(super) fn named(self, path: &str) -> Value {
        match self {
            Kind::File => json!({ "file": path }),
            Kind::Directory => json!({ "directory": path }),
        }
    }
}

/// The directory that a query asks for, empty for the root.
pub(super) fn asked(call: &Call) -> Result<&str, ApiError> {
    let path = call.query.get("path").unwrap_or_default().trim_end_matches('/');
    if !path.is_empty() {
        check_path(path)?;
    }
    Ok(path)
}

/// What lies in the directory at `path`, in the order of paths. Files make the directories above them.
pub(super) fn entries<'a>(
    files: impl Iterator<Item = &'a String>,
    directories: impl Iterator<Item = &'a String>,
    path: &str,
) -> BTreeMap<String, Kind> {
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let all = files
        .map(|path| (path, Kind::File))
        .chain(directories.map(|path| (path, Kind::Directory)));
    let mut entries = BTreeMap::new();
    for (path, kind) in all {
        let Some(below) = path.strip_prefix(&prefix) else {
            continue;
        };
        match below.split_once('/') {
            None => entries.insert(path.clone(), kind),
            Some((directory, _)) => entries.insert(format!("{prefix}{directory}"), Kind::Directory),
        };
    }
    entries
}
