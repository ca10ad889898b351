//! SQL of push-down as rules have it: the table's columns under their own names, and nothing in texts that Dataplex would read.

use crate::sql::parts::{with_columns, with_texts};

/// An expression over the columns of the scanned table.
pub(super) fn expression(sql: &str) -> String {
    inert(&with_columns(sql, &str::to_owned), false)
}

/// A statement; Dataplex refuses a semicolon wherever it stands.
pub(super) fn statement(sql: &str) -> String {
    inert(sql, true)
}

/// Texts in which nothing looks like a parameter, nor like the end of a statement.
fn inert(sql: &str, ends: bool) -> String {
    with_texts(sql, &|text| {
        let text = text.replace("${", "\\x24{");
        if ends { text.replace(';', "\\x3b") } else { text }
    })
}
