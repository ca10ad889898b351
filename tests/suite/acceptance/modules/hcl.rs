//! All HCL that people copy: formatted, valid wherever it stands, and true to the provider.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_tests::cloud::Cloud;
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;
use serde_json::Value;

/// The folders below a folder that hold a configuration, relative to the repository.
fn folders(below: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(programs::root().join(below)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != ".terraform" {
            folders(&format!("{below}/{name}"), found);
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            found.insert(below.to_owned());
        }
    }
}

/// Whether a configuration asks for a newer terraform than the one that runs the tests.
fn wants_newer(folder: &Path, present: (u32, u32)) -> bool {
    let texts = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tf = texts.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    tf.map(|path| std::fs::read_to_string(path).unwrap()).any(|text| {
        let wanted = text.split("required_version = \">= ").nth(1);
        let wanted = wanted.and_then(|rest| rest.split('"').next()).and_then(version);
        wanted.is_some_and(|wanted| wanted > present)
    })
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[test]
fn all_of_it_is_formatted() {
    let mut command = Command::new(programs::terraform());
    command
        .current_dir(programs::root())
        .args(["fmt", "-check", "-recursive", "-diff", "-no-color"]);
    for tree in ["modules", "examples"] {
        let ended = programs::run(command.arg(tree));
        assert_eq!(ended.code, 0, "{}", ended.text());
        command = Command::new(programs::terraform());
        command
            .current_dir(programs::root())
            .args(["fmt", "-check", "-recursive", "-diff", "-no-color"]);
    }
}

/// The examples of single resources are valid only together, which the provider's own tests see to.
#[test]
fn every_module_and_scenario_is_valid() {
    let cloud = Cloud::start();
    let mut found = BTreeSet::new();
    folders("modules", &mut found);
    folders("examples/scenarios", &mut found);
    assert!(found.len() >= 20, "{found:?}");
    let mut tf = Terraform::of_repository(&cloud, "");
    let about = tf.run(&["version", "-json"]).ok().json();
    let present = version(about["terraform_version"].as_str().unwrap()).unwrap();
    let mut invalid = Vec::new();
    for folder in found {
        tf = tf.moved_to(&folder);
        if wants_newer(tf.dir(), present) {
            println!("{folder} wants a newer terraform than {present:?}: not validated");
            continue;
        }
        tf.run(&["init", "-backend=false"]).ok();
        let report = tf.run(&["validate", "-json"]).json();
        if report["diagnostics"] != Value::Array(Vec::new()) {
            invalid.push(format!("{folder}: {}", report["diagnostics"]));
        }
    }
    assert!(invalid.is_empty(), "{}", invalid.join("\n"));
}

/// The names in `LIST = ["a", "b"]`.
fn names(list: &str) -> BTreeSet<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_gate_knows_the_expectations_that_the_provider_knows() {
    let schema = programs::run(Command::new(programs::provider()).arg("schema"))
        .ok()
        .json();
    let suite =
        "/provider_schemas/registry.terraform.io~1headwater-data~1headwater/resource_schemas/headwater_dq_suite";
    let kinds = schema.pointer(&format!("{suite}/block/attributes/expectations/nested_type/attributes"));
    let theirs: BTreeMap<String, BTreeSet<String>> = kinds
        .and_then(Value::as_object)
        .expect("kinds of expectations")
        .iter()
        .map(|(kind, list)| {
            let arguments = list.pointer("/nested_type/attributes").and_then(Value::as_object);
            (kind.clone(), arguments.expect("arguments").keys().cloned().collect())
        })
        .collect();

    let file: PathBuf = programs::root().join("modules/quality-gate/kinds.tf");
    let text = std::fs::read_to_string(file).unwrap();
    let lists = text.lines().filter_map(|line| line.split_once(" = ["));
    let mut ours: BTreeMap<String, BTreeSet<String>> = lists
        .map(|(name, list)| (name.trim().to_owned(), names(list)))
        .collect();
    let of_all = ours.remove("every_expectation").expect("what every expectation has");
    for arguments in ours.values_mut() {
        arguments.extend(of_all.iter().cloned());
    }
    assert_eq!(
        ours, theirs,
        "modules/quality-gate/kinds.tf is not what headwater_dq_suite knows"
    );
}

/// What the scenario gitops-repository tries in a pull request.
#[test]
fn the_repositorys_suite_holds_for_its_sample() {
    let folder = programs::root().join("examples/scenarios/gitops-repository");
    let mut judge = Command::new(programs::headwater());
    judge
        .args(["quality", "run", "--suite"])
        .arg(folder.join("suites/accounts.json"));
    let ended = programs::run(judge.arg("--path").arg(folder.join("samples/accounts.csv")));
    assert_eq!(ended.code, 0, "{}", ended.text());
}
