//! Load jobs: Parquet, CSV and newline-delimited JSON into a table, whole or not at all.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use super::destination::{Destination, table as destination_table};
use super::sources::{self, Source, Temporary, list};
use super::{Work, parquet_decimals};
use crate::catalog::names::TableName;
use crate::catalog::partitions::{self, Partition};
use crate::catalog::tables;
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::service::{Service, text};
use crate::sql::Translator;
use crate::sql::transfer::LoadData;
use crate::types::{Field, Ty, columns, quoted, rest_schema, storage_type};

/// The files of a load, and those of them that go with it.
struct Files {
    sources: Vec<Source>,
    format: String,
    _temporary: Temporary,
}

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["load"];
    let (name, partition) = destination_table(settings, work.project)?
        .ok_or_else(|| Fault::new(Reason::Required, "Required parameter is missing: destinationTable"))?;
    let files = open(work.service, settings, work.media.as_deref())?;
    work.service.engine.write(&[name.key()], |tx| {
        work.running.attach(tx)?;
        let statistics = load(tx, settings, &name, partition.as_ref(), &files)?;
        work.done(tx, &json!({"load": statistics}), None)
    })
}

/// LOAD DATA, in the transaction of its job.
pub(super) fn statement(service: &Service, translator: &Translator<'_>, data: &LoadData) -> Result<(), Fault> {
    let settings = translator.load_settings(data)?;
    let (name, partition) = partitions::split(translator.loaded_table(data)?);
    let files = open(service, &settings, None)?;
    load(translator.tx, &settings, &name, partition.as_ref(), &files).map(drop)
}

fn open(service: &Service, settings: &Value, media: Option<&Path>) -> Result<Files, Fault> {
    let format = text(&settings["sourceFormat"]).unwrap_or("CSV").to_ascii_uppercase();
    let mut temporary = Temporary::default();
    let mut files = match media {
        Some(path) => vec![sources::source(service, path, &mut temporary)?],
        None => {
            let uris = settings["sourceUris"].as_array().cloned().unwrap_or_default();
            let uris: Vec<String> = uris.iter().filter_map(|u| u.as_str().map(str::to_owned)).collect();
            if uris.is_empty() {
                return Err(Fault::new(
                    Reason::Required,
                    "Required parameter is missing: sourceUris",
                ));
            }
            sources::resolve(service, &uris, &mut temporary)?
        }
    };
    if format == "PARQUET" {
        for file in &mut files {
            let beside = service.scratch_file();
            temporary.add(beside.clone());
            let columns = parquet_decimals::narrow(&file.path, &beside)?;
            if !columns.is_empty() {
                file.beside = Some((beside, columns));
            }
        }
    }
    Ok(Files {
        sources: files,
        format,
        _temporary: temporary,
    })
}

/// Reads the files into the table; the job's statistics.
fn load(
    tx: &Session<'_>,
    settings: &Value,
    name: &TableName,
    partition: Option<&Partition>,
    files: &Files,
) -> Result<Value, Fault> {
    let existing = tables::find(tx, name)?;
    let reader = Reader {
        tx,
        settings,
        files: &files.sources,
        existing: existing.as_ref(),
    };
    let input = match files.format.as_str() {
        "PARQUET" => reader.parquet()?,
        "CSV" => reader.csv()?,
        "NEWLINE_DELIMITED_JSON" => reader.json()?,
        other => {
            return Err(Fault::new(
                Reason::NotImplemented,
                format!("the local BigQuery does not load the format {other}"),
            ));
        }
    };
    let destination = Destination {
        name,
        settings,
        partition,
        default_write: "WRITE_APPEND",
        expires_ms: None,
    };
    let doc = destination.prepare(tx, &input.schema)?;
    let target = columns(&doc["schema"]["fields"])?;
    let fields = doc["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (column, sql) in &input.values {
        let at = target.iter().position(|t| t.name.eq_ignore_ascii_case(column));
        let Some(at) = at else { continue };
        names.push(quoted(&target[at].name));
        values.push(format!("CAST({sql} AS {})", storage_type(&fields[at])?));
    }
    let filter = if input.good.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", input.good)
    };
    let from = format!("{}{filter}", input.from);
    let rows = destination.insert(tx, &doc, names, values, &from).map_err(reading)?;
    if let Some(cleanup) = &input.cleanup {
        tx.run(cleanup)?;
    }
    let width: u64 = target.iter().map(|c| c.ty.width()).sum();
    let bytes: u64 = files.sources.iter().map(|f| f.bytes).sum();
    Ok(json!({
        "inputFiles": files.sources.len().to_string(), "inputFileBytes": bytes.to_string(),
        "outputRows": rows.to_string(), "outputBytes": (rows * width).to_string(),
        "badRecords": input.bad.to_string(),
    }))
}

/// An error of the data, not of a statement that somebody wrote.
pub(super) fn reading(fault: Fault) -> Fault {
    if fault.reason == Reason::InvalidQuery {
        return Fault::invalid(format!("Error while reading data, error message: {}", fault.message));
    }
    fault
}

/// What is read: something to select from, its columns and their types.
pub(super) struct Input {
    pub(super) from: String,
    /// A REST schema.
    pub(super) schema: Value,
    /// For each column, its value in terms of `from`.
    pub(super) values: Vec<(String, String)>,
    /// The rows that are taken; empty: all of them.
    pub(super) good: String,
    pub(super) bad: u64,
    pub(super) cleanup: Option<String>,
}

