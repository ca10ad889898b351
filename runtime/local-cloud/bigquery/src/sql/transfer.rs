//! EXPORT DATA and LOAD DATA: read from tokens, and turned into the settings of the jobs that do the same.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/export-statements> and
//! <https://cloud.google.com/bigquery/docs/reference/standard-sql/load-statements>.

use serde_json::{Map, Value, json};
use sqlparser::ast::{CreateTable, Query, SqlOption, Statement, WrappedCollection};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::options::partitioning;
use super::script::Step;
use super::script_reader::{Reader, is_word};
use super::{Translator, parse, unsupported};
use crate::catalog::names::TableName;
use crate::error::Fault;

type Result<T> = std::result::Result<T, Fault>;

#[derive(Debug, Clone)]
pub(crate) struct ExportData {
    options: Vec<SqlOption>,
    pub(crate) query: Box<Query>,
}

#[derive(Debug, Clone)]
pub(crate) struct LoadData {
    overwrite: bool,
    /// The table as a CREATE TABLE would say it.
    table: CreateTable,
    files: Vec<SqlOption>,
}

/// The statement, if it is one of these.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Step>> {
    if reader.eat(&["EXPORT", "DATA"]) {
        let options = parse::options(reader.until(|t| is_word(t, &["AS"])))?;
        reader.expect(&["AS"])?;
        let query = parse::query(reader.until(|_| false))?;
        return Ok(Some(Step::ExportData(Box::new(ExportData { options, query }))));
    }
    if !reader.eat(&["LOAD", "DATA"]) {
        return Ok(None);
    }
    let overwrite = reader.eat(&["OVERWRITE"]);
    if !overwrite {
        reader.expect(&["INTO"])?;
    }
    let table = reader.until(|t| is_word(t, &["FROM"]));
    let mut create: Vec<TokenWithSpan> = ["CREATE", "TABLE"]
        .map(|word| TokenWithSpan::wrap(Token::make_keyword(word)))
        .into();
    create.extend_from_slice(table);
    let Statement::CreateTable(table) = parse::statement(&create)? else {
        return Err(Fault::query("Syntax error: LOAD DATA takes a table"));
    };
    reader.expect(&["FROM", "FILES"])?;
    let mut files = vec![
        TokenWithSpan::wrap(Token::make_keyword("OPTIONS")),
        bracket(Token::LParen),
    ];
    files.extend_from_slice(reader.bracketed()?);
    files.push(bracket(Token::RParen));
    let files = parse::options(&files)?;
    if let Some(token) = reader.peek().filter(|t| t.token != Token::SemiColon) {
        return Err(reader.unexpected(token));
    }
    Ok(Some(Step::LoadData(Box::new(LoadData {
        overwrite,
        table,
        files,
    }))))
}

fn bracket(token: Token) -> TokenWithSpan {
    TokenWithSpan::wrap(token)
}

