//! BigQuery's types: their three spellings (SQL, REST schema, DuckDB storage) and the mapping between them.
//! Knows no values and no SQL expressions.

use serde_json::{Value, json};

use crate::error::Fault;

/// A value's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    Int64,
    Float64,
    Numeric,
    /// DuckDB has 38 digits, BigQuery's BIGNUMERIC 76: 20 are kept before the point and 18 after it, and a value
    /// that does not fit is an error, never rounded on its way in.
    BigNumeric,
    String,
    Bytes,
    Bool,
    Date,
    Datetime,
    Time,
    Timestamp,
    Json,
    Interval,
    /// Of DATE, DATETIME or TIMESTAMP: in DuckDB a struct of the bounds `_lo` and `_hi`.
    Range(Box<Ty>),
    Struct(Vec<Field>),
    Array(Box<Ty>),
    /// Not known before DuckDB binds it (also the type of NULL).
    Unknown,
}

/// A column or a field of a STRUCT.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Ty,
}

pub(crate) const NUMERIC: &str = "DECIMAL(38,9)";
pub(crate) const BIGNUMERIC: &str = "DECIMAL(38,18)";

/// `name` as a DuckDB identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a DuckDB string literal.
pub(crate) fn literal(text: &str) -> String {
    if text.contains('\0') {
        // DuckDB's C interface ends a statement at NUL.
        let parts: Vec<String> = text
            .split('\0')
            .map(|p| format!("'{}'", p.replace('\'', "''")))
            .collect();
        return format!("({})", parts.join(" || chr(0) || "));
    }
    format!("'{}'", text.replace('\'', "''"))
}

impl Ty {
    /// How DuckDB stores it.
    pub(crate) fn duck(&self) -> String {
        match self {
            Self::Int64 => "BIGINT".into(),
            Self::Float64 => "DOUBLE".into(),
            Self::Numeric => NUMERIC.into(),
            Self::BigNumeric => BIGNUMERIC.into(),
            Self::String | Self::Unknown => "VARCHAR".into(),
            Self::Bytes => "BLOB".into(),
            Self::Bool => "BOOLEAN".into(),
            Self::Date => "DATE".into(),
            Self::Datetime => "TIMESTAMP".into(),
            Self::Time => "TIME".into(),
            Self::Timestamp => "TIMESTAMPTZ".into(),
            Self::Json => "JSON".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Struct(fields) => {
                let inner: Vec<String> = fields
                    .iter()
                    .map(|f| format!("{} {}", quoted(&f.name), f.ty.duck()))
                    .collect();
                format!("STRUCT({})", inner.join(", "))
            }
            Self::Range(item) => format!("STRUCT(_lo {0}, _hi {0})", item.duck()),
            Self::Array(item) => format!("{}[]", item.duck()),
        }
    }

