//! What an operation is given besides its model: the provider's client, cancellation, private state, a place for warnings.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tfplugin_proto::Value;
use tokio_util::sync::CancellationToken;

use crate::convert::{self, Model};
use crate::pipeline::lookup;
use crate::{Deferral, Diagnostic, Diagnostics, Path, Private, Refinements, Result, Schema};

/// The surroundings of one operation.
pub struct Cx {
    pub(crate) schema: Arc<Schema>,
    pub(crate) provider: Option<Arc<dyn Any + Send + Sync>>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) deadline: Option<Instant>,
    pub(crate) config: Value,
    pub(crate) private: Private,
    pub(crate) applying: bool,
    pub(crate) may_defer: bool,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) promises: Vec<(Path, Refinements)>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) replace: Vec<Path>,
    pub(crate) recorded: Option<Value>,
    /// What a recorded state takes from the plan because a model cannot express it.
    pub(crate) base: Value,
}

impl Cx {
    pub(crate) fn new(schema: Arc<Schema>, cancelled: CancellationToken) -> Self {
        Cx {
            schema,
            provider: None,
            cancelled,
            deadline: None,
            config: Value::Null,
            private: Private::default(),
            applying: false,
            may_defer: false,
            deferred: None,
            promises: Vec::new(),
            diagnostics: Diagnostics::new(),
            replace: Vec::new(),
            recorded: None,
            base: Value::Null,
        }
    }

    /// For unit tests of a resource: a context with this provider data and configuration.
    pub fn for_test(schema: Schema, provider: Arc<dyn Any + Send + Sync>, config: Value) -> Self {
        let mut cx = Cx::new(Arc::new(schema), CancellationToken::new());
        cx.provider = Some(provider);
        cx.config = config;
        cx
    }

    /// What [`Provider::configure`](crate::Provider::configure) returned. Not available in `validate`, which is offline.
    pub fn provider<T: Any + Send + Sync>(&self) -> Result<Arc<T>, Diagnostic> {
        let data = self.provider.clone().ok_or_else(|| {
            Diagnostic::error("the provider is not configured yet")
                .detail("This operation needs the provider's settings, which Terraform has not sent.")
        })?;
        data.downcast::<T>().map_err(|_| {
            Diagnostic::error("the provider's data has another type").detail(
                "This is a bug in the provider: `Cx::provider` was asked for a type that `configure` does not return.",
            )
        })
    }

    /// Fires when the user interrupts Terraform or the operation's time is up. Long waits must watch it.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// How long this operation may still take. `None`: no limit.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The configuration as a model. At create and update this is where write-only values are found; they are null
    /// in the planned model. Available in plan, create, update, and data sources' read.
    pub fn config<M: Model>(&self) -> Result<M> {
        convert::from_value(&self.config, &self.schema)
    }

    /// The configuration as a raw value (with refinements of unknowns), `Null` where there is none.
    pub fn raw_config(&self) -> &Value {
        &self.config
    }

    /// What is known already about an unknown value in the configuration: a prefix, bounds, that it will not be null.
    pub fn refinements(&self, path: impl Into<Path>) -> Option<&Refinements> {
        lookup(&self.config, &path.into())?.refinements()
    }

    /// In a plan: what is certain about a computed value that is unknown still, such as
    /// `cx.promise("url", Refinements::not_null().starting_with("https://"))`. Terraform computes with it. It binds: the
    /// apply must keep it. Ignored where the value is known or set by the user.
    pub fn promise(&mut self, path: impl Into<Path>, known: Refinements) {
        self.promises.push((path.into(), known));
    }

    /// Whether this client lets operations be put off until a later run. Ordinary runs do not while they plan, and seem
    /// to while they apply, when nothing is unknown any more: so ask only when something really is not known.
    pub fn may_defer(&self) -> bool {
        self.may_defer
    }

    /// In plan, read, import, a data source's read and an ephemeral resource's open: this must wait for a later run,
    /// because too much is unknown. What is returned then shows as a preview only. An error for the user where the client
    /// does not allow it.
    pub fn defer(&mut self, why: Deferral) -> Result<(), Diagnostic> {
        if self.may_defer {
            self.deferred = Some(why);
            return Ok(());
        }
        let (summary, hint) = why.refusal();
        Err(Diagnostic::error(summary).hint(hint))
    }

    /// What the resource remembers beside its state.
    pub fn private(&mut self) -> &mut Private {
        &mut self.private
    }

    /// A hint, not a promise: whether this is the plan inside `terraform apply`, after the user has agreed. Costly or
    /// repeated *informational* checks can be skipped then; never anything that safety depends on.
    pub fn is_applying(&self) -> bool {
        self.applying
    }

    /// Shows a message beside the result. An error makes the operation fail, whatever it returns.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostics>) {
        self.diagnostics.extend(diagnostic.into());
    }

    /// In a plan: the change at this path cannot be done in place. Ignored unless the value there changes.
    pub fn require_replace(&mut self, path: impl Into<Path>) {
        self.replace.push(path.into());
    }

    /// In create and update: what exists so far. If the operation fails later, this goes into the state (after a failed
    /// create the object is tainted), so that nothing that was made is forgotten. Unknown values in it become null.
    pub fn record<M: Model>(&mut self, state: &M) -> Result<()> {
        self.recorded = Some(convert::to_value(state, &self.schema, &self.base)?);
        Ok(())
    }
}
