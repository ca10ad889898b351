//! The actions of a compiled graph as Dataform v1 shows them:
//! <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.compilationResults/query>.
//!
//! Both sides are the JSON of messages, whose fields differ in their names; what has its default is left out.

use serde_json::{Map, Value, json};

/// Fields that are handed on: how Dataform v1 calls one, and where it is in the graph's action.
type Renames = [(&'static str, &'static str)];

const RELATION: &Renames = &[
    ("disabled", "disabled"),
    ("tags", "tags"),
    ("selectQuery", "query"),
    ("preOperations", "preOps"),
    ("postOperations", "postOps"),
    ("partitionExpression", "bigquery.partitionBy"),
    ("clusterExpressions", "bigquery.clusterBy"),
    ("partitionExpirationDays", "bigquery.partitionExpirationDays"),
    ("requirePartitionFilter", "bigquery.requirePartitionFilter"),
    ("additionalOptions", "bigquery.additionalOptions"),
    ("connection", "bigquery.connection"),
    ("tableFormat", "bigquery.tableFormat"),
    ("fileFormat", "bigquery.fileFormat"),
    ("storageUri", "bigquery.storageUri"),
];
const INCREMENTAL: &Renames = &[
    ("incrementalSelectQuery", "incrementalQuery"),
    ("refreshDisabled", "protected"),
    ("uniqueKeyParts", "uniqueKey"),
    ("updatePartitionFilter", "bigquery.updatePartitionFilter"),
    ("incrementalPreOperations", "incrementalPreOps"),
    ("incrementalPostOperations", "incrementalPostOps"),
];
const OPERATIONS: &Renames = &[
    ("disabled", "disabled"),
    ("tags", "tags"),
    ("queries", "queries"),
    ("hasOutput", "hasOutput"),
];
const ASSERTION: &Renames = &[("disabled", "disabled"), ("tags", "tags"), ("selectQuery", "query")];
const NOTEBOOK: &Renames = &[
    ("disabled", "disabled"),
    ("tags", "tags"),
    ("contents", "notebookContents"),
];
const PREPARATION: &Renames = &[
    ("disabled", "disabled"),
    ("tags", "tags"),
    ("contentsYaml", "dataPreparationYaml"),
];
/// Enums whose first name means that nothing was said.
const UNSAID: [&str; 2] = ["TABLE_FORMAT_UNSPECIFIED", "FILE_FORMAT_UNSPECIFIED"];

/// All actions of a graph's JSON, in the order of its lists.
pub(super) fn actions(graph: &Value) -> Vec<Value> {
    type Show = fn(&Value) -> (&'static str, Map<String, Value>);
    const LISTS: [(&str, Show); 6] = [
        ("tables", |table| ("relation", relation(table))),
        ("operations", |action| ("operations", operations(action))),
        ("assertions", |action| ("assertion", assertion(action))),
        ("declarations", |action| ("declaration", described(action))),
        ("notebooks", |action| ("notebook", depending(action, NOTEBOOK))),
        ("dataPreparations", |action| ("dataPreparation", preparation(action))),
    ];
    let of_list = |(list, show): (&str, Show)| {
        let all = graph[list].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(move |action| {
            let (kind, object) = show(action);
            let mut out = json!({ "target": target(&action["target"]), kind: object });
            if action["canonicalTarget"].is_object() {
                out["canonicalTarget"] = target(&action["canonicalTarget"]);
            }
            if let Some(file) = action["fileName"].as_str().filter(|file| !file.is_empty()) {
                out["filePath"] = json!(file);
            }
            out
        })
    };
    LISTS.into_iter().flat_map(of_list).collect()
}

/// Only the name: the graph's targets may say more.
pub(super) fn target(target: &Value) -> Value {
    let mut out = Map::new();
    for name in ["database", "schema", "name"] {
        set(&mut out, name, &target[name]);
    }
    Value::Object(out)
}

fn set(out: &mut Map<String, Value>, name: &str, value: &Value) {
    let default = match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || UNSAID.contains(&text.as_str()),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    if !default {
        out.insert(name.to_owned(), value.clone());
    }
}

fn renamed(action: &Value, renames: &Renames) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, from) in renames {
        set(&mut out, name, from.split('.').fold(action, |at, part| &at[part]));
    }
    out
}

fn depending(action: &Value, renames: &Renames) -> Map<String, Value> {
    let mut out = renamed(action, renames);
    let on = action["dependencyTargets"].as_array();
    let on: Vec<Value> = on.into_iter().flatten().map(target).collect();
    set(&mut out, "dependencyTargets", &json!(on));
    out
}

/// A message that has nothing but the descriptor.
fn described(action: &Value) -> Map<String, Value> {
    let descriptor = &action["actionDescriptor"];
    let mut about = Map::new();
    set(&mut about, "description", &descriptor["description"]);
    let columns = descriptor["columns"].as_array();
    let columns: Vec<Value> = columns
        .into_iter()
        .flatten()
        .map(|column| {
            let mut out = Map::new();
            for name in ["path", "description", "bigqueryPolicyTags"] {
                set(&mut out, name, &column[name]);
            }
            Value::Object(out)
        })
        .collect();
    set(&mut about, "columns", &json!(columns));
    let labels = [&descriptor["bigqueryLabels"], &action["bigquery"]["labels"]];
    let labels = labels.into_iter().find(|labels| labels.is_object());
    set(&mut about, "bigqueryLabels", labels.unwrap_or(&Value::Null));
    let mut out = Map::new();
    set(&mut out, "relationDescriptor", &Value::Object(about));
    out
}

