//! CREATE TABLE … COPY and CLONE, CREATE SNAPSHOT TABLE and DROP SNAPSHOT TABLE, read from tokens.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_copy>.

use sqlparser::ast::{Expr, ObjectName, SqlOption};

use super::parse;
use super::script::Step;
use super::script_reader::{Reader, is_word};
use crate::catalog::copies::Kind;
use crate::error::Fault;

type Result<T> = std::result::Result<T, Fault>;

/// A statement that makes a table of another one.
#[derive(Debug, Clone)]
pub(crate) struct CopyTable {
    pub(crate) kind: Kind,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) name: ObjectName,
    pub(crate) source: ObjectName,
    pub(crate) at: Option<Expr>,
    pub(crate) options: Vec<SqlOption>,
}

impl CopyTable {
    /// `statementType` of a job's statistics.
    pub(crate) fn statement_type(&self) -> &'static str {
        match self.kind {
            Kind::Snapshot => "CREATE_SNAPSHOT_TABLE",
            Kind::Copy | Kind::Clone => "CREATE_TABLE",
        }
    }
}

/// The statement, if it is one of these.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Step>> {
    if reader.eat(&["DROP", "SNAPSHOT", "TABLE"]) {
        let if_exists = reader.eat(&["IF", "EXISTS"]);
        let name = reader.object_name()?;
        return Ok(Some(Step::DropSnapshot { name, if_exists }));
    }
    let from = reader.mark();
    if !reader.eat(&["CREATE"]) {
        return Ok(None);
    }
    let or_replace = reader.eat(&["OR", "REPLACE"]);
    let snapshot = reader.eat(&["SNAPSHOT"]);
    if !reader.eat(&["TABLE"]) {
        reader.back_to(from);
        return Ok(None);
    }
    let if_not_exists = reader.eat(&["IF", "NOT", "EXISTS"]);
    let name = match reader.object_name() {
        Ok(name) => name,
        Err(fault) if snapshot => return Err(fault),
        Err(_) => {
            reader.back_to(from);
            return Ok(None);
        }
    };
    let kind = if snapshot {
        reader.expect(&["CLONE"])?;
        Kind::Snapshot
    } else if reader.eat(&["CLONE"]) {
        Kind::Clone
    } else if reader.eat(&["COPY"]) {
        Kind::Copy
    } else {
        reader.back_to(from);
        return Ok(None);
    };
    let source = reader.object_name()?;
    let at = if kind != Kind::Copy && reader.eat(&["FOR", "SYSTEM_TIME", "AS", "OF"]) {
        Some(parse::expression(reader.until(|t| is_word(t, &["OPTIONS"])))?)
    } else {
        None
    };
    let options = if reader.at_words(&["OPTIONS"]) {
        parse::options(reader.until(|_| false))?
    } else {
        Vec::new()
    };
    Ok(Some(Step::CopyTable(Box::new(CopyTable {
        kind,
        or_replace,
        if_not_exists,
        name,
        source,
        at,
        options,
    }))))
}
