//! What objects an org has and which fields they have, as the connection's user may see them: Salesforce leaves out what
//! the user may not read. What becomes of the fields is in `columns`.

use serde::Deserialize;

use crate::client::Call;
use crate::{Client, Result};

/// All objects. <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_describeGlobal.htm>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GlobalDescribe {
    /// In Salesforce's order.
    #[serde(rename = "sobjects")]
    pub objects: Vec<ObjectSummary>,
}

/// One object in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectSummary {
    /// API name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The first three characters of its records' ids.
    pub key_prefix: Option<String>,
    /// Made by the org.
    pub custom: bool,
    /// SOQL can read it.
    pub queryable: bool,
    /// Its changes can be asked for.
    pub replicateable: bool,
    /// Its records can be read by id.
    #[serde(alias = "retrievable")]
    pub retrieveable: bool,
    /// On its way out.
    pub deprecated_and_hidden: bool,
}

/// One object with its fields.
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm>
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectDescribe {
    /// What the list of all objects says, too.
    #[serde(flatten)]
    pub object: ObjectSummary,
    /// The fields that the user may read, in Salesforce's order.
    pub fields: Vec<FieldDescribe>,
}

/// One field. <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_describesobjects_describesobjectresult.htm>
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldDescribe {
    /// API name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Salesforce's type, such as `currency`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Longest text, in characters.
    pub length: u32,
    /// All digits of a number.
    pub precision: u32,
    /// Digits after the point.
    pub scale: u32,
    /// Digits of an int.
    pub digits: u32,
    /// Whether it can be empty.
    pub nillable: bool,
    /// Made by the org.
    pub custom: bool,
    /// A formula: changes without moving the record's SystemModstamp.
    pub calculated: bool,
    /// The compound field that it is a part of, such as `BillingAddress`.
    pub compound_field_name: Option<String>,
    /// The objects that a reference may point to.
    pub reference_to: Vec<String>,
    /// May stand in a condition.
    pub filterable: bool,
    /// May stand in ORDER BY.
    pub sortable: bool,
    /// The help text for people.
    pub inline_help_text: Option<String>,
    /// On its way out.
    pub deprecated_and_hidden: bool,
}

impl ObjectDescribe {
    /// API name.
    pub fn name(&self) -> &str {
        &self.object.name
    }

    /// A field by its API name, which Salesforce compares without regard to case.
    pub fn field(&self, name: &str) -> Option<&FieldDescribe> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field that says when a record last changed: SystemModstamp, which system processes move too; else the next best
    /// that the object has. `None`: the object can only be read in full.
    pub fn cursor_field(&self) -> Option<&str> {
        ["SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime"]
            .into_iter()
            .find(|name| {
                self.field(name)
                    .is_some_and(|field| field.filterable && field.data_type == "datetime")
            })
    }

    /// Whether deleted records can be told apart.
    pub fn has_deletes(&self) -> bool {
        self.field("IsDeleted").is_some()
    }

    /// Why no extract can read this object, if so.
    pub fn refusal(&self) -> Option<String> {
        let name = self.name();
        if !self.object.queryable {
            Some(format!(
                "{name} cannot be queried: Salesforce does not offer it to SOQL"
            ))
        } else if self.field("Id").is_none() {
            Some(format!("{name} has no Id, so its records have no key"))
        } else {
            None
        }
    }
}

impl Client {
    /// All objects that the connection's user may see. One call.
    ///
    /// # Errors
    /// See [`crate::Error`].
    pub async fn describe_global(&self) -> Result<GlobalDescribe> {
        self.send(&Call::get(self.path("/sobjects"))).await?.json()
    }

    /// One object with the fields that the connection's user may read. One call.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`] when there is no such object or the user may not see it: compare with
    /// [`Client::describe_global`] for a suggestion ([`crate::nearest`]).
    pub async fn describe(&self, object: &str) -> Result<ObjectDescribe> {
        // A name from HCL must not become another path.
        headwater_spec::check_object_name(object).map_err(|e| crate::Error::Api {
            request: "describe".into(),
            status: 404,
            code: "NOT_FOUND".into(),
            message: e.to_string(),
            kind: crate::Kind::Object,
        })?;
        self.send(&Call::get(self.path(&format!("/sobjects/{object}/describe"))))
            .await?
            .json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_are_read_with_what_is_missing_as_default() {
        let text = r#"{"name":"Account","label":"Account","keyPrefix":"001","custom":false,"queryable":true,"replicateable":true,
            "retrieveable":true,"urls":{"x":"y"},"fields":[
            {"name":"Id","type":"id","label":"Account ID","nillable":false,"length":18,"filterable":true,"referenceTo":[],"picklistValues":[]},
            {"name":"SystemModstamp","type":"datetime","filterable":true,"compoundFieldName":null,"inlineHelpText":null}]}"#;
        let describe: ObjectDescribe = serde_json::from_str(text).unwrap();
        assert_eq!(
            (
                describe.name(),
                describe.fields.len(),
                describe.object.key_prefix.as_deref()
            ),
            ("Account", 2, Some("001"))
        );
        assert_eq!(describe.cursor_field(), Some("SystemModstamp"));
        assert_eq!(describe.field("id").map(|f| f.length), Some(18));
        assert_eq!((describe.has_deletes(), describe.refusal()), (false, None));
    }
}
