//! A mirror in Terraform's packed layout: a `filesystem_mirror` as it is, and a `network_mirror` when a server of files serves it
//! by https, by the documents of the provider network mirror protocol
//! (<https://developer.hashicorp.com/terraform/internals/provider-network-mirror-protocol>).

use std::path::Path;

use serde_json::{Map, Value, json};

use super::release::{Release, SOURCE};
use super::site;
use crate::shell::Result;

/// Where Terraform and OpenTofu look for a provider that names no host.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Adds a release to the mirror in a directory.
pub fn publish(dir: &Path, release: &Release) -> Result<()> {
    for host in HOSTS {
        let folder = dir.join(host).join(SOURCE);
        let mut archives = Map::new();
        for package in &release.packages {
            let name = &package.part.name;
            site::publish(&release.dir.join(name), &folder.join(name))?;
            archives.insert(
                package.platform.to_string(),
                json!({"url": name, "hashes": [format!("zh:{}", package.part.sum)]}),
            );
        }
        grow(&folder.join(format!("{}.json", release.version)), "archives", archives)?;
        let version = Map::from_iter([(release.version.clone(), json!({}))]);
        grow(&folder.join("index.json"), "versions", version)?;
    }
    Ok(())
}

/// Adds members to the object that is a document's only member.
fn grow(path: &Path, member: &str, more: Map<String, Value>) -> Result<()> {
    let document = site::read(path)?;
    let mut members = document
        .get(member)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    members.extend(more);
    site::write(path, &json!({member: members}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_grows() -> Result<()> {
        let dir = tempfile::tempdir()?;
        for version in ["0.1.0", "0.2.0"] {
            let set = tempfile::tempdir()?;
            let name = format!("terraform-provider-headwater_{version}_linux_amd64.zip");
            std::fs::write(set.path().join(&name), version)?;
            publish(dir.path(), &Release::read(set.path(), None)?)?;
        }
        for host in HOSTS {
            let folder = dir.path().join(host).join("headwater-data/headwater");
            let index = site::read(&folder.join("index.json"))?;
            assert_eq!(Value::Object(index), json!({"versions": {"0.1.0": {}, "0.2.0": {}}}));
            let first = site::read(&folder.join("0.1.0.json"))?;
            let archive = &first["archives"]["linux_amd64"];
            assert_eq!(archive["url"], "terraform-provider-headwater_0.1.0_linux_amd64.zip");
            assert!(folder.join(archive["url"].as_str().unwrap_or_default()).is_file());
        }
        Ok(())
    }
}
