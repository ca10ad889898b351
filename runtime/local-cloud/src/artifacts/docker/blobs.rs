//! Reading blobs.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use tokio_util::io::ReaderStream;

use super::refusal::Refusal;
use super::{describe_content, image_of, response, snapshot};
use crate::artifacts::record::Blob;
use crate::http::call::Call;

const READ_BYTES: usize = 256 << 10;
const TYPE: &str = "application/octet-stream";

fn found(call: &Call) -> Result<Blob, Refusal> {
    let (place, _) = image_of(call)?;
    let blob = place.blob(&snapshot(call)?, call.param("digest"))?;
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
    blob.ok_or_else(unknown)
}

pub(super) async fn head(call: Call) -> Result<Response, Refusal> {
    let blob = found(&call)?;
    let mut answer = response(StatusCode::OK, Body::empty());
    describe_content(&mut answer, &blob.digest, TYPE, blob.size);
    Ok(answer)
}

pub(super) async fn get(call: Call) -> Result<Response, Refusal> {
    let blob = found(&call)?;
    let file = tokio::fs::File::open(call.cloud.blobs.path(&blob.file)).await?;
    let mut answer = response(
        StatusCode::OK,
        Body::from_stream(ReaderStream::with_capacity(file, READ_BYTES)),
    );
    describe_content(&mut answer, &blob.digest, TYPE, blob.size);
    Ok(answer)
}
