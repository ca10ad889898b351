//! The files of a repository that has no Git remote: commits, each a tree of paths, and contents by what they are.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::check::text;
use super::names::RepositoryName;
use super::repositories::Repository;
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read as read_message};
use crate::page::page;
use crate::store::{Txn, View};

const COMMIT: &Fields = &[
    (
        "commitMetadata",
        Shape::Message(&[
            (
                "author",
                Shape::Message(&[("name", Shape::Text), ("emailAddress", Shape::Text)]),
            ),
            ("commitMessage", Shape::Text),
        ]),
    ),
    ("requiredHeadCommitSha", Shape::Text),
    (
        "fileOperations",
        Shape::Messages(&[
            ("writeFile", Shape::Message(&[("contents", Shape::Text)])),
            ("deleteFile", Shape::Message(&[])),
        ]),
    ),
];

/// A commit: what came before is the commit of the number before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Commit {
    sha: String,
    time: DateTime<Utc>,
    author: Value,
    message: String,
    /// Paths, with the ids of their contents.
    tree: BTreeMap<String, String>,
}

impl Commit {
    /// The commit of that id, or of the branch's head without one; none before the first.
    fn find(view: &impl View, repository: &Repository, sha: Option<&str>) -> Result<Option<Commit>, ApiError> {
        let Some(sha) = sha else {
            let Some(last) = repository.commits.checked_sub(1) else {
                return Ok(None);
            };
            return Ok(view.get(&repository.name.commit_key(last))?);
        };
        let all: Vec<Commit> = view.all(&repository.name.commits())?;
        let found = all.into_iter().find(|commit| commit.sha == sha);
        found
            .map(Some)
            .ok_or_else(|| ApiError::not_found(format!("Commit '{sha}' was not found in '{}'", repository.name)))
    }

    fn resource(&self) -> Value {
        let mut entry = json!({ "commitSha": self.sha, "commitTime": stamp(self.time), "author": self.author });
        if !self.message.is_empty() {
            entry["commitMessage"] = json!(self.message);
        }
        entry
    }
}

/// An id of 40 hexadecimal digits made of what it stands for, as Git's are.
fn id_of(kind: &str, bytes: &[u8]) -> String {
    // Git's own are SHA-1; nobody computes them from outside, so the digest that is at hand serves.
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update(b"\0")
        .chain_update(bytes)
        .finalize();
    digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// A path as Dataform takes it: relative, with no empty, `.` or `..` segment.
fn check_path(path: &str) -> Result<(), ApiError> {
    let segments = || path.split('/');
    if path.len() <= 4096 && segments().all(|segment| !matches!(segment, "" | "." | "..")) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "'{path}' must be the path of a file, relative to the root of the repository."
    )))
}

/// The repository, whose files must be here.
fn own_files(view: &impl View, name: &RepositoryName, what: &str) -> Result<Repository, ApiError> {
    let repository = Repository::read(view, name)?;
    if repository.has_remote() {
        return Err(ApiError::unimplemented(format_args!(
            "{what} of the repository '{name}', whose files are in a Git remote,"
        )));
    }
    Ok(repository)
}

