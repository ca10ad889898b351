//! Writing records through `sobjects`: what a client sends, checked as Salesforce checks it.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{ApiError, App, Call, empty, json_response};
use crate::change::Changer;
use crate::check::{Misfit, fits};
use crate::decimal::Decimal;
use crate::id;
use crate::schema::{Field, Kind, Object};
use crate::soql::eval::{fold, read};
use crate::store::row::{Layout, Row};
use crate::time;

fn body(call: &Call) -> Result<Map<String, Value>, ApiError> {
    match call.json()? {
        Value::Object(map) => Ok(map),
        _ => Err(ApiError::new(
            400,
            "JSON_PARSER_ERROR",
            "The HTTP entity body must be a JSON object",
        )),
    }
}

fn with_fields(mut error: ApiError, fields: &[&str]) -> ApiError {
    error.fields = fields.iter().map(|f| (*f).to_owned()).collect();
    error
}

/// The right to change rows, for changes that say that they came by REST.
fn by_rest(app: &App) -> Changer<'_> {
    let mut changer = Changer::new(&app.org);
    changer.origin = "com/salesforce/api/rest".into();
    changer
}

/// `POST sobjects/X`.
pub(super) fn create(app: &App, number: usize, call: &Call) -> Result<Response, ApiError> {
    let slot = insert(app, number, &body(call)?)?;
    let id = id::make_string(&app.org.schema().objects[number].prefix, slot);
    Ok(json_response(201, &json!({ "id": id, "success": true, "errors": [] })))
}

fn insert(app: &App, number: usize, sent: &Map<String, Value>) -> Result<u64, ApiError> {
    let changer = by_rest(app);
    let schema = changer.schema.clone();
    let object = &schema.objects[number];
    let cells = cells(&changer, object, sent, true)?;
    let missing: Vec<&str> = object
        .readable()
        .filter(|f| f.createable && !f.nillable && f.default.is_none() && f.name != "OwnerId")
        .filter(|f| !cells.iter().any(|(c, v)| Some(*c) == f.column && !v.is_empty()))
        .map(|f| f.name.as_str())
        .collect();
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        return Err(with_fields(
            ApiError::new(400, "REQUIRED_FIELD_MISSING", message),
            &missing,
        ));
    }
    check_unique(app, number, object, &cells, None)?;
    let mut row = Row {
        cells: vec![String::new(); object.columns],
    };
    for (column, value) in cells {
        row.cells[column] = value;
    }
    changer.insert(number, row).map_err(|e| ApiError::io(&e))
}

/// `PATCH sobjects/X/id`.
pub(super) fn update(app: &App, number: usize, slot: u64, call: &Call) -> Result<(), ApiError> {
    change(app, number, slot, &body(call)?)
}

fn change(app: &App, number: usize, slot: u64, sent: &Map<String, Value>) -> Result<(), ApiError> {
    let changer = by_rest(app);
    let schema = changer.schema.clone();
    let object = &schema.objects[number];
    let cells = cells(&changer, object, sent, false)?;
    for (column, value) in &cells {
        if let Some(field) = object.by_column(*column).filter(|f| !f.nillable && value.is_empty()) {
            let message = format!("Required fields are missing: [{}]", field.name);
            return Err(with_fields(
                ApiError::new(400, "REQUIRED_FIELD_MISSING", message),
                &[&field.name],
            ));
        }
    }
    check_unique(app, number, object, &cells, Some(slot))?;
    match changer.update(number, slot, &cells) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApiError::new(404, "ENTITY_IS_DELETED", "entity is deleted")),
        Err(e) => Err(ApiError::io(&e)),
    }
}

/// `PATCH sobjects/X/field/value`: updates the record with that external id, or creates it.
pub(super) fn upsert(app: &App, number: usize, field: &str, value: &str, call: &Call) -> Result<Response, ApiError> {
    let mut sent = body(call)?;
    sent.retain(|name, _| !name.eq_ignore_ascii_case(field));
    let prefix = app.org.schema().objects[number].prefix.clone();
    let answer = |slot: u64, created: bool| {
        let body = json!({ "id": id::make_string(&prefix, slot), "success": true, "errors": [], "created": created });
        json_response(if created { 201 } else { 200 }, &body)
    };
    match by_external_id(app, number, field, value)? {
        Some(slot) => change(app, number, slot, &sent).map(|()| answer(slot, false)),
        None => {
            sent.insert(field.to_owned(), value.into());
            insert(app, number, &sent).map(|slot| answer(slot, true))
        }
    }
}

/// `DELETE sobjects/X/id`.
pub(super) fn delete(app: &App, number: usize, slot: u64) -> Result<Response, ApiError> {
    let changer = by_rest(app);
    let object = &changer.schema.objects[number];
    if !object.deletable {
        let message = format!("entity type {} does not support delete", object.name);
        return Err(ApiError::new(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message));
    }
    changer.delete(number, &[slot]).map_err(|e| ApiError::io(&e))?;
    Ok(empty(204))
}

/// The slot of the live record with a value in an external id field.
pub(super) fn by_external_id(app: &App, number: usize, field: &str, value: &str) -> Result<Option<u64>, ApiError> {
    let schema = app.org.schema();
    let Some(field) = schema.objects[number].field(field).filter(|f| f.external_id) else {
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        return Err(ApiError::new(404, "NOT_FOUND", message));
    };
    find(app, number, field, value)
}

