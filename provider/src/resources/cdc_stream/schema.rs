//! The attributes of a stream.

use std::time::Duration;

use headwater_spec::{BigQueryType, JsonPath};
use tfplugin_framework::{Attribute, Schema, Timeouts, Type, equal, exactly_one_of, validate};

use crate::{names, network};

/// How many workers there are unless it is said otherwise.
pub(super) const WORKERS: i64 = 1;

type Attributes = Vec<(&'static str, Attribute)>;

pub(super) fn schema() -> Schema {
    Schema::new(required().into_iter().chain(sources()).chain(behaviour()).chain(workers()).chain(computed()))
        .describe(
            "Streams change events into BigQuery: Salesforce's Change Data Capture, or JSON messages of an existing subscription \
             (Salesforce's shape, Debezium's envelope, or any other by JSON paths). Each entity gets a changelog with every change, and a \
             current table with the records as they are.\n\n\
             The plan asks the org which fields the entities have, whether they are chosen for Change Data Capture, and shows the resulting \
             columns in `schemas`. The apply creates a topic, a subscription, a topic for dead letters, the tables, the pipeline's spec in the \
             lake, and a Cloud Run worker pool that executes it.\n\n\
             Every change is in the changelog once, whatever is delivered twice, late or by several workers. A message that cannot be applied \
             goes to the dead-letter topic with its reason; `headwater stream replay-dead-letters` puts it back.",
        )
        .check(exactly_one_of(["salesforce", "subscription"]))
        .check(network::check())
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(1200))
                .read(Duration::from_secs(300))
                .update(Duration::from_secs(1200))
                .delete(Duration::from_secs(1200)),
        )
}

fn required() -> Attributes {
    vec![
        (
            "name",
            Attribute::string().required().requires_replace().validate(names::pipeline()).describe("The pipeline's name, unique in its lake. Topic, subscription and worker pool are called `headwater-NAME`."),
        ),
        (
            "lake",
            Attribute::string()
                .required()
                .requires_replace()
                .equivalent(equal::trailing_slash)
                .validate(validate::prefix("gs://"))
                .validate(names::lake())
                .describe("Where the stream keeps its spec and positions: the `url` of a `headwater_storage_bucket`, perhaps with a prefix."),
        ),
        (
            "dataset",
            Attribute::string().required().requires_replace().validate(names::dataset_path()).describe("Where the tables lie: the id of a `headwater_bigquery_dataset`."),
        ),
        (
            "entities",
            Attribute::map_of(entity())
                .required()
                .validate(validate::size(1..))
                .validate(validate::keys(names::object()))
                .describe("The entities by the names that their changes carry: Salesforce objects, or tables of another source."),
        ),
    ]
}

fn entity() -> Attributes {
    vec![
        ("changelog", Attribute::string().optional_computed().validate(names::table_id()).describe("The table of all changes. Default: the entity's name and `_changes`.")),
        ("current", Attribute::string().optional_computed().validate(names::table_id()).describe("The table of the records as they are. Default: the entity's name.")),
        ("keep_current", Attribute::bool().default(true).describe("Whether there is a current table at all.")),
        (
            "deletes",
            Attribute::string()
                .default("hard")
                .validate(validate::one_of(["hard", "soft"]))
                .describe("What becomes of deleted records in the current table: `hard` removes the row, `soft` keeps it with `_deleted` true."),
        ),
        (
            "exclude",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::each(names::field()))
                .validate(validate::unique())
                .describe("Fields of a Salesforce object that get no column."),
        ),
        (
            "columns",
            Attribute::map(Type::String)
                .optional()
                .validate(validate::size(1..))
                .validate(validate::each_value(validate::matches("must be a type of BigQuery without parameters, such as `STRING`, `INT64`, `NUMERIC`, `TIMESTAMP`", |text| {
                    BigQueryType::parse(text).is_some_and(|kind| kind.sql() == text)
                })))
                .describe("With `subscription`: the columns by the names of the payload's fields, with their types. With `salesforce` they come from the org."),
        ),
        (
            "retention_days",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..=36_500))
                .describe("Days for which changes are kept in the changelog. Default: for ever. The current table is not concerned."),
        ),
    ]
}

