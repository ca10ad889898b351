//! A core out of an npm registry: metadata, tarball, its hash, and of the tarball the one file that is wanted.

use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::CoreError;

const PACKAGE: &str = "@dataform/core";
/// The largest answer that is read: a core's tarball is a quarter of a megabyte, its metadata one.
const MOST_BYTES: u64 = 64 << 20;
const ATTEMPTS: u32 = 3;

/// A bundle that was checked.
pub(super) struct Fetched {
    pub bundle: Vec<u8>,
    pub integrity: String,
    pub tarball: String,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    versions: std::collections::BTreeMap<String, Version>,
}

#[derive(Deserialize)]
struct Version {
    dist: Dist,
}

#[derive(Deserialize)]
struct Dist {
    tarball: String,
    integrity: Option<String>,
}

pub(super) async fn fetch(registry: &str, version: &str) -> Result<Fetched, CoreError> {
    let client = client().map_err(|error| failure(version, registry, error))?;
    let address = format!("{registry}/{}", PACKAGE.replace('/', "%2f"));
    let text = get(&client, version, &address).await?;
    let package: Package = serde_json::from_slice(&text).map_err(|error| {
        failure(
            version,
            &address,
            format!("the answer is no npm metadata ({error}); check NPM_CONFIG_REGISTRY"),
        )
    })?;
    let Some(found) = package.versions.get(version) else {
        let mut newest: Vec<&String> = package
            .versions
            .keys()
            .filter(|v| v.starts_with("3.") && !v.contains('-'))
            .collect();
        newest.sort_by_key(|v| v.split('.').map(|n| n.parse().unwrap_or(0)).collect::<Vec<u64>>());
        let newest = newest.last().map_or_else(|| "none".to_owned(), |v| (*v).clone());
        let message = format!(
            "the registry has no such version (its newest is {newest}); set dataformCoreVersion in workflow_settings.yaml"
        );
        return Err(failure(version, &address, message));
    };
    let tarball = found.dist.tarball.clone();
    let content = get(&client, version, &tarball).await?;
    let integrity = check(version, &tarball, &content, found.dist.integrity.as_deref())?;
    let bundle = unpack(&content).map_err(|error| failure(version, &tarball, error))?;
    Ok(Fetched {
        bundle,
        integrity,
        tarball,
    })
}

fn client() -> Result<reqwest::Client, String> {
    // The workspace's reqwest brings no crypto provider; a program that chose its own keeps it.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    reqwest::Client::builder()
        .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(60))
        .build()
        .map_err(|error| format!("no HTTP client could be made: {}", chain(&error)))
}

async fn get(client: &reqwest::Client, version: &str, url: &str) -> Result<Vec<u8>, CoreError> {
    let mut pause = Duration::from_millis(300);
    let mut attempt = 1;
    loop {
        let error = match once(client, url).await {
            Ok(content) => return Ok(content),
            Err(error) => error,
        };
        if !error.again || attempt == ATTEMPTS {
            return Err(failure(version, url, error.message));
        }
        tracing::debug!(url, attempt, error = error.message, "fetching again");
        tokio::time::sleep(pause).await;
        pause *= 3;
        attempt += 1;
    }
}

struct Lost {
    message: String,
    again: bool,
}

async fn once(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, Lost> {
    let unreachable = |error: reqwest::Error| Lost {
        message: format!(
            "{}; without a network, copy the cache folder of a machine that has fetched it once, or name a mirror in \
             NPM_CONFIG_REGISTRY",
            chain(&error)
        ),
        again: !error.is_builder(),
    };
    // npm's own short form of metadata; a tarball's server does not mind.
    let answer = client
        .get(url)
        .header(
            "accept",
            "application/vnd.npm.install-v1+json, application/json;q=0.9, */*;q=0.8",
        )
        .send()
        .await
        .map_err(unreachable)?;
    let status = answer.status();
    if !status.is_success() {
        let again = status.is_server_error() || status.as_u16() == 429;
        return Err(Lost {
            message: format!("the answer is {status}; check NPM_CONFIG_REGISTRY and ~/.npmrc"),
            again,
        });
    }
    if answer.content_length().is_some_and(|n| n > MOST_BYTES) {
        return Err(Lost {
            message: format!("the answer is larger than {MOST_BYTES} bytes"),
            again: false,
        });
    }
    let mut answer = answer;
    let mut content = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        content.extend_from_slice(&chunk);
        if content.len() as u64 > MOST_BYTES {
            return Err(Lost {
                message: format!("the answer is larger than {MOST_BYTES} bytes"),
                again: false,
            });
        }
    }
    Ok(content)
}

/// Subresource integrity as npm has it: `sha512-BASE64`, possibly among others.
fn check(version: &str, url: &str, content: &[u8], integrity: Option<&str>) -> Result<String, CoreError> {
    let found = format!("sha512-{}", STANDARD.encode(Sha512::digest(content)));
    let expected = integrity.unwrap_or_default();
    if expected.split_ascii_whitespace().any(|one| one == found) {
        return Ok(found);
    }
    let expected = if expected.is_empty() {
        "a dist.integrity in the registry's metadata"
    } else {
        expected
    };
    Err(CoreError::integrity(
        version,
        url.to_owned(),
        "integrity",
        [&found, expected],
        "the tarball is not what was published: ask another registry (NPM_CONFIG_REGISTRY)",
    ))
}

fn unpack(tarball: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = |error: std::io::Error| format!("the tarball cannot be read: {error}");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(tarball).take(MOST_BYTES));
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if entry.path().map_err(damaged)?.as_os_str() == "package/bundle.js" {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(damaged)?;
            return Ok(content);
        }
    }
    Err(
        "the tarball has no package/bundle.js; set dataformCoreVersion in workflow_settings.yaml to a version of 3.x"
            .into(),
    )
}

fn failure(version: &str, url: &str, message: impl Into<String>) -> CoreError {
    CoreError::Fetch {
        version: version.to_owned(),
        url: url.to_owned(),
        message: message.into(),
    }
}

/// An error with its sources: the first says only that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
