//! Structured logs on stderr: JSON in the shape that Cloud Logging reads when nobody watches, text on a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::cli::{Global, LogFormat};

/// Installs the subscriber. `HEADWATER_LOG` (a filter such as `info,headwater_extract=debug`) wins over `-v` and `-q`.
pub fn init(global: &Global) {
    let default = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,headwater=info,headwater_extract=info",
        (false, 1) => "info,headwater=debug,headwater_extract=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("HEADWATER_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let json = match global.log_format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    // A second initialisation can only come from a test; the first one stays.
    if json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .try_init()
            .ok();
    } else {
        builder.with_target(false).compact().try_init().ok();
    }
}
