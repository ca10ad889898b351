//! The attributes of a data scan.

use tfplugin_framework::{Attribute, Schema, Type, Value, exactly_one_of, validate};

use super::{profile, quality};
use crate::names;

/// Optional text that says something when it is there.
pub(super) fn said() -> Attribute {
    Attribute::string().optional().validate(validate::length(1..))
}

/// The share of rows that are read.
pub(crate) fn sampling_percent() -> Attribute {
    Attribute::number()
        .optional()
        .validate(super::rule::between(
            0.0,
            100.0,
            "must be above 0 and at most 100, with at most 3 decimal digits",
        ))
        .validate(validate_decimals())
        .describe("How many of 100 rows are read, up to three decimal digits. Without it, all.")
}

/// What a scan may be called.
pub(crate) fn scan_id() -> tfplugin_framework::Validator {
    validate::matches(
        "must be 1 to 63 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen, such as `orders-quality`",
        |text| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            (1..=63).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.ends_with(plain)
                && text.chars().all(|c| plain(c) || c == '-')
        },
    )
}

fn validate_decimals() -> tfplugin_framework::Validator {
    tfplugin_framework::Validator::new("must have at most 3 decimal digits", |value: &Value| {
        match value.as_number() {
            Some(number) if number.normalized().fractional_digit_count() > 3 => Err(format!(
                "must have at most 3 decimal digits, got {}",
                number.normalized().to_plain_string()
            )),
            _ => Ok(()),
        }
    })
}

/// A table that results are written to.
pub(super) fn results_table() -> Attribute {
    Attribute::string()
        .optional()
        .validate(table())
        .describe("The BigQuery table that each run's results are appended to, `projects/PROJECT/datasets/DATASET/tables/TABLE`; made when it is missing.")
}

fn table() -> tfplugin_framework::Validator {
    validate::matches(
        "must be the id of a BigQuery table, `projects/PROJECT/datasets/DATASET/tables/TABLE`: write `headwater_bigquery_table.NAME.id`",
        |text| match text.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "datasets", dataset, "tables", table] => {
                names::is_project(project) && !dataset.is_empty() && !table.is_empty()
            }
            _ => false,
        },
    )
}

fn appears(kind: &str) -> String {
    format!("A scan does not become one of another kind: when {kind} is added or taken away, the scan is replaced.")
}

pub(super) fn schema() -> Schema {
    let one_kind = |prior: &Value, planned: &Value| prior.is_null() != planned.is_null();
    Schema::new([
        (
            "name",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(scan_id())
                .describe("The scan's name, unique in project and region."),
        ),
        (
            "table",
            Attribute::string().required().requires_replace().validate(table()).describe("What is scanned: the id of a BigQuery table."),
        ),
        ("display_name", Attribute::string().optional().validate(validate::length(1..=256)).describe("A name for people.")),
        ("description", Attribute::string().optional().validate(validate::length(1..=1024)).describe("What it is for.")),
        (
            "labels",
            Attribute::map(Type::String).optional().validate(names::label_keys()).validate(names::label_values()).describe("Labels, for cost attribution."),
        ),
        (
            "schedule",
            Attribute::object([
                (
                    "cron",
                    Attribute::string().required().describe("When, in unix-cron format: minute, hour, day of the month, month, day of the week, such as `0 6 * * *`."),
                ),
                (
                    "time_zone",
                    Attribute::string().default("UTC").describe("The time zone of `cron`, a name of the IANA database such as `Europe/Berlin`."),
                ),
            ])
            .optional()
            .describe("When it runs. Without it, when somebody starts it."),
        ),
        (
            "incremental_field",
            said().requires_replace().describe("A column of type DATE or TIMESTAMP that only grows: each run reads the rows since the last one. Without it, each run reads all."),
        ),
        (
            "service_account",
            Attribute::string()
                .optional()
                .requires_replace()
                .validate(validate::matches("must be the email address of a service account", |text| {
                    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
                }))
                .describe("The service account that it runs as. Default: Dataplex's service agent."),
        ),
        (
            "data_quality_spec",
            quality::attribute()
                .optional()
                .requires_replace_if(appears("`data_quality_spec`"), one_kind)
                .describe("Rules that the table's rows are held against."),
        ),
        (
            "data_profile_spec",
            profile::attribute()
                .optional()
                .requires_replace_if(appears("`data_profile_spec`"), one_kind)
                .describe("What is told of the table's columns: nulls, distinct values, ranges, distributions."),
        ),
        ("uid", Attribute::string().computed().use_state_for_unknown().describe("The scan's id, never given to another one.")),
        ("create_time", Attribute::string().computed().use_state_for_unknown().describe("When it was created.")),
    ])
    .check(exactly_one_of(["data_quality_spec", "data_profile_spec"]))
    .describe("A Dataplex data scan of a BigQuery table: its quality, by rules, or a profile of its columns.")
}
