//! The steps of an apply, each of which can be repeated: repository, commit, release, compilation, workflow, run; and what the
//! service says of them. <https://cloud.google.com/dataform/reference/rest>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_cloud::{CreateBy, Documents, Error, Kind, OptionalExt as _, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attr, Cx, Diagnostic, Diagnostics, Result};

use super::compiled::Source;
use super::model::Model;
use crate::clients::Clients;
use crate::labels;
use crate::problems::{Explain as _, cloud_problem};
use crate::resources::dataform::release_config::Compilation;
use crate::resources::dataform::workflow_config::Invocation;
use crate::rest::changes::stripped;
use crate::rest::fields::{flag, text};

/// The names of the one release and the one workflow of the repository.
const CONFIG: &str = "headwater";
/// The branch of a repository that keeps its files itself.
const BRANCH: &str = "main";
/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a commit remembers, as its message: an import needs it, and whether the files are those of the state.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    headwater: u32,
    directory: String,
    source_hash: String,
    run_on_apply: bool,
}

/// A repository of the service.
pub(super) struct Repository {
    documents: Documents,
    name: String,
}

impl Repository {
    pub fn of(clients: &Clients, model: &Model) -> Result<Self, Diagnostic> {
        Ok(Self {
            documents: clients.cloud()?.documents(Service::Dataform),
            name: model.id.require("name")?.clone(),
        })
    }

    fn release(&self) -> String {
        format!("{}/releaseConfigs/{CONFIG}", self.name)
    }

    fn workflow(&self) -> String {
        format!("{}/workflowConfigs/{CONFIG}", self.name)
    }

    fn cannot(&self, what: &str) -> String {
        format!("cannot {what} the repository `{}`", self.name)
    }

    fn document(model: &Model) -> Json {
        json!({
            "serviceAccount": model.service_account.as_deref(),
            "labels": labels::wanted(&model.labels, false),
        })
    }

