//! What suites and gates have said: the tables of verdicts, in two queries for each pair of tables that suites share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use headwater_cloud::{Cloud, DatasetRef, Error};
use headwater_quality::engine::State;
use headwater_quality::report::state_of;
use headwater_spec::DqResults;
use serde_json::{Map, Value};

use super::catalog::{Catalog, Key, Kind};
use super::said;

/// Runs of a suite that are shown.
const RUNS: u32 = 60;
/// Runs whose results are.
const RESULTS: u32 = 20;
/// Only the partitions of the last days are read.
const DAYS: u32 = 90;
/// A query that would be billed more is not begun.
const MOST_BYTES: u64 = 1 << 30;

/// What a run of a suite, or a gate, said.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its name.
    pub run: String,
    /// When it began, in RFC 3339.
    pub at: String,
    /// `pushdown`, `gate` or `files`.
    pub mode: String,
    /// How the data stands.
    pub state: State,
    /// What was judged.
    pub target: String,
    /// Rows that were judged.
    pub rows: Option<u64>,
    /// Expectations that were evaluated.
    pub expectations: u64,
    /// Those that do not hold.
    pub failed: u64,
    /// Those that could not be evaluated.
    pub errors: u64,
    /// `new`, `ongoing` or `recovered`.
    pub transition: Option<String>,
    /// Why there is no verdict, or that nothing was to be judged.
    pub reason: Option<String>,
}

/// What it said of an expectation.
#[derive(Debug, Clone)]
pub struct Said {
    /// Of which run.
    pub run: String,
    /// When.
    pub at: String,
    /// The expectation.
    pub id: String,
    /// What is demanded.
    pub check: String,
    /// How grave a failure is.
    pub severity: String,
    /// What it means for the data.
    pub on_fail: String,
    /// How it stands.
    pub state: State,
    /// Rows that were judged.
    pub evaluated: Option<u64>,
    /// Rows that are against it.
    pub unexpected: Option<u64>,
    /// The part that holds.
    pub pass_ratio: Option<f64>,
    /// Why it has no verdict, or failed.
    pub reason: Option<String>,
    /// Whom to ask.
    pub owner: Option<String>,
}

/// The history of a suite.
#[derive(Debug, Default)]
pub struct History {
    /// The newest first.
    pub runs: Vec<Verdict>,
    /// Of the last runs, the newest first.
    pub results: Vec<Said>,
}

impl History {
    /// What the last run said of each expectation, the worst first.
    pub fn last_results(&self) -> Vec<&Said> {
        let Some(last) = self.runs.first() else {
            return Vec::new();
        };
        let mut said: Vec<&Said> = self.results.iter().filter(|one| one.run == last.run).collect();
        said.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.id.cmp(&b.id)));
        said
    }
}

/// By suite, or why it is not known.
#[derive(Debug, Default)]
pub struct Verdicts(HashMap<Key, Result<Arc<History>, Arc<str>>>);

impl Verdicts {
    /// Of a suite.
    pub fn of(&self, key: &Key) -> Option<&Result<Arc<History>, Arc<str>>> {
        self.0.get(key)
    }

    /// How many suites do not hold, or have no verdict.
    pub fn unsatisfied(&self) -> usize {
        let histories = self.0.values().filter_map(|history| history.as_ref().ok());
        let last = histories.filter_map(|history| history.runs.first());
        last.filter(|run| matches!(run.state, State::Fail | State::Error))
            .count()
    }
}

/// Asks BigQuery.
pub async fn find(cloud: Cloud, catalog: Arc<Catalog>) -> Result<Verdicts, String> {
    // Suites may share their tables: each pair is asked once.
    let mut shared: BTreeMap<String, (DqResults, Vec<Key>)> = BTreeMap::new();
    for pipeline in catalog.of(Kind::Suite) {
        if let Some(suite) = pipeline.spec().ok().and_then(|spec| spec.dq_suite.as_ref()) {
            let at = &suite.results;
            let name = format!(
                "{}.{}.{}.{}",
                at.dataset.project, at.dataset.dataset, at.run_table, at.result_table
            );
            let entry = shared.entry(name).or_insert_with(|| (at.clone(), Vec::new()));
            entry.1.push(pipeline.key.clone());
        }
    }
    let mut verdicts = HashMap::new();
    for (at, keys) in shared.into_values() {
        let names: BTreeSet<&str> = keys.iter().map(|key| &*key.name).collect();
        let found = history(&cloud, &at, &names).await;
        match found {
            Ok(mut histories) => {
                for key in keys {
                    let history = histories.remove(&*key.name).unwrap_or_default();
                    verdicts.insert(key, Ok(Arc::new(history)));
                }
            }
            Err(error) => {
                let why: Arc<str> = said(&error).into();
                verdicts.extend(keys.into_iter().map(|key| (key, Err(Arc::clone(&why)))));
            }
        }
    }
    Ok(Verdicts(verdicts))
}

