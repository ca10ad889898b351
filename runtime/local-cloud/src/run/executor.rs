//! Carrying out executions: tasks side by side, attempts one after the other.
//!
//! Every step is in the store before the next is taken. After a kill the next start finds which attempts were cut off and
//! counts each as a failed one, as Cloud Run does when a machine is lost.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::env::invocation;
use super::process::{Spawner, kill_leftovers, terminate};
use super::record::{Execution, ExecutionName, Task, TaskState, Verdict};
use super::template::{integer, timeout};
use super::{logs, process};
use crate::cloud::Cloud;
use crate::http::answer::{ApiError, chain};
use crate::store::{StoreError, View, under};

const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// What runs executions.
pub(crate) struct Executor {
    pub(super) spawner: Spawner,
    running: Mutex<HashMap<String, CancellationToken>>,
}

impl Executor {
    pub(crate) fn new(spawner: Spawner) -> Executor {
        Executor {
            spawner,
            running: Mutex::default(),
        }
    }

    /// Ends an execution's tasks, if it runs.
    pub(crate) fn cancel(&self, name: &ExecutionName) {
        if let Ok(running) = self.running.lock()
            && let Some(token) = running.get(&name.full())
        {
            token.cancel();
        }
    }

    /// Ends all executions' tasks.
    pub(crate) fn cancel_all(&self) {
        if let Ok(running) = self.running.lock() {
            running.values().for_each(CancellationToken::cancel);
        }
    }

    fn note(&self, name: &ExecutionName) -> CancellationToken {
        let token = CancellationToken::new();
        if let Ok(mut running) = self.running.lock() {
            running.insert(name.full(), token.clone());
        }
        token
    }

    fn forget(&self, name: &ExecutionName) {
        if let Ok(mut running) = self.running.lock() {
            running.remove(&name.full());
        }
    }
}

/// Begins to carry out an execution that is in the store.
pub(crate) fn start(cloud: &Arc<Cloud>, name: ExecutionName) {
    let cancel = cloud.executor.note(&name);
    let cloud = cloud.clone();
    cloud.tasks.clone().spawn(async move {
        if let Err(error) = carry_out(&cloud, &name, &cancel).await {
            tracing::error!(execution = %name.execution, error = %error.message, "execution not carried out");
        }
        cloud.executor.forget(&name);
    });
}

/// Goes on with the executions that an earlier process left.
pub(crate) async fn resume(cloud: &Arc<Cloud>) -> Result<(), ApiError> {
    let left: Vec<Execution> = cloud.store.snapshot()?.all(&under(&["run", "e"]))?;
    for execution in left.into_iter().filter(|execution| execution.completed.is_none()) {
        let name = execution.name.clone();
        let cut_off = cloud.store.write(move |txn| {
            let cut_off: Vec<Task> = execution
                .tasks(txn)?
                .into_iter()
                .filter(|task| task.state == TaskState::Running)
                .collect();
            for task in &cut_off {
                let mut task = task.clone();
                fail(
                    &mut task,
                    &execution,
                    None,
                    "The local cloud ended while the task ran.".to_owned(),
                );
                txn.put(execution.name.task_key(task.index), &task)?;
            }
            Ok::<_, StoreError>((cut_off, execution.cancelling))
        });
        let (cut_off, cancelling) = cut_off.await?;
        for pid in cut_off.iter().filter_map(|task| task.pid) {
            kill_leftovers(pid, &name.execution);
        }
        tracing::info!(execution = %name.execution, interrupted = cut_off.len(), "execution resumed");
        start(cloud, name.clone());
        if cancelling {
            cloud.executor.cancel(&name);
        }
    }
    Ok(())
}

fn max_retries(execution: &Execution) -> u32 {
    execution
        .template
        .get("maxRetries")
        .and_then(integer)
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(3)
}

