//! What is read out of JSON: by path, by key, flat.

use super::path::{self, Path, Quoting};
use super::value::Json;
use super::{Wide, cell, parse, typed};
use crate::engine::Cell;
use crate::native::{Answers, Native, Outcome, misused, native};

pub(super) const NATIVES: &[Native] = &[
    // Of the type JSON, and of JSON inside of a STRING (`text_…`); of JSON_QUERY's paths, and of JSON_EXTRACT's.
    native("json_query", Answers::Json, |args| query(args, Quoting::Standard)),
    native("json_extract", Answers::Json, |args| query(args, Quoting::Legacy)),
    native("text_json_query", Answers::Text, |args| {
        text_query(args, Quoting::Standard)
    }),
    native("text_json_extract", Answers::Text, |args| {
        text_query(args, Quoting::Legacy)
    }),
    native("json_value", Answers::Text, |args| {
        value(args, Quoting::Standard, typed)
    }),
    native("json_extract_scalar", Answers::Text, |args| {
        value(args, Quoting::Legacy, typed)
    }),
    native("text_json_value", Answers::Text, |args| {
        value(args, Quoting::Standard, written)
    }),
    native("text_json_extract_scalar", Answers::Text, |args| {
        value(args, Quoting::Legacy, written)
    }),
    native("json_query_array", Answers::Jsons, |args| {
        elements(args, Quoting::Standard, typed)
    }),
    native("json_extract_array", Answers::Jsons, |args| {
        elements(args, Quoting::Legacy, typed)
    }),
    native("text_json_query_array", Answers::Texts, |args| {
        elements(args, Quoting::Standard, written)
    }),
    native("text_json_extract_array", Answers::Texts, |args| {
        elements(args, Quoting::Legacy, written)
    }),
    native("json_value_array", Answers::Texts, |args| {
        scalars(args, Quoting::Standard, typed)
    }),
    native("json_extract_string_array", Answers::Texts, |args| {
        scalars(args, Quoting::Legacy, typed)
    }),
    native("text_json_value_array", Answers::Texts, |args| {
        scalars(args, Quoting::Standard, written)
    }),
    native("text_json_extract_string_array", Answers::Texts, |args| {
        scalars(args, Quoting::Legacy, written)
    }),
    native("json_field", Answers::Json, field),
    native("json_element", Answers::Json, element),
    native("json_keys", Answers::Texts, keys),
    native("json_flatten", Answers::Jsons, flatten),
    native("json_type", Answers::Text, kind),
    native("json_leaves", Answers::Texts, leaves),
];

/// JSON inside of a STRING: what is none is NULL.
fn written(text: &str) -> Result<Json, String> {
    parse(text, Wide::Raw)
}

fn query(args: &[Cell], quoting: Quoting) -> Outcome {
    let [Cell::Text(json), Cell::Text(path)] = args else {
        return Err(misused());
    };
    let path = path::parse(path, quoting, quoting == Quoting::Standard)?;
    let json = typed(json)?;
    if path.lax {
        let found = path.find_all(&json).into_iter().cloned().collect();
        return Ok(cell(&Json::Array(found)));
    }
    Ok(path.find(&json).map_or(Cell::Null, cell))
}

/// The path is read even where the text is no JSON: a wrong one is an error.
fn walked(args: &[Cell], quoting: Quoting, read: fn(&str) -> Result<Json, String>) -> Result<Option<Json>, String> {
    let [Cell::Text(json), Cell::Text(path)] = args else {
        return Err(misused());
    };
    let path: Path = path::parse(path, quoting, false)?;
    let Ok(json) = read(json) else { return Ok(None) };
    Ok(path.find(&json).cloned())
}

fn text_query(args: &[Cell], quoting: Quoting) -> Outcome {
    Ok(match walked(args, quoting, written)? {
        None | Some(Json::Null) => Cell::Null,
        Some(found) => cell(&found),
    })
}

fn scalar(json: &Json) -> Cell {
    match json {
        Json::Text(text) => Cell::Text(text.clone()),
        json if json.is_scalar() => cell(json),
        _ => Cell::Null,
    }
}

fn value(args: &[Cell], quoting: Quoting, read: fn(&str) -> Result<Json, String>) -> Outcome {
    Ok(walked(args, quoting, read)?.map_or(Cell::Null, |found| scalar(&found)))
}

fn elements(args: &[Cell], quoting: Quoting, read: fn(&str) -> Result<Json, String>) -> Outcome {
    Ok(match walked(args, quoting, read)? {
        Some(Json::Array(items)) => Cell::List(items.iter().map(cell).collect()),
        _ => Cell::Null,
    })
}

