//! Tables and views: a document each, and for a table a DuckDB table of the same name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::evolve::{described, evolve, in_stored_order};
use super::names::{ANONYMOUS, TableName, schema as duck_schema};
use super::policies::{self, Owner};
use super::{
    changes, check_etag, datasets, etag, history, int, merge, now_ms, one_doc, parse_doc, partitions, settings, size,
    streams, without_nulls,
};
use crate::engine::{Bind, Session};
use crate::error::{Fault, Reason};
use crate::schema;
use crate::types::{self, quoted};

/// What a client may set.
const SETTABLE: &[&str] = &[
    "biglakeConfiguration",
    "clustering",
    "defaultCollation",
    "defaultRoundingMode",
    "description",
    "encryptionConfiguration",
    "expirationTime",
    "friendlyName",
    "labels",
    "materializedView",
    "maxStaleness",
    "rangePartitioning",
    "requirePartitionFilter",
    "resourceTags",
    "schema",
    "tableConstraints",
    "timePartitioning",
    "view",
];
/// What an update that does not name it leaves as it is.
const KEPT: &[&str] = &[
    "materializedView",
    "rangePartitioning",
    "schema",
    "timePartitioning",
    "view",
];
const SMALLEST_EXPIRATION_MS: i64 = 1000;
/// How often BigQuery refreshes a materialized view that does not say.
const REFRESH_MS: i64 = 1_800_000;

pub(crate) fn not_found(name: &TableName) -> Fault {
    Fault::not_found("Table", &name.id())
}

fn binds(name: &TableName) -> [Bind<'_>; 3] {
    [
        Bind::Text(&name.project),
        Bind::Text(&name.dataset),
        Bind::Text(&name.table),
    ]
}

fn expired(doc: &Value) -> bool {
    int(&doc["expirationTime"]).is_some_and(|at| at <= now_ms())
}

const FIND: &str = "SELECT doc FROM _headwater.tables WHERE project = ? AND dataset = ? AND name = ?";

fn find_any(tx: &Session<'_>, name: &TableName) -> Result<Option<Value>, Fault> {
    one_doc(tx, FIND, &binds(name))
}

/// Reads the documents of several tables at once, which is quicker than one after the other.
pub(crate) fn read_ahead(tx: &Session<'_>, names: &[TableName]) -> Result<(), Fault> {
    if names.len() < 2 {
        return Ok(());
    }
    let mut datasets: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for name in names {
        let dataset = (name.project.as_str(), name.dataset.as_str());
        datasets.entry(dataset).or_default().push(&name.table);
    }
    let (mut each, mut all) = (Vec::new(), Vec::new());
    for ((project, dataset), tables) in &datasets {
        let marks = vec!["?"; tables.len()].join(", ");
        each.push(format!("(project = ? AND dataset = ? AND name IN ({marks}))"));
        all.extend([project, dataset].into_iter().chain(tables).copied().map(Bind::Text));
    }
    let sql = format!(
        "SELECT project, dataset, name, doc FROM _headwater.tables WHERE {}",
        each.join(" OR ")
    );
    let found = tx.query(&sql, &all)?;
    for name in names {
        let text = found
            .iter()
            .find(|row| row[0].text() == name.project && row[1].text() == name.dataset && row[2].text() == name.table)
            .map(|row| row[3].text().to_owned());
        tx.keep(FIND, &binds(name), text);
    }
    Ok(())
}

/// The table's document; an expired table is not there.
pub(crate) fn find(tx: &Session<'_>, name: &TableName) -> Result<Option<Value>, Fault> {
    Ok(find_any(tx, name)?.filter(|doc| !expired(doc)))
}

pub(crate) fn load(tx: &Session<'_>, name: &TableName) -> Result<Value, Fault> {
    match find(tx, name)? {
        Some(doc) => Ok(doc),
        None if name.dataset == ANONYMOUS => Err(not_found(name)),
        None => {
            datasets::load(tx, &name.project, &name.dataset)?;
            Err(not_found(name))
        }
    }
}

