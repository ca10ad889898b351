//! Ephemeral resources: values that exist during one run and are stored nowhere (Terraform 1.10).

use std::time::SystemTime;

use async_trait::async_trait;

use crate::convert::Model;
use crate::{Cx, Result, Schema};

/// What was opened.
#[derive(Debug, Clone)]
pub struct Opened<M> {
    /// The configuration with the computed values.
    pub result: M,
    /// When Terraform shall call `renew`.
    pub renew_at: Option<SystemTime>,
}

/// An ephemeral resource. What `renew` and `close` need goes into [`Cx::private`].
#[async_trait]
pub trait EphemeralResource: Send + Sync + 'static {
    /// Configuration and result in one.
    type Model: Model;

    /// The full name: `headwater_salesforce_token`.
    fn type_name(&self) -> &'static str;

    /// The attributes and their rules.
    fn schema(&self) -> Schema;

    /// Offline checks that the schema cannot express.
    async fn validate(&self, cx: &mut Cx, config: &Self::Model) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Makes the value.
    async fn open(&self, cx: &mut Cx, config: Self::Model) -> Result<Opened<Self::Model>>;

    /// Prolongs it; returns when to prolong it again.
    async fn renew(&self, cx: &mut Cx) -> Result<Option<SystemTime>> {
        let _ = cx;
        Ok(None)
    }

    /// Gives it back.
    async fn close(&self, cx: &mut Cx) -> Result<()> {
        let _ = cx;
        Ok(())
    }
}
