//! Pages: of resources, and of a table's rows.

use std::collections::HashMap;

use base64::Engine as _;
use serde_json::{Value, json};

use super::{number, parameter};
use crate::encode::{Format, row};
use crate::engine::Session;
use crate::error::Fault;
use crate::types::{Field, quoted};

/// About what BigQuery puts into one answer.
const LARGEST_PAGE_BYTES: usize = 10_000_000;
const LARGEST_PAGE_ROWS: u64 = 50_000;
const LARGEST_LIST: u64 = 1000;

const CODEC: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Tokens are positions, made to look opaque so that nobody computes with them.
pub(super) fn token(position: u64) -> String {
    CODEC.encode(format!("hw:{position}"))
}

pub(super) fn position(token: &str) -> Result<u64, Fault> {
    let text = CODEC.decode(token).ok().and_then(|b| String::from_utf8(b).ok());
    let position = text
        .as_deref()
        .and_then(|t| t.strip_prefix("hw:"))
        .and_then(|p| p.parse().ok());
    position.ok_or_else(|| Fault::invalid("Invalid page token"))
}

/// The page of a list that a request asks for, and the token of the next one.
pub(super) fn of_list(
    items: Vec<Value>,
    query: &HashMap<String, String>,
) -> Result<(Vec<Value>, Option<String>), Fault> {
    let start = parameter(query, "pageToken").map(position).transpose()?.unwrap_or(0);
    let most = number(query, "maxResults")?.unwrap_or(LARGEST_LIST).max(1);
    let total = items.len() as u64;
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(most).unwrap_or(usize::MAX);
    let page: Vec<Value> = items.into_iter().skip(skip).take(take).collect();
    let end = start + page.len() as u64;
    Ok((page, (end < total).then(|| token(end))))
}

/// Which rows a request asks for.
pub(super) struct Rows {
    pub(super) start: u64,
    pub(super) most: Option<u64>,
    pub(super) format: Format,
}

impl Rows {
    pub(super) fn from_query(query: &HashMap<String, String>) -> Result<Self, Fault> {
        let start = match parameter(query, "pageToken") {
            Some(token) => position(token)?,
            None => number(query, "startIndex")?.unwrap_or(0),
        };
        let int64_timestamps = parameter(query, "formatOptions.useInt64Timestamp")
            .is_some_and(|v| v.eq_ignore_ascii_case("true") || v == "1")
            || parameter(query, "formatOptions.timestampOutputFormat") == Some("INT64");
        Ok(Self {
            start,
            most: number(query, "maxResults")?,
            format: Format { int64_timestamps },
        })
    }

    /// Encoded rows of what follows FROM in DuckDB's SQL, and the token of the page after them.
    pub(super) fn read(
        &self,
        tx: &Session<'_>,
        from: &str,
        columns: &[Field],
        total: u64,
    ) -> Result<(Vec<Value>, Option<String>), Fault> {
        let most = self.most.unwrap_or(LARGEST_PAGE_ROWS).min(LARGEST_PAGE_ROWS);
        if most == 0 || self.start >= total || columns.is_empty() {
            return Ok((Vec::new(), None));
        }
        let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
        let sql = format!(
            "SELECT {} FROM {from} LIMIT {most} OFFSET {}",
            names.join(", "),
            self.start
        );
        let mut out = Vec::new();
        let mut bytes = 0;
        for cells in tx.query(&sql, &[])? {
            let encoded = row(&cells, columns, self.format);
            bytes += encoded.to_string().len();
            if bytes > LARGEST_PAGE_BYTES && !out.is_empty() {
                break;
            }
            out.push(encoded);
        }
        let end = self.start + out.len() as u64;
        Ok((out, (end < total).then(|| token(end))))
    }
}

/// Adds the page's token and rows to an answer, leaving out what is empty.
pub(super) fn fill(answer: &mut Value, key: &str, items: Vec<Value>, next: Option<String>) {
    if !items.is_empty() {
        answer[key] = Value::Array(items);
    }
    if let Some(next) = next {
        answer[if key == "rows" { "pageToken" } else { "nextPageToken" }] = json!(next);
    }
}
