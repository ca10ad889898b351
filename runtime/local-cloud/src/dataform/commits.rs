//! Commits of a repository that has no Git remote, and the contents of files, which are kept once for all commits.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::check::text;
use super::names::RepositoryName;
use super::repositories::Repository;
use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::store::{StoreError, Txn, View};

/// Paths, with the ids of their contents.
pub(super) type Tree = BTreeMap<String, String>;

/// The branch of a repository without a remote.
pub(super) const DEFAULT_BRANCH: &str = "main";

/// A commit: what came before is the commit of the number before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) sha: String,
    time: DateTime<Utc>,
    author: Value,
    message: String,
    pub(super) tree: Tree,
}

impl Commit {
    /// A commit of this tree on top of others.
    pub(super) fn new(parents: &[&str], tree: Tree, author: Map<String, Value>, message: &str) -> Commit {
        let time = Utc::now();
        let about = json!([parents, tree, author, message, stamp(time)]).to_string();
        Commit {
            sha: id_of("commit", about.as_bytes()),
            time,
            author: Value::Object(author),
            message: message.to_owned(),
            tree,
        }
    }

    /// The last of the first `count` commits; none before the first.
    pub(super) fn last_of(
        view: &impl View,
        repository: &RepositoryName,
        count: u64,
    ) -> Result<Option<Commit>, StoreError> {
        match count.checked_sub(1) {
            Some(last) => view.get(&repository.commit_key(last)),
            None => Ok(None),
        }
    }

    /// The branch's head; none before the first commit.
    pub(super) fn head(view: &impl View, repository: &Repository) -> Result<Option<Commit>, StoreError> {
        Commit::last_of(view, &repository.name, repository.commits)
    }

    /// The commit that a branch's name, an id or the beginning of one means.
    pub(super) fn resolve(view: &impl View, repository: &Repository, committish: &str) -> Result<Commit, ApiError> {
        let missing = || ApiError::not_found(format!("'{committish}' was not found in '{}'", repository.name));
        if [DEFAULT_BRANCH, "HEAD"].contains(&committish) {
            return Commit::head(view, repository)?.ok_or_else(missing);
        }
        let all: Vec<Commit> = view.all(&repository.name.commits())?;
        // As Git: a beginning must be of four digits and fit one commit only.
        let mut fitting = all
            .into_iter()
            .filter(|commit| committish.len() >= 4 && commit.sha.starts_with(committish));
        match (fitting.next(), fitting.next()) {
            (Some(commit), None) => Ok(commit),
            (Some(_), Some(_)) => Err(ApiError::invalid(format!(
                "'{committish}' is the beginning of more than one commit of '{}'.",
                repository.name
            ))),
            (None, _) => Err(missing()),
        }
    }

    pub(super) fn resource(&self) -> Value {
        let mut entry = json!({ "commitSha": self.sha, "commitTime": stamp(self.time), "author": self.author });
        if !self.message.is_empty() {
            entry["commitMessage"] = json!(self.message);
        }
        entry
    }
}

/// An author of a request, whose parts are required; `at` is how errors name the message.
pub(super) fn author_of(message: &Map<String, Value>, at: &str) -> Result<Map<String, Value>, ApiError> {
    let author = message
        .get("author")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (part, shown) in [("name", "name"), ("emailAddress", "email_address")] {
        if text(&author, part).is_empty() {
            return Err(ApiError::invalid(format!("{at}author.{shown} is required.")));
        }
    }
    Ok(author)
}

/// An id of 40 hexadecimal digits made of what it stands for, as Git's are.
pub(super) fn id_of(kind: &str, bytes: &[u8]) -> String {
    // Git's own are SHA-1; nobody computes them from outside, so the digest that is at hand serves.
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update(b"\0")
        .chain_update(bytes)
        .finalize();
    digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps contents and gives their id.
pub(super) fn keep(txn: &mut Txn<'_>, repository: &RepositoryName, bytes: &[u8]) -> Result<String, StoreError> {
    let id = id_of("file", bytes);
    txn.put(repository.contents_key(&id), &STANDARD.encode(bytes))?;
    Ok(id)
}

/// The contents of that id.
pub(super) fn contents(view: &impl View, repository: &RepositoryName, id: &str) -> Result<Vec<u8>, ApiError> {
    let kept: Option<String> = view.get(&repository.contents_key(id))?;
    let bytes = kept.and_then(|kept| STANDARD.decode(kept).ok());
    bytes.ok_or_else(|| ApiError::internal(format!("the contents '{id}' of '{repository}' are not in the store")))
}

/// Bytes of a request; `at` is how errors name the field.
pub(super) fn decoded(contents: &str, at: &str) -> Result<Vec<u8>, ApiError> {
    let bytes = STANDARD.decode(contents.replace('-', "+").replace('_', "/"));
    bytes.map_err(|_| ApiError::invalid(format!("Invalid value at '{at}' (TYPE_BYTES): not base64.")))
}

/// A path as Dataform takes it: relative, with no empty, `.` or `..` segment.
pub(super) fn check_path(path: &str) -> Result<(), ApiError> {
    let segments = || path.split('/');
    let plain = !path.contains('\0') && segments().all(|segment| !matches!(segment, "" | "." | ".."));
    if path.len() <= 4096 && plain {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "'{path}' must be the path of a file, relative to the root of the repository."
    )))
}

/// The directories above a path, the nearest first.
pub(super) fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/'), |(above, _)| above.rsplit_once('/')).map(|(above, _)| above)
}

/// Refuses a file where files make a directory, and one below a file.
pub(super) fn check_place<T>(files: &BTreeMap<String, T>, path: &str) -> Result<(), ApiError> {
    let inside = format!("{path}/");
    let below = files
        .range(inside.clone()..)
        .next()
        .is_some_and(|(other, _)| other.starts_with(&inside));
    if below || parents(path).any(|above| files.contains_key(above)) {
        return Err(ApiError::failed_precondition(format!(
            "'{path}' is both a file and a directory."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_directory() {
        let tree: Tree = ["a/b/c", "d", "a.x"]
            .map(|path| (path.to_owned(), String::new()))
            .into();
        for (path, free) in [
            ("a", false),
            ("a/b", false),
            ("a/b/c", true),
            ("a/b/c/e", false),
            ("d/e/f", false),
            ("e/d", true),
            ("a.x", true),
        ] {
            assert_eq!(check_place(&tree, path).is_ok(), free, "{path}");
        }
        assert_eq!(parents("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
    }
}
