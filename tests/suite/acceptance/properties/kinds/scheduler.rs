//! Jobs of the scheduler.

use headwater_tests::cloud::{PROJECT, REGION};

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional};

const GROUND: &str = r#"
resource "headwater_pubsub_topic" "ground" {
  name = "scheduler-ground"
}
"#;

pub fn group() -> Group {
    Group {
        name: "scheduler",
        ground: GROUND.to_owned(),
        kinds: vec![Kind::new("headwater_scheduler_job", job)],
        org: false,
        lists: vec![(regional("v1", "jobs"), "jobs")],
    }
}

fn job(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let name = match random.number(0, 5) {
        0 => format!("{index}_-"),
        1 => format!("{:-<500}", format!("Job_{index}")),
        _ => format!("j{index}-{}", random.word()),
    };
    body.text("name", name);
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.text("region", REGION);
    }
    if random.coin() {
        body.text("description", random.prose());
    }
    body.text("schedule", schedule(random));
    if random.coin() {
        body.text("time_zone", zone(random));
    }
    if random.coin() {
        body.raw("paused", random.coin());
    }
    if random.coin() {
        body.set("retry_config", retries(random));
    }
    if random.coin() {
        if random.coin() {
            let deadlines = ["15s", "3m", "180s", "30m", "1m30.5s"];
            body.text("attempt_deadline", random.pick(&deadlines));
        }
        body.set("http_target", http(random));
    } else {
        body.set("pubsub_target", message(random));
    }
    body
}

/// Unix-cron in all of its forms.
fn schedule(random: &mut Random) -> String {
    if random.coin() {
        return random.cron();
    }
    let forms = [
        "* * * * *",
        "0,15,30-35 */6 * * *",
        "59 23 29 2 *",
        "0 9 1 jan,JUL *",
        "5 4 * * sun",
        "0 0 * * 7",
        "0 8-18/2 * 1-6 mon-Fri",
        "0 0 31 * *",
        " 0  0\t* * 0 ",
        "00 07 01 01 *",
    ];
    random.pick(&forms).to_owned()
}

fn zone(random: &mut Random) -> &'static str {
    if random.coin() {
        return random.zone();
    }
    random.pick(&[
        "Etc/UTC",
        "Etc/GMT+12",
        "GMT",
        "EST5EDT",
        "Asia/Kathmandu",
        "Asia/Calcutta",
        "America/Argentina/Buenos_Aires",
        "America/Port-au-Prince",
        "Pacific/Chatham",
    ])
}

fn retries(random: &mut Random) -> Hcl {
    let mut retry = Body::new();
    let names = [
        "retry_count",
        "max_doublings",
        "max_retry_duration",
        "min_backoff_duration",
        "max_backoff_duration",
    ];
    // None of them, or what Google would fill in, is as good as nothing said.
    let names = if random.once_in(8) {
        Vec::new()
    } else {
        random.some(&names)
    };
    for name in names {
        match name {
            "retry_count" => retry.raw(name, random.number(0, 5)),
            "max_doublings" => retry.raw(name, random.pick(&[0, 5, 16])),
            "max_retry_duration" => retry.text(name, random.pick(&["0s", "1h", "90m", "1.5s"])),
            "min_backoff_duration" => retry.text(name, random.pick(&["1s", "5s", "5000ms", "1m"])),
            _ => retry.text(name, random.pick(&["1h", "3600s", "24h"])),
        }
    }
    retry.object()
}

fn message(random: &mut Random) -> Hcl {
    let mut target = Body::new();
    target.raw("topic", "headwater_pubsub_topic.ground.id");
    for name in random.some(&["data", "attributes"]) {
        if name == "data" {
            target.text(name, random.prose());
        } else {
            let entries = [("kind", random.prose()), ("Empty key.1", String::new())];
            let entries = entries.map(|(key, value)| (key.to_owned(), Hcl::text(value)));
            target.set(name, Hcl::Object(entries.into()));
        }
    }
    target.object()
}

fn http(random: &mut Random) -> Hcl {
    let mut target = Body::new();
    let uri = match random.number(0, 3) {
        0 => "http://localhost:8080".to_owned(),
        1 => format!("https://x.example.com/{}?q={}", random.word(), "v".repeat(1900)),
        _ => format!("https://{}.example.com:8443/a%20b?b=c&d=%C3%9F#e", random.word()),
    };
    target.text("uri", &*uri);
    let methods = ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
    let method = random.pick(&methods);
    if method != "POST" || random.coin() {
        target.text("http_method", method);
    }
    if random.coin() {
        target.set("headers", headers(random));
    }
    if matches!(method, "POST" | "PUT" | "PATCH") && random.coin() {
        target.text("body", random.prose());
    }
    match random.number(0, 2) {
        0 => {
            let mut token = Body::new();
            token.text("service_account_email", account(random));
            if random.coin() {
                let scopes = ["bigquery", "cloud-platform"];
                let scope = random.pick(&scopes);
                token.text("scope", format!("https://www.googleapis.com/auth/{scope}"));
            }
            target.set("oauth_token", token.object());
        }
        1 => {
            let mut token = Body::new();
            token.text("service_account_email", account(random));
            if random.coin() {
                let audience = if random.coin() { uri } else { random.word() };
                token.text("audience", audience);
            }
            target.set("oidc_token", token.object());
        }
        _ => {}
    }
    target.object()
}

fn headers(random: &mut Random) -> Hcl {
    let headers = [
        ("X-Own", "a, b; c=\"d\""),
        ("Accept", "*/*"),
        ("content-type", "application/json"),
        ("x-empty", ""),
    ];
    let some = random.some(&headers).into_iter();
    Hcl::Object(some.map(|(name, value)| (name.to_owned(), Hcl::text(value))).collect())
}
