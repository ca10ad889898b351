//! The command line's grammar and how it ends. Terraform never sees it: it knows the program by its magic cookie.

mod install;
mod lint;
mod schema;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use headwater_report::{Report, Style, render};
use terraform_provider_headwater::VERSION;

/// The Terraform provider for Headwater. Terraform starts it by itself; run `install` once so that it can be found.
#[derive(Debug, Parser)]
#[command(
    name = "terraform-provider-headwater",
    version,
    max_term_width = 110,
    arg_required_else_help = true
)]
struct Cli {
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Serve in the foreground and print the TF_REATTACH_PROVIDERS that connects Terraform to this process. Must stand first.
    #[arg(long, exclusive = true)]
    debug: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put this program where `terraform init` and `tofu init` find it.
    Install {
        /// The mirror's directory; absent: ~/.terraform.d/plugins, which needs no further configuration.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Find misspelt names inside nested attributes, which Terraform drops without a word.
    #[command(
        after_help = "Checked are the values that are written in the resource's own block; those of references, functions and modules' inputs are not. Exit status 1 when a name is found."
    )]
    Lint {
        /// Files, or directories with everything below them; absent: this one.
        #[arg(default_value = ".", value_name = "PLACE")]
        places: Vec<PathBuf>,
    },
    /// Print the schemas, as `terraform providers schema -json` does.
    Schema {
        /// Add what that form leaves out: defaults, allowed values, what a change replaces, time limits.
        #[arg(long, conflicts_with = "wire")]
        rules: bool,
        /// Write to this file what Terraform is answered, in Protocol Buffers (tfplugin6.GetProviderSchema.Response).
        #[arg(long, value_name = "FILE")]
        wire: Option<PathBuf>,
    },
    /// Print the version.
    Version,
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::Install { dir }) => install::run(dir, cli.json),
        Some(Command::Lint { places }) => lint::run(&places, cli.json),
        Some(Command::Schema { wire: Some(file), .. }) => schema::write(&file),
        Some(Command::Schema { rules, wire: None }) => schema::run(rules),
        Some(Command::Version) if cli.json => {
            println!("{}", serde_json::json!({"version": VERSION, "protocol": 6}));
            Ok(())
        }
        Some(Command::Version) => {
            println!("terraform-provider-headwater {VERSION} (plugin protocol 6)");
            Ok(())
        }
        None => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error with its causes.
pub(crate) fn complain(error: &(dyn std::error::Error + 'static)) {
    use std::io::{IsTerminal as _, Write as _};
    let style = Style::of(
        std::io::stderr().is_terminal(),
        std::env::var("NO_COLOR").ok().as_deref(),
    );
    writeln!(std::io::stderr(), "{}", render(&Report::of(error), style)).ok();
}
