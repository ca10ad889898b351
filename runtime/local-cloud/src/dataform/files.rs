//! The files of a repository that has no Git remote: its commits made, read and listed.

use serde_json::{Value, json};

use super::check::text;
use super::commits::{Commit, Tree, author_of, check_path, check_place, contents, decoded, keep};
use super::directory;
use super::names::RepositoryName;
use super::repositories::Repository;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read as read_message};
use crate::page::page;
use crate::store::{Txn, View};

const COMMIT: &Fields = &[
    (
        "commitMetadata",
        Shape::Message(&[("author", AUTHOR), ("commitMessage", Shape::Text)]),
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

/// The author of a commit.
pub(super) const AUTHOR: Shape = Shape::Message(&[("name", Shape::Text), ("emailAddress", Shape::Text)]);

/// The repository, whose files must be here.
pub(super) fn own_files(view: &impl View, name: &RepositoryName, what: &str) -> Result<Repository, ApiError> {
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
    let author = author_of(&metadata, "commit_metadata.")?;
    let name = RepositoryName::of(&call);
    let sha = call.cloud.store.write(move |txn| {
        let mut repository = Repository::read(txn, &name)?;
        if repository.has_remote() {
            return Err(ApiError::failed_precondition(format!(
                "Repository '{name}' is linked to a Git remote; push commits there."
            )));
        }
        let head = Commit::head(txn, &repository)?;
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
        let commit = Commit::new(&[&head_sha], tree, author, text(&metadata, "commitMessage"));
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
    tree: &mut Tree,
    path: &str,
    operation: &Value,
) -> Result<(), ApiError> {
    check_path(path)?;
    match (operation.get("writeFile"), operation.get("deleteFile")) {
        (Some(write), None) => {
            let at = format!("file_operations[\"{path}\"].write_file.contents");
            let bytes = decoded(write["contents"].as_str().unwrap_or_default(), &at)?;
            check_place(tree, path)?;
            tree.insert(path.to_owned(), keep(txn, name, &bytes)?);
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

/// The commit that a query asks for, the last one without a word; none before the first.
fn asked(view: &impl View, repository: &Repository, call: &Call) -> Result<Option<Commit>, ApiError> {
    match call.query.get("commitSha") {
        Some(sha) => Commit::resolve(view, repository, sha).map(Some),
        None => Ok(Commit::head(view, repository)?),
    }
}

pub(super) async fn read(call: Call) -> Answer {
    use base64::Engine;
    let path = call.query.get("path").ok_or_else(|| ApiError::required("path"))?;
    check_path(path)?;
    let snapshot = call.cloud.store.snapshot()?;
    let repository = own_files(&snapshot, &RepositoryName::of(&call), "readFile")?;
    let commit = asked(&snapshot, &repository, &call)?;
    let id = commit.as_ref().and_then(|commit| commit.tree.get(path));
    let id = id.ok_or_else(|| ApiError::not_found(format!("File '{path}' was not found in '{}'", repository.name)))?;
    let bytes = contents(&snapshot, &repository.name, id)?;
    ok(&json!({ "contents": base64::engine::general_purpose::STANDARD.encode(bytes) }))
}

pub(super) async fn directory(call: Call) -> Answer {
    let path = directory::asked(&call)?;
    let snapshot = call.cloud.store.snapshot()?;
    let repository = own_files(&snapshot, &RepositoryName::of(&call), "queryDirectoryContents")?;
    let tree = asked(&snapshot, &repository, &call)?
        .map(|commit| commit.tree)
        .unwrap_or_default();
    let entries = directory::entries(tree.keys(), std::iter::empty(), path);
    if entries.is_empty() && !path.is_empty() {
        return Err(ApiError::not_found(format!(
            "Directory '{path}' was not found in '{}'",
            repository.name
        )));
    }
    let entries = entries.into_iter().map(|(path, kind)| kind.named(&path)).collect();
    ok(&page(&call.query, "directoryEntries", entries, 50)?)
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