    /// GoogleSQL's name.
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Int64 => "INT64".into(),
            Self::Float64 => "FLOAT64".into(),
            Self::Numeric => "NUMERIC".into(),
            Self::BigNumeric => "BIGNUMERIC".into(),
            Self::String => "STRING".into(),
            Self::Bytes => "BYTES".into(),
            Self::Bool => "BOOL".into(),
            Self::Date => "DATE".into(),
            Self::Datetime => "DATETIME".into(),
            Self::Time => "TIME".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Json => "JSON".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Struct(fields) => {
                let inner: Vec<String> = fields.iter().map(|f| format!("{} {}", f.name, f.ty.sql())).collect();
                format!("STRUCT<{}>", inner.join(", "))
            }
            Self::Range(item) => format!("RANGE<{}>", item.sql()),
            Self::Array(item) => format!("ARRAY<{}>", item.sql()),
            Self::Unknown => "an unknown type".into(),
        }
    }

    /// The name in a REST schema.
    pub(crate) fn rest(&self) -> &'static str {
        match self {
            Self::Int64 | Self::Unknown => "INTEGER",
            Self::Float64 => "FLOAT",
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Bool => "BOOLEAN",
            Self::Date => "DATE",
            Self::Datetime => "DATETIME",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Json => "JSON",
            Self::Interval => "INTERVAL",
            Self::Range(_) => "RANGE",
            Self::Struct(_) => "RECORD",
            Self::Array(item) => item.rest(),
        }
    }

    /// A rough width in bytes, for estimates of size.
    pub(crate) fn width(&self) -> u64 {
        match self {
            Self::Bool => 1,
            Self::Numeric | Self::Interval | Self::Range(_) => 16,
            Self::BigNumeric => 32,
            Self::String | Self::Bytes | Self::Json => 16,
            Self::Struct(fields) => fields.iter().map(|f| f.ty.width()).sum(),
            Self::Array(item) => 4 * item.width(),
            _ => 8,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int64 | Self::Float64 | Self::Numeric | Self::BigNumeric)
    }

    pub(crate) fn is_decimal(&self) -> bool {
        matches!(self, Self::Numeric | Self::BigNumeric)
    }

    /// A scalar type by any of its names.
    pub(crate) fn scalar(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "INT64" | "INTEGER" | "INT" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT" => Self::Int64,
            "FLOAT64" | "FLOAT" => Self::Float64,
            "NUMERIC" | "DECIMAL" => Self::Numeric,
            "BIGNUMERIC" | "BIGDECIMAL" => Self::BigNumeric,
            "STRING" => Self::String,
            "BYTES" => Self::Bytes,
            "BOOL" | "BOOLEAN" => Self::Bool,
            "DATE" => Self::Date,
            "DATETIME" => Self::Datetime,
            "TIME" => Self::Time,
            "TIMESTAMP" => Self::Timestamp,
            "JSON" => Self::Json,
            "INTERVAL" => Self::Interval,
            // As the parser is given it.
            "RANGE_DATE" | "RANGE<DATE>" => Self::Range(Box::new(Self::Date)),
            "RANGE_DATETIME" | "RANGE<DATETIME>" => Self::Range(Box::new(Self::Datetime)),
            "RANGE_TIMESTAMP" | "RANGE<TIMESTAMP>" => Self::Range(Box::new(Self::Timestamp)),
            _ => return None,
        })
    }
}

/// The type of a REST schema's field.
pub(crate) fn field_type(field: &Value) -> Result<Ty, Fault> {
    let name = field["name"].as_str().unwrap_or_default();
    let kind = field["type"].as_str().unwrap_or_default();
    let item = if kind.eq_ignore_ascii_case("RECORD") || kind.eq_ignore_ascii_case("STRUCT") {
        Ty::Struct(columns(&field["fields"])?)
    } else if kind.eq_ignore_ascii_case("RANGE") {
        let item = field["rangeElementType"]["type"].as_str().unwrap_or_default();
        Ty::scalar(&format!("RANGE<{item}>")).ok_or_else(|| {
            Fault::invalid(format!(
                "Invalid value for rangeElementType: {item} is not a type that a range can have ({name})"
            ))
        })?
    } else {
        Ty::scalar(kind).ok_or_else(|| {
            Fault::invalid(format!(
                "Invalid value for type: {kind} is not a type that this BigQuery stores ({name})"
            ))
        })?
    };
    let repeated = field["mode"]
        .as_str()
        .is_some_and(|m| m.eq_ignore_ascii_case("REPEATED"));
    Ok(if repeated { Ty::Array(Box::new(item)) } else { item })
}

/// Names and types of a REST schema's `fields`.
pub(crate) fn columns(fields: &Value) -> Result<Vec<Field>, Fault> {
    let Some(fields) = fields.as_array() else {
        return Ok(Vec::new());
    };
    fields
        .iter()
        .map(|f| {
            Ok(Field {
                name: f["name"].as_str().unwrap_or_default().to_owned(),
                ty: field_type(f)?,
            })
        })
        .collect()
}

