//! The index of runs: every record of a run in the lakes, up to a bound, and the executions of Cloud Run that have begun. It is
//! built once and kept up to date: an object that has not changed is not read again, and while nothing but a few runs is at work
//! only those are looked at.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use headwater_cloud::{Cloud, Error, Execution, ObjectPath, OptionalExt as _};
use headwater_spec::{ObjectRun, RunState, RunTotals};

use super::catalog::{Catalog, Key, Kind, Pipeline};
use super::{PARALLEL, said};

/// So many records are kept, the newest ones; of older runs the lake alone tells.
const MOST_RECORDS: usize = 50_000;
/// Reading is given up after so long, and gone on with at the next look: what is known by then is shown meanwhile.
const BUDGET: Duration = Duration::from_millis(1500);
/// A run that has written nothing for so long was killed, or its machine was.
const SILENT: TimeDelta = TimeDelta::minutes(3);
/// Executions of a runtime that are looked at.
const EXECUTIONS: u32 = 50;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Done.
    Succeeded,
    /// Not done because another run was at it.
    Skipped,
    /// Stopped early; the next run goes on.
    Stopped,
    /// At work.
    Running,
    /// At work by what it has said, and it says nothing any more.
    Silent,
    /// Failed.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Failed,
        Self::Silent,
        Self::Stopped,
        Self::Skipped,
        Self::Succeeded,
    ];

    /// As the JSON says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Silent => "silent",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more is to come.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Running)
    }

    /// How one object of a run stands; `over` says whether its execution is, where that is known.
    fn of(record: &ObjectRun, over: Option<bool>, now: DateTime<Utc>) -> Self {
        match record.state {
            RunState::Succeeded => Self::Succeeded,
            RunState::Skipped => Self::Skipped,
            RunState::Stopped => Self::Stopped,
            RunState::Failed => Self::Failed,
            RunState::Running if over.unwrap_or(now - record.updated_at > SILENT) => Self::Silent,
            RunState::Running => Self::Running,
        }
    }
}

/// An execution of Cloud Run.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its full name.
    pub name: String,
    created: Option<DateTime<Utc>>,
    completed: Option<DateTime<Utc>>,
    succeeded: bool,
    /// What Cloud Run says of its end.
    pub message: Option<String>,
}

/// A run of a pipeline.
#[derive(Debug, Clone)]
pub struct Run {
    /// Of which pipeline.
    pub key: Key,
    /// Its name.
    pub id: Arc<str>,
    /// Object by object, by name.
    pub records: Vec<Arc<ObjectRun>>,
    /// Its execution, where that is one of the last.
    pub execution: Option<Arc<Begun>>,
    /// When it began.
    pub started: DateTime<Utc>,
}

impl Run {
    /// How one of its objects stands.
    pub fn state_of(&self, record: &ObjectRun, now: DateTime<Utc>) -> State {
        let over = self.execution.as_ref().map(|one| one.completed.is_some());
        State::of(record, over, now)
    }

    /// How it stands: as its worst object.
    pub fn state(&self, now: DateTime<Utc>) -> State {
        let worst = self.records.iter().map(|record| self.state_of(record, now)).max();
        let execution = self.execution.as_ref().map(|one| match (one.completed, one.succeeded) {
            (None, _) => State::Running,
            (Some(_), true) => State::Succeeded,
            (Some(_), false) => State::Failed,
        });
        match (worst, execution) {
            // Objects that nobody has begun yet have no record.
            (Some(State::Succeeded | State::Skipped), Some(State::Running)) => State::Running,
            (Some(worst), _) => worst,
            (None, execution) => execution.unwrap_or(State::Silent),
        }
    }

    /// When it ended, or was last heard of.
    pub fn last(&self) -> DateTime<Utc> {
        let records = self
            .records
            .iter()
            .map(|record| record.finished_at.unwrap_or(record.updated_at));
        let execution = self.execution.as_ref().and_then(|one| one.completed);
        records.chain(execution).max().unwrap_or(self.started)
    }

    /// The sums of its objects.
    pub fn totals(&self) -> RunTotals {
        let mut sum = RunTotals::default();
        for one in self.records.iter().map(|record| &record.totals) {
            sum.rows_read += one.rows_read;
            sum.rows_inserted += one.rows_inserted;
            sum.rows_updated += one.rows_updated;
            sum.rows_deleted += one.rows_deleted;
            sum.rows_quarantined += one.rows_quarantined;
            sum.parts += one.parts;
            sum.bytes += one.bytes;
            sum.api_calls += one.api_calls;
        }
        sum
    }

