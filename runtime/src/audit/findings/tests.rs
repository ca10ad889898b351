//! Each rule, on an audit that is right but for one thing.

use serde_json::json;

use super::super::model::{
    Change, Column, Expectation, Grant, May, Pipeline, Run, Runtime, Schedule, Spec, Store, Suite, Verdict,
};
use super::*;

const HASH: &str = "aaaaaaaaaaaaaaaaaaaa";

/// Nothing is wrong with it.
fn right() -> Audit {
    let column = |name: &str, class: &str, looks: Option<&str>, tags: &[&str]| Column {
        name: name.into(),
        origin: "source",
        class: Some(class.into()),
        looks_personal: looks.map(str::to_owned),
        policy_tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..Column::default()
    };
    let spec = || Spec {
        declared: Some(HASH.into()),
        found: Some(HASH.into()),
        written: Some("2026-01-01T00:00:00.5Z".into()),
        ..Spec::default()
    };
    let table = |role, name: &str| Table {
        name: format!("p.raw.{name}"),
        role,
        object: "Contact".into(),
        exists: Some(true),
        retention: vec!["partitions are deleted after 30 days".into()],
        columns: vec![
            column("Id", "none", None, &[]),
            column("Email", "direct", Some("its type"), &["tag"]),
        ],
        ..Table::default()
    };
    let run = |id: &str| Run {
        id: id.into(),
        state: "succeeded".into(),
        started: "2026-01-01T00:00:10Z".into(),
        spec_hashes: vec![HASH.into()],
        images: vec!["i@sha256:1".into()],
        ..Run::default()
    };
    let mut pipeline = Pipeline {
        kind: "salesforce_extract",
        name: "crm".into(),
        spec: spec(),
        tables: vec![table("target", "Contact"), table("quarantine", "Contact_quarantine")],
        schedule: Some(Schedule {
            cron: "0 * * * *".into(),
            time_zone: "UTC".into(),
            state: Some("ENABLED".into()),
        }),
        runtime: Runtime {
            id: "job".into(),
            image: Some("i@sha256:1".into()),
            deployed_image: Some("i@sha256:1".into()),
            ..Runtime::default()
        },
        ..Pipeline::default()
    };
    pipeline.runs.total = Some(2);
    pipeline.runs.newest = vec![run("b"), run("a")];
    let mut audit = Audit {
        pipelines: vec![pipeline],
        suites: vec![Suite {
            name: "contacts".into(),
            target: "p.raw.Contact".into(),
            spec: spec(),
            results: Some(("p.q.r".into(), "p.q.s".into())),
            expectations: vec![Expectation {
                id: "not_null.Id".into(),
                ..Expectation::default()
            }],
            verdict: Some(Verdict {
                run: "r".into(),
                at: "2026".into(),
                mode: "gate".into(),
                state: "pass".into(),
                rows: Some(1),
                suite_hash: HASH.into(),
            }),
            ..Suite::default()
        }],
        stores: vec![
            Store {
                kind: "dataset",
                name: "p.raw".into(),
                grants: vec![grant("user:a@b.c", Some("x.y"), Some(true))],
                ..Store::default()
            },
            Store {
                kind: "bucket",
                name: "lake".into(),
                expires: true,
                ..Store::default()
            },
        ],
        ..Audit::default()
    };
    audit.basis.cloud = Some("p".into());
    audit.basis.changes = Some(Vec::new());
    audit
}

fn grant(principal: &str, declared: Option<&str>, in_cloud: Option<bool>) -> Grant {
    Grant {
        principal: principal.into(),
        role: "READER".into(),
        may: May::Read,
        on: "dataset p.raw".into(),
        condition: None,
        declared: declared.map(str::to_owned),
        in_cloud,
    }
}

