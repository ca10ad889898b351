//! GoogleSQL's own table functions.

pub(super) mod arguments;
mod gap_fill;
mod range_sessionize;
mod vector_search;

use sqlparser::ast::{FunctionArg, ObjectName, Query, TableAlias};

use super::scope::Scope;
use super::{Result, Translated, Translator, path};
use crate::error::Fault;
use crate::types::{Field, quoted};
use arguments::Arguments;

const NAMES: &[&str] = &["GAP_FILL", "RANGE_SESSIONIZE", "VECTOR_SEARCH"];

impl Translator<'_> {
    /// A call of one of them; `None`: the name is another.
    pub(super) fn own_table_function(
        &self,
        name: &ObjectName,
        args: &[FunctionArg],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<Option<String>> {
        let parts = path(name)?;
        let [single] = parts.as_slice() else {
            return Ok(None);
        };
        let found = match single.to_ascii_uppercase().as_str() {
            "GAP_FILL" => self.gap_fill(name, args, scope)?,
            "RANGE_SESSIONIZE" => self.range_sessionize(name, args, scope)?,
            "VECTOR_SEARCH" => self.vector_search(name, args, scope)?,
            _ => return Ok(None),
        };
        let alias = self.alias(alias, None)?;
        Ok(Some(self.relate(scope, alias, found.columns, found.origins, |duck| {
            format!("({}) AS {duck}", found.sql)
        })))
    }

    /// A table that is an argument. All of its columns are read.
    fn table_argument(&self, query: &Query, scope: &Scope<'_>) -> Result<Translated> {
        let found = self.query(query, scope)?;
        let found = self.value_table(query, found, "value");
        found.origins.iter().for_each(|o| self.reads_columns(o));
        Ok(found)
    }
}

/// A column of a table that is an argument, by its name in any case.
fn column<'t>(table: &'t Translated, name: &str, arguments: &Arguments<'_>) -> Result<&'t Field> {
    let found = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| arguments.refused(&format!("column {name} is not in its table")))
}

/// The columns that make up a partition.
fn partitions<'t>(table: &'t Translated, names: &[String], arguments: &Arguments<'_>) -> Result<Vec<&'t Field>> {
    names.iter().map(|name| column(table, name, arguments)).collect()
}

/// A partition as one value that is never NULL: NULLs in it are the same as each other.
fn key(columns: &[&Field]) -> String {
    let mut fields = vec!["k := 0".to_owned()];
    fields.extend(
        columns
            .iter()
            .enumerate()
            .map(|(i, c)| format!("p{i} := {}", quoted(&c.name))),
    );
    format!("struct_pack({})", fields.join(", "))
}

/// The refusal of a column's type.
fn wrong_type(arguments: &Arguments<'_>, column: &Field, wanted: &str) -> Fault {
    arguments.refused(&format!(
        "column {} must be {wanted}, but is {}",
        column.name,
        column.ty.sql()
    ))
}
