//! Names that both sides derive: of pipelines, BigQuery jobs and staging tables. What the lake's objects are called is in
//! `lake`.

/// A name that cannot be used, and what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a pipeline's name.
    #[error(
        "{0:?} is not a valid name: use 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen"
    )]
    Pipeline(String),
    /// Not an API name.
    #[error("{0:?} is not an API name of Salesforce: use letters, digits and underscores, starting with a letter")]
    Object(String),
}

/// A pipeline's name becomes part of Cloud Scheduler job ids, BigQuery job ids and object names, so it is as narrow as the
/// narrowest of these.
///
/// # Errors
/// Says what is allowed.
pub fn check_pipeline_name(name: &str) -> Result<(), NameError> {
    let ok = (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if ok {
        Ok(())
    } else {
        Err(NameError::Pipeline(name.to_owned()))
    }
}

/// Checks the shape of an object's or field's API name; whether it exists only the org knows.
///
/// # Errors
/// Says what is allowed.
pub fn check_object_name(name: &str) -> Result<(), NameError> {
    let ok = name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if ok {
        Ok(())
    } else {
        Err(NameError::Object(name.to_owned()))
    }
}

/// The staging table of a batch. The leading underscore hides it from most tools' listings.
pub fn staging_table(pipeline: &str, object: &str, batch: &str) -> String {
    format!(
        "_headwater_{}_{object}_{}",
        pipeline.replace('-', "_"),
        batch.replace('-', "_")
    )
}

/// The load job of a batch; `attempt` is 1 for the first. The same id twice is one job, which is what makes a load
/// idempotent: BigQuery answers 409 and the caller waits for the existing job.
pub fn load_job_id(pipeline: &str, object: &str, batch: &str, attempt: u32) -> String {
    job_id(pipeline, object, batch, "load", attempt)
}

/// The MERGE job of a batch; see [`load_job_id`].
pub fn merge_job_id(pipeline: &str, object: &str, batch: &str, attempt: u32) -> String {
    job_id(pipeline, object, batch, "merge", attempt)
}

/// The `number`th MERGE into a stream's current table of this `identity`. BigQuery runs one job per id, so that of two workers
/// that both want to be the next, one is.
pub fn apply_job_id(pipeline: &str, entity: &str, identity: &str, number: u64) -> String {
    format!("headwater_{pipeline}_{entity}_{identity}_apply_{number:09}")
}

/// The job that sets a batch's rows apart; see [`load_job_id`].
pub fn quarantine_job_id(pipeline: &str, object: &str, batch: &str, attempt: u32) -> String {
    job_id(pipeline, object, batch, "quarantine", attempt)
}

/// What the table of rows that a gate has set apart has beside their columns: name, type in the API, mode, and what it says.
pub const QUARANTINE_COLUMNS: [(&str, &str, &str, &str); 4] = [
    (
        "_headwater_reasons",
        "STRING",
        "REPEATED",
        "The expectations that the row is against, each as SUITE:EXPECTATION.",
    ),
    ("_headwater_run", "STRING", "NULLABLE", "The run that read the row."),
    (
        "_headwater_batch",
        "STRING",
        "NULLABLE",
        "The batch that the row came with.",
    ),
    (
        "_headwater_quarantined_at",
        "TIMESTAMP",
        "NULLABLE",
        "When the row was set apart.",
    ),
];

/// The table beside a target that holds the rows which a gate has set apart.
pub fn quarantine_table(table: &str) -> String {
    format!("{table}_quarantine")
}

/// What a gate's verdict on a batch is called among the runs of its suite.
pub fn gate_run_id(object: &str, batch: &str) -> String {
    format!("{object}-{batch}")
}

/// The query that gives a run of a suite its verdict; `attempt` is 1 for the first. See [`load_job_id`].
pub fn verdict_job_id(pipeline: &str, run: &str, attempt: u32) -> String {
    job_id(pipeline, "suite", run, "verdict", attempt)
}

/// The query that finds how far a run of an incremental suite goes; see [`verdict_job_id`].
pub fn watermark_job_id(pipeline: &str, run: &str, attempt: u32) -> String {
    job_id(pipeline, "suite", run, "watermark", attempt)
}

fn job_id(pipeline: &str, object: &str, batch: &str, step: &str, attempt: u32) -> String {
    let suffix = if attempt > 1 {
        format!("_a{attempt}")
    } else {
        String::new()
    };
    format!("headwater_{pipeline}_{object}_{batch}_{step}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipeline_names() {
        for ok in ["a", "crm", "crm-2", "a23456789012345678901234567890123456789z"] {
            assert_eq!(check_pipeline_name(ok), Ok(()), "{ok}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a_b",
            "9a",
            "a b",
            "ü",
            "a23456789012345678901234567890123456789zz",
        ] {
            assert!(check_pipeline_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn job_ids_name_the_attempt_only_when_repeated() {
        assert_eq!(load_job_id("crm", "Account", "b1", 1), "headwater_crm_Account_b1_load");
        assert_eq!(
            merge_job_id("crm", "Account", "b1", 3),
            "headwater_crm_Account_b1_merge_a3"
        );
        assert_eq!(
            staging_table("crm-eu", "Thing__c", "r-1"),
            "_headwater_crm_eu_Thing__c_r_1"
        );
    }
}
