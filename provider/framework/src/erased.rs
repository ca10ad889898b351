//! Typed resources behind one untyped face, which is what the server calls.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use tfplugin_proto::Value;

use crate::convert::{from_value, to_value};
use crate::resource::{MoveSource, Plan};
use crate::{Cx, DataSource, EphemeralResource, Identity, Opened, Private, Provider, Resource, Result, Schema};

/// Any [`Resource`]: implemented for every one of them, and only so.
#[async_trait]
#[allow(missing_docs)]
pub trait AnyResource: Send + Sync {
    fn name(&self) -> &'static str;
    fn describe(&self) -> Schema;
    #[doc(hidden)]
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn plan_value(
        &self,
        cx: &mut Cx,
        prior: &Value,
        config: &Value,
        proposed: &Value,
        replaced: Option<Private>,
    ) -> Result<Value>;
    #[doc(hidden)]
    async fn plan_destroy_value(&self, cx: &mut Cx, prior: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn create_value(&self, cx: &mut Cx, planned: &Value) -> Result<Value>;
    #[doc(hidden)]
    async fn read_value(&self, cx: &mut Cx, state: &Value) -> Result<Option<Value>>;
    #[doc(hidden)]
    async fn update_value(&self, cx: &mut Cx, prior: &Value, planned: &Value) -> Result<Value>;
    #[doc(hidden)]
    async fn delete_value(&self, cx: &mut Cx, state: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn import_value(&self, cx: &mut Cx, id: &str) -> Result<Value>;
    fn describe_identity(&self) -> Option<Identity>;
    #[doc(hidden)]
    async fn import_identity_value(&self, cx: &mut Cx, identity: &Value) -> Result<Value>;
    #[doc(hidden)]
    async fn upgrade_identity_json(&self, from_version: i64, identity: serde_json::Value) -> Result<serde_json::Value>;
    #[doc(hidden)]
    async fn upgrade_json(&self, from_version: i64, state: serde_json::Value) -> Result<serde_json::Value>;
    #[doc(hidden)]
    async fn move_json(&self, source: MoveSource) -> Result<Option<serde_json::Value>>;
}

#[async_trait]
impl<R: Resource> AnyResource for R {
    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn describe(&self) -> Schema {
        self.schema()
    }

    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()> {
        // A plain field that is not known yet cannot be judged; the plan will, when it is known.
        match from_value::<R::Model>(config, &cx.schema) {
            Ok(model) => self.validate(cx, &model).await,
            Err(_) if !config.is_wholly_known() => Ok(()),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    async fn plan_value(
        &self,
        cx: &mut Cx,
        prior: &Value,
        config: &Value,
        proposed: &Value,
        replaced: Option<Private>,
    ) -> Result<Value> {
        let plan = Plan {
            prior: if prior.is_null() {
                None
            } else {
                Some(from_value(prior, &cx.schema)?)
            },
            config: from_value(config, &cx.schema)?,
            proposed: from_value(proposed, &cx.schema)?,
            replaced,
        };
        let planned = self.plan(cx, plan).await?;
        to_value(&planned, &cx.schema, proposed)
    }

    async fn plan_destroy_value(&self, cx: &mut Cx, prior: &Value) -> Result<()> {
        let prior = from_value(prior, &cx.schema)?;
        self.plan_destroy(cx, &prior).await
    }

    async fn create_value(&self, cx: &mut Cx, planned: &Value) -> Result<Value> {
        let model = from_value(planned, &cx.schema)?;
        let state = self.create(cx, model).await?;
        to_value(&state, &cx.schema, planned)
    }

    async fn read_value(&self, cx: &mut Cx, state: &Value) -> Result<Option<Value>> {
        let model = from_value(state, &cx.schema)?;
        let found = self.read(cx, model).await?;
        found.map(|found| to_value(&found, &cx.schema, state)).transpose()
    }

    async fn update_value(&self, cx: &mut Cx, prior: &Value, planned: &Value) -> Result<Value> {
        let (before, after) = (from_value(prior, &cx.schema)?, from_value(planned, &cx.schema)?);
        let state = self.update(cx, before, after).await?;
        to_value(&state, &cx.schema, planned)
    }

    async fn delete_value(&self, cx: &mut Cx, state: &Value) -> Result<()> {
        let model = from_value(state, &cx.schema)?;
        self.delete(cx, model).await
    }

    async fn import_value(&self, cx: &mut Cx, id: &str) -> Result<Value> {
        let model = self.import(cx, id).await?;
        to_value(&model, &cx.schema, &Value::Null)
    }

    fn describe_identity(&self) -> Option<Identity> {
        self.identity()
    }

    async fn import_identity_value(&self, cx: &mut Cx, identity: &Value) -> Result<Value> {
        let model = self.import_identity(cx, identity).await?;
        to_value(&model, &cx.schema, &Value::Null)
    }

    async fn upgrade_identity_json(&self, from_version: i64, identity: serde_json::Value) -> Result<serde_json::Value> {
        self.upgrade_identity(from_version, identity).await
    }

    async fn upgrade_json(&self, from_version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        self.upgrade(from_version, state).await
    }

    async fn move_json(&self, source: MoveSource) -> Result<Option<serde_json::Value>> {
        self.move_from(source).await
    }
}

/// Any [`DataSource`]: implemented for every one of them.
#[async_trait]
#[allow(missing_docs)]
pub trait AnyDataSource: Send + Sync {
    fn name(&self) -> &'static str;
    fn describe(&self) -> Schema;
    #[doc(hidden)]
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn read_value(&self, cx: &mut Cx, config: &Value) -> Result<Value>;
}

#[async_trait]
impl<D: DataSource> AnyDataSource for D {
    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn describe(&self) -> Schema {
        self.schema()
    }

    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()> {
        match from_value::<D::Model>(config, &cx.schema) {
            Ok(model) => self.validate(cx, &model).await,
            Err(_) if !config.is_wholly_known() => Ok(()),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    async fn read_value(&self, cx: &mut Cx, config: &Value) -> Result<Value> {
        let model = from_value(config, &cx.schema)?;
        let state = self.read(cx, model).await?;
        to_value(&state, &cx.schema, config)
    }
}

/// Any [`EphemeralResource`]: implemented for every one of them.
#[async_trait]
#[allow(missing_docs)]
pub trait AnyEphemeralResource: Send + Sync {
    fn name(&self) -> &'static str;
    fn describe(&self) -> Schema;
    #[doc(hidden)]
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()>;
    #[doc(hidden)]
    async fn open_value(&self, cx: &mut Cx, config: &Value) -> Result<Opened<Value>>;
    #[doc(hidden)]
    async fn renew_any(&self, cx: &mut Cx) -> Result<Option<SystemTime>>;
    #[doc(hidden)]
    async fn close_any(&self, cx: &mut Cx) -> Result<()>;
}

#[async_trait]
impl<E: EphemeralResource> AnyEphemeralResource for E {
    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn describe(&self) -> Schema {
        self.schema()
    }

    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()> {
        match from_value::<E::Model>(config, &cx.schema) {
            Ok(model) => self.validate(cx, &model).await,
            Err(_) if !config.is_wholly_known() => Ok(()),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    async fn open_value(&self, cx: &mut Cx, config: &Value) -> Result<Opened<Value>> {
        let model = from_value(config, &cx.schema)?;
        let opened = self.open(cx, model).await?;
        let result = to_value(&opened.result, &cx.schema, config)?;
        Ok(Opened {
            result,
            renew_at: opened.renew_at,
        })
    }

    async fn renew_any(&self, cx: &mut Cx) -> Result<Option<SystemTime>> {
        self.renew(cx).await
    }

    async fn close_any(&self, cx: &mut Cx) -> Result<()> {
        self.close(cx).await
    }
}

/// A [`Provider`] without its types.
#[async_trait]
pub(crate) trait AnyProvider: Send + Sync {
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()>;
    async fn configure_value(&self, cx: &mut Cx, config: &Value) -> Result<Arc<dyn Any + Send + Sync>>;
}

#[async_trait]
impl<P: Provider> AnyProvider for P {
    async fn validate_value(&self, cx: &mut Cx, config: &Value) -> Result<()> {
        match from_value::<P::Config>(config, &cx.schema) {
            Ok(model) => self.validate(cx, &model).await,
            Err(_) if !config.is_wholly_known() => Ok(()),
            Err(diagnostics) => Err(diagnostics),
        }
    }

    async fn configure_value(&self, cx: &mut Cx, config: &Value) -> Result<Arc<dyn Any + Send + Sync>> {
        let model = from_value(config, &cx.schema)?;
        Ok(Arc::new(self.configure(cx, model).await?))
    }
}
