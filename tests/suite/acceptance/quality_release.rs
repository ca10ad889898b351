//! Rows that a gate has set apart come back when they are mended: judged again, never over a newer version, and whole whatever is
//! killed. Their table follows its target's columns, types and policy tags.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT, request};
use headwater_tests::org::Org;
use headwater_tests::programs::{self, Ended};
use serde_json::{Value, json};

const SUITE: &str = r#"
resource "headwater_bigquery_dataset" "quality" {
  dataset_id                 = "data_quality"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_dq_suite" "accounts" {
  name    = "accounts"
  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  table   = "${headwater_bigquery_dataset.raw.id}/tables/Account"
  expectations = {
    not_null = [{ column = "Name", on_fail = "quarantine" }]
    unique   = [{ columns = ["AccountNumber"], on_fail = "quarantine" }]
    in_set   = [{ column = "Rating", strings = ["Hot", "Warm", "Cold"], on_fail = "quarantine" }]
    between  = [{ column = "NumberOfEmployees", ints = { min = 0 }, on_fail = "quarantine" }]
    matches  = [{ column = "Phone", patterns = ["^[+(][0-9]"], on_fail = "quarantine" }]
  }
  results                   = { dataset = headwater_bigquery_dataset.quality.id }
  delete_results_on_destroy = true
}
"#;

const LAKE: &str = "gs://acceptance-lake";

fn headwater(cloud: &Cloud, arguments: &[&str]) -> Command {
    let mut command = Command::new(programs::headwater());
    command.envs(cloud.environment()).args(arguments);
    command
}

const RELEASE: [&str; 9] = [
    "quality",
    "release",
    "--json",
    "--log-format",
    "json",
    "--suite",
    "accounts",
    "--lake",
    LAKE,
];

fn release(cloud: &Cloud, more: &[&str]) -> (i32, Value) {
    let ended = programs::run(&mut headwater(cloud, &[&RELEASE[..], more].concat()));
    let said = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.text()));
    (ended.code, said)
}

fn rows(cloud: &Cloud, sql: &str) -> Vec<Vec<String>> {
    let found = bigquery::query(cloud, sql).rows;
    found
        .into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
        .collect()
}

/// Rows by id, as JSON of all columns of the target.
fn accounts(cloud: &Cloud, table: &str) -> BTreeMap<String, String> {
    let columns = rows(
        cloud,
        "SELECT STRING_AGG(column_name ORDER BY ordinal_position) FROM salesforce_raw.INFORMATION_SCHEMA.COLUMNS \
         WHERE table_name = 'Account'",
    );
    let sql = format!(
        "SELECT Id, TO_JSON_STRING(STRUCT({})) FROM salesforce_raw.{table}",
        columns[0][0]
    );
    let found = rows(cloud, &sql);
    let count = found.len();
    let found: BTreeMap<String, String> = found.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(found.len(), count, "a row is twice in {table}");
    found
}

fn run(cloud: &Cloud) -> Ended {
    let start = [
        "runs",
        "start",
        "--json",
        "--wait",
        "--runtime",
        "headwater",
        "--lake",
        LAKE,
        "--pipeline",
        "crm",
    ];
    programs::run(&mut headwater(cloud, &start))
}

fn sql(cloud: &Cloud, statement: &str) {
    bigquery::query(cloud, statement);
}

/// Both tables as they were.
fn restore(cloud: &Cloud) {
    for table in ["Account", "Account_quarantine"] {
        sql(
            cloud,
            &format!(
                "BEGIN TRANSACTION; DELETE FROM salesforce_raw.{table} WHERE TRUE; \
                 INSERT INTO salesforce_raw.{table} SELECT * FROM salesforce_raw.{table}_before; COMMIT TRANSACTION"
            ),
        );
    }
}

/// Kills a release as soon as it has logged so many lines; says whether it was still running.
fn release_and_kill(cloud: &Cloud, lines: usize) -> bool {
    let mut command = headwater(cloud, &[&RELEASE[..], &["--yes"]].concat());
    let mut release = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a release");
    let mut said = BufReader::new(release.stderr.take().expect("stderr")).lines();
    let seen = said.by_ref().take(lines).count();
    let alive = seen == lines && release.try_wait().expect("a status").is_none();
    release.kill().ok();
    release.wait().expect("an end");
    alive
}

/// What a release of the mended rows has to leave: the first are in the target, the others are set apart as they were.
struct Expected {
    loaded: BTreeMap<String, String>,
    apart: BTreeMap<String, String>,
}

