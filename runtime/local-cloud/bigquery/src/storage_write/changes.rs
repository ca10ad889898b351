//! Change data capture: rows that upsert or delete by the primary key of their table. The last change of a key wins, by
//! its sequence number where there are any and else by its arrival; so a table is merged at once, and `max_staleness`
//! is always kept. <https://cloud.google.com/bigquery/docs/change-data-capture>

use serde_json::Value;

use super::insert::{Target, staged};
use super::row::Row;
use crate::catalog::changes::{SEQUENCE, prepare, seen};
use crate::catalog::evolve::field_name;
use crate::engine::{Cell, Session};
use crate::error::Fault;
use crate::types::{Ty, quoted};

const DELETES: &str = "_hw_deletes";
const ORDER: &str = "_hw_order";

/// A column of a primary key.
pub(super) struct KeyColumn {
    /// Named as in the schema.
    name: String,
    /// It has no NULL.
    required: bool,
}

/// The columns of a table's primary key.
pub(super) fn primary_key(doc: &Value) -> Result<Vec<KeyColumn>, Fault> {
    let named = doc["tableConstraints"]["primaryKey"]["columns"].as_array();
    let fields = doc["schema"]["fields"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let key: Vec<KeyColumn> = named
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(|name| fields.iter().find(|f| field_name(f).eq_ignore_ascii_case(name)))
        .map(|field| KeyColumn {
            name: field_name(field).to_owned(),
            required: field["mode"] == "REQUIRED",
        })
        .collect();
    if key.is_empty() {
        return Err(Fault::invalid(
            "_CHANGE_TYPE is given, but the table has no primary key; declare one with \
             ALTER TABLE … ADD PRIMARY KEY (…) NOT ENFORCED",
        ));
    }
    Ok(key)
}

/// Carries out the changes, all of which have a kind.
pub(super) fn apply(tx: &Session<'_>, target: &Target<'_>, key: &[KeyColumn], rows: &[Row]) -> Result<(), Fault> {
    let change = |of: fn(&super::row::Change) -> Cell| -> Vec<Cell> {
        rows.iter()
            .map(|row| row.change.as_ref().map_or(Cell::Null, of))
            .collect()
    };
    let sequences = change(|c| c.sequence.clone().map_or(Cell::Null, Cell::Text));
    let numbered = sequences.iter().any(|s| *s != Cell::Null);
    let order = (0..rows.len())
        .map(|n| Cell::Int(i128::try_from(n).unwrap_or_default()))
        .collect();
    let extra = [
        (DELETES.to_owned(), Ty::Bool, change(|c| Cell::Bool(c.delete))),
        (SEQUENCE.to_owned(), Ty::String, sequences),
        (ORDER.to_owned(), Ty::Int64, order),
    ];
    target.stage(tx, rows, &extra)?;
    let staged = staged();
    let keys: Vec<String> = key.iter().map(|k| quoted(&k.name)).collect();
    // Of what is equal, DuckDB skips the row groups in which none of the values can be: of a table whose keys rise, nearly all.
    let same = |one: &str, other: &str| {
        let pair = |(k, column): (&String, &KeyColumn)| {
            let equals = if column.required { "=" } else { "IS NOT DISTINCT FROM" };
            format!("{one}.{k} {equals} {other}.{k}")
        };
        let pairs: Vec<String> = keys.iter().zip(key).map(pair).collect();
        pairs.join(" AND ")
    };
    // The last change of each key, of this request.
    tx.run(&format!(
        "CREATE OR REPLACE TEMP TABLE _hw_last AS SELECT * FROM {staged} QUALIFY row_number() OVER (PARTITION BY {} \
         ORDER BY {SEQUENCE} DESC NULLS LAST, {ORDER} DESC) = 1",
        keys.join(", ")
    ))?;
    if numbered {
        let names: Vec<&str> = key.iter().map(|k| k.name.as_str()).collect();
        prepare(tx, target.table, &names)?;
        let (seen, list) = (seen(target.table), keys.join(", "));
        let same = same("s", "l");
        tx.run(&format!(
            "DELETE FROM temp._hw_last AS l USING {seen} AS s WHERE {same} AND s.{SEQUENCE} > l.{SEQUENCE};
             DELETE FROM {seen} AS s USING temp._hw_last AS l WHERE {same};
             INSERT INTO {seen} ({list}, {SEQUENCE}) SELECT {list}, {SEQUENCE} FROM temp._hw_last
                 WHERE {SEQUENCE} IS NOT NULL"
        ))?;
    }
    let names: Vec<String> = target.columns.iter().map(|c| quoted(&c.name)).collect();
    let table = target.table.duck();
    tx.run(&format!(
        "DELETE FROM {table} AS t USING temp._hw_last AS l WHERE {};
         INSERT INTO {table} ({}) SELECT {} FROM temp._hw_last WHERE NOT {DELETES};
         DROP TABLE temp._hw_last; DROP TABLE {staged}",
        same("t", "l"),
        names.join(", "),
        target.values().join(", ")
    ))
}
