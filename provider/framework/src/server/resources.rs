//! The calls about managed resources.

use tfplugin_proto::Value;
use tfplugin_proto::json::{self, Objects};
use tfplugin_proto::wire::tfplugin6 as proto;

use super::guard::Guard;
use super::registry::{Shape, find};
use super::{Server, gather, limit, wire};
use crate::{Diagnostic, Diagnostics, MoveSource, Path, Private, Result, pipeline};

impl Server {
    pub(super) async fn validate_resource(&self, request: &proto::TypedConfig) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.resources, &request.type_name)?;
            let shape = offer.shape();
            let config = shape.decode(request.config.as_ref())?;
            found.extend(pipeline::validate(&shape.schema, &config));
            // A client that sends no capabilities at all is older than they are.
            if !request
                .client_capabilities
                .is_some_and(|client| client.write_only_attributes_allowed)
            {
                pipeline::refuse_write_only(&shape.schema.attributes, &config, &Path::root(), &mut found);
            }
            let mut cx = self.offline(shape);
            let guard = Guard::new(&mut cx, &request.type_name, "validate", None);
            let result = guard.run(offer.it.validate_value(&mut cx, &config)).await;
            found.extend(cx.diagnostics);
            result
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn plan(&self, request: &proto::PlanRequest) -> (proto::PlanResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        let result = self.try_plan(request, &mut found).await;
        gather(result, found)
    }

    async fn try_plan(&self, request: &proto::PlanRequest, found: &mut Diagnostics) -> Result<proto::PlanResponse> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.resources, name)?;
        let shape = offer.shape();
        let prior = shape.decode(request.prior_state.as_ref())?;
        let core = shape.decode(request.proposed_new_state.as_ref())?;
        let config = shape.decode(request.config.as_ref())?;
        let mut cx = self.online(shape, &request.prior_private, request.client_capabilities.as_ref());
        let had_prior = cx.private.take_had_prior();

        if core.is_null() {
            let guard = Guard::new(&mut cx, name, "plan", None);
            let result = guard.run(offer.it.plan_destroy_value(&mut cx, &prior)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            result?;
            return Ok(proto::PlanResponse {
                planned_state: Some(shape.encode(&Value::Null)?),
                planned_private: cx.private.to_bytes(),
                deferred: cx.deferred.map(wire::deferred),
                planned_identity: request.prior_identity.clone(),
                ..Default::default()
            });
        }

        // Core plans a replacement twice; the second time it hands over the private state of the first.
        let replaced =
            (prior.is_null() && (had_prior || !cx.private.is_empty())).then(|| std::mem::take(&mut cx.private));
        let proposed = pipeline::propose(&shape.schema, &prior, &config, core);
        cx.config = config.clone();
        cx.base = proposed.clone();
        let guard = Guard::new(&mut cx, name, "plan", None);
        let result = guard
            .run(offer.it.plan_value(&mut cx, &prior, &config, &proposed, replaced))
            .await;
        found.extend(std::mem::take(&mut cx.diagnostics));
        let mut planned = result?;
        pipeline::keep_equivalent(&shape.schema.attributes, &prior, &mut planned);
        pipeline::keep_promises(&mut planned, &config, std::mem::take(&mut cx.promises));
        found.extend(pipeline::check_plan(name, &shape.schema, &prior, &config, &planned));
        let paths = pipeline::requires_replace(&shape.schema, &prior, &planned, &cx.replace);
        if !prior.is_null() {
            cx.private.mark_had_prior();
        }
        let planned_identity = match offer.identified() {
            // A replacement is planned a second time, and has another identity then.
            Some(identified) if paths.is_empty() => {
                let before = identified.decode(request.prior_identity.as_ref())?;
                identified.follow(name, before.as_ref(), &planned, found)
            }
            _ => None,
        };
        Ok(proto::PlanResponse {
            planned_state: Some(shape.encode(&planned)?),
            requires_replace: paths.iter().map(wire::path).collect(),
            planned_private: cx.private.to_bytes(),
            deferred: cx.deferred.map(wire::deferred),
            planned_identity,
            ..Default::default()
        })
    }

    pub(super) async fn apply(
        &self,
        request: &proto::ApplyRequest,
        fallback: proto::ApplyResponse,
    ) -> (proto::ApplyResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        match self.try_apply(request, &mut found).await {
            Ok(reply) => (reply, found),
            Err(more) => {
                found.extend(more);
                (fallback, found)
            }
        }
    }

    async fn try_apply(&self, request: &proto::ApplyRequest, found: &mut Diagnostics) -> Result<proto::ApplyResponse> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.resources, name)?;
        let shape = offer.shape();
        let schema = &shape.schema;
        let prior = shape.decode(request.prior_state.as_ref())?;
        let planned = shape.decode(request.planned_state.as_ref())?;
        let config = shape.decode(request.config.as_ref())?;
        let mut cx = self.online(shape, &request.planned_private, None);
        cx.private.take_had_prior();
        cx.applying = true;
        let identity = match offer.identified() {
            Some(identified) => Some((identified, identified.decode(request.planned_identity.as_ref())?)),
            None => None,
        };

        if planned.is_null() {
            let guard = Guard::new(&mut cx, name, "delete", limit(schema, &prior, "delete"));
            let result = guard.run(offer.it.delete_value(&mut cx, &prior)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            if let Err(more) = result {
                found.extend(more);
            }
            let gone = !found.has_error();
            let left = cx.recorded.map_or(prior, pipeline::settle);
            return Ok(proto::ApplyResponse {
                new_state: Some(shape.encode(if gone { &Value::Null } else { &left })?),
                private: if gone { Vec::new() } else { cx.private.to_bytes() },
                new_identity: request.planned_identity.clone().filter(|_| !gone),
                ..Default::default()
            });
        }

        cx.config = config;
        cx.base = planned.clone();
        let result = if prior.is_null() {
            let guard = Guard::new(&mut cx, name, "create", limit(schema, &planned, "create"));
            guard.run(offer.it.create_value(&mut cx, &planned)).await
        } else {
            let guard = Guard::new(&mut cx, name, "update", limit(schema, &planned, "update"));
            guard.run(offer.it.update_value(&mut cx, &prior, &planned)).await
        };
        found.extend(std::mem::take(&mut cx.diagnostics));
        let mut state = match result {
            Ok(mut state) => {
                pipeline::forget_write_only(&schema.attributes, &mut state);
                pipeline::keep_equivalent(&schema.attributes, &planned, &mut state);
                found.extend(pipeline::check_applied(name, schema, &planned, &state));
                state
            }
            Err(more) => {
                found.extend(more);
                cx.recorded.take().unwrap_or(prior)
            }
        };
        pipeline::forget_write_only(&schema.attributes, &mut state);
        let state = pipeline::settle(state);
        let new_identity = identity
            .filter(|_| !state.is_null())
            .and_then(|(identified, before)| identified.follow(name, before.as_ref(), &state, found));
        Ok(proto::ApplyResponse {
            new_state: Some(shape.encode(&state)?),
            private: cx.private.to_bytes(),
            new_identity,
            ..Default::default()
        })
    }

    pub(super) async fn read(
        &self,
        request: &proto::ReadRequest,
        fallback: proto::ReadResponse,
    ) -> (proto::ReadResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        match self.try_read(request, &mut found).await {
            Ok(reply) => (reply, found),
            Err(more) => {
                found.extend(more);
                (fallback, found)
            }
        }
    }

    async fn try_read(&self, request: &proto::ReadRequest, found: &mut Diagnostics) -> Result<proto::ReadResponse> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.resources, name)?;
        let shape = offer.shape();
        let before = shape.decode(request.current_state.as_ref())?;
        let mut cx = self.online(shape, &request.private, request.client_capabilities.as_ref());
        cx.private.take_had_prior();
        let guard = Guard::new(&mut cx, name, "read", limit(&shape.schema, &before, "read"));
        let result = guard.run(offer.it.read_value(&mut cx, &before)).await;
        found.extend(std::mem::take(&mut cx.diagnostics));
        let state = match result? {
            None => Value::Null,
            Some(mut state) => {
                pipeline::forget_write_only(&shape.schema.attributes, &mut state);
                pipeline::keep_equivalent(&shape.schema.attributes, &before, &mut state);
                found.extend(pipeline::check_read(name, &shape.schema, &Value::Null, &state));
                pipeline::settle(state)
            }
        };
        let private = if state.is_null() {
            Vec::new()
        } else {
            cx.private.to_bytes()
        };
        let new_identity = match offer.identified() {
            Some(identified) if !state.is_null() => {
                let before = identified.decode(request.current_identity.as_ref())?;
                identified.follow(name, before.as_ref(), &state, found)
            }
            _ => None,
        };
        Ok(proto::ReadResponse {
            new_state: Some(shape.encode(&state)?),
            private,
            deferred: cx.deferred.map(wire::deferred),
            new_identity,
            ..Default::default()
        })
    }

    pub(super) async fn import(&self, request: &proto::ImportRequest) -> (proto::ImportResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let name = request.type_name.as_str();
            let offer = find(&self.registry.resources, name)?;
            let shape = offer.shape();
            let mut cx = self.online(shape, &[], request.client_capabilities.as_ref());
            let identified = offer.identified();
            let given = match identified {
                Some(identified) => identified.decode(request.identity.as_ref())?,
                None => None,
            };
            let guard = Guard::new(&mut cx, name, "import", None);
            let result = match &given {
                Some(identity) => guard.run(offer.it.import_identity_value(&mut cx, identity)).await,
                None => guard.run(offer.it.import_value(&mut cx, &request.id)).await,
            };
            found.extend(std::mem::take(&mut cx.diagnostics));
            let mut state = pipeline::settle(result?);
            pipeline::forget_write_only(&shape.schema.attributes, &mut state);
            let identity = match identified {
                Some(identified) => identified.imported(given.as_ref(), &state)?,
                None => None,
            };
            let imported = proto::Imported {
                type_name: name.to_owned(),
                state: Some(shape.encode(&state)?),
                private: cx.private.to_bytes(),
                identity,
            };
            Ok(proto::ImportResponse {
                imported_resources: vec![imported],
                deferred: cx.deferred.map(wire::deferred),
                ..Default::default()
            })
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn upgrade(&self, request: &proto::UpgradeRequest) -> (proto::UpgradeResponse, Diagnostics) {
        gather(self.try_upgrade(request).await, Diagnostics::new())
    }

    async fn try_upgrade(&self, request: &proto::UpgradeRequest) -> Result<proto::UpgradeResponse> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.resources, name)?;
        let shape = offer.shape();
        let current = shape.schema.version;
        let raw = stored(request.raw_state.as_ref())?;
        if request.version > current {
            return Err(
                Diagnostic::error(format!("the state of this {name} was written by a newer provider"))
                    .detail(format!(
                        "Its version is {}, this provider knows {current}.",
                        request.version
                    ))
                    .hint("Upgrade the provider.")
                    .into(),
            );
        }
        let upgraded = if request.version == current {
            None
        } else {
            let old = parsed(raw)?;
            Some(to_bytes(&offer.it.upgrade_json(request.version, old).await?))
        };
        let state = from_state(shape, upgraded.as_deref().unwrap_or(raw))?;
        Ok(proto::UpgradeResponse {
            upgraded_state: Some(shape.encode(&state)?),
            diagnostics: Vec::new(),
        })
    }

    pub(super) async fn move_state(&self, request: &proto::MoveRequest) -> (proto::MoveResponse, Diagnostics) {
        gather(self.try_move(request).await, Diagnostics::new())
    }

    async fn try_move(&self, request: &proto::MoveRequest) -> Result<proto::MoveResponse> {
        let offer = find(&self.registry.resources, &request.target_type_name)?;
        let shape = offer.shape();
        let raw = stored(request.source_state.as_ref())?;
        let source = MoveSource {
            provider: request.source_provider_address.clone(),
            type_name: request.source_type_name.clone(),
            version: request.source_schema_version,
            state: parsed(raw)?,
        };
        let moved = offer.it.move_json(source).await?.ok_or_else(|| {
            Diagnostic::error(format!(
                "{} cannot take over the state of {}",
                request.target_type_name, request.source_type_name
            ))
        })?;
        let state = from_state(shape, &to_bytes(&moved))?;
        // Another type's private state means nothing here.
        let private = Private::default().to_bytes();
        let target_identity = match offer.identified() {
            Some(identified) => identified.imported(None, &state)?,
            None => None,
        };
        Ok(proto::MoveResponse {
            target_state: Some(shape.encode(&state)?),
            target_private: private,
            target_identity,
            ..Default::default()
        })
    }
}

