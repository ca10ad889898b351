//! `bq` against the local cloud.

use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::Ended;
use serde_json::{Value, json};

use super::tools::{Tools, contains, run_script, script};

/// Runs bq; it must succeed.
#[track_caller]
fn ok(tools: &Tools, arguments: &[&str]) -> Ended {
    tools.bq(arguments).ok()
}

/// Runs bq; it must fail and say this.
#[track_caller]
fn refused(tools: &Tools, arguments: &[&str], parts: &[&str]) {
    let ended = tools.bq(arguments);
    assert_ne!(ended.code, 0, "{arguments:?}: {}", ended.text());
    contains(&ended.text(), parts);
}

/// The rows of a query in GoogleSQL, as bq prints them: every cell a text.
#[track_caller]
fn query(tools: &Tools, sql: &str) -> Value {
    ok(tools, &["query", "--use_legacy_sql=false", "--format=json", sql]).json()
}

#[test]
fn datasets_tables_and_loads() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    run_script(script("parquet_object.py", &cloud.url()).args(["of-bq", "part.parquet"]));
    tools.file(
        "people.csv",
        "id,name,amount,at\n1,\"Ada, \"\"the first\"\"\",10.25,2024-02-29 12:00:00\n2,,,\n",
    );
    tools.file(
        "people.json",
        "{\"id\": 3, \"name\": \"ü\\n🌊\", \"amount\": \"-0.5\", \"at\": \"2024-02-29T12:00:00.000001Z\"}\n{\"id\": \"4\"}\n",
    );
    tools.file("more.json", "{\"id\": 5, \"name\": \"inserted\"}\n");

    let dataset = format!("{PROJECT}:shop");
    let made = ok(
        &tools,
        &["mk", "--dataset", "--location=EU", "--description=raw data", &dataset],
    );
    contains(&made.stdout, &["'test-project:shop' successfully created"]);
    ok(
        &tools,
        &[
            "mk",
            "--table",
            "--description=people",
            "shop.people",
            "id:INTEGER,name:STRING,amount:NUMERIC,at:TIMESTAMP",
        ],
    );
    let listed = ok(&tools, &["ls", "--format=json"]).json();
    assert_eq!(listed[0]["id"], "test-project:shop", "{listed}");
    let listed = ok(&tools, &["ls", "--format=json", "shop"]).json();
    assert_eq!(
        listed[0]["tableReference"],
        json!({"projectId": PROJECT, "datasetId": "shop", "tableId": "people"})
    );

    ok(
        &tools,
        &[
            "load",
            "--source_format=CSV",
            "--skip_leading_rows=1",
            "shop.people",
            "people.csv",
        ],
    );
    ok(
        &tools,
        &[
            "load",
            "--source_format=NEWLINE_DELIMITED_JSON",
            "shop.people",
            "people.json",
        ],
    );
    ok(
        &tools,
        &[
            "load",
            "--source_format=PARQUET",
            "shop.people",
            "gs://of-bq/part.parquet",
        ],
    );
    ok(&tools, &["insert", "shop.people", "more.json"]);
    let table = ok(&tools, &["show", "--format=json", "shop.people"]).json();
    assert_eq!(table["description"], "people", "{table}");
    let fields: Vec<(&str, &str)> = table["schema"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["name"].as_str().unwrap(), f["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        fields,
        [
            ("id", "INTEGER"),
            ("name", "STRING"),
            ("amount", "NUMERIC"),
            ("at", "TIMESTAMP")
        ]
    );
    let mut rows = ok(&tools, &["head", "--format=json", "--max_rows=100", "shop.people"]).json();
    let rows = rows.as_array_mut().unwrap();
    rows.sort_by_key(|row| row["id"].as_str().unwrap().parse::<u32>().unwrap());
    // bq itself leaves the microseconds out.
    let row =
        |id: &str, name: Value, amount: Value, at: Value| json!({"id": id, "name": name, "amount": amount, "at": at});
    let null = Value::Null;
    assert_eq!(
        *rows,
        [
            row(
                "1",
                "Ada, \"the first\"".into(),
                "10.25".into(),
                "2024-02-29 12:00:00".into()
            ),
            row("2", null.clone(), null.clone(), null.clone()),
            row("3", "ü\n🌊".into(), "-0.5".into(), "2024-02-29 12:00:00".into()),
            row("4", null.clone(), null.clone(), null.clone()),
            row("5", "inserted".into(), null.clone(), null.clone()),
            row(
                "10",
                "parquet 🌊".into(),
                "0.000000001".into(),
                "2024-02-29 12:00:00".into()
            ),
            row("11", null.clone(), null.clone(), null),
        ]
    );
    ok(&tools, &["rm", "-r", "-f", "--dataset", &dataset]);
    refused(&tools, &["show", &dataset], &["Not found: Dataset test-project:shop"]);
}

