//! Packs the addresses that the loader must adjust: each provider process reads them all at its start, and Terraform starts three
//! for a plan. Loaders that run what is linked against glibc here know the form since glibc 2.36.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
