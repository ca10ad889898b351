//! A record of calls, for whoever checks them against Google's descriptions of its APIs: one JSON object a line, with the
//! call's verb, path, query, body, and the answer's status and body. Written only when asked for.
//!
//! Not every call is written: of those that look alike (the same method, and the same fields of the same types in request and
//! answer) the first. Bodies that are not JSON are left out, and so are bodies above a limit; of calls of gRPC, whose messages the
//! generated code has checked, only the method is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// Larger bodies are not looked at.
const LARGEST: u64 = 1 << 20;
/// How many calls of a method are written at most.
const MOST: usize = 200;

pub(crate) struct Recorder {
    file: Mutex<File>,
    seen: Mutex<HashMap<String, BTreeSet<u64>>>,
}

/// A call that waits for its answer.
pub(crate) struct Recorded {
    method: String,
    line: Value,
}

impl Recorder {
    /// Appends to a file, which processes may share: a line is written at once.
    pub(crate) fn open(path: &Path) -> std::io::Result<Recorder> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Recorder {
            file: Mutex::new(file),
            seen: Mutex::default(),
        })
    }

    /// Looks at a request; `method` is what it is told apart by.
    pub(crate) async fn request(&self, method: String, request: &mut Request<Body>) -> Recorded {
        let agent = request.headers().get(header::USER_AGENT);
        let line = json!({
            "verb": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query().unwrap_or_default(),
            "agent": agent.and_then(|agent| agent.to_str().ok()),
            "type": request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()),
        });
        let mut recorded = Recorded { method, line };
        if is_json(request.headers()) {
            let (body, value) = read(std::mem::take(request.body_mut())).await;
            *request.body_mut() = body;
            recorded.line["request"] = value;
        }
        recorded
    }

    /// Looks at the answer, and writes both.
    pub(crate) async fn answer(&self, mut recorded: Recorded, response: Response) -> Response {
        recorded.line["status"] = json!(response.status().as_u16());
        let (parts, mut body) = response.into_parts();
        if is_json(&parts.headers) {
            let value;
            (body, value) = read(body).await;
            recorded.line["answer"] = value;
        }
        self.write(recorded);
        Response::from_parts(parts, body)
    }

    /// A call of gRPC.
    pub(crate) fn grpc(&self, path: &str) {
        self.write(Recorded {
            method: path.to_owned(),
            line: json!({"grpc": path}),
        });
    }

    fn write(&self, recorded: Recorded) {
        let Recorded { method, line } = recorded;
        let mut looks = DefaultHasher::new();
        for key in ["request", "answer", "status"] {
            look(&line[key], &mut looks);
        }
        let query = line["query"].as_str().unwrap_or_default();
        let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
        names.hash(&mut looks);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let of_method = seen.entry(method).or_default();
            if of_method.len() >= MOST || !of_method.insert(looks.finish()) {
                return;
            }
        }
        let line = format!("{line}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "a call could not be recorded");
        }
    }
}

/// What a value looks like: its fields and types, and words that may be one of an enumeration.
fn look(value: &Value, to: &mut DefaultHasher) {
    match value {
        Value::Null => 0.hash(to),
        Value::Bool(_) => 1.hash(to),
        Value::Number(number) => (2, number.is_f64()).hash(to),
        Value::String(text) => {
            let word = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            (3, word.then_some(text)).hash(to);
        }
        Value::Array(items) => {
            4.hash(to);
            let looks: BTreeSet<u64> = items
                .iter()
                .map(|item| {
                    let mut of_item = DefaultHasher::new();
                    look(item, &mut of_item);
                    of_item.finish()
                })
                .collect();
            looks.hash(to);
        }
        Value::Object(fields) => {
            5.hash(to);
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            for (name, value) in sorted {
                name.hash(to);
                look(value, to);
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let small = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .is_none_or(|length: u64| length <= LARGEST);
    small && kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The body once more, and what it says. One that cannot be read to its end goes on as far as it was read.
async fn read(body: Body) -> (Body, Value) {
    let mut whole = Vec::new();
    let mut rest = body;
    while let Some(frame) = rest.frame().await {
        match frame {
            Ok(frame) => {
                if let Some(data) = frame.data_ref() {
                    whole.extend_from_slice(data);
                }
            }
            Err(error) => {
                let so_far = Bytes::from(whole);
                let frames = [Ok(so_far), Err(error)];
                return (Body::from_stream(futures::stream::iter(frames)), Value::Null);
            }
        }
    }
    let value = if whole.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&whole).unwrap_or_else(|_| json!({"not JSON": whole.len()}))
    };
    (Body::from(whole), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(value: &Value) -> u64 {
        let mut hasher = DefaultHasher::new();
        look(value, &mut hasher);
        hasher.finish()
    }

    #[test]
    fn values_look_alike_when_their_fields_and_types_do() {
        let one = json!({"name": "a", "state": "ACTIVE", "rows": [{"n": 1}, {"n": 2}]});
        let alike = json!({"rows": [{"n": 7}], "state": "ACTIVE", "name": "b"});
        assert_eq!(looks(&one), looks(&alike));
        for other in [
            json!({"name": "a", "state": "DELETED", "rows": [{"n": 1}]}),
            json!({"name": "a", "state": "ACTIVE", "rows": [{"n": "1"}]}),
            json!({"name": "a", "state": "ACTIVE", "rows": [{"n": 1, "m": 1}]}),
        ] {
            assert_ne!(looks(&one), looks(&other), "{other}");
        }
    }
}
