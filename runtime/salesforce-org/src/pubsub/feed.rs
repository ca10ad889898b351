//! What a subscriber gets next: a position in the log, and as many events as it has asked for.

use std::sync::Arc;
use std::time::Duration;

use headwater_salesforce_eventbus::{ConsumerEvent, ProducerEvent, ReplayPreset};
use tonic::{Code, Status};

use super::refusal::{self, refusal};
use super::topic::Topic;
use crate::cdc::RETENTION_MS;
use crate::http::App;

/// A client may have asked for so many events that it has not got.
pub(super) const MOST_PENDING: i32 = 100;

/// How often transactions that become visible late are looked for.
pub(super) const LATE: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Feed {
    pub app: Arc<App>,
    topic: Topic,
    pub position: u64,
    pub pending: i32,
}

impl Feed {
    /// A feed from where a subscription begins.
    pub(super) fn open(app: &Arc<App>, topic: Topic, preset: ReplayPreset, replay_id: &[u8]) -> Result<Self, Status> {
        let log = &app.org.cdc.log;
        let count = *log.count().borrow();
        let position = match preset {
            ReplayPreset::Latest => count,
            ReplayPreset::Earliest => earliest(app),
            ReplayPreset::Custom if replay_id.is_empty() => {
                return Err(refusal(
                    Code::InvalidArgument,
                    "subscription.fetch.replayid.validation.failed",
                    "The replay preset is CUSTOM and no Replay ID is given.",
                ));
            }
            ReplayPreset::Custom => {
                let position = log.position(replay_id).ok_or_else(refusal::replay_id)?;
                // Who has read everything has missed nothing, however long ago that was.
                if position < earliest(app) && position < count {
                    return Err(refusal::replay_id());
                }
                position
            }
        };
        Ok(Self {
            app: Arc::clone(app),
            topic,
            position,
            pending: 0,
        })
    }

    /// The client asks for more.
    pub(super) fn ask(&mut self, more: i32) -> Result<(), Status> {
        if more > MOST_PENDING || self.pending + more > MOST_PENDING {
            return Err(refusal(
                Code::InvalidArgument,
                "subscription.fetch.overflow",
                "The client requested more events than it processes: at most 100 may be outstanding.",
            ));
        }
        self.pending += more;
        Ok(())
    }

    /// The next events, none when there are none or none were asked for.
    pub(super) fn take(&mut self) -> Result<Vec<ConsumerEvent>, Status> {
        let org = &self.app.org;
        let failed = |e: std::io::Error| refusal::internal(&e);
        org.cdc.settle(&org.schema(), org.clock.now()).map_err(failed)?;
        if self.pending <= 0 {
            return Ok(vec![]);
        }
        let subjects = self.topic.subjects(org);
        let most = usize::try_from(self.pending).unwrap_or(0);
        let read = org.cdc.log.read(self.position, most, |s| subjects.contains(&s));
        let (events, next) = read.map_err(failed)?;
        self.position = next;
        self.pending -= i32::try_from(events.len()).unwrap_or(0);
        let event = |e: crate::cdc::log::Published| ConsumerEvent {
            replay_id: org.cdc.log.replay_id(e.position),
            event: Some(ProducerEvent {
                id: format!("{:032x}", u128::from(e.position)),
                schema_id: e.schema_id,
                payload: e.payload,
                headers: vec![],
            }),
        };
        Ok(events.into_iter().map(event).collect())
    }

    /// Where a client that has got everything so far would go on.
    pub(super) fn latest_replay_id(&self) -> Vec<u8> {
        self.app.org.cdc.log.replay_id(self.position)
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }
}

/// The first position that is still kept.
pub(super) fn earliest(app: &App) -> u64 {
    let org = &app.org;
    org.cdc
        .log
        .earliest(org.cdc.channels().floor, org.clock.now() - RETENTION_MS)
}
