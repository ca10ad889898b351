//! Single calls: sessions, repeats, limits, queries.

use headwater_salesforce::{Client, Error, Kind, QueryOptions, Retry, Secret, Selection, Soql, columns};
use headwater_spec::{SalesforceAuth, SecretRef};

use crate::org::{Org, SECRET, answer, error, options};

const LIMITS: &str = "GET /services/data/v66.0/limits";

#[tokio::test]
async fn the_flow_is_spoken_and_the_budget_is_noted() {
    let org = Org::start().await;
    org.on(
        LIMITS,
        [answer(200, r#"{"DailyApiRequests":{"Max":100,"Remaining":60}}"#)
            .header("sforce-limit-info", "api-usage=40/100")],
    );
    let client = org.client().await;
    assert_eq!(client.api_usage(), None);
    let limits = client.limits().await.unwrap();
    assert_eq!(limits.daily_api_requests(), client.api_usage());
    assert_eq!(
        (
            client.api_usage().map(headwater_salesforce::ApiUsage::percent),
            client.calls()
        ),
        (Some(40), 1)
    );
    assert_eq!(
        org.bodies()[0],
        format!("grant_type=client_credentials&client_id=the-client&client_secret={SECRET}")
    );
    assert_eq!(
        org.requests("limits"),
        ["GET /services/data/v66.0/limits Bearer token-1"]
    );
}

#[tokio::test]
async fn the_jwt_flow_sends_an_assertion() {
    let org = Org::start().await;
    let mut connection = org.connection();
    connection.auth = SalesforceAuth::JwtBearer {
        client_id: "the-client".into(),
        username: "user@example.com".into(),
        private_key: SecretRef("projects/p/secrets/s/versions/1".into()),
    };
    let key = include_str!("../data/test-only.pkcs8.pem");
    Client::connect(&connection, Secret::new(key.into()), options())
        .await
        .unwrap();
    let body = org.bodies().remove(0);
    assert!(
        body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ"),
        "{body}"
    );
}

#[tokio::test]
async fn an_expired_session_is_renewed_once_by_all_who_find_it_expired() {
    let org = Org::start().await;
    // Whoever comes first and second is refused; those that repeat are not.
    org.on(
        LIMITS,
        [
            error(401, "INVALID_SESSION_ID"),
            error(401, "INVALID_SESSION_ID"),
            answer(200, "{}"),
        ],
    );
    let client = org.client().await;
    let (a, b) = tokio::join!(client.limits(), client.limits());
    assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    let logins = org.requests("oauth2").len();
    assert!((2..=3).contains(&logins), "{logins}");
    // A caller that holds the old session after the renewal does not renew again: three calls later there is no new login.
    client.limits().await.unwrap();
    assert_eq!(org.requests("oauth2").len(), logins);

    org.on(LIMITS, [error(401, "INVALID_SESSION_ID")]);
    let refused = client.limits().await.unwrap_err();
    assert_eq!((refused.kind(), refused.retry()), (Kind::Session, Retry::Session));
    assert_eq!(org.requests("oauth2").len(), logins + 1);
}

#[tokio::test]
async fn what_is_repeated_and_what_is_not() {
    let ok = || answer(200, "{}");
    let cases = [
        (
            "down",
            vec![error(503, "SERVER_UNAVAILABLE"), error(500, "UNABLE_TO_LOCK_ROW"), ok()],
            Ok(3),
        ),
        (
            "a proxy's page",
            vec![answer(502, "<html>bad gateway</html>"), ok()],
            Ok(2),
        ),
        ("cut", vec![answer(200, "{").cut(), ok()], Ok(2)),
        (
            "throttled",
            vec![answer(429, "").header("retry-after", "0"), ok()],
            Ok(2),
        ),
        (
            "down for long",
            vec![error(503, "SERVER_UNAVAILABLE")],
            Err((Kind::Unavailable, 5)),
        ),
        (
            "asked to wait too long",
            vec![error(503, "SERVER_UNAVAILABLE").header("retry-after", "3600"), ok()],
            Err((Kind::Unavailable, 1)),
        ),
        (
            "the day's limit",
            vec![error(403, "REQUEST_LIMIT_EXCEEDED"), ok()],
            Err((Kind::Limit, 1)),
        ),
        (
            "forbidden",
            vec![error(403, "INSUFFICIENT_ACCESS"), ok()],
            Err((Kind::Access, 1)),
        ),
        ("not JSON", vec![answer(200, "<html>")], Err((Kind::Unknown, 1))),
    ];
    for (name, script, expected) in cases {
        let org = Org::start().await;
        org.on(LIMITS, script);
        let outcome = org.client().await.limits().await;
        let calls = org.requests("limits").len();
        assert_eq!(
            outcome.map(|_| calls).map_err(|e| (e.kind(), calls)),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_org_that_is_not_there_is_a_network_error() {
    let org = Org::start().await;
    let mut connection = org.connection();
    connection.login_url = "http://127.0.0.1:9".into();
    let refused = Client::connect(&connection, Secret::new(SECRET.into()), options())
        .await
        .unwrap_err();
    assert_eq!((refused.kind(), refused.retry()), (Kind::Network, Retry::Transient));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let org = Org::start().await;
    for (login_url, api_version, expected) in [
        ("acme.my.salesforce.com", "66.0", "login_url is not a URL"),
        ("ftp://acme", "66.0", "login_url is not a URL"),
        (org.url.as_str(), "latest", "api_version is not a version"),
    ] {
        let mut connection = org.connection();
        (connection.login_url, connection.api_version) = (login_url.into(), api_version.into());
        let refused = Client::connect(&connection, Secret::new(SECRET.into()), options())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        assert_eq!(refused.kind(), Kind::Config);
    }
    assert_eq!(org.bodies().len(), 0);
}

/// Everything that an error can show, causes included.
fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {}", error.hint());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn neither_secret_nor_token_appears_in_errors() {
    let login = "POST /services/oauth2/token";
    let echo = format!(r#"{{"error":"invalid_client","error_description":"client_secret={SECRET} is wrong"}}"#);
    for script in [
        answer(400, echo),
        answer(401, ""),
        answer(200, r#"{"access_token":"token-9"}"#),
        answer(200, r#"{"access_token":"token-9","instance_url":"nowhere"}"#),
        answer(302, "").header("location", "https://elsewhere/"),
        answer(200, r#"{"access_token":"token-9"#).cut(),
    ] {
        let org = Org::start().await;
        org.on(login, [script]);
        let refused = Client::connect(&org.connection(), Secret::new(SECRET.into()), options())
            .await
            .unwrap_err();
        let text = everything(&refused);
        assert!(!text.contains(SECRET) && !text.contains("token-9"), "{text}");
    }
    let org = Org::start().await;
    let client = org.client().await;
    for script in [
        error(404, "NOT_FOUND"),
        error(401, "INVALID_SESSION_ID"),
        answer(200, "{").cut(),
        answer(200, "x"),
    ] {
        org.on(LIMITS, [script]);
        let text = everything(&client.limits().await.unwrap_err());
        assert!(!text.contains("token-") && !text.contains(SECRET), "{text}");
    }
    assert!(!format!("{client:?}").contains(SECRET));
}

const DESCRIBE: &str = r#"{"name":"Account","queryable":true,"fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},
    {"name":"Amount","type":"currency","precision":18,"scale":2},{"name":"SystemModstamp","type":"datetime","filterable":true}]}"#;

#[tokio::test]
async fn objects_are_described() {
    let org = Org::start().await;
    org.on(
        "GET /services/data/v66.0/sobjects",
        [answer(
            200,
            r#"{"encoding":"UTF-8","sobjects":[{"name":"Account","queryable":true}]}"#,
        )],
    );
    org.on(
        "GET /services/data/v66.0/sobjects/Account/describe",
        [answer(200, DESCRIBE)],
    );
    let client = org.client().await;
    assert_eq!(client.describe_global().await.unwrap().objects[0].name, "Account");
    let account = client.describe("Account").await.unwrap();
    let columns = columns(&account, &Selection::default()).unwrap();
    assert_eq!(
        Soql::select("Account", &columns).build().unwrap(),
        "SELECT Id, Name, Amount, SystemModstamp FROM Account"
    );
    assert_eq!(client.describe("Acount").await.unwrap_err().kind(), Kind::NotFound);
    let calls = client.calls();
    assert_eq!(client.describe("../limits").await.unwrap_err().kind(), Kind::Object);
    assert_eq!(client.calls(), calls, "nothing was sent for a name that is none");
}

#[tokio::test]
async fn a_query_is_walked_page_by_page() {
    let org = Org::start().await;
    org.on(
        "GET /services/data/v66.0/sobjects/Account/describe",
        [answer(200, DESCRIBE)],
    );
    let first = r#"{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-2","records":[
        {"attributes":{},"Id":"1","Name":"a","Amount":0.1,"SystemModstamp":"2026-01-01T00:00:00.000+0000"},{"Id":"2"}]}"#;
    let second = r#"{"totalSize":3,"done":true,"records":[{"Id":"3"}]}"#;
    org.on("GET /services/data/v66.0/queryAll", [answer(200, first)]);
    org.on(
        "GET /services/data/v66.0/query/01g-2",
        [answer(200, &second[..20]).cut(), answer(200, second)],
    );
    let client = org.client().await;
    let columns = columns(&client.describe("Account").await.unwrap(), &Selection::default()).unwrap();
    let soql = Soql::select("Account", &columns).build().unwrap();
    let options = QueryOptions {
        include_deleted: true,
        batch_size: Some(200),
    };
    let mut pages = client.query(soql.clone(), columns.clone().into(), options);
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        rows.push(page.batch.map(|b| b.num_rows()));
        assert_eq!(page.total, 3);
    }
    assert_eq!(rows, [Some(2), Some(1)]);
    assert_eq!(org.requests("01g-2").len(), 2);

    org.on(
        "GET /services/data/v66.0/query/01g-2",
        [error(400, "INVALID_QUERY_LOCATOR")],
    );
    let mut pages = client.query(soql, columns.into(), options);
    assert!(pages.next().await.unwrap().is_some());
    assert_eq!(pages.next().await.unwrap_err().retry(), Retry::Restart);
    assert!(pages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_query_too_long_for_a_url_travels_in_a_body() {
    let org = Org::start().await;
    let wrapped = |status: u16, body: &str| {
        answer(
            200,
            format!(
                r#"{{"compositeResponse":[{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"query"}}]}}"#
            ),
        )
    };
    org.on(
        "POST /services/data/v66.0/composite",
        [
            wrapped(200, r#"{"totalSize":42,"done":true,"records":[]}"#),
            wrapped(400, r#"[{"message":"unexpected token","errorCode":"MALFORMED_QUERY"}]"#),
        ],
    );
    let client = org.client().await;
    let condition = format!("Name IN ('{}')", "x','".repeat(5000));
    let count = Soql::count("Account").condition(Some(&condition));
    assert_eq!(client.count(&count, false).await.unwrap(), 42);
    assert_eq!(
        client.count(&count, false).await.unwrap_err().kind(),
        Kind::MalformedQuery
    );
    // Counting is not tried again when it takes Salesforce too long.
    org.on(
        "GET /services/data/v66.0/query",
        [error(400, "QUERY_TIMEOUT"), answer(200, r#"{"totalSize":1}"#)],
    );
    assert_eq!(
        client.count(&Soql::count("Account"), false).await.unwrap_err().kind(),
        Kind::QueryTimeout
    );
    assert!(
        org.bodies()
            .iter()
            .any(|b| b.contains(r#""url":"/services/data/v66.0/query?q=SELECT+COUNT"#))
    );
}

#[tokio::test]
async fn conditions_are_checked_by_the_org() {
    let org = Org::start().await;
    org.on(
        "GET /services/data/v66.0/query",
        [
            answer(200, r#"{"totalSize":0,"done":true,"records":[]}"#),
            error(400, "INVALID_FIELD"),
        ],
    );
    let client = org.client().await;
    client.validate_where("Account", "Name = 'a b'").await.unwrap();
    assert_eq!(
        org.requests("query").last().map(String::as_str),
        Some(
            "GET /services/data/v66.0/query?q=SELECT+Id+FROM+Account+WHERE+%28Name+%3D+%27a+b%27%29+LIMIT+1 Bearer token-1"
        )
    );
    let refused = client.validate_where("Account", "Nmae = 'a'").await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.message()),
        (Kind::Field, Some("the message of INVALID_FIELD"))
    );
    assert_eq!(
        client
            .validate_where("Account", "A = 1) OR (B = 2")
            .await
            .unwrap_err()
            .kind(),
        Kind::MalformedQuery
    );
    assert_eq!(org.requests("query").len(), 2);
}

#[tokio::test]
async fn the_clock_is_salesforces() {
    let org = Org::start().await;
    org.on(
        "GET /services/data",
        [answer(200, "[]").header("date", "Mon, 23 Nov 2026 10:00:07 GMT")],
    );
    assert_eq!(
        org.client().await.server_time().await.unwrap().to_rfc3339(),
        "2026-11-23T10:00:07+00:00"
    );
}
