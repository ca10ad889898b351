//! One call as a handler sees it: names from the path, the query, headers, the body.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::HeaderMap;
use http_body_util::{BodyExt, Limited};
use serde_json::{Map, Value};

use super::answer::ApiError;
use crate::blobs::ReceiveError;
use crate::cloud::Cloud;

const JSON_LIMIT: usize = 32 << 20;

/// A call that has found its method.
pub(crate) struct Call {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// Behind a lock only so that a call can be shared between threads, which a body cannot.
    body: Mutex<Body>,
}

impl Call {
    pub(crate) fn new(
        cloud: Arc<Cloud>,
        params: Vec<(&'static str, String)>,
        query: Query,
        headers: HeaderMap,
        body: Body,
    ) -> Call {
        Call {
            cloud,
            params,
            query,
            headers,
            body: Mutex::new(body),
        }
    }

    fn take_body(&mut self) -> Body {
        self.body.get_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The name that stands in the path where the method's template says `{name}`.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    /// A header's value if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Takes the whole body, up to 32 MiB.
    pub(crate) async fn bytes(&mut self) -> Result<Bytes, ApiError> {
        let body = self.take_body();
        let collected = Limited::new(body, JSON_LIMIT).collect().await;
        let collected = collected.map_err(|e| ApiError::invalid(format!("the request's body ended early: {e}")))?;
        Ok(collected.to_bytes())
    }

    /// Takes the body as a JSON object; an empty body is an empty object.
    pub(crate) async fn json(&mut self) -> Result<Map<String, Value>, ApiError> {
        parse_object(&self.bytes().await?)
    }

    /// Takes the body as a stream.
    pub(crate) fn stream(&mut self) -> impl Stream<Item = Result<Bytes, ReceiveError>> + Unpin + use<> {
        let body = self.take_body();
        body.into_data_stream()
            .map(|chunk| chunk.map_err(|e| ReceiveError::Body(e.to_string())))
    }
}

/// A JSON object from bytes, `{}` from none.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::new(
            400,
            "INVALID_ARGUMENT",
            "parseError",
            "Parse Error: the body is not an object",
        )),
        Err(e) => Err(ApiError::new(
            400,
            "INVALID_ARGUMENT",
            "parseError",
            format!("Parse Error: {e}"),
        )),
    }
}

/// The query of a call. A parameter that is there but empty counts as not there: Google's clients send such.
#[derive(Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: &str) -> Query {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name, true), percent_decode(value, true))
        });
        Query(pairs.collect())
    }

    /// All parameters, decoded, in the order in which they came.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| ApiError::invalid(format!("Invalid value for parameter {name}: \"{text}\"")))
    }

    /// The size of a page: what is asked for, within the method's bounds.
    pub(crate) fn page_size(&self, name: &str, default: usize, most: usize) -> Result<usize, ApiError> {
        match self.number(name)? {
            Some(n) if n < 0 => Err(ApiError::invalid(format!(
                "Invalid value for parameter {name}: \"{n}\""
            ))),
            Some(0) | None => Ok(default),
            Some(n) => Ok(usize::try_from(n).unwrap_or(most).min(most)),
        }
    }
}

/// Undoes percent-encoding; what is not valid encoding or UTF-8 stays as near to the original as can be.
pub(crate) fn percent_decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes a name so that it is one segment of a path, as Google's links have it.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_encoding_and_queries_decode() {
        for name in ["a/b c", "50%", "ü+&=#", "plain-._~"] {
            assert_eq!(percent_decode(&percent_encode(name), false), name);
        }
        assert_eq!(percent_decode("a+b%2", false), "a+b%2");
        let query = Query::parse("a=1+2&b=&%24alt=json%3Benum&b=x&c=True");
        assert_eq!(query.get("a"), Some("1 2"));
        assert_eq!(query.get("b"), Some("x"), "an empty value counts as none");
        assert_eq!(query.get("$alt"), Some("json;enum"));
        assert!(query.flag("c"));
    }
}