/// Ends a failed attempt: there is another one, or the task has failed.
fn fail(task: &mut Task, execution: &Execution, exit: Option<i32>, message: String) {
    let now = Utc::now();
    task.pid = None;
    task.last_exit = exit;
    task.last_message = Some(message);
    task.updated = now;
    if task.attempt < max_retries(execution) {
        task.attempt += 1;
        task.state = TaskState::Pending;
    } else {
        task.state = TaskState::Failed;
        task.completed = Some(now);
    }
}

async fn carry_out(cloud: &Arc<Cloud>, name: &ExecutionName, cancel: &CancellationToken) -> Result<(), ApiError> {
    let at = name.clone();
    let begun = cloud.store.write(move |txn| {
        let Some(mut execution) = txn.get::<Execution>(&at.key())? else {
            return Ok(None);
        };
        if execution.started.is_none() {
            execution.started = Some(Utc::now());
            execution.updated = Utc::now();
            txn.put(at.key(), &execution)?;
        }
        let tasks = execution.tasks(txn)?;
        Ok::<_, StoreError>(Some((execution, tasks)))
    });
    let Some((execution, tasks)) = begun.await? else {
        return Ok(());
    };
    let width = if execution.parallelism == 0 {
        execution.task_count
    } else {
        execution.parallelism
    };
    let execution = &execution;
    let open = tasks.into_iter().filter(|task| !task.state.over());
    futures::stream::iter(open)
        .for_each_concurrent(width.max(1) as usize, |task| async move {
            let index = task.index;
            if let Err(error) = run_task(cloud, execution, task, cancel).await {
                tracing::error!(execution = %execution.name.execution, index, error = %error.message, "task not carried out");
            }
        })
        .await;
    if cloud.stop.is_cancelled() {
        return Ok(());
    }
    conclude(cloud, name).await
}

async fn conclude(cloud: &Cloud, name: &ExecutionName) -> Result<(), ApiError> {
    let at = name.clone();
    let concluded = cloud.store.write(move |txn| {
        let Some(mut execution) = txn.get::<Execution>(&at.key())? else {
            return Ok(None);
        };
        let tasks = execution.tasks(txn)?;
        let failed = tasks.iter().find(|task| task.state == TaskState::Failed);
        execution.verdict = Some(match failed {
            _ if tasks.iter().any(|task| task.state == TaskState::Cancelled) => Verdict::Cancelled,
            Some(task) => Verdict::Failed {
                message: format!(
                    "Task {} failed with message: {}",
                    task.id(&at),
                    task.last_message.as_deref().unwrap_or("it was not carried out")
                ),
            },
            None => Verdict::Succeeded,
        });
        execution.completed = Some(Utc::now());
        execution.updated = Utc::now();
        execution.version = txn.next_generation()?;
        txn.put(at.key(), &execution)?;
        Ok::<_, StoreError>(execution.verdict)
    });
    if let Some(verdict) = concluded.await? {
        tracing::info!(execution = %name.execution, ?verdict, "execution over");
    }
    Ok(())
}

/// Changes a task's document. `None`: the execution was deleted meanwhile.
async fn update(
    cloud: &Cloud,
    execution: &Execution,
    index: u32,
    change: impl FnOnce(&mut Task) + Send + 'static,
) -> Result<Option<Task>, ApiError> {
    let at = execution.name.task_key(index);
    let updated = cloud.store.write(move |txn| {
        let Some(mut task) = txn.get::<Task>(&at)? else {
            return Ok(None);
        };
        change(&mut task);
        task.updated = Utc::now();
        txn.put(at, &task)?;
        Ok::<_, StoreError>(Some(task))
    });
    Ok(updated.await?)
}

/// How an attempt ended.
enum Ended {
    Succeeded,
    Failed {
        exit: Option<i32>,
        message: String,
    },
    Cancelled,
    /// The local cloud stops; the next one goes on.
    Interrupted,
}

