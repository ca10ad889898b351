//! Around every call into a provider's code: panics become diagnostics, time limits are kept.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::schema::{TIMEOUTS, spell_duration};
use crate::{Cx, Diagnostic, Diagnostics, Path, Result};

/// How long an operation may take to clean up when its time is over, before it is dropped.
const CLEAN_UP: Duration = Duration::from_secs(5);

/// What the operation is called, and how long it may take.
pub(super) struct Guard {
    what: String,
    operation: &'static str,
    limit: Option<Duration>,
    cancel: CancellationToken,
}

impl Guard {
    /// Gives the operation its own cancellation and deadline. `what` is the resource's name.
    pub(super) fn new(cx: &mut Cx, what: &str, operation: &'static str, limit: Option<Duration>) -> Self {
        let cancel = cx.cancelled.child_token();
        cx.cancelled = cancel.clone();
        cx.deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        Guard {
            what: what.to_owned(),
            operation,
            limit,
            cancel,
        }
    }

    pub(super) async fn run<T>(self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let mut work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
        let outcome = match self.limit {
            None => work.await,
            Some(limit) => tokio::select! {
                biased;
                outcome = &mut work => outcome,
                () = tokio::time::sleep(limit) => {
                    self.cancel.cancel();
                    match tokio::time::timeout(CLEAN_UP, work).await {
                        Ok(Ok(Err(found))) => return Err(self.late(limit, found)),
                        Ok(outcome) => outcome,
                        Err(_) => return Err(self.late(limit, Diagnostics::new())),
                    }
                }
            },
        };
        outcome.unwrap_or_else(|panic| Err(self.panicked(panic.as_ref())))
    }

    fn late(&self, limit: Duration, mut found: Diagnostics) -> Diagnostics {
        let Guard { what, operation, .. } = self;
        let limit = spell_duration(limit);
        found.push(
            Diagnostic::error(format!("{what}: {operation} was given up after {limit}"))
                .hint(format!(
                    "If it needs longer, raise `timeouts = {{ {operation} = \"{limit}\" }}`."
                ))
                .at(Path::attr(TIMEOUTS).child(*operation)),
        );
        found
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Diagnostics {
        panic_diagnostic(&format!("{} of {}", self.operation, self.what), panic).into()
    }
}

/// A panic as a user shall see it.
pub(super) fn panic_diagnostic(what: &str, panic: &(dyn Any + Send)) -> Diagnostic {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(what, "a panic was caught");
    Diagnostic::error(format!("the provider failed unexpectedly in {what}"))
        .detail(text.unwrap_or("there is no further message"))
        .hint("This is a bug in the provider. Please report it, with the log that `TF_LOG=DEBUG` writes.")
}
