//! Alert policies, notification channels, dashboards and log-based metrics.

use headwater_tests::cloud::PROJECT;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind};

const GROUND: &str = r#"
resource "headwater_monitoring_notification_channel" "ground" {
  display_name = "ground"
  type         = "email"
  labels       = { email_address = "on-call@acme.com" }
}
"#;

pub fn group() -> Group {
    let all = |version: &str, kind: &str| format!("/{version}/projects/{PROJECT}/{kind}?pageSize=1000");
    Group {
        name: "monitoring",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_monitoring_notification_channel", channel),
            Kind::new("headwater_monitoring_alert_policy", policy),
            Kind::new("headwater_monitoring_dashboard", dashboard),
            Kind::new("headwater_logging_metric", metric),
        ],
        org: false,
        lists: vec![
            (all("v3", "alertPolicies"), "alertPolicies"),
            (all("v3", "notificationChannels"), "notificationChannels"),
            (all("v1", "dashboards"), "dashboards"),
            (all("v2", "metrics"), "metrics"),
        ],
    }
}

/// What policies and channels have in common. The name is unique.
fn named(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("display_name", format!("{} {index}", random.prose()));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.raw("enabled", random.coin());
    }
    if random.coin() {
        body.set("user_labels", random.labels());
    }
    body
}

fn one(key: &str, value: String) -> Hcl {
    Hcl::Object(vec![(key.into(), Hcl::text(value))])
}

fn channel(random: &mut Random, index: usize) -> Body {
    let mut body = named(random, index);
    let (kind, labels) = match random.number(0, 3) {
        0 => ("email", one("email_address", format!("{}@acme.com", random.word()))),
        1 => (
            "pubsub",
            one("topic", format!("projects/{PROJECT}/topics/{}", random.word())),
        ),
        2 => ("google_chat", one("space", format!("spaces/{}", random.word()))),
        _ => ("sms", one("number", "+4930123456".to_owned())),
    };
    body.text("type", kind);
    body.set("labels", labels);
    if random.coin() {
        body.text("description", random.prose());
    }
    body
}

fn policy(random: &mut Random, index: usize) -> Body {
    let mut body = named(random, index);
    let of_logs = random.once_in(5);
    let count = if of_logs { 1 } else { random.number(1, 6) };
    let conditions = (0..count).map(|number| condition(random, number, of_logs));
    body.set("conditions", Hcl::List(conditions.collect()));
    if of_logs {
        body.text("notification_period", random.pick(&["300s", "1h", "90m"]));
    }
    if random.coin() {
        body.text("severity", random.pick(&["CRITICAL", "ERROR", "WARNING"]));
    }
    if random.coin() {
        body.text("combiner", random.pick(&["OR", "AND", "AND_WITH_MATCHING_RESOURCE"]));
    }
    if random.coin() {
        body.text("documentation", random.prose());
    }
    if random.coin() {
        body.text("subject", random.prose());
    }
    if random.coin() {
        let ground = "headwater_monitoring_notification_channel.ground.id";
        body.set("notification_channels", Hcl::List(vec![Hcl::raw(ground)]));
    }
    if random.coin() {
        body.text("auto_close", random.pick(&["30m", "1800s", "168h", "1h30m"]));
    }
    body
}

