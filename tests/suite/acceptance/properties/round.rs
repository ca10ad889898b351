//! One round of a group: everything that a configuration goes through.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use serde_json::Value;

use super::coverage;
use super::hcl::{self, Body};
use super::kinds::Group;
use super::random::Random;

/// The configurations of every day.
const SEED: u64 = 3;
/// How long one run of terraform may take on a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(900);
/// Files beside the configuration that it may upload: every byte there is, and none.
pub const BYTES: &str = "bytes.bin";
pub const EMPTY: &str = "empty.txt";

fn seed() -> u64 {
    let text = std::env::var("HEADWATER_TEST_SEED").unwrap_or_default();
    text.parse().unwrap_or(SEED)
}

#[track_caller]
fn terraform(tf: &Terraform, arguments: &[&str]) -> Ended {
    let common = ["-input=false", "-no-color", "-parallelism=32"];
    let mut all = arguments.to_vec();
    all.extend(common);
    programs::run_within(&mut tf.command(&all), LIMIT)
}

/// The configurations of a group, with the bodies by kind.
fn generate(group: &Group, seed: u64) -> (String, Vec<Vec<Body>>) {
    let mut text = format!("# HEADWATER_TEST_SEED={seed}\n{}", group.ground);
    let mut bodies = Vec::new();
    for kind in &group.kinds {
        // Each kind has choices of its own: one more of another leaves them as they are.
        let salt: u64 = kind.type_name.bytes().map(u64::from).sum();
        let mut random = Random::new(seed.wrapping_mul(1_000_003) + salt);
        let made: Vec<Body> = (0..kind.count).map(|index| (kind.make)(&mut random, index)).collect();
        let label = kind.type_name.trim_start_matches("headwater_");
        for (index, body) in made.iter().enumerate() {
            text.push_str(&hcl::resource(kind.type_name, &format!("{label}_{index}"), body));
        }
        bodies.push(made);
    }
    (text, bodies)
}

/// What a plan would change and why, for a failure's message.
fn changes(tf: &Terraform) -> String {
    drop(terraform(tf, &["plan", "-out=failed.bin"]));
    let plan = tf.run(&["show", "-json", "failed.bin"]);
    let Ok(plan) = serde_json::from_str::<Value>(&plan.stdout) else {
        return plan.text();
    };
    let mut said = String::new();
    let mut count = 0;
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let change_of = &change["change"];
        if change_of["actions"] == serde_json::json!(["no-op"]) {
            continue;
        }
        count += 1;
        if count > 12 {
            continue;
        }
        let _ = writeln!(said, "{} {}", change["address"], change_of["actions"]);
        let empty = serde_json::Map::new();
        let after = change_of["after"].as_object().unwrap_or(&empty);
        for (name, after) in after {
            let before = &change_of["before"][name];
            if before != after {
                let _ = writeln!(said, "  {name}: {before}\n   -> {after}");
            }
        }
        for unknown in change_of["after_unknown"]
            .as_object()
            .into_iter()
            .flat_map(|unknown| unknown.keys())
        {
            let _ = writeln!(said, "  {unknown}: known after apply");
        }
    }
    format!("{count} changes:\n{said}")
}

/// The addresses and import ids of everything in the state.
fn imports(tf: &Terraform, group: &Group) -> Vec<(String, String)> {
    let state: Value = serde_json::from_str(&tf.state()).unwrap();
    let mut imports = Vec::new();
    for resource in state["resources"].as_array().unwrap() {
        if resource["mode"] != "managed" {
            continue;
        }
        let type_name = resource["type"].as_str().unwrap();
        let address = format!("{type_name}.{}", resource["name"].as_str().unwrap());
        let attributes = &resource["instances"][0]["attributes"];
        let kind = group.kinds.iter().find(|kind| kind.type_name == type_name);
        let id = match kind.and_then(|kind| kind.import_id) {
            Some(import_id) => import_id(attributes),
            None => attributes["id"]
                .as_str()
                .unwrap_or_else(|| panic!("{address} has no id: {attributes}"))
                .to_owned(),
        };
        imports.push((address, id));
    }
    imports
}

