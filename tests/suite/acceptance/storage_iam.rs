//! Buckets, objects, service accounts and IAM members, from their first apply to their last destroy.

use headwater_tests::cloud::{Cloud, PROJECT, request};
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

use crate::conformance::tools::{Tools, contains};

const EMAIL: &str = "headwater-runner@test-project.iam.gserviceaccount.com";
const SECRET: &str = "acceptance-object-secret-7b1f";

/// The whole of them in one configuration; what `changed` changes is in its arguments.
fn configuration(changed: bool) -> String {
    let (description, age, content, role) = if changed {
        (
            "It runs extracts",
            60,
            "{\"currency\":\"EUR\"}",
            "roles/storage.objectUser",
        )
    } else {
        ("It runs", 30, "{}", "roles/storage.objectViewer")
    };
    let members: String = (0..6)
        .map(|number| {
            format!(
                r#"
resource "headwater_project_iam_member" "many_{number}" {{
  role   = "roles/bigquery.jobUser"
  member = "user:person-{number}@example.com"
}}
"#
            )
        })
        .collect();
    format!(
        r#"
variable "secret" {{
  type      = string
  ephemeral = true
}}

resource "headwater_storage_bucket" "lake" {{
  name                     = "iam-lake"
  location                 = "EU"
  force_destroy            = true
  versioning               = true
  public_access_prevention = "enforced"
  soft_delete_retention    = "0s"
  labels                   = {{ team = "data" }}

  lifecycle_rules = [
    {{
      action        = "SetStorageClass"
      storage_class = "NEARLINE"
      condition     = {{ age = {age}, matches_prefix = ["monthly/"] }}
    }},
    {{
      action    = "Delete"
      condition = {{ num_newer_versions = 3, is_live = false }}
    }},
  ]

  cors = [{{ origins = ["https://acme.example"], methods = ["GET"], max_age_seconds = 60 }}]
}}

resource "headwater_storage_bucket" "short" {{
  name              = "iam-short"
  location          = "EU"
  delete_after_days = {age}
  retention_policy  = {{ period = "1s" }}
}}

resource "headwater_storage_object" "rules" {{
  bucket        = headwater_storage_bucket.lake.id
  name          = "config/rules ü.json"
  content       = {content:?}
  content_type  = "application/json"
  cache_control = "no-store"
  metadata      = {{ owner = "crm" }}
}}

resource "headwater_storage_object" "big" {{
  bucket = headwater_storage_bucket.lake.id
  name   = "big.bin"
  source = "big.bin"
}}

resource "headwater_storage_object" "secret" {{
  bucket             = headwater_storage_bucket.lake.id
  name               = "secret.txt"
  content_wo         = var.secret
  content_wo_version = 1
}}

resource "headwater_bigquery_dataset" "raw" {{
  dataset_id = "iam_raw"
  location   = "EU"
}}

resource "headwater_service_account" "runner" {{
  account_id   = "headwater-runner"
  display_name = "Headwater"
  description  = {description:?}
}}

resource "headwater_project_iam_member" "jobs" {{
  role   = "roles/bigquery.jobUser"
  member = headwater_service_account.runner.member

  condition = {{
    title      = "until 2030"
    expression = "request.time < timestamp(\"2030-01-01T00:00:00Z\")"
  }}
}}

resource "headwater_storage_bucket_iam_member" "lake" {{
  bucket = headwater_storage_bucket.lake.id
  role   = {role:?}
  member = headwater_service_account.runner.member
}}

resource "headwater_bigquery_dataset_iam_member" "raw" {{
  dataset = headwater_bigquery_dataset.raw.id
  role    = "roles/bigquery.dataEditor"
  member  = headwater_service_account.runner.member
}}

resource "headwater_secret_iam_member" "crm" {{
  secret = "projects/{PROJECT}/secrets/of-others"
  role   = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:Headwater-Runner@{PROJECT}.iam.gserviceaccount.com"

  depends_on = [headwater_service_account.runner]
}}

data "headwater_service_account" "runner" {{
  account_id = "headwater-runner"
  depends_on = [headwater_service_account.runner]

  lifecycle {{
    postcondition {{
      condition     = self.unique_id == headwater_service_account.runner.unique_id
      error_message = "It is another account."
    }}
  }}
}}
{members}
"#
    )
}