fn find(app: &App, number: usize, field: &Field, value: &str) -> Result<Option<u64>, ApiError> {
    let live: Vec<_> = app
        .org
        .table(number)
        .entries()
        .filter(|(_, e)| !e.location.is_deleted())
        .collect();
    let mut reader = app.org.reader(number);
    let mut layout = Layout::default();
    let wanted = fold(field.kind, value.as_bytes());
    for (slot, entry) in live {
        let row = reader.row(entry.location).map_err(|e| ApiError::io(&e))?;
        layout.parse(row);
        if fold(field.kind, read(field, row, &layout)) == wanted {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

fn check_unique(
    app: &App,
    number: usize,
    object: &Object,
    cells: &[(usize, String)],
    own: Option<u64>,
) -> Result<(), ApiError> {
    for (column, value) in cells.iter().filter(|(_, v)| !v.is_empty()) {
        let Some(field) = object.by_column(*column).filter(|f| f.unique) else {
            continue;
        };
        if let Some(slot) = find(app, number, field, value)?.filter(|s| Some(*s) != own) {
            let id = id::make_string(&object.prefix, slot);
            let message = format!(
                "duplicate value found: {} duplicates value on record with id: {id}",
                field.name
            );
            return Err(ApiError::new(400, "DUPLICATE_VALUE", message));
        }
    }
    Ok(())
}

/// What was sent, as cells.
fn cells(
    changer: &Changer<'_>,
    object: &Object,
    sent: &Map<String, Value>,
    creating: bool,
) -> Result<Vec<(usize, String)>, ApiError> {
    let mut out = vec![];
    for (name, value) in sent.iter().filter(|(name, _)| *name != "attributes") {
        let Some(field) = object.field(name) else {
            let message = format!("No such column '{name}' on sobject of type {}", object.name);
            return Err(ApiError::new(400, "INVALID_FIELD", message));
        };
        let allowed = if creating { field.createable } else { field.updateable };
        let (Some(column), true) = (field.column, allowed) else {
            let verb = if creating { "create" } else { "update" };
            let message = format!(
                "Unable to {verb} fields: {}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
                field.name
            );
            return Err(with_fields(
                ApiError::new(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message),
                &[&field.name],
            ));
        };
        let cell = cell(field, value)?;
        if field.kind == Kind::Reference && !cell.is_empty() {
            let target = changer
                .schema
                .by_id(cell.as_bytes())
                .map(|o| changer.schema.objects[o].name.as_str());
            if !target.is_some_and(|t| field.reference_to.iter().any(|to| to == t)) {
                let message = format!("{}: id value of incorrect type: {cell}", field.label);
                return Err(with_fields(ApiError::new(400, "MALFORMED_ID", message), &[&field.name]));
            }
            if !changer.is_live(cell.as_bytes()) {
                return Err(with_fields(
                    ApiError::new(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
                    &[&field.name],
                ));
            }
        }
        out.push((column, cell));
    }
    Ok(out)
}

/// A JSON value in the form in which it is stored.
fn cell(field: &Field, value: &Value) -> Result<String, ApiError> {
    let parser = |what: &str| {
        let message = format!("Cannot deserialize instance of {what} from VALUE {value}");
        with_fields(ApiError::new(400, "JSON_PARSER_ERROR", message), &[&field.name])
    };
    let text = match value {
        Value::Null => {
            return Ok(if field.kind == Kind::Boolean {
                "false".into()
            } else {
                String::new()
            });
        }
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        // The platform trims text.
        Value::String(s) => s.trim().to_owned(),
        _ => return Err(parser(field.kind.name())),
    };
    if text.is_empty() {
        return Ok(text);
    }
    let moment = |parsed: Option<i64>, push: fn(&mut Vec<u8>, i64)| {
        let mut out = vec![];
        push(&mut out, parsed?);
        String::from_utf8(out).ok()
    };
    let text = match field.kind {
        Kind::Double | Kind::Currency | Kind::Percent => Decimal::parse(&text)
            .map(|d| d.rounded(field.scale).api())
            .ok_or_else(|| parser("double"))?,
        Kind::Int => Decimal::parse(&text)
            .map(|d| d.rounded(0).plain())
            .ok_or_else(|| parser("int"))?,
        Kind::Boolean if matches!(value, Value::Bool(_)) || matches!(text.as_str(), "true" | "false") => text,
        Kind::Boolean => return Err(parser("boolean")),
        Kind::Date => {
            moment(time::parse_date(text.get(..10).unwrap_or(&text)), time::push_date).ok_or_else(|| parser("date"))?
        }
        Kind::Datetime => {
            // Whole seconds are all that the platform keeps.
            let parsed = time::parse_datetime(&text).map(|ms| ms.div_euclid(1000) * 1000);
            moment(parsed, time::push_datetime).ok_or_else(|| parser("datetime"))?
        }
        Kind::Time => moment(time::parse_time(&text), time::push_time).ok_or_else(|| parser("time"))?,
        Kind::Id | Kind::Reference => id::normalize(&text).ok_or_else(|| {
            let message = format!("{}: id value of incorrect type: {text}", field.label);
            with_fields(ApiError::new(400, "MALFORMED_ID", message), &[&field.name])
        })?,
        _ => text,
    };
    match fits(field, &text) {
        None => Ok(text),
        Some(Misfit::TooLong) => {
            let shown: String = text.chars().take(40).collect();
            let message = format!(
                "{}: data value too large: {shown} (max length={})",
                field.label, field.length
            );
            Err(with_fields(
                ApiError::new(400, "STRING_TOO_LONG", message),
                &[&field.name],
            ))
        }
        Some(Misfit::TooLarge) => {
            let message = format!("{}: value outside of valid range on numeric field: {text}", field.label);
            Err(with_fields(
                ApiError::new(400, "NUMBER_OUTSIDE_VALID_RANGE", message),
                &[&field.name],
            ))
        }
        Some(Misfit::Type) => Err(parser(field.kind.name())),
    }
}
