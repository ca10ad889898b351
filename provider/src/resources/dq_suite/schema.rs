//! The attributes of a suite.

use std::time::Duration;

use tfplugin_framework::{Attribute, Schema, Timeouts, Type, Value, equal, exactly_one_of, validate};

use super::expectation;
use super::kinds::KINDS;
use super::reads;
use super::scan;
use crate::names;
use crate::resources::pipeline::schedule;

pub(super) fn schema() -> Schema {
    Schema::new(required().into_iter().chain(reads::attributes()).chain(optional()).chain(computed()))
        .check(exactly_one_of(["table", "files"]))
        .describe(
            "Expectations of a BigQuery table or view, evaluated where the data lies, by one query or by a data quality scan of Dataplex, or of Parquet files of a lake, on a schedule; verdicts are rows of two tables and messages of a topic.\n\n\
             Each kind of expectation is a list of objects with typed arguments. The plan checks them against the table's columns as BigQuery tells them: an unknown \
             column, a type that an expectation cannot judge, an interval that holds nothing, a regular expression that RE2 does not know, and \
             expectations that contradict each other are errors of the plan which name the attribute.",
        )
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(600))
                .read(Duration::from_secs(300))
                .update(Duration::from_secs(600))
                .delete(Duration::from_secs(600)),
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
                .describe("The suite's name, unique in its lake and, with a schedule, in project and region. Results and alerts carry it."),
        ),
        (
            "lake",
            Attribute::string()
                .required()
                .requires_replace()
                .equivalent(equal::trailing_slash)
                .validate(validate::prefix("gs://"))
                .validate(names::lake())
                .describe("Where the suite's spec lies: the `url` of a `headwater_storage_bucket`, perhaps with a prefix (`gs://BUCKET/PREFIX`)."),
        ),
        (
            "runtime",
            Attribute::string().required().validate(names::runtime_id()).describe("What executes it: the id of a `headwater_runtime`."),
        ),
        (
            "table",
            Attribute::string()
                .optional()
                .equivalent(names::same_table)
                .validate(names::table_path())
                .describe("What is judged: the id of a `headwater_bigquery_table` or `headwater_bigquery_view`. This or `files`."),
        ),
        ("expectations", expectations()),
        (
            "results",
            Attribute::object([
                ("dataset", Attribute::string().required().validate(names::dataset_path()).describe("Where the tables lie: the id of a `headwater_bigquery_dataset`.")),
                (
                    "run_table",
                    Attribute::string().default("dq_run").validate(names::table_id()).describe("The table with a row for each run. Suites may share it; it is created when it is missing."),
                ),
                (
                    "result_table",
                    Attribute::string().default("dq_result").validate(names::table_id()).describe("The table with a row for each run and expectation. Suites may share it; it is created when it is missing."),
                ),
                ("samples", reads::samples()),
            ])
            .required()
            .describe("Where verdicts are written: two tables, partitioned by day and clustered by suite."),
        ),
    ]
}

fn expectations() -> Attribute {
    let kinds = KINDS.iter().map(|(kind, judges, what)| {
        let attribute = Attribute::list_of(expectation::attributes(kind, *judges))
            .optional()
            .validate(validate::size(1..))
            .describe(*what);
        (*kind, attribute)
    });
    Attribute::object(kinds)
        .required()
        .describe("What is expected, by kind.")
}

fn optional() -> Attributes {
    vec![
        (
            "partition_filter",
            Attribute::string()
                .optional()
                .validate(validate::length(1..))
                .describe("A condition in GoogleSQL, without the word WHERE, on all that is read, such as `event_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)`. A table that requires a partition filter needs it."),
        ),
        ("description", Attribute::string().optional().validate(validate::length(1..)).describe("What the suite is for.")),
        (
            "alert",
            Attribute::object([
                ("topic", Attribute::string().required().validate(names::topic_id()).describe("The topic: the id of a `headwater_pubsub_topic`.")),
                (
                    "on",
                    Attribute::list(Type::String)
                        .default(Value::List(["fail", "error", "recovered"].map(Value::from).into()))
                        .equivalent(same_words)
                        .validate(validate::size(1..))
                        .validate(validate::unique())
                        .validate(validate::each(validate::one_of(["pass", "warn", "fail", "error", "recovered"])))
                        .describe("Which verdicts are told: `pass`, `warn`, `fail`, `error`, and `recovered` of the first pass after them."),
                ),
                (
                    "min_severity",
                    Attribute::string()
                        .default("info")
                        .validate(validate::one_of(["info", "warn", "error"]))
                        .describe("A failure whose expectations are all less grave is not told: `info`, `warn` or `error`."),
                ),
            ])
            .optional()
            .describe("Who is told. A message holds the run and what did not hold as JSON; its attributes are `suite`, `target`, `state`, `severity`, `transition` (`new`, `ongoing`, `recovered`) and `run_id`."),
        ),
        ("schedule", schedule::attribute()),
        (
            "max_bytes_billed",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..))
                .describe("A run that would be billed more bytes is not begun. The plan compares it with what BigQuery says that the query reads."),
        ),
        ("dataplex", scan::attribute()),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .validate(names::label_keys())
                .validate(names::label_values())
                .describe("Labels of the suite's jobs, for cost attribution."),
        ),
        (
            "delete_results_on_destroy",
            Attribute::bool().default(false).describe("Whether the suite's rows are deleted from the results' tables with the suite, and the tables when nothing else is in them."),
        ),
    ]
}

/// The same words in another order.
fn same_words(a: &Value, b: &Value) -> bool {
    let words = |value: &Value| {
        let words = value
            .as_elements()
            .unwrap_or_default()
            .iter()
            .map(|word| word.as_str().map(str::to_owned));
        let mut words: Vec<_> = words.collect();
        words.sort();
        words
    };
    words(a) == words(b)
}

fn computed() -> Attributes {
    vec![
        (
            "spec_hash",
            Attribute::string()
                .computed()
                .describe("SHA-256 of the spec as it lies in the lake. Results name it."),
        ),
        (
            "spec_url",
            Attribute::string()
                .computed()
                .use_state_for_unknown()
                .describe("Where the suite's spec lies: what `headwater run --spec` takes."),
        ),
        (
            "id",
            Attribute::string()
                .computed()
                .use_state_for_unknown()
                .describe("The same as `spec_url`."),
        ),
    ]
}
