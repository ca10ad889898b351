//! The service that Terraform calls: decodes, lets the pipeline and the provider work, encodes.

mod guard;
mod identities;
mod lists;
mod others;
mod registry;
mod resources;
mod wire;

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};

use futures::FutureExt as _;
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_server::Provider as Service;
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use crate::erased::AnyProvider;
use crate::{Cx, Diagnostics, Private, Provider, Schema};
use registry::{Registry, Shape};

type Reply<T> = Result<Response<T>, Status>;

/// The server as the service that Terraform calls: shared, for what goes on after a call has been answered.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Server>);

impl Shared {
    pub(crate) fn new<P: Provider>(provider: P) -> Self {
        Shared(Arc::new(Server::new(provider)))
    }
}

impl std::ops::Deref for Shared {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

/// One provider, ready to be served.
pub(crate) struct Server {
    provider: Box<dyn AnyProvider>,
    settings: Shape,
    registry: Registry,
    /// Replaced by each ConfigureProvider.
    session: RwLock<Session>,
}

#[derive(Clone, Default)]
struct Session {
    data: Option<Arc<dyn Any + Send + Sync>>,
    stopped: CancellationToken,
}

impl Server {
    pub(crate) fn new<P: Provider>(provider: P) -> Self {
        Server {
            settings: Shape::new(provider.schema()),
            registry: Registry::of(&provider),
            provider: Box::new(provider),
            session: RwLock::default(),
        }
    }

    fn session(&self) -> Session {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A context for offline work.
    fn offline(&self, shape: &Shape) -> Cx {
        Cx::new(Arc::clone(&shape.schema), self.session().stopped)
    }

    /// A context for work with the configured provider.
    fn online(&self, shape: &Shape, private: &[u8], capabilities: Option<&proto::ClientCapabilities>) -> Cx {
        let session = self.session();
        let mut cx = Cx::new(Arc::clone(&shape.schema), session.stopped);
        cx.provider = session.data;
        cx.private = Private::from_bytes(private);
        // Core sets it in the walk of an apply and, short of experiments, not in that of a plan.
        cx.applying = capabilities.is_some_and(|capabilities| capabilities.deferral_allowed);
        cx.may_defer = cx.applying;
        cx
    }
}

/// Runs the work of one call; a panic anywhere in it becomes a diagnostic beside `fallback`.
async fn answer<T>(
    call: &'static str,
    fallback: T,
    work: impl Future<Output = (T, Diagnostics)> + Send,
) -> (T, Vec<proto::Diagnostic>) {
    tracing::trace!(call, "called");
    let (reply, found) = AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| (fallback, guard::panic_diagnostic(call, panic.as_ref()).into()));
    (reply, wire::diagnostics(found))
}

/// What is wrong with the provider itself: looked for in debug builds only, as each plan of a user would pay for it. What
/// escapes its tests there, core refuses.
fn while_developed(problems: impl FnOnce() -> Diagnostics) -> Diagnostics {
    match cfg!(debug_assertions) {
        true => problems(),
        false => Diagnostics::new(),
    }
}

fn findings(diagnostics: Vec<proto::Diagnostic>) -> Reply<proto::Findings> {
    Ok(Response::new(proto::Findings { diagnostics }))
}

/// `Ok` with what was found, or what was found instead.
fn gather<T: Default>(result: crate::Result<T>, mut found: Diagnostics) -> (T, Diagnostics) {
    match result {
        Ok(reply) => (reply, found),
        Err(more) => {
            found.extend(more);
            (T::default(), found)
        }
    }
}

#[tonic::async_trait]
impl Service for Shared {
    async fn get_metadata(&self, _: Request<proto::Empty>) -> Reply<proto::Metadata> {
        Ok(Response::new(self.metadata()))
    }

