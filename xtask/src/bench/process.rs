//! A process from outside: wall time, CPU time, peak memory. Not what it does.

use std::process::{Command, Stdio};
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

/// The processes that a process started and that have not ended. They are looked for among those with higher numbers, which
/// is where new ones are.
pub fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|pid| *pid > parent && parent_of(*pid) == Some(parent))
        .collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The largest resident set that a process has had, in MiB.
pub fn high_water(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the command's name in parentheses: user time is the 12th field, system time the 13th, in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
