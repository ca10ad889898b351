//! `cargo xtask`: the project's tasks. What it builds and starts are the project's own programs; it links none of them.

mod api;
mod bench;
mod browser;
mod build;
mod chaos;
mod containers;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod http;
mod image;
mod install;
mod modules;
mod node;
mod server;
mod shell;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Headwater's tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// A scenario end to end on the local cloud: terraform apply brings a synthetic Salesforce org into BigQuery.
    Demo(demo::Demo),
    /// All checks and tests.
    Test(test::Test),
    /// The repository's policies: module docs, file sizes, directions of dependencies, licences, formatting.
    Tidy,
    /// Measure: ours, the floor, and the ratio, in one run.
    Bench(bench::Bench),
    /// The programs under fire: processes killed, networks broken, services that refuse; and whether all is there afterwards.
    Chaos(chaos::Chaos),
    /// Throw damaged messages, states, certificates and texts at what reads them.
    Fuzz(fuzz::Fuzz),
    /// Build both programs and put them where a shell finds them.
    Install(install::Install),
    /// Write the pages below docs/ that are made of what the programs say about themselves.
    Docs(docs::Docs),
    /// The release set: both programs as archives, checksums, a signature; also as a registry and as a mirror.
    Dist(dist::Dist),
    /// The program of the runtime's image: static, without the local cloud; prints where it is.
    Image(image::Image),
    /// Write the tables of inputs and outputs in the READMEs of modules/.
    Modules(modules::Modules),
    /// Fetch what builds and tests need, and print where it is.
    Setup,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Tidy => tidy::run(),
        Task::Bench(args) => bench::run(&args),
        Task::Chaos(args) => chaos::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Install(args) => install::run(&args),
        Task::Docs(args) => docs::run(&args),
        Task::Dist(args) => dist::run(&args),
        Task::Image(args) => image::run(&args),
        Task::Modules(args) => modules::run(&args),
        Task::Setup => tools::setup(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            shell::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
