//! The provider is killed in the middle of an apply: the next apply converges, nothing is orphaned, nothing is made twice.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use headwater_tests::cloud::Cloud;
use headwater_tests::inventory::inventory;
use headwater_tests::terraform::Terraform;
use headwater_tests::wait_for;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::examples::{EXAMPLES_PROJECT, EXAMPLES_REGION, delete_what_an_extract_leaves, org, terraform};

const POINTS: usize = 30;
/// Long enough for a kill on a busy machine.
const HELD_MS: u64 = 20_000;

#[test]
fn an_apply_whose_provider_is_killed_is_mended_by_the_next() {
    let cloud = Cloud::start();
    let org = org();
    let tf = terraform(&cloud, &org);

    // Undisturbed: how many calls change something, and what is there in the end.
    let before = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    cloud.faults(&json!([change(u64::MAX, &json!({"delay_ms": 0}))]));
    tf.apply();
    let calls = usize::try_from(cloud.get("/_control/faults").1["faults"][0]["seen"].as_u64().unwrap()).unwrap();
    cloud.clear_faults();
    let whole = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    assert!(
        calls >= 10 && whole.len() > before.len(),
        "{calls} calls made {whole:?}"
    );
    delete_what_an_extract_leaves(&cloud);
    tf.destroy();

    let mut failures = Vec::new();
    for point in 0..POINTS {
        // Spread over the apply; by turns before the call is carried out, and after it but before its answer.
        let call = 1 + point * (calls - 1) / (POINTS - 1);
        let held = if point % 2 == 0 { "delay_answer_ms" } else { "delay_ms" };
        if let Err(what) = survive(&cloud, &tf, call, held, &before, &whole) {
            failures.push(format!("killed at call {call} of {calls} ({held}): {what}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {POINTS}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// A fault that strikes at the n-th call that changes something.
fn change(nth: u64, action: &Value) -> Value {
    json!({"method": "POST|PUT|PATCH|DELETE", "nth": nth, "action": action})
}

/// One kill and what follows.
fn survive(
    cloud: &Cloud,
    tf: &Terraform,
    call: usize,
    held: &str,
    before: &BTreeSet<String>,
    whole: &BTreeSet<String>,
) -> Result<(), String> {
    cloud.faults(&json!([change(call as u64, &json!({ held: HELD_MS }))]));
    let mut apply = tf
        .command(&["apply", "-auto-approve"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let struck = || (cloud.get("/_control/faults").1["all_consumed"] == true).then_some(());
    wait_for("the apply reaches the call", Duration::from_secs(60), struck);
    let killed = kill_providers(&apply);
    cloud.clear_faults();
    let ended = wait_for("terraform ends", Duration::from_secs(120), || apply.try_wait().unwrap());
    if killed == 0 || ended.success() {
        return Err(format!(
            "{killed} providers were killed and terraform ended with {ended}"
        ));
    }
    let again = tf.run(&["apply", "-auto-approve"]);
    let mut problems = Vec::new();
    if again.code != 0 {
        problems.push(format!("the next apply fails: {}", again.text()));
    } else {
        let plan = tf.run(&["plan", "-detailed-exitcode"]);
        if plan.code != 0 {
            problems.push(format!("the plan is not empty: {}", plan.text()));
        }
        let held = inventory(cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
        for more in held.difference(whole) {
            problems.push(format!("there is also {more}"));
        }
        for less in whole.difference(&held) {
            problems.push(format!("there is no {less}"));
        }
    }
    delete_what_an_extract_leaves(cloud);
    let destroyed = tf.run(&["destroy", "-auto-approve"]);
    if destroyed.code != 0 {
        problems.push(format!("destroy fails: {}", destroyed.text()));
    }
    let left = inventory(cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    problems.extend(left.difference(before).map(|orphan| format!("{orphan} is left behind")));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("; ")),
    }
}

/// Kills the providers that a terraform has started; how many there were.
fn kill_providers(terraform: &Child) -> usize {
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if parent(&entry.path()) == Some(terraform.id()) && kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
            killed += 1;
        }
    }
    killed
}

fn parent(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // The name in parentheses may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
