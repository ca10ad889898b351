//! The files of a workspace: written, moved, removed, listed, searched. Directories are there by themselves, as on a disk.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::check::text;
use super::commits::{Commit, check_path, check_place, contents, decoded, keep, parents};
use super::directory::{self, Kind};
use super::filter::Filter;
use super::names::RepositoryName;
use super::repositories::Repository;
use super::workspaces::{File, Workspace};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read as read_message};
use crate::page::page;
use crate::store::{Txn, View};

const WRITE: &Fields = &[
    ("workspace", Shape::Output),
    ("path", Shape::Text),
    ("contents", Shape::Text),
];
const PLACE: &Fields = &[("workspace", Shape::Output), ("path", Shape::Text)];
const MOVE: &Fields = &[
    ("workspace", Shape::Output),
    ("path", Shape::Text),
    ("newPath", Shape::Text),
];

impl Workspace {
    /// Puts contents that are kept at a path, in place of what was there.
    pub(super) fn place(&mut self, view: &impl View, path: &str, id: String) -> Result<(), ApiError> {
        let size = contents(view, &self.repository, &id)?.len() as u64;
        self.put(
            path,
            File {
                id,
                size,
                updated: Utc::now(),
            },
        )
    }

    fn put(&mut self, path: &str, file: File) -> Result<(), ApiError> {
        check_place(&self.files, path)?;
        if self.directories.contains_key(path) {
            return Err(ApiError::failed_precondition(format!("'{path}' is a directory.")));
        }
        for above in parents(path) {
            self.directories.entry(above.to_owned()).or_insert(file.updated);
        }
        self.files.insert(path.to_owned(), file);
        Ok(())
    }

    /// Takes a file away, and as Git does the directories that are empty then.
    pub(super) fn take(&mut self, path: &str) {
        self.files.remove(path);
        for above in parents(path) {
            let inside = format!("{above}/");
            let used = self.files.keys().chain(self.directories.keys());
            if used.into_iter().any(|other| other.starts_with(&inside)) {
                break;
            }
            self.directories.remove(above);
        }
    }

    fn write(&mut self, txn: &mut Txn<'_>, path: &str, bytes: &[u8]) -> Result<(), ApiError> {
        let id = keep(txn, &self.repository, bytes)?;
        self.place(txn, path, id)
    }

    fn remove_file(&mut self, path: &str) -> Result<File, ApiError> {
        let file = self.files.remove(path);
        file.ok_or_else(|| self.no_file(path))
    }

    fn no_file(&self, path: &str) -> ApiError {
        ApiError::not_found(format!("File '{path}' was not found in '{}'", self.name()))
    }

    fn free(&self, path: &str) -> Result<(), ApiError> {
        if self.files.contains_key(path) || self.directories.contains_key(path) {
            return Err(ApiError::exists(format!(
                "'{path}' already exists in '{}'; remove it first.",
                self.name()
            )));
        }
        Ok(())
    }

    fn move_file(&mut self, path: &str, to: &str) -> Result<(), ApiError> {
        let file = self.files.get(path).cloned().ok_or_else(|| self.no_file(path))?;
        self.free(to)?;
        self.files.remove(path);
        self.put(
            to,
            File {
                updated: Utc::now(),
                ..file
            },
        )
    }

    fn make_directory(&mut self, path: &str) -> Result<(), ApiError> {
        self.free(path)?;
        check_place(&self.files, path)?;
        let now = Utc::now();
        for directory in parents(path).chain([path]) {
            self.directories.entry(directory.to_owned()).or_insert(now);
        }
        Ok(())
    }

    /// What lies below a directory, without the directory's own path.
    fn take_directory(&mut self, path: &str) -> Result<Below, ApiError> {
        if self.directories.remove(path).is_none() {
            return Err(ApiError::not_found(format!(
                "Directory '{path}' was not found in '{}'",
                self.name()
            )));
        }
        let inside = format!("{path}/");
        let below = |other: &String| other.strip_prefix(&inside).map(str::to_owned);
        let mut taken = Below::default();
        self.files.retain(|path, file| match below(path) {
            Some(rest) => {
                taken.files.push((rest, file.clone()));
                false
            }
            None => true,
        });
        self.directories.retain(|path, _| match below(path) {
            Some(rest) => {
                taken.directories.push(rest);
                false
            }
            None => true,
        });
        Ok(taken)
    }