    /// Makes the repository, or takes over the one that a killed apply has made.
    pub async fn create(&self, planned: &Model) -> Result<()> {
        let body = stripped(&Self::document(planned));
        match self
            .documents
            .create(&self.name, CreateBy::Query("repositoryId"), &body)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let found = self.documents.get(&self.name).await.explain(self.cannot("read"))?;
                let head = self.head().await.explain(self.cannot("read"))?;
                // Ours, and nothing in it but what an apply of these very files has left behind.
                let ours = labels::has(&found["labels"], labels::MANAGED);
                let same = match head.as_ref().map(note) {
                    None => true,
                    Some(None) => false,
                    Some(Some(note)) => {
                        planned.source_hash.as_deref() == Some(&*note.source_hash) || self.live().await?.is_none()
                    }
                };
                if ours && same {
                    tracing::info!(name = self.name, "what an earlier apply made is adopted");
                    return Ok(());
                }
                Err(
                    Diagnostic::invalid("name", format!("the repository `{}` exists already", self.name))
                        .hint(format!(
                            "Import it: `terraform import ADDRESS {}`, or choose another `name`.",
                            self.name
                        ))
                        .into(),
                )
            }
            Err(error) => Err(cloud_problem(self.cannot("create"), &error).into()),
        }
    }

    /// The compilation result that is live, if there is a release.
    async fn live(&self) -> Result<Option<String>, Diagnostic> {
        let release = self.documents.get(&self.release()).await.optional();
        let release = release.explain(self.cannot("read a release of"))?;
        Ok(release.and_then(|release| release["releaseCompilationResult"].as_str().map(str::to_owned)))
    }

    /// Brings the repository itself to what is planned.
    pub async fn change(&self, planned: &Model) -> Result<()> {
        let changed = self
            .documents
            .patch(
                &self.name,
                PatchBy::Query,
                &stripped(&Self::document(planned)),
                &["serviceAccount", "labels"],
            )
            .await;
        changed.explain(self.cannot("change"))?;
        Ok(())
    }

    /// Everything behind the repository: files, release, workflow, and a run where it is asked for.
    pub async fn deploy(&self, cx: &mut Cx, source: &Source, mut planned: Model) -> Result<Model> {
        let sha = self.upload(source, &planned).await?;
        planned.commit_sha = sha.into();
        let result = self.compile(source, &planned).await?;
        planned.core_version = text(&result["dataformCoreVersion"], &planned.core_version);
        let live = result["name"].as_str().unwrap_or_default().to_owned();
        planned.compilation_result = live.clone().into();
        self.schedule(&planned).await?;
        if planned.run_on_apply.known() == Some(&true) {
            // What is deployed is deployed, also when the run fails.
            cx.record(&planned)?;
            self.run(cx, &planned, &live).await?;
        }
        Ok(planned)
    }

    /// One commit that makes the repository's files the folder's, unless its head says that they are.
    async fn upload(&self, source: &Source, planned: &Model) -> Result<String> {
        let wanted = Note {
            headwater: 1,
            directory: planned.directory.require("directory")?.clone(),
            source_hash: source.hash.clone(),
            run_on_apply: planned.run_on_apply.known() == Some(&true),
        };
        let head = self.head().await.explain(self.cannot("read"))?;
        let head_sha = head
            .as_ref()
            .and_then(|head| head["commitSha"].as_str())
            .unwrap_or_default()
            .to_owned();
        let message = serde_json::to_string(&wanted).unwrap_or_default();
        if head.as_ref().and_then(|head| head["commitMessage"].as_str()) == Some(&*message) {
            return Ok(head_sha);
        }
        let mut operations = Map::new();
        if !head_sha.is_empty() {
            for path in self.paths().await.explain(self.cannot("read the files of"))? {
                if !source.files().contains_key(&path) {
                    operations.insert(path, json!({"deleteFile": {}}));
                }
            }
        }
        for (path, content) in source.files() {
            operations.insert(
                path.clone(),
                json!({"writeFile": {"contents": STANDARD.encode(content)}}),
            );
        }
        let mut body = json!({
            "commitMetadata": {
                "author": {"name": "Headwater", "emailAddress": "terraform@headwater.dev"},
                "commitMessage": message,
            },
            "fileOperations": operations,
        });
        if !head_sha.is_empty() {
            // Nobody else's commit is overwritten unseen.
            body["requiredHeadCommitSha"] = head_sha.into();
        }
        let answer = self.documents.verb(&self.name, "commit", &body).await;
        let answer = answer.explain(self.cannot("commit to"))?;
        Ok(answer["commitSha"].as_str().unwrap_or_default().to_owned())
    }

    /// The newest commit.
    async fn head(&self) -> Result<Option<Json>, Error> {
        let answer = self
            .documents
            .look(&self.name, "fetchHistory", &[("pageSize", "1")])
            .await?;
        Ok(answer["commits"].get(0).cloned())
    }

    /// The paths of all files.
    async fn paths(&self) -> Result<Vec<String>, Error> {
        let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
        while let Some(folder) = folders.pop() {
            let mut page = String::new();
            loop {
                let query = [("path", &*folder), ("pageSize", "1000"), ("pageToken", &*page)];
                let query = query
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect::<Vec<_>>();
                let answer = self
                    .documents
                    .look(&self.name, "queryDirectoryContents", &query)
                    .await?;
                for entry in answer["directoryEntries"].as_array().into_iter().flatten() {
                    match (entry["file"].as_str(), entry["directory"].as_str()) {
                        (Some(file), _) => files.push(file.to_owned()),
                        (None, Some(inner)) => folders.push(inner.trim_end_matches('/').to_owned()),
                        (None, None) => {}
                    }
                }
                match answer["nextPageToken"].as_str().filter(|token| !token.is_empty()) {
                    Some(token) => page = token.to_owned(),
                    None => break,
                }
            }
        }
        Ok(files)
    }

    /// Makes or changes a document below the repository.
    async fn put(&self, name: &str, create: &'static str, body: &Json, mask: &[&str]) -> Result<(), Diagnostic> {
        let what = format!("cannot write `{name}`");
        match self
            .documents
            .create(name, CreateBy::Query(create), &stripped(body))
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let changed = self.documents.patch(name, PatchBy::Query, &stripped(body), mask).await;
                changed.map(drop).explain(what)
            }
            Err(error) => Err(cloud_problem(what, &error)),
        }
    }

    /// Has the service compile the commit, and makes the result live.
    async fn compile(&self, source: &Source, planned: &Model) -> Result<Json> {
        let config = planned.code_compilation_config.known().map(Compilation::document);
        let mut config = config.map_or_else(|| json!({}), |config| stripped(&config));
        if let Some(own) = source.own_project() {
            config["defaultDatabase"] = own.into();
        }
        let body = json!({"gitCommitish": BRANCH, "codeCompilationConfig": config});
        let release = self.release();
        let mask = ["gitCommitish", "codeCompilationConfig"];
        self.put(&release, "releaseConfigId", &body, &mask).await?;
        let collection = format!("{}/compilationResults", self.name);
        let result = self
            .documents
            .post(&collection, &json!({"releaseConfig": release}))
            .await;
        let result = result.explain(self.cannot("compile"))?;
        let mut problems = Diagnostics::new();
        for error in result["compilationErrors"].as_array().into_iter().flatten() {
            let at = error["path"].as_str().unwrap_or("the project");
            let message = error["message"].as_str().unwrap_or_default();
            problems.push(Diagnostic::invalid("directory", format!("{at}: {message}")));
        }
        problems.into_result()?;
        let live = json!({"releaseCompilationResult": result["name"]});
        let promoted = self
            .documents
            .patch(&release, PatchBy::Query, &live, &["releaseCompilationResult"])
            .await;
        promoted.explain(self.cannot("release a compilation of"))?;
        Ok(result)
    }

    async fn schedule(&self, planned: &Model) -> Result<()> {
        let body = json!({
            "releaseConfig": self.release(),
            "invocationConfig": planned.invocation_config.known().map(Invocation::document),
            "cronSchedule": planned.cron_schedule.as_deref(),
            "timeZone": planned.time_zone.as_deref(),
            "disabled": planned.disabled.known(),
        });
        let mask = [
            "releaseConfig",
            "invocationConfig",
            "cronSchedule",
            "timeZone",
            "disabled",
        ];
        self.put(&self.workflow(), "workflowConfigId", &body, &mask).await?;
        Ok(())
    }

    /// Runs it and waits for the end.
    async fn run(&self, cx: &Cx, planned: &Model, live: &str) -> Result<()> {
        let mut body = json!({"compilationResult": live});
        if let Some(invocation) = planned.invocation_config.known() {
            body["invocationConfig"] = stripped(&invocation.document());
        }
        let collection = format!("{}/workflowInvocations", self.name);
        let started = self
            .documents
            .post(&collection, &body)
            .await
            .explain(self.cannot("run"))?;
        let run = started["name"].as_str().unwrap_or_default().to_owned();
        loop {
            let found = self
                .documents
                .get(&run)
                .await
                .explain(format!("cannot look at the run `{run}`"))?;
            match found["state"].as_str() {
                Some("SUCCEEDED") => return Ok(()),
                Some("FAILED" | "CANCELLED") => return Err(self.failed(&run).await?),
                _ => {}
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = cx.cancelled().cancelled() => {
                    let stopped = self.documents.verb(&run, "cancel", &json!({})).await;
                    stopped.explain(format!("cannot cancel the run `{run}`"))?;
                    return Err(Diagnostic::error("the run was cancelled")
                        .detail(format!("`{run}`, because Terraform was interrupted or its time was up."))
                        .hint("What is deployed stays deployed. Raise `timeouts`, or run it by its schedule.")
                        .into());
                }
            }
        }
    }

    /// What of a run has failed.
    async fn failed(&self, run: &str) -> Result<Diagnostics, Diagnostic> {
        let actions = self.documents.look(run, "query", &[("pageSize", "1000")]).await;
        let actions = actions.explain(format!("cannot look at the actions of `{run}`"))?;
        let mut problems = Diagnostics::new();
        for action in actions["workflowInvocationActions"].as_array().into_iter().flatten() {
            if action["state"] == "FAILED" {
                let target = &action["target"];
                let part = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
                let why = action["failureReason"].as_str().unwrap_or("it failed");
                problems.push(
                    Diagnostic::error(format!("the action `{}.{}` failed", part("schema"), part("name")))
                        .detail(why.to_owned())
                        .at("run_on_apply"),
                );
            }
        }
        if problems.is_empty() {
            problems.push(Diagnostic::error(format!("the run `{run}` did not succeed")).at("run_on_apply"));
        }
        Ok(problems)
    }

    /// What is there.
    pub async fn read(&self, state: &Model) -> Result<Option<Model>> {
        let found = self.documents.get(&self.name).await.optional();
        let Some(found) = found.explain(self.cannot("read"))? else {
            return Ok(None);
        };
        let optional = |found: Result<Json, Error>| found.optional().explain(self.cannot("read"));
        let head = self.head().await.explain(self.cannot("read"))?;
        let release = optional(self.documents.get(&self.release()).await)?.unwrap_or_default();
        let workflow = optional(self.documents.get(&self.workflow()).await)?.unwrap_or_default();
        let note = head.as_ref().and_then(note);
        let mut model = Model {
            id: self.name.clone().into(),
            service_account: text(&found["serviceAccount"], &state.service_account),
            labels: labels::read(&found["labels"], &state.labels),
            commit_sha: head
                .map(|head| text(&head["commitSha"], &Attr::Null))
                .unwrap_or(Attr::Null),
            compilation_result: text(&release["releaseCompilationResult"], &Attr::Null),
            code_compilation_config: compilation(&release["codeCompilationConfig"], state),
            invocation_config: Invocation::read(&workflow["invocationConfig"]),
            cron_schedule: text(&workflow["cronSchedule"], &state.cron_schedule),
            time_zone: workflow["timeZone"].as_str().unwrap_or("UTC").into(),
            disabled: flag(&workflow["disabled"]),
            ..state.clone()
        };
        match note {
            Some(note) => {
                if state.directory.is_null() {
                    model.directory = note.directory.into();
                    model.run_on_apply = note.run_on_apply.into();
                }
                model.source_hash = note.source_hash.into();
            }
            // Somebody else has committed: the next apply makes the files the folder's again.
            None => model.source_hash = Attr::Null,
        }
        // What is missing, or not of the last commit, is made by the next apply, which the plan shows.
        if workflow.is_null()
            || model.compilation_result != state.compilation_result && !state.compilation_result.is_null()
        {
            model.commit_sha = Attr::Null;
        }
        Ok(Some(model))
    }

    /// Deletes everything: nothing but what this resource made lies in the repository.
    pub async fn delete(&self) -> Result<()> {
        for name in [self.workflow(), self.release()] {
            self.documents
                .delete(&name)
                .await
                .explain(self.cannot("delete a configuration of"))?;
        }
        let deleted = self.documents.delete_with(&self.name, &[("force", "true")]).await;
        deleted.explain(self.cannot("delete"))?;
        Ok(())
    }
}

/// What a commit of ours remembers; none of somebody else's.
fn note(commit: &Json) -> Option<Note> {
    let note: Note = serde_json::from_str(commit["commitMessage"].as_str()?).ok()?;
    (note.headwater == 1).then_some(note)
}

/// The settings of the release, without the project that is filled in where the user names none.
fn compilation(document: &Json, state: &Model) -> Attr<Compilation> {
    let mut document = document.clone();
    let said = state
        .code_compilation_config
        .known()
        .is_some_and(Compilation::names_database);
    if !said
        && document["defaultDatabase"].as_str() == state.project.as_deref()
        && let Some(fields) = document.as_object_mut()
    {
        fields.remove("defaultDatabase");
        if fields.is_empty() {
            return Attr::Null;
        }
    }
    Compilation::read(&document)
}
