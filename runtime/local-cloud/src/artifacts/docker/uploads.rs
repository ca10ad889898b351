//! Receiving blobs: in one request, in two, in pieces; or taken over from another repository. What has arrived is on disk, and
//! a blob is there when its digest is what was promised.

use std::io::Read as _;

use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use http::StatusCode;
use sha2::{Digest as _, Sha256};

use super::refusal::Refusal;
use super::{describe, find, image_of, is_digest, response, snapshot};
use crate::artifacts::record::{Blob, Place, Upload, digest_text};
use crate::blobs::{Partial, Sealed, new_id};
use crate::cloud::Cloud;
use crate::http::call::Call;
use crate::store::StoreError;

const SLAB: usize = 1 << 20;

/// POST: a blob at once (`digest`), one of another repository (`mount`, `from`), or the beginning of an upload.
pub(super) async fn begin(mut call: Call) -> Result<Response, Refusal> {
    let (place, image) = image_of(&call)?;
    if let Some(digest) = call.query.get("digest").map(str::to_owned) {
        check(&digest)?;
        let body = call.stream();
        let partial = call.cloud.blobs.receive(body).await?;
        let blob = keep(&call.cloud, partial, place, image, &digest, None).await?;
        return Ok(created(&call, &blob));
    }
    if let Some(blob) = mounted(&call, &place, &image).await? {
        return Ok(created(&call, &blob));
    }
    let upload = Upload {
        id: new_id(),
        place,
        image,
        file: new_id(),
        size: 0,
        updated: Utc::now(),
    };
    write(&call.cloud, upload.clone()).await?;
    Ok(under_way(&call, &upload, StatusCode::ACCEPTED))
}

pub(super) async fn get(call: Call) -> Result<Response, Refusal> {
    let upload = found(&call)?;
    Ok(under_way(&call, &upload, StatusCode::NO_CONTENT))
}

/// PATCH: a piece, which must go on where the last one ended if it says where it goes.
pub(super) async fn append(mut call: Call) -> Result<Response, Refusal> {
    let upload = found(&call)?;
    let (_, upload) = received(&mut call, upload).await?;
    Ok(under_way(&call, &upload, StatusCode::ACCEPTED))
}

/// PUT: the last piece, which may be the only one or empty.
pub(super) async fn finish(mut call: Call) -> Result<Response, Refusal> {
    let upload = found(&call)?;
    let digest = call.query.get("digest").map(str::to_owned);
    let digest = digest.ok_or_else(|| Refusal::digest_invalid("digest is missing"))?;
    check(&digest)?;
    let (partial, upload) = received(&mut call, upload).await?;
    let Upload { place, image, id, .. } = upload;
    let blob = keep(&call.cloud, partial, place, image, &digest, Some(id)).await?;
    Ok(created(&call, &blob))
}

pub(super) async fn cancel(call: Call) -> Result<Response, Refusal> {
    let upload = found(&call)?;
    let (id, file) = (upload.id, upload.file);
    let removed = call.cloud.store.write(move |txn| {
        txn.remove(Upload::key(&id));
        Ok::<_, StoreError>(())
    });
    removed.await?;
    call.cloud.blobs.discard(&file);
    Ok(response(StatusCode::NO_CONTENT, Body::empty()))
}

fn check(digest: &str) -> Result<(), Refusal> {
    match is_digest(digest) {
        true => Ok(()),
        false => Err(Refusal::digest_invalid(format!("{digest} is no sha256 digest"))),
    }
}

fn found(call: &Call) -> Result<Upload, Refusal> {
    let (place, image) = image_of(call)?;
    let upload: Option<Upload> = call.cloud.store.get(&Upload::key(call.param("upload")))?;
    let own = upload.filter(|upload| upload.place == place && upload.image == image);
    own.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
        )
    })
}

/// Appends the body to what there is, and notes how far it came, also when the body broke off.
async fn received(call: &mut Call, mut upload: Upload) -> Result<(Partial, Upload), Refusal> {
    let (blobs, file) = (call.cloud.blobs.clone(), upload.file.clone());
    let opened = tokio::task::spawn_blocking(move || match blobs.resume(&file)? {
        Some(partial) => Ok(partial),
        None => blobs.begin_as(&file),
    });
    let partial = opened.await.map_err(std::io::Error::other)??;
    let start = call.header("content-range").map(|range| {
        let start = range.trim_start_matches("bytes ").split('-').next();
        start.and_then(|start| start.trim().parse::<u64>().ok())
    });
    if start.is_some_and(|start| start != Some(partial.sums.size)) {
        let message = format!("the upload goes on at byte {}", partial.sums.size);
        return Err(Refusal::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "BLOB_UPLOAD_INVALID",
            message,
        ));
    }
    let (partial, arrived) = partial.append(call.stream()).await?;
    partial.sync()?;
    upload.size = partial.sums.size;
    upload.updated = Utc::now();
    write(&call.cloud, upload.clone()).await?;
    arrived?;
    Ok((partial, upload))
}