/// Addresses, ids to import them by.
fn ids(role: &str) -> Vec<(String, String)> {
    let member = format!("serviceAccount:{EMAIL}");
    let mut ids: Vec<(&str, String)> = vec![
        ("headwater_storage_bucket.lake", "iam-lake".into()),
        ("headwater_storage_bucket.short", "gs://iam-short".into()),
        (
            "headwater_storage_object.rules",
            "gs://iam-lake/config/rules ü.json".into(),
        ),
        ("headwater_storage_object.big", "iam-lake/big.bin".into()),
        ("headwater_storage_object.secret", "iam-lake/secret.txt".into()),
        ("headwater_bigquery_dataset.raw", "iam_raw".into()),
        (
            "headwater_service_account.runner",
            format!("projects/{PROJECT}/serviceAccounts/{EMAIL}"),
        ),
        (
            "headwater_project_iam_member.jobs",
            format!("{PROJECT} roles/bigquery.jobUser {member} until 2030"),
        ),
        (
            "headwater_storage_bucket_iam_member.lake",
            format!("iam-lake {role} {member}"),
        ),
        (
            "headwater_bigquery_dataset_iam_member.raw",
            format!("projects/{PROJECT}/datasets/iam_raw roles/bigquery.dataEditor {member}"),
        ),
        (
            "headwater_secret_iam_member.crm",
            format!("projects/{PROJECT}/secrets/of-others roles/secretmanager.secretAccessor {member}"),
        ),
    ];
    let many: Vec<(String, String)> = (0..6)
        .map(|number| {
            (
                format!("headwater_project_iam_member.many_{number}"),
                format!("{PROJECT} roles/bigquery.jobUser user:person-{number}@example.com"),
            )
        })
        .collect();
    ids.drain(..)
        .map(|(address, id)| (address.to_owned(), id))
        .chain(many)
        .collect()
}

fn put(cloud: &Cloud, path: &str, body: &Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent.put(format!("{}{path}", cloud.url())).send_json(body).unwrap();
    assert_eq!(answer.status().as_u16(), 200, "PUT {path}");
}

fn ok(answer: (u16, Value)) -> Value {
    assert_eq!(answer.0, 200, "{}", answer.1);
    answer.1
}

/// Empties a policy of what is not ours to empty as well.
fn clear_project(cloud: &Cloud) {
    let path = format!("/v1/projects/{PROJECT}:setIamPolicy");
    ok(cloud.post(&path, &json!({"policy": {"version": 3, "bindings": []}})));
}

fn project_policy(cloud: &Cloud) -> Value {
    let options = json!({"options": {"requestedPolicyVersion": 3}});
    ok(cloud.post(&format!("/v1/projects/{PROJECT}:getIamPolicy"), &options))
}

fn secret_of_others(cloud: &Cloud) {
    let body = json!({"replication": {"automatic": {}}});
    ok(cloud.post(&format!("/v1/projects/{PROJECT}/secrets?secretId=of-others"), &body));
}

fn terraform(cloud: &Cloud) -> Terraform {
    let tf = Terraform::new(cloud, &configuration(false)).env("TF_VAR_secret", SECRET);
    std::fs::write(tf.dir().join("big.bin"), vec![7_u8; 20_000_000]).unwrap();
    tf
}

