//! One call of the XML API: an object's body by `GET /BUCKET/OBJECT`. Go's client reads so, and with it Terraform's backend `gcs`, whose
//! state can then lie here. <https://cloud.google.com/storage/docs/xml-api/get-object-download>

use axum::response::Response;
use http::Method;

use super::download;
use super::record::Bucket;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::http::call::{Call, percent_decode};

/// The bucket and the object that a call names that no other method has taken. A path may be of any service, so it counts only if
/// there is such a bucket.
pub(crate) fn named(cloud: &Cloud, verb: &Method, path: &str) -> Option<Vec<(&'static str, String)>> {
    if verb != Method::GET {
        return None;
    }
    let (bucket, object) = path.strip_prefix('/')?.split_once('/')?;
    let (bucket, object) = (percent_decode(bucket, false), percent_decode(object, false));
    // NUL separates the parts of a key in the store.
    if object.is_empty() || bucket.contains('\0') || object.contains('\0') {
        return None;
    }
    let snapshot = cloud.store.snapshot().ok()?;
    Bucket::read(&snapshot, &bucket).ok()?;
    Some(vec![("bucket", bucket), ("object", object)])
}

/// The body of what was [`named`].
pub(crate) async fn read(call: Call) -> Response {
    download::download(call).await.unwrap_or_else(ApiError::into_response)
}