pub(super) struct Reader<'a> {
    pub(super) tx: &'a Session<'a>,
    pub(super) settings: &'a Value,
    pub(super) files: &'a [Source],
    pub(super) existing: Option<&'a Value>,
}

impl Reader<'_> {
    pub(super) fn given_schema(&self) -> Option<&Value> {
        let given = &self.settings["schema"];
        given["fields"].as_array().filter(|f| !f.is_empty()).map(|_| given)
    }

    /// The schema of the table that stays as it is. One that is truncated takes the schema that is detected.
    pub(super) fn table_schema(&self) -> Option<&Value> {
        if self.settings["writeDisposition"] == "WRITE_TRUNCATE" && self.settings["autodetect"] == true {
            return None;
        }
        let schema = &self.existing?["schema"];
        schema["fields"].as_array().filter(|f| !f.is_empty()).map(|_| schema)
    }

    fn parquet(&self) -> Result<Input, Fault> {
        let files = list(self.files);
        let from = sources::parquet(self.files);
        let found = self.tx.describe(&format!("SELECT * FROM {from}")).map_err(reading)?;
        let inference = self.settings["parquetOptions"]["enableListInference"] == true;
        let required = self.required(&files)?;
        let known = self.given_schema().or_else(|| self.table_schema());
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for column in &found {
            let source = quoted(&column.name);
            let (ty, value) = match &column.ty {
                Ty::Array(item) if !inference => {
                    let element = Ty::Struct(vec![Field {
                        name: "element".into(),
                        ty: (**item).clone(),
                    }]);
                    let list = Field {
                        name: "list".into(),
                        ty: Ty::Array(Box::new(element)),
                    };
                    let value = format!(
                        "CASE WHEN {source} IS NULL THEN NULL ELSE struct_pack(\"list\" := list_transform({source}, \
                         lambda e: struct_pack(\"element\" := e))) END"
                    );
                    (Ty::Struct(vec![list]), value)
                }
                other => (other.clone(), source),
            };
            let wanted = known
                .and_then(|k| k["fields"].as_array())
                .and_then(|f| f.iter().find(|f| same(&f["name"], &column.name)));
            let mut field = rest_schema(&[Field {
                name: column.name.clone(),
                ty: self.decimal(ty, wanted)?,
            }])["fields"][0]
                .clone();
            let file_type = field["type"].clone();
            if required.get(&column.name).copied().unwrap_or_default() && field["mode"] == "NULLABLE" {
                field["mode"] = json!("REQUIRED");
            }
            if let (Some(_), Some(wanted)) = (self.given_schema(), wanted) {
                // A schema that came with the job decides, as far as the file's values are of its types.
                let given = crate::schema::normalise_schema(&json!({"fields": [wanted]}))?["fields"][0].clone();
                let (declared, actual) = (given["type"].as_str(), file_type.as_str());
                let numbers = [Some("NUMERIC"), Some("BIGNUMERIC")];
                if declared != actual && !(numbers.contains(&declared) && numbers.contains(&actual)) {
                    return Err(Fault::invalid(format!(
                        "Error while reading data, error message: Parquet column '{}' has type {} which does not match \
                         the target type {}",
                        column.name,
                        actual.unwrap_or_default(),
                        declared.unwrap_or_default()
                    )));
                }
                field = given;
            }
            values.push((column.name.clone(), value));
            fields.push(field);
        }
        let given = self
            .given_schema()
            .map(crate::schema::normalise_schema)
            .transpose()?
            .unwrap_or_default();
        for field in given["fields"].as_array().into_iter().flatten() {
            if !fields
                .iter()
                .any(|f: &Value| same(&f["name"], field["name"].as_str().unwrap_or_default()))
            {
                fields.push(field.clone());
            }
        }
        Ok(Input {
            from,
            schema: json!({"fields": fields}),
            values,
            good: String::new(),
            bad: 0,
            cleanup: None,
        })
    }

    /// Which top-level columns the files declare as required.
    fn required(&self, files: &str) -> Result<HashMap<String, bool>, Fault> {
        let sql = format!(
            "SELECT name, bool_and(repetition_type = 'REQUIRED') FROM parquet_schema({files}) WHERE type IS NOT NULL \
             GROUP BY name"
        );
        let rows = self.tx.query(&sql, &[])?;
        Ok(rows
            .iter()
            .map(|r| (r[0].text().to_owned(), r[1] == crate::engine::Cell::Bool(true)))
            .collect())
    }

    /// NUMERIC unless the digits do not fit and something says that BIGNUMERIC (or STRING) is welcome.
    fn decimal(&self, ty: Ty, wanted: Option<&Value>) -> Result<Ty, Fault> {
        if ty != Ty::BigNumeric {
            return Ok(ty);
        }
        let targets = self.settings["decimalTargetTypes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let allowed = targets.iter().any(|t| t == "BIGNUMERIC")
            || wanted.is_some_and(|w| ["BIGNUMERIC", "BIGDECIMAL"].contains(&w["type"].as_str().unwrap_or_default()));
        if allowed {
            return Ok(Ty::BigNumeric);
        }
        Err(Fault::invalid(
            "Error while reading data, error message: a decimal column does not fit NUMERIC; set decimalTargetTypes to \
             [\"NUMERIC\", \"BIGNUMERIC\"] to load it as BIGNUMERIC",
        ))
    }
}

fn same(value: &Value, name: &str) -> bool {
    value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(name))
}
