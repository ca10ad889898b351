//! The executor: dependencies in parallel, at most so many at once, and nothing that waits by the clock. What one action does lives
//! in `action`, what is asked before the first begins in `prepare`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::Utc;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::action::{self, Progress};
use super::event::{ActionEvent, ActionReport, ActionState, RunReport, RunState};
use super::plan::Plan;
use super::prepare::{Prepared, prepare};
use super::warehouse::{Priority, Warehouse};

/// How a plan is executed.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// The most actions at work at once.
    pub parallel: usize,
    /// How often a statement that may be repeated is repeated after a transient failure. Operations never are.
    pub retries: u32,
    /// The pause before the first repetition; it doubles, and is jittered by up to its half.
    pub backoff: Duration,
    /// The most time for the whole run; then it is cancelled, and has failed.
    pub timeout: Option<Duration>,
    /// Labels of every job, beside those of an action.
    pub labels: BTreeMap<String, String>,
    /// Where jobs are made; `None` for the project's `defaultLocation`.
    pub location: Option<String>,
    /// How urgent the jobs are.
    pub priority: Priority,
    /// What the ids of jobs begin with: letters, digits, `_` and `-`.
    pub job_prefix: String,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            parallel: 16,
            retries: 3,
            backoff: Duration::from_secs(1),
            timeout: None,
            labels: BTreeMap::new(),
            location: None,
            priority: Priority::Interactive,
            job_prefix: "dataform".to_owned(),
        }
    }
}

/// What every action of a run shares.
pub(super) struct Context<'a> {
    pub plan: &'a Plan,
    pub warehouse: &'a dyn Warehouse,
    pub observer: &'a (dyn Fn(&ActionEvent) + Send + Sync),
    pub cancel: CancellationToken,
    pub settings: &'a RunSettings,
}

/// Executes a plan and waits for its end. Every change of an action's state is told to the observer, from within this call.
///
/// When `cancel` fires, what is at work is cancelled, what is not is not begun, and the report says which is which.
pub async fn run(
    plan: &Plan,
    warehouse: &dyn Warehouse,
    observer: &(dyn Fn(&ActionEvent) + Send + Sync),
    cancel: CancellationToken,
    settings: &RunSettings,
) -> RunReport {
    let started = Utc::now();
    let context = Context {
        plan,
        warehouse,
        observer,
        cancel: cancel.child_token(),
        settings,
    };
    let work = async {
        let prepared = prepare(&context).await;
        Schedule::new(&context).run(&prepared).await
    };
    let mut timed_out = false;
    let actions = {
        let mut work = std::pin::pin!(work);
        let time = async {
            match settings.timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            actions = &mut work => actions,
            () = time => {
                timed_out = true;
                context.cancel.cancel();
                work.await
            }
        }
    };
    let any = |state| actions.iter().any(|action: &ActionReport| action.state == state);
    let failure = settings.timeout.filter(|_| timed_out && any(ActionState::Cancelled)).map(|timeout| {
        format!("the run took longer than {timeout:?} and was cancelled; raise its timeout, or run fewer actions at once")
    });
    let state = if failure.is_some() {
        RunState::Failed
    } else if any(ActionState::Cancelled) {
        RunState::Cancelled
    } else if any(ActionState::Failed) {
        RunState::Failed
    } else {
        RunState::Succeeded
    };
    RunReport {
        state,
        failure,
        started,
        ended: Utc::now(),
        actions,
    }
}

/// Which actions may begin.
struct Schedule<'a> {
    context: &'a Context<'a>,
    reports: Vec<Option<ActionReport>>,
    /// How many of its dependencies have not ended.
    waits_for: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
}

impl<'a> Schedule<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let actions = &context.plan.actions;
        let mut dependents = vec![Vec::new(); actions.len()];
        for (place, action) in actions.iter().enumerate() {
            for dependency in &action.waits_for {
                if let Some(of) = dependents.get_mut(*dependency) {
                    of.push(place);
                }
            }
        }
        Self {
            context,
            reports: vec![None; actions.len()],
            waits_for: actions.iter().map(|action| action.waits_for.len()).collect(),
            dependents,
            ready: actions
                .iter()
                .enumerate()
                .filter(|(_, a)| a.waits_for.is_empty())
                .map(|(place, _)| place)
                .collect(),
        }
    }

    async fn run(mut self, prepared: &Prepared) -> Vec<ActionReport> {
        let context = self.context;
        let parallel = context.settings.parallel.max(1);
        let mut at_work = FuturesUnordered::new();
        loop {
            while at_work.len() < parallel
                && let Some(place) = self.ready.pop_first()
            {
                let Some(planned) = context.plan.actions.get(place) else {
                    continue;
                };
                let progress = Progress::new(context, &planned.action);
                match self.verdict(place) {
                    Some((state, failure)) => {
                        let report = progress.end(state, failure);
                        self.ended(place, report);
                    }
                    None => at_work.push(async move { (place, action::execute(progress, prepared).await) }),
                }
            }
            match at_work.next().await {
                Some((place, report)) => self.ended(place, report),
                None if self.ready.is_empty() => break,
                None => {}
            }
        }
        self.reports.into_iter().flatten().collect()
    }

    /// The state of an action that is not begun, all of whose dependencies have ended.
    fn verdict(&self, place: usize) -> Option<(ActionState, Option<String>)> {
        let planned = self.context.plan.actions.get(place)?;
        let stopped = planned.waits_for.iter().find_map(|dependency| {
            let report = self.reports.get(*dependency)?.as_ref()?;
            (!report.state.lets_on()).then_some(report)
        });
        if let Some(report) = stopped {
            return Some(match report.state {
                ActionState::Cancelled => (ActionState::Cancelled, Some("the run was cancelled".to_owned())),
                ActionState::Skipped => (ActionState::Skipped, Some(format!("{} was skipped", report.target))),
                _ => (ActionState::Skipped, Some(format!("{} failed", report.target))),
            });
        }
        if planned.action.disabled() {
            return Some((ActionState::Disabled, None));
        }
        if self.context.cancel.is_cancelled() {
            return Some((ActionState::Cancelled, Some("the run was cancelled".to_owned())));
        }
        None
    }

    fn ended(&mut self, place: usize, report: ActionReport) {
        if let Some(slot) = self.reports.get_mut(place) {
            *slot = Some(report);
        }
        for dependent in self.dependents.get(place).cloned().unwrap_or_default() {
            if let Some(waits_for) = self.waits_for.get_mut(dependent) {
                *waits_for = waits_for.saturating_sub(1);
                if *waits_for == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
    }
}