#[test]
fn buckets_objects_accounts_and_members_live_as_declared() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    secret_of_others(&cloud);
    let tf = terraform(&cloud);
    // Services do not know a new account at once.
    cloud.faults(&json!([
        {"method": "PUT", "path_prefix": "/storage/v1/b/iam-lake/iam",
         "action": {"status": 400, "message": format!("Service account {EMAIL} does not exist.")}},
        {"method": "POST", "path_prefix": format!("/v3/projects/{PROJECT}:setIamPolicy"),
         "action": {"status": 409, "message": "There were concurrent policy changes."}},
    ]));
    let applied = tf.apply();
    assert_eq!(cloud.get("/_control/faults").1["all_consumed"], true);
    cloud.clear_faults();
    tf.assert_no_changes("after apply");

    // All members of one policy that were granted at once are there.
    let policy = project_policy(&cloud);
    let people = policy["bindings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|binding| binding["condition"].is_null())
        .unwrap();
    assert_eq!(people["members"].as_array().unwrap().len(), 6, "{policy}");

    // Google's clients see it.
    let bucket = tools
        .gcloud(&["storage", "buckets", "describe", "gs://iam-lake", "--format=json"])
        .ok()
        .json();
    assert_eq!(
        bucket["lifecycle_config"]["rule"][0]["condition"]["age"], 30,
        "{bucket}"
    );
    assert_eq!(bucket["public_access_prevention"], "enforced", "{bucket}");
    let account = tools
        .gcloud(&["iam", "service-accounts", "describe", EMAIL, "--format=json"])
        .ok()
        .json();
    assert_eq!(account["description"], "It runs", "{account}");
    let project = tools
        .gcloud(&["projects", "get-iam-policy", PROJECT, "--format=json"])
        .ok()
        .json();
    contains(&project.to_string(), &["until 2030", EMAIL, "person-5@example.com"]);
    let lake = tools
        .gcloud(&["storage", "buckets", "get-iam-policy", "gs://iam-lake", "--format=json"])
        .ok()
        .json();
    contains(
        &lake.to_string(),
        &["roles/storage.objectViewer", EMAIL, "roles/storage.legacyBucketOwner"],
    );
    let text = tools
        .gcloud(&["storage", "cat", "gs://iam-lake/config/rules ü.json"])
        .ok()
        .stdout;
    assert_eq!(text, "{}");
    let big = tools
        .gcloud(&[
            "storage",
            "objects",
            "describe",
            "gs://iam-lake/big.bin",
            "--format=json",
        ])
        .ok()
        .json();
    assert_eq!(big["size"], 20_000_000, "{big}");

    // The secret is in the object and nowhere else.
    let seen = [
        ("state", tf.state()),
        ("apply", applied.text()),
        ("log", cloud.server.log()),
        ("plan", tf.plan().to_string()),
    ];
    for (what, text) in seen {
        assert!(!text.contains(SECRET), "the content is in the {what}");
    }
    let secret = cloud.get("/storage/v1/b/iam-lake/o/secret.txt?alt=media").1;
    assert_eq!(secret, Value::String(SECRET.into()));

    // Changes are updates in place, but for the role, which makes another grant.
    tf.write(&configuration(true));
    let mut changes = tf.changes();
    changes.sort();
    assert_eq!(
        changes,
        [
            "headwater_service_account.runner: update",
            "headwater_storage_bucket.lake: update",
            "headwater_storage_bucket.short: update",
            "headwater_storage_bucket_iam_member.lake: delete+create",
            "headwater_storage_object.rules: update",
        ]
    );
    tf.apply();
    tf.assert_no_changes("after the change");
    assert_eq!(
        cloud.object("iam-lake", "config/rules ü.json"),
        json!({"currency": "EUR"})
    );

    // A file that changed is seen.
    std::fs::write(tf.dir().join("big.bin"), b"small now").unwrap();
    assert_eq!(tf.changes(), ["headwater_storage_object.big: update"]);
    tf.apply();
    tf.assert_no_changes("after the file changed");

    // Every resource is imported into an empty state, and the plan is empty.
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id) in ids("roles/storage.objectUser") {
        tf.run(&["import", &address, &id]).ok();
    }
    tf.assert_no_changes("after import");

    let destroyed = tf.run(&["plan", "-destroy"]).ok();
    contains(&destroyed.text(), &["destroying the bucket `iam-lake` deletes"]);
    tf.destroy();
    left_nothing(&cloud);
}

fn left_nothing(cloud: &Cloud) {
    for (path, key) in [
        (format!("/storage/v1/b?project={PROJECT}"), "items"),
        (format!("/bigquery/v2/projects/{PROJECT}/datasets?all=true"), "datasets"),
        (format!("/v1/projects/{PROJECT}/serviceAccounts"), "accounts"),
    ] {
        let body = ok(cloud.get(&path));
        assert_eq!(body[key], Value::Null, "{path}");
    }
    assert_eq!(project_policy(cloud)["bindings"], json!([]));
    let secret = format!("/v1/projects/{PROJECT}/secrets/of-others:getIamPolicy");
    assert_eq!(ok(cloud.get(&secret))["bindings"], json!([]));
}

