//! What a release is: the archives of one version in a directory, the manifest, the checksums, the signatures. Names follow
//! <https://developer.hashicorp.com/terraform/registry/providers/publishing>.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::sign::Signer;
use super::target::{Platform, Target};
use crate::shell::{Error, Result, fail, say};

/// The provider's program, and what its archives' names begin with.
pub const PROVIDER: &str = "terraform-provider-headwater";
/// As [`PROVIDER`], for the runtime.
pub const RUNTIME: &str = "headwater";
/// The provider's address without a host: namespace and type.
pub const SOURCE: &str = "headwater-data/headwater";
/// The versions of Terraform's plugin protocol that the provider speaks.
pub const PROTOCOLS: [&str; 1] = ["6.0"];

const PROVIDER_ENDING: &str = ".zip";
const RUNTIME_ENDING: &str = ".tar.gz";

/// The name of the provider's archive.
pub fn provider_name(version: &str, platform: &Platform) -> String {
    format!("{PROVIDER}_{version}_{platform}{PROVIDER_ENDING}")
}

/// The name of the runtime's archive.
pub fn runtime_name(version: &str, platform: &Platform) -> String {
    format!("{RUNTIME}_{version}_{platform}{RUNTIME_ENDING}")
}

/// A file of a release.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sum: String,
}

/// A provider's archive.
#[derive(Debug)]
pub struct Package {
    /// The archive.
    pub part: Part,
    /// For what machine.
    pub platform: Platform,
}

/// The archives of one version.
#[derive(Debug)]
pub struct Release {
    /// Where they are.
    pub dir: PathBuf,
    /// Of which version.
    pub version: String,
    /// The provider's, in the order of their names.
    pub packages: Vec<Package>,
    /// The runtime's.
    pub runtimes: Vec<Package>,
}

impl Release {
    /// The archives in a directory: of this version, or of the only one that is there.
    pub fn read(dir: &Path, version: Option<&str>) -> Result<Self> {
        let mut names = Vec::new();
        let entries = std::fs::read_dir(dir).map_err(|e| Error(format!("cannot read {}: {e}", dir.display())))?;
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        let all = |program: &str, ending: &str| -> Vec<(String, String, Platform)> {
            let one = |name: &String| {
                let (version, platform) = parse(name, program, ending)?;
                Some((name.clone(), version, platform))
            };
            names.iter().filter_map(one).collect()
        };
        let (packages, runtimes) = (all(PROVIDER, PROVIDER_ENDING), all(RUNTIME, RUNTIME_ENDING));
        let version = match version {
            Some(version) => version.to_owned(),
            None => {
                let mut versions: Vec<&str> = packages.iter().map(|(_, version, _)| version.as_str()).collect();
                versions.dedup();
                match versions.as_slice() {
                    [version] => (*version).to_owned(),
                    [] => return fail(none(dir, "X.Y.Z")),
                    _ => {
                        return fail(format!(
                            "{} holds archives of {}: choose one with --version",
                            dir.display(),
                            versions.join(" and ")
                        ));
                    }
                }
            }
        };
        let read = |found: Vec<(String, String, Platform)>| -> Result<Vec<Package>> {
            let ours = found.into_iter().filter(|(_, of, _)| *of == version);
            ours.map(|(name, _, platform)| {
                let sum = sum(&dir.join(&name))?;
                Ok(Package {
                    part: Part { name, sum },
                    platform,
                })
            })
            .collect()
        };
        let (packages, runtimes) = (read(packages)?, read(runtimes)?);
        if packages.is_empty() {
            return fail(none(dir, &version));
        }
        Ok(Self {
            dir: dir.to_path_buf(),
            version,
            packages,
            runtimes,
        })
    }

