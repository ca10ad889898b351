//! Secrets and their versions.

use std::fmt::Write as _;

use headwater_tests::cloud::PROJECT;

use super::super::AT_LEAST;
use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind};

pub fn group() -> Group {
    let mut ground = String::new();
    // Two versions each: which number a version has is known only of one that waits for the one before.
    for index in 0..AT_LEAST / 2 {
        let _ = write!(
            ground,
            "resource \"headwater_secret\" \"ground_{index}\" {{\n  name = \"ground-{index}\"\n}}\n\n"
        );
    }
    Group {
        name: "secrets",
        ground,
        kinds: vec![
            Kind::new("headwater_secret", secret),
            Kind::new("headwater_secret_version", version),
        ],
        org: false,
        lists: vec![(format!("/v1/projects/{PROJECT}/secrets?pageSize=1000"), "secrets")],
    }
}

fn secret(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let name = match random.number(0, 5) {
        0 => format!("{index}_{}", random.word()),
        1 => format!("-{index}-"),
        2 => format!("{:_<255}", format!("S_{index}")),
        _ => format!("s{index}-{}", random.word()),
    };
    body.text("name", name);
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    if random.coin() {
        body.set("annotations", annotations(random));
    }
    if random.coin() {
        let regions = ["europe-west4", "europe-west1", "us-central1", "asia-northeast1"];
        body.set("replica_locations", Hcl::texts(random.some(&regions)));
    }
    let told = random.coin();
    if told {
        let count = random.pick(&[1, 2, 10]);
        let topic = |n| format!("projects/{PROJECT}/topics/changes.{n}~%");
        body.set("topics", Hcl::texts((0..count).rev().map(topic)));
    }
    if told && random.coin() {
        let mut rotation = Body::new();
        rotation.text("next_rotation_time", time(random));
        if random.coin() {
            rotation.text(
                "rotation_period",
                random.pick(&["1h", "2160h", "7776000s", "876000h", "90m"]),
            );
        }
        body.set("rotation", rotation.object());
    }
    if random.once_in(3) {
        body.text("expire_time", time(random));
    }
    if random.coin() {
        body.text(
            "version_destroy_ttl",
            random.pick(&["24h", "86400s", "720h", "8760h", "24h1m"]),
        );
    }
    body
}

/// A time to come in the spellings that there are.
fn time(random: &mut Random) -> &'static str {
    random.pick(&[
        "2041-01-01T00:00:00Z",
        "2041-06-30T12:00:00+02:00",
        "2041-01-01T05:30:00+05:30",
        "2040-02-29T23:59:59.5Z",
        "2041-01-01t00:00:00z",
        "2040-12-31T23:59:59.123456789-08:00",
    ])
}

fn annotations(random: &mut Random) -> Hcl {
    let entries = [
        ("note", random.prose()),
        ("owner.team-1_X", random.word()),
        ("0", String::new()),
        (
            "k23456789012345678901234567890123456789012345678901234567890123",
            "v".repeat(4000),
        ),
    ];
    let some: Vec<&(&str, String)> = random.some(&entries.iter().collect::<Vec<_>>());
    let entries = some
        .into_iter()
        .map(|(key, value)| ((*key).to_owned(), Hcl::text(value)));
    Hcl::Object(entries.collect())
}

fn version(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    if index.is_multiple_of(2) {
        body.raw("secret", format!("headwater_secret.ground_{}.id", index / 2));
    } else {
        let first = index - 1;
        body.raw(
            "secret",
            format!("headwater_secret_version.secret_version_{first}.secret"),
        );
    }
    // The newest version is taken over when it holds the same payload.
    let payload = match random.number(0, 3) {
        0 => format!("{index}"),
        1 => format!("{index}{}", "x".repeat(65_000)),
        2 => format!("-----BEGIN {index}-----\n{}\n", random.prose()),
        _ => format!("{index} {}", random.prose()),
    };
    body.text("secret_data_wo", payload);
    // What an import takes for it: the number of the version.
    body.raw("secret_data_wo_version", index % 2 + 1);
    if random.coin() {
        body.raw("enabled", random.coin());
    }
    if random.coin() {
        // Nothing keeps this beside the version: an import takes the default.
        body.text("retire", "DESTROY");
    }
    body
}
