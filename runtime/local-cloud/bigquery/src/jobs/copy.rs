//! Copy jobs: the rows of one or more tables into another; a table's clone or snapshot; a snapshot restored.

use serde_json::{Map, Value, json};

use super::Work;
use super::destination::{Destination, table as destination_table};
use crate::catalog::copies::{self, Kind};
use crate::catalog::history::{self, State};
use crate::catalog::names::TableName;
use crate::catalog::partitions::{self, Partition};
use crate::catalog::{now_ms, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::types::{columns, quoted};

/// A table that is copied, as it is or as it was.
struct Source {
    name: TableName,
    /// Milliseconds; negative ones count back from now.
    at: Option<i64>,
    partition: Option<Partition>,
}

impl Source {
    /// From a reference, whose table may be followed by `@` and a time.
    fn read(reference: &Value, project: &str) -> Result<Self, Fault> {
        let (mut name, partition) = partitions::split(TableName::from_reference(reference, project)?);
        let Some((table, time)) = name.table.split_once('@') else {
            let at = None;
            return Ok(Self { name, at, partition });
        };
        let at = time.parse().map_err(|_| {
            Fault::invalid(format!(
                "Invalid snapshot time in {}: milliseconds are wanted after the @",
                name.id()
            ))
        })?;
        name.table = table.to_owned();
        let at = Some(at);
        Ok(Self { name, at, partition })
    }

    /// The rows to copy, and their time in milliseconds.
    fn state(&self, tx: &Session<'_>) -> Result<(State, i64), Fault> {
        let doc = tables::load(tx, &self.name)?;
        tables::must_be_stored(&self.name, &doc)?;
        match self.at {
            None => {
                let sql = self.name.duck();
                Ok((State { sql, doc }, now_ms()))
            }
            Some(at) => {
                let at = if at < 0 { now_ms() + at } else { at };
                Ok((history::at(tx, &self.name, &doc, at)?, at))
            }
        }
    }
}

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["copy"];
    let missing = |what: &str| Fault::new(Reason::Required, format!("Required parameter is missing: {what}"));
    let (name, partition) = destination_table(settings, work.project)?.ok_or_else(|| missing("destinationTable"))?;
    let list = settings["sourceTables"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![settings["sourceTable"].clone()]);
    let sources: Vec<Source> = list
        .iter()
        .map(|source| Source::read(source, work.project))
        .collect::<Result<_, Fault>>()?;
    let itself = |source: &Source| source.name == name && source.at.is_none() && source.partition == partition;
    if sources.iter().any(itself) {
        return Err(Fault::invalid("Source and destination tables of a copy must differ"));
    }
    let kind = match settings["operationType"].as_str() {
        None | Some("OPERATION_TYPE_UNSPECIFIED" | "COPY" | "RESTORE") => Kind::Copy,
        Some("SNAPSHOT") => Kind::Snapshot,
        Some("CLONE") => Kind::Clone,
        Some(other) => return Err(Fault::invalid(format!("Invalid value for operationType: {other}"))),
    };
    work.service.engine.write(&[name.key()], |tx| {
        work.running.attach(tx)?;
        let rows = match (kind, sources.as_slice()) {
            (Kind::Copy, sources) => copy(tx, settings, &name, partition.as_ref(), sources)?,
            (kind, [source]) => derive(tx, kind, settings, &name, source)?,
            _ => return Err(Fault::invalid("A snapshot or clone is made of one table")),
        };
        work.done(tx, &json!({"copy": {"copiedRows": rows.to_string()}}), None)
    })
}

/// A clone or snapshot.
fn derive(tx: &Session<'_>, kind: Kind, settings: &Value, name: &TableName, source: &Source) -> Result<u64, Fault> {
    let (state, at) = source.state(tx)?;
    let mut own = Map::new();
    if !settings["destinationExpirationTime"].is_null() {
        let text = settings["destinationExpirationTime"].as_str().unwrap_or_default();
        let time = chrono::DateTime::parse_from_rfc3339(text)
            .map_err(|_| Fault::invalid(format!("Invalid value for destinationExpirationTime: {text}")))?;
        own.insert("expirationTime".into(), json!(time.timestamp_millis().to_string()));
    }
    copies::create(tx, kind, name, &source.name, &state, at, own)
}

fn copy(
    tx: &Session<'_>,
    settings: &Value,
    name: &TableName,
    partition: Option<&Partition>,
    sources: &[Source],
) -> Result<u64, Fault> {
    let mut rows = 0;
    let mut settings = settings.clone();
    settings["destinationTableProperties"] = json!(null);
    for (i, source) in sources.iter().enumerate() {
        let (from, _) = source.state(tx)?;
        if i == 0 {
            for key in ["timePartitioning", "rangePartitioning", "clustering"] {
                settings[key] = from.doc[key].clone();
            }
        } else {
            settings["writeDisposition"] = json!("WRITE_APPEND");
        }
        let destination = Destination {
            name,
            settings: &settings,
            partition,
            default_write: "WRITE_EMPTY",
            expires_ms: None,
        };
        let doc = destination.prepare(tx, &from.doc["schema"])?;
        let mut names: Vec<String> = columns(&from.doc["schema"]["fields"])?
            .iter()
            .map(|c| quoted(&c.name))
            .collect();
        if partitions::by_ingestion(&doc) {
            names.extend(partitions::stored(&from.doc).iter().map(|name| (*name).to_owned()));
        }
        let rows_of = match &source.partition {
            Some(partition) => format!("{} WHERE {}", from.sql, partition.condition(&source.name, &from.doc)?),
            None => from.sql,
        };
        rows += destination.insert(tx, &doc, names.clone(), names, &rows_of)?;
    }
    Ok(rows)
}
