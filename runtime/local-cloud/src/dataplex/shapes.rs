//! What a data scan's messages may hold.

use crate::http::message::{Fields, Shape};

pub(super) const SCAN: &Fields = &[
    ("name", Shape::Output),
    ("uid", Shape::Output),
    ("description", Shape::Text),
    ("displayName", Shape::Text),
    ("labels", Shape::Texts),
    ("state", Shape::Output),
    ("createTime", Shape::Output),
    ("updateTime", Shape::Output),
    (
        "data",
        Shape::Message(&[("entity", Shape::Text), ("resource", Shape::Text)]),
    ),
    (
        "executionSpec",
        Shape::Message(&[
            (
                "trigger",
                Shape::Message(&[
                    ("onDemand", Shape::Message(&[])),
                    ("schedule", Shape::Message(&[("cron", Shape::Text)])),
                    ("oneTime", Shape::Unserved),
                ]),
            ),
            ("field", Shape::Text),
        ]),
    ),
    (
        "executionIdentity",
        Shape::Message(&[
            ("dataplexServiceAgent", Shape::Message(&[])),
            ("serviceAccount", Shape::Message(&[("email", Shape::Text)])),
            ("userCredential", Shape::Unserved),
        ]),
    ),
    ("executionStatus", Shape::Output),
    ("type", Shape::Output),
    ("dataQualitySpec", Shape::Message(QUALITY)),
    ("dataProfileSpec", Shape::Message(PROFILE)),
    ("dataDiscoverySpec", Shape::Unserved),
    ("dataDocumentationSpec", Shape::Unserved),
    ("dataQualityResult", Shape::Output),
    ("dataProfileResult", Shape::Output),
    ("dataDiscoveryResult", Shape::Output),
    ("dataDocumentationResult", Shape::Output),
];

const EXPORT: &Fields = &[("resultsTable", Shape::Text)];

const QUALITY: &Fields = &[
    ("rules", Shape::List(&Shape::Message(RULE))),
    ("samplingPercent", Shape::Float),
    ("rowFilter", Shape::Text),
    ("filter", Shape::Text),
    ("catalogPublishingEnabled", Shape::Bool),
    ("enableCatalogBasedRules", Shape::Unserved),
    (
        "postScanActions",
        Shape::Message(&[
            ("bigqueryExport", Shape::Message(EXPORT)),
            (
                "notificationReport",
                Shape::Message(&[
                    ("recipients", Shape::Message(&[("emails", Shape::List(&Shape::Text))])),
                    (
                        "scoreThresholdTrigger",
                        Shape::Message(&[("scoreThreshold", Shape::Float)]),
                    ),
                    ("jobFailureTrigger", Shape::Message(&[])),
                    ("jobEndTrigger", Shape::Message(&[])),
                ]),
            ),
        ]),
    ),
];

const PROFILE: &Fields = &[
    ("samplingPercent", Shape::Float),
    ("rowFilter", Shape::Text),
    ("catalogPublishingEnabled", Shape::Bool),
    ("mode", Shape::Enum(&["MODE_UNSPECIFIED", "STANDARD", "LIGHTWEIGHT"])),
    ("includeFields", Shape::Message(SELECTED)),
    ("excludeFields", Shape::Message(SELECTED)),
    (
        "postScanActions",
        Shape::Message(&[("bigqueryExport", Shape::Message(EXPORT))]),
    ),
];

const SELECTED: &Fields = &[("fieldNames", Shape::List(&Shape::Text))];

const RULE: &Fields = &[
    (
        "rangeExpectation",
        Shape::Message(&[
            ("minValue", Shape::Text),
            ("maxValue", Shape::Text),
            ("strictMinEnabled", Shape::Bool),
            ("strictMaxEnabled", Shape::Bool),
        ]),
    ),
    ("nonNullExpectation", Shape::Message(&[])),
    (
        "setExpectation",
        Shape::Message(&[("values", Shape::List(&Shape::Text))]),
    ),
    ("regexExpectation", Shape::Message(&[("regex", Shape::Text)])),
    ("uniquenessExpectation", Shape::Message(&[])),
    (
        "statisticRangeExpectation",
        Shape::Message(&[
            ("statistic", Shape::Enum(&["STATISTIC_UNDEFINED", "MEAN", "MIN", "MAX"])),
            ("minValue", Shape::Text),
            ("maxValue", Shape::Text),
            ("strictMinEnabled", Shape::Bool),
            ("strictMaxEnabled", Shape::Bool),
        ]),
    ),
    (
        "rowConditionExpectation",
        Shape::Message(&[("sqlExpression", Shape::Text)]),
    ),
    (
        "tableConditionExpectation",
        Shape::Message(&[("sqlExpression", Shape::Text)]),
    ),
    ("sqlAssertion", Shape::Message(&[("sqlStatement", Shape::Text)])),
    ("templateReference", Shape::Unserved),
    ("column", Shape::Text),
    ("ignoreNull", Shape::Bool),
    ("dimension", Shape::Text),
    ("threshold", Shape::Float),
    ("name", Shape::Text),
    ("description", Shape::Text),
    ("suspended", Shape::Bool),
    ("attributes", Shape::Texts),
    (
        "debugQueries",
        Shape::List(&Shape::Message(&[
            ("description", Shape::Text),
            ("sqlStatement", Shape::Text),
        ])),
    ),
    ("ruleSource", Shape::Output),
];
