//! From fields to columns: which fields are read, and as what they arrive in Arrow, Parquet and BigQuery. How their values
//! are decoded is in `decode`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use headwater_spec::{BigQueryType, Column, Mode};

use crate::describe::{FieldDescribe, ObjectDescribe};

/// Always read where they exist: the key, the cursor, and what tells a deleted record.
const ALWAYS: [&str; 3] = ["Id", "SystemModstamp", "IsDeleted"];

/// Digits of BigQuery's NUMERIC and BIGNUMERIC, as Parquet decimals that BigQuery loads as exactly these.
const NUMERIC: (u8, i8) = (38, 9);
const BIGNUMERIC: (u8, i8) = (76, 38);

/// Which fields of an object are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// These fields only; absent: every readable one, except base64.
    pub include: Option<Vec<String>>,
    /// Not these.
    pub exclude: Vec<String>,
}

/// The list that a [`SelectionError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// [`Selection::include`].
    Include,
    /// [`Selection::exclude`].
    Exclude,
}

/// A name in a selection that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{object} {}", sentence(name, problem))]
pub struct SelectionError {
    /// The object.
    pub object: String,
    /// The list that the name stands in.
    pub list: List,
    /// Its place there.
    pub index: usize,
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is no such field, or the user may not read it.
    Unknown {
        /// The name that it resembles.
        suggestion: Option<String>,
    },
    /// The field cannot be left out.
    Always,
    /// The name stands in both lists.
    Both,
    /// A compound field, which only its parts can stand for.
    Compound {
        /// These.
        parts: Vec<String>,
    },
}

fn sentence(name: &str, problem: &Problem) -> String {
    match problem {
        Problem::Unknown {
            suggestion: Some(other),
        } => {
            format!("has no field {name} that the connection's user may read; did you mean {other}?")
        }
        Problem::Unknown { suggestion: None } => {
            format!(
                "has no field {name} that the connection's user may read; check its API name and field-level security"
            )
        }
        Problem::Always => {
            format!("cannot be read without {name}, which finds and orders changes: take it out of the list")
        }
        Problem::Both => format!("has {name} in both include and exclude: take it out of one"),
        Problem::Compound { parts } if parts.is_empty() => {
            format!("has {name} only as a compound field, which cannot be read: take it out of the list")
        }
        Problem::Compound { parts } => format!(
            "has {name} as a compound field: name its parts instead ({})",
            parts.join(", ")
        ),
    }
}

/// The columns that a selection of an object's fields becomes, in Salesforce's order.
///
/// Left out: compound fields (`address`, `location`), whose parts are fields of their own; `base64` unless included by name
/// (Salesforce then gives the address of the content, not the content); types without a flat value.
///
/// # Errors
/// One per name that cannot be, with its list and place.
pub fn columns(object: &ObjectDescribe, selection: &Selection) -> Result<Vec<Column>, Vec<SelectionError>> {
    let mut errors = Vec::new();
    let mut report = |list, index, name: &str, problem| {
        errors.push(SelectionError {
            object: object.name().to_owned(),
            list,
            index,
            name: name.to_owned(),
            problem,
        });
    };
    let contains = |list: &[String], name: &str| list.iter().any(|n| n.eq_ignore_ascii_case(name));
    let include = selection.include.as_deref();
    for (index, name) in include.unwrap_or_default().iter().enumerate() {
        match object.field(name) {
            None => report(List::Include, index, name, unknown(object, name)),
            Some(field) if unreadable(field) => report(
                List::Include,
                index,
                name,
                Problem::Compound {
                    parts: parts(object, field),
                },
            ),
            Some(_) if contains(&selection.exclude, name) => report(List::Include, index, name, Problem::Both),
            Some(_) => {}
        }
    }
    for (index, name) in selection.exclude.iter().enumerate() {
        match object.field(name) {
            None => report(List::Exclude, index, name, unknown(object, name)),
            Some(field) if ALWAYS.contains(&field.name.as_str()) => report(List::Exclude, index, name, Problem::Always),
            Some(_) => {}
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let wanted = |field: &FieldDescribe| {
        let name = field.name.as_str();
        let chosen = include.map_or(field.data_type != "base64", |list| contains(list, name));
        !unreadable(field) && (ALWAYS.contains(&name) || (chosen && !contains(&selection.exclude, name)))
    };
    Ok(object.fields.iter().filter(|field| wanted(field)).map(column).collect())
}

fn unknown(object: &ObjectDescribe, name: &str) -> Problem {
    Problem::Unknown {
        suggestion: nearest(name, object.fields.iter().map(|f| f.name.as_str())).map(str::to_owned),
    }
}

/// Fields that SOQL gives only as structures, if at all.
fn unreadable(field: &FieldDescribe) -> bool {
    matches!(
        field.data_type.as_str(),
        "address" | "location" | "complexvalue" | "junctionidlist" | "JunctionIdList"
    )
}

fn parts(object: &ObjectDescribe, compound: &FieldDescribe) -> Vec<String> {
    let part_of =
        |field: &&FieldDescribe| field.compound_field_name.as_deref() == Some(&compound.name) && !unreadable(field);
    object.fields.iter().filter(part_of).map(|f| f.name.clone()).collect()
}

fn column(field: &FieldDescribe) -> Column {
    Column {
        name: column_name(&field.name),
        field: field.name.clone(),
        salesforce_type: field.data_type.clone(),
        data_type: bigquery_type(field),
        // Salesforce's own "not null" can be lifted any day, and history may hold null: only the key is required.
        mode: if field.name == "Id" {
            Mode::Required
        } else {
            Mode::Nullable
        },
        description: description(field),
    }
}

/// The BigQuery type that holds every value of a field exactly.
/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm>
pub fn bigquery_type(field: &FieldDescribe) -> BigQueryType {
    match field.data_type.as_str() {
        "boolean" => BigQueryType::Bool,
        "int" | "long" => BigQueryType::Int64,
        // A scale of 0 does not keep fractions out: values written by API keep theirs. NUMERIC's 9 digits hold them.
        "double" | "currency" | "percent" => {
            let whole = field.precision.saturating_sub(field.scale);
            if whole <= 29 && field.scale <= 9 {
                BigQueryType::Numeric
            } else {
                BigQueryType::BigNumeric
            }
        }
        "date" => BigQueryType::Date,
        "datetime" => BigQueryType::Timestamp,
        "time" => BigQueryType::Time,
        // id, reference, string, picklist, multipicklist, textarea, email, phone, url, combobox, encryptedstring, anyType,
        // DataCategoryGroupReference, base64 (as an address), and what Salesforce may yet invent: its text.
        _ => BigQueryType::String,
    }
}

/// API names are letters, digits and underscores already; this guards against the day when one is not.
/// <https://cloud.google.com/bigquery/docs/schemas#column_names>
fn column_name(field: &str) -> String {
    let mut name: String = field
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(300)
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "f_");
    }
    name
}

