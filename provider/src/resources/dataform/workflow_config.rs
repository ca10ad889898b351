//! `headwater_dataform_workflow_config`: which actions of a release are run, and when.
//! <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.workflowConfigs>

use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Result, Schema, Type, validate};

use super::rules;
use crate::rest::fields::{flag, number, set_document, text, texts};
use crate::rest::{Api, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkflowConfig;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    repository: Attr<String>,
    name: Attr<String>,
    release_config: Attr<String>,
    invocation_config: Attr<Invocation>,
    cron_schedule: Attr<String>,
    time_zone: Attr<String>,
    disabled: Attr<bool>,
    create_time: Attr<String>,
    id: Attr<String>,
}

/// Which actions are run, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invocation {
    included_targets: Attr<Vec<Goal>>,
    included_tags: Attr<Vec<Attr<String>>>,
    transitive_dependencies_included: Attr<bool>,
    transitive_dependents_included: Attr<bool>,
    fully_refresh_incremental_tables_enabled: Attr<bool>,
    service_account: Attr<String>,
    query_priority: Attr<String>,
    execution_mode: Attr<String>,
    concurrent_actions_limit: Attr<i64>,
}

/// An action by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Goal {
    database: Attr<String>,
    schema: Attr<String>,
    name: Attr<String>,
}

impl Invocation {
    pub(super) fn document(&self) -> Json {
        let targets = self.included_targets.known().map(|targets| {
            let target = |target: &Goal| {
                json!({ "database": target.database.as_deref(), "schema": target.schema.as_deref(), "name": target.name.as_deref() })
            };
            targets.iter().map(target).collect::<Vec<_>>()
        });
        json!({
            "includedTargets": targets,
            "includedTags": set_document(&self.included_tags),
            "transitiveDependenciesIncluded": self.transitive_dependencies_included.known(),
            "transitiveDependentsIncluded": self.transitive_dependents_included.known(),
            "fullyRefreshIncrementalTablesEnabled": self.fully_refresh_incremental_tables_enabled.known(),
            "serviceAccount": self.service_account.as_deref(),
            "queryPriority": self.query_priority.as_deref(),
            "executionMode": self.execution_mode.as_deref(),
            "concurrentActionsLimit": self.concurrent_actions_limit.known(),
        })
    }

    pub(super) fn read(document: &Json) -> Attr<Invocation> {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let targets = document["includedTargets"]
            .as_array()
            .filter(|targets| !targets.is_empty());
        let read = || Invocation {
            included_targets: targets
                .map(|targets| {
                    let target = |target: &Json| Goal {
                        database: text(&target["database"], &Attr::Null),
                        schema: text(&target["schema"], &Attr::Null),
                        name: text(&target["name"], &Attr::Null),
                    };
                    targets.iter().map(target).collect()
                })
                .into(),
            included_tags: texts(&document["includedTags"], &Attr::Null),
            transitive_dependencies_included: flag(&document["transitiveDependenciesIncluded"]),
            transitive_dependents_included: flag(&document["transitiveDependentsIncluded"]),
            fully_refresh_incremental_tables_enabled: flag(&document["fullyRefreshIncrementalTablesEnabled"]),
            service_account: field("serviceAccount"),
            query_priority: field("queryPriority"),
            execution_mode: field("executionMode"),
            concurrent_actions_limit: number(&document["concurrentActionsLimit"]),
        };
        document.is_object().then(read).into()
    }
}