fn condition(random: &mut Random, number: u64, of_logs: bool) -> Hcl {
    let mut body = Body::new();
    body.text("display_name", format!("{number}: {}", random.prose()));
    match random.number(0, 2) {
        _ if of_logs => {
            let mut log = Body::new();
            log.text(
                "filter",
                "severity >= ERROR AND jsonPayload.message = \"run \\\"finished\\\"\"",
            );
            if random.coin() {
                log.set(
                    "label_extractors",
                    one("job", "EXTRACT(resource.labels.job_name)".to_owned()),
                );
            }
            body.set("log_match", log.object());
        }
        0 => {
            let mut threshold = series(random);
            let values = ["0", "1", "-1.5", "0.001", "1e12", "604800"];
            threshold.raw("value", random.pick(&values));
            if random.coin() {
                threshold.text("comparison", random.pick(&["COMPARISON_GT", "COMPARISON_LT"]));
            }
            if random.coin() {
                let lasting = random.pick(&["1m", "300s", "1h", "23h30m"]);
                threshold.text("duration", lasting);
                if random.coin() {
                    let missing = ["INACTIVE", "ACTIVE", "NO_OP"];
                    let missing = format!("EVALUATION_MISSING_DATA_{}", random.pick(&missing));
                    threshold.text("evaluation_missing_data", missing);
                }
            }
            body.set("threshold", threshold.object());
        }
        1 => {
            let mut absence = series(random);
            absence.text("duration", random.pick(&["2m", "120s", "23h30m", "1h"]));
            body.set("absence", absence.object());
        }
        _ => {
            let mut query = Body::new();
            query.text(
                "query",
                random.pick(&["vector(1) > 0", "absent_over_time({\"a/b\", c=\"d\"}[26h])"]),
            );
            if random.coin() {
                query.text("duration", random.pick(&["0s", "90s", "10m"]));
            }
            if random.coin() {
                query.text("evaluation_interval", random.pick(&["30s", "90s", "1h"]));
            }
            body.set("promql", query.object());
        }
    }
    body.object()
}

/// A filter, and how its series are put together.
fn series(random: &mut Random) -> Body {
    let mut body = Body::new();
    body.text(
        "filter",
        random.pick(&[
            r#"metric.type="run.googleapis.com/job/completed_execution_count" AND resource.type="cloud_run_job""#,
            r#"resource.type = "pubsub_subscription" metric.type = "a/b" resource.labels.subscription_id = one_of("x", "y\"z")"#,
        ]),
    );
    let how = random.number(0, 3);
    if how > 0 {
        body.text("alignment_period", random.pick(&["60s", "5m", "24h"]));
        body.text(
            "per_series_aligner",
            random.pick(&["ALIGN_SUM", "ALIGN_MAX", "ALIGN_PERCENTILE_99"]),
        );
    }
    if how > 1 {
        body.text("cross_series_reducer", random.pick(&["REDUCE_SUM", "REDUCE_MAX"]));
    }
    if how > 2 {
        let fields = ["resource.label.job_name", "metric.label.result"];
        body.set("group_by_fields", Hcl::texts(random.some(&fields)));
    }
    body
}

fn dashboard(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("d{index}-{}", random.word()));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    let layout = match random.number(0, 2) {
        0 => r#""gridLayout": {"columns": 2, "widgets": [{"title": "a", "blank": {}}]}"#,
        1 => {
            r#""mosaicLayout": {"columns": 48, "tiles": [{"width": 24, "height": 8, "xPos": 24, "widget": {"text": {"content": "x", "format": "MARKDOWN"}}}]}"#
        }
        _ => r#" "rowLayout" : {"rows": [{"weight": "1", "widgets": [{"logsPanel": {"filter": "severity>=ERROR"}}]}]}"#,
    };
    body.text("definition", format!("{{\"displayName\": \"d {index}\", {layout}}}"));
    body
}

fn metric(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("m{index}_{}", random.word()));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.text("description", random.prose());
    }
    body.text(
        "filter",
        random.pick(&[
            "severity>=ERROR",
            "jsonPayload.message = \"run finished\"\nresource.type=\"cloud_run_job\"",
        ]),
    );
    if random.coin() {
        body.set(
            "label_extractors",
            one("pipeline", "EXTRACT(jsonPayload.pipeline)".to_owned()),
        );
    }
    if random.coin() {
        body.text(
            "value_extractor",
            random.pick(&[
                "EXTRACT(jsonPayload.percent)",
                "REGEXP_EXTRACT(textPayload, \"n=(\\\\d+)\")",
            ]),
        );
        body.set("buckets", Hcl::List([0.0, 0.5, 10.0, 1000.0].map(Hcl::raw).into()));
    }
    if random.coin() {
        body.text("unit", random.pick(&["1", "%", "By", "s"]));
    }
    if random.coin() {
        body.raw("disabled", random.coin());
    }
    body
}