/// How long a stored state may be: reading it as JSON takes up a multiple of it.
const MAX_STORED: usize = 64 << 20;

pub(super) fn stored(raw: Option<&proto::RawState>) -> Result<&[u8]> {
    if raw.is_some_and(|raw| raw.json.len() > MAX_STORED) {
        return Err(Diagnostic::error("the stored state is too large")
            .detail(format!("It is longer than {} MiB.", MAX_STORED >> 20))
            .into());
    }
    raw.map(|raw| raw.json.as_slice())
        .filter(|json| !json.is_empty())
        .ok_or_else(|| {
            Diagnostic::error("the stored state is not JSON")
                .detail("States in the format of Terraform 0.11 and older are not supported.")
                .into()
        })
}

/// A stored object for a resource to convert.
pub(super) fn parsed(raw: &[u8]) -> Result<serde_json::Value> {
    let stored: serde_json::Value = serde_json::from_slice(raw).map_err(|error| unreadable(&error))?;
    if !stored.is_object() {
        return Err(Diagnostic::error("the stored state cannot be read")
            .detail("It is not an object.")
            .into());
    }
    Ok(stored)
}

fn to_bytes(json: &serde_json::Value) -> Vec<u8> {
    json.to_string().into_bytes()
}

/// Older versions of a schema had other attributes: what is not known any more is dropped, what is new is null.
fn from_state(shape: &Shape, bytes: &[u8]) -> Result<Value> {
    let mut state = json::decode(bytes, shape.ty(), Objects::Tolerant).map_err(|error| unreadable(&error))?;
    pipeline::forget_write_only(&shape.schema.attributes, &mut state);
    Ok(state)
}

pub(super) fn unreadable(error: &(dyn std::error::Error + 'static)) -> Diagnostic {
    Diagnostic::from_error("the stored state cannot be read", error)
        .hint("If the state was edited by hand, restore it from a backup; otherwise this is a bug in the provider.")
}
