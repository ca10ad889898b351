//! `headwater`: the runtime and its command line. Parses, dispatches, prints, and turns outcomes into exit statuses; what the
//! commands do is in the crates below `runtime/`.

mod audit;
mod cli;
mod cloud;
mod console;
mod dataform;
mod error;
mod exit;
mod finished;
mod image;
#[cfg(not(feature = "runtime-only"))]
mod local;
mod logging;
mod printer;
mod progress;
mod quality;
mod run;
mod runs;
#[cfg(not(feature = "runtime-only"))]
mod salesforce;
mod signals;
mod stream;
mod suite;
mod telemetry;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::Printer;

fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            error.print().ok();
            return match error.exit_code() {
                0 => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    logging::init(&cli.global);
    // ring is the one crypto provider; an error only means that it was installed before.
    rustls::crypto::ring::default_provider().install_default().ok();
    let printer = Printer::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&error, None);
            return Exit::Failed;
        }
    };
    let outcome = runtime.block_on(Box::pin(dispatch(cli.command, printer)));
    // Threads that are still blocked must not keep a finished command alive.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit,
        Err(error) => {
            printer.error(&error, error.hint().as_deref());
            if matches!(error, CommandError::Usage { .. }) {
                Exit::Usage
            } else {
                Exit::Failed
            }
        }
    }
}

async fn dispatch(command: Command, printer: Printer) -> Result<Exit, CommandError> {
    match command {
        Command::Run(args) => Box::pin(run::run(args, printer)).await,
        Command::Stream(args) => stream::run(args, printer).await,
        Command::Runs(command) => runs::run(command, printer).await,
        Command::Console(args) => console::run(*args, printer).await,
        #[cfg(not(feature = "runtime-only"))]
        Command::Local(command) => Ok(local::run(command, printer).await?),
        #[cfg(not(feature = "runtime-only"))]
        Command::Salesforce(command) => salesforce::run(command, printer).await,
        Command::Quality(command) => Ok(quality::run(command, printer).await?),
        Command::Dataform(command) => Ok(dataform::run(command, printer).await?),
        Command::Image(command) => image::run(command, printer).await,
        Command::Audit(args) => Box::pin(audit::run(&args, printer)).await,
        Command::Schema => {
            let schema = headwater_spec::PipelineSpec::json_schema();
            printer.result(&schema, || serde_json::to_string_pretty(&schema).unwrap_or_default());
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "headwater", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::Version => {
            let version = env!("CARGO_PKG_VERSION");
            printer.result(&serde_json::json!({"version": version}), || {
                format!("headwater {version}")
            });
            Ok(Exit::Done)
        }
    }
}
