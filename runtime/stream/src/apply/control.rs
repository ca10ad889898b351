//! Pause and resume: a document in the lake that every worker looks at.

use std::time::Duration;

use headwater_cloud::{Cloud, ObjectPath, Precondition};
use headwater_spec::PipelineSpec;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::errors::Result;

/// How often workers look.
const EVERY: Duration = Duration::from_secs(5);

/// What was asked of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Control {
    /// Whether it is to stand still.
    pub paused: bool,
}

fn path(spec: &PipelineSpec) -> ObjectPath {
    let layout = spec.layout();
    ObjectPath {
        bucket: layout.bucket().to_owned(),
        name: format!("{}control.json", layout.root()),
    }
}

/// Asks every worker of a stream to stand still; each finishes what it has been given.
///
/// # Errors
/// When the lake cannot be written.
pub async fn pause(spec: &PipelineSpec, cloud: &Cloud) -> Result<()> {
    write(spec, cloud, Control { paused: true }).await
}

/// Lets every worker of a stream go on.
///
/// # Errors
/// When the lake cannot be written.
pub async fn resume(spec: &PipelineSpec, cloud: &Cloud) -> Result<()> {
    write(spec, cloud, Control { paused: false }).await
}

async fn write(spec: &PipelineSpec, cloud: &Cloud, control: Control) -> Result<()> {
    spec.stream()?;
    let bytes = serde_json::to_vec(&control).unwrap_or_default();
    let storage = cloud.storage();
    storage
        .put(&path(spec), "application/json", bytes.into(), Precondition::None)
        .await?;
    Ok(())
}

/// Whether a stream is to stand still.
///
/// # Errors
/// When the lake cannot be read.
pub async fn paused(spec: &PipelineSpec, cloud: &Cloud) -> Result<bool> {
    match cloud.storage().get(&path(spec)).await {
        // What does not parse was not written by us, and stops nothing.
        Ok(found) => Ok(serde_json::from_slice::<Control>(&found.bytes)
            .unwrap_or_default()
            .paused),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn wait_until_resumed(spec: &PipelineSpec, cloud: &Cloud, cancel: &CancellationToken) -> Result<()> {
    let mut told = false;
    while paused(spec, cloud).await? {
        if !told {
            tracing::info!(step = "paused", "step");
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = cancel.cancelled() => break,
        }
    }
    Ok(())
}

pub(crate) async fn cancel_when_paused(spec: PipelineSpec, cloud: Cloud, turn: CancellationToken) {
    loop {
        tokio::time::sleep(EVERY).await;
        // A lake that cannot be read for a moment does not stop the stream.
        if paused(&spec, &cloud).await.unwrap_or(false) {
            turn.cancel();
            return;
        }
    }
}