async fn write(cloud: &Cloud, upload: Upload) -> Result<(), Refusal> {
    let written = cloud.store.write(move |txn| txn.put(Upload::key(&upload.id), &upload));
    Ok(written.await?)
}

/// Makes a blob of what arrived, if it is what was promised.
async fn keep(
    cloud: &Cloud,
    partial: Partial,
    place: Place,
    image: String,
    digest: &str,
    upload: Option<String>,
) -> Result<Blob, Refusal> {
    let blobs = cloud.blobs.clone();
    let sealed = tokio::task::spawn_blocking(move || {
        let sealed = blobs.seal(partial)?;
        let sum = sum(&blobs.path(&sealed.id))?;
        Ok::<_, std::io::Error>((sealed, sum))
    });
    let (sealed, found) = sealed.await.map_err(std::io::Error::other)??;
    let right = found == digest;
    let blob = Blob {
        digest: found,
        image,
        file: sealed.id.clone(),
        size: sealed.sums.size,
        created: Utc::now(),
    };
    store(cloud, place, blob.clone(), right.then_some(sealed), upload).await?;
    match right {
        true => Ok(blob),
        false => Err(Refusal::digest_invalid(format!(
            "the blob's digest is {}, and {digest} was promised",
            blob.digest
        ))),
    }
}

/// Notes a blob, and that its upload is over. One that there is already stays, and the new bytes go.
async fn store(
    cloud: &Cloud,
    place: Place,
    blob: Blob,
    sealed: Option<Sealed>,
    upload: Option<String>,
) -> Result<(), Refusal> {
    let wanted = sealed.is_some();
    let stored = cloud.store.write(move |txn| {
        if let Some(id) = upload {
            txn.remove(Upload::key(&id));
        }
        let new = wanted && place.blob(txn, &blob.digest)?.is_none();
        if new {
            txn.put(place.blob_key(&blob.digest), &blob)?;
        }
        Ok::<_, StoreError>(new)
    });
    let stored = stored.await?;
    if let Some(mut sealed) = sealed.filter(|_| stored) {
        sealed.keep();
    }
    Ok(())
}

fn sum(path: &std::path::Path) -> std::io::Result<String> {
    let (mut file, mut sum, mut slab) = (std::fs::File::open(path)?, Sha256::new(), vec![0; SLAB]);
    loop {
        let n = file.read(&mut slab)?;
        if n == 0 {
            return Ok(digest_text(&sum.finalize()));
        }
        sum.update(&slab[..n]);
    }
}

/// The blob of another repository that was asked for, if there is such: a second name for the same bytes.
async fn mounted(call: &Call, place: &Place, image: &str) -> Result<Option<Blob>, Refusal> {
    let (Some(digest), Some(from)) = (call.query.get("mount"), call.query.get("from")) else {
        return Ok(None);
    };
    let view = snapshot(call)?;
    if let Some(blob) = place.blob(&view, digest)? {
        return Ok(Some(blob));
    }
    let mut parts = from.splitn(3, '/');
    let (Some(project), Some(repository)) = (parts.next(), parts.next()) else {
        return Ok(None);
    };
    let Ok(from) = find(&call.cloud, project, repository, None) else {
        return Ok(None);
    };
    let Some(blob) = from.blob(&view, digest)? else {
        return Ok(None);
    };
    let (blobs, file, size) = (call.cloud.blobs.clone(), blob.file.clone(), blob.size);
    let linked = tokio::task::spawn_blocking(move || blobs.link(&file, size, 0));
    let sealed = linked.await.map_err(std::io::Error::other)??;
    let blob = Blob {
        image: image.to_owned(),
        file: sealed.id.clone(),
        created: Utc::now(),
        ..blob
    };
    store(&call.cloud, place.clone(), blob.clone(), Some(sealed), None).await?;
    Ok(Some(blob))
}

/// The path of the image that a call is about, as the caller wrote it.
fn path(call: &Call) -> String {
    let parts = ["project", "repository", "image", "inner"].map(|name| call.param(name));
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("/")
}

fn created(call: &Call, blob: &Blob) -> Response {
    let mut answer = response(StatusCode::CREATED, Body::empty());
    describe(
        &mut answer,
        "location",
        &format!("/v2/{}/blobs/{}", path(call), blob.digest),
    );
    describe(&mut answer, "docker-content-digest", &blob.digest);
    answer
}

fn under_way(call: &Call, upload: &Upload, status: StatusCode) -> Response {
    let mut answer = response(status, Body::empty());
    describe(
        &mut answer,
        "location",
        &format!("/v2/{}/blobs/uploads/{}", path(call), upload.id),
    );
    describe(&mut answer, "range", &format!("0-{}", upload.size.saturating_sub(1)));
    describe(&mut answer, "docker-upload-uuid", &upload.id);
    answer
}
