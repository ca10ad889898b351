//! Data quality judged by Great Expectations: thousands of cases over every type that its pandas engine has, answered by it and
//! by us; and the same cases pushed down to BigQuery, answered as over files. The scripts are in `tests/python/quality`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use headwater_tests::bigquery::query;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

/// Every public type of Great Expectations 1.24 that its pandas engine evaluates, and three that it has and does not list.
const TYPES: u64 = 50;
const CASES: u64 = 2_000;
const DATASET: &str = "quality";

#[track_caller]
fn script(python: &Path, name: &str, arguments: &[&Path]) -> Ended {
    let script = programs::root().join("tests/python/quality").join(name);
    programs::run_within(
        Command::new(python).arg(script).args(arguments),
        Duration::from_secs(400),
    )
}

/// The last line that a script prints, as JSON.
#[track_caller]
fn summary(ended: &Ended) -> Value {
    let line = ended.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("no summary ({e}): {}", ended.text()))
}

/// Makes the cases, and lets our engine answer them over their files.
fn answered(directory: &Path) {
    script(&programs::gx_python(), "generate.py", &[directory]).ok();
    run_batch(&directory.join("batch.jsonl"), &[], &[]);
}

#[track_caller]
fn run_batch(batch: &Path, arguments: &[&str], environment: &[(String, String)]) -> Ended {
    let ended = programs::run_within(
        Command::new(programs::headwater())
            .args(["quality", "run", "--format", "gx", "--batch"])
            .arg(batch)
            .args(arguments)
            .envs(environment.iter().cloned()),
        Duration::from_secs(300),
    );
    // Most suites hold something that is not so, and some what cannot be evaluated: verdicts about data, not failures of the program.
    assert!([0, 3, 5].contains(&ended.code), "{}", ended.text());
    ended
}

#[test]
fn great_expectations_answers_alike_case_by_case() {
    let directory = tempfile::tempdir().unwrap();
    answered(directory.path());
    let python = programs::gx_python();
    script(&python, "judge.py", &[directory.path()]).ok();
    let compared = script(&python, "compare.py", &[directory.path()]);
    println!("{}", compared.stdout);
    let compared = summary(&compared.ok());
    let number = |key: &str| compared[key].as_u64().unwrap_or_default();
    assert!(number("cases") >= CASES, "{compared}");
    assert_eq!(number("types"), TYPES, "{compared}");
    // Most of them are equal outright: a list of differences must not explain everything away.
    assert!(number("equal") * 10 >= number("cases") * 8, "{compared}");
}

#[test]
fn pushed_down_the_verdicts_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    answered(directory.path());
    let cloud = Cloud::start();
    let (url, dataset) = (PathBuf::from(cloud.url()), PathBuf::from(DATASET));
    script(&programs::python(), "load.py", &[&url, &dataset, directory.path()]).ok();
    let batch = directory.path().join("pushed.jsonl");
    let lines = std::fs::read_to_string(directory.path().join("batch.jsonl")).unwrap();
    let pushed: String = lines.lines().map(to_table).collect();
    std::fs::write(&batch, pushed).unwrap();
    run_batch(&batch, &["--engine", "bigquery"], &cloud.environment());
    let compared = script(&programs::gx_python(), "engines.py", &[directory.path()]);
    println!("{}", compared.stdout);
    let compared = summary(&compared.ok());
    assert!(compared["cases"].as_u64().unwrap_or_default() >= CASES, "{compared}");
}

