//! DuckDB's errors, told as BigQuery tells its own.

use super::words;
use crate::error::{Fault, Reason};
use crate::types;

/// What DuckDB says beside a cause when it will answer nothing any more until the database is opened anew.
const GIVEN_UP: [&str; 2] = ["has been invalidated", COMMITTED];
/// What it says of a COMMIT that held, but was followed by a checkpoint that did not.
pub(super) const COMMITTED: &str = "COMMIT succeeded and is durable";

/// `Could not convert string 'x' to INT64` in BigQuery's words.
fn bad_value(detail: &str) -> Option<String> {
    let rest = detail.strip_prefix("Could not convert string ")?;
    let (value, kind) = rest.rsplit_once(" to ")?;
    let kind = kind.split(' ').next().unwrap_or(kind);
    let kind = match kind {
        "DECIMAL(38,9)" => "NUMERIC",
        types::BIGNUMERIC => "BIGNUMERIC",
        "INT64" => "int64",
        "DOUBLE" => "double",
        "BOOL" => "bool",
        _ => return None,
    };
    let value = value.trim_matches(|c| c == '\'' || c == '"');
    Some(if kind.chars().all(char::is_uppercase) {
        format!("Invalid {kind} value: {value}")
    } else {
        format!("Bad {kind} value: {value}")
    })
}

/// `invalid date field format: "x", …` in BigQuery's words.
fn bad_moment(detail: &str) -> Option<String> {
    let (what, rest) = detail.split_once(" field ")?;
    let kind = what.strip_prefix("invalid ").unwrap_or(what);
    let (_, rest) = rest.split_once(": \"")?;
    let (value, rest) = rest.split_once('"')?;
    Some(match kind {
        "date" => format!("Invalid date: '{value}'"),
        "time" => format!("Invalid time string \"{value}\""),
        "timestamp" if rest.contains("ZONE") => format!("Invalid timestamp: '{value}'"),
        "timestamp" => format!("Invalid datetime string \"{value}\""),
        _ => return None,
    })
}

/// DuckDB's words turned into BigQuery's.
pub(super) fn fault(error: &duckdb::Error) -> Fault {
    let text = match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    let (kind, detail) = text.split_once(" Error: ").unwrap_or(("", &text));
    let given_up = kind == "FATAL" || GIVEN_UP.iter().any(|words| detail.contains(words));
    Fault {
        given_up,
        ..in_words(kind, detail)
    }
}

fn in_words(kind: &str, detail: &str) -> Fault {
    // The rest quotes DuckDB's SQL, which the user did not write.
    let detail = detail.split("\n\nLINE ").next().unwrap_or(detail).trim();
    let detail = detail.split("\nCandidate ").next().unwrap_or(detail).trim();
    match kind {
        "INTERRUPT" => Fault::new(
            Reason::Stopped,
            "Job execution was cancelled: User requested cancellation",
        ),
        "Out of Memory" => Fault::new(
            Reason::ResourcesExceeded,
            format!(
                "Resources exceeded during query execution: {}",
                detail.lines().next().unwrap_or_default()
            ),
        ),
        "TransactionContext" => Fault {
            conflict: true,
            ..Fault::new(Reason::BackendError, format!("Transaction was aborted: {detail}"))
        },
        "Catalog" if detail.contains("write-write conflict") => Fault {
            conflict: true,
            ..Fault::new(Reason::BackendError, format!("Transaction was aborted: {detail}"))
        },
        "Constraint" => match detail.strip_prefix("NOT NULL constraint failed: ") {
            Some(column) => {
                let column = column.rsplit('.').next().unwrap_or(column);
                Fault::invalid(format!("Required field {column} cannot be null"))
            }
            None => Fault::invalid(detail),
        },
        "IO" | "FATAL" | "INTERNAL" => Fault::new(Reason::BackendError, detail),
        "Conversion" => {
            let known = bad_value(detail)
                .or_else(|| words::of(detail))
                .or_else(|| bad_moment(detail));
            Fault::query(known.unwrap_or_else(|| detail.to_owned()))
        }
        _ => Fault::query(words::of(detail).unwrap_or_else(|| detail.to_owned())),
    }
}