    /// Fails unless both archives of these targets are there.
    pub fn must_have(&self, targets: &[Target]) -> Result<()> {
        for target in targets {
            let there = |packages: &[Package]| packages.iter().any(|package| package.platform == target.platform);
            for (found, name) in [
                (there(&self.packages), provider_name(&self.version, &target.platform)),
                (there(&self.runtimes), runtime_name(&self.version, &target.platform)),
            ] {
                if !found {
                    return fail(format!(
                        "{} has no {name}, which --target {} asks for: build it with `cargo xtask dist --target {} --output {}`",
                        self.dir.display(),
                        target.triple,
                        target.triple,
                        self.dir.display()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Writes the manifest and the checksums, and signs those; says so where nobody does. The provider's checksums include the
    /// manifest: HCP Terraform refuses a release where they do not.
    pub fn finish(&self, signer: Option<&Signer>) -> Result<()> {
        let name = format!("{PROVIDER}_{}_manifest.json", self.version);
        let manifest = json!({"version": 1, "metadata": {"protocol_versions": PROTOCOLS}});
        std::fs::write(self.dir.join(&name), format!("{manifest:#}\n"))?;
        let sum = sum(&self.dir.join(&name))?;
        let manifest = Part { name, sum };
        let packages = self.packages.iter().map(|package| &package.part);
        self.sums(PROVIDER, packages.chain([&manifest]), signer)?;
        if !self.runtimes.is_empty() {
            self.sums(RUNTIME, self.runtimes.iter().map(|package| &package.part), signer)?;
        }
        Ok(())
    }

    /// The file of the provider's checksums.
    pub fn sums_name(&self) -> String {
        sums_name(PROVIDER, &self.version)
    }

    fn sums<'a>(&self, program: &str, parts: impl Iterator<Item = &'a Part>, signer: Option<&Signer>) -> Result<()> {
        let mut lines: Vec<String> = parts.map(|part| format!("{}  {}\n", part.sum, part.name)).collect();
        lines.sort_by(|a, b| a[64..].cmp(&b[64..]));
        let text = lines.concat();
        let name = sums_name(program, &self.version);
        let (file, signature) = (self.dir.join(&name), self.dir.join(format!("{name}.sig")));
        let same = std::fs::read_to_string(&file).is_ok_and(|present| present == text);
        // One that is there is of other checksums.
        if !same && signature.is_file() {
            std::fs::remove_file(&signature)?;
        }
        std::fs::write(&file, text)?;
        match signer {
            Some(signer) => signer.sign(&file, &signature)?,
            None if signature.is_file() => {}
            None => {
                say(&format!(
                    "UNSIGNED: {name} has no signature, and no registry will take this release. Give a key with --signing-key FILE or \
                     HEADWATER_SIGNING_KEY"
                ));
            }
        }
        Ok(())
    }
}

fn none(dir: &Path, version: &str) -> String {
    format!(
        "{} has no {PROVIDER}_{version}_OS_ARCH{PROVIDER_ENDING}: `cargo xtask dist --output {}` makes it",
        dir.display(),
        dir.display()
    )
}

fn sums_name(program: &str, version: &str) -> String {
    format!("{program}_{version}_SHA256SUMS")
}

/// The version and the platform that an archive's name says.
fn parse(name: &str, program: &str, ending: &str) -> Option<(String, Platform)> {
    let inner = name.strip_prefix(program)?.strip_prefix('_')?.strip_suffix(ending)?;
    let mut parts = inner.split('_');
    let (version, os, arch) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || check_version(version).is_err() {
        return None;
    }
    let platform = Platform {
        os: os.to_owned(),
        arch: arch.to_owned(),
    };
    Some((version.to_owned(), platform))
}

/// Fails unless this is a version as registries know them.
pub fn check_version(version: &str) -> Result<()> {
    match semver::Version::parse(version) {
        Ok(_) => Ok(()),
        Err(e) => fail(format!(
            "version {version:?}: {e}; it is to be a semantic version without the tag's v, such as 0.2.0 or 0.2.0-rc.1"
        )),
    }
}

fn sum(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(|e| Error(format!("cannot read {}: {e}", path.display())))?;
    let mut digest = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut block)?;
        if read == 0 {
            return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(&block[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(names: &[&str]) -> Result<tempfile::TempDir> {
        let dir = tempfile::tempdir()?;
        for name in names {
            std::fs::write(dir.path().join(name), name)?;
        }
        Ok(dir)
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let platform = Platform {
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
        };
        for version in ["0.1.0", "1.0.0-rc.1", "1.0.0+build.5"] {
            let provider = provider_name(version, &platform);
            assert_eq!(
                parse(&provider, PROVIDER, PROVIDER_ENDING),
                Some((version.to_owned(), platform.clone())),
                "{provider}"
            );
            let runtime = runtime_name(version, &platform);
            assert!(parse(&runtime, RUNTIME, RUNTIME_ENDING).is_some(), "{runtime}");
            assert!(parse(&provider, RUNTIME, RUNTIME_ENDING).is_none(), "{provider}");
        }
        for name in [
            "terraform-provider-headwater_v0.1.0_linux_amd64.zip",
            "terraform-provider-headwater_0.1.0_linux.zip",
            "terraform-provider-headwater_0.1.0_SHA256SUMS",
            "terraform-provider-headwater_0.1.0_linux_amd64_x.zip",
        ] {
            assert!(parse(name, PROVIDER, PROVIDER_ENDING).is_none(), "{name}");
        }
    }

    #[test]
    fn checksums_are_of_the_version_asked_for() -> Result<()> {
        let dir = release(&[
            "headwater_0.1.0_linux_amd64.tar.gz",
            "terraform-provider-headwater_0.1.0_linux_amd64.zip",
            "terraform-provider-headwater_0.1.0_darwin_arm64.zip",
            "terraform-provider-headwater_0.0.9_linux_amd64.zip",
        ])?;
        let unclear = Release::read(dir.path(), None).err().map(|e| e.0).unwrap_or_default();
        assert!(
            unclear.contains("0.0.9 and 0.1.0") && unclear.contains("--version"),
            "{unclear}"
        );

        let release = Release::read(dir.path(), Some("0.1.0"))?;
        release.finish(None)?;
        let sums = std::fs::read_to_string(dir.path().join(release.sums_name()))?;
        let listed: Vec<(&str, &str)> = sums.lines().filter_map(|line| line.split_once("  ")).collect();
        let names: Vec<&str> = listed.iter().map(|(_, name)| *name).collect();
        assert_eq!(
            names,
            [
                "terraform-provider-headwater_0.1.0_darwin_arm64.zip",
                "terraform-provider-headwater_0.1.0_linux_amd64.zip",
                "terraform-provider-headwater_0.1.0_manifest.json",
            ]
        );
        for (sum, name) in listed {
            let content = std::fs::read(dir.path().join(name))?;
            let expected: String = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(sum, expected, "{name}");
        }
        let runtimes = std::fs::read_to_string(dir.path().join("headwater_0.1.0_SHA256SUMS"))?;
        assert_eq!(runtimes.lines().count(), 1, "{runtimes}");
        Ok(())
    }

    #[test]
    fn a_missing_archive_is_named() -> Result<()> {
        let dir = release(&["terraform-provider-headwater_0.1.0_linux_amd64.zip"])?;
        let targets = super::super::target::targets(&["x86_64-unknown-linux-gnu".to_owned()])?;
        let missing = Release::read(dir.path(), None)?.must_have(&targets);
        let missing = missing.err().map(|e| e.0).unwrap_or_default();
        assert!(missing.contains("headwater_0.1.0_linux_amd64.tar.gz"), "{missing}");
        let empty = release(&[])?;
        assert!(Release::read(empty.path(), None).is_err());
        Ok(())
    }

    #[test]
    fn a_signature_of_other_checksums_goes() -> Result<()> {
        let dir = release(&["terraform-provider-headwater_0.1.0_linux_amd64.zip"])?;
        let signature = dir.path().join("terraform-provider-headwater_0.1.0_SHA256SUMS.sig");
        Release::read(dir.path(), None)?.finish(None)?;
        std::fs::write(&signature, "of these")?;
        Release::read(dir.path(), None)?.finish(None)?;
        assert!(signature.is_file(), "the checksums are the same");
        std::fs::write(
            dir.path().join("terraform-provider-headwater_0.1.0_darwin_arm64.zip"),
            "",
        )?;
        Release::read(dir.path(), None)?.finish(None)?;
        assert!(!signature.is_file(), "the checksums are others");
        Ok(())
    }

    #[test]
    fn versions_are_semantic() {
        for (version, good) in [
            ("0.1.0", true),
            ("0.2.0-rc.1", true),
            ("v0.1.0", false),
            ("0.1", false),
            ("", false),
        ] {
            assert_eq!(check_version(version).is_ok(), good, "{version}");
        }
    }
}
