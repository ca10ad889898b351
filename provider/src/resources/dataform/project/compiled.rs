//! What a plan learns from the folder: whether it compiles, what to, which of it is another than before, and what it would read.

use std::collections::BTreeMap;
use std::path::Path as Folder;

use headwater_cloud::Kind as CloudKind;
use headwater_dataform::graph::Action;
use headwater_dataform::lint::{Knowledge, Severity, lint};
use headwater_dataform::{
    CompilationConfig, Core, CoreStore, Files, Graph, Limits, Target, compile, names_project, read_folder,
};
use sha2::{Digest as _, Sha256};
use tfplugin_framework::{Attr, Cx, Diagnostic, Diagnostics, Result};

use super::model::{ActionModel, Model};
use crate::clients::Clients;
use crate::problems::sentence;

/// So many findings are shown; the command line shows all.
const FINDINGS: usize = 20;
/// So many queries are asked about.
const DRY_RUNS: usize = 50;

/// A folder that is read and not compiled yet.
pub(super) struct Source {
    files: Files,
    config: CompilationConfig,
    pub hash: String,
}

/// Reads the folder. A project that names no Google Cloud project is compiled for `own`.
pub(super) fn read(directory: &str, config: &CompilationConfig, own: &str) -> Result<Source, Diagnostic> {
    let files = read_folder(Folder::new(directory))
        .map_err(|error| Diagnostic::from_error("the folder cannot be read", &error).at("directory"))?;
    if !["workflow_settings.yaml", "dataform.json"]
        .iter()
        .any(|name| files.contains_key(*name))
    {
        return Err(Diagnostic::invalid(
            "directory",
            format!("`{directory}` holds neither `workflow_settings.yaml` nor `dataform.json`"),
        )
        .hint("Name the root of a Dataform project, such as `\"${path.module}/dataform\"`."));
    }
    let mut config = config.clone();
    if config.default_database.is_none() && !names_project(&files) {
        config.default_database = Some(own.to_owned());
    }
    let mut hash = Sha256::new();
    for (path, content) in &files {
        for part in [path.as_bytes(), content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.update(serde_json::to_vec(&config).unwrap_or_default());
    Ok(Source {
        files,
        config,
        hash: hex(&hash.finalize()),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder that compiles.
pub(super) struct Compiled {
    files: Files,
    graph: Graph,
    pub hash: String,
    pub core_version: String,
}

impl Source {
    /// The project that is filled in, where the settings name none.
    pub fn own_project(&self) -> Option<&str> {
        self.config.default_database.as_deref()
    }

    /// The files, as they are uploaded.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Compiles it; what is wrong is an error with file and line.
    pub async fn compile(self) -> Result<Compiled> {
        let at = |error: &(dyn std::error::Error + 'static), summary: &str| {
            Diagnostic::from_error(summary, error).at("directory")
        };
        let version =
            Core::wanted_version(&self.files).map_err(|e| at(&e, "no version of Dataform's core can be chosen"))?;
        let core = Core::obtain(version.as_deref(), &CoreStore::default()).await;
        let core = core.map_err(|error| at(&error, "Dataform's core cannot be had"))?;
        let core_version = core.version().to_owned();
        let work = move || {
            let graph = compile(&core, &self.files, &self.config, &Limits::default());
            (graph, self.files, self.hash)
        };
        let done = tokio::task::spawn_blocking(work).await;
        let (graph, files, hash) = done.map_err(|error| at(&error, "the compilation ended before its end"))?;
        let graph = graph.map_err(|error| at(&error, "the project does not compile"))?;
        let mut problems = Diagnostics::new();
        for error in &graph.errors {
            problems.push(Diagnostic::invalid("directory", error.to_string()));
        }
        problems.into_result()?;
        Ok(Compiled {
            files,
            graph,
            hash,
            core_version,
        })
    }
}

/// A target without its project, by which actions are told apart in the state.
fn short(target: &Target) -> String {
    format!("{}.{}", target.schema, target.name)
}

impl Compiled {
    /// The graph for the state.
    pub fn actions(&self) -> BTreeMap<String, Attr<ActionModel>> {
        let prints = self.fingerprints();
        let mut actions = BTreeMap::new();
        for action in self.graph.actions().filter(|action| owner(action).is_none()) {
            let target = action.target();
            let texts = |list: Vec<String>| -> Attr<Vec<Attr<String>>> {
                list.into_iter().map(Attr::from).collect::<Vec<_>>().into()
            };
            let makes = match &action {
                Action::Table(_) => true,
                Action::Operation(operation) => operation.has_output,
                Action::Assertion(_) => false,
            };
            let id = format!(
                "projects/{}/datasets/{}/tables/{}",
                target.database, target.schema, target.name
            );
            let columns = action.descriptor().map(|descriptor| {
                let columns = descriptor.columns.iter();
                columns.map(|column| column.path.join(".")).collect()
            });
            let model = ActionModel {
                r#type: action.kind().name().into(),
                file: action.file_name().into(),
                table: makes.then_some(id).into(),
                columns: texts(columns.unwrap_or_default()),
                depends_on: texts(action.dependencies().iter().map(short).collect()),
                fingerprint: prints.get(target).cloned().into(),
            };
            actions.insert(short(target), Attr::Known(model));
        }
        actions
    }

    /// Of each action: what it is compiled to, and the same of all that it depends on.
    fn fingerprints(&self) -> BTreeMap<Target, String> {
        let actions: Vec<Action> = self.graph.actions().collect();
        let mut own: BTreeMap<&Target, Vec<u8>> = BTreeMap::new();
        for action in &actions {
            // Of a table with assertions of its own these are a part.
            let part = match action {
                Action::Table(table) => serde_json::to_vec(&**table),
                Action::Operation(operation) => serde_json::to_vec(&**operation),
                Action::Assertion(assertion) => serde_json::to_vec(&**assertion),
            };
            let at = owner(action).unwrap_or_else(|| action.target());
            own.entry(at).or_default().extend(part.unwrap_or_default());
        }
        let mut prints = BTreeMap::new();
        // The graph has no ring: each round settles at least one action, or what is left waits for nothing that is there.
        let mut left: Vec<&Action> = actions.iter().filter(|action| owner(action).is_none()).collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|action| {
                let needed = action.dependencies().iter().filter(|target| own.contains_key(target));
                let mut hash = Sha256::new();
                for target in needed.filter(|target| *target != action.target()) {
                    match prints.get(target) {
                        Some(print) => hash.update(String::as_bytes(print)),
                        None => return true,
                    }
                }
                hash.update(own.get(action.target()).map_or(&[][..], Vec::as_slice));
                let print = hex(&hash.finalize());
                prints.insert(action.target().clone(), print[..16].to_owned());
                false
            });
            if left.len() == before {
                break;
            }
        }
        prints
    }

    /// Shows what is questionable.
    pub fn report(&self, cx: &mut Cx) {
        let findings = lint(&self.graph, &self.files, &Knowledge::default());
        let worth: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Warning)
            .collect();
        for finding in worth.iter().take(FINDINGS) {
            let place = finding
                .line
                .map_or_else(|| finding.file.clone(), |line| format!("{}:{line}", finding.file));
            cx.report(
                Diagnostic::warning(format!("{place}: {} ({})", finding.message, finding.code.as_str()))
                    .hint(sentence(&finding.remedy))
                    .at("directory"),
            );
        }
        if worth.len() > FINDINGS {
            cx.report(
                Diagnostic::warning(format!("{} more findings are not shown", worth.len() - FINDINGS))
                    .hint("`headwater dataform lint DIRECTORY` shows all.")
                    .at("directory"),
            );
        }
    }

    /// Says what the queries that have changed would read, as far as what they read is there.
    pub async fn report_bytes(&self, cx: &mut Cx, clients: &Clients, prior: Option<&Model>) -> Result<()> {
        let known = prior.and_then(|prior| prior.actions.known());
        let prints = self.fingerprints();
        let changed = self.graph.tables.iter().filter(|table| {
            let before = known
                .and_then(|known| known.get(&short(&table.target)))
                .and_then(Attr::known);
            before.and_then(|before| before.fingerprint.as_deref()) != prints.get(&table.target).map(String::as_str)
        });
        let bigquery = clients.cloud()?.bigquery();
        let location = Some(&*self.graph.project.default_location).filter(|location| !location.is_empty());
        let (mut bytes, mut asked, mut lines) = (0, 0, Vec::new());
        for table in changed.filter(|table| !table.disabled).take(DRY_RUNS) {
            match bigquery.dry_run(&table.query, location).await {
                Ok(found) => {
                    bytes += found.bytes;
                    asked += 1;
                    lines.push(format!("{}: {} bytes", short(&table.target), found.bytes));
                }
                // What it reads is made by the same run.
                Err(error) if error.kind() == CloudKind::NotFound => {}
                Err(error) if error.kind() == CloudKind::Invalid => {
                    let problem = format!(
                        "{}: BigQuery refuses the query of {}",
                        table.file_name,
                        short(&table.target)
                    );
                    cx.report(
                        Diagnostic::warning(problem)
                            .detail(error.message().to_owned())
                            .at("directory"),
                    );
                }
                // Who may not ask learns it when it is run.
                Err(_) => break,
            }
        }
        if asked > 0 && bytes > 0 && prior.is_some() {
            cx.report(
                Diagnostic::warning(format!("{asked} changed queries read {bytes} bytes when they are run"))
                    .detail(lines.join("\n"))
                    .at("directory"),
            );
        }
        Ok(())
    }
}

/// The table whose block an assertion is written in.
fn owner(action: &Action) -> Option<&Target> {
    match action {
        Action::Assertion(assertion) => assertion.parent_action.as_ref(),
        Action::Table(_) | Action::Operation(_) => None,
    }
}