/// The same suites over the same tables, as scans of Dataplex: each table's suite is one scan.
#[test]
fn as_scans_of_dataplex_the_verdicts_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let count = PathBuf::from("--cases=1200");
    script(&programs::gx_python(), "generate.py", &[directory.path(), &count]).ok();
    run_batch(&directory.path().join("batch.jsonl"), &[], &[]);
    let cloud = Cloud::start();
    let (url, dataset) = (PathBuf::from(cloud.url()), PathBuf::from(DATASET));
    script(&programs::python(), "load.py", &[&url, &dataset, directory.path()]).ok();
    let batch = directory.path().join("pushed.jsonl");
    let lines = std::fs::read_to_string(directory.path().join("batch.jsonl")).unwrap();
    let pushed: String = lines.lines().map(to_table).collect();
    std::fs::write(&batch, pushed).unwrap();
    run_batch(&batch, &["--engine", "bigquery"], &cloud.environment());
    script(&programs::python(), "scannable.py", &[directory.path(), &dataset]).ok();
    let scans = directory.path().join("scans.jsonl");
    run_batch(&scans, &["--engine", "dataplex"], &cloud.environment());
    let dataplex = PathBuf::from("dataplex");
    let compared = script(&programs::gx_python(), "engines.py", &[directory.path(), &dataplex]);
    println!("{}", compared.stdout);
    let compared = summary(&compared.ok());
    assert!(compared["cases"].as_u64().unwrap_or_default() >= 1000, "{compared}");
    // The scans were made for the runs, and are gone.
    let left = cloud.get(&format!("/v1/projects/{PROJECT}/locations/{REGION}/dataScans"));
    assert_eq!(left, (200, json!({})));
}

/// A suite that holds over the table of orders, and has every sort of rule.
fn every_rule() -> Value {
    let checks = [
        json!({"check": {"not_null": {"column": "id"}}, "mostly": 0.9}),
        json!({"check": {"unique": {"columns": ["id"]}}}),
        json!({"check": {"unique": {"columns": ["id", "customer"]}}}),
        json!({"check": {"in_set": {"column": "customer", "values": {"strings": ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]}}}}),
        json!({"check": {"between": {"column": "amount", "bounds": {"floats": {"min": 0.25, "max": 400.0}}}}}),
        json!({"check": {"matches": {"column": "customer", "patterns": ["[0-6]"]}}}),
        json!({"check": {"statistic": {"column": "amount", "statistic": "mean", "bounds": {"floats": {"min": 1.0}}}}}),
        json!({"check": {"length": {"column": "note", "equal": 100}}}),
        json!({"check": {"statistic": {"column": "amount", "statistic": "median", "bounds": {"floats": {"min": 1.0}}}}}),
        json!({"check": {"row_count": {"min": 1000}}}),
        json!({"check": {"sql_rows": {"query": "SELECT 1 FROM {batch} WHERE id < 0"}}}),
        json!({"check": {"not_null": {"column": "note"}}, "id": "paid_note",
            "where": {"compare": {"column": "id", "op": ">", "value": {"ints": [500]}}}}),
    ];
    let mut checks = checks.to_vec();
    checks[7]["check"]["length"] = json!({"column": "note", "min": 100, "max": 100});
    json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": checks})
}

