//! Buckets and objects.

use headwater_tests::cloud::PROJECT;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::super::round::{BYTES, EMPTY};
use super::{Group, Kind};

/// Buckets that hold objects and logs; deleting an object of the second leaves a noncurrent version.
const GROUND: &str = r#"
resource "headwater_storage_bucket" "ground" {
  name = "storage-ground"
}

resource "headwater_storage_bucket" "versioned" {
  name          = "storage-versioned"
  storage_class = "NEARLINE"
  versioning    = true
  force_destroy = true
}

resource "headwater_storage_bucket" "folders" {
  name                   = "storage-folders"
  hierarchical_namespace = true
}
"#;

pub fn group() -> Group {
    Group {
        name: "storage",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_storage_bucket", bucket),
            Kind::new("headwater_storage_object", object),
        ],
        org: false,
        lists: vec![(format!("/storage/v1/b?project={PROJECT}&maxResults=1000"), "items")],
    }
}

fn bucket_name(random: &mut Random, index: usize) -> String {
    match random.number(0, 9) {
        0 => format!("{index}_{}", random.word()),
        1 => format!("b{index}.data.{}.example.com", random.word()),
        2 => format!("{:x<63}", format!("b{index}-")),
        _ => format!("b{index}-{}", random.word()),
    }
}

