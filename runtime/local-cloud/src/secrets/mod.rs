//! Secret Manager v1: <https://cloud.google.com/secret-manager/docs/reference/rest>. Global secrets only. Payloads lie in
//! the store as they are: the data directory is for its owner alone.

mod versions;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::{camel, masked};
use crate::http::route::{Method, method};
use crate::iam;
use crate::page::page;
use crate::store::{View, key, under};

pub(crate) use versions::access;

/// What the caller of create and patch may set.
const SETTABLE: [&str; 9] = [
    "labels",
    "annotations",
    "topics",
    "expireTime",
    "rotation",
    "versionAliases",
    "versionDestroyTtl",
    "customerManagedEncryption",
    "tags",
];

pub(crate) fn methods() -> Vec<Method> {
    let mut all = vec![
        method(
            "secretmanager.projects.secrets.create",
            "POST",
            "/v1/projects/{project}/secrets",
            create,
        ),
        method(
            "secretmanager.projects.secrets.list",
            "GET",
            "/v1/projects/{project}/secrets",
            list,
        ),
        method(
            "secretmanager.projects.secrets.get",
            "GET",
            "/v1/projects/{project}/secrets/{secret}",
            get,
        ),
        method(
            "secretmanager.projects.secrets.patch",
            "PATCH",
            "/v1/projects/{project}/secrets/{secret}",
            patch,
        ),
        method(
            "secretmanager.projects.secrets.delete",
            "DELETE",
            "/v1/projects/{project}/secrets/{secret}",
            delete,
        ),
        method(
            "secretmanager.projects.secrets.getIamPolicy",
            "GET",
            "/v1/projects/{project}/secrets/{secret}:getIamPolicy",
            get_policy,
        ),
        method(
            "secretmanager.projects.secrets.setIamPolicy",
            "POST",
            "/v1/projects/{project}/secrets/{secret}:setIamPolicy",
            set_policy,
        ),
        method(
            "secretmanager.projects.secrets.testIamPermissions",
            "POST",
            "/v1/projects/{project}/secrets/{secret}:testIamPermissions",
            iam::test_call,
        ),
    ];
    all.extend(versions::methods());
    all
}

/// A secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Secret {
    project: String,
    id: String,
    created: DateTime<Utc>,
    /// Changes with every change.
    version: i64,
    /// How many versions were ever added.
    added: u64,
    replication: Value,
    settings: Map<String, Value>,
}

fn secret_key(project: &str, id: &str) -> Vec<u8> {
    key(&["secret", "s", project, id])
}

fn policy_key(project: &str, id: &str) -> Vec<u8> {
    key(&["secret", "iam", project, id])
}

fn etag(version: i64) -> String {
    format!("\"{version:x}\"")
}

/// Refuses a change that is based on an older state.
fn check_etag(given: Option<&str>, current: &str) -> Result<(), ApiError> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if given.trim_matches('"') != current.trim_matches('"') => Err(ApiError::failed_precondition(
            format!("The etag provided '{given}' does not match the current etag '{current}'."),
        )),
        _ => Ok(()),
    }
}

impl Secret {
    fn name(&self) -> String {
        format!("projects/{}/secrets/{}", self.project, self.id)
    }

    fn read(view: &impl View, project: &str, id: &str) -> Result<Secret, ApiError> {
        let secret = view.get(&secret_key(project, id))?;
        secret.ok_or_else(|| ApiError::not_found(format!("Secret [projects/{project}/secrets/{id}] not found.")))
    }

    fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name()));
        out.insert("replication".into(), self.replication.clone());
        out.insert("createTime".into(), json!(stamp(self.created)));
        out.extend(self.settings.clone());
        out.insert("etag".into(), json!(etag(self.version)));
        Value::Object(out)
    }
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = call
        .query
        .get("secretId")
        .ok_or_else(|| ApiError::required("secretId"))?
        .to_owned();
    if id.len() > 255 || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(ApiError::invalid(format!(
            "The provided Secret ID [{id}] does not match the expected format [[a-zA-Z_0-9]+]"
        )));
    }
    let replication = body
        .get("replication")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let known = replication
        .keys()
        .any(|kind| kind == "automatic" || kind == "userManaged");
    if !known {
        return Err(ApiError::invalid("secret.replication: the field is required"));
    }
    let settings = settable(body, Utc::now())?;
    let project = call.param("project").to_owned();
    let secret = call.cloud.store.write(move |txn| {
        let at = secret_key(&project, &id);
        if txn.bytes(&at)?.is_some() {
            return Err(ApiError::exists(format!(
                "Secret [projects/{project}/secrets/{id}] already exists."
            )));
        }
        let version = txn.next_generation()?;
        let replication = Value::Object(replication);
        let secret = Secret {
            project,
            id,
            created: Utc::now(),
            version,
            added: 0,
            replication,
            settings,
        };
        txn.put(at, &secret)?;
        Ok(secret)
    });
    ok(&secret.await?.resource())
}

