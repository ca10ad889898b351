//! What surrounds the services: tokens, the metadata server, enabled APIs. All is granted, all is enabled; it
//! exists so that clients which insist on asking get an answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, json_response, ok};
use crate::http::call::{Call, Query, parse_object};
use crate::http::route::{Method, method};
use crate::tokens;

const TOKEN_SECONDS: u64 = 3599;
const METADATA: &str = "/computeMetadata/v1";

pub(crate) fn methods() -> Vec<Method> {
    vec![
        method("oauth2.token", "POST", "/token", token),
        method("oauth2.token", "POST", "/oauth2/v3/token", token),
        method("oauth2.token", "POST", "/oauth2/v4/token", token),
        method("metadata.root", "GET", "/computeMetadata", |_| {
            metadata_text(METADATA.to_owned())
        }),
        method(
            "metadata.project.id",
            "GET",
            "/computeMetadata/v1/project/project-id",
            |call| metadata_text(call.cloud.project.clone()),
        ),
        method(
            "metadata.project.number",
            "GET",
            "/computeMetadata/v1/project/numeric-project-id",
            |call| metadata_text(Cloud::project_number(&call.cloud.project).to_string()),
        ),
        method(
            "metadata.region",
            "GET",
            "/computeMetadata/v1/instance/region",
            |call| {
                let number = Cloud::project_number(&call.cloud.project);
                metadata_text(format!("projects/{number}/regions/{}", call.cloud.region))
            },
        ),
        method(
            "metadata.email",
            "GET",
            "/computeMetadata/v1/instance/service-accounts/{account}/email",
            |call| metadata_text(default_account(&call.cloud.project)),
        ),
        method(
            "metadata.token",
            "GET",
            "/computeMetadata/v1/instance/service-accounts/{account}/token",
            metadata_token,
        ),
        method(
            "serviceusage.services.get",
            "GET",
            "/v1/projects/{project}/services/{service}",
            service,
        ),
        method(
            "serviceusage.services.enable",
            "POST",
            "/v1/projects/{project}/services/{service}:enable",
            enable,
        ),
        method(
            "serviceusage.services.batchEnable",
            "POST",
            "/v1/projects/{project}/services:batchEnable",
            enable,
        ),
    ]
}

/// The account that work runs as when none is named.
pub(crate) fn default_account(project: &str) -> String {
    format!(
        "{}-compute@developer.gserviceaccount.com",
        Cloud::project_number(project)
    )
}

fn access_token(email: Option<&str>) -> Value {
    json!({ "access_token": tokens::issue(email), "expires_in": TOKEN_SECONDS, "token_type": "Bearer" })
}

async fn metadata_text(text: String) -> Answer {
    metadata(axum::response::Response::new(text.into()))
}

fn metadata(mut response: axum::response::Response) -> Answer {
    response
        .headers_mut()
        .insert("metadata-flavor", http::HeaderValue::from_static("Google"));
    Ok(response)
}

async fn metadata_token(call: Call) -> Answer {
    let account = match call.param("account") {
        "default" => default_account(&call.cloud.project),
        named => named.to_owned(),
    };
    metadata(json_response(&access_token(Some(&account))))
}

/// <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>. Signatures are not checked: there is
/// nobody here to keep out.
async fn token(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let json = call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    let fields = if json {
        parse_object(&body)?
    } else {
        let form = Query::parse(&String::from_utf8_lossy(&body));
        let names = [
            "grant_type",
            "assertion",
            "refresh_token",
            "client_id",
            "scope",
            "target_audience",
        ];
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), json!(form.get(name)?))))
            .collect()
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match text("grant_type") {
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
            let claims = text("assertion").and_then(tokens::claims);
            let Some(claims) = claims else {
                return refused("invalid_grant", "Invalid JWT: it has no readable claims.");
            };
            if let Some(audience) = claims.get("target_audience").and_then(Value::as_str) {
                return ok(&json!({ "id_token": id_token(audience, &claims) }));
            }
            if claims.get("iss").and_then(Value::as_str).is_none() {
                return refused("invalid_grant", "Invalid JWT: the claim iss is missing.");
            }
            ok(&access_token(tokens::subject(&claims).as_deref()))
        }
        Some("refresh_token") if text("refresh_token").is_some() => ok(&access_token(None)),
        Some("refresh_token") => refused("invalid_request", "Missing required parameter: refresh_token"),
        Some(other) => refused("unsupported_grant_type", &format!("Invalid grant_type: {other}")),
        None => refused("invalid_request", "Missing required parameter: grant_type"),
    }
}

fn id_token(audience: &str, claims: &Map<String, Value>) -> String {
    let now = chrono::Utc::now().timestamp();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({ "alg": "none", "typ": "JWT" }));
    let body = part(
        &json!({ "aud": audience, "iss": "https://accounts.google.com", "sub": claims.get("iss"), "iat": now, "exp": now + 3600 }),
    );
    format!("{head}.{body}.")
}

/// RFC 6749's error body, which is not Google's usual one.
fn refused(error: &str, description: &str) -> Answer {
    let mut response = json_response(&json!({ "error": error, "error_description": description }));
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    Ok(response)
}

async fn service(call: Call) -> Answer {
    let (project, service) = (call.param("project"), call.param("service"));
    ok(&json!({
        "name": format!("projects/{}/services/{service}", Cloud::project_number(project)),
        "config": { "name": service },
        "state": "ENABLED",
        "parent": format!("projects/{}", Cloud::project_number(project)),
    }))
}

async fn enable(mut call: Call) -> Answer {
    let body = call.json().await?;
    let named = body.get("serviceIds").and_then(Value::as_array);
    if named.is_none() && call.param("service").is_empty() {
        return Err(ApiError::required("serviceIds"));
    }
    ok(
        &json!({ "name": "operations/noop.DONE_OPERATION", "done": true, "response": {
        "@type": "type.googleapis.com/google.protobuf.Empty",
    } }),
    )
}