impl Expected {
    fn holds(&self, cloud: &Cloud, when: &str) {
        assert_eq!(accounts(cloud, "Account"), self.loaded, "{when}");
        assert_eq!(accounts(cloud, "Account_quarantine"), self.apart, "{when}");
    }
}

#[test]
fn mended_rows_are_released_and_nothing_is_lost_or_doubled() {
    let mut cloud = Cloud::start();
    let org = Org::with_defects(80, 2);
    let configuration = format!(
        "{}{SUITE}",
        super::platform("Account = {}", "quality_gate = [headwater_dq_suite.accounts.id]")
    );
    let tf = super::terraform(&cloud, &org, &configuration);
    tf.apply();

    // Before any row is set apart there is nothing to release.
    let (code, said) = release(&cloud, &["--yes"]);
    assert_eq!((code, &said["released"]), (0, &json!(0)), "{said}");
    run(&cloud).ok();
    let before = (accounts(&cloud, "Account"), accounts(&cloud, "Account_quarantine"));
    assert_eq!(
        before.1.len(),
        12,
        "two of each of four kinds, and four that share numbers"
    );
    let apart = |condition: &str| -> BTreeSet<String> {
        let found = rows(
            &cloud,
            &format!("SELECT Id FROM salesforce_raw.Account_quarantine WHERE {condition}"),
        );
        found.into_iter().map(|row| row[0].clone()).collect()
    };
    let reason = |id: &str| format!("'accounts:{id}' IN UNNEST(_headwater_reasons)");
    let nameless = apart(&reason("not_null.Name"));
    let twins = apart(&reason("unique.AccountNumber"));
    let ill = apart(&reason("in_set.Rating"));
    assert_eq!((nameless.len(), twins.len(), ill.len()), (2, 4, 2));

    // Not mended, nothing moves, and reasons stay.
    let (code, said) = release(&cloud, &["--dry-run"]);
    assert_eq!(
        (code, &said["released"], &said["failing"]),
        (3, &json!(0), &json!(12)),
        "{said}"
    );
    assert_eq!(said["against"]["accounts:unique.AccountNumber"], 4, "{said}");

    // Mended: the names, all but one of each number that several had, and one rating into another wrong one.
    sql(
        &cloud,
        "UPDATE salesforce_raw.Account_quarantine SET Name = CONCAT('Mended ', Id) WHERE Name IS NULL",
    );
    sql(
        &cloud,
        "UPDATE salesforce_raw.Account_quarantine SET AccountNumber = CONCAT('new-', Id) \
         WHERE 'accounts:unique.AccountNumber' IN UNNEST(_headwater_reasons) AND Id NOT IN ( \
         SELECT MAX(Id) FROM salesforce_raw.Account_quarantine WHERE 'accounts:unique.AccountNumber' IN UNNEST(_headwater_reasons) GROUP BY AccountNumber)",
    );
    let rating = ill.first().expect("a rating");
    sql(
        &cloud,
        &format!(
            "UPDATE salesforce_raw.Account_quarantine SET Rating = 'Hot', NumberOfEmployees = -5 WHERE Id = '{rating}'"
        ),
    );
    // Of one that was mended, a newer version was loaded meanwhile.
    let newer = nameless.first().expect("a nameless one");
    let own = "_headwater_reasons, _headwater_run, _headwater_batch, _headwater_quarantined_at";
    sql(
        &cloud,
        &format!(
            "INSERT INTO salesforce_raw.Account SELECT * EXCEPT ({own}) REPLACE ('Newer' AS Name, \
             TIMESTAMP_ADD(SystemModstamp, INTERVAL 1 DAY) AS SystemModstamp) FROM salesforce_raw.Account_quarantine WHERE Id = '{newer}'"
        ),
    );
    for table in ["Account", "Account_quarantine"] {
        sql(
            &cloud,
            &format!("CREATE TABLE salesforce_raw.{table}_before AS SELECT * FROM salesforce_raw.{table}"),
        );
    }
    let (loaded, mended) = (accounts(&cloud, "Account"), accounts(&cloud, "Account_quarantine"));
    let released: BTreeSet<&String> = mended
        .keys()
        .filter(|id| (nameless.contains(*id) && *id != newer) || twins.contains(*id))
        .collect();
    assert_eq!(
        released.len(),
        5,
        "one name, and all that shared a number when no two share it any more"
    );
    let mut expected = Expected {
        loaded,
        apart: mended.clone(),
    };
    for id in released {
        let row = expected.apart.remove(id).expect("a row");
        expected.loaded.insert(id.clone(), row);
    }

    // Somebody has to agree.
    let ended = programs::run(&mut headwater(&cloud, &RELEASE));
    assert!(ended.code == 1 && ended.stderr.contains("--yes"), "{}", ended.text());
    let (code, said) = release(&cloud, &["--dry-run"]);
    assert_eq!(code, 3, "{said}");
    assert_eq!(
        (&said["released"], &said["failing"], &said["superseded"]),
        (&json!(5), &json!(6), &json!(1)),
        "{said}"
    );
    assert_eq!(accounts(&cloud, "Account_quarantine"), mended, "a dry run does nothing");

    // Only some.
    let (_, said) = release(&cloud, &["--yes", "--where", &format!("Id = '{rating}' -- alone")]);
    assert_eq!((&said["released"], &said["failing"]), (&json!(0), &json!(1)), "{said}");
    let reasons = rows(
        &cloud,
        &format!(
            "SELECT ARRAY_TO_STRING(_headwater_reasons, ' ') FROM salesforce_raw.Account_quarantine WHERE Id = '{rating}'"
        ),
    );
    assert_eq!(
        reasons,
        [["accounts:between.NumberOfEmployees"]],
        "another reason, and not the old one"
    );
    let (_, said) = release(&cloud, &["--yes", "--run", "another"]);
    assert_eq!((&said["released"], &said["failing"]), (&json!(0), &json!(0)), "{said}");

    // All, and again.
    let (code, said) = release(&cloud, &["--yes"]);
    assert_eq!(
        (code, &said["released"], &said["failing"]),
        (3, &json!(5), &json!(6)),
        "{said}"
    );
    expected.holds(&cloud, "after the release");
    let (_, said) = release(&cloud, &["--yes"]);
    assert_eq!((&said["released"], &said["failing"]), (&json!(0), &json!(6)), "{said}");
    expected.holds(&cloud, "after the second release");

    // Killed behind each of its steps, and run again.
    restore(&cloud);
    let whole = programs::run(&mut headwater(&cloud, &[&RELEASE[..], &["--yes"]].concat()));
    let steps = whole.stderr.lines().count();
    assert!(steps >= 4, "{}", whole.text());
    let mut killed = 0;
    for step in 1..=steps {
        restore(&cloud);
        killed += usize::from(release_and_kill(&cloud, step));
        release(&cloud, &["--yes"]);
        expected.holds(&cloud, &format!("killed behind step {step}"));
    }
    assert!(killed + 1 >= steps, "{killed} of {steps} kills met a release at work");

    // The cloud is killed beneath it.
    restore(&cloud);
    let mut beneath = headwater(&cloud, &[&RELEASE[..], &["--yes"]].concat());
    let mut beneath = beneath
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a release");
    let mut lines = BufReader::new(beneath.stderr.take().expect("stderr")).lines();
    lines.by_ref().take(3).for_each(drop);
    cloud.kill_and_restart();
    lines.for_each(drop);
    beneath.wait().expect("an end");
    release(&cloud, &["--yes"]);
    expected.holds(&cloud, "the cloud was killed");

    // Two at the same time.
    restore(&cloud);
    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = headwater(&cloud, &[&RELEASE[..], &["--yes"]].concat());
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a release")
        })
        .collect();
    for mut one in both {
        let status = one.wait().expect("an end");
        assert_eq!(status.code(), Some(3));
    }
    expected.holds(&cloud, "two at the same time");

    // A suite that demands less, in a file; and the superseded row goes.
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("accounts.json");
    let lenient = json!({"api_version": "headwater.dev/quality/v1", "name": "accounts", "expectations": [
        {"check": {"not_null": {"column": "Name"}}, "on_fail": "quarantine"},
        {"check": {"row_count": {"min": 1_000_000}}},
    ]});
    std::fs::write(&file, lenient.to_string()).expect("a file");
    let table = format!("{PROJECT}.salesforce_raw.Account");
    let file = file.to_str().expect("a path");
    let command = [
        "quality",
        "release",
        "--json",
        "--yes",
        "--drop-superseded",
        "--suite-file",
        file,
        "--table",
        &table,
    ];
    let ended = programs::run(&mut headwater(&cloud, &command));
    let said = ended.ok().json();
    assert_eq!(
        (&said["released"], &said["superseded"]),
        (&json!(6), &json!(1)),
        "{said}"
    );
    assert!(accounts(&cloud, "Account_quarantine").is_empty());
    assert_eq!(accounts(&cloud, "Account").len(), before.0.len() + before.1.len());
    assert!(accounts(&cloud, "Account")[newer].contains("Newer"));
    tf.destroy();
}

