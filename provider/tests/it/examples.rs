//! The examples are valid and formatted, and every resource has one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::terraform::{PROVIDER, Workspace};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// A configuration and whatever it refers to that another example declares.
fn with_neighbours(files: &[PathBuf]) -> Workspace {
    let workspace = Workspace::new("");
    for (index, file) in files.iter().enumerate() {
        std::fs::copy(file, workspace.dir().join(format!("example{index}.tf"))).expect("a copy");
    }
    workspace
}

fn files(folder: &str, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(examples().join(folder)).expect("examples");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path().join(name))
        .collect();
    files.sort();
    files
}

#[test]
fn all_examples_are_valid_together() {
    let mut all = vec![examples().join("provider/provider.tf")];
    all.extend(files("resources", "resource.tf"));
    all.extend(files("data-sources", "data-source.tf"));
    all.extend(files("ephemeral-resources", "ephemeral-resource.tf"));
    all.extend(files("functions", "function.tf"));
    for file in &all {
        assert!(file.is_file(), "{} is missing", file.display());
    }
    let workspace = with_neighbours(&all);
    assert_eq!(workspace.diagnostics(), Vec::<Value>::new());
    let unformatted = workspace.run(&["fmt", "-check", "-diff", "-no-color"]);
    assert!(unformatted.success, "{}", unformatted.stdout);
}

#[test]
fn everything_has_an_example_and_a_way_to_import_it() {
    let schema = std::process::Command::new(PROVIDER)
        .arg("schema")
        .output()
        .expect("the provider");
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let provider = &schema["provider_schemas"]["registry.terraform.io/headwater-data/headwater"];
    for (kind, folder, wanted) in [
        ("resource_schemas", "resources", &["resource.tf", "import.sh"][..]),
        ("data_source_schemas", "data-sources", &["data-source.tf"][..]),
        (
            "ephemeral_resource_schemas",
            "ephemeral-resources",
            &["ephemeral-resource.tf"][..],
        ),
        ("functions", "functions", &["function.tf"][..]),
    ] {
        for name in provider[kind].as_object().expect("schemas").keys() {
            for file in wanted {
                let path = examples().join(folder).join(name).join(file);
                assert!(path.is_file(), "{} is missing", path.display());
            }
        }
    }
}
