//! `/_control/…`: what a test does to the org behind its APIs: changes, faults, metadata, clock; and the truth to compare
//! with. Salesforce has nothing of the kind, so nothing here needs a login.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::http::{HeaderValue, Method};
use axum::body::Body;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::change::Changer;
use crate::churn::{Burst, burst};
use crate::http::{App, Call, Fault, json_response};
use crate::pubsub::control as events;
use crate::render::truth;
use crate::schema::Alteration;
use crate::store::row::Layout;
use crate::time;

/// A refusal, as text for a person.
struct Refused(u16, String);

type Answer = Result<Response, Refused>;

fn bad(message: impl std::fmt::Display) -> Refused {
    Refused(400, format!("{message}"))
}

/// Answers a request under `/_control/`.
pub(crate) async fn handle(app: &Arc<App>, call: Call) -> Response {
    let app = Arc::clone(app);
    let answer = tokio::task::spawn_blocking(move || answer(&app, &call)).await;
    match answer {
        Ok(Ok(response)) => response,
        Ok(Err(Refused(status, message))) => json_response(status, &json!({ "error": message })),
        Err(_) => json_response(500, &json!({ "error": "the simulator failed" })),
    }
}

fn answer(app: &Arc<App>, call: &Call) -> Answer {
    let name = call.path.trim_start_matches("/_control/").trim_end_matches('/');
    match (&call.method, name) {
        (&Method::POST, "churn") => churn(app, call),
        (&Method::GET, "faults") => Ok(json_response(200, &app.faults.report())),
        (&Method::POST, "faults") => {
            app.faults.add(faults(call)?).map_err(bad)?;
            Ok(json_response(200, &app.faults.report()))
        }
        (&Method::DELETE, "faults") => {
            app.faults.clear();
            Ok(json_response(200, &app.faults.report()))
        }
        (&Method::GET, "cdc" | "events") => Ok(json_response(200, &events::report(app))),
        (&Method::POST, "cdc") => ordered(events::choose(app, read(call)?)),
        (&Method::POST, "events") => ordered(events::order(app, read(call)?)),
        (&Method::POST, "schema") => schema(app, call),
        (&Method::GET, "export") => export(app, call),
        (&Method::GET, "counts") => Ok(counts(app)),
        (&Method::GET, "clock") => Ok(clock_now(app)),
        (&Method::POST, "clock") => clock(app, call),
        (&Method::POST, "purge") => purge(app, call),
        (&Method::POST, "limits") => limits(app, call),
        (&Method::POST, "expire_sessions") => {
            app.sessions.revoke_all();
            Ok(json_response(200, &json!({})))
        }
        (&Method::POST, "expire_cursors") => {
            app.cursors.clear();
            Ok(json_response(200, &json!({})))
        }
        _ => Err(Refused(404, format!("there is no {} /_control/{name}", call.method))),
    }
}

fn ordered(done: Result<Value, String>) -> Answer {
    done.map(|body| json_response(200, &body)).map_err(bad)
}

fn read<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, Refused> {
    let body = if call.body.is_empty() {
        b"{}"
    } else {
        call.body.as_slice()
    };
    serde_json::from_slice(body).map_err(bad)
}

fn churn(app: &App, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Asked {
        seed: Option<u64>,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }
    let asked: Asked = read(call)?;
    let what: Burst = serde_json::from_value(Value::Object(asked.rest)).map_err(bad)?;
    let begun = app.org.clock.now();
    let seed = asked.seed.unwrap_or_else(|| begun.cast_unsigned());
    let done = burst(&app.org, &what, seed, false).map_err(bad)?;
    let mut changed = Map::new();
    for (object, d) in &done {
        let mut ids: Vec<&String> = [&d.inserted, &d.updated, &d.deleted, &d.undeleted]
            .into_iter()
            .flatten()
            .collect();
        ids.sort();
        ids.dedup();
        changed.insert(object.clone(), ids.len().into());
    }
    let body = json!({ "changed": changed, "objects": done, "from": time::datetime(begun), "to": time::datetime(app.org.clock.now()) });
    Ok(json_response(200, &body))
}

fn faults(call: &Call) -> Result<Vec<Fault>, Refused> {
    let body: Value = read(call)?;
    let list = match body {
        Value::Array(list) => list,
        Value::Object(mut map) if map.contains_key("faults") => match map.remove("faults") {
            Some(Value::Array(list)) => list,
            _ => return Err(bad("faults must be a list")),
        },
        one => vec![one],
    };
    list.into_iter()
        .map(|f| serde_json::from_value(f).map_err(bad))
        .collect()
}

