//! The branch of a workspace: what is committed, and what goes to the repository's default branch and comes from it.
//!
//! A repository without a Git remote plays the remote's part itself. Line by line what both changed is merged; a conflict is
//! an error here and changes nothing, where the hosted service leaves marks of it in the files.

use serde_json::{Value, json};

use super::check::text;
use super::commits::{Commit, DEFAULT_BRANCH, Tree, author_of, check_path, contents, keep};
use super::files::{AUTHOR, own_files};
use super::merge::{merge, unified};
use super::names::RepositoryName;
use super::workspaces::Workspace;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read};
use crate::store::Txn;

const COMMIT: &Fields = &[
    ("name", Shape::Output),
    ("author", AUTHOR),
    ("commitMessage", Shape::Text),
    ("paths", Shape::List(&Shape::Text)),
];
const RESET: &Fields = &[
    ("name", Shape::Output),
    ("paths", Shape::List(&Shape::Text)),
    ("clean", Shape::Bool),
];
const PULL: &Fields = &[
    ("name", Shape::Output),
    ("remoteBranch", Shape::Text),
    ("author", AUTHOR),
];
const PUSH: &Fields = &[("name", Shape::Output), ("remoteBranch", Shape::Text)];

/// The state of a file that differs from the branch's head.
fn state(committed: Option<&String>, lies: Option<&String>) -> Option<&'static str> {
    match (committed, lies) {
        (None, Some(_)) => Some("ADDED"),
        (Some(_), None) => Some("DELETED"),
        (Some(committed), Some(lies)) if committed != lies => Some("MODIFIED"),
        _ => None,
    }
}

/// Paths whose contents differ between two trees, in order, with how.
fn changes(from: &Tree, to: &Tree) -> Vec<(String, &'static str)> {
    let mut all: Vec<_> = from
        .keys()
        .chain(to.keys().filter(|path| !from.contains_key(*path)))
        .filter_map(|path| Some((path.clone(), state(from.get(path), to.get(path))?)))
        .collect();
    all.sort();
    all
}

/// The paths of a request, checked; none means all.
fn paths_of(body: &serde_json::Map<String, Value>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(paths) = body.get("paths").and_then(Value::as_array) else {
        return Ok(None);
    };
    let paths = paths.iter().filter_map(Value::as_str).map(|path| {
        check_path(path)?;
        Ok(path.to_owned())
    });
    paths.collect::<Result<_, _>>().map(Some)
}

/// Only the default branch is there; other branches are those of workspaces.
fn check_branch(branch: &str) -> Result<(), ApiError> {
    if matches!(branch, "" | DEFAULT_BRANCH) {
        return Ok(());
    }
    Err(ApiError::failed_precondition(format!(
        "remote_branch '{branch}' does not exist: the repository has no Git remote, and its only branch beside those of \
         workspaces is '{DEFAULT_BRANCH}'."
    )))
}

