//! The committed code is what the generator makes of `proto/`. Rewrite it with
//! `HEADWATER_BLESS=1 cargo test -p headwater-local-pubsub --test it generated`.

use std::error::Error;
use std::path::Path;

use prost::Message;

const SOURCES: [&str; 4] = ["pubsub.proto", "iam.proto", "expr.proto", "rpc.proto"];
const CODE: [&str; 5] = [
    "google.pubsub.v1.rs",
    "google.iam.v1.rs",
    "google.r#type.rs",
    "google.rpc.rs",
    "descriptors.bin",
];

#[test]
fn generated_code_is_current() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile(SOURCES, [root.join("proto")])?;
    let out = tempfile::tempdir()?;
    // What REST needs to know of names and types, without the places in the sources.
    let mut bare = descriptors.clone();
    for file in &mut bare.file {
        file.source_code_info = None;
    }
    std::fs::write(out.path().join("descriptors.bin"), bare.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .bytes(".google.pubsub.v1.PubsubMessage.data")
        .out_dir(out.path())
        .compile_fds_with_config(descriptors, config)?;
    for name in CODE {
        let fresh = std::fs::read(out.path().join(name))?;
        let committed = root.join("src/generated").join(name);
        if std::env::var_os("HEADWATER_BLESS").is_some() {
            std::fs::write(&committed, &fresh)?;
        }
        let current = std::fs::read(&committed).unwrap_or_default();
        assert!(
            current == fresh,
            "{name} is not current: see the comment at the top of this test"
        );
    }
    Ok(())
}
