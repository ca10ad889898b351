//! The registry: the OCI distribution protocol at `/v2/PROJECT/REPOSITORY/IMAGE/…`, as Artifact Registry serves it at
//! `LOCATION-docker.pkg.dev`. <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>
//!
//! At one address for all locations, a repository is the one of that name in its project; where there are several, the one in
//! the local cloud's own region. Nobody is asked who they are. Not here: deleting (the API does it), referrers.

mod blobs;
mod manifests;
mod refusal;
mod uploads;

use http::{HeaderName, HeaderValue, StatusCode, header};

pub(super) use self::manifests::{IMAGES, LISTS};
use self::refusal::Refusal;
use super::record::{self, Place};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, json_response};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::store::View;
use axum::body::Body;
use axum::response::Response;

/// The methods, for names of one part and of two.
pub(super) fn methods() -> Vec<Method> {
    let mut all = vec![method("docker.version", "GET", "/v2", version)];
    macro_rules! both {
        ($id:literal, $verb:literal, $rest:literal, $handler:expr) => {
            all.push(method(
                $id,
                $verb,
                concat!("/v2/{project}/{repository}/{image}", $rest),
                |call| answered($handler(call)),
            ));
            all.push(method(
                $id,
                $verb,
                concat!("/v2/{project}/{repository}/{image}/{inner}", $rest),
                |call| answered($handler(call)),
            ));
        };
    }
    both!("docker.blobs.get", "GET", "/blobs/{digest}", blobs::get);
    both!("docker.blobs.head", "HEAD", "/blobs/{digest}", blobs::head);
    both!("docker.uploads.begin", "POST", "/blobs/uploads", uploads::begin);
    both!("docker.uploads.get", "GET", "/blobs/uploads/{upload}", uploads::get);
    both!(
        "docker.uploads.append",
        "PATCH",
        "/blobs/uploads/{upload}",
        uploads::append
    );
    both!(
        "docker.uploads.finish",
        "PUT",
        "/blobs/uploads/{upload}",
        uploads::finish
    );
    both!(
        "docker.uploads.cancel",
        "DELETE",
        "/blobs/uploads/{upload}",
        uploads::cancel
    );
    both!("docker.manifests.get", "GET", "/manifests/{reference}", manifests::get);
    both!(
        "docker.manifests.head",
        "HEAD",
        "/manifests/{reference}",
        manifests::head
    );
    both!("docker.manifests.put", "PUT", "/manifests/{reference}", manifests::put);
    both!("docker.tags.list", "GET", "/tags/list", manifests::tags);
    all
}

async fn answered(handled: impl Future<Output = Result<Response, Refusal>>) -> Answer {
    let mut response = handled.await.unwrap_or_else(Refusal::into_response);
    describe(&mut response, "docker-distribution-api-version", "registry/2.0");
    Ok(response)
}

/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support>
async fn version(_: Call) -> Answer {
    answered(async { Ok(json_response(&serde_json::json!({}))) }).await
}

/// An image's place: its repository, which must be there, and its name within.
fn image_of(call: &Call) -> Result<(Place, String), Refusal> {
    let mut image = call.param("image").to_owned();
    if !call.param("inner").is_empty() {
        image.push('/');
        image.push_str(call.param("inner"));
    }
    let host = call.header("host").unwrap_or_default();
    let location = host
        .split(':')
        .next()
        .and_then(|host| host.strip_suffix("-docker.pkg.dev"));
    let place = find(&call.cloud, call.param("project"), call.param("repository"), location)?;
    Ok((place, image))
}

/// The repository of a name, in this location or in whichever it is.
fn find(cloud: &Cloud, project: &str, repository: &str, location: Option<&str>) -> Result<Place, Refusal> {
    let mut all = record::repositories(&cloud.store.snapshot()?, cloud.project_of(project))?;
    all.retain(|found| found.place.repository == repository);
    let wanted = location.or_else(|| (all.len() > 1).then_some(cloud.region.as_str()));
    let found = all
        .into_iter()
        .find(|found| wanted.is_none_or(|wanted| found.place.location == wanted));
    found
        .map(|found| found.place)
        .ok_or_else(|| Refusal::name_unknown(format!("Repository \"{repository}\" not found")))
}

fn response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn describe(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// What every answer with content says of it.
fn describe_content(response: &mut Response, digest: &str, media_type: &str, size: u64) {
    describe(response, "docker-content-digest", digest);
    describe(response, "content-type", media_type);
    describe(response, "etag", &format!("\"{digest}\""));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(size));
}

/// Whether a text is a digest of the one kind that is served.
fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
}

fn snapshot(call: &Call) -> Result<impl View + use<>, Refusal> {
    Ok(call.cloud.store.snapshot()?)
}
