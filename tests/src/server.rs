//! A server of ours as a child process: started, found by the line of JSON that it prints, killed when dropped.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    /// What it printed when it was ready.
    pub ready: Value,
}

impl Server {
    /// Starts `command` and waits for its line of JSON; its log goes to `log`.
    pub fn start(command: &mut Command, log: PathBuf) -> Self {
        let said = log.with_extension("ready");
        let append = |path: &PathBuf| {
            std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .unwrap()
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&said).unwrap())
            .stderr(append(&log))
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        let ready = crate::wait_for(
            &format!("{command:?} is ready; see {}", log.display()),
            Duration::from_secs(180),
            || {
                if let Some(status) = child.try_wait().unwrap() {
                    panic!(
                        "{command:?} ended with {status}: {}",
                        std::fs::read_to_string(&log).unwrap_or_default()
                    );
                }
                let text = std::fs::read_to_string(&said).unwrap_or_default();
                let line = text.split_inclusive('\n').find(|l| l.ends_with('\n'))?;
                Some(serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            },
        );
        Self { child, log, ready }
    }

    /// Where it serves.
    pub fn base_url(&self) -> &str {
        self.ready["base_url"].as_str().unwrap()
    }

    /// The port in [`Server::base_url`].
    pub fn port(&self) -> u16 {
        self.base_url()
            .rsplit(':')
            .next()
            .unwrap()
            .trim_end_matches('/')
            .parse()
            .unwrap()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for its end.
    pub fn stop(&mut self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
        self.child.wait().unwrap();
    }

    /// Everything that it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
