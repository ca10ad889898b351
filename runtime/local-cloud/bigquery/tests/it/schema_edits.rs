//! How tables may change: edits of schemas and settings as data, by the API and by ALTER TABLE.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;

/// The table that every edit starts from; its one row tells whether data survives.
fn table() -> Value {
    json!({
        "tableReference": {"datasetId": "d", "tableId": "t"},
        "schema": {"fields": [
            {"name": "id", "type": "STRING", "mode": "REQUIRED", "description": "the key"},
            {"name": "n", "type": "INTEGER"},
            {"name": "s", "type": "STRING", "maxLength": "10"},
            {"name": "p", "type": "NUMERIC", "precision": "10", "scale": "2"},
            {"name": "day", "type": "DATE"},
            {"name": "r", "type": "RECORD", "fields": [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "STRING"}]},
            {"name": "l", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "x", "type": "INTEGER"}]},
        ]},
        "timePartitioning": {"type": "DAY", "field": "day"},
        "clustering": {"fields": ["id"]},
        "labels": {"team": "a"},
    })
}

async fn start() -> Api {
    let api = Api::start().await;
    make(&api).await;
    api
}

async fn make(api: &Api) {
    api.call(Method::DELETE, "datasets/d/tables/t", None).await;
    let (status, made) = api.call(Method::POST, "datasets/d/tables", Some(table())).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    api.query("INSERT INTO d.t VALUES ('k', 1, 'x', 1.5, DATE '2024-01-01', (1, 'b'), [STRUCT(1)])")
        .await;
}

/// An edit of the schema's fields: what it is called, the change, and how the message begins if it is refused.
type Edit = (&'static str, fn(&mut Vec<Value>), Option<&'static str>);

