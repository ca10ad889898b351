//! Formats of dates and times: those of C's strptime in the words of BigQuery.

use super::schema::text;
use crate::engine::Reason;

/// Elements that mean the same in both.
const SHARED: &str = "YmdHMSyjbBaAepIFTDRZ%";

/// That a text is a date or time of a format.
pub(super) fn parses(column: &str, format: &str) -> Result<String, Reason> {
    let mut chars = format.chars();
    let mut zone = false;
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        match chars.next() {
            Some('z') => zone = true,
            Some(c) if SHARED.contains(c) => {}
            Some(c) => {
                return Err(Reason::new(
                    "unsupported",
                    format!("%{c} in {format:?} has no equivalent in BigQuery"),
                ));
            }
            None => {
                return Err(Reason::new(
                    "wrong_value",
                    format!("{format:?} is not a format of strptime"),
                ));
            }
        }
    }
    let parse = if zone { "PARSE_TIMESTAMP" } else { "PARSE_DATETIME" };
    Ok(format!("SAFE.{parse}({}, {column}) IS NOT NULL", text(format)))
}
