//! The one query of a suite, put together: the table is named once, and what several expectations need is computed once.
//!
//! ```sql
//! WITH t AS (SELECT the columns FROM the table),
//!   g0 AS (SELECT v, COUNT(*) AS n FROM t GROUP BY v),            -- a column's different values
//!   s0 AS (SELECT AVG(…) AS mean, STDDEV_SAMP(…) AS sd FROM t),   -- what row checks compare with
//!   a AS (SELECT TO_JSON_STRING(STRUCT(…)) AS e0, … FROM t, s0)   -- one pass over the rows
//! SELECT a.*, (SELECT TO_JSON_STRING(STRUCT(…)) FROM g0) AS x1 FROM a
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::aggregates::Answer;
use super::schema::{Field, identifier, whole};
use crate::mask::Mask;
use crate::suite::Check;

/// What is read of a query's answer for one expectation: named values.
pub(super) type Values = Vec<(String, String)>;

/// A query that grows expectation by expectation.
#[derive(Default)]
pub(super) struct Builder {
    /// By these columns rows that are shown are found again.
    pub keys: Vec<Field>,
    /// So many of them.
    pub samples: usize,
    /// Columns that are not shown.
    pub hidden: Mask,
    columns: BTreeSet<String>,
    /// What is computed where the columns are read.
    computed: Vec<String>,
    /// Tables of different values, and how often each occurs.
    groups: Vec<String>,
    /// Tables of one row that row checks compare with.
    sides: Vec<String>,
    /// Groups of which the running totals are needed.
    ranked: BTreeSet<usize>,
    over_rows: Vec<(usize, Values)>,
    over_groups: Vec<(usize, String, Values)>,
}

impl Builder {
    /// Whether values are asked for that do not satisfy a check.
    pub fn shows(&self, check: &Check) -> bool {
        self.shows_columns(check.columns())
    }

    /// The same, of these columns.
    pub fn shows_columns<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> bool {
        self.samples > 0 && !self.hidden.hides_any(columns)
    }

