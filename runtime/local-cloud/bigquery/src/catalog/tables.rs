//! Tables and views: a document each, and for a table a DuckDB table of the same name.

use serde_json::{Map, Value, json};

use super::names::{ANONYMOUS, TableName, check_labels, schema as duck_schema};
use super::{check_etag, datasets, etag, int, merge, now_ms, one_doc, parse_doc, without_nulls};
use crate::engine::{Bind, Session};
use crate::error::{Fault, Reason};
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
    "maxStaleness",
    "rangePartitioning",
    "requirePartitionFilter",
    "resourceTags",
    "schema",
    "tableConstraints",
    "timePartitioning",
    "view",
];
/// What cannot be changed once the table exists.
const FIXED: &[&str] = &["rangePartitioning", "view"];
const SMALLEST_EXPIRATION_MS: i64 = 1000;

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

fn find_any(tx: &Session<'_>, name: &TableName) -> Result<Option<Value>, Fault> {
    let sql = "SELECT doc FROM _headwater.tables WHERE project = ? AND dataset = ? AND name = ?";
    one_doc(tx, sql, &binds(name))
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

pub(crate) fn is_view(doc: &Value) -> bool {
    doc["type"] == "VIEW"
}

pub(crate) fn list(tx: &Session<'_>, project: &str, dataset: &str) -> Result<Vec<(String, Value)>, Fault> {
    let sql = "SELECT name, doc FROM _headwater.tables WHERE project = ? AND dataset = ? ORDER BY name";
    let rows = tx.query(sql, &[Bind::Text(project), Bind::Text(dataset)])?;
    let all = rows.iter().map(|r| (r[0].text().to_owned(), parse_doc(r[1].text())));
    Ok(all.filter(|(_, doc)| !expired(doc)).collect())
}

/// Rows, and a guess at their bytes from the types' widths.
pub(crate) fn size(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(u64, u64), Fault> {
    if is_view(doc) {
        return Ok((0, 0));
    }
    let rows = tx.query(&format!("SELECT count(*) FROM {}", name.duck()), &[])?;
    let rows = rows.first().map_or(0, |r| r[0].int()).unsigned_abs();
    let width: u64 = types::columns(&doc["schema"]["fields"])?
        .iter()
        .map(|f| f.ty.width())
        .sum();
    Ok((rows, rows * width))
}

/// The resource that clients see.
pub(crate) fn resource(tx: &Session<'_>, name: &TableName, doc: &Value, base_url: &str) -> Result<Value, Fault> {
    let TableName {
        project,
        dataset,
        table,
    } = name;
    let (rows, bytes) = size(tx, name, doc)?;
    let mut out = json!({
        "kind": "bigquery#table",
        "etag": etag(doc),
        "id": name.id(),
        "selfLink": format!("{base_url}/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"),
        "tableReference": name.reference(),
        "numBytes": bytes.to_string(), "numLongTermBytes": "0", "numRows": rows.to_string(),
        "numTotalLogicalBytes": bytes.to_string(), "numActiveLogicalBytes": bytes.to_string(),
        "numLongTermLogicalBytes": "0",
    });
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
    if is_view(doc) {
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

fn check(doc: &mut Value) -> Result<(), Fault> {
    check_labels(doc)?;
    if !doc["schema"].is_null() {
        doc["schema"] = types::normalise_schema(&doc["schema"])?;
    }
    let columns = types::columns(&doc["schema"]["fields"])?;
    let known = |name: &str| columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    let view = is_view(doc);
    let wanted = [
        &doc["clustering"]["fields"],
        &doc["tableConstraints"]["primaryKey"]["columns"],
    ];
    let mut wanted: Vec<&str> = wanted
        .iter()
        .filter_map(|v| v.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    wanted.extend(doc["timePartitioning"]["field"].as_str());
    wanted.extend(doc["rangePartitioning"]["field"].as_str());
    if let Some(missing) = wanted.iter().find(|name| !view && !known(name)) {
        return Err(Fault::invalid(format!(
            "The field specified for partitioning, clustering or the primary key cannot be found in the schema: {missing}"
        )));
    }
    if let Some(kind) = doc["timePartitioning"]["type"].as_str()
        && !["DAY", "HOUR", "MONTH", "YEAR"].contains(&kind)
    {
        return Err(Fault::invalid(format!("Invalid time partitioning type {kind}")));
    }
    if let Some(at) = int(&doc["expirationTime"]) {
        if at == 0 {
            doc.as_object_mut().map(|map| map.remove("expirationTime"));
        } else {
            doc["expirationTime"] = json!(at.to_string());
        }
    }
    Ok(())
}

/// The column definitions of a table with this schema.
pub(crate) fn duck_columns(schema: &Value) -> Result<String, Fault> {
    let fields = schema["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let columns: Result<Vec<String>, Fault> = fields
        .iter()
        .map(|f| {
            let required = if f["mode"] == "REQUIRED" { " NOT NULL" } else { "" };
            let name = quoted(f["name"].as_str().unwrap_or_default());
            Ok(format!("{name} {}{required}", types::storage_type(f)?))
        })
        .collect();
    Ok(columns?.join(", "))
}

/// Makes a table or view from the settable part of a resource. Nothing of that name may exist.
pub(crate) fn create(tx: &Session<'_>, name: &TableName, settings: &Map<String, Value>) -> Result<Value, Fault> {
    name.check()?;
    let mut doc = without_nulls(&Value::Object(settings.clone()));
    let location = if name.dataset == ANONYMOUS {
        tx.run(&format!(
            "CREATE SCHEMA IF NOT EXISTS {}",
            duck_schema(&name.project, ANONYMOUS)
        ))?;
        json!("US")
    } else {
        let dataset = datasets::load(tx, &name.project, &name.dataset)?;
        if let (Value::Null, Some(life)) = (&doc["expirationTime"], int(&dataset["defaultTableExpirationMs"])) {
            doc["expirationTime"] = json!((now_ms() + life).to_string());
        }
        dataset["location"].clone()
    };
    match find_any(tx, name)? {
        Some(old) if expired(&old) => drop_table(tx, name, &old)?,
        Some(_) => return Err(Fault::duplicate("Table", &name.id())),
        None => {}
    }
    let view = !doc["view"].is_null();
    doc["type"] = json!(if view { "VIEW" } else { "TABLE" });
    check(&mut doc)?;
    let now = now_ms();
    if int(&doc["expirationTime"]).is_some_and(|at| at < now + SMALLEST_EXPIRATION_MS) {
        return Err(Fault::invalid(
            "Invalid value for expirationTime: it must be in the future",
        ));
    }
    doc["creationTime"] = json!(now.to_string());
    doc["lastModifiedTime"] = json!(now.to_string());
    doc["location"] = location;
    if view {
        if doc["view"]["useLegacySql"].is_null() {
            doc["view"]["useLegacySql"] = json!(false);
        }
    } else {
        create_storage(tx, name, &doc["schema"])?;
    }
    let text = doc.to_string();
    let TableName {
        project,
        dataset,
        table,
    } = name;
    let binds = [
        Bind::Text(project),
        Bind::Text(dataset),
        Bind::Text(table),
        Bind::Text(&text),
    ];
    tx.execute("INSERT INTO _headwater.tables VALUES (?, ?, ?, ?)", &binds)?;
    Ok(doc)
}

/// DuckDB has no table without columns: one without a schema gets a hidden column until it has one.
fn create_storage(tx: &Session<'_>, name: &TableName, schema: &Value) -> Result<(), Fault> {
    let columns = duck_columns(schema)?;
    let columns = if columns.is_empty() {
        "_headwater_empty BOOLEAN".to_owned()
    } else {
        columns
    };
    tx.run(&format!("CREATE TABLE {} ({columns})", name.duck()))
        .map_err(|fault| {
            if fault.message.contains("already exists") {
                return Fault::duplicate("Table", &format!("{} (names that differ only by case)", name.id()));
            }
            fault
        })
}

pub(crate) fn save(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
    let text = doc.to_string();
    let [p, d, t] = binds(name);
    let sql = "UPDATE _headwater.tables SET doc = ? WHERE project = ? AND dataset = ? AND name = ?";
    tx.execute(sql, &[Bind::Text(&text), p, d, t])?;
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
    doc["schema"] = types::normalise_schema(schema)?;
    check(doc)?;
    create_storage(tx, name, &doc["schema"])?;
    touch(tx, name, doc)
}

pub(crate) fn drop_table(tx: &Session<'_>, name: &TableName, doc: &Value) -> Result<(), Fault> {
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
    let doc = load(tx, name)?;
    drop_table(tx, name, &doc)
}

/// `patch` merges, `update` replaces.
pub(crate) fn change(
    tx: &Session<'_>,
    name: &TableName,
    body: &Value,
    replace: bool,
    if_match: Option<&str>,
) -> Result<Value, Fault> {
    let old = load(tx, name)?;
    check_etag(if_match, &old)?;
    let mut doc = old.clone();
    let mut settings = settable(body);
    if replace && let Some(map) = doc.as_object_mut() {
        map.retain(|key, _| !SETTABLE.contains(&key.as_str()) || FIXED.contains(&key.as_str()) || key == "schema");
    }
    let schema = settings.remove("schema").filter(|s| s["fields"].is_array());
    merge(&mut doc, &Value::Object(settings));
    if let Some(schema) = schema {
        let schema = types::normalise_schema(&schema)?;
        if is_view(&old) {
            doc["schema"] = schema;
        } else {
            evolve(tx, name, &old["schema"], &schema)?;
            doc["schema"] = in_stored_order(&old["schema"], &schema);
        }
    }
    check(&mut doc)?;
    if !is_view(&old) && doc["rangePartitioning"] != old["rangePartitioning"] {
        return Err(Fault::invalid("Cannot change the partitioning of a table"));
    }
    doc["lastModifiedTime"] = json!(now_ms().to_string());
    save(tx, name, &doc)?;
    Ok(doc)
}

/// Columns stay where they are, new ones come last: as DuckDB stores them.
fn in_stored_order(old: &Value, new: &Value) -> Value {
    let fields = new["fields"].as_array().cloned().unwrap_or_default();
    let position = |field: &Value| {
        let name = field["name"].as_str().unwrap_or_default();
        let mut old = old["fields"].as_array().into_iter().flatten();
        old.position(|o| o["name"].as_str().is_some_and(|o| o.eq_ignore_ascii_case(name)))
            .unwrap_or(usize::MAX)
    };
    let mut fields = fields;
    fields.sort_by_key(position);
    json!({"fields": fields})
}

/// Brings the stored columns from one schema to another: new columns and relaxed modes, nothing else.
pub(crate) fn evolve(tx: &Session<'_>, name: &TableName, old: &Value, new: &Value) -> Result<(), Fault> {
    let empty = Vec::new();
    let old_fields = old["fields"].as_array().unwrap_or(&empty);
    let new_fields = new["fields"].as_array().unwrap_or(&empty);
    let mismatch =
        |detail: String| Fault::invalid(format!("Provided Schema does not match Table {}. {detail}", name.id()));
    let table = name.duck();
    let same = |a: &Value, b: &Value| {
        a["name"]
            .as_str()
            .unwrap_or_default()
            .eq_ignore_ascii_case(b["name"].as_str().unwrap_or_default())
    };
    if let Some(lost) = old_fields.iter().find(|o| !new_fields.iter().any(|n| same(o, n))) {
        return Err(mismatch(format!(
            "Field {} is missing in new schema",
            lost["name"].as_str().unwrap_or_default()
        )));
    }
    for field in new_fields {
        let column = quoted(field["name"].as_str().unwrap_or_default());
        let shown = field["name"].as_str().unwrap_or_default();
        match old_fields.iter().find(|o| same(o, field)) {
            None => {
                if field["mode"] == "REQUIRED" && !old_fields.is_empty() {
                    return Err(mismatch(format!(
                        "Cannot add required fields to an existing schema. (field: {shown})"
                    )));
                }
                tx.run(&format!(
                    "ALTER TABLE {table} ADD COLUMN {column} {}",
                    types::storage_type(field)?
                ))?;
            }
            Some(old) => {
                check_compatible(old, field, shown).map_err(mismatch)?;
                if old["mode"] == "REQUIRED" && field["mode"] == "NULLABLE" {
                    tx.run(&format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"))?;
                }
                let (before, after) = (types::storage_type(old)?, types::storage_type(field)?);
                if before != after {
                    tx.run(&format!(
                        "ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {after}"
                    ))?;
                }
            }
        }
    }
    if old_fields.is_empty() && !new_fields.is_empty() {
        tx.run(&format!("ALTER TABLE {table} DROP COLUMN _headwater_empty"))?;
    }
    Ok(())
}

fn check_compatible(old: &Value, new: &Value, shown: &str) -> Result<(), String> {
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    if old["type"] != new["type"] {
        return Err(format!(
            "Field {shown} has changed type from {} to {}",
            text(old, "type"),
            text(new, "type")
        ));
    }
    let (from, to) = (text(old, "mode"), text(new, "mode"));
    if from != to && !(from == "REQUIRED" && to == "NULLABLE") {
        return Err(format!("Field {shown} has changed mode from {from} to {to}"));
    }
    let empty = Vec::new();
    let inner = new["fields"].as_array().unwrap_or(&empty);
    for old in old["fields"].as_array().unwrap_or(&empty) {
        let path = format!("{shown}.{}", old["name"].as_str().unwrap_or_default());
        match inner.iter().find(|n| n["name"] == old["name"]) {
            None => return Err(format!("Field {path} is missing in new schema")),
            Some(new) => check_compatible(old, new, &path)?,
        }
    }
    Ok(())
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

/// Refuses a view where a table must be.
pub(crate) fn must_be_table(name: &TableName, doc: &Value) -> Result<(), Fault> {
    if is_view(doc) {
        return Err(Fault::new(
            Reason::Invalid,
            format!("{} is not allowed for this operation because it is a VIEW", name.id()),
        ));
    }
    Ok(())
}
