//! What release and workflow configurations have in common: named settings below a repository.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::check::text;
use super::names::{Collection, RepositoryName, check_id};
use super::repositories::Repository;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, read, updated};
use crate::page::page;
use crate::store::{Txn, View};

/// What is wrong with a configuration's settings.
type Check = fn(&Txn<'_>, &Config) -> Result<(), ApiError>;

/// A kind of configuration: what differs between the two.
pub(super) struct Kind {
    pub(super) collection: Collection,
    /// The query parameter with the id of a new one.
    pub(super) id_parameter: &'static str,
    /// How errors name the message.
    pub(super) message: &'static str,
    pub(super) fields: &'static Fields,
    /// What is wrong with its settings.
    pub(super) check: Check,
    /// What stands against its deletion.
    pub(super) before_delete: fn(&Txn<'_>, &Config) -> Result<(), ApiError>,
    /// The output field with what its schedule came to.
    pub(super) records: &'static str,
    /// Output fields beside the name and those records.
    pub(super) outputs: fn(&Config) -> Map<String, Value>,
}

/// A configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Config {
    pub(super) repository: RepositoryName,
    pub(super) id: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) settings: Map<String, Value>,
    /// When its schedule is due next; none without a schedule and while it is disabled.
    #[serde(default)]
    pub(super) next: Option<DateTime<Utc>>,
    /// The time that its schedule is being carried out for. Still there after a kill, it is carried out again.
    #[serde(default)]
    pub(super) firing: Option<DateTime<Utc>>,
    /// What the last times came to, the newest first.
    #[serde(default)]
    pub(super) records: Vec<Value>,
}

impl Config {
    /// Finds out when its schedule is due next.
    pub(super) fn schedule_next(&mut self, now: DateTime<Utc>) -> Result<(), ApiError> {
        let schedule = match text(&self.settings, "cronSchedule") {
            schedule if schedule.is_empty() || self.settings.contains_key("disabled") => None,
            _ => Some(super::check::schedule(&self.settings)?),
        };
        self.next = schedule.and_then(|schedule| schedule.next(now));
        Ok(())
    }

    pub(super) fn key(&self, kind: &Kind) -> Vec<u8> {
        self.repository.child_key(kind.collection, &self.id)
    }

    pub(super) fn name(&self, collection: Collection) -> String {
        self.repository.child_name(collection, &self.id)
    }

    fn resource(&self, kind: &Kind) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name(kind.collection)));
        out.extend(self.settings.clone());
        out.extend((kind.outputs)(self));
        if !self.records.is_empty() {
            out.insert(kind.records.into(), json!(self.records));
        }
        Value::Object(out)
    }
}

/// The configuration of that id, of a repository that exists.
pub(super) fn find(view: &impl View, kind: &Kind, repository: &RepositoryName, id: &str) -> Result<Config, ApiError> {
    let found = view.get(&repository.child_key(kind.collection, id))?;
    found.ok_or_else(|| {
        ApiError::not_found(format!(
            "Resource '{}' was not found",
            repository.child_name(kind.collection, id)
        ))
    })
}

pub(super) async fn create(mut call: Call, kind: &'static Kind) -> Answer {
    let settings = read(call.json().await?, kind.fields, kind.message)?;
    let id = call.query.get(kind.id_parameter);
    let id = id.ok_or_else(|| ApiError::required(kind.id_parameter))?.to_owned();
    check_id(&id, &format!("{}_id", kind.message))?;
    let repository = RepositoryName::of(&call);
    let due_from = call.cloud.clock.now();
    let config = call.cloud.store.write(move |txn| {
        Repository::read(txn, &repository)?;
        let now = Utc::now();
        let mut config = Config {
            repository,
            id,
            created: now,
            updated: now,
            settings,
            next: None,
            firing: None,
            records: Vec::new(),
        };
        (kind.check)(txn, &config)?;
        if txn.bytes(&config.key(kind))?.is_some() {
            let name = config.name(kind.collection);
            return Err(ApiError::exists(format!("Resource '{name}' already exists")));
        }
        config.schedule_next(due_from)?;
        txn.put(config.key(kind), &config)?;
        Ok(config)
    });
    let config = config.await?;
    call.cloud.dataform.changed.notify_one();
    ok(&config.resource(kind))
}

pub(super) async fn list(call: Call, kind: &'static Kind) -> Answer {
    let repository = RepositoryName::of(&call);
    let snapshot = call.cloud.store.snapshot()?;
    Repository::read(&snapshot, &repository)?;
    let all: Vec<Config> = snapshot.all(&repository.children(kind.collection))?;
    let resources = all.iter().map(|config| config.resource(kind)).collect();
    ok(&page(&call.query, kind.collection.segment(), resources, 50)?)
}

pub(super) async fn get(call: Call, kind: &'static Kind) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&find(&snapshot, kind, &RepositoryName::of(&call), call.param("config"))?.resource(kind))
}

pub(super) async fn patch(mut call: Call, kind: &'static Kind) -> Answer {
    let body = read(call.json().await?, kind.fields, kind.message)?;
    let (repository, id) = (RepositoryName::of(&call), call.param("config").to_owned());
    let mask = call.query.get("updateMask").map(str::to_owned);
    let due_from = call.cloud.clock.now();
    let config = call.cloud.store.write(move |txn| {
        let mut config = find(txn, kind, &repository, &id)?;
        config.settings = updated(&config.settings, &body, mask.as_deref(), kind.fields)?;
        (kind.check)(txn, &config)?;
        config.updated = Utc::now();
        config.schedule_next(due_from)?;
        txn.put(config.key(kind), &config)?;
        Ok::<_, ApiError>(config)
    });
    let config = config.await?;
    call.cloud.dataform.changed.notify_one();
    ok(&config.resource(kind))
}

pub(super) async fn delete(call: Call, kind: &'static Kind) -> Answer {
    let (repository, id) = (RepositoryName::of(&call), call.param("config").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let config = find(txn, kind, &repository, &id)?;
        (kind.before_delete)(txn, &config)?;
        txn.remove(repository.child_key(kind.collection, &id));
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}
