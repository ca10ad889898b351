//! Routines: functions, table functions and procedures, by the API and by statements; and their IAM policies.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;

#[tokio::test]
async fn a_routine_lives_its_life() {
    let api = Api::start().await;
    let int = json!({"typeKind": "INT64"});
    let body = json!({"routineReference": {"projectId": "p", "datasetId": "d", "routineId": "add_one"},
        "routineType": "SCALAR_FUNCTION", "language": "SQL", "arguments": [{"name": "x", "dataType": int}],
        "returnType": int, "definitionBody": "x + 1", "description": "adds", "determinismLevel": "DETERMINISTIC"});
    let (status, made) = api.call(Method::POST, "datasets/d/routines", Some(body.clone())).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!((&made["definitionBody"], &made["returnType"]), (&json!("x + 1"), &int));
    assert!(made["creationTime"].is_string() && made["etag"].is_string());
    assert_eq!(
        api.rows("SELECT d.add_one(41), `p.d.add_one`(n) FROM UNNEST([1]) n")
            .await,
        json!([["42", "2"]])
    );
    let (status, answer) = api.call(Method::POST, "datasets/d/routines", Some(body.clone())).await;
    assert_eq!(
        (status, &answer["error"]["message"]),
        (StatusCode::CONFLICT, &json!("Already Exists: Routine p:d.add_one"))
    );

    let mut changed = body.clone();
    changed["definitionBody"] = json!("x + 2");
    let stale = [("If-Match", "\"stale\"")];
    let path = "datasets/d/routines/add_one";
    let (status, _) = api.call_with(Method::PUT, path, Some(changed.clone()), &stale).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let etag = [("If-Match", made["etag"].as_str().unwrap())];
    let (status, answer) = api.call_with(Method::PUT, path, Some(changed), &etag).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["creationTime"], made["creationTime"]);
    assert_eq!(api.get(path).await, answer);
    assert_eq!(api.rows("SELECT d.add_one(40)").await, json!([["42"]]));
    let listed = api.get("datasets/d/routines?filter=routineType:SCALAR_FUNCTION").await;
    assert_eq!(listed["routines"][0]["routineReference"]["routineId"], "add_one");
    assert!(listed["routines"][0]["definitionBody"].is_null());
    assert!(api.get("datasets/d/routines?filter=routineType:PROCEDURE").await["routines"].is_null());

    let (status, answer) = api.call(Method::DELETE, "datasets/d", None).await;
    assert_eq!(
        (status, &answer["error"]["errors"][0]["reason"]),
        (StatusCode::BAD_REQUEST, &json!("resourceInUse"))
    );
    assert_eq!(api.call(Method::DELETE, path, None).await.0, StatusCode::NO_CONTENT);
    let (status, answer) = api.call(Method::GET, path, None).await;
    assert_eq!(
        (status, &answer["error"]["message"]),
        (StatusCode::NOT_FOUND, &json!("Not found: Routine p:d.add_one"))
    );
}

