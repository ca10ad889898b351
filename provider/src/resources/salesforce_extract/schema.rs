//! The attributes of an extract.

use std::time::Duration;

use tfplugin_framework::{Attribute, Schema, Timeouts, Type, Value, equal, parse_duration, validate};

use crate::names;
use crate::resources::pipeline::schedule;

pub(super) fn schema() -> Schema {
    Schema::new(
        required().into_iter().chain(selection()).chain(behaviour()).chain(deployment()).chain(computed()),
    )
    .describe(
        "Extracts Salesforce objects into BigQuery tables: incrementally, with deletes, on a schedule.\n\n\
         The plan asks the org which fields the objects have and shows the resulting schema of each table in `schemas`: an unknown \
         object, an unknown or unreadable field, a `where` that Salesforce refuses are errors of the plan, and a field that was added in \
         Salesforce shows as a change of the next plan. The apply creates the tables, writes the pipeline's spec to the lake, and \
         schedules the runtime to execute it.",
    )
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(6 * 3600))
            .read(Duration::from_secs(300))
            .update(Duration::from_secs(6 * 3600))
            .delete(Duration::from_secs(1800)),
    )
}

type Attributes = Vec<(&'static str, Attribute)>;

fn required() -> Attributes {
    vec![
        (
            "name",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::pipeline())
                .describe("The pipeline's name, unique in its lake and, with a schedule, in project and region."),
        ),
        (
            "connection",
            Attribute::string().required().validate(names::connection_id()).describe("The org: the id of a `headwater_salesforce_connection`."),
        ),
        (
            "lake",
            Attribute::string()
                .required()
                .requires_replace()
                .equivalent(equal::trailing_slash)
                .validate(validate::prefix("gs://"))
                .validate(names::lake())
                .describe("Where the pipeline keeps its spec, state, Parquet files and records of runs: the `url` of a `headwater_storage_bucket`, perhaps with a prefix (`gs://BUCKET/PREFIX`)."),
        ),
        (
            "dataset",
            Attribute::string()
                .required()
                .validate(names::dataset_path())
                .describe("Where the tables lie: the id of a `headwater_bigquery_dataset`. After a change the objects are read anew into tables there; the old tables stay."),
        ),
        (
            "runtime",
            Attribute::string().required().validate(names::runtime_id()).describe("What executes it: the id of a `headwater_runtime`."),
        ),
    ]
}

fn selection() -> Attributes {
    let fields = |what: &str| {
        Attribute::list(Type::String)
            .validate(validate::each(names::field()))
            .validate(validate::unique())
            .describe(what.to_owned())
    };
    let object = [
        (
            "table",
            Attribute::string().optional_computed().validate(names::table_id()).describe("The table's id. Default: the object's name. After a change the object is read anew into the other table; the old one stays."),
        ),
        (
            "include",
            fields("These fields only. Default: every field that the connection's user may read, new ones included as they appear. `Id`, `SystemModstamp` and `IsDeleted` are always read.")
                .optional()
                .validate(validate::size(1..)),
        ),
        ("exclude", fields("Not these fields.").default(Value::List(Vec::new()))),
        (
            "where",
            Attribute::string()
                .optional()
                .describe("A condition in SOQL, without the word WHERE, such as `Amount > 0`. A row that stops to meet it stays in the table until the object is read in full."),
        ),
        (
            "mode",
            Attribute::string()
                .default("incremental")
                .validate(validate::one_of(["incremental", "full"]))
                .describe("`incremental`: what changed since the last run, by SystemModstamp. `full`: everything each time, for objects without a change stamp, or whose formula fields must be fresh."),
        ),
    ];
    vec![
        (
            "objects",
            Attribute::map_of(object)
                .required()
                .validate(validate::size(1..))
                .validate(validate::keys(names::object()))
                .describe("The objects by API name. `{}` takes every readable field, incrementally, into a table of the object's name."),
        ),
        (
            "deletes",
            Attribute::string()
                .default("remove")
                .validate(validate::one_of(["remove", "flag"]))
                .describe("What becomes of rows that are deleted in Salesforce: `remove` deletes them from the table, `flag` keeps them with `IsDeleted` true."),
        ),
    ]
}

