//! Load jobs: Parquet, CSV and newline-delimited JSON into a table, whole or not at all.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::destination::{Destination, table as destination_table};
use super::sources::{self, Source, Temporary, list};
use super::{Work, parquet_decimals};
use crate::catalog::{int, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::service::text;
use crate::types::{Field, Ty, columns, literal, quoted, rest_schema, storage_type};

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["load"];
    let name = destination_table(settings, work.project)?
        .ok_or_else(|| Fault::new(Reason::Required, "Required parameter is missing: destinationTable"))?;
    let format = text(&settings["sourceFormat"]).unwrap_or("CSV").to_ascii_uppercase();
    let mut temporary = Temporary::default();
    let mut files = match &work.media {
        Some(path) => vec![sources::source(work.service, path, &mut temporary)?],
        None => {
            let uris = settings["sourceUris"].as_array().cloned().unwrap_or_default();
            let uris: Vec<String> = uris.iter().filter_map(|u| u.as_str().map(str::to_owned)).collect();
            if uris.is_empty() {
                return Err(Fault::new(
                    Reason::Required,
                    "Required parameter is missing: sourceUris",
                ));
            }
            sources::resolve(work.service, &uris, &mut temporary)?
        }
    };
    let (count, bytes) = (files.len(), files.iter().map(|f| f.bytes).sum::<u64>());
    if format == "PARQUET" {
        for file in &mut files {
            let beside = work.service.scratch_file();
            temporary.add(beside.clone());
            let columns = parquet_decimals::narrow(&file.path, &beside)?;
            if !columns.is_empty() {
                file.beside = Some((beside, columns));
            }
        }
    }
    work.service.engine.write(&[name.key()], |tx| {
        work.running.attach(tx)?;
        let existing = tables::find(tx, &name)?;
        let reader = Reader {
            tx,
            settings,
            files: &files,
            existing: existing.as_ref(),
        };
        let input = match format.as_str() {
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
            name: &name,
            settings,
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
        let insert = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {}{filter}",
            name.duck(),
            names.join(", "),
            values.join(", "),
            input.from
        );
        let rows = tx.execute(&insert, &[]).map_err(reading)?;
        if let Some(cleanup) = &input.cleanup {
            tx.run(cleanup)?;
        }
        let width: u64 = target.iter().map(|c| c.ty.width()).sum();
        let statistics = json!({"load": {
            "inputFiles": count.to_string(), "inputFileBytes": bytes.to_string(),
            "outputRows": rows.to_string(), "outputBytes": (rows * width).to_string(),
            "badRecords": input.bad.to_string(),
        }});
        work.done(tx, &statistics, None)
    })
}

/// An error of the data, not of a statement that somebody wrote.
fn reading(fault: Fault) -> Fault {
    if fault.reason == Reason::InvalidQuery {
        return Fault::invalid(format!("Error while reading data, error message: {}", fault.message));
    }
    fault
}

/// What is read: something to select from, its columns and their types.
struct Input {
    from: String,
    /// A REST schema.
    schema: Value,
    /// For each column, its value in terms of `from`.
    values: Vec<(String, String)>,
    /// The rows that are taken; empty: all of them.
    good: String,
    bad: u64,
    cleanup: Option<String>,
}

struct Reader<'a> {
    tx: &'a Session<'a>,
    settings: &'a Value,
    files: &'a [Source],
    existing: Option<&'a Value>,
}

