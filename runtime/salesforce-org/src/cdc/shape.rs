//! The shape of an entity's change events: which fields they have, in which order, as which Avro types; and its schema as
//! JSON. How values are written is `encode`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_message_structure.htm>

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::schema::{Field, Kind, Object};

/// Change events do not have these.
const ABSENT: &[&str] = &["Id", "IsDeleted", "SystemModstamp"];
const NAMESPACE: &str = "com.sforce.eventbus";
const ADDRESS: &[&str] = &[
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
];
const PERSON: &[&str] = &["Salutation", "FirstName", "LastName"];

/// The Avro type of a value; all are nullable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text,
    Boolean,
    Int,
    Double,
    /// Milliseconds since 1970 at midnight.
    Date,
    /// Milliseconds since 1970.
    Datetime,
    /// Milliseconds of the day.
    Time,
}

impl Scalar {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean,
            Kind::Int => Self::Int,
            Kind::Double | Kind::Currency | Kind::Percent => Self::Double,
            Kind::Date => Self::Date,
            Kind::Datetime => Self::Datetime,
            Kind::Time => Self::Time,
            _ => Self::Text,
        }
    }

    fn avro(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Date | Self::Datetime | Self::Time => "long",
        }
    }
}

/// A value of an event and the column that it comes from; without one it is always null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    pub column: Option<usize>,
    pub scalar: Scalar,
}

/// A field of an event, behind the header.
#[derive(Clone, Debug)]
pub(crate) enum Member {
    Single(Leaf),
    /// A record of its own: an address, a person's name.
    Compound(Vec<Leaf>),
}

/// Where a column's value stands in an event: the position among the schema's fields (the header is 0), and in a compound
/// field that among its parts.
pub(crate) type Place = (usize, Option<usize>);

/// See the module.
#[derive(Debug)]
pub(crate) struct Shape {
    pub entity: String,
    pub schema_id: String,
    pub schema_json: String,
    pub members: Vec<Member>,
    places: Vec<Option<Place>>,
}

impl Shape {
    /// The shape that an object has now. Fields hidden from the integration user are not in it.
    pub(crate) fn of(object: &Object) -> Self {
        let mut members = vec![];
        let mut fields = vec![header_field()];
        let mut records: Vec<&str> = vec![];
        let mut places = vec![None; object.columns];
        for (name, group) in groups(object) {
            let at = fields.len();
            match group {
                Group::Single(field) => {
                    let leaf = leaf(Some(field));
                    if let Some(column) = leaf.column {
                        places[column] = Some((at, None));
                    }
                    fields.push(nullable(name, &json!(leaf.scalar.avro()), &doc(field)));
                    members.push(Member::Single(leaf));
                }
                Group::Compound(record, parts) => {
                    let leaves: Vec<Leaf> = parts.iter().map(|(_, field)| leaf(*field)).collect();
                    for (part, leaf) in leaves.iter().enumerate() {
                        if let Some(column) = leaf.column {
                            places[column] = Some((at, Some(part)));
                        }
                    }
                    // A named type is spelled out once and then named.
                    let of = if records.contains(&record) {
                        json!(record)
                    } else {
                        records.push(record);
                        compound(record, &parts, &leaves)
                    };
                    fields.push(nullable(name, &of, &format!("Data:{record}")));
                    members.push(Member::Compound(leaves));
                }
            }
        }
        let name = event_name(&object.name);
        let mut schema = json!({ "name": name, "namespace": NAMESPACE, "type": "record", "fields": fields });
        let schema_id = fingerprint(&schema.to_string());
        schema["uuid"] = schema_id.clone().into();
        Self {
            entity: object.name.clone(),
            schema_id,
            schema_json: schema.to_string(),
            members,
            places,
        }
    }

    /// Where a column's value stands, if events have it.
    pub(crate) fn place(&self, column: usize) -> Option<Place> {
        self.places.get(column).copied().flatten()
    }
}

/// `AccountChangeEvent`, `Thing__ChangeEvent`.
pub(crate) fn event_name(object: &str) -> String {
    match object.strip_suffix("__c") {
        Some(custom) => format!("{custom}__ChangeEvent"),
        None => format!("{object}ChangeEvent"),
    }
}

