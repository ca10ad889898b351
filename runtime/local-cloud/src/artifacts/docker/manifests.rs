//! Manifests and tags. A manifest is kept to the byte, since its digest is the image's name.

use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use http::StatusCode;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{describe, describe_content, image_of, is_digest, response, snapshot};
use crate::artifacts::record::{Manifest, Place, Tag, digest_of};
use crate::http::answer::json_response;
use crate::http::call::Call;
use crate::store::View;

/// Registries take no larger ones.
const LIMIT: usize = 4 << 20;
/// What is an image by itself.
pub(crate) const IMAGES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// What lists images of several platforms.
pub(crate) const LISTS: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

fn found(call: &Call) -> Result<Manifest, Refusal> {
    let (place, image) = image_of(call)?;
    let reference = call.param("reference");
    let manifest = place.manifest(&snapshot(call)?, &image, reference)?;
    manifest.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "MANIFEST_UNKNOWN",
            format!("Failed to fetch \"{reference}\""),
        )
    })
}

fn shown(manifest: &Manifest, body: Body) -> Response {
    let mut answer = response(StatusCode::OK, body);
    let size = manifest.body.len() as u64;
    describe_content(&mut answer, &manifest.digest, &manifest.media_type, size);
    answer
}

pub(super) async fn head(call: Call) -> Result<Response, Refusal> {
    Ok(shown(&found(&call)?, Body::empty()))
}

pub(super) async fn get(call: Call) -> Result<Response, Refusal> {
    let manifest = found(&call)?;
    Ok(shown(&manifest, Body::from(manifest.body.clone())))
}

pub(super) async fn put(mut call: Call) -> Result<Response, Refusal> {
    let (place, image) = image_of(&call)?;
    let reference = call.param("reference").to_owned();
    let kind = call.header("content-type").unwrap_or_default().to_owned();
    let bytes = call.bytes().await?;
    let body = String::from_utf8(bytes.to_vec()).map_err(|_| Refusal::manifest_invalid("it is not text"))?;
    let digest = digest_of(body.as_bytes());
    let by_digest = reference.contains(':');
    if by_digest && reference != digest {
        return Err(Refusal::digest_invalid(format!(
            "the manifest's digest is {digest}, and {reference} was promised"
        )));
    }
    if !by_digest {
        check_tag(&reference)?;
    }
    let media_type = media_type(&body, &kind)?;
    let manifest = Manifest {
        image,
        digest,
        media_type,
        body,
        uploaded: Utc::now(),
    };
    let (own, at) = (manifest.clone(), place.clone());
    let written = call.cloud.store.write(move |txn| {
        complete(txn, &at, &own)?;
        let key = at.manifest_key(&own.image, &own.digest);
        if txn.bytes(&key)?.is_none() {
            txn.put(key, &own)?;
        }
        if !by_digest {
            let digest = own.digest.clone();
            txn.put(at.tag_key(&own.image, &reference), &Tag { tag: reference, digest })?;
        }
        Ok::<_, Refusal>(())
    });
    written.await?;
    let mut answer = response(StatusCode::CREATED, Body::empty());
    let path = format!("{}/{}/{}", place.project, place.repository, manifest.image);
    describe(
        &mut answer,
        "location",
        &format!("/v2/{path}/manifests/{}", manifest.digest),
    );
    describe(&mut answer, "docker-content-digest", &manifest.digest);
    Ok(answer)
}

fn check_tag(tag: &str) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid = tag.len() <= 128 && tag.starts_with(plain) && tag.chars().all(|c| plain(c) || matches!(c, '.' | '-'));
    match valid {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "TAG_INVALID",
            format!("\"{tag}\" is no tag"),
        )),
    }
}

/// What kind of manifest it is, as its sender and itself say.
fn media_type(body: &str, sent: &str) -> Result<String, Refusal> {
    if body.len() > LIMIT {
        return Err(Refusal::manifest_invalid("it is longer than 4 MiB"));
    }
    let document: Value =
        serde_json::from_str(body).map_err(|error| Refusal::manifest_invalid(format!("it is no JSON: {error}")))?;
    let own = document["mediaType"].as_str();
    let sent = sent.split(';').next().unwrap_or_default().trim();
    if own.is_some_and(|own| own != sent) {
        return Err(Refusal::manifest_invalid("its mediaType is not what it was sent as"));
    }
    let list = LISTS.contains(&sent);
    let whole = match list {
        true => document["manifests"].is_array(),
        false => document["config"]["digest"].is_string() && document["layers"].is_array(),
    };
    if document["schemaVersion"] != 2 || !(list || IMAGES.contains(&sent)) || !whole {
        return Err(Refusal::manifest_invalid(format!(
            "it is no image and no list of images of type \"{sent}\""
        )));
    }
    Ok(sent.to_owned())
}

/// Refuses a manifest whose parts have not all arrived.
fn complete(view: &impl View, place: &Place, manifest: &Manifest) -> Result<(), Refusal> {
    if place.repository(view)?.is_none() {
        return Err(Refusal::name_unknown(format!(
            "Repository \"{}\" not found",
            place.repository
        )));
    }
    let list = LISTS.contains(&manifest.media_type.as_str());
    for digest in manifest.references() {
        let there = match list {
            true => place.manifest(view, &manifest.image, &digest)?.is_some(),
            false => place.blob(view, &digest)?.is_some(),
        };
        if !is_digest(&digest) || !there {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "MANIFEST_BLOB_UNKNOWN",
                format!("{digest} is unknown to the registry"),
            ));
        }
    }
    Ok(())
}

/// The tags of an image, in pages of `n`.
pub(super) async fn tags(call: Call) -> Result<Response, Refusal> {
    let (place, image) = image_of(&call)?;
    let view = snapshot(&call)?;
    if place.manifests(&view, Some(&image))?.is_empty() {
        return Err(Refusal::name_unknown(format!("\"{image}\" not found")));
    }
    let path = format!("{}/{}/{image}", place.project, place.repository);
    let mut tags: Vec<String> = place.tags(&view, &image)?.into_iter().map(|tag| tag.tag).collect();
    if let Some(last) = call.query.get("last") {
        tags.retain(|tag| tag.as_str() > last);
    }
    let most = call.query.page_size("n", usize::MAX, usize::MAX)?;
    let more = tags.len() > most;
    tags.truncate(most);
    let mut answer = json_response(&json!({ "name": path, "tags": tags }));
    if let Some(last) = tags.last().filter(|_| more) {
        let next = format!("</v2/{path}/tags/list?n={most}&last={last}>; rel=\"next\"");
        describe(&mut answer, "link", &next);
    }
    Ok(answer)
}