pub(super) fn invocation() -> Attribute {
    Attribute::object([
        (
            "included_targets",
            Attribute::list_of([
                ("database", rules::said().describe("The action's project.")),
                ("schema", rules::said().describe("The action's dataset.")),
                (
                    "name",
                    Attribute::string()
                        .required()
                        .validate(validate::length(1..))
                        .describe("The action's name, such as a table's."),
                ),
            ])
            .optional()
            .validate(validate::size(1..))
            .describe("The actions to run. Without it and `included_tags`, all."),
        ),
        (
            "included_tags",
            Attribute::set(Type::String)
                .optional()
                .validate(validate::size(1..))
                .validate(validate::each(validate::length(1..)))
                .describe("Actions with one of these tags are run."),
        ),
        (
            "transitive_dependencies_included",
            Attribute::bool()
                .default(false)
                .describe("Whether what the chosen actions depend on is run too."),
        ),
        (
            "transitive_dependents_included",
            Attribute::bool()
                .default(false)
                .describe("Whether what depends on the chosen actions is run too."),
        ),
        (
            "fully_refresh_incremental_tables_enabled",
            Attribute::bool()
                .default(false)
                .describe("Whether incremental tables are built anew each time."),
        ),
        (
            "service_account",
            Attribute::string()
                .optional()
                .validate(rules::service_account())
                .describe("The service account that it runs as. Default: the repository's."),
        ),
        (
            "query_priority",
            Attribute::string()
                .optional()
                .validate(validate::one_of(["INTERACTIVE", "BATCH"]))
                .describe("How BigQuery queues the queries. Default: interactive."),
        ),
        (
            "execution_mode",
            Attribute::string()
                .optional()
                .validate(validate::one_of([
                    "DEFAULT",
                    "ALL_EXCEPT_UNIT_TESTS",
                    "UNIT_TESTS_ONLY",
                ]))
                .describe("Whether unit tests are run, or nothing else."),
        ),
        (
            "concurrent_actions_limit",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..=i64::from(i32::MAX)))
                .describe("How many actions run at once at most."),
        ),
    ])
    .optional()
    .describe("Which actions are run, and how. Without it, all.")
}

impl Described for WorkflowConfig {
    type Model = Model;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_dataform_workflow_config",
            noun: "workflow configuration",
            service: Service::Dataform,
            name: Pattern("{repository}/workflowConfigs/{name}"),
            create: CreateBy::Query("workflowConfigId"),
            patch: PatchBy::Query,
            listing: Some(Listing::of("workflowConfigs")),
            labelled: false,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        let own = [
            (
                "release_config",
                Attribute::string()
                    .required()
                    .validate(rules::release_config_id())
                    .describe("What is run: the id of a `headwater_dataform_release_config` of the same repository."),
            ),
            ("invocation_config", invocation()),
        ];
        let schedule = rules::schedule_attributes("it is run");
        Schema::new(rules::name_attributes().into_iter().chain(own).chain(schedule))
            .with(
                "disabled",
                Attribute::bool()
                    .default(false)
                    .describe("Whether it is not run by its schedule."),
            )
            .with(
                "create_time",
                Attribute::string()
                    .computed()
                    .use_state_for_unknown()
                    .describe("When it was created."),
            )
            .describe(
                "A workflow configuration of a Dataform repository: which actions of a release are run, and when.",
            )
    }

    fn parts<'a>(&self, model: &'a mut Model) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("repository", &mut model.repository), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Model) -> Result<()> {
        rules::check_schedule(&config.cron_schedule, &config.time_zone)?;
        if let (Some(repository), Some(release)) = (config.repository.as_deref(), config.release_config.as_deref())
            && release
                .rsplit_once("/releaseConfigs/")
                .is_some_and(|(owner, _)| owner != repository)
        {
            return Err(Diagnostic::invalid(
                "release_config",
                format!("the release configuration is not one of the repository `{repository}`"),
            )
            .hint("Take the id of a `headwater_dataform_release_config` with the same `repository`.")
            .into());
        }
        Ok(())
    }

    fn document(&self, model: &Model) -> Json {
        json!({
            "releaseConfig": model.release_config.as_deref(),
            "invocationConfig": model.invocation_config.known().map(Invocation::document),
            "cronSchedule": model.cron_schedule.as_deref(),
            "timeZone": model.time_zone.as_deref(),
            "disabled": model.disabled.known(),
        })
    }

    fn read(&self, state: &Model, document: &Json) -> Model {
        let field = |name: &str| text(&document[name], &Attr::Null);
        Model {
            release_config: field("releaseConfig"),
            invocation_config: Invocation::read(&document["invocationConfig"]),
            cron_schedule: field("cronSchedule"),
            time_zone: document["timeZone"].as_str().unwrap_or("UTC").into(),
            disabled: flag(&document["disabled"]),
            create_time: field("createTime"),
            ..state.clone()
        }
    }
}
