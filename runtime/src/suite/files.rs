//! A suite over files of a lake: judged here, in process, as they stream in.

use headwater_cloud::{Cloud, Error};
use headwater_quality::engine::{Detail, Options, Source as _, evaluate};
use headwater_spec::{DqFiles, Glob};

use super::evaluate::Evaluation;
use super::{Run, past};
use crate::quality::lake_files::{LakeError, LakeFiles};

/// So many wrong values of an expectation are shown unless the suite says otherwise.
const SAMPLES: usize = 20;

/// Judges the files. What keeps them from being judged is a verdict, too.
pub async fn judge(cloud: &Cloud, run: &Run<'_>, files: &DqFiles) -> Result<Evaluation, Error> {
    let glob = match Glob::parse(&files.uri) {
        Ok(glob) => glob,
        Err(error) => return Ok(Evaluation::failed(error.to_string())),
    };
    let mut source = match LakeFiles::open(cloud.storage(), &glob).await {
        Ok(source) => source,
        Err(LakeError::Cloud(error)) => return Err(error),
        Err(error) => return Ok(Evaluation::failed(causes(&error))),
    };
    tracing::info!(step = "files_found", columns = source.schema().fields().len(), "step");
    let context = past::context(cloud, run).await?;
    let options = Options {
        context: &context,
        samples: run
            .suite
            .results
            .samples
            .as_ref()
            .and_then(|samples| samples.rows)
            .map_or(SAMPLES, |rows| rows as usize),
        detail: Detail::Samples,
        rows: false,
    };
    Ok(match evaluate(&run.suite.suite, &mut source, options) {
        Ok(result) => Evaluation::of(result),
        Err(error) => Evaluation::failed(causes(&error)),
    })
}

/// An error and why it came about.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        // Some say their cause themselves.
        if !text.ends_with(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}
