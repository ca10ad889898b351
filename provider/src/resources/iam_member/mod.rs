//! `headwater_…_iam_member`: one role for one member on one thing, beside whatever else its policy grants.
//!
//! One implementation for all kinds. Policies are changed under their etag, and by one operation of this process at a
//! time for all that wait: members of one policy that are applied at once do not take each other's grant away, and cost
//! few requests.

mod access;
mod bindings;
mod kinds;
mod rules;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_cloud::{Backoff, Documents, Error, Kind, OptionalExt as _, Service};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin_framework::{
    AnyResource, Attr, Attribute, Cx, Diagnostic, Identity, Model, Path, Plan, Resource, Result, Schema, Timeouts,
    validate,
};

use crate::clients::Clients;
use crate::names;
use crate::problems::Explain as _;

/// A service account that was just made is unknown to other services for a while.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

/// The resources for all kinds of things.
pub(super) fn all() -> Vec<Box<dyn AnyResource>> {
    vec![
        Box::new(IamMember::<kinds::ProjectMember>::new()),
        Box::new(IamMember::<kinds::DatasetMember>::new()),
        Box::new(IamMember::<kinds::BucketMember>::new()),
        Box::new(IamMember::<kinds::TopicMember>::new()),
        Box::new(IamMember::<kinds::SubscriptionMember>::new()),
        Box::new(IamMember::<kinds::RuntimeMember>::new()),
        Box::new(IamMember::<kinds::WorkerPoolMember>::new()),
        Box::new(IamMember::<kinds::ServiceAccountMember>::new()),
        Box::new(IamMember::<kinds::SecretMember>::new()),
    ]
}

/// What a kind of thing that has a policy says of itself.
pub(crate) struct About {
    pub type_name: &'static str,
    /// What people call the thing: `bucket`.
    pub noun: &'static str,
    /// The attribute that names it, and the form of that in ids.
    pub target: &'static str,
    pub form: &'static str,
    pub service: Service,
    /// From the attribute to the document's name.
    pub name: fn(&str) -> String,
    /// The attribute's description and rule.
    pub attribute: fn() -> Attribute,
    /// Such as `roles/storage.objectViewer`.
    pub example: &'static str,
}

/// The model of a kind: fields for the target, role, member, condition and id.
pub(crate) trait Granted: Model + Clone + Default {
    const ABOUT: About;

    fn parts(&mut self) -> Parts<'_>;
}

/// The fields of a model.
pub(crate) struct Parts<'a> {
    pub target: &'a mut Attr<String>,
    pub role: &'a mut Attr<String>,
    pub member: &'a mut Attr<String>,
    pub condition: &'a mut Attr<Condition>,
    pub id: &'a mut Attr<String>,
}

/// When a grant holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition {
    pub title: Attr<String>,
    pub description: Attr<String>,
    pub expression: Attr<String>,
}

/// A role for a member, as it is sought and made in a policy.
#[derive(Debug, Clone, PartialEq)]
struct Grant {
    role: String,
    member: String,
    condition: Option<Condition>,
}

/// The resource for a kind of thing.
pub(crate) struct IamMember<M>(PhantomData<fn() -> M>);

impl<M: Granted> IamMember<M> {
    fn new() -> Self {
        Self(PhantomData)
    }

    fn documents(clients: &Clients) -> Result<Documents, Diagnostic> {
        Ok(clients.cloud()?.documents(M::ABOUT.service))
    }

    /// The thing's name and the grant, of a model that is known.
    fn grant(model: &M) -> Result<(String, Grant), Diagnostic> {
        let mut model = model.clone();
        let parts = model.parts();
        let name = (M::ABOUT.name)(parts.target.require(M::ABOUT.target)?);
        let grant = Grant {
            role: parts.role.require("role")?.clone(),
            member: parts.member.require("member")?.clone(),
            condition: parts.condition.known().cloned(),
        };
        Ok((name, grant))
    }

    fn cannot(verb: &str, name: &str, grant: &Grant) -> String {
        format!(
            "cannot {verb} `{}` for `{}` on the {} `{name}`",
            grant.role,
            grant.member,
            M::ABOUT.noun
        )
    }
}

