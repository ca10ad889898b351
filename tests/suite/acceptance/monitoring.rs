//! Monitoring's resources from nothing to nothing: changes, drift, disappearance, import, and names that the service chooses.

use headwater_tests::cloud::{Cloud, PROJECT, request};
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

/// The configuration, with what the test changes.
fn configuration(address: &str, value: &str, title: &str, outcome: &str) -> String {
    format!(
        r#"
resource "headwater_monitoring_notification_channel" "mail" {{
  display_name = "data on call"
  type         = "email"
  labels       = {{ email_address = "{address}" }}
}}

resource "headwater_monitoring_alert_policy" "late" {{
  display_name = "late"
  severity     = "ERROR"
  conditions = [
    {{
      display_name = "backlog"
      threshold = {{
        filter   = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\""
        value    = {value}
        duration = "5m"
      }}
    }},
    {{ display_name = "stale", promql = {{ query = "vector(0) > 1" }} }},
  ]
  documentation         = "Look at $${{resource.label.subscription_id}}."
  notification_channels = [headwater_monitoring_notification_channel.mail.id]
  user_labels           = {{ team = "crm" }}
}}

resource "headwater_monitoring_dashboard" "data" {{
  name       = "data"
  definition = jsonencode({{ displayName = "Data", gridLayout = {{ columns = 2, widgets = [{{ title = "{title}", blank = {{}} }}] }} }})
  labels     = {{ team = "crm" }}
}}

resource "headwater_logging_metric" "runs" {{
  name             = "runs"
  filter           = "jsonPayload.outcome = \"{outcome}\""
  label_extractors = {{ pipeline = "EXTRACT(jsonPayload.pipeline)" }}
}}
"#
    )
}

fn first() -> String {
    configuration("a@acme.com", "600", "one", "failed")
}

const ADDRESSES: [&str; 4] = [
    "headwater_logging_metric.runs",
    "headwater_monitoring_alert_policy.late",
    "headwater_monitoring_dashboard.data",
    "headwater_monitoring_notification_channel.mail",
];

/// The path at which the local cloud has it.
fn path(tf: &Terraform, address: &str) -> String {
    let state: Value = serde_json::from_str(&tf.state()).unwrap();
    let (kind, name) = address.split_once('.').unwrap();
    let mut resources = state["resources"].as_array().unwrap().iter();
    let found = resources
        .find(|found| found["type"] == kind && found["name"] == name)
        .unwrap();
    let id = found["instances"][0]["attributes"]["id"].as_str().unwrap();
    let version = match kind {
        "headwater_logging_metric" => "v2",
        "headwater_monitoring_dashboard" => "v1",
        _ => "v3",
    };
    format!("/{version}/{id}")
}

fn list(cloud: &Cloud, path: &str, member: &str) -> Vec<Value> {
    let (status, answer) = cloud.get(&format!("{path}/projects/{PROJECT}/{member}"));
    assert_eq!(status, 200, "{answer}");
    answer[member].as_array().cloned().unwrap_or_default()
}

#[test]
fn monitoring_lives_and_dies() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &first());
    tf.apply();
    tf.assert_no_changes("after apply");
    let policy = path(&tf, ADDRESSES[1]);
    let (_, made) = cloud.get(&policy);
    assert_eq!(
        made["userLabels"],
        json!({"headwater-managed": "true", "team": "crm"}),
        "{made}"
    );
    assert_eq!(
        made["documentation"]["content"],
        "Look at ${resource.label.subscription_id}."
    );

    tf.write(&configuration("b@acme.com", "0", "two", "refused"));
    assert_eq!(tf.changes(), ADDRESSES.map(|address| format!("{address}: update")));
    tf.apply();
    tf.assert_no_changes("after the change");
    let (_, changed) = cloud.get(&policy);
    for index in 0..2 {
        let name = |policy: &Value| policy["conditions"][index]["name"].clone();
        assert_eq!(
            name(&made),
            name(&changed),
            "a condition that is changed stays the same one"
        );
    }

    // What somebody else changed is changed back.
    let dashboard = json!({"displayName": "Data", "gridLayout": {"columns": 2}});
    let metric = json!({"name": "runs", "filter": "severity>=ERROR"});
    let drifts = [
        (1, "PATCH", "?updateMask=enabled,severity", json!({"enabled": false})),
        (3, "PATCH", "?updateMask=description", json!({"description": "theirs"})),
        (2, "PATCH", "", dashboard),
        (0, "PUT", "", metric),
    ];
    for (index, verb, query, body) in drifts {
        let address = ADDRESSES[index];
        let url = format!("{}{}{query}", cloud.url(), path(&tf, address));
        let (status, answer) = request(verb, &url, Some(&body));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(tf.changes(), [format!("{address}: update")]);
        tf.apply();
        tf.assert_no_changes("after the drift was mended");
    }

    // What somebody else deleted is made anew. A channel that a policy names is not theirs to delete.
    assert_eq!(cloud.delete(&path(&tf, ADDRESSES[3])), 400);
    for address in ADDRESSES {
        let force = if address.contains("channel") { "?force=true" } else { "" };
        assert_eq!(cloud.delete(&format!("{}{force}", path(&tf, address))), 200);
        let changes = tf.changes();
        assert!(
            changes.contains(&format!("{address}: create")),
            "{address}: {changes:?}"
        );
        tf.apply();
        tf.assert_no_changes(&format!("after {address} was mended"));
    }

    let ids = ADDRESSES.map(|address| path(&tf, address)[4..].to_owned());
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id) in ADDRESSES.iter().zip(&ids) {
        tf.run(&["import", address, id]).ok();
    }
    tf.assert_no_changes("after import");
    tf.destroy();
    for (version, member) in [
        ("/v3", "alertPolicies"),
        ("/v3", "notificationChannels"),
        ("/v1", "dashboards"),
        ("/v2", "metrics"),
    ] {
        assert_eq!(list(&cloud, version, member), Vec::<Value>::new(), "{member}");
    }
}

/// Whatever was made by an apply that did not live to say so: without its state everything is there already.
#[test]
fn what_a_lost_apply_made_is_adopted_and_what_differs_is_not() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &first());
    tf.apply();
    let before = ["alertPolicies", "notificationChannels"].map(|member| list(&cloud, "/v3", member));
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    tf.apply();
    tf.assert_no_changes("after everything was adopted");
    let after = ["alertPolicies", "notificationChannels"].map(|member| list(&cloud, "/v3", member));
    assert_eq!(before, after, "nothing was made twice");

    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    tf.write(&configuration("a@acme.com", "700", "one", "failed"));
    let refused = tf.run(&["apply", "-auto-approve"]);
    let told = format!("terraform import ADDRESS {}", before[0][0]["name"].as_str().unwrap());
    let text: String = refused
        .text()
        .replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(refused.code != 0 && text.contains(&told), "{text}");

    // A policy of the same name that others made is none of ours.
    let (status, answer) = cloud.post(
        &format!("/v3/projects/{PROJECT}/notificationChannels"),
        &json!({"displayName": "other", "type": "email", "labels": {"email_address": "x@acme.com"}}),
    );
    assert_eq!(status, 200, "{answer}");
    let other = r#"resource "headwater_monitoring_notification_channel" "other" {
  display_name = "other"
  type         = "email"
  labels       = { email_address = "x@acme.com" }
}"#;
    tf.write(&format!("{}{other}", first()));
    tf.apply();
    tf.assert_no_changes("beside one that others made");
    assert_eq!(list(&cloud, "/v3", "notificationChannels").len(), 3);
}
