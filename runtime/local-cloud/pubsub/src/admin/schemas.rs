//! Schemas and their revisions: created, committed, rolled back, deleted; definitions and messages validated.

use std::sync::Arc;

use crate::log::timestamp;
use crate::name::{DELETED_SCHEMA, Kind};
use crate::record::{SchemaRecord, TopicRecord, key, policy_key};
use crate::refusal::Refusal;
use crate::registry::{bad_token, page_size};
use crate::schema::Compiled;
use crate::service::{Service, Topic};
use crate::wire::pubsub::validate_message_request::SchemaSpec;
use crate::wire::pubsub::{
    CommitSchemaRequest, CreateSchemaRequest, DeleteSchemaRequest, DeleteSchemaRevisionRequest, Encoding,
    GetSchemaRequest, ListSchemaRevisionsRequest, ListSchemaRevisionsResponse, ListSchemasRequest, ListSchemasResponse,
    RollbackSchemaRequest, Schema, SchemaSettings, SchemaView, ValidateMessageRequest, ValidateMessageResponse,
    ValidateSchemaRequest, ValidateSchemaResponse,
};

const MOST_REVISIONS: usize = 20;
const MOST_BYTES: usize = 300_000;

/// A schema and what its revisions mean.
pub(crate) struct Known {
    record: SchemaRecord,
    compiled: Vec<Option<Compiled>>,
}

impl Known {
    pub(crate) fn new(record: SchemaRecord) -> Known {
        let compiled = record
            .revisions
            .iter()
            .map(|revision| Compiled::new(revision.r#type(), &revision.definition).ok())
            .collect();
        Known { record, compiled }
    }

    pub(crate) fn name(&self) -> &str {
        self.record
            .revisions
            .first()
            .map_or("", |revision| revision.name.as_str())
    }

    fn newest(&self) -> Schema {
        self.record.revisions.last().cloned().unwrap_or_default()
    }

    /// The revisions that messages of a topic may be of, the newest first.
    fn allowed<'a>(&'a self, settings: &SchemaSettings) -> Vec<(&'a Schema, &'a Compiled)> {
        let revisions = &self.record.revisions;
        let place = |id: &str| revisions.iter().position(|revision| revision.revision_id == id);
        let first = place(&settings.first_revision_id).unwrap_or(0);
        let last = place(&settings.last_revision_id).unwrap_or(revisions.len().saturating_sub(1));
        let numbered = revisions.iter().zip(&self.compiled).enumerate();
        let mut allowed: Vec<_> = numbered
            .filter(|(at, _)| (first..=last).contains(at))
            .filter_map(|(_, (revision, compiled))| Some((revision, compiled.as_ref()?)))
            .collect();
        allowed.reverse();
        allowed
    }

    /// The revision that a message follows.
    pub(crate) fn accept<'a>(
        &'a self,
        settings: &SchemaSettings,
        message: &[u8],
    ) -> Result<(&'a Schema, &'a Compiled), Refusal> {
        let mut first_why = None;
        for (revision, compiled) in self.allowed(settings) {
            match compiled.check(message, settings.encoding()) {
                Ok(()) => return Ok((revision, compiled)),
                Err(why) => {
                    first_why.get_or_insert(why);
                }
            }
        }
        let why = first_why.unwrap_or_else(|| "no revision of the schema is left".to_owned());
        Err(Refusal::invalid(format!(
            "Invalid data in message: Message failed schema validation: {why}."
        )))
    }
}

/// `NAME` or `NAME@REVISION`.
fn split(name: &str) -> Result<(&str, Option<&str>), Refusal> {
    let (schema, revision) = match name.split_once('@') {
        Some((schema, revision)) => (schema, Some(revision)),
        None => (name, None),
    };
    Kind::Schema.check(schema)?;
    Ok((schema, revision))
}

fn viewed(mut schema: Schema, view: SchemaView, unset: SchemaView) -> Schema {
    let view = if view == SchemaView::Unspecified { unset } else { view };
    if view == SchemaView::Basic {
        schema.definition.clear();
    }
    schema
}

fn new_revision() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}

