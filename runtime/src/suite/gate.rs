//! What a gate says of a batch, kept as a suite's own runs are: told to whom it concerns, and a row of the verdicts' tables.

use async_trait::async_trait;
use headwater_cloud::{Cloud, Error, Kind};
use headwater_extract::{Verdict, Verdicts};

use super::evaluate::Evaluation;
use super::{Mode, Run, alert, record};

/// Keeps verdicts in Google Cloud.
pub struct Keeper(pub Cloud);

#[async_trait]
impl Verdicts for Keeper {
    async fn keep(&self, verdict: &Verdict) -> Result<(), Error> {
        let cloud = &self.0;
        let suite = verdict.suite.suite().map_err(|source| {
            Error::new(Kind::Unexpected, "keep a verdict", "the spec is no suite's").with_source(source)
        })?;
        let run = Run {
            spec: &verdict.suite,
            suite,
            id: verdict.run_id.clone(),
            started: verdict.started,
            mode: Mode::Gate,
        };
        let history = record::history(cloud, &run).await?;
        if history.own.is_some() {
            // A run that was killed behind this: it was told and written.
            return Ok(());
        }
        let evaluation = Evaluation {
            result: Some(verdict.result.clone()),
            reason: None,
            bytes_processed: None,
            bytes_billed: None,
            slot_ms: None,
        };
        let transition = alert::transition(history.before, evaluation.state());
        alert::publish(cloud, &run, &evaluation, transition).await?;
        record::write(cloud, &run, &evaluation, transition).await
    }
}
