//! `bigquery_schema(fields)`: the table's schema that an extract makes of Salesforce fields, as BigQuery's JSON.

use serde_json::{Value as Json, json};
use tfplugin_framework::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::fields::columns_of;

/// The function.
pub(super) struct BigQuerySchema;

impl Function for BigQuerySchema {
    fn name(&self) -> &'static str {
        "bigquery_schema"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "The BigQuery schema of Salesforce fields".into(),
            description: "Returns the schema of a BigQuery table that holds the given Salesforce fields, as the JSON that BigQuery's API, \
                          `bq` and other providers read: a list of `name`, `type`, `mode` and `description`. The mapping is the one of \
                          `headwater_salesforce_extract`: numbers with a fraction become `NUMERIC` or `BIGNUMERIC` by their digits, `Id` is \
                          `REQUIRED`, compound fields (`address`, `location`) and `base64` are left out."
                .into(),
            parameters: vec![Parameter::new(
                "fields",
                Type::Dynamic,
                "What the data source `headwater_salesforce_object` gives, its `fields`, or a list of objects with `name` and `type` \
                 (Salesforce's, such as `currency`), and optionally `precision`, `scale`, `label` and `description`.",
            )],
            variadic: None,
            returns: Type::String,
            deprecated: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let columns = columns_of(0, "fields", &arguments[0])?;
        let schema: Vec<Json> = columns
            .iter()
            .map(|column| {
                let mut document = json!({
                    "name": column.name,
                    "type": column.data_type.api(),
                    "mode": column.mode.api(),
                });
                if !column.description.is_empty() {
                    document["description"] = column.description.as_str().into();
                }
                document
            })
            .collect();
        Ok(Value::String(Json::Array(schema).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::written;
    use super::*;

    #[test]
    fn the_mapping_is_the_extracts() {
        let amount = Value::object([
            ("name", Value::from("Amount")),
            ("type", "currency".into()),
            ("precision", 18.into()),
            ("scale", 2.into()),
            ("label", "Amount".into()),
        ]);
        let huge = Value::object([
            ("name", Value::from("Huge__c")),
            ("type", "double".into()),
            ("precision", 40.into()),
            ("description", "Huge: very".into()),
        ]);
        let mut fields = written(&[("Id", "id"), ("IsWon", "boolean"), ("Seen", "datetime"), ("N", "int")]);
        if let Value::Tuple(elements) = &mut fields {
            elements.extend([amount, huge]);
        }
        let schema = BigQuerySchema.call(&[fields]).expect("a schema");
        assert_eq!(
            serde_json::from_str::<Json>(schema.as_str().expect("text")).expect("JSON"),
            json!([
                {"name": "Id", "type": "STRING", "mode": "REQUIRED"},
                {"name": "IsWon", "type": "BOOLEAN", "mode": "NULLABLE"},
                {"name": "Seen", "type": "TIMESTAMP", "mode": "NULLABLE"},
                {"name": "N", "type": "INTEGER", "mode": "NULLABLE"},
                {"name": "Amount", "type": "NUMERIC", "mode": "NULLABLE", "description": "Amount"},
                {"name": "Huge__c", "type": "BIGNUMERIC", "mode": "NULLABLE", "description": "Huge: very"},
            ])
        );
    }
}