#[tokio::test]
async fn wrong_routines_are_refused() {
    let api = Api::start().await;
    let int = json!({"typeKind": "INT64"});
    for (change, message) in [
        (
            json!({"routineType": null}),
            "Required parameter is missing: routineType",
        ),
        (json!({"routineType": "WIBBLE"}), "Invalid value for routineType"),
        (json!({"language": "COBOL"}), "Invalid value for language"),
        (
            json!({"definitionBody": ""}),
            "Required parameter is missing: definitionBody",
        ),
        (json!({"definitionBody": "y + 1"}), "Unrecognized name: y"),
        (json!({"definitionBody": "x +"}), "Syntax error"),
        (
            json!({"returnType": {"typeKind": "DATE"}}),
            "Function declared to return DATE but the function body produces incompatible type INT64",
        ),
        (json!({"arguments": [{"name": "x"}]}), "Argument x needs a dataType"),
        (
            json!({"arguments": [{"name": "x", "dataType": int}, {"name": "X", "dataType": int}]}),
            "Duplicate argument name X",
        ),
        (json!({"routineReference": {"routineId": "1x"}}), "Invalid routine ID"),
    ] {
        let mut body = json!({"routineReference": {"projectId": "p", "datasetId": "d", "routineId": "f"},
            "routineType": "SCALAR_FUNCTION", "arguments": [{"name": "x", "dataType": int}], "returnType": int, "definitionBody": "x"});
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = api.call(Method::POST, "datasets/d/routines", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{change}: {answer}");
        let found = answer["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{change}: {found}");
    }
    assert!(
        api.get("datasets/d/routines").await["routines"].is_null(),
        "none was kept"
    );
}

#[tokio::test]
async fn functions_are_made_by_statements_and_called() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t AS SELECT id, MOD(id, 3) AS k FROM UNNEST(GENERATE_ARRAY(1, 9)) AS id")
        .await;
    for statement in [
        "CREATE FUNCTION d.plus(x INT64, y INT64) RETURNS INT64 AS (x + y)",
        "CREATE OR REPLACE FUNCTION d.plus(x INT64, y INT64) AS (x + y) OPTIONS (description = 'sum')",
        "CREATE FUNCTION d.same(x ANY TYPE) AS (IF(x IS NULL, NULL, [x]))",
        // The body's own relation has the name of the caller's.
        "CREATE FUNCTION d.upto(x INT64) RETURNS INT64 AS ((SELECT COUNT(*) FROM d.t AS t WHERE t.id <= x))",
        "CREATE FUNCTION d.nested(s STRUCT<a INT64, b ARRAY<STRING>>) RETURNS STRING AS (CONCAT(s.b[OFFSET(0)], '-', CAST(s.a AS STRING)))",
        "CREATE TABLE FUNCTION d.of_k(wanted INT64) AS SELECT id FROM d.t WHERE k = wanted",
        "CREATE TABLE FUNCTION d.typed(wanted INT64) RETURNS TABLE<id FLOAT64> AS SELECT id FROM d.t WHERE k = wanted",
        "CREATE AGGREGATE FUNCTION d.scaled(x INT64, by INT64 NOT AGGREGATE) AS (SUM(x) * by)",
        "CREATE FUNCTION d.js(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r\"\"\"return x * 2;\"\"\"",
    ] {
        api.query(statement).await;
    }
    for (sql, expected) in [
        ("SELECT d.plus(1, 2), d.plus(d.plus(1, 1), NULL)", json!([["3", null]])),
        ("SELECT d.same('x'), d.same(1.5)", json!([[["x"], ["1.5"]]])),
        (
            "SELECT t.id, d.upto(t.id) FROM d.t AS t WHERE t.id IN (2, 5) ORDER BY 1",
            json!([["2", "2"], ["5", "5"]]),
        ),
        ("SELECT SUM(d.upto(id)) FROM d.t", json!([["45"]])),
        ("SELECT d.nested(STRUCT(1, ['z']))", json!([["z-1"]])),
        ("SELECT id FROM d.of_k(1) ORDER BY id", json!([["1"], ["4"], ["7"]])),
        (
            "SELECT f.id FROM d.typed(2) AS f ORDER BY 1",
            json!([["2.0"], ["5.0"], ["8.0"]]),
        ),
        (
            "SELECT k, d.scaled(id, 10) FROM d.t GROUP BY k ORDER BY k",
            json!([["0", "180"], ["1", "120"], ["2", "150"]]),
        ),
        (
            "CREATE TEMP FUNCTION twice(x INT64) AS (x * 2); SELECT twice(id) FROM d.t WHERE id = 4",
            json!([["8"]]),
        ),
        (
            "CREATE TEMP FUNCTION a(x INT64) AS (x + 1); CREATE TEMP FUNCTION b(x INT64) AS (a(x) * 2); SELECT b(1)",
            json!([["4"]]),
        ),
    ] {
        assert_eq!(api.rows(sql).await, expected, "{sql}");
    }
    let routine = api.get("datasets/d/routines/plus").await;
    assert_eq!(
        (&routine["description"], &routine["definitionBody"]),
        (&json!("sum"), &json!("x + y"))
    );
    assert_eq!(
        api.get("datasets/d/routines/of_k").await["routineType"],
        "TABLE_VALUED_FUNCTION"
    );
    assert_eq!(
        api.get("datasets/d/routines/js").await["definitionBody"],
        "return x * 2;"
    );
    for (sql, message) in [
        ("SELECT d.none(1)", "Function not found: d.none at [1:8]"),
        (
            "SELECT d.plus(1)",
            "No matching signature for function p:d.plus for argument types: INT64. Supported signature: p:d.plus(INT64, INT64) at [1:8]",
        ),
        (
            "SELECT d.plus('a', 1)",
            "No matching signature for function p:d.plus for argument types: STRING, INT64",
        ),
        (
            "SELECT d.js(1.0)",
            "the local BigQuery does not run functions written in JAVASCRIPT: p:d.js",
        ),
        ("SELECT * FROM d.none(1)", "Table-valued function not found: d.none"),
        (
            "SELECT d.of_k(1)",
            "p:d.of_k is a TABLE_VALUED_FUNCTION and cannot be called as a function",
        ),
        (
            "CREATE FUNCTION d.plus(x INT64) AS (x)",
            "Already Exists: Routine p:d.plus",
        ),
        ("CREATE FUNCTION d.bad(x INT64) AS (x + y)", "Unrecognized name: y"),
        ("CREATE FUNCTION d.bad(x INT64) AS x", "Syntax error: Expected \"(\""),
        ("CREATE FUNCTION none.bad(x INT64) AS (x)", "Not found: Dataset p:none"),
        (
            "CREATE OR REPLACE FUNCTION d.plus(x INT64, y INT64) AS (d.plus(x, y))",
            "Recursive reference to p:d.plus",
        ),
        (
            "DROP TABLE FUNCTION d.plus",
            "Cannot drop p:d.plus as a TABLE_VALUED_FUNCTION",
        ),
        ("DROP FUNCTION d.none", "Not found: Routine p:d.none"),
    ] {
        let (_, answer) = api.try_query(sql).await;
        let found = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(found.starts_with(message), "{sql}: {answer}");
    }
    api.query("DROP FUNCTION d.plus; DROP FUNCTION IF EXISTS d.plus; DROP TABLE FUNCTION d.of_k")
        .await;
    // A view may call a function.
    api.query("CREATE VIEW d.v AS SELECT d.upto(id) AS n FROM d.t").await;
    assert_eq!(api.rows("SELECT MAX(n) FROM d.v").await, json!([["9"]]));
}

