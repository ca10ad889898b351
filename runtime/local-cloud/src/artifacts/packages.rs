//! What a repository holds, as the API shows it: an image is a package, and a manifest of it is a Docker image.
//! <https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::{Manifest, Place};
use super::repositories::{found, place};
use super::{empty, operation};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::{Call, percent_decode, percent_encode};
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::View;

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}/packages";
    const ONE: &str =
        "/artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}/packages/{package}";
    const IMAGES: &str =
        "/artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}/dockerImages";
    vec![
        method(
            "artifactregistry.projects.locations.repositories.packages.list",
            "GET",
            ALL,
            list,
        ),
        method(
            "artifactregistry.projects.locations.repositories.packages.get",
            "GET",
            ONE,
            get,
        ),
        method(
            "artifactregistry.projects.locations.repositories.packages.delete",
            "DELETE",
            ONE,
            delete,
        ),
        method(
            "artifactregistry.projects.locations.repositories.dockerImages.list",
            "GET",
            IMAGES,
            images,
        ),
        method(
            "artifactregistry.projects.locations.repositories.dockerImages.get",
            "GET",
            "/artifactregistry/v1/projects/{project}/locations/{location}/repositories/{repository}/dockerImages/{image}",
            image,
        ),
    ]
}

fn missing() -> ApiError {
    ApiError::not_found("Requested entity was not found.")
}

fn package(place: &Place, image: &str, manifests: &[&Manifest]) -> Value {
    let times = || manifests.iter().map(|manifest| manifest.uploaded);
    json!({
        "name": format!("{}/packages/{}", place.name(), percent_encode(image)),
        "createTime": times().min().map(stamp),
        "updateTime": times().max().map(stamp),
    })
}

async fn list(call: Call) -> Answer {
    let (snapshot, place) = (call.cloud.store.snapshot()?, place(&call));
    found(&snapshot, &place)?;
    let manifests = place.manifests(&snapshot, None)?;
    let mut packages: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
    for manifest in &manifests {
        packages.entry(&manifest.image).or_default().push(manifest);
    }
    let shown = packages
        .iter()
        .map(|(image, manifests)| package(&place, image, manifests));
    ok(&page(&call.query, "packages", shown.collect(), 1000)?)
}

/// The image of a package: a name of several parts has its slashes encoded.
fn named(call: &Call) -> String {
    percent_decode(call.param("package"), false)
}

async fn get(call: Call) -> Answer {
    let (snapshot, place, image) = (call.cloud.store.snapshot()?, place(&call), named(&call));
    found(&snapshot, &place)?;
    let manifests = place.manifests(&snapshot, Some(&image))?;
    match manifests.is_empty() {
        true => Err(missing()),
        false => ok(&package(&place, &image, &manifests.iter().collect::<Vec<_>>())),
    }
}

async fn delete(call: Call) -> Answer {
    let (place, image) = (place(&call), named(&call));
    let written = call.cloud.store.write(move |txn| {
        found(txn, &place)?;
        if place.manifests(txn, Some(&image))?.is_empty() {
            return Err(missing());
        }
        let files = place.forget(txn, Some(&image))?;
        Ok((operation(txn, &place.project, &place.location, &empty())?, files))
    });
    let (operation, files) = written.await?;
    call.cloud.blobs.remove(&files);
    ok(&operation)
}

fn docker_image(view: &impl View, place: &Place, manifest: &Manifest) -> Result<Value, ApiError> {
    let tags = place.tags(view, &manifest.image)?;
    let tags = tags.iter().filter(|tag| tag.digest == manifest.digest);
    Ok(json!({
        "name": format!("{}/dockerImages/{}@{}", place.name(), percent_encode(&manifest.image), manifest.digest),
        "uri": format!("{}/{}@{}", place.uri(), manifest.image, manifest.digest),
        "tags": tags.map(|tag| tag.tag.as_str()).collect::<Vec<_>>(),
        "imageSizeBytes": manifest.size().to_string(),
        "uploadTime": stamp(manifest.uploaded),
        "updateTime": stamp(manifest.uploaded),
        "mediaType": manifest.media_type,
    }))
}

async fn images(call: Call) -> Answer {
    let (snapshot, place) = (call.cloud.store.snapshot()?, place(&call));
    found(&snapshot, &place)?;
    let manifests = place.manifests(&snapshot, None)?;
    let shown: Result<Vec<Value>, ApiError> = manifests
        .iter()
        .map(|manifest| docker_image(&snapshot, &place, manifest))
        .collect();
    ok(&page(&call.query, "dockerImages", shown?, 1000)?)
}

async fn image(call: Call) -> Answer {
    let (snapshot, place) = (call.cloud.store.snapshot()?, place(&call));
    found(&snapshot, &place)?;
    let named = percent_decode(call.param("image"), false);
    let (image, digest) = named.split_once('@').ok_or_else(missing)?;
    let manifest = place.manifest(&snapshot, image, digest)?.ok_or_else(missing)?;
    ok(&docker_image(&snapshot, &place, &manifest)?)
}
