//! What was found out, kept until it is found out anew. Whoever reads is given what is known at once, however old, and begins
//! the finding out in the background when it is too old; only where nothing is known yet, one waits, and not for long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

/// How long somebody waits who is the first to ask.
const FIRST: Duration = Duration::from_secs(3);

/// A value that is found out again and again.
pub struct Kept<T> {
    inner: Mutex<Inner<T>>,
    done: Notify,
}

struct Inner<T> {
    value: Option<Arc<T>>,
    at: Option<DateTime<Utc>>,
    failed: Option<Arc<str>>,
    tried: Option<Instant>,
    busy: bool,
}

/// What is known.
pub struct Seen<T> {
    /// The last that was found out.
    pub value: Option<Arc<T>>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Why finding it out failed the last time.
    pub failed: Option<Arc<str>>,
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            at: self.at,
            failed: self.failed.clone(),
        }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                value: None,
                at: None,
                failed: None,
                tried: None,
                busy: false,
            }),
            done: Notify::new(),
        }
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now, without asking anybody.
    pub fn known(&self) -> Seen<T> {
        let inner = self.lock();
        Seen {
            value: inner.value.clone(),
            at: inner.at,
            failed: inner.failed.clone(),
        }
    }

    /// What is known; `find` finds out anew, given what was known, when that is older than `fresh` says of it.
    pub async fn look<F>(
        self: &Arc<Self>,
        fresh: impl FnOnce(&T) -> Duration,
        find: impl FnOnce(Option<Arc<T>>) -> F,
    ) -> Seen<T>
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        let done = self.done.notified();
        tokio::pin!(done);
        done.as_mut().enable();
        let begin = {
            let mut inner = self.lock();
            // What could not be found out is tried again soon, but not at once.
            let within = match (&inner.value, &inner.failed) {
                (Some(value), None) => fresh(value),
                _ => Duration::from_secs(2),
            };
            let due = !inner.busy && inner.tried.is_none_or(|tried| tried.elapsed() >= within);
            inner.busy |= due;
            due.then(|| inner.value.clone())
        };
        if let Some(before) = begin {
            let finding = find(before);
            let turn = Turn(Arc::clone(self));
            tokio::spawn(async move {
                let found = finding.await;
                turn.settle(found);
            });
        }
        let known = self.known();
        if known.value.is_some() || known.failed.is_some() {
            return known;
        }
        tokio::time::timeout(FIRST, done).await.ok();
        self.known()
    }
}

/// Somebody's turn to find out; over when it is dropped, in whichever way that comes.
struct Turn<T: Send + Sync + 'static>(Arc<Kept<T>>);

impl<T: Send + Sync + 'static> Turn<T> {
    fn settle(&self, found: Result<T, String>) {
        let mut inner = self.0.lock();
        match found {
            Ok(value) => {
                inner.value = Some(Arc::new(value));
                inner.at = Some(Utc::now());
                inner.failed = None;
            }
            Err(why) => inner.failed = Some(why.into()),
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Turn<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.busy = false;
        inner.tried = Some(Instant::now());
        drop(inner);
        self.0.done.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: fn(&u32) -> Duration = |_| Duration::from_secs(3600);
    const NEVER: fn(&u32) -> Duration = |_| Duration::ZERO;

    #[tokio::test]
    async fn the_first_waits_and_the_others_are_given_what_is_known() {
        let kept: Arc<Kept<u32>> = Arc::default();
        assert_eq!(kept.look(LONG, |_| async { Ok(1) }).await.value.as_deref(), Some(&1));
        let fresh = kept.look(LONG, |_| async { Ok(2) }).await;
        assert_eq!(fresh.value.as_deref(), Some(&1));
        // One that never ends holds nobody up.
        let old = kept.look(NEVER, |_| std::future::pending()).await;
        assert_eq!(old.value.as_deref(), Some(&1));
    }

    #[tokio::test]
    async fn a_failure_is_told_beside_what_was_known() {
        let kept: Arc<Kept<u32>> = Arc::default();
        let none = kept.look(NEVER, |_| async { Err("no".to_owned()) }).await;
        assert!(none.value.is_none() && none.failed.as_deref() == Some("no"));
        let other: Arc<Kept<u32>> = Arc::default();
        other.look(NEVER, |_| async { Ok(1) }).await;
        other.look(NEVER, |_| async { Err("gone".to_owned()) }).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let known = other.known();
        assert_eq!(
            (known.value.as_deref(), known.failed.as_deref()),
            (Some(&1), Some("gone"))
        );
    }
}
