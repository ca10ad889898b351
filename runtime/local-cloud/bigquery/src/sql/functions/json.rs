//! JSON, of the type JSON and inside of a STRING: the scalar functions.

use super::Call;
use super::printing::printable;
use super::signature::{Ret, Scalar};
use crate::error::Fault;
use crate::native::json::canonical;
use crate::sql::{Ex, Result, Translator};
use crate::types::{Ty, literal};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("JSON_QUERY", "J", "_hw_json_query($1, '$$')", Ret::Json),
    ("JSON_QUERY", "JS", "_hw_json_query($1, $2)", Ret::Json),
    ("JSON_QUERY", "S", "_hw_text_json_query($1, '$$')", Ret::Str),
    ("JSON_QUERY", "SS", "_hw_text_json_query($1, $2)", Ret::Str),
    ("JSON_EXTRACT", "J", "_hw_json_extract($1, '$$')", Ret::Json),
    ("JSON_EXTRACT", "JS", "_hw_json_extract($1, $2)", Ret::Json),
    ("JSON_EXTRACT", "S", "_hw_text_json_extract($1, '$$')", Ret::Str),
    ("JSON_EXTRACT", "SS", "_hw_text_json_extract($1, $2)", Ret::Str),
    ("JSON_VALUE", "J", "_hw_json_value($1, '$$')", Ret::Str),
    ("JSON_VALUE", "JS", "_hw_json_value($1, $2)", Ret::Str),
    ("JSON_VALUE", "S", "_hw_text_json_value($1, '$$')", Ret::Str),
    ("JSON_VALUE", "SS", "_hw_text_json_value($1, $2)", Ret::Str),
    ("JSON_EXTRACT_SCALAR", "J", "_hw_json_extract_scalar($1, '$$')", Ret::Str),
    ("JSON_EXTRACT_SCALAR", "JS", "_hw_json_extract_scalar($1, $2)", Ret::Str),
    ("JSON_EXTRACT_SCALAR", "S", "_hw_text_json_extract_scalar($1, '$$')", Ret::Str),
    ("JSON_EXTRACT_SCALAR", "SS", "_hw_text_json_extract_scalar($1, $2)", Ret::Str),
    ("JSON_QUERY_ARRAY", "J", "_hw_json_query_array($1, '$$')", Ret::Jsons),
    ("JSON_QUERY_ARRAY", "JS", "_hw_json_query_array($1, $2)", Ret::Jsons),
    ("JSON_QUERY_ARRAY", "S", "_hw_text_json_query_array($1, '$$')", Ret::Strings),
    ("JSON_QUERY_ARRAY", "SS", "_hw_text_json_query_array($1, $2)", Ret::Strings),
    ("JSON_EXTRACT_ARRAY", "J", "_hw_json_extract_array($1, '$$')", Ret::Jsons),
    ("JSON_EXTRACT_ARRAY", "JS", "_hw_json_extract_array($1, $2)", Ret::Jsons),
    ("JSON_EXTRACT_ARRAY", "S", "_hw_text_json_extract_array($1, '$$')", Ret::Strings),
    ("JSON_EXTRACT_ARRAY", "SS", "_hw_text_json_extract_array($1, $2)", Ret::Strings),
    ("JSON_VALUE_ARRAY", "J", "_hw_json_value_array($1, '$$')", Ret::Strings),
    ("JSON_VALUE_ARRAY", "JS", "_hw_json_value_array($1, $2)", Ret::Strings),
    ("JSON_VALUE_ARRAY", "S", "_hw_text_json_value_array($1, '$$')", Ret::Strings),
    ("JSON_VALUE_ARRAY", "SS", "_hw_text_json_value_array($1, $2)", Ret::Strings),
    ("JSON_EXTRACT_STRING_ARRAY", "J", "_hw_json_extract_string_array($1, '$$')", Ret::Strings),
    ("JSON_EXTRACT_STRING_ARRAY", "JS", "_hw_json_extract_string_array($1, $2)", Ret::Strings),
    ("JSON_EXTRACT_STRING_ARRAY", "S", "_hw_text_json_extract_string_array($1, '$$')", Ret::Strings),
    ("JSON_EXTRACT_STRING_ARRAY", "SS", "_hw_text_json_extract_string_array($1, $2)", Ret::Strings),
    ("JSON_FLATTEN", "J", "_hw_json_flatten($1)", Ret::Jsons),
    ("JSON_TYPE", "J", "_hw_json_type($1)", Ret::Str),
    ("INT64", "J", "_hw_json_int64($1)", Ret::Int),
    ("BOOL", "J", "_hw_json_bool($1)", Ret::Bool),
    ("INT64_ARRAY", "J", "_hw_json_int64_array($1)", Ret::Ints),
    ("BOOL_ARRAY", "J", "CAST(_hw_json_bool_array($1) AS BOOLEAN[])", Ret::Bools),
    ("STRING_ARRAY", "J", "_hw_json_string_array($1)", Ret::Strings),
    ("LAX_INT64", "J", "_hw_lax_int64($1)", Ret::Int),
    ("LAX_FLOAT64", "J", "_hw_lax_float64($1)", Ret::Float),
    ("LAX_BOOL", "J", "_hw_lax_bool($1)", Ret::Bool),
    ("LAX_STRING", "J", "_hw_lax_string($1)", Ret::Str),
    ("LAX_INT64_ARRAY", "J", "_hw_lax_int64_array($1)", Ret::Ints),
    ("LAX_FLOAT64_ARRAY", "J", "CAST(_hw_lax_float64_array($1) AS DOUBLE[])", Ret::Floats),
    ("LAX_BOOL_ARRAY", "J", "CAST(_hw_lax_bool_array($1) AS BOOLEAN[])", Ret::Bools),
    ("LAX_STRING_ARRAY", "J", "_hw_lax_string_array($1)", Ret::Strings),
];