    /// Where it is among runs that are sorted by their start, the newest first.
    pub fn place(&self) -> (i64, &str) {
        (self.started.timestamp_micros(), &self.id)
    }
}

/// A record that is to be read.
#[derive(Debug, Clone)]
struct Wanted {
    key: Key,
    path: ObjectPath,
    generation: i64,
}

#[derive(Debug, Clone)]
struct Known {
    key: Key,
    generation: i64,
    record: Option<Arc<ObjectRun>>,
}

/// All runs.
#[derive(Debug)]
pub struct Runs {
    /// The newest first.
    pub all: Vec<Arc<Run>>,
    of: HashMap<Key, Vec<Arc<Run>>>,
    records: HashMap<ObjectPath, Known>,
    wanted: Vec<Wanted>,
    executions: HashMap<String, Arc<Begun>>,
    listed: Instant,
    took: Duration,
    /// Records that are older than those that are kept.
    pub beyond: usize,
}

impl Runs {
    /// Those of a pipeline, the newest first.
    pub fn of(&self, key: &Key) -> &[Arc<Run>] {
        self.of.get(key).map_or(&[], Vec::as_slice)
    }

    /// One of them.
    pub fn get(&self, key: &Key, id: &str) -> Option<&Arc<Run>> {
        self.of(key).iter().find(|run| *run.id == *id)
    }

    /// Records that have not been read yet.
    pub fn unread(&self) -> usize {
        self.wanted.len()
    }

    /// For how long it is good: briefly while there is work.
    pub fn fresh(&self) -> Duration {
        if !self.wanted.is_empty() {
            return Duration::ZERO;
        }
        let now = Utc::now();
        let busy = self.all.iter().take(200).any(|run| !run.state(now).is_over());
        Duration::from_millis(if busy { 900 } else { 3000 })
    }
}

/// Brings the index up to date.
pub async fn find(cloud: Cloud, catalog: Arc<Catalog>, before: Option<Arc<Runs>>) -> Result<Runs, String> {
    let since = Instant::now();
    let mut finder = Finder::new(&cloud, &catalog, before.as_deref());
    finder.executions().await;
    let begun = Instant::now();
    // A listing of everything costs with the number of runs: the longer one took, the later comes the next.
    let due = before
        .as_ref()
        .is_none_or(|before| before.listed.elapsed() > (before.took * 20).max(Duration::from_secs(5)));
    let (listed, took) = match &before {
        Some(before) if !before.wanted.is_empty() => (before.listed, before.took),
        Some(before) if !due => {
            finder.look_at_work(before).await.map_err(|error| said(&error))?;
            (before.listed, before.took)
        }
        _ => {
            finder.list_all().await.map_err(|error| said(&error))?;
            (Instant::now(), begun.elapsed())
        }
    };
    finder.read(since).await.map_err(|error| said(&error))?;
    Ok(finder.index(listed, took))
}

struct Finder<'a> {
    cloud: &'a Cloud,
    catalog: &'a Catalog,
    records: HashMap<ObjectPath, Known>,
    wanted: Vec<Wanted>,
    beyond: usize,
    executions: HashMap<String, Arc<Begun>>,
    /// Executions by the pipeline that they work on.
    of: HashMap<Key, BTreeSet<String>>,
}

impl<'a> Finder<'a> {
    fn new(cloud: &'a Cloud, catalog: &'a Catalog, before: Option<&Runs>) -> Self {
        let mut records = before.map(|before| before.records.clone()).unwrap_or_default();
        // A pipeline that is gone takes its runs with it.
        records.retain(|_, known| catalog.get(&known.key).is_some());
        Self {
            cloud,
            catalog,
            records,
            wanted: before.map(|before| before.wanted.clone()).unwrap_or_default(),
            beyond: before.map_or(0, |before| before.beyond),
            executions: before.map(|before| before.executions.clone()).unwrap_or_default(),
            of: HashMap::new(),
        }
    }

