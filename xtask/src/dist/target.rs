//! Targets: Rust's triples, and Terraform's words for the same machines.

use std::process::Command;

use crate::shell::{Error, Result, fail, output};

/// A machine that programs are built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Rust's name, such as `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// Whether it is the machine that this runs on.
    pub host: bool,
    /// Terraform's name.
    pub platform: Platform,
}

/// Terraform's, which is Go's, name of a machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub arch: String,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

impl Platform {
    fn of(triple: &str) -> Option<Self> {
        let (arch, rest) = triple.split_once('-')?;
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "i586" | "i686" => "386",
            "arm" | "armv7" => "arm",
            _ => return None,
        };
        let os = ["linux", "darwin", "windows", "freebsd", "openbsd"];
        let os = os.into_iter().find(|os| rest.split('-').any(|part| part == *os))?;
        Some(Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        })
    }

    /// What a program's name ends with.
    pub fn exe(&self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }

    /// The name of DuckDB's shared library.
    pub fn library(&self) -> &'static str {
        match self.os.as_str() {
            "windows" => "duckdb.dll",
            "darwin" => "libduckdb.dylib",
            _ => "libduckdb.so",
        }
    }
}

impl Target {
    fn new(triple: &str, host: &str) -> Result<Self> {
        let Some(platform) = Platform::of(triple) else {
            return fail(format!(
                "--target {triple}: Terraform has no name for it; it is to be a triple as `rustc --print target-list` lists \
                 them, of x86_64, aarch64, i686 or arm and of Linux, macOS, Windows, FreeBSD or OpenBSD"
            ));
        };
        Ok(Self {
            triple: triple.to_owned(),
            host: triple == host,
            platform,
        })
    }
}

/// The targets of these triples, or this machine's when there are none; this machine's first, and no platform twice.
pub fn targets(triples: &[String]) -> Result<Vec<Target>> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let host = said
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or_else(|| Error(format!("`rustc -vV` names no host: {said}")))?;
    choose(triples, host)
}

fn choose(triples: &[String], host: &str) -> Result<Vec<Target>> {
    let mut targets = Vec::<Target>::new();
    let default = [host.to_owned()];
    for triple in if triples.is_empty() { &default } else { triples } {
        let target = Target::new(triple, host)?;
        if let Some(other) = targets.iter().find(|other| other.platform == target.platform) {
            return fail(format!(
                "--target {triple} and --target {} are both {}: a release has one archive for each platform; leave one out",
                other.triple, target.platform
            ));
        }
        targets.push(target);
    }
    targets.sort_by_key(|target| !target.host);
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_have_terraforms_names() {
        for (triple, expected) in [
            ("x86_64-unknown-linux-gnu", "linux_amd64"),
            ("x86_64-unknown-linux-musl", "linux_amd64"),
            ("aarch64-unknown-linux-gnu", "linux_arm64"),
            ("armv7-unknown-linux-gnueabihf", "linux_arm"),
            ("x86_64-apple-darwin", "darwin_amd64"),
            ("aarch64-apple-darwin", "darwin_arm64"),
            ("i686-pc-windows-msvc", "windows_386"),
            ("x86_64-unknown-freebsd", "freebsd_amd64"),
        ] {
            assert_eq!(
                Platform::of(triple).map(|p| p.to_string()).as_deref(),
                Some(expected),
                "{triple}"
            );
        }
        for triple in ["wasm32-unknown-unknown", "x86_64", "linux_amd64", ""] {
            assert_eq!(Platform::of(triple), None, "{triple}");
        }
    }

    #[test]
    fn the_host_comes_first_and_no_platform_twice() {
        let host = "x86_64-unknown-linux-gnu";
        let chosen = |triples: &[&str]| {
            let triples: Vec<String> = triples.iter().map(|&t| t.to_owned()).collect();
            choose(&triples, host).map(|targets| targets.into_iter().map(|t| t.triple).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&[]).ok(), Some(vec![host.to_owned()]));
        assert_eq!(
            chosen(&["aarch64-apple-darwin", host]).ok(),
            Some(vec![host.to_owned(), "aarch64-apple-darwin".to_owned()])
        );
        let twice = chosen(&[host, "x86_64-unknown-linux-musl"]).err().map(|e| e.0);
        assert!(
            twice.as_ref().is_some_and(|e| e.contains("both linux_amd64")),
            "{twice:?}"
        );
    }
}
