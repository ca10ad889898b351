//! A Dataform project in a repository of the local cloud, compiled and invoked: what the tests of both share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::harness::{Client, Reply};

pub const ALL: &str = "/v1/projects/p/locations/l/repositories";
pub const ONE: &str = "/v1/projects/p/locations/l/repositories/sales";
pub const NAME: &str = "projects/p/locations/l/repositories/sales";

pub const SETTINGS: (&str, &str) = (
    "workflow_settings.yaml",
    "defaultProject: p\ndefaultDataset: marts\ndefaultAssertionDataset: checks\ndefaultLocation: US\n\
     dataformCoreVersion: 3.0.62\nvars:\n  least: \"5\"\n",
);
pub const ORDERS: (&str, &str) = (
    "definitions/orders.sqlx",
    r#"config {
  type: "table",
  description: "One row for each order.",
  columns: {id: "Its number."},
  bigquery: {labels: {layer: "mart"}},
  tags: ["daily"],
  assertions: {uniqueKey: ["id"], nonNull: ["amount"]}
}
SELECT id, id * 10 AS amount FROM UNNEST([1, 2, 3]) AS id"#,
);
pub const TOTALS: (&str, &str) = (
    "definitions/totals.sqlx",
    "config { type: \"view\" }\nSELECT SUM(amount) AS total FROM ${ref(\"orders\")} WHERE amount > ${dataform.projectConfig.vars.least}",
);
pub const EVENTS: (&str, &str) = (
    "definitions/events.sqlx",
    r#"config { type: "incremental", uniqueKey: ["id"] }
SELECT id, amount FROM ${ref("orders")}
${when(incremental(), `WHERE id > (SELECT MAX(id) FROM ${self()}) - 1`)}"#,
);
/// Takes long, and can be interrupted.
pub const SLOW: (&str, &str) = (
    "definitions/slow.sqlx",
    "config { type: \"operations\" }\nSELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b \
     WHERE MOD(a * b, 7) = 3\n",
);

/// A repository with a commit of these files.
pub async fn repository(client: &Client, files: &[(&str, &str)]) {
    client
        .json("POST", &format!("{ALL}?repositoryId=sales"), json!({}))
        .await
        .expect(200);
    commit(client, files).await;
}

pub async fn commit(client: &Client, files: &[(&str, &str)]) -> String {
    let operations: Map<String, Value> = files
        .iter()
        .map(|(path, text)| {
            let write = json!({"writeFile": {"contents": STANDARD.encode(text)}});
            ((*path).to_owned(), write)
        })
        .collect();
    let author = json!({"author": {"name": "A", "emailAddress": "a@b.c"}});
    let body = json!({"commitMetadata": author, "fileOperations": operations});
    let made = client.json("POST", &format!("{ONE}:commit"), body).await.expect(200);
    made.json()["commitSha"].as_str().unwrap().to_owned()
}

pub async fn compile(client: &Client, body: Value) -> Value {
    let path = format!("{ONE}/compilationResults");
    client.json("POST", &path, body).await.expect(200).json()
}

/// Compiles the branch, which has no errors.
pub async fn compiled(client: &Client) -> String {
    let result = compile(client, json!({"gitCommitish": "main"})).await;
    assert_eq!(result["compilationErrors"], Value::Null, "{result}");
    result["name"].as_str().unwrap().to_owned()
}

pub async fn invoke(client: &Client, body: Value) -> Reply {
    let path = format!("{ONE}/workflowInvocations");
    client.json("POST", &path, body).await
}

/// Invokes and waits for the end; gives the invocation and its actions.
pub async fn finished(client: &Client, body: Value) -> (Value, Vec<Value>) {
    let name = invoke(client, body).await.expect(200).json()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    ended(client, &name).await
}

pub async fn ended(client: &Client, name: &str) -> (Value, Vec<Value>) {
    let path = format!("/v1/{name}");
    let over = |reply: &Reply| !["RUNNING", "CANCELING"].contains(&reply.json()["state"].as_str().unwrap_or_default());
    let invocation = client.until(&path, over).await.expect(200).json();
    let actions = client
        .get(&format!("{path}:query?pageSize=1000"))
        .await
        .expect(200)
        .json();
    let actions = actions["workflowInvocationActions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    (invocation, actions)
}

/// Names and states, in the order of names.
pub fn states(actions: &[Value]) -> String {
    let state = |action: &Value| {
        let part = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {}", part(&action["target"]["name"]), part(&action["state"]))
    };
    let mut all: Vec<String> = actions.iter().map(state).collect();
    all.sort();
    all.join(", ")
}

pub fn action<'a>(actions: &'a [Value], name: &str) -> &'a Value {
    actions.iter().find(|action| action["target"]["name"] == name).unwrap()
}

/// The rows of a query, as text.
pub async fn rows(client: &Client, sql: &str) -> Vec<Vec<String>> {
    let body = json!({"query": sql, "useLegacySql": false});
    let answer = client
        .json("POST", "/bigquery/v2/projects/p/queries", body)
        .await
        .expect(200)
        .json();
    let cells = |row: &Value| {
        let cells = row["f"].as_array().unwrap().iter();
        cells
            .map(|cell| cell["v"].as_str().unwrap_or("NULL").to_owned())
            .collect()
    };
    answer["rows"].as_array().into_iter().flatten().map(cells).collect()
}
