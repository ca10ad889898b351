//! Tables made of another one, and tables as they were: carried out on the catalogue.

use sqlparser::ast::{CreateTableOptions, Expr, ObjectName};

use super::copy_syntax::CopyTable;
use super::ddl::{Performed, wrong_kind};
use super::literal::coerce;
use super::{Result, Translator};
use crate::catalog::copies::{self, Kind};
use crate::catalog::history::{self, State};
use crate::catalog::names::TableName;
use crate::catalog::{now_ms, tables};
use crate::error::Fault;
use crate::types::Ty;

impl Translator<'_> {
    /// A table as it was at a time, or as it is; and the time in milliseconds.
    pub(super) fn state_at(&self, table: &TableName, time: Option<&Expr>) -> Result<(State, i64)> {
        let doc = tables::load(self.tx, table)?;
        tables::must_be_stored(table, &doc)?;
        let Some(time) = time else {
            let sql = table.duck();
            return Ok((State { sql, doc }, now_ms()));
        };
        let value = coerce(self.constant(time)?, &Ty::Timestamp);
        if value.ty != Ty::Timestamp {
            return Err(Fault::query(format!(
                "FOR SYSTEM_TIME AS OF must be of type TIMESTAMP but was of type {}{}",
                value.ty.sql(),
                super::at(time)
            )));
        }
        let rows = self
            .tx
            .query(&format!("SELECT epoch_ms(CAST({} AS TIMESTAMPTZ))", value.sql), &[])?;
        match rows.first().map(|row| &row[0]) {
            Some(cell @ crate::engine::Cell::Int(_)) => {
                let at = cell.int();
                Ok((history::at(self.tx, table, &doc, at)?, at))
            }
            _ => Err(Fault::query(format!(
                "FOR SYSTEM_TIME AS OF must not be NULL{}",
                super::at(time)
            ))),
        }
    }

    pub(crate) fn copy_table(&self, copy: &CopyTable) -> Result<Performed> {
        let name = self.table_name(&copy.name)?;
        let source = self.table_name(&copy.source)?;
        let old = tables::find(self.tx, &name)?;
        if old.is_some() && copy.if_not_exists {
            return Ok(Performed::table("SKIP", name));
        }
        if name == source {
            return Err(Fault::query("A table cannot be made of itself"));
        }
        let (state, at) = self.state_at(&source, copy.at.as_ref())?;
        self.reads_table(&source);
        let settings = self.table_options(&CreateTableOptions::Options(copy.options.clone()))?;
        let operation = match (&old, copy.or_replace && copy.kind != Kind::Snapshot) {
            (Some(doc), true) => {
                tables::must_be_table(&name, doc)?;
                tables::drop_table(self.tx, &name, doc)?;
                "REPLACE"
            }
            _ => "CREATE",
        };
        copies::create(self.tx, copy.kind, &name, &source, &state, at, settings)?;
        Ok(Performed::table(operation, name))
    }

    pub(crate) fn drop_snapshot(&self, name: &ObjectName, if_exists: bool) -> Result<Performed> {
        let name = self.table_name(name)?;
        let Some(doc) = tables::load_if(self.tx, &name, if_exists)? else {
            return Ok(Performed::table("SKIP", name));
        };
        if !tables::is_snapshot(&doc) {
            let kind = doc["type"].as_str().unwrap_or_default();
            return Err(wrong_kind(&name, "SNAPSHOT TABLE", kind));
        }
        tables::drop_table(self.tx, &name, &doc)?;
        Ok(Performed::table("DROP", name))
    }
}
