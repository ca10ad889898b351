//! What a gate says of a batch, kept as a suite's own runs are: told to whom it concerns, and a row of the verdicts' tables.

use async_trait::async_trait;
use headwater_cloud::{Cloud, DatasetRef, Error, Kind, OptionalExt as _};
use headwater_extract::{Verdict, Verdicts};

use super::evaluate::Evaluation;
use super::{Mode, Run, alert, columns, record, show};

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
        columns::complete(cloud, &run).await?;
        let history = record::history(cloud, &run).await?;
        if history.own.is_some() {
            // A run that was killed behind this: it was told and written.
            return Ok(());
        }
        let target = &suite.target;
        let table = DatasetRef::new(&target.project, &target.dataset).table(&target.table);
        let document = cloud.bigquery().get_table(&table).await.optional()?.unwrap_or_default();
        let mut result = verdict.result.clone();
        show::cut(&show::of(&run, &document), &suite.suite, &mut result);
        let evaluation = Evaluation::of(result);
        let transition = alert::transition(history.before, evaluation.state());
        alert::publish(cloud, &run, &evaluation, transition).await?;
        record::write(cloud, &run, &evaluation, transition).await
    }
}