#[rustfmt::skip]
const EDITS: &[Edit] = &[
    ("nothing", |_| {}, None),
    ("a description", |f| f[0]["description"] = json!("other"), None),
    ("no description", |f| { f[0].as_object_mut().unwrap().remove("description"); }, None),
    ("add NULLABLE", |f| f.push(json!({"name": "new", "type": "FLOAT"})), None),
    ("add REPEATED", |f| f.push(json!({"name": "new", "type": "STRING", "mode": "REPEATED"})), None),
    ("add a RECORD", |f| f.push(json!({"name": "new", "type": "RECORD", "fields": [{"name": "q", "type": "DATE"}]})), None),
    ("add at the front", |f| f.insert(0, json!({"name": "new", "type": "FLOAT"})), None),
    ("add REQUIRED", |f| f.push(json!({"name": "new", "type": "FLOAT", "mode": "REQUIRED"})), Some("Provided Schema does not match Table p:d.t. Cannot add required fields to an existing schema. (field: new)")),
    ("add a second of that name", |f| f.push(json!({"name": "ID", "type": "FLOAT"})), Some("Field ID already exists in schema")),
    ("add a reserved name", |f| f.push(json!({"name": "_PARTITIONx", "type": "FLOAT"})), Some("Invalid field name \"_PARTITIONx\"")),
    ("add to a record", |f| f[5]["fields"].as_array_mut().unwrap().push(json!({"name": "c", "type": "DATE"})), None),
    ("add to a repeated record", |f| f[6]["fields"].as_array_mut().unwrap().push(json!({"name": "y", "type": "STRING"})), None),
    ("add REQUIRED to a record", |f| f[5]["fields"].as_array_mut().unwrap().push(json!({"name": "c", "type": "DATE", "mode": "REQUIRED"})), Some("Provided Schema does not match Table p:d.t. Cannot add required fields to an existing schema. (field: r.c)")),
    ("drop", |f| { f.remove(1); }, Some("Provided Schema does not match Table p:d.t. Field n is missing in new schema")),
    ("drop from a record", |f| { f[5]["fields"].as_array_mut().unwrap().remove(0); }, Some("Provided Schema does not match Table p:d.t. Field r.a is missing in new schema")),
    ("rename", |f| f[1]["name"] = json!("m"), Some("Provided Schema does not match Table p:d.t. Field n is missing in new schema")),
    ("reorder", |f| f.reverse(), None),
    ("relax", |f| f[0]["mode"] = json!("NULLABLE"), None),
    ("tighten", |f| f[1]["mode"] = json!("REQUIRED"), Some("Provided Schema does not match Table p:d.t. Field n has changed mode from NULLABLE to REQUIRED")),
    ("repeat", |f| f[1]["mode"] = json!("REPEATED"), Some("Provided Schema does not match Table p:d.t. Field n has changed mode from NULLABLE to REPEATED")),
    ("widen by the API", |f| f[1]["type"] = json!("NUMERIC"), Some("Provided Schema does not match Table p:d.t. Field n has changed type from INTEGER to NUMERIC")),
    ("change a type", |f| f[1]["type"] = json!("STRING"), Some("Provided Schema does not match Table p:d.t. Field n has changed type from INTEGER to STRING")),
    ("another name of the type", |f| f[1]["type"] = json!("INT64"), None),
    ("change a type in a record", |f| f[5]["fields"][0]["type"] = json!("STRING"), Some("Provided Schema does not match Table p:d.t. Field r.a has changed type from INTEGER to STRING")),
    ("longer", |f| f[2]["maxLength"] = json!("20"), None),
    ("no longest", |f| { f[2].as_object_mut().unwrap().remove("maxLength"); }, None),
    ("shorter", |f| f[2]["maxLength"] = json!("5"), Some("Provided Schema does not match Table p:d.t. Field s has changed type from STRING(10) to STRING(5)")),
    ("more digits", |f| { f[3]["precision"] = json!("12"); f[3]["scale"] = json!("4"); }, None),
    ("fewer digits", |f| f[3]["precision"] = json!("9"), Some("Provided Schema does not match Table p:d.t. Field p has changed type from NUMERIC(10, 2) to NUMERIC(9, 2)")),
    ("digits that cannot be", |f| f[3]["scale"] = json!("12"), Some("Invalid precision 10 and scale 12 for field p")),
    ("length of a number", |f| f[1]["maxLength"] = json!("5"), Some("Invalid value for maxLength")),
    ("policy tags", |f| f[1]["policyTags"] = json!({"names": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]}), None),
    ("a default", |f| f[1]["defaultValueExpression"] = json!("6 * 7"), None),
    ("a default of the wrong type", |f| f[1]["defaultValueExpression"] = json!("'x'"), Some("Default value of type STRING cannot be assigned to column n")),
    ("a default that does not parse", |f| f[1]["defaultValueExpression"] = json!("6 *"), Some("Syntax error")),
    ("a collation", |f| f[2]["collation"] = json!("und:ci"), None),
    ("a collation of a number", |f| f[1]["collation"] = json!("und:ci"), Some("Invalid collation")),
    ("a rounding mode", |f| f[3]["roundingMode"] = json!("ROUND_HALF_EVEN"), None),
    ("a rounding mode of text", |f| f[2]["roundingMode"] = json!("ROUND_HALF_EVEN"), Some("Invalid rounding mode")),
];

#[tokio::test]
async fn edits_of_a_schema_by_the_api() {
    let api = start().await;
    for (what, edit, refusal) in EDITS {
        make(&api).await;
        let before = api.get("datasets/d/tables/t").await;
        let mut fields = before["schema"]["fields"].as_array().unwrap().clone();
        edit(&mut fields);
        let body = json!({"schema": {"fields": fields}});
        let (status, answer) = api.call(Method::PATCH, "datasets/d/tables/t", Some(body)).await;
        match refusal {
            Some(message) => {
                assert_eq!(status, StatusCode::BAD_REQUEST, "{what}: {answer}");
                let found = answer["error"]["message"].as_str().unwrap();
                assert!(found.starts_with(message), "{what}: {found}");
                assert_eq!(
                    api.get("datasets/d/tables/t").await,
                    before,
                    "{what}: refused is unchanged"
                );
            }
            None => {
                assert_eq!(status, StatusCode::OK, "{what}: {answer}");
                assert_eq!(
                    api.get("datasets/d/tables/t").await["schema"],
                    answer["schema"],
                    "{what}"
                );
            }
        }
        assert_eq!(
            api.rows("SELECT id, n, r.a, l[OFFSET(0)].x FROM d.t").await,
            json!([["k", "1", "1", "1"]]),
            "{what}"
        );
    }
}

