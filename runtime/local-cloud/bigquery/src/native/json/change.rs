//! New JSON out of old: set, removed, appended, inserted, stripped of nulls. A change that does not fit what is there
//! is left out; the others are made.

use super::path::{self, Quoting, Step};
use super::value::Json;
use super::{cell, typed};
use crate::engine::Cell;
use crate::native::{Answers, Native, Outcome, misused, native};

pub(super) const NATIVES: &[Native] = &[
    native("json_set", Answers::Json, set),
    native("json_remove", Answers::Json, remove),
    native("json_array_append", Answers::Json, |args| add(args, append)),
    native("json_array_insert", Answers::Json, |args| add(args, insert)),
    native("json_strip_nulls", Answers::Json, strip_nulls),
    native("json_array", Answers::Json, array),
    native("json_object", Answers::Json, object),
];

/// The longest array that a path makes.
const LONGEST: usize = 1_000_000;

/// A path whose brackets hold nothing but indexes.
fn strict(text: &str) -> Result<Vec<Step>, String> {
    let steps = path::parse(text, Quoting::Standard, false)?.steps;
    match steps.iter().filter_map(|s| s.index).find(|i| *i >= LONGEST) {
        Some(_) => Err(format!("Exceeded maximum array size of {LONGEST}")),
        None => Ok(steps),
    }
}

/// The value at a path. Where the path goes on beyond what is there, `create` makes the rest of it.
fn place<'j>(json: &'j mut Json, steps: &[Step], create: bool) -> Option<&'j mut Json> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(json);
    };
    if *json == Json::Null && create {
        *json = match step.index {
            Some(_) => Json::Array(Vec::new()),
            None => Json::Object(Vec::new()),
        };
    }
    match (json, step.index) {
        (Json::Object(members), None) => {
            let known = members.iter().position(|(k, _)| *k == step.name);
            let at = match known {
                Some(at) => at,
                None if create => {
                    Json::put(members, step.name.clone(), Json::Null, true);
                    members.iter().position(|(k, _)| *k == step.name)?
                }
                None => return None,
            };
            place(&mut members[at].1, rest, create)
        }
        (Json::Array(items), Some(index)) => {
            if index >= items.len() {
                if !create {
                    return None;
                }
                items.resize(index + 1, Json::Null);
            }
            place(&mut items[index], rest, create)
        }
        _ => None,
    }
}

/// Whether `place` would get to the end of a path without meeting a value of another kind.
fn fits(json: &Json, steps: &[Step]) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return true;
    };
    match (json, step.index) {
        (Json::Null, _) => true,
        (Json::Object(_), None) => json.member(&step.name).is_none_or(|value| fits(value, rest)),
        (Json::Array(items), Some(index)) => items.get(index).is_none_or(|value| fits(value, rest)),
        _ => false,
    }
}

/// Pairs of a path and a value, in a struct: they may be NULL.
fn pairs(fields: &[(String, Cell)]) -> Result<Vec<(Vec<Step>, Json)>, String> {
    let mut out = Vec::new();
    for pair in fields.chunks(2) {
        let [(_, path), (_, value)] = pair else {
            return Err(misused());
        };
        let Cell::Text(path) = path else { continue };
        let value = match value {
            Cell::Text(value) => typed(value)?,
            _ => Json::Null,
        };
        out.push((strict(path)?, value));
    }
    Ok(out)
}

fn set(args: &[Cell]) -> Outcome {
    let [Cell::Text(json), Cell::Bool(create), Cell::Struct(fields)] = args else {
        return Err(misused());
    };
    let mut json = typed(json)?;
    for (steps, value) in pairs(fields)? {
        if !*create {
            if let Some(at) = place(&mut json, &steps, false) {
                *at = value;
            }
        } else if fits(&json, &steps)
            && let Some(at) = place(&mut json, &steps, true)
        {
            *at = value;
        }
    }
    Ok(cell(&json))
}

fn remove(args: &[Cell]) -> Outcome {
    let [Cell::Text(json), Cell::Struct(fields)] = args else {
        return Err(misused());
    };
    let mut json = typed(json)?;
    for (_, path) in fields {
        let Cell::Text(path) = path else { continue };
        let steps = strict(path)?;
        let Some((last, before)) = steps.split_last() else {
            return Err("The JSONPath cannot be '$'".into());
        };
        match (place(&mut json, before, false), last.index) {
            (Some(Json::Object(members)), None) => members.retain(|(k, _)| *k != last.name),
            (Some(Json::Array(items)), Some(index)) if index < items.len() => {
                items.remove(index);
            }
            _ => {}
        }
    }
    Ok(cell(&json))
}

