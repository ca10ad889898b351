//! What goes wrong: each kind of fault, and how it is done to a running world.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::proxy::{Mode, Proxy};
use super::world::{ENTITIES, Worker};
use super::{Poisoned, Run};
use crate::cloud::PROJECT;

/// How a fault is done; false: it met nothing.
type Strike = fn(&mut Run) -> bool;

/// A kind of fault.
pub struct Kind {
    /// Its name in the report.
    pub name: &'static str,
    /// How often it comes beside the others.
    pub weight: u64,
    /// Whether it can be done when Pub/Sub is Google's emulator.
    pub emulated: bool,
    /// Does it.
    pub strike: Strike,
}

const fn kind(name: &'static str, weight: u64, strike: Strike) -> Kind {
    Kind {
        name,
        weight,
        emulated: true,
        strike,
    }
}

/// All of them.
pub const KINDS: &[Kind] = &[
    kind("bridge_killed", 5, bridge_killed),
    kind("applier_killed", 12, applier_killed),
    kind("cloud_killed", 8, cloud_killed),
    kind("org_killed", 4, org_killed),
    kind("applier_drained", 3, applier_drained),
    kind("second_worker", 4, second_worker),
    kind("duplicates_out_of_order", 6, duplicates),
    kind("deliveries_lost", 4, deliveries_lost),
    Kind {
        emulated: false,
        ..kind("acknowledgements_refused", 4, acknowledgements_refused)
    },
    kind("written_and_answer_lost", 6, answer_lost),
    kind("throttled", 5, throttled),
    kind("unavailable", 6, unavailable),
    kind("connections_cut", 6, connections_cut),
    kind("requests_lost", 4, requests_lost),
    kind("answers_lost", 4, answers_lost),
    kind("shut_out", 3, shut_out),
    kind("streams_broken", 3, streams_broken),
    kind("poison", 5, poison),
    kind("schema_changed", 1, schema_changed),
    kind("gap", 4, gap),
    kind("overflow", 2, overflow),
    kind("position_expired", 2, position_expired),
];

fn bridge_killed(run: &mut Run) -> bool {
    run.churn();
    run.pause(300);
    run.world.bridge.kill();
    true
}

fn applier_killed(run: &mut Run) -> bool {
    run.churn();
    run.pause(600);
    let which = run.dice.below(run.world.appliers.len());
    run.world.appliers[which].kill();
    true
}

fn cloud_killed(run: &mut Run) -> bool {
    run.churn();
    run.pause(600);
    run.world.cloud.kill_and_restart();
    true
}

/// In the middle of a change, if it can be.
fn org_killed(run: &mut Run) -> bool {
    let burst = run.burst();
    let url = format!("{}/_control/churn", run.world.org.url());
    let under_way = std::thread::spawn(move || crate::cloud::attempt("POST", &url, Some(&burst)).is_ok());
    run.pause(60);
    run.world.org.kill_and_restart();
    under_way.join().ok();
    true
}

/// SIGTERM, as Cloud Run does when it deploys.
fn applier_drained(run: &mut Run) -> bool {
    run.churn();
    run.world.appliers[0].stop();
    true
}

/// Joins, works along, and leaves again: by SIGTERM or by SIGKILL.
fn second_worker(run: &mut Run) -> bool {
    if run.world.appliers.len() < 2 {
        run.world.join();
        for _ in 0..4 {
            run.churn();
            run.pause(800);
        }
    }
    let mut worker = run.world.appliers.pop().unwrap();
    match run.dice.below(2) {
        0 => worker.stop(),
        _ => worker.kill(),
    }
    run.left.push(worker);
    true
}

/// Messages that were published are published once more, in any order and without keys.
fn duplicates(run: &mut Run) -> bool {
    let mut messages = run.world.pull("tap", 300);
    // Poison is told apart: twice in the topic, it is two messages.
    messages.retain(|(_, attributes)| attributes["commitNumber"].is_string());
    run.dice.shuffle(&mut messages);
    run.world.publish(&messages);
    !messages.is_empty()
}

