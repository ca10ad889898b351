//! A warehouse that does as it is told, and remembers what it was asked. The real one is tested elsewhere, over its protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use headwater_dataform::Target;
use headwater_dataform::run::{Done, Existing, ExistingKind, Failure, FailureKind, Job, Warehouse};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// What a query whose SQL contains a text is answered with; each answer is given once, the last for ever.
pub struct Rule {
    pub contains: &'static str,
    pub answers: Vec<Answer>,
}

#[derive(Clone)]
pub enum Answer {
    Rows(Vec<Vec<Value>>),
    Fails(FailureKind, &'static str),
    /// Until it is cancelled.
    Hangs,
}

pub struct Scripted {
    pub datasets: BTreeSet<String>,
    pub tables: BTreeMap<String, Existing>,
    pub rules: Mutex<Vec<Rule>>,
    /// Every query, in the order of their beginning.
    pub queries: Mutex<Vec<Job>>,
    pub patches: Mutex<Vec<(String, Value)>>,
    at_work: AtomicUsize,
    pub most_at_work: AtomicUsize,
}

impl Scripted {
    pub fn new() -> Self {
        Self {
            datasets: ["marts", "checks"].map(str::to_owned).into(),
            tables: BTreeMap::new(),
            rules: Mutex::default(),
            queries: Mutex::default(),
            patches: Mutex::default(),
            at_work: AtomicUsize::new(0),
            most_at_work: AtomicUsize::new(0),
        }
    }

    pub fn rule(self, contains: &'static str, answers: &[Answer]) -> Self {
        self.rules.lock().expect("it works").push(Rule {
            contains,
            answers: answers.to_vec(),
        });
        self
    }

    pub fn table(mut self, name: &str, kind: ExistingKind, columns: &[&str]) -> Self {
        self.tables.insert(name.to_owned(), existing(kind, columns));
        self
    }

    pub fn sql(&self) -> Vec<String> {
        self.queries
            .lock()
            .expect("it works")
            .iter()
            .map(|job| job.sql.clone())
            .collect()
    }

    fn answer(&self, sql: &str) -> Answer {
        let mut rules = self.rules.lock().expect("it works");
        match rules.iter_mut().find(|rule| sql.contains(rule.contains)) {
            Some(rule) if rule.answers.len() > 1 => rule.answers.remove(0),
            Some(rule) => rule.answers[0].clone(),
            // The count of an assertion over no rows.
            None => Answer::Rows(vec![vec![Value::Null]]),
        }
    }
}

pub fn existing(kind: ExistingKind, columns: &[&str]) -> Existing {
    let fields: Vec<Value> = columns
        .iter()
        .map(|name| json!({"name": name, "type": "STRING"}))
        .collect();
    Existing {
        kind,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        document: json!({"type": "TABLE", "schema": {"fields": fields}}),
    }
}

#[async_trait]
impl Warehouse for Scripted {
    async fn datasets(&self, project: &str) -> Result<BTreeSet<String>, Failure> {
        if project == "forbidden" {
            return Err(Failure::new(FailureKind::Permanent, "access denied"));
        }
        Ok(self.datasets.clone())
    }

    async fn table(&self, target: &Target) -> Result<Option<Existing>, Failure> {
        Ok(self.tables.get(&target.to_string()).cloned())
    }

    async fn query(&self, job: &Job, cancel: &CancellationToken) -> Result<Done, Failure> {
        self.queries.lock().expect("it works").push(job.clone());
        let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_work.fetch_max(now, Ordering::SeqCst);
        let answer = self.answer(&job.sql);
        tokio::task::yield_now().await;
        let done = match answer {
            Answer::Rows(rows) => Ok(Done {
                job_id: job.id.clone(),
                columns: vec!["c".into()],
                rows,
                complete: true,
                bytes_billed: Some(10),
                bytes_processed: Some(7),
            }),
            Answer::Fails(kind, message) => Err(Failure::new(kind, message).of_job(&job.id)),
            Answer::Hangs => {
                cancel.cancelled().await;
                Err(Failure::new(FailureKind::Cancelled, "stopped").of_job(&job.id))
            }
        };
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        done
    }

    async fn describe(&self, target: &Target, patch: &Value) -> Result<(), Failure> {
        self.patches
            .lock()
            .expect("it works")
            .push((target.to_string(), patch.clone()));
        Ok(())
    }
}
