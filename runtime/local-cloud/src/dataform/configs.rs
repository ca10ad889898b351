//! What release and workflow configurations have in common: named settings below a repository.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names::{Collection, RepositoryName, check_id};
use super::repositories::Repository;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, read, updated};
use crate::page::page;
use crate::store::{Txn, View};

/// What is wrong with settings in the repository of this name.
type Check = fn(&Txn<'_>, &RepositoryName, &Map<String, Value>) -> Result<(), ApiError>;

/// A kind of configuration: what differs between the two.
pub(super) struct Kind {
    pub(super) collection: Collection,
    /// The query parameter with the id of a new one.
    pub(super) id_parameter: &'static str,
    /// How errors name the message.
    pub(super) message: &'static str,
    pub(super) fields: &'static Fields,
    /// What is wrong with the settings, in the repository of this name.
    pub(super) check: Check,
    /// What stands against its deletion.
    pub(super) before_delete: fn(&Txn<'_>, &Config) -> Result<(), ApiError>,
    /// Output fields beside the name.
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
}

impl Config {
    pub(super) fn name(&self, collection: Collection) -> String {
        self.repository.config_name(collection, &self.id)
    }

    fn resource(&self, kind: &Kind) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name(kind.collection)));
        out.extend(self.settings.clone());
        out.extend((kind.outputs)(self));
        Value::Object(out)
    }
}

/// The configuration of that id, of a repository that exists.
fn find(view: &impl View, kind: &Kind, repository: &RepositoryName, id: &str) -> Result<Config, ApiError> {
    let found = view.get(&repository.config_key(kind.collection, id))?;
    found.ok_or_else(|| {
        ApiError::not_found(format!(
            "Resource '{}' was not found",
            repository.config_name(kind.collection, id)
        ))
    })
}

pub(super) async fn create(mut call: Call, kind: &'static Kind) -> Answer {
    let settings = read(call.json().await?, kind.fields, kind.message)?;
    let id = call.query.get(kind.id_parameter);
    let id = id.ok_or_else(|| ApiError::required(kind.id_parameter))?.to_owned();
    check_id(&id, &format!("{}_id", kind.message))?;
    let repository = RepositoryName::of(&call);
    let config = call.cloud.store.write(move |txn| {
        Repository::read(txn, &repository)?;
        (kind.check)(txn, &repository, &settings)?;
        let at = repository.config_key(kind.collection, &id);
        if txn.bytes(&at)?.is_some() {
            let name = repository.config_name(kind.collection, &id);
            return Err(ApiError::exists(format!("Resource '{name}' already exists")));
        }
        let now = Utc::now();
        let config = Config {
            repository,
            id,
            created: now,
            updated: now,
            settings,
        };
        txn.put(at, &config)?;
        Ok(config)
    });
    ok(&config.await?.resource(kind))
}

pub(super) async fn list(call: Call, kind: &'static Kind) -> Answer {
    let repository = RepositoryName::of(&call);
    let snapshot = call.cloud.store.snapshot()?;
    Repository::read(&snapshot, &repository)?;
    let all: Vec<Config> = snapshot.all(&repository.configs(kind.collection))?;
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
    let config = call.cloud.store.write(move |txn| {
        let mut config = find(txn, kind, &repository, &id)?;
        config.settings = updated(&config.settings, &body, mask.as_deref(), kind.fields)?;
        (kind.check)(txn, &repository, &config.settings)?;
        config.updated = Utc::now();
        txn.put(repository.config_key(kind.collection, &id), &config)?;
        Ok::<_, ApiError>(config)
    });
    ok(&config.await?.resource(kind))
}

pub(super) async fn delete(call: Call, kind: &'static Kind) -> Answer {
    let (repository, id) = (RepositoryName::of(&call), call.param("config").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let config = find(txn, kind, &repository, &id)?;
        (kind.before_delete)(txn, &config)?;
        txn.remove(repository.config_key(kind.collection, &id));
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}
