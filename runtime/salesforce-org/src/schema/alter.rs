//! Changes to the metadata while the org runs, as an administrator makes them: add, remove, alter, hide and show a field.

use serde::Deserialize;

use super::{Field, Kind, Schema};

/// One change, as posted to `/_control/schema`.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", deny_unknown_fields)]
pub(crate) enum Alteration {
    /// Existing rows get `default`, or null.
    #[serde(rename = "add_field")]
    Add {
        object: String,
        name: String,
        #[serde(rename = "type", default = "string")]
        kind: String,
        label: Option<String>,
        length: Option<u32>,
        precision: Option<u32>,
        scale: Option<u32>,
        default: Option<String>,
        #[serde(default)]
        picklist: Vec<String>,
        #[serde(default)]
        reference_to: Vec<String>,
    },
    /// The field and its values are gone.
    #[serde(rename = "remove_field")]
    Remove { object: String, name: String },
    /// Another type or size; values that do not fit read as null.
    #[serde(rename = "alter_field")]
    Alter {
        object: String,
        name: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        length: Option<u32>,
        precision: Option<u32>,
        scale: Option<u32>,
        label: Option<String>,
    },
    /// Field-level security takes the field from the integration user.
    #[serde(rename = "hide_field")]
    Hide { object: String, name: String },
    /// And gives it back.
    #[serde(rename = "show_field")]
    Show { object: String, name: String },
}

fn string() -> String {
    "string".into()
}

/// Why a change was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("there is no object {0:?}")]
    Object(String),
    #[error("there is no field {0:?}")]
    Field(String),
    #[error("there is already a field {0:?}")]
    Exists(String),
    #[error("there is no field type {0:?}")]
    Kind(String),
    #[error("{0:?} is a system field")]
    System(String),
}

const SYSTEM: &[&str] = &[
    "Id",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
];

impl Schema {
    /// Applies a change; the metadata is as it was when it is refused.
    pub(crate) fn alter(&mut self, change: Alteration, now_ms: i64) -> Result<(), SchemaError> {
        let (Alteration::Add { object, .. }
        | Alteration::Remove { object, .. }
        | Alteration::Alter { object, .. }
        | Alteration::Hide { object, .. }
        | Alteration::Show { object, .. }) = &change;
        let number = self.find(object).ok_or_else(|| SchemaError::Object(object.clone()))?;
        let object = &mut self.objects[number];
        match change {
            Alteration::Add {
                name,
                kind,
                label,
                length,
                precision,
                scale,
                default,
                picklist,
                reference_to,
                ..
            } => {
                if object.fields.iter().any(|f| f.name.eq_ignore_ascii_case(&name)) {
                    return Err(SchemaError::Exists(name));
                }
                let kind = Kind::parse(&kind).ok_or(SchemaError::Kind(kind))?;
                let column = object.columns;
                object.columns += 1;
                let sizes = sizes(kind, length, precision, scale);
                let relationship = (kind == Kind::Reference).then(|| name.replace("__c", "__r"));
                object.fields.push(Field {
                    label: label.unwrap_or_else(|| name.trim_end_matches("__c").replace('_', " ")),
                    name,
                    kind,
                    column: Some(column),
                    length: sizes.0,
                    precision: sizes.1,
                    scale: sizes.2,
                    nillable: kind != Kind::Boolean,
                    createable: true,
                    updateable: true,
                    unique: false,
                    external_id: false,
                    reference_to,
                    relationship,
                    child_relationship: None,
                    cascade: false,
                    picklist,
                    compound: None,
                    default: default.or_else(|| (kind == Kind::Boolean).then(|| "false".into())),
                    hidden: false,
                    altered: false,
                });
            }
            Alteration::Remove { name, .. } => {
                let at = position(object, &name)?;
                object.fields.remove(at);
            }
            Alteration::Alter {
                name,
                kind,
                length,
                precision,
                scale,
                label,
                ..
            } => {
                let at = position(object, &name)?;
                let field = &mut object.fields[at];
                if let Some(kind) = kind {
                    field.kind = Kind::parse(&kind).ok_or(SchemaError::Kind(kind))?;
                }
                let keep = |new: Option<u32>, old: u32| new.or((old > 0).then_some(old));
                (field.length, field.precision, field.scale) = sizes(
                    field.kind,
                    keep(length, field.length),
                    keep(precision, field.precision),
                    scale.or(field.kind.is_number().then_some(field.scale)),
                );
                if let Some(label) = label {
                    field.label = label;
                }
                field.altered = true;
            }
            Alteration::Hide { name, .. } => {
                let at = position(object, &name)?;
                object.fields[at].hidden = true;
            }
            Alteration::Show { name, .. } => {
                let at = position(object, &name)?;
                object.fields[at].hidden = false;
            }
        }
        object.modified_ms = now_ms;
        Ok(())
    }
}

