//! IAM Service Account Credentials: access tokens of service accounts. Everybody may act as everybody here.
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>

use chrono::{TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::{iam, tokens};

/// What an organisation policy may allow; without it an hour is the most.
const LONGEST_SECONDS: i64 = 43_200;
const DEFAULT_SECONDS: i64 = 3600;

pub(crate) fn methods() -> Vec<Method> {
    vec![method(
        "iamcredentials.projects.serviceAccounts.generateAccessToken",
        "POST",
        "/v1/projects/{project}/serviceAccounts/{account}:generateAccessToken",
        generate,
    )]
}

async fn generate(mut call: Call) -> Answer {
    let body = call.json().await?;
    if call.param("project") != "-" {
        return Err(ApiError::invalid(
            "The resource name must have the form projects/-/serviceAccounts/{account}.",
        ));
    }
    let scopes = body.get("scope").and_then(Value::as_array);
    if !scopes.is_some_and(|scopes| {
        !scopes.is_empty() && scopes.iter().all(|scope| scope.as_str().is_some_and(|s| !s.is_empty()))
    }) {
        return Err(ApiError::invalid("Scope required."));
    }
    let seconds = lifetime(&body)?;
    let expires = Utc::now() + TimeDelta::seconds(seconds);
    let email = iam::address(&call.cloud.store.snapshot()?, call.param("account"))?;
    ok(&json!({ "accessToken": tokens::issue(email.as_deref()), "expireTime": stamp(expires) }))
}

/// A protobuf duration in JSON: `3600s`.
fn lifetime(body: &Map<String, Value>) -> Result<i64, ApiError> {
    let Some(given) = body.get("lifetime") else {
        return Ok(DEFAULT_SECONDS);
    };
    given
        .as_str()
        .and_then(|text| text.strip_suffix('s')?.parse().ok())
        .filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds))
        .ok_or_else(|| {
            ApiError::invalid(format!(
                "Invalid lifetime {given}: it must be a number of seconds such as \"3600s\", at most {LONGEST_SECONDS}."
            ))
        })
}