/// A patch of the settings, and the part of the answer that must be so, or how the message begins.
#[tokio::test]
async fn edits_of_settings_by_the_api() {
    let api = start().await;
    let none = Value::Null;
    for (patch, pointer, expected) in [
        (json!({"description": "d"}), "/description", json!("d")),
        (json!({"description": null}), "/description", none.clone()),
        (
            json!({"labels": {"team": null, "env": "x"}}),
            "/labels",
            json!({"env": "x"}),
        ),
        (json!({"friendlyName": "T"}), "/friendlyName", json!("T")),
        (
            json!({"expirationTime": "4102444800000"}),
            "/expirationTime",
            json!("4102444800000"),
        ),
        (json!({"expirationTime": null}), "/expirationTime", none.clone()),
        (
            json!({"clustering": {"fields": ["n", "id"]}}),
            "/clustering/fields",
            json!(["n", "id"]),
        ),
        (json!({"clustering": null}), "/clustering", none.clone()),
        (json!({"clustering": {"fields": []}}), "/clustering", none.clone()),
        (
            json!({"timePartitioning": {"expirationMs": 86_400_000}}),
            "/timePartitioning/expirationMs",
            json!("86400000"),
        ),
        (
            json!({"timePartitioning": {"expirationMs": null}}),
            "/timePartitioning/expirationMs",
            none.clone(),
        ),
        (
            json!({"requirePartitionFilter": true}),
            "/requirePartitionFilter",
            json!(true),
        ),
        (
            json!({"requirePartitionFilter": false}),
            "/requirePartitionFilter",
            json!(false),
        ),
        (
            json!({"tableConstraints": {"primaryKey": {"columns": ["id"]}}}),
            "/tableConstraints/primaryKey/columns",
            json!(["id"]),
        ),
        (
            json!({"tableConstraints": {"primaryKey": null}}),
            "/tableConstraints",
            none.clone(),
        ),
        (
            json!({"maxStaleness": "0-0 0 0:15:0"}),
            "/maxStaleness",
            json!("0-0 0 0:15:0"),
        ),
    ] {
        let (status, answer) = api
            .call(Method::PATCH, "datasets/d/tables/t", Some(patch.clone()))
            .await;
        assert_eq!(status, StatusCode::OK, "{patch}: {answer}");
        assert_eq!(answer.pointer(pointer).unwrap_or(&none), &expected, "{patch}");
    }
    for (patch, message) in [
        (
            json!({"timePartitioning": {"type": "MONTH"}}),
            "Cannot change partitioning/clustering spec",
        ),
        (
            json!({"timePartitioning": {"field": null}}),
            "Cannot change partitioning/clustering spec",
        ),
        (
            json!({"timePartitioning": null}),
            "Cannot change partitioning/clustering spec",
        ),
        (
            json!({"rangePartitioning": {"field": "n", "range": {"start": 0, "end": 10, "interval": 1}}}),
            "Only one of",
        ),
        (
            json!({"clustering": {"fields": ["nope"]}}),
            "The field specified for clustering cannot be found",
        ),
        (
            json!({"clustering": {"fields": ["l"]}}),
            "Clustering is not possible on a field of type ARRAY",
        ),
        (
            json!({"clustering": {"fields": ["id", "n", "s", "p", "day"]}}),
            "Too many clustering fields",
        ),
        (
            json!({"tableConstraints": {"primaryKey": {"columns": ["nope"]}}}),
            "The field specified for the primary key",
        ),
        (json!({"labels": {"Bad": "x"}}), "Invalid label"),
        (
            json!({"view": {"query": "SELECT 1 AS x"}}),
            "Cannot change p:d.t into another kind of table",
        ),
        (
            json!({"tableConstraints": {"foreignKeys": [{"referencedTable": {"datasetId": "d", "tableId": "none"},
            "columnReferences": [{"referencingColumn": "n", "referencedColumn": "x"}]}]}}),
            "Not found: Table p:d.none",
        ),
    ] {
        let (status, answer) = api
            .call(Method::PATCH, "datasets/d/tables/t", Some(patch.clone()))
            .await;
        assert!(status.is_client_error(), "{patch}: {answer}");
        let found = answer["error"]["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{patch}: {found}");
    }
}

