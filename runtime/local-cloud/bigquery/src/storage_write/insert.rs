//! Rows into a table of DuckDB's: straight, or by way of a temporary table where defaults are to be computed.

use std::collections::HashMap;

use serde_json::Value;

use super::batch;
use super::row::{Row, Wrong};
use crate::catalog::evolve::{field_name, fields, position};
use crate::catalog::names::TableName;
use crate::catalog::partitions;
use crate::catalog::streams::{NUMBER, Stream, WAITING};
use crate::engine::arrow::array::RecordBatch;
use crate::engine::{Bind, Cell, ROWS_AT_ONCE, Session};
use crate::error::Fault;
use crate::sql::Translator;
use crate::sql::params::Params;
use crate::sql::state::State;
use crate::types::{Field, Ty, columns, quoted};
use crate::wire::storage::append_rows_request::MissingValueInterpretation as Interpretation;

/// The schema of DuckDB's temporary tables.
const TEMPORARY: &str = "main";
const STAGED: &str = "_hw_staged";

/// What a client says about values that it does not send.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Missing {
    pub(super) columns: HashMap<String, i32>,
    pub(super) other: i32,
}

impl Missing {
    fn takes_default(&self, column: &str) -> bool {
        let named = self.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        named.map_or(self.other, |(_, how)| *how) == i32::from(Interpretation::DefaultValue)
    }
}

/// Where rows go, and what is needed on the way.
pub(super) struct Target<'t> {
    pub(super) table: &'t TableName,
    pub(super) schema: &'t Value,
    pub(super) columns: Vec<Field>,
    /// For each column the expression that is computed where its value is missing.
    defaults: Vec<Option<String>>,
    /// The partition of rows that come now, in microseconds, of a table that is partitioned so.
    partition: Option<i64>,
}

impl<'t> Target<'t> {
    pub(super) fn new(
        tx: &Session<'_>,
        table: &'t TableName,
        doc: &'t Value,
        missing: &Missing,
    ) -> Result<Self, Fault> {
        let schema = &doc["schema"];
        let (params, state) = (Params::default(), State::default());
        let translator = Translator::new(tx, &table.project, None, &params, &state);
        let default = |field: &Value| {
            let text = field["defaultValueExpression"].as_str();
            let text = text.filter(|_| missing.takes_default(field_name(field)));
            text.map(|text| translator.default_value(field, text)).transpose()
        };
        Ok(Self {
            table,
            schema,
            columns: columns(&schema["fields"])?,
            defaults: fields(schema).iter().map(default).collect::<Result<_, Fault>>()?,
            partition: partitions::by_ingestion(doc).then(|| partitions::now_us(doc)),
        })
    }

    /// Rows that lack what is required and has no default.
    pub(super) fn lacking(&self, rows: &[Row]) -> Vec<Wrong> {
        let required: Vec<usize> = (0..self.columns.len())
            .filter(|at| fields(self.schema)[*at]["mode"] == "REQUIRED")
            .collect();
        let lacks = |row: &Row| {
            let bad =
                |at: &&usize| row.cells[**at] == Cell::Null && !(row.missing[**at] && self.defaults[**at].is_some());
            let deletes = row.change.as_ref().is_some_and(|c| c.delete);
            required.iter().filter(|_| !deletes).find(bad).copied()
        };
        rows.iter()
            .enumerate()
            .filter_map(|(row, found)| {
                lacks(found).map(|at| Wrong {
                    row,
                    message: format!("Field {}: required field is missing", self.columns[at].name),
                })
            })
            .collect()
    }

    /// Appends to the table.
    pub(super) fn append(&self, tx: &Session<'_>, rows: &[Row]) -> Result<(), Fault> {
        let schema = format!("{}:{}", self.table.project, self.table.dataset);
        self.write(tx, rows, (&schema, &self.table.table), &self.table.duck(), None)
    }

    /// Appends to the rows of a stream that wait, numbered from `first` on.
    pub(super) fn keep(&self, tx: &Session<'_>, rows: &[Row], stream: &Stream, first: i64) -> Result<(), Fault> {
        self.prepare_waiting(tx, stream)?;
        self.write(
            tx,
            rows,
            (WAITING, &stream.waiting()),
            &stream.waiting_sql(),
            Some(first),
        )
    }

    /// The table of the rows that wait has the columns that the stream's table has, also those that it has got since.
    fn prepare_waiting(&self, tx: &Session<'_>, stream: &Stream) -> Result<(), Fault> {
        let waiting = stream.waiting_sql();
        tx.run(&format!("CREATE TABLE IF NOT EXISTS {waiting} ({NUMBER} BIGINT)"))?;
        for column in &self.columns {
            tx.run(&format!(
                "ALTER TABLE {waiting} ADD COLUMN IF NOT EXISTS {} {}",
                quoted(&column.name),
                column.ty.duck()
            ))?;
        }
        Ok(())
    }