fn sources() -> Attributes {
    let path = |required: bool, what: &str| {
        let attribute = Attribute::string()
            .validate(validate::matches(
                "must be a JSON path that finds one value, such as `$.payload.id` or `$['a b'][0]`",
                |text| text.parse::<JsonPath>().is_ok(),
            ))
            .describe(what.to_owned());
        if required {
            attribute.required()
        } else {
            attribute.optional()
        }
    };
    let mapping = [
        ("key", path(true, "The record's id.")),
        (
            "operation",
            path(
                false,
                "What happened. Default: every message is an upsert of the fields that it has.",
            ),
        ),
        (
            "operations",
            Attribute::map(Type::String)
                .optional()
                .validate(validate::each_value(validate::one_of([
                    "create", "update", "delete", "undelete", "snapshot",
                ])))
                .describe(
                    "What the operation's texts mean, such as `{ I = \"create\", U = \"update\", D = \"delete\" }`.",
                ),
        ),
        (
            "order",
            path(
                true,
                "What orders the changes of a record: a whole number, or a time in RFC 3339.",
            ),
        ),
        (
            "sequence",
            path(false, "What orders changes that are equal in `order`: a whole number."),
        ),
        (
            "payload",
            path(false, "The object that holds the fields. Default: the document itself."),
        ),
        (
            "entity",
            path(false, "Whose change it is. Default: that of the one entity."),
        ),
        (
            "timestamp",
            path(
                false,
                "When it happened, in RFC 3339 or milliseconds since 1970. Default: when it was published.",
            ),
        ),
    ];
    vec![
        (
            "salesforce",
            Attribute::object([
                ("connection", Attribute::string().required().validate(names::connection_id()).describe("The org: the id of a `headwater_salesforce_connection`.")),
                (
                    "channel",
                    Attribute::string()
                        .optional()
                        .validate(validate::pattern("^/data/(ChangeEvents|[A-Za-z][A-Za-z0-9_]*__chn)$", "must be `/data/ChangeEvents` or a custom channel, `/data/NAME__chn`"))
                        .describe("The channel. Default: each entity's own."),
                ),
                ("initial_snapshot", Attribute::bool().default(false).describe("Whether the records that exist when the stream begins are read once and put before its events.")),
            ])
            .optional()
            .requires_replace_if("a source of another kind is another stream", |prior, planned| prior.is_null() != planned.is_null())
            .describe("Salesforce's Change Data Capture as the source."),
        ),
        (
            "subscription",
            Attribute::object([
                ("id", Attribute::string().required().validate(names::subscription_path()).describe("The subscription: the id of a `headwater_pubsub_subscription`. This stream alone pulls from it.")),
                (
                    "format",
                    Attribute::string()
                        .default("salesforce")
                        .validate(validate::one_of(["salesforce", "debezium", "mapping"]))
                        .describe("The messages' shape: Salesforce's as this provider's own streams publish it, Debezium's envelope, or a `mapping`."),
                ),
                ("keys", Attribute::map(Type::list(Type::String)).optional().describe("With `debezium`: the columns of the key, by entity.")),
                ("mapping", Attribute::object(mapping).optional().describe("With `mapping`: where the parts of a change are in the JSON document.")),
            ])
            .optional()
            .describe("Messages that somebody else publishes as the source."),
        ),
    ]
}

fn count(range: std::ops::RangeInclusive<i64>, default: i64, what: &'static str) -> Attribute {
    Attribute::number()
        .default(default)
        .validate(validate::whole_number())
        .validate(validate::range(range))
        .describe(what)
}

fn behaviour() -> Attributes {
    vec![
        (
            "engine",
            Attribute::string()
                .default("runtime")
                .requires_replace()
                .validate(validate::one_of(["runtime", "dataflow"]))
                .describe(
                    "What executes the stream: `runtime` is a Cloud Run worker pool, `dataflow` a streaming job of Dataflow, to which the spec is \
                     rendered as an Apache Beam YAML pipeline (`pipeline.yaml` beside the spec). With `dataflow` the current table is a view of the \
                     changelog, and the guide on Dataflow says what else is different. Salesforce's events are brought into the topic by a worker pool \
                     of one worker, whatever the engine.",
                ),
        ),
        (
            "dataflow",
            Attribute::object([
                ("template", Attribute::string().optional().validate(validate::prefix("gs://")).describe("The flex template that executes a Beam YAML pipeline. Default: Google's, `gs://dataflow-templates-REGION/latest/flex/Yaml_Template`; a release of it in place of `latest` is pinned.")),
                ("machine_type", Attribute::string().optional().describe("The workers' machines, such as `n2-standard-2`. Default: Dataflow's choice.")),
                ("network", Attribute::string().optional().describe("The workers' network. Default: `default`.")),
                ("subnetwork", Attribute::string().optional().describe("The workers' subnetwork: `regions/REGION/subnetworks/NAME`, or its URL.")),
                ("private_addresses", Attribute::bool().default(false).describe("Whether the workers have no public addresses.")),
            ])
            .optional()
            .describe("With `engine = \"dataflow\"`: how the job is launched."),
        ),
        (
            "drift",
            Attribute::string()
                .default("evolve")
                .validate(validate::one_of(["evolve", "freeze", "quarantine"]))
                .describe("What becomes of fields that no column is for: `evolve` adds a column, `freeze` leaves the field out, `quarantine` sends the message to the dead letters."),
        ),
        (
            "batching",
            Attribute::object([
                ("rows", count(1..=50_000, 5_000, "Changes in a batch.")),
                ("bytes", count(1024..=8_388_608, 4_194_304, "Bytes of messages in a batch.")),
                ("milliseconds", count(1..=60_000, 200, "Milliseconds since the first message of a batch.")),
            ])
            .optional()
            .describe("When a batch is written: whichever comes first."),
        ),
        ("parallelism", count(1..=64, 2, "Streaming pulls that one worker keeps open.")),
        ("status_topic", Attribute::string().optional().validate(names::topic_id()).describe("A topic that is told when the stream starts, stops, changes a table or repairs a gap.")),
        ("alert_topic", Attribute::string().optional().validate(names::topic_id()).describe("A topic that is told what somebody should look at.")),
        (
            "labels",
            Attribute::map(Type::String).optional().validate(names::label_keys()).validate(names::label_values()).describe("Labels of tables, jobs and topics, for cost attribution."),
        ),
        ("delete_tables_on_destroy", Attribute::bool().default(false).describe("Whether the tables are deleted with the stream. Only tables that this stream made are.")),
    ]
}

