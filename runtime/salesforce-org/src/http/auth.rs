//! Logging in (OAuth token endpoint, SOAP login) and the sessions that come of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use axum::response::Response;
use base64::Engine;
use ring::rand::SecureRandom;
use serde_json::json;

use super::error::bytes_response;
use super::{ApiError, App, Call, json_response, jwt};

/// The organisation and the integration user.
pub(crate) const ORG_ID: &str = "00D8W0000000001EAA";
pub(super) const USER_ID: &str = "0058W0000000001EAA";

/// Access tokens with the time at which they end, and refresh tokens.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    tokens: Mutex<HashMap<String, i64>>,
    refresh: Mutex<Vec<String>>,
}

fn random() -> String {
    let mut bytes = [0u8; 36];
    // Without randomness there is no session: a token of zeros would be guessed.
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        return String::new();
    }
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(bytes)
        .replace('-', ".")
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn open(&self, ends_ms: i64) -> String {
        let token = format!("{}!AQ.{}", &ORG_ID[..15], random());
        self.lock().insert(token.clone(), ends_ms);
        token
    }

    fn open_refresh(&self) -> String {
        let token = format!("5Aep{}", random());
        self.refresh
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(token.clone());
        token
    }

    fn knows_refresh(&self, token: &str) -> bool {
        self.refresh
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .iter()
            .any(|t| t == token)
    }

    fn presented(call: &Call) -> Option<&str> {
        let header = call.header("authorization")?;
        header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("OAuth "))
    }

    /// Whether the caller is logged in.
    pub(super) fn check(&self, now_ms: i64, call: &Call) -> Result<(), ApiError> {
        let token = Self::presented(call).ok_or_else(ApiError::session)?;
        match self.is_open(now_ms, token) {
            true => Ok(()),
            false => Err(ApiError::session()),
        }
    }

    /// Ends the caller's session.
    pub(super) fn revoke(&self, call: &Call) {
        if let Some(token) = Self::presented(call) {
            self.end(token);
        }
    }

    /// Whether a token opens the org.
    pub(crate) fn is_open(&self, now_ms: i64, token: &str) -> bool {
        self.lock().get(token).is_some_and(|ends| *ends > now_ms)
    }

    /// Ends a session by its token.
    pub(crate) fn end(&self, token: &str) {
        self.lock().remove(token);
    }

    /// Ends all sessions.
    pub(crate) fn revoke_all(&self) {
        self.lock().clear();
    }
}

fn oauth_error(status: u16, error: &str, description: &str) -> Response {
    json_response(status, &json!({ "error": error, "error_description": description }))
}

/// `/services/oauth2/…`.
pub(super) fn oauth(app: &App, endpoint: &str, call: &Call) -> Result<Response, ApiError> {
    match endpoint {
        "token" if call.method == http::Method::POST => Ok(token(app, call)),
        "token" => Ok(oauth_error(400, "invalid_request", "must use HTTP POST")),
        "userinfo" => {
            app.sessions
                .check(app.org.clock.now(), call)
                .map_err(|_| ApiError::new(403, "Bad_OAuth_Token", "Bad_OAuth_Token"))?;
            Ok(userinfo(app))
        }
        "introspect" => Err(ApiError::new(
            501,
            "FEATURE_NOT_ENABLED",
            "the simulator does not serve /services/oauth2/introspect",
        )),
        "revoke" => {
            let form = call.form();
            let given = form
                .iter()
                .chain(&call.query)
                .find(|(k, _)| k == "token")
                .map(|(_, v)| v.clone());
            let known = given.is_some_and(|t| app.sessions.lock().remove(&t).is_some());
            Ok(if known {
                super::empty(200)
            } else {
                oauth_error(400, "unsupported_token_type", "this token is not supported")
            })
        }
        _ => Err(ApiError::not_found()),
    }
}

fn userinfo(app: &App) -> Response {
    json_response(
        200,
        &json!({
            "sub": format!("{}/id/{ORG_ID}/{USER_ID}", app.base_url),
            "user_id": USER_ID,
            "organization_id": ORG_ID,
            "preferred_username": app.settings.username,
            "nickname": "integration",
            "name": "Integration User",
            "email": "user0@example.com",
            "email_verified": true,
            "active": true,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "is_app_installed": true,
        }),
    )
}

