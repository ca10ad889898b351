//! The core is fetched once, checked, kept, and used without a network afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_dataform::{Core, CoreStore};
use sha2::{Digest, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const VERSION: &str = "3.0.11";

/// A registry with one version whose bundle is what is said; it counts the tarballs that it gave.
struct Registry {
    address: String,
    tarballs: Arc<AtomicUsize>,
}

async fn registry(bundle: &str, integrity: Option<&str>, broken: usize) -> Registry {
    let tarball = tarball(bundle);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the registry works");
    let address = format!("http://{}", listener.local_addr().expect("the registry works"));
    let right = format!("sha512-{}", STANDARD.encode(Sha512::digest(&tarball)));
    let integrity = integrity.map_or(right, str::to_owned);
    let metadata = serde_json::json!({"versions": {
        "3.0.9": {"dist": {"tarball": "x"}},
        VERSION: {"dist": {"tarball": format!("{address}/core.tgz"), "integrity": integrity}},
    }});
    let tarballs = Arc::new(AtomicUsize::new(0));
    let failures = Arc::new(AtomicUsize::new(broken));
    let given = tarballs.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("the registry works");
            let (tarball, metadata, given, failures) =
                (tarball.clone(), metadata.to_string(), given.clone(), failures.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let length = stream.read(&mut request).await.expect("the registry works");
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let fails = failures
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                    .is_ok();
                let (status, body) = if fails {
                    ("503 Service Unavailable", Vec::new())
                } else if request.starts_with("GET /core.tgz ") {
                    given.fetch_add(1, Ordering::SeqCst);
                    ("200 OK", tarball)
                } else if request.starts_with("GET /@dataform%2fcore ") {
                    ("200 OK", metadata.into_bytes())
                } else {
                    ("404 Not Found", Vec::new())
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).await.expect("the registry works");
                stream.write_all(&body).await.expect("the registry works");
            });
        }
    });
    Registry { address, tarballs }
}

fn tarball(bundle: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, content) in [("package/package.json", "{}"), ("package/bundle.js", bundle)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, path, content.as_bytes())
            .expect("the registry works");
    }
    archive
        .into_inner()
        .expect("the registry works")
        .finish()
        .expect("the registry works")
}

#[tokio::test]
async fn a_core_is_fetched_once_and_used_without_a_network_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry("exports.version = 'x'", None, 1).await;
    let store = CoreStore {
        cache: folder.path().join("cache"),
        registry: registry.address.clone(),
    };
    // At once, as two processes would: both have it, and it is whole.
    let (a, b) = tokio::join!(Core::obtain(Some(VERSION), &store), Core::obtain(Some(VERSION), &store));
    assert_eq!(a.unwrap().version(), VERSION);
    assert_eq!(b.unwrap().sha256().len(), 64);
    let fetched = registry.tarballs.load(Ordering::SeqCst);
    assert!((1..=2).contains(&fetched), "{fetched}");

    let offline = CoreStore {
        registry: "http://127.0.0.1:9".into(),
        ..store.clone()
    };
    Core::obtain(Some(VERSION), &offline).await.unwrap();
    assert_eq!(registry.tarballs.load(Ordering::SeqCst), fetched);

    std::fs::write(store.cache.join(VERSION).join("bundle.js"), "exports.version = 'y'").unwrap();
    let error = Core::obtain(Some(VERSION), &offline).await.unwrap_err().to_string();
    assert!(
        error.contains("the cache is damaged: remove") && error.contains(VERSION),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_what_was_published_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    for integrity in ["sha512-AAAA", ""] {
        let registry = registry("exports.version = 'x'", Some(integrity), 0).await;
        let store = CoreStore {
            cache: folder.path().join("cache"),
            registry: registry.address,
        };
        let error = Core::obtain(Some(VERSION), &store).await.unwrap_err().to_string();
        assert!(
            error.contains("integrity") && error.contains("NPM_CONFIG_REGISTRY"),
            "{error}"
        );
        assert!(!store.cache.join(VERSION).exists());
    }
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry("", None, 0).await;
    let at = |registry: &str| CoreStore {
        cache: folder.path().join("cache"),
        registry: registry.to_owned(),
    };
    for (version, store, expected) in [
        (
            "3.0.11",
            at("http://127.0.0.1:9"),
            "without a network, copy the cache folder",
        ),
        (
            "3.0.12",
            at(&registry.address),
            "no such version (its newest is 3.0.11); set dataformCoreVersion",
        ),
        (
            "3.0.11",
            at(&format!("{}/none", registry.address)),
            "404 Not Found; check NPM_CONFIG_REGISTRY",
        ),
        ("../x", at(&registry.address), "is not a version"),
        ("2.0.0", at(&registry.address), "only versions 3.x"),
    ] {
        let error = Core::obtain(Some(version), &store).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let store = CoreStore {
        cache: folder.path().join("file/below"),
        registry: registry.address.clone(),
    };
    let error = Core::obtain(Some(VERSION), &store).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot be") && error.contains("XDG_CACHE_HOME"),
        "{error}"
    );
}
