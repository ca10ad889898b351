//! The identities of resources beside their states.

use std::collections::HashMap;

use tfplugin_proto::json::{self, Objects};
use tfplugin_proto::wire::tfplugin6::{self as proto, DynamicValue, IdentityData};
use tfplugin_proto::{Type, Value};

use super::registry::{Shape, find};
use super::resources::{parsed, stored, unreadable};
use super::{Server, gather, while_developed, wire};
use crate::{Diagnostic, Diagnostics, Identity, Result};

/// An identity as declared, and the type that follows from it and the schema.
pub(super) struct Identified {
    pub(super) identity: Identity,
    pub(super) ty: Type,
}

impl Identified {
    pub(super) fn new(identity: Identity, shape: &Shape) -> Self {
        let ty = identity.ty(&shape.schema);
        Identified { identity, ty }
    }

    /// Nothing, null and what is not there at all are the same: objects from before identities have none.
    pub(super) fn decode(&self, data: Option<&IdentityData>) -> Result<Option<Value>> {
        let Some(value) = data.and_then(|data| data.identity_data.as_ref()) else {
            return Ok(None);
        };
        let value = value.decode(&self.ty).map_err(|error| {
            Diagnostic::from_error("Terraform sent an identity that does not fit", &error)
                .hint("Was the provider replaced while Terraform ran? If not, this is a bug in the provider.")
        })?;
        Ok((!value.is_null()).then_some(value))
    }

    fn encode(&self, identity: &Value) -> Result<IdentityData> {
        let data = DynamicValue::encode(identity, &self.ty).map_err(|error| {
            Diagnostic::from_error("the provider made an identity that does not fit", &error)
                .hint("This is a bug in the provider.")
        })?;
        Ok(IdentityData {
            identity_data: Some(data),
        })
    }

    /// The identity of this state; the one before where it is not known. That it changed is a contradiction.
    pub(super) fn follow(
        &self,
        resource: &str,
        before: Option<&Value>,
        state: &Value,
        found: &mut Diagnostics,
    ) -> Option<IdentityData> {
        let now = self.identity.of(state);
        if let (Some(before), Some(now)) = (before, &now)
            && before != now
            && !self.identity.is_mutable()
        {
            found.push(
                Diagnostic::error(format!("{resource}: the identity of the object changed"))
                    .detail("Another object stands in its place, or an attribute that names it was computed anew.")
                    .hint("This is a bug in the provider, unless the object was replaced by somebody else."),
            );
        }
        // A mistake here must not cost the state of what was just made.
        match now.as_ref().or(before).map(|identity| self.encode(identity)) {
            None => None,
            Some(Ok(data)) => Some(data),
            Some(Err(more)) => {
                found.extend(more);
                None
            }
        }
    }

    /// The identity of an object that was imported by it: it had all parts that were given.
    pub(super) fn imported(&self, given: Option<&Value>, state: &Value) -> Result<Option<IdentityData>> {
        let whole = given.filter(|given| given.children().all(|part| !part.is_null()));
        let of_state = self.identity.of(state);
        of_state
            .as_ref()
            .or(whole)
            .map(|identity| self.encode(identity))
            .transpose()
    }
}

impl Server {
    pub(super) fn identity_schemas(&self) -> (HashMap<String, proto::IdentitySchema>, Diagnostics) {
        let mut found = Diagnostics::new();
        let mut schemas = HashMap::new();
        for (name, offer) in &self.registry.resources {
            if let Some(identified) = offer.identified() {
                let schema = &offer.shape().schema;
                found.extend(while_developed(|| identified.identity.problems(name, schema)));
                schemas.insert((*name).to_owned(), wire::identity(&identified.identity, schema));
            }
        }
        (schemas, found)
    }

    pub(super) async fn upgrade_identity(
        &self,
        request: &proto::UpgradeIdentityRequest,
    ) -> (proto::UpgradeIdentityResponse, Diagnostics) {
        gather(self.try_upgrade_identity(request).await, Diagnostics::new())
    }

    async fn try_upgrade_identity(
        &self,
        request: &proto::UpgradeIdentityRequest,
    ) -> Result<proto::UpgradeIdentityResponse> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.resources, name)?;
        let identified = offer
            .identified()
            .ok_or_else(|| Diagnostic::error(format!("{name} has no identity")))?;
        let current = identified.identity.schema_version();
        if request.version > current {
            return Err(
                Diagnostic::error(format!("the identity of this {name} was written by a newer provider"))
                    .detail(format!(
                        "Its version is {}, this provider knows {current}.",
                        request.version
                    ))
                    .hint("Upgrade the provider.")
                    .into(),
            );
        }
        let raw = stored(request.raw_identity.as_ref())?;
        let upgraded = if request.version == current {
            None
        } else {
            let old = parsed(raw)?;
            let upgraded = offer.it.upgrade_identity_json(request.version, old).await?;
            Some(upgraded.to_string().into_bytes())
        };
        let bytes = upgraded.as_deref().unwrap_or(raw);
        let identity = json::decode(bytes, &identified.ty, Objects::Tolerant).map_err(|error| unreadable(&error))?;
        Ok(proto::UpgradeIdentityResponse {
            upgraded_identity: Some(identified.encode(&identity)?),
            diagnostics: Vec::new(),
        })
    }
}
