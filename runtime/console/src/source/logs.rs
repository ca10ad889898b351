//! What an execution has said, out of Cloud Logging.

use headwater_cloud::{Cloud, LogEntry};

use super::said;

/// So many lines, the last ones.
pub const MOST: u32 = 300;

/// Reads the last lines of an execution, `projects/P/locations/L/jobs/J/executions/E`, or of a worker pool,
/// `projects/P/locations/L/workerPools/W`; the newest last.
pub async fn find(cloud: Cloud, name: String) -> Result<Vec<LogEntry>, String> {
    let Some((project, filter)) = filter(&name) else {
        return Err(format!("{name} is not the name of an execution or of a worker pool"));
    };
    let newest = cloud.logging().newest(project, &filter, MOST).await;
    let mut lines = newest.map_err(|error| said(&error))?;
    lines.reverse();
    Ok(lines)
}

/// The project, and what chooses the entries.
fn filter(name: &str) -> Option<(&str, String)> {
    let parts: Vec<&str> = name.split('/').collect();
    let ["projects", project, "locations", location, rest @ ..] = parts.as_slice() else {
        return None;
    };
    let mut terms = vec![("resource.labels.location", *location)];
    match rest {
        ["jobs", job, "executions", id] => terms.extend([
            ("resource.type", "cloud_run_job"),
            ("resource.labels.job_name", job),
            ("labels.\"run.googleapis.com/execution_name\"", id),
        ]),
        ["workerPools", pool] => terms.extend([
            ("resource.type", "cloud_run_worker_pool"),
            ("resource.labels.worker_pool_name", pool),
        ]),
        _ => return None,
    }
    let terms = terms
        .iter()
        .map(|(field, value)| format!("{field} = \"{}\"", value.replace(['"', '\\', '\n'], "")));
    Some((project, terms.collect::<Vec<_>>().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_filters() {
        let (project, of_pool) = filter("projects/p/locations/l/workerPools/w").unwrap();
        assert_eq!(project, "p");
        assert_eq!(
            of_pool,
            "resource.labels.location = \"l\"\nresource.type = \"cloud_run_worker_pool\"\nresource.labels.worker_pool_name = \"w\""
        );
        let (_, of_job) = filter("projects/p/locations/l/jobs/j/executions/e\"").unwrap();
        assert!(
            of_job.ends_with("labels.\"run.googleapis.com/execution_name\" = \"e\""),
            "{of_job}"
        );
        assert_eq!(filter("projects/p/locations/l/jobs/j"), None);
    }
}
