//! The runtime's image when the provider builds it: what it will be called, pushing it, and taking it back. What it is made of is
//! `headwater-image`'s, how it is pushed is `headwater-cloud`'s.

use std::collections::HashMap;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use headwater_cloud::{BlobSource, Cloud, CreateBy, ImageName, Kind, Listing, OptionalExt as _, Service, Wait};
use headwater_image::{Content, Image, MANIFEST_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::NamedTempFile;
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path as At, validate};

use super::Job;
use crate::labels;
use crate::names::RuntimeId;
use crate::problems::{Explain as _, cloud_problem, sentence};

/// How a run knows which image it is executed by; Cloud Run does not tell its containers.
pub(super) const VARIABLE: &str = "HEADWATER_IMAGE";
/// Where the program of the image is, unless the configuration says it.
const BINARY: &str = "HEADWATER_IMAGE_BINARY";
const REPOSITORY: &str = "headwater";

/// One image is pushed or taken back at a time: a repository must not be found empty, and go, while another runtime's image is on
/// its way into it.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What the image is made of, and where it goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    binary: Attr<String>,
    repository: Attr<String>,
}

pub(super) fn schema() -> Attribute {
    Attribute::object([
        (
            "binary",
            Attribute::string()
                .optional()
                .validate(validate::length(1..))
                .describe("The program of the image: a static `headwater` for Linux on x86-64, such as `cargo xtask image` builds. Default: the file that the environment names (`HEADWATER_IMAGE_BINARY`), or the `headwater` beside the provider."),
        ),
        (
            "repository",
            Attribute::string()
                .optional()
                .validate(validate::pattern(
                    "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
                    "must be 1 to 63 lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen",
                ))
                .describe("The repository in Artifact Registry, in the runtime's region. It is created if it is missing; the image in it has the runtime's name. Default: `headwater`."),
        ),
    ])
    .optional()
    .describe("Builds the image of the runtime without Docker, pushes it to Artifact Registry and deploys it by its digest. Excludes `image`. The same program is the same image; another is shown by the plan as a change of `image`. A destroy takes the image back, and the repository with it if this provider created it and nothing else is in it.")
}

/// The name of a runtime's image; `None` while something of it is not known.
fn name(build: &Build, project: Option<&str>, region: Option<&str>, job: Option<&str>) -> Option<ImageName> {
    if build.repository.is_unknown() {
        return None;
    }
    Some(ImageName {
        location: region?.to_owned(),
        project: project?.to_owned(),
        repository: build.repository.as_deref().unwrap_or(REPOSITORY).to_owned(),
        image: job?.to_owned(),
    })
}

/// The name of the image that a state is about.
pub(super) fn name_of(job: &Job) -> Option<ImageName> {
    let (build, id) = (job.build.known()?, RuntimeId::parse(job.id.as_deref()?)?);
    name(build, Some(id.project), Some(id.region), Some(id.job))
}

/// What `image` will be, which is pushed next if it is `pushing`. What is deployed stays if the program is the same: nothing is
/// compressed to find that out.
pub(super) async fn planned(
    build: &Build,
    job: &Job,
    project: Option<&str>,
    prior: Option<&str>,
    pushing: bool,
) -> Result<Attr<String>, Diagnostic> {
    let name = name(build, project, job.region.as_deref(), job.name.as_deref());
    let Some(name) = name.filter(|_| !build.binary.is_unknown()) else {
        return Ok(Attr::Unknown);
    };
    let content = content(build).await?;
    let tagged = format!("{name}:{}", content.tag());
    if let Some(prior) = prior.filter(|prior| prior.starts_with(&format!("{tagged}@"))) {
        return Ok(prior.into());
    }
    let image = packed(content, pushing).await?;
    Ok(format!("{tagged}@{}", image.digest).into())
}

/// Whether the image that is deployed is still there to be started.
pub(super) async fn is_there(cloud: &Cloud, job: &Job) -> Result<bool, Diagnostic> {
    let Some((name, digest)) = pushed(job) else {
        return Ok(true);
    };
    let found = cloud.registry(&name).has_manifest(&digest).await;
    found.explain_at("image", format!("cannot look for the image `{name}`"))
}

