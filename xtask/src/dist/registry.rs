//! A provider registry made of files, which any server of files can serve by https: Terraform's provider registry protocol
//! (<https://developer.hashicorp.com/terraform/internals/provider-registry-protocol>). All its addresses are relative, so the
//! directory knows no host; it is to be a host's root, because `.well-known` is. The one thing that a server must say of a file
//! is that `.well-known/terraform.json` is `application/json`, which its name tells most.

use std::path::Path;

use serde_json::{Value, json};

use super::release::{PROTOCOLS, Package, Release, SOURCE};
use super::sign::Signer;
use super::site;
use crate::shell::Result;

const PROVIDERS: &str = "v1/providers";

/// Adds a release to the registry in a directory.
pub fn publish(dir: &Path, release: &Release, signer: &Signer) -> Result<()> {
    let provider = dir.join(PROVIDERS).join(SOURCE);
    let version = provider.join(&release.version);
    // The checksums first: they refuse a version that has been published with other archives.
    let sums = release.sums_name();
    site::publish(&release.dir.join(&sums), &version.join(&sums))?;
    for package in &release.packages {
        site::publish(&release.dir.join(&package.part.name), &version.join(&package.part.name))?;
    }
    // A signature differs each time that it is made.
    let signature = format!("{sums}.sig");
    std::fs::copy(release.dir.join(&signature), version.join(&signature))?;
    for package in &release.packages {
        let path = version
            .join("download")
            .join(&package.platform.os)
            .join(&package.platform.arch);
        site::write(&path, &download(package, &sums, &signature, signer))?;
    }
    // Last, so that what is listed is there.
    let path = provider.join("versions");
    let listed = site::read(&path)?;
    site::write(&path, &json!({"versions": versions(listed.get("versions"), release)}))?;
    site::write(
        &dir.join(".well-known/terraform.json"),
        &json!({"providers.v1": format!("/{PROVIDERS}/")}),
    )
}

/// The document `VERSION/download/OS/ARCH`. Its addresses are relative to itself.
fn download(package: &Package, sums: &str, signature: &str, signer: &Signer) -> Value {
    let beside = |name: &str| format!("../../{name}");
    json!({
        "protocols": PROTOCOLS,
        "os": package.platform.os,
        "arch": package.platform.arch,
        "filename": package.part.name,
        "download_url": beside(&package.part.name),
        "shasums_url": beside(sums),
        "shasums_signature_url": beside(signature),
        "shasum": package.part.sum,
        "signing_keys": {"gpg_public_keys": [{"key_id": signer.id, "ascii_armor": signer.public}]},
    })
}

/// The versions that were listed and this one, the newest first.
fn versions(listed: Option<&Value>, release: &Release) -> Vec<Value> {
    let mut versions: Vec<Value> = listed
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|one| one["version"] != release.version.as_str())
        .cloned()
        .collect();
    let platforms: Vec<Value> = release
        .packages
        .iter()
        .map(|package| json!({"os": package.platform.os, "arch": package.platform.arch}))
        .collect();
    versions.push(json!({"version": release.version, "protocols": PROTOCOLS, "platforms": platforms}));
    versions.sort_by_cached_key(|one| {
        let version = one["version"].as_str().unwrap_or_default();
        std::cmp::Reverse(semver::Version::parse(version).ok())
    });
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_and_are_sorted() {
        let release = Release {
            dir: std::path::PathBuf::new(),
            version: "0.10.0".to_owned(),
            packages: Vec::new(),
            runtimes: Vec::new(),
        };
        let listed =
            json!([{"version": "0.9.0"}, {"version": "0.10.0", "platforms": "of before"}, {"version": "0.10.1-rc.1"}]);
        let versions = versions(Some(&listed), &release);
        let names: Vec<&str> = versions.iter().filter_map(|one| one["version"].as_str()).collect();
        assert_eq!(names, ["0.10.1-rc.1", "0.10.0", "0.9.0"]);
        assert_eq!(versions[1]["platforms"], json!([]));
    }
}
