//! The attributes of a subscription.

use tfplugin_framework::{Attribute, Schema, Type, Validator, Value, conflicts_with, equal, validate};

use super::model::NEVER;
use crate::durations;
use crate::names;

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "name",
            Attribute::string().required().requires_replace().validate(names::pubsub()).describe("The subscription's name, unique in the project."),
        ),
        (
            "topic",
            Attribute::string().required().requires_replace().validate(names::topic_id()).describe("The topic: the id of a `headwater_pubsub_topic`."),
        ),
        (
            "ack_deadline_seconds",
            Attribute::number().default(10).validate(validate::whole_number()).validate(validate::range(10..=600)).describe("How many seconds a subscriber has to acknowledge a message before it is delivered again."),
        ),
        (
            "message_retention_duration",
            Attribute::string().default("604800s").equivalent(equal::duration).validate(durations::between("10m", "744h")).describe("How long messages that nobody has acknowledged are kept: seven days unless set."),
        ),
        (
            "retain_acked_messages",
            Attribute::bool().default(false).describe("Whether acknowledged messages are kept as long, so that the subscription can seek back to them."),
        ),
        (
            "expiration_ttl",
            Attribute::string().default("2678400s").equivalent(equal::duration).validate(expiration()).describe("After how long without a subscriber the subscription is deleted by Pub/Sub: 31 days unless set, or `never`."),
        ),
        (
            "enable_message_ordering",
            Attribute::bool().default(false).requires_replace().describe("Whether messages of the same ordering key are delivered in the order in which Pub/Sub received them."),
        ),
        (
            "enable_exactly_once_delivery",
            Attribute::bool().default(false).describe("Whether a message that was acknowledged is never delivered again. Only for subscribers that pull."),
        ),
        (
            "filter",
            Attribute::string().optional().requires_replace().validate(validate::length(1..=256)).describe("Which messages are delivered, by their attributes: `attributes.object = \"Account\"`. [Syntax](https://cloud.google.com/pubsub/docs/subscription-message-filter)."),
        ),
        ("dead_letter_policy", dead_letter_policy()),
        ("retry_policy", retry_policy()),
        ("push_config", push_config()),
        ("bigquery_config", bigquery_config()),
        ("cloud_storage_config", cloud_storage_config()),
        (
            "labels",
            Attribute::map(Type::String).optional().validate(names::label_keys()).validate(names::label_values()).describe("Labels, for cost attribution."),
        ),
    ])
    .describe(
        "A Pub/Sub subscription: who gets a topic's messages. Subscribers pull them, unless `push_config`, `bigquery_config` or `cloud_storage_config` \
         says where Pub/Sub delivers them.",
    )
    .check(conflicts_with(["push_config", "bigquery_config", "cloud_storage_config"]))
}

/// `never`, or at least a day.
fn expiration() -> Validator {
    let rule = durations::between("24h", "87600h");
    Validator::new(
        "must be `never` or a duration of at least `24h`",
        move |value: &Value| {
            if value.as_str() == Some(NEVER) {
                return Ok(());
            }
            match rule.check(value, &tfplugin_framework::Path::root()).into_iter().next() {
                None => Ok(()),
                Some(_) => Err(format!(
                    "must be `never` or a duration of at least `24h`, got {:?}",
                    value.as_str().unwrap_or_default()
                )),
            }
        },
    )
}

fn dead_letter_policy() -> Attribute {
    Attribute::object([
        (
            "dead_letter_topic",
            Attribute::string().required().validate(names::topic_id()).describe("Where such messages go: the id of a `headwater_pubsub_topic`. Pub/Sub's service agent must be allowed to publish there."),
        ),
        (
            "max_delivery_attempts",
            Attribute::number().default(5).validate(validate::whole_number()).validate(validate::range(5..=100)).describe("How often a message is delivered before it goes there."),
        ),
    ])
    .optional()
    .describe("What happens to a message that nobody acknowledges. Without it, it is delivered until it is too old.")
}

fn retry_policy() -> Attribute {
    let backoff = |default: &str, text: &str| {
        Attribute::string()
            .default(default)
            .equivalent(equal::duration)
            .validate(durations::between("0s", "10m"))
            .describe(text)
    };
    Attribute::object([
        ("minimum_backoff", backoff("10s", "The first pause.")),
        ("maximum_backoff", backoff("600s", "The longest pause.")),
    ])
    .optional()
    .describe(
        "How soon a message that was not acknowledged is delivered again: after pauses that grow. Without it, at once.",
    )
}