/// Nothing at all where one of the elements is no scalar.
fn scalars(args: &[Cell], quoting: Quoting, read: fn(&str) -> Result<Json, String>) -> Outcome {
    Ok(match walked(args, quoting, read)? {
        Some(Json::Array(items)) if items.iter().all(|i| i.is_scalar() || *i == Json::Null) => {
            Cell::List(items.iter().map(scalar).collect())
        }
        _ => Cell::Null,
    })
}

fn field(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(json), Cell::Text(name)] => Ok(typed(json)?.member(name).map_or(Cell::Null, cell)),
        _ => Err(misused()),
    }
}

fn element(args: &[Cell]) -> Outcome {
    let [Cell::Text(json), Cell::Int(index)] = args else {
        return Err(misused());
    };
    Ok(match (typed(json)?, usize::try_from(*index)) {
        (Json::Array(items), Ok(index)) => items.get(index).map_or(Cell::Null, cell),
        _ => Cell::Null,
    })
}

/// The paths of all keys, down to a depth: arguments are the JSON, the depth and the mode.
fn keys(args: &[Cell]) -> Outcome {
    let [Cell::Text(json), Cell::Int(depth), Cell::Text(mode)] = args else {
        return Err(misused());
    };
    if *depth < 1 {
        return Err("max_depth must be positive.".into());
    }
    let arrays = match mode.to_ascii_lowercase().as_str() {
        "strict" => Arrays::Closed,
        "lax" => Arrays::Open,
        "lax recursive" | "recursive lax" => Arrays::OpenAll,
        _ => return Err(format!("Invalid JSON mode specified: {mode}")),
    };
    let mut found = std::collections::BTreeSet::new();
    gather(&typed(json)?, "", *depth, arrays, false, &mut found);
    Ok(Cell::List(found.into_iter().map(Cell::Text).collect()))
}

/// Whether keys are looked for inside of arrays.
#[derive(Clone, Copy, PartialEq)]
enum Arrays {
    Closed,
    Open,
    OpenAll,
}

fn gather(
    json: &Json,
    before: &str,
    depth: i128,
    arrays: Arrays,
    in_array: bool,
    out: &mut std::collections::BTreeSet<String>,
) {
    match json {
        Json::Object(members) if depth > 0 => {
            for (key, value) in members {
                let dot = if before.is_empty() { "" } else { "." };
                let path = format!("{before}{dot}{}", path_key(key));
                out.insert(path.clone());
                gather(value, &path, depth - 1, arrays, false, out);
            }
        }
        Json::Array(items) if arrays == Arrays::OpenAll || (arrays == Arrays::Open && !in_array) => {
            items.iter().for_each(|i| gather(i, before, depth, arrays, true, out));
        }
        _ => {}
    }
}

/// A key as a path writes it.
fn path_key(key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain {
        key.to_owned()
    } else {
        format!("\"{}\"", key.replace('"', "\\\""))
    }
}

fn flatten(args: &[Cell]) -> Outcome {
    fn leaves(json: &Json, out: &mut Vec<Cell>) {
        match json {
            Json::Array(items) => items.iter().for_each(|i| leaves(i, out)),
            other => out.push(cell(other)),
        }
    }
    let [Cell::Text(json)] = args else {
        return Err(misused());
    };
    let mut out = Vec::new();
    leaves(&typed(json)?, &mut out);
    Ok(Cell::List(out))
}

fn kind(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(json)] => Ok(Cell::Text(typed(json)?.kind().to_owned())),
        _ => Err(misused()),
    }
}

/// All texts and numbers of a JSON value, for who looks for words in it. With a second argument, SEARCH's scope, its
/// keys as well or instead.
fn leaves(args: &[Cell]) -> Outcome {
    fn gather(json: &Json, keys: bool, values: bool, out: &mut Vec<Cell>) {
        match json {
            Json::Array(items) => items.iter().for_each(|i| gather(i, keys, values, out)),
            Json::Object(members) => members.iter().for_each(|(k, v)| {
                if keys {
                    out.push(Cell::Text(k.clone()));
                }
                gather(v, keys, values, out);
            }),
            Json::Null => {}
            other if values => out.push(scalar(other)),
            _ => {}
        }
    }
    let (json, keys, values) = match args {
        [Cell::Text(json)] => (json, false, true),
        [Cell::Text(json), Cell::Text(scope)] => match scope.as_str() {
            "JSON_VALUES" => (json, false, true),
            "JSON_KEYS" => (json, true, false),
            "JSON_KEYS_AND_VALUES" => (json, true, true),
            _ => return Err(format!("Invalid json_scope: {scope}")),
        },
        _ => return Err(misused()),
    };
    let mut out = Vec::new();
    gather(&typed(json)?, keys, values, &mut out);
    Ok(Cell::List(out))
}
