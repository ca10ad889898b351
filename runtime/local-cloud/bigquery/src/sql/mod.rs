//! GoogleSQL in, DuckDB's SQL out: parse (sqlparser), resolve names and types against the catalogue, emit.
//! What is not known is refused by name; nothing is passed through in the hope that DuckDB means the same.

mod aggregates;
mod alter;
mod cast;
mod cast_format;
pub(crate) mod complaint;
mod copies;
pub(crate) mod copy_syntax;
mod dashes;
mod date_parts;
mod dates;
pub(crate) mod ddl;
mod dialect;
pub(crate) mod dml;
mod expr;
mod filters;
mod forward;
mod from;
mod functions;
mod information_schema;
mod interval;
mod like;
mod literal;
mod materialized;
pub(crate) mod merge;
mod operators;
mod options;
pub(crate) mod params;
pub(crate) mod parse;
mod pipe;
mod pivot;
mod query;
mod reserved;
mod restriction;
mod rewrite;
pub(crate) mod routine_syntax;
pub(crate) mod routines;
mod scope;
pub(crate) mod script;
mod script_reader;
mod select;
mod set_operations;
pub(crate) mod state;
mod table_functions;
#[cfg(test)]
mod tests;
pub(crate) mod transfer;
mod views;
mod wildcard;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, Spanned, Visit as _, Visitor};
use sqlparser::tokenizer::Span;

use crate::Caller;
use crate::catalog::names::TableName;
use crate::catalog::{history, partitions, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::types::{Field, Ty, columns, quoted};
use params::Params;
use scope::{Origins, Scope};
use state::State;

/// Deeper nesting than this is refused rather than risked.
const DEEPEST: usize = 3000;
/// BigQuery's own limit on views within views.
const DEEPEST_EXPANSION: usize = 16;

/// A table that a statement reads, and the columns that it takes from it, in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) name: TableName,
    pub(crate) columns: BTreeSet<String>,
}

/// What the translation of a statement shares with that of the views and functions in it.
#[derive(Default)]
struct Shared {
    reads: RefCell<BTreeMap<String, Read>>,
    /// Another for each statement; made when something asks for it.
    salt: OnceCell<String>,
    /// Who asks.
    user: Caller,
    depth: Cell<usize>,
    unique: Cell<usize>,
    /// The views and functions whose bodies are being translated.
    expanding: RefCell<Vec<String>>,
    routines: RefCell<BTreeSet<TableName>>,
    /// Tables that want a filter on this column, and the columns that are filtered.
    unfiltered: RefCell<BTreeSet<(String, String)>>,
    filtered: RefCell<BTreeSet<String>>,
}

/// What a statement is translated against.
pub(crate) struct Translator<'a> {
    pub(crate) tx: &'a Session<'a>,
    pub(crate) project: String,
    pub(crate) default_dataset: Option<(String, String)>,
    pub(crate) params: &'a Params,
    pub(crate) state: &'a State,
    shared: Rc<Shared>,
    /// Whether relations get names of their own in DuckDB's SQL: a function's body stands among another query's names.
    renames: bool,
}

/// What a query names: relations, and those of them that its WITH clauses define.
#[derive(Default)]
struct Named {
    relations: Vec<ObjectName>,
    own: BTreeSet<String>,
}