fn relation(table: &Value) -> Map<String, Value> {
    let mut out = depending(table, RELATION);
    out.extend(described(table));
    let kind = match table["enumType"].as_str() {
        Some("VIEW") if table["materialized"] == true => "MATERIALIZED_VIEW",
        Some("VIEW") => "VIEW",
        Some("INCREMENTAL") => "INCREMENTAL_TABLE",
        _ => "TABLE",
    };
    out.insert("relationType".into(), json!(kind));
    if kind == "INCREMENTAL_TABLE" {
        let config = Value::Object(renamed(table, INCREMENTAL));
        out.insert("incrementalTableConfig".into(), config);
    }
    out
}

fn operations(action: &Value) -> Map<String, Value> {
    let mut out = depending(action, OPERATIONS);
    if action["hasOutput"] == true {
        out.extend(described(action));
    }
    out
}

fn assertion(action: &Value) -> Map<String, Value> {
    let mut out = depending(action, ASSERTION);
    out.extend(described(action));
    if action["parentAction"].is_object() {
        out.insert("parentAction".into(), target(&action["parentAction"]));
    }
    out
}

fn preparation(action: &Value) -> Map<String, Value> {
    let mut out = depending(action, PREPARATION);
    let Some(query) = action["query"].as_str().filter(|query| !query.is_empty()) else {
        return out;
    };
    let mut sql = json!({ "query": query });
    if action["errorTable"].is_object() {
        let mut errors = json!({ "target": target(&action["errorTable"]) });
        if let Some(days) = action["errorTableRetentionDays"].as_i64().filter(|days| *days != 0) {
            errors["retentionDays"] = json!(days);
        }
        sql["errorTable"] = errors;
    }
    if let Some(Value::Object(load)) = action.get("load") {
        let modes = load.iter().map(|(mode, settings)| {
            let mut out = Map::new();
            set(&mut out, "column", &settings["columnName"]);
            (mode.clone(), Value::Object(out))
        });
        sql["load"] = Value::Object(modes.collect());
    }
    out.insert("contentsSql".into(), sql);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_a_graph_have_the_names_of_the_api() {
        let target = json!({"database": "p", "schema": "s_dev", "name": "t"});
        let canonical = json!({"database": "p", "schema": "s", "name": "t"});
        let source = json!({"database": "p", "schema": "s", "name": "x", "includeDependentAssertions": true});
        let graph = json!({
            "tables": [{
                "type": "incremental", "enumType": "INCREMENTAL", "target": target, "canonicalTarget": canonical,
                "query": "SELECT 1", "incrementalQuery": "SELECT 2", "protected": true, "disabled": false, "tags": ["daily"],
                "uniqueKey": ["id"], "preOps": ["a"], "incrementalPreOps": ["b"], "dependencyTargets": [source],
                "bigquery": {"partitionBy": "d", "clusterBy": ["c"], "labels": {"x": "y"}, "updatePartitionFilter": "d > 1",
                    "partitionExpirationDays": 3, "additionalOptions": {"o": "1"}, "tableFormat": "TABLE_FORMAT_UNSPECIFIED"},
                "actionDescriptor": {"description": "about", "columns": [{"path": ["c"], "description": "C", "tags": ["x"]}]},
                "fileName": "definitions/t.sqlx"
            }, {
                "enumType": "VIEW", "materialized": true, "target": target, "canonicalTarget": canonical, "query": "SELECT 3"
            }],
            "operations": [{"target": target, "canonicalTarget": canonical, "queries": ["q"], "hasOutput": true}],
            "assertions": [{"target": target, "canonicalTarget": canonical, "query": "a", "parentAction": canonical}],
            "declarations": [{"target": target, "canonicalTarget": canonical, "actionDescriptor": {"description": "raw"}}],
            "notebooks": [{"target": target, "notebookContents": "{}"}],
            "dataPreparations": [{"target": target, "query": "q", "errorTable": source, "errorTableRetentionDays": 2,
                "load": {"unique": {"columnName": "c"}, }}]
        });
        let x = json!({"database": "p", "schema": "s", "name": "x"});
        let expected = json!([
            {"target": target, "relation": {
                "tags": ["daily"], "selectQuery": "SELECT 1", "preOperations": ["a"], "partitionExpression": "d",
                "clusterExpressions": ["c"], "partitionExpirationDays": 3, "additionalOptions": {"o": "1"},
                "dependencyTargets": [x],
                "relationDescriptor": {"description": "about", "columns": [{"path": ["c"], "description": "C"}],
                    "bigqueryLabels": {"x": "y"}},
                "relationType": "INCREMENTAL_TABLE",
                "incrementalTableConfig": {"incrementalSelectQuery": "SELECT 2", "refreshDisabled": true,
                    "uniqueKeyParts": ["id"], "updatePartitionFilter": "d > 1", "incrementalPreOperations": ["b"]}},
                "canonicalTarget": canonical, "filePath": "definitions/t.sqlx"},
            {"target": target, "relation": {"selectQuery": "SELECT 3", "relationType": "MATERIALIZED_VIEW"},
                "canonicalTarget": canonical},
            {"target": target, "operations": {"queries": ["q"], "hasOutput": true}, "canonicalTarget": canonical},
            {"target": target, "assertion": {"selectQuery": "a", "parentAction": canonical}, "canonicalTarget": canonical},
            {"target": target, "declaration": {"relationDescriptor": {"description": "raw"}}, "canonicalTarget": canonical},
            {"target": target, "notebook": {"contents": "{}"}},
            {"target": target, "dataPreparation": {"contentsSql": {"query": "q",
                "errorTable": {"target": x, "retentionDays": 2}, "load": {"unique": {"column": "c"}}}}},
        ]);
        assert_eq!(json!(actions(&graph)), expected);
    }
}
