//! The committed code is what the generator makes of `proto/`. Rewrite it with
//! `HEADWATER_BLESS=1 cargo test -p tfplugin-proto --test it generated`.

use std::error::Error;
use std::path::Path;

const CODE: [&str; 3] = ["tfplugin6.rs", "plugin.rs", "grpc.health.v1.rs"];

#[test]
fn generated_code_is_current() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["tfplugin6.proto", "goplugin.proto", "health.proto"];
    let descriptors = protox::compile(sources, [root.join("proto")])?;
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .build_transport(false)
        .generate_default_stubs(true)
        .emit_rerun_if_changed(false)
        .out_dir(out.path())
        .compile_fds(descriptors)?;
    for name in CODE {
        let fresh = std::fs::read_to_string(out.path().join(name))?;
        let committed = root.join("src/generated").join(name);
        if std::env::var_os("HEADWATER_BLESS").is_some() {
            std::fs::write(&committed, &fresh)?;
        }
        let current = std::fs::read_to_string(&committed).unwrap_or_default();
        assert!(
            current == fresh,
            "{name} is not current: see the comment at the top of this test"
        );
    }
    Ok(())
}