/// What is printed for gcloud is read by Google's own messages, and a scan of it runs; one that is kept is changed with its suite.
#[test]
fn a_suite_is_printed_as_rules_and_run_as_a_scan() {
    let cloud = Cloud::start();
    query(&cloud, "CREATE SCHEMA shop OPTIONS (location = 'EU')");
    query(
        &cloud,
        "CREATE TABLE shop.orders AS SELECT x AS id, CONCAT('c', CAST(MOD(x, 7) AS STRING)) AS customer, x / 3 AS amount, \
         TIMESTAMP_SECONDS(x) AS at, REPEAT('-', 100) AS note FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x",
    );
    let directory = tempfile::tempdir().unwrap();
    let (suite, spec) = (directory.path().join("suite.json"), directory.path().join("spec.json"));
    std::fs::write(&suite, every_rule().to_string()).unwrap();
    let table = format!("{PROJECT}.shop.orders");
    let print = |output: &Path| {
        programs::run(
            Command::new(programs::headwater())
                .args(["quality", "dataplex-rules", "--table", &table, "--suite"])
                .arg(&suite)
                .arg("--output")
                .arg(output)
                .envs(cloud.environment()),
        )
    };
    print(&spec).ok();
    let script = programs::root().join("tests/python/dataplex_rules.py");
    let read = programs::run(
        Command::new(programs::python())
            .arg(script)
            .arg(cloud.url())
            .arg(&spec)
            .arg(&table),
    );
    read.ok();

    let scans = format!("/v1/projects/{PROJECT}/locations/{REGION}/dataScans");
    let run = |arguments: &[&str]| {
        run_orders(
            &cloud,
            &suite,
            &[&["--engine", "dataplex", "--format", "json"], arguments].concat(),
        )
    };
    let of_bigquery = run_orders(&cloud, &suite, &["--format", "json"]).json();
    let verdict = |ended: &Value| -> Vec<Value> {
        let results = ended["results"].as_array().cloned().unwrap_or_default();
        let part = |result: &Value| {
            json!([
                result["id"],
                result["state"],
                result["evaluated"],
                result["missing"],
                result["unexpected"]
            ])
        };
        results.iter().map(part).collect()
    };
    let ended = run(&[]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert_eq!(verdict(&ended.json()), verdict(&of_bigquery));
    assert_eq!(cloud.get(&scans).1, json!({}), "the scan was one for the run");

    // A scan that is kept has the rules of the suite as it is now.
    assert_eq!(run(&["--scan-id", "orders"]).code, 0);
    query(
        &cloud,
        "UPDATE shop.orders SET customer = 'x', note = NULL WHERE id > 990",
    );
    let mut wider = every_rule();
    wider["expectations"][11]["mostly"] = json!(0.99);
    wider["expectations"][11]["on_fail"] = json!("record");
    std::fs::write(&suite, wider.to_string()).unwrap();
    let ended = run(&["--scan-id", "orders"]);
    assert_eq!(ended.code, 3, "{}", ended.text());
    let of_bigquery = run_orders(&cloud, &suite, &["--format", "json"]).json();
    assert_eq!(verdict(&ended.json()), verdict(&of_bigquery));
    assert_eq!(ended.json()["results"][11]["state"], "warn");
    assert_eq!(cloud.get(&scans).1["dataScans"].as_array().map(Vec::len), Some(1));
    let (_, jobs) = cloud.get(&format!("{scans}/orders/jobs"));
    assert_eq!(jobs["dataScanJobs"].as_array().map(Vec::len), Some(2));

    // What is no rule is named before anything is made, and is no pass in a run.
    let mut no_rule = every_rule();
    no_rule["expectations"][0] = json!({"check": {"column_exists": {"column": "id"}}});
    std::fs::write(&suite, no_rule.to_string()).unwrap();
    let refused = print(&spec);
    assert_eq!(refused.code, 1, "{}", refused.text());
    for word in ["column_exists.id", "about the table's columns", "bigquery evaluate"] {
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    let ended = run(&[]);
    assert_eq!(ended.code, 5, "{}", ended.text());
    // A rule that fails over a row takes the job with it, and the job's message is the reason.
    let divides = json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": [
        {"check": {"sql_rows": {"query": "SELECT 1 FROM {batch} WHERE 1 / (id - 500) > 2"}}}]});
    std::fs::write(&suite, divides.to_string()).unwrap();
    let ended = run(&[]);
    assert_eq!(ended.code, 5, "{}", ended.text());
    assert!(
        ended.stdout.contains("sql-rows cannot be evaluated"),
        "{}",
        ended.stdout
    );
    let files = programs::run(
        Command::new(programs::headwater())
            .args([
                "quality",
                "run",
                "--engine",
                "dataplex",
                "--path",
                "x.parquet",
                "--suite",
            ])
            .arg(&suite),
    );
    assert_ne!(files.code, 0);
    assert!(
        files.stderr.contains("--engine dataplex evaluates no files"),
        "{}",
        files.stderr
    );
}

/// How a suite over the table of orders ends.
fn run_orders(cloud: &Cloud, suite: &Path, arguments: &[&str]) -> Ended {
    let table = format!("{PROJECT}.shop.orders");
    programs::run(
        Command::new(programs::headwater())
            .args(["quality", "run", "--table", &table, "--suite"])
            .arg(suite)
            .args(arguments)
            .envs(cloud.environment()),
    )
}

