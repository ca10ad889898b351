//! Pages of resources that are few enough to be listed at once: Run, Scheduler, secrets.

use serde_json::{Value, json};

use crate::http::answer::ApiError;
use crate::http::call::Query;

/// One page of `all` under the name that the service uses for it.
pub(crate) fn page(query: &Query, name: &str, all: Vec<Value>, default: usize) -> Result<Value, ApiError> {
    let (items, next) = slice(query, ("pageSize", "pageToken"), all, default)?;
    let mut body = json!({});
    if !items.is_empty() {
        body[name] = Value::Array(items);
    }
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    Ok(body)
}

/// The part of `all` that a query asks for by its parameters for size and token, and the next token.
pub(crate) fn slice(
    query: &Query,
    (size, token): (&str, &str),
    all: Vec<Value>,
    default: usize,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let size = query.page_size(size, default, 1000)?;
    let start: usize = match query.get(token) {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::invalid("The page token is invalid."))?,
    };
    let end = start.saturating_add(size);
    let next = (end < all.len()).then(|| end.to_string());
    Ok((all.into_iter().skip(start).take(size).collect(), next))
}
