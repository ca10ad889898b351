//! Loads of text: CSV and newline-delimited JSON, read as text first and then as the columns' types.

use serde_json::Value;

use super::load::{Input, Reader, reading};
use super::sources::{Source, list};
use crate::catalog::int;
use crate::error::Fault;
use crate::service::text;
use crate::types::{Field, Ty, columns, literal, quoted, rest_schema};

/// The longest CSV line and JSON row that are read, in bytes.
const LONGEST_LINE: u64 = 20_000_000;
const LONGEST_OBJECT: u64 = 100_000_000;
const SMALLEST_BUFFER: u64 = 4 << 20;
/// No gzip file unpacks to more than this times its size.
const MOST_PACKED: u64 = 1032;

impl Reader<'_> {
    /// The longest row that these files can hold, up to a limit. DuckDB's buffers are multiples of it, for each file that is
    /// being read: a few small files at once must not claim all memory.
    fn longest(&self, limit: u64) -> u64 {
        let unpacked = |file: &Source| {
            if file.gzip {
                file.bytes.saturating_mul(MOST_PACKED)
            } else {
                file.bytes
            }
        };
        let largest = self.files.iter().map(unpacked).max().unwrap_or(0);
        largest.clamp(1 << 16, limit)
    }

    pub(super) fn csv(&self) -> Result<Input, Fault> {
        let s = self.settings;
        let skip = int(&s["skipLeadingRows"]).unwrap_or(0);
        let delimiter = match text(&s["fieldDelimiter"]).unwrap_or(",") {
            "tab" | "\\t" => "\t",
            other => other,
        };
        let quote = s["quote"].as_str().unwrap_or("\"");
        let marker = s["nullMarker"].as_str().unwrap_or("");
        let gzip = self.files.first().is_some_and(|f| f.gzip);
        let line = self.longest(LONGEST_LINE);
        let mut options = format!(
            "delim = {}, quote = {}, escape = {}, nullstr = {}, compression = '{}', max_line_size = {line}, \
             buffer_size = {}, null_padding = {}, allow_quoted_nulls = false",
            literal(delimiter),
            literal(quote),
            literal(quote),
            literal(marker),
            if gzip { "gzip" } else { "none" },
            (2 * line).max(SMALLEST_BUFFER),
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

    pub(super) fn json(&self) -> Result<Input, Fault> {
        let longest = self.longest(LONGEST_OBJECT);
        let gzip = self.files.first().is_some_and(|f| f.gzip);
        let files = list(self.files);
        let options = format!(
            "format = 'newline_delimited', compression = '{}', maximum_object_size = {longest}",
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
                 maximum_object_size = {longest})",
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