fn behaviour() -> Attributes {
    let count = |range: std::ops::RangeInclusive<i64>, default: i64| {
        Attribute::number()
            .default(default)
            .validate(validate::whole_number())
            .validate(validate::range(range))
    };
    vec![
        (
            "safety_lag",
            Attribute::string()
                .default("2m")
                .equivalent(equal::duration)
                .validate(validate::duration())
                .validate(validate::matches("must be whole seconds from `0s` to `24h`", |text| {
                    parse_duration(text).map_or(true, |lag| lag.subsec_nanos() == 0 && lag.as_secs() <= 86_400)
                }))
                .describe("How far behind Salesforce's clock a run stays, because rows commit later than they are stamped. Longer than the longest transaction in the org."),
        ),
        ("bulk_threshold_rows", count(1..=1_000_000_000, 10_000).describe("From how many rows on a read uses Bulk API 2.0 instead of REST queries.")),
        ("part_size_mb", count(1..=4096, 128).describe("The size at which a Parquet file is closed, in MiB before compression.")),
        ("task_count", count(1..=100, 1).describe("How many tasks of the runtime share out the objects.")),
        (
            "api_budget",
            Attribute::object([(
                "max_daily_percent",
                Attribute::number()
                    .required()
                    .validate(validate::whole_number())
                    .validate(validate::range(1..=100))
                    .describe("Stop, resumable, when the org's use of its daily API requests (by everybody) has reached this share of them, in percent."),
            )])
            .optional()
            .describe("A limit below Salesforce's own, so that a pipeline never takes the last request from others."),
        ),
        (
            "quality_gate",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::size(1..))
                .validate(validate::unique())
                .validate(validate::each(validate::matches("must be the id of a headwater_dq_suite: the URL of its spec", |text| {
                    headwater_spec::LakeLayout::of_spec_url(text).is_ok()
                })))
                .describe("Suites that judge each batch before it is loaded: ids of `headwater_dq_suite`s whose `table` is an object's (write it as `\"${headwater_bigquery_dataset.NAME.id}/tables/TABLE\"`, because the suite comes first). What an expectation with `on_fail = \"fail\"` is against is not loaded at all, and the run fails; rows against one with `on_fail = \"quarantine\"` are kept in the table `TABLE_quarantine`, with their reasons, and the others are loaded."),
        ),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .validate(names::label_keys())
                .validate(names::label_values())
                .describe("Labels of the pipeline's tables and jobs, for cost attribution."),
        ),
    ]
}

fn deployment() -> Attributes {
    vec![
        ("schedule", schedule::attribute()),
        (
            "run_on_apply",
            Attribute::bool().default(false).describe("Whether the apply that creates the pipeline, or changes its spec, also runs it and waits for the end. A run that fails makes the apply fail."),
        ),
        (
            "delete_tables_on_destroy",
            Attribute::bool().default(false).describe("Whether the tables are deleted with the pipeline, or with their object when it is taken out of `objects`. Only tables that this pipeline made are."),
        ),
    ]
}

fn computed() -> Attributes {
    let column = ["name", "type", "mode", "field", "salesforce_type", "description"].map(|name| (name, Type::String));
    vec![
        (
            "schemas",
            Attribute::map(Type::list(Type::object(column))).computed().describe(
                "The tables' schemas by object: for each column its `name`, `type` and `mode` in BigQuery, the Salesforce `field` that fills it, that field's `salesforce_type`, and its `description`. \
                 A change in the org shows here. An object is missing while its table does not exist.",
            ),
        ),
        ("spec_hash", Attribute::string().computed().describe("SHA-256 of the spec as it lies in the lake. Records of runs name it.")),
        ("spec_url", Attribute::string().computed().use_state_for_unknown().describe("Where the pipeline's spec lies: what `headwater run --spec` takes.")),
        ("id", Attribute::string().computed().use_state_for_unknown().describe("The same as `spec_url`.")),
    ]
}
