//! TEXT_ANALYZE, SEARCH, BAG_OF_WORDS.

use super::Call;
use crate::error::Fault;
use crate::sql::{Ex, Literal, Result, Translator, literal};
use crate::types::{Field, Ty, quoted};

const DEFAULT_ANALYZER: &str = "'LOG_ANALYZER'";

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("TEXT_ANALYZE", [text]) => {
            call.only_named(&["analyzer", "analyzer_options"])?;
            if !matches!(text.ty, Ty::String | Ty::Unknown) {
                return Err(
                    call.no_match(&["TEXT_ANALYZE(STRING, [analyzer => STRING], [analyzer_options => STRING])".into()])
                );
            }
            let (analyzer, options) = (
                named(call, "analyzer", DEFAULT_ANALYZER)?,
                named(call, "analyzer_options", "''")?,
            );
            Ex::new(
                format!("_hw_text_analyze(CAST({} AS VARCHAR), {analyzer}, {options})", text.sql),
                Ty::Array(Box::new(Ty::String)),
            )
        }
        ("SEARCH", [data, query]) => {
            call.only_named(&["json_scope", "analyzer", "analyzer_options"])?;
            if matches!(query.literal, Some(Literal::Null)) {
                return Err(Fault::query(format!("search_query cannot be NULL{}", call.place)));
            }
            if !matches!(query.ty, Ty::String | Ty::Unknown) {
                return Err(call.no_match(&[
                    "SEARCH(ANY TYPE, STRING, [json_scope => STRING], [analyzer => STRING], [analyzer_options => STRING])".into(),
                ]));
            }
            let (analyzer, options) = (
                named(call, "analyzer", DEFAULT_ANALYZER)?,
                named(call, "analyzer_options", "''")?,
            );
            let scope = named(call, "json_scope", "'JSON_VALUES'")?;
            let sql = format!(
                "_hw_search(struct_pack(v := {}), coalesce({}, _hw_error('search_query cannot be NULL')), {analyzer}, {options})",
                texts(&data.sql, &data.ty, &scope, 0),
                query.sql
            );
            Ex::new(sql, Ty::Bool)
        }
        ("BAG_OF_WORDS", [document]) if is_document(&document.ty) => {
            call.only_named(&[])?;
            Ex::new(
                format!("_headwater.bag_of_words({})", document.sql),
                terms("count", Ty::Int64),
            )
        }
        ("TEXT_ANALYZE" | "SEARCH" | "BAG_OF_WORDS", _) => return Err(call.no_match(&[])),
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// A tokenized document.
pub(crate) fn is_document(ty: &Ty) -> bool {
    matches!(ty, Ty::Array(item) if matches!(**item, Ty::String | Ty::Unknown))
}

/// `ARRAY<STRUCT<term STRING, …>>`
pub(crate) fn terms(name: &str, ty: Ty) -> Ty {
    let field = |name: &str, ty: Ty| Field { name: name.into(), ty };
    Ty::Array(Box::new(Ty::Struct(vec![field("term", Ty::String), field(name, ty)])))
}

/// A named argument, which is a STRING; NULL is as if it were not given.
fn named(call: &Call<'_>, name: &str, default: &str) -> Result<String> {
    match call.option(name) {
        None => Ok(default.to_owned()),
        Some(value) if literal::text(value).is_some() => Ok(value.sql.clone()),
        Some(value) if matches!(value.ty, Ty::String | Ty::Unknown) => {
            Ok(format!("coalesce(CAST({} AS VARCHAR), {default})", value.sql))
        }
        Some(_) => Err(call.no_match(&[])),
    }
}

/// The texts in a value, in structs and lists as deep as they are. What is no text is an empty list: it is not searched.
fn texts(sql: &str, ty: &Ty, scope: &str, depth: usize) -> String {
    match ty {
        Ty::String => sql.to_owned(),
        Ty::Unknown => format!("CAST({sql} AS VARCHAR)"),
        Ty::Json => format!("_hw_json_leaves({sql}, {scope})"),
        Ty::Array(item) => {
            let name = format!("_hw_s{depth}");
            format!(
                "list_transform({sql}, lambda {name}: {})",
                texts(&name, item, scope, depth + 1)
            )
        }
        Ty::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|f| {
                    let inner = format!("({sql}).{}", quoted(&f.name));
                    format!("{} := {}", quoted(&f.name), texts(&inner, &f.ty, scope, depth))
                })
                .collect();
            format!("struct_pack({})", fields.join(", "))
        }
        _ => "CAST([] AS VARCHAR[])".into(),
    }
}
