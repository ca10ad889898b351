//! The packages of a workspace. `@dataform/core` is had from npm once for all projects; no other package can be installed.

use serde_json::{Value, json};

use super::compiling::{core, files};
use super::workspaces::Workspace;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Shape, read};

const CORE: &str = "@dataform/core";

pub(super) async fn install(mut call: Call) -> Answer {
    let fields = &[("workspace", Shape::Output), ("pipelineConfig", Shape::Unserved)];
    read(call.json().await?, fields, "install_npm_packages_request")?;
    let files = {
        let snapshot = call.cloud.store.snapshot()?;
        let workspace = Workspace::of(&snapshot, &call)?;
        files(&snapshot, &workspace.repository, &workspace.tree())?
    };
    let settings = ["workflow_settings.yaml", "package.json"];
    if !settings.iter().any(|file| files.contains_key(*file)) {
        return Err(ApiError::failed_precondition(
            "The workspace has neither package.json nor workflow_settings.yaml; write one that names the version of \
             @dataform/core.",
        ));
    }
    if let Some(bytes) = files.get("package.json") {
        let package: Value = serde_json::from_slice(bytes)
            .map_err(|e| ApiError::failed_precondition(format!("package.json is not JSON: {e}")))?;
        let others: Vec<&str> = package["dependencies"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != CORE)
            .collect();
        if !others.is_empty() {
            return Err(ApiError::unimplemented(format_args!(
                "the installation of npm packages other than {CORE} ({}, in package.json)",
                others.join(", ")
            )));
        }
    }
    match core(&call.cloud, &files).await? {
        Ok(_) => ok(&json!({})),
        Err(error) => Err(ApiError::failed_precondition(format!(
            "{}: {}",
            error["fileName"].as_str().unwrap_or_default(),
            error["message"].as_str().unwrap_or_default()
        ))),
    }
}
