//! What is planned is what is read, whatever of it.

use serde_json::json;
use tfplugin_framework::check_resource;

use super::lifecycle::Condition;
use super::*;

fn planned() -> Bucket {
    Bucket {
        name: "acme-lake".into(),
        location: "eu".into(),
        storage_class: "STANDARD".into(),
        uniform_bucket_level_access: true.into(),
        public_access_prevention: "enforced".into(),
        versioning: false.into(),
        delete_after_days: 30.into(),
        soft_delete_retention: "604800s".into(),
        hierarchical_namespace: false.into(),
        rpo: "DEFAULT".into(),
        default_event_based_hold: false.into(),
        requester_pays: false.into(),
        force_destroy: true.into(),
        url: "gs://acme-lake".into(),
        id: "acme-lake".into(),
        ..Bucket::default()
    }
}

fn rule(action: &str, class: Attr<String>, condition: Condition) -> Attr<Rule> {
    Attr::Known(Rule {
        action: action.into(),
        storage_class: class,
        condition: condition.into(),
    })
}

fn aged(days: i64) -> Condition {
    Condition {
        age: days.into(),
        ..Condition::default()
    }
}

/// One bucket for each of the settings that can be left out.
fn variants() -> Vec<Bucket> {
    let rules = vec![
        rule("SetStorageClass", "NEARLINE".into(), aged(10)),
        rule(
            "Delete",
            Attr::Null,
            Condition {
                is_live: false.into(),
                matches_prefix: vec!["tmp/".into()].into(),
                created_before: "2026-01-01".into(),
                num_newer_versions: 3.into(),
                ..Condition::default()
            },
        ),
    ];
    let cors = Cors {
        origins: vec!["*".into()].into(),
        methods: vec!["GET".into()].into(),
        response_headers: Attr::Null,
        max_age_seconds: 60.into(),
    };
    vec![
        planned(),
        Bucket {
            delete_after_days: Attr::Null,
            lifecycle_rules: rules.into(),
            ..planned()
        },
        Bucket {
            retention_policy: Retention {
                period: "3600s".into(),
                locked: false.into(),
            }
            .into(),
            ..planned()
        },
        Bucket {
            autoclass: Autoclass {
                terminal_storage_class: "ARCHIVE".into(),
            }
            .into(),
            ..planned()
        },
        Bucket {
            cors: vec![Attr::Known(cors)].into(),
            website: Website {
                main_page_suffix: "index.html".into(),
                not_found_page: Attr::Null,
            }
            .into(),
            logging: Logging {
                bucket: "acme-logs".into(),
                prefix: "lake".into(),
            }
            .into(),
            ..planned()
        },
        Bucket {
            hierarchical_namespace: true.into(),
            default_event_based_hold: true.into(),
            requester_pays: true.into(),
            kms_key_name: "projects/p/locations/eu/keyRings/r/cryptoKeys/k".into(),
            soft_delete_retention: "0s".into(),
            ..planned()
        },
    ]
}

#[test]
fn what_is_created_reads_back_as_planned() {
    for planned in variants() {
        let document = stripped(&planned.document());
        assert_eq!(planned.read(&document), planned);
        assert_eq!(planned.change(&document), None);
        let imported = Bucket {
            name: "acme-lake".into(),
            ..Bucket::default()
        }
        .read(&document);
        assert_eq!(
            imported,
            Bucket {
                location: "EU".into(),
                ..planned
            }
        );
    }
}

#[test]
fn only_what_differs_is_sent() {
    let all = variants();
    for (from, to, change) in [
        (
            &all[0],
            &all[2],
            json!({"retentionPolicy": {"retentionPeriod": "3600"}}),
        ),
        (&all[2], &all[0], json!({"retentionPolicy": null})),
        (&all[3], &all[0], json!({"autoclass": null})),
        (
            &all[4],
            &all[0],
            json!({"cors": null, "website": null, "logging": null}),
        ),
        (
            &all[1],
            &all[0],
            json!({"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}}),
        ),
    ] {
        assert_eq!(to.change(&stripped(&from.document())), Some(change));
    }
    let mut present = stripped(&all[0].document());
    present["labels"]["team"] = "other".into();
    present["labels"]["goog-x"] = "1".into();
    let change = all[0].change(&present).expect("the labels differ");
    assert_eq!(change["labels"]["team"], Json::Null);
    assert!(change["labels"].get("goog-x").is_none());
}

#[test]
fn a_rule_that_somebody_added_is_seen() {
    let foreign =
        json!({"rule": [{"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 1}}]});
    assert_eq!(lifecycle::delete_after(&foreign), None);
    let at_once = json!({"rule": [{"action": {"type": "Delete"}, "condition": {"age": 0}}]});
    assert_eq!(
        lifecycle::delete_after(&at_once),
        None,
        "it has the general spelling only"
    );
    let mut present = planned().document();
    present["lifecycle"] = foreign;
    let read = planned().read(&present);
    assert_eq!(read.delete_after_days, Attr::Null);
    assert_eq!(read.lifecycle_rules.known().map(Vec::len), Some(1));
}

#[test]
fn a_lock_stays() {
    let policy = |period: &str, locked: bool| Bucket {
        retention_policy: Retention {
            period: period.into(),
            locked: locked.into(),
        }
        .into(),
        ..planned()
    };
    let elsewhere = Bucket {
        name: "other".into(),
        ..planned()
    };
    for (from, to, allowed) in [
        (policy("1h", true), policy("1h", true), true),
        (policy("1h", true), policy("60m", true), true),
        (policy("1h", true), policy("2h", true), true),
        (policy("1h", true), policy("59m", true), false),
        (policy("1h", true), policy("1h", false), false),
        (policy("1h", true), planned(), false),
        (policy("1h", true), elsewhere, true),
        (policy("1h", false), planned(), true),
    ] {
        assert_eq!(settings::check_lock(&from, &to).is_ok(), allowed, "{from:?} {to:?}");
    }
}

#[test]
fn what_would_be_lost_is_counted() {
    let usage = |objects, bytes, complete| Usage {
        objects,
        bytes,
        complete,
    };
    for (usage, said) in [
        (usage(1, 12, true), "1 object (12 bytes)"),
        (usage(7, 1500, true), "7 objects (1.5 kB)"),
        (usage(20_000, 2_500_000_000, false), "at least 20000 objects (2.5 GB)"),
        (usage(2, 999_999, true), "2 objects (1.0 MB)"),
    ] {
        assert_eq!(held(usage), said);
    }
    let many = usage(7, 1500, true);
    assert!(not_empty("b", many, false).summary.contains("holds 7 objects"));
    assert!(not_empty("b", many, false).detail.contains("force_destroy = true"));
    assert!(
        loss("b", many, true, "destroying")
            .summary
            .contains("deletes 7 objects")
    );
}

#[test]
fn the_schema_is_sound() {
    assert_eq!(check_resource(&StorageBucket), Default::default());
}
