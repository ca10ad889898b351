//! Child jobs: a script's statements, each with a record of its own.

use serde_json::{Value, json};

use super::{Work, now_ms};
use crate::engine::Session;
use crate::error::Fault;

/// Records a statement of a script that is done; `frame` says where it stands.
pub(super) fn record(
    tx: &Session<'_>,
    work: &Work<'_>,
    id: &str,
    frame: &Value,
    stats: &Value,
    destination: &Value,
    started: i64,
) -> Result<(), Fault> {
    let parent = work.reference();
    let location = parent["location"].as_str().unwrap_or("US");
    let mut query = json!({"query": frame["text"], "useLegacySql": false, "priority": "INTERACTIVE"});
    if !destination.is_null() {
        query["destinationTable"] = destination.clone();
    }
    let project = work.project;
    let now = now_ms().to_string();
    let started = started.to_string();
    let doc = json!({
        "kind": "bigquery#job",
        "etag": id,
        "id": format!("{project}:{location}.{id}"),
        "selfLink": format!("{}/bigquery/v2/projects/{project}/jobs/{id}?location={location}", work.service.base_url),
        "user_email": work.user().0,
        "configuration": {"query": query, "jobType": "QUERY"},
        "jobReference": {"projectId": project, "jobId": id, "location": location},
        "statistics": {
            "creationTime": started, "startTime": started, "endTime": now,
            "parentJobId": parent["jobId"], "totalBytesProcessed": stats["totalBytesProcessed"], "query": stats,
            "scriptStatistics": {"evaluationKind": "STATEMENT", "stackFrames": [frame]},
        },
        "status": {"state": "DONE"},
    });
    work.service.journal.take(project, id);
    super::record(tx, project, id, &doc)
}