    async fn get_provider_schema(&self, _: Request<proto::Empty>) -> Reply<proto::ProviderSchema> {
        let work = async { self.provider_schema() };
        let (mut reply, diagnostics) = answer("GetProviderSchema", proto::ProviderSchema::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn get_resource_identity_schemas(&self, _: Request<proto::Empty>) -> Reply<proto::IdentitySchemas> {
        let work = async { self.identity_schemas() };
        let (identity_schemas, diagnostics) = answer("GetResourceIdentitySchemas", Default::default(), work).await;
        Ok(Response::new(proto::IdentitySchemas {
            identity_schemas,
            diagnostics,
        }))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::UpgradeIdentityRequest>,
    ) -> Reply<proto::UpgradeIdentityResponse> {
        let work = self.upgrade_identity(request.get_ref());
        let fallback = proto::UpgradeIdentityResponse::default();
        let (mut reply, diagnostics) = answer("UpgradeResourceIdentity", fallback, work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn get_functions(&self, _: Request<proto::Empty>) -> Reply<proto::Functions> {
        let work = async { (self.function_signatures(), Diagnostics::new()) };
        let (functions, diagnostics) = answer("GetFunctions", Default::default(), work).await;
        Ok(Response::new(proto::Functions { functions, diagnostics }))
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::ProviderConfig>,
    ) -> Reply<proto::ProviderConfigFindings> {
        let work = self.validate_settings(request.get_ref());
        let ((), diagnostics) = answer("ValidateProviderConfig", (), work).await;
        Ok(Response::new(proto::ProviderConfigFindings { diagnostics }))
    }

    async fn configure_provider(&self, request: Request<proto::ConfigureRequest>) -> Reply<proto::Findings> {
        let ((), diagnostics) = answer("ConfigureProvider", (), self.configure(request.get_ref())).await;
        findings(diagnostics)
    }

    async fn stop_provider(&self, _: Request<proto::Empty>) -> Reply<proto::StopResponse> {
        // Operations end by themselves and their results count: the process goes on until Shutdown.
        self.session().stopped.cancel();
        Ok(Response::new(proto::StopResponse::default()))
    }

    async fn validate_resource_config(&self, request: Request<proto::TypedConfig>) -> Reply<proto::Findings> {
        let ((), diagnostics) = answer("ValidateResourceConfig", (), self.validate_resource(request.get_ref())).await;
        findings(diagnostics)
    }

    async fn upgrade_resource_state(&self, request: Request<proto::UpgradeRequest>) -> Reply<proto::UpgradeResponse> {
        let work = self.upgrade(request.get_ref());
        let (mut reply, diagnostics) = answer("UpgradeResourceState", proto::UpgradeResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn read_resource(&self, request: Request<proto::ReadRequest>) -> Reply<proto::ReadResponse> {
        let request = request.into_inner();
        // Whatever goes wrong, the state stays.
        let fallback = proto::ReadResponse {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            new_identity: request.current_identity.clone(),
            ..Default::default()
        };
        let (mut reply, diagnostics) = answer("ReadResource", fallback.clone(), self.read(&request, fallback)).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn plan_resource_change(&self, request: Request<proto::PlanRequest>) -> Reply<proto::PlanResponse> {
        let work = self.plan(request.get_ref());
        let (mut reply, diagnostics) = answer("PlanResourceChange", proto::PlanResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn apply_resource_change(&self, request: Request<proto::ApplyRequest>) -> Reply<proto::ApplyResponse> {
        let request = request.into_inner();
        let fallback = proto::ApplyResponse {
            new_state: request.prior_state.clone(),
            private: request.planned_private.clone(),
            new_identity: request.planned_identity.clone(),
            ..Default::default()
        };
        let work = self.apply(&request, fallback.clone());
        let (mut reply, diagnostics) = answer("ApplyResourceChange", fallback, work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn import_resource_state(&self, request: Request<proto::ImportRequest>) -> Reply<proto::ImportResponse> {
        let work = self.import(request.get_ref());
        let (mut reply, diagnostics) = answer("ImportResourceState", proto::ImportResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn move_resource_state(&self, request: Request<proto::MoveRequest>) -> Reply<proto::MoveResponse> {
        let work = self.move_state(request.get_ref());
        let (mut reply, diagnostics) = answer("MoveResourceState", proto::MoveResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn validate_data_resource_config(&self, request: Request<proto::TypedConfig>) -> Reply<proto::Findings> {
        let work = self.validate_data(request.get_ref());
        let ((), diagnostics) = answer("ValidateDataResourceConfig", (), work).await;
        findings(diagnostics)
    }

    async fn read_data_source(&self, request: Request<proto::ReadDataRequest>) -> Reply<proto::ReadDataResponse> {
        let work = self.read_data(request.get_ref());
        let (mut reply, diagnostics) = answer("ReadDataSource", proto::ReadDataResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn validate_ephemeral_resource_config(&self, request: Request<proto::TypedConfig>) -> Reply<proto::Findings> {
        let work = self.validate_ephemeral(request.get_ref());
        let ((), diagnostics) = answer("ValidateEphemeralResourceConfig", (), work).await;
        findings(diagnostics)
    }

    async fn open_ephemeral_resource(&self, request: Request<proto::TypedConfig>) -> Reply<proto::OpenResponse> {
        let work = self.open(request.get_ref());
        let (mut reply, diagnostics) = answer("OpenEphemeralResource", proto::OpenResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn renew_ephemeral_resource(&self, request: Request<proto::EphemeralHandle>) -> Reply<proto::RenewResponse> {
        let work = self.renew(request.get_ref());
        let (mut reply, diagnostics) = answer("RenewEphemeralResource", proto::RenewResponse::default(), work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn close_ephemeral_resource(&self, request: Request<proto::EphemeralHandle>) -> Reply<proto::Findings> {
        let ((), diagnostics) = answer("CloseEphemeralResource", (), self.close(request.get_ref())).await;
        findings(diagnostics)
    }

    async fn validate_list_resource_config(&self, request: Request<proto::ListConfig>) -> Reply<proto::Findings> {
        let work = self.validate_list(request.get_ref());
        let ((), diagnostics) = answer("ValidateListResourceConfig", (), work).await;
        findings(diagnostics)
    }

    async fn list_resource(&self, request: Request<proto::ListRequest>) -> Reply<BoxStream<proto::ListEvent>> {
        tracing::trace!(call = "ListResource", "called");
        Ok(Response::new(self.0.list(request.into_inner())))
    }

    async fn generate_resource_config(
        &self,
        request: Request<proto::GenerateConfigRequest>,
    ) -> Reply<proto::GenerateConfigResponse> {
        let work = async { self.generate_config(request.get_ref()) };
        let fallback = proto::GenerateConfigResponse::default();
        let (mut reply, diagnostics) = answer("GenerateResourceConfig", fallback, work).await;
        reply.diagnostics = diagnostics;
        Ok(Response::new(reply))
    }

    async fn call_function(&self, request: Request<proto::CallRequest>) -> Reply<proto::CallResponse> {
        Ok(Response::new(self.call(request.get_ref())))
    }
}

/// The limit of an operation: what the user set, else the schema's.
fn limit(schema: &Schema, value: &crate::Value, operation: &str) -> Option<std::time::Duration> {
    let defaults = schema.timeouts.as_ref()?;
    let set = value
        .get(crate::schema::TIMEOUTS)
        .and_then(|timeouts| timeouts.get(operation)?.as_str());
    set.and_then(|text| crate::parse_duration(text).ok()).or_else(|| {
        defaults
            .entries()
            .find(|(name, _)| *name == operation)
            .map(|(_, limit)| limit)
    })
}