/// The name and the digest of the image that is deployed, if it is one that is pushed for this runtime.
fn pushed(job: &Job) -> Option<(ImageName, String)> {
    let own = name_of(job)?;
    let (name, _, digest) = ImageName::parse_reference(job.image.as_deref()?).ok()?;
    (name == own).then_some((own, digest?.to_owned()))
}

/// Pushes the image that is planned, unless it is there; its name with tag and digest.
pub(super) async fn push(cloud: &Cloud, job: &Job, wait: Wait) -> Result<String, Diagnostic> {
    let _turn = TURN.lock().await;
    if let (Some((name, digest)), Some(image)) = (pushed(job), job.image.as_deref()) {
        let there = cloud.registry(&name).has_manifest(&digest).await;
        if there.explain_at("build", format!("cannot look for the image `{name}`"))? {
            return Ok(image.to_owned());
        }
    }
    let build = job.build.require("build")?;
    let name = name_of(job).ok_or_else(|| Diagnostic::invalid("build", "the image's name is not known"))?;
    let content = content(build).await?;
    let tag = content.tag();
    let (image, file) = match kept() {
        Some((packed, image, file)) if packed == content => (image, file),
        _ => packed_into_file(content).await?,
    };
    let reference = format!("{name}:{tag}@{}", image.digest);
    if job.image.as_deref().is_some_and(|planned| planned != reference) {
        return Err(Diagnostic::invalid(
            At::attr("build").child("binary"),
            "the program is not the one that was there when the plan was made",
        )
        .hint("Plan again, and apply that plan."));
    }
    ensure_repository(cloud, &name, wait).await?;
    let summary = format!("cannot push the image `{name}`");
    let registry = cloud.registry(&name);
    let size = image.layer_size;
    let blobs = [
        (
            &image.layer_digest,
            BlobSource::File {
                path: file.path().to_owned(),
                size,
            },
        ),
        (&image.config_digest, BlobSource::Bytes(image.config.clone().into())),
    ];
    for (digest, source) in blobs {
        registry
            .push_blob(digest.as_str(), &source)
            .await
            .explain_at("build", &*summary)?;
    }
    let manifest = image.manifest.into();
    let done = registry.push_manifest(&tag, MANIFEST_TYPE, manifest).await;
    done.explain_at("build", summary)?;
    tracing::info!(image = reference, "image pushed");
    Ok(reference)
}

async fn ensure_repository(cloud: &Cloud, name: &ImageName, wait: Wait) -> Result<(), Diagnostic> {
    let repository = name.repository_name();
    let repositories = cloud.documents(Service::ArtifactRegistry).awaiting(wait);
    let found = repositories.get(&repository).await.optional();
    let found = found.explain_at("build", format!("cannot read the repository `{repository}`"))?;
    if let Some(found) = found {
        return match found["format"].as_str() {
            Some("DOCKER") => Ok(()),
            format => Err(Diagnostic::invalid(
                At::attr("build").child("repository"),
                format!(
                    "`{repository}` is not for images: its format is {}",
                    format.unwrap_or("unknown")
                ),
            )
            .hint("Name another repository, or one that is not there yet.")),
        };
    }
    let document = json!({
        "format": "DOCKER",
        "description": "Images of Headwater's runtime.",
        "labels": labels::wanted(&Attr::Null, false),
    });
    let made = repositories
        .create(&repository, CreateBy::Query("repositoryId"), &document)
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::AlreadyExists => Ok(()),
        Err(error) => {
            let summary = format!("cannot create the repository `{repository}`");
            Err(cloud_problem(summary, &error).at("build"))
        }
    }
}