    fn write(
        &self,
        tx: &Session<'_>,
        rows: &[Row],
        to: (&str, &str),
        to_sql: &str,
        first: Option<i64>,
    ) -> Result<(), Fault> {
        let mut extra = Vec::new();
        if first.is_none()
            && let Some(at) = self.partition
        {
            let cells = rows.iter().map(|_| Cell::Timestamp(at)).collect();
            extra.push((partitions::TIME.to_owned(), Ty::Timestamp, cells));
        }
        if let Some(first) = first {
            let numbers = (first..).take(rows.len()).map(|n| Cell::Int(n.into())).collect();
            extra.push((NUMBER.to_owned(), Ty::Int64, numbers));
        }
        if !self.computes(rows) {
            let (names, batches) = self.batches(rows, &extra)?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return tx.append(None, to.0, to.1, &names, batches);
        }
        self.stage(tx, rows, &extra)?;
        let mut names: Vec<String> = self.columns.iter().map(|c| quoted(&c.name)).collect();
        let mut values = self.values();
        names.extend(extra.iter().map(|(name, ..)| name.clone()));
        values.extend(extra.iter().map(|(name, ..)| name.clone()));
        tx.run(&format!(
            "INSERT INTO {to_sql} ({}) SELECT {} FROM temp.{STAGED}; DROP TABLE temp.{STAGED}",
            names.join(", "),
            values.join(", ")
        ))
    }

    /// Whether a default must be computed for some row.
    fn computes(&self, rows: &[Row]) -> bool {
        let defaults: Vec<usize> = (0..self.columns.len())
            .filter(|at| self.defaults[*at].is_some())
            .collect();
        rows.iter().any(|row| defaults.iter().any(|at| row.missing[*at]))
    }

    /// Puts rows into a temporary table, with a column `_hw_missing_…` for each that has a default.
    pub(super) fn stage(&self, tx: &Session<'_>, rows: &[Row], extra: &[(String, Ty, Vec<Cell>)]) -> Result<(), Fault> {
        let mut all = extra.to_vec();
        for at in (0..self.columns.len()).filter(|at| self.defaults[*at].is_some()) {
            let cells = rows.iter().map(|row| Cell::Bool(row.missing[at])).collect();
            all.push((missing_column(at), Ty::Bool, cells));
        }
        let own = self
            .columns
            .iter()
            .map(|c| format!("{} {}", quoted(&c.name), c.ty.duck()));
        let more = all.iter().map(|(name, ty, _)| format!("{name} {}", ty.duck()));
        let definitions: Vec<String> = own.chain(more).collect();
        tx.run(&format!(
            "CREATE OR REPLACE TEMP TABLE {STAGED} ({})",
            definitions.join(", ")
        ))?;
        let (names, batches) = self.batches(rows, &all)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        tx.append(Some("temp"), TEMPORARY, STAGED, &names, batches)
    }

    /// The columns' values of the temporary table, defaults computed.
    pub(super) fn values(&self) -> Vec<String> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(at, column)| match &self.defaults[at] {
                Some(default) => format!(
                    "CASE WHEN {} THEN {default} ELSE {} END",
                    missing_column(at),
                    quoted(&column.name)
                ),
                None => quoted(&column.name),
            })
            .collect()
    }

    /// Names of the columns, and the rows in pieces of the size that DuckDB works on.
    fn batches(
        &self,
        rows: &[Row],
        extra: &[(String, Ty, Vec<Cell>)],
    ) -> Result<(Vec<String>, Vec<RecordBatch>), Fault> {
        let mut names: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        names.extend(extra.iter().map(|(name, ..)| name.clone()));
        let mut batches = Vec::new();
        for (piece, rows) in rows.chunks(ROWS_AT_ONCE).enumerate() {
            let own = self.columns.iter().enumerate();
            let own = own.map(|(at, c)| (c.name.as_str(), &c.ty, rows.iter().map(|row| &row.cells[at]).collect()));
            let start = piece * ROWS_AT_ONCE;
            let more = extra
                .iter()
                .map(|(name, ty, cells)| (name.as_str(), ty, cells[start..start + rows.len()].iter().collect()));
            batches.push(batch::of(own.chain(more))?);
        }
        Ok((names, batches))
    }
}

fn missing_column(at: usize) -> String {
    format!("_hw_missing_{at}")
}

/// The table of rows on their way, as DuckDB's SQL names it.
pub(super) fn staged() -> String {
    format!("temp.{STAGED}")
}

/// Moves the rows of a stream up to a number into its table.
pub(super) fn release(tx: &Session<'_>, stream: &Stream, schema: &Value, up_to: i64) -> Result<(), Fault> {
    let waiting = stream.waiting_sql();
    let found = tx.query(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
        &[Bind::Text(WAITING), Bind::Text(&stream.waiting())],
    )?;
    // A column that the table has lost since is lost for these rows too.
    let names: Vec<String> = found
        .iter()
        .map(|row| row[0].text())
        .filter(|name| *name != NUMBER && position(fields(schema), name).is_some())
        .map(quoted)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    tx.run(&format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM {waiting} WHERE {NUMBER} < {up_to} ORDER BY {NUMBER};
         DELETE FROM {waiting} WHERE {NUMBER} < {up_to}",
        stream.table.duck(),
        names = names.join(", ")
    ))
}
