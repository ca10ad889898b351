//! The executions of a runtime that work on a pipeline: finding them, and stopping them before it is destroyed.

use std::time::Duration;

use headwater_cloud::{Cloud, Execution, OptionalExt as _, Wait};
use tfplugin_framework::Diagnostic;

use crate::problems::Explain as _;

/// How long a cancelled execution may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Executions of a runtime that work on this pipeline now.
pub(crate) async fn running(cloud: &Cloud, runtime: &str, spec_url: &str) -> Result<Vec<Execution>, Diagnostic> {
    let all = cloud
        .run()
        .list_executions(runtime)
        .await
        .optional()
        .explain(format!("cannot list the executions of `{runtime}`"))?;
    let ours = |execution: &Execution| !execution.completed && execution.document.to_string().contains(spec_url);
    Ok(all.unwrap_or_default().into_iter().filter(ours).collect())
}

/// Cancels what works on the pipeline and waits a little for it to end, so that nothing writes into what is deleted.
pub(crate) async fn stop(cloud: &Cloud, runtime: &str, spec_url: &str) -> Result<(), Diagnostic> {
    for execution in running(cloud, runtime, spec_url).await? {
        let summary = format!("cannot stop the execution `{}`", execution.name);
        tracing::info!(execution = execution.name, "execution is cancelled");
        match cloud
            .run()
            .cancel_execution(&execution.name)
            .await
            .optional()
            .explain(&*summary)?
        {
            None => {}
            Some(()) => {
                cloud
                    .run()
                    .wait_execution(&execution.name, Wait::at_most(PATIENCE))
                    .await
                    .optional()
                    .explain(summary)?;
            }
        }
    }
    Ok(())
}