/// The client's id and secret, from the form or the Authorization header.
fn client(call: &Call, form: &[(String, String)]) -> (Option<String>, Option<String>) {
    let field = |name: &str| form.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    let basic = call
        .header("authorization")
        .and_then(|h| h.strip_prefix("Basic "))
        .and_then(|encoded| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            text.split_once(':')
                .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
        });
    match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (field("client_id"), field("client_secret")),
    }
}

fn token(app: &App, call: &Call) -> Response {
    let form = call.form();
    let field = |name: &str| form.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let Some(grant) = field("grant_type") else {
        return oauth_error(400, "unsupported_grant_type", "grant type not supported");
    };
    let settings = &app.settings;
    let (id, secret) = client(call, &form);
    let check_client = || {
        if id.as_deref() != Some(settings.client_id.as_str()) {
            return Some(oauth_error(400, "invalid_client_id", "client identifier invalid"));
        }
        if secret.as_deref() != Some(settings.client_secret.as_str()) {
            return Some(oauth_error(400, "invalid_client", "invalid client credentials"));
        }
        None
    };
    let mut refresh = false;
    match grant {
        "client_credentials" => {
            if let Some(refused) = check_client() {
                return refused;
            }
        }
        "password" => {
            if let Some(refused) = check_client() {
                return refused;
            }
            let password = field("password").unwrap_or("");
            if !settings.accepts(field("username").unwrap_or(""), password) {
                return oauth_error(400, "invalid_grant", "authentication failure");
            }
        }
        "refresh_token" => {
            if id.as_deref() != Some(settings.client_id.as_str()) {
                return oauth_error(400, "invalid_client_id", "client identifier invalid");
            }
            if !field("refresh_token").is_some_and(|t| app.sessions.knows_refresh(t)) {
                return oauth_error(400, "invalid_grant", "expired access/refresh token");
            }
        }
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            if let Err((error, description)) = jwt::verify(app, field("assertion").unwrap_or("")) {
                return oauth_error(400, error, description);
            }
            refresh = field("scope").is_some_and(|s| s.contains("refresh_token"));
        }
        _ => return oauth_error(400, "unsupported_grant_type", "grant type not supported"),
    }
    granted(app, refresh || grant == "password")
}

fn granted(app: &App, refresh: bool) -> Response {
    let now = app.org.clock.now();
    let token = app.sessions.open(now + app.settings.session_ms);
    let identity = format!("{}/id/{ORG_ID}/{USER_ID}", app.base_url);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, app.settings.client_secret.as_bytes());
    let signature = ring::hmac::sign(&key, format!("{identity}{now}").as_bytes());
    let mut body = json!({
        "access_token": token,
        "signature": base64::engine::general_purpose::STANDARD.encode(signature),
        "scope": "api refresh_token",
        "instance_url": app.base_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": now.to_string(),
        "api_instance_url": app.base_url,
    });
    if refresh {
        body["refresh_token"] = app.sessions.open_refresh().into();
    }
    json_response(200, &body)
}

/// SOAP login, which username-and-password clients such as simple-salesforce use.
pub(super) fn soap(app: &App, call: &Call) -> Response {
    let body = String::from_utf8_lossy(&call.body);
    let element = |name: &str| {
        let open = body
            .find(&format!(":{name}>"))
            .map(|at| at + name.len() + 2)
            .or_else(|| body.find(&format!("<{name}>")).map(|at| at + name.len() + 2))?;
        let end = body[open..].find("</")?;
        let text = &body[open..open + end];
        Some(
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#x27;", "'")
                .replace("&amp;", "&"),
        )
    };
    let fault = |code: &str, message: &str| {
        let xml = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"#
        );
        bytes_response(500, "text/xml;charset=UTF-8", xml.into_bytes())
    };
    if !body.contains(":login") {
        return fault("UNSUPPORTED_OPERATION", "the simulator knows login only");
    }
    let (user, password) = (
        element("username").unwrap_or_default(),
        element("password").unwrap_or_default(),
    );
    if !app.settings.accepts(&user, &password) {
        return fault(
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        );
    }
    let token = app.sessions.open(app.org.clock.now() + app.settings.session_ms);
    let base = &app.base_url;
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body><loginResponse><result><metadataServerUrl>{base}/services/Soap/m/62.0/{ORG_ID}</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox><serverUrl>{base}/services/Soap/u/62.0/{ORG_ID}</serverUrl><sessionId>{token}</sessionId><userId>{USER_ID}</userId></result></loginResponse></soapenv:Body></soapenv:Envelope>"#
    );
    bytes_response(200, "text/xml;charset=UTF-8", xml.into_bytes())
}
