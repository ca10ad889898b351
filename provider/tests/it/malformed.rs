//! Every error names the attribute and the remedy.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::terraform::Workspace;

/// What people get wrong, by the family of resources. Before each block stands what its error must say: words that name the
/// attribute, what is wrong and what is allowed, separated by `|`. All blocks are one configuration, which one `terraform
/// validate` judges.
const FILES: &[(&str, &str)] = &[
    ("bigquery.tf", include_str!("malformed/bigquery.tf")),
    ("bigquery_tables.tf", include_str!("malformed/bigquery_tables.tf")),
    ("cdc_stream.tf", include_str!("malformed/cdc_stream.tf")),
    ("dq_suite.tf", include_str!("malformed/dq_suite.tf")),
    ("dq_suite_beyond.tf", include_str!("malformed/dq_suite_beyond.tf")),
    ("storage_iam.tf", include_str!("malformed/storage_iam.tf")),
    ("dataform.tf", include_str!("malformed/dataform.tf")),
    ("ephemeral.tf", include_str!("malformed/ephemeral.tf")),
    ("functions.tf", include_str!("malformed/functions.tf")),
    ("messages.tf", include_str!("malformed/messages.tf")),
    ("monitoring.tf", include_str!("malformed/monitoring.tf")),
    ("pubsub.tf", include_str!("malformed/pubsub.tf")),
    ("runtime.tf", include_str!("malformed/runtime.tf")),
    ("salesforce.tf", include_str!("malformed/salesforce.tf")),
    ("salesforce_extract.tf", include_str!("malformed/salesforce_extract.tf")),
    ("storage.tf", include_str!("malformed/storage.tf")),
];

/// A block of the configuration: its file and lines, and what its error must say.
struct Case {
    file: &'static str,
    lines: std::ops::Range<u64>,
    block: &'static str,
    says: Vec<&'static str>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (file, text) in FILES {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if let Some(says) = line.strip_prefix("#! ") {
                let length = lines[index..]
                    .iter()
                    .position(|line| *line == "}")
                    .expect("the block ends");
                let (from, to) = (index as u64 + 1, (index + length) as u64 + 2);
                cases.push(Case {
                    file,
                    lines: from..to,
                    block: lines[index + 1],
                    says: says.split(" | ").map(str::trim).collect(),
                });
            }
        }
    }
    cases
}

fn text(diagnostic: &Value) -> String {
    format!(
        "{}\n{}",
        diagnostic["summary"].as_str().unwrap_or_default(),
        diagnostic["detail"].as_str().unwrap_or_default()
    )
}

#[test]
fn what_people_get_wrong() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let workspace = Workspace::new("resource \"terraform_data\" \"unknown\" {}\n");
    for (name, text) in FILES {
        std::fs::write(workspace.dir().join(name), text).expect("a file");
    }
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for diagnostic in workspace.diagnostics() {
        let line = diagnostic["range"]["start"]["line"].as_u64().unwrap_or_default();
        let file = diagnostic["range"]["filename"].as_str().unwrap_or_default();
        let Some(case) = cases
            .iter()
            .position(|case| case.file == file && case.lines.contains(&line))
        else {
            panic!("an error outside of every case: {diagnostic:#}");
        };
        // Terraform itself quotes the line of the configuration; our words must not.
        assert!(
            !text(&diagnostic).contains("not-to-be-printed"),
            "a secret is printed: {diagnostic:#}"
        );
        found.entry(case).or_default().push(text(&diagnostic));
    }
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let texts = found.remove(&index).unwrap_or_default();
        let right = texts
            .iter()
            .any(|text| case.says.iter().all(|words| text.contains(words)));
        if !right {
            wrong.push(format!(
                "{}: {} must say {:?}, it says:\n{}\n",
                case.file,
                case.block,
                case.says,
                texts.join("\n---\n")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// The provider's block, the environment, what must be said.
type Setting<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn settings_that_cannot_work_are_named_with_their_remedy() {
    let bucket = "resource \"headwater_storage_bucket\" \"lake\" {\n  name = \"acme-lake\"\n}\n";
    let cases: [Setting<'_>; 7] = [
        ("", &[], &["no Google Cloud project is given", "HEADWATER_PROJECT"]),
        (
            "project = \"acme-data\"",
            &[],
            &[
                "`location` is not set and the provider has no region",
                "HEADWATER_REGION",
            ],
        ),
        (
            "project = \"Acme Data\"",
            &[],
            &["`project`", "id of a Google Cloud project"],
        ),
        (
            "project = \"acme-data\"\n  region = \"europe\"",
            &[],
            &["`region`", "europe-west1"],
        ),
        (
            "project = \"acme-data\"\n  endpoint = \"localhost:8650\"",
            &[],
            &["`endpoint`", "http://127.0.0.1:8650"],
        ),
        (
            "",
            &[("HEADWATER_PROJECT", "acme-data"), ("HEADWATER_ENDPOINT", "ftp://x")],
            &["`endpoint`", "HEADWATER_ENDPOINT"],
        ),
        (
            "project = \"acme-data\"\n  credentials = \"/nowhere/key.json\"",
            &[],
            &["`credentials`", "cannot read", "the word `anonymous`"],
        ),
    ];
    for (block, environment, expected) in cases {
        let mut workspace = Workspace::new(&format!("provider \"headwater\" {{\n  {block}\n}}\n{bucket}"));
        for (name, value) in environment {
            workspace = workspace.env(name, value);
        }
        let planned = workspace.run(&["plan", "-input=false", "-no-color"]);
        assert!(!planned.success, "{block} {environment:?} was planned");
        for words in expected {
            assert!(
                planned.said().contains(words),
                "{block} {environment:?} must say {words:?}:\n{}",
                planned.said()
            );
        }
    }
}

#[test]
fn settings_that_are_not_known_yet_are_tolerated() {
    let workspace = Workspace::new(
        "resource \"terraform_data\" \"cloud\" {}\n\
         provider \"headwater\" {\n  project  = \"p-${terraform_data.cloud.id}\"\n  region = \"europe-west1\"\n  endpoint = \"http://${terraform_data.cloud.id}\"\n}\n\
         resource \"headwater_bigquery_dataset\" \"raw\" {\n  dataset_id = \"raw\"\n}\n",
    );
    let planned = workspace.run(&["plan", "-input=false", "-no-color"]).ok();
    assert!(planned.said().contains("Plan: 2 to add"), "{}", planned.said());
}