    fn move_directory(&mut self, path: &str, to: &str) -> Result<(), ApiError> {
        if to == path || to.starts_with(&format!("{path}/")) {
            return Err(ApiError::invalid(format!(
                "new_path '{to}' must not lie in the directory '{path}' that is moved."
            )));
        }
        let taken = self.take_directory(path)?;
        self.make_directory(to)?;
        let now = Utc::now();
        for directory in taken.directories {
            self.directories.insert(format!("{to}/{directory}"), now);
        }
        for (rest, file) in taken.files {
            self.put(&format!("{to}/{rest}"), File { updated: now, ..file })?;
        }
        Ok(())
    }
}

/// What lay below a directory, by the rest of its path.
#[derive(Default)]
struct Below {
    files: Vec<(String, File)>,
    directories: Vec<String>,
}

type Edit = fn(&mut Txn<'_>, &mut Workspace, &Map<String, Value>) -> Result<(), ApiError>;

/// Changes a workspace by a call whose answer is empty.
async fn change(mut call: Call, fields: &'static Fields, message: &str, edit: Edit) -> Answer {
    let body = read_message(call.json().await?, fields, message)?;
    for (field, shown) in [("path", "path"), ("newPath", "new_path")] {
        if fields.iter().any(|(name, _)| *name == field) {
            match text(&body, field) {
                "" => return Err(ApiError::invalid(format!("{message}.{shown} is required."))),
                path => check_path(path)?,
            }
        }
    }
    let (repository, id) = (RepositoryName::of(&call), call.param("workspace").to_owned());
    let changed = call.cloud.store.write(move |txn| {
        let mut workspace = Workspace::find(txn, &repository, &id)?;
        edit(txn, &mut workspace, &body)?;
        Ok::<_, ApiError>(txn.put(workspace.key(), &workspace)?)
    });
    changed.await?;
    ok(&json!({}))
}

pub(super) async fn write(call: Call) -> Answer {
    change(call, WRITE, "write_file_request", |txn, workspace, body| {
        let bytes = decoded(text(body, "contents"), "write_file_request.contents")?;
        workspace.write(txn, text(body, "path"), &bytes)
    })
    .await
}

pub(super) async fn remove(call: Call) -> Answer {
    change(call, PLACE, "remove_file_request", |_, workspace, body| {
        workspace.remove_file(text(body, "path")).map(drop)
    })
    .await
}

pub(super) async fn rename(call: Call) -> Answer {
    change(call, MOVE, "move_file_request", |_, workspace, body| {
        workspace.move_file(text(body, "path"), text(body, "newPath"))
    })
    .await
}

pub(super) async fn make_directory(call: Call) -> Answer {
    change(call, PLACE, "make_directory_request", |_, workspace, body| {
        workspace.make_directory(text(body, "path"))
    })
    .await
}

pub(super) async fn remove_directory(call: Call) -> Answer {
    change(call, PLACE, "remove_directory_request", |_, workspace, body| {
        workspace.take_directory(text(body, "path")).map(drop)
    })
    .await
}

pub(super) async fn move_directory(call: Call) -> Answer {
    change(call, MOVE, "move_directory_request", |_, workspace, body| {
        workspace.move_directory(text(body, "path"), text(body, "newPath"))
    })
    .await
}

/// The contents that lie there, or those of a commit of the workspace's branch or the repository.
pub(super) async fn read(call: Call) -> Answer {
    let path = call.query.get("path").ok_or_else(|| ApiError::required("path"))?;
    check_path(path)?;
    let snapshot = call.cloud.store.snapshot()?;
    let workspace = Workspace::of(&snapshot, &call)?;
    let id = match call.query.get("revision") {
        None => workspace.files.get(path).map(|file| file.id.clone()),
        Some(revision) => at_revision(&snapshot, &workspace, revision)?.tree.remove(path),
    };
    let id = id.ok_or_else(|| workspace.no_file(path))?;
    let bytes = contents(&snapshot, &workspace.repository, &id)?;
    ok(&json!({ "fileContents": STANDARD.encode(bytes) }))
}

fn at_revision(view: &impl View, workspace: &Workspace, revision: &str) -> Result<Commit, ApiError> {
    let mut own = workspace.own_commits(view)?;
    if revision == "HEAD" || revision == workspace.id {
        let head = workspace.head(view)?;
        return head.ok_or_else(|| ApiError::not_found(format!("'{}' has no commits yet", workspace.name())));
    }
    match own
        .iter()
        .position(|commit| revision.len() >= 4 && commit.sha.starts_with(revision))
    {
        Some(found) => Ok(own.swap_remove(found)),
        None => Commit::resolve(view, &Repository::read(view, &workspace.repository)?, revision),
    }
}

/// Whether a query asks for the view with sizes and times.
fn with_metadata(call: &Call) -> Result<bool, ApiError> {
    const PREFIX: &str = "DIRECTORY_CONTENTS_VIEW_";
    match call.query.get("view").map(|view| view.trim_start_matches(PREFIX)) {
        None | Some("0" | "1" | "UNSPECIFIED" | "BASIC") => Ok(false),
        Some("2" | "METADATA") => Ok(true),
        Some(view) => Err(ApiError::invalid(format!(
            "Invalid value at 'view' (TYPE_ENUM), \"{view}\""
        ))),
    }
}

pub(super) async fn directory(call: Call) -> Answer {
    let path = directory::asked(&call)?;
    let detailed = with_metadata(&call)?;
    let workspace = Workspace::of(&call.cloud.store.snapshot()?, &call)?;
    if !path.is_empty() && !workspace.directories.contains_key(path) {
        return Err(ApiError::not_found(format!(
            "Directory '{path}' was not found in '{}'",
            workspace.name()
        )));
    }
    let entries = directory::entries(workspace.files.keys(), workspace.directories.keys(), path);
    let shown = entries.into_iter().map(|(path, kind)| {
        let mut entry = kind.named(&path);
        if detailed {
            entry["metadata"] = metadata(&workspace, &path, kind);
        }
        entry
    });
    ok(&page(&call.query, "directoryEntries", shown.collect(), 50)?)
}

fn metadata(workspace: &Workspace, path: &str, kind: Kind) -> Value {
    let inside = format!("{path}/");
    let (size, updated) = match kind {
        Kind::File => {
            let file = workspace.files.get(path);
            (file.map_or(0, |file| file.size), file.map(|file| file.updated))
        }
        Kind::Directory => {
            let below = workspace.files.iter().filter(|(path, _)| path.starts_with(&inside));
            let times = below.map(|(_, file)| file.updated);
            (0, times.chain(workspace.directories.get(path).copied()).max())
        }
    };
    let mut metadata = json!({ "sizeBytes": size.to_string() });
    if let Some(updated) = updated {
        metadata["updateTime"] = json!(stamp(updated));
    }
    metadata
}

pub(super) async fn search(call: Call) -> Answer {
    let filter = Filter::parse(call.query.get("filter"), &["path"])?;
    let workspace = Workspace::of(&call.cloud.store.snapshot()?, &call)?;
    let files = workspace.files.keys().map(|path| (path, "file"));
    let directories = workspace.directories.keys().map(|path| (path, "directory"));
    let mut found: Vec<(&String, &str)> = files
        .chain(directories)
        .filter(|(path, _)| filter.accepts(&json!({ "path": path })))
        .collect();
    found.sort();
    let results = found.iter().map(|(path, kind)| json!({ *kind: { "path": path } }));
    ok(&page(&call.query, "searchResults", results.collect(), 50)?)
}
