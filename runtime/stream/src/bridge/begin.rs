//! How a channel begins: from its durable position, or with a position that is noted first, the snapshot of its entities, and
//! then what came meanwhile.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use headwater_salesforce::{Kind, Start};

use super::change::Place;
use super::errors::{Error, Result};
use super::feed::Feed;
use super::ledger::{Mark, Snapshot};
use super::org::Org;
use super::outbox::Outbox;
use super::publish::Publisher;
use super::records::Records;
use super::{Bridge, Channel};

impl Bridge<'_> {
    /// Runs a channel from its beginning or from where it was.
    pub(super) async fn feed(&self, (channel, entities): Channel) -> Result<()> {
        let known = self.ledger.document().feeds.get(&channel).cloned();
        let (mark, start) = match known {
            Some(mark) => {
                let start = mark.replay_id.clone().map_or(Start::Earliest, Start::After);
                (mark, start)
            }
            None if self.source.initial_snapshot => {
                let Some(mark) = self.note_position(&channel).await? else {
                    return Ok(());
                };
                let start = mark.replay_id.clone().map_or(Start::Latest, Start::After);
                (mark, start)
            }
            None => (new_mark(), Start::Latest),
        };
        let transport = &self.stream.transport;
        let publisher = |topic: &str| Publisher::new(self.cloud, topic, &self.options.progress);
        let layout = self.spec.layout();
        let mut feed = Feed {
            channel,
            entities,
            pipeline: self.spec.name.clone(),
            events: self.client.events()?,
            org: Org::new(self.client.clone()),
            outbox: Outbox::new(publisher(&transport.topic)?, &self.spec.name),
            dead_letters: publisher(&transport.dead_letter_topic)?,
            ledger: self.ledger.clone(),
            records: Records {
                storage: self.cloud.storage(),
                bucket: layout.bucket().to_owned(),
                prefix: format!("{}bridge/repairs/", layout.root()),
            },
            options: self.options.clone(),
            notices: Arc::clone(&self.notices),
            cancel: self.cancel.clone(),
            mark,
        };
        if self.source.initial_snapshot {
            let snapshot = async {
                for entity in feed.entities.clone() {
                    self.snapshot(&mut feed, &entity).await?;
                }
                Ok::<_, Error>(())
            };
            tokio::select! {
                done = snapshot => done?,
                () = self.ledger.lost() => return Err(Error::Fenced),
                () = self.cancel.cancelled() => return Ok(()),
            }
        }
        feed.run(start).await
    }

    /// Notes where the channel stands now, durably: everything behind it is in its events, everything before it in the
    /// records that are read from now on. `None` when the bridge is stopped meanwhile.
    async fn note_position(&self, channel: &str) -> Result<Option<Mark>> {
        tracing::info!(
            channel,
            "waiting for the channel's position, which Salesforce tells within 270 seconds"
        );
        let mut subscription = self.client.events()?.subscribe(channel, Start::Latest);
        let batch = tokio::select! {
            batch = subscription.next() => batch?,
            () = self.cancel.cancelled() => return Ok(None),
        };
        let mark = Mark {
            replay_id: Some(batch.latest),
            ..new_mark()
        };
        let noted = mark.clone();
        self.ledger
            .change(|document| {
                document.feeds.insert(channel.to_owned(), noted);
            })
            .await?;
        Ok(Some(mark))
    }

    /// Publishes an entity's records, unless that is done already.
    async fn snapshot(&self, feed: &mut Feed, entity: &str) -> Result<()> {
        let snapshot = self.ledger.document().snapshot.unwrap_or_default();
        if snapshot.done.contains_key(entity) {
            return Ok(());
        }
        let mut job = snapshot.jobs.get(entity).cloned();
        let mut rows = None;
        if job.is_some() {
            match feed.org.snapshot_rows(entity, job.clone()).await {
                // Results are kept for some days only, and a job that has failed never succeeds: another one reads the
                // records as they are by now.
                Err(Error::Salesforce(error)) if is_over(&error) => {
                    tracing::warn!(
                        entity,
                        "the snapshot's bulk job is gone or has failed, beginning another"
                    );
                    job = None;
                }
                found => rows = Some(found?),
            }
        }
        let rows = match rows {
            Some(rows) => rows,
            None => {
                job = feed.org.snapshot_job(entity).await?;
                self.note(|snapshot| match &job {
                    Some(job) => drop(snapshot.jobs.insert(entity.to_owned(), job.clone())),
                    None => drop(snapshot.jobs.remove(entity)),
                })
                .await?;
                feed.org.snapshot_rows(entity, job.clone()).await?
            }
        };
        let place = Place {
            commit_number: 0,
            sequence_number: 0,
            at: DateTime::UNIX_EPOCH,
        };
        let ticket = feed.outbox.begin(feed.mark.clone());
        let count = feed.snapshots(ticket, entity, rows, place).await?;
        feed.outbox.end(ticket);
        feed.outbox.drain().await?;
        feed.outbox.settled();
        tracing::info!(entity, records = count, "the snapshot of an entity is published");
        self.note(|snapshot| {
            snapshot.done.insert(entity.to_owned(), count);
            snapshot.jobs.remove(entity);
        })
        .await?;
        if let Some(job) = job {
            feed.org.discard(&job).await;
        }
        Ok(())
    }

    async fn note(&self, change: impl FnOnce(&mut Snapshot)) -> Result<()> {
        self.ledger
            .change(|document| change(document.snapshot.get_or_insert_default()))
            .await
    }
}

/// Whether a job will never give its results.
fn is_over(error: &headwater_salesforce::Error) -> bool {
    error.kind() == Kind::NotFound || matches!(error, headwater_salesforce::Error::Job { .. })
}

fn new_mark() -> Mark {
    Mark {
        replay_id: None,
        commit_number: 0,
        committed_at: None,
        since: Utc::now(),
    }
}
