//! The committed code is what the generator makes of `proto/`. Rewrite it with
//! `HEADWATER_BLESS=1 cargo test -p headwater-salesforce-eventbus --test it`.

use std::error::Error;
use std::path::Path;

const CODE: &str = "eventbus.v1.rs";

#[test]
fn generated_code_is_current() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile(["pubsub_api.proto"], [root.join("proto")])?;
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .out_dir(out.path())
        .compile_fds(descriptors)?;
    let fresh = std::fs::read(out.path().join(CODE))?;
    let committed = root.join("src/generated").join(CODE);
    if std::env::var_os("HEADWATER_BLESS").is_some() {
        std::fs::write(&committed, &fresh)?;
    }
    let current = std::fs::read(&committed).unwrap_or_default();
    assert!(
        current == fresh,
        "{CODE} is not current: see the comment at the top of this test"
    );
    Ok(())
}
