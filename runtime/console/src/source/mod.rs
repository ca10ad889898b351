//! Where everything that is shown comes from: the lakes, Cloud Run, Cloud Scheduler, BigQuery, Dataform and Cloud Logging, by
//! Google's APIs. Nothing here is about HTML.

pub mod catalog;
pub mod lag;
pub mod logs;
pub mod marts;
pub mod runs;
pub mod schedules;
pub mod verdicts;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_cloud::{Cloud, LogEntry};
use headwater_spec::GcsUrl;

use self::catalog::Catalog;
use self::lag::Lags;
use self::marts::Marts;
use self::runs::Runs;
use self::schedules::Schedules;
use self::verdicts::Verdicts;
use crate::kept::{Kept, Seen};

/// Requests that are under way at once.
const PARALLEL: usize = 16;
/// The logs of so many executions are kept.
const LOGS: usize = 64;

const fn seconds<T>(seconds: u64) -> impl Fn(&T) -> Duration {
    move |_| Duration::from_secs(seconds)
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let own = one.to_string();
        if !text.contains(&own) {
            write!(text, ": {own}").ok();
        }
        cause = one.source();
    }
    text
}

type Lines = Arc<Kept<Vec<LogEntry>>>;

/// Everything that is known, and where it is asked for.
pub struct Source {
    cloud: Cloud,
    lakes: Vec<GcsUrl>,
    catalog: Arc<Kept<Catalog>>,
    runs: Arc<Kept<Runs>>,
    schedules: Arc<Kept<Schedules>>,
    verdicts: Arc<Kept<Verdicts>>,
    marts: Arc<Kept<Marts>>,
    lags: Arc<Kept<Lags>>,
    logs: Mutex<VecDeque<(String, Lines)>>,
}

impl Source {
    /// Asks nothing yet.
    pub fn new(cloud: Cloud, lakes: Vec<GcsUrl>) -> Self {
        Self {
            cloud,
            lakes,
            catalog: Arc::default(),
            runs: Arc::default(),
            schedules: Arc::default(),
            verdicts: Arc::default(),
            marts: Arc::default(),
            lags: Arc::default(),
            logs: Mutex::default(),
        }
    }

    /// The project.
    pub fn project(&self) -> &str {
        self.cloud.project()
    }

    /// Where Google Cloud is, when it is not at Google's hosts.
    pub fn endpoint(&self) -> Option<&str> {
        self.cloud.endpoints().base()
    }

    /// The pipelines.
    pub async fn catalog(&self) -> Seen<Catalog> {
        let (cloud, lakes) = (self.cloud.clone(), self.lakes.clone());
        self.catalog
            .look(seconds(5), |before| catalog::find(cloud, lakes, before))
            .await
    }

    /// Their runs.
    pub async fn runs(&self, catalog: &Arc<Catalog>) -> Seen<Runs> {
        let (cloud, catalog) = (self.cloud.clone(), Arc::clone(catalog));
        self.runs
            .look(Runs::fresh, |before| runs::find(cloud, catalog, before))
            .await
    }

    /// Their schedules.
    pub async fn schedules(&self, catalog: &Arc<Catalog>) -> Seen<Schedules> {
        let (cloud, catalog) = (self.cloud.clone(), Arc::clone(catalog));
        self.schedules
            .look(seconds(60), |_| schedules::find(cloud, catalog))
            .await
    }

    /// What suites and gates have said.
    pub async fn verdicts(&self, catalog: &Arc<Catalog>) -> Seen<Verdicts> {
        let (cloud, catalog) = (self.cloud.clone(), Arc::clone(catalog));
        self.verdicts
            .look(seconds(20), |_| verdicts::find(cloud, catalog))
            .await
    }

    /// What Dataform makes of the tables.
    pub async fn marts(&self, catalog: &Arc<Catalog>) -> Seen<Marts> {
        let (cloud, catalog) = (self.cloud.clone(), Arc::clone(catalog));
        self.marts
            .look(seconds(60), |before| marts::find(cloud, catalog, before))
            .await
    }

    /// How far the tables of streams are.
    pub async fn lags(&self, catalog: &Arc<Catalog>) -> Seen<Lags> {
        let (cloud, catalog) = (self.cloud.clone(), Arc::clone(catalog));
        self.lags.look(seconds(15), |_| lag::find(cloud, catalog)).await
    }

    /// What an execution or a worker pool (its full name) has said, the newest last.
    pub async fn logs(&self, execution: &str) -> Seen<Vec<LogEntry>> {
        let lines = {
            let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
            match logs.iter().find(|(name, _)| name == execution) {
                Some((_, lines)) => Arc::clone(lines),
                None => {
                    let lines = Lines::default();
                    logs.push_back((execution.to_owned(), Arc::clone(&lines)));
                    if logs.len() > LOGS {
                        logs.pop_front();
                    }
                    lines
                }
            }
        };
        let (cloud, execution) = (self.cloud.clone(), execution.to_owned());
        lines.look(seconds(3), |_| logs::find(cloud, execution)).await
    }
}
