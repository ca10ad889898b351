//! A folder of SQLX as one resource: what an edit changes, what a mistake says, what others have done to it, and its end.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::Org;
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

const ADDRESS: &str = "headwater_dataform_project.marts";

fn configuration(more: &str) -> String {
    format!(
        "resource \"headwater_dataform_project\" \"marts\" {{\n  name = \"marts\"\n  directory = \"${{path.module}}/project\"\n{more}\n}}\n"
    )
}

fn write(tf: &Terraform, path: &str, text: &str) {
    let path = tf.dir().join("project").join(path);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Two sources, a staging view of each, and four marts: of the one, of the other, of both, of none.
fn project(tf: &Terraform) {
    write(
        tf,
        "workflow_settings.yaml",
        "dataformCoreVersion: 3.0.62\ndefaultDataset: marts\ndefaultAssertionDataset: checks\n",
    );
    write(
        tf,
        "definitions/sources.js",
        "[\"a\", \"b\"].forEach(name => declare({schema: \"raw\", name}));\n",
    );
    for name in ["a", "b"] {
        let view = format!(
            "config {{ type: \"view\", schema: \"staging\" }}\n\nSELECT id, n FROM ${{ref(\"raw\", \"{name}\")}}\n"
        );
        write(tf, &format!("definitions/staging/stg_{name}.sqlx"), &view);
    }
    for (name, from) in [
        ("of_a", "${ref(\"stg_a\")}"),
        ("of_b", "${ref(\"stg_b\")}"),
        ("of_both", "${ref(\"stg_a\")} JOIN ${ref(\"stg_b\")} USING (id, n)"),
        ("of_none", "(SELECT 1 AS id, 2 AS n)"),
    ] {
        let table = format!(
            "config {{\n  type: \"table\",\n  description: \"A mart.\",\n  columns: {{ id: \"Its key.\", n: \"A number.\" }},\n  \
             assertions: {{ uniqueKey: [\"id\"], nonNull: [\"id\"] }}\n}}\n\nSELECT id, n FROM {from}\n"
        );
        write(tf, &format!("definitions/marts/{name}.sqlx"), &table);
    }
}

fn sources(cloud: &Cloud) {
    for sql in [
        "CREATE SCHEMA raw OPTIONS (location = 'EU')",
        "CREATE TABLE raw.a AS SELECT 1 AS id, 10 AS n UNION ALL SELECT 2, 20",
        "CREATE TABLE raw.b AS SELECT 2 AS id, 20 AS n UNION ALL SELECT 3, 30",
    ] {
        bigquery::query(cloud, sql);
    }
}

/// The actions whose fingerprint a plan changes.
fn affected(plan: &Value) -> BTreeSet<String> {
    let changes = plan["resource_changes"].as_array().expect("changes");
    let change = changes
        .iter()
        .find(|change| change["address"] == ADDRESS)
        .expect("the project's change");
    let (before, after) = (
        &change["change"]["before"]["actions"],
        &change["change"]["after"]["actions"],
    );
    let names = after.as_object().expect("actions").keys();
    names
        .filter(|name| before[name.as_str()]["fingerprint"] != after[name.as_str()]["fingerprint"])
        .cloned()
        .collect()
}

fn rows(cloud: &Cloud, table: &str) -> String {
    bigquery::cell(
        cloud,
        &format!("SELECT STRING_AGG(CONCAT(id, ':', n) ORDER BY id) FROM {table}"),
    )
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_edit_shows_the_tables_that_it_changes_and_a_typo_its_place() {
    let cloud = Cloud::start();
    sources(&cloud);
    let tf = Terraform::new(&cloud, &configuration("  run_on_apply = true"));
    project(&tf);
    let applied = tf.apply();
    assert!(!applied.text().contains("Warning"), "{}", applied.text());
    tf.assert_no_changes("after apply");
    assert_eq!(rows(&cloud, "marts.of_both"), "2:20");

    // One staging file: its view, and all that is built on it; nothing else.
    let edited =
        "config { type: \"view\", schema: \"staging\" }\n\nSELECT id, n + 1 AS n FROM ${ref(\"raw\", \"a\")}\n";
    write(&tf, "definitions/staging/stg_a.sqlx", edited);
    assert_eq!(
        affected(&tf.plan()),
        names(&["staging.stg_a", "marts.of_a", "marts.of_both"])
    );
    let said = tf.run(&["plan"]).ok().text();
    assert!(said.contains("changed queries read"), "{said}");
    tf.apply();
    tf.assert_no_changes("after the edit");
    assert_eq!(rows(&cloud, "marts.of_a"), "1:11,2:21");
    assert_eq!(rows(&cloud, "marts.of_b"), "2:20,3:30");

    // A mistake stops the plan, with file and line.
    write(
        &tf,
        "definitions/staging/stg_b.sqlx",
        "config { type: \"view\", schema: \"staging\" }\n\nSELECT id,\n  n FROM ${reff(\"raw\", \"b\")}\n",
    );
    let refused = tf.run(&["plan"]);
    let text = refused.text();
    assert_ne!(refused.code, 0, "{text}");
    assert!(
        text.contains("definitions/staging/stg_b.sqlx:4") && text.contains("reff"),
        "{text}"
    );
    write(
        &tf,
        "definitions/staging/stg_b.sqlx",
        "config { type: \"view\", schema: \"staging\" }\n\nSELECT id, n FROM ${ref(\"raw\", \"c\")}\n",
    );
    let refused = tf.run(&["plan"]);
    assert!(
        refused.code != 0 && refused.text().contains("stg_b.sqlx"),
        "{}",
        refused.text()
    );

    // What is questionable is a warning, with file and line.
    write(
        &tf,
        "definitions/staging/stg_b.sqlx",
        "config { type: \"view\", schema: \"staging\" }\n\nSELECT id, n FROM ${ref(\"raw\", \"b\")}\n",
    );
    write(
        &tf,
        "definitions/marts/of_none.sqlx",
        "config { type: \"table\" }\n\nSELECT 1 AS id\n",
    );
    let warned = tf.run(&["plan"]).ok().text();
    for said in ["definitions/marts/of_none.sqlx", "missing-key", "undocumented-column"] {
        assert!(warned.contains(said), "{said} is not in {warned}");
    }

    // Rows that are wrong fail the apply by the assertion's name, and what is deployed stays deployed.
    bigquery::query(&cloud, "INSERT INTO raw.b VALUES (3, 31)");
    let failed = tf.run(&["apply", "-auto-approve"]);
    let text = failed.text();
    assert_ne!(failed.code, 0, "{text}");
    assert!(
        text.contains("marts_of_b_assertions_uniqueKey_0") && text.contains("Assertion failed"),
        "{text}"
    );
    bigquery::query(&cloud, "DELETE FROM raw.b WHERE n = 31");
    tf.apply();
    tf.assert_no_changes("after the rows were mended");
}

#[test]
fn a_project_lives_and_dies() {
    let cloud = Cloud::start();
    sources(&cloud);
    let scheduled = "  cron_schedule = \"0 5 * * *\"\n  labels = { team = \"crm\" }\n  invocation_config = { included_tags = [\"daily\"] }";
    let tf = Terraform::new(&cloud, &configuration(scheduled));
    project(&tf);
    tf.apply();
    tf.assert_no_changes("after apply");
    let repository = format!("/v1/projects/{PROJECT}/locations/{REGION}/repositories/marts");
    let (_, release) = cloud.get(&format!("{repository}/releaseConfigs/headwater"));
    assert!(release["releaseCompilationResult"].is_string(), "{release}");
    let (_, workflow) = cloud.get(&format!("{repository}/workflowConfigs/headwater"));
    assert_eq!(
        (&workflow["cronSchedule"], &workflow["timeZone"]),
        (&json!("0 5 * * *"), &json!("UTC"))
    );

    // A label is the repository's alone: nothing is committed or compiled for it. Another folder with the same files is a commit.
    let head = || cloud.get(&format!("{repository}:fetchHistory?pageSize=1")).1["commits"][0]["commitSha"].clone();
    let first = head();
    let relabelled = scheduled.replace("crm", "erp");
    tf.write(&configuration(&relabelled));
    tf.apply();
    tf.assert_no_changes("after the label was changed");
    assert_eq!(
        cloud.get(&format!("{repository}/releaseConfigs/headwater")).1["releaseCompilationResult"],
        release["releaseCompilationResult"]
    );
    assert_eq!(head(), first);
    tf.write(&configuration(&relabelled).replace("/project", "/./project"));
    tf.apply();
    tf.assert_no_changes("after the folder was called otherwise");
    assert_ne!(head(), first);

    // A file that is gone from the folder is gone from the repository.
    std::fs::remove_file(tf.dir().join("project/definitions/marts/of_none.sqlx")).unwrap();
    tf.apply();
    let gone = cloud.get(&format!("{repository}:readFile?path=definitions/marts/of_none.sqlx"));
    assert_eq!(gone.0, 404);

    // What others have done is undone: a commit, a schedule, a configuration that is gone.
    let commit = json!({
        "commitMetadata": {"author": {"name": "Eve", "emailAddress": "eve@example.com"}, "commitMessage": "by hand"},
        "fileOperations": {"definitions/marts/strange.sqlx": {"writeFile": {"contents": "U0VMRUNUIDE="}}},
    });
    assert_eq!(cloud.post(&format!("{repository}:commit"), &commit).0, 200);
    let update = format!("{ADDRESS}: update");
    assert_eq!(tf.changes(), std::slice::from_ref(&update));
    tf.apply();
    tf.assert_no_changes("after somebody else's commit");
    assert_eq!(
        cloud
            .get(&format!("{repository}:readFile?path=definitions/marts/strange.sqlx"))
            .0,
        404
    );
    assert_eq!(cloud.delete(&format!("{repository}/workflowConfigs/headwater")), 200);
    assert_eq!(tf.changes(), [update]);
    tf.apply();
    tf.assert_no_changes("after its schedule was deleted");

    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    tf.run(&["import", ADDRESS, repository.trim_start_matches("/v1/")]).ok();
    tf.assert_no_changes("after import");

    assert_eq!(cloud.delete(&format!("{repository}?force=true")), 200);
    assert_eq!(tf.changes(), [format!("{ADDRESS}: create")]);
    tf.apply();
    tf.assert_no_changes("after it was made anew");
    tf.destroy();
    assert_eq!(cloud.get(&repository).0, 404);
}

fn headwater(cloud: &Cloud, arguments: &[&str]) -> programs::Ended {
    let mut command = Command::new(programs::headwater());
    command.envs(cloud.environment()).args(arguments);
    programs::run(&mut command)
}

/// A run of a deployed suite, and how it ended.
fn judge(cloud: &Cloud, suite: &str) -> String {
    let place = ["--lake", "gs://headwater-demo-lake", "--pipeline", suite];
    headwater(
        cloud,
        &[
            &["runs", "start", "--json", "--wait", "--runtime", "headwater"][..],
            &place,
        ]
        .concat(),
    );
    let sql = format!("SELECT state FROM data_quality.dq_run WHERE suite = '{suite}' ORDER BY started DESC LIMIT 1");
    bigquery::cell(cloud, &sql)
}

/// Of a run of the marts by hand: its exit status, and what of it did not succeed.
fn run_marts(cloud: &Cloud) -> (i32, Vec<String>) {
    let marts = programs::root().join("dataform");
    let ended = headwater(cloud, &["dataform", "run", "--json", marts.to_str().expect("a path")]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.text()));
    let actions = report["actions"].as_array().expect("actions");
    assert!(actions.len() > 50, "{report}");
    let others = actions
        .iter()
        .filter(|action| !matches!(action["state"].as_str(), Some("SUCCEEDED" | "DISABLED")));
    let name = |action: &Value| {
        format!(
            "{}: {}",
            action["target"]["name"].as_str().unwrap_or_default(),
            action["state"].as_str().unwrap_or_default()
        )
    };
    (ended.code, others.map(name).collect())
}

#[test]
fn the_quickstart_goes_on_to_the_marts_and_what_is_expected_of_them() {
    let cloud = Cloud::start();
    let org = Org::start(60);
    let before = inventory(&cloud, PROJECT, REGION);
    let folder = programs::root().join("examples/scenarios/salesforce-quickstart");
    let configuration = std::fs::read_to_string(folder.join("main.tf")).expect("the scenario");
    let marts = programs::root().join("dataform");
    let tf = super::terraform(&cloud, &org, &configuration).env("TF_VAR_marts", marts.to_str().expect("a path"));
    for name in ["variables.tf", "outputs.tf"] {
        std::fs::copy(folder.join(name), tf.dir().join(name)).expect("a copy");
    }
    tf.apply();
    tf.assert_no_changes("after apply");
    let opportunities = "SELECT COUNT(*) FROM salesforce_marts.salesforce__opportunity_enhanced";
    let live = org
        .counts()
        .into_iter()
        .find(|(name, _)| name == "Opportunity")
        .expect("opportunities")
        .1;
    assert_eq!(bigquery::cell(&cloud, opportunities), live.to_string());
    assert_eq!(judge(&cloud, "opportunities"), "pass");

    // By hand, each action's state is shown; and nothing is wrong.
    assert_eq!(run_marts(&cloud), (0, Vec::new()));
    let shown = headwater(
        &cloud,
        &[
            "dataform",
            "run",
            "--actions",
            "salesforce__sales_snapshot",
            marts.to_str().expect("a path"),
        ],
    );
    assert!(
        shown.stdout.contains("salesforce_marts.salesforce__sales_snapshot") && shown.stdout.contains("done"),
        "{}",
        shown.text()
    );

    // A source that is broken: the assertion that is about it fails, and the suite of the mart sees it, too.
    bigquery::query(
        &cloud,
        "UPDATE salesforce_raw.Opportunity SET Probability = 250 WHERE Id = (SELECT MIN(Id) FROM salesforce_raw.Opportunity)",
    );
    let broken = "salesforce_marts_salesforce__opportunity_enhanced_assertions_rowConditions: FAILED";
    assert_eq!(run_marts(&cloud), (3, vec![broken.to_owned()]));
    assert_eq!(judge(&cloud, "opportunities"), "fail");

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}
