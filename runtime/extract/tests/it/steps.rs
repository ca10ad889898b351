//! Freezing a run at one of its steps. Each step is a log event with a field `step`; a run that is to be frozen lives on
//! one thread, which stops dead inside that event: its leases are not renewed, nothing is cleaned up, and to everybody
//! else it looks killed. Released later, it is the run that was stalled and comes back.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, LazyLock, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

static GATES: LazyLock<Mutex<HashMap<String, Arc<Gate>>>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct State {
    seen: Vec<String>,
    frozen: bool,
    released: bool,
}

/// Watches one run, and freezes it at its n-th step.
pub struct Gate {
    at: Option<usize>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    /// For the run of this name; `at` counts steps from 0.
    pub fn new(run: &str, at: Option<usize>) -> Arc<Self> {
        install();
        let gate = Arc::new(Self {
            at,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        GATES.lock().expect("gates").insert(run.to_owned(), gate.clone());
        gate
    }

    /// The steps so far.
    pub fn seen(&self) -> Vec<String> {
        self.state.lock().expect("state").seen.clone()
    }

    pub fn is_frozen(&self) -> bool {
        self.state.lock().expect("state").frozen
    }

    /// Lets the run go on.
    pub fn release(&self) {
        self.state.lock().expect("state").released = true;
        self.changed.notify_all();
    }

    fn reach(&self, step: String) {
        let mut state = self.state.lock().expect("state");
        let number = state.seen.len();
        state.seen.push(step);
        if self.at == Some(number) {
            state.frozen = true;
            while !state.released {
                state = self.changed.wait(state).expect("state");
            }
        }
    }
}

struct Steps;
struct Run(String);

#[derive(Default)]
struct Fields {
    run: Option<String>,
    step: Option<String>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let slot = match field.name() {
            "run" => &mut self.run,
            "step" => &mut self.step,
            _ => return,
        };
        *slot = Some(format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Steps {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(run), Some(span)) = (fields.run, context.span(id)) {
            span.extensions_mut().insert(Run(run));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(step) = fields.step else { return };
        let run = context
            .event_scope(event)
            .and_then(|mut scope| scope.find_map(|span| span.extensions().get::<Run>().map(|run| run.0.clone())));
        let gate = run.and_then(|run| GATES.lock().expect("gates").get(&run).cloned());
        if let Some(gate) = gate {
            gate.reach(step);
        }
    }
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_filter(tracing_subscriber::EnvFilter::from_default_env());
        let subscriber = tracing_subscriber::registry().with(Steps).with(log);
        // Another test binary's subscriber cannot be in the way: this is the only one of the process.
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
    });
}
