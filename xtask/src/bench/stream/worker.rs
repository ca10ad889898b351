//! `headwater stream --apply-only` as a process: what it says of its progress, and what it costs.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::process::{cpu_seconds, high_water};
use crate::shell::{Result, fail};

/// The longest that no event may become durable.
const PATIENCE: Duration = Duration::from_secs(120);

/// A worker; killed when it is dropped.
pub(super) struct Worker {
    child: Child,
    metrics: String,
}

/// What draining a subscription cost, from the first message on; the CPU is that of the whole process, its start included.
#[derive(Debug)]
pub(super) struct Drained {
    pub events_per_second: f64,
    pub cpu_seconds: f64,
    pub peak_memory_mb: f64,
    /// When a quarter was done.
    pub early_peak_memory_mb: f64,
}

impl Worker {
    pub fn start(headwater: &Path, endpoint: &str, spec: &str, dir: &Path) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(headwater)
            .args([
                "stream",
                "--json",
                "--log-format",
                "json",
                "--apply-only",
                "--spec",
                spec,
            ])
            .args(["--metrics-address", &format!("127.0.0.1:{port}")])
            .env("HEADWATER_ENDPOINT", endpoint)
            .env("HEADWATER_PROJECT", "bench")
            .env("HEADWATER_REGION", "local")
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(dir.join("worker.out"))?)
            .stderr(std::fs::File::create(dir.join("worker.log"))?)
            .spawn()?;
        let worker = Self {
            child,
            metrics: format!("http://127.0.0.1:{port}/metrics"),
        };
        let since = Instant::now();
        while worker.counter("messages_received_total").is_err() {
            if since.elapsed() > PATIENCE {
                return fail(format!("the worker does not serve its metrics; see {}", dir.display()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(worker)
    }

    fn counter(&self, name: &str) -> Result<f64> {
        let text = ureq::get(&self.metrics).call()?.body_mut().read_to_string()?;
        let line = text.lines().find_map(|line| {
            let (key, value) = line.rsplit_once(' ')?;
            let named = key.split('{').next() == Some(&format!("headwater_stream_{name}"));
            named.then(|| value.parse().ok()).flatten()
        });
        match line {
            Some(value) => Ok(value),
            None => fail(format!("no metric {name}")),
        }
    }

    /// Waits until so many events are acknowledged, and ends the worker.
    pub fn drain(mut self, events: f64) -> Result<Drained> {
        let mut began = None;
        let mut early = None;
        let mut progress = (0.0, Instant::now());
        let seconds = loop {
            if let Some(status) = self.child.try_wait()? {
                return fail(format!("the worker ended with {status}"));
            }
            if began.is_none() && self.counter("messages_received_total")? > 0.0 {
                began = Some(Instant::now());
            }
            let acknowledged = self.counter("messages_acknowledged_total")?;
            if early.is_none() && acknowledged >= events / 4.0 {
                early = high_water(self.child.id());
            }
            if let (true, Some(began)) = (acknowledged >= events, began) {
                break began.elapsed().as_secs_f64();
            }
            if acknowledged > progress.0 {
                progress = (acknowledged, Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                return fail(format!("the worker stands at {acknowledged} of {events} events"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let (Some(peak), Some(cpu), Some(early)) = (high_water(self.child.id()), cpu_seconds(self.child.id()), early)
        else {
            return fail("the worker's cost could not be read from /proc");
        };
        Ok(Drained {
            events_per_second: events / seconds,
            cpu_seconds: cpu,
            peak_memory_mb: peak,
            early_peak_memory_mb: early,
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