fn position(object: &super::Object, name: &str) -> Result<usize, SchemaError> {
    let at = object.fields.iter().position(|f| f.name.eq_ignore_ascii_case(name));
    let at = at.ok_or_else(|| SchemaError::Field(name.to_owned()))?;
    if SYSTEM.contains(&object.fields[at].name.as_str()) {
        return Err(SchemaError::System(name.to_owned()));
    }
    Ok(at)
}

/// Length, precision and scale as they apply to a type.
fn sizes(kind: Kind, length: Option<u32>, precision: Option<u32>, scale: Option<u32>) -> (u32, u32, u32) {
    match kind {
        Kind::Double | Kind::Currency | Kind::Percent => (0, precision.unwrap_or(18), scale.unwrap_or(2)),
        Kind::Int => (0, precision.unwrap_or(8), 0),
        Kind::Boolean | Kind::Date | Kind::Datetime | Kind::Time | Kind::Address | Kind::Location => (0, 0, 0),
        Kind::Id | Kind::Reference => (18, 0, 0),
        Kind::Multipicklist => (length.unwrap_or(4099), 0, 0),
        _ => (length.unwrap_or(255), 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Alteration {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn fields_come_and_go() {
        let mut schema = crate::schema::builtin::schema(0);
        let account = schema.find("account").unwrap();
        let before = schema.objects[account].columns;
        schema.alter(change(r#"{"action":"add_field","object":"Account","name":"New__c","type":"double","precision":10,"scale":3}"#), 5).unwrap();
        let field = schema.objects[account].field("new__C").unwrap();
        assert_eq!((field.column, field.precision, field.scale), (Some(before), 10, 3));
        schema
            .alter(
                change(r#"{"action":"hide_field","object":"Account","name":"New__c"}"#),
                6,
            )
            .unwrap();
        assert!(schema.objects[account].field("New__c").is_none());
        schema
            .alter(
                change(r#"{"action":"show_field","object":"Account","name":"New__c"}"#),
                7,
            )
            .unwrap();
        schema
            .alter(
                change(r#"{"action":"alter_field","object":"Account","name":"New__c","type":"string"}"#),
                8,
            )
            .unwrap();
        assert_eq!(schema.objects[account].field("New__c").unwrap().length, 255);
        schema
            .alter(
                change(r#"{"action":"remove_field","object":"Account","name":"New__c"}"#),
                9,
            )
            .unwrap();
        assert_eq!(schema.objects[account].modified_ms, 9);
        for refused in [
            r#"{"action":"remove_field","object":"Account","name":"New__c"}"#,
            r#"{"action":"remove_field","object":"Account","name":"Id"}"#,
            r#"{"action":"add_field","object":"Account","name":"Name"}"#,
            r#"{"action":"add_field","object":"Nope","name":"X__c"}"#,
            r#"{"action":"add_field","object":"Account","name":"X__c","type":"colour"}"#,
        ] {
            assert!(schema.alter(change(refused), 10).is_err(), "{refused}");
        }
    }
}
