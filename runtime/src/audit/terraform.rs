//! What Terraform knows: the resources of a state or plan as `terraform show -json` prints them, without anything sensitive.
//! <https://developer.hashicorp.com/terraform/internals/json-format>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use super::error::AuditError;
use super::model::Change;

/// What stands in the place of a sensitive value.
pub const SENSITIVE: &str = "(sensitive)";

/// A managed resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Such as `module.ingest.headwater_salesforce_extract.this["crm"]`.
    pub address: String,
    /// Such as `headwater_salesforce_extract`.
    pub kind: String,
    /// Its values; where they are sensitive, [`SENSITIVE`].
    pub values: Value,
}

impl Resource {
    /// A text of its values that is there and not sensitive.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values[name].as_str().filter(|text| *text != SENSITIVE)
    }
}

/// A state or plan.
#[derive(Debug, Default)]
pub struct Shown {
    /// Its resources.
    pub resources: Vec<Resource>,
    /// The root module's outputs that are not sensitive.
    pub outputs: BTreeMap<String, Value>,
    /// Which Terraform wrote it.
    pub terraform_version: Option<String>,
    /// Of a plan: what it would change.
    pub changes: Option<Vec<Change>>,
    /// Where it is from.
    pub from: String,
}

#[derive(Deserialize)]
struct Document {
    // A document without it is not Terraform's.
    #[serde(rename = "format_version")]
    _format_version: String,
    terraform_version: Option<String>,
    values: Option<Values>,
    planned_values: Option<Values>,
    #[serde(default)]
    resource_changes: Vec<ResourceChange>,
}

#[derive(Default, Deserialize)]
struct Values {
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    #[serde(default)]
    root_module: Module,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    value: Value,
}

#[derive(Default, Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<ShownResource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct ShownResource {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    values: Value,
    #[serde(default)]
    sensitive_values: Value,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    #[serde(default)]
    mode: String,
    change: Actions,
}

#[derive(Deserialize)]
struct Actions {
    actions: Vec<String>,
}

/// Reads what `terraform show -json` printed.
///
/// # Errors
/// When it is something else, or has no resources.
pub fn parse(bytes: &[u8], from: &str) -> Result<Shown, AuditError> {
    let document: Document = serde_json::from_slice(bytes).map_err(|source| AuditError::Shown {
        from: from.to_owned(),
        source,
    })?;
    let planned = document.planned_values.is_some();
    let values = document.planned_values.or(document.values).unwrap_or_default();
    let mut resources = Vec::new();
    collect(values.root_module, &mut resources);
    if resources.is_empty() {
        return Err(AuditError::Empty(from.to_owned()));
    }
    let outputs = values.outputs.into_iter().filter(|(_, output)| !output.sensitive);
    let changes = document.resource_changes.into_iter().filter(|change| {
        let actions = &change.change.actions;
        change.mode == "managed" && actions != &["no-op"] && actions != &["read"]
    });
    let changes = changes.map(|change| Change {
        address: change.address,
        actions: change.change.actions.join(", "),
    });
    Ok(Shown {
        resources,
        outputs: outputs.map(|(name, output)| (name, output.value)).collect(),
        terraform_version: document.terraform_version,
        changes: planned.then(|| changes.collect()),
        from: from.to_owned(),
    })
}

fn collect(module: Module, resources: &mut Vec<Resource>) {
    for mut one in module.resources {
        if one.mode == "managed" {
            hide(&mut one.values, &one.sensitive_values);
            resources.push(Resource {
                address: one.address,
                kind: one.kind,
                values: one.values,
            });
        }
    }
    for child in module.child_modules {
        collect(child, resources);
    }
}

/// Takes out what is sensitive: `marks` has `true` where a value, or all below it, is.
fn hide(value: &mut Value, marks: &Value) {
    match (value, marks) {
        (value, Value::Bool(true)) => *value = SENSITIVE.into(),
        (Value::Object(members), Value::Object(marks)) => {
            for (name, mark) in marks {
                if let Some(member) = members.get_mut(name) {
                    hide(member, mark);
                }
            }
        }
        (Value::Array(elements), Value::Array(marks)) => {
            for (element, mark) in elements.iter_mut().zip(marks) {
                hide(element, mark);
            }
        }
        _ => {}
    }
}

