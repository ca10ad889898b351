//! The calls about the provider itself, data sources, ephemeral resources and functions.

use std::collections::HashMap;
use std::time::SystemTime;

use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::{Value, wire::tfplugin6::DynamicValue};
use tokio_util::sync::CancellationToken;

use super::guard::{Guard, panic_diagnostic};
use super::registry::find;
use super::{Server, Session, gather, limit, while_developed, wire};
use crate::{Diagnostics, FunctionError, Result, pipeline};

impl Server {
    pub(super) fn metadata(&self) -> proto::Metadata {
        fn named<'a>(names: impl Iterator<Item = &'a &'static str>) -> Vec<proto::TypeName> {
            names
                .map(|name| proto::TypeName {
                    type_name: (*name).to_owned(),
                })
                .collect()
        }
        proto::Metadata {
            server_capabilities: Some(wire::capabilities()),
            resources: named(self.registry.resources.keys()),
            data_sources: named(self.registry.data_sources.keys()),
            functions: named(self.registry.functions.keys()),
            ephemeral_resources: named(self.registry.ephemeral.keys()),
            list_resources: named(self.registry.lists.keys()),
            ..Default::default()
        }
    }

    pub(crate) fn provider_schema(&self) -> (proto::ProviderSchema, Diagnostics) {
        let registry = &self.registry;
        let mut found = Diagnostics::new();
        let mut add = |name: &str, schema: crate::Schema| {
            found.extend(while_developed(|| schema.problems(name)));
            (name.to_owned(), wire::schema(schema))
        };
        let (_, settings) = add("provider", crate::Schema::clone(&self.settings.schema));
        // Made for this answer and given away with it: a process that is asked for them is seldom asked for more.
        let resources = registry
            .resources
            .iter()
            .map(|(name, offer)| add(name, offer.it.describe()))
            .collect();
        let data_sources = registry
            .data_sources
            .iter()
            .map(|(name, offer)| add(name, offer.it.describe()))
            .collect();
        let ephemeral = registry
            .ephemeral
            .iter()
            .map(|(name, offer)| add(name, offer.it.describe()))
            .collect();
        let lists = registry
            .lists
            .iter()
            .map(|(name, offer)| add(name, offer.it.describe()))
            .collect();
        let reply = proto::ProviderSchema {
            provider: Some(settings),
            resource_schemas: resources,
            data_source_schemas: data_sources,
            ephemeral_resource_schemas: ephemeral,
            list_resource_schemas: lists,
            functions: self.function_signatures(),
            server_capabilities: Some(wire::capabilities()),
            ..Default::default()
        };
        (reply, found)
    }

    pub(super) fn function_signatures(&self) -> HashMap<String, proto::Function> {
        let functions = self.registry.functions.iter();
        functions
            .map(|(name, function)| ((*name).to_owned(), wire::function(function.as_ref())))
            .collect()
    }

    pub(super) async fn validate_settings(&self, request: &proto::ProviderConfig) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let config = self.settings.decode(request.config.as_ref())?;
            found.extend(pipeline::validate(&self.settings.schema, &config));
            let mut cx = self.offline(&self.settings);
            let result = self.provider.validate_value(&mut cx, &config).await;
            found.extend(cx.diagnostics);
            result
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn configure(&self, request: &proto::ConfigureRequest) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let config = self.settings.decode(request.config.as_ref())?;
            let config = pipeline::fill_defaults(&self.settings.schema.attributes, &config, config.clone());
            let mut cx = self.offline(&self.settings);
            // An earlier session may have been stopped; this one was not.
            let stopped = CancellationToken::new();
            cx.cancelled = stopped.clone();
            let guard = Guard::new(&mut cx, "provider", "configure", None);
            let result = guard.run(self.provider.configure_value(&mut cx, &config)).await;
            found.extend(cx.diagnostics);
            let session = Session {
                data: Some(result?),
                stopped,
            };
            *self.session.write().unwrap_or_else(std::sync::PoisonError::into_inner) = session;
            Ok(())
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn validate_data(&self, request: &proto::TypedConfig) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.data_sources, &request.type_name)?;
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

    pub(super) async fn read_data(&self, request: &proto::ReadDataRequest) -> (proto::ReadDataResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let name = request.type_name.as_str();
            let offer = find(&self.registry.data_sources, name)?;
            let shape = offer.shape();
            let config = shape.decode(request.config.as_ref())?;
            let filled = pipeline::fill_defaults(&shape.schema.attributes, &config, config.clone());
            let mut cx = self.online(shape, &[], request.client_capabilities.as_ref());
            cx.config = config.clone();
            let guard = Guard::new(&mut cx, name, "read", limit(&shape.schema, &config, "read"));
            let result = guard.run(offer.it.read_value(&mut cx, &filled)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            let mut state = result?;
            pipeline::keep_equivalent(&shape.schema.attributes, &config, &mut state);
            // What is put off may show unknown values as a preview.
            if cx.deferred.is_none() {
                found.extend(pipeline::check_read(name, &shape.schema, &config, &state));
                state = pipeline::settle(state);
            }
            let state = shape.encode(&state)?;
            Ok(proto::ReadDataResponse {
                state: Some(state),
                deferred: cx.deferred.map(wire::deferred),
                ..Default::default()
            })
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn validate_ephemeral(&self, request: &proto::TypedConfig) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.ephemeral, &request.type_name)?;
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

    pub(super) async fn open(&self, request: &proto::TypedConfig) -> (proto::OpenResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let name = request.type_name.as_str();
            let offer = find(&self.registry.ephemeral, name)?;
            let shape = offer.shape();
            let config = shape.decode(request.config.as_ref())?;
            let filled = pipeline::fill_defaults(&shape.schema.attributes, &config, config.clone());
            let mut cx = self.online(shape, &[], request.client_capabilities.as_ref());
            cx.config = config.clone();
            let guard = Guard::new(&mut cx, name, "open", None);
            let result = guard.run(offer.it.open_value(&mut cx, &filled)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            let mut opened = result?;
            // What is put off may show unknown values as a preview.
            if cx.deferred.is_none() {
                found.extend(pipeline::check_read(name, &shape.schema, &config, &opened.result));
                opened.result = pipeline::settle(opened.result);
            }
            Ok(proto::OpenResponse {
                renew_at: opened.renew_at.map(timestamp),
                result: Some(shape.encode(&opened.result)?),
                private: Some(cx.private.to_bytes()),
                deferred: cx.deferred.map(wire::deferred),
                ..Default::default()
            })
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn renew(&self, request: &proto::EphemeralHandle) -> (proto::RenewResponse, Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.ephemeral, &request.type_name)?;
            let mut cx = self.online(offer.shape(), request.private(), None);
            let guard = Guard::new(&mut cx, &request.type_name, "renew", None);
            let result = guard.run(offer.it.renew_any(&mut cx)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            let renew_at = result?.map(timestamp);
            Ok(proto::RenewResponse {
                renew_at,
                private: Some(cx.private.to_bytes()),
                ..Default::default()
            })
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) async fn close(&self, request: &proto::EphemeralHandle) -> ((), Diagnostics) {
        let mut found = Diagnostics::new();
        let result = async {
            let offer = find(&self.registry.ephemeral, &request.type_name)?;
            let mut cx = self.online(offer.shape(), request.private(), None);
            let guard = Guard::new(&mut cx, &request.type_name, "close", None);
            let result = guard.run(offer.it.close_any(&mut cx)).await;
            found.extend(std::mem::take(&mut cx.diagnostics));
            result
        };
        let result = result.await;
        gather(result, found)
    }

    pub(super) fn call(&self, request: &proto::CallRequest) -> proto::CallResponse {
        let work = std::panic::AssertUnwindSafe(|| self.try_call(&request.name, &request.arguments));
        let result = std::panic::catch_unwind(work).unwrap_or_else(|panic| {
            let found = panic_diagnostic(&format!("the function {}", request.name), panic.as_ref());
            Err(FunctionError::from(format!("{}: {}", found.summary, found.detail)))
        });
        match result {
            Ok(value) => proto::CallResponse {
                result: Some(value),
                error: None,
            },
            Err(error) => proto::CallResponse {
                result: None,
                error: Some(proto::FunctionError {
                    text: error.text,
                    function_argument: error.argument.and_then(|index| i64::try_from(index).ok()),
                }),
            },
        }
    }

    fn try_call(&self, name: &str, given: &[DynamicValue]) -> Result<DynamicValue, FunctionError> {
        let function = self
            .registry
            .functions
            .get(name)
            .ok_or_else(|| format!("there is no function `{name}`"))?;
        let signature = function.signature();
        let mut arguments: Vec<Value> = Vec::with_capacity(given.len());
        for (index, value) in given.iter().enumerate() {
            let parameter = signature.parameters.get(index).or(signature.variadic.as_ref());
            let parameter = parameter.ok_or_else(|| FunctionError::argument(index, "there is no such parameter"))?;
            let value = value.decode(&parameter.ty);
            let value = value.map_err(|error| FunctionError::argument(index, error.to_string()))?;
            // Terraform sees to both; functions rely on it.
            if value.is_null() && !parameter.allow_null {
                return Err(FunctionError::argument(index, "must not be null"));
            }
            if !value.is_wholly_known() && !parameter.allow_unknown {
                return Err(FunctionError::argument(index, "must be known"));
            }
            arguments.push(value);
        }
        if arguments.len() < signature.parameters.len() {
            return Err(FunctionError::from("an argument is missing"));
        }
        let result = function.call(&arguments)?;
        DynamicValue::encode(&result, &signature.returns)
            .map_err(|error| FunctionError::from(format!("{error}. This is a bug in the provider.")))
    }
}

fn timestamp(time: SystemTime) -> proto::Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    proto::Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
    }
}
