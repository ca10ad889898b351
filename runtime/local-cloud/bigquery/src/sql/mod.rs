//! GoogleSQL in, DuckDB's SQL out: parse (sqlparser), resolve names and types against the catalogue, emit.
//! What is not known is refused by name; nothing is passed through in the hope that DuckDB means the same.

mod aggregates;
mod cast;
mod dates;
pub(crate) mod ddl;
pub(crate) mod dml;
mod expr;
mod format;
mod from;
mod functions;
mod information_schema;
mod literal;
pub(crate) mod merge;
mod operators;
mod options;
pub(crate) mod params;
pub(crate) mod parse;
mod query;
mod scope;
mod select;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, SetExpr, Spanned, ValueTableMode};
use sqlparser::tokenizer::Span;

use crate::catalog::names::TableName;
use crate::catalog::tables;
use crate::engine::Session;
use crate::error::Fault;
use crate::types::{Field, Ty, columns, quoted};
use params::Params;
use scope::Scope;

/// Deeper nesting than this is refused rather than risked.
const DEEPEST: usize = 3000;

/// What a statement is translated against.
pub(crate) struct Translator<'a> {
    pub(crate) tx: &'a Session<'a>,
    pub(crate) project: String,
    pub(crate) default_dataset: Option<(String, String)>,
    pub(crate) params: &'a Params,
    /// The tables that were read, with the columns' width, for statistics.
    pub(crate) reads: RefCell<BTreeMap<String, TableName>>,
    depth: Cell<usize>,
    unique: Cell<usize>,
}

/// A translated query and the columns that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    pub(crate) sql: String,
    pub(crate) columns: Vec<Field>,
}

/// A translated expression.
#[derive(Debug, Clone)]
pub(crate) struct Ex {
    pub(crate) sql: String,
    pub(crate) ty: Ty,
    pub(crate) literal: Option<Literal>,
}

/// What a literal said, for it may be read again as another type.
#[derive(Debug, Clone)]
pub(crate) enum Literal {
    Null,
    Number(String),
    Text(String),
}

impl Ex {
    pub(crate) fn new(sql: impl Into<String>, ty: Ty) -> Self {
        Self {
            sql: sql.into(),
            ty,
            literal: None,
        }
    }
}

type Result<T> = std::result::Result<T, Fault>;

impl<'a> Translator<'a> {
    pub(crate) fn new(
        tx: &'a Session<'a>,
        project: &str,
        default_dataset: Option<(String, String)>,
        params: &'a Params,
    ) -> Self {
        Self {
            tx,
            project: project.to_owned(),
            default_dataset,
            params,
            reads: RefCell::default(),
            depth: Cell::new(0),
            unique: Cell::new(0),
        }
    }

    /// A whole query.
    pub(crate) fn top_query(&self, query: &Query) -> Result<Translated> {
        let mut out = self.query(query, &Scope::root())?;
        if let (
            true,
            [
                Field {
                    name,
                    ty: Ty::Struct(fields),
                },
            ],
        ) = (answers_struct(query), out.columns.as_slice())
        {
            // At the top the fields are the columns.
            let list: Vec<String> = fields
                .iter()
                .map(|f| format!("({}).{1} AS {1}", quoted(name), quoted(&f.name)))
                .collect();
            let sql = format!("SELECT {} FROM ({})", list.join(", "), out.sql);
            out = Translated {
                sql,
                columns: fields.clone(),
            };
        }
        let mut seen = std::collections::HashSet::new();
        for column in &out.columns {
            if !seen.insert(column.name.to_lowercase()) {
                return Err(Fault::query(format!(
                    "Duplicate column names in the result are not supported. Found duplicate(s): {}",
                    column.name
                )));
            }
        }
        Ok(out)
    }

    fn deeper<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.depth.get() >= DEEPEST {
            return Err(Fault::query("Query is too complex: expressions are nested too deeply"));
        }
        self.depth.set(self.depth.get() + 1);
        let result = work();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// A name that no user's name collides with.
    fn fresh(&self, prefix: &str) -> String {
        self.unique.set(self.unique.get() + 1);
        format!("_hw_{prefix}{}", self.unique.get())
    }

    /// The table that a path in a statement means.
    pub(crate) fn table_name(&self, name: &ObjectName) -> Result<TableName> {
        let parts = path(name)?;
        match parts.as_slice() {
            [table] => match &self.default_dataset {
                Some((project, dataset)) => Ok(TableName::new(project, dataset, table)),
                None => Err(Fault::query(format!(
                    "Table \"{table}\" must be qualified with a dataset (e.g. dataset.table){}",
                    at(name)
                ))),
            },
            [dataset, table] => Ok(TableName::new(&self.project, dataset, table)),
            [project, dataset, table] => Ok(TableName::new(project, dataset, table)),
            _ => Err(Fault::query(format!(
                "Invalid table name: {}{}",
                parts.join("."),
                at(name)
            ))),
        }
    }

    /// A stored table's columns.
    pub(crate) fn table_columns(&self, name: &TableName) -> Result<Vec<Field>> {
        let doc = tables::load(self.tx, name)?;
        tables::must_be_table(name, &doc)?;
        self.reads.borrow_mut().insert(name.id(), name.clone());
        columns(&doc["schema"]["fields"])
    }
}

fn answers_struct(query: &Query) -> bool {
    match &*query.body {
        SetExpr::Select(select) => matches!(select.value_table_mode, Some(ValueTableMode::AsStruct)),
        _ => false,
    }
}

/// The parts of a path; a part in backticks may itself hold dots.
pub(crate) fn path(name: &ObjectName) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    for part in &name.0 {
        match part {
            ObjectNamePart::Identifier(ident) => split(ident, &mut parts),
            ObjectNamePart::Function(_) => return Err(unsupported("a function in a path", name)),
        }
    }
    Ok(parts)
}

fn split(ident: &Ident, parts: &mut Vec<String>) {
    if ident.quote_style.is_some() && ident.value.contains('.') {
        // `project:dataset.table` and domain-scoped projects keep their colon.
        parts.extend(ident.value.split('.').map(str::to_owned));
    } else {
        parts.push(ident.value.clone());
    }
}

/// ` at [line:column]`, where the parser kept it.
pub(crate) fn at(node: &impl Spanned) -> String {
    let start = node.span().start;
    if start.line == 0 {
        String::new()
    } else {
        format!(" at [{}:{}]", start.line, start.column)
    }
}

/// An identifier as a place in the text.
pub(crate) struct Here<'a>(pub(crate) &'a Ident);

impl Spanned for Here<'_> {
    fn span(&self) -> Span {
        self.0.span
    }
}

/// The refusal of something that GoogleSQL has and this BigQuery does not.
pub(crate) fn unsupported(what: &str, node: &impl Spanned) -> Fault {
    Fault::query(format!("the local BigQuery does not support {what}{}", at(node)))
}