#[test]
fn queries() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    cloud.create_lake_and_dataset("queries-of-bq", "q");
    let made = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "CREATE TABLE q.t AS SELECT id, CONCAT('row ', CAST(id AS STRING)) AS name FROM UNNEST(GENERATE_ARRAY(1, 250)) AS id",
        ],
    );
    contains(&made.stdout, &["Created test-project.q.t"]);
    assert_eq!(
        query(&tools, "SELECT COUNT(*) AS n, SUM(id) AS s, MAX(name) AS m FROM q.t"),
        json!([{"n": "250", "s": "31375", "m": "row 99"}])
    );
    let found = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "--format=json",
            "--parameter=low:INT64:248",
            "--parameter=name:STRING:row 250",
            "SELECT id, name = @name AS same FROM `test-project.q.t` WHERE id >= @low ORDER BY id",
        ],
    );
    assert_eq!(
        found.json(),
        json!([{"id": "248", "same": "false"}, {"id": "249", "same": "false"}, {"id": "250", "same": "true"}])
    );
    // More rows than a page that bq asks for.
    let all = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "--format=csv",
            "--max_rows=1000",
            "SELECT id FROM q.t ORDER BY id",
        ],
    );
    let expected: Vec<String> = std::iter::once("id".into())
        .chain((1..=250).map(|id| id.to_string()))
        .collect();
    assert_eq!(all.stdout.lines().collect::<Vec<_>>(), expected);
    let changed = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "UPDATE q.t SET name = 'x' WHERE id <= 7",
        ],
    );
    contains(&changed.stdout, &["Number of affected rows: 7"]);
    let dry = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "--dry_run",
            "DELETE FROM q.t WHERE TRUE",
        ],
    );
    contains(&dry.stdout, &["Query successfully validated"]);
    refused(
        &tools,
        &["query", "--use_legacy_sql=false", "SELEKT 1"],
        &["Syntax error", "[1:1]"],
    );
    refused(
        &tools,
        &["query", "--use_legacy_sql=false", "SELECT nme FROM q.t"],
        &["Unrecognized name: nme"],
    );
    let jobs = ok(&tools, &["ls", "--jobs", "--format=json"]).json();
    assert!(
        jobs.as_array().is_some_and(|jobs| jobs.len() >= 7),
        "every query is a job: {jobs}"
    );
}

#[test]
fn views_and_routines() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    cloud.create_lake_and_dataset("views-of-bq", "v");
    let run = |sql: &str| ok(&tools, &["query", "--use_legacy_sql=false", sql]);
    run("CREATE TABLE v.sales AS SELECT 1 AS id, 'DE' AS country UNION ALL SELECT 2, 'FR'");
    let made = ok(
        &tools,
        &[
            "mk",
            "--use_legacy_sql=false",
            "--description=German sales",
            "--view=SELECT id FROM `test-project.v.sales` WHERE country = 'DE'",
            "v.german",
        ],
    );
    contains(&made.stdout, &["View 'test-project:v.german' successfully created"]);
    let view = ok(&tools, &["show", "--format=json", "v.german"]).json();
    assert_eq!(view["type"], "VIEW", "{view}");
    assert_eq!(view["schema"]["fields"][0]["name"], "id", "{view}");
    ok(
        &tools,
        &[
            "update",
            "--use_legacy_sql=false",
            "--view=SELECT country FROM `test-project.v.sales`",
            "v.german",
        ],
    );
    assert_eq!(
        query(&tools, "SELECT COUNT(DISTINCT country) AS n FROM v.german"),
        json!([{"n": "2"}])
    );
    let made = ok(
        &tools,
        &[
            "mk",
            "--materialized_view=SELECT country, COUNT(*) AS n FROM `test-project.v.sales` GROUP BY country",
            "--enable_refresh=true",
            "--refresh_interval_ms=600000",
            "v.counts",
        ],
    );
    contains(&made.stdout, &["v.counts' successfully created"]);
    assert_eq!(
        query(&tools, "SELECT country, n FROM v.counts ORDER BY country"),
        json!([{"country": "DE", "n": "1"}, {"country": "FR", "n": "1"}])
    );
    run("CREATE FUNCTION v.twice(x INT64) RETURNS INT64 AS (x * 2)");
    assert_eq!(query(&tools, "SELECT v.twice(21) AS a"), json!([{"a": "42"}]));
    let routine = ok(&tools, &["show", "--routine", "--format=json", "v.twice"]).json();
    assert_eq!(routine["definitionBody"], "x * 2", "{routine}");
    let listed = ok(&tools, &["ls", "--routines", "--format=json", "v"]).json();
    assert_eq!(listed[0]["routineReference"]["routineId"], "twice", "{listed}");
    ok(&tools, &["rm", "-f", "--routine", "v.twice"]);
    refused(
        &tools,
        &["show", "--routine", "v.twice"],
        &["Not found: Routine test-project:v.twice"],
    );
    let script = ok(
        &tools,
        &[
            "query",
            "--use_legacy_sql=false",
            "DECLARE n INT64 DEFAULT 2; SELECT n * 4 AS eight",
        ],
    );
    contains(&script.stdout, &["eight", "8"]);
    ok(&tools, &["rm", "-f", "-t", "v.german"]);
}
