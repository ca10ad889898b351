//! What an image is made of, and that it is made the same way each time.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::*;

/// A header of a static program, its one segment of this kind, and some bytes.
fn program(dir: &tempfile::TempDir, name: &str, segment: u32, machine: u16, bytes: &[u8]) -> PathBuf {
    let mut elf = vec![0; 64 + 56];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[18..20].copy_from_slice(&machine.to_le_bytes());
    elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
    elf[54..56].copy_from_slice(&56_u16.to_le_bytes());
    elf[56..58].copy_from_slice(&1_u16.to_le_bytes());
    elf[64..68].copy_from_slice(&segment.to_le_bytes());
    elf.extend(bytes);
    let path = dir.path().join(name);
    std::fs::write(&path, elf).unwrap();
    path
}

#[test]
fn the_same_program_is_the_same_image_and_another_another() {
    let dir = tempfile::tempdir().unwrap();
    let image = |name: &str, bytes: &[u8]| {
        let content = Content::of(&program(&dir, name, 1, 62, bytes)).unwrap();
        let mut layer = Vec::new();
        let image = content.pack(&mut layer).unwrap();
        assert_eq!(Digest::of(&layer), image.layer_digest);
        assert_eq!(layer.len() as u64, image.layer_size);
        assert_eq!(
            content.pack(std::io::sink()).unwrap(),
            image,
            "what is written elsewhere is the same"
        );
        (content.tag(), image)
    };
    let first = image("first", b"program");
    assert_eq!(image("copy", b"program"), first);
    let other = image("other", b"another program");
    assert_ne!(other.0, first.0);
    assert_ne!(other.1.digest, first.1.digest);
    // A change of these bytes is a change of what every user has deployed: it belongs into the release notes.
    assert_eq!(first.0.len(), 16);
}

#[test]
fn documents_name_what_is_in_the_layer() {
    let dir = tempfile::tempdir().unwrap();
    let path = program(&dir, "headwater", 1, 62, &[7; 100_000]);
    let content = Content::of(&path).unwrap();
    let mut layer = Vec::new();
    let image = content.pack(&mut layer).unwrap();
    let manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
    assert_eq!(manifest["layers"][0]["digest"], image.layer_digest.as_str());
    assert_eq!(manifest["config"]["digest"], Digest::of(&image.config).as_str());
    assert_eq!(image.digest, Digest::of(&image.manifest));
    let mut plain = Vec::new();
    GzDecoder::new(&layer[..]).read_to_end(&mut plain).unwrap();
    let config: Value = serde_json::from_slice(&image.config).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], Digest::of(&plain).as_str());
    assert_eq!(config["config"]["User"], "65532:65532");
    assert!(config.get("created").is_none());

    let mut found = BTreeMap::new();
    let mut tar = tar::Archive::new(&plain[..]);
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(
            (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()),
            (0, 0, 0)
        );
        let mode = header.mode().unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        found.insert(name, (mode, bytes));
    }
    let (mode, bytes) = &found["headwater"];
    assert_eq!((*mode, bytes), (0o755, &std::fs::read(&path).unwrap()));
    assert_eq!(found["tmp/"].0, 0o1777);
    let roots = String::from_utf8_lossy(&found["etc/ssl/certs/ca-certificates.crt"].1).into_owned();
    let count = roots.matches("-----BEGIN CERTIFICATE-----\n").count();
    assert!(count > 100, "{count} roots");
    assert!(!roots.contains('\r'));
    assert!(found.contains_key("etc/passwd") && found.contains_key("etc/nsswitch.conf"));
}

#[test]
fn what_the_image_could_not_execute_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("script");
    std::fs::write(&text, "#!/bin/sh\n".repeat(20)).unwrap();
    for (path, says) in [
        (dir.path().join("nothing"), "cannot read the program"),
        (dir.path().to_owned(), "no program"),
        (text, "no ELF file"),
        (program(&dir, "arm", 1, 183, b""), "not for x86-64"),
        (program(&dir, "dynamic", 3, 62, b""), "needs shared libraries"),
    ] {
        let error = Content::of(&path).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()));
        assert!(error.hint().contains("cargo xtask image"));
    }
}

#[test]
fn a_program_that_is_written_meanwhile_is_no_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = program(&dir, "headwater", 1, 62, b"before");
    let content = Content::of(&path).unwrap();
    for bytes in [&b"after!"[..], b"grown to more", b""] {
        program(&dir, "headwater", 1, 62, bytes);
        let error = content.pack(std::io::sink()).unwrap_err();
        assert!(matches!(error, Error::Changed { .. } | Error::Read { .. }), "{error}");
    }
    program(&dir, "headwater", 1, 62, b"before");
    content.pack(std::io::sink()).unwrap();
}
