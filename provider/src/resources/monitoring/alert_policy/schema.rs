//! The attributes of an alert policy.

use tfplugin_framework::{Attribute, Schema, Type, equal, validate};

use super::super::{assigned_name, filter, steps, user_labels};
use crate::durations;

/// <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner>
const ALIGNERS: [&str; 18] = [
    "ALIGN_DELTA",
    "ALIGN_RATE",
    "ALIGN_INTERPOLATE",
    "ALIGN_NEXT_OLDER",
    "ALIGN_MIN",
    "ALIGN_MAX",
    "ALIGN_MEAN",
    "ALIGN_COUNT",
    "ALIGN_SUM",
    "ALIGN_STDDEV",
    "ALIGN_COUNT_TRUE",
    "ALIGN_COUNT_FALSE",
    "ALIGN_FRACTION_TRUE",
    "ALIGN_PERCENTILE_99",
    "ALIGN_PERCENTILE_95",
    "ALIGN_PERCENTILE_50",
    "ALIGN_PERCENTILE_05",
    "ALIGN_PERCENT_CHANGE",
];

/// <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Reducer>
const REDUCERS: [&str; 13] = [
    "REDUCE_MEAN",
    "REDUCE_MIN",
    "REDUCE_MAX",
    "REDUCE_SUM",
    "REDUCE_STDDEV",
    "REDUCE_COUNT",
    "REDUCE_COUNT_TRUE",
    "REDUCE_COUNT_FALSE",
    "REDUCE_FRACTION_TRUE",
    "REDUCE_PERCENTILE_99",
    "REDUCE_PERCENTILE_95",
    "REDUCE_PERCENTILE_50",
    "REDUCE_PERCENTILE_05",
];

fn duration() -> Attribute {
    Attribute::string().equivalent(equal::duration)
}

fn series() -> (&'static str, Attribute) {
    (
        "filter",
        Attribute::string()
            .required()
            .validate(filter::of_series())
            .describe("Which time series, in the language of monitoring filters."),
    )
}

fn aggregation() -> [(&'static str, Attribute); 4] {
    [
        (
            "alignment_period",
            duration()
                .optional()
                .validate(durations::between("60s", "25h"))
                .describe("The period of which points are put together to one."),
        ),
        (
            "per_series_aligner",
            Attribute::string()
                .optional()
                .validate(validate::one_of(ALIGNERS))
                .describe("How they are put together."),
        ),
        (
            "cross_series_reducer",
            Attribute::string()
                .optional()
                .validate(validate::one_of(REDUCERS))
                .describe("How time series are put together to one. Without it, each is judged by itself."),
        ),
        (
            "group_by_fields",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::size(1..))
                .describe("Labels whose values keep time series apart, such as `resource.label.job_name`."),
        ),
    ]
}

fn threshold() -> Attribute {
    let own = [
        series(),
        (
            "comparison",
            Attribute::string()
                .default("COMPARISON_GT")
                .validate(validate::one_of(["COMPARISON_GT", "COMPARISON_LT"]))
                .describe("Whether above or below `value` is wrong."),
        ),
        (
            "value",
            Attribute::number().required().describe("What it is compared with."),
        ),
        (
            "duration",
            duration()
                .default("0s")
                .validate(steps(60, "0s", "23h30m"))
                .describe("How long it must be so."),
        ),
        (
            "evaluation_missing_data",
            Attribute::string()
                .optional()
                .validate(validate::one_of([
                    "EVALUATION_MISSING_DATA_INACTIVE",
                    "EVALUATION_MISSING_DATA_ACTIVE",
                    "EVALUATION_MISSING_DATA_NO_OP",
                ]))
                .describe("What is concluded when points stop: that all is well, that it is not, or nothing."),
        ),
    ];
    Attribute::object(own.into_iter().chain(aggregation()))
        .optional()
        .describe("Time series that are above or below a value.")
}