#[tokio::test]
async fn partitioning_is_checked_when_a_table_is_made() {
    let api = Api::start().await;
    let fields = json!([{"name": "at", "type": "TIMESTAMP"}, {"name": "day", "type": "DATE"}, {"name": "n", "type": "INTEGER"},
        {"name": "s", "type": "STRING"}]);
    for (key, value, message) in [
        ("timePartitioning", json!({"type": "DAY"}), ""),
        ("timePartitioning", json!({"type": "HOUR", "field": "at"}), ""),
        (
            "timePartitioning",
            json!({"type": "WEEK", "field": "at"}),
            "Invalid value for timePartitioning.type",
        ),
        (
            "timePartitioning",
            json!({"type": "HOUR", "field": "day"}),
            "Hourly partitioning is not supported",
        ),
        (
            "timePartitioning",
            json!({"type": "DAY", "field": "s"}),
            "The field specified for time partitioning can only be of type TIMESTAMP, DATE or DATETIME. The type found is: STRING.",
        ),
        (
            "timePartitioning",
            json!({"type": "DAY", "field": "x"}),
            "The field specified for partitioning cannot be found in the schema",
        ),
        (
            "rangePartitioning",
            json!({"field": "n", "range": {"start": "0", "end": "100", "interval": "10"}}),
            "",
        ),
        (
            "rangePartitioning",
            json!({"field": "s", "range": {"start": "0", "end": "100", "interval": "10"}}),
            "The field specified for range partitioning",
        ),
        (
            "rangePartitioning",
            json!({"field": "n", "range": {"start": "0", "end": "100", "interval": "0"}}),
            "rangePartitioning.range needs",
        ),
        (
            "rangePartitioning",
            json!({"field": "n", "range": {"start": "0", "end": "1000000", "interval": "1"}}),
            "rangePartitioning.range makes more than",
        ),
        (
            "requirePartitionFilter",
            json!(true),
            "require_partition_filter cannot be set",
        ),
    ] {
        let mut body = json!({"tableReference": {"tableId": "t"}, "schema": {"fields": fields}});
        body[key] = value.clone();
        let (status, answer) = api.call(Method::POST, "datasets/d/tables", Some(body)).await;
        if message.is_empty() {
            assert_eq!(status, StatusCode::OK, "{value}: {answer}");
            assert_eq!(answer[key], value);
            api.call(Method::DELETE, "datasets/d/tables/t", None).await;
        } else {
            assert_eq!(status, StatusCode::BAD_REQUEST, "{value}: {answer}");
            assert!(
                answer["error"]["message"].as_str().unwrap().starts_with(message),
                "{value}: {answer}"
            );
        }
    }
}

