//! The quickstart's gate: what is wrong with accounts is caught, each kind of it, before anything is loaded; the rest is loaded.

use std::collections::BTreeMap;

use headwater_tests::bigquery;
use headwater_tests::browser;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::Org;
use headwater_tests::programs;
use serde_json::{Value, json};

/// How the generator makes accounts wrong, and what of the suite each is against.
const DEFECTS: [&str; 12] = [
    "between.AnnualRevenue",
    "between.Churn_Risk__c",
    "between.Founded__c",
    "between.NumberOfEmployees",
    "in_set.Industry",
    "in_set.Rating",
    "matches.External_Key__c",
    "matches.Phone",
    "matches.Website",
    "not_its_own_parent",
    "not_null.Name",
    "unique.AccountNumber",
];

fn quickstart() -> String {
    let folder = programs::root().join("examples/scenarios/salesforce-quickstart");
    std::fs::read_to_string(folder.join("main.tf")).expect("the scenario")
}

fn rows(cloud: &Cloud, sql: &str) -> Vec<Vec<String>> {
    let found = bigquery::query(cloud, sql).rows;
    found
        .into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
        .collect()
}

/// Rows by id, as JSON of the columns that both tables have.
fn accounts(cloud: &Cloud, table: &str) -> BTreeMap<String, String> {
    let sql = format!(
        "SELECT Id, TO_JSON_STRING(STRUCT(Name, Industry, Rating, NumberOfEmployees, AnnualRevenue, Website, Phone, \
         AccountNumber, Founded__c, Churn_Risk__c, External_Key__c, ParentId, SystemModstamp)) FROM salesforce_raw.{table}"
    );
    let found = rows(cloud, &sql);
    found.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

#[test]
fn every_kind_of_defect_is_set_apart_and_the_rest_is_loaded() {
    let cloud = Cloud::start();
    let org = Org::with_defects(150, 2);
    let before = inventory(&cloud, PROJECT, REGION);
    let subscription = "\nresource \"headwater_pubsub_subscription\" \"told\" {\n  name  = \"told\"\n  topic = headwater_pubsub_topic.quality_alerts.id\n}\n";
    let marts = programs::root().join("dataform");
    let tf = super::terraform(&cloud, &org, &format!("{}{subscription}", quickstart()))
        .env("TF_VAR_marts", marts.to_str().expect("a path"));
    for name in ["variables.tf", "outputs.tf"] {
        let from = programs::root()
            .join("examples/scenarios/salesforce-quickstart")
            .join(name);
        std::fs::copy(from, tf.dir().join(name)).expect("a copy");
    }
    tf.apply();
    tf.assert_no_changes("after apply");

    // Together they are what the org has, value by value in the table beside it as in the table.
    let (loaded, apart) = (accounts(&cloud, "Account"), accounts(&cloud, "Account_quarantine"));
    let counts: BTreeMap<String, u64> = org.counts().into_iter().collect();
    let live = counts["Account"];
    assert_eq!((loaded.len() + apart.len()) as u64, live);
    assert!(loaded.keys().all(|id| !apart.contains_key(id)));
    let reasons = rows(
        &cloud,
        "SELECT reason, COUNT(*) FROM salesforce_raw.Account_quarantine, UNNEST(_headwater_reasons) AS reason GROUP BY 1 ORDER BY 1",
    );
    let expected: Vec<Vec<String>> = DEFECTS
        .iter()
        .map(|id| {
            let count = if *id == "unique.AccountNumber" { "4" } else { "2" };
            vec![format!("accounts:{id}"), count.to_owned()]
        })
        .collect();
    assert_eq!(reasons, expected);
    assert_eq!(apart.len(), 26);

    // The verdict: of each kind, and told once.
    let verdicts = rows(
        &cloud,
        "SELECT expectation_id, unexpected FROM data_quality.dq_result WHERE state = 'fail' ORDER BY 1",
    );
    let failed: Vec<&str> = verdicts.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(failed, DEFECTS);
    let runs = rows(
        &cloud,
        "SELECT mode, state, target, rows_evaluated FROM data_quality.dq_run",
    );
    let target = format!("{PROJECT}.salesforce_raw.Account");
    assert_eq!(runs, [["gate".to_owned(), "fail".to_owned(), target, live.to_string()]]);
    let (status, told) = cloud.post(
        &format!("/v1/projects/{PROJECT}/subscriptions/told:pull"),
        &json!({"maxMessages": 10, "returnImmediately": true}),
    );
    assert_eq!(status, 200, "{told}");
    let told = told["receivedMessages"].as_array().cloned().unwrap_or_default();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["message"]["attributes"]["state"], "fail");
    assert_eq!(told[0]["message"]["attributes"]["transition"], "new");
    runs_show_it(&cloud);
    a_page_shows_it(
        &cloud,
        &rows(
            &cloud,
            "SELECT Id FROM salesforce_raw.Account_quarantine WHERE NumberOfEmployees < 0",
        ),
    );

    // The next run brings what has changed, and again nothing that is wrong.
    org.churn(&json!({"updates": 150, "objects": ["Account"], "seed": 3}));
    org.control("clock", &json!({"advance_seconds": 300}));
    let ended = start_run(&cloud);
    assert_eq!(ended["state"], "succeeded", "{ended}");
    let known = rows(
        &cloud,
        "SELECT COUNT(*) FROM (SELECT Id FROM salesforce_raw.Account UNION DISTINCT SELECT Id FROM salesforce_raw.Account_quarantine)",
    );
    assert_eq!(known, [[live.to_string()]]);
    let still = rows(
        &cloud,
        "SELECT COUNT(*) FROM salesforce_raw.Account WHERE Industry = 'Bnaking' OR Name IS NULL OR NumberOfEmployees < 0",
    );
    assert_eq!(still, [["0"]]);

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

fn headwater(cloud: &Cloud, arguments: &[&str]) -> programs::Ended {
    let mut command = std::process::Command::new(programs::headwater());
    command.envs(cloud.environment()).args(arguments);
    programs::run(&mut command)
}

const PIPELINE: [&str; 4] = ["--lake", "gs://headwater-demo-lake", "--pipeline", "crm"];

fn runs_show_it(cloud: &Cloud) {
    let shown = headwater(cloud, &[&["runs", "show"][..], &PIPELINE].concat()).ok();
    assert!(
        shown.stdout.contains("accounts says fail, 26 rows set apart"),
        "{}",
        shown.stdout
    );
}

/// The page of the verdict, as a browser shows it: each defect, and the rows that have it by their ids.
fn a_page_shows_it(cloud: &Cloud, negative: &[Vec<String>]) {
    let page = browser::page("gate.html");
    let report = [
        "quality",
        "report",
        "--suite",
        "accounts",
        "--results",
        "data_quality",
        "--output",
    ];
    headwater(cloud, &[&report[..], &[page.to_str().expect("a path")]].concat()).ok();
    let seen = browser::look(
        &page,
        &[
            "document.querySelectorAll('details[open] .state.fail').length",
            "document.querySelectorAll('svg.bins').length",
        ],
    );
    assert_eq!(seen["title"], "accounts: fail");
    assert_eq!(seen["values"][0], DEFECTS.len());
    assert!(seen["values"][1].as_u64().is_some_and(|n| n >= 4), "{seen}");
    let text = seen["text"].as_str().expect("a text");
    for id in DEFECTS {
        assert!(text.contains(id), "{id} is not in\n{text}");
    }
    assert_eq!(negative.len(), 2);
    for id in negative {
        assert!(text.contains(&id[0]), "{} is not in\n{text}", id[0]);
    }
    // By itself it says all that it has to say.
    let asked = seen["requests"].as_array().expect("requests");
    assert_eq!((asked.len(), &seen["console"]), (1, &json!([])));
}

fn start_run(cloud: &Cloud) -> Value {
    let start = ["runs", "start", "--json", "--wait", "--runtime", "headwater"];
    headwater(cloud, &[&start[..], &PIPELINE].concat()).ok();
    headwater(
        cloud,
        &[&["runs", "list", "--json", "--limit", "1"][..], &PIPELINE].concat(),
    )
    .ok()
    .json()[0]
        .clone()
}
