//! The line of the logs that a run ends with. Log-based metrics count it (the module `monitoring`), so its fields are a contract:
//! `pipeline`, `kind`, `outcome`, `code`, `run`.

use headwater_spec::PipelineSpec;

use crate::error::CommandError;
use crate::exit::Exit;

/// Writes it.
pub fn note(spec: &PipelineSpec, run: &str, ended: &Result<Exit, CommandError>, code: Option<&str>) {
    let kind = if spec.dq_suite.is_some() { "suite" } else { "extract" };
    let (pipeline, outcome) = (&spec.name, outcome(ended));
    tracing::info!(
        pipeline,
        kind,
        outcome,
        code = code.unwrap_or_default(),
        run,
        "run finished"
    );
}

/// How it ended, in a word: whether data was refused is not the run's failure.
fn outcome(ended: &Result<Exit, CommandError>) -> &'static str {
    match ended {
        Ok(Exit::Done) => "succeeded",
        Ok(Exit::Refused) => "refused",
        Ok(Exit::Resumable | Exit::Interrupted) => "stopped",
        Ok(_) | Err(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes() {
        for (exit, expected) in [
            (Exit::Done, "succeeded"),
            (Exit::Refused, "refused"),
            (Exit::Resumable, "stopped"),
            (Exit::Interrupted, "stopped"),
            (Exit::Failed, "failed"),
            (Exit::NoVerdict, "failed"),
        ] {
            assert_eq!(outcome(&Ok(exit)), expected);
        }
    }
}
