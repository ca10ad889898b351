//! The attributes of a dataset.

use std::time::Duration;

use tfplugin_framework::{Attribute, Schema, Timeouts, Type, Validator, equal, validate};

use super::access;
use crate::names;

/// BigQuery's default.
pub(super) const TIME_TRAVEL_HOURS: i64 = 168;

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "dataset_id",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::dataset_id())
                .describe("The dataset's id, unique in its project."),
        ),
        (
            "project",
            Attribute::string()
                .optional_computed()
                .requires_replace()
                .use_state_for_unknown()
                .validate(names::project())
                .describe("The project. Default: the provider's."),
        ),
        (
            "location",
            Attribute::string()
                .optional_computed()
                .requires_replace()
                .use_state_for_unknown()
                .equivalent(equal::ignore_case)
                .validate(names::location())
                .describe("Where the data lies: a region such as `europe-west1` or a multi-region such as `EU`. Default: the provider's region. A lake that is loaded from must lie in the same place, or the dataset in a multi-region that holds it."),
        ),
        ("friendly_name", Attribute::string().optional().describe("A name for people.")),
        ("description", Attribute::string().optional().validate(validate::length(0..=16_384)).describe("What is in it.")),
        (
            "default_table_expiration_ms",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(3_600_000..))
                .describe("Tables made without an expiry of their own are deleted after so many milliseconds, at least one hour (3600000). Pipelines' tables are made so too: leave it out to keep them."),
        ),
        (
            "default_partition_expiration_ms",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(3_600_000..))
                .describe("Partitions of tables made without an expiry of their own are deleted after so many milliseconds, at least one hour."),
        ),
        (
            "max_time_travel_hours",
            Attribute::number()
                .default(TIME_TRAVEL_HOURS)
                .validate(time_travel())
                .describe("How long deleted and overwritten data can be brought back: 48 to 168 hours, in days."),
        ),
        (
            "is_case_insensitive",
            Attribute::bool().default(false).describe("Whether names of tables in it mean the same in upper and lower case."),
        ),
        (
            "storage_billing_model",
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .validate(validate::one_of(["LOGICAL", "PHYSICAL"]))
                .describe("Whether storage is billed by bytes before or after compression. BigQuery takes a change once in two weeks."),
        ),
        (
            "default_kms_key_name",
            Attribute::string()
                .optional()
                .validate(names::kms_key())
                .describe("The Cloud KMS key that new tables are encrypted with. BigQuery's service account needs Encrypter/Decrypter on it. Without it, a key of Google's."),
        ),
        ("access", access::attribute()),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .validate(names::label_keys())
                .validate(names::label_values())
                .describe("Labels, for cost attribution."),
        ),
        (
            "delete_contents_on_destroy",
            Attribute::bool()
                .default(false)
                .describe("Whether destroying the dataset deletes the tables in it. Otherwise a dataset that is not empty is never destroyed."),
        ),
        (
            "deletion_protection",
            Attribute::bool()
                .optional_computed()
                .describe("Whether a plan that destroys the dataset with its tables is refused while they hold rows. Default: `true`, and `false` where `delete_contents_on_destroy` is set."),
        ),
        ("id", Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/datasets/DATASET`.")),
    ])
    .describe("A BigQuery dataset: the place of the tables that a pipeline writes.")
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(600)),
    )
}

fn time_travel() -> Validator {
    const ALLOWED: [&str; 6] = ["48", "72", "96", "120", "144", "168"];
    Validator::new("must be 48, 72, 96, 120, 144 or 168 hours", |value| {
        let hours = value.as_number().map(|hours| hours.normalized().to_plain_string());
        match hours {
            Some(hours) if !ALLOWED.contains(&hours.as_str()) => {
                Err(format!("must be 48, 72, 96, 120, 144 or 168 hours, got {hours}"))
            }
            _ => Ok(()),
        }
    })
}
