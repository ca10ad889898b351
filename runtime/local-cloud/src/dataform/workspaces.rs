//! Workspaces: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.workspaces>. Each is a
//! working copy on a branch of its own. What is done to its files is in [`super::working_copy`], to its branch in
//! [`super::branch`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::commits::{Commit, Tree};
use super::files::own_files;
use super::filter::{Filter, sort};
use super::names::{Collection, RepositoryName, check_id};
use super::repositories::{Repository, remove_all};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read};
use crate::iam;
use crate::page::page;
use crate::store::{StoreError, View};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("createTime", Shape::Output),
    ("dataEncryptionState", Shape::Output),
    ("internalMetadata", Shape::Output),
    ("disableMoves", Shape::Bool),
    ("privateResourceMetadata", Shape::Output),
];
/// The space of the commits that only a workspace has.
const BRANCHES: &str = "branches";

/// A file as it lies in a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    /// Of its contents.
    pub(super) id: String,
    pub(super) size: u64,
    pub(super) updated: DateTime<Utc>,
}

/// A workspace. Its branch is the first commits of the repository and then commits of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Workspace {
    pub(super) repository: RepositoryName,
    pub(super) id: String,
    created: DateTime<Utc>,
    disable_moves: bool,
    /// How many of the repository's commits its branch has.
    pub(super) base: u64,
    /// How many commits of its own come after them.
    pub(super) own: u64,
    pub(super) files: BTreeMap<String, File>,
    /// Directories, with the time since when they are there; those that hold files are among them.
    pub(super) directories: BTreeMap<String, DateTime<Utc>>,
}

impl Workspace {
    pub(super) fn find(view: &impl View, repository: &RepositoryName, id: &str) -> Result<Workspace, ApiError> {
        let found = view.get(&repository.child_key(Collection::Workspaces, id))?;
        found.ok_or_else(|| {
            let name = repository.child_name(Collection::Workspaces, id);
            ApiError::not_found(format!("Resource '{name}' was not found"))
        })
    }

    pub(super) fn of(view: &impl View, call: &Call) -> Result<Workspace, ApiError> {
        Workspace::find(view, &RepositoryName::of(call), call.param("workspace"))
    }

    pub(super) fn key(&self) -> Vec<u8> {
        self.repository.child_key(Collection::Workspaces, &self.id)
    }

    pub(super) fn name(&self) -> String {
        self.repository.child_name(Collection::Workspaces, &self.id)
    }

    /// Of a commit of its own.
    pub(super) fn own_key(&self, number: u64) -> Vec<u8> {
        self.repository.part_key(BRANCHES, &self.id, number)
    }

    /// Its own commits, the first made first.
    pub(super) fn own_commits(&self, view: &impl View) -> Result<Vec<Commit>, StoreError> {
        view.all(&self.repository.part_keys(BRANCHES, &self.id))
    }

    /// The last commit of its branch; none before the first.
    pub(super) fn head(&self, view: &impl View) -> Result<Option<Commit>, StoreError> {
        match self.own.checked_sub(1) {
            Some(last) => view.get(&self.own_key(last)),
            None => Commit::last_of(view, &self.repository, self.base),
        }
    }

    /// The files of its branch's head.
    pub(super) fn committed(&self, view: &impl View) -> Result<Tree, StoreError> {
        Ok(self.head(view)?.map(|head| head.tree).unwrap_or_default())
    }

    /// Its files as they lie there.
    pub(super) fn tree(&self) -> Tree {
        let files = self.files.iter();
        files.map(|(path, file)| (path.clone(), file.id.clone())).collect()
    }

    fn resource(&self) -> Value {
        let mut out = json!({
            "name": self.name(),
            "createTime": stamp(self.created),
            "privateResourceMetadata": { "userScoped": true },
        });
        if self.disable_moves {
            out["disableMoves"] = json!(true);
        }
        out
    }
}

/// The prefix of the commits of all workspaces of a repository.
pub(super) fn belongings(repository: &RepositoryName) -> Vec<u8> {
    repository.space(BRANCHES)
}

/// The prefix of their policies.
pub(super) fn policies(repository: &RepositoryName) -> Vec<u8> {
    repository.workspace_policy_key("")
}

pub(super) async fn create(mut call: Call) -> Answer {
    let settings = read(call.json().await?, FIELDS, "workspace")?;
    let id = call.query.get("workspaceId");
    let id = id.ok_or_else(|| ApiError::required("workspaceId"))?.to_owned();
    check_id(&id, "workspace_id")?;
    let repository = RepositoryName::of(&call);
    let workspace = call.cloud.store.write(move |txn| {
        let base = own_files(txn, &repository, "workspaces")?.commits;
        let mut workspace = Workspace {
            created: Utc::now(),
            disable_moves: settings.contains_key("disableMoves"),
            base,
            own: 0,
            files: BTreeMap::new(),
            directories: BTreeMap::new(),
            repository,
            id,
        };
        if txn.bytes(&workspace.key())?.is_some() {
            let name = workspace.name();
            return Err(ApiError::exists(format!("Resource '{name}' already exists")));
        }
        for (path, id) in workspace.committed(txn)? {
            workspace.place(txn, &path, id)?;
        }
        txn.put(workspace.key(), &workspace)?;
        Ok(workspace)
    });
    ok(&workspace.await?.resource())
}

pub(super) async fn list(call: Call) -> Answer {
    let repository = RepositoryName::of(&call);
    let snapshot = call.cloud.store.snapshot()?;
    Repository::read(&snapshot, &repository)?;
    let filter = Filter::parse(call.query.get("filter"), &["name", "createTime"])?;
    let all: Vec<Workspace> = snapshot.all(&repository.children(Collection::Workspaces))?;
    let mut resources: Vec<Value> = all
        .iter()
        .map(Workspace::resource)
        .filter(|resource| filter.accepts(resource))
        .collect();
    sort(&mut resources, call.query.get("orderBy"), &["name"])?;
    ok(&page(&call.query, "workspaces", resources, 50)?)
}

pub(super) async fn get(call: Call) -> Answer {
    ok(&Workspace::of(&call.cloud.store.snapshot()?, &call)?.resource())
}

pub(super) async fn delete(call: Call) -> Answer {
    let (repository, id) = (RepositoryName::of(&call), call.param("workspace").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let workspace = Workspace::find(txn, &repository, &id)?;
        remove_all(txn, &repository.part_keys(BRANCHES, &id))?;
        txn.remove(repository.workspace_policy_key(&id));
        txn.remove(workspace.key());
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}

fn policy_key(call: &Call) -> Result<Vec<u8>, ApiError> {
    let workspace = Workspace::of(&call.cloud.store.snapshot()?, call)?;
    Ok(workspace.repository.workspace_policy_key(&workspace.id))
}

pub(super) async fn get_policy(call: Call) -> Answer {
    ok(&iam::get(&call.cloud, &policy_key(&call)?)?)
}

pub(super) async fn set_policy(call: Call) -> Answer {
    let key = policy_key(&call)?;
    iam::set_call(call, key).await
}

pub(super) async fn test_permissions(call: Call) -> Answer {
    policy_key(&call)?;
    iam::test_call(call).await
}
