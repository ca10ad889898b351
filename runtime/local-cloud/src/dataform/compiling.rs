//! From the source of a compilation result to its graph: which files, with which settings, compiled by which core, and the
//! limits that the hosted service has.

use std::sync::Arc;

use headwater_dataform::{CompilationConfig, CompileFailure, Core, CoreError, Files, Graph, Limits, compile};
use serde_json::{Map, Value, json};

use super::check::text;
use super::commits::{Commit, Tree, contents};
use super::compilations::Compilation;
use super::compiled::target;
use super::configs;
use super::files::own_files;
use super::names::{Collection, RepositoryName};
use super::releases;
use super::repositories::Repository;
use super::workspaces::Workspace;
use crate::cloud::Cloud;
use crate::http::answer::{ApiError, chain};
use crate::store::View;

/// <https://cloud.google.com/dataform/docs/quotas>: of one compilation.
const MOST_ACTIONS: usize = 5_000;
const MOST_DEPENDENCIES: usize = 50;
const MOST_GRAPH_BYTES: usize = 20_000_000;

/// What is compiled.
struct Source {
    files: Files,
    config: Map<String, Value>,
    sha: Option<String>,
}

/// Compiles what the settings of a new compilation result name.
pub(super) async fn compiled(
    cloud: &Arc<Cloud>,
    repository: RepositoryName,
    settings: Map<String, Value>,
) -> Result<(Compilation, Value), ApiError> {
    let source = source(&cloud.store.snapshot()?, &repository, &settings)?;
    let sha = source.sha.clone();
    let graph = match graph(cloud, source).await? {
        Ok(graph) => graph,
        Err(errors) => json!({ "graphErrors": { "compilationErrors": errors } }),
    };
    Ok(Compilation::new(repository, settings, sha, &graph, errors(&graph))).map(|compilation| (compilation, graph))
}

fn source(view: &impl View, repository: &RepositoryName, settings: &Map<String, Value>) -> Result<Source, ApiError> {
    let own_config = || {
        let config = settings.get("codeCompilationConfig").and_then(Value::as_object);
        config.cloned().unwrap_or_default()
    };
    let named = |field: &str| Some(text(settings, field)).filter(|value| !value.is_empty());
    match (named("gitCommitish"), named("workspace"), named("releaseConfig")) {
        (Some(committish), None, None) => at_commit(view, repository, committish, own_config()),
        (None, Some(name), None) => {
            let id = repository.child_of(Collection::Workspaces, name, "compilation_result.workspace")?;
            let workspace = Workspace::find(view, repository, id)?;
            let overrides = Repository::read(view, repository)?.overrides(id);
            let mut config = own_config();
            for (name, value) in overrides {
                config.entry(name).or_insert(value);
            }
            Ok(Source {
                files: files(view, repository, &workspace.tree())?,
                config,
                sha: None,
            })
        }
        (None, None, Some(name)) => {
            let field = "compilation_result.release_config";
            let id = repository.child_of(Collection::Releases, name, field)?;
            if settings.contains_key("codeCompilationConfig") {
                return Err(ApiError::invalid(
                    "compilation_result.code_compilation_config cannot be set beside release_config, which has its own.",
                ));
            }
            let release = configs::find(view, &releases::KIND, repository, id)?;
            let config = release.settings.get("codeCompilationConfig").and_then(Value::as_object);
            let committish = text(&release.settings, "gitCommitish");
            at_commit(view, repository, committish, config.cloned().unwrap_or_default())
        }
        _ => Err(ApiError::invalid(
            "compilation_result must have exactly one of git_commitish, workspace and release_config.",
        )),
    }
}

fn at_commit(
    view: &impl View,
    repository: &RepositoryName,
    committish: &str,
    config: Map<String, Value>,
) -> Result<Source, ApiError> {
    let commit = Commit::resolve(view, &own_files(view, repository, "compilationResults")?, committish)?;
    Ok(Source {
        files: files(view, repository, &commit.tree)?,
        config,
        sha: Some(commit.sha),
    })
}

pub(super) fn files(view: &impl View, repository: &RepositoryName, tree: &Tree) -> Result<Files, ApiError> {
    let read = |(path, id): (&String, &String)| Ok((path.clone(), contents(view, repository, id)?));
    tree.iter().map(read).collect()
}