async fn run_task(
    cloud: &Arc<Cloud>,
    execution: &Execution,
    mut task: Task,
    cancel: &CancellationToken,
) -> Result<(), ApiError> {
    let mut backoff = FIRST_BACKOFF;
    loop {
        if cloud.stop.is_cancelled() {
            return Ok(());
        }
        let ended = if cancel.is_cancelled() {
            Ended::Cancelled
        } else {
            attempt(cloud, execution, &task, cancel).await?
        };
        let own = execution.clone();
        let after = match ended {
            Ended::Interrupted => return Ok(()),
            Ended::Succeeded => settle(TaskState::Succeeded, Some(0)),
            Ended::Cancelled => settle(TaskState::Cancelled, None),
            Ended::Failed { exit, message } => Box::new(move |task: &mut Task| fail(task, &own, exit, message)),
        };
        match update(cloud, execution, task.index, after).await? {
            Some(updated) if !updated.state.over() => task = updated,
            _ => return Ok(()),
        }
        tokio::select! {
            () = tokio::time::sleep(backoff) => {}
            () = cancel.cancelled() => {}
            () = cloud.stop.cancelled() => {}
        }
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

type Change = Box<dyn FnOnce(&mut Task) + Send>;

fn settle(state: TaskState, exit: Option<i32>) -> Change {
    Box::new(move |task| {
        task.state = state;
        task.pid = None;
        task.completed = Some(Utc::now());
        if exit.is_some() {
            task.last_exit = exit;
            task.last_message = None;
        }
    })
}

async fn attempt(
    cloud: &Arc<Cloud>,
    execution: &Execution,
    task: &Task,
    cancel: &CancellationToken,
) -> Result<Ended, ApiError> {
    let failed = |message: String| Ok(Ended::Failed { exit: None, message });
    let invocation = match invocation(cloud, execution, task).await {
        Ok(invocation) => invocation,
        Err(error) => return failed(error.message),
    };
    let log = logs::open(cloud, execution, task)?;
    let command = invocation.command(log)?;
    // Running before there is a process: a kill in between must not make the attempt free.
    let running = |task: &mut Task| {
        task.state = TaskState::Running;
        task.started.get_or_insert_with(Utc::now);
    };
    if update(cloud, execution, task.index, running).await?.is_none() {
        return Ok(Ended::Cancelled);
    }
    let mut child = match cloud.executor.spawner.spawn(command).await {
        Ok(child) => child,
        Err(error) => {
            return failed(format!("{} cannot be started: {}", invocation.program(), chain(&error)));
        }
    };
    let pid = child.id();
    let group = process::group(&child);
    update(cloud, execution, task.index, move |task| task.pid = pid).await?;
    tracing::debug!(execution = %execution.name.execution, index = task.index, attempt = task.attempt, pid, "task started");
    let limit = execution
        .template
        .get("timeout")
        .map_or(Ok(Duration::from_secs(600)), timeout)?;
    let ended = tokio::select! {
        status = child.wait() => {
            // A container's other processes end with its first one.
            if let Some(group) = group {
                _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            }
            verdict(status?)
        }
        () = tokio::time::sleep(limit) => {
            terminate(&mut child).await?;
            Ended::Failed { exit: None, message: "The configured timeout was reached.".to_owned() }
        }
        () = cancel.cancelled() => {
            terminate(&mut child).await?;
            Ended::Cancelled
        }
        () = cloud.stop.cancelled() => match terminate(&mut child).await? {
            status if status.success() => Ended::Succeeded,
            _ => Ended::Interrupted,
        },
    };
    Ok(ended)
}

fn verdict(status: ExitStatus) -> Ended {
    if status.success() {
        return Ended::Succeeded;
    }
    let exit = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    let message = match status.signal() {
        None => format!("The container exited with an error. Exit code: {exit}."),
        Some(signal) => format!("The container was ended by signal {signal}. Exit code: {exit}."),
    };
    Ended::Failed {
        exit: Some(exit),
        message,
    }
}
