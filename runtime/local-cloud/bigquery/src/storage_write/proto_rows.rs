//! Rows as Protobuf messages, by the descriptor that comes with them. Conversions:
//! <https://cloud.google.com/bigquery/docs/supported-data-types#supported_protocol_buffer_data_types>.

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage,
    Value as Proto,
};
use prost_types::{DescriptorProto, FileDescriptorProto};
use serde_json::{Value, json};

use super::errors::Refusal;
use super::row::{Change, HIGH, LOW, Row, check};
use super::{civil, decimals};
use crate::catalog::evolve::{field_name, fields};
use crate::engine::Cell;
use crate::error::Fault;
use crate::types::{Ty, field_type};

const CHANGE_TYPE: &str = "_CHANGE_TYPE";
const CHANGE_SEQUENCE: &str = "_CHANGE_SEQUENCE_NUMBER";
/// The types of Google's that a descriptor may name without bringing them along.
const IMPORTS: [&str; 3] = [
    "google/protobuf/wrappers.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/duration.proto",
];

/// The message of a descriptor. It stands by itself: what it names is nested in it, or Google's.
pub(super) fn message(descriptor: &DescriptorProto) -> Result<MessageDescriptor, Fault> {
    let mut descriptor = descriptor.clone();
    let name = descriptor.name().to_owned();
    // A field without a value is NULL, also in a message that was written for proto3.
    plain(&mut descriptor);
    let package = package(&descriptor, &name);
    let full = if package.is_empty() {
        name.clone()
    } else {
        format!("{package}.{name}")
    };
    let file = FileDescriptorProto {
        name: Some("writer_schema.proto".into()),
        package: Some(package).filter(|p| !p.is_empty()),
        dependency: IMPORTS.iter().map(|i| (*i).to_owned()).collect(),
        message_type: vec![descriptor],
        ..FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(file)
        .map_err(|e| Fault::invalid(format!("Invalid proto schema: {e}")))?;
    pool.get_message_by_name(&full)
        .ok_or_else(|| Fault::invalid("Invalid proto schema: it has no message"))
}

fn plain(message: &mut DescriptorProto) {
    for field in &mut message.field {
        field.proto3_optional = None;
        // Nothing is JSON here: `Origin` and `_origin`, which are one name there, are two columns.
        field.json_name = field.name.clone();
    }
    message.nested_type.iter_mut().for_each(plain);
}

/// The package that the message had where it was written: names of types nested in it begin with it.
fn package(message: &DescriptorProto, name: &str) -> String {
    let own = format!(".{name}.");
    let named = message.field.iter().filter_map(|f| f.type_name.as_deref());
    let inner = message
        .nested_type
        .iter()
        .flat_map(|m| m.field.iter().filter_map(|f| f.type_name.as_deref()));
    let found = named
        .chain(inner)
        .find_map(|ty| ty.strip_prefix('.').and_then(|_| ty.find(&own).map(|at| &ty[..at])));
    found.map(|p| p.trim_start_matches('.').to_owned()).unwrap_or_default()
}

/// Where a column's value is in a message.
struct Source {
    field: FieldDescriptor,
    ty: Ty,
    /// Of the fields of a record.
    inner: Vec<Option<Source>>,
    names: Vec<String>,
}

/// How the messages of a descriptor become rows of a table.
pub(super) struct Plan {
    message: MessageDescriptor,
    columns: Vec<Value>,
    sources: Vec<Option<Source>>,
    change: Option<FieldDescriptor>,
    sequence: Option<FieldDescriptor>,
}

impl Plan {
    pub(super) fn new(message: &MessageDescriptor, schema: &Value) -> Result<Self, Refusal> {
        let pseudo = |name: &str| message.fields().find(|f| f.name().eq_ignore_ascii_case(name));
        let (change, sequence) = (pseudo(CHANGE_TYPE), pseudo(CHANGE_SEQUENCE));
        for field in [&change, &sequence].into_iter().flatten() {
            if field.kind() != Kind::String {
                return Err(Fault::invalid(format!("The field {} must be a string", field.name())).into());
            }
        }
        let skip = |f: &FieldDescriptor| change.as_ref() == Some(f) || sequence.as_ref() == Some(f);
        Ok(Self {
            sources: sources(message, fields(schema), "root", &skip)?,
            columns: fields(schema).to_vec(),
            message: message.clone(),
            change,
            sequence,
        })
    }

    /// Whether the rows are changes rather than rows to append.
    pub(super) fn captures_changes(&self) -> bool {
        self.change.is_some()
    }

    pub(super) fn row(&self, bytes: &[u8]) -> Result<Row, String> {
        let message = DynamicMessage::decode(self.message.clone(), bytes)
            .map_err(|_| "the row is not a message of the writer schema".to_owned())?;
        let text = |field: &Option<FieldDescriptor>| {
            let field = field.as_ref().filter(|f| message.has_field(f))?;
            message.get_field(field).as_str().map(str::to_owned)
        };
        let change = match &self.change {
            Some(_) => Some(Change::read(
                text(&self.change).as_deref(),
                text(&self.sequence).as_deref(),
            )?),
            None => None,
        };
        // A row that is to be deleted need not have more than its key.
        let deletes = change.as_ref().is_some_and(|c| c.delete);
        let mut cells = Vec::with_capacity(self.sources.len());
        let mut missing = Vec::with_capacity(self.sources.len());
        for (source, column) in self.sources.iter().zip(&self.columns) {
            missing.push(source.as_ref().is_none_or(|s| !message.has_field(&s.field)));
            let cell = value(&message, source.as_ref(), field_name(column))?;
            if !(deletes && cell == Cell::Null) {
                // What is missing may have a default; it is checked when that is known.
                if cell != Cell::Null {
                    check(&cell, column, field_name(column))?;
                }
            }
            cells.push(cell);
        }
        Ok(Row { cells, missing, change })
    }
}

fn sources(
    message: &MessageDescriptor,
    columns: &[Value],
    path: &str,
    skip: &dyn Fn(&FieldDescriptor) -> bool,
) -> Result<Vec<Option<Source>>, Refusal> {
    let known = |f: &FieldDescriptor| columns.iter().any(|c| field_name(c).eq_ignore_ascii_case(f.name()));
    let extra: Vec<String> = message
        .fields()
        .filter(|f| !skip(f) && !known(f))
        .map(|f| format!("'{}'", f.name()))
        .collect();
    if !extra.is_empty() {
        return Err(Refusal::extra_fields(&extra, path));
    }
    columns
        .iter()
        .map(|column| {
            let name = field_name(column);
            match message.fields().find(|f| f.name().eq_ignore_ascii_case(name)) {
                Some(field) => source(field, column, &format!("{path}.{name}")).map(Some),
                None => Ok(None),
            }
        })
        .collect()
}

fn source(field: FieldDescriptor, column: &Value, path: &str) -> Result<Source, Refusal> {
    let ty = match field_type(column)? {
        Ty::Array(item) => *item,
        other => other,
    };
    let repeated = column["mode"] == "REPEATED";
    let mismatch = || {
        Fault::invalid(format!(
            "The proto field mismatched with BigQuery field at {path}, the proto field type {}{:?}, BigQuery field type {}",
            if field.is_list() { "repeated " } else { "" },
            field.kind(),
            column["type"].as_str().unwrap_or_default()
        ))
    };
    if (field.cardinality() == Cardinality::Repeated) != repeated || !fits(&field.kind(), &ty) {
        return Err(mismatch().into());
    }
    let (inner, names) = match (&ty, field.kind()) {
        (Ty::Struct(inner), Kind::Message(message)) => (
            sources(&message, fields(column), path, &|_| false)?,
            inner.iter().map(|f| f.name.clone()).collect(),
        ),
        (Ty::Range(bound), Kind::Message(message)) => {
            let bound = |name: &str| json!({"name": name, "type": bound.sql(), "mode": "NULLABLE"});
            (
                sources(&message, &[bound("start"), bound("end")], path, &|_| false)?,
                vec![LOW.into(), HIGH.into()],
            )
        }
        _ => (Vec::new(), Vec::new()),
    };
    Ok(Source {
        field,
        ty,
        inner,
        names,
    })
}

/// Whether values of a kind can become values of a type.
fn fits(kind: &Kind, ty: &Ty) -> bool {
    let integer = matches!(
        kind,
        Kind::Int32
            | Kind::Int64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Fixed32
            | Kind::Fixed64
    );
    let float = matches!(kind, Kind::Double | Kind::Float);
    let google = match kind {
        Kind::Message(message) => message
            .full_name()
            .strip_prefix("google.protobuf.")
            .unwrap_or_default()
            .to_owned(),
        _ => String::new(),
    };
    let google = |names: &[&str]| names.contains(&google.as_str());
    match ty {
        Ty::Bool => *kind == Kind::Bool || integer || google(&["BoolValue"]),
        Ty::Bytes => matches!(kind, Kind::Bytes | Kind::String) || google(&["BytesValue"]),
        Ty::Int64 => integer || matches!(kind, Kind::Enum(_)) || google(&["Int32Value", "Int64Value", "UInt32Value"]),
        Ty::Float64 => float || integer || google(&["DoubleValue", "FloatValue"]),
        Ty::Numeric | Ty::BigNumeric => {
            integer || float || matches!(kind, Kind::String | Kind::Bytes) || google(&["BytesValue"])
        }
        Ty::String | Ty::Unknown => matches!(kind, Kind::String | Kind::Enum(_)) || google(&["StringValue"]),
        Ty::Json => *kind == Kind::String,
        Ty::Date | Ty::Datetime | Ty::Time => integer || *kind == Kind::String,
        Ty::Timestamp => integer || *kind == Kind::String || google(&["Timestamp"]),
        Ty::Interval => *kind == Kind::String || google(&["Duration"]),
        Ty::Struct(_) | Ty::Range(_) => matches!(kind, Kind::Message(_)),
        Ty::Array(_) => false,
    }
}

fn value(message: &DynamicMessage, source: Option<&Source>, path: &str) -> Result<Cell, String> {
    let Some(source) = source else { return Ok(Cell::Null) };
    let found = message.get_field(&source.field);
    match &*found {
        Proto::List(items) => {
            let items: Result<Vec<Cell>, String> = items.iter().map(|i| item(i, source, path)).collect();
            Ok(Cell::List(items?))
        }
        _ if !message.has_field(&source.field) => Ok(Cell::Null),
        one => item(one, source, path),
    }
}

fn item(value_of: &Proto, source: &Source, path: &str) -> Result<Cell, String> {
    if let (Ty::Struct(_) | Ty::Range(_), Proto::Message(message)) = (&source.ty, value_of) {
        let inner = source.inner.iter().zip(&source.names);
        let cells: Result<Vec<(String, Cell)>, String> = inner
            .map(|(s, name)| Ok((name.clone(), value(message, s.as_ref(), &format!("{path}.{name}"))?)))
            .collect();
        let cells = cells?;
        if matches!(source.ty, Ty::Range(_)) && !ascends(&cells) {
            return Err(format!("Field {path}: the start of a range must be before its end"));
        }
        return Ok(Cell::Struct(cells));
    }
    let cell = match value_of {
        Proto::Message(message) => google(message, &source.ty),
        Proto::EnumNumber(number) => match (&source.ty, source.field.kind()) {
            (Ty::Int64, _) => Some(Cell::Int((*number).into())),
            (_, Kind::Enum(kind)) => kind.get_value(*number).map(|v| Cell::Text(v.name().to_owned())),
            _ => None,
        },
        other => scalar(other, &source.ty),
    };
    cell.ok_or_else(|| format!("Field {path}: the value is not a valid {}", source.ty.sql()))
}

/// Whether a range's bounds, where it has both, are in their order.
fn ascends(bounds: &[(String, Cell)]) -> bool {
    match bounds {
        [(_, Cell::Date(low)), (_, Cell::Date(high))] => low < high,
        [(_, Cell::Timestamp(low)), (_, Cell::Timestamp(high))] => low < high,
        _ => true,
    }
}

/// A value of one of Google's well-known types.
fn google(message: &DynamicMessage, ty: &Ty) -> Option<Cell> {
    let number = |name: &str| match message.get_field_by_name(name)?.as_ref() {
        Proto::I64(n) => Some(*n),
        Proto::I32(n) => Some((*n).into()),
        _ => None,
    };
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => {
            let micros = number("seconds")?
                .checked_mul(1_000_000)?
                .checked_add(number("nanos")? / 1000)?;
            Some(Cell::Timestamp(micros))
        }
        "google.protobuf.Duration" => {
            let nanos = number("seconds")?
                .checked_mul(1_000_000_000)?
                .checked_add(number("nanos")?)?;
            Some(Cell::Interval(0, 0, nanos))
        }
        _ => scalar(message.get_field_by_name("value")?.as_ref(), ty),
    }
}

