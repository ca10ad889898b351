//! The two documents of an image: configuration and manifest.

use serde_json::json;

use crate::digest::Digest;
use crate::layer::{PROGRAM, USER};

/// The manifest's media type.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The configuration's media type.
pub const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// The layer's media type.
pub const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// <https://github.com/opencontainers/image-spec/blob/main/config.md>. Without `created`: the same program is the same image.
pub(crate) fn config(diff_id: &Digest) -> Vec<u8> {
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "Entrypoint": [PROGRAM],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": "headwater",
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.source": env!("CARGO_PKG_REPOSITORY"),
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [diff_id.as_str()] },
        "history": [{ "created_by": "headwater" }],
    });
    config.to_string().into_bytes()
}

/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md>
pub(crate) fn manifest(config: &Digest, config_size: usize, layer: &Digest, layer_size: u64) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": CONFIG_TYPE, "digest": config.as_str(), "size": config_size },
        "layers": [{ "mediaType": LAYER_TYPE, "digest": layer.as_str(), "size": layer_size }],
    });
    manifest.to_string().into_bytes()
}
