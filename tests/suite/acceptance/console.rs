//! The console as a person meets it: the quickstart and a stream, applied by terraform; its pages in Chromium, with what axe-core
//! says of each; a run that is watched while it is at work.

use std::process::Command;
use std::time::Duration;

use headwater_tests::browser;
use headwater_tests::cloud::{Cloud, PROJECT, request};
use headwater_tests::org::Org;
use headwater_tests::programs;
use headwater_tests::server::Server;
use headwater_tests::wait_for;
use serde_json::{Value, json};

const LAKE: &str = "headwater-demo-lake";

/// Beside the quickstart.
const STREAM: &str = r#"
resource "headwater_bigquery_dataset" "live" {
  dataset_id                 = "salesforce_live"
  location                   = var.location
  delete_contents_on_destroy = true
}

resource "headwater_cdc_stream" "live" {
  name                     = "crm-live"
  lake                     = headwater_storage_bucket.lake.url
  dataset                  = headwater_bigquery_dataset.live.id
  salesforce               = { connection = headwater_salesforce_connection.crm.id }
  entities                 = { Account = {}, Contact = {}, Case = {} }
  delete_tables_on_destroy = true
}
"#;

fn headwater(cloud: &Cloud, arguments: &[&str]) -> Value {
    let mut command = Command::new(programs::headwater());
    command.args(arguments).arg("--json").envs(cloud.environment());
    programs::run(&mut command).ok().json()
}

fn start(cloud: &Cloud, pipeline: &str) -> String {
    let lake = format!("gs://{LAKE}");
    let run = [
        "runs",
        "start",
        "--lake",
        &lake,
        "--pipeline",
        pipeline,
        "--runtime",
        "headwater",
    ];
    headwater(cloud, &run)["run"].as_str().expect("a run").to_owned()
}

/// A document; what is being read is asked for again.
fn get(url: &str) -> Value {
    wait_for(url, Duration::from_secs(60), || {
        let (status, body) = request("GET", url, None);
        assert!(status == 200 || status == 503, "{url}: {status} {body}");
        (status == 200).then_some(body)
    })
}

/// Notes what a page shows of a run until the run is over: each different text of its table, the script's doing.
const WATCH: &str = "new Promise(resolve => { const seen = [], till = Date.now() + 50000; \
    const look = () => { const rows = document.getElementById('live-objects')?.innerText ?? ''; \
    if (seen.at(-1) !== rows) seen.push(rows); \
    const state = document.querySelector('h1 .state')?.innerText.toLowerCase(); \
    if (state !== 'running' || Date.now() > till) resolve({seen, state, said: document.getElementById('said').textContent}); \
    else setTimeout(look, 100); }; look(); })";