/// `None` only where a statement says IF EXISTS and there is no such table.
pub(crate) fn load_if(tx: &Session<'_>, name: &TableName, if_exists: bool) -> Result<Option<Value>, Fault> {
    if if_exists {
        return find(tx, name);
    }
    load(tx, name).map(Some)
}

/// A view of either kind: its rows are computed when they are read.
pub(crate) fn is_view(doc: &Value) -> bool {
    doc["type"] == "VIEW" || doc["type"] == "MATERIALIZED_VIEW"
}

/// Whether there is a DuckDB table of this name.
pub(crate) fn is_stored(doc: &Value) -> bool {
    !is_view(doc)
}

/// The query of a view of either kind.
pub(crate) fn view_query(doc: &Value) -> Option<&str> {
    let query = |key: &str| doc[key]["query"].as_str();
    query("view").or_else(|| query("materializedView"))
}

pub(crate) fn list(tx: &Session<'_>, project: &str, dataset: &str) -> Result<Vec<(String, Value)>, Fault> {
    let sql = "SELECT name, doc FROM _headwater.tables WHERE project = ? AND dataset = ? ORDER BY name";
    let rows = tx.query(sql, &[Bind::Text(project), Bind::Text(dataset)])?;
    let all = rows.iter().map(|r| (r[0].text().to_owned(), parse_doc(r[1].text())));
    Ok(all.filter(|(_, doc)| !expired(doc)).collect())
}

/// The resource that clients see; with `stats`, how large the table is.
pub(crate) fn resource(
    tx: &Session<'_>,
    name: &TableName,
    doc: &Value,
    base_url: &str,
    stats: bool,
) -> Result<Value, Fault> {
    let TableName {
        project,
        dataset,
        table,
    } = name;
    let mut out = json!({
        "kind": "bigquery#table",
        "etag": etag(doc),
        "id": name.id(),
        "selfLink": format!("{base_url}/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"),
        "tableReference": name.reference(),
    });
    if stats {
        let (rows, bytes) = size::of(tx, name, doc)?;
        let bytes = bytes.to_string();
        for key in ["numBytes", "numTotalLogicalBytes", "numActiveLogicalBytes"] {
            out[key] = json!(bytes);
        }
        for key in ["numLongTermBytes", "numLongTermLogicalBytes"] {
            out[key] = json!("0");
        }
        out["numRows"] = json!(rows.to_string());
    }
    merge(&mut out, doc);
    Ok(out)
}

/// The part of the resource that a list shows.
pub(crate) fn list_item(name: &TableName, doc: &Value) -> Value {
    let mut out = json!({"kind": "bigquery#table", "id": name.id(), "tableReference": name.reference()});
    for key in [
        "type",
        "friendlyName",
        "creationTime",
        "expirationTime",
        "labels",
        "timePartitioning",
        "rangePartitioning",
        "clustering",
        "requirePartitionFilter",
    ] {
        if !doc[key].is_null() {
            out[key] = doc[key].clone();
        }
    }
    if doc["type"] == "VIEW" {
        out["view"] = json!({"useLegacySql": false});
    }
    out
}

