//! Scripts as trees of steps: statements and the procedural language around them. See
//! <https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language>.

use sqlparser::ast::{DataType, Expr, Ident, ObjectName, Query, SqlOption, Statement};
use sqlparser::tokenizer::Location;

use super::copy_syntax::CopyTable;
use super::parse;
use super::routine_syntax::{CreateRoutine, RoutineKind};
pub(crate) use super::script_reader::parse;
use super::transfer::{ExportData, LoadData};

/// One step of a script. A script has few of them, so their size does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Sql(Box<Written>),
    CreateRoutine(Box<CreateRoutine>),
    DropRoutine {
        kind: RoutineKind,
        name: ObjectName,
        if_exists: bool,
    },
    /// `ALTER {TABLE | [MATERIALIZED] VIEW | SCHEMA} … SET OPTIONS`.
    SetOptions {
        target: Target,
        name: ObjectName,
        if_exists: bool,
        options: Vec<SqlOption>,
    },
    /// `ALTER TABLE … ALTER COLUMN … SET OPTIONS`, for one column or several.
    ColumnOptions {
        name: ObjectName,
        if_exists: bool,
        columns: Vec<(Ident, Vec<SqlOption>)>,
    },
    /// `CREATE [SNAPSHOT] TABLE … {COPY | CLONE} …`.
    CopyTable(Box<CopyTable>),
    DropSnapshot {
        name: ObjectName,
        if_exists: bool,
    },
    ExportData(Box<ExportData>),
    LoadData(Box<LoadData>),
    DropMaterializedView {
        name: ObjectName,
        if_exists: bool,
    },
    Declare {
        names: Vec<Ident>,
        ty: Option<DataType>,
        default: Option<Expr>,
    },
    Set {
        names: Vec<String>,
        /// The names stand in brackets.
        listed: bool,
        value: Expr,
    },
    If {
        arms: Vec<(Expr, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    /// LOOP, WHILE and REPEAT: the test before a round, the body, the test after it.
    Loop {
        label: Option<String>,
        before: Option<Expr>,
        body: Vec<Step>,
        until: Option<Expr>,
    },
    For {
        label: Option<String>,
        name: String,
        query: Box<Query>,
        body: Vec<Step>,
    },
    Block {
        label: Option<String>,
        body: Vec<Step>,
        handler: Option<Vec<Step>>,
    },
    Leave(Option<String>),
    Iterate(Option<String>),
    Return,
    Raise(Option<Expr>),
    Call {
        name: ObjectName,
        arguments: Vec<Expr>,
    },
    Execute {
        text: Expr,
        into: Vec<String>,
        using: Vec<(Expr, Option<String>)>,
    },
    /// The steps between BEGIN TRANSACTION and COMMIT or ROLLBACK.
    Transaction {
        steps: Vec<Step>,
        commit: bool,
    },
    /// A ROLLBACK by itself: within a transaction it ends it, in a handler there is nothing left to do.
    Rollback,
}

/// What SET OPTIONS changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Table,
    View,
    MaterializedView,
    Schema,
}

/// A statement of sqlparser's, and where it stands in the script's text.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) statement: Statement,
    pub(crate) start: Location,
    pub(crate) end: Location,
    /// Where a view's query begins.
    pub(super) body: Option<Location>,
    /// A materialized view's PARTITION BY, which sqlparser does not know.
    pub(crate) partition: Option<Expr>,
}

impl Written {
    /// The statement's own text.
    pub(crate) fn text<'t>(&self, script: &'t str) -> &'t str {
        parse::slice(script, self.start, self.end)
    }

    /// The text of a view's query.
    pub(crate) fn view_text<'t>(&self, script: &'t str) -> &'t str {
        parse::slice(script, self.body.unwrap_or(self.start), self.end)
    }
}
