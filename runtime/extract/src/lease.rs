//! The fence around an object: at most one run works on it, and one that was stalled finds out before it commits.
//!
//! `lease.json` is written only against the generation that was read, so of two runs that want it one wins. A holder
//! renews it; a holder that died is taken over when its lease expires, or at once when it was an earlier attempt of the
//! same task of the same execution. `fence` rises with every change of hands.

use std::time::Duration;

use chrono::{DateTime, Utc};
use headwater_cloud::Kind;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::errors::{Error, Result};
use crate::lake::Lake;

/// Who holds, or held, the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeaseDocument {
    /// Rises with every change of hands.
    pub fence: u64,
    /// The holder; absent when it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// By the holder's clock.
    pub expires_at: DateTime<Utc>,
}

/// One attempt of one task of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub run: String,
    pub task: u32,
    pub attempt: u32,
    /// Tells apart two processes that believe to be the same attempt.
    pub nonce: String,
}

/// What to do about a lease that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Take it, with this fence.
    Take(u64),
    /// Somebody holds it.
    Held,
}

/// Decides whether `me` may take a lease. `silent` is how long the lease has been seen unchanged.
pub(crate) fn judge(
    found: Option<&LeaseDocument>,
    me: &Holder,
    now: DateTime<Utc>,
    silent: Duration,
    ttl: Duration,
) -> Verdict {
    let Some(lease) = found else {
        return Verdict::Take(1);
    };
    let take = Verdict::Take(lease.fence + 1);
    let Some(holder) = &lease.holder else {
        return take;
    };
    let earlier_self = holder.run == me.run && holder.task == me.task && holder.attempt < me.attempt;
    // The holder's clock may be wrong; a lease that nobody renewed for its whole life before our eyes is dead too.
    if earlier_self || now >= lease.expires_at || silent >= ttl {
        return take;
    }
    Verdict::Held
}

/// A lease that this process holds. Renews itself until it is released or dropped.
pub(crate) struct Lease {
    lake: Lake,
    name: String,
    fence: u64,
    ttl: Duration,
    me: Holder,
    lost: watch::Receiver<bool>,
    stop: CancellationToken,
    renewal: Option<JoinHandle<()>>,
    state: std::sync::Arc<tokio::sync::Mutex<i64>>,
}