fn bucket(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", bucket_name(random, index));
    let pair = random.once_in(6);
    if pair {
        body.text("location", random.pick(&["EUR4", "nam4", "ASIA1"]));
        body.text("rpo", random.pick(&["DEFAULT", "ASYNC_TURBO"]));
    } else if random.coin() {
        let places = ["EU", "US", "eu", "europe-west1", "us-central1", "Asia-Northeast1"];
        body.text("location", random.pick(&places));
    }
    let autoclass = random.once_in(4);
    if autoclass {
        let mut class = Body::new();
        if random.coin() {
            class.text("terminal_storage_class", random.pick(&["NEARLINE", "ARCHIVE"]));
        }
        body.set("autoclass", class.object());
    } else if random.coin() {
        let classes = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
        body.text("storage_class", random.pick(&classes));
    }
    if random.once_in(5) {
        body.raw("hierarchical_namespace", true);
    } else {
        unless_folders(random, &mut body);
    }
    if random.coin() {
        body.text("public_access_prevention", random.pick(&["inherited", "enforced"]));
    }
    match random.number(0, 2) {
        0 => body.raw("delete_after_days", random.pick(&[1, 30, 36_500])),
        1 => body.set("lifecycle_rules", rules(random, autoclass)),
        _ => {}
    }
    if random.coin() {
        let kept = ["0s", "168h", "604800s", "2160h", "240h30m"];
        body.text("soft_delete_retention", random.pick(&kept));
    }
    if random.once_in(3) {
        body.set("cors", cors(random));
    }
    served(random, &mut body);
    for flag in ["requester_pays", "force_destroy"] {
        if random.once_in(3) {
            body.raw(flag, random.coin());
        }
    }
    if random.once_in(4) {
        let key = random.word();
        let key = format!("projects/{PROJECT}/locations/eu/keyRings/ring/cryptoKeys/{key}");
        body.text("kms_key_name", key);
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    body
}

/// What a bucket with a hierarchical namespace cannot have.
fn unless_folders(random: &mut Random, body: &mut Body) {
    for flag in ["versioning", "uniform_bucket_level_access", "default_event_based_hold"] {
        if random.coin() {
            body.raw(flag, random.coin());
        }
    }
    if random.once_in(4) {
        let mut policy = Body::new();
        policy.text("period", random.pick(&["1s", "720h", "90m", "3600s", "876600h"]));
        if random.coin() {
            // What is locked is so for ever.
            policy.raw("locked", false);
        }
        body.set("retention_policy", policy.object());
    }
}

fn served(random: &mut Random, body: &mut Body) {
    if random.once_in(3) {
        let mut website = Body::new();
        for name in random.some(&["main_page_suffix", "not_found_page"]) {
            website.text(name, format!("{}.html", random.word()));
        }
        body.set("website", website.object());
    }
    if random.once_in(3) {
        let mut logging = Body::new();
        logging.raw("bucket", "headwater_storage_bucket.ground.name");
        if random.coin() {
            logging.text("prefix", format!("logs/{}", random.word()));
        }
        body.set("logging", logging.object());
    }
}

/// Autoclass leaves no class to choose or to ask for.
fn rules(random: &mut Random, autoclass: bool) -> Hcl {
    let count = random.pick(&[1, 2, 3, 4, 100]);
    Hcl::List((0..count).map(|_| rule(random, autoclass, count == 1)).collect())
}

fn rule(random: &mut Random, autoclass: bool, only: bool) -> Hcl {
    let mut rule = Body::new();
    let action = random.pick(if autoclass {
        &["Delete", "AbortIncompleteMultipartUpload"]
    } else {
        &["Delete", "AbortIncompleteMultipartUpload", "SetStorageClass"]
    });
    rule.text("action", action);
    if action == "SetStorageClass" {
        let classes = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
        rule.text("storage_class", random.pick(&classes));
    }
    let of_uploads = ["age", "matches_prefix", "matches_suffix"];
    let of_objects = [
        "created_before",
        "custom_time_before",
        "days_since_custom_time",
        "days_since_noncurrent_time",
        "is_live",
        "noncurrent_time_before",
        "num_newer_versions",
    ];
    let mut names = random.some(&of_uploads);
    if action != "AbortIncompleteMultipartUpload" {
        names.extend(random.some(&of_objects));
        if !autoclass && random.coin() {
            names.push("matches_storage_class");
        }
        if random.once_in(4) {
            names = vec!["age"];
        }
    }
    // After days by their age alone has another spelling.
    let at_once = only && names == ["age"] && action == "Delete";
    let mut condition = Body::new();
    for name in names {
        match name {
            "is_live" => condition.raw(name, random.coin()),
            "matches_prefix" | "matches_suffix" => {
                let parts = ["b/", "a/", ".x", "Größe \"1\"", "${x}"];
                condition.set(name, Hcl::texts(random.some(&parts)));
            }
            "matches_storage_class" => {
                condition.set(name, Hcl::texts(random.some(&["STANDARD", "NEARLINE", "ARCHIVE"])));
            }
            name if name.ends_with("_before") => {
                condition.text(name, random.pick(&["2025-01-31", "2030-12-01", "2028-02-29"]));
            }
            _ if at_once => condition.raw(name, 0),
            name => condition.raw(name, random.pick(&[0, 1, 365, 36_500])),
        }
    }
    rule.set("condition", condition.object());
    rule.object()
}

fn cors(random: &mut Random) -> Hcl {
    let count = random.number(1, 2);
    let rule = |_| {
        let mut rule = Body::new();
        let origins = ["https://b.example", "https://a.example", "*", "http://localhost:8080"];
        rule.set("origins", Hcl::texts(random.some(&origins)));
        let methods = ["GET", "PUT", "*", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST"];
        rule.set("methods", Hcl::texts(random.some(&methods)));
        if random.coin() {
            rule.set("response_headers", Hcl::texts(random.some(&["X-B", "X-A", "*"])));
        }
        if random.coin() {
            rule.raw("max_age_seconds", random.pick(&[0, 1, 86_400]));
        }
        rule.object()
    };
    Hcl::List((0..count).map(rule).collect())
}

fn object_name(random: &mut Random, index: usize) -> String {
    let word = random.word();
    match random.number(0, 9) {
        0 => format!("{index}/{word}/"),
        1 => format!("Größe {index}/顧客 🚰.json"),
        2 => format!("{index} b#?&=%2F+;:@{word}"),
        3 => format!("{index}//..//./{word}\\*[0]\"'<>|^`~${{x}}"),
        4 => format!("{index}/{}", "n".repeat(1000)),
        5 => format!("{index}\ttab {word} "),
        _ => format!("config/{index}/{word}.json"),
    }
}

fn object(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let bucket = random.pick(&["ground", "ground", "versioned", "folders"]);
    body.raw("bucket", format!("headwater_storage_bucket.{bucket}.name"));
    let name = match bucket {
        // There a slash in front, behind, or twice is an empty folder's name, and so is a dot.
        "folders" => format!("config/{index}/{}.json", random.word()),
        _ => object_name(random, index),
    };
    body.text("name", name);
    let mut packed = false;
    match random.number(0, 3) {
        0 => {
            let source = random.pick(&["main.tf", BYTES, EMPTY]);
            body.text("source", source);
            packed = source == BYTES;
        }
        1 => {
            body.text("content_wo", random.prose());
            body.raw("content_wo_version", random.pick(&[1, 7, 1_700_000_000]));
        }
        2 => body.text("content", random.pick(&["", " ", "\n", "\u{feff}bom", "0", "null"])),
        _ => {
            let text = random.prose();
            let times = random.pick(&[1, 2, 2000]);
            body.text("content", text.repeat(times));
        }
    }
    if random.coin() {
        let types = [
            "text/plain; charset=\"utf-8\"",
            "application/json",
            "application/octet-stream",
        ];
        body.text("content_type", random.pick(&types));
    }
    if packed && random.coin() {
        body.text("content_encoding", random.pick(&["br", "zstd"]));
    }
    for (name, values) in [
        (
            "content_disposition",
            ["attachment", "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt"],
        ),
        ("content_language", ["en", "de-AT, en"]),
        ("cache_control", ["no-store", "public, max-age=3600"]),
    ] {
        if random.once_in(3) {
            body.text(name, random.pick(&values));
        }
    }
    if random.coin() {
        let classes = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
        body.text("storage_class", random.pick(&classes));
    }
    if random.coin() {
        let value = Hcl::text(random.prose());
        let entries = [("Owner.Team-1_x", value), ("empty", Hcl::text(""))];
        let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
        body.set("metadata", Hcl::Object(entries.collect()));
    }
    body
}
