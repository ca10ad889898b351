//! The provider: its settings, and what it offers.

use std::any::Any;

use async_trait::async_trait;

use crate::convert::Model;
use crate::erased::{AnyDataSource, AnyEphemeralResource, AnyResource};
use crate::{AnyListResource, Cx, Function, Result, Schema};

/// A provider. See the crate's documentation for an example.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The typed form of the settings. Use [`Attr`](crate::Attr) throughout: settings may be unknown while planning.
    type Config: Model;
    /// What operations get from [`Cx::provider`]: clients, configured.
    type Data: Any + Send + Sync;

    /// The name that its resources start with: `headwater`.
    fn name(&self) -> &'static str;

    /// The settings.
    fn schema(&self) -> Schema;

    /// Offline checks of the settings.
    async fn validate(&self, cx: &mut Cx, config: &Self::Config) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Builds the clients. May be called again in the same process (debugging): the newest result counts.
    async fn configure(&self, cx: &mut Cx, config: Self::Config) -> Result<Self::Data>;

    /// `vec![Box::new(Bucket), …]`
    fn resources(&self) -> Vec<Box<dyn AnyResource>>;

    /// `vec![Box::new(SalesforceObject), …]`
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        Vec::new()
    }

    /// `vec![Box::new(ParseTableId), …]`
    fn functions(&self) -> Vec<Box<dyn Function>> {
        Vec::new()
    }

    /// `vec![Box::new(SalesforceToken), …]`
    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource>> {
        Vec::new()
    }

    /// What [`encode_schemas`](crate::encode_schemas) made of this very provider, kept with the program: then schemas are not made
    /// in the process that Terraform asks for them, which is half of what such a process costs. A test must hold the two together.
    fn encoded_schemas(&self) -> Option<&'static [u8]> {
        None
    }

    /// `vec![Box::new(Buckets), …]`
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource>> {
        Vec::new()
    }
}
