//! Processes of tasks: started so that they die with the local cloud, ended with grace.

use std::fs;
use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// Between SIGTERM and SIGKILL, as on Cloud Run.
pub(super) const GRACE: Duration = Duration::from_secs(10);

type Request = (Command, oneshot::Sender<io::Result<Child>>);

/// Starts processes from one thread that lives as long as the local cloud does.
///
/// Linux sends a child the signal that it chose for its parent's death when the *thread* that forked it ends. Threads of
/// the async runtime come and go; this one does not.
pub(crate) struct Spawner {
    queue: Sender<Request>,
}

impl Spawner {
    pub(crate) fn new() -> io::Result<Spawner> {
        let (queue, requests) = channel::<Request>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("task-spawner".into()).spawn(move || {
            let _entered = runtime.enter();
            for (mut command, answer) in requests {
                drop(answer.send(command.spawn()));
            }
        })?;
        Ok(Spawner { queue })
    }

    /// Starts a process in a group of its own. It is killed when the local cloud dies, however that happens.
    pub(super) async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.process_group(0).kill_on_drop(true);
        die_with_parent(&mut command);
        let (answer, wait) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes is gone");
        self.queue.send((command, answer)).map_err(|_| gone())?;
        wait.await.map_err(|_| gone())?
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    let parent = nix::unistd::getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. Both are plain system calls; nothing is
    // allocated and no lock is taken.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The parent may have died before the signal was chosen.
            if nix::unistd::getppid() != parent {
                return Err(io::Error::from(io::ErrorKind::BrokenPipe));
            }
            Ok(())
        });
    }
}

/// Elsewhere a process outlives a killed local cloud until the next start, which ends it.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

/// The process group that a child leads.
pub(super) fn group(child: &Child) -> Option<Pid> {
    child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
}

/// Ends a process and all of its group: SIGTERM, time to finish, SIGKILL.
pub(super) async fn terminate(child: &mut Child) -> io::Result<ExitStatus> {
    let Some(group) = group(child) else {
        return child.wait().await;
    };
    _ = killpg(group, Signal::SIGTERM);
    let ended = tokio::time::timeout(GRACE, child.wait()).await;
    _ = killpg(group, Signal::SIGKILL);
    match ended {
        Ok(status) => status,
        Err(_) => child.wait().await,
    }
}

/// Ends what may be left of an attempt whose local cloud is gone: the processes in its group that belong to the execution.
/// Their environment is asked, because the number may long be somebody else's.
pub(super) fn kill_leftovers(leader: u32, execution: &str) {
    let mark = format!("CLOUD_RUN_EXECUTION={execution}");
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let in_group =
            nix::unistd::getpgid(Some(Pid::from_raw(pid))).is_ok_and(|group| group.as_raw() as u32 == leader);
        if !in_group {
            continue;
        }
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
        {
            _ = nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