/// While no applier is there, a consumer takes messages and vanishes.
fn deliveries_lost(run: &mut Run) -> bool {
    run.world.appliers.iter_mut().for_each(Worker::kill);
    let burst = run.burst();
    run.world.org.churn(&burst);
    let most = 50 + run.dice.below(500);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        if run.world.steal(most) > 0 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

const PUBLISH: &str = "/google.pubsub.v1.Publisher/Publish";
const PULL: &str = "/google.pubsub.v1.Subscriber/StreamingPull";
const ACKNOWLEDGE: &str = "/google.pubsub.v1.Subscriber/Acknowledge";
const APPEND: &str = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows";

fn jobs() -> String {
    format!("/bigquery/v2/projects/{PROJECT}/jobs")
}

fn queries() -> String {
    format!("/bigquery/v2/projects/{PROJECT}/queries")
}

/// Scripts faults of the cloud and waits until they have struck, or for some seconds.
fn script(run: &mut Run, faults: &Value) -> bool {
    run.world.cloud.faults(faults);
    let began = Instant::now();
    let mut struck = false;
    while began.elapsed() < Duration::from_secs(15) {
        let (_, report) = run.world.cloud.get("/_control/faults");
        let left = |fault: &Value| fault["remaining"].as_u64() < fault["times"].as_u64();
        struck = report["faults"].as_array().unwrap().iter().any(left);
        if report["all_consumed"] == true {
            break;
        }
        run.churn();
        std::thread::sleep(Duration::from_millis(500));
        run.world.tend();
    }
    run.world.cloud.clear_faults();
    struck
}

fn fault(path: &str, nth: usize, times: usize, action: &Value) -> Value {
    json!([{"method": "POST", "path_prefix": path, "nth": nth, "times": times, "action": action}])
}

fn acknowledgements_refused(run: &mut Run) -> bool {
    let times = 1 + run.dice.below(4);
    script(run, &fault(ACKNOWLEDGE, 1, times, &json!({"status": 503})))
}

fn answer_lost(run: &mut Run) -> bool {
    let mut paths = vec![jobs(), "/upload/storage".into()];
    if !run.world.emulated() {
        paths.extend([PUBLISH.to_owned(), ACKNOWLEDGE.to_owned()]);
    }
    let path = run.dice.of(&paths).clone();
    let (nth, times) = (1 + run.dice.below(3), 1 + run.dice.below(2));
    script(run, &fault(&path, nth, times, &json!("apply_then_drop")))
}

/// A burst of refusals by one service.
fn refused(run: &mut Run, action: &Value) -> bool {
    let mut paths = vec![jobs(), queries(), "/upload/storage".into(), APPEND.to_owned()];
    if !run.world.emulated() {
        paths.extend([PUBLISH.to_owned(), ACKNOWLEDGE.to_owned(), PULL.to_owned()]);
    }
    let path = run.dice.of(&paths).clone();
    let times = 2 + run.dice.below(6);
    if path == APPEND || path == PULL {
        // These are opened once and for long: the next attempt is refused.
        run.world.appliers[0].cloud.cut();
    }
    script(run, &fault(&path, 1, times, action))
}

fn throttled(run: &mut Run) -> bool {
    refused(run, &json!({"status": 429, "retry_after": 1}))
}

fn unavailable(run: &mut Run) -> bool {
    refused(run, &json!({"status": 503}))
}

/// The network of one process.
fn network(run: &mut Run) -> Vec<&Proxy> {
    let applier = run.dice.below(3) > 0;
    let elsewhere = run.dice.below(2) == 0;
    let worker = match applier {
        true => &run.world.appliers[0],
        false => &run.world.bridge,
    };
    match &worker.pubsub {
        Some(pubsub) if elsewhere => vec![pubsub],
        _ => vec![&worker.cloud],
    }
}

fn connections_cut(run: &mut Run) -> bool {
    run.churn();
    run.pause(200);
    network(run).into_iter().map(Proxy::cut).sum::<usize>() > 0
}

/// For a moment something does not get through; then what is left of the connections is cut.
fn lossy(run: &mut Run, mode: Mode) -> bool {
    run.churn();
    let moment = Duration::from_millis(200 + run.dice.below(1500) as u64);
    let mut cut = 0;
    for proxy in network(run) {
        proxy.set(mode);
        std::thread::sleep(moment);
        cut += proxy.cut();
        proxy.set(Mode::Open);
        cut += proxy.cut();
    }
    cut > 0
}

fn requests_lost(run: &mut Run) -> bool {
    lossy(run, Mode::RequestsLost)
}

fn answers_lost(run: &mut Run) -> bool {
    lossy(run, Mode::AnswersLost)
}

fn shut_out(run: &mut Run) -> bool {
    run.churn();
    let mut cut = 0;
    let moment = Duration::from_millis(500 + run.dice.below(2500) as u64);
    for proxy in network(run) {
        proxy.set(Mode::Shut);
        cut += proxy.cut();
        std::thread::sleep(moment);
        proxy.set(Mode::Open);
    }
    cut > 0
}

/// Salesforce ends its streams.
fn streams_broken(run: &mut Run) -> bool {
    run.churn();
    run.world.org.control("events", &json!({"disconnect": true}));
    true
}

/// Messages that nobody can apply.
fn poison(run: &mut Run) -> bool {
    let mut messages = vec![];
    for _ in 0..=run.dice.below(3) {
        let name = format!("poison-{}-{}", run.seed(), run.poison.len() + messages.len());
        let change = |entity: &str, kind: &str, fields: Value| {
            json!({
                "entity": entity, "recordId": name, "changeType": kind, "commitNumber": "1", "sequenceNumber": 1,
                "commitTimestamp": "2026-01-31T13:05:00.000Z", "fields": fields,
            })
        };
        let data = match run.dice.below(4) {
            0 => format!("{name}: no JSON"),
            1 => change("Nowhere", "UPDATE", json!({})).to_string(),
            2 => change("Account", "UPDATE", json!({"NumberOfEmployees": "many"})).to_string(),
            _ => change("Account", "VANISH", json!({})).to_string(),
        };
        messages.push((data.into_bytes(), json!({})));
    }
    let ids = run.world.publish(&messages);
    let poisoned = messages.into_iter().zip(ids);
    run.poison.extend(poisoned.map(|((data, _), id)| Poisoned { id, data }));
    true
}

/// An administrator adds a field.
fn schema_changed(run: &mut Run) -> bool {
    run.fields += 1;
    let object = *run.dice.of(&ENTITIES);
    // A new checkbox is false in every record, and no event says so.
    let kind = *run.dice.of(&["string", "double"]);
    let mut change =
        json!({"action": "add_field", "object": object, "name": format!("Chaos{}__c", run.fields), "type": kind});
    if kind == "double" {
        (change["precision"], change["scale"]) = (10.into(), 2.into());
    }
    run.world.org.control("schema", &change);
    run.churn();
    true
}

/// The next events come without values.
fn gap(run: &mut Run) -> bool {
    let gaps = 1 + run.dice.below(5);
    run.world.org.control("events", &json!({ "gaps": gaps }));
    run.churn();
    true
}

fn overflow(run: &mut Run) -> bool {
    let object = *run.dice.of(&ENTITIES);
    run.churn();
    run.world.org.control("events", &json!({ "overflow": object }));
    true
}

/// The bridge is away for so long that Salesforce no longer has what it missed.
fn position_expired(run: &mut Run) -> bool {
    run.catch_up();
    run.churn();
    run.pause(1500);
    run.world.bridge.kill();
    let known = run.world.position().unwrap_or(0);
    run.churn();
    let report = run.world.org.control("events", &json!({"expire": true}));
    let floor = report["earliest"].as_u64().unwrap();
    run.expired.push((known, usize::try_from(floor).unwrap()));
    true
}
