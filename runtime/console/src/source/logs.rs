//! What an execution has said, out of Cloud Logging.

use headwater_cloud::{Cloud, LogEntry};

use super::said;

/// So many lines, the last ones.
pub const MOST: u32 = 300;

/// Reads the last lines of an execution, `projects/P/locations/L/jobs/J/executions/E`; the newest last.
pub async fn find(cloud: Cloud, execution: String) -> Result<Vec<LogEntry>, String> {
    let parts: Vec<&str> = execution.split('/').collect();
    let [
        "projects",
        project,
        "locations",
        location,
        "jobs",
        job,
        "executions",
        id,
    ] = parts.as_slice()
    else {
        return Err(format!("{execution} is not the name of an execution"));
    };
    let filter = [
        ("resource.type", "cloud_run_job"),
        ("resource.labels.location", location),
        ("resource.labels.job_name", job),
        ("labels.\"run.googleapis.com/execution_name\"", id),
    ]
    .map(|(field, value)| format!("{field} = \"{}\"", value.replace(['"', '\\', '\n'], "")))
    .join("\n");
    let newest = cloud.logging().newest(project, &filter, MOST).await;
    let mut lines = newest.map_err(|error| said(&error))?;
    lines.reverse();
    Ok(lines)
}
