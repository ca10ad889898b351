//! Extract jobs and EXPORT DATA: rows into one `gs://` object as CSV, newline-delimited JSON or Parquet.

use serde_json::{Value, json};

use super::Work;
use super::sources::Temporary;
use crate::catalog::names::TableName;
use crate::catalog::{partitions, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::service::{Service, text};
use crate::sql::Translator;
use crate::sql::transfer::ExportData;
use crate::types::{columns, literal, quoted};

/// Where rows are written and how.
struct Object {
    uri: String,
    bucket: String,
    name: String,
    /// The options of DuckDB's COPY.
    options: String,
}

impl Object {
    /// From the settings of an extract job.
    fn read(settings: &Value) -> Result<Self, Fault> {
        let uri = settings["destinationUris"]
            .as_array()
            .and_then(|u| u.first())
            .unwrap_or(&settings["destinationUri"]);
        let uri =
            text(uri).ok_or_else(|| Fault::new(Reason::Required, "Required parameter is missing: destinationUris"))?;
        let (bucket, object) = uri
            .strip_prefix("gs://")
            .and_then(|r| r.split_once('/'))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "Destination URI must be a Google Cloud Storage location: {uri}"
                ))
            })?;
        Ok(Self {
            uri: uri.to_owned(),
            bucket: bucket.to_owned(),
            // BigQuery replaces `*` by the number of the shard; there is one.
            name: object.replacen('*', "000000000000", 1),
            options: options(settings)?,
        })
    }

    /// Writes what a query of DuckDB's answers to a file, whose bytes become the object.
    fn write(&self, service: &Service, select: impl FnOnce(&str) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut temporary = Temporary::default();
        let file = service.scratch_file();
        temporary.add(file.clone());
        select(&literal(&file.to_string_lossy()))?;
        service
            .objects
            .put(&self.bucket, &self.name, &file)
            .map_err(|e| Fault::new(Reason::NotFound, format!("{} cannot be written: {e}", self.uri)))
    }

    fn copy(&self, tx: &Session<'_>, select: &str, file: &str) -> Result<(), Fault> {
        tx.execute(&format!("COPY ({select}) TO {file} ({})", self.options), &[])
            .map(drop)
    }
}

fn options(settings: &Value) -> Result<String, Fault> {
    let gzip = settings["compression"].as_str() == Some("GZIP");
    Ok(match text(&settings["destinationFormat"]).unwrap_or("CSV") {
        "CSV" => {
            let delimiter = text(&settings["fieldDelimiter"]).unwrap_or(",");
            let header = settings["printHeader"] != false;
            format!(
                "FORMAT csv, HEADER {header}, DELIM {}, COMPRESSION {}",
                literal(delimiter),
                if gzip { "gzip" } else { "none" }
            )
        }
        "NEWLINE_DELIMITED_JSON" => format!(
            "FORMAT json, COMPRESSION {}",
            if gzip { "gzip" } else { "uncompressed" }
        ),
        "PARQUET" => "FORMAT parquet, COMPRESSION snappy".to_owned(),
        other => {
            return Err(Fault::new(
                Reason::NotImplemented,
                format!("the local BigQuery does not extract to the format {other}"),
            ));
        }
    })
}

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["extract"];
    let (source, partition) = partitions::split(TableName::from_reference(&settings["sourceTable"], work.project)?);
    let object = Object::read(settings)?;
    object.write(work.service, |file| {
        work.service.engine.read(|tx| {
            work.running.attach(tx)?;
            let doc = tables::load(tx, &source)?;
            tables::must_be_stored(&source, &doc)?;
            let names: Vec<String> = columns(&doc["schema"]["fields"])?
                .iter()
                .map(|c| quoted(&c.name))
                .collect();
            let rows = match &partition {
                Some(partition) => format!(" WHERE {}", partition.condition(&source, &doc)?),
                None => String::new(),
            };
            let select = format!("SELECT {} FROM {}{rows}", names.join(", "), source.duck());
            object.copy(tx, &select, file)
        })
    })?;
    work.service.engine.write(&[], |tx| {
        work.done(tx, &json!({"extract": {"destinationUriFileCounts": ["1"]}}), None)
    })
}

/// EXPORT DATA, in the transaction of its job.
pub(super) fn export(service: &Service, translator: &Translator<'_>, export: &ExportData) -> Result<(), Fault> {
    let settings = translator.export_settings(export)?;
    let object = Object::read(&settings)?;
    let prefix = object.name.split("000000000000").next().unwrap_or_default();
    let taken = service.objects.list(&object.bucket, prefix).unwrap_or_default();
    if settings["overwrite"] != true && !taken.is_empty() {
        return Err(Fault::invalid(format!(
            "Invalid value: The destination of EXPORT DATA is not empty: {}; set overwrite = true to replace it",
            object.uri
        )));
    }
    let select = translator.top_query(&export.query)?.sql;
    object.write(service, |file| object.copy(translator.tx, &select, file))
}
