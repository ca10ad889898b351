//! Documents of scheduled jobs, there and back.

use serde_json::json;
use tfplugin_framework::{check_data_source, check_resource};

use super::model::{Oidc, Retries};
use super::*;
use crate::rest::{Lookup, Rest};

#[test]
fn the_schemas_are_sound() {
    assert_eq!(check_resource(&Rest(SchedulerJob)), Diagnostics::new());
    assert_eq!(check_data_source(&Lookup(SchedulerJob)), Diagnostics::new());
}

#[test]
fn what_google_fills_in_is_what_the_plan_says() {
    let document = json!({
        "name": "projects/p/locations/europe-west1/jobs/j",
        "schedule": "0 * * * *",
        "timeZone": "UTC",
        "state": "PAUSED",
        "attemptDeadline": "180s",
        "retryConfig": {"maxRetryDuration": "0s", "minBackoffDuration": "5s", "maxBackoffDuration": "3600s", "maxDoublings": 5},
        "httpTarget": {
            "uri": "https://run.example/x",
            "httpMethod": "POST",
            "headers": {"User-Agent": "Google-Cloud-Scheduler", "Content-Type": "application/octet-stream", "X-Team": "crm"},
            "body": "e30=",
            "oidcToken": {"serviceAccountEmail": "a@b.c", "audience": "https://run.example/x"},
        },
    });
    let job = Job::default().read(&document);
    assert_eq!(
        (&job.attempt_deadline, &job.retry_config),
        (&"180s".into(), &Retries::default().into())
    );
    assert_eq!(job.paused, true.into());
    let said = job.document();
    assert_eq!(said["httpTarget"]["headers"], json!({"X-Team": "crm"}));
    assert_eq!(said["httpTarget"]["oidcToken"]["audience"], "https://run.example/x");
    assert_eq!(said["httpTarget"]["body"], "e30=");
    assert_eq!(job.read(&said).http_target, job.http_target);
    let other = json!({"schedule": "0 * * * *", "attemptDeadline": "60s", "retryConfig": {"retryCount": 3}, "httpTarget": {"uri": "u"}});
    let job = Job::default().read(&other);
    assert_eq!(job.attempt_deadline, "60s".into());
    assert_eq!(job.document()["retryConfig"]["retryCount"], 3);
    assert_eq!(job.document()["retryConfig"]["maxDoublings"], 5);
}

#[test]
fn a_token_is_for_the_address_unless_said_otherwise() {
    let token = |audience: Attr<String>| HttpTarget {
        uri: "https://run.example/x".into(),
        oidc_token: Attr::Known(Oidc {
            service_account_email: "a@b.c".into(),
            audience,
        }),
        ..HttpTarget::default()
    };
    for (said, planned) in [
        (Attr::Null, "https://run.example/x".into()),
        ("other".into(), "other".into()),
        (Attr::Unknown, Attr::Unknown),
    ] {
        let config = token(said.clone());
        let mut target = config.clone();
        target.plan(&config);
        assert_eq!(target, token(planned), "{said:?}");
    }
}

#[test]
fn a_message_is_there_and_back() {
    let target = json!({"topicName": "projects/p/topics/t", "data": "Z28=", "attributes": {"a": "b"}});
    let job = Job::default().read(&json!({"schedule": "0 * * * *", "pubsubTarget": target}));
    assert_eq!(job.document()["pubsubTarget"], target);
    assert_eq!(job.document()["attemptDeadline"], Json::Null, "a topic answers at once");
    assert_eq!(
        job.pubsub_target.known().and_then(|target| target.data.as_deref()),
        Some("go")
    );
}