#[tokio::test]
async fn scripts_and_procedures() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (x INT64, s STRING)").await;
    for (script, expected) in [
        (
            "DECLARE x INT64 DEFAULT 5; DECLARE s STRING; SET x = x + 1; SET s = 'v'; SELECT x, s",
            json!([["6", "v"]]),
        ),
        ("DECLARE a, b INT64; SET (a, b) = (1, 2); SELECT a + b", json!([["3"]])),
        (
            "DECLARE a ARRAY<INT64>; SET (a) = (SELECT AS STRUCT ARRAY_AGG(x) FROM UNNEST([1, 2]) AS x); SELECT ARRAY_LENGTH(a)",
            json!([["2"]]),
        ),
        (
            "DECLARE n INT64 DEFAULT 0; WHILE n < 5 DO SET n = n + 1; IF n = 2 THEN CONTINUE; END IF; IF n = 4 THEN BREAK; END IF; \
          END WHILE; SELECT n",
            json!([["4"]]),
        ),
        (
            "DECLARE n INT64 DEFAULT 0; outer_loop: LOOP LOOP SET n = n + 1; IF n > 3 THEN LEAVE outer_loop; END IF; END LOOP; END LOOP; \
          SELECT n",
            json!([["4"]]),
        ),
        (
            "DECLARE n INT64 DEFAULT 0; REPEAT SET n = n + 1; UNTIL n >= 3 END REPEAT; SELECT n",
            json!([["3"]]),
        ),
        (
            "DECLARE s INT64 DEFAULT 0; FOR r IN (SELECT x FROM UNNEST([1, 2, 3]) AS x) DO SET s = s + r.x; END FOR; SELECT s",
            json!([["6"]]),
        ),
        (
            "DECLARE g STRING; CASE 2 WHEN 1 THEN SET g = 'one'; WHEN 2 THEN SET g = 'two'; ELSE SET g = 'more'; END CASE; SELECT g",
            json!([["two"]]),
        ),
        (
            "DECLARE n INT64; EXECUTE IMMEDIATE 'SELECT @a + ?' INTO n USING 1 AS a; SELECT n",
            json!(null),
        ),
        (
            "DECLARE n INT64; EXECUTE IMMEDIATE 'SELECT ? + ?' INTO n USING 1, 2; SELECT n",
            json!([["3"]]),
        ),
        (
            "BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            json!([["division by zero: 1 / 0"]]),
        ),
        (
            "BEGIN RAISE USING MESSAGE = 'mine'; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            json!([["mine"]]),
        ),
        (
            "INSERT INTO d.t VALUES (1, 'a'), (2, 'b'); SELECT @@row_count",
            json!([["2"]]),
        ),
        (
            "BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE; ROLLBACK TRANSACTION; SELECT COUNT(*) FROM d.t",
            json!([["2"]]),
        ),
        (
            "BEGIN BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE; SELECT 1/0; COMMIT TRANSACTION; EXCEPTION WHEN ERROR THEN \
          ROLLBACK TRANSACTION; END; SELECT COUNT(*) FROM d.t",
            json!([["2"]]),
        ),
        (
            "BEGIN TRANSACTION; UPDATE d.t SET s = 'c' WHERE x = 1; INSERT INTO d.t VALUES (3, 'd'); COMMIT TRANSACTION; \
          SELECT COUNT(*), MAX(s) FROM d.t",
            json!([["3", "d"]]),
        ),
        (
            "CREATE TEMP TABLE tmp AS SELECT 1 AS a; INSERT INTO tmp VALUES (2); SELECT SUM(a) FROM tmp",
            json!([["3"]]),
        ),
        (
            "CREATE TEMP TABLE tmp (a INT64); SELECT COUNT(*) FROM _SESSION.tmp",
            json!([["0"]]),
        ),
        (
            "CREATE PROCEDURE d.p(IN a INT64, OUT r INT64, INOUT c STRING) BEGIN DECLARE k INT64 DEFAULT 10; SET r = a * k; \
          SET c = CONCAT(c, '!'); INSERT INTO d.t VALUES (r, c); END; SELECT 1",
            json!([["1"]]),
        ),
        (
            "DECLARE r INT64; DECLARE c STRING DEFAULT 'hi'; CALL d.p(4, r, c); SELECT r, c",
            json!([["40", "hi!"]]),
        ),
        ("SELECT s FROM d.t WHERE x = 40", json!([["hi!"]])),
    ] {
        let (status, answer) = api.try_query(script).await;
        if expected.is_null() {
            assert_eq!(status, StatusCode::BAD_REQUEST, "{script}: {answer}");
            continue;
        }
        assert_eq!(status, StatusCode::OK, "{script}: {answer}");
        assert_eq!(crate::api::plain(&answer["rows"]), expected, "{script}");
    }
    for (script, message) in [
        ("SELECT y", "Unrecognized name: y"),
        ("SET y = 1", "Undeclared variable: y"),
        (
            "DECLARE x INT64; DECLARE x INT64",
            "Variable 'x' redeclaration is not allowed",
        ),
        (
            "DECLARE x INT64; SET x = 'a'",
            "Cannot coerce expression of type STRING to type INT64",
        ),
        ("CALL d.none()", "Not found: Routine p:d.none"),
        ("CALL d.p(1)", "Procedure p:d.p takes 3 arguments"),
        ("RAISE USING MESSAGE = 'stop'", "stop"),
        ("SELECT 1; SELECT 1/0", "division by zero"),
    ] {
        let (_, answer) = api.try_query(script).await;
        let found = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(found.starts_with(message), "{script}: {answer}");
    }
}

