//! Topics, subscriptions, secrets and schedules: from nothing to what Google's tools describe, and back to nothing.

use headwater_tests::cloud::{Cloud, PROJECT, REGION, request};
use headwater_tests::inventory::inventory;
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

use crate::conformance::tools::Tools;

const PAYLOAD: &str = "not-to-be-seen-anywhere";

/// The whole, in a first and a second form.
fn configuration(second: bool) -> String {
    let pick = |first: &'static str, then: &'static str| if second { then } else { first };
    format!(
        r#"
variable "token" {{
  type      = string
  ephemeral = true
}}

resource "headwater_pubsub_schema" "change" {{
  name = "account-change"
  type = "AVRO"
  definition = jsonencode({{
    type   = "record"
    name   = "Change"
    fields = [{{ name = "id", type = "string" }}{more_fields}]
  }})
}}

resource "headwater_pubsub_topic" "changes" {{
  name                       = "changes"
  message_retention_duration = "{retention}"
  schema_settings            = {{ schema = headwater_pubsub_schema.change.id }}
  labels                     = {{ {labels} }}
}}

resource "headwater_pubsub_topic" "dead" {{
  name = "dead"
}}

resource "headwater_pubsub_subscription" "workers" {{
  name                         = "workers"
  topic                        = headwater_pubsub_topic.changes.id
  ack_deadline_seconds         = {ack}
  enable_exactly_once_delivery = true
  enable_message_ordering      = true
  retain_acked_messages        = {retain}
  expiration_ttl               = "{expiration}"
  filter                       = "attributes.object = \"Account\""
  retry_policy                 = {{ minimum_backoff = "{backoff}", maximum_backoff = "5m" }}
  dead_letter_policy           = {{ dead_letter_topic = headwater_pubsub_topic.dead.id, max_delivery_attempts = 7 }}
}}

resource "headwater_pubsub_subscription" "hook" {{
  name  = "hook"
  topic = headwater_pubsub_topic.changes.id
  {push}
}}

resource "headwater_secret" "token" {{
  name        = "token"
  labels      = {{ {labels} }}
  annotations = {{ owner = "Ann" }}
}}

resource "headwater_secret_version" "token" {{
  secret                 = headwater_secret.token.id
  secret_data_wo         = var.token
  secret_data_wo_version = {version}
}}

resource "headwater_scheduler_job" "nightly" {{
  name      = "nightly"
  schedule  = "{cron}"
  time_zone = "Europe/Berlin"
  paused    = {paused}
  http_target = {{
    uri        = "https://report.example/nightly"
    headers    = {{ X-Team = "crm" }}
    body       = jsonencode({{ day = "yesterday" }})
    oidc_token = {{ service_account_email = "scheduler@acme-data.iam.gserviceaccount.com" }}
  }}
}}

resource "headwater_scheduler_job" "tick" {{
  name          = "tick"
  schedule      = "0 0 1 1 *"
  pubsub_target = {{ topic = headwater_pubsub_topic.dead.id, data = "{data}", attributes = {{ kind = "tick" }} }}
  retry_config  = {{ retry_count = 2 }}
}}
"#,
        more_fields = pick("", r#", { name = "note", type = ["null", "string"], default = null }"#),
        retention = pick("24h", "172800s"),
        labels = pick(r#"team = "crm", old = "yes""#, r#"team = "data""#),
        ack = pick("60", "30"),
        retain = pick("true", "false"),
        expiration = pick("never", "48h"),
        backoff = pick("5s", "15s"),
        push = pick(
            r#"push_config = { push_endpoint = "https://hook.example/a", oidc_token = { service_account_email = "a@acme-data.iam.gserviceaccount.com" } }"#,
            "",
        ),
        version = pick("1", "2"),
        cron = pick("30 2 * * *", "45 3 * * MON-FRI"),
        paused = pick("true", "false"),
        data = pick("go", "on"),
    )
}

/// Addresses, ids, and what deletes each behind Terraform's back.
fn resources() -> Vec<(&'static str, String, String)> {
    let jobs = format!("projects/{PROJECT}/locations/{REGION}/jobs");
    let named = |address, name: String| (address, name.clone(), format!("/v1/{name}"));
    vec![
        named(
            "headwater_pubsub_subscription.workers",
            format!("projects/{PROJECT}/subscriptions/workers"),
        ),
        named(
            "headwater_pubsub_subscription.hook",
            format!("projects/{PROJECT}/subscriptions/hook"),
        ),
        named(
            "headwater_pubsub_topic.changes",
            format!("projects/{PROJECT}/topics/changes"),
        ),
        named("headwater_pubsub_topic.dead", format!("projects/{PROJECT}/topics/dead")),
        named(
            "headwater_pubsub_schema.change",
            format!("projects/{PROJECT}/schemas/account-change"),
        ),
        named("headwater_scheduler_job.nightly", format!("{jobs}/nightly")),
        named("headwater_scheduler_job.tick", format!("{jobs}/tick")),
        named("headwater_secret.token", format!("projects/{PROJECT}/secrets/token")),
    ]
}

fn described(tools: &Tools, arguments: &[&str]) -> Value {
    tools.gcloud(&[arguments, &["--format=json"]].concat()).ok().json()
}

/// The state of a version of the secret, by its number.
fn state_of_version(cloud: &Cloud, number: u32) -> String {
    let (_, version) = cloud.get(&format!("/v1/projects/{PROJECT}/secrets/token/versions/{number}"));
    version["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn messages_secrets_and_schedules_live_and_die() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let tools = Tools::new(&cloud);
    let tf = Terraform::new(&cloud, &configuration(false)).env("TF_VAR_token", PAYLOAD);
    let applied = tf.apply();
    tf.assert_no_changes("after apply");

    // Google's own tools see what was created.
    let location = format!("--location={REGION}");
    let topic = described(&tools, &["pubsub", "topics", "describe", "changes"]);
    assert_eq!(topic["messageRetentionDuration"], "86400s");
    assert_eq!(
        topic["labels"],
        json!({"team": "crm", "old": "yes", "headwater-managed": "true"})
    );
    let workers = described(&tools, &["pubsub", "subscriptions", "describe", "workers"]);
    assert_eq!(workers["ackDeadlineSeconds"], 60);
    assert_eq!(workers["retryPolicy"]["maximumBackoff"], "300s");
    assert_eq!(workers["deadLetterPolicy"]["maxDeliveryAttempts"], 7);
    assert!(workers["expirationPolicy"]["ttl"].is_null(), "{workers}");
    let secret = described(&tools, &["secrets", "describe", "token"]);
    assert_eq!(secret["annotations"], json!({"owner": "Ann"}));
    let access = ["secrets", "versions", "access", "latest", "--secret=token"];
    assert_eq!(tools.gcloud(&access).ok().stdout, PAYLOAD);
    let job = described(&tools, &["scheduler", "jobs", "describe", "nightly", &location]);
    assert_eq!(
        (&job["schedule"], &job["state"]),
        (&json!("30 2 * * *"), &json!("PAUSED"))
    );
    let tick = described(&tools, &["scheduler", "jobs", "describe", "tick", &location]);
    assert_eq!(tick["pubsubTarget"]["data"], "Z28=");

    // Everything changes in place, the payload too.
    let tf = tf.env("TF_VAR_token", &format!("{PAYLOAD}-either"));
    let first = described(&tools, &["pubsub", "schemas", "describe", "account-change"]);
    tf.write(&configuration(true));
    let changes = tf.changes();
    let expected: Vec<&str> = [
        "pubsub_schema.change",
        "pubsub_subscription.hook",
        "pubsub_subscription.workers",
        "pubsub_topic.changes",
        "scheduler_job.nightly",
        "scheduler_job.tick",
        "secret.token",
        "secret_version.token",
    ]
    .into();
    let expected: Vec<String> = expected
        .iter()
        .map(|name| format!("headwater_{name}: update"))
        .collect();
    assert_eq!(sorted(changes), expected);
    let changed = tf.apply();
    tf.assert_no_changes("after a change");
    let topic = described(&tools, &["pubsub", "topics", "describe", "changes"]);
    assert_eq!(topic["messageRetentionDuration"], "172800s");
    assert_eq!(topic["labels"], json!({"team": "data", "headwater-managed": "true"}));
    let second = described(&tools, &["pubsub", "schemas", "describe", "account-change"]);
    assert_ne!(first["revisionId"], second["revisionId"]);
    let job = described(&tools, &["scheduler", "jobs", "describe", "nightly", &location]);
    assert_eq!(
        (&job["schedule"], &job["state"]),
        (&json!("45 3 * * MON-FRI"), &json!("ENABLED"))
    );
    let (_, hook) = cloud.get(&format!("/v1/projects/{PROJECT}/subscriptions/hook"));
    assert!(hook["pushConfig"]["pushEndpoint"].is_null(), "{hook}");
    assert_eq!(
        (state_of_version(&cloud, 1), state_of_version(&cloud, 2)),
        ("DESTROYED".into(), "ENABLED".into())
    );

    // The payload is nowhere to be seen.
    tf.plan();
    for (what, text) in [
        ("apply", applied.text() + &changed.text()),
        ("state", tf.state()),
        (
            "plan file",
            String::from_utf8_lossy(&std::fs::read(tf.dir().join("plan.bin")).unwrap()).into_owned(),
        ),
        ("log of the local cloud", cloud.server.log()),
    ] {
        assert!(!text.contains(PAYLOAD), "the payload is in the {what}");
    }

    // What is deleted or destroyed behind Terraform's back is planned anew, and applying mends it.
    for (address, _, path) in resources() {
        let status = cloud.delete(&path);
        assert!((200..300).contains(&status), "DELETE {path}: {status}");
        let changes = tf.changes();
        assert!(
            changes.contains(&format!("{address}: create")),
            "{address} was deleted, the plan is {changes:?}"
        );
        tf.apply();
        tf.assert_no_changes(&format!("after {address} was mended"));
    }
    let version = format!("/v1/projects/{PROJECT}/secrets/token/versions/1");
    let (status, _) = cloud.post(&format!("{version}:disable"), &json!({}));
    assert_eq!(
        (status, tf.changes()),
        (200, vec!["headwater_secret_version.token: update".to_owned()])
    );
    tf.apply();
    let (status, _) = cloud.post(&format!("{version}:destroy"), &json!({}));
    assert_eq!(
        (status, tf.changes()),
        (200, vec!["headwater_secret_version.token: create".to_owned()])
    );
    tf.apply();
    tf.assert_no_changes("after the version was mended");

    // Everything is imported into an empty state, and the plan is empty.
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id, _) in resources() {
        tf.run(&["import", address, &id]).ok();
    }
    tf.run(&["import", "headwater_secret_version.token", "token/2"]).ok();
    tf.assert_no_changes("after import");

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[test]
fn what_is_there_already_is_adopted_or_refused_by_its_mark() {
    let cloud = Cloud::start();
    let topic = format!("{}/v1/projects/{PROJECT}/topics/changes", cloud.url());
    let tf = Terraform::new(
        &cloud,
        "resource \"headwater_pubsub_topic\" \"changes\" {\n  name = \"changes\"\n}\n",
    );
    for (labels, adopted) in [
        (json!({}), false),
        (json!({"headwater-managed": "true", "team": "crm"}), false),
        (json!({"headwater-managed": "true"}), true),
    ] {
        let (status, body) = request("PUT", &topic, Some(&json!({ "labels": labels })));
        assert_eq!(status, 200, "{body}");
        let ended = tf.run(&["apply", "-auto-approve"]);
        assert_eq!(ended.code == 0, adopted, "{labels}: {}", ended.text());
        assert!(adopted || ended.text().contains("terraform import"), "{}", ended.text());
        assert!((200..300).contains(&request("DELETE", &topic, None).0));
    }
}

#[test]
fn data_sources_find_what_is_there() {
    let cloud = Cloud::start();
    let put = |path: String, body: Value| {
        let (status, answer) = request("PUT", &format!("{}{path}", cloud.url()), Some(&body));
        assert_eq!(status, 200, "{answer}");
    };
    put(
        format!("/v1/projects/{PROJECT}/topics/there"),
        json!({"messageRetentionDuration": "600s"}),
    );
    let topic = format!("projects/{PROJECT}/topics/there");
    put(
        format!("/v1/projects/{PROJECT}/subscriptions/there"),
        json!({"topic": topic, "ackDeadlineSeconds": 20}),
    );
    let secrets = format!("/v1/projects/{PROJECT}/secrets");
    let (status, _) = cloud.post(
        &format!("{secrets}?secretId=there"),
        &json!({"replication": {"automatic": {}}}),
    );
    assert_eq!(status, 200);
    let payload = json!({"payload": {"data": "aHVzaA=="}});
    assert_eq!(cloud.post(&format!("{secrets}/there:addVersion"), &payload).0, 200);
    cloud.create_lake_and_dataset("there-lake", "there");
    let tf = Terraform::new(
        &cloud,
        r#"
data "headwater_project" "this" {}
data "headwater_pubsub_topic" "there" { name = "there" }
data "headwater_pubsub_subscription" "there" { name = "there" }
data "headwater_secret" "there" { name = "there" }
data "headwater_secret_version" "there" { secret = data.headwater_secret.there.id }
data "headwater_storage_bucket" "there" { name = "there-lake" }
output "found" {
  value = [
    data.headwater_project.this.number != "",
    data.headwater_pubsub_topic.there.message_retention_duration,
    data.headwater_pubsub_subscription.there.ack_deadline_seconds,
    data.headwater_secret_version.there.number,
    data.headwater_secret_version.there.state,
    data.headwater_storage_bucket.there.location,
  ]
}
"#,
    );
    tf.apply();
    let found = tf.run(&["output", "-json", "found"]).ok().json();
    assert_eq!(found, json!([true, "600s", 20, "1", "ENABLED", "EU"]));
    assert!(!tf.state().contains("hush") && !tf.state().contains("aHVzaA"));
    tf.write("data \"headwater_pubsub_topic\" \"gone\" {\n  name = \"gone\"\n}\n");
    let ended = tf.run(&["plan"]);
    assert!(
        ended.code != 0 && ended.text().contains("does not exist"),
        "{}",
        ended.text()
    );
}
