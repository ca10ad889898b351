//! The provider itself: what it offers, and how its settings become clients.

use async_trait::async_trait;
use tfplugin_framework::{AnyDataSource, AnyEphemeralResource, AnyResource, Cx, Function, Provider, Result, Schema};

use crate::clients::Clients;
use crate::settings::{self, Settings};
use crate::{data_sources, ephemeral, functions, resources};

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

    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource>> {
        ephemeral::all()
    }
}
