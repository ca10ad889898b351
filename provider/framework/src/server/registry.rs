//! What the provider offers, by name, with schemas made when they are first needed.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tfplugin_proto::wire::tfplugin6::DynamicValue;
use tfplugin_proto::{Type, Value};

use super::identities::Identified;
use crate::{
    AnyDataSource, AnyEphemeralResource, AnyListResource, AnyResource, Diagnostic, Function, Provider, Result, Schema,
};

/// A schema and the type that follows from it.
pub(super) struct Shape {
    pub(super) schema: Arc<Schema>,
    ty: OnceLock<Type>,
}

impl Shape {
    pub(super) fn new(schema: Schema) -> Self {
        Shape {
            schema: Arc::new(schema),
            ty: OnceLock::new(),
        }
    }

    pub(super) fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.schema.ty())
    }

    pub(super) fn decode(&self, value: Option<&DynamicValue>) -> Result<Value> {
        let Some(value) = value else { return Ok(Value::Null) };
        value.decode(self.ty()).map_err(|error| {
            Diagnostic::from_error("Terraform sent a value that does not fit the schema", &error)
                .hint("Was the provider replaced while Terraform ran? If not, this is a bug in the provider.")
                .into()
        })
    }

    pub(super) fn encode(&self, value: &Value) -> Result<DynamicValue> {
        DynamicValue::encode(value, self.ty()).map_err(|error| {
            Diagnostic::from_error("the provider made a value that does not fit its schema", &error)
                .hint("This is a bug in the provider.")
                .into()
        })
    }
}

/// One thing that is offered.
pub(super) struct Offer<T: ?Sized> {
    pub(super) it: Box<T>,
    shape: OnceLock<Shape>,
    identified: OnceLock<Option<Identified>>,
}

impl<T: ?Sized> Offer<T> {
    fn new(it: Box<T>) -> Self {
        Offer {
            it,
            shape: OnceLock::new(),
            identified: OnceLock::new(),
        }
    }
}

macro_rules! shapes {
    ($($face:ident),*) => {
        $(impl Offer<dyn $face> {
            pub(super) fn shape(&self) -> &Shape {
                self.shape.get_or_init(|| Shape::new(self.it.describe()))
            }
        })*
    };
}

shapes!(AnyResource, AnyDataSource, AnyEphemeralResource, AnyListResource);

impl Offer<dyn AnyResource> {
    /// The identity, when the resource has one.
    pub(super) fn identified(&self) -> Option<&Identified> {
        let make = || {
            self.it
                .describe_identity()
                .map(|identity| Identified::new(identity, self.shape()))
        };
        self.identified.get_or_init(make).as_ref()
    }
}

type Offers<T> = BTreeMap<&'static str, Offer<T>>;

/// All that is offered.
pub(super) struct Registry {
    pub(super) resources: Offers<dyn AnyResource>,
    pub(super) data_sources: Offers<dyn AnyDataSource>,
    pub(super) ephemeral: Offers<dyn AnyEphemeralResource>,
    pub(super) lists: Offers<dyn AnyListResource>,
    pub(super) functions: BTreeMap<&'static str, Box<dyn Function>>,
}

impl Registry {
    pub(super) fn of(provider: &impl Provider) -> Self {
        Registry {
            resources: provider
                .resources()
                .into_iter()
                .map(|it| (it.name(), Offer::new(it)))
                .collect(),
            data_sources: provider
                .data_sources()
                .into_iter()
                .map(|it| (it.name(), Offer::new(it)))
                .collect(),
            ephemeral: provider
                .ephemeral_resources()
                .into_iter()
                .map(|it| (it.name(), Offer::new(it)))
                .collect(),
            lists: provider
                .list_resources()
                .into_iter()
                .map(|it| (it.name(), Offer::new(it)))
                .collect(),
            functions: provider.functions().into_iter().map(|it| (it.name(), it)).collect(),
        }
    }
}

/// Finds by name or says that there is none.
pub(super) fn find<'a, T: ?Sized>(offers: &'a Offers<T>, name: &str) -> Result<&'a Offer<T>> {
    offers.get(name).ok_or_else(|| {
        Diagnostic::error(format!("this provider has no `{name}`"))
            .hint("Does the lock file name another version of the provider than the one that is installed?")
            .into()
    })
}