impl Lease {
    /// Takes the lease, waiting for a dead holder's to expire. A holder that shows life ends the wait.
    pub async fn acquire(lake: &Lake, name: &str, me: Holder, ttl: Duration) -> Result<Self> {
        let mut seen: Option<(i64, std::time::Instant)> = None;
        let mut told = false;
        loop {
            let found = lake.read::<LeaseDocument>(name).await?;
            let generation = found.as_ref().map_or(0, |found| found.generation);
            let document = found.map(|found| found.value);
            let since = match seen {
                Some((earlier, since)) if earlier == generation => since,
                Some(_) => {
                    // Renewed, or taken by a third: in either case somebody is at work.
                    if let Some(error) = document.as_ref().and_then(busy) {
                        return Err(error);
                    }
                    std::time::Instant::now()
                }
                None => std::time::Instant::now(),
            };
            seen = Some((generation, since));
            match judge(document.as_ref(), &me, Utc::now(), since.elapsed(), ttl) {
                Verdict::Take(fence) => {
                    let lease = LeaseDocument {
                        fence,
                        holder: Some(me.clone()),
                        expires_at: expiry(ttl),
                    };
                    match lake.write(name, &lease, generation).await {
                        Ok(generation) => {
                            tracing::info!(step = "lease_acquired", fence, "step");
                            return Ok(Self::start(lake.clone(), name.to_owned(), fence, me, ttl, generation));
                        }
                        Err(error) if error.kind() == Kind::PreconditionFailed => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Verdict::Held => {
                    if !told {
                        tracing::info!("another run holds the lease, waiting to see whether it is alive");
                        told = true;
                    }
                    tokio::time::sleep((ttl / 20).max(Duration::from_millis(50))).await;
                }
            }
        }
    }

    fn start(lake: Lake, name: String, fence: u64, me: Holder, ttl: Duration, generation: i64) -> Self {
        let state = std::sync::Arc::new(tokio::sync::Mutex::new(generation));
        let (tell, lost) = watch::channel(false);
        let stop = CancellationToken::new();
        let renewal = tokio::spawn({
            let (lake, name, me, state, stop) = (lake.clone(), name.clone(), me.clone(), state.clone(), stop.clone());
            async move {
                loop {
                    tokio::select! {
                        () = tokio::time::sleep(ttl / 3) => {}
                        () = stop.cancelled() => return,
                    }
                    match renew(&lake, &name, fence, &me, ttl, &state).await {
                        Ok(()) => {}
                        Err(Error::Fenced { .. }) => {
                            tracing::warn!("the lease was taken over");
                            let _ = tell.send(true);
                            return;
                        }
                        // The next turn tries again; when none succeeds, the check before the commit does not either.
                        Err(error) => tracing::warn!(code = error.code(), "the lease could not be renewed"),
                    }
                }
            }
        });
        Self {
            lake,
            name,
            fence,
            ttl,
            me,
            lost,
            stop,
            renewal: Some(renewal),
            state,
        }
    }

    /// Proves, by renewing, that this process still holds the object.
    pub async fn check(&self) -> Result<()> {
        renew(&self.lake, &self.name, self.fence, &self.me, self.ttl, &self.state).await
    }

    /// Resolves when somebody took over.
    pub async fn lost(&self) {
        let mut lost = self.lost.clone();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Gives it back, so that the next run need not wait.
    pub async fn release(mut self) {
        // A renewal under way is waited for: aborted between sending and noting, it would leave a generation unknown.
        self.stop.cancel();
        if let Some(renewal) = self.renewal.take() {
            let _ = renewal.await;
        }
        let generation = *self.state.lock().await;
        let lease = LeaseDocument {
            fence: self.fence,
            holder: None,
            expires_at: Utc::now(),
        };
        // When this fails, the lease expires by itself.
        if let Err(error) = self.lake.write(&self.name, &lease, generation).await {
            tracing::debug!(kind = ?error.kind(), "the lease was not given back");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn expiry(ttl: Duration) -> DateTime<Utc> {
    Utc::now() + chrono::TimeDelta::from_std(ttl).unwrap_or_default()
}

fn busy(lease: &LeaseDocument) -> Option<Error> {
    let holder = lease.holder.as_ref()?;
    Some(Error::Busy {
        run: holder.run.clone(),
        until: lease.expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    })
}

async fn renew(
    lake: &Lake,
    name: &str,
    fence: u64,
    me: &Holder,
    ttl: Duration,
    state: &tokio::sync::Mutex<i64>,
) -> Result<()> {
    let mut generation = state.lock().await;
    let lease = LeaseDocument {
        fence,
        holder: Some(me.clone()),
        expires_at: expiry(ttl),
    };
    match lake.write(name, &lease, *generation).await {
        Ok(new) => {
            *generation = new;
            Ok(())
        }
        // Gone (the pipeline was destroyed) or another generation (taken over): not ours any more.
        Err(error) if matches!(error.kind(), Kind::PreconditionFailed | Kind::NotFound) => Err(Error::Fenced {
            what: "the lease has another holder",
        }),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(run: &str, attempt: u32) -> Holder {
        Holder {
            run: run.into(),
            task: 0,
            attempt,
            nonce: String::new(),
        }
    }

    #[test]
    fn who_may_take() {
        let now = Utc::now();
        let ttl = Duration::from_secs(30);
        let later = now + chrono::TimeDelta::seconds(10);
        let earlier = now - chrono::TimeDelta::seconds(1);
        let lease = |holder, expires_at| {
            Some(LeaseDocument {
                fence: 4,
                holder,
                expires_at,
            })
        };
        let me = holder("r2", 1);
        let cases = [
            ("absent", None, 0, Verdict::Take(1)),
            ("given back", lease(None, later), 0, Verdict::Take(5)),
            ("another run", lease(Some(holder("r1", 0)), later), 0, Verdict::Held),
            (
                "another run, expired",
                lease(Some(holder("r1", 0)), earlier),
                0,
                Verdict::Take(5),
            ),
            (
                "another run, silent",
                lease(Some(holder("r1", 0)), later),
                30,
                Verdict::Take(5),
            ),
            (
                "my earlier attempt",
                lease(Some(holder("r2", 0)), later),
                0,
                Verdict::Take(5),
            ),
            (
                "my own attempt in another process",
                lease(Some(holder("r2", 1)), later),
                0,
                Verdict::Held,
            ),
            (
                "my later attempt",
                lease(Some(holder("r2", 2)), later),
                0,
                Verdict::Held,
            ),
        ];
        for (name, found, silent, expected) in cases {
            let verdict = judge(found.as_ref(), &me, now, Duration::from_secs(silent), ttl);
            assert_eq!(verdict, expected, "{name}");
        }
        let other_task = Holder {
            task: 1,
            ..holder("r2", 0)
        };
        let found = lease(Some(other_task), later);
        assert_eq!(judge(found.as_ref(), &me, now, Duration::ZERO, ttl), Verdict::Held);
    }
}