#[test]
fn one_thing_wrong_is_one_finding() {
    let classes = Classes::of(&json!({"raw.Contact": {"*": "none"}}), "output").unwrap();
    assert_eq!(rules(&right(), &classes), [""; 0]);
    type Wrong = (&'static str, fn(&mut Audit));
    let cases: &[Wrong] = &[
        ("undeclared_personal_data", |a| {
            a.pipelines[0].tables[0].columns[1].class = None;
        }),
        ("undeclared_columns", |a| {
            a.pipelines[0].tables[0].columns[0].class = None;
        }),
        ("doubtful_class", |a| {
            a.pipelines[0].tables[0].columns[1].class = Some("none".into());
        }),
        ("unguarded_personal_data", |a| {
            for table in &mut a.pipelines[0].tables {
                table.columns[1].policy_tags = Some(Vec::new());
            }
            a.pipelines[0].tables.truncate(1);
        }),
        ("contradicting_label", |a| {
            a.pipelines[0].labels.insert("pii".into(), "none".into());
            a.pipelines[0].tables.truncate(1);
        }),
        ("column_without_source", |a| {
            a.pipelines[0].tables[0].columns[0].origin = "undeclared";
        }),
        ("missing_table", |a| a.pipelines[0].tables[0].exists = Some(false)),
        ("kept_for_ever", |a| a.pipelines[0].tables[0].retention.clear()),
        ("kept_for_ever", |a| a.stores[1].expires = false),
        ("public", |a| {
            a.stores[0].grants.push(grant("allUsers", Some("x.z"), Some(true)));
        }),
        ("grant_missing", |a| a.stores[0].grants[0].in_cloud = Some(false)),
        ("grant_undeclared", |a| a.stores[0].grants[0].declared = None),
        ("unknown_role", |a| a.stores[0].grants[0].may = May::Unknown),
        ("unjudged", |a| a.suites[0].target = "p.raw.Lead".into()),
        ("unguarded_quarantine", |a| {
            a.pipelines[0].tables[1].columns[1].class = Some("indirect".into());
            a.pipelines[0].tables[1].columns[1].policy_tags = Some(Vec::new());
        }),
        ("spec_differs", |a| a.pipelines[0].spec.found = Some("bbbb".into())),
        ("spec_missing", |a| a.suites[0].spec.found = Some("missing".into())),
        ("workers_execute_other_spec", |a| {
            a.pipelines[0].spec.working = Some("bbbb".into());
        }),
        ("never_ran", |a| {
            a.pipelines[0].runs.total = Some(0);
            a.pipelines[0].runs.newest.clear();
        }),
        ("executed_other_spec", |a| {
            a.pipelines[0].runs.newest[0].spec_hashes = vec!["bbbb".into()];
        }),
        ("not_run_yet", |a| {
            a.pipelines[0].runs.newest[0].spec_hashes = vec!["bbbb".into()];
            a.pipelines[0].spec.written = Some("2026-01-01T00:00:11Z".into());
        }),
        ("last_run_failed", |a| {
            a.pipelines[0].runs.newest[0].state = "failed".into();
        }),
        ("last_run_stopped", |a| {
            a.pipelines[0].runs.newest[0].state = "stopped".into();
        }),
        ("image_differs", |a| {
            a.pipelines[0].runtime.deployed_image = Some("i@sha256:2".into());
        }),
        ("ran_other_image", |a| {
            a.pipelines[0].runs.newest[0].images = vec!["i@sha256:2".into()];
        }),
        ("image_not_pinned", |a| {
            a.pipelines[0].runtime.image = Some("i:1".into());
            a.pipelines[0].runtime.deployed_image = Some("i:1".into());
            a.pipelines[0].runs.newest[0].images.clear();
        }),
        ("schedule_missing", |a| {
            a.pipelines[0].schedule.as_mut().unwrap().state = Some("missing".into());
        }),
        ("schedule_paused", |a| {
            a.pipelines[0].schedule.as_mut().unwrap().state = Some("PAUSED".into());
        }),
        ("schedule_differs", |a| {
            a.pipelines[0].schedule.as_mut().unwrap().state = Some("another: 1 * * * *".into());
        }),
        ("verdict", |a| {
            a.suites[0].verdict.as_mut().unwrap().state = "fail".into();
        }),
        ("verdict_by_other_suite", |a| {
            a.suites[0].verdict.as_mut().unwrap().suite_hash = "bbbb".into();
        }),
        ("no_verdict", |a| a.suites[0].verdict = None),
        ("pending_changes", |a| {
            a.basis.changes = Some(vec![Change {
                address: "x.y".into(),
                actions: "update".into(),
            }]);
        }),
        ("unused_classification", |a| {
            a.pipelines[0].tables.remove(0);
        }),
    ];
    for (rule, break_it) in cases {
        let mut audit = right();
        break_it(&mut audit);
        assert_eq!(rules(&audit, &classes), [*rule], "{rule}");
    }
}

fn rules(audit: &Audit, classes: &Classes) -> Vec<&'static str> {
    find(audit, classes).iter().map(|one| one.rule).collect()
}

#[test]
fn what_nobody_asked_is_no_finding() {
    let mut audit = right();
    audit.basis.cloud = None;
    let pipeline = &mut audit.pipelines[0];
    (pipeline.spec.found, pipeline.spec.written) = (None, None);
    pipeline.runs = super::super::model::Runs::default();
    pipeline.runtime.deployed_image = None;
    pipeline.schedule.as_mut().unwrap().state = None;
    for table in &mut pipeline.tables {
        table.exists = None;
        for column in &mut table.columns {
            column.policy_tags = None;
        }
    }
    audit.suites[0].verdict = None;
    audit.stores[0].grants[0].in_cloud = None;
    assert_eq!(rules(&audit, &Classes::default()), [""; 0]);
}
