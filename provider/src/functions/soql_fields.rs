//! `soql_fields(object)`: the SELECT list that reads what an extract reads of an object.

use headwater_salesforce::{MAX_SOQL_CHARS, Soql};
use tfplugin_framework::{Function, FunctionError, Parameter, Signature, Type, Value};

use super::fields::columns_of;

/// The function.
pub(super) struct SoqlFields;

impl Function for SoqlFields {
    fn name(&self) -> &'static str {
        "soql_fields"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "The SELECT list of a Salesforce object".into(),
            description: "Returns the names of an object's fields as they stand between `SELECT` and `FROM` in SOQL: those that \
                          `headwater_salesforce_extract` reads, in Salesforce's order. Compound fields (`address`, `location`), whose parts \
                          are fields of their own, and `base64` are left out."
                .into(),
            parameters: vec![Parameter::new(
                "object",
                Type::Dynamic,
                "What the data source `headwater_salesforce_object` gives, its `fields`, or a list of objects with `name` and `type` \
                 (Salesforce's, such as `currency`).",
            )],
            variadic: None,
            returns: Type::String,
            deprecated: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let columns = columns_of(0, "object", &arguments[0])?;
        // Built only to be judged: a list that no query could hold is an error here, not at Salesforce.
        Soql::select("Object", &columns).build().map_err(|error| {
            FunctionError::argument(0, format!("object: {error}; at most {MAX_SOQL_CHARS} characters"))
        })?;
        let names: Vec<&str> = columns.iter().map(|column| column.field.as_str()).collect();
        Ok(Value::String(names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::written;
    use super::*;

    #[test]
    fn what_an_extract_reads_is_selected() {
        let fields = written(&[
            ("Id", "id"),
            ("BillingAddress", "address"),
            ("BillingCity", "string"),
            ("Body", "base64"),
        ]);
        let list = SoqlFields.call(&[fields]).expect("a list");
        assert_eq!(list.as_str(), Some("Id, BillingCity"));
    }

    #[test]
    fn a_list_that_no_query_could_hold_is_refused() {
        let names: Vec<String> = (0..3000)
            .map(|n| format!("A_Field_With_A_Rather_Long_Name_{n}__c"))
            .collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "string")).collect();
        let error = SoqlFields.call(&[written(&fields)]).expect_err("too long");
        assert!(
            error.argument == Some(0) && error.text.contains("100000"),
            "{}",
            error.text
        );
    }
}
