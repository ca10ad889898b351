//! The marts over a generated org: their rows and values are those that a second implementation computes, another engine in
//! another style (`tests/python/marts_definitions.py`), for 50,000 opportunities and for everything that is optional.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use serde_json::{Map, Value};

use super::{platform, terraform};

/// What the marts are made of.
const OBJECTS: &[&str] = &[
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "OpportunityLineItem",
    "Product2",
    "Task",
    "User",
];
/// A generated org has two opportunities for each account, of which a few are deleted.
const ACCOUNTS: u64 = 27_000;
const OPPORTUNITIES: u64 = 50_000;
/// Hundreds of thousands of records, by programs that may be unoptimised and beside other tests.
const LIMIT: Duration = Duration::from_secs(1200);

/// The raw tables of an org of so many accounts.
fn extracted(cloud: &Cloud, accounts: u64) -> (Org, Terraform) {
    let org = Org::start(accounts);
    let objects: Vec<String> = OBJECTS.iter().map(|object| format!("{object} = {{}}")).collect();
    let tf = terraform(cloud, &org, &platform(&objects.join("\n    "), "run_on_apply = true"));
    programs::run_within(&mut tf.command(&["apply", "-auto-approve"]), LIMIT).ok();
    (org, tf)
}

/// `headwater dataform COMMAND`, to its end.
#[track_caller]
fn dataform(cloud: &Cloud, command: &str, project: &Path, arguments: &[&str]) -> Ended {
    programs::run_within(
        Command::new(programs::headwater())
            .args(["dataform", command])
            .arg(project)
            .arg("--json")
            .args(arguments)
            .envs(cloud.environment()),
        LIMIT,
    )
}

/// Runs a project, all of whose actions must succeed.
#[track_caller]
fn run(cloud: &Cloud, project: &Path, arguments: &[&str]) {
    let report = dataform(cloud, "run", project, arguments).ok().json();
    let actions = report["actions"].as_array().unwrap();
    assert!(!actions.is_empty(), "{report}");
    for action in actions {
        // What an org has no objects for is compiled as disabled.
        let state = action["state"].as_str().unwrap();
        assert!(["SUCCEEDED", "DISABLED"].contains(&state), "{action}");
    }
}

/// A script of `tests/python`, against this cloud.
fn script(cloud: &Cloud, name: &str, arguments: &[&str]) -> Ended {
    programs::run_within(
        Command::new(programs::python())
            .arg(programs::root().join("tests/python").join(name))
            .args(arguments)
            .envs(cloud.environment())
            .env("PYTHONDONTWRITEBYTECODE", "1"),
        LIMIT,
    )
}

/// Compares every mart with the second implementation: no value may differ. What it says it compared.
#[track_caller]
fn compare(cloud: &Cloud, arguments: &[&str]) -> Value {
    let ended = script(cloud, "marts.py", arguments);
    assert_eq!(ended.code, 0, "{}", ended.text());
    let report = ended.json();
    assert_eq!(report["differences"], 0, "{report}");
    println!("{report}");
    report
}

#[test]
fn every_mart_is_what_a_second_implementation_computes() {
    let cloud = Cloud::start();
    let (_org, _tf) = extracted(&cloud, ACCOUNTS);
    let project = programs::root().join("dataform");
    run(&cloud, &project, &["--vars=as_of=2026-06-15T12:00:00Z"]);
    let as_of = ["--as-of", "2026-06-15T12:00:00+00:00"];
    let report = compare(&cloud, &as_of);
    let opportunities = report["marts"]["opportunity_enhanced"]["rows"].as_u64().unwrap();
    assert!(opportunities >= OPPORTUNITIES, "{report}");

    // The comparison notices one wrong value in each mart.
    let corrupted = script(&cloud, "marts.py", &[&as_of[..], &["--corrupt"]].concat());
    assert_eq!(corrupted.code, 1, "{}", corrupted.text());
    assert_eq!(
        corrupted.json()["unnoticed"].as_array().unwrap().len(),
        0,
        "{}",
        corrupted.text()
    );
}

/// A project of its own whose settings say these variables. The flag --vars would split them at their commas.
fn with_variables(folder: &Path, variables: &Map<String, Value>) {
    copy(&programs::root().join("dataform"), folder);
    let path = folder.join("workflow_settings.yaml");
    let settings = std::fs::read_to_string(&path).unwrap();
    // The variables are the last section: what is added at the end is one of them.
    let (_, last) = settings.split_once("\nvars:\n").unwrap();
    assert!(
        last.lines().all(|line| line.is_empty() || line.starts_with("  ")),
        "another section follows the variables:\n{settings}"
    );
    let replaced = |line: &str| {
        let name = line.strip_prefix("  ").and_then(|rest| rest.split_once(':'));
        name.is_some_and(|(name, _)| variables.contains_key(name))
    };
    let mut text: String = settings.split_inclusive('\n').filter(|line| !replaced(line)).collect();
    for (name, value) in variables {
        // JSON is YAML.
        text.push_str(&format!("  {name}: {value}\n"));
    }
    std::fs::write(path, text).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn marts_of_everything_optional_are_the_same_too_also_five_days_later() {
    const RAW: &str = "salesforce_raw_full";
    let cloud = Cloud::start();
    let (_org, _tf) = extracted(&cloud, 500);
    let prepared = script(
        &cloud,
        "marts_optional.py",
        &[
            "--endpoint",
            &cloud.url(),
            "--project",
            headwater_tests::cloud::PROJECT,
            "--into",
            RAW,
            "--as-of",
            "2026-05-31T22:30:00+00:00",
        ],
    );
    let Value::Object(mut variables) = prepared.ok().json() else {
        panic!("the script prints no variables");
    };
    variables.insert("staging_dataset".into(), "full_staging".into());
    variables.insert("marts_dataset".into(), "full_marts".into());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("variables.json");
    let project = folder.path().join("project");
    let mut days = Vec::new();
    for as_of in ["2026-05-31T22:30:00+00:00", "2026-06-05T22:30:00+00:00"] {
        variables.insert("as_of".into(), as_of.into());
        std::fs::write(&file, Value::Object(variables.clone()).to_string()).unwrap();
        with_variables(&project, &variables);
        run(&cloud, &project, &["--assertion-schema=full_assertions"]);
        let report = compare(
            &cloud,
            &[
                "--raw",
                RAW,
                "--staging",
                "full_staging",
                "--marts",
                "full_marts",
                "--variables",
                file.to_str().unwrap(),
            ],
        );
        days.push(report["marts"]["opportunity_daily_history"]["rows"].as_u64().unwrap());
    }
    // The table that is made incrementally has gone on.
    assert!(days[1] > days[0] && days[0] > 0, "{days:?}");
}

#[test]
fn unit_tests_of_the_marts_pass_and_nothing_is_questionable() {
    let cloud = Cloud::start();
    let project = programs::root().join("dataform");
    let tests = dataform(&cloud, "test", &project, &[]).ok().json();
    let tests = tests.as_array().unwrap();
    assert_eq!(tests.len(), 5, "{tests:?}");
    assert!(tests.iter().all(|test| test["verdict"] == "passed"), "{tests:?}");
    let lint = dataform(&cloud, "lint", &project, &["--strict"]);
    assert_eq!(lint.code, 0, "{}", lint.text());
}