fn workers() -> Attributes {
    let [vpc_access, kms_key_name] = network::attributes();
    vec![
        (
            "region",
            Attribute::string().optional_computed().requires_replace().use_state_for_unknown().validate(names::region()).describe("Where the workers run. Default: the provider's region."),
        ),
        (
            "workers",
            Attribute::number().default(WORKERS).validate(validate::whole_number()).validate(validate::range(0..=100)).describe("How many workers share the subscription; 0 lets the stream stand still. With Dataflow, how many there are at most."),
        ),
        (
            "autoscaling",
            Attribute::object([
                ("min_workers", count(1..=100, 1, "Workers at least. One of them scales, so there is always one.")),
                (
                    "max_workers",
                    Attribute::number()
                        .required()
                        .validate(validate::whole_number())
                        .validate(validate::range(1..=100))
                        .describe("Workers at most."),
                ),
                ("target_backlog", count(1..=1_000_000_000, 50_000, "Messages of the backlog for each worker.")),
                ("scale_down_seconds", count(0..=86_400, 300, "Seconds for which fewer workers have to be enough before there are fewer.")),
            ])
            .optional()
            .describe(
                "As many workers as what waits asks for, in place of `workers`: one for each `target_backlog` messages of the subscription that \
                 are not acknowledged, as Cloud Monitoring counts them. More come within a minute or so of a measurement, fewer after \
                 `scale_down_seconds`, and then as many as the most that was needed meanwhile. Each number of the pool is the stream's own: a plan \
                 shows no difference, and an apply keeps it within the bounds.",
            ),
        ),
        (
            "image",
            Attribute::string()
                .default(crate::resources::runtime::default_image())
                .validate(validate::matches("must be a container image without spaces", |text| !text.is_empty() && !text.contains(char::is_whitespace)))
                .describe("The container image of the runtime. The local cloud runs its own `headwater` whatever is written here."),
        ),
        ("cpu", Attribute::string().default(super::pool::CPU).validate(names::cpu()).describe("CPUs of each worker.")),
        ("memory", Attribute::string().default(super::pool::MEMORY).validate(names::memory()).describe("Memory of each worker.")),
        (
            "service_account",
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .validate(names::service_account())
                .describe("The workers' identity. Default: the project's default compute account. It needs: Pub/Sub Subscriber and Publisher, BigQuery Data Editor on the dataset, BigQuery Job User, Storage Object Admin on the lake, with `salesforce` Secret Manager Secret Accessor on the connection, and with `autoscaling` Monitoring Viewer on the project, Cloud Run Developer on the worker pool and Service Account User on itself."),
        ),
        vpc_access,
        kms_key_name,
        (
            "env",
            Attribute::map(Type::String)
                .optional()
                .validate(names::environment_keys())
                .validate(validate::keys(validate::matches("is set by this resource itself", |name| !super::pool::OWN_ENVIRONMENT.contains(&name))))
                .describe("Environment variables of the workers, such as `OTEL_EXPORTER_OTLP_ENDPOINT`, which has them send their metrics to an OpenTelemetry collector. No place for secrets: they would be in the state."),
        ),
    ]
}

fn computed() -> Attributes {
    let column = ["name", "type", "field", "salesforce_type", "description"].map(|name| (name, Type::String));
    let stable = |what: &str| {
        Attribute::string()
            .computed()
            .use_state_for_unknown()
            .describe(what.to_owned())
    };
    vec![
        (
            "schemas",
            Attribute::map(Type::list(Type::object(column)))
                .computed()
                .describe("The columns of each entity's tables, beside those that every changelog and current table has. An entity is missing while a table of it does not exist."),
        ),
        ("topic", Attribute::string().computed().describe("The topic that changes travel through.")),
        ("pull_subscription", Attribute::string().computed().describe("The subscription that workers pull from.")),
        ("dead_letter_topic", stable("Where messages go that cannot be applied.")),
        ("dead_letter_subscription", stable("What `headwater stream replay-dead-letters` pulls from.")),
        ("worker_pool", stable("The worker pool: `projects/PROJECT/locations/REGION/workerPools/NAME`. There is none when Dataflow reads a subscription.")),
        ("job_id", Attribute::string().computed().describe("The id of the Dataflow job.")),
        ("spec_hash", Attribute::string().computed().describe("SHA-256 of the spec as it lies in the lake.")),
        ("spec_url", stable("Where the spec lies: what `headwater stream --spec` takes.")),
        ("id", stable("The same as `spec_url`.")),
    ]
}