fn schema(app: &App, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let list = match body {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut schema = (*app.org.schema()).clone();
    for change in list {
        let change: Alteration = serde_json::from_value(change).map_err(bad)?;
        schema.alter(change, app.org.clock.now()).map_err(bad)?;
    }
    app.org.set_schema(schema).map_err(bad)?;
    Ok(json_response(200, &json!({})))
}

fn counts(app: &App) -> Response {
    let mut body = Map::new();
    for (n, object) in app.org.schema().objects.iter().enumerate() {
        let (mut live, mut deleted) = (0u64, 0u64);
        for (_, entry) in app.org.table(n).entries() {
            if entry.location.is_deleted() {
                deleted += 1;
            } else {
                live += 1;
            }
        }
        body.insert(object.name.clone(), json!({ "live": live, "deleted": deleted }));
    }
    json_response(200, &body.into())
}

fn clock_now(app: &App) -> Response {
    let now = app.org.clock.now();
    json_response(200, &json!({ "now": time::datetime(now), "now_ms": now }))
}

fn clock(app: &App, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        now: Option<String>,
        #[serde(default)]
        advance_seconds: f64,
    }
    let asked: Asked = read(call)?;
    if let Some(now) = asked.now {
        let ms = time::parse_datetime(&now).ok_or_else(|| bad("now must look like 2026-01-31T00:00:00Z"))?;
        app.org.clock.set(ms);
    }
    app.org.clock.advance((asked.advance_seconds * 1000.0) as i64);
    Ok(clock_now(app))
}

fn purge(app: &App, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        object: Option<String>,
        before: Option<String>,
    }
    let asked: Asked = read(call)?;
    let before = match asked.before {
        Some(text) => time::parse_datetime(&text).ok_or_else(|| bad("before must look like 2026-01-31T00:00:00Z"))?,
        None => i64::MAX,
    };
    let changer = Changer::new(&app.org);
    let mut purged = Map::new();
    for (n, object) in changer.schema.objects.iter().enumerate() {
        if asked
            .object
            .as_ref()
            .is_none_or(|o| o.eq_ignore_ascii_case(&object.name))
        {
            purged.insert(object.name.clone(), changer.purge(n, before).map_err(bad)?.into());
        }
    }
    if purged.is_empty() {
        return Err(bad("there is no such object"));
    }
    Ok(json_response(200, &json!({ "purged": purged })))
}

fn limits(app: &App, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        used: Option<u64>,
        allowed: Option<u64>,
    }
    let asked: Asked = read(call)?;
    if let Some(used) = asked.used {
        app.used.store(used, Ordering::Relaxed);
    }
    if let Some(allowed) = asked.allowed {
        app.allowed.store(allowed, Ordering::Relaxed);
    }
    let (used, allowed) = (app.used.load(Ordering::Relaxed), app.allowed.load(Ordering::Relaxed));
    Ok(json_response(200, &json!({ "used": used, "allowed": allowed })))
}

/// The rows of an object as they are now, one JSON object a line, in the order of their ids.
fn export(app: &Arc<App>, call: &Call) -> Answer {
    let name = call
        .parameter("object")
        .ok_or_else(|| bad("name an object: ?object=Account"))?;
    let with_deleted = call.parameter("all") == Some("true");
    let schema = app.org.schema();
    let number = schema
        .find(name)
        .ok_or_else(|| Refused(404, format!("there is no object {name:?}")))?;
    let rows: Vec<_> = {
        let table = app.org.table(number);
        table
            .entries()
            .filter(|(_, e)| with_deleted || !e.location.is_deleted())
            .map(|(_, e)| e.location)
            .collect()
    };
    let (send, receive) = tokio::sync::mpsc::channel::<std::io::Result<bytes::Bytes>>(4);
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || {
        let mut reader = app.org.reader(number);
        let mut layout = Layout::default();
        let mut out = Vec::new();
        for location in rows {
            match reader.row(location) {
                Ok(row) => {
                    layout.parse(row);
                    truth(&schema.objects[number], row, &layout, &mut out);
                }
                Err(error) => {
                    let _ = send.blocking_send(Err(error));
                    return;
                }
            }
            if out.len() > 256 * 1024 && send.blocking_send(Ok(std::mem::take(&mut out).into())).is_err() {
                return;
            }
        }
        let _ = send.blocking_send(Ok(out.into()));
    });
    let stream = futures::stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (piece, receive))
    });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    Ok(response)
}
