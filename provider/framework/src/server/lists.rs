//! The calls about lists, and configurations made of states.

use std::sync::Arc;

use futures::StreamExt as _;
use tfplugin_proto::Value;
use tfplugin_proto::wire::tfplugin6 as proto;
use tokio::sync::mpsc;
use tonic::codegen::BoxStream;

use super::guard::Guard;
use super::registry::find;
use super::{Server, gather, limit, wire};
use crate::list::{Found, Sink};
use crate::{Diagnostic, Diagnostics, Result, pipeline};

/// How many objects may wait for the client.
const AHEAD: usize = 16;

impl Server {
    pub(super) async fn validate_list(&self, request: &proto::ListConfig) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.lists, &request.type_name)?;
            let shape = offer.shape();
            let config = shape.decode(request.config.as_ref())?;
            found.extend(pipeline::validate(&shape.schema, &config));
            let mut cx = self.offline(shape);
            let guard = Guard::new(&mut cx, &request.type_name, "validate", None);
            let result = guard.run(offer.it.validate_value(&mut cx, &config)).await;
            found.extend(cx.diagnostics);
            result
        };
        let result = result.await;
        gather(result, found)
    }

    /// Objects as they are found, and what there is to say at the end. The search ends when the client hangs up.
    pub(super) fn list(self: &Arc<Self>, request: proto::ListRequest) -> BoxStream<proto::ListEvent> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let server = Arc::clone(self);
        let name = request.type_name.clone();
        let whole = request.include_resource_object;
        let search = Arc::clone(self);
        tokio::spawn(async move {
            let mut found = Diagnostics::new();
            if let Err(more) = search.try_list(&request, sender.clone(), &mut found).await {
                found.extend(more);
            }
            if !found.is_empty() {
                // An error means that nobody listens any more.
                let _ = sender.send(Err(found)).await;
            }
        });
        let objects = futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|found| (found, receiver))
        });
        Box::pin(objects.map(move |found| Ok(server.event(&name, whole, found))))
    }

    async fn try_list(
        &self,
        request: &proto::ListRequest,
        sender: mpsc::Sender<Result<Found>>,
        found: &mut Diagnostics,
    ) -> Result<()> {
        let name = request.type_name.as_str();
        let offer = find(&self.registry.lists, name)?;
        let resource = find(&self.registry.resources, name)?;
        let shape = offer.shape();
        let config = shape.decode(request.config.as_ref())?;
        let filled = pipeline::fill_defaults(&shape.schema.attributes, &config, config.clone());
        let sink = Sink {
            sender,
            schema: Arc::clone(&resource.shape().schema),
            left: if request.limit > 0 { request.limit } else { i64::MAX },
            whole: request.include_resource_object,
        };
        let mut cx = self.online(shape, &[], None);
        cx.config = config.clone();
        let guard = Guard::new(&mut cx, name, "list", limit(&shape.schema, &config, "read"));
        let result = guard.run(offer.it.list_value(&mut cx, &filled, sink)).await;
        found.extend(std::mem::take(&mut cx.diagnostics));
        result
    }

    /// One object, or what there is to say.
    fn event(&self, name: &str, whole: bool, found: Result<Found>) -> proto::ListEvent {
        let event = found.and_then(|found| self.object(name, whole, found));
        event.unwrap_or_else(|found| proto::ListEvent {
            diagnostic: wire::diagnostics(found),
            ..Default::default()
        })
    }

    fn object(&self, name: &str, whole: bool, found: Found) -> Result<proto::ListEvent> {
        let resource = find(&self.registry.resources, name)?;
        let (shape, mut state) = (resource.shape(), pipeline::settle(found.state));
        pipeline::forget_write_only(&shape.schema.attributes, &mut state);
        let identity = match resource.identified() {
            Some(identified) => identified.imported(None, &state)?,
            None => None,
        };
        let identity = identity.ok_or_else(|| {
            Diagnostic::error(format!("{name}: an object was found whose identity is not known"))
                .detail(format!("It is {}.", found.name))
                .hint("This is a bug in the provider.")
        })?;
        Ok(proto::ListEvent {
            identity: Some(identity),
            display_name: found.name,
            resource_object: if whole { Some(shape.encode(&state)?) } else { None },
            diagnostic: Vec::new(),
        })
    }

    pub(super) fn generate_config(
        &self,
        request: &proto::GenerateConfigRequest,
    ) -> (proto::GenerateConfigResponse, Diagnostics) {
        let result = (|| {
            let shape = find(&self.registry.resources, &request.type_name)?.shape();
            let state = shape.decode(request.state.as_ref())?;
            let config = if state.is_null() {
                Value::Null
            } else {
                pipeline::configuration(&shape.schema, state)
            };
            Ok(proto::GenerateConfigResponse {
                config: Some(shape.encode(&config)?),
                diagnostics: Vec::new(),
            })
        })();
        gather(result, Diagnostics::new())
    }
}