    /// The last executions of each runtime. Cloud Run may be out of reach of who looks: then records alone tell.
    async fn executions(&mut self) {
        let pipelines: Vec<&Arc<Pipeline>> = self.catalog.pipelines.iter().collect();
        let jobs: BTreeSet<&str> = pipelines.iter().filter_map(|one| one.runtime()).collect();
        for job in jobs {
            let found = match self.cloud.run().newest_executions(job, EXECUTIONS).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(%error, "executions are not known");
                    continue;
                }
            };
            for execution in found {
                let document = execution.document.to_string();
                let of = pipelines.iter().find(|one| document.contains(&one.layout.spec_url()));
                let Some(pipeline) = of else { continue };
                let id = execution.name.rsplit('/').next().unwrap_or_default().to_owned();
                self.executions.insert(id.clone(), Arc::new(begun(&execution)));
                self.of.entry(pipeline.key.clone()).or_default().insert(id);
            }
        }
    }

    /// Every record of every pipeline, by name and generation.
    async fn list_all(&mut self) -> Result<(), Error> {
        let mut listed = Vec::new();
        for pipeline in self.catalog.of(Kind::Extract) {
            let objects = self
                .cloud
                .storage()
                .list(pipeline.layout.bucket(), &pipeline.layout.runs())
                .await?;
            listed.extend(
                objects
                    .into_iter()
                    .filter(|one| one.name.ends_with(".json"))
                    .map(|one| (pipeline.key.clone(), one)),
            );
        }
        listed.sort_by(|(_, a), (_, b)| b.updated.cmp(&a.updated));
        self.beyond = listed.len().saturating_sub(MOST_RECORDS);
        listed.truncate(MOST_RECORDS);
        let mut records = HashMap::with_capacity(listed.len());
        self.wanted.clear();
        for (key, object) in listed {
            let path = ObjectPath {
                bucket: object.bucket,
                name: object.name,
            };
            let known = self.records.remove(&path);
            if known.as_ref().is_none_or(|known| known.generation != object.generation) {
                self.wanted.push(Wanted {
                    key,
                    path: path.clone(),
                    generation: object.generation,
                });
            }
            if let Some(known) = known {
                records.insert(path, known);
            }
        }
        self.records = records;
        Ok(())
    }

    /// Only the records of runs that are at work, and of executions that are new.
    async fn look_at_work(&mut self, before: &Runs) -> Result<(), Error> {
        let now = Utc::now();
        let mut at_work: BTreeSet<(Key, String)> = BTreeSet::new();
        for run in before.all.iter().filter(|run| !run.state(now).is_over()) {
            at_work.insert((run.key.clone(), run.id.to_string()));
        }
        for (key, ids) in &self.of {
            let new = ids.iter().filter(|id| {
                before
                    .get(key, id)
                    .is_none_or(|run| run.records.is_empty() && !run.state(now).is_over())
            });
            at_work.extend(new.map(|id| (key.clone(), id.clone())));
        }
        for (key, id) in at_work {
            let Some(pipeline) = self.catalog.get(&key).filter(|one| one.kind() == Kind::Extract) else {
                continue;
            };
            let prefix = format!("{}{id}/", pipeline.layout.runs());
            for object in self.cloud.storage().list(pipeline.layout.bucket(), &prefix).await? {
                let path = ObjectPath {
                    bucket: object.bucket,
                    name: object.name,
                };
                let same = self
                    .records
                    .get(&path)
                    .is_some_and(|known| known.generation == object.generation);
                if !same && path.name.ends_with(".json") {
                    self.wanted.push(Wanted {
                        key: key.clone(),
                        path,
                        generation: object.generation,
                    });
                }
            }
        }
        Ok(())
    }

    /// Reads what is wanted, the newest first, as far as the time allows.
    async fn read(&mut self, since: Instant) -> Result<(), Error> {
        while !self.wanted.is_empty() && since.elapsed() < BUDGET {
            let some: Vec<Wanted> = self.wanted.drain(..self.wanted.len().min(PARALLEL * 8)).collect();
            let cloud = self.cloud;
            let read = futures::stream::iter(some)
                .map(|wanted| async move {
                    let found = cloud.storage().get(&wanted.path).await.optional();
                    (wanted, found)
                })
                .buffered(PARALLEL)
                .collect::<Vec<_>>()
                .await;
            for (wanted, found) in read {
                let Some(found) = found? else {
                    self.records.remove(&wanted.path);
                    continue;
                };
                let record = serde_json::from_slice::<ObjectRun>(&found.bytes);
                if let Err(error) = &record {
                    tracing::debug!(path = %wanted.path, %error, "a record of a run does not parse");
                }
                self.records.insert(
                    wanted.path,
                    Known {
                        key: wanted.key,
                        // What was listed may have been replaced by now: then it is read again.
                        generation: found.generation.min(wanted.generation),
                        record: record.ok().map(Arc::new),
                    },
                );
            }
        }
        Ok(())
    }

    fn index(self, listed: Instant, took: Duration) -> Runs {
        let mut runs: HashMap<(&Key, &str), Vec<Arc<ObjectRun>>> = HashMap::new();
        for known in self.records.values() {
            if let Some(record) = &known.record {
                runs.entry((&known.key, &record.run))
                    .or_default()
                    .push(Arc::clone(record));
            }
        }
        for (key, ids) in &self.of {
            for id in ids {
                runs.entry((key, id)).or_default();
            }
        }
        let mut all: Vec<Arc<Run>> = runs
            .into_iter()
            .map(|((key, id), mut records)| {
                records.sort_by(|a, b| a.object.cmp(&b.object));
                let execution = self.executions.get(id).cloned();
                let begun = execution.as_ref().and_then(|one| one.created);
                let first = records.iter().map(|record| record.started_at).chain(begun).min();
                Arc::new(Run {
                    key: key.clone(),
                    id: id.into(),
                    records,
                    execution,
                    started: first.unwrap_or_default(),
                })
            })
            .collect();
        all.sort_by(|a, b| b.place().cmp(&a.place()));
        let mut of: HashMap<Key, Vec<Arc<Run>>> = HashMap::new();
        for run in &all {
            of.entry(run.key.clone()).or_default().push(Arc::clone(run));
        }
        let mut executions = self.executions;
        // Those of runs that are gone are forgotten.
        let alive: BTreeSet<&str> = all.iter().map(|run| &*run.id).collect();
        executions.retain(|id, _| alive.contains(id.as_str()));
        Runs {
            all,
            of,
            records: self.records,
            wanted: self.wanted,
            executions,
            listed,
            took,
            beyond: self.beyond,
        }
    }
}

