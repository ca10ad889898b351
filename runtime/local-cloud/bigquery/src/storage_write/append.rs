//! One AppendRows request: its rows come into the table, or into those that wait, in one transaction with the stream's
//! offset; what is answered is durable.

use bytes::Bytes;
use serde_json::Value;

use super::errors::Refusal;
use super::insert::{Missing, Target};
use super::names::StreamName;
use super::row::{Row, Wrong};
use super::{arrow_rows, changes, proto_rows};
use crate::catalog::names::TableName;
use crate::catalog::streams::{self, Kind, Stream};
use crate::catalog::tables;
use crate::engine::Session;
use crate::engine::arrow::array::RecordBatch;
use crate::error::{Fault, Reason};
use crate::service::Service;

/// Rows of BigQuery's own limit on errors that are named in one answer.
const MOST_WRONG: usize = 100;

/// Rows as they were sent, with what describes them.
pub(super) enum Rows {
    Proto(prost_reflect::MessageDescriptor, Vec<Bytes>),
    Arrow(RecordBatch),
}

impl Rows {
    fn count(&self) -> i64 {
        let count = match self {
            Self::Proto(_, rows) => rows.len(),
            Self::Arrow(batch) => batch.num_rows(),
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// A request, read as far as it can be without the table.
pub(super) struct Append {
    pub(super) stream: StreamName,
    pub(super) offset: Option<i64>,
    pub(super) rows: Rows,
    pub(super) missing: Missing,
}

/// What came of a request.
pub(super) enum Outcome {
    /// The offset of the first row, if the stream has offsets.
    Appended(Option<i64>),
    Wrong(Vec<Wrong>),
    Refused(Refusal),
}

/// Carries out a request; also the table's schema as it is.
pub(super) fn append(service: &Service, request: &Append) -> Result<(Outcome, Value), Fault> {
    let table = &request.stream.table;
    service.engine.write(&[table.key()], |tx| {
        let mut doc = tables::load(tx, table)?;
        tables::must_be_table(table, &doc)?;
        let schema = doc["schema"].clone();
        let outcome = match place(tx, request) {
            Ok(stream) => into(tx, request, &doc, stream)?,
            Err(refusal) => Outcome::Refused(refusal),
        };
        if let Outcome::Appended(_) = outcome {
            tables::touch(tx, table, &mut doc)?;
        }
        Ok((outcome, schema))
    })
}

/// The stream, if it takes these rows at this offset; none for the default stream.
fn place(tx: &Session<'_>, request: &Append) -> Result<Option<Stream>, Refusal> {
    let name = request.stream.text();
    if request.stream.is_default() {
        return match request.offset {
            None => Ok(None),
            Some(_) => Err(Refusal::wrong_type(
                &name,
                &format!("The default stream has no offsets: leave offset out. Entity: {name}"),
            )),
        };
    }
    let found = streams::find(tx, &request.stream.table, &request.stream.id)?;
    let stream = found.ok_or_else(|| Refusal::stream_not_found(&name))?;
    if stream.finalized {
        return Err(Refusal::finalized(&name));
    }
    match request.offset {
        Some(offset) if offset != stream.next => Err(Refusal::offset(&name, stream.next, offset)),
        _ => Ok(Some(stream)),
    }
}

fn into(tx: &Session<'_>, request: &Append, doc: &Value, stream: Option<Stream>) -> Result<Outcome, Fault> {
    let table = &request.stream.table;
    let (rows, captures) = match read(&request.rows, &doc["schema"], table) {
        Ok((Ok(rows), captures)) => (rows, captures),
        Ok((Err(wrong), _)) => return Ok(Outcome::Wrong(wrong)),
        Err(refusal) => return Ok(Outcome::Refused(refusal.about(&request.stream.text()))),
    };
    let target = Target::new(tx, table, doc, &request.missing)?;
    let mut lacking = target.lacking(&rows);
    if !lacking.is_empty() {
        lacking.truncate(MOST_WRONG);
        return Ok(Outcome::Wrong(lacking));
    }
    let count = request.rows.count();
    match stream {
        Some(_) if captures => Ok(Outcome::Refused(Refusal::wrong_type(
            &request.stream.text(),
            "_CHANGE_TYPE is for the default stream only",
        ))),
        None if captures => {
            let key = match changes::primary_key(doc) {
                Ok(key) => key,
                Err(fault) => return Ok(Outcome::Refused(fault.into())),
            };
            changes::apply(tx, &target, &key, &rows)?;
            Ok(Outcome::Appended(None))
        }
        None => {
            target.append(tx, &rows)?;
            Ok(Outcome::Appended(None))
        }
        Some(mut stream) => {
            let first = stream.next;
            match stream.kind {
                Kind::Committed => target.append(tx, &rows)?,
                Kind::Pending | Kind::Buffered => target.keep(tx, &rows, &stream, first)?,
            }
            stream.next += count;
            streams::save(tx, &stream)?;
            Ok(Outcome::Appended(Some(first)))
        }
    }
}

/// The rows, or those that are wrong; and whether they are changes.
#[allow(clippy::type_complexity)]
fn read(rows: &Rows, schema: &Value, table: &TableName) -> Result<(Result<Vec<Row>, Vec<Wrong>>, bool), Refusal> {
    if schema["fields"].as_array().is_none_or(Vec::is_empty) {
        let fault = format!("The destination table has no schema: {}", table.id());
        return Err(Fault::new(Reason::Invalid, fault).into());
    }
    let (all, captures): (Vec<Result<Row, String>>, bool) = match rows {
        Rows::Proto(message, rows) => {
            let plan = proto_rows::Plan::new(message, schema)?;
            (rows.iter().map(|row| plan.row(row)).collect(), plan.captures_changes())
        }
        Rows::Arrow(batch) => {
            let plan = arrow_rows::Plan::new(batch.schema().fields(), schema)?;
            (plan.rows(batch)?, false)
        }
    };
    let mut good = Vec::with_capacity(all.len());
    let mut wrong = Vec::new();
    for (row, read) in all.into_iter().enumerate() {
        match read {
            Ok(read) => good.push(read),
            Err(message) => wrong.push(Wrong { row, message }),
        }
    }
    wrong.truncate(MOST_WRONG);
    let rows = if wrong.is_empty() { Ok(good) } else { Err(wrong) };
    Ok((rows, captures))
}
