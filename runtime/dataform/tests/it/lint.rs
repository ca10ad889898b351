//! Each rule finds what it is for, at its line, and nothing in a project that is as it should be.

use headwater_dataform::lint::{Finding, Knowledge, lint};
use headwater_dataform::{CompilationConfig, Limits, Target, compile, read_folder};

use crate::{core, files, graph, projects};

const GOOD: (&str, &str) = (
    "definitions/marts/good.sqlx",
    "config {\n  type: \"table\",\n  columns: { id: \"the key\", n: \"how many\" },\n  assertions: { uniqueKey: [\"id\"], nonNull: [\"n\"], rowConditions: [\"n > 0\"] }\n}\nwith x as (select id, n from ${ref(\"src\")})\nselect * from x\n",
);
const SOURCE: (&str, &str) = (
    "definitions/src.sqlx",
    "config { type: \"declaration\", schema: \"raw\" }\n",
);

fn found(given: &[(&str, &str)], knowledge: &Knowledge) -> Vec<String> {
    lint(&graph(given), &files(given), knowledge)
        .iter()
        .map(Finding::to_string)
        .collect()
}

#[test]
fn each_rule_finds_what_it_is_for_at_its_line() {
    for (file, text, expected) in [
        (
            "definitions/marts/a.sqlx",
            "config {\n  type: \"table\",\n  columns: { id: \"k\" },\n  assertions: { uniqueKey: [\"id\"] }\n}\nselect\n  id,\n  amount\nfrom ${ref(\"src\")}\n",
            vec![
                "definitions/marts/a.sqlx:8: undocumented-column: the column amount of acme.marts.a has no description; describe it",
            ],
        ),
        (
            "definitions/marts/a.sqlx",
            "config {\n  type: \"view\",\n  columns: { id: \"k\" }\n}\nselect id from ${ref(\"src\")}\n",
            vec![
                "definitions/marts/a.sqlx:2: missing-key: no assertion holds the rows of acme.marts.a unique; add config",
            ],
        ),
        (
            "definitions/marts/a.sqlx",
            "config {\n  type: \"view\",\n  columns: { id: \"k\" },\n  assertions: { uniqueKey: [\"id\"] }\n}\nselect\n  s.*\nfrom ${ref(\"src\")} s\n",
            vec!["definitions/marts/a.sqlx:7: select-star: the columns of acme.marts.a are whatever its source has"],
        ),
        (
            "definitions/staging/a.sqlx",
            "config { type: \"view\" }\nselect 1 as x\nfrom `acme.raw.not_declared`\njoin marts.good using (x)\n",
            vec![
                "definitions/staging/a.sqlx:3: undeclared-source: acme.marts.a reads acme.raw.not_declared, which is neither an action nor declared",
            ],
        ),
        (
            "definitions/staging/a.sqlx",
            "config {\n  type: \"view\",\n  assertions: {\n    nonNull: [\"a\"],\n    rowConditions: [\n      \"a > 0\",\n      \"b > 0\",\n      \"c is null or c > 0\",\n      \"coalesce(d, 0) > 0\"\n    ]\n  }\n}\nselect 1 as a, 1 as b, 1 as c, 1 as d\n",
            vec![
                "definitions/staging/a.sqlx:7: null-blind-condition: the row condition \"b > 0\" of acme.marts.a lets rows pass in which b is NULL",
            ],
        ),
        (
            "definitions/staging/a.sqlx",
            "config { type: \"operations\" }\nload data into x.y from files (format = 'CSV')\n",
            vec!["definitions/staging/a.sqlx:2: unread-sql: the SQL of acme.marts.a could not be read"],
        ),
    ] {
        let found = found(&[GOOD, SOURCE, (file, text)], &Knowledge::default());
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\nexpected {expected}");
        }
    }
}

#[test]
fn columns_of_the_warehouse_are_the_truth_when_they_are_known() {
    let text = "config {\n  type: \"table\",\n  columns: { id: \"k\" },\n  assertions: { uniqueKey: [\"id\"] }\n}\nselect * from ${ref(\"src\")}\n";
    let given = [SOURCE, ("definitions/marts/a.sqlx", text)];
    let target = Target {
        database: "acme".into(),
        schema: "marts".into(),
        name: "a".into(),
    };
    let knowledge = Knowledge {
        columns: [(target, vec!["ID".into(), "late".into()])].into(),
    };
    let found = found(&given, &knowledge);
    assert!(
        found.iter().any(|f| f.contains("the column late of acme.marts.a")),
        "{found:?}"
    );
    assert!(!found.iter().any(|f| f.contains("the column ID")), "{found:?}");
}

#[test]
fn an_assertion_of_ones_own_is_a_key() {
    let found = found(
        &[
            SOURCE,
            (
                "definitions/marts/a.sqlx",
                "config { type: \"table\", columns: { id: \"k\" } }\nselect id from ${ref(\"src\")}\n",
            ),
            (
                "definitions/unique.sqlx",
                "config { type: \"assertion\" }\nselect id from ${ref(\"a\")} group by id having count(*) > 1\n",
            ),
        ],
        &Knowledge::default(),
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_modelled_warehouse_has_the_findings_that_it_has() {
    let files = read_folder(&projects().join("32-modelled-as-a-warehouse")).unwrap();
    let graph = compile(core(), &files, &CompilationConfig::default(), &Limits::default()).unwrap();
    let found: Vec<String> = lint(&graph, &files, &Knowledge::default())
        .iter()
        .map(|f| {
            format!(
                "{}:{} {} {}",
                f.file.rsplit('/').next().unwrap(),
                f.line.unwrap(),
                f.code.as_str(),
                f.target.name
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "opportunity_enhanced.sqlx:2 missing-key opportunity_enhanced",
            "opportunity_enhanced.sqlx:9 select-star opportunity_enhanced",
            "pipeline_history.sqlx:2 missing-key pipeline_history",
            "pipeline_history.sqlx:4 undocumented-column pipeline_history",
            "pipeline_history.sqlx:4 undocumented-column pipeline_history",
            "pipeline_history.sqlx:7 undocumented-column pipeline_history",
        ]
    );
}
