//! Lists of what exists: `terraform query` shows them and writes their configurations (Terraform 1.14).

use std::sync::Arc;

use async_trait::async_trait;
use tfplugin_proto::Value;
use tokio::sync::mpsc;

use crate::convert::{Model, from_value, to_value};
use crate::{Cx, Diagnostic, Diagnostics, Resource, Result, Schema};

/// Finds the objects of a resource that has an [identity](Resource::identity). It has the resource's name.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// The typed form of what narrows the search.
    type Model: Model;
    /// The resource whose objects it finds.
    type Resource: Resource;

    /// The full name of that resource: `headwater_storage_bucket`.
    fn type_name(&self) -> &'static str;

    /// The attributes that narrow the search.
    fn schema(&self) -> Schema;

    /// Offline checks that the schema cannot express.
    async fn validate(&self, cx: &mut Cx, config: &Self::Model) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Gives each object to `found`, as soon as it is known; stops when that says that there are enough.
    async fn list(
        &self,
        cx: &mut Cx,
        config: Self::Model,
        found: &mut Listing<<Self::Resource as Resource>::Model>,
    ) -> Result<()>;
}

/// One object on its way to the client.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) state: Value,
}

/// Where found objects go.
pub struct Listing<M> {
    sink: Sink,
    model: std::marker::PhantomData<fn(M)>,
}

/// The same without its type.
#[doc(hidden)]
#[derive(Clone)]
pub struct Sink {
    pub(crate) sender: mpsc::Sender<Result<Found, Diagnostics>>,
    pub(crate) schema: Arc<Schema>,
    /// How many objects may still come.
    pub(crate) left: i64,
    /// Whether the client wants whole objects, or their identities alone.
    pub(crate) whole: bool,
}

impl<M: Model> Listing<M> {
    /// Hands over an object, with the name that people know it by. Waits while the client is slower than the search.
    /// `false`: nobody wants more, so stop.
    pub async fn push(&mut self, display_name: impl Into<String>, object: &M) -> Result<bool> {
        if self.sink.left <= 0 {
            return Ok(false);
        }
        let state = to_value(object, &self.sink.schema, &Value::Null)?;
        let found = Found {
            name: display_name.into(),
            state,
        };
        let heard = self.sink.sender.send(Ok(found)).await.is_ok();
        self.sink.left -= 1;
        Ok(heard && self.sink.left > 0)
    }

    /// How many more objects are wanted at most: what a page of a service's answer may be limited to.
    pub fn wanted(&self) -> usize {
        usize::try_from(self.sink.left).unwrap_or_default()
    }

    /// Whether more than what the identity needs will be looked at.
    pub fn wants_whole_objects(&self) -> bool {
        self.sink.whole
    }

    /// Tells the user something about an object that is not shown, and goes on.
    pub async fn report(&mut self, diagnostic: Diagnostic) {
        // An error means that nobody listens any more.
        let _ = self.sink.sender.send(Err(diagnostic.into())).await;
    }
}

/// Any [`ListResource`]: implemented for every one of them.
#[async_trait]
#[allow(missing_docs)]
pub trait AnyListResource: Send + Sync {
    fn name(&self) -> &'static str;
    fn describe(&self) -> Schema;
    #[doc(hidden)]
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn list_value(&self, cx: &mut Cx, config: &Value, sink: Sink) -> Result<()>;
}

#[async_trait]
impl<L: ListResource> AnyListResource for L {
    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn describe(&self) -> Schema {
        self.schema()
    }

    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()> {
        match from_value::<L::Model>(config, &cx.schema) {
            Ok(model) => self.validate(cx, &model).await,
            Err(_) if !config.is_wholly_known() => Ok(()),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    async fn list_value(&self, cx: &mut Cx, config: &Value, sink: Sink) -> Result<()> {
        let model = from_value(config, &cx.schema)?;
        let mut listing = Listing {
            sink,
            model: std::marker::PhantomData,
        };
        self.list(cx, model, &mut listing).await
    }
}
