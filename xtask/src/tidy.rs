//! `cargo xtask tidy`: the repository's policies that no compiler checks. Each finding names the file and the rule.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::shell::{Result, fail, output, root, say};

const MAX_LINES: usize = 800;

/// Which of our crates a crate may depend on (outside of tests). A crate that is not listed may depend on none.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("headwater-spec", &["headwater-suite"]),
    ("headwater-quality", &["headwater-suite"]),
    (
        "headwater-salesforce",
        &["headwater-spec", "headwater-salesforce-eventbus"],
    ),
    ("headwater-salesforce-org", &["headwater-salesforce-eventbus"]),
    (
        "headwater-extract",
        &[
            "headwater-spec",
            "headwater-cloud",
            "headwater-salesforce",
            "headwater-quality",
        ],
    ),
    (
        "headwater-stream",
        &["headwater-spec", "headwater-cloud", "headwater-salesforce"],
    ),
    (
        "headwater-console",
        &["headwater-spec", "headwater-cloud", "headwater-quality"],
    ),
    (
        "headwater-local-cloud",
        &[
            "headwater-dataform",
            "headwater-local-bigquery",
            "headwater-local-pubsub",
            "headwater-local-writer",
        ],
    ),
    ("headwater-local-pubsub", &["headwater-local-writer"]),
    ("tfplugin-framework", &["tfplugin-proto", "headwater-report"]),
    (
        "terraform-provider-headwater",
        &[
            "tfplugin-framework",
            "headwater-report",
            "headwater-spec",
            "headwater-cloud",
            "headwater-image",
            "headwater-salesforce",
            "headwater-dataform",
            "headwater-quality",
            "headwater-suite",
        ],
    ),
    (
        "headwater",
        &[
            "headwater-report",
            "headwater-spec",
            "headwater-dataform",
            "headwater-cloud",
            "headwater-image",
            "headwater-console",
            "headwater-salesforce",
            "headwater-extract",
            "headwater-stream",
            "headwater-quality",
            "headwater-suite",
            "headwater-local-cloud",
            "headwater-salesforce-org",
        ],
    ),
];

/// A dependency that only some crates may have: the dependency, and who may.
const CONFINED: &[(&str, &[&str])] = &[
    ("clap", &["headwater", "terraform-provider-headwater", "xtask"]),
    ("duckdb", &["headwater-local-bigquery"]),
    ("rmpv", &["tfplugin-proto"]),
    (
        "prost",
        &[
            "tfplugin-proto",
            "headwater-local-pubsub",
            "headwater-local-bigquery",
            "headwater-stream",
            "headwater-salesforce-eventbus",
        ],
    ),
    (
        "tonic-prost",
        &[
            "tfplugin-proto",
            "headwater-local-pubsub",
            "headwater-local-bigquery",
            "headwater-stream",
            "headwater-salesforce-eventbus",
        ],
    ),
    // Arrow 58, which is DuckDB's: the workspace is on another version.
    ("arrow-ipc", &["headwater-local-bigquery"]),
    ("redb", &["headwater-local-cloud", "headwater-local-pubsub"]),
    ("rquickjs", &["headwater-dataform"]),
];

/// Crates that do no IO.
const PURE: &[(&str, &[&str])] = &[
    ("headwater-report", &["tokio", "reqwest", "hyper"]),
    ("headwater-spec", &["tokio", "reqwest", "hyper"]),
    ("headwater-quality", &["tokio", "reqwest", "hyper"]),
    ("headwater-suite", &["tokio", "reqwest", "hyper", "arrow"]),
    ("headwater-image", &["tokio", "reqwest", "hyper"]),
];

/// Licences that may be linked into an Apache-2.0 program.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "Unlicense",
    "CDLA-Permissive-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "bzip2-1.0.6",
];

/// Runs all policies.
pub fn run() -> Result<ExitCode> {
    say("==> tidy");
    let mut findings = Vec::new();
    files(&mut findings)?;
    dependencies(&mut findings)?;
    if let Err(error) = output(
        Command::new("cargo")
            .current_dir(root())
            .args(["fmt", "--all", "--check"]),
    ) {
        findings.push(format!(
            "cargo fmt --all: {}",
            error.0.lines().next().unwrap_or_default()
        ));
    }
    for finding in &findings {
        say(finding);
    }
    if findings.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        fail(format!("tidy: {} findings", findings.len()))
    }
}