    /// Notes that columns are read.
    pub fn reads<'a>(&mut self, columns: impl IntoIterator<Item = &'a str>) {
        self.columns.extend(columns.into_iter().map(str::to_owned));
    }

    /// A value that is computed where the columns are read, as a column of `t`.
    pub fn computed(&mut self, sql: String) -> String {
        format!("t.headwater_c{}", position(&mut self.computed, sql))
    }

    /// Notes that samples bring keys along.
    pub fn reads_keys(&mut self) {
        self.columns.extend(self.keys.iter().map(|key| key.name.clone()));
    }

    /// The different values of keys among some rows, and how often each occurs: a table `gN` with `n`, and `v0`, `v1` … for the
    /// keys.
    pub fn group(&mut self, keys: &[String], rows: &str) -> usize {
        let values: Vec<String> = keys.iter().enumerate().map(|(i, k)| format!("{k} AS v{i}")).collect();
        let names: Vec<String> = (1..=keys.len()).map(|i| i.to_string()).collect();
        let sql = format!(
            "SELECT {}, COUNT(*) AS n FROM t WHERE {rows} GROUP BY {}",
            values.join(", "),
            names.join(", ")
        );
        position(&mut self.groups, sql)
    }

    /// The same of one column as a table `rN`, with `upto`, how many rows have this value or a lesser one, and `total`, how many
    /// there are.
    pub fn ranked(&mut self, field: &Field, rows: &str) -> usize {
        let group = self.group(&[field.sql()], rows);
        self.ranked.insert(group);
        group
    }

    /// A table of one row, as `s0`.
    pub fn side(&mut self, sql: String) -> String {
        format!("s{}", position(&mut self.sides, sql))
    }

    /// What is computed over the rows for an expectation.
    pub fn over_rows(&mut self, expectation: usize, values: Values) {
        self.over_rows.push((expectation, values));
    }

    /// What is computed over another table of the query.
    pub fn over(&mut self, expectation: usize, from: String, values: Values) {
        self.over_groups.push((expectation, from, values));
    }

    /// Forgets what was to be shown of rows and of values.
    pub fn leave_out_samples(&mut self) {
        let over_rows = self.over_rows.iter_mut().map(|(_, values)| values);
        let over_groups = self.over_groups.iter_mut().map(|(_, _, values)| values);
        for values in over_rows.chain(over_groups) {
            values.retain(|(name, _)| name != "sample");
        }
    }

    /// The columns that are read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// How many tables of one row there are: `s0`, `s1` …
    pub const fn sides(&self) -> usize {
        self.sides.len()
    }

    /// What stands behind `t` in a WITH clause: the groups and the tables of one row, each behind a comma.
    pub fn tables(&self) -> String {
        let mut sql = String::new();
        for (i, group) in self.groups.iter().enumerate() {
            write!(sql, ",\n  g{i} AS ({group})").ok();
            if self.ranked.contains(&i) {
                write!(
                    sql,
                    ",\n  r{i} AS (SELECT v0, n, SUM(n) OVER (ORDER BY v0) AS upto, SUM(n) OVER () AS total FROM g{i})"
                )
                .ok();
            }
        }
        for (i, side) in self.sides.iter().enumerate() {
            write!(sql, ",\n  s{i} AS ({side})").ok();
        }
        sql
    }

    /// The query. Its first column is the number of rows; the others are JSON, `eN` and `xN` for the expectation `N`.
    pub fn finish(&self, table: &str) -> String {
        let mut sql = String::from("WITH t AS (SELECT ");
        let computed = self.computed.iter().enumerate();
        let computed = computed.map(|(i, sql)| format!("{sql} AS headwater_c{i}"));
        let columns: Vec<String> = self.columns.iter().map(|c| identifier(c)).chain(computed).collect();
        sql.push_str(if columns.is_empty() { "1 AS one" } else { "" });
        write!(sql, "{} FROM {table})", columns.join(", ")).ok();
        sql.push_str(&self.tables());
        sql.push_str(",\n  a AS (SELECT COUNT(*) AS n");
        for (expectation, values) in &self.over_rows {
            write!(sql, ",\n    {} AS e{expectation}", json(values)).ok();
        }
        sql.push_str("\n  FROM t");
        for i in 0..self.sides.len() {
            // A row that is not there would take all rows with it: a side table is an aggregate, so it has one.
            write!(sql, " CROSS JOIN s{i}").ok();
        }
        sql.push_str(")\nSELECT a.*");
        for (expectation, from, values) in &self.over_groups {
            write!(sql, ",\n  (SELECT {} FROM {from}) AS x{expectation}", json(values)).ok();
        }
        sql.push_str("\nFROM a");
        sql
    }
}

impl Builder {
    /// How many rows there are, and of each expectation what the query's row says; none where it says nothing that can be read.
    pub fn answers(&self, row: &[Value], expectations: usize) -> (u64, Vec<Option<Answer>>) {
        let mut answers = vec![Some(Answer::new()); expectations];
        let owners = self
            .over_rows
            .iter()
            .map(|(e, _)| *e)
            .chain(self.over_groups.iter().map(|(e, _, _)| *e));
        for (at, owner) in owners.enumerate() {
            let cell = row.get(at + 1).and_then(Value::as_str);
            let said = cell.and_then(|text| serde_json::from_str::<Answer>(text).ok());
            answers[owner] = answers[owner].take().zip(said).map(|(mut known, said)| {
                known.extend(said);
                known
            });
        }
        let rows = row.first().and_then(whole).and_then(|n| u64::try_from(n).ok());
        (rows.unwrap_or_default(), answers)
    }
}

/// Where something is in a list, to which it is added if it is not there.
fn position(list: &mut Vec<String>, sql: String) -> usize {
    if let Some(at) = list.iter().position(|known| *known == sql) {
        return at;
    }
    list.push(sql);
    list.len() - 1
}

fn json(values: &Values) -> String {
    let named: Vec<String> = values.iter().map(|(name, sql)| format!("{sql} AS {name}")).collect();
    format!("TO_JSON_STRING(STRUCT({}))", named.join(", "))
}
