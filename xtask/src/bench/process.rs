//! A process from outside: wall time, CPU time, peak memory. Not what it does.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::{Error, Result, fail};

/// What a finished process cost.
#[derive(Debug)]
pub struct Cost {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub peak_memory_mb: f64,
    pub stdout: String,
}

/// Runs a program to its end. Peak memory is the kernel's high-water mark of the resident set, read every 10 ms: it only
/// rises, so the last reading is at most 10 ms old.
pub fn measure(command: &mut Command) -> Result<Cost> {
    let out = std::env::temp_dir().join(format!("headwater-bench-{}", std::process::id()));
    let since = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out)?)
        .spawn()?;
    let (mut peak, mut cpu) = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let pid = child.id();
        peak = peak.max(high_water(pid).unwrap_or_default());
        cpu = cpu.max(cpu_seconds(pid).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(10));
    };
    let seconds = since.elapsed().as_secs_f64();
    let stdout = std::fs::read_to_string(&out)?;
    std::fs::remove_file(&out)?;
    if !status.success() {
        return fail(format!("{command:?} ended with {status}: {stdout}"));
    }
    if peak == 0.0 {
        return Err(Error("the process's memory could not be read from /proc".into()));
    }
    Ok(Cost {
        seconds,
        cpu_seconds: cpu,
        peak_memory_mb: peak,
        stdout,
    })
}

/// A process that lived and ended.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// From start to exit, whomever it waited for.
    pub seconds: f64,
    /// What it used of a processor itself, as last seen.
    pub cpu_seconds: f64,
}

/// The lives of the processes that another starts, until that other ends: from when each is first seen to when it is first gone
/// or a zombie. Looked at every quarter of a millisecond, which is how exact it is. To look for children takes
/// much of a processor, so while one lives only that one is looked at; two at a time are not expected.
pub fn lives(parent: &mut Child) -> Vec<Life> {
    const PAUSE: Duration = Duration::from_micros(250);
    let mut lives = Vec::new();
    while matches!(parent.try_wait(), Ok(None)) {
        for pid in children(parent.id()) {
            let since = Instant::now();
            let mut cpu_seconds = 0.0_f64;
            while program(pid).is_some() {
                cpu_seconds = cpu_seconds.max(on_processor(pid));
                std::thread::sleep(PAUSE);
            }
            lives.push(Life {
                seconds: since.elapsed().as_secs_f64(),
                cpu_seconds,
            });
        }
        std::thread::sleep(PAUSE);
    }
    lives
}

/// How long the threads of a process were on a processor, to the nanosecond: ticks are longer than such a life.
fn on_processor(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}

/// The program that a process runs; none when it has ended, waited for or not.
fn program(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The living children of a process, as the kernel lists them under each of its threads. One that still is its parent's copy,
/// before it becomes a program of its own, does not count.
pub fn children(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let children: Vec<u32> = lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect();
    let parents = program(parent);
    children
        .into_iter()
        .filter(|pid| program(*pid).is_some_and(|its| Some(its) != parents))
        .collect()
}

/// The largest resident set that a process has had, in MiB.
pub fn high_water(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// The CPU time that a process has used, user and system.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the command's name in parentheses: user time is the 12th field, system time the 13th, in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