/// Asks Terraform for the state of a folder, or reads a file: JSON that it printed, or a state or plan that it wrote.
///
/// # Errors
/// When Terraform or the file is not there, or shows no resources.
pub fn show(program: &str, dir: &Path, file: Option<&PathBuf>) -> Result<Shown, AuditError> {
    let Some(file) = file else {
        let printed = ask(program, dir, None)?;
        return parse(&printed, &format!("the state of {}", dir.display()));
    };
    let bytes = std::fs::read(file).map_err(|source| AuditError::Read(file.clone(), source))?;
    let from = file.display().to_string();
    let printed = serde_json::from_slice(&bytes).is_ok_and(|value: Value| value.get("format_version").is_some());
    if printed {
        return parse(&bytes, &from);
    }
    // Terraform works in its folder.
    let absolute = std::path::absolute(file).map_err(|source| AuditError::Read(file.clone(), source))?;
    parse(&ask(program, dir, Some(&absolute))?, &from)
}

fn ask(program: &str, dir: &Path, file: Option<&Path>) -> Result<Vec<u8>, AuditError> {
    let mut command = Command::new(program);
    command.current_dir(dir).args(["show", "-json", "-no-color"]).args(file);
    let ended = command.output().map_err(|source| AuditError::Program {
        program: program.to_owned(),
        source,
    })?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(AuditError::Show {
        command: format!("{program} show -json"),
        dir: dir.to_owned(),
        said: said.join(" "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_sensitive_is_left_out_at_any_depth() {
        let document = json!({
            "format_version": "1.0",
            "values": {
                "outputs": {"a": {"sensitive": true, "value": "hush"}, "b": {"sensitive": false, "value": 1}},
                "root_module": {
                    "resources": [{"address": "headwater_x.a", "mode": "managed", "type": "headwater_x", "name": "a",
                        "values": {"name": "crm", "objects": {"Account": {"where": "hush"}}, "list": ["hush", "said"], "all": {"x": "hush"}},
                        "sensitive_values": {"objects": {"Account": {"where": true}}, "list": [true, false], "all": true}},
                        {"address": "data.headwater_y.a", "mode": "data", "type": "headwater_y", "name": "a", "values": {"v": "hush"}}],
                    "child_modules": [{"resources": [{"address": "module.m.headwater_x.b", "mode": "managed", "type": "headwater_x",
                        "name": "b", "values": {"secret": "hush"}, "sensitive_values": {"secret": true}}]}],
                },
            },
        });
        let shown = parse(document.to_string().as_bytes(), "here").unwrap();
        let said = format!("{shown:?}");
        assert!(!said.contains("hush"), "{said}");
        assert!(said.contains("said"), "{said}");
        assert_eq!(shown.resources.len(), 2);
        assert_eq!(shown.outputs.keys().collect::<Vec<_>>(), ["b"]);
        assert!(shown.changes.is_none());
    }

    #[test]
    fn a_plan_says_what_it_would_change() {
        let resource = json!({"address": "x.a", "mode": "managed", "type": "x", "values": {}});
        let document = json!({
            "format_version": "1.2",
            "planned_values": {"root_module": {"resources": [resource]}},
            "resource_changes": [
                {"address": "x.a", "mode": "managed", "change": {"actions": ["delete", "create"]}},
                {"address": "x.b", "mode": "managed", "change": {"actions": ["no-op"]}},
                {"address": "data.x.c", "mode": "data", "change": {"actions": ["read"]}},
            ],
        });
        let shown = parse(document.to_string().as_bytes(), "here").unwrap();
        let changes = shown.changes.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].actions, "delete, create");
        for other in ["{}", "[]", "{\"format_version\": \"1.0\"}", "x"] {
            assert!(parse(other.as_bytes(), "here").is_err(), "{other}");
        }
    }
}