#[tokio::test]
async fn a_scripts_statements_are_child_jobs() {
    let api = Api::start().await;
    let configuration = json!({"query": {"query": "SELECT 1 AS a; SELECT 2 AS b", "useLegacySql": false}});
    let job = api.job("parent", configuration).await;
    assert_eq!(job["statistics"]["numChildJobs"], "2", "{job}");
    assert_eq!(job["statistics"]["query"]["statementType"], "SCRIPT");
    let children = api.get("jobs?parentJobId=parent").await;
    let texts: Vec<&Value> = children["jobs"].as_array().unwrap().iter().collect();
    assert_eq!(texts.len(), 2, "{children}");
    let frame = &children["jobs"][0]["statistics"]["scriptStatistics"]["stackFrames"][0];
    assert_eq!(
        (&frame["text"], &frame["startColumn"]),
        (&json!("SELECT 2 AS b"), &json!(16)),
        "{children}"
    );
    let id = children["jobs"][1]["jobReference"]["jobId"].as_str().unwrap();
    let found = api.get(&format!("queries/{id}")).await;
    assert_eq!(crate::api::plain(&found["rows"]), json!([["1"]]), "{found}");
    assert!(
        !api.get("jobs").await["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|j| j["jobReference"]["jobId"] == id)
    );
}

#[tokio::test]
async fn policies_are_kept() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.t (x INT64); CREATE FUNCTION d.f() AS (1)")
        .await;
    for resource in ["datasets/d/tables/t", "datasets/d/routines/f"] {
        let (status, empty) = api
            .call(Method::POST, &format!("{resource}:getIamPolicy"), Some(json!({})))
            .await;
        assert_eq!((status, &empty["version"]), (StatusCode::OK, &json!(1)), "{empty}");
        let policy = json!({"etag": empty["etag"], "bindings": [{"role": "roles/bigquery.dataViewer", "members": ["user:a@b.c"]}]});
        let set = format!("{resource}:setIamPolicy");
        let (status, kept) = api.call(Method::POST, &set, Some(json!({"policy": policy}))).await;
        assert_eq!(status, StatusCode::OK, "{kept}");
        assert_eq!(kept["bindings"], policy["bindings"]);
        let (status, _) = api.call(Method::POST, &set, Some(json!({"policy": policy}))).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "the etag is spent");
        let (_, read) = api.call(Method::POST, &format!("{resource}:getIamPolicy"), None).await;
        assert_eq!(read, kept);
        let asked = json!({"permissions": ["bigquery.tables.get"]});
        let (_, answer) = api
            .call(
                Method::POST,
                &format!("{resource}:testIamPermissions"),
                Some(asked.clone()),
            )
            .await;
        assert_eq!(answer, asked);
        let none = format!("{}none:getIamPolicy", &resource[..resource.len() - 1]);
        assert_eq!(api.call(Method::POST, &none, None).await.0, StatusCode::NOT_FOUND);
    }
    api.query("DROP TABLE d.t; CREATE TABLE d.t (x INT64)").await;
    let (_, fresh) = api.call(Method::POST, "datasets/d/tables/t:getIamPolicy", None).await;
    assert!(fresh["bindings"].is_null(), "a new table has no old policy: {fresh}");
    assert_eq!(api.get("datasets/d/tables/t/rowAccessPolicies").await, json!({}));
    let (status, _) = api
        .call(Method::POST, "datasets/d/tables/t/rowAccessPolicies", Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
}
