//! Order, skipping, cancellation, repetition: the executor over a scripted warehouse.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use headwater_dataform::run::{
    ActionEvent, ActionState, ExistingKind, FailureKind, RunSettings, RunState, SelectionError, TargetPattern, test,
};
use headwater_dataform::{Graph, RunReport, Selection, plan, run};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::graph;
use crate::scripted::{Answer, Scripted};

const CHAIN: &[(&str, &str)] = &[
    (
        "definitions/src.sqlx",
        "config { type: \"declaration\", schema: \"raw\" }",
    ),
    (
        "definitions/a.sqlx",
        "config { type: \"table\", tags: [\"x\"], assertions: { uniqueKey: [\"id\"] } }\nselect 1 as id from ${ref(\"src\")}",
    ),
    (
        "definitions/b.sqlx",
        "config { type: \"view\", dependOnDependencyAssertions: true }\nselect * from ${ref(\"a\")}",
    ),
    (
        "definitions/c.sqlx",
        "config { type: \"table\" }\nselect * from ${ref(\"b\")}",
    ),
    (
        "definitions/d.sqlx",
        "config { type: \"table\", tags: [\"x\"] }\nselect * from ${ref(\"a\")}",
    ),
    (
        "definitions/o.sqlx",
        "config { type: \"operations\", dependencies: [\"c\"] }\nselect 'first'\n---\nselect 'second'",
    ),
];

fn settings() -> RunSettings {
    RunSettings {
        backoff: Duration::from_millis(1),
        ..RunSettings::default()
    }
}

async fn go(graph: &Graph, warehouse: &Scripted, settings: &RunSettings) -> RunReport {
    run(
        &plan(graph, &Selection::default()).expect("it is made"),
        warehouse,
        &|_| {},
        CancellationToken::new(),
        settings,
    )
    .await
}

fn states(report: &RunReport) -> BTreeMap<&str, ActionState> {
    report
        .actions
        .iter()
        .map(|action| (action.target.name.as_str(), action.state))
        .collect()
}

fn selected(graph: &Graph, selection: &Selection) -> Result<Vec<String>, SelectionError> {
    Ok(plan(graph, selection)?
        .actions
        .iter()
        .map(|a| a.action.target().name.clone())
        .collect())
}

