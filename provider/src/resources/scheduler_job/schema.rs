//! The attributes of a scheduled job.

use tfplugin_framework::{Attribute, Schema, Type, Validator, conflicts_with, equal, exactly_one_of, validate};

use super::model::{DEADLINE, Retries, SCOPE};
use crate::durations;
use crate::names;

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "name",
            Attribute::string().required().requires_replace().validate(names::scheduler_job()).describe("The job's name, unique in project and region."),
        ),
        (
            "description",
            Attribute::string().optional().validate(validate::length(..=500)).describe("What it is for."),
        ),
        (
            "schedule",
            Attribute::string().required().describe("When it fires: five fields of unix-cron (minute, hour, day, month, weekday), such as `0 * * * *`."),
        ),
        (
            "time_zone",
            Attribute::string().default("UTC").describe("The time zone of the schedule: a name of the IANA database, such as `Europe/Berlin`."),
        ),
        ("paused", Attribute::bool().default(false).describe("Whether it does not fire.")),
        (
            "attempt_deadline",
            Attribute::string().default(DEADLINE).equivalent(equal::duration).validate(durations::between("15s", "30m")).describe("How long an HTTP target has to answer. A topic answers at once."),
        ),
        ("retry_config", retry_config()),
        ("http_target", http_target()),
        ("pubsub_target", pubsub_target()),
    ])
    .describe("A Cloud Scheduler job: calls a web address or publishes a message on a schedule. Extracts have schedules of their own.")
    .check(exactly_one_of(["http_target", "pubsub_target"]))
    .check(conflicts_with(["attempt_deadline", "pubsub_target"]))
    .check(conflicts_with(["http_target.oauth_token", "http_target.oidc_token"]))
}

fn retry_config() -> Attribute {
    let duration = |default: &str, text: &str| {
        Attribute::string()
            .default(default)
            .equivalent(equal::duration)
            .validate(durations::between("0s", "8760h"))
            .describe(text)
    };
    Attribute::object([
        (
            "retry_count",
            Attribute::number()
                .default(0)
                .validate(validate::whole_number())
                .validate(validate::range(0..=5))
                .describe("How often a failed call is repeated."),
        ),
        (
            "max_retry_duration",
            duration(
                "0s",
                "For how long calls are repeated; `0s`: as often as `retry_count` says.",
            ),
        ),
        ("min_backoff_duration", duration("5s", "The first pause.")),
        ("max_backoff_duration", duration("3600s", "The longest pause.")),
        (
            "max_doublings",
            Attribute::number()
                .default(5)
                .validate(validate::whole_number())
                .validate(validate::range(0..=16))
                .describe("How often the pause doubles before it grows evenly."),
        ),
    ])
    .default(Retries::default().value())
    .describe("What happens when the target fails. Without it, nothing: the job fires again when it is due.")
}

/// <https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget>
fn header() -> Validator {
    validate::matches(
        "must be a header's name that Cloud Scheduler does not set itself, as it does `Host`, `User-Agent`, `Content-Length`, `X-Google-…`, `X-AppEngine-…` and `X-CloudScheduler…`",
        |text| {
            let name = text.to_ascii_lowercase();
            let own = ["x-google-", "x-appengine-", "x-cloudscheduler"];
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
                && !matches!(name.as_str(), "host" | "user-agent" | "content-length")
                && !own.iter().any(|own| name.starts_with(own))
        },
    )
}

fn http_target() -> Attribute {
    let account = || {
        Attribute::string()
            .required()
            .validate(names::service_account())
            .describe("The account in whose name the token is made.")
    };
    let oauth = Attribute::object([
        ("service_account_email", account()),
        (
            "scope",
            Attribute::string()
                .default(SCOPE)
                .validate(names::web_address())
                .describe("What the token allows."),
        ),
    ]);
    let oidc = Attribute::object([
        ("service_account_email", account()),
        (
            "audience",
            Attribute::string()
                .optional_computed()
                .validate(validate::length(1..))
                .describe("Whom the token is for. Default: the address that is called."),
        ),
    ]);
    Attribute::object([
        (
            "uri",
            Attribute::string()
                .required()
                .validate(names::web_address())
                .describe("The address that is called."),
        ),
        (
            "http_method",
            Attribute::string()
                .default("POST")
                .validate(validate::one_of([
                    "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS",
                ]))
                .describe("The method."),
        ),
        (
            "headers",
            Attribute::map(Type::String)
                .optional()
                .validate(validate::keys(header()))
                .describe("Headers of the request. They are in the state: no place for secrets. With a body, Cloud Scheduler adds `Content-Type: application/octet-stream` unless another is set."),
        ),
        (
            "body",
            Attribute::string()
                .optional()
                .describe("The request's body, for `POST`, `PUT` and `PATCH`."),
        ),
        (
            "oauth_token",
            oauth
                .optional()
                .describe("The request carries an OAuth token: for Google's own APIs (`*.googleapis.com`)."),
        ),
        (
            "oidc_token",
            oidc.optional()
                .describe("The request carries an OpenID Connect token: for Cloud Run and everybody else."),
        ),
    ])
    .optional()
    .describe("The web address that is called.")
}

fn pubsub_target() -> Attribute {
    Attribute::object([
        (
            "topic",
            Attribute::string()
                .required()
                .validate(names::topic_id())
                .describe("The topic: the id of a `headwater_pubsub_topic`."),
        ),
        ("data", Attribute::string().optional().describe("The message's data.")),
        (
            "attributes",
            Attribute::map(Type::String)
                .optional()
                .describe("The message's attributes."),
        ),
    ])
    .optional()
    .describe("The topic that is published to.")
}