fn compile(schema: &Schema) -> Result<Compiled, Refusal> {
    if schema.definition.len() > MOST_BYTES {
        return Err(Refusal::invalid(format!(
            "The schema definition has {} bytes; at most {MOST_BYTES} are allowed.",
            schema.definition.len()
        )));
    }
    Compiled::new(schema.r#type(), &schema.definition)
}

impl Service {
    pub(crate) async fn create_schema(self: &Arc<Self>, request: CreateSchemaRequest) -> Result<Schema, Refusal> {
        let mut schema = request.schema.unwrap_or_default();
        Kind::Schema.all_in(&request.parent)?;
        schema.name = Kind::Schema.in_project(&request.parent, &request.schema_id);
        Kind::Schema.check(&schema.name)?;
        compile(&schema)?;
        schema.revision_id = new_revision();
        schema.revision_create_time = Some(timestamp(self.now()));
        self.change_schema(schema.name.clone(), move |record| match record {
            Some(_) => Err(Refusal::exists(&schema.name)),
            None => Ok(SchemaRecord {
                revisions: vec![schema],
            }),
        })
        .await
    }

    pub(crate) async fn commit_schema(self: &Arc<Self>, request: CommitSchemaRequest) -> Result<Schema, Refusal> {
        Kind::Schema.check(&request.name)?;
        let mut schema = request.schema.unwrap_or_default();
        if !schema.name.is_empty() && schema.name != request.name {
            return Err(Refusal::invalid(format!(
                "The schema's name ({}) is not the name in the request ({}).",
                schema.name, request.name
            )));
        }
        schema.name.clone_from(&request.name);
        let compiled = compile(&schema)?;
        self.add_revision(request.name, move |record| {
            let newest = record.revisions.last().cloned().unwrap_or_default();
            if newest.r#type != schema.r#type {
                return Err(Refusal::invalid("The type of a schema cannot be changed."));
            }
            if let Ok(before) = compile(&newest) {
                before.compatible(&compiled).map_err(|why| {
                    Refusal::invalid(format!("The revision is not compatible with the one before it: {why}."))
                })?;
            }
            Ok(schema)
        })
        .await
    }

    pub(crate) async fn rollback_schema(self: &Arc<Self>, request: RollbackSchemaRequest) -> Result<Schema, Refusal> {
        Kind::Schema.check(&request.name)?;
        if request.revision_id.is_empty() {
            return Err(Refusal::invalid("Missing revision ID"));
        }
        self.add_revision(request.name, move |record| {
            let mut revisions = record.revisions.iter();
            let old = revisions.find(|revision| revision.revision_id == request.revision_id);
            old.cloned().ok_or_else(|| Refusal::not_found(&request.revision_id))
        })
        .await
    }

    async fn add_revision(
        self: &Arc<Self>,
        name: String,
        next: impl FnOnce(&SchemaRecord) -> Result<Schema, Refusal> + Send + 'static,
    ) -> Result<Schema, Refusal> {
        let now = self.now();
        self.change_schema(name.clone(), move |record| {
            let mut record = record.ok_or_else(|| Refusal::not_found(&name))?;
            if record.revisions.len() == MOST_REVISIONS {
                return Err(Refusal::new(
                    tonic::Code::ResourceExhausted,
                    format!("A schema has at most {MOST_REVISIONS} revisions; delete one first."),
                ));
            }
            let mut revision = next(&record)?;
            revision.revision_id = new_revision();
            revision.revision_create_time = Some(timestamp(now));
            record.revisions.push(revision);
            Ok(record)
        })
        .await
    }

    /// Stores what `change` makes of a schema, and gives its newest revision.
    async fn change_schema(
        self: &Arc<Self>,
        name: String,
        change: impl FnOnce(Option<SchemaRecord>) -> Result<SchemaRecord, Refusal> + Send + 'static,
    ) -> Result<Schema, Refusal> {
        let service = self.clone();
        let at = name.clone();
        let changed = self.store.write(
            move |txn| {
                let record = change(txn.record(&key(&at))?)?;
                txn.put(&key(&at), &record)?;
                Ok(record)
            },
            move |record: &SchemaRecord| service.schemas.put(&name, Known::new(record.clone())),
        );
        Ok(changed.await?.revisions.pop().unwrap_or_default())
    }

    pub(crate) fn get_schema(&self, request: &GetSchemaRequest) -> Result<Schema, Refusal> {
        let (name, revision) = split(&request.name)?;
        let known = self.schemas.get(name)?;
        let schema = match revision {
            None => known.newest(),
            Some(id) => {
                let mut revisions = known.record.revisions.iter();
                let found = revisions.find(|revision| revision.revision_id == id);
                found.cloned().ok_or_else(|| Refusal::not_found(&request.name))?
            }
        };
        Ok(viewed(schema, request.view(), SchemaView::Full))
    }

    pub(crate) fn list_schemas(&self, request: &ListSchemasRequest) -> Result<ListSchemasResponse, Refusal> {
        let prefix = Kind::Schema.all_in(&request.parent)?;
        let (page, next_page_token) = self.schemas.page(&prefix, request.page_size, &request.page_token)?;
        Ok(ListSchemasResponse {
            schemas: page
                .iter()
                .map(|known| viewed(known.newest(), request.view(), SchemaView::Basic))
                .collect(),
            next_page_token,
        })
    }

    pub(crate) fn list_schema_revisions(
        &self,
        request: &ListSchemaRevisionsRequest,
    ) -> Result<ListSchemaRevisionsResponse, Refusal> {
        Kind::Schema.check(&request.name)?;
        let known = self.schemas.get(&request.name)?;
        let size = page_size(request.page_size)?;
        let from: usize = match request.page_token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| bad_token())?,
        };
        let revisions = known.record.revisions.iter().skip(from).take(size);
        let more = from + size < known.record.revisions.len();
        Ok(ListSchemaRevisionsResponse {
            schemas: revisions
                .map(|revision| viewed(revision.clone(), request.view(), SchemaView::Basic))
                .collect(),
            next_page_token: if more { (from + size).to_string() } else { String::new() },
        })
    }

    pub(crate) async fn delete_schema_revision(
        self: &Arc<Self>,
        request: DeleteSchemaRevisionRequest,
    ) -> Result<Schema, Refusal> {
        let (name, revision) = split(&request.name)?;
        #[allow(deprecated)]
        let given = Some(request.revision_id.as_str()).filter(|id| !id.is_empty());
        let revision = revision
            .or(given)
            .ok_or_else(|| Refusal::invalid("Missing revision ID"))?
            .to_owned();
        self.change_schema(name.to_owned(), {
            let name = name.to_owned();
            move |record| {
                let mut record = record.ok_or_else(|| Refusal::not_found(&name))?;
                let before = record.revisions.len();
                record.revisions.retain(|known| known.revision_id != revision);
                if record.revisions.len() == before {
                    return Err(Refusal::not_found(&format!("{name}@{revision}")));
                }
                if record.revisions.is_empty() {
                    return Err(Refusal::precondition(
                        "The only revision of a schema cannot be deleted; delete the schema.",
                    ));
                }
                Ok(record)
            }
        })
        .await
    }

    /// Topics that use a deleted schema refuse messages from then on.
    pub(crate) async fn delete_schema(self: &Arc<Self>, request: DeleteSchemaRequest) -> Result<(), Refusal> {
        Kind::Schema.check(&request.name)?;
        let (own, service) = (self.clone(), self.clone());
        let name = request.name.clone();
        let deleted = self.store.write(
            move |txn| {
                let at = key(&request.name);
                let found: Option<SchemaRecord> = txn.record(&at)?;
                found.ok_or_else(|| Refusal::not_found(&request.name))?;
                txn.remove(&at)?;
                txn.remove(&policy_key(&request.name))?;
                let mut orphans = Vec::new();
                for topic in own.topics.all() {
                    let at = key(&topic.topic.name);
                    let Some(mut record) = txn.record::<TopicRecord>(&at)? else {
                        continue;
                    };
                    let settings = record.topic.schema_settings.as_mut();
                    let Some(settings) = settings.filter(|settings| settings.schema == request.name) else {
                        continue;
                    };
                    DELETED_SCHEMA.clone_into(&mut settings.schema);
                    txn.put(&at, &record)?;
                    orphans.push(record);
                }
                Ok(orphans)
            },
            move |orphans: &Vec<TopicRecord>| {
                service.schemas.remove(&name);
                for record in orphans {
                    if let Ok(log) = service.log(record.log) {
                        let topic = record.topic.clone();
                        service.topics.put(&record.topic.name, Topic { topic, log });
                    }
                }
            },
        );
        deleted.await.map(|_| ())
    }

    pub(crate) fn validate_schema(&self, request: &ValidateSchemaRequest) -> Result<ValidateSchemaResponse, Refusal> {
        Kind::Schema.all_in(&request.parent)?;
        compile(request.schema.as_ref().unwrap_or(&Schema::default()))?;
        Ok(ValidateSchemaResponse {})
    }

    pub(crate) fn validate_message(
        &self,
        request: &ValidateMessageRequest,
    ) -> Result<ValidateMessageResponse, Refusal> {
        Kind::Schema.all_in(&request.parent)?;
        let encoding = request.encoding();
        if encoding == Encoding::Unspecified {
            return Err(Refusal::invalid("No encoding provided."));
        }
        let given = match &request.schema_spec {
            Some(SchemaSpec::Name(name)) => self.get_schema(&GetSchemaRequest {
                name: name.clone(),
                view: SchemaView::Full as i32,
            })?,
            Some(SchemaSpec::Schema(schema)) => schema.clone(),
            None => Schema::default(),
        };
        let checked = compile(&given)?.check(&request.message, encoding);
        checked.map_err(|why| {
            Refusal::invalid(format!(
                "Invalid data in message: Message failed schema validation: {why}."
            ))
        })?;
        Ok(ValidateMessageResponse {})
    }

    /// The schema that messages of a topic must follow.
    pub(crate) fn schema_of(&self, topic: &crate::wire::pubsub::Topic) -> Result<Option<Arc<Known>>, Refusal> {
        let Some(settings) = &topic.schema_settings else {
            return Ok(None);
        };
        let known = self.schemas.find(&settings.schema);
        known.map(Some).ok_or_else(|| {
            Refusal::new(
                tonic::Code::NotFound,
                format!("The schema of the topic was deleted (resource={}).", settings.schema),
            )
        })
    }
}