impl Reader<'_> {
    fn given_schema(&self) -> Option<&Value> {
        let given = &self.settings["schema"];
        given["fields"].as_array().filter(|f| !f.is_empty()).map(|_| given)
    }

    /// The schema of the table that stays as it is. One that is truncated takes the schema that is detected.
    fn table_schema(&self) -> Option<&Value> {
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
                let given = crate::types::normalise_schema(&json!({"fields": [wanted]}))?["fields"][0].clone();
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
            .map(crate::types::normalise_schema)
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

    fn csv(&self) -> Result<Input, Fault> {
        let s = self.settings;
        let skip = int(&s["skipLeadingRows"]).unwrap_or(0);
        let delimiter = match text(&s["fieldDelimiter"]).unwrap_or(",") {
            "tab" | "\\t" => "\t",
            other => other,
        };
        let quote = s["quote"].as_str().unwrap_or("\"");
        let marker = s["nullMarker"].as_str().unwrap_or("");
        let gzip = self.files.first().is_some_and(|f| f.gzip);
        let mut options = format!(
            "delim = {}, quote = {}, escape = {}, nullstr = {}, compression = '{}', max_line_size = 20000000, \
             null_padding = {}, allow_quoted_nulls = false",
            literal(delimiter),
            literal(quote),
            literal(quote),
            literal(marker),
            if gzip { "gzip" } else { "none" },
            s["allowJaggedRows"] == true,
        );
        let files = list(self.files);
        let schema = match self.given_schema().or_else(|| self.table_schema()) {
            Some(schema) => schema.clone(),
            None if s["autodetect"] == true => {
                let header = if skip > 0 {
                    format!(", header = true, skip = {}", skip - 1)
                } else {
                    String::new()
                };
                let sniff =
                    format!("SELECT * FROM read_csv({files}, {options}, auto_detect = true, sample_size = -1{header})");
                let found = self.tx.describe(&sniff).map_err(reading)?;
                let rows = self.tx.query(
                    &format!(
                        "SELECT HasHeader FROM sniff_csv({})",
                        literal(&self.files[0].path.to_string_lossy())
                    ),
                    &[],
                );
                let has_header =
                    skip > 0 || rows.is_ok_and(|r| r.first().is_some_and(|r| r[0] == crate::engine::Cell::Bool(true)));
                let schema = rest_schema(
                    &found
                        .into_iter()
                        .map(|f| Field {
                            name: plain(&f.name),
                            ..f
                        })
                        .collect::<Vec<_>>(),
                );
                return self.csv_rows(&files, &mut options, skip.max(i64::from(has_header)), &schema);
            }
            None => {
                return Err(Fault::invalid(
                    "No schema specified on job or table. Give a schema, or set autodetect",
                ));
            }
        };
        self.csv_rows(&files, &mut options, skip, &schema)
    }

    /// Every value is read as text and then as its type, so that a bad one can be counted instead of failing all.
    fn csv_rows(&self, files: &str, options: &mut String, skip: i64, schema: &Value) -> Result<Input, Fault> {
        let fields = columns(&schema["fields"])?;
        let texts: Vec<String> = fields
            .iter()
            .map(|f| format!("{}: 'VARCHAR'", literal(&f.name)))
            .collect();
        if let Some(nested) = fields.iter().find(|f| matches!(f.ty, Ty::Struct(_) | Ty::Array(_))) {
            return Err(Fault::invalid(format!(
                "CSV cannot hold the nested or repeated field {}",
                nested.name
            )));
        }
        let most = int(&self.settings["maxBadRecords"]).unwrap_or(0);
        if most > 0 || self.settings["ignoreUnknownValues"] == true {
            options.push_str(", ignore_errors = true");
        }
        let from = format!(
            "read_csv({files}, {options}, auto_detect = false, header = false, skip = {skip}, columns = {{{}}})",
            texts.join(", ")
        );
        // A quoted nothing is an empty text, and NULL in a column that holds no text.
        let cells: Vec<String> = fields
            .iter()
            .map(|f| match f.ty {
                Ty::String | Ty::Bytes => quoted(&f.name),
                _ => format!("nullif({0}, '') AS {0}", quoted(&f.name)),
            })
            .collect();
        let from = match self.settings["nullMarker"].as_str().unwrap_or("") {
            "" => format!("(SELECT {} FROM {from})", cells.join(", ")),
            _ => from,
        };
        self.typed(from, schema, &fields, most)
    }

    fn json(&self) -> Result<Input, Fault> {
        let gzip = self.files.first().is_some_and(|f| f.gzip);
        let files = list(self.files);
        let options = format!(
            "format = 'newline_delimited', compression = '{}', maximum_object_size = 100000000",
            if gzip { "gzip" } else { "uncompressed" }
        );
        let given = self.given_schema().or_else(|| self.table_schema());
        let Some(schema) = given else {
            if self.settings["autodetect"] != true {
                return Err(Fault::invalid(
                    "No schema specified on job or table. Give a schema, or set autodetect",
                ));
            }
            let from = format!("read_json({files}, {options}, sample_size = -1, map_inference_threshold = -1)");
            let found = self.tx.describe(&format!("SELECT * FROM {from}")).map_err(reading)?;
            // A timestamp without a zone is taken for UTC, as BigQuery's detection does.
            let fields: Vec<Field> = found
                .iter()
                .map(|f| Field {
                    name: plain(&f.name),
                    ty: if f.ty == Ty::Datetime {
                        Ty::Timestamp
                    } else {
                        f.ty.clone()
                    },
                })
                .collect();
            let values = found.iter().map(|f| (plain(&f.name), quoted(&f.name))).collect();
            return Ok(Input {
                from,
                schema: rest_schema(&fields),
                values,
                good: String::new(),
                bad: 0,
                cleanup: None,
            });
        };
        let fields = columns(&schema["fields"])?;
        if self.settings["ignoreUnknownValues"] != true {
            let sql = format!(
                "SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects({files}, compression = '{}', \
                 maximum_object_size = 100000000)",
                if gzip { "gzip" } else { "uncompressed" }
            );
            for row in self.tx.query(&sql, &[]).map_err(reading)? {
                let key = row[0].text();
                if !fields.iter().any(|f| f.name.eq_ignore_ascii_case(key)) {
                    return Err(Fault::invalid(format!(
                        "Error while reading data, error message: JSON parsing error: No such field: {key}."
                    )));
                }
            }
        }
        let raw: Vec<String> = fields
            .iter()
            .map(|f| {
                let ty = if matches!(f.ty, Ty::Struct(_) | Ty::Array(_) | Ty::Json) {
                    f.ty.duck()
                } else {
                    "VARCHAR".into()
                };
                format!("{}: {}", literal(&f.name), literal(&ty))
            })
            .collect();
        let from = format!("read_json({files}, {options}, columns = {{{}}})", raw.join(", "));
        self.typed(from, schema, &fields, int(&self.settings["maxBadRecords"]).unwrap_or(0))
    }

    /// Columns of text as their types. With bad records allowed, the text is kept aside and looked at first.
    fn typed(&self, from: String, schema: &Value, fields: &[Field], most: i64) -> Result<Input, Fault> {
        let read = |safe: bool| -> Vec<(String, String)> {
            fields
                .iter()
                .map(|f| (f.name.clone(), from_text(&quoted(&f.name), &f.ty, safe)))
                .collect()
        };
        let schema = schema.clone();
        if most == 0 {
            return Ok(Input {
                from,
                schema,
                values: read(false),
                good: String::new(),
                bad: 0,
                cleanup: None,
            });
        }
        let work = "_hw_load";
        self.tx
            .run(&format!("CREATE OR REPLACE TEMP TABLE {work} AS SELECT * FROM {from}"))
            .map_err(reading)?;
        let tests: Vec<String> = read(true)
            .iter()
            .map(|(name, value)| format!("({} IS NULL OR ({value}) IS NOT NULL)", quoted(name)))
            .collect();
        let good = tests.join(" AND ");
        let rows = self
            .tx
            .query(&format!("SELECT count(*) FROM {work} WHERE NOT ({good})"), &[])?;
        let bad = rows.first().map_or(0, |r| r[0].int());
        if bad > most {
            return Err(Fault::invalid(format!(
                "Error while reading data, error message: too many errors encountered: {bad} rows are bad, limit {most}"
            )));
        }
        Ok(Input {
            from: work.into(),
            schema,
            values: read(true),
            good,
            bad: bad.unsigned_abs(),
            cleanup: Some(format!("DROP TABLE {work}")),
        })
    }
}

/// A value of `ty` out of its text form in a CSV or JSON file.
fn from_text(column: &str, ty: &Ty, safe: bool) -> String {
    let cast = if safe { "TRY_CAST" } else { "CAST" };
    match ty {
        Ty::String | Ty::Json | Ty::Struct(_) | Ty::Array(_) | Ty::Unknown => column.to_owned(),
        Ty::Bytes if safe => format!("TRY(from_base64({column}))"),
        Ty::Bytes => format!("from_base64({column})"),
        Ty::BigNumeric if !safe => format!("CAST(_headwater.exact_text({column}) AS {})", ty.duck()),
        // A number is seconds since 1970.
        Ty::Timestamp => format!(
            "CASE WHEN regexp_full_match({column}, '-?[0-9]+(\\.[0-9]+)?') THEN \
             make_timestamptz(CAST(CAST({column} AS DECIMAL(38,6)) * 1000000 AS BIGINT)) ELSE {cast}({column} AS TIMESTAMPTZ) END"
        ),
        _ => format!("{cast}({column} AS {})", ty.duck()),
    }
}

fn same(value: &Value, name: &str) -> bool {
    value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(name))
}

/// A detected column name as BigQuery would name it.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}
