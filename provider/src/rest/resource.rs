//! The lifecycle that all kinds of documents share.

use async_trait::async_trait;
use headwater_cloud::Kind;
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Path, Plan, Resource, Result, Schema};

use super::changes::{differing, stripped};
use super::{Described, Parts, Target, assigned, place, whole_schema};
use crate::clients::Clients;
use crate::labels;
use crate::names;
use crate::problems::{Explain as _, cloud_problem};

/// The resource of a kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<D>(pub D);

impl<D: Described> Rest<D> {
    /// What a killed apply left behind: as it is planned now, and marked as ours where there are labels to mark it with.
    async fn adopt(&self, at: &Target, planned: &D::Model) -> Result<Option<Json>, Diagnostic> {
        let found = at.get().await.explain(at.cannot("read"))?;
        let ours = !at.api.labelled || labels::has(&found["labels"], labels::MANAGED);
        let wanted = self.0.document(planned);
        let same = stripped(&self.0.document(&self.0.read(planned, &found))) == stripped(&wanted);
        if ours && same && !self.0.is_gone(&found) {
            tracing::info!(
                kind = at.api.noun,
                name = at.name,
                "what an earlier apply made is adopted"
            );
            return Ok(Some(found));
        }
        Ok(None)
    }

    fn taken(at: &Target) -> Diagnostic {
        let (noun, name, own) = (at.api.noun, &at.name, at.api.name.own());
        Diagnostic::invalid(own, format!("the {noun} `{name}` exists already")).hint(format!(
            "Import it: `terraform import ADDRESS {name}`, or choose another `{own}`."
        ))
    }
}

#[async_trait]
impl<D: Described> Resource for Rest<D> {
    type Model = D::Model;

    fn type_name(&self) -> &'static str {
        self.0.api().type_name
    }

    fn schema(&self) -> Schema {
        whole_schema(&self.0)
    }

    async fn validate(&self, _cx: &mut Cx, config: &D::Model) -> Result<()> {
        self.0.validate(config)
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<D::Model>) -> Result<D::Model> {
        let clients = cx.provider::<Clients>()?;
        let (mut planned, mut config) = (plan.proposed, plan.config);
        place::fill(&self.0, &clients, &mut planned, &mut config)?;
        self.0.plan(plan.prior.as_ref(), &config, &mut planned)?;
        if plan.prior.is_none()
            && let Some(id) = self.0.parts(&mut planned).id.known()
        {
            clients.note_fresh(id);
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: D::Model) -> Result<D::Model> {
        let clients = cx.provider::<Clients>()?;
        if let Some(by) = self.0.assigned() {
            return assigned::create(&self.0, cx, &clients, by, &planned).await;
        }
        let at = place::target(cx, &self.0, &clients, &planned)?;
        let body = stripped(&self.0.document(&planned));
        let document = match at.documents.create(&at.name, at.api.create, &body).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                self.adopt(&at, &planned).await?.ok_or_else(|| Self::taken(&at))?
            }
            Err(error) => return Err(cloud_problem(at.cannot("create"), &error).into()),
        };
        // From here on it exists: whatever fails, Terraform must know of it.
        cx.record(&self.0.read(&planned, &document))?;
        let settled = self.0.settle(&at, &planned, document).await;
        let document = settled.explain(at.cannot("complete"))?;
        Ok(self.0.read(&planned, &document))
    }

    async fn read(&self, cx: &mut Cx, state: D::Model) -> Result<Option<D::Model>> {
        let clients = cx.provider::<Clients>()?;
        let at = place::target(cx, &self.0, &clients, &state)?;
        let found = at.found().await?.filter(|document| !self.0.is_gone(document));
        Ok(found.map(|document| {
            let mut model = self.0.read(&state, &document);
            *self.0.parts(&mut model).id = at.name.into();
            model
        }))
    }

    async fn update(&self, cx: &mut Cx, _prior: D::Model, planned: D::Model) -> Result<D::Model> {
        let clients = cx.provider::<Clients>()?;
        let at = place::target(cx, &self.0, &clients, &planned)?;
        let present = at.get().await.explain(at.cannot("change"))?;
        // Held against what is there, not against the state: what a killed update did is not done again.
        let wanted = self.0.document(&planned);
        let fields = differing(&wanted, &self.0.document(&self.0.read(&planned, &present)));
        let document = if fields.is_empty() {
            present
        } else {
            let changed = self.0.change(&at, &planned, &present, &fields).await;
            changed.explain(at.cannot("change"))?
        };
        let settled = self.0.settle(&at, &planned, document).await;
        let document = settled.explain(at.cannot("change"))?;
        Ok(self.0.read(&planned, &document))
    }

    async fn delete(&self, cx: &mut Cx, state: D::Model) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let at = place::target(cx, &self.0, &clients, &state)?;
        self.0.before_delete(&at, &state).await?;
        let deleted = at.documents.delete(&at.name).await;
        deleted.explain(at.cannot("delete"))?;
        Ok(())
    }

    fn identity(&self) -> Option<Identity> {
        let pattern = self.0.api().name;
        let identity = Identity::new(pattern.0);
        Some(match pattern.short() {
            Some(short) => identity.or(&short),
            None => identity,
        })
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<D::Model> {
        let clients = cx.provider::<Clients>()?;
        let model = imported(&self.0, id)?;
        let (mut model, mut said) = (model.clone(), model);
        place::fill(&self.0, &clients, &mut model, &mut said)?;
        Ok(model)
    }
}

/// The model that an id stands for, as far as it says.
pub(super) fn imported<D: Described>(described: &D, id: &str) -> Result<D::Model, Diagnostic> {
    let api = described.api();
    let not_an_id = || names::not_an_id(id, &api.name.forms());
    let given = api.name.parse(id).ok_or_else(not_an_id)?;
    let schema = whole_schema(described);
    let fits = |(name, text): &(&str, String)| {
        let rules = schema
            .attribute(name)
            .map_or(&[][..], |attribute| attribute.validators());
        let value = text.as_str().into();
        rules.iter().all(|rule| rule.check(&value, &Path::root()).is_empty())
    };
    if !given.iter().all(fits) {
        return Err(not_an_id());
    }
    let mut model = D::Model::default();
    let Parts { named, .. } = described.parts(&mut model);
    for (name, value) in named {
        let text = given.iter().find(|(other, _)| *other == name);
        *value = text.map_or(Attr::Null, |(_, text)| text.as_str().into());
    }
    Ok(model)
}
