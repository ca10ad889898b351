//! Datasets with their access lists, and members of one.

use headwater_tests::cloud::PROJECT;

use super::{Body, Group, Hcl, Kind, Random, about, datasets_list};

const GROUND: &str = r#"
resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "ground"
}

resource "headwater_bigquery_view" "ground" {
  dataset  = headwater_bigquery_dataset.ground.id
  table_id = "shared"
  query    = "SELECT 1 AS one"
}

resource "headwater_bigquery_routine" "ground" {
  dataset         = headwater_bigquery_dataset.ground.id
  routine_id      = "shared"
  definition_body = "1"
}

resource "headwater_service_account" "ground" {
  account_id = "bigquery-ground"
}
"#;

pub fn group() -> Group {
    Group {
        name: "bigquery_datasets",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_bigquery_dataset", dataset),
            Kind::new("headwater_bigquery_dataset_iam_member", member),
        ],
        org: false,
        lists: vec![datasets_list()],
    }
}

/// An id with every kind of letter, one that is hidden, or one as long as may be.
fn id(random: &mut Random, index: usize) -> String {
    match random.number(0, 5) {
        0 => format!("_hidden_{index}"),
        1 => format!("{index}_{}", random.word()),
        2 => format!("Upper{index}_"),
        3 if index < 20 => format!("d{index:_<1023}"),
        _ => format!("d{index}_{}", random.word()),
    }
}

fn dataset(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("dataset_id", id(random, index));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        let places = [
            "EU",
            "US",
            "eu",
            "us",
            "europe-west1",
            "Europe-West1",
            "us-central1",
            "asia-northeast1",
        ];
        body.text("location", random.pick(&places));
    }
    about(random, &mut body);
    if random.coin() {
        body.text(
            "default_kms_key_name",
            "projects/acme/locations/eu/keyRings/ring/cryptoKeys/key",
        );
    }
    if random.coin() {
        body.raw(
            "default_table_expiration_ms",
            random.pick(&["3600000", "86400001", "315360000000"]),
        );
    }
    if random.coin() {
        body.raw(
            "default_partition_expiration_ms",
            random.pick(&["3600000", "864e5", "315360000000"]),
        );
    }
    if random.coin() {
        body.raw("max_time_travel_hours", random.pick(&[48, 72, 96, 120, 144, 168]));
    }
    if random.once_in(4) {
        body.raw("is_case_insensitive", random.coin());
    }
    if random.once_in(3) {
        body.text("storage_billing_model", random.pick(&["LOGICAL", "PHYSICAL"]));
    }
    if index == 0 || random.coin() {
        body.set("access", access(random, index == 0));
    }
    for flag in ["delete_contents_on_destroy", "deletion_protection"] {
        if random.coin() {
            body.raw(flag, random.coin());
        }
    }
    body
}

fn entry(role: Option<&str>, kind: &str, who: Hcl) -> Hcl {
    let mut entry = Body::new();
    if let Some(role) = role {
        entry.text("role", role);
    }
    entry.set(kind, who);
    entry.object()
}

/// An access list, in any order, with roles and principals in any spelling.
fn access(random: &mut Random, every_kind: bool) -> Hcl {
    let owner = random.pick(&["OWNER", "roles/bigquery.dataOwner"]);
    let word = random.word();
    let mut entries = vec![entry(
        Some(owner),
        "user_by_email",
        Hcl::text(format!("{word}@example.com")),
    )];
    let kinds = [
        "domain",
        "group_by_email",
        "special_group",
        "iam_member",
        "view",
        "routine",
        "dataset",
    ];
    let kinds = if every_kind {
        kinds.to_vec()
    } else {
        random.some(&kinds)
    };
    for kind in kinds {
        let role = Some(random.pick(&[
            "READER",
            "WRITER",
            "roles/bigquery.dataViewer",
            "roles/bigquery.dataEditor",
            "roles/bigquery.metadataViewer",
            "projects/test-project/roles/our.own",
        ]));
        entries.push(match kind {
            "domain" => entry(role, kind, Hcl::text(random.pick(&["example.com", "Sub.Example.com"]))),
            "group_by_email" => entry(role, kind, Hcl::text(format!("{word}-Team@example.com"))),
            "special_group" => entry(
                role,
                kind,
                Hcl::text(random.pick(&[
                    "projectReaders",
                    "projectWriters",
                    "projectOwners",
                    "allAuthenticatedUsers",
                ])),
            ),
            "iam_member" => {
                let of_a_pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool";
                let member = match random.number(0, 3) {
                    0 => "allUsers".to_owned(),
                    1 => format!("principalSet:{of_a_pool}/group/Team%20{word}"),
                    2 => format!("principal:{of_a_pool}/subject/{word}"),
                    _ => format!("serviceAccount:{word}@{PROJECT}.iam.gserviceaccount.com"),
                };
                entry(role, kind, Hcl::text(member))
            }
            "view" if random.coin() => entry(None, kind, Hcl::raw("headwater_bigquery_view.ground.id")),
            "view" => entry(
                None,
                kind,
                Hcl::raw("trim(headwater_bigquery_view.ground.sql_name, \"`\")"),
            ),
            "routine" => entry(None, kind, Hcl::raw("headwater_bigquery_routine.ground.id")),
            _ => entry(None, kind, Hcl::raw("headwater_bigquery_dataset.ground.id")),
        });
    }
    if random.coin() {
        entries.reverse();
    }
    Hcl::List(entries)
}

/// A member whom no other configuration grants anything.
fn member(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    let roles = [
        "roles/bigquery.dataViewer",
        "roles/bigquery.dataEditor",
        "roles/bigquery.dataOwner",
        "roles/bigquery.metadataViewer",
        "projects/test-project/roles/our.own",
        "organizations/123/roles/theirs",
    ];
    let word = random.word();
    let whole = [
        "allUsers",
        "allAuthenticatedUsers",
        "projectViewer:test-project",
        "projectEditor:test-project",
    ];
    match (index, random.number(0, 5)) {
        // Roles that the first members of these kinds do not have by BigQuery's own defaults.
        (0..4, _) => {
            body.text("role", "roles/bigquery.metadataViewer");
            body.text("member", whole[index]);
        }
        (4, _) => {
            body.text("role", random.pick(&roles));
            body.raw("member", "headwater_service_account.ground.member");
        }
        (_, kind) => {
            body.text("role", random.pick(&roles));
            body.text(
                "member",
                match kind {
                    0 => format!("user:User{index}.{word}@Example.com"),
                    1 => format!("group:group{index}@example.com"),
                    2 => format!("serviceAccount:sa{index}@{PROJECT}.iam.gserviceaccount.com"),
                    3 => format!("domain:D{index}.example.com"),
                    4 => format!(
                        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/subject/{word}{index}"
                    ),
                    _ => format!(
                        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/group/G{index}"
                    ),
                },
            );
        }
    }
    if random.once_in(3) {
        let mut condition = Body::new();
        condition.text("title", format!("until {word}, \"at least\""));
        if random.coin() {
            condition.text("description", random.prose());
        }
        condition.text(
            "expression",
            random.pick(&[
                "request.time < timestamp(\"2031-01-01T00:00:00Z\")",
                "resource.name.startsWith('projects/p/datasets/ground/tables/a') &&\n  resource.type == 'bigquery.googleapis.com/Table'",
            ]),
        );
        body.set("condition", condition.object());
    }
    body
}
