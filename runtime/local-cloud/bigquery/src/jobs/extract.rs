//! Extract jobs: a table into one `gs://` object as CSV, newline-delimited JSON or Parquet.

use serde_json::json;

use super::Work;
use super::sources::Temporary;
use crate::catalog::names::TableName;
use crate::catalog::{partitions, tables};
use crate::error::{Fault, Reason};
use crate::service::text;
use crate::types::{columns, literal, quoted};

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["extract"];
    let (source, partition) = partitions::split(TableName::from_reference(&settings["sourceTable"], work.project)?);
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
    // BigQuery replaces `*` by the number of the shard; there is one.
    let object = object.replacen('*', "000000000000", 1);
    let format = text(&settings["destinationFormat"]).unwrap_or("CSV");
    let gzip = settings["compression"].as_str() == Some("GZIP");
    let options = match format {
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
    };
    let mut temporary = Temporary::default();
    let file = work.service.scratch_file();
    temporary.add(file.clone());
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
        tx.execute(
            &format!(
                "COPY (SELECT {} FROM {}{rows}) TO {} ({options})",
                names.join(", "),
                source.duck(),
                literal(&file.to_string_lossy())
            ),
            &[],
        )?;
        Ok(())
    })?;
    work.service
        .objects
        .put(bucket, &object, &file)
        .map_err(|e| Fault::new(Reason::NotFound, format!("{uri} cannot be written: {e}")))?;
    work.service.engine.write(&[], |tx| {
        work.done(tx, &json!({"extract": {"destinationUriFileCounts": ["1"]}}), None)
    })
}