#[test]
fn what_others_change_or_delete_is_mended() {
    let cloud = Cloud::start();
    secret_of_others(&cloud);
    let tf = terraform(&cloud);
    tf.apply();
    let upload = |name: &str| {
        let path = format!("/upload/storage/v1/b/iam-lake/o?uploadType=media&name={name}");
        ok(cloud.post(&path, &json!({"by": "hand"})));
    };
    let delete = |path: &str| {
        let status = cloud.delete(path);
        assert!((200..300).contains(&status), "DELETE {path}: {status}");
    };
    let patch = |path: &str, body: &Value| {
        ok(request("PATCH", &format!("{}{path}", cloud.url()), Some(body)));
    };
    let account = format!("/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}");
    let dataset = format!("/bigquery/v2/projects/{PROJECT}/datasets/iam_raw");
    type Deed<'a> = (&'a dyn Fn(), &'a [&'a str]);
    let deeds: [Deed<'_>; 10] = [
        (
            &|| upload("config%2Frules%20%C3%BC.json"),
            &["headwater_storage_object.rules: update"],
        ),
        (
            &|| delete("/storage/v1/b/iam-lake/o/big.bin"),
            &["headwater_storage_object.big: create"],
        ),
        (
            &|| {
                patch(
                    "/storage/v1/b/iam-lake/o/big.bin",
                    &json!({"cacheControl": "no-store", "metadata": {"x": "y"}}),
                );
            },
            &["headwater_storage_object.big: update"],
        ),
        (
            &|| {
                patch(
                    "/storage/v1/b/iam-lake",
                    &json!({"lifecycle": null, "cors": null, "labels": {"team": "other"}}),
                );
            },
            &["headwater_storage_bucket.lake: update"],
        ),
        (
            &|| {
                patch(
                    "/storage/v1/b/iam-short",
                    &json!({"retentionPolicy": {"retentionPeriod": "2"}, "website": {"mainPageSuffix": "x"}}),
                );
            },
            &["headwater_storage_bucket.short: update"],
        ),
        (
            &|| delete("/storage/v1/b/iam-short"),
            &["headwater_storage_bucket.short: create"],
        ),
        (
            &|| drop(ok(cloud.post(&format!("{account}:disable"), &json!({})))),
            &["headwater_service_account.runner: update"],
        ),
        (
            &|| put(&cloud, "/storage/v1/b/iam-lake/iam", &json!({"bindings": []})),
            &["headwater_storage_bucket_iam_member.lake: create"],
        ),
        (
            &|| {
                patch(
                    &dataset,
                    &json!({"access": [{"role": "OWNER", "specialGroup": "projectOwners"}]}),
                );
            },
            &["headwater_bigquery_dataset_iam_member.raw: create"],
        ),
        (
            &|| clear_project(&cloud),
            &[
                "headwater_project_iam_member.jobs: create",
                "headwater_project_iam_member.many_0: create",
                "headwater_project_iam_member.many_1: create",
                "headwater_project_iam_member.many_2: create",
                "headwater_project_iam_member.many_3: create",
                "headwater_project_iam_member.many_4: create",
                "headwater_project_iam_member.many_5: create",
            ],
        ),
    ];
    for (deed, expected) in deeds {
        deed();
        let mut changes = tf.changes();
        changes.sort();
        assert_eq!(changes, expected);
        tf.apply();
        tf.assert_no_changes(&format!("after {expected:?}"));
    }
    // With the account goes what was granted to it: a new one of its name has nothing.
    delete(&account);
    let mut changes = tf.changes();
    changes.sort();
    assert_eq!(
        changes,
        [
            "headwater_project_iam_member.jobs: create",
            "headwater_secret_iam_member.crm: create",
            "headwater_service_account.runner: create",
            "headwater_storage_bucket_iam_member.lake: create",
        ]
    );
    tf.apply();
    tf.assert_no_changes("after the account was made anew");
    tf.destroy();
    // What was granted to the first account is still there, under its number, as Google leaves it.
    contains(&project_policy(&cloud).to_string(), &["deleted:serviceAccount:"]);
}