/// How a field's column is defined: its storage type, and how it is kept. DuckDB packs wide decimals so tightly that reading
/// them back costs five times what adding them up does; those are left as they are.
pub(crate) fn storage_definition(field: &Value) -> Result<String, Fault> {
    let ty = storage_type(field)?;
    let wide = [NUMERIC, BIGNUMERIC].contains(&ty.as_str());
    Ok(if wide {
        format!("{ty} USING COMPRESSION uncompressed")
    } else {
        ty
    })
}

/// The storage type of a REST schema's field, with its precision where one is declared.
pub(crate) fn storage_type(field: &Value) -> Result<String, Fault> {
    let number = |key: &str| match &field[key] {
        Value::String(text) => text.parse::<u32>().ok(),
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        _ => None,
    };
    let ty = field_type(field)?;
    let item = match &ty {
        Ty::Array(item) => item,
        other => other,
    };
    let precise = match (item, number("precision")) {
        (Ty::Numeric | Ty::BigNumeric, Some(precision)) => {
            let scale = number("scale").unwrap_or(0);
            if precision > 38 || scale > precision {
                return Err(Fault::invalid(format!(
                    "precision {precision} and scale {scale} do not fit: the local BigQuery keeps 38 digits"
                )));
            }
            format!("DECIMAL({precision},{scale})")
        }
        _ => item.duck(),
    };
    Ok(if matches!(ty, Ty::Array(_)) {
        format!("{precise}[]")
    } else {
        precise
    })
}

/// A REST schema's field of this name and type.
pub(crate) fn rest_field(name: &str, ty: &Ty) -> Value {
    let (item, mode) = match ty {
        Ty::Array(item) => (&**item, "REPEATED"),
        other => (other, "NULLABLE"),
    };
    let mut out = json!({"name": name, "type": item.rest(), "mode": mode});
    if let Ty::Range(item) = item {
        out["rangeElementType"] = json!({"type": item.rest()});
    }
    if let Ty::Struct(fields) = item {
        out["fields"] = Value::Array(fields.iter().map(|f| rest_field(&f.name, &f.ty)).collect());
    }
    out
}

/// A REST schema of these columns.
pub(crate) fn rest_schema(columns: &[Field]) -> Value {
    json!({"fields": columns.iter().map(|f| rest_field(&f.name, &f.ty)).collect::<Vec<_>>()})
}

/// A field's type as GoogleSQL declares it, with its limits, as in `STRUCT<a STRING(5)>`.
pub(crate) fn declared(field: &Value) -> Result<String, Fault> {
    let item = match field_type(field)? {
        Ty::Array(item) => *item,
        other => other,
    };
    let mut text = match &item {
        Ty::Struct(_) => {
            let inner = field["fields"].as_array().into_iter().flatten();
            let inner: Result<Vec<String>, Fault> = inner
                .map(|f| Ok(format!("{} {}", f["name"].as_str().unwrap_or_default(), declared(f)?)))
                .collect();
            format!("STRUCT<{}>", inner?.join(", "))
        }
        other => {
            let whole = parameterised(field);
            let limits = whole.find('(').map_or("", |at| &whole[at..]);
            format!("{}{limits}", other.sql())
        }
    };
    if field["mode"] == "REPEATED" {
        text = format!("ARRAY<{text}>");
    }
    Ok(text)
}

/// A field's type with its limits, as in `NUMERIC(10, 2)`.
pub(crate) fn parameterised(field: &Value) -> String {
    let ty = field["type"].as_str().unwrap_or_default();
    let limit = |key: &str| field[key].as_str();
    match (limit("maxLength"), limit("precision"), limit("scale")) {
        (Some(length), _, _) => format!("{ty}({length})"),
        (_, Some(precision), Some(scale)) => format!("{ty}({precision}, {scale})"),
        (_, Some(precision), None) => format!("{ty}({precision})"),
        _ => ty.to_owned(),
    }
}
