//! What policies and channels may hold.

use crate::http::message::{Fields, Shape};

pub(super) const POLICY: &Fields = &[
    ("name", Shape::Output),
    ("displayName", Shape::Text),
    (
        "documentation",
        Shape::Message(&[
            ("content", Shape::Text),
            ("mimeType", Shape::Text),
            ("subject", Shape::Text),
            (
                "links",
                Shape::List(&Shape::Message(&[("displayName", Shape::Text), ("url", Shape::Text)])),
            ),
        ]),
    ),
    ("userLabels", Shape::Texts),
    ("conditions", Shape::List(&Shape::Message(CONDITION))),
    (
        "combiner",
        Shape::Enum(&["COMBINE_UNSPECIFIED", "AND", "OR", "AND_WITH_MATCHING_RESOURCE"]),
    ),
    ("enabled", Shape::Bool),
    ("validity", Shape::Output),
    ("notificationChannels", Shape::List(&Shape::Text)),
    ("creationRecord", Shape::Output),
    ("mutationRecord", Shape::Output),
    (
        "alertStrategy",
        Shape::Message(&[
            ("notificationRateLimit", Shape::Message(&[("period", Shape::Text)])),
            ("autoClose", Shape::Text),
            ("notificationPrompts", Shape::Unserved),
            ("notificationChannelStrategy", Shape::Unserved),
        ]),
    ),
    (
        "severity",
        Shape::Enum(&["SEVERITY_UNSPECIFIED", "CRITICAL", "ERROR", "WARNING"]),
    ),
];

const CONDITION: &Fields = &[
    ("name", Shape::Text),
    ("displayName", Shape::Text),
    (
        "conditionThreshold",
        Shape::Message(&[
            ("filter", Shape::Text),
            ("aggregations", Shape::List(&Shape::Message(AGGREGATION))),
            ("denominatorFilter", Shape::Unserved),
            ("denominatorAggregations", Shape::Unserved),
            ("forecastOptions", Shape::Unserved),
            (
                "comparison",
                Shape::Enum(&[
                    "COMPARISON_UNSPECIFIED",
                    "COMPARISON_GT",
                    "COMPARISON_GE",
                    "COMPARISON_LT",
                    "COMPARISON_LE",
                    "COMPARISON_EQ",
                    "COMPARISON_NE",
                ]),
            ),
            ("thresholdValue", Shape::Float),
            ("duration", Shape::Text),
            ("trigger", Shape::Message(TRIGGER)),
            (
                "evaluationMissingData",
                Shape::Enum(&[
                    "EVALUATION_MISSING_DATA_UNSPECIFIED",
                    "EVALUATION_MISSING_DATA_INACTIVE",
                    "EVALUATION_MISSING_DATA_ACTIVE",
                    "EVALUATION_MISSING_DATA_NO_OP",
                ]),
            ),
        ]),
    ),
    (
        "conditionAbsent",
        Shape::Message(&[
            ("filter", Shape::Text),
            ("aggregations", Shape::List(&Shape::Message(AGGREGATION))),
            ("duration", Shape::Text),
            ("trigger", Shape::Message(TRIGGER)),
        ]),
    ),
    (
        "conditionMatchedLog",
        Shape::Message(&[("filter", Shape::Text), ("labelExtractors", Shape::Texts)]),
    ),
    (
        "conditionPrometheusQueryLanguage",
        Shape::Message(&[
            ("query", Shape::Text),
            ("duration", Shape::Text),
            ("evaluationInterval", Shape::Text),
            ("labels", Shape::Texts),
            ("ruleGroup", Shape::Text),
            ("alertRule", Shape::Text),
            ("disableMetricValidation", Shape::Bool),
        ]),
    ),
    ("conditionMonitoringQueryLanguage", Shape::Unserved),
    ("conditionSql", Shape::Unserved),
];

const TRIGGER: &Fields = &[("count", Shape::Int), ("percent", Shape::Float)];

const AGGREGATION: &Fields = &[
    ("alignmentPeriod", Shape::Text),
    (
        "perSeriesAligner",
        Shape::Enum(&[
            "ALIGN_NONE",
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
        ]),
    ),
    (
        "crossSeriesReducer",
        Shape::Enum(&[
            "REDUCE_NONE",
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
        ]),
    ),
    ("groupByFields", Shape::List(&Shape::Text)),
];

pub(super) const CHANNEL: &Fields = &[
    ("name", Shape::Output),
    ("type", Shape::Text),
    ("displayName", Shape::Text),
    ("description", Shape::Text),
    ("labels", Shape::Texts),
    ("userLabels", Shape::Texts),
    ("enabled", Shape::Bool),
    ("verificationStatus", Shape::Output),
    ("creationRecord", Shape::Output),
    ("mutationRecords", Shape::Output),
];
