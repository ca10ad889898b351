//! What works for a subscription without being asked: pushing, exporting, burying the dead; and the sweeper, which
//! removes what nobody needs any more.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::delivery::subscriber::Subscriber;
use crate::service::Service;

/// How long work pauses after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// Begins the work that a subscription's settings ask for, in place of what ran before.
    pub(crate) fn restart_background(self: &Arc<Self>, subscriber: &Arc<Subscriber>) {
        let stop = self.stop.child_token();
        let mut running = subscriber.background.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *running, stop.clone()).cancel();
        drop(running);
        let settings = subscriber.settings();
        let subscription = &settings.subscription;
        if subscription.detached {
            return;
        }
        if subscription.dead_letter_policy.is_some() {
            self.run_until(stop.clone(), self.clone().keep_burying(subscriber.clone()));
        }
        let pushes = subscription
            .push_config
            .as_ref()
            .is_some_and(|push| !push.push_endpoint.is_empty());
        if pushes {
            self.run_until(stop.clone(), self.clone().keep_pushing(subscriber.clone()));
        }
        if subscription.bigquery_config.is_some() {
            self.run_until(stop, self.clone().keep_exporting(subscriber.clone()));
        }
    }

    fn run_until(&self, stop: CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
        let work = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        };
        // The store's thread comes here too, and it is no thread of the runtime's.
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Watches for messages that die, whether somebody pulls or not.
    async fn keep_burying(self: Arc<Self>, subscriber: Arc<Subscriber>) {
        let mut changes = subscriber.changes();
        loop {
            changes.borrow_and_update();
            let next_timer = {
                let mut backlog = subscriber.lock();
                backlog.tick(self.now(), &subscriber.settings().terms);
                backlog.next_timer()
            };
            if let Err(refusal) = self.bury_dead(&subscriber).await {
                tracing::warn!(%refusal, "dead messages are not moved");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.sleep_until(next_timer) => {}
            }
        }
    }
}
