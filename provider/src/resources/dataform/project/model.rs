//! The state of a project, and its attributes.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_dataform::CompilationConfig;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Schema, Timeouts, Type, validate};

use crate::labels::Labels;
use crate::names;
use crate::resources::dataform::release_config::{Compilation, compilation};
use crate::resources::dataform::rules;
use crate::resources::dataform::workflow_config::{Invocation, invocation};

/// The state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub name: Attr<String>,
    pub region: Attr<String>,
    pub project: Attr<String>,
    pub directory: Attr<String>,
    pub code_compilation_config: Attr<Compilation>,
    pub invocation_config: Attr<Invocation>,
    pub cron_schedule: Attr<String>,
    pub time_zone: Attr<String>,
    pub disabled: Attr<bool>,
    pub run_on_apply: Attr<bool>,
    pub service_account: Attr<String>,
    pub labels: Attr<Labels>,
    pub source_hash: Attr<String>,
    pub commit_sha: Attr<String>,
    pub core_version: Attr<String>,
    pub compilation_result: Attr<String>,
    pub actions: Attr<BTreeMap<String, Attr<ActionModel>>>,
    pub id: Attr<String>,
}

/// An action of the compiled graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ActionModel {
    pub r#type: Attr<String>,
    pub file: Attr<String>,
    pub table: Attr<String>,
    pub columns: Attr<Vec<Attr<String>>>,
    pub depends_on: Attr<Vec<Attr<String>>>,
    pub fingerprint: Attr<String>,
}

impl Model {
    /// What the service answers after a deployment is not known before it.
    pub fn forget_results(&mut self) {
        self.commit_sha = Attr::Unknown;
        self.compilation_result = Attr::Unknown;
        if self.core_version.known().is_none() {
            self.core_version = Attr::Unknown;
        }
    }

    /// Whether all that is deployed behind the repository is as before.
    pub fn same_settings(&self, prior: &Model) -> bool {
        let deployed = |model: &Model| {
            (
                model.directory.clone(),
                model.run_on_apply,
                model.code_compilation_config.clone(),
                model.invocation_config.clone(),
                model.cron_schedule.clone(),
                model.time_zone.clone(),
                model.disabled,
            )
        };
        deployed(self) == deployed(prior)
    }

    /// What the compilation overrides; `None` while it is not known.
    pub fn config(&self) -> Option<CompilationConfig> {
        let said = match &self.code_compilation_config {
            Attr::Unknown => return None,
            Attr::Null => serde_json::json!({}),
            Attr::Known(config) if config.has_unknown() => return None,
            Attr::Known(config) => config.document(),
        };
        let said = crate::rest::changes::stripped(&said);
        serde_json::from_value(said).ok()
    }
}

pub(super) fn schema() -> Schema {
    let located = |text: &str, rule| {
        Attribute::string()
            .optional_computed()
            .requires_replace()
            .use_state_for_unknown()
            .validate(rule)
            .describe(text.to_owned())
    };
    let [cron, zone] = rules::schedule_attributes("it is run");
    Schema::new([
        (
            "name",
            Attribute::string().required().requires_replace().validate(rules::name()).describe("The name of the Dataform repository that is made, unique in project and region."),
        ),
        ("region", located("The region of the repository. Default: the provider's.", names::region())),
        ("project", located("The project of the repository, and of actions that name none. Default: the provider's.", names::project())),
        (
            "directory",
            Attribute::string().required().validate(validate::length(1..)).describe("The folder that holds `workflow_settings.yaml`, such as `\"${path.module}/dataform\"`. Its files are uploaded as one commit; an edit of any of them is a change of this resource."),
        ),
        ("code_compilation_config", compilation()),
        ("invocation_config", invocation()),
        cron,
        zone,
        ("disabled", Attribute::bool().default(false).describe("Whether it is not run by its schedule.")),
        (
            "run_on_apply",
            Attribute::bool().default(false).describe("Whether an apply that changes something also runs it, and waits for the end. An action that fails, an assertion as well, fails the apply."),
        ),
        (
            "service_account",
            Attribute::string().optional().validate(rules::service_account()).describe("The service account that it runs as. Default: Dataform's service agent."),
        ),
        (
            "labels",
            Attribute::map(Type::String).optional().validate(names::label_keys()).validate(names::label_values()).describe("Labels of the repository, for cost attribution."),
        ),
        ("source_hash", Attribute::string().computed().describe("SHA-256 of the folder's files and of what the compilation overrides.")),
        ("commit_sha", Attribute::string().computed().describe("The commit of the repository that holds the files.")),
        ("core_version", Attribute::string().computed().describe("The version of `@dataform/core` that compiles it.")),
        ("compilation_result", Attribute::string().computed().describe("The compilation result that is live.")),
        ("actions", actions()),
        (
            "id",
            Attribute::string().computed().use_state_for_unknown().describe("The full name of the repository: `projects/PROJECT/locations/REGION/repositories/NAME`."),
        ),
    ])
    .describe(
        "A Dataform project for the usual case: a folder in, scheduled runs out. It is one repository with the folder's files, one release configuration and one workflow configuration.\n\n\
         The plan compiles the folder with Dataform's own core: an error in it is an error of the plan with file and line, `actions` shows which tables an edit changes \
         (their `fingerprint` is another), and what is questionable is a warning. Dry runs say what the changed queries read.",
    )
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(1800))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(1800))
            .delete(Duration::from_secs(300)),
    )
}

fn actions() -> Attribute {
    Attribute::map_of([
        ("type", Attribute::string().computed().describe("`table`, `view`, `materialized view`, `incremental`, `operations` or `assertion`.")),
        ("file", Attribute::string().computed().describe("Where it is written.")),
        ("table", Attribute::string().computed().describe("The id of the table or view that it makes, `projects/PROJECT/datasets/DATASET/tables/TABLE`; null of others.")),
        ("columns", Attribute::list(Type::String).computed().describe("The columns that it documents.")),
        ("depends_on", Attribute::list(Type::String).computed().describe("What it reads: other actions and declared tables, as `DATASET.NAME`.")),
        (
            "fingerprint",
            Attribute::string().computed().describe("Of what it is compiled to and of all actions that it depends on: when it changes, its rows may."),
        ),
    ])
    .computed()
    .describe("The compiled graph, by `DATASET.NAME`. Assertions of a table's own block are left out; they are part of its fingerprint.")
}