pub(super) async fn commit(mut call: Call) -> Answer {
    let body = read_message(call.json().await?, COMMIT, "commit_repository_changes_request")?;
    let metadata = body
        .get("commitMetadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let author = metadata
        .get("author")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for part in ["name", "emailAddress"] {
        if text(&author, part).is_empty() {
            return Err(ApiError::invalid(format!("commit_metadata.author.{part} is required.")));
        }
    }
    let name = RepositoryName::of(&call);
    let sha = call.cloud.store.write(move |txn| {
        let mut repository = Repository::read(txn, &name)?;
        if repository.has_remote() {
            return Err(ApiError::failed_precondition(format!(
                "Repository '{name}' is linked to a Git remote; push commits there."
            )));
        }
        let head = Commit::find(txn, &repository, None)?;
        let head_sha = head.as_ref().map(|head| head.sha.clone()).unwrap_or_default();
        match text(&body, "requiredHeadCommitSha") {
            "" => {}
            required if required == head_sha => {}
            required => {
                return Err(ApiError::failed_precondition(format!(
                    "The HEAD of '{name}' is '{head_sha}', not the required '{required}'."
                )));
            }
        }
        let mut tree = head.map(|head| head.tree).unwrap_or_default();
        if let Some(Value::Object(operations)) = body.get("fileOperations") {
            for (path, operation) in operations {
                apply(txn, &name, &mut tree, path, operation)?;
            }
        }
        let time = Utc::now();
        let about = json!([head_sha, tree, metadata, stamp(time)]).to_string();
        let commit = Commit {
            sha: id_of("commit", about.as_bytes()),
            time,
            author: Value::Object(author),
            message: text(&metadata, "commitMessage").to_owned(),
            tree,
        };
        txn.put(name.commit_key(repository.commits), &commit)?;
        repository.commits += 1;
        txn.put(name.key(), &repository)?;
        Ok(commit.sha)
    });
    ok(&json!({ "commitSha": sha.await? }))
}

fn apply(
    txn: &mut Txn<'_>,
    name: &RepositoryName,
    tree: &mut BTreeMap<String, String>,
    path: &str,
    operation: &Value,
) -> Result<(), ApiError> {
    check_path(path)?;
    match (operation.get("writeFile"), operation.get("deleteFile")) {
        (Some(write), None) => {
            let contents = write["contents"].as_str().unwrap_or_default();
            let bytes = STANDARD.decode(contents.replace('-', "+").replace('_', "/"));
            let bytes = bytes.map_err(|_| {
                ApiError::invalid(format!(
                    "Invalid value at 'file_operations[\"{path}\"].write_file.contents' (TYPE_BYTES): not base64."
                ))
            })?;
            let inside = format!("{path}/");
            let clash = tree
                .keys()
                .any(|other| other.starts_with(&inside) || path.starts_with(&format!("{other}/")));
            if clash {
                return Err(ApiError::failed_precondition(format!(
                    "'{path}' is both a file and a directory."
                )));
            }
            let id = id_of("file", &bytes);
            txn.put(name.contents_key(&id), &STANDARD.encode(bytes))?;
            tree.insert(path.to_owned(), id);
            Ok(())
        }
        (None, Some(_)) => match tree.remove(path) {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found(format!("File '{path}' was not found"))),
        },
        _ => Err(ApiError::invalid(format!(
            "file_operations['{path}'] must have exactly one of write_file and delete_file."
        ))),
    }
}

pub(super) async fn read(call: Call) -> Answer {
    let path = call.query.get("path").ok_or_else(|| ApiError::required("path"))?;
    check_path(path)?;
    let snapshot = call.cloud.store.snapshot()?;
    let repository = own_files(&snapshot, &RepositoryName::of(&call), "readFile")?;
    let commit = Commit::find(&snapshot, &repository, call.query.get("commitSha"))?;
    let id = commit.as_ref().and_then(|commit| commit.tree.get(path));
    let id = id.ok_or_else(|| ApiError::not_found(format!("File '{path}' was not found in '{}'", repository.name)))?;
    let contents: Option<String> = snapshot.get(&repository.name.contents_key(id))?;
    ok(&json!({ "contents": contents.unwrap_or_default() }))
}

pub(super) async fn directory(call: Call) -> Answer {
    let path = call.query.get("path").unwrap_or_default().trim_end_matches('/');
    if !path.is_empty() {
        check_path(path)?;
    }
    let snapshot = call.cloud.store.snapshot()?;
    let repository = own_files(&snapshot, &RepositoryName::of(&call), "queryDirectoryContents")?;
    let commit = Commit::find(&snapshot, &repository, call.query.get("commitSha"))?;
    let tree = commit.map(|commit| commit.tree).unwrap_or_default();
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let mut entries = BTreeMap::new();
    for file in tree.keys() {
        let Some(below) = file.strip_prefix(&prefix) else {
            continue;
        };
        match below.split_once('/') {
            None => entries.insert(file.clone(), json!({ "file": file })),
            Some((directory, _)) => {
                let directory = format!("{prefix}{directory}");
                entries.insert(directory.clone(), json!({ "directory": directory }))
            }
        };
    }
    if entries.is_empty() && !path.is_empty() {
        return Err(ApiError::not_found(format!(
            "Directory '{path}' was not found in '{}'",
            repository.name
        )));
    }
    ok(&page(
        &call.query,
        "directoryEntries",
        entries.into_values().collect(),
        50,
    )?)
}

pub(super) async fn history(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let repository = own_files(&snapshot, &RepositoryName::of(&call), "fetchHistory")?;
    let mut all: Vec<Commit> = snapshot.all(&repository.name.commits())?;
    all.reverse();
    ok(&page(
        &call.query,
        "commits",
        all.iter().map(Commit::resource).collect(),
        50,
    )?)
}