fn table(cloud: &Cloud, name: &str) -> Value {
    let (status, table) = cloud.get(&format!(
        "/bigquery/v2/projects/{PROJECT}/datasets/salesforce_raw/tables/{name}"
    ));
    assert_eq!(status, 200, "{table}");
    table
}

fn field<'a>(table: &'a Value, name: &str) -> &'a Value {
    let fields = table["schema"]["fields"].as_array().expect("fields");
    fields
        .iter()
        .find(|field| field["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {fields:?}"))
}

#[test]
fn the_quarantine_follows_its_target() {
    let cloud = Cloud::start();
    let org = Org::with_defects(60, 2);
    let configuration = format!(
        "{}{SUITE}",
        super::platform("Account = {}", "quality_gate = [headwater_dq_suite.accounts.id]")
    );
    let tf = super::terraform(&cloud, &org, &configuration);
    tf.apply();
    // Tagged by hand, as by a data steward; and a table of rows set apart from when a column was narrower.
    let mut account = table(&cloud, "Account");
    let tags = json!({"names": [format!("projects/{PROJECT}/locations/eu/taxonomies/1/policyTags/2")]});
    for field in account["schema"]["fields"].as_array_mut().expect("fields") {
        if field["name"] == "Phone" {
            field["policyTags"] = tags.clone();
        }
    }
    let url = format!(
        "{}/bigquery/v2/projects/{PROJECT}/datasets/salesforce_raw/tables/Account",
        cloud.url()
    );
    let (status, patched) = request("PATCH", &url, Some(&json!({"schema": account["schema"]})));
    assert_eq!(status, 200, "{patched}");
    sql(
        &cloud,
        "CREATE TABLE salesforce_raw.Account_quarantine (Id STRING, AnnualRevenue INT64, Phone STRING, _headwater_reasons ARRAY<STRING>, \
         _headwater_run STRING, _headwater_batch STRING, _headwater_quarantined_at TIMESTAMP)",
    );
    run(&cloud).ok();
    let revenue = field(&table(&cloud, "Account"), "AnnualRevenue")["type"].clone();
    let apart = table(&cloud, "Account_quarantine");
    assert_eq!(field(&apart, "AnnualRevenue")["type"], revenue);
    assert_ne!(revenue, "INTEGER");
    assert_eq!(field(&apart, "Phone")["policyTags"], tags);
    assert!(field(&apart, "Name")["policyTags"].is_null());

    // A page of the verdict shows which rows are wrong, and not the values of the tagged column.
    let wrong = rows(
        &cloud,
        "SELECT Phone FROM salesforce_raw.Account_quarantine WHERE 'accounts:matches.Phone' IN UNNEST(_headwater_reasons)",
    );
    assert_eq!(wrong.len(), 2);
    let report = |more: &[&str]| {
        let report = ["quality", "report", "--suite", "accounts", "--results", "data_quality"];
        programs::run(&mut headwater(&cloud, &[&report[..], more].concat()))
            .ok()
            .stdout
    };
    let (masked, shown) = (report(&[]), report(&["--unmasked-column", "Phone"]));
    assert!(masked.contains("***"));
    for phone in &wrong {
        assert!(!masked.contains(&phone[0]), "{} is in the page", phone[0]);
        assert!(shown.contains(&phone[0]), "{} is not in the page", phone[0]);
    }

    // A field appears in the org: rows that are set apart hold it, too.
    org.control(
        "schema",
        &json!({"action": "add_field", "object": "Account", "name": "Tier__c", "type": "string", "length": 40}),
    );
    org.churn(&json!({"updates": 200, "objects": ["Account"], "seed": 3}));
    org.control("clock", &json!({"advance_seconds": 300}));
    run(&cloud).ok();
    let held = rows(
        &cloud,
        "SELECT Id, IFNULL(Tier__c, '') FROM salesforce_raw.Account_quarantine \
         WHERE _headwater_batch = (SELECT MAX(_headwater_batch) FROM salesforce_raw.Account_quarantine)",
    );
    assert!(!held.is_empty(), "no row that was changed is wrong");
    let org_has: BTreeMap<String, String> = org
        .export("Account")
        .into_iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            (text("Id"), text("Tier__c"))
        })
        .collect();
    let mut filled = 0;
    for row in &held {
        assert_eq!(row[1], org_has[&row[0]], "{}", row[0]);
        filled += usize::from(!row[1].is_empty());
    }
    assert!(
        filled > 0,
        "no row that is set apart has a value in the new field: {held:?}"
    );
    tf.destroy();
}
