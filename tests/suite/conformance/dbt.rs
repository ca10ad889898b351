//! dbt with its BigQuery adapter, on the project in `tests/dbt`: what its users do every day, twice, with changes between.

use std::path::Path;
use std::process::Command;

use headwater_tests::bigquery::{cell, query};
use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::{self, Ended};

struct Dbt<'a> {
    project: tempfile::TempDir,
    cloud: &'a Cloud,
}

impl<'a> Dbt<'a> {
    fn new(cloud: &'a Cloud) -> Self {
        let project = tempfile::tempdir().unwrap();
        copy(&programs::root().join("tests/dbt"), project.path());
        Self { project, cloud }
    }

    fn ends(&self, arguments: &[&str]) -> Ended {
        let dbt = programs::dbt_python().with_file_name("dbt");
        let ended = programs::run(
            Command::new(dbt)
                .current_dir(self.project.path())
                .arg("--no-use-colors")
                .args(arguments)
                .env("DBT_PROFILES_DIR", self.project.path())
                .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
                .env("HEADWATER_ENDPOINT", self.cloud.url())
                .env("HEADWATER_PROJECT", PROJECT),
        );
        println!("{}", ended.stdout);
        ended
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ended {
        self.ends(arguments).ok()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[track_caller]
fn table(cloud: &Cloud, sql: &str) -> Vec<String> {
    let rows = query(cloud, sql).rows;
    rows.into_iter()
        .map(|row| {
            row.into_iter()
                .map(|cell| cell.unwrap_or_else(|| "-".into()))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn a_project_is_built_and_built_again() {
    let cloud = Cloud::start();
    let dbt = Dbt::new(&cloud);
    assert!(dbt.run(&["debug"]).stdout.contains("All checks passed!"));
    for command in ["seed", "run", "test", "snapshot"] {
        assert!(
            dbt.run(&[command]).stdout.contains("Completed successfully"),
            "{command}"
        );
    }
    assert_eq!(
        table(
            &cloud,
            "SELECT id, industry, revenue FROM crm.account_current ORDER BY id"
        ),
        [
            "001A Energy 1200000.5",
            "001B - 990000",
            "001C Shipping 0.01",
            "001D Shipping -"
        ]
    );
    assert_eq!(
        table(
            &cloud,
            "SELECT industry, won, closed, win_rate FROM crm.win_rate ORDER BY industry"
        ),
        ["Energy 1 2 0.5", "Shipping 1 1 1.0", "unknown 0 0 -"]
    );
    let (_, described) = cloud.get(&format!("/bigquery/v2/projects/{PROJECT}/datasets/crm/tables/win_rate"));
    assert!(
        described["description"]
            .as_str()
            .unwrap()
            .contains("Unknown industries"),
        "{described}"
    );
    assert_eq!(described["schema"]["fields"][0]["mode"], "REQUIRED");
    assert_eq!(described["schema"]["fields"][3]["description"], "won ÷ closed");
    assert_eq!(described["labels"]["team"], "data");

    // The org has moved on: an account changed, one is new, and the model has a new column.
    let later = ["--vars", "as_of: 2"];
    for command in ["run", "snapshot", "test"] {
        dbt.run(&[&[command], &later[..]].concat());
    }
    assert_eq!(
        table(
            &cloud,
            "SELECT id, industry, revenue, name_length FROM crm.account_current ORDER BY id"
        ),
        [
            "001A Energy 1200000.5 -",
            "001B Mining 1500000 12",
            "001C Shipping 0.01 -",
            "001D Shipping - -",
            "001E Energy 77.7 5"
        ]
    );
    for history in ["accounts_history", "accounts_checked"] {
        assert_eq!(
            table(
                &cloud,
                &format!(
                    "SELECT id, industry, dbt_valid_to IS NULL FROM crm.{history} WHERE id IN ('001B', '001E') ORDER BY id, dbt_valid_from"
                )
            ),
            ["001B - false", "001B Mining true", "001E Energy true"],
            "{history}"
        );
    }
    assert_eq!(cell(&cloud, "SELECT SUM(opportunities) FROM crm.pipeline_by_day"), "4");

    // The state that `build` makes anew is the same, and the catalogue knows all of it.
    dbt.run(&[&["build", "--full-refresh"], &later[..]].concat());
    assert_eq!(
        cell(
            &cloud,
            "SELECT COUNT(*) FROM crm.account_current WHERE name_length IS NULL"
        ),
        "0"
    );
    dbt.run(&[&["docs", "generate"], &later[..]].concat());
    let catalogue = std::fs::read_to_string(dbt.project.path().join("target/catalog.json")).unwrap();
    for node in [
        "model.crm.account_current",
        "model.crm.stg_accounts",
        "seed.crm.stages",
        "model.crm.win_rate",
    ] {
        assert!(
            catalogue.contains(&format!("\"{node}\": ")),
            "{node} is not in the catalogue"
        );
    }
}

#[test]
fn a_failing_test_fails_the_build() {
    let cloud = Cloud::start();
    let dbt = Dbt::new(&cloud);
    let seed = dbt.project.path().join("seeds/opportunities.csv");
    let more = format!(
        "{}006E,nobody,Won,1,2026-03-01\n",
        std::fs::read_to_string(&seed).unwrap()
    );
    std::fs::write(seed, more).unwrap();
    let ended = dbt.ends(&["build", "--select", "+stg_opportunities", "+stg_accounts"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.stdout.contains("Got 1 result, configured to fail if != 0"),
        "{}",
        ended.stdout
    );
}