/// The id of a schema: a hash of its text.
pub(crate) fn fingerprint(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

enum Group<'a> {
    Single(&'a Field),
    Compound(&'static str, Vec<(&'static str, Option<&'a Field>)>),
}

/// The fields in describe order, parts gathered where the first of them stands.
fn groups(object: &Object) -> Vec<(&str, Group<'_>)> {
    let mut out: Vec<(&str, Group<'_>)> = vec![];
    let find = |name: String| object.readable().find(|f| f.name == name);
    for field in object.readable() {
        if ABSENT.contains(&field.name.as_str()) || field.kind.is_compound() {
            continue;
        }
        let Some(compound) = field.compound.as_deref() else {
            out.push((&field.name, Group::Single(field)));
            continue;
        };
        if out.iter().any(|(name, _)| *name == compound) {
            continue;
        }
        let group = match compound.strip_suffix("Address") {
            Some(prefix) => {
                let parts = ADDRESS.iter().map(|part| (*part, find(format!("{prefix}{part}"))));
                Group::Compound("Address", parts.collect())
            }
            None => {
                let parts = PERSON.iter().map(|part| (*part, find((*part).to_owned())));
                Group::Compound("PersonName", parts.collect())
            }
        };
        out.push((compound, group));
    }
    out
}

fn leaf(field: Option<&Field>) -> Leaf {
    Leaf {
        column: field.and_then(|f| f.column),
        scalar: field.map_or(Scalar::Text, |f| Scalar::of(f.kind)),
    }
}

fn nullable(name: &str, of: &Value, doc: &str) -> Value {
    json!({ "name": name, "type": ["null", of], "doc": doc, "default": null })
}

fn compound(record: &str, parts: &[(&str, Option<&Field>)], leaves: &[Leaf]) -> Value {
    let fields: Vec<Value> = parts
        .iter()
        .zip(leaves)
        .map(|((name, field), leaf)| {
            let doc = field.map_or_else(|| "Data:Text".to_owned(), doc);
            nullable(name, &json!(leaf.scalar.avro()), &doc)
        })
        .collect();
    json!({ "type": "record", "name": record, "fields": fields })
}

/// What the platform says of a field's type in the schema.
fn doc(field: &Field) -> String {
    let of = match field.kind {
        Kind::Id | Kind::Reference => "EntityId",
        Kind::Boolean => "Boolean",
        Kind::Int => "Integer",
        Kind::Double => "Double",
        Kind::Currency => "Currency",
        Kind::Percent => "Percent",
        Kind::Date => "DateOnly",
        Kind::Datetime => "DateTime",
        Kind::Time => "TimeOnly",
        Kind::Picklist => "DynamicEnum",
        Kind::Multipicklist => "MultiEnum",
        Kind::Email => "Email",
        Kind::Phone => "Phone",
        Kind::Url => "Url",
        Kind::Textarea if field.is_long_text() => "StringPlusClob",
        _ => "Text",
    };
    match field.name.as_str() {
        name @ ("CreatedDate" | "LastModifiedDate") => format!("{name}:{of}"),
        "CreatedById" => format!("CreatedBy:{of}"),
        "LastModifiedById" => format!("LastModifiedBy:{of}"),
        _ => format!("Data:{of}"),
    }
}

fn header_field() -> Value {
    let list = json!({ "type": "array", "items": "string" });
    json!({ "name": "ChangeEventHeader", "type": {
        "type": "record", "name": "ChangeEventHeader", "namespace": NAMESPACE, "fields": [
            { "name": "entityName", "type": "string" },
            { "name": "recordIds", "type": list },
            { "name": "changeType", "type": {
                "type": "enum", "name": "ChangeType", "namespace": NAMESPACE, "symbols": super::ChangeType::SYMBOLS } },
            { "name": "changeOrigin", "type": "string" },
            { "name": "transactionKey", "type": "string" },
            { "name": "sequenceNumber", "type": "int" },
            { "name": "commitTimestamp", "type": "long" },
            { "name": "commitNumber", "type": "long" },
            { "name": "commitUser", "type": "string" },
            { "name": "nulledFields", "type": list },
            { "name": "diffFields", "type": list },
            { "name": "changedFields", "type": list },
        ] } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_fields_of_describe_with_parts_gathered() {
        let schema = crate::schema::builtin::schema(0);
        let names = |object: &str| -> Vec<String> {
            let shape = Shape::of(&schema.objects[schema.find(object).unwrap()]);
            let json: Value = serde_json::from_str(&shape.schema_json).unwrap();
            assert_eq!(json["fields"].as_array().unwrap().len(), shape.members.len() + 1);
            json["fields"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let account = names("Account");
        assert_eq!(account[..2], ["ChangeEventHeader", "Name"]);
        assert!(account.iter().any(|n| n == "BillingAddress") && !account.iter().any(|n| n == "BillingCity"));
        assert!(!account.iter().any(|n| ABSENT.contains(&n.as_str())));
        let contact = names("Contact");
        assert_eq!(contact.iter().filter(|n| *n == "Name").count(), 1);
        assert!(!contact.iter().any(|n| n == "FirstName"));
    }

    #[test]
    fn a_new_field_is_a_new_schema() {
        let mut schema = crate::schema::builtin::schema(0);
        let at = schema.find("Account").unwrap();
        let before = Shape::of(&schema.objects[at]);
        assert_eq!(Shape::of(&schema.objects[at]).schema_id, before.schema_id);
        let added = r#"{"action":"add_field","object":"Account","name":"New__c"}"#;
        schema.alter(serde_json::from_str(added).unwrap(), 1).unwrap();
        let after = Shape::of(&schema.objects[at]);
        assert_ne!(after.schema_id, before.schema_id);
        let column = schema.objects[at].field("New__c").unwrap().column.unwrap();
        assert_eq!(after.place(column), Some((after.members.len(), None)));
        assert_eq!(event_name("Thing__c"), "Thing__ChangeEvent");
    }
}
