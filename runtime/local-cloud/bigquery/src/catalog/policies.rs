//! IAM policies of tables and routines: kept, versioned by etag, given back. Nobody is denied anything.

use serde_json::{Map, Value, json};

use super::names::TableName;
use super::{etag, one_doc, routines, tables};
use crate::engine::{Bind, Session};
use crate::error::{Fault, Reason};

/// What has a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Table,
    Routine,
}

impl Owner {
    fn text(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Routine => "routine",
        }
    }
}

fn key<'n>(owner: Owner, name: &'n TableName) -> [Bind<'n>; 4] {
    [
        Bind::Text(&name.project),
        Bind::Text(&name.dataset),
        Bind::Text(owner.text()),
        Bind::Text(&name.table),
    ]
}

/// Refuses an owner that does not exist.
pub(crate) fn must_exist(tx: &Session<'_>, owner: Owner, name: &TableName) -> Result<(), Fault> {
    match owner {
        Owner::Table => tables::load(tx, name).map(drop),
        Owner::Routine => routines::load(tx, name).map(drop),
    }
}

/// The policy, an empty one if none was set.
pub(crate) fn get(tx: &Session<'_>, owner: Owner, name: &TableName) -> Result<Value, Fault> {
    must_exist(tx, owner, name)?;
    let sql = "SELECT doc FROM _headwater.policies WHERE project = ? AND dataset = ? AND kind = ? AND name = ?";
    let found = one_doc(tx, sql, &key(owner, name))?;
    Ok(found.unwrap_or_else(|| json!({"version": 1, "etag": "ACAB"})))
}

/// Replaces the policy, unless it was read before the last change.
pub(crate) fn set(
    tx: &Session<'_>,
    owner: Owner,
    name: &TableName,
    policy: &Map<String, Value>,
) -> Result<Value, Fault> {
    let current = get(tx, owner, name)?;
    let read = policy.get("etag").and_then(Value::as_str).filter(|e| !e.is_empty());
    if read.is_some_and(|read| current["etag"] != read) {
        return Err(Fault::new(
            Reason::ConditionNotMet,
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        ));
    }
    let mut new = json!({"version": 1, "bindings": [], "revision": current["etag"]});
    for key in ["version", "bindings"] {
        if let Some(value) = policy.get(key) {
            new[key] = value.clone();
        }
    }
    // The etag follows from what it replaces: setting the same policy again gives another one.
    let tag = etag(&new);
    if let Some(map) = new.as_object_mut() {
        map.remove("revision");
        map.insert("etag".into(), json!(tag));
    }
    forget(tx, owner, name)?;
    let text = new.to_string();
    let [p, d, k, n] = key(owner, name);
    tx.execute(
        "INSERT INTO _headwater.policies VALUES (?, ?, ?, ?, ?)",
        &[p, d, k, n, Bind::Text(&text)],
    )?;
    Ok(new)
}

/// Forgets the policy of what is dropped.
pub(crate) fn forget(tx: &Session<'_>, owner: Owner, name: &TableName) -> Result<(), Fault> {
    let sql = "DELETE FROM _headwater.policies WHERE project = ? AND dataset = ? AND kind = ? AND name = ?";
    tx.execute(sql, &key(owner, name)).map(drop)
}