fn push_config() -> Attribute {
    let oidc = Attribute::object([
        (
            "service_account_email",
            service_account("The account in whose name the token is made.").required(),
        ),
        (
            "audience",
            Attribute::string()
                .optional()
                .validate(validate::length(1..))
                .describe("Whom the token is for. Without it, the endpoint."),
        ),
    ]);
    Attribute::object([
        (
            "push_endpoint",
            Attribute::string()
                .required()
                .validate(names::web_address())
                .describe("The address that messages are posted to."),
        ),
        (
            "attributes",
            Attribute::map(Type::String)
                .optional()
                .describe("Settings of the endpoint, such as `x-goog-version`."),
        ),
        (
            "oidc_token",
            oidc.optional()
                .describe("Posts carry an OpenID Connect token as authorization."),
        ),
        (
            "no_wrapper",
            Attribute::object([(
                "write_metadata",
                Attribute::bool()
                    .default(false)
                    .describe("Whether the message's attributes become headers."),
            )])
            .optional()
            .describe("The post's body is the message's data alone."),
        ),
    ])
    .optional()
    .describe("Delivery to a web address.")
}

fn bigquery_config() -> Attribute {
    Attribute::object([
        (
            "table",
            Attribute::string().required().validate(names::table_dotted()).describe("The table: `PROJECT.DATASET.TABLE`."),
        ),
        (
            "use_topic_schema",
            Attribute::bool().default(false).describe("Whether the fields of the topic's schema become columns; otherwise a column `data` takes the message whole."),
        ),
        (
            "use_table_schema",
            Attribute::bool().default(false).describe("Whether messages are JSON whose fields are the table's columns."),
        ),
        (
            "write_metadata",
            Attribute::bool().default(false).describe("Whether the columns `subscription_name`, `message_id`, `publish_time`, `attributes` are written, too."),
        ),
        (
            "drop_unknown_fields",
            Attribute::bool().default(false).describe("Whether fields that the table lacks are left out; otherwise such messages are not written. Needs `use_topic_schema` or `use_table_schema`."),
        ),
        ("service_account_email", service_account("The account that writes. Without it, Pub/Sub's service agent.").optional()),
    ])
    .optional()
    .describe("Delivery to a BigQuery table.")
}

fn cloud_storage_config() -> Attribute {
    let affix = |text: &str| {
        Attribute::string()
            .optional()
            .validate(validate::length(1..=512))
            .describe(text)
    };
    Attribute::object([
        (
            "bucket",
            Attribute::string()
                .required()
                .validate(names::bucket())
                .describe("The bucket's name: `headwater_storage_bucket.NAME.name`."),
        ),
        ("filename_prefix", affix("What the files' names begin with.")),
        (
            "filename_suffix",
            affix("What the files' names end with; not with `/`."),
        ),
        (
            "filename_datetime_format",
            Attribute::string()
                .optional()
                .validate(validate::length(1..))
                .describe("How the time stands in the files' names, such as `YYYY-MM-DD/hh_mm_ssZ`."),
        ),
        (
            "max_duration",
            Attribute::string()
                .default("300s")
                .equivalent(equal::duration)
                .validate(durations::between("1m", "10m"))
                .describe("After how long a file is closed; no longer than the acknowledgement deadline allows."),
        ),
        (
            "max_bytes",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1_000..=10_737_418_240))
                .describe("At how many bytes a file is closed."),
        ),
        (
            "max_messages",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1_000..))
                .describe("At how many messages a file is closed."),
        ),
        (
            "avro_config",
            Attribute::object([
                (
                    "write_metadata",
                    Attribute::bool()
                        .default(false)
                        .describe("Whether attributes, ids and times are written, too."),
                ),
                (
                    "use_topic_schema",
                    Attribute::bool()
                        .default(false)
                        .describe("Whether the topic's schema is the files' schema."),
                ),
            ])
            .optional()
            .describe("Files are Avro. Without it, they are text, a message's data in each line."),
        ),
        (
            "service_account_email",
            service_account("The account that writes. Without it, Pub/Sub's service agent.").optional(),
        ),
    ])
    .optional()
    .describe("Delivery to files in a bucket.")
}

fn service_account(text: &str) -> Attribute {
    Attribute::string().validate(names::service_account()).describe(text)
}
