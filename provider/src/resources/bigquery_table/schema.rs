//! The attributes of a table and what they refuse offline.

use std::time::Duration;

use tfplugin_framework::{
    Attribute, Diagnostic, Diagnostics, Path, Schema, Timeouts, Type, Validator, Value, conflicts_with, equal, validate,
};

use super::fields::{self, Nested as _};
use super::model::{NEVER, Table, millis};
use crate::names;

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "dataset",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::dataset_path())
                .describe("The dataset that it lies in: the id of a `headwater_bigquery_dataset`."),
        ),
        (
            "table_id",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::table_id())
                .describe("The table's id, unique in its dataset."),
        ),
        ("columns", fields::attribute()),
        ("time_partitioning", time_partitioning()),
        ("range_partitioning", range_partitioning()),
        (
            "require_partition_filter",
            Attribute::bool()
                .default(false)
                .describe("Whether every query must say which partitions it reads."),
        ),
        (
            "clustering",
            Attribute::list(Type::String)
                .optional()
                .equivalent(equal::each(equal::ignore_case))
                .validate(validate::size(0..=4))
                .validate(validate::unique())
                .describe("The columns that rows are sorted by, up to four, the most telling first. Can be changed at any time; rows that are there are sorted in the course of time."),
        ),
        (
            "primary_key",
            Attribute::list(Type::String)
                .optional()
                .equivalent(equal::each(equal::ignore_case))
                .validate(validate::size(0..=16))
                .validate(validate::unique())
                .describe("The columns of the primary key. BigQuery does not enforce it, it helps the optimiser."),
        ),
        ("foreign_keys", foreign_keys()),
        ("friendly_name", Attribute::string().optional().describe("A name for people.")),
        (
            "description",
            Attribute::string().optional().validate(validate::length(0..=16_384)).describe("What is in it."),
        ),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .validate(names::label_keys())
                .validate(names::label_values())
                .describe("Labels, for cost attribution."),
        ),
        (
            "expiration_time",
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .equivalent(same_time)
                .validate(expiration())
                .describe("When the table is deleted, such as `2030-01-01T00:00:00Z`, or `never`. Left out, a new table takes the dataset's default and an existing one keeps what it has."),
        ),
        (
            "max_staleness",
            Attribute::string()
                .optional()
                .equivalent(same_interval)
                .validate(interval())
                .describe("How old a query's answer may be when rows are streamed as changes, as a SQL interval: `0-0 0 4:0:0` for four hours."),
        ),
        (
            "deletion_protection",
            Attribute::bool()
                .default(true)
                .describe("Whether a plan that destroys or replaces the table is refused while it holds rows. To destroy it, set this to `false` and apply first."),
        ),
        (
            "allow_column_drop",
            Attribute::bool()
                .default(false)
                .describe("Whether a column that is taken out of `columns` is dropped with all its values. Otherwise that is an error in the plan."),
        ),
        (
            "location",
            Attribute::string().computed().use_state_for_unknown().describe("Where the data lies: the dataset's location."),
        ),
        (
            "sql_name",
            Attribute::string()
                .computed()
                .use_state_for_unknown()
                .describe("The table's name for SQL, quoted: `` `PROJECT.DATASET.TABLE` ``. A query that uses it waits for the table."),
        ),
        (
            "id",
            Attribute::string()
                .computed()
                .use_state_for_unknown()
                .describe("The full name: `projects/PROJECT/datasets/DATASET/tables/TABLE`."),
        ),
    ])
    .describe(
        "A BigQuery table with its columns. Its data is never lost by surprise: what BigQuery can change in place is changed in place, a dropped column and a \
         destroyed table need a word of yours, and everything else is an error in the plan.",
    )
    .check(conflicts_with(["time_partitioning", "range_partitioning"]))
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(1200))
            .delete(Duration::from_secs(300)),
    )
}

fn time_partitioning() -> Attribute {
    Attribute::object([
        (
            "type",
            Attribute::string()
                .default("DAY")
                .validate(validate::one_of(["HOUR", "DAY", "MONTH", "YEAR"]))
                .describe("The length of a partition."),
        ),
        (
            "field",
            Attribute::string()
                .optional()
                .equivalent(equal::ignore_case)
                .describe("The column of type TIMESTAMP, DATE or DATETIME. Left out, rows are partitioned by the time of their ingestion."),
        ),
        (
            "expiration_ms",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..))
                .describe("Partitions are deleted so many milliseconds after their time. Left out, they are kept, whatever the dataset's default is. Can be changed at any time."),
        ),
    ])
    .optional()
    .describe("Partitions by time. They belong to the table for ever: another partitioning needs another table.")
}

fn range_partitioning() -> Attribute {
    let number = || Attribute::number().required().validate(validate::whole_number());
    Attribute::object([
        (
            "field",
            Attribute::string()
                .required()
                .equivalent(equal::ignore_case)
                .describe("The column, of type INT64."),
        ),
        ("start", number().describe("The first number of the first partition.")),
        ("end", number().describe("The number behind the last partition.")),
        ("interval", number().validate(validate::range(1..)).describe("The numbers in a partition.")),
    ])
    .optional()
    .describe("Partitions by ranges of a whole number. They belong to the table for ever: another partitioning needs another table.")
}

fn foreign_keys() -> Attribute {
    Attribute::map_of([
        (
            "references",
            Attribute::string()
                .required()
                .equivalent(names::same_table)
                .validate(names::table_path())
                .describe("The other table: the id of a `headwater_bigquery_table`."),
        ),
        (
            "columns",
            Attribute::map(Type::String)
                .required()
                .validate(validate::size(1..))
                .describe("Columns of this table, each with the column of the other table that it points to."),
        ),
    ])
    .optional()
    .describe("Foreign keys by name. BigQuery does not enforce them.")
}