#[test]
fn a_suite_reads_no_more_than_a_query_written_by_hand() {
    let cloud = Cloud::start();
    query(&cloud, "CREATE SCHEMA shop OPTIONS (location = 'EU')");
    query(
        &cloud,
        "CREATE TABLE shop.orders AS SELECT x AS id, CONCAT('c', CAST(MOD(x, 7) AS STRING)) AS customer, x / 3 AS amount, \
         TIMESTAMP_SECONDS(x) AS at, REPEAT('-', 100) AS note FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x",
    );
    let directory = tempfile::tempdir().unwrap();
    let suite = directory.path().join("suite.json");
    let checks = [
        json!({"not_null": {"column": "id"}}),
        json!({"unique": {"columns": ["id"]}}),
        json!({"unique": {"columns": ["id", "customer"]}}),
        json!({"matches": {"column": "customer", "patterns": ["^c[0-6]$"]}}),
        json!({"distinct_set": {"column": "customer", "mode": "in", "values": {"strings": ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]}}}),
        json!({"quantile": {"column": "amount", "quantiles": [{"p": 0.5, "min": 100.0, "max": 200.0}]}}),
        json!({"z_score": {"column": "amount", "threshold": 3.0, "double_sided": true}}),
        json!({"statistic": {"column": "amount", "statistic": "mean", "bounds": {"floats": {"min": 1.0}}}}),
        json!({"row_count": {"min": 1000, "max": 1000}}),
    ];
    let expectations: Vec<Value> = checks.iter().map(|check| json!({"check": check})).collect();
    let document = json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": expectations});
    std::fs::write(&suite, document.to_string()).unwrap();

    let ended = run_orders(&cloud, &suite, &["--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert_eq!(ended.json()["state"], "pass", "{}", ended.stdout);
    let by_hand = json!({
        "query": "SELECT COUNT(DISTINCT id), MAX(customer), AVG(amount) FROM shop.orders",
        "useLegacySql": false,
        "dryRun": true,
    });
    let (_, dry) = cloud.post(&format!("/bigquery/v2/projects/{PROJECT}/queries"), &by_hand);
    let bytes = dry["totalBytesProcessed"].as_str().unwrap();
    assert!(bytes.parse::<u64>().unwrap() > 0, "{dry}");
    assert!(
        ended.stderr.contains(&format!("one query over {bytes} bytes")),
        "{}",
        ended.stderr
    );

    // A limit holds before anything is read, and a table that is not there is no pass.
    let ended = run_orders(&cloud, &suite, &["--max-bytes-billed", "10"]);
    assert_eq!(ended.code, 5, "{}", ended.text());
    assert!(ended.stderr.contains("10 are allowed"), "{}", ended.stderr);
    // It holds for all queries together, when the one of all fails over the rows and each is asked alone.
    // The table is beyond the ten megabytes that a query is billed at least.
    query(
        &cloud,
        "CREATE OR REPLACE TABLE shop.orders AS SELECT x AS id FROM UNNEST(GENERATE_ARRAY(1, 2000000)) AS x",
    );
    let apart = directory.path().join("apart.json");
    let expectations = json!([
        {"check": {"not_null": {"column": "id"}}},
        {"check": {"sql_rows": {"query": "SELECT id FROM {batch} WHERE 1 / (id - 500) > 2"}}},
        {"id": "unpaid", "check": {"unique": {"columns": ["id"]}}},
    ]);
    let document = json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": expectations});
    std::fs::write(&apart, document.to_string()).unwrap();
    let states = |limit: &str| -> Vec<String> {
        let ended = run_orders(&cloud, &apart, &["--format", "json", "--max-bytes-billed", limit]);
        assert_eq!(ended.code, 5, "{}", ended.text());
        let results = ended.json()["results"].as_array().unwrap().clone();
        let states = results
            .iter()
            .map(|result| result["state"].as_str().unwrap().to_owned());
        let states = states.collect();
        assert_eq!(
            ended.stdout.contains("left of the limit"),
            limit != "1000000000",
            "{}",
            ended.stdout
        );
        states
    };
    assert_eq!(states("1000000000"), ["pass", "error", "pass"]);
    assert_eq!(states("40000000"), ["pass", "error", "error"]);
    query(&cloud, "DROP TABLE shop.orders");
    let ended = run_orders(&cloud, &suite, &[]);
    assert_eq!(ended.code, 5, "{}", ended.text());
}

/// Rows that are set apart and the others are the data, value by value, and each row set apart has all its reasons.
#[test]
fn rows_go_one_way_with_their_reasons() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let python = programs::gx_python();
    let work = |what: &str| {
        let script = programs::root().join("tests/python/quality/apart.py");
        programs::run(Command::new(&python).arg(script).arg(what).arg(directory.path())).ok()
    };
    work("make");
    let suite = at("suite.json");
    let judged = |arguments: &[&str]| {
        programs::run(
            Command::new(programs::headwater())
                .args(["quality", "run", "--suite", &suite, "--path"])
                .args(arguments),
        )
    };
    let (data, quarantine, accepted) = (at("data.parquet"), at("quarantine.parquet"), at("accepted.parquet"));
    std::fs::write(&quarantine, "what an earlier run wrote").unwrap();
    let ended = judged(&[&data, "--quarantine", &quarantine, "--accepted", &accepted]);
    assert_eq!(ended.code, 3, "{}", ended.text());
    assert!(ended.stderr.contains("rows are set apart in"), "{}", ended.stderr);
    for (data, quarantine) in [(&data, "alone.parquet"), (&at("data.csv"), "of_csv.parquet")] {
        let ended = judged(&[data, "--quarantine", &at(quarantine)]);
        assert_eq!(ended.code, 3, "{}", ended.text());
    }
    println!("{}", work("check").stdout);

    // What was set apart once is not data for the same suite, and no file is named for two things: neither leaves a file.
    for (data, quarantine, message) in [
        (&quarantine, at("twice.parquet"), "_headwater_reasons already"),
        (&data, data.clone(), "named for two things"),
        (&data, at("no/such/directory.parquet"), "cannot write"),
    ] {
        let ended = judged(&[data, "--quarantine", &quarantine]);
        assert_eq!(ended.code, 1, "{}", ended.text());
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
    assert!(!Path::new(&at("twice.parquet")).exists());
    work("check");
    let ended = judged(&[&data, "--accepted", &accepted]);
    assert_eq!(ended.code, 2, "{}", ended.text());
}

/// A line of a batch over a file, over the table that was loaded from it.
fn to_table(line: &str) -> String {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let suite = line["suite"].as_str().unwrap().to_owned();
    let name = suite.rsplit('/').next().unwrap().trim_end_matches(".suite.json");
    line["table"] = format!("{PROJECT}.{DATASET}.{name}").into();
    line["output"] = suite.replace(".suite.json", ".pushed.json").into();
    line.as_object_mut().unwrap().remove("path");
    format!("{line}\n")
}

/// What imported suites are about.
const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "round-trip-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "dq" {
  dataset_id                 = "dq"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_runtime" "main" {
  name = "headwater"
}
"#;

