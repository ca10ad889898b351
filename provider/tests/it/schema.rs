//! What the provider says about itself: to Terraform, in its own command line, and in the committed documentation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::terraform::{PROVIDER, Workspace};

const ADDRESS: &str = "registry.terraform.io/headwater-data/headwater";

fn as_terraform_sees_it() -> Value {
    let shown = Workspace::new("provider \"headwater\" {}\n")
        .run(&["providers", "schema", "-json"])
        .ok();
    serde_json::from_str(&shown.stdout).expect("JSON")
}

#[test]
fn the_command_line_prints_what_terraform_prints() {
    let ours = Command::new(PROVIDER).arg("schema").output().expect("the provider");
    let ours: Value = serde_json::from_slice(&ours.stdout).expect("JSON");
    let theirs = as_terraform_sees_it();
    if ours != theirs {
        let mut differences = Vec::new();
        compare("", &ours, &theirs, &mut differences);
        panic!("{}", differences.join("\n"));
    }
}

fn compare(at: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let below = format!("{at}/{key}");
                compare(
                    &below,
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{at}: ours {ours}, terraform's {theirs}")),
    }
}

/// The marks of an attribute on its page, by its path: `client_credentials.client_id` → `Required, String`.
type Marks = BTreeMap<String, String>;

fn documented(page: &str) -> Marks {
    let mut marks = Marks::new();
    let mut section = String::new();
    // The section on imports lists attributes once more: those of an identity.
    for line in page.lines().take_while(|line| *line != "## Import") {
        if let Some(title) = line.strip_prefix("### `").and_then(|rest| rest.strip_suffix('`')) {
            section = format!("{title}.");
        } else if line.starts_with("## ") {
            section.clear();
        } else if let Some((name, rest)) = line.strip_prefix("- `").and_then(|rest| rest.split_once("` - (")) {
            let inside = rest.split(')').next().unwrap_or_default();
            let before = marks.insert(format!("{section}{name}"), inside.to_owned());
            assert!(before.is_none(), "{section}{name} is documented twice");
        }
    }
    marks
}

fn declared(prefix: &str, attributes: &Value, marks: &mut Marks) {
    for (name, attribute) in attributes.as_object().expect("attributes") {
        let path = format!("{prefix}{name}");
        let set = |flag: &str| attribute[flag] == true;
        let ty = match attribute.get("nested_type") {
            Some(nested) => {
                if !nested["attributes"].is_null() {
                    declared(&format!("{path}."), &nested["attributes"], marks);
                }
                match nested["nesting_mode"].as_str() {
                    Some("single") => "Object",
                    Some("list") => "List of Object",
                    Some("map") => "Map of Object",
                    Some("set") => "Set of Object",
                    other => panic!("{path}: {other:?}"),
                }
                .to_owned()
            }
            None => in_words(&attribute["type"]),
        };
        let mut words = Vec::new();
        words.extend(set("required").then_some("Required"));
        words.extend(set("optional").then_some("Optional"));
        words.push(&ty);
        words.extend((set("sensitive") && !set("write_only")).then_some("Sensitive"));
        words.extend(set("write_only").then_some("Write-only"));
        marks.insert(path, words.join(", "));
    }
}

fn in_words(ty: &Value) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    match ty {
        Value::String(word) if word == "dynamic" => "Any".to_owned(),
        Value::String(word) => capital(word),
        _ if ty[0] == "object" => "Object".to_owned(),
        _ => format!("{} of {}", capital(ty[0].as_str().expect("a kind")), in_words(&ty[1])),
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

#[test]
fn the_documentation_agrees_with_the_schemas_in_every_attribute() {
    let schemas = as_terraform_sees_it();
    let provider = &schemas["provider_schemas"][ADDRESS];
    let mut pages = vec![("index.md".to_owned(), &provider["provider"])];
    for (kind, directory) in [
        ("resource_schemas", "resources"),
        ("data_source_schemas", "data-sources"),
        ("ephemeral_resource_schemas", "ephemeral-resources"),
    ] {
        for (name, schema) in provider[kind].as_object().expect(kind) {
            let name = name.strip_prefix("headwater_").expect("a prefix");
            pages.push((format!("{directory}/{name}.md"), schema));
        }
    }
    let mut wrong = Vec::new();
    for (file, schema) in pages {
        let Ok(page) = std::fs::read_to_string(docs().join(&file)) else {
            wrong.push(format!("docs/{file} is missing"));
            continue;
        };
        let mut expected = Marks::new();
        declared("", &schema["block"]["attributes"], &mut expected);
        let found = documented(&page);
        for (path, marks) in &expected {
            match found.get(path) {
                Some(shown) if shown == marks => {}
                shown => wrong.push(format!(
                    "docs/{file}: {path} must be shown as ({marks}), it is {shown:?}"
                )),
            }
        }
        let extra = found.keys().filter(|path| !expected.contains_key(*path));
        wrong.extend(extra.map(|path| format!("docs/{file}: there is no {path}")));
    }
    for (name, function) in provider["functions"].as_object().expect("functions") {
        let file = format!("functions/{name}.md");
        let page = std::fs::read_to_string(docs().join(&file)).unwrap_or_default();
        let parameters = function["parameters"].as_array().expect("parameters");
        for (index, parameter) in parameters.iter().enumerate() {
            let line = format!("{}. `{}` - (", index + 1, parameter["name"].as_str().expect("a name"));
            if !page.contains(&line) {
                wrong.push(format!("docs/{file}: no line {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "run `cargo xtask docs`:\n{}", wrong.join("\n"));
}
