//! Connections, runtimes and extracts, with the simulated org.

use headwater_tests::cloud::{PROJECT, REGION};
use headwater_tests::programs;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional};

const GROUND: &str = r#"
resource "headwater_storage_bucket" "ground" {
  name          = "salesforce-ground"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "ground" {
  dataset_id                 = "salesforce_ground"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_runtime" "ground" {
  name = "ground"
}

resource "headwater_dq_suite" "ground" {
  name                      = "ground"
  lake                      = headwater_storage_bucket.ground.url
  runtime                   = headwater_runtime.ground.id
  table                     = "${headwater_bigquery_dataset.ground.id}/tables/Account_0"
  expectations              = { not_null = [{ column = "Id", on_fail = "quarantine" }] }
  results                   = { dataset = headwater_bigquery_dataset.ground.id }
  delete_results_on_destroy = true
}
"#;

pub fn group() -> Group {
    Group {
        name: "salesforce",
        ground: format!("{GROUND}{}", super::org_connection()),
        kinds: vec![
            Kind::new("headwater_salesforce_connection", connection),
            Kind {
                unset: &[(
                    "build",
                    "an import cannot tell where the program was: see conformance::image",
                )],
                ..Kind::new("headwater_runtime", runtime)
            },
            Kind {
                count: 8,
                fewer: Some("each asks the org for its objects and creates their tables"),
                unset: &[("run_on_apply", "runs are other tests' matter")],
                ..Kind::new("headwater_salesforce_extract", extract)
            },
        ],
        org: true,
        lists: vec![
            (format!("/v1/projects/{PROJECT}/secrets?pageSize=1000"), "secrets"),
            (regional("v2", "jobs"), "jobs"),
            (regional("v1", "jobs"), "jobs"),
        ],
    }
}

fn connection(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("c{index}-{}", random.word()));
    body.text(
        "login_url",
        format!("https://{}.my.salesforce.com{}", random.word(), random.pick(&["", "/"])),
    );
    if random.coin() {
        body.text("api_version", random.pick(&["60.0", "66.0"]));
    }
    // There is no org at these addresses.
    body.raw("verify", false);
    let mut flow = Body::new();
    flow.text("client_id", format!("3MVG{}", random.word()));
    if random.coin() {
        flow.text("client_secret_wo", random.word());
        flow.raw("client_secret_wo_version", random.number(1, 9));
        body.set("client_credentials", flow.object());
    } else {
        let key = programs::root().join("runtime/salesforce/tests/data/test-only.pkcs8.pem");
        flow.text("username", format!("{}@example.com", random.word()));
        flow.text("private_key_wo", std::fs::read_to_string(key).unwrap());
        flow.raw("private_key_wo_version", random.number(1, 9));
        body.set("jwt_bearer", flow.object());
    }
    body
}

fn runtime(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("r{index}-{}", random.word()));
    if random.coin() {
        body.text("region", REGION);
    }
    if random.coin() {
        body.text(
            "image",
            format!("europe-docker.pkg.dev/acme/headwater/headwater:{}", random.word()),
        );
    }
    if random.coin() {
        body.text("cpu", random.pick(&["1", "2", "4", "500m"]));
    }
    if random.coin() {
        body.text("memory", random.pick(&["512Mi", "2Gi", "1G"]));
    }
    if random.coin() {
        body.raw("max_retries", random.number(0, 10));
    }
    if random.coin() {
        body.text("task_timeout", random.pick(&["1s", "90m", "3600s", "168h"]));
    }
    if random.coin() {
        body.text("service_account", account(random));
    }
    place(random, &mut body);
    if random.coin() {
        body.set("env", random.environment());
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    body
}

/// The network and the key of what Cloud Run executes.
pub(super) fn place(random: &mut Random, body: &mut Body) {
    if random.coin() {
        let mut access = Body::new();
        let network = random.coin();
        if network {
            access.text("network", random.pick(&["acme", "projects/host/global/networks/acme"]));
        }
        if !network || random.coin() {
            access.text(
                "subnetwork",
                random.pick(&["data", "projects/host/regions/europe-west1/subnetworks/data"]),
            );
        }
        if random.coin() {
            access.raw("tags", "[\"to-salesforce\", \"audited\"]");
        }
        if random.coin() {
            access.text("egress", random.pick(&["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"]));
        }
        body.set("vpc_access", access.object());
    }
    if random.coin() {
        body.text(
            "kms_key_name",
            "projects/acme/locations/europe-west1/keyRings/ring/cryptoKeys/key",
        );
    }
}

fn extract(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("extract{index}"));
    body.raw("connection", "headwater_salesforce_connection.ground.id");
    let prefix = random.pick(&["", "/a", "/a/b/"]);
    body.raw("lake", format!("\"${{headwater_storage_bucket.ground.url}}{prefix}\""));
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    body.raw("runtime", "headwater_runtime.ground.id");
    let mut objects = Vec::new();
    let mut names = random.some(&["Account", "Contact", "Opportunity"]);
    if index == 0 {
        // The suite of the ground judges its table.
        body.set(
            "quality_gate",
            Hcl::List(vec![Hcl::raw("headwater_dq_suite.ground.id")]),
        );
        if !names.contains(&"Account") {
            names.push("Account");
        }
    }
    for name in names {
        let mut object = Body::new();
        object.text("table", format!("{name}_{index}"));
        match random.number(0, 2) {
            0 => object.set(
                "include",
                Hcl::texts(random.some(&["Name", "CreatedDate", "LastModifiedDate"])),
            ),
            1 => object.set("exclude", Hcl::texts(["CreatedById"])),
            _ => {}
        }
        if random.coin() {
            object.text("where", "CreatedDate > 2020-01-01T00:00:00Z");
        }
        if random.coin() {
            object.text("mode", random.pick(&["incremental", "full"]));
        }
        objects.push((name.to_owned(), object.object()));
    }
    body.set("objects", Hcl::Object(objects));
    if index == 0 || random.coin() {
        let mut schedule = Body::new();
        schedule.text("cron", random.cron());
        schedule.text("time_zone", random.zone());
        body.set("schedule", schedule.object());
    }
    if index == 0 || random.coin() {
        body.text("deletes", random.pick(&["remove", "flag"]));
        body.text("safety_lag", random.pick(&["0s", "2m", "120s", "1h"]));
        body.raw("bulk_threshold_rows", random.number(1, 100_000));
        body.raw("part_size_mb", random.number(1, 512));
        body.raw("task_count", random.number(1, 5));
        body.set(
            "api_budget",
            Hcl::Object(vec![("max_daily_percent".into(), Hcl::raw(random.number(1, 100)))]),
        );
        body.set("labels", random.labels());
    }
    body.raw("delete_tables_on_destroy", true);
    body
}
