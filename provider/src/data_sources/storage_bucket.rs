//! `headwater_storage_bucket`: a bucket that exists already.

use async_trait::async_trait;
use tfplugin_framework::{Cx, DataSource, Diagnostic, Resource, Result, Schema};

use crate::resources::storage_bucket::{Bucket, StorageBucket};
use crate::rest::looked_up;

/// The data source: the reading half of the resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketSource;

#[async_trait]
impl DataSource for BucketSource {
    type Model = Bucket;

    fn type_name(&self) -> &'static str {
        "headwater_storage_bucket"
    }

    fn schema(&self) -> Schema {
        looked_up(&StorageBucket.schema(), "bucket", &["name"])
    }

    async fn read(&self, cx: &mut Cx, config: Bucket) -> Result<Bucket> {
        let name = config.name()?.to_owned();
        let sought = StorageBucket.import(cx, &name).await?;
        let found = StorageBucket.read(cx, sought).await?;
        Ok(found.ok_or_else(|| {
            Diagnostic::invalid("name", format!("the bucket `{name}` does not exist"))
                .hint("Check the name; if this configuration creates it, refer to the resource instead.")
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin_framework::check_data_source;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_data_source(&BucketSource), Default::default());
    }
}
