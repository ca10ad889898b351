//! The documentation of an action, written to its table's resource: description, labels, and the columns' descriptions and policy
//! tags. What the project does not document stays as it is in the warehouse.

use serde_json::{Map, Value, json};

use super::execute::Context;
use super::warehouse::{Failure, FailureKind};
use crate::graph::{Action, ActionDescriptor, ColumnDescriptor};

pub(super) fn is_documented(descriptor: &ActionDescriptor) -> bool {
    !descriptor.description.is_empty() || !descriptor.columns.is_empty() || !descriptor.bigquery_labels.is_empty()
}

/// Reads the resource anew, because the action has just replaced it, and merges the documentation into it.
pub(super) async fn describe(context: &Context<'_>, action: &Action) -> Result<(), Failure> {
    let Some(descriptor) = action.descriptor() else {
        return Ok(());
    };
    let target = action.target();
    let failed = |failure: Failure| Failure {
        message: format!("its documentation could not be written: {}", failure.message),
        ..failure
    };
    let document = if descriptor.columns.is_empty() {
        Value::Null
    } else {
        let gone = || Failure::new(FailureKind::Permanent, format!("{target} is gone"));
        context
            .warehouse
            .table(target)
            .await
            .map_err(failed)?
            .ok_or_else(gone)
            .map_err(failed)?
            .document
    };
    context
        .warehouse
        .describe(target, &patch(descriptor, &document))
        .await
        .map_err(failed)
}

fn patch(descriptor: &ActionDescriptor, document: &Value) -> Value {
    let mut patch = Map::new();
    // An empty description would erase one that was written by hand.
    if !descriptor.description.is_empty() {
        patch.insert("description".into(), descriptor.description.clone().into());
    }
    if !descriptor.bigquery_labels.is_empty() {
        patch.insert("labels".into(), json!(descriptor.bigquery_labels));
    }
    if let Some(fields) = document["schema"]["fields"]
        .as_array()
        .filter(|_| !descriptor.columns.is_empty())
    {
        let fields = documented(fields, &descriptor.columns, &[]);
        patch.insert("schema".into(), json!({ "fields": fields }));
    }
    Value::Object(patch)
}

/// The fields with what is known of them; a patch of a schema names all of its fields.
fn documented(fields: &[Value], columns: &[ColumnDescriptor], above: &[String]) -> Vec<Value> {
    let described = |field: &Value| {
        let mut field = field.clone();
        let mut path = above.to_vec();
        path.push(field["name"].as_str().unwrap_or_default().to_owned());
        let is_it = |column: &&ColumnDescriptor| {
            column.path.len() == path.len() && column.path.iter().zip(&path).all(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        if let Some(column) = columns.iter().find(is_it) {
            if !column.description.is_empty() {
                field["description"] = column.description.clone().into();
            }
            if !column.bigquery_policy_tags.is_empty() {
                field["policyTags"] = json!({ "names": column.bigquery_policy_tags });
            }
        }
        if let Some(inner) = field["fields"].as_array() {
            field["fields"] = documented(inner, columns, &path).into();
        }
        field
    };
    fields.iter().map(described).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_documented_is_merged_and_the_rest_stays() {
        let column = |path: &[&str], description: &str| ColumnDescriptor {
            path: path.iter().map(|p| (*p).to_owned()).collect(),
            description: description.into(),
            ..ColumnDescriptor::default()
        };
        let mut email = column(&["person", "EMAIL"], "");
        email.bigquery_policy_tags = vec!["projects/p/taxonomies/1/policyTags/2".into()];
        let descriptor = ActionDescriptor {
            columns: vec![column(&["id"], "the id"), email, column(&["gone"], "x")],
            bigquery_labels: [("team".to_owned(), "a".to_owned())].into(),
            ..ActionDescriptor::default()
        };
        let document = json!({"schema": {"fields": [
            {"name": "ID", "type": "STRING", "mode": "REQUIRED"},
            {"name": "by_hand", "type": "STRING", "description": "kept"},
            {"name": "person", "type": "RECORD", "fields": [{"name": "email", "type": "STRING"}]},
        ]}});
        assert_eq!(
            patch(&descriptor, &document),
            json!({"labels": {"team": "a"}, "schema": {"fields": [
                {"name": "ID", "type": "STRING", "mode": "REQUIRED", "description": "the id"},
                {"name": "by_hand", "type": "STRING", "description": "kept"},
                {"name": "person", "type": "RECORD", "fields": [
                    {"name": "email", "type": "STRING", "policyTags": {"names": ["projects/p/taxonomies/1/policyTags/2"]}}
                ]},
            ]}})
        );
    }
}
