//! Documents of any Google API by their full names: read, created, changed, deleted, listed, and asked for custom verbs.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::Document;
use crate::collections::{Collections, Listed, Writing};
use crate::endpoints::Service;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};
use crate::operations::{Wait, wait_operation};
use crate::turns::Turns;

/// A list is given up after so many pages: what remains is cheaper to ask for by name.
const PAGES: usize = 20;

/// What all handles of one process share.
#[derive(Default)]
pub(crate) struct Shared {
    pub collections: Collections,
    pub turns: Turns,
    /// Held while a service is written to that takes one edit of a project at a time.
    edits: tokio::sync::Mutex<()>,
}

/// The documents of one service. A name is what follows the version in the URL: `projects/P/topics/T`.
#[derive(Clone)]
pub struct Documents {
    pub(crate) transport: Arc<Transport>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) service: Service,
    wait: Option<Wait>,
}

/// How a document of a name that the client chose comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateBy {
    /// PUT at its own name.
    Put,
    /// POST to its collection, its id in this query parameter.
    Query(&'static str),
    /// POST to its collection; its `name` in the body says it.
    Body,
    /// POST to its collection; the last part of its name alone is the `name` in the body.
    Id,
    /// POST to its collection: the document under one name in the body, and under another its id up to an `@`.
    Envelope {
        /// Where the id is: `accountId`.
        id: &'static str,
        /// Where the document is: `serviceAccount`.
        member: &'static str,
    },
}

/// How a patch says which fields it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchBy {
    /// In the query: `?updateMask=labels,schedule`.
    Query,
    /// In the body, beside the document under this name: `{"topic": …, "updateMask": "labels"}`.
    Envelope(&'static str),
    /// Nowhere: the document is replaced by what is sent, whole.
    Whole,
}

/// How a collection is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// The member of the answer that holds the documents: `topics`.
    pub member: &'static str,
    /// What to ask besides pages: `("view", "FULL")`.
    pub query: &'static [(&'static str, &'static str)],
    /// The service's largest page.
    pub page_size: i64,
}

impl Listing {
    /// A list in pages of a thousand.
    #[must_use]
    pub const fn of(member: &'static str) -> Self {
        Self {
            member,
            query: &[],
            page_size: 1000,
        }
    }
}

impl Documents {
    pub(crate) fn new(transport: Arc<Transport>, shared: Arc<Shared>, service: Service) -> Self {
        Self {
            transport,
            shared,
            service,
            wait: None,
        }
    }

    /// For services that answer writes with long-running operations: waits for them, and answers with their result.
    #[must_use]
    pub fn awaiting(mut self, wait: Wait) -> Self {
        self.wait = Some(wait);
        self
    }

