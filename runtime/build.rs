//! Lets the program find DuckDB's shared library at run time: an installed one in the `lib` beside its `bin`, as `cargo xtask dist`
//! packs it; one that was just built also where it was linked from.
fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo:rerun-if-env-changed=HEADWATER_RELOCATABLE");
    // Nothing of DuckDB is in the program of the image.
    if std::env::var_os("CARGO_FEATURE_RUNTIME_ONLY").is_some() {
        return;
    }
    let Ok(dir) = std::env::var("DUCKDB_LIB_DIR") else {
        return;
    };
    let origin = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@executable_path",
        _ => "$ORIGIN",
    };
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{origin}/../lib");
    // What is given away looks in no directory of the machine on which it was built.
    if std::env::var_os("HEADWATER_RELOCATABLE").is_none() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