pub(crate) fn settable(body: &Value) -> Map<String, Value> {
    let known = |key: &str| SETTABLE.contains(&key);
    body.as_object()
        .into_iter()
        .flatten()
        .filter(|(k, _)| known(k))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// The column definitions of a table with this schema.
pub(crate) fn duck_columns(schema: &Value) -> Result<String, Fault> {
    let fields = schema["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let columns: Result<Vec<String>, Fault> = fields
        .iter()
        .map(|f| {
            let required = if f["mode"] == "REQUIRED" { " NOT NULL" } else { "" };
            let name = quoted(f["name"].as_str().unwrap_or_default());
            Ok(format!("{name} {}{required}", types::storage_definition(f)?))
        })
        .collect();
    Ok(columns?.join(", "))
}

/// Makes a table or view from the settable part of a resource. Nothing of that name may exist.
pub(crate) fn create(tx: &Session<'_>, name: &TableName, settings: &Map<String, Value>) -> Result<Value, Fault> {
    name.check()?;
    let mut doc = without_nulls(&Value::Object(settings.clone()));
    doc["type"] = json!(match (doc["view"].is_object(), doc["materializedView"].is_object()) {
        (true, true) =>
            return Err(Fault::invalid(
                "A table cannot be a view and a materialized view at once"
            )),
        (true, false) => "VIEW",
        (false, true) => "MATERIALIZED_VIEW",
        (false, false) => "TABLE",
    });
    let location = if name.dataset == ANONYMOUS {
        tx.run(&format!(
            "CREATE SCHEMA IF NOT EXISTS {}",
            duck_schema(&name.project, ANONYMOUS)
        ))?;
        json!("US")
    } else {
        let dataset = datasets::load(tx, &name.project, &name.dataset)?;
        take_defaults(&mut doc, &dataset);
        dataset["location"].clone()
    };
    match find_any(tx, name)? {
        Some(old) if expired(&old) => drop_table(tx, name, &old)?,
        Some(_) => return Err(Fault::duplicate("Table", &name.id())),
        None => {}
    }
    settings::check(&mut doc)?;
    settings::check_foreign_keys(tx, name, &mut doc)?;
    let now = now_ms();
    if int(&doc["expirationTime"]).is_some_and(|at| at < now + SMALLEST_EXPIRATION_MS) {
        return Err(Fault::invalid(
            "Invalid value for expirationTime: it must be in the future",
        ));
    }
    doc["creationTime"] = json!(now.to_string());
    doc["lastModifiedTime"] = json!(now.to_string());
    doc["location"] = location;
    match doc["type"].as_str() {
        Some("VIEW") => {
            if doc["view"]["useLegacySql"].is_null() {
                doc["view"]["useLegacySql"] = json!(false);
            }
        }
        Some("MATERIALIZED_VIEW") => prepare_materialized(&mut doc["materializedView"], now),
        _ => create_storage(tx, name, &doc)?,
    }
    record_new(tx, name, &doc)?;
    Ok(doc)
}

fn record_new(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    let text = doc.to_string();
    let [project, dataset, table] = binds(name);
    let all = [project, dataset, table, Bind::Text(&text)];
    tx.execute("INSERT INTO _headwater.tables VALUES (?, ?, ?, ?)", &all)
        .map(drop)
}

/// What a dataset says about tables that are made in it.
fn take_defaults(doc: &mut Value, dataset: &Value) {
    let life = |key: &str| int(&dataset[key]);
    if doc["timePartitioning"].is_object()
        && doc["timePartitioning"]["expirationMs"].is_null()
        && let Some(life) = life("defaultPartitionExpirationMs")
    {
        doc["timePartitioning"]["expirationMs"] = json!(life.to_string());
    }
    // A default expiration of partitions takes the place of the table's own.
    let by_partition = doc["timePartitioning"].is_object() && life("defaultPartitionExpirationMs").is_some();
    if let (Value::Null, Some(life), false) = (&doc["expirationTime"], life("defaultTableExpirationMs"), by_partition) {
        doc["expirationTime"] = json!((now_ms() + life).to_string());
    }
    for key in ["defaultCollation", "defaultRoundingMode"] {
        if doc[key].is_null() && dataset[key].is_string() && doc["type"] == "TABLE" {
            doc[key] = dataset[key].clone();
        }
    }
    // A view holds nothing to encrypt.
    if doc["encryptionConfiguration"].is_null()
        && dataset["defaultEncryptionConfiguration"].is_object()
        && doc["type"] != "VIEW"
    {
        doc["encryptionConfiguration"] = dataset["defaultEncryptionConfiguration"].clone();
    }
}

fn prepare_materialized(view: &mut Value, now: i64) {
    if view["enableRefresh"].is_null() {
        view["enableRefresh"] = json!(true);
    }
    if view["refreshIntervalMs"].is_null() {
        view["refreshIntervalMs"] = json!(REFRESH_MS.to_string());
    }
    // Rows are computed when they are read: the view is as fresh as its tables.
    view["lastRefreshTime"] = json!(now.to_string());
}

/// DuckDB has no table without columns: one without a schema gets a hidden column until it has one.
fn create_storage(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    let mut columns = duck_columns(&doc["schema"])?;
    if columns.is_empty() {
        columns = "_headwater_empty BOOLEAN".to_owned();
    }
    if let Some(pseudo) = partitions::definition(doc) {
        columns = format!("{columns}, {pseudo}");
    }
    tx.run(&format!("CREATE TABLE {} ({columns})", name.duck()))
        .map_err(|fault| {
            if fault.message.contains("already exists") {
                return Fault::duplicate("Table", &format!("{} (names that differ only by case)", name.id()));
            }
            fault
        })
}

/// Replaces a table's document. Not by an UPDATE: when DuckDB runs out of memory in one, its rollback can leave a pointer to
/// memory that it has freed (<https://github.com/duckdb/duckdb/pull/26019>), and this is written beside queries that may have
/// taken all memory.
pub(crate) fn save(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    let sql = "DELETE FROM _headwater.tables WHERE project = ? AND dataset = ? AND name = ?";
    if tx.execute(sql, &binds(name))? > 0 {
        record_new(tx, name, doc)?;
    }
    Ok(())
}

/// Notes that the data changed.
pub(crate) fn touch(tx: &Session<'_>, name: &TableName, doc: &mut Value) -> Result<(), Fault> {
    doc["lastModifiedTime"] = json!(now_ms().to_string());
    save(tx, name, doc)
}

/// Replaces schema and data: the table is empty afterwards.
pub(crate) fn replace_storage(
    tx: &Session<'_>,
    name: &TableName,
    doc: &mut Value,
    schema: &Value,
) -> Result<(), Fault> {
    tx.run(&format!("DROP TABLE {}", name.duck()))?;
    changes::forget(tx, name)?;
    doc["schema"] = schema::normalise_schema(schema)?;
    settings::check(doc)?;
    create_storage(tx, name, doc)?;
    touch(tx, name, doc)
}

pub(crate) fn drop_table(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    policies::forget(tx, Owner::Table, name)?;
    streams::forget(tx, name)?;
    changes::forget(tx, name)?;
    history::forget(tx, name)?;
    tx.execute(
        "DELETE FROM _headwater.tables WHERE project = ? AND dataset = ? AND name = ?",
        &binds(name),
    )?;
    if is_view(doc) {
        Ok(())
    } else {
        tx.run(&format!("DROP TABLE IF EXISTS {}", name.duck()))
    }
}

pub(crate) fn delete(tx: &Session<'_>, name: &TableName) -> Result<(), Fault> {
    let (name, partition) = &partitions::split(name.clone());
    let mut doc = load(tx, name)?;
    if let Some(partition) = partition {
        must_be_table(name, &doc)?;
        let rows = partition.condition(name, &doc)?;
        history::keep(tx, name, &doc)?;
        tx.run(&format!("DELETE FROM {} WHERE {rows}", name.duck()))?;
        return touch(tx, name, &mut doc);
    }
    drop_table(tx, name, &doc)
}

/// `patch` merges, `update` replaces. A view's body must hold the schema of its query.
pub(crate) fn change(
    tx: &Session<'_>,
    name: &TableName,
    body: &Value,
    replace: bool,
    if_match: Option<&str>,
) -> Result<Value, Fault> {
    let old = load(tx, name)?;
    check_etag(if_match, &old)?;
    history::keep(tx, name, &old)?;
    let mut doc = old.clone();
    let mut settings = settable(body);
    if replace && let Some(map) = doc.as_object_mut() {
        map.retain(|key, _| !SETTABLE.contains(&key.as_str()) || KEPT.contains(&key.as_str()));
    }
    let schema = settings.remove("schema").filter(|s| s["fields"].is_array());
    for kind in ["view", "materializedView"] {
        if settings.get(kind).is_some_and(Value::is_object) && !old[kind].is_object() {
            return Err(Fault::invalid(format!(
                "Cannot change {} into another kind of table: it is a {}",
                name.id(),
                old["type"].as_str().unwrap_or_default()
            )));
        }
    }
    merge(&mut doc, &Value::Object(settings));
    if doc["materializedView"]["query"] != old["materializedView"]["query"] {
        return Err(Fault::invalid(
            "The query of a materialized view cannot be changed; use CREATE OR REPLACE MATERIALIZED VIEW",
        ));
    }
    if let Some(schema) = schema {
        let schema = schema::normalise_schema(&schema)?;
        if doc["view"]["query"] != old["view"]["query"] {
            doc["schema"] = schema;
        } else if is_view(&old) {
            doc["schema"] = described(&old["schema"], &schema)?;
        } else {
            let schema = in_stored_order(&old["schema"], &schema);
            evolve(tx, name, &old["schema"], &schema)?;
            doc["schema"] = schema;
        }
    }
    settings::check(&mut doc)?;
    settings::check_foreign_keys(tx, name, &mut doc)?;
    settings::check_partitioning_kept(&old, &doc)?;
    doc["lastModifiedTime"] = json!(now_ms().to_string());
    save(tx, name, &doc)?;
    Ok(doc)
}

/// Saves a document that DDL has changed, after the same checks.
pub(crate) fn save_checked(tx: &Session<'_>, name: &TableName, old: &Value, doc: &mut Value) -> Result<(), Fault> {
    settings::check(doc)?;
    settings::check_foreign_keys(tx, name, doc)?;
    settings::check_partitioning_kept(old, doc)?;
    touch(tx, name, doc)
}

/// Gives a table another name in its dataset.
pub(crate) fn rename(tx: &Session<'_>, name: &TableName, to: &str) -> Result<TableName, Fault> {
    let new = TableName::new(&name.project, &name.dataset, to);
    new.check()?;
    if let Some(old) = find_any(tx, &new)? {
        if !expired(&old) {
            return Err(Fault::duplicate("Table", &new.id()));
        }
        drop_table(tx, &new, &old)?;
    }
    tx.run(&format!("ALTER TABLE {} RENAME TO {}", name.duck(), quoted(to)))?;
    streams::forget(tx, name)?;
    history::forget(tx, name)?;
    changes::rename(tx, name, &new)?;
    let [p, d, t] = binds(name);
    let sql = "UPDATE _headwater.tables SET name = ? WHERE project = ? AND dataset = ? AND name = ?";
    tx.execute(sql, &[Bind::Text(to), p, d, t])?;
    Ok(new)
}

/// Deletes what has expired. Runs at the start and from time to time.
pub(crate) fn drop_expired(tx: &Session<'_>) -> Result<(), Fault> {
    for row in tx.query("SELECT project, dataset, name, doc FROM _headwater.tables", &[])? {
        let doc = parse_doc(row[3].text());
        if expired(&doc) {
            let name = TableName::new(row[0].text(), row[1].text(), row[2].text());
            drop_table(tx, &name, &doc)?;
        }
    }
    Ok(())
}

/// A table that nobody changes any more.
pub(crate) fn is_snapshot(doc: &Value) -> bool {
    doc["type"] == "SNAPSHOT"
}

/// Refuses a view where rows must be.
pub(crate) fn must_be_stored(name: &TableName, doc: &Value) -> Result<(), Fault> {
    if is_view(doc) { must_be_table(name, doc) } else { Ok(()) }
}

/// Refuses a view or snapshot where a table must be that can be changed.
pub(crate) fn must_be_table(name: &TableName, doc: &Value) -> Result<(), Fault> {
    if is_view(doc) || is_snapshot(doc) {
        return Err(Fault::new(
            Reason::Invalid,
            format!(
                "{} is not allowed for this operation because it is currently a {}.",
                name.id(),
                doc["type"].as_str().unwrap_or_default()
            ),
        ));
    }
    Ok(())
}
