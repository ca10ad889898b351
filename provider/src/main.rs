//! The program: a plugin when Terraform starts it, a small command line otherwise.

mod cli;

use std::process::ExitCode;

use terraform_provider_headwater::{Headwater, SOURCE};
use tfplugin_framework::{ServeOptions, Served, serve};

fn main() -> ExitCode {
    // Needed before the first TLS connection; it takes microseconds.
    rustls::crypto::ring::default_provider().install_default().ok();
    let debug = std::env::args().nth(1).as_deref() == Some("--debug");
    let options = ServeOptions {
        address: format!("registry.terraform.io/{SOURCE}"),
        debug,
    };
    match serve(Headwater, &options) {
        Ok(Served::Done) => ExitCode::SUCCESS,
        Ok(Served::NotAPlugin) => cli::run(),
        Err(error) => {
            cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}
