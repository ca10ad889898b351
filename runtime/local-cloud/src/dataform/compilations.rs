//! Compilation results: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.compilationResults>.
//! How they come to be is in [`super::compiling`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::compiled;
use super::compiling::compiled as compile;
use super::filter::{Filter, sort};
use super::names::{Collection, RepositoryName};
use super::repositories::Repository;
use super::shapes::CODE_CONFIG;
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read};
use crate::page::page;
use crate::store::View;

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("gitCommitish", Shape::Text),
    ("workspace", Shape::Text),
    ("releaseConfig", Shape::Text),
    ("codeCompilationConfig", CODE_CONFIG),
    ("resolvedGitCommitSha", Shape::Output),
    ("dataformCoreVersion", Shape::Output),
    ("compilationErrors", Shape::Output),
    ("dataEncryptionState", Shape::Output),
    ("createTime", Shape::Output),
    ("internalMetadata", Shape::Output),
    ("privateResourceMetadata", Shape::Output),
    ("gcsRepositorySnapshotMetadata", Shape::Output),
];
const FILTERED: [&str; 5] = ["name", "gitCommitish", "workspace", "releaseConfig", "createTime"];
/// The space of the graphs.
const GRAPHS: &str = "graphs";

/// A compilation result; its graph is kept apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Compilation {
    repository: RepositoryName,
    id: String,
    created: DateTime<Utc>,
    /// The source and what was overridden, as they were asked for.
    pub(super) settings: Map<String, Value>,
    sha: Option<String>,
    core_version: Option<String>,
    pub(super) errors: Vec<Value>,
}

impl Compilation {
    pub(super) fn new(
        repository: RepositoryName,
        settings: Map<String, Value>,
        sha: Option<String>,
        graph: &Value,
        errors: Vec<Value>,
    ) -> Compilation {
        Compilation {
            repository,
            id: uuid::Uuid::new_v4().to_string(),
            created: Utc::now(),
            settings,
            sha,
            core_version: graph["dataformCoreVersion"].as_str().map(str::to_owned),
            errors,
        }
    }

    pub(super) fn find(view: &impl View, repository: &RepositoryName, id: &str) -> Result<Compilation, ApiError> {
        let found = view.get(&repository.child_key(Collection::Compilations, id))?;
        found.ok_or_else(|| {
            let name = repository.child_name(Collection::Compilations, id);
            ApiError::not_found(format!("Resource '{name}' was not found"))
        })
    }

    pub(super) fn name(&self) -> String {
        self.repository.child_name(Collection::Compilations, &self.id)
    }

    /// Its graph's JSON.
    pub(super) fn graph(&self, view: &impl View) -> Result<Value, ApiError> {
        let graph = view.get(&self.repository.part_key(GRAPHS, &self.id, 0))?;
        graph.ok_or_else(|| ApiError::internal(format!("the graph of '{}' is not in the store", self.name())))
    }

    fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name()));
        out.extend(self.settings.clone());
        if let Some(sha) = &self.sha {
            out.insert("resolvedGitCommitSha".into(), json!(sha));
        }
        if let Some(version) = &self.core_version {
            out.insert("dataformCoreVersion".into(), json!(version));
        }
        if !self.errors.is_empty() {
            out.insert("compilationErrors".into(), json!(self.errors));
        }
        out.insert("createTime".into(), json!(stamp(self.created)));
        if self.settings.contains_key("workspace") {
            out.insert("privateResourceMetadata".into(), json!({ "userScoped": true }));
        }
        Value::Object(out)
    }
}

/// Makes and keeps a compilation result of these settings.
pub(super) async fn make(
    cloud: &Arc<Cloud>,
    repository: RepositoryName,
    settings: Map<String, Value>,
) -> Result<Compilation, ApiError> {
    let (compilation, graph) = compile(cloud, repository, settings).await?;
    let kept = cloud.store.write(move |txn| {
        let repository = &compilation.repository;
        // It may have been deleted while the compiler was at work.
        Repository::read(txn, repository)?;
        txn.put(repository.part_key(GRAPHS, &compilation.id, 0), &graph)?;
        txn.put(
            repository.child_key(Collection::Compilations, &compilation.id),
            &compilation,
        )?;
        Ok::<_, ApiError>(compilation)
    });
    kept.await
}

/// The prefix of all graphs of a repository.
pub(super) fn graphs(repository: &RepositoryName) -> Vec<u8> {
    repository.space(GRAPHS)
}

pub(super) async fn create(mut call: Call) -> Answer {
    let settings = read(call.json().await?, FIELDS, "compilation_result")?;
    let repository = RepositoryName::of(&call);
    Repository::read(&call.cloud.store.snapshot()?, &repository)?;
    ok(&make(&call.cloud, repository, settings).await?.resource())
}

pub(super) async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&Compilation::find(&snapshot, &RepositoryName::of(&call), call.param("result"))?.resource())
}

/// The newest first, unless an order is asked for.
pub(super) async fn list(call: Call) -> Answer {
    let repository = RepositoryName::of(&call);
    let filter = Filter::parse(call.query.get("filter"), &FILTERED)?;
    let snapshot = call.cloud.store.snapshot()?;
    Repository::read(&snapshot, &repository)?;
    let all: Vec<Compilation> = snapshot.all(&repository.children(Collection::Compilations))?;
    let mut resources: Vec<Value> = all
        .iter()
        .map(Compilation::resource)
        .filter(|resource| filter.accepts(resource))
        .collect();
    let order = call.query.get("orderBy").unwrap_or("create_time desc");
    sort(&mut resources, Some(order), &["name", "createTime"])?;
    ok(&page(&call.query, "compilationResults", resources, 50)?)
}

pub(super) async fn query(call: Call) -> Answer {
    let filter = Filter::parse(call.query.get("filter"), &["filePath"])?;
    let snapshot = call.cloud.store.snapshot()?;
    let compilation = Compilation::find(&snapshot, &RepositoryName::of(&call), call.param("result"))?;
    let mut actions = compiled::actions(&compilation.graph(&snapshot)?);
    actions.retain(|action| filter.accepts(action));
    ok(&page(&call.query, "compilationResultActions", actions, 50)?)
}
