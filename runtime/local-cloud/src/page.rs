//! Pages of resources that are few enough to be listed at once: Run, Scheduler, secrets.

use serde_json::{Value, json};

use crate::http::answer::ApiError;
use crate::http::call::Query;

/// One page of `all` under the name that the service uses for it.
pub(crate) fn page(query: &Query, name: &str, all: Vec<Value>, default: usize) -> Result<Value, ApiError> {
    let size = query.page_size("pageSize", default, 1000)?;
    let start: usize = match query.get("pageToken") {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::invalid("The page token is invalid."))?,
    };
    let total = all.len();
    let items: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let mut body = json!({});
    if !items.is_empty() {
        body[name] = Value::Array(items);
    }
    if start + size < total {
        body["nextPageToken"] = json!((start + size).to_string());
    }
    Ok(body)
}
