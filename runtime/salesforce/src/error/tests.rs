//! Answers as strings, and what they mean.

use super::*;

#[test]
fn answers_are_read_and_classified() {
    let cases: &[(u16, &str, &str, Kind, Retry)] = &[
        (
            401,
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
            "INVALID_SESSION_ID",
            Kind::Session,
            Retry::Session,
        ),
        (
            403,
            r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
            "REQUEST_LIMIT_EXCEEDED",
            Kind::Limit,
            Retry::Limit,
        ),
        (
            403,
            r#"[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
            "REQUEST_LIMIT_EXCEEDED",
            Kind::Throttled,
            Retry::Transient,
        ),
        (
            400,
            r#"[{"message":"unexpected token: 'FORM'","errorCode":"MALFORMED_QUERY"}]"#,
            "MALFORMED_QUERY",
            Kind::MalformedQuery,
            Retry::Fatal,
        ),
        (
            400,
            r#"[{"message":"No such column 'X'","errorCode":"INVALID_FIELD","fields":[]}]"#,
            "INVALID_FIELD",
            Kind::Field,
            Retry::Fatal,
        ),
        (
            400,
            r#"[{"message":"sObject type 'Acount' is not supported.","errorCode":"INVALID_TYPE"}]"#,
            "INVALID_TYPE",
            Kind::Object,
            Retry::Fatal,
        ),
        (
            403,
            r#"[{"message":"no","errorCode":"INSUFFICIENT_ACCESS"}]"#,
            "INSUFFICIENT_ACCESS",
            Kind::Access,
            Retry::Fatal,
        ),
        (
            403,
            r#"[{"message":"no","errorCode":"API_DISABLED_FOR_ORG"}]"#,
            "API_DISABLED_FOR_ORG",
            Kind::Disabled,
            Retry::Fatal,
        ),
        (
            403,
            r#"[{"message":"no","errorCode":"FEATURE_NOT_ENABLED"}]"#,
            "FEATURE_NOT_ENABLED",
            Kind::Disabled,
            Retry::Fatal,
        ),
        (
            400,
            r#"[{"message":"slow","errorCode":"QUERY_TIMEOUT"}]"#,
            "QUERY_TIMEOUT",
            Kind::QueryTimeout,
            Retry::Transient,
        ),
        (
            400,
            r#"[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]"#,
            "INVALID_QUERY_LOCATOR",
            Kind::Cursor,
            Retry::Restart,
        ),
        (
            503,
            r#"[{"message":"down","errorCode":"SERVER_UNAVAILABLE"}]"#,
            "SERVER_UNAVAILABLE",
            Kind::Unavailable,
            Retry::Transient,
        ),
        (
            500,
            r#"[{"message":"row","errorCode":"UNABLE_TO_LOCK_ROW"}]"#,
            "UNABLE_TO_LOCK_ROW",
            Kind::Unavailable,
            Retry::Transient,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#,
            "invalid_grant",
            Kind::Auth,
            Retry::Fatal,
        ),
        (
            400,
            r#"[{"errorCode":"INVALIDENTITY","message":"Entity 'X' is not supported by the Bulk API."}]"#,
            "INVALIDENTITY",
            Kind::BulkUnsupported,
            Retry::Fatal,
        ),
        (
            404,
            r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#,
            "NOT_FOUND",
            Kind::NotFound,
            Retry::Fatal,
        ),
        (
            502,
            "<html>\n<body>bad gateway",
            "HTTP_502",
            Kind::Unavailable,
            Retry::Transient,
        ),
        (429, "", "HTTP_429", Kind::Throttled, Retry::Transient),
        (414, "", "HTTP_414", Kind::TooLong, Retry::Fatal),
        (400, "[]", "HTTP_400", Kind::Unknown, Retry::Fatal),
        (400, "{\"a\":", "HTTP_400", Kind::Unknown, Retry::Fatal),
    ];
    for (status, body, code, kind, retry) in cases {
        let error = Error::from_answer("GET /x", *status, body.as_bytes());
        let Error::Api { code: got, .. } = &error else {
            panic!("{body}")
        };
        assert_eq!(
            (got.as_str(), error.kind(), error.retry()),
            (*code, *kind, *retry),
            "{body}"
        );
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn several_messages_are_joined_and_long_ones_shortened() {
    let body = r#"[{"message":"one","errorCode":"INVALID_FIELD"},{"message":"two","errorCode":"INVALID_FIELD"}]"#;
    assert_eq!(
        Error::from_answer("GET /x", 400, body.as_bytes()).message(),
        Some("one; two")
    );
    let body = format!(r#"[{{"message":"{}","errorCode":"X"}}]"#, "ä".repeat(5000));
    let error = Error::from_answer("GET /x", 400, body.as_bytes());
    assert_eq!(error.message().map(|m| m.chars().count()), Some(2001));
}

#[test]
fn failed_jobs() {
    let cases = [
        ("InvalidBatch : Field name not found : Nope__c", Kind::Field),
        (
            "InvalidEntity : Entity 'X' is not supported by the Bulk API.",
            Kind::BulkUnsupported,
        ),
        ("QUERY_TIMEOUT: slow", Kind::QueryTimeout),
        ("The API retried more than 15 times", Kind::QueryTimeout),
        ("something new", Kind::Unknown),
    ];
    for (message, kind) in cases {
        assert_eq!(classify_job(message), kind, "{message}");
    }
}