/// An option of a statement, and the setting of a job that it is.
fn setting(known: &[(&str, &'static str)], key: &str) -> Result<&'static str> {
    let found = known.iter().find(|(option, _)| *option == key);
    found
        .map(|(_, setting)| *setting)
        .ok_or_else(|| Fault::query(format!("Unknown option: {key}")))
}

fn format(value: &Value) -> Value {
    match value.as_str().map(str::to_ascii_uppercase).as_deref() {
        Some("JSON" | "NEWLINE_DELIMITED_JSON") => json!("NEWLINE_DELIMITED_JSON"),
        Some(other) => json!(other),
        None => Value::Null,
    }
}

const EXPORT: &[(&str, &str)] = &[
    ("uri", "destinationUri"),
    ("format", "destinationFormat"),
    ("compression", "compression"),
    ("field_delimiter", "fieldDelimiter"),
    ("header", "printHeader"),
    ("overwrite", "overwrite"),
    ("use_avro_logical_types", "useAvroLogicalTypes"),
];

const FILES: &[(&str, &str)] = &[
    ("uris", "sourceUris"),
    ("format", "sourceFormat"),
    ("skip_leading_rows", "skipLeadingRows"),
    ("field_delimiter", "fieldDelimiter"),
    ("quote", "quote"),
    ("null_marker", "nullMarker"),
    ("allow_quoted_newlines", "allowQuotedNewlines"),
    ("allow_jagged_rows", "allowJaggedRows"),
    ("max_bad_records", "maxBadRecords"),
    ("ignore_unknown_values", "ignoreUnknownValues"),
    ("encoding", "encoding"),
    ("decimal_target_types", "decimalTargetTypes"),
    ("enable_list_inference", "enableListInference"),
    ("preserve_ascii_control_characters", "preserveAsciiControlCharacters"),
];

impl Translator<'_> {
    /// The settings of an extract job that writes the same.
    pub(crate) fn export_settings(&self, export: &ExportData) -> Result<Value> {
        let mut settings = Map::new();
        for (key, value) in self.options(&export.options)? {
            settings.insert(setting(EXPORT, &key)?.into(), value);
        }
        let uri = settings
            .get("destinationUri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !uri.contains('*') {
            return Err(Fault::query(format!(
                "Option 'uri' value must be a wild card URI: {uri}"
            )));
        }
        let Some(wanted) = settings.get("destinationFormat").map(format).filter(Value::is_string) else {
            return Err(Fault::query("Option 'format' must be specified for EXPORT DATA"));
        };
        settings.insert("destinationFormat".into(), wanted);
        // A statement writes no header where it does not say so, a job does.
        settings.entry("printHeader").or_insert(json!(false));
        Ok(Value::Object(settings))
    }

    /// The table of a LOAD DATA.
    pub(crate) fn loaded_table(&self, load: &LoadData) -> Result<TableName> {
        self.table_name(&load.table.name)
    }

    /// The settings of a load job that does the same.
    pub(crate) fn load_settings(&self, load: &LoadData) -> Result<Value> {
        let table = &load.table;
        let mut settings = Map::new();
        for (key, value) in self.options(&load.files)? {
            let name = setting(FILES, &key)?;
            if name == "enableListInference" {
                settings.insert("parquetOptions".into(), json!({name: value}));
            } else {
                settings.insert(name.into(), value);
            }
        }
        let Some(wanted) = settings.get("sourceFormat").map(format).filter(Value::is_string) else {
            return Err(Fault::query("Option 'format' must be specified for LOAD DATA"));
        };
        settings.insert("sourceFormat".into(), wanted);
        let disposition = if load.overwrite {
            "WRITE_TRUNCATE"
        } else {
            "WRITE_APPEND"
        };
        settings.insert("writeDisposition".into(), json!(disposition));
        if table.columns.is_empty() {
            settings.insert("autodetect".into(), json!(true));
        } else {
            let fields = table
                .columns
                .iter()
                .map(|c| self.column(c))
                .collect::<Result<Vec<_>>>()?;
            settings.insert("schema".into(), json!({"fields": fields}));
        }
        let options = self.table_options(&table.table_options)?;
        if let Some(partition) = &table.partition_by {
            let (key, value) = partitioning(partition)?;
            settings.insert(key.into(), value);
        }
        if let Some(WrappedCollection::NoWrapping(list) | WrappedCollection::Parentheses(list)) = &table.cluster_by {
            let fields: Vec<String> = list.iter().map(|e| e.to_string().replace('`', "")).collect();
            settings.insert("clustering".into(), json!({"fields": fields}));
        }
        if table.query.is_some() || table.like.is_some() || table.clone.is_some() {
            return Err(unsupported("this form of LOAD DATA", table));
        }
        if !options.is_empty() {
            settings.insert("destinationTableProperties".into(), Value::Object(options));
        }
        Ok(Value::Object(settings))
    }
}