pub(super) fn special(translator: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let fixed = |name: &str, default: &str| call.option(name).map_or(default.to_owned(), |e| e.sql.clone());
    let ex = match (call.name, call.args) {
        ("STRING", [value]) => match value.ty {
            Ty::Json => Ex::new(format!("_hw_json_string({})", value.sql), Ty::String),
            _ => translator.cast(value, &Ty::String, false)?,
        },
        ("FLOAT64", [value]) if json(value) => {
            call.only_named(&["wide_number_mode"])?;
            let mode = fixed("wide_number_mode", "'round'");
            Ex::new(format!("_hw_json_float64({}, {mode})", value.sql), Ty::Float64)
        }
        ("FLOAT64_ARRAY", [value]) if json(value) => {
            call.only_named(&["wide_number_mode"])?;
            let mode = fixed("wide_number_mode", "'round'");
            Ex::new(
                format!("CAST(_hw_json_float64_array({}, {mode}) AS DOUBLE[])", value.sql),
                Ty::Array(Box::new(Ty::Float64)),
            )
        }
        ("PARSE_JSON", [value]) if matches!(value.ty, Ty::String | Ty::Unknown) => {
            call.only_named(&["wide_number_mode"])?;
            let mode = fixed("wide_number_mode", "'exact'");
            Ex::new(
                format!("_hw_parse_json(CAST({} AS VARCHAR), {mode})", value.sql),
                Ty::Json,
            )
        }
        ("JSON_KEYS", [value, depth @ ..]) if json(value) && depth.len() <= 1 => {
            call.only_named(&["mode"])?;
            let depth = depth
                .first()
                .map_or("1000000".to_owned(), |d| format!("coalesce({}, 1000000)", d.sql));
            let mode = fixed("mode", "'strict'");
            Ex::new(
                format!("_hw_json_keys({}, CAST({depth} AS BIGINT), {mode})", value.sql),
                Ty::Array(Box::new(Ty::String)),
            )
        }
        ("TO_JSON", [value]) => {
            call.only_named(&["stringify_wide_numbers"])?;
            Ex::new(to_json(value, &fixed("stringify_wide_numbers", "FALSE")), Ty::Json)
        }
        ("TO_JSON_STRING", [value, pretty @ ..]) if pretty.len() <= 1 => {
            let pretty = pretty.first().map_or("FALSE", |p| p.sql.as_str());
            Ex::new(printed("_hw_to_json_string", value, pretty), Ty::String)
        }
        ("JSON_ARRAY", []) => json_literal("[]", "")?,
        ("JSON_OBJECT", []) => json_literal("{}", "")?,
        ("JSON_ARRAY", values) => {
            let values: Vec<String> = values.iter().map(|v| to_json(v, "FALSE")).collect();
            Ex::new(format!("_hw_json_array({})", packed(&values)), Ty::Json)
        }
        (
            "JSON_OBJECT",
            [
                Ex {
                    ty: Ty::Array(_), sql, ..
                },
                values @ Ex { ty: Ty::Array(_), .. },
            ],
        ) => Ex::new(
            format!(
                "_hw_json_object(CAST({sql} AS VARCHAR[]), {})",
                to_json(values, "FALSE")
            ),
            Ty::Json,
        ),
        ("JSON_OBJECT", pairs) if pairs.len() % 2 == 0 => {
            let keys: Vec<String> = pairs.iter().step_by(2).map(|k| k.sql.clone()).collect();
            if pairs
                .iter()
                .step_by(2)
                .any(|k| !matches!(k.ty, Ty::String | Ty::Unknown))
            {
                return Err(call.no_match(&[]));
            }
            let values: Vec<String> = pairs.iter().skip(1).step_by(2).map(|v| to_json(v, "FALSE")).collect();
            Ex::new(
                format!("_hw_json_object({}, {})", packed_texts(&keys), packed(&values)),
                Ty::Json,
            )
        }
        ("JSON_SET", [value, pairs @ ..]) if json(value) && !pairs.is_empty() && pairs.len() % 2 == 0 => {
            call.only_named(&["create_if_missing"])?;
            let create = fixed("create_if_missing", "TRUE");
            let pairs: Vec<String> = pairs
                .chunks(2)
                .flat_map(|pair| [text(&pair[0]), to_json(&pair[1], "FALSE")])
                .collect();
            let set = format!("_hw_json_set({}, {create}, {})", value.sql, packed(&pairs));
            Ex::new(unless_null(&create, &value.sql, set), Ty::Json)
        }
        ("JSON_ARRAY_APPEND" | "JSON_ARRAY_INSERT", [value, pairs @ ..])
            if json(value) && !pairs.is_empty() && pairs.len() % 2 == 0 =>
        {
            let flag = if call.name.ends_with("APPEND") {
                "append_each_element"
            } else {
                "insert_each_element"
            };
            call.only_named(&[flag])?;
            let each = fixed(flag, "TRUE");
            let triples: Vec<String> = pairs
                .chunks(2)
                .flat_map(|pair| {
                    let each = if matches!(pair[1].ty, Ty::Array(_)) {
                        each.as_str()
                    } else {
                        "FALSE"
                    };
                    [text(&pair[0]), to_json(&pair[1], "FALSE"), each.to_owned()]
                })
                .collect();
            let native = format!("_hw_{}({}, {})", call.name.to_lowercase(), value.sql, packed(&triples));
            Ex::new(unless_null(&each, &value.sql, native), Ty::Json)
        }
        ("JSON_REMOVE", [value, paths @ ..]) if json(value) && !paths.is_empty() => {
            let paths: Vec<String> = paths.iter().map(text).collect();
            Ex::new(format!("_hw_json_remove({}, {})", value.sql, packed(&paths)), Ty::Json)
        }
        ("JSON_STRIP_NULLS", [value, path @ ..]) if json(value) && path.len() <= 1 => {
            call.only_named(&["include_arrays", "remove_empty"])?;
            let path = path.first().map_or("'$'".to_owned(), text);
            let (arrays, empty) = (fixed("include_arrays", "TRUE"), fixed("remove_empty", "FALSE"));
            let strip = format!("_hw_json_strip_nulls({}, {path}, {arrays}, {empty})", value.sql);
            let any = format!("{path} IS NULL OR {arrays} IS NULL OR {empty} IS NULL");
            let sql = if path == "'$'" && call.named.is_empty() {
                strip
            } else {
                format!("(CASE WHEN {any} THEN {} ELSE {strip} END)", value.sql)
            };
            Ex::new(sql, Ty::Json)
        }
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

fn json(value: &Ex) -> bool {
    matches!(value.ty, Ty::Json | Ty::Unknown)
}

fn text(value: &Ex) -> String {
    format!("CAST({} AS VARCHAR)", value.sql)
}

/// Where an option is NULL, the value stays as it is.
fn unless_null(option: &str, value: &str, sql: String) -> String {
    if matches!(option, "TRUE" | "FALSE") {
        sql
    } else {
        format!("(CASE WHEN {option} IS NULL THEN {value} ELSE {sql} END)")
    }
}

/// A struct of these, so that a NULL among them is seen.
fn packed(values: &[String]) -> String {
    let fields: Vec<String> = values.iter().enumerate().map(|(i, v)| format!("a{i} := {v}")).collect();
    format!("struct_pack({})", fields.join(", "))
}

fn packed_texts(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| format!("CAST({v} AS VARCHAR)")).collect();
    packed(&values)
}

/// A value as JSON text.
pub(super) fn to_json(value: &Ex, stringify: &str) -> String {
    printed("_hw_to_json", value, stringify)
}

/// A call of a function that prints: the value's shape, the value, a flag.
fn printed(native: &str, value: &Ex, flag: &str) -> String {
    let (shape, sql) = printable(value);
    format!("{native}({}, struct_pack(v := {sql}), {flag})", literal(&shape))
}

/// A literal of the type JSON.
pub(in crate::sql) fn json_literal(text: &str, place: &str) -> Result<Ex> {
    let one = canonical(text).map_err(|words| Fault::query(format!("Invalid JSON literal: {words}{place}")))?;
    Ok(Ex::new(format!("CAST({} AS JSON)", literal(&one)), Ty::Json))
}