fn begun(execution: &Execution) -> Begun {
    let time = |name: &str| execution.document[name].as_str().and_then(|text| text.parse().ok());
    let conditions = execution.document["conditions"].as_array().into_iter().flatten();
    let end = conditions.into_iter().find(|one| one["type"] == "Completed");
    Begun {
        name: execution.name.clone(),
        created: time("createTime"),
        completed: time("completionTime"),
        succeeded: execution.is_success(),
        message: end.and_then(|one| one["message"].as_str()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(state: RunState, updated_minutes_ago: i64) -> ObjectRun {
        let now = Utc::now();
        serde_json::from_value(serde_json::json!({
            "run": "r", "pipeline": "crm", "object": "Account", "spec_hash": "h", "runtime_version": "1", "task": 0, "attempt": 0,
            "state": state, "phase": "fetch", "totals": {}, "started_at": now,
            "updated_at": now - TimeDelta::minutes(updated_minutes_ago),
        }))
        .unwrap()
    }

    #[test]
    fn a_run_stands_as_its_worst_object_and_silence_is_not_work() {
        let cases = [
            (
                vec![(RunState::Succeeded, 0), (RunState::Running, 0)],
                None,
                State::Running,
            ),
            (vec![(RunState::Running, 0), (RunState::Failed, 0)], None, State::Failed),
            (vec![(RunState::Running, 10)], None, State::Silent),
            (vec![(RunState::Running, 10)], Some(false), State::Running),
            (vec![(RunState::Running, 0)], Some(true), State::Silent),
            (vec![(RunState::Succeeded, 0)], Some(false), State::Running),
            (
                vec![(RunState::Skipped, 0), (RunState::Succeeded, 0)],
                None,
                State::Skipped,
            ),
            (vec![], Some(false), State::Running),
        ];
        for (records, ended, expected) in cases {
            let run = Run {
                key: Key {
                    lake: "gs://lake".into(),
                    name: "crm".into(),
                },
                id: "r".into(),
                records: records
                    .iter()
                    .map(|(state, ago)| Arc::new(record(*state, *ago)))
                    .collect(),
                execution: ended.map(|ended| {
                    Arc::new(Begun {
                        name: "e".into(),
                        created: Some(Utc::now()),
                        completed: ended.then(Utc::now),
                        succeeded: false,
                        message: None,
                    })
                }),
                started: Utc::now(),
            };
            assert_eq!(run.state(Utc::now()), expected, "{records:?} {ended:?}");
        }
    }
}
