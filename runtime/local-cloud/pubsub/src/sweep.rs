//! The sweeper: removes messages that no subscription, snapshot or topic keeps any more, and snapshots that have expired.

use std::sync::Arc;
use std::time::Duration;

use crate::delivery::Micros;
use crate::delivery::terms::micros;
use crate::log::Log;
use crate::record::{key, log_key, policy_key};
use crate::refusal::Refusal;
use crate::service::Service;

const INTERVAL: Duration = Duration::from_secs(10);
/// How many messages one commit removes: others wait for it.
const PORTION: usize = 5_000;

impl Service {
    /// Sweeps now and then, until the service stops.
    pub(crate) fn start_sweeping(self: &Arc<Self>) {
        let service = self.clone();
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(INTERVAL) => {}
                    () = service.stop.cancelled() => return,
                }
                if let Err(refusal) = service.sweep().await {
                    tracing::warn!(%refusal, "old messages are not removed");
                }
            }
        });
    }

    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<(), Refusal> {
        for record in self.snapshots.all().into_iter().filter(|record| self.expired(record)) {
            let name = record.snapshot.name.clone();
            let service = self.clone();
            let removed = self.store.write(
                move |txn| {
                    txn.remove(&key(&record.snapshot.name))?;
                    txn.remove(&policy_key(&record.snapshot.name))?;
                    txn.remove_cursor(record.cursor)?;
                    Ok(())
                },
                move |()| service.snapshots.remove(&name),
            );
            removed.await?;
        }
        for log in self.logs() {
            self.sweep_log(&log).await?;
        }
        Ok(())
    }

    async fn sweep_log(self: &Arc<Self>, log: &Arc<Log>) -> Result<(), Refusal> {
        let needed = self.needed_from(log)?;
        for subscriber in log.followers() {
            subscriber.lock().forget_before(needed, self.now());
        }
        loop {
            let id = log.id;
            let unused = self.unused(log);
            let service = self.clone();
            let removed = self.store.write(
                move |txn| {
                    let all = txn.remove_messages(id, needed, PORTION)?;
                    if all && unused {
                        txn.remove(&log_key(id))?;
                    }
                    Ok(all)
                },
                move |all| {
                    if *all && unused {
                        service.remove_log(id);
                    }
                },
            );
            if removed.await? {
                return Ok(());
            }
        }
    }

    /// Whether nothing refers to a log, so that nothing ever will.
    fn unused(&self, log: &Log) -> bool {
        log.followers().is_empty()
            && self.snapshots.all().iter().all(|record| record.log != log.id)
            && self.topics.all().iter().all(|topic| topic.log.id != log.id)
    }

    /// The first position that somebody may still ask for.
    fn needed_from(&self, log: &Log) -> Result<u64, Refusal> {
        let snapshot = self.store.snapshot()?;
        let now = self.now();
        let kept_since = |retention: Micros| log.position_at(&snapshot, now - retention);
        // Before anything else is read: what is published from here on is needed.
        let mut needed = log.next();
        for topic in self.topics.all().iter().filter(|topic| topic.log.id == log.id) {
            if let Some(retention) = &topic.topic.message_retention_duration {
                needed = needed.min(kept_since(micros(Some(retention)))?);
            }
        }
        for record in self.snapshots.all().iter().filter(|record| record.log == log.id) {
            needed = needed.min(record.low);
        }
        for subscriber in log.followers() {
            let settings = subscriber.settings();
            let oldest = kept_since(settings.terms.retention)?;
            let low = subscriber.lock().cursor.low();
            let own = match settings.terms.retain_acked {
                true => oldest,
                false => low.max(oldest),
            };
            needed = needed.min(own);
        }
        Ok(needed)
    }
}
