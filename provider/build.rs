//! Links the program for a fixed address: each provider process would read and adjust tens of thousands of addresses at its start,
//! 1.7 MB of its data, and Terraform starts three processes for a plan. Go's programs, which the other providers are, are linked so.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