impl Visitor for Named {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let defined = query.with.iter().flat_map(|with| &with.cte_tables);
        self.own.extend(defined.map(|cte| cte.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        self.relations.push(name.clone());
        ControlFlow::Continue(())
    }
}

/// A translated query and the columns that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    pub(crate) sql: String,
    pub(crate) columns: Vec<Field>,
    /// Where the columns' values come from, as far as they are passed through.
    origins: Vec<Origins>,
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
        state: &'a State,
    ) -> Self {
        Self {
            tx,
            project: project.to_owned(),
            default_dataset,
            params,
            state,
            shared: Rc::new(Shared {
                user: state.user.clone(),
                ..Shared::default()
            }),
            renames: false,
        }
    }

    /// Translates what is stored elsewhere: neither parameters nor variables nor a default dataset are known there.
    fn elsewhere<T>(&self, project: &str, what: &str, work: impl FnOnce(&Translator<'_>) -> Result<T>) -> Result<T> {
        let (params, state) = (Params::default(), State::default());
        let inner = Translator {
            tx: self.tx,
            project: project.to_owned(),
            default_dataset: None,
            params: &params,
            state: &state,
            shared: Rc::clone(&self.shared),
            renames: self.renames,
        };
        self.expanding(what, || work(&inner))
    }

    /// Notes that the body of a view or function is being translated; one within itself has no end.
    fn expanding<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let nested = self
            .shared
            .expanding
            .borrow()
            .iter()
            .any(|e| e.eq_ignore_ascii_case(what));
        if nested {
            return Err(Fault::query(format!("Recursive reference to {what} is not allowed")));
        }
        if self.shared.expanding.borrow().len() >= DEEPEST_EXPANSION {
            return Err(Fault::query(format!(
                "Views and functions are nested too deeply: at most {DEEPEST_EXPANSION} levels are allowed"
            )));
        }
        self.shared.expanding.borrow_mut().push(what.to_owned());
        let result = work();
        self.shared.expanding.borrow_mut().pop();
        result
    }

    /// The tables that were read, by their ids.
    pub(crate) fn reads(&self) -> BTreeMap<String, Read> {
        self.shared.reads.borrow().clone()
    }

    /// The stored routines that were called.
    pub(crate) fn routines_called(&self) -> Vec<TableName> {
        self.shared.routines.borrow().iter().cloned().collect()
    }

    /// Notes that a table is read; which of its columns is noted where they are used.
    fn reads_table(&self, name: &TableName) {
        let mut reads = self.shared.reads.borrow_mut();
        reads.entry(name.id()).or_insert_with(|| Read {
            name: name.clone(),
            columns: BTreeSet::new(),
        });
    }

    fn reads_columns(&self, origins: &[(String, String)]) {
        let mut reads = self.shared.reads.borrow_mut();
        for (table, column) in origins {
            if let Some(read) = reads.get_mut(table) {
                read.columns.insert(column.clone());
            }
        }
    }

    /// Reads what is known of the stored tables that a query names. A single name that the query defines itself is none of them:
    /// at worst, a table is read later by itself.
    fn read_ahead(&self, query: &Query) -> Result<()> {
        let mut named = Named::default();
        let _ = query.visit(&mut named);
        let mut tables = Vec::new();
        for name in &named.relations {
            let own =
                matches!(&*name.0, [ObjectNamePart::Identifier(one)] if named.own.contains(&one.value.to_lowercase()));
            if !own
                && let Ok(table) = self.table_name(name)
                && !tables.contains(&table)
            {
                tables.push(table);
            }
        }
        tables::read_ahead(self.tx, &tables)
    }

    /// A whole query.
    pub(crate) fn top_query(&self, query: &Query) -> Result<Translated> {
        self.read_ahead(query)?;
        let mut out = self.query(query, &Scope::root())?;
        self.must_filter()?;
        if let (
            true,
            [
                Field {
                    name,
                    ty: Ty::Struct(fields),
                },
            ],
        ) = (from::answers_values(&query.body), out.columns.as_slice())
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
                origins: Vec::new(),
            };
        }
        for origins in &out.origins {
            self.reads_columns(origins);
        }
        out = without_nulls_in_arrays(out);
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
        let depth = &self.shared.depth;
        if depth.get() >= DEEPEST {
            return Err(Fault::query("Query is too complex: expressions are nested too deeply"));
        }
        depth.set(depth.get() + 1);
        let result = work();
        depth.set(depth.get() - 1);
        result
    }

    /// A name that no user's name collides with.
    fn fresh(&self, prefix: &str) -> String {
        let unique = &self.shared.unique;
        unique.set(unique.get() + 1);
        format!("_hw_{prefix}{}", unique.get())
    }

    /// The table that a path in a statement means.
    pub(crate) fn table_name(&self, name: &ObjectName) -> Result<TableName> {
        let parts = path(name)?;
        match parts.as_slice() {
            [table] | [_, table] if self.temporary(&parts).is_some() => self
                .temporary(&parts)
                .ok_or_else(|| Fault::query(format!("Table not found: {table}"))),
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

    /// A temporary table of this script, by its bare name or as one of `_SESSION`.
    fn temporary(&self, parts: &[String]) -> Option<TableName> {
        match parts {
            [table] => self.state.table(table),
            [session, table] if session.eq_ignore_ascii_case("_SESSION") => self.state.table(table),
            _ => None,
        }
    }

    /// The columns of a table that is about to be changed: all of them are read.
    pub(crate) fn table_columns(&self, name: &TableName) -> Result<Vec<Field>> {
        let doc = tables::load(self.tx, name)?;
        tables::must_be_table(name, &doc)?;
        history::keep(self.tx, name, &doc)?;
        self.wants_filter(name, &doc);
        let columns = columns(&doc["schema"]["fields"])?;
        self.reads_table(name);
        let id = name.id();
        let all: Origins = columns.iter().map(|c| (id.clone(), c.name.to_lowercase())).collect();
        self.reads_columns(&all);
        Ok(columns)
    }

    /// The pseudo-columns of a table that is about to be changed.
    pub(crate) fn hidden_columns(&self, name: &TableName) -> Result<Vec<Field>> {
        Ok(partitions::hidden(&tables::load(self.tx, name)?))
    }
}

/// An array that is answered may be NULL or empty, but no element of it NULL.
fn without_nulls_in_arrays(out: Translated) -> Translated {
    if !out.columns.iter().any(|c| matches!(c.ty, Ty::Array(_))) {
        return out;
    }
    let list: Vec<String> = out
        .columns
        .iter()
        .map(|c| {
            let name = quoted(&c.name);
            match c.ty {
                Ty::Array(_) => format!(
                    "_headwater.whole_array({name}, {}) AS {name}",
                    crate::types::literal(&c.name)
                ),
                _ => name,
            }
        })
        .collect();
    Translated {
        sql: format!("SELECT {} FROM ({})", list.join(", "), out.sql),
        ..out
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

/// A type as it is written in a statement.
pub(crate) fn literal_type(ty: &sqlparser::ast::DataType) -> Result<Ty> {
    literal::data_type(ty)
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

/// The fault of a query with its place, where nobody nearer to it has told one.
pub(crate) fn placed(fault: Fault, node: &impl Spanned) -> Fault {
    if fault.reason != Reason::InvalidQuery || fault.message.contains(" at [") {
        return fault;
    }
    Fault {
        message: format!("{}{}", fault.message, at(node)),
        ..fault
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
