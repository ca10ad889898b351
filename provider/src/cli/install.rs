//! `install`: this program into a mirror in which Terraform and OpenTofu look.
//!
//! Every installation gets a version of its own, `0.0.<date and time>`: Terraform records the checksum of a version in its
//! lock file and refuses another binary under it. It is no pre-release (`0.1.0-dev.1`), because Terraform chooses those
//! only for a constraint that names them exactly; and it lies below every version that will be published.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::json;
use terraform_provider_headwater::SOURCE;

/// Where Terraform and OpenTofu expect a provider that names no host.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
const PROGRAM: &str = "terraform-provider-headwater";
/// Older installations that stay: lock files may name them.
const KEPT: usize = 3;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// `install`.
pub(super) fn run(dir: Option<PathBuf>, as_json: bool) -> Result<()> {
    let implied = dir.is_none();
    let mirror = match dir {
        Some(dir) => std::path::absolute(dir)?,
        None => {
            let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
            let home = home
                .filter(|home| !home.is_empty())
                .ok_or("the home directory is not known: say where to install with --dir")?;
            PathBuf::from(home).join(".terraform.d/plugins")
        }
    };
    let program = std::env::current_exe()?;
    let version = next_version(&installed(&folder(&mirror, HOSTS[0])), Utc::now());
    let mut binaries = Vec::new();
    let mut pruned = Vec::new();
    for host in HOSTS {
        let folder = folder(&mirror, host);
        binaries.push(place(&program, &folder.join(&version).join(platform()))?);
        for old in outdated(installed(&folder)) {
            fs::remove_dir_all(folder.join(&old))
                .map_err(|error| format!("cannot remove {}: {error}", folder.join(&old).display()))?;
            if !pruned.contains(&old) {
                pruned.push(old);
            }
        }
    }
    if as_json {
        println!(
            "{}",
            json!({"source": SOURCE, "version": version, "mirror": mirror, "binaries": binaries, "pruned": pruned})
        );
        return Ok(());
    }
    println!("Installed {SOURCE} {version} into {}", mirror.display());
    println!(
        "\nterraform {{\n  required_providers {{\n    headwater = {{\n      source = \"{SOURCE}\"\n    }}\n  }}\n}}\n"
    );
    if !implied {
        println!(
            "Tell Terraform of the directory in its configuration (TF_CLI_CONFIG_FILE or ~/.terraformrc):\n\n\
             provider_installation {{\n  filesystem_mirror {{\n    path    = \"{}\"\n    include = [\"{SOURCE}\"]\n  }}\n  direct {{\n    exclude = [\"{SOURCE}\"]\n  }}\n}}\n",
            mirror.display()
        );
    }
    println!("Then: terraform init            (terraform init -upgrade where an older build is locked)");
    Ok(())
}

fn folder(mirror: &Path, host: &str) -> PathBuf {
    mirror.join(host).join(SOURCE)
}

/// Go's words for this machine.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}

/// The number of a version of ours.
fn build_of(version: &str) -> Option<u64> {
    version.strip_prefix("0.0.")?.parse().ok()
}

/// Versions of ours in a folder.
fn installed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| build_of(name).is_some()).collect()
}

/// The date and time, or one more than what is there when the clock is behind it.
fn next_version(installed: &[String], now: DateTime<Utc>) -> String {
    let stamp = now
        .format("%Y%m%d%H%M%S")
        .to_string()
        .parse::<u64>()
        .unwrap_or_default();
    let newest = installed
        .iter()
        .filter_map(|version| build_of(version))
        .max()
        .unwrap_or_default();
    format!("0.0.{}", stamp.max(newest + 1))
}

/// What goes: all but the newest.
fn outdated(mut installed: Vec<String>) -> Vec<String> {
    installed.sort_by_key(|version| std::cmp::Reverse(build_of(version)));
    installed.into_iter().skip(KEPT).collect()
}

/// Copies the program so that nobody ever sees half of it.
fn place(program: &Path, folder: &Path) -> Result<PathBuf> {
    let explain = |what: &str, path: &Path, error: std::io::Error| format!("cannot {what} {}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| explain("create", folder, error))?;
    let target = folder.join(if cfg!(windows) {
        format!("{PROGRAM}.exe")
    } else {
        PROGRAM.to_owned()
    });
    let draft = folder.join(format!(".{PROGRAM}.{}", std::process::id()));
    fs::copy(program, &draft).map_err(|error| explain("write", &draft, error))?;
    fs::rename(&draft, &target).map_err(|error| explain("write", &target, error))?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("a time").with_timezone(&Utc)
    }

    #[test]
    fn versions_are_unique_and_rise() {
        let now = at("2026-11-23T10:11:12Z");
        let none: [String; 0] = [];
        assert_eq!(next_version(&none, now), "0.0.20261123101112");
        for (present, expected) in [
            ("0.0.20261123101112", "0.0.20261123101113"),
            ("0.0.99999999999999", "0.0.100000000000000"),
            ("0.0.5", "0.0.20261123101112"),
        ] {
            assert_eq!(next_version(&[present.to_owned()], now), expected);
        }
    }

    #[test]
    fn only_our_own_old_builds_go() {
        let names = ["0.0.3", "0.0.10", "0.0.1", "0.0.2"].map(str::to_owned).to_vec();
        assert_eq!(outdated(names), ["0.0.1"]);
        assert_eq!(build_of("0.1.0"), None);
        assert_eq!(build_of("0.0.1-rc1"), None);
    }
}
