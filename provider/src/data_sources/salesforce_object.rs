//! `headwater_salesforce_object`: the fields of an object in an org, with the BigQuery types that they become.

use std::time::Duration;

use async_trait::async_trait;
use headwater_salesforce::{ObjectDescribe, Selection, bigquery_type, columns};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Cx, DataSource, Diagnostic, Result, Schema, Timeouts, Type};

use crate::clients::Clients;
use crate::names;
use crate::org::Connection;
use crate::resources::salesforce_extract::columns::describe_problem;

/// The data source.
#[derive(Debug, Clone, Copy)]
pub struct SalesforceObject;

/// What it is given and what it finds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    connection: Attr<String>,
    name: Attr<String>,
    label: Attr<String>,
    key_prefix: Attr<String>,
    custom: Attr<bool>,
    fields: Attr<Vec<Field>>,
}

/// A field.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Field {
    name: String,
    label: String,
    r#type: String,
    bigquery_type: String,
    mode: String,
    extracted: bool,
    length: u32,
    precision: u32,
    scale: u32,
    custom: bool,
    nillable: bool,
    description: String,
}

#[async_trait]
impl DataSource for SalesforceObject {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_salesforce_object"
    }

    fn schema(&self) -> Schema {
        let field = [
            ("name", Type::String),
            ("label", Type::String),
            ("type", Type::String),
            ("bigquery_type", Type::String),
            ("mode", Type::String),
            ("extracted", Type::Bool),
            ("length", Type::Number),
            ("precision", Type::Number),
            ("scale", Type::Number),
            ("custom", Type::Bool),
            ("nillable", Type::Bool),
            ("description", Type::String),
        ];
        Schema::new([
            (
                "connection",
                Attribute::string().required().validate(names::connection_id()).describe("The org: the id of a `headwater_salesforce_connection`."),
            ),
            (
                "name",
                Attribute::string().required().validate(names::object()).describe("The object's API name, such as `Account` or `Invoice__c`."),
            ),
            ("label", Attribute::string().computed().describe("What people call it.")),
            ("key_prefix", Attribute::string().computed().describe("The first three characters of its records' ids.")),
            ("custom", Attribute::bool().computed().describe("Whether the org made it.")),
            (
                "fields",
                Attribute::list(Type::object(field)).computed().describe(
                    "The fields that the connection's user may read, in Salesforce's order: `name`, `label`, Salesforce's `type`, the \
                     `bigquery_type` (empty: none) and `mode` of the column, whether an extract reads it unless told otherwise (`extracted`: compound fields \
                     and `base64` are not), `length`, `precision`, `scale`, `custom`, `nillable`, and the `description` that the column gets.",
                ),
            ),
        ])
        .describe("An object of a Salesforce org: its fields, and the BigQuery columns that an extract makes of them.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, config: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let connection = config.connection.require("connection")?;
        let name = config.name.require("name")?;
        let (settings, secret) = match clients.connection(connection).await? {
            Connection::Known(settings, secret) => (settings, secret),
            Connection::Unknown | Connection::Absent => {
                return Err(Diagnostic::invalid("connection", format!("the connection `{connection}` does not exist yet"))
                    .hint("Apply the headwater_salesforce_connection first, or add it to `depends_on`: the object is then read in the apply.")
                    .into());
            }
        };
        let org = clients
            .org(&settings, secret)
            .await
            .map_err(|no_org| Diagnostic::from(no_org).at("connection"))?;
        let describe = match org.describe(name).await {
            Ok(describe) => describe,
            Err(error) => return Err(describe_problem(name, &error, org.suggestion(name).await).into()),
        };
        let extracted = columns(&describe, &Selection::default()).unwrap_or_default();
        let fields = describe.fields.iter().map(|field| {
            let column = extracted.iter().find(|column| column.field == field.name);
            Field {
                name: field.name.clone(),
                label: field.label.clone(),
                r#type: field.data_type.clone(),
                bigquery_type: if can_be_included(&describe, &field.name) {
                    bigquery_type(field).sql().to_owned()
                } else {
                    String::new()
                },
                mode: column
                    .map_or_else(Default::default, |column| column.mode)
                    .api()
                    .to_owned(),
                extracted: column.is_some(),
                length: field.length,
                precision: field.precision,
                scale: field.scale,
                custom: field.custom,
                nillable: field.nillable,
                description: column.map_or_else(|| field.label.clone(), |column| column.description.clone()),
            }
        });
        Ok(Model {
            label: describe.object.label.as_str().into(),
            key_prefix: describe.object.key_prefix.clone().into(),
            custom: describe.object.custom.into(),
            fields: fields.collect::<Vec<_>>().into(),
            ..config
        })
    }
}

/// Whether an extract can read a field at all: of compound ones only the parts.
fn can_be_included(describe: &ObjectDescribe, field: &str) -> bool {
    let only = Selection {
        include: Some(vec![field.to_owned()]),
        exclude: Vec::new(),
    };
    columns(describe, &only).is_ok()
}