/// Changes a workspace and what belongs to it, by a call whose answer is empty.
async fn change(
    call: Call,
    edit: impl FnOnce(&mut Txn<'_>, &mut Workspace) -> Result<(), ApiError> + Send + 'static,
) -> Answer {
    let (repository, id) = (RepositoryName::of(&call), call.param("workspace").to_owned());
    let changed = call.cloud.store.write(move |txn| {
        let mut workspace = Workspace::find(txn, &repository, &id)?;
        edit(txn, &mut workspace)?;
        Ok::<_, ApiError>(txn.put(workspace.key(), &workspace)?)
    });
    changed.await?;
    ok(&json!({}))
}

pub(super) async fn statuses(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let workspace = Workspace::of(&snapshot, &call)?;
    let changed = changes(&workspace.committed(&snapshot)?, &workspace.tree());
    let shown: Vec<Value> = changed
        .iter()
        .map(|(path, state)| json!({ "path": path, "state": state }))
        .collect();
    ok(&if shown.is_empty() {
        json!({})
    } else {
        json!({ "uncommittedFileChanges": shown })
    })
}

pub(super) async fn difference(call: Call) -> Answer {
    let path = call.query.get("path").ok_or_else(|| ApiError::required("path"))?;
    check_path(path)?;
    let snapshot = call.cloud.store.snapshot()?;
    let workspace = Workspace::of(&snapshot, &call)?;
    let bytes = |id: Option<&String>| {
        let read = id.map(|id| contents(&snapshot, &workspace.repository, id));
        read.transpose()
    };
    let before = bytes(workspace.committed(&snapshot)?.get(path))?;
    let after = bytes(workspace.tree().get(path))?;
    if before.is_none() && after.is_none() {
        return Err(ApiError::not_found(format!(
            "File '{path}' was not found in '{}'",
            workspace.name()
        )));
    }
    let diff = unified(path, before.as_deref(), after.as_deref());
    ok(&if diff.is_empty() {
        json!({})
    } else {
        json!({ "formattedDiff": diff })
    })
}

/// The two numbers as Google documents them, which is the other way round than their names read.
pub(super) async fn ahead_behind(call: Call) -> Answer {
    check_branch(call.query.get("remoteBranch").unwrap_or_default())?;
    let snapshot = call.cloud.store.snapshot()?;
    let workspace = Workspace::of(&snapshot, &call)?;
    let repository = own_files(&snapshot, &workspace.repository, "fetchGitAheadBehind")?;
    let mut answer = json!({});
    for (name, count) in [
        ("commitsAhead", repository.commits - workspace.base),
        ("commitsBehind", workspace.own),
    ] {
        if count > 0 {
            answer[name] = json!(count);
        }
    }
    ok(&answer)
}

pub(super) async fn commit(mut call: Call) -> Answer {
    let body = read(call.json().await?, COMMIT, "commit_workspace_changes_request")?;
    let author = author_of(&body, "")?;
    let paths = paths_of(&body)?;
    change(call, move |txn, workspace| {
        let head = workspace.head(txn)?;
        let (parent, mut tree) = head.map(|head| (head.sha, head.tree)).unwrap_or_default();
        let lies = workspace.tree();
        let changed = changes(&tree, &lies);
        if let Some(same) = paths
            .iter()
            .flatten()
            .find(|path| changed.iter().all(|(changed, _)| changed != *path))
        {
            return Err(ApiError::failed_precondition(format!(
                "'{same}' has no uncommitted changes in '{}'.",
                workspace.name()
            )));
        }
        if changed.is_empty() {
            return Err(ApiError::failed_precondition(format!(
                "'{}' has no uncommitted changes.",
                workspace.name()
            )));
        }
        for (path, _) in changed {
            if paths.as_ref().is_some_and(|paths| !paths.contains(&path)) {
                continue;
            }
            match lies.get(&path) {
                Some(id) => tree.insert(path, id.clone()),
                None => tree.remove(&path),
            };
        }
        let commit = Commit::new(&[&parent], tree, author, text(&body, "commitMessage"));
        add(txn, workspace, &commit)
    })
    .await
}

/// Puts a commit on the workspace's branch.
fn add(txn: &mut Txn<'_>, workspace: &mut Workspace, commit: &Commit) -> Result<(), ApiError> {
    txn.put(workspace.own_key(workspace.own), commit)?;
    workspace.own += 1;
    Ok(())
}

pub(super) async fn reset(mut call: Call) -> Answer {
    let body = read(call.json().await?, RESET, "reset_workspace_changes_request")?;
    let paths = paths_of(&body)?;
    let clean = body.contains_key("clean");
    change(call, move |txn, workspace| {
        let committed = workspace.committed(txn)?;
        let known = |path: &String| committed.contains_key(path) || workspace.files.contains_key(path);
        if let Some(missing) = paths.iter().flatten().find(|path| !known(path)) {
            return Err(ApiError::not_found(format!(
                "File '{missing}' was not found in '{}'",
                workspace.name()
            )));
        }
        let wanted = |path: &String| paths.as_ref().is_none_or(|paths| paths.contains(path));
        let changed = changes(&committed, &workspace.tree());
        // What goes goes first: a file may stand where a directory has to be.
        for (path, state) in &changed {
            if wanted(path) && *state == "ADDED" && clean {
                workspace.take(path);
            }
        }
        for (path, state) in &changed {
            if wanted(path) && *state != "ADDED" {
                workspace.place(txn, path, committed[path].clone())?;
            }
        }
        Ok(())
    })
    .await
}

pub(super) async fn push(mut call: Call) -> Answer {
    let body = read(call.json().await?, PUSH, "push_git_commits_request")?;
    check_branch(text(&body, "remoteBranch"))?;
    change(call, |txn, workspace| {
        let mut repository = own_files(txn, &workspace.repository, "push")?;
        let missing = repository.commits - workspace.base;
        if missing > 0 {
            return Err(ApiError::failed_precondition(format!(
                "The push to '{DEFAULT_BRANCH}' is no fast-forward: '{}' lacks {missing} of its commits; pull first.",
                workspace.name()
            )));
        }
        for (number, commit) in (0..).zip(workspace.own_commits(txn)?) {
            txn.put(repository.name.commit_key(repository.commits), &commit)?;
            txn.remove(workspace.own_key(number));
            repository.commits += 1;
        }
        workspace.base = repository.commits;
        workspace.own = 0;
        Ok(txn.put(repository.name.key(), &repository)?)
    })
    .await
}

pub(super) async fn pull(mut call: Call) -> Answer {
    let body = read(call.json().await?, PULL, "pull_git_commits_request")?;
    check_branch(text(&body, "remoteBranch"))?;
    let author = author_of(&body, "")?;
    change(call, move |txn, workspace| {
        let repository = own_files(txn, &workspace.repository, "pull")?;
        let Some(theirs) = Commit::head(txn, &repository)?.filter(|_| repository.commits > workspace.base) else {
            return Ok(());
        };
        let ours = workspace.head(txn)?;
        let before = ours.as_ref().map(|ours| ours.tree.clone()).unwrap_or_default();
        let base = Commit::last_of(txn, &repository.name, workspace.base)?;
        let after = match ours.filter(|_| workspace.own > 0) {
            None => theirs.tree,
            Some(ours) => {
                let tree = join(txn, workspace, base.map(|base| base.tree), &ours.tree, &theirs.tree)?;
                let message = format!("Merge branch '{DEFAULT_BRANCH}' into {}", workspace.id);
                let commit = Commit::new(&[&ours.sha, &theirs.sha], tree.clone(), author, &message);
                add(txn, workspace, &commit)?;
                tree
            }
        };
        workspace.base = repository.commits;
        check_out(txn, workspace, &before, &after)
    })
    .await
}

/// The tree of a merge commit.
fn join(
    txn: &mut Txn<'_>,
    workspace: &Workspace,
    base: Option<Tree>,
    ours: &Tree,
    theirs: &Tree,
) -> Result<Tree, ApiError> {
    let read = |id: &str| contents(txn, &workspace.repository, id);
    let merged = merge(&base.unwrap_or_default(), ours, theirs, read)?;
    if !merged.conflicts.is_empty() {
        return Err(ApiError::failed_precondition(format!(
            "'{DEFAULT_BRANCH}' and '{}' conflict in: {}. Nothing was pulled; make the files agree, commit and pull again.",
            workspace.name(),
            merged.conflicts.join(", ")
        )));
    }
    let mut tree = merged.tree;
    for (path, bytes) in merged.new {
        tree.insert(path, keep(txn, &workspace.repository, &bytes)?);
    }
    Ok(tree)
}

/// Brings what changed between two heads to the files, which must not have changed there otherwise.
fn check_out(txn: &Txn<'_>, workspace: &mut Workspace, before: &Tree, after: &Tree) -> Result<(), ApiError> {
    let lies = workspace.tree();
    let changed = changes(before, after);
    let in_the_way: Vec<&str> = changed
        .iter()
        .map(|(path, _)| path)
        .filter(|path| lies.get(*path) != before.get(*path) && lies.get(*path) != after.get(*path))
        .map(String::as_str)
        .collect();
    if !in_the_way.is_empty() {
        return Err(ApiError::failed_precondition(format!(
            "The pull would overwrite uncommitted changes of '{}' in: {}. Commit or reset them first.",
            workspace.name(),
            in_the_way.join(", ")
        )));
    }
    for (path, state) in &changed {
        if *state == "DELETED" {
            workspace.take(path);
        }
    }
    for (path, _) in &changed {
        if let Some(id) = after.get(path) {
            workspace.place(txn, path, id.clone())?;
        }
    }
    Ok(())
}