    /// One document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get(&self, name: &str) -> Result<Document, Error> {
        self.get_with(name, &[]).await
    }

    /// One document, with query parameters such as `("view", "FULL")`.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_with(&self, name: &str, query: &[(&'static str, &'static str)]) -> Result<Document, Error> {
        let mut call = Call::get(self.service, self.path(name), format!("read `{name}`"));
        for (key, value) in query {
            call = call.query(key, *value);
        }
        call.send_json(&self.transport).await
    }

    /// One document of a collection that many are read of: after the first few, from a list that is at most seconds old
    /// and never older than the last write of this process.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn read(&self, name: &str, listing: Option<Listing>) -> Result<Document, Error> {
        let (Some(listing), Some((collection, id))) = (listing, name.rsplit_once('/')) else {
            return self.get(name).await;
        };
        let get = || self.get_with(name, listing.query);
        let list = || self.list_pages(collection, listing, PAGES);
        self.shared.collections.read(&self.key(collection), id, get, list).await
    }

    /// All documents of a collection: `projects/P/topics`.
    ///
    /// # Errors
    /// `NotFound` when its parent does not exist.
    pub async fn list(&self, collection: &str, listing: Listing) -> Result<Vec<Document>, Error> {
        let (documents, _) = self.pages(collection, listing, usize::MAX).await?;
        Ok(documents)
    }

    async fn list_pages(&self, collection: &str, listing: Listing, pages: usize) -> Result<Listed, Error> {
        let (documents, complete) = self.pages(collection, listing, pages).await?;
        let named = documents.into_iter().filter_map(|document| {
            let id = document["name"].as_str()?.rsplit('/').next()?.to_owned();
            Some((id, document))
        });
        Ok(Listed {
            documents: HashMap::from_iter(named),
            complete,
        })
    }

    async fn pages(&self, collection: &str, listing: Listing, most: usize) -> Result<(Vec<Document>, bool), Error> {
        let mut documents = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..most {
            let mut call = Call::get(self.service, self.path(collection), format!("list `{collection}`"))
                .query("pageSize", listing.page_size)
                .query_opt("pageToken", token.as_deref());
            for (key, value) in listing.query {
                call = call.query(key, *value);
            }
            let mut page = call.send_json(&self.transport).await?;
            if let Value::Array(found) = page[listing.member].take() {
                documents.extend(found);
            }
            token = page["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if token.is_none() {
                return Ok((documents, true));
            }
        }
        Ok((documents, false))
    }

    /// Creates a document under a name that the caller chose. Sent again when an answer is lost; what an earlier attempt
    /// of this very call made is not "exists already".
    ///
    /// # Errors
    /// `AlreadyExists` when it was there before.
    pub async fn create(&self, name: &str, by: CreateBy, document: &Document) -> Result<Document, Error> {
        let action = format!("create `{name}`");
        let Some((collection, id)) = name.rsplit_once('/') else {
            return Err(Error::new(Kind::Invalid, action, "it is no full resource name"));
        };
        let call = match by {
            CreateBy::Put => Call::new(self.service, http::Method::PUT, self.path(name), &*action).json(document),
            CreateBy::Query(parameter) => Call::post(self.service, self.path(collection), &*action)
                .query(parameter, id)
                .json(document),
            CreateBy::Body => {
                let mut body = document.clone();
                body["name"] = name.into();
                Call::post(self.service, self.path(collection), &*action).json(&body)
            }
            CreateBy::Id => {
                let mut body = document.clone();
                body["name"] = id.into();
                Call::post(self.service, self.path(collection), &*action).json(&body)
            }
            CreateBy::Envelope { id: at, member } => {
                let mut body = json!({});
                body[at] = id.split('@').next().into();
                body[member] = document.clone();
                Call::post(self.service, self.path(collection), &*action).json(&body)
            }
        };
        let _writing = self.writing(name);
        let answer = call.create(&self.transport, || self.existing(name)).await?;
        self.settled(answer, &action).await
    }

    /// What an earlier attempt made; where operations are answered, as the result of one.
    async fn existing(&self, name: &str) -> Result<Document, Error> {
        let document = self.get(name).await?;
        Ok(match self.wait {
            Some(_) => json!({ "name": "lost", "done": true, "response": document }),
            None => document,
        })
    }

    /// Changes the fields that `mask` names; one that the document lacks is cleared. A document that carries `etag`
    /// fails when it was changed by somebody else, where the service has etags.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn patch(&self, name: &str, by: PatchBy, document: &Document, mask: &[&str]) -> Result<Document, Error> {
        let action = format!("change `{name}`");
        let call = Call::patch(self.service, self.path(name), &*action);
        let mask = mask.join(",");
        let call = match by {
            PatchBy::Query => call.query("updateMask", mask).json(document),
            PatchBy::Envelope(member) => {
                let mut document = document.clone();
                document["name"] = name.into();
                let mut body = json!({ "updateMask": mask });
                body[member] = document;
                call.json(&body)
            }
            PatchBy::Whole => call.json(document),
        };
        let _writing = self.writing(name);
        let _edit = self.edit().await;
        let answer = call.send_json(&self.transport).await?;
        self.settled(answer, &action).await
    }

    /// Replaces a document whole, by PUT.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn replace(&self, name: &str, document: &Document) -> Result<Document, Error> {
        let action = format!("replace `{name}`");
        let _writing = self.writing(name);
        let call = Call::new(self.service, http::Method::PUT, self.path(name), &*action).json(document);
        let answer = call.send_json(&self.transport).await?;
        self.settled(answer, &action).await
    }

    /// Deletes a document; `false` when there was none.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete(&self, name: &str) -> Result<bool, Error> {
        self.delete_with(name, &[]).await
    }

    /// Deletes a document, with query parameters such as `("force", "true")`; `false` when there was none.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete_with(&self, name: &str, query: &[(&'static str, &'static str)]) -> Result<bool, Error> {
        let action = format!("delete `{name}`");
        let mut call = Call::delete(self.service, self.path(name), &*action);
        for (key, value) in query {
            call = call.query(key, *value);
        }
        let _writing = self.writing(name);
        let _edit = self.edit().await;
        match call.send_json(&self.transport).await {
            Ok(answer) => self.settled(answer, &action).await.map(|_| true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// GET `NAME:VERB`, with query parameters such as `("path", "definitions")`.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn look(&self, name: &str, verb: &str, query: &[(&'static str, &str)]) -> Result<Document, Error> {
        let path = format!("{}:{verb}", self.path(name));
        let mut call = Call::get(self.service, path, format!("{verb} `{name}`"));
        for (key, value) in query {
            call = call.query(key, *value);
        }
        call.send_json(&self.transport).await
    }

    /// POST to a collection whose documents the service names itself, sent once.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn post(&self, collection: &str, document: &Document) -> Result<Document, Error> {
        let _writing = self.shared.collections.write(&self.key(collection));
        let _edit = self.edit().await;
        let call = Call::post(self.service, self.path(collection), format!("add to `{collection}`"));
        call.json(document).send_json(&self.transport).await
    }

    /// POST `NAME:VERB`, sent once.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn verb(&self, name: &str, verb: &str, body: &Document) -> Result<Document, Error> {
        let _writing = self.writing(name);
        let answer = self.verb_call(name, verb, body).send_json(&self.transport).await?;
        self.settled(answer, &format!("{verb} `{name}`")).await
    }

    /// POST `NAME:VERB` for a verb whose repetition changes nothing (`pause`, `disable`).
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn repeatable_verb(&self, name: &str, verb: &str, body: &Document) -> Result<Document, Error> {
        let _writing = self.writing(name);
        let call = self.verb_call(name, verb, body).repeatable();
        let answer = call.send_json(&self.transport).await?;
        self.settled(answer, &format!("{verb} `{name}`")).await
    }

    pub(crate) fn verb_call(&self, name: &str, verb: &str, body: &Document) -> Call {
        let path = format!("{}:{verb}", self.path(name));
        Call::post(self.service, path, format!("{verb} `{name}`")).json(body)
    }

    async fn settled(&self, answer: Document, action: &str) -> Result<Document, Error> {
        match self.wait {
            Some(wait) => {
                let version = self.service.version();
                wait_operation(&self.transport, self.service, version, answer, action, wait).await
            }
            None => Ok(answer),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        let segments: Vec<String> = name.split('/').map(segment).collect();
        format!("/{}/{}", self.service.version(), segments.join("/"))
    }

    fn key(&self, collection: &str) -> String {
        format!("{:?} {collection}", self.service)
    }

    /// Cloud Monitoring refuses edits of policies and channels that come at the same time: "Too many concurrent edits to the
    /// project configuration."
    async fn edit(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match self.service {
            Service::Monitoring => Some(self.shared.edits.lock().await),
            _ => None,
        }
    }

    /// The write of a document (or of something below it) to its collection.
    fn writing(&self, name: &str) -> Writing {
        let collection = name.rsplit_once('/').map_or(name, |(collection, _)| collection);
        self.shared.collections.write(&self.key(collection))
    }
}
