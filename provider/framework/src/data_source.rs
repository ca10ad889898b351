//! Data sources: read-only looks at what exists.

use async_trait::async_trait;

use crate::convert::Model;
use crate::{Cx, Result, Schema};

/// A data source.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// Configuration and result in one, as in a resource.
    type Model: Model;

    /// The full name: `headwater_salesforce_object`.
    fn type_name(&self) -> &'static str;

    /// The attributes and their rules.
    fn schema(&self) -> Schema;

    /// Offline checks that the schema cannot express.
    async fn validate(&self, cx: &mut Cx, config: &Self::Model) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Reads. Defaults are filled in already; attributes that the user set must come back unchanged.
    async fn read(&self, cx: &mut Cx, config: Self::Model) -> Result<Self::Model>;
}
