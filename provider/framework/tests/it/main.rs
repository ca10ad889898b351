//! The framework under the real `terraform`, which starts this program as the provider `store`.
//!
//! What this version of Terraform does not call is driven by a client of our own.
//!
//! Without `terraform` on the PATH the scenarios cannot run: that is a failure, not a pass.

mod handed;
mod hostile;
mod newer;
mod scenarios;
mod store;
mod terraform;
mod wire;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Instant;

use tfplugin_framework::{ServeOptions, Served, serve};

fn main() -> ExitCode {
    let options = ServeOptions {
        address: "registry.terraform.io/test/store".to_owned(),
        debug: std::env::args().any(|argument| argument == "--debug"),
    };
    match serve(store::Store, &options) {
        Ok(Served::NotAPlugin) => run(),
        Ok(Served::Done) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}: {:?}", std::error::Error::source(&error));
            ExitCode::FAILURE
        }
    }
}

/// What cargo's own harness does, as far as these tests need it: a filter by name, `--list`, a line per test.
fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let mut failed = 0;
    for (name, scenario) in scenarios::ALL
        .iter()
        .chain(wire::ALL)
        .chain(newer::ALL)
        .chain(handed::ALL)
        .chain(hostile::ALL)
        .filter(|(name, _)| wanted(name))
    {
        if arguments.iter().any(|argument| argument == "--list") {
            println!("{name}: test");
            continue;
        }
        let start = Instant::now();
        let passed = catch_unwind(scenario).is_ok();
        failed += usize::from(!passed);
        let word = if passed { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({} ms)", start.elapsed().as_millis());
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
