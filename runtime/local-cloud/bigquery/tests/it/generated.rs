//! The committed code is what the generator makes of `proto/`. Rewrite it with
//! `HEADWATER_BLESS=1 cargo test -p headwater-local-bigquery --test it generated`.

use std::error::Error;
use std::path::Path;

const SOURCES: [&str; 2] = ["storage.proto", "rpc.proto"];
const CODE: [&str; 2] = ["google.cloud.bigquery.storage.v1.rs", "google.rpc.rs"];
/// Fields that hold many bytes, which are shared rather than copied.
const BYTES: [&str; 4] = [
    ".google.cloud.bigquery.storage.v1.ArrowRecordBatch.serialized_record_batch",
    ".google.cloud.bigquery.storage.v1.ArrowSchema.serialized_schema",
    ".google.cloud.bigquery.storage.v1.AvroRows.serialized_binary_rows",
    ".google.cloud.bigquery.storage.v1.ProtoRows.serialized_rows",
];

#[test]
fn generated_code_is_current() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile(SOURCES, [root.join("proto")])?;
    let out = tempfile::tempdir()?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    let mut builder = tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .out_dir(out.path());
    for field in BYTES {
        builder = builder.bytes(field);
    }
    builder.compile_fds_with_config(descriptors, config)?;
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