fn scalar(value: &Proto, ty: &Ty) -> Option<Cell> {
    match value {
        Proto::Bool(b) => Some(Cell::Bool(*b)),
        Proto::I32(n) => integer((*n).into(), ty),
        Proto::I64(n) => integer((*n).into(), ty),
        Proto::U32(n) => integer((*n).into(), ty),
        Proto::U64(n) => integer((*n).into(), ty),
        Proto::F32(x) if ty.is_decimal() => decimals::from_text(&x.to_string(), ty),
        Proto::F32(x) => Some(Cell::Float((*x).into())),
        Proto::F64(x) if ty.is_decimal() => decimals::from_float(*x, ty),
        Proto::F64(x) => Some(Cell::Float(*x)),
        Proto::String(text) => from_text(text, ty),
        Proto::Bytes(bytes) if ty.is_decimal() => decimals::from_bytes(bytes, ty),
        Proto::Bytes(bytes) => Some(Cell::Bytes(bytes.to_vec())),
        _ => None,
    }
}

fn integer(number: i128, ty: &Ty) -> Option<Cell> {
    let long = i64::try_from(number).ok();
    match ty {
        Ty::Bool => Some(Cell::Bool(number != 0)),
        Ty::Int64 => long.map(|n| Cell::Int(n.into())),
        #[allow(clippy::cast_precision_loss)]
        Ty::Float64 => Some(Cell::Float(number as f64)),
        Ty::Numeric | Ty::BigNumeric => decimals::from_int(number, ty),
        Ty::Date => long
            .filter(|d| civil::DAYS.contains(d))
            .and_then(|d| i32::try_from(d).ok())
            .map(Cell::Date),
        Ty::Datetime => civil::packed_datetime(long?).map(Cell::Timestamp),
        Ty::Time => civil::packed_time(long?).map(Cell::Time),
        Ty::Timestamp => long.map(Cell::Timestamp),
        _ => None,
    }
}

/// A text as a value of a type; also for rows that come as Arrow.
pub(super) fn from_text(text: &str, ty: &Ty) -> Option<Cell> {
    match ty {
        Ty::String | Ty::Json | Ty::Unknown => Some(Cell::Text(text.to_owned())),
        Ty::Bytes => Some(Cell::Bytes(text.as_bytes().to_vec())),
        Ty::Numeric | Ty::BigNumeric => decimals::from_text(text, ty),
        Ty::Date => civil::date(text).map(Cell::Date),
        Ty::Time => civil::time(text).map(Cell::Time),
        Ty::Datetime => civil::datetime(text).map(Cell::Timestamp),
        Ty::Timestamp => civil::timestamp(text).map(Cell::Timestamp),
        Ty::Interval => civil::interval(text).map(|(months, days, nanos)| Cell::Interval(months, days, nanos)),
        _ => None,
    }
}
