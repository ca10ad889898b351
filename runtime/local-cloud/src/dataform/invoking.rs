//! How a workflow invocation comes to be: what it takes from its compilation result or workflow configuration, and what is
//! planned of that.

use std::sync::Arc;

use headwater_dataform::run::TargetPattern;
use headwater_dataform::{Graph, Plan, Selection, Target, plan};
use serde_json::{Map, Value, json};

use super::check::{service_account, text};
use super::compilations::Compilation;
use super::invocations::{Action, Invocation};
use super::names::{Collection, RepositoryName};
use super::repositories::Repository;
use super::{configs, execution, releases, workflows};
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::View;

/// <https://cloud.google.com/dataform/docs/quotas>: of one invocation.
const MOST_ACTIONS: usize = 5_000;

/// What is invoked, and how.
struct Source {
    compilation: Compilation,
    config: Map<String, Value>,
}

fn source(view: &impl View, repository: &RepositoryName, settings: &Map<String, Value>) -> Result<Source, ApiError> {
    let named = |field: &str| Some(text(settings, field)).filter(|value| !value.is_empty());
    let config_of = |settings: &Map<String, Value>| {
        let config = settings.get("invocationConfig").and_then(Value::as_object);
        config.cloned().unwrap_or_default()
    };
    match (named("compilationResult"), named("workflowConfig")) {
        (Some(name), None) => {
            let field = "workflow_invocation.compilation_result";
            let id = repository.child_of(Collection::Compilations, name, field)?;
            Ok(Source {
                compilation: Compilation::find(view, repository, id)?,
                config: config_of(settings),
            })
        }
        (None, Some(name)) => {
            let id = repository.child_of(Collection::Workflows, name, "workflow_invocation.workflow_config")?;
            if settings.contains_key("invocationConfig") {
                return Err(ApiError::invalid(
                    "workflow_invocation.invocation_config cannot be set beside workflow_config, which has its own.",
                ));
            }
            let workflow = configs::find(view, &workflows::KIND, repository, id)?;
            let release = text(&workflow.settings, "releaseConfig");
            let id = repository.child_of(Collection::Releases, release, "workflow_config.release_config")?;
            let released = configs::find(view, &releases::KIND, repository, id)?;
            let result = match text(&released.settings, "releaseCompilationResult") {
                "" => {
                    return Err(ApiError::failed_precondition(format!(
                        "Release config '{release}' has no release_compilation_result yet; create a compilation result \
                         from it and set the field."
                    )));
                }
                result => result,
            };
            let id = repository.child_of(Collection::Compilations, result, "release_compilation_result")?;
            Ok(Source {
                compilation: Compilation::find(view, repository, id)?,
                config: config_of(&workflow.settings),
            })
        }
        _ => Err(ApiError::invalid(
            "workflow_invocation must have exactly one of compilation_result and workflow_config.",
        )),
    }
}

/// What an `InvocationConfig` selects.
fn selection(config: &Map<String, Value>) -> Result<Selection, ApiError> {
    let list = |field: &str| config.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let flag = |field: &str| config.contains_key(field);
    let targets = list("includedTargets").into_iter().map(|target| {
        let target: Target = serde_json::from_value(target)
            .map_err(|e| ApiError::invalid(format!("invocation_config.included_targets: {e}")))?;
        Ok(TargetPattern::from(&target))
    });
    let tags = list("includedTags");
    Ok(Selection {
        targets: targets.collect::<Result<_, ApiError>>()?,
        tags: tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        include_dependencies: flag("transitiveDependenciesIncluded"),
        include_dependents: flag("transitiveDependentsIncluded"),
        full_refresh: flag("fullyRefreshIncrementalTablesEnabled"),
    })
}

fn planned(graph: Value, config: &Map<String, Value>) -> Result<Plan, ApiError> {
    use headwater_dataform::run::SelectionError as Error;
    if text(config, "executionMode") == "UNIT_TESTS_ONLY" {
        return Err(ApiError::unimplemented(
            "invocation_config.execution_mode UNIT_TESTS_ONLY",
        ));
    }
    let graph = Graph::from_json(graph).map_err(|e| ApiError::internal(e.to_string()))?;
    let plan = plan(&graph, &selection(config)?).map_err(|error| match error {
        Error::Unknown { .. } | Error::Ambiguous { .. } | Error::UnknownTag { .. } => {
            ApiError::invalid(format!("invocation_config: {error}"))
        }
        _ => ApiError::failed_precondition(error.to_string()),
    })?;
    match plan.actions.len() {
        0 => Err(ApiError::failed_precondition(
            "The compilation result has no actions to execute.",
        )),
        count if count > MOST_ACTIONS => Err(ApiError::failed_precondition(format!(
            "The invocation has {count} actions; Dataform executes at most {MOST_ACTIONS}. Select fewer by targets or tags."
        ))),
        _ => Ok(plan),
    }
}

/// Makes and begins an invocation of these settings.
pub(super) async fn begin(
    cloud: &Arc<Cloud>,
    repository: RepositoryName,
    settings: Map<String, Value>,
) -> Result<Invocation, ApiError> {
    let snapshot = cloud.store.snapshot()?;
    let owner = Repository::read(&snapshot, &repository)?;
    let Source {
        compilation,
        mut config,
    } = source(&snapshot, &repository, &settings)?;
    if !compilation.errors.is_empty() {
        return Err(ApiError::failed_precondition(format!(
            "Compilation result '{}' has {} compilation errors, the first is: {}",
            compilation.name(),
            compilation.errors.len(),
            compilation.errors[0]["message"].as_str().unwrap_or_default()
        )));
    }
    if let (None, Some(account)) = (config.get("serviceAccount"), owner.service_account()) {
        config.insert("serviceAccount".into(), json!(account));
    }
    service_account(&config)?;
    let plan = planned(compilation.graph(&snapshot)?, &config)?;
    let invocation = Invocation::new(repository, settings, config, compilation.name());
    let actions = Action::pending(&plan);
    let token = cloud.stop.child_token();
    cloud.dataform.running.begin(invocation.key(), token.clone());
    let own = invocation.clone();
    let kept = cloud.store.write(move |txn| {
        Repository::read(txn, &own.repository)?;
        for (number, action) in actions.iter().enumerate() {
            txn.put(own.action_key(number), action)?;
        }
        Ok::<_, ApiError>(txn.put(own.key(), &own)?)
    });
    if let Err(error) = kept.await {
        cloud.dataform.running.end(&invocation.key());
        return Err(error);
    }
    execution::start(cloud, invocation.clone(), plan, token);
    Ok(invocation)
}