/// `TARGET ROLE MEMBER`, and the title of the condition if there is one.
fn id_of(parts: &Parts<'_>) -> Attr<String> {
    let title = parts.condition.known().map(|condition| condition.title.as_ref());
    match (&parts.target, &parts.role, &parts.member, title) {
        (Attr::Known(target), Attr::Known(role), Attr::Known(member), None) if !parts.condition.is_unknown() => {
            format!("{target} {role} {member}").into()
        }
        (Attr::Known(target), Attr::Known(role), Attr::Known(member), Some(Attr::Known(title))) => {
            format!("{target} {role} {member} {title}").into()
        }
        _ => Attr::Unknown,
    }
}

/// How grants are kept: in a policy, or in a dataset's access entries.
async fn fetch(documents: &Documents, service: Service, name: &str) -> Result<Json, Error> {
    match service {
        Service::BigQuery => documents.access(name).await,
        _ => documents.policy(name).await,
    }
}

fn find(service: Service, found: &Json, grant: &Grant) -> Option<Grant> {
    match service {
        Service::BigQuery => access::find(found, grant),
        _ => bindings::find(found, grant),
    }
}

async fn add(documents: &Documents, service: Service, name: &str, grant: &Grant) -> Result<Json, Error> {
    let grant = grant.clone();
    match service {
        Service::BigQuery => {
            documents
                .change_access(name, move |dataset| access::add(dataset, &grant))
                .await
        }
        _ => {
            documents
                .change_policy(name, move |policy| bindings::add(policy, &grant))
                .await
        }
    }
}

async fn remove(documents: &Documents, service: Service, name: &str, grant: &Grant) -> Result<Json, Error> {
    let grant = grant.clone();
    match service {
        Service::BigQuery => {
            documents
                .change_access(name, move |dataset| access::remove(dataset, &grant))
                .await
        }
        _ => {
            documents
                .change_policy(name, move |policy| bindings::remove(policy, &grant))
                .await
        }
    }
}

/// Grants, and again for a while as long as the account is too new to be known.
async fn add_when_known(
    documents: &Documents,
    service: Service,
    name: &str,
    grant: &Grant,
    within: Duration,
) -> Result<Json, Error> {
    let begun = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
    loop {
        match add(documents, service, name, grant).await {
            Err(error) if is_too_new(&error, grant) => {
                let wait = backoff.next_wait();
                if begun.elapsed() + wait > within {
                    return Err(error
                        .with_hint("check the address; an account that was just made can take a minute to be known"));
                }
                tracing::debug!(service = ?service, "a member is not known yet");
                tokio::time::sleep(wait).await;
            }
            answer => return answer,
        }
    }
}

fn is_too_new(error: &Error, grant: &Grant) -> bool {
    let account = grant.member.starts_with("serviceAccount:");
    account && error.kind() == Kind::Invalid && error.message().contains("does not exist")
}

#[async_trait]
impl<M: Granted> Resource for IamMember<M> {
    type Model = M;