#[test]
fn selections() {
    let graph = graph(CHAIN);
    let assertion = "marts_a_assertions_uniqueKey_0";
    let target = |name: &str| Selection {
        targets: vec![TargetPattern(name.into())],
        ..Selection::default()
    };
    for (selection, expected) in [
        (Selection::default(), vec!["a", assertion, "b", "c", "d", "o"]),
        (target("b"), vec!["b"]),
        (target("marts.b"), vec!["b"]),
        (target("acme.marts.b"), vec!["b"]),
        (
            Selection {
                include_dependencies: true,
                ..target("b")
            },
            vec!["a", assertion, "b"],
        ),
        (
            Selection {
                include_dependents: true,
                ..target("b")
            },
            vec!["b", "c", "o"],
        ),
        (
            Selection {
                tags: vec!["x".into()],
                ..target("c")
            },
            vec!["a", assertion, "c", "d"],
        ),
    ] {
        let mut found = selected(&graph, &selection).unwrap();
        // Between actions that do not depend on one another the order is that of full names.
        found.sort();
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(found, expected, "{selection:?}");
    }
    for (selection, expected) in [
        (target("bb"), "no action is called \"bb\"; did you mean acme.marts."),
        (target("src"), "definitions/src.sqlx declares it"),
        (target("elsewhere.b"), "no action is called \"elsewhere.b\""),
        (
            Selection {
                tags: vec!["y".into()],
                ..Selection::default()
            },
            "no action bears the tag \"y\"; the project's tags are: x",
        ),
    ] {
        let error = selected(&graph, &selection).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_plan_has_every_action_behind_what_it_needs_and_no_rings() {
    let mut graph = graph(CHAIN);
    let planned = plan(&graph, &Selection::default()).unwrap();
    for (place, action) in planned.actions.iter().enumerate() {
        assert!(action.waits_for.iter().all(|dependency| *dependency < place));
    }
    assert_eq!(planned, plan(&graph, &Selection::default()).unwrap());
    let c = graph
        .tables
        .iter()
        .find(|t| t.target.name == "c")
        .unwrap()
        .target
        .clone();
    let a = graph.tables.iter_mut().find(|t| t.target.name == "a").unwrap();
    a.dependency_targets.push(c);
    let error = plan(&graph, &Selection::default()).unwrap_err().to_string();
    assert!(
        error.contains("acme.marts.a → acme.marts.c → acme.marts.b → "),
        "{error}"
    );
}

#[tokio::test]
async fn all_is_done_in_order() {
    let graph = graph(CHAIN);
    let warehouse = Scripted::new();
    let events = Mutex::new(Vec::new());
    let observer = |event: &ActionEvent| {
        events
            .lock()
            .unwrap()
            .push((event.target.name.clone(), event.state, event.job_id.is_some()));
    };
    let planned = plan(&graph, &Selection::default()).unwrap();
    let report = run(&planned, &warehouse, &observer, CancellationToken::new(), &settings()).await;
    assert_eq!(report.state, RunState::Succeeded);
    assert!(
        states(&report).values().all(|state| *state == ActionState::Succeeded),
        "{report:?}"
    );
    let sql = warehouse.sql();
    let at = |text: &str| {
        sql.iter()
            .position(|s| s.contains(text))
            .unwrap_or_else(|| panic!("{text}: {sql:#?}"))
    };
    assert!(at("create or replace table `acme.marts.a`") < at("create or replace view `acme.checks.marts_a"));
    assert!(at("select sum(1) as row_count") < at("create or replace view `acme.marts.b`"));
    assert!(at("create or replace view `acme.marts.b`") < at("create or replace table `acme.marts.c`"));
    assert!(at("create or replace table `acme.marts.c`") < at("'first'"));
    assert!(at("'first'") < at("'second'"), "one job for each statement");
    let jobs = warehouse.queries.lock().unwrap();
    assert!(
        jobs.iter()
            .all(|job| job.location.as_deref() == Some("EU") && job.id.starts_with("dataform-"))
    );
    let of_o: Vec<_> = events
        .lock()
        .unwrap()
        .iter()
        .filter(|e| e.0 == "o")
        .map(|e| (e.1, e.2))
        .collect();
    let (running, succeeded) = (ActionState::Running, ActionState::Succeeded);
    assert_eq!(
        of_o,
        [(running, false), (running, true), (running, true), (succeeded, true)]
    );
    let o = report.actions.iter().find(|a| a.target.name == "o").unwrap();
    assert_eq!(
        o.tasks.iter().map(|t| (t.attempts, t.bytes_billed)).collect::<Vec<_>>(),
        [(1, Some(10)), (1, Some(10))]
    );
    assert!(o.started.unwrap() <= o.ended.unwrap() && o.ended.unwrap() <= report.ended);
}

#[tokio::test]
async fn what_depends_on_a_failure_is_skipped_and_the_rest_goes_on() {
    let graph = graph(CHAIN);
    // The assertion finds three rows: only what lists it stops.
    let warehouse = Scripted::new().rule("select sum(1)", &[Answer::Rows(vec![vec![json!("3")]])]);
    let report = go(&graph, &warehouse, &settings()).await;
    assert_eq!(report.state, RunState::Failed);
    let expected = [
        ("a", ActionState::Succeeded),
        ("b", ActionState::Skipped),
        ("c", ActionState::Skipped),
        ("d", ActionState::Succeeded),
        ("marts_a_assertions_uniqueKey_0", ActionState::Failed),
        ("o", ActionState::Skipped),
    ];
    assert_eq!(states(&report), expected.into());
    let failure = |name: &str| {
        report
            .actions
            .iter()
            .find(|a| a.target.name == name)
            .unwrap()
            .failure
            .clone()
            .unwrap()
    };
    assert_eq!(
        failure("marts_a_assertions_uniqueKey_0"),
        "Assertion failed: query returned 3 row(s)."
    );
    assert_eq!(failure("b"), "acme.checks.marts_a_assertions_uniqueKey_0 failed");
    assert_eq!(failure("c"), "acme.marts.b was skipped");

    let warehouse = Scripted::new().rule(
        "table `acme.marts.c`",
        &[Answer::Fails(FailureKind::Permanent, "no such column")],
    );
    let report = go(&graph, &warehouse, &settings()).await;
    let c = report.actions.iter().find(|a| a.target.name == "c").unwrap();
    assert_eq!(
        (c.state, c.failure.as_deref()),
        (ActionState::Failed, Some("no such column"))
    );
    assert!(c.tasks[0].job_id.is_some());
    assert!(!warehouse.sql().iter().any(|sql| sql.contains("'first'")));
}

#[tokio::test]
async fn a_count_that_is_no_number_fails_an_assertion() {
    let graph = graph(CHAIN);
    for (rows, state) in [
        (vec![vec![json!(0)]], ActionState::Succeeded),
        (vec![vec![Value::Null]], ActionState::Succeeded),
        (vec![vec![json!("1")]], ActionState::Failed),
        (vec![], ActionState::Failed),
        (vec![vec![json!("many")]], ActionState::Failed),
    ] {
        let warehouse = Scripted::new().rule("select sum(1)", &[Answer::Rows(rows.clone())]);
        let report = go(&graph, &warehouse, &settings()).await;
        assert_eq!(states(&report)["marts_a_assertions_uniqueKey_0"], state, "{rows:?}");
    }
}

#[tokio::test]
async fn only_what_may_be_repeated_is() {
    let graph = graph(&[
        ("definitions/t.sqlx", "config { type: \"table\" }\nselect 't' as x"),
        (
            "definitions/p.sqlx",
            "config { type: \"table\" }\nselect 'p' as x\npre_operations { delete from x.y where true }",
        ),
        (
            "definitions/o.sqlx",
            "config { type: \"operations\" }\ninsert into x.o values (1)",
        ),
    ]);
    let transient = Answer::Fails(FailureKind::Transient, "Retrying the job may solve the problem");
    let fine = Answer::Rows(vec![]);
    let warehouse = Scripted::new()
        .rule("select 't'", &[transient.clone(), transient.clone(), fine.clone()])
        .rule("delete from x.y", &[transient.clone(), fine.clone()])
        .rule("insert into x.o", &[transient.clone(), fine.clone()]);
    let report = go(&graph, &warehouse, &settings()).await;
    assert_eq!(
        states(&report),
        [
            ("o", ActionState::Failed),
            ("p", ActionState::Failed),
            ("t", ActionState::Succeeded)
        ]
        .into()
    );
    let t = report.actions.iter().find(|a| a.target.name == "t").unwrap();
    assert_eq!(t.tasks[0].attempts, 3);
    let ids: Vec<String> = warehouse
        .queries
        .lock()
        .unwrap()
        .iter()
        .map(|job| job.id.clone())
        .collect();
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(
        (ids.len(), different.len()),
        (5, 5),
        "each attempt has an id of its own"
    );

    let always = Scripted::new().rule("select 't'", std::slice::from_ref(&transient));
    let report = go(&graph, &always, &settings()).await;
    let t = report.actions.iter().find(|a| a.target.name == "t").unwrap();
    assert_eq!((t.state, t.tasks[0].attempts), (ActionState::Failed, 4));
    let permanent = Scripted::new().rule("select 't'", &[Answer::Fails(FailureKind::Permanent, "no")]);
    let report = go(&graph, &permanent, &settings()).await;
    assert_eq!(
        report.actions.iter().find(|a| a.target.name == "t").unwrap().tasks[0].attempts,
        1
    );
}

#[tokio::test]
async fn a_cancelled_run_stops_what_is_at_work_and_begins_nothing() {
    let graph = graph(CHAIN);
    let warehouse = Scripted::new().rule("view `acme.marts.b`", &[Answer::Hangs]);
    let cancel = CancellationToken::new();
    let hangs = |event: &ActionEvent| {
        if event.target.name == "b" && event.job_id.is_some() {
            cancel.cancel();
        }
    };
    let planned = plan(&graph, &Selection::default()).unwrap();
    let report = run(&planned, &warehouse, &hangs, cancel.clone(), &settings()).await;
    assert_eq!(report.state, RunState::Cancelled);
    let states = states(&report);
    assert_eq!(states["a"], ActionState::Succeeded);
    for name in ["b", "c", "o"] {
        assert_eq!(states[name], ActionState::Cancelled, "{name}");
    }
    assert_eq!(report.actions.len(), 6, "the report is whole");

    let before = CancellationToken::new();
    before.cancel();
    let warehouse = Scripted::new();
    let report = run(&planned, &warehouse, &|_| {}, before, &settings()).await;
    assert!(report.actions.iter().all(|a| a.state == ActionState::Cancelled));
    assert!(warehouse.sql().is_empty());
}

#[tokio::test]
async fn a_run_that_takes_too_long_has_failed() {
    let graph = graph(CHAIN);
    let warehouse = Scripted::new().rule("table `acme.marts.c`", &[Answer::Hangs]);
    let settings = RunSettings {
        timeout: Some(Duration::from_millis(200)),
        ..settings()
    };
    let report = go(&graph, &warehouse, &settings).await;
    assert_eq!(report.state, RunState::Failed);
    assert!(report.failure.unwrap().contains("200ms"));
}

#[tokio::test]
async fn at_most_so_many_are_at_work() {
    let names: Vec<(String, String)> = (0..30)
        .map(|i| {
            (
                format!("definitions/t{i}.sqlx"),
                format!("config {{ type: \"table\" }}\nselect {i} as x"),
            )
        })
        .collect();
    let given: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let graph = graph(&given);
    for (parallel, expected) in [(1, 1), (7, 7), (100, 30)] {
        let warehouse = Scripted::new();
        let report = go(&graph, &warehouse, &RunSettings { parallel, ..settings() }).await;
        assert_eq!(report.state, RunState::Succeeded);
        assert_eq!(warehouse.most_at_work.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn the_executor_adds_little_to_each_action() {
    let names: Vec<(String, String)> = (0..300)
        .map(|i| {
            let from = if i == 0 {
                String::new()
            } else {
                format!(" from ${{ref(\"t{}\")}}", i - 1)
            };
            (
                format!("definitions/t{i}.sqlx"),
                format!("config {{ type: \"table\" }}\nselect {i} as x{from}"),
            )
        })
        .collect();
    let given: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let graph = graph(&given);
    let started = Instant::now();
    let report = go(&graph, &Scripted::new(), &settings()).await;
    assert_eq!(report.state, RunState::Succeeded);
    let each = started.elapsed() / 300;
    assert!(each < Duration::from_millis(10), "{each:?} an action in a chain");
}

#[tokio::test]
async fn missing_datasets_are_made_and_their_failures_are_their_actions() {
    let graph = graph(&[
        (
            "definitions/a.sqlx",
            "config { type: \"table\", schema: \"fresh\" }\nselect 1 as x",
        ),
        (
            "definitions/b.sqlx",
            "config { type: \"table\", schema: \"bad\" }\nselect 1 as x",
        ),
        (
            "definitions/c.sqlx",
            "config { type: \"table\", database: \"forbidden\" }\nselect 1 as x",
        ),
        ("definitions/d.sqlx", "config { type: \"table\" }\nselect 1 as x"),
    ]);
    let warehouse = Scripted::new().rule("`acme.bad`", &[Answer::Fails(FailureKind::Permanent, "denied")]);
    let report = go(&graph, &warehouse, &settings()).await;
    use ActionState::{Failed, Succeeded};
    assert_eq!(
        states(&report),
        [("a", Succeeded), ("b", Failed), ("c", Failed), ("d", Succeeded)].into()
    );
    assert!(
        warehouse
            .sql()
            .contains(&"create schema if not exists `acme.fresh`\noptions(location=\"EU\")".to_owned())
    );
    let b = report.actions.iter().find(|a| a.target.name == "b").unwrap();
    assert_eq!(
        b.failure.as_deref(),
        Some("the dataset acme.bad cannot be used: denied")
    );
}

#[tokio::test]
async fn disabled_actions_let_on() {
    let graph = graph(&[
        (
            "definitions/a.sqlx",
            "config { type: \"table\", disabled: true }\nselect 1 as x",
        ),
        (
            "definitions/b.sqlx",
            "config { type: \"view\" }\nselect * from ${ref(\"a\")}",
        ),
    ]);
    let report = go(&graph, &Scripted::new(), &settings()).await;
    assert_eq!(report.state, RunState::Succeeded);
    assert_eq!(
        states(&report),
        [("a", ActionState::Disabled), ("b", ActionState::Succeeded)].into()
    );
}

#[tokio::test]
async fn documentation_is_written_and_labels_are_the_jobs_too() {
    let graph = graph(&[(
        "definitions/a.sqlx",
        "config { type: \"table\", columns: { id: \"the key\" }, bigquery: { labels: { team: \"x\" } } }\nselect 1 as id",
    )]);
    let warehouse = Scripted::new().table("acme.marts.a", ExistingKind::Table, &["id", "other"]);
    let settings = RunSettings {
        labels: [("run".to_owned(), "r1".to_owned())].into(),
        ..settings()
    };
    let report = go(&graph, &warehouse, &settings).await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    let patches = warehouse.patches.lock().unwrap();
    assert_eq!(patches.len(), 1);
    assert_eq!(
        patches[0].1,
        json!({"labels": {"team": "x"}, "schema": {"fields": [
        {"name": "id", "type": "STRING", "description": "the key"}, {"name": "other", "type": "STRING"}]}})
    );
    let jobs = warehouse.queries.lock().unwrap();
    assert_eq!(
        jobs[0].labels,
        [("run".to_owned(), "r1".to_owned()), ("team".to_owned(), "x".to_owned())].into()
    );
}

#[tokio::test]
async fn unit_tests_compare_rows() {
    let graph = graph(&[
        (
            "definitions/src.sqlx",
            "config { type: \"declaration\", schema: \"raw\" }",
        ),
        (
            "definitions/t.sqlx",
            "config { type: \"table\" }\nselect upper(name) as name from ${ref(\"src\")}",
        ),
        (
            "definitions/t_test.sqlx",
            "config { type: \"test\", dataset: \"t\" }\ninput \"src\" {\n  select 'given' as name\n}\nselect 'wanted' as name",
        ),
    ]);
    assert_eq!(graph.tests.len(), 1);
    for (found, passed) in [(json!("A"), true), (json!("B"), false)] {
        let warehouse = Scripted::new()
            .rule("'given'", &[Answer::Rows(vec![vec![found]])])
            .rule("'wanted'", &[Answer::Rows(vec![vec![json!("A")]])]);
        let reports = test::test(&graph, &graph.tests, &warehouse, &CancellationToken::new(), &settings()).await;
        assert_eq!(reports[0].verdict == test::Verdict::Passed, passed, "{reports:?}");
    }
    let broken = Scripted::new().rule("'given'", &[Answer::Fails(FailureKind::Permanent, "no such function")]);
    let reports = test::test(&graph, &graph.tests, &broken, &CancellationToken::new(), &settings()).await;
    assert_eq!(
        reports[0].verdict,
        test::Verdict::Broken {
            reason: "the test query failed: no such function".into()
        }
    );
}

/// A run is spawned by servers.
#[test]
fn runs_can_be_spawned() {
    fn sendable<T: Send>(_: T) {}
    let graph = graph(&[("definitions/a.sqlx", "config { type: \"table\" }\nselect 1 as x")]);
    let planned = plan(&graph, &Selection::default()).unwrap();
    let warehouse = Scripted::new();
    let settings = settings();
    sendable(run(&planned, &warehouse, &|_| {}, CancellationToken::new(), &settings));
    sendable(test::test(
        &graph,
        &[],
        &warehouse,
        &CancellationToken::new(),
        &settings,
    ));
}
