//! Changes as rows of the changelog, in Protobuf: each an upsert of its key, so that what is written twice is there once.

use headwater_spec::{BigQueryType as T, CHANGELOG_COLUMNS, Column};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::cell::{encode_bytes, encode_number};
use super::change::{Change, Columns};

/// BigQuery's name for what a row does to its key. <https://cloud.google.com/bigquery/docs/change-data-capture>
const CHANGE_TYPE: &str = "_CHANGE_TYPE";
const CHANGE_TYPE_TAG: u32 = 15;
const FIRST_COLUMN_TAG: u32 = 16;

/// The message that holds a row.
pub(crate) fn descriptor(columns: &Columns) -> DescriptorProto {
    let field = |name: &str, tag: u32, kind: Type, label: Label| FieldDescriptorProto {
        name: Some(name.to_owned()),
        // Left to Protobuf, `_origin` and a column `Origin` would have the same.
        json_name: Some(name.to_owned()),
        number: Some(i32::try_from(tag).unwrap_or_default()),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        ..FieldDescriptorProto::default()
    };
    let system = CHANGELOG_COLUMNS.iter().zip(1..).map(|(column, tag)| {
        let label = if column.mode == "REPEATED" {
            Label::Repeated
        } else {
            Label::Optional
        };
        field(column.name, tag, proto_type(column.data_type), label)
    });
    let own = columns
        .list()
        .iter()
        .zip(FIRST_COLUMN_TAG..)
        .map(|(column, tag)| field(&column.name, tag, proto_type(column.data_type), Label::Optional));
    DescriptorProto {
        name: Some("Change".into()),
        field: system
            .chain([field(CHANGE_TYPE, CHANGE_TYPE_TAG, Type::String, Label::Optional)])
            .chain(own)
            .collect(),
        ..DescriptorProto::default()
    }
}

/// The type in which a column's values travel.
fn proto_type(data_type: T) -> Type {
    match data_type {
        T::String | T::Numeric | T::BigNumeric | T::Time => Type::String,
        T::Bytes => Type::Bytes,
        T::Bool => Type::Bool,
        T::Int64 | T::Timestamp => Type::Int64,
        T::Float64 => Type::Double,
        T::Date => Type::Int32,
    }
}

/// A row.
pub(crate) fn encode(change: &Change<'_>, columns: &[Column], out: &mut Vec<u8>) {
    // In the order of `CHANGELOG_COLUMNS`.
    encode_bytes(1, change.record.as_bytes(), out);
    encode_number(2, change.position.commit.cast_unsigned(), out);
    encode_number(3, change.position.sequence.cast_unsigned(), out);
    encode_number(4, change.at.cast_unsigned(), out);
    encode_bytes(5, change.happened.name().as_bytes(), out);
    for (place, _) in &change.cells {
        encode_bytes(6, columns[*place].name.as_bytes(), out);
    }
    for (place, _) in change.cells.iter().filter(|(_, cell)| cell.is_none()) {
        encode_bytes(7, columns[*place].name.as_bytes(), out);
    }
    for (tag, text) in [(8, &change.transaction), (9, &change.origin), (10, &change.user)] {
        if !text.is_empty() {
            encode_bytes(tag, text.as_bytes(), out);
        }
    }
    encode_bytes(CHANGE_TYPE_TAG, b"UPSERT", out);
    for (place, cell) in &change.cells {
        if let Some(cell) = cell {
            cell.encode(FIRST_COLUMN_TAG + u32::try_from(*place).unwrap_or_default(), out);
        }
    }
}