/// The graph's JSON, or the errors for which there is none.
async fn graph(cloud: &Arc<Cloud>, source: Source) -> Result<Result<Value, Vec<Value>>, ApiError> {
    let config: CompilationConfig = serde_json::from_value(Value::Object(source.config))
        .map_err(|e| ApiError::invalid(format!("code_compilation_config: {e}")))?;
    let core = match core(cloud, &source.files).await? {
        Ok(core) => core,
        Err(error) => return Ok(Err(vec![error])),
    };
    // A compilation may take much memory; so few are at work at once.
    let turn = cloud.dataform.compiling.acquire().await;
    let files = source.files;
    let done = tokio::task::spawn_blocking(move || compile(&core, &files, &config, &Limits::default())).await;
    drop(turn);
    match done {
        Ok(Ok(graph)) => Ok(Ok(limited(graph))),
        Ok(Err(failure @ CompileFailure::Limit { .. })) => Ok(Err(vec![json!({ "message": chain(&failure) })])),
        Ok(Err(failure @ CompileFailure::Engine(_))) => Err(ApiError::internal(chain(&failure))),
        Err(panicked) => Err(ApiError::internal(format!("the compiler ended: {panicked}"))),
    }
}

/// The core that a project's files ask for; an error of the project's own is given as one of its compilation.
pub(super) async fn core(cloud: &Cloud, files: &Files) -> Result<Result<Core, Value>, ApiError> {
    let wanted = match Core::wanted_version(files) {
        Ok(wanted) => wanted,
        Err(CoreError::Wanted { file, message }) => {
            return Ok(Err(json!({ "fileName": file, "message": message })));
        }
        Err(error) => return Err(ApiError::internal(chain(&error))),
    };
    match Core::obtain(wanted.as_deref(), &cloud.dataform.cores).await {
        Ok(core) => Ok(Ok(core)),
        Err(error) => Err(ApiError::new(503, "UNAVAILABLE", "backendError", chain(&error))),
    }
}

/// The graph with an error for each limit of the hosted service that it exceeds.
fn limited(graph: Graph) -> Value {
    let mut errors = Vec::new();
    let actions = graph.actions().count() + graph.declarations.len() + graph.others.len();
    if actions > MOST_ACTIONS {
        errors.push(json!({ "message": format!(
            "The project has {actions} actions; Dataform compiles at most {MOST_ACTIONS}. Split the repository."
        ) }));
    }
    for action in graph.actions() {
        let count = action.dependencies().len();
        if count > MOST_DEPENDENCIES {
            errors.push(json!({
                "fileName": action.file_name(),
                "actionTarget": action.target(),
                "message": format!(
                    "'{}' depends on {count} actions; Dataform compiles at most {MOST_DEPENDENCIES} for one.",
                    action.target()
                ),
            }));
        }
    }
    let mut json = graph.json;
    let bytes = json.to_string().len();
    if bytes > MOST_GRAPH_BYTES {
        errors.push(json!({ "message": format!(
            "The compiled graph has {bytes} bytes; Dataform compiles at most {MOST_GRAPH_BYTES}. Split the repository."
        ) }));
    }
    if !errors.is_empty() {
        let all = json["graphErrors"]["compilationErrors"].as_array().cloned();
        json["graphErrors"]["compilationErrors"] =
            json!(all.unwrap_or_default().into_iter().chain(errors).collect::<Vec<_>>());
    }
    json
}

/// The errors of a graph as the API shows them.
fn errors(graph: &Value) -> Vec<Value> {
    let all = graph["graphErrors"]["compilationErrors"].as_array();
    let shown = all.into_iter().flatten().map(|error| {
        let mut out = Map::new();
        for (name, from) in [("message", "message"), ("stack", "stack"), ("path", "fileName")] {
            if let Some(text) = error[from].as_str().filter(|text| !text.is_empty()) {
                out.insert(name.into(), json!(text));
            }
        }
        if error["actionTarget"].is_object() {
            out.insert("actionTarget".into(), target(&error["actionTarget"]));
        }
        Value::Object(out)
    });
    shown.collect()
}