#[test]
fn a_platform_is_seen_at_work_and_nobody_is_shut_out() {
    let cloud = Cloud::start();
    let org = Org::make(60, &["--defects", "1"], &["--capture", "*"]);
    let folder = programs::root().join("examples/scenarios/salesforce-quickstart");
    let configuration = std::fs::read_to_string(folder.join("main.tf")).expect("the scenario");
    // Or the run that is watched would leave for later what changed within the last two minutes, and have nothing to load.
    let extract = "resource \"headwater_salesforce_extract\" \"crm\" {\n";
    assert_eq!(configuration.matches(extract).count(), 1, "the scenario's extract");
    let configuration = configuration.replace(extract, &format!("{extract}  safety_lag = \"0s\"\n"));
    let marts = programs::root().join("dataform");
    let tf = super::terraform(&cloud, &org, &format!("{configuration}{STREAM}"))
        .env("TF_VAR_marts", marts.to_str().expect("a path"));
    for name in ["variables.tf", "outputs.tf"] {
        std::fs::copy(folder.join(name), tf.dir().join(name)).expect("a copy");
    }
    tf.apply();
    let judged = start(&cloud, "opportunities");
    org.churn(&json!({"updates": 40}));

    // The local cloud's own console, and one by itself: both say the same.
    let own = cloud.server.ready["console_url"]
        .as_str()
        .expect("a console")
        .to_owned();
    let mut console = Command::new(programs::headwater());
    console
        .args(["console", "--json", "--port", "0"])
        .envs(cloud.environment());
    let alone = Server::start(&mut console, cloud.dir().join("console.log"));
    let names = |base: &str| -> Vec<String> {
        let document = get(&format!("{base}/api/pipelines"));
        let each = document["pipelines"].as_array().expect("pipelines").iter();
        each.map(|one| format!("{} {}", one["kind"], one["name"])).collect()
    };
    let expected = [
        "\"extract\" \"crm\"",
        "\"stream\" \"crm-live\"",
        "\"suite\" \"accounts\"",
        "\"suite\" \"opportunities\"",
    ];
    assert_eq!(
        (names(&own), names(alone.base_url())),
        (
            expected.map(str::to_owned).to_vec(),
            expected.map(str::to_owned).to_vec()
        )
    );
    let status = headwater(
        &cloud,
        &["local", "status", "--data-dir", cloud.dir().to_str().expect("a path")],
    );
    assert_eq!(status["server"]["console_url"], own);
    let base = alone.base_url().to_owned();

    // What happens comes to it by itself.
    wait_for("changes in the stream's tables", Duration::from_secs(90), || {
        let streams = get(&format!("{base}/api/streams"));
        let stream = &streams["streams"][0];
        let changed = |entity: &str| !stream["entities"][entity]["newest_change"].is_null();
        (stream["bridge_at_work"] == true && changed("Account")).then_some(())
    });
    wait_for("the suite's verdict", Duration::from_secs(60), || {
        let quality = get(&format!("{base}/api/quality"));
        let suites = quality["suites"].as_array().expect("suites").clone();
        let of = |name: &str| {
            suites
                .iter()
                .find(|suite| suite["name"] == name)
                .map(|suite| suite["runs"][0]["state"].clone())
        };
        (of("opportunities")? == "pass" && of("accounts")? == "fail").then_some(())
    });

    pages(&base, &judged);
    lineage(&base);
    watch_a_run(&cloud, &base);
    tf.destroy();
    let gone = wait_for("an empty overview", Duration::from_secs(30), || {
        let document = get(&format!("{base}/api/pipelines"));
        document["pipelines"]
            .as_array()
            .expect("pipelines")
            .is_empty()
            .then_some(document)
    });
    assert!(gone["stale_because"].is_null(), "{gone}");
}

