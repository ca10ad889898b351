//! The provider itself: what it offers, and how its settings become clients.

use async_trait::async_trait;
use tfplugin_framework::{AnyDataSource, AnyEphemeralResource, AnyResource, Cx, Function, Provider, Result, Schema};

use crate::clients::Clients;
use crate::settings::{self, Settings};
use crate::{data_sources, ephemeral, functions, resources};

/// Written by `cargo xtask docs`, held current by the check of the documents.
const ENCODED: &[u8] = include_bytes!("schemas.binpb");

/// The provider `headwater`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headwater;

#[async_trait]
impl Provider for Headwater {
    type Config = Settings;
    type Data = Clients;

    fn name(&self) -> &'static str {
        "headwater"
    }

    fn schema(&self) -> Schema {
        settings::schema()
    }

    async fn configure(&self, _cx: &mut Cx, config: Settings) -> Result<Clients> {
        let resolved = config.resolve(|name| std::env::var(name).ok())?;
        Ok(Clients::new(resolved))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource>> {
        resources::all()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        data_sources::all()
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        functions::all()
    }

    /// Not while it is developed: there, what the source says counts at once.
    fn encoded_schemas(&self) -> Option<&'static [u8]> {
        (!cfg!(debug_assertions)).then_some(ENCODED)
    }

    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource>> {
        ephemeral::all()
    }
}