/// An imported suite as the module of its table has it.
fn resource(imported: &str, name: &str) -> String {
    imported
        .replace("var.lake", "headwater_storage_bucket.lake.url")
        .replace("var.runtime", "headwater_runtime.main.id")
        .replace("var.results_dataset", "headwater_bigquery_dataset.dq.id")
        .replace(
            "var.table",
            &format!("\"projects/{PROJECT}/datasets/{DATASET}/tables/{}\"", table_of(name)),
        )
}

/// Takes the files away at which errors point; how many there were, with what each says.
fn take_away(tf: &Terraform, diagnostics: impl Iterator<Item = Value>) -> BTreeMap<String, Vec<String>> {
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for diagnostic in diagnostics.filter(|diagnostic| diagnostic["severity"] == "error") {
        let text = |at: &str| {
            diagnostic
                .pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        refused
            .entry(text("/range/filename"))
            .or_default()
            .push(text("/summary"));
    }
    for file in refused.keys() {
        std::fs::remove_file(tf.dir().join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}: {:?}", refused[file]));
    }
    refused
}

/// Suites that Great Expectations itself wrote become resources, are applied, evaluated where the table lies, and answered in the form that
/// Great Expectations' own loader reads. Refused is only what contradicts itself or does not fit the table, as random suites may.
#[test]
fn suites_of_great_expectations_go_round() {
    let directory = tempfile::tempdir().unwrap();
    script(&programs::gx_python(), "generate.py", &[directory.path()]).ok();
    let cloud = Cloud::start();
    let (url, dataset) = (PathBuf::from(cloud.url()), PathBuf::from(DATASET));
    script(&programs::python(), "load.py", &[&url, &dataset, directory.path()]).ok();
    script(&programs::gx_python(), "split.py", &[directory.path()]).ok();
    let tf = Terraform::new(&cloud, PLATFORM);
    let names: BTreeSet<String> = std::fs::read_dir(directory.path())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".part.json").map(str::to_owned)
        })
        .collect();
    for name in &names {
        let mut import = Command::new(programs::headwater());
        import
            .args(["quality", "import"])
            .arg(directory.path().join(format!("{name}.part.json")));
        let imported = programs::run_within(&mut import, Duration::from_secs(60));
        if imported.code == 0 {
            std::fs::write(tf.dir().join(format!("{name}.tf")), resource(&imported.stdout, name)).unwrap();
        } else {
            let why = "cannot be imported: expectation";
            assert!(imported.stderr.contains(why), "{}", imported.text());
        }
    }
    let formatted = tf.run(&["fmt", "-check", "-diff", "."]);
    assert_eq!(formatted.code, 0, "{}", formatted.text());
    let judged = tf.run(&["validate", "-json"]).json();
    for (file, why) in take_away(&tf, judged["diagnostics"].as_array().unwrap().iter().cloned()) {
        assert!(why.iter().all(|why| why.contains("contradicts")), "{file}: {why:?}");
    }
    let ground = [
        "-target=headwater_storage_bucket.lake",
        "-target=headwater_bigquery_dataset.dq",
        "-target=headwater_runtime.main",
    ];
    tf.run(&[&["apply", "-auto-approve"][..], &ground].concat()).ok();
    let planned = tf.run(&["plan", "-json", "-input=false"]).stdout;
    let lines = planned
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for (file, why) in take_away(&tf, lines.map(|line| line["diagnostic"].clone())) {
        let known = [
            "cannot be evaluated in BigQuery",
            "which holds no",
            " judges ",
            "has no column",
        ];
        let explained = |why: &String| known.iter().any(|known| why.contains(known));
        assert!(why.iter().all(explained), "{file}: {why:?}");
    }
    tf.apply();
    tf.assert_no_changes("after the suites were applied");

    // What was applied is what is evaluated: the suite as it lies in the lake.
    let mut batch = String::new();
    let mut applied = 0;
    for name in names.iter().filter(|name| tf.dir().join(format!("{name}.tf")).exists()) {
        let spec = cloud.object("round-trip-lake", &format!("headwater/pipelines/{name}/spec.json"));
        let file = |end: &str| directory.path().join(format!("{name}.{end}.json"));
        std::fs::write(file("applied"), spec["dq_suite"]["suite"].to_string()).unwrap();
        let table = format!("{PROJECT}.{DATASET}.{}", table_of(name));
        let line = json!({"suite": file("applied"), "table": table, "output": file("result")});
        batch.push_str(&format!("{line}\n"));
        applied += 1;
    }
    assert!(applied >= 100, "{applied} of {} suites are applied", names.len());
    let list = directory.path().join("applied.jsonl");
    std::fs::write(&list, batch).unwrap();
    run_batch(&list, &["--engine", "bigquery"], &cloud.environment());
    let accepted = summary(&script(&programs::gx_python(), "accepted.py", &[directory.path()]).ok());
    println!("{applied} of {} suites were applied; {accepted}", names.len());
    assert_eq!(accepted["accepted"], applied);
    // That most have no verdict would be easy to accept.
    assert!(accepted["answered"].as_u64() > Some(2 * applied), "{accepted}");
    tf.destroy();
}

/// The table that a part of a suite is over.
fn table_of(part: &str) -> &str {
    part.split_once('-').map_or(part, |(table, _)| table)
}