/// A page that is open while a run is at work shows how it goes on, without being loaded again.
fn watch_a_run(cloud: &Cloud, base: &str) {
    cloud.faults(&json!([{
        "method": "POST", "path_prefix": format!("/bigquery/v2/projects/{PROJECT}/jobs"), "times": 8, "action": {"delay_ms": 1500},
    }]));
    let run = start(cloud, "crm");
    let page = format!("{base}/runs/{LAKE}/crm/{run}");
    wait_for("the run's page", Duration::from_secs(30), || {
        (request("GET", &page, None).0 == 200).then_some(())
    });
    let seen = browser::look_at(&page, &browser::page("console-run-at-work.png"), &[WATCH]);
    cloud.clear_faults();
    let watched = &seen["values"][0];
    assert_eq!(watched["state"], "succeeded", "{watched}");
    let texts = watched["seen"].as_array().expect("texts");
    assert!(
        texts.len() >= 3,
        "the page did not change while the run was at work: {watched}"
    );
    assert!(
        watched["said"].as_str().is_some_and(|said| said.contains("succeeded")),
        "{watched}"
    );
    assert_eq!(seen["console"], json!([]), "{}", seen["console"]);
    let log = get(&format!("{base}/api/logs/{LAKE}/crm/{run}"));
    assert!(log["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{log}");
    let elsewhere = seen["requests"].as_array().expect("requests").iter();
    let elsewhere: Vec<&Value> = elsewhere
        .filter(|url| {
            !url.as_str()
                .is_some_and(|url| url.starts_with(base) || url.starts_with("data:"))
        })
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// Each page: what is seen, nothing that the browser complains of, nothing that shuts somebody out.
fn pages(base: &str, judged: &str) {
    let runs = get(&format!("{base}/api/runs?pipeline=crm"));
    let run = runs["runs"][0]["run"].as_str().expect("a run").to_owned();
    let pages = [
        (
            "overview",
            "/".to_owned(),
            vec!["crm", "crm-live", "opportunities", "not satisfied"],
        ),
        ("runs", "/runs".to_owned(), vec![run.as_str(), judged]),
        (
            "pipeline",
            format!("/pipelines/{LAKE}/crm"),
            vec!["OpportunityLineItem", "0 * * * *", "accounts"],
        ),
        (
            "run",
            format!("/runs/{LAKE}/crm/{run}"),
            vec!["Opportunity", "SUCCEEDED"],
        ),
        (
            "lineage",
            "/lineage".to_owned(),
            vec!["salesforce__opportunity_enhanced", "What is made of what"],
        ),
        (
            "lineage-of-one",
            "/lineage?of=suite:headwater-demo-lake/opportunities".to_owned(),
            vec!["Show all"],
        ),
        (
            "quality",
            "/quality".to_owned(),
            vec!["between.NumberOfEmployees", "FAIL", "PASS"],
        ),
        (
            "suite",
            format!("/quality/{LAKE}/accounts"),
            vec!["not_its_own_parent", "against it"],
        ),
        (
            "streams",
            "/streams".to_owned(),
            vec!["crm-live", "AT WORK", "What its workers say", "Entities of crm-live"],
        ),
        ("logs", "/logs".to_owned(), vec![run.as_str(), judged]),
        ("log", format!("/logs/{LAKE}/crm/{run}"), vec!["INFO"]),
        (
            "workers",
            format!("/logs/{LAKE}/crm-live"),
            vec!["Log of the workers of crm-live", "worker 0", "INFO"],
        ),
    ];
    for (name, path, words) in pages {
        let url = format!("{base}{path}");
        // What is not there yet is fetched by the script; the page is complete without it from the second time on.
        request("GET", &url, None);
        let seen = browser::look_at(
            &url,
            &browser::page(&format!("console-{name}.png")),
            &[
                "document.querySelectorAll('main h1').length",
                "document.querySelectorAll('nav [aria-current=page]').length",
            ],
        );
        let text = seen["text"].as_str().expect("a text");
        for word in words {
            assert!(text.contains(word), "{path} does not show {word:?}: {text}");
        }
        assert_eq!(seen["console"], json!([]), "{path}");
        assert_eq!(seen["values"][0], 1, "{path} has one heading");
        assert!(
            seen["width"].as_u64().is_some_and(|width| width <= 1280),
            "{path} is wider than the window: {}",
            seen["width"]
        );
        let less = browser::accessible(&url, &format!("console-{name}"));
        assert!(less.is_empty(), "{path}: {less:?}");
    }
}

/// From a field's object in Salesforce to the suite that judges what became of it.
fn lineage(base: &str) {
    let graph = get(&format!("{base}/api/lineage?of=suite:{LAKE}/opportunities"));
    let kinds: Vec<&str> = graph["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| node["kind"].as_str())
        .collect();
    for kind in ["source", "table", "mart", "suite"] {
        assert!(kinds.contains(&kind), "no {kind}: {graph}");
    }
    let edges = graph["edges"].as_array().expect("edges");
    let to_mart = edges.iter().any(|edge| {
        edge["from"]
            .as_str()
            .is_some_and(|from| from.ends_with("salesforce__opportunity_enhanced"))
            && edge["to"].as_str().is_some_and(|to| to.starts_with("suite:"))
    });
    assert!(to_mart, "{graph}");
}