fn absence() -> Attribute {
    let own = [
        series(),
        (
            "duration",
            duration()
                .required()
                .validate(steps(60, "2m", "23h30m"))
                .describe("How long there must be no point. What never had one is not missed: for that, and for longer, take `promql`."),
        ),
    ];
    Attribute::object(own.into_iter().chain(aggregation()))
        .optional()
        .describe("Time series that had points and get none any more.")
}

fn promql() -> Attribute {
    Attribute::object([
        (
            "query",
            Attribute::string().required().validate(validate::length(1..)).describe(
                "The query in PromQL: each time series of its result is an alert. Metrics need not be there yet.",
            ),
        ),
        (
            "duration",
            duration()
                .default("0s")
                .validate(durations::between("0s", "8760h"))
                .describe("How long it must be so."),
        ),
        (
            "evaluation_interval",
            duration()
                .default("30s")
                .validate(steps(30, "30s", "24h"))
                .describe("How often it is asked."),
        ),
    ])
    .optional()
    .describe("A query of Prometheus whose result is not empty. It may look back as far as metrics are kept.")
}

fn log_match() -> Attribute {
    Attribute::object([
        (
            "filter",
            Attribute::string().required().validate(filter::of_logs()).describe("Which log entries, in the language of Cloud Logging."),
        ),
        (
            "label_extractors",
            Attribute::map(Type::String)
                .optional()
                .describe("What of an entry the notification says, by names of your own: `EXTRACT(FIELD)` or `REGEXP_EXTRACT(FIELD, REGEX)`. Entries with other values are other alerts."),
        ),
    ])
    .optional()
    .describe("Log entries, each of which is an alert. Then it is the only condition.")
}

pub(super) fn schema() -> Schema {
    let condition = [
        (
            "display_name",
            Attribute::string()
                .required()
                .validate(validate::length(1..=512))
                .describe("What the condition is called. One that keeps it keeps its open incidents."),
        ),
        ("threshold", threshold()),
        ("absence", absence()),
        ("promql", promql()),
        ("log_match", log_match()),
    ];
    Schema::new([
        (
            "display_name",
            Attribute::string().required().validate(validate::length(1..=512)).describe("What the policy is called, unique among those that Headwater makes in the project: by it an apply that was cut off finds what it made."),
        ),
        ("enabled", Attribute::bool().default(true).describe("Whether it is evaluated.")),
        (
            "severity",
            Attribute::string().optional().validate(validate::one_of(["CRITICAL", "ERROR", "WARNING"])).describe("How much its incidents matter."),
        ),
        (
            "combiner",
            Attribute::string().default("OR").validate(validate::one_of(["OR", "AND", "AND_WITH_MATCHING_RESOURCE"])).describe("Whether one condition is enough for an incident."),
        ),
        (
            "conditions",
            Attribute::list_of(condition).required().validate(validate::size(1..=6)).validate(validate::unique_by("display_name")).describe("What it watches for: one to six conditions, each of one kind."),
        ),
        (
            "documentation",
            Attribute::string().optional().validate(validate::length(1..=8192)).describe("What to do, in Markdown: part of each notification. `$${resource.label.NAME}` and other variables of Google's are filled in."),
        ),
        ("subject", Attribute::string().optional().validate(validate::length(1..=10_240)).describe("The notification's subject. Default: Google's.")),
        (
            "notification_channels",
            Attribute::set(Type::String).optional().validate(validate::each(super::super::channel::id())).describe("Who is told: ids of `headwater_monitoring_notification_channel`."),
        ),
        (
            "notification_period",
            duration().optional().validate(durations::between("1s", "8760h")).describe("With `log_match`, where it is required: not more than one notification in this time."),
        ),
        (
            "auto_close",
            duration().optional().validate(durations::between("30m", "168h")).describe("When incidents are closed that get no more points. Default: after 7 days."),
        ),
        ("user_labels", user_labels()),
        ("name", assigned_name()),
    ])
    .describe("A Cloud Monitoring alert policy: what is watched for, and who is told. On the local cloud it is kept and checked, not evaluated.")
}
