//! Resources that are one document of one of Google's APIs: what each has to say, and the lifecycle that all share.
//!
//! A kind says its name's pattern, its schema, and how its model and its document correspond ([`Described`]).
//! [`Rest`] makes a resource of that: defaults of project and region, plan of the id, creation that adopts what a killed
//! apply left behind, refresh that lists where many are read, changes of what differs, disappearance, import. Where the
//! service chooses names ([`Assigned`]), a document is known again by what its display name is.
//! [`Lookup`] makes a data source of the same.

mod assigned;
pub(crate) mod changes;
pub(crate) mod fields;
mod lookup;
mod name;
mod place;
mod resource;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Documents, Error, Listing, PatchBy, Service};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Attribute, Diagnostic, Model, Result, Schema, Timeouts};

pub(crate) use lookup::{Lookup, looked_up};
pub(crate) use name::Pattern;
pub(crate) use resource::Rest;

use crate::names;
use crate::problems::Explain as _;

/// How a kind of document is spoken to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    /// `headwater_pubsub_topic`.
    pub type_name: &'static str,
    /// What people call it: `topic`.
    pub noun: &'static str,
    pub service: Service,
    /// Its full name, of attributes: `projects/{project}/topics/{name}`.
    pub name: Pattern,
    pub create: CreateBy,
    pub patch: PatchBy,
    /// How its collection is listed when many are read; `None` where a list says less than a read.
    pub listing: Option<Listing>,
    /// Whether it has labels, by which our own are known.
    pub labelled: bool,
    /// Whether writes are answered with long-running operations.
    pub operations: bool,
}

/// The attributes of a model that its name is made of.
pub(crate) struct Parts<'a> {
    pub id: &'a mut Attr<String>,
    /// By the pattern's placeholders; `project`, `region` and `location` default to the provider's.
    pub named: Vec<(&'static str, &'a mut Attr<String>)>,
}

/// How a document whose name the service chooses is known again. Such a kind has a computed attribute for its own name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assigned {
    /// The field that is unique among those that we made: `displayName`.
    pub field: &'static str,
    /// The attribute of it.
    pub attribute: &'static str,
    /// The field with labels of people, among which ours are: `userLabels`.
    pub labels: &'static str,
    pub listing: Listing,
}

/// A kind of document. Models are `Attr` fields throughout, with `id` and one field for each placeholder of the name.
#[async_trait]
pub(crate) trait Described: Send + Sync + 'static {
    type Model: Model + Clone + Default;

    fn api(&self) -> Api;

    /// The attributes and rules; `project`, `region` or `location` (where the name has them), `id` and `timeouts` are
    /// added by [`Rest`].
    fn schema(&self) -> Schema;

    fn parts<'a>(&self, model: &'a mut Self::Model) -> Parts<'a>;

    /// What a client may say in the document, in the API's words; null where nothing is said.
    fn document(&self, model: &Self::Model) -> Json;

    /// The model that a document amounts to, in the spelling of the state before; what the name is made of stays.
    /// `document(read(m, document(m)))` must be `document(m)`.
    fn read(&self, state: &Self::Model, document: &Json) -> Self::Model;

    /// How it is known again if the service chooses its name.
    fn assigned(&self) -> Option<Assigned> {
        None
    }

    /// Offline checks that the schema cannot express.
    fn validate(&self, config: &Self::Model) -> Result<()> {
        let _ = config;
        Ok(())
    }

    /// Completes the plan; names are filled in already.
    fn plan(
        &self,
        prior: Option<&Self::Model>,
        config: &Self::Model,
        planned: &mut Self::Model,
    ) -> Result<(), Diagnostic> {
        let _ = (prior, config, planned);
        Ok(())
    }

    /// What a read must ask for to see the whole document, such as `("view", "FULL")`, where no list shows it.
    fn view(&self) -> &'static [(&'static str, &'static str)] {
        self.api().listing.map_or(&[], |listing| listing.query)
    }

    /// Whether a document that can still be read stands for nothing any more.
    fn is_gone(&self, document: &Json) -> bool {
        let _ = document;
        false
    }

    /// Changes the named top-level fields of the document.
    async fn change(&self, at: &Target, planned: &Self::Model, present: &Json, fields: &[&str]) -> Result<Json, Error> {
        let body = changes::body(&self.document(planned), present, fields);
        at.documents.patch(&at.name, at.api.patch, &body, fields).await
    }

    /// What the service keeps apart from the document, such as whether a job is paused: done after every create and
    /// change. Answers with the document as it is then.
    async fn settle(&self, at: &Target, planned: &Self::Model, document: Json) -> Result<Json, Error> {
        let _ = (at, planned);
        Ok(document)
    }

    /// A last check before the document is deleted, or what must go first.
    async fn before_delete(&self, at: &Target, state: &Self::Model) -> Result<()> {
        let _ = (at, state);
        Ok(())
    }
}

/// A document that an operation is about.
pub(crate) struct Target {
    pub documents: Documents,
    pub name: String,
    pub api: Api,
    view: &'static [(&'static str, &'static str)],
}

impl Target {
    /// `cannot change the topic `projects/…``.
    pub fn cannot(&self, verb: &str) -> String {
        format!("cannot {verb} the {} `{}`", self.api.noun, self.name)
    }

    /// The document, which must be there.
    pub async fn get(&self) -> Result<Json, Error> {
        self.documents.get_with(&self.name, self.view).await
    }

    async fn found(&self) -> Result<Option<Json>, Diagnostic> {
        use headwater_cloud::OptionalExt as _;
        let found = match self.api.listing {
            Some(_) => self.documents.read(&self.name, self.api.listing).await,
            None => self.get().await,
        };
        let found = found.optional();
        found.explain(self.cannot("read"))
    }
}

/// A kind's schema with what all have.
fn whole_schema<D: Described>(described: &D) -> Schema {
    let api = described.api();
    let mut schema = described.schema();
    for placeholder in api.name.placeholders() {
        if schema.attribute(placeholder).is_none()
            && let Some(attribute) = default_part(placeholder, api.noun)
        {
            schema = schema.with(placeholder, attribute);
        }
    }
    let id = Attribute::string()
        .computed()
        .use_state_for_unknown()
        .describe(format!("The full name: `{}`.", api.name.shown()));
    schema.with("id", id).timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(600)),
    )
}

/// The attributes that the provider's settings stand in for.
fn default_part(name: &str, noun: &str) -> Option<Attribute> {
    let (rule, text) = match name {
        "project" => (
            names::project(),
            format!("The project of the {noun}. Default: the provider's."),
        ),
        "region" | "location" => (
            names::region(),
            format!("The region of the {noun}. Default: the provider's."),
        ),
        _ => return None,
    };
    let attribute = Attribute::string().optional_computed().requires_replace();
    Some(attribute.use_state_for_unknown().validate(rule).describe(text))
}
