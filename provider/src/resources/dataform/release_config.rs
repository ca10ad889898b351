//! `headwater_dataform_release_config`: what is compiled, with which settings, and when.
//! <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.releaseConfigs>

use std::collections::BTreeMap;

use headwater_cloud::{CreateBy, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Result, Schema, Type, validate};

use super::rules;
use crate::names;
use crate::rest::fields::{flag, map, map_document, text};
use crate::rest::{Api, Described, Parts, Pattern};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleaseConfig;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    repository: Attr<String>,
    name: Attr<String>,
    git_commitish: Attr<String>,
    code_compilation_config: Attr<Compilation>,
    cron_schedule: Attr<String>,
    time_zone: Attr<String>,
    disabled: Attr<bool>,
    release_compilation_result: Attr<String>,
    id: Attr<String>,
}

/// Settings that stand in for the project's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compilation {
    default_database: Attr<String>,
    default_schema: Attr<String>,
    default_location: Attr<String>,
    assertion_schema: Attr<String>,
    database_suffix: Attr<String>,
    schema_suffix: Attr<String>,
    table_prefix: Attr<String>,
    builtin_assertion_name_prefix: Attr<String>,
    vars: Attr<BTreeMap<String, Attr<String>>>,
}

impl Compilation {
    /// Whether anything of it is not known yet.
    pub(super) fn has_unknown(&self) -> bool {
        let texts = [
            &self.default_database,
            &self.default_schema,
            &self.default_location,
            &self.assertion_schema,
            &self.database_suffix,
            &self.schema_suffix,
            &self.table_prefix,
            &self.builtin_assertion_name_prefix,
        ];
        let vars = self.vars.known().into_iter().flatten();
        self.vars.is_unknown()
            || texts
                .into_iter()
                .chain(vars.map(|(_, value)| value))
                .any(Attr::is_unknown)
    }

    /// Whether it says in which project tables are made.
    pub(super) fn names_database(&self) -> bool {
        self.default_database.known().is_some()
    }

    pub(super) fn document(&self) -> Json {
        json!({
            "defaultDatabase": self.default_database.as_deref(),
            "defaultSchema": self.default_schema.as_deref(),
            "defaultLocation": self.default_location.as_deref(),
            "assertionSchema": self.assertion_schema.as_deref(),
            "databaseSuffix": self.database_suffix.as_deref(),
            "schemaSuffix": self.schema_suffix.as_deref(),
            "tablePrefix": self.table_prefix.as_deref(),
            "builtinAssertionNamePrefix": self.builtin_assertion_name_prefix.as_deref(),
            "vars": map_document(&self.vars),
        })
    }

    pub(super) fn read(document: &Json) -> Attr<Compilation> {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let read = || Compilation {
            default_database: field("defaultDatabase"),
            default_schema: field("defaultSchema"),
            default_location: field("defaultLocation"),
            assertion_schema: field("assertionSchema"),
            database_suffix: field("databaseSuffix"),
            schema_suffix: field("schemaSuffix"),
            table_prefix: field("tablePrefix"),
            builtin_assertion_name_prefix: field("builtinAssertionNamePrefix"),
            vars: map(&document["vars"], &Attr::Null, |_| true),
        };
        document.is_object().then(read).into()
    }
}

pub(super) fn compilation() -> Attribute {
    Attribute::object([
        (
            "default_database",
            Attribute::string()
                .optional()
                .validate(names::project())
                .describe("The project that tables are made in."),
        ),
        (
            "default_schema",
            Attribute::string()
                .optional()
                .validate(names::dataset_id())
                .describe("The dataset of tables that name none."),
        ),
        (
            "default_location",
            Attribute::string()
                .optional()
                .validate(names::location())
                .describe("Where datasets lie, such as `EU`."),
        ),
        (
            "assertion_schema",
            Attribute::string()
                .optional()
                .validate(names::dataset_id())
                .describe("The dataset of assertions."),
        ),
        (
            "database_suffix",
            rules::said().describe("Appended to every project's id."),
        ),
        (
            "schema_suffix",
            rules::said().describe("Appended to the name of every dataset, such as `prod`."),
        ),
        (
            "table_prefix",
            rules::said().describe("Put before the name of every table."),
        ),
        (
            "builtin_assertion_name_prefix",
            rules::said().describe("Put before the names of assertions that are declared within a table."),
        ),
        (
            "vars",
            Attribute::map(Type::String)
                .optional()
                .validate(validate::size(1..))
                .describe(
                    "Variables that the project's code sees; those of the project's own that are not named here stay.",
                ),
        ),
    ])
    .optional()
    .describe("Settings of the compilation in place of the project's own.")
}

impl Described for ReleaseConfig {
    type Model = Model;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_dataform_release_config",
            noun: "release configuration",
            service: Service::Dataform,
            name: Pattern("{repository}/releaseConfigs/{name}"),
            create: CreateBy::Query("releaseConfigId"),
            patch: PatchBy::Query,
            listing: Some(Listing::of("releaseConfigs")),
            labelled: false,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        let own = [
            (
                "git_commitish",
                Attribute::string()
                    .required()
                    .validate(validate::length(1..))
                    .describe("What is compiled: a branch such as `main`, a tag, or a commit."),
            ),
            ("code_compilation_config", compilation()),
        ];
        let schedule = rules::schedule_attributes("it is compiled anew");
        Schema::new(rules::name_attributes().into_iter().chain(own).chain(schedule))
            .with("disabled", Attribute::bool().default(false).describe("Whether it is not compiled by its schedule."))
            .with(
                "release_compilation_result",
                Attribute::string()
                    .optional_computed()
                    .validate(rules::compilation_result())
                    .describe("The compilation result that workflows run: the id of one that was made of this configuration. Set it to promote or to roll back; left out, it is what the schedule compiled last."),
            )
            .describe("A release configuration of a Dataform repository: what is compiled, with which settings, and when. Workflow configurations run what it last compiled.")
    }

    fn parts<'a>(&self, model: &'a mut Model) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("repository", &mut model.repository), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Model) -> Result<()> {
        Ok(rules::check_schedule(&config.cron_schedule, &config.time_zone)?)
    }

    fn document(&self, model: &Model) -> Json {
        let mut document = json!({
            "gitCommitish": model.git_commitish.as_deref(),
            "codeCompilationConfig": model.code_compilation_config.known().map(Compilation::document),
            "cronSchedule": model.cron_schedule.as_deref(),
            "timeZone": model.time_zone.as_deref(),
            "disabled": model.disabled.known(),
        });
        // Left to the schedule, it is not ours to clear.
        if let Some(result) = model.release_compilation_result.as_deref() {
            document["releaseCompilationResult"] = json!(result);
        }
        document
    }

    fn read(&self, state: &Model, document: &Json) -> Model {
        let field = |name: &str| text(&document[name], &Attr::Null);
        Model {
            git_commitish: field("gitCommitish"),
            code_compilation_config: Compilation::read(&document["codeCompilationConfig"]),
            cron_schedule: field("cronSchedule"),
            time_zone: document["timeZone"].as_str().unwrap_or("UTC").into(),
            disabled: flag(&document["disabled"]),
            release_compilation_result: field("releaseCompilationResult"),
            ..state.clone()
        }
    }
}
