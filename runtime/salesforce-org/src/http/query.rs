//! `query` and `queryAll`: pages of JSON, and the cursors that lead from one to the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::response::Response;
use serde_json::json;

use super::error::bytes_response;
use super::{ApiError, App, Call, blocking, json_response};
use crate::id;
use crate::render::Records;
use crate::soql::eval::Evaluator;
use crate::soql::run::select;
use crate::soql::{Plan, Selected, aggregate, bind, parse};
use crate::store::row::Layout;
use crate::store::table::Location;

/// A query whose pages are being fetched: its rows as they were when it began.
#[derive(Clone, Debug)]
struct Cursor {
    plan: Arc<Plan>,
    rows: Arc<Vec<Location>>,
    page: usize,
    opened_ms: i64,
}

/// Open cursors, by id.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: Mutex<HashMap<String, Cursor>>,
    next: AtomicU64,
}

/// Salesforce forgets a cursor after two days.
const LIFE_MS: i64 = 2 * crate::time::DAY;
/// And keeps ten for a user; more generous here, but bounded.
const MOST: usize = 200;

impl Cursors {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Cursor>> {
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn put(&self, cursor: Cursor) -> String {
        let slot = u64::try_from(cursor.opened_ms / 1000).unwrap_or(0) << 16;
        let id = id::make_string("01g", slot + self.next.fetch_add(1, Ordering::Relaxed));
        let mut open = self.lock();
        open.retain(|_, c| cursor.opened_ms - c.opened_ms < LIFE_MS);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, c)| c.opened_ms).map(|(id, _)| id.clone())
        {
            open.remove(&oldest);
        }
        open.insert(id.clone(), cursor);
        id
    }

    /// Forgets all cursors, as a maintenance of the org does.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}

pub(super) async fn handle(
    app: &Arc<App>,
    base: &str,
    all: bool,
    rest: &[&str],
    call: Call,
) -> Result<Response, ApiError> {
    let base = base.to_owned();
    match rest {
        [] => {
            let Some(soql) = call.parameter("q").map(str::to_owned) else {
                return Err(ApiError::new(
                    400,
                    "MALFORMED_QUERY",
                    "A query string has to be specified",
                ));
            };
            let page = page_size(&call);
            blocking(app, move |app| first_page(app, &base, &soql, all, page)).await
        }
        [locator] => {
            let invalid = || ApiError::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
            let (id, from) = locator.split_once('-').ok_or_else(invalid)?;
            let from: usize = from.parse().map_err(|_| invalid())?;
            let id = id::normalize(id).ok_or_else(invalid)?;
            let cursor = app.cursors.lock().get(&id).cloned().ok_or_else(invalid)?;
            if app.org.clock.now() - cursor.opened_ms >= LIFE_MS || from > cursor.rows.len() {
                return Err(invalid());
            }
            blocking(app, move |app| page(app, &base, &id, &cursor, from)).await
        }
        _ => Err(ApiError::not_found()),
    }
}

/// `Sforce-Query-Options: batchSize=500`, between 200 and 2,000.
fn page_size(call: &Call) -> usize {
    let option = call.header("sforce-query-options").unwrap_or("");
    let size = option
        .split([',', ';'])
        .filter_map(|o| o.trim().split_once('='))
        .find(|(k, _)| k.trim().eq_ignore_ascii_case("batchSize"));
    size.and_then(|(_, v)| v.trim().parse::<usize>().ok())
        .map_or(2000, |n| n.clamp(200, 2000))
}

fn first_page(app: &App, base: &str, soql: &str, all: bool, page_size: usize) -> Result<Response, ApiError> {
    let org = &app.org;
    let plan = bind(org, soql, &parse(soql)?)?;
    let rows = select(org, &plan, all).map_err(|e| ApiError::io(&e))?;
    match &plan.selected {
        Selected::Count => Ok(json_response(
            200,
            &json!({ "totalSize": rows.len(), "done": true, "records": [] }),
        )),
        Selected::Aggregates(_) => {
            let records = aggregate::aggregate(org, &plan, &rows)?;
            Ok(json_response(
                200,
                &json!({ "totalSize": records.len(), "done": true, "records": records }),
            ))
        }
        Selected::Records(_) => {
            let cursor = Cursor {
                plan: Arc::new(plan),
                rows: Arc::new(rows),
                page: page_size,
                opened_ms: org.clock.now(),
            };
            let id = if cursor.rows.len() > page_size {
                app.cursors.put(cursor.clone())
            } else {
                String::new()
            };
            page(app, base, &id, &cursor, 0)
        }
    }
}

fn page(app: &App, base: &str, id: &str, cursor: &Cursor, from: usize) -> Result<Response, ApiError> {
    let org = &app.org;
    let to = (from + cursor.page).min(cursor.rows.len());
    let done = to == cursor.rows.len();
    let mut out = format!("{{\"totalSize\":{},\"done\":{done},", cursor.rows.len()).into_bytes();
    if !done {
        out.extend_from_slice(format!("\"nextRecordsUrl\":\"{base}/query/{id}-{to}\",").as_bytes());
    }
    out.extend_from_slice(b"\"records\":[");
    if let Selected::Records(outputs) = &cursor.plan.selected {
        let schema = org.schema();
        let object = &schema.objects[cursor.plan.object];
        let mut records = Records {
            schema: &schema,
            base,
            object,
            outputs,
            evaluator: Evaluator::new(org),
        };
        let mut reader = org.reader(cursor.plan.object);
        let mut layout = Layout::default();
        for (n, &location) in cursor.rows[from..to].iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let row = reader.row(location).map_err(|e| ApiError::io(&e))?;
            layout.parse(row);
            records.write(row, &layout, &mut out);
        }
    }
    out.extend_from_slice(b"]}");
    Ok(bytes_response(200, "application/json;charset=UTF-8", out))
}