/// What a service still holds.
fn left_behind(cloud: &Cloud, group: &Group) -> Vec<String> {
    let mut left = Vec::new();
    for (path, key) in &group.lists {
        let (status, body) = cloud.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        left.extend(
            body[key]
                .as_array()
                .into_iter()
                .flatten()
                .map(|found| format!("{path}: {found}")),
        );
    }
    left
}

/// Prints how long each step took, for who looks at a slow suite.
struct Steps(&'static str, Instant);

impl Steps {
    fn done(&mut self, step: &str) {
        println!("{}: {step} {:.1} s", self.0, self.1.elapsed().as_secs_f64());
        self.1 = Instant::now();
    }
}

/// Takes a group through its round.
pub fn run(group: &Group) {
    let seed = seed();
    println!("{}: HEADWATER_TEST_SEED={seed}", group.name);
    let mut steps = Steps(group.name, Instant::now());
    let cloud = Cloud::start();
    let (mut configuration, bodies) = generate(group, seed);
    let org = group.org.then(|| Org::start_with(10, &["--capture", "*"]));
    if let Some(org) = &org {
        configuration = configuration.replace("LOGIN_URL", org.url());
    }
    let tf = Terraform::new(&cloud, &configuration);
    let bytes: Vec<u8> = (0..=255).cycle().take((1 << 20) + 256).collect();
    std::fs::write(tf.dir().join(BYTES), bytes).unwrap();
    std::fs::write(tf.dir().join(EMPTY), "").unwrap();
    let schemas = super::schemas(&tf);
    for (kind, bodies) in group.kinds.iter().zip(&bodies) {
        let gaps = coverage::gaps(&schemas[kind.type_name], bodies, kind.unset);
        assert!(gaps.is_empty(), "{} with seed {seed}: {gaps:#?}", kind.type_name);
    }
    steps.done("generated");

    terraform(&tf, &["apply", "-auto-approve"]).ok();
    steps.done("applied");
    unchanged(&tf, "after the apply");
    steps.done("planned");

    let imports = imports(&tf, group);
    let wanted: usize = group.kinds.iter().map(|kind| kind.count).sum();
    assert!(
        imports.len() >= wanted,
        "{} of {wanted} are in the state",
        imports.len()
    );
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    let blocks: String = imports.iter().map(|(address, id)| hcl::import(address, id)).collect();
    std::fs::write(tf.dir().join("imports.tf"), blocks).unwrap();
    let imported = terraform(&tf, &["apply", "-auto-approve"]).ok();
    let expected = format!(
        "Resources: {} imported, 0 added, 0 changed, 0 destroyed.",
        imports.len()
    );
    if !imported.stdout.contains(&expected) {
        let end = imported
            .stdout
            .lines()
            .rev()
            .find(|line| line.starts_with("Apply complete"));
        let changed: Vec<&str> = imported
            .stdout
            .lines()
            .filter(|line| line.contains("will be ") && !line.contains("imported"))
            .take(5)
            .collect();
        panic!(
            "an import is not a change: wanted {expected:?}, got {end:?}\n{}",
            shown(&imported.stdout, &changed)
        );
    }
    steps.done("imported");
    unchanged(&tf, "after the import");
    steps.done("planned");

    terraform(&tf, &["destroy", "-auto-approve"]).ok();
    let state: Value = serde_json::from_str(&tf.state()).unwrap();
    assert_eq!(state["resources"].as_array().map(Vec::len), Some(0));
    let left = left_behind(&cloud, group);
    assert!(
        left.is_empty(),
        "{} are left: {:#?}",
        left.len(),
        &left[..left.len().min(5)]
    );
    steps.done("destroyed");
}

/// Panics with what would change unless nothing would.
#[track_caller]
fn unchanged(tf: &Terraform, when: &str) {
    let planned = terraform(tf, &["plan", "-detailed-exitcode"]);
    assert_eq!(
        planned.code,
        0,
        "the plan is not empty {when}: {}\n{}",
        planned.stderr,
        changes(tf)
    );
}

/// The parts of a plan's text about the first resources that it changes.
fn shown(text: &str, headings: &[&str]) -> String {
    let mut parts = String::new();
    for heading in headings {
        let from = text.find(heading).unwrap_or(0);
        let part: String = text[from..].lines().take(25).map(|line| format!("{line}\n")).collect();
        parts.push_str(&part);
    }
    parts
}