fn same_time(before: &Value, after: &Value) -> bool {
    let parse = |value: &Value| value.as_str().and_then(millis);
    matches!((parse(before), parse(after)), (Some(a), Some(b)) if a == b)
}

fn expiration() -> Validator {
    validate::matches("must be a time such as `2030-01-01T00:00:00Z`, or `never`", |text| {
        text == NEVER || millis(text).is_some()
    })
}

/// Months, days and seconds of `Y-M D H:M:S`.
fn parse_interval(text: &str) -> Option<(i64, i64, i64)> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [date, days, time] = parts.as_slice() else {
        return None;
    };
    let (years, months) = date.split_once('-')?;
    let clock: Vec<i64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = clock.as_slice() else {
        return None;
    };
    let whole = |text: &str| text.parse::<u32>().ok().map(i64::from);
    Some((
        whole(years)? * 12 + whole(months)?,
        whole(days)?,
        hours * 3600 + minutes * 60 + seconds,
    ))
}

pub(crate) fn same_interval(before: &Value, after: &Value) -> bool {
    let parse = |value: &Value| value.as_str().and_then(parse_interval);
    matches!((parse(before), parse(after)), (Some(a), Some(b)) if a == b)
}

pub(crate) fn interval() -> Validator {
    validate::matches(
        "must be a SQL interval of years-months, days and hours:minutes:seconds, such as `0-0 0 4:0:0`",
        |text| parse_interval(text).is_some(),
    )
}

/// What the schema cannot say.
pub(super) fn check(config: &Table) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let Some(columns) = config.columns.known() else {
        return problems;
    };
    columns.check(&Path::attr("columns"), false, &mut problems);
    if problems.has_error() {
        return problems;
    }
    let Some(columns) = columns.known() else {
        return problems;
    };
    let kind = |name: &str| {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
        Some((column.kind.clone(), column.mode))
    };
    let mut named = |path: Path, name: &str, accepted: &[&str], of: &str| match kind(name) {
        None => {
            let names: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
            problems.push(
                Diagnostic::invalid(path, format!("there is no column `{name}`"))
                    .hint(format!("`columns` has {}.", names.join(", "))),
            );
        }
        Some((found, mode)) => {
            let repeated = mode == super::column::Mode::Repeated;
            if !accepted.contains(&found.as_str()) || repeated {
                let found = if repeated { format!("repeated {found}") } else { found };
                problems.push(
                    Diagnostic::invalid(path, format!("the column `{name}` is {found}"))
                        .hint(format!("{of} takes one of {}.", accepted.join(", "))),
                );
            }
        }
    };
    if let Some(time) = config.time_partitioning.known()
        && let Some(field) = time.field.as_deref()
    {
        let hourly = time.r#type.as_deref() == Some("HOUR");
        let accepted: &[&str] = if hourly {
            &["TIMESTAMP", "DATETIME"]
        } else {
            &["TIMESTAMP", "DATE", "DATETIME"]
        };
        named(
            Path::attr("time_partitioning").child("field"),
            field,
            accepted,
            "Such a partition",
        );
    }
    if let Some(range) = config.range_partitioning.known()
        && let Some(field) = range.field.as_deref()
    {
        named(
            Path::attr("range_partitioning").child("field"),
            field,
            &["INT64"],
            "A range",
        );
    }
    let clusterable = [
        "BIGNUMERIC",
        "BOOL",
        "DATE",
        "DATETIME",
        "GEOGRAPHY",
        "INT64",
        "NUMERIC",
        "STRING",
        "TIMESTAMP",
    ];
    for (index, name) in config.clustering.known().into_iter().flatten().enumerate() {
        if let Some(name) = name.as_deref() {
            named(Path::attr("clustering").index(index), name, &clusterable, "Clustering");
        }
    }
    let keyable = [
        "BIGNUMERIC",
        "BOOL",
        "DATE",
        "DATETIME",
        "FLOAT64",
        "INT64",
        "NUMERIC",
        "STRING",
        "TIMESTAMP",
    ];
    for (index, name) in config.primary_key.known().into_iter().flatten().enumerate() {
        if let Some(name) = name.as_deref() {
            named(Path::attr("primary_key").index(index), name, &keyable, "A key");
        }
    }
    for (name, key) in config.foreign_keys.known().into_iter().flatten() {
        let at = Path::attr("foreign_keys").key(name).child("columns");
        for own in key.known().and_then(|key| key.columns.known()).into_iter().flatten() {
            named(at.key(own.0), own.0, &keyable, "A key");
        }
    }
    if let Some(range) = config.range_partitioning.known()
        && let (Some(start), Some(end)) = (range.start.known(), range.end.known())
        && start >= end
    {
        problems.push(
            Diagnostic::invalid(
                Path::attr("range_partitioning").child("end"),
                format!("the ranges end at {end}, which is not after their start at {start}"),
            )
            .hint("`end` is the number behind the last partition."),
        );
    }
    if config.require_partition_filter == tfplugin_framework::Attr::Known(true)
        && config.time_partitioning.is_null()
        && config.range_partitioning.is_null()
    {
        problems.push(
            Diagnostic::invalid("require_partition_filter", "the table has no partitions to filter by")
                .hint("Set `time_partitioning` or `range_partitioning`, or leave this out."),
        );
    }
    problems
}
