//! A server of ours in the background, for a task: found by the line of JSON that it prints.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shell::{Result, fail};

/// A server in the background, killed when dropped.
pub struct Server {
    child: Child,
    /// Where it serves.
    pub url: String,
}

impl Server {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a local cloud that keeps everything in `data`.
    pub fn local_cloud(headwater: &Path, project: &str, data: &Path, dir: &Path) -> Result<Self> {
        let mut up = Command::new(headwater);
        up.args([
            "local",
            "up",
            "--json",
            "--port",
            "0",
            "--project",
            project,
            "--data-dir",
        ]);
        Self::start(up.arg(data), dir, "cloud")
    }

    /// Starts `command` and waits for the line of JSON that says where it serves; what it says goes to files in `dir`.
    pub fn start(command: &mut Command, dir: &Path, name: &str) -> Result<Self> {
        let file = |ending: &str| -> PathBuf { dir.join(format!("{name}.{ending}")) };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(file("ready"))?)
            .stderr(std::fs::File::create(file("log"))?)
            .spawn()?;
        let since = Instant::now();
        loop {
            let said = std::fs::read_to_string(file("ready"))?;
            if let Some(line) = said.split_inclusive('\n').find(|l| l.ends_with('\n')) {
                let ready: Value = serde_json::from_str(line)?;
                let url = ready["base_url"].as_str().unwrap_or_default().to_owned();
                return Ok(Self { child, url });
            }
            if let Some(status) = child.try_wait()? {
                return fail(format!("{name} ended with {status}; see {}", file("log").display()));
            }
            if since.elapsed() > Duration::from_secs(120) {
                return fail(format!("{name} was not ready within two minutes"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
