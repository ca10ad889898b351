//! The statements of the current table. Rows travel in one parameter: a JSON list of lists of text, in the order of
//! [`FIXED`] and then of the columns that any of them sets.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use headwater_cloud::TableRef;
use headwater_spec::{BigQueryType as T, Column, StreamDeletes};
use serde_json::{Value, json};

use super::cell::timestamp_text;
use super::event::Position;
use super::fold::Folded;

/// What stands before the columns in a row: record, first and last position, time, whether it is whole, whether it is
/// deleted, and for each column whether it is set.
const FIXED: usize = 9;

/// A MERGE, and the rows that it is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merge {
    pub sql: String,
    pub rows: Value,
}

/// How rows meet what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mind {
    /// Only rows that stand before all of the changes are touched, and only whole records that no later deletion is known
    /// of are inserted: whatever else there is, is counted as not affected.
    InOrder,
    /// The rows are what the whole changelog comes to.
    Whole,
}

/// Brings folded changes into the current table.
pub(crate) fn merge(
    current: &TableRef,
    changelog: &TableRef,
    columns: &[Column],
    deletes: StreamDeletes,
    rows: &[(&str, Folded<'_>)],
    mind: Mind,
) -> Merge {
    let touched: Vec<usize> = rows
        .iter()
        .flat_map(|(_, folded)| folded.set.keys().copied())
        .collect::<BTreeSet<usize>>()
        .into_iter()
        .collect();
    let any_whole = rows.iter().any(|(_, folded)| folded.whole);
    let hard = deletes == StreamDeletes::Hard;
    let mut sql = format!("MERGE {} AS T USING (\n{}", current.sql(), source(columns, &touched));
    // A record that was deleted leaves nothing in the table to stand against an older change of it.
    let since = rows.iter().filter(|(_, f)| f.whole).map(|(_, f)| f.since).min();
    let buried = since.filter(|_| hard && mind == Mind::InOrder);
    if let Some(since) = buried {
        // Clocks of sources differ a little; a partition more costs little.
        let since = timestamp_text(since.saturating_sub(86_400_000_000));
        let _ = write!(
            sql,
            " LEFT JOIN (SELECT _record_id AS dead, MAX(_commit_number) AS died FROM {} \
             WHERE _operation = 'DELETE' AND _commit_timestamp >= TIMESTAMP '{since}' GROUP BY _record_id) ON dead = k",
            changelog.sql()
        );
    }
    sql.push_str(") AS S ON T._record_id = S.k\n");
    let guard = match mind {
        Mind::InOrder => "AND (T._commit_number < S.fc OR (T._commit_number = S.fc AND T._sequence_number < S.fs)) ",
        Mind::Whole => "",
    };
    if hard {
        let _ = writeln!(sql, "WHEN MATCHED {guard}AND S.deleted = '1' THEN DELETE");
    }
    let mut sets = vec![
        "_commit_number = S.lc".to_owned(),
        "_sequence_number = S.ls".into(),
        "_commit_timestamp = S.happened".into(),
        "_deleted = CASE S.deleted WHEN '1' THEN TRUE WHEN '0' THEN FALSE ELSE T._deleted END".into(),
    ];
    for (place, column) in columns.iter().enumerate() {
        let name = &column.name;
        if let Some(at) = touched.iter().position(|touched| *touched == place) {
            let untouched = if any_whole {
                format!("IF(S.whole, NULL, T.`{name}`)")
            } else {
                format!("T.`{name}`")
            };
            sets.push(format!(
                "`{name}` = IF(SUBSTR(S.touched, {}, 1) = '1', S.c{at}, {untouched})",
                at + 1
            ));
        } else if any_whole {
            sets.push(format!("`{name}` = IF(S.whole, NULL, T.`{name}`)"));
        }
    }
    let _ = writeln!(sql, "WHEN MATCHED {guard}THEN UPDATE SET {}", sets.join(", "));
    let mut conditions = Vec::new();
    if mind == Mind::InOrder {
        conditions.push("S.whole");
    }
    if hard {
        conditions.push("S.deleted != '1'");
    }
    if buried.is_some() {
        conditions.push("(S.died IS NULL OR S.died < S.lc)");
    }
    let condition = conditions
        .iter()
        .fold(String::new(), |all, one| format!("{all} AND {one}"));
    let names: String = touched
        .iter()
        .map(|place| format!(", `{}`", columns[*place].name))
        .collect();
    let values: String = (0..touched.len()).map(|at| format!(", S.c{at}")).collect();
    let _ = write!(
        sql,
        "WHEN NOT MATCHED{condition} THEN INSERT (_record_id, _commit_number, _sequence_number, _commit_timestamp, _deleted{names}) \
         VALUES (S.k, S.lc, S.ls, S.happened, S.deleted = '1'{values})"
    );
    Merge {
        sql,
        rows: json!([{
            "name": "rows", "parameterType": {"type": "STRING"},
            "parameterValue": {"value": texts(rows, &touched)},
        }]),
    }
}

/// The rows of the parameter in the columns' types.
fn source(columns: &[Column], touched: &[usize]) -> String {
    let mut out = String::from(
        "SELECT v[OFFSET(0)] AS k, CAST(v[OFFSET(1)] AS INT64) AS fc, CAST(v[OFFSET(2)] AS INT64) AS fs, \
         CAST(v[OFFSET(3)] AS INT64) AS lc, CAST(v[OFFSET(4)] AS INT64) AS ls, CAST(v[OFFSET(5)] AS TIMESTAMP) AS happened, \
         v[OFFSET(6)] = '1' AS whole, v[OFFSET(7)] AS deleted, v[OFFSET(8)] AS touched",
    );
    for (at, place) in touched.iter().enumerate() {
        let text = format!("v[OFFSET({})]", at + FIXED);
        let value = match columns[*place].data_type {
            T::String => text,
            T::Bytes => format!("FROM_BASE64({text})"),
            other => format!("CAST({text} AS {})", other.sql()),
        };
        let _ = write!(out, ", {value} AS c{at}");
    }
    // The deaths join to the rows as one relation.
    format!("SELECT * FROM ({out} FROM (SELECT JSON_VALUE_ARRAY(r) AS v FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS r))")
}

fn texts(rows: &[(&str, Folded<'_>)], touched: &[usize]) -> String {
    let all: Vec<Vec<Option<Cow<'_, str>>>> = rows
        .iter()
        .map(|(record, folded)| {
            let flag = |truth: bool| Some(Cow::Borrowed(if truth { "1" } else { "0" }));
            let number = |number: i64| Some(Cow::Owned(number.to_string()));
            let set: String = touched
                .iter()
                .map(|place| if folded.set.contains_key(place) { '1' } else { '0' })
                .collect();
            let fixed = [
                Some(Cow::Borrowed(*record)),
                number(folded.first.commit),
                number(folded.first.sequence),
                number(folded.last.commit),
                number(folded.last.sequence),
                Some(Cow::Owned(timestamp_text(folded.at))),
                flag(folded.whole),
                folded.deleted.map_or(Some(Cow::Borrowed("")), flag),
                Some(Cow::Owned(set)),
            ];
            let cells = touched
                .iter()
                .map(|place| folded.set.get(place).copied().flatten().map(super::cell::Cell::text));
            fixed.into_iter().chain(cells).collect()
        })
        .collect();
    serde_json::to_string(&all).unwrap_or_default()
}

/// All changes of some records, with every value as text.
pub(crate) fn history(changelog: &TableRef, columns: &[Column], records: &[&str]) -> String {
    let mut sql = String::from(
        "SELECT _record_id, _operation, CAST(_commit_number AS STRING), CAST(_sequence_number AS STRING), \
         CAST(UNIX_MICROS(_commit_timestamp) AS STRING), ARRAY_TO_STRING(_changed_fields, ',')",
    );
    for column in columns {
        let _ = match column.data_type {
            T::String => write!(sql, ", `{}`", column.name),
            T::Bytes => write!(sql, ", TO_BASE64(`{}`)", column.name),
            _ => write!(sql, ", CAST(`{}` AS STRING)", column.name),
        };
    }
    let ids: Vec<String> = records.iter().map(|record| literal(record)).collect();
    let _ = write!(
        sql,
        " FROM {} WHERE _record_id IN ({})",
        changelog.sql(),
        ids.join(", ")
    );
    sql
}

/// Where history puts what.
pub(crate) const HISTORY_FIXED: usize = 6;

/// A string literal of GoogleSQL, whatever the text.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || "-_/.:|@ ".contains(character) {
            out.push(character);
        } else {
            let _ = write!(out, "\\U{:08x}", u32::from(character));
        }
    }
    out.push('\'');
    out
}

/// Positions in the order of a row's history.
pub(crate) fn position(commit: &str, sequence: &str) -> Option<Position> {
    Some(Position {
        commit: commit.parse().ok()?,
        sequence: sequence.parse().ok()?,
    })
}
