//! A stream's worker pool: its name, and how many workers it has by what waits before it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{PipelineSpec, SpecError, StreamSource};

/// The full name of the worker pool that executes a stream.
#[must_use]
pub fn worker_pool(project: &str, region: &str, stream: &str) -> String {
    format!("projects/{project}/locations/{region}/workerPools/headwater-{stream}")
}

impl PipelineSpec {
    /// The full name of the stream's worker pool; none where Dataflow leaves it nothing to do, and of what is no stream.
    #[must_use]
    pub fn worker_pool(&self) -> Option<String> {
        let stream = self.cdc_stream.as_ref()?;
        let idle = stream.engine.dataflow().is_some() && matches!(stream.source, StreamSource::Subscription(_));
        (!idle).then(|| worker_pool(&self.project, &self.region, &self.name))
    }
}

/// Bounds and measure of scaling by backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Workers at least: one, because it is a worker that scales.
    pub min_workers: u32,
    /// Workers at most.
    pub max_workers: u32,
    /// Messages of the backlog for each worker.
    pub target_backlog: u64,
    /// Seconds for which fewer workers have to be enough before there are fewer.
    pub scale_down_seconds: u32,
}

impl Scaling {
    /// How many workers a backlog asks for.
    #[must_use]
    pub fn workers_for(&self, backlog: u64) -> u32 {
        let asked = u32::try_from(backlog.div_ceil(self.target_backlog.max(1))).unwrap_or(u32::MAX);
        self.within(asked)
    }

    /// The number of workers within the bounds that is nearest to one.
    #[must_use]
    pub fn within(&self, workers: u32) -> u32 {
        workers.min(self.max_workers).max(self.min_workers)
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let refuse = |field: &str, reason: String| Err(SpecError::field(format!("cdc_stream.scaling.{field}"), reason));
        if self.min_workers == 0 {
            return refuse(
                "min_workers",
                "it is 0, and it is a worker that sees a backlog: let it be 1 or more".into(),
            );
        }
        if self.max_workers < self.min_workers {
            let reason = format!("{} is less than min_workers, {}", self.max_workers, self.min_workers);
            return refuse("max_workers", reason);
        }
        if self.target_backlog == 0 {
            return refuse("target_backlog", "it is 0: let it be 1 or more".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALING: Scaling = Scaling {
        min_workers: 2,
        max_workers: 10,
        target_backlog: 1000,
        scale_down_seconds: 300,
    };

    #[test]
    fn a_backlog_asks_for_workers_within_the_bounds() {
        for (backlog, workers) in [(0, 2), (2000, 2), (2001, 3), (9999, 10), (10_001, 10), (u64::MAX, 10)] {
            assert_eq!(SCALING.workers_for(backlog), workers, "{backlog}");
        }
    }

    #[test]
    fn bounds_that_cannot_be_are_named() {
        let wrong = [
            (
                Scaling {
                    min_workers: 0,
                    ..SCALING
                },
                "cdc_stream.scaling.min_workers",
            ),
            (
                Scaling {
                    max_workers: 1,
                    ..SCALING
                },
                "cdc_stream.scaling.max_workers",
            ),
            (
                Scaling {
                    target_backlog: 0,
                    ..SCALING
                },
                "cdc_stream.scaling.target_backlog",
            ),
        ];
        for (scaling, field) in wrong {
            let problem = scaling.check().unwrap_err().to_string();
            assert!(problem.contains(field), "{problem}");
        }
        SCALING.check().unwrap();
    }
}