    fn type_name(&self) -> &'static str {
        M::ABOUT.type_name
    }

    fn identity(&self) -> Option<Identity> {
        // Grants that differ in their conditions alone are two, and a condition is no plain attribute: but the id has it.
        Some(Identity::new("{id}"))
    }

    fn schema(&self) -> Schema {
        let about = M::ABOUT;
        let noun = about.noun;
        let condition = Attribute::object([
            (
                "title",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::length(1..=100))
                    .describe("What the condition is called."),
            ),
            (
                "description",
                Attribute::string()
                    .optional()
                    .requires_replace()
                    .validate(validate::length(..=256))
                    .describe("What it is for."),
            ),
            (
                "expression",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::length(1..))
                    .describe("When the grant holds, in the Common Expression Language."),
            ),
        ]);
        Schema::new([
            (about.target, (about.attribute)().requires_replace()),
            (
                "role",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(rules::role())
                    .describe(format!(
                        "The role, such as `{}`, or a custom one: `projects/PROJECT/roles/ROLE`.",
                        about.example
                    )),
            ),
            (
                "member",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .equivalent(rules::same_member_value)
                    .validate(rules::member())
                    .describe("Who is granted the role: `user:EMAIL`, `group:EMAIL`, `serviceAccount:EMAIL`, `domain:DOMAIN`, `principal://…`, `principalSet://…`, `allUsers` or `allAuthenticatedUsers`. For a service account of this configuration write `headwater_service_account.NAME.member`."),
            ),
            (
                "condition",
                condition.optional().requires_replace().describe("When the grant holds. Without it, always."),
            ),
            (
                "id",
                Attribute::string()
                    .computed()
                    .use_state_for_unknown()
                    .describe(format!("`{} ROLE MEMBER`, and the condition's title if there is one.", about.form)),
            ),
        ])
        .describe(format!(
            "One role for one member on a {noun}. Whatever else is granted on the {noun} stays as it is; a grant that somebody takes away is planned anew."
        ))
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .delete(Duration::from_secs(300)),
        )
    }

    async fn validate(&self, _cx: &mut Cx, config: &M) -> Result<()> {
        let mut config = config.clone();
        let parts = config.parts();
        let basic = ["roles/owner", "roles/editor", "roles/viewer"];
        if parts.condition.known().is_some() && parts.role.as_deref().is_some_and(|role| basic.contains(&role)) {
            return Err(Diagnostic::invalid("condition", "a basic role cannot have a condition")
                .hint("Grant a predefined or a custom role instead, or leave the condition out.")
                .into());
        }
        Ok(())
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<M>) -> Result<M> {
        let clients = cx.provider::<Clients>()?;
        let (mut planned, mut config) = (plan.proposed, plan.config);
        let left_out = config.parts().target.is_null();
        let parts = planned.parts();
        if left_out && !matches!(parts.target, Attr::Known(_)) {
            // Only a project may be left out.
            *parts.target = clients.project().clone();
        }
        *parts.id = id_of(&parts);
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: M) -> Result<M> {
        let clients = cx.provider::<Clients>()?;
        let (name, grant) = Self::grant(&planned)?;
        let left = cx
            .time_left()
            .map_or(KNOWN_WITHIN, |left| left.saturating_sub(Duration::from_secs(2)));
        let documents = Self::documents(&clients)?;
        add_when_known(&documents, M::ABOUT.service, &name, &grant, left.min(KNOWN_WITHIN))
            .await
            .explain(Self::cannot("grant", &name, &grant))?;
        Ok(planned)
    }

    async fn read(&self, cx: &mut Cx, mut state: M) -> Result<Option<M>> {
        let clients = cx.provider::<Clients>()?;
        let (name, grant) = Self::grant(&state)?;
        let documents = Self::documents(&clients)?;
        let found = fetch(&documents, M::ABOUT.service, &name).await.optional();
        let found = found.explain(Self::cannot("look for", &name, &grant))?;
        let Some(found) = found.and_then(|found| find(M::ABOUT.service, &found, &grant)) else {
            return Ok(None);
        };
        let parts = state.parts();
        *parts.condition = found.condition.into();
        *parts.id = id_of(&parts);
        Ok(Some(state))
    }

    async fn update(&self, _cx: &mut Cx, _prior: M, planned: M) -> Result<M> {
        // Everything that can differ makes another grant; time-outs are the framework's.
        Ok(planned)
    }

    async fn delete(&self, cx: &mut Cx, state: M) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let (name, grant) = Self::grant(&state)?;
        let documents = Self::documents(&clients)?;
        let removed = remove(&documents, M::ABOUT.service, &name, &grant).await.optional();
        removed.explain(Self::cannot("take away", &name, &grant))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<M> {
        let form = format!(
            "`{} ROLE MEMBER`, with the title of the condition behind it if there is one",
            M::ABOUT.form
        );
        let not_an_id = || names::not_an_id(id, &form);
        let mut words = id.splitn(4, ' ');
        let (Some(target), Some(role), Some(member)) = (words.next(), words.next(), words.next()) else {
            return Err(not_an_id().into());
        };
        let schema = self.schema();
        for (name, text) in [(M::ABOUT.target, target), ("role", role), ("member", member)] {
            let rules = schema
                .attribute(name)
                .map_or(&[][..], |attribute| attribute.validators());
            if rules
                .iter()
                .any(|rule| !rule.check(&text.into(), &Path::root()).is_empty())
            {
                return Err(not_an_id().into());
            }
        }
        let mut model = M::default();
        let parts = model.parts();
        *parts.target = target.into();
        *parts.role = role.into();
        *parts.member = member.into();
        // The rest of the condition is read.
        *parts.condition = words
            .next()
            .map(|title| Condition {
                title: title.into(),
                ..Condition::default()
            })
            .into();
        Ok(model)
    }
}
