//! When a server is killed: chosen by a seed, at random moments and at chosen points.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::server::Server;

/// So long a chosen point is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// SplitMix64: numbers that a seed says.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn milliseconds(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.below(end * 1000))
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Kill {
    /// At any moment.
    Moment { after: Duration },
    /// As soon as the log has grown: between the write and the answer, or in the write.
    Log { from: Duration },
    /// While the log is moved into the database file, which is what a shutdown ends in.
    Checkpoint { from: Duration, after: Duration },
    /// At any moment, and once more while the next process starts.
    Starting { from: Duration, after: Duration },
}

/// The files that a chosen point is seen by.
#[derive(Clone)]
pub struct Watched {
    database: PathBuf,
    log: PathBuf,
}

fn state(path: &Path) -> Option<(u64, SystemTime)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// Waits until a file is another than it is now.
fn changed(path: &Path) {
    let (before, since) = (state(path), Instant::now());
    while state(path) == before && since.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_micros(50));
    }
}

impl Kill {
    pub fn carry_out(self, watched: &Watched, server: &mut Server) {
        match self {
            Self::Moment { after } => std::thread::sleep(after),
            Self::Log { from } => {
                std::thread::sleep(from);
                changed(&watched.log);
            }
            Self::Checkpoint { from, after } => {
                std::thread::sleep(from);
                server.shut_down();
                changed(&watched.database);
                std::thread::sleep(after);
            }
            Self::Starting { from, .. } => std::thread::sleep(from),
        }
        server.kill();
    }

    fn kills(self) -> u64 {
        match self {
            Self::Starting { .. } => 2,
            _ => 1,
        }
    }
}

pub struct Kills {
    random: Random,
    watched: Watched,
    done: u64,
    moments: u64,
    logs: u64,
    checkpoints: u64,
    starts: u64,
}

impl Kills {
    pub fn new(seed: u64, dir: &Path) -> Self {
        let database = dir.join("bigquery/warehouse.duckdb");
        Self {
            random: Random::new(seed),
            watched: Watched {
                log: database.with_extension("duckdb.wal"),
                database,
            },
            done: 0,
            moments: 0,
            logs: 0,
            checkpoints: 0,
            starts: 0,
        }
    }

    pub fn next(&mut self) -> Kill {
        let random = &mut self.random;
        match random.below(10) {
            0..=4 => Kill::Moment {
                after: random.milliseconds(500),
            },
            5 | 6 => Kill::Log {
                from: random.milliseconds(300),
            },
            7 => Kill::Checkpoint {
                from: random.milliseconds(300),
                after: random.milliseconds(5),
            },
            _ => Kill::Starting {
                from: random.milliseconds(300),
                after: random.milliseconds(400),
            },
        }
    }

    pub fn watched(&self) -> Watched {
        self.watched.clone()
    }

    pub fn done(&self) -> u64 {
        self.done
    }

    pub fn carried_out(&mut self, kill: &Kill) {
        self.done += kill.kills();
        match kill {
            Kill::Moment { .. } => self.moments += 1,
            Kill::Log { .. } => self.logs += 1,
            Kill::Checkpoint { .. } => self.checkpoints += 1,
            Kill::Starting { .. } => {
                self.moments += 1;
                self.starts += 1;
            }
        }
    }

    pub fn told(&self) -> String {
        format!(
            "{} at a random moment, {} when the log had grown, {} in a checkpoint, {} in a start",
            self.moments, self.logs, self.checkpoints, self.starts
        )
    }
}