fn files(findings: &mut Vec<String>) -> Result<()> {
    let listed = output(Command::new("git").current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    for name in listed.lines() {
        let path = root().join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
        let generated = name.contains("/generated/");
        if extension == "rs" && !generated {
            source(name, &text, findings);
        }
        let lines = text.lines().count();
        if matches!(extension, "rs" | "py" | "tf") && !generated && lines > MAX_LINES {
            findings.push(format!("{name}: {lines} lines; split it ({MAX_LINES} at most)"));
        }
        if !text.is_empty() && !text.ends_with('\n') && matches!(extension, "rs" | "md" | "toml" | "tf" | "py" | "json")
        {
            findings.push(format!("{name}: does not end with a line break"));
        }
    }
    Ok(())
}

fn source(name: &str, text: &str, findings: &mut Vec<String>) {
    if !text.starts_with("//!") {
        findings.push(format!(
            "{name}: the first line is not a //! that says what lives there"
        ));
    }
    // Written apart so that this file does not find itself.
    for word in [
        concat!("#[ig", "nore"),
        concat!("#[should", "_panic"),
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("dbg", "!("),
    ] {
        if text.contains(word) {
            findings.push(format!("{name}: {word}…"));
        }
    }
    if Path::new(name)
        .file_stem()
        .is_some_and(|s| ["utils", "util", "helpers", "common", "misc"].iter().any(|b| s == *b))
    {
        findings.push(format!("{name}: a module's name says what lives there"));
    }
}

fn dependencies(findings: &mut Vec<String>) -> Result<()> {
    let metadata =
        output(
            Command::new("cargo")
                .current_dir(root())
                .args(["metadata", "--format-version", "1", "--locked"]),
        )?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let text = |v: &serde_json::Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let list = |v: &serde_json::Value| v.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, serde_json::Value> = list(&metadata["packages"])
        .into_iter()
        .map(|p| (text(&p, "id"), p))
        .collect();
    let members: Vec<String> = list(&metadata["workspace_members"])
        .iter()
        .filter_map(|m| m.as_str().map(str::to_owned))
        .collect();
    let ours: Vec<String> = members
        .iter()
        .filter_map(|id| packages.get(id))
        .map(|p| text(p, "name"))
        .collect();
    for id in &members {
        let Some(package) = packages.get(id) else { continue };
        let name = text(package, "name");
        let allowed = DIRECTIONS
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(&[] as &[&str], |(_, a)| a);
        for dependency in list(&package["dependencies"]).iter().filter(|d| d["kind"].is_null()) {
            let on = text(dependency, "name");
            if ours.contains(&on) && !allowed.contains(&on.as_str()) {
                findings.push(format!(
                    "{name} depends on {on}: against the direction of dependencies in ARCHITECTURE.md"
                ));
            }
            if CONFINED
                .iter()
                .any(|(what, who)| *what == on && !who.contains(&name.as_str()))
            {
                findings.push(format!("{name} depends on {on}, which is confined to others"));
            }
            if PURE
                .iter()
                .any(|(crate_name, not)| *crate_name == name && not.contains(&on.as_str()))
            {
                findings.push(format!("{name} depends on {on}: it is to be pure"));
            }
        }
    }
    for package in packages.values() {
        let name = text(package, "name");
        if ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"].contains(&name.as_str()) {
            findings.push(format!("{name} is in the tree: ring is the one crypto provider"));
        }
        let licence = text(package, "license").replace('/', " OR ");
        if !licence_allowed(&licence) && package["license_file"].is_null() {
            findings.push(format!("{name}: licence {licence:?} is not on the list"));
        }
    }
    Ok(())
}

/// Whether an SPDX expression can be satisfied with allowed licences: every AND-part has an allowed OR-part.
fn licence_allowed(expression: &str) -> bool {
    expression
        .replace(['(', ')'], "")
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|l| LICENCES.contains(&l.trim())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn licence_expressions() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("", false),
        ] {
            assert_eq!(super::licence_allowed(expression), expected, "{expression}");
        }
    }
}