/// Appends or inserts pair by pair: a path, a value, and whether each element of the value is meant.
fn add(args: &[Cell], one: fn(&mut Json, &[Step], Vec<Json>)) -> Outcome {
    let [Cell::Text(json), Cell::Struct(fields)] = args else {
        return Err(misused());
    };
    let mut json = typed(json)?;
    for triple in fields.chunks(3) {
        let [(_, path), (_, value), (_, each)] = triple else {
            return Err(misused());
        };
        let Cell::Text(path) = path else { continue };
        let steps = strict(path)?;
        let value = match value {
            Cell::Text(value) => typed(value)?,
            _ => Json::Null,
        };
        let values = match (value, each) {
            (Json::Array(items), Cell::Bool(true)) => items,
            (value, _) => vec![value],
        };
        one(&mut json, &steps, values);
    }
    Ok(cell(&json))
}

fn append(json: &mut Json, steps: &[Step], mut values: Vec<Json>) {
    match place(json, steps, false) {
        Some(Json::Array(items)) => items.append(&mut values),
        Some(null @ Json::Null) => *null = Json::Array(values),
        _ => {}
    }
}

fn insert(json: &mut Json, steps: &[Step], values: Vec<Json>) {
    let Some((Step { index: Some(index), .. }, before)) = steps.split_last() else {
        return;
    };
    let Some(at) = place(json, before, false) else { return };
    if *at == Json::Null {
        *at = Json::Array(Vec::new());
    }
    if let Json::Array(items) = at {
        if items.len() < *index {
            items.resize(*index, Json::Null);
        }
        items.splice(*index..*index, values);
    }
}

/// Arguments: the JSON, a path, whether arrays are stripped as well, whether what is empty afterwards goes too.
fn strip_nulls(args: &[Cell]) -> Outcome {
    let [
        Cell::Text(json),
        Cell::Text(path),
        Cell::Bool(arrays),
        Cell::Bool(empty),
    ] = args
    else {
        return Err(misused());
    };
    let steps = strict(path)?;
    let mut json = typed(json)?;
    if let Some(at) = place(&mut json, &steps, false) {
        strip(at, *arrays, *empty);
        if *empty && is_empty(at, *arrays) {
            *at = Json::Null;
        }
    }
    Ok(cell(&json))
}

fn is_empty(json: &Json, arrays: bool) -> bool {
    match json {
        Json::Object(members) => members.is_empty(),
        Json::Array(items) => arrays && items.is_empty(),
        _ => false,
    }
}

fn strip(json: &mut Json, arrays: bool, empty: bool) {
    let stays = |value: &mut Json| {
        strip(value, arrays, empty);
        *value != Json::Null && !(empty && is_empty(value, arrays))
    };
    match json {
        Json::Object(members) => members.retain_mut(|(_, value)| stays(value)),
        Json::Array(items) if arrays => items.retain_mut(stays),
        Json::Array(items) => items.iter_mut().for_each(|i| {
            strip(i, arrays, empty);
            if empty && is_empty(i, arrays) {
                *i = Json::Null;
            }
        }),
        _ => {}
    }
}

fn values(fields: &[(String, Cell)]) -> Result<Vec<Json>, String> {
    let value = |(_, cell): &(String, Cell)| match cell {
        Cell::Text(text) => typed(text),
        _ => Ok(Json::Null),
    };
    fields.iter().map(value).collect()
}

fn array(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Struct(fields)] => Ok(cell(&Json::Array(values(fields)?))),
        _ => Err(misused()),
    }
}

/// Keys and values, each in a list or struct of their own.
fn object(args: &[Cell]) -> Outcome {
    let (keys, values): (Vec<&Cell>, Vec<Json>) = match args {
        [Cell::Struct(keys), Cell::Struct(fields)] => (keys.iter().map(|(_, k)| k).collect(), values(fields)?),
        [Cell::List(keys), Cell::Text(list)] => match typed(list)? {
            Json::Array(values) => (keys.iter().collect(), values),
            _ => return Err(misused()),
        },
        _ => return Err(misused()),
    };
    if keys.len() != values.len() {
        return Err("The number of keys and values must match".into());
    }
    let mut members = Vec::new();
    for (key, value) in keys.into_iter().zip(values) {
        match key {
            Cell::Text(key) => Json::put(&mut members, key.clone(), value, false),
            _ => return Err("Invalid NULL JSON key".into()),
        }
    }
    Ok(cell(&Json::Object(members)))
}
