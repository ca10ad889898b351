//! AppendRows requests: their rows come into the table, or into those that wait, in one transaction with the stream's offset;
//! what is answered is durable. Requests that wait for each other share a transaction.

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

/// What came of a request, and the table's schema as it is.
pub(super) type Answer = Result<(Outcome, Value), Fault>;

/// Carries out requests for one table that came one after another: in one transaction, unless one of them fails in it.
pub(super) fn append(service: &Service, requests: &[Append]) -> Vec<Answer> {
    let Some(first) = requests.first() else {
        return Vec::new();
    };
    let table = &first.stream.table;
    let mut committing = false;
    let together = service.engine.write(&[table.key()], |tx| {
        committing = false;
        let answers = all(tx, table, requests);
        committing = answers.is_ok();
        answers
    });
    match together {
        Ok((outcomes, schema)) => outcomes.into_iter().map(|o| Ok((o, schema.clone()))).collect(),
        // What failed while it was committed may have happened, and one request has nobody to be told apart from.
        Err(fault) if committing || requests.len() == 1 => requests.iter().map(|_| Err(fault.clone())).collect(),
        Err(_) => requests
            .iter()
            .flat_map(|request| append(service, std::slice::from_ref(request)))
            .collect(),
    }
}

fn all(tx: &Session<'_>, table: &TableName, requests: &[Append]) -> Result<(Vec<Outcome>, Value), Fault> {
    let mut doc = tables::load(tx, table)?;
    tables::must_be_table(table, &doc)?;
    let schema = doc["schema"].clone();
    let mut run = Run::default();
    let mut outcomes = Vec::with_capacity(requests.len());
    for request in requests {
        let outcome = take(tx, request, &doc, &mut run)?;
        // Nothing that comes after the end of a connection is carried out.
        let ends = matches!(&outcome, Outcome::Refused(refusal) if !refusal.is_answered());
        outcomes.push(outcome);
        if ends {
            break;
        }
    }
    run.end(tx, table, &doc)?;
    if outcomes.iter().any(|o| matches!(o, Outcome::Appended(_))) {
        tables::touch(tx, table, &mut doc)?;
    }
    Ok((outcomes, schema))
}

/// Rows that go the same way and are written together, of one request or of several.
#[derive(Default)]
struct Run {
    way: Option<Way>,
    rows: Vec<Row>,
}

struct Way {
    /// None for the default stream. It stands after the rows.
    stream: Option<Stream>,
    missing: Missing,
    /// The rows are changes; and they say in which order.
    changes: Option<bool>,
}

impl Way {
    fn goes_with(&self, other: &Self) -> bool {
        let id = |way: &Self| way.stream.as_ref().map(|s| s.id.clone());
        id(self) == id(other) && self.missing == other.missing && self.changes == other.changes
    }
}

impl Run {
    /// The stream of a request, as it is after the rows that are about to be written.
    fn stream(&self, id: &str) -> Option<&Stream> {
        let stream = self.way.as_ref()?.stream.as_ref()?;
        (stream.id == id).then_some(stream)
    }

    fn add(&mut self, tx: &Session<'_>, table: &TableName, doc: &Value, way: Way, rows: Vec<Row>) -> Result<(), Fault> {
        if self.way.as_ref().is_some_and(|before| !before.goes_with(&way)) {
            self.end(tx, table, doc)?;
        }
        self.way = Some(way);
        self.rows.extend(rows);
        Ok(())
    }

    /// Writes the rows.
    fn end(&mut self, tx: &Session<'_>, table: &TableName, doc: &Value) -> Result<(), Fault> {
        let (Some(way), rows) = (self.way.take(), std::mem::take(&mut self.rows)) else {
            return Ok(());
        };
        let target = Target::new(tx, table, doc, &way.missing)?;
        let Some(stream) = way.stream else {
            return match way.changes {
                Some(_) => changes::apply(tx, &target, &changes::primary_key(doc)?, &rows),
                None => target.append(tx, &rows),
            };
        };
        match stream.kind {
            Kind::Committed => target.append(tx, &rows)?,
            Kind::Pending | Kind::Buffered => {
                let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
                target.keep(tx, &rows, &stream, stream.next - count)?;
            }
        }
        streams::save(tx, &stream)
    }
}

/// The stream, if it takes these rows at this offset; none for the default stream.
fn place(tx: &Session<'_>, request: &Append, run: &Run) -> Result<Option<Stream>, Refusal> {
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
    let found = match run.stream(&request.stream.id) {
        Some(stream) => Some(stream.clone()),
        None => streams::find(tx, &request.stream.table, &request.stream.id)?,
    };
    let stream = found.ok_or_else(|| Refusal::stream_not_found(&name))?;
    if stream.finalized {
        return Err(Refusal::finalized(&name));
    }
    match request.offset {
        Some(offset) if offset != stream.next => Err(Refusal::offset(&name, stream.next, offset)),
        _ => Ok(Some(stream)),
    }
}

/// Reads a request's rows and puts them with those that are to be written, unless it is refused.
fn take(tx: &Session<'_>, request: &Append, doc: &Value, run: &mut Run) -> Result<Outcome, Fault> {
    let table = &request.stream.table;
    let stream = match place(tx, request, run) {
        Ok(stream) => stream,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let (rows, captures) = match read(&request.rows, &doc["schema"], table) {
        Ok((Ok(rows), captures)) => (rows, captures),
        Ok((Err(wrong), _)) => return Ok(Outcome::Wrong(wrong)),
        Err(refusal) => return Ok(Outcome::Refused(refusal.about(&request.stream.text()))),
    };
    let mut lacking = Target::new(tx, table, doc, &request.missing)?.lacking(&rows);
    if !lacking.is_empty() {
        lacking.truncate(MOST_WRONG);
        return Ok(Outcome::Wrong(lacking));
    }
    if captures && stream.is_some() {
        return Ok(Outcome::Refused(Refusal::wrong_type(
            &request.stream.text(),
            "_CHANGE_TYPE is for the default stream only",
        )));
    }
    if captures && let Err(fault) = changes::primary_key(doc) {
        return Ok(Outcome::Refused(fault.into()));
    }
    let numbered = |row: &Row| row.change.as_ref().is_some_and(|c| c.sequence.is_some());
    let mut way = Way {
        stream,
        missing: request.missing.clone(),
        changes: captures.then(|| rows.iter().any(numbered)),
    };
    let mut first = None;
    if let Some(stream) = &mut way.stream {
        first = Some(stream.next);
        stream.next += request.rows.count();
    }
    run.add(tx, table, doc, way, rows)?;
    Ok(Outcome::Appended(first))
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