/// A statement, and how its refusal begins; or nothing, and the query that shows what it did.
#[tokio::test]
async fn edits_by_alter_table() {
    let api = start().await;
    for (statement, refusal, shows, expected) in [
        (
            "ALTER TABLE d.t ADD COLUMN c STRING OPTIONS(description='new'), ADD COLUMN IF NOT EXISTS n INT64",
            "",
            "SELECT c FROM d.t",
            json!([[null]]),
        ),
        (
            "ALTER TABLE d.t ADD COLUMN c STRING",
            "Column already exists: c",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t ADD COLUMN q STRING NOT NULL",
            "Cannot add required fields",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t RENAME COLUMN c TO e",
            "",
            "SELECT e FROM d.t",
            json!([[null]]),
        ),
        (
            "ALTER TABLE d.t RENAME COLUMN day TO d2",
            "Cannot rename column day: it is the partitioning column",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t DROP COLUMN e",
            "",
            "SELECT * EXCEPT(id, n, s, p, day, r, l), 1 AS one FROM d.t",
            json!([["1"]]),
        ),
        ("ALTER TABLE d.t DROP COLUMN IF EXISTS e", "", "", json!(null)),
        ("ALTER TABLE d.t DROP COLUMN e", "Column not found: e", "", json!(null)),
        (
            "ALTER TABLE d.t DROP COLUMN day",
            "Cannot drop column day: it is the partitioning column",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t DROP COLUMN id",
            "Cannot drop column id: it is a clustering column",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN n SET DATA TYPE NUMERIC",
            "",
            "SELECT n FROM d.t",
            json!([["1"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN n SET DATA TYPE BIGNUMERIC",
            "",
            "SELECT n FROM d.t",
            json!([["1"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN n SET DATA TYPE FLOAT64",
            "",
            "SELECT n FROM d.t",
            json!([["1.0"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN n SET DATA TYPE INT64",
            "ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type (FLOAT64)",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN s SET DATA TYPE STRING(20)",
            "",
            "SELECT s FROM d.t",
            json!([["x"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN s SET DATA TYPE STRING(2)",
            "ALTER TABLE ALTER COLUMN SET DATA TYPE requires",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN p SET DATA TYPE NUMERIC(12, 3)",
            "",
            "SELECT p FROM d.t",
            json!([["1.5"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN r SET DATA TYPE STRUCT<a NUMERIC, b STRING, c DATE>",
            "",
            "SELECT r FROM d.t",
            json!([[["1", "b", null]]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN id DROP NOT NULL",
            "",
            "SELECT id FROM d.t",
            json!([["k"]]),
        ),
        (
            "ALTER TABLE d.t ALTER COLUMN s SET DEFAULT 'dflt'",
            "",
            "SELECT s FROM d.t",
            json!([["x"]]),
        ),
        (
            "INSERT INTO d.t (id, day) VALUES ('2', '2024-01-02'), ('3', DATE '2024-01-03')",
            "",
            "SELECT id, s FROM d.t ORDER BY id",
            json!([["2", "dflt"], ["3", "dflt"], ["k", "x"]]),
        ),
        ("ALTER TABLE d.t ALTER COLUMN s DROP DEFAULT", "", "", json!(null)),
        (
            "ALTER TABLE d.t ALTER COLUMN s SET OPTIONS (description = 'text')",
            "",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t SET OPTIONS (description = 'd', labels = [('k', 'v')], require_partition_filter = false, partition_expiration_days = 3)",
            "",
            "",
            json!(null),
        ),
        ("ALTER TABLE d.t SET OPTIONS ()", "", "", json!(null)),
        (
            "ALTER TABLE d.t SET OPTIONS (enable_refresh = true)",
            "Unknown option: enable_refresh: only a materialized view has it",
            "",
            json!(null),
        ),
        (
            "ALTER VIEW d.t SET OPTIONS (description = 'd')",
            "Cannot alter p:d.t as a VIEW, it is a TABLE: use ALTER TABLE",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE d.t SET OPTIONS (nonsense = 1)",
            "Unknown option: nonsense",
            "",
            json!(null),
        ),
        ("ALTER TABLE d.t ADD PRIMARY KEY (id) NOT ENFORCED", "", "", json!(null)),
        ("ALTER TABLE d.t DROP PRIMARY KEY", "", "", json!(null)),
        (
            "ALTER TABLE d.t RENAME TO t2",
            "",
            "SELECT COUNT(*) FROM d.t2",
            json!([["3"]]),
        ),
        (
            "ALTER TABLE d.t SET OPTIONS (description = 'd')",
            "Not found: Table p:d.t",
            "",
            json!(null),
        ),
        (
            "ALTER TABLE IF EXISTS d.t SET OPTIONS (description = 'd')",
            "",
            "",
            json!(null),
        ),
    ] {
        let (status, answer) = api.try_query(statement).await;
        if refusal.is_empty() {
            assert_eq!(status, StatusCode::OK, "{statement}: {answer}");
        } else {
            let found = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(found.starts_with(refusal), "{statement}: {answer}");
        }
        if !shows.is_empty() {
            assert_eq!(api.rows(shows).await, expected, "{statement}");
        }
    }
    let table = api.get("datasets/d/tables/t2").await;
    assert_eq!(table["schema"]["fields"][2]["description"], "text");
    assert_eq!(table["schema"]["fields"][1]["type"], "FLOAT");
    assert_eq!(table["timePartitioning"]["expirationMs"], "259200000");
    assert_eq!(
        (&table["description"], &table["labels"]["k"]),
        (&json!("d"), &json!("v"))
    );
}

#[tokio::test]
async fn constraints_name_keys_that_exist() {
    let api = Api::start().await;
    api.query("CREATE TABLE d.parent (id INT64, PRIMARY KEY (id) NOT ENFORCED)")
        .await;
    api.query(
        "CREATE TABLE d.child (id INT64 PRIMARY KEY NOT ENFORCED, parent INT64 REFERENCES d.parent(id) NOT ENFORCED)",
    )
    .await;
    let child = api.get("datasets/d/tables/child").await;
    let constraints = &child["tableConstraints"];
    assert_eq!(constraints["primaryKey"]["columns"], json!(["id"]));
    let key = &constraints["foreignKeys"][0];
    assert_eq!(key["referencedTable"]["tableId"], "parent");
    assert_eq!(
        key["columnReferences"],
        json!([{"referencingColumn": "parent", "referencedColumn": "id"}])
    );
    let (_, answer) = api
        .try_query("CREATE TABLE d.bad (x INT64, FOREIGN KEY (x) REFERENCES d.child(parent) NOT ENFORCED)")
        .await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("must be the primary key of p:d.child"), "{message}");
    let name = key["name"].as_str().unwrap();
    api.query(&format!("ALTER TABLE d.child DROP CONSTRAINT `{name}`"))
        .await;
    assert!(api.get("datasets/d/tables/child").await["tableConstraints"]["foreignKeys"].is_null());
}

#[tokio::test]
async fn an_update_replaces_and_keeps_what_is_for_good() {
    let api = start().await;
    let (status, answer) = api
        .call(
            Method::PUT,
            "datasets/d/tables/t",
            Some(json!({"description": "only this"})),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["description"], "only this");
    assert_eq!((&answer["labels"], &answer["clustering"]), (&Value::Null, &Value::Null));
    assert_eq!(answer["timePartitioning"]["field"], "day");
    assert_eq!(answer["schema"]["fields"].as_array().unwrap().len(), 7);
    let etag = answer["etag"].as_str().unwrap().to_owned();
    let body = json!({"friendlyName": "x"});
    let stale = [("If-Match", "\"stale\"")];
    let (status, _) = api
        .call_with(Method::PATCH, "datasets/d/tables/t", Some(body.clone()), &stale)
        .await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let fresh = [("If-Match", etag.as_str())];
    let (status, _) = api
        .call_with(Method::PATCH, "datasets/d/tables/t", Some(body), &fresh)
        .await;
    assert_eq!(status, StatusCode::OK);
    let basic = api.get("datasets/d/tables/t?view=BASIC&selectedFields=id,r.a").await;
    assert!(basic["numRows"].is_null());
    assert_eq!(basic["schema"]["fields"].as_array().unwrap().len(), 2);
    let full = api.get("datasets/d/tables/t").await;
    assert_eq!(
        (&full["numRows"], &full["numBytes"]),
        (&json!("1"), &json!("57")),
        "{full}"
    );
}