/// Takes the images of a runtime back, and their repository if this provider made it and nothing else is in it. In a repository of
/// somebody else's all stays: who keeps it says how long.
pub(super) async fn take_back(cloud: &Cloud, job: &Job, wait: Wait) -> Result<(), Diagnostic> {
    let Some(name) = name_of(job) else {
        return Ok(());
    };
    let _turn = TURN.lock().await;
    let repository = name.repository_name();
    let documents = cloud.documents(Service::ArtifactRegistry).awaiting(wait);
    let found = documents.get(&repository).await.optional();
    let found = found.explain(format!("cannot read the repository `{repository}`"))?;
    if !found.is_some_and(|found| labels::has(&found["labels"], labels::MANAGED)) {
        return Ok(());
    }
    let summary = format!("cannot delete the image `{name}`");
    documents.delete(&name.package_name()).await.explain(summary)?;
    let left = documents
        .list(&format!("{repository}/packages"), Listing::of("packages"))
        .await;
    let left = left.explain(format!("cannot list the images of the repository `{repository}`"))?;
    if left.is_empty() {
        let summary = format!("cannot delete the repository `{repository}`");
        documents.delete(&repository).await.explain(summary)?;
    }
    Ok(())
}

fn program(build: &Build) -> Result<PathBuf, Diagnostic> {
    if let Some(binary) = build.binary.as_deref() {
        return Ok(binary.into());
    }
    if let Some(named) = std::env::var_os(BINARY).filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join("headwater")));
    beside.filter(|file| file.is_file()).ok_or_else(|| {
        Diagnostic::invalid(
            At::attr("build").child("binary"),
            "there is no `headwater` beside the provider",
        )
        .hint("Set `build.binary`, or HEADWATER_IMAGE_BINARY, to the static program that `cargo xtask image` builds.")
    })
}

/// What was found out about a file of this size and time: Terraform asks several times in one walk.
type Known = HashMap<(PathBuf, u64, SystemTime), (Content, Option<Image>)>;
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
/// What an apply has packed to see that it is what was planned, for the push that follows.
static KEPT: Mutex<Option<(Content, Image, NamedTempFile)>> = Mutex::new(None);

fn kept() -> Option<(Content, Image, NamedTempFile)> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn known<T>(file: &Path, look: impl FnOnce(&mut Known, (PathBuf, u64, SystemTime)) -> Option<T>) -> Option<T> {
    let metadata = file.metadata().ok()?;
    let key = (file.to_owned(), metadata.len(), metadata.modified().ok()?);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    look(known.get_or_insert_default(), key)
}

async fn content(build: &Build) -> Result<Content, Diagnostic> {
    let file = program(build)?;
    if let Some(content) = known(&file, |known, key| Some(known.get(&key)?.0.clone())) {
        return Ok(content);
    }
    let (own, content) = blocking(move || Ok((file.clone(), Content::of(&file)?))).await?;
    known(&own, |known, key| known.insert(key, (content.clone(), None)));
    Ok(content)
}

/// The image. Its layer is kept for a push if one follows, and otherwise written nowhere.
async fn packed(content: Content, keep: bool) -> Result<Image, Diagnostic> {
    let file = content.program().to_owned();
    if let Some(image) = known(&file, |known, key| known.get(&key)?.1.clone()) {
        return Ok(image);
    }
    let own = content.clone();
    let image = if keep {
        let (image, layer) = packed_into_file(own.clone()).await?;
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some((own, image.clone(), layer));
        image
    } else {
        blocking(move || own.pack(std::io::sink())).await?
    };
    known(&file, |known, key| known.insert(key, (content, Some(image.clone()))));
    Ok(image)
}

/// The image, and the file with its layer, which goes when it is dropped.
async fn packed_into_file(content: Content) -> Result<(Image, NamedTempFile), Diagnostic> {
    blocking(move || {
        let file = NamedTempFile::new().map_err(|source| headwater_image::Error::Write { source })?;
        let image = content.pack(BufWriter::new(file.as_file()))?;
        Ok((image, file))
    })
    .await
}

/// Work that reads and computes for a second or more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, headwater_image::Error> + Send + 'static,
) -> Result<T, Diagnostic> {
    let problem = |error: &headwater_image::Error| {
        Diagnostic::from_error("the image cannot be built", error)
            .hint(sentence(error.hint()))
            .at(At::attr("build").child("binary"))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| problem(&error)),
        Err(error) => Err(Diagnostic::from_error("the image could not be built", &error)),
    }
}
