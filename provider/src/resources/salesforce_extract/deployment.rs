//! `deployment.json`, beside the spec: what the provider must remember of a pipeline that neither the spec nor the
//! schedule says, so that an import finds it, and that an apply which was killed can be told from a stranger's pipeline.

use headwater_cloud::{Cloud, OptionalExt as _, Precondition};
use headwater_spec::LakeLayout;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Diagnostic};

use super::model::{Model, Wanted};
use crate::problems::Explain as _;
use crate::resources::pipeline;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deployment {
    /// Whether an apply is at work, or was killed at it.
    pub state: State,
    pub runtime: String,
    pub task_count: u32,
    pub run_on_apply: bool,
    pub delete_tables_on_destroy: bool,
    /// Version of the provider that wrote it.
    pub provider: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Creating,
    Updating,
    Deployed,
}

impl Deployment {
    pub fn of(wanted: &Wanted, state: State) -> Self {
        Self {
            state,
            runtime: wanted.runtime.clone(),
            task_count: wanted.task_count,
            run_on_apply: wanted.run_on_apply,
            delete_tables_on_destroy: wanted.delete_tables,
            provider: crate::VERSION.to_owned(),
        }
    }

    /// Puts into a state what it does not know yet: after an import that is everything here.
    pub fn complete(&self, state: &mut Model) {
        fill(&mut state.runtime, self.runtime.clone());
        fill(&mut state.task_count, i64::from(self.task_count));
        fill(&mut state.run_on_apply, self.run_on_apply);
        fill(&mut state.delete_tables_on_destroy, self.delete_tables_on_destroy);
    }
}

fn fill<T>(attribute: &mut Attr<T>, value: T) {
    if attribute.is_null() {
        *attribute = Attr::Known(value);
    }
}

/// What is remembered; nothing when there is none or another shape.
pub(super) async fn read(cloud: &Cloud, layout: &LakeLayout) -> Result<Option<Deployment>, Diagnostic> {
    let path = pipeline::deployment_path(layout);
    let found = cloud
        .storage()
        .get(&path)
        .await
        .optional()
        .explain(format!("cannot read {path}"))?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.bytes).ok()))
}

pub(super) async fn write(cloud: &Cloud, layout: &LakeLayout, deployment: &Deployment) -> Result<(), Diagnostic> {
    let path = pipeline::deployment_path(layout);
    let mut text = serde_json::to_string_pretty(deployment).unwrap_or_default();
    text.push('\n');
    cloud
        .storage()
        .put(&path, "application/json", text.into_bytes().into(), Precondition::None)
        .await
        .explain_at("lake", format!("cannot write {path}"))?;
    Ok(())
}