async fn history(cloud: &Cloud, at: &DqResults, suites: &BTreeSet<&str>) -> Result<HashMap<String, History>, Error> {
    let dataset = DatasetRef::new(&at.dataset.project, &at.dataset.dataset);
    // Names of pipelines are letters, digits and hyphens.
    let suites: Vec<String> = suites.iter().map(|name| format!("'{name}'")).collect();
    let within = format!(
        "started >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {DAYS} DAY) AND suite IN ({})",
        suites.join(", ")
    );
    let ask = async |sql: String| -> Result<Vec<Map<String, Value>>, Error> {
        let answer = cloud
            .bigquery()
            .query_within(&sql, Some(&at.dataset.location), Some(MOST_BYTES))
            .await?;
        let object = |row: Vec<Value>| serde_json::from_str(row.first()?.as_str()?).ok();
        Ok(answer.rows.into_iter().filter_map(object).collect())
    };
    let runs = ask(format!(
        "SELECT TO_JSON_STRING(t) FROM (SELECT suite, run_id, target, FORMAT_TIMESTAMP('%FT%TZ', started) AS at, mode, state, \
         transition, expectations, failed, errors, rows_evaluated, reason, \
         ROW_NUMBER() OVER (PARTITION BY suite ORDER BY started DESC) AS nth FROM {} WHERE {within}) AS t \
         WHERE nth <= {RUNS} ORDER BY t.at DESC",
        dataset.table(&at.run_table).sql()
    ))
    .await?;
    let results = ask(format!(
        "SELECT TO_JSON_STRING(t) FROM (SELECT suite, run_id, FORMAT_TIMESTAMP('%FT%TZ', started) AS at, expectation_id, type, \
         severity, on_fail, state, evaluated, unexpected, pass_ratio, reason, owner, \
         DENSE_RANK() OVER (PARTITION BY suite ORDER BY started DESC) AS nth FROM {} WHERE {within}) AS t \
         WHERE nth <= {RESULTS} ORDER BY t.at DESC, t.expectation_id",
        dataset.table(&at.result_table).sql()
    ))
    .await?;
    let mut histories: HashMap<String, History> = HashMap::new();
    for row in &runs {
        let history = histories.entry(text(row, "suite")).or_default();
        history.runs.push(Verdict {
            run: text(row, "run_id"),
            at: text(row, "at"),
            mode: text(row, "mode"),
            state: state_of(&text(row, "state")).unwrap_or(State::Error),
            target: text(row, "target"),
            rows: number(row, "rows_evaluated"),
            expectations: number(row, "expectations").unwrap_or_default(),
            failed: number(row, "failed").unwrap_or_default(),
            errors: number(row, "errors").unwrap_or_default(),
            transition: some(row, "transition"),
            reason: some(row, "reason"),
        });
    }
    for row in &results {
        let history = histories.entry(text(row, "suite")).or_default();
        history.results.push(Said {
            run: text(row, "run_id"),
            at: text(row, "at"),
            id: text(row, "expectation_id"),
            check: text(row, "type"),
            severity: text(row, "severity"),
            on_fail: text(row, "on_fail"),
            state: state_of(&text(row, "state")).unwrap_or(State::Error),
            evaluated: number(row, "evaluated"),
            unexpected: number(row, "unexpected"),
            pass_ratio: row.get("pass_ratio").and_then(Value::as_f64),
            reason: some(row, "reason"),
            owner: some(row, "owner"),
        });
    }
    Ok(histories)
}

fn some(row: &Map<String, Value>, name: &str) -> Option<String> {
    row.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn text(row: &Map<String, Value>, name: &str) -> String {
    some(row, name).unwrap_or_default()
}

/// BigQuery writes whole numbers as JSON numbers, or as text where they are large.
fn number(row: &Map<String, Value>, name: &str) -> Option<u64> {
    let value = row.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