fn settable(mut body: Map<String, Value>, now: DateTime<Utc>) -> Result<Map<String, Value>, ApiError> {
    if let Some(ttl) = body.get("ttl").and_then(Value::as_str) {
        let ttl = crate::clock::parse_duration(ttl).ok_or_else(|| ApiError::invalid("secret.ttl is not a duration"))?;
        body.insert("expireTime".into(), json!(stamp(now + ttl)));
    }
    body.retain(|name, value| SETTABLE.contains(&name.as_str()) && !is_empty(value));
    Ok(body)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

async fn list(call: Call) -> Answer {
    let filter = Filter::parse(call.query.get("filter"))?;
    let mut secrets: Vec<Secret> = call
        .cloud
        .store
        .snapshot()?
        .all(&under(&["secret", "s", call.param("project")]))?;
    secrets.retain(|secret| filter.matches(secret));
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.created));
    let resources: Vec<Value> = secrets.iter().map(Secret::resource).collect();
    let total = resources.len();
    let mut body = page(&call.query, "secrets", resources, 1000)?;
    body["totalSize"] = json!(total);
    ok(&body)
}

/// What of the filter language is understood: `name:PART`, `labels.KEY=VALUE`, joined by AND.
struct Filter(Vec<(String, String)>);

impl Filter {
    fn parse(text: Option<&str>) -> Result<Filter, ApiError> {
        let Some(text) = text else {
            return Ok(Filter(Vec::new()));
        };
        let terms = text.split(" AND ").map(|term| {
            let (field, value) = term.trim().split_once([':', '=']).unwrap_or(("name", term.trim()));
            let plain = value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.\"*/".contains(c));
            let known = plain && (field == "name" || field.starts_with("labels."));
            let term = (field.trim().to_owned(), value.trim().trim_matches('"').to_owned());
            known
                .then_some(term)
                .ok_or_else(|| ApiError::unimplemented(format_args!("a filter of secrets by {field}")))
        });
        terms.collect::<Result<_, _>>().map(Filter)
    }

    fn matches(&self, secret: &Secret) -> bool {
        self.0.iter().all(|(field, value)| match field.strip_prefix("labels.") {
            None => secret.name().contains(value.as_str()),
            Some(label) => {
                let labels = secret.settings.get("labels");
                labels.is_some_and(|labels| {
                    labels[label].as_str() == Some(value) || (value == "*" && !labels[label].is_null())
                })
            }
        })
    }
}

async fn get(call: Call) -> Answer {
    ok(&Secret::read(
        &call.cloud.store.snapshot()?,
        call.param("project"),
        call.param("secret"),
    )?
    .resource())
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let mask = call
        .query
        .get("updateMask")
        .ok_or_else(|| ApiError::required("updateMask"))?
        .to_owned();
    for path in mask.split(',') {
        let field = camel(path.split('.').next().unwrap_or_default().trim());
        if field != "ttl" && field != "etag" && !SETTABLE.contains(&field.as_str()) {
            return Err(ApiError::invalid(format!(
                "The field secret.{field} is immutable or unknown and cannot be updated."
            )));
        }
    }
    let given = body.get("etag").and_then(Value::as_str).map(str::to_owned);
    let new = settable(body, Utc::now())?;
    let mask = mask.replace("ttl", "expireTime");
    let (project, id) = (call.param("project").to_owned(), call.param("secret").to_owned());
    let secret = call.cloud.store.write(move |txn| {
        let mut secret = Secret::read(txn, &project, &id)?;
        check_etag(given.as_deref(), &etag(secret.version))?;
        masked(&mut secret.settings, &new, &mask);
        secret.settings.retain(|name, _| SETTABLE.contains(&name.as_str()));
        secret.version = txn.next_generation()?;
        txn.put(secret_key(&project, &id), &secret)?;
        Ok::<_, ApiError>(secret)
    });
    ok(&secret.await?.resource())
}

async fn delete(call: Call) -> Answer {
    let given = call.query.get("etag").map(str::to_owned);
    let (project, id) = (call.param("project").to_owned(), call.param("secret").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let secret = Secret::read(txn, &project, &id)?;
        check_etag(given.as_deref(), &etag(secret.version))?;
        txn.remove(secret_key(&project, &id));
        txn.remove(policy_key(&project, &id));
        versions::remove_all(txn, &project, &id)
    });
    deleted.await?;
    ok(&json!({}))
}

async fn get_policy(call: Call) -> Answer {
    let (project, id) = (call.param("project"), call.param("secret"));
    Secret::read(&call.cloud.store.snapshot()?, project, id)?;
    ok(&iam::get_version(
        &call.cloud,
        &policy_key(project, id),
        iam::requested(&call.query)?,
    )?)
}

async fn set_policy(call: Call) -> Answer {
    let (project, id) = (call.param("project"), call.param("secret"));
    Secret::read(&call.cloud.store.snapshot()?, project, id)?;
    let at = policy_key(project, id);
    iam::set_call(call, at).await
}

/// Bytes from the base64 of a JSON body, in either alphabet.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace('-', "+").replace('_', "/")).ok()
}