fn description(field: &FieldDescribe) -> String {
    let help = field.inline_help_text.as_deref().unwrap_or("").trim();
    let text = match (field.label.trim(), help) {
        (label, "") => label.to_owned(),
        ("", help) => help.to_owned(),
        (label, help) => format!("{label}: {help}"),
    };
    // BigQuery's limit for a column's description.
    text.chars().take(1024).collect()
}

/// The Arrow type of a BigQuery type; parquet's Arrow writer gives each the logical type that BigQuery reads it back by.
pub const fn arrow_type(data_type: BigQueryType) -> ArrowType {
    match data_type {
        BigQueryType::String => ArrowType::Utf8,
        BigQueryType::Bytes => ArrowType::Binary,
        BigQueryType::Bool => ArrowType::Boolean,
        BigQueryType::Int64 => ArrowType::Int64,
        BigQueryType::Float64 => ArrowType::Float64,
        BigQueryType::Numeric => ArrowType::Decimal128,
        BigQueryType::BigNumeric => ArrowType::Decimal256,
        BigQueryType::Date => ArrowType::Date32,
        BigQueryType::Time => ArrowType::Time64,
        BigQueryType::Timestamp => ArrowType::Timestamp,
    }
}

/// The Arrow types that occur, without their parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArrowType {
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// True or false.
    Boolean,
    /// Integer.
    Int64,
    /// Double.
    Float64,
    /// NUMERIC: 38 digits, 9 after the point.
    Decimal128,
    /// BIGNUMERIC: 76 digits, 38 after the point.
    Decimal256,
    /// Days.
    Date32,
    /// Microseconds of the day.
    Time64,
    /// Microseconds, UTC.
    Timestamp,
}

impl ArrowType {
    /// The type with its parameters.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Utf8 => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Boolean => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal128 => DataType::Decimal128(NUMERIC.0, NUMERIC.1),
            Self::Decimal256 => DataType::Decimal256(BIGNUMERIC.0, BIGNUMERIC.1),
            Self::Date32 => DataType::Date32,
            Self::Time64 => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// The schema of the record batches that these columns are decoded into, and of the Parquet parts.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field = |c: &Column| Field::new(&c.name, arrow_type(c.data_type).data_type(), c.mode == Mode::Nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The candidate that a mistyped name most resembles, if any does: what "did you mean" offers.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    // `Region` for `Region__c` is the commonest slip.
    let stem = |text: &str| text.trim_end_matches("__c").replace('_', "");
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_ascii_lowercase();
            let distance = if stem(&lower) == stem(&wanted) {
                0
            } else {
                edits(&wanted, &lower)
            };
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names.
fn edits(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = [
        vec![0; b.len() + 1],
        (0..=b.len()).collect::<Vec<_>>(),
        vec![0; b.len() + 1],
    ];
    for i in 1..=a.len() {
        let [before, last, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let mut best = (last[j] + 1)
                .min(row[j - 1] + 1)
                .min(last[j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests;
