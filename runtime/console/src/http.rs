//! The server's manners: which methods and hosts are answered, the headers of every answer, ETags. What is said is the pages' and
//! the API's.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use headwater_quality::page::STYLE;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::source::Source;
use crate::{api, pages};

const SCRIPT: &str = include_str!("assets/console.js");
const OWN_STYLE: &str = include_str!("assets/console.css");

/// Nothing is loaded from elsewhere, nothing stands in the page itself, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The names by which the console may be asked for. A page of another origin that has its own name resolve to this machine
/// (DNS rebinding) comes with that name.
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Of the address that it listens at, and others.
    pub fn new(address: SocketAddr, others: Vec<String>) -> Self {
        let mut names = others;
        let port = address.port();
        names.push(address.to_string());
        if address.ip().is_loopback() {
            names.push(format!("localhost:{port}"));
        }
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        Self(names)
    }

    fn admit(&self, host: Option<&HeaderValue>) -> bool {
        let host = host.and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
        host.is_some_and(|host| self.0.contains(&host))
    }
}

/// An answer.
pub struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Reply {
    /// A page.
    pub fn page(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "text/html; charset=utf-8",
            body,
        }
    }

    /// A document.
    pub fn json(value: &serde_json::Value) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "application/json",
            body: value.to_string(),
        }
    }

    /// With another status.
    pub fn with(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let tag = format!("\"{}\"", digest(&self.body));
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Ok(tag) = tag.parse() {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

fn digest(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..12])
}

/// What pages name the files by which they look and move: an address of its own for each content.
pub fn asset(name: &str) -> String {
    static TAGS: OnceLock<[String; 2]> = OnceLock::new();
    let [style, script] = TAGS.get_or_init(|| [digest(&style()), digest(SCRIPT)]);
    let tag = if name.ends_with(".css") { style } else { script };
    format!("/assets/{name}?{tag}")
}

fn style() -> String {
    format!("{STYLE}\n{OWN_STYLE}")
}

/// All that is answered.
pub fn router(source: Arc<Source>, hosts: Hosts) -> Router {
    Router::new()
        .route("/", get(pages::overview::page))
        .route("/pipelines/{lake}/{pipeline}", get(pages::pipeline::page))
        .route("/runs", get(pages::runs::page))
        .route("/runs/{lake}/{pipeline}/{run}", get(pages::run::page))
        .route("/lineage", get(pages::lineage::page))
        .route("/quality", get(pages::quality::page))
        .route("/quality/{lake}/{pipeline}", get(pages::quality::suite))
        .route("/streams", get(pages::streams::page))
        .route("/logs", get(pages::logs::newest))
        .route("/logs/{lake}/{pipeline}", get(pages::logs::workers))
        .route("/logs/{lake}/{pipeline}/{run}", get(pages::logs::page))
        .merge(api::routes())
        .route(
            "/assets/console.css",
            get(|| async { file("text/css; charset=utf-8", style()) }),
        )
        .route(
            "/assets/console.js",
            get(|| async { file("text/javascript; charset=utf-8", SCRIPT.to_owned()) }),
        )
        .route("/healthz", get(|| async { "ok" }))
        .fallback(pages::absent)
        .with_state(source)
        .layer(middleware::from_fn_with_state(Arc::new(hosts), manners))
}

fn file(content_type: &'static str, body: String) -> Response {
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    response
}

async fn manners(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut response = if !hosts.admit(request.headers().get(header::HOST)) {
        let text = "This console is not asked for by this name. Name it with --host if it is behind a proxy.\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD")];
        (StatusCode::METHOD_NOT_ALLOWED, allow, "The console changes nothing.\n").into_response()
    } else {
        next.run(request).await
    };
    if known.is_some() && response.headers().get(header::ETAG) == known.as_ref() && response.status() == StatusCode::OK
    {
        *response.body_mut() = Body::empty();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let always = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in always {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_answered() {
        let hosts = Hosts::new("127.0.0.1:8652".parse().unwrap(), vec!["Console.acme.test".to_owned()]);
        let cases = [
            ("127.0.0.1:8652", true),
            ("LOCALHOST:8652", true),
            ("console.acme.test", true),
            ("127.0.0.1:8653", false),
            ("evil.test:8652", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(hosts.admit(Some(&host.parse().unwrap())), expected, "{host}");
        }
        assert!(!hosts.admit(None));
    }
}
