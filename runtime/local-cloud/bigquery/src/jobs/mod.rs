//! Jobs: their records, which are committed together with the data, and the threads that run them.
//! A job's record is written once, DONE, in the transaction that changes the data: done is never lost and never doubled. Until
//! then the job is known by this process and by the [`journal`].

mod child;
mod copy;
pub(crate) mod destination;
mod extract;
pub(crate) mod journal;
mod load;
mod load_text;
mod parquet_decimals;
pub(crate) mod query;
mod script;
pub(crate) mod session;
mod sources;
mod statement;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::Caller;
use crate::catalog::{now_ms, parse_doc};
use crate::engine::{Bind, Engine, Interrupter, Session};
use crate::error::{Fault, Reason};
use crate::service::{Service, spawn, text};
use journal::Journal;

/// How many jobs run at once; the rest are PENDING.
const AT_ONCE: usize = 4;
/// How often a job that was cancelled is interrupted again.
const REPEAT_CANCEL: std::time::Duration = std::time::Duration::from_millis(50);

/// The jobs of this process that are not done.
#[derive(Default)]
pub(crate) struct Registry {
    jobs: Mutex<HashMap<(String, String), Arc<Running>>>,
    busy: AtomicUsize,
    turn: Turn,
}

#[derive(Default)]
struct Turn {
    lock: Mutex<()>,
    freed: std::sync::Condvar,
}

pub(crate) struct Running {
    doc: Mutex<Value>,
    cancelled: AtomicBool,
    interrupter: Mutex<Option<Interrupter>>,
    done: watch::Sender<bool>,
}

impl Running {
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(interrupter) = self.interrupter.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            interrupter.interrupt();
        }
    }

    /// Ends a job that was cancelled while nothing of it was executed.
    pub(crate) fn must_go_on(&self) -> Result<(), Fault> {
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(cancelled());
        }
        Ok(())
    }

    /// Lets a cancellation reach what this session executes.
    pub(crate) fn attach(&self, tx: &Session<'_>) -> Result<(), Fault> {
        *self.interrupter.lock().unwrap_or_else(PoisonError::into_inner) = Some(tx.interrupter()?);
        self.must_go_on()
    }
}

fn cancelled() -> Fault {
    Fault::new(
        Reason::Stopped,
        "Job execution was cancelled: User requested cancellation",
    )
}

impl Registry {
    fn get(&self, project: &str, id: &str) -> Option<Arc<Running>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get(&(project.to_owned(), id.to_owned())).cloned()
    }

    pub(crate) fn cancel_all(&self) {
        for job in self.jobs.lock().unwrap_or_else(PoisonError::into_inner).values() {
            job.cancel();
        }
    }

    /// The jobs that are not done, of all projects: two may use the same id.
    fn running(&self) -> Vec<Value> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.values()
            .map(|job| job.doc.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }

    fn take_turn(&self) {
        let mut guard = self.turn.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.busy.load(Ordering::SeqCst) >= AT_ONCE {
            guard = self.turn.freed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    fn end_turn(&self) {
        let _guard = self.turn.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.busy.fetch_sub(1, Ordering::SeqCst);
        self.turn.freed.notify_one();
    }
}

/// Ends as failed what was running when the last process died: its transaction did not commit.
pub(crate) fn recover(engine: &Engine, journal: &Journal, accepted: &[Value]) -> Result<(), Fault> {
    for row in engine.read(|tx| tx.query("SELECT project, id FROM _headwater.jobs", &[]))? {
        journal.take(row[0].text(), row[1].text());
    }
    let lost = Fault::new(
        Reason::BackendError,
        "The job was interrupted because the local cloud stopped; nothing of it was kept. Run it again under a new job id.",
    );
    engine.write(&[], |tx| {
        // Versions before this one recorded jobs that were not done as well.
        let unfinished = "SELECT doc FROM _headwater.jobs WHERE state <> 'DONE'";
        let unfinished = tx.query(unfinished, &[])?;
        tx.execute("DELETE FROM _headwater.jobs WHERE state <> 'DONE'", &[])?;
        let unfinished: Vec<Value> = unfinished.iter().map(|row| parse_doc(row[0].text())).collect();
        for doc in accepted.iter().chain(&unfinished) {
            let (project, id) = reference(doc);
            if !journal.may_be_taken(project, id) || stored(tx, project, id)?.is_none() {
                let mut doc = doc.clone();
                fail(&mut doc, &lost);
                record(tx, project, id, &doc)?;
            }
        }
        Ok(())
    })?;
    for (project, id) in accepted.iter().map(reference) {
        journal.take(project, id);
    }
    journal.clear().map_err(|error| unwritten(&error))
}

/// A job's project and id.
fn reference(doc: &Value) -> (&str, &str) {
    let text = |key: &str| doc["jobReference"][key].as_str().unwrap_or_default();
    (text("projectId"), text("jobId"))
}

fn unwritten(error: &std::io::Error) -> Fault {
    Fault::new(
        Reason::BackendError,
        format!("the journal of jobs cannot be written: {error}; is the disk full?"),
    )
}

fn fail(doc: &mut Value, fault: &Fault) {
    doc["status"] = json!({"state": "DONE", "errorResult": fault.proto(), "errors": [fault.proto()]});
    doc["statistics"]["endTime"] = json!(now_ms().to_string());
}

/// Writes the record of a job that is done.
fn record(tx: &Session<'_>, project: &str, id: &str, doc: &Value) -> Result<(), Fault> {
    let created = crate::catalog::int(&doc["statistics"]["creationTime"]).unwrap_or_else(now_ms);
    let text = doc.to_string();
    let binds = [
        Bind::Text(project),
        Bind::Text(doc["jobReference"]["location"].as_str().unwrap_or("US")),
        Bind::Text(id),
        Bind::Int(created),
        Bind::Text(doc["status"]["state"].as_str().unwrap_or("DONE")),
        Bind::Text(&text),
    ];
    tx.execute("INSERT INTO _headwater.jobs VALUES (?, ?, ?, ?, ?, ?)", &binds)
        .map(drop)
}

/// Records that a job failed, unless its own transaction was committed with an error: then it is done, and is answered so.
fn record_failure(tx: &Session<'_>, project: &str, id: &str, doc: &Value) -> Result<Value, Fault> {
    match stored(tx, project, id)? {
        Some(known) => Ok(known),
        None => record(tx, project, id, doc).map(|()| doc.clone()),
    }
}

fn stored(tx: &Session<'_>, project: &str, id: &str) -> Result<Option<Value>, Fault> {
    let sql = "SELECT doc FROM _headwater.jobs WHERE project = ? AND id = ?";
    crate::catalog::one_doc(tx, sql, &[Bind::Text(project), Bind::Text(id)])
}

/// The job as it is now.
pub(crate) fn get(service: &Service, project: &str, id: &str) -> Result<Value, Fault> {
    if let Some(running) = service.registry.get(project, id) {
        return Ok(running.doc.lock().unwrap_or_else(PoisonError::into_inner).clone());
    }
    service
        .engine
        .read(|tx| stored(tx, project, id))?
        .ok_or_else(|| Fault::not_found("Job", &format!("{project}:{id}")))
}

/// The newest first.
pub(crate) fn list(service: &Service, project: &str) -> Result<Vec<Value>, Fault> {
    // Those that run are looked at first: what ends in between stands in both, and is told by its record.
    let running = service.registry.running().into_iter();
    let mut all: HashMap<String, Value> = running
        .filter(|doc| reference(doc).0 == project)
        .map(|doc| (reference(&doc).1.to_owned(), doc))
        .collect();
    let sql = "SELECT doc FROM _headwater.jobs WHERE project = ?";
    for row in service.engine.read(|tx| tx.query(sql, &[Bind::Text(project)]))? {
        let doc = parse_doc(row[0].text());
        all.insert(reference(&doc).1.to_owned(), doc);
    }
    let mut all: Vec<(i64, String, Value)> = all
        .into_iter()
        .map(|(id, doc)| {
            let created = crate::catalog::int(&doc["statistics"]["creationTime"]).unwrap_or_default();
            (created, id, doc)
        })
        .collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(all.into_iter().map(|(_, _, doc)| doc).collect())
}

pub(crate) fn delete(service: &Service, project: &str, id: &str) -> Result<(), Fault> {
    get(service, project, id)?;
    if service.registry.get(project, id).is_some() {
        return Err(Fault::invalid(format!("Job {project}:{id} is still running")));
    }
    let binds = [Bind::Text(project), Bind::Text(id)];
    service.engine.write(&[], |tx| {
        tx.execute("DELETE FROM _headwater.jobs WHERE project = ? AND id = ?", &binds)
    })?;
    Ok(())
}

/// Asks a job to stop; it may be done already.
pub(crate) fn cancel(service: &Service, project: &str, id: &str) -> Result<Value, Fault> {
    if let Some(running) = service.registry.get(project, id) {
        running.cancel();
        // An interruption between two of DuckDB's statements is lost: it is repeated until the job is done.
        spawn(move || {
            while !*running.done.borrow() {
                std::thread::sleep(REPEAT_CANCEL);
                running.cancel();
            }
        })?;
    }
    get(service, project, id)
}

/// What kind of job a configuration describes.
fn kind(configuration: &Value) -> Result<&'static str, Fault> {
    let kinds = ["QUERY", "LOAD", "COPY", "EXTRACT"];
    kinds
        .into_iter()
        .find(|k| configuration[k.to_lowercase()].is_object())
        .ok_or_else(|| {
            Fault::new(
                Reason::Required,
                "Required parameter is missing: configuration.query, load, copy or extract",
            )
        })
}

/// Refuses a request that lacks a required parameter, as BigQuery does: at once, with no job made of it.
fn must_be_whole(kind: &str, configuration: &Value, has_media: bool) -> Result<(), Fault> {
    let settings = &configuration[kind.to_lowercase()];
    let has = |names: &[&str]| {
        names.iter().any(|name| match &settings[*name] {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        })
    };
    let required: &[&[&str]] = match kind {
        "QUERY" => &[&["query"]],
        "LOAD" if has_media => &[&["destinationTable"]],
        "LOAD" => &[&["destinationTable"], &["sourceUris"]],
        "COPY" => &[&["destinationTable"], &["sourceTables", "sourceTable"]],
        _ => &[&["sourceTable"], &["destinationUris", "destinationUri"]],
    };
    match required.iter().find(|names| !has(names)) {
        None => Ok(()),
        Some(names) => Err(Fault::new(
            Reason::Required,
            format!("Required parameter is missing: {}", names[0]),
        )),
    }
}

/// Accepts a job: its record is durable and its thread runs when this returns. The record is PENDING.
pub(crate) fn insert(
    service: &Arc<Service>,
    project: &str,
    caller: &Caller,
    body: &Value,
    media: Option<PathBuf>,
) -> Result<Value, Fault> {
    service.sweep();
    let mut configuration = crate::catalog::without_nulls(&body["configuration"]);
    let kind = kind(&configuration)?;
    must_be_whole(kind, &configuration, media.is_some())?;
    configuration["jobType"] = json!(kind);
    let reference = &body["jobReference"];
    if text(&reference["projectId"]).is_some_and(|p| p != project) {
        return Err(Fault::invalid("the job's project is not the project of the request"));
    }
    let id = match text(&reference["jobId"]) {
        Some(id) => check_id(id)?.to_owned(),
        None => format!("job_{}", uuid::Uuid::new_v4().simple()),
    };
    let location = text(&reference["location"]).unwrap_or("US").to_owned();
    let now = now_ms().to_string();
    let doc = json!({
        "kind": "bigquery#job",
        "etag": id,
        "id": format!("{project}:{location}.{id}"),
        "selfLink": format!("{}/bigquery/v2/projects/{project}/jobs/{id}?location={location}", service.base_url),
        "user_email": caller.0,
        "configuration": configuration,
        "jobReference": {"projectId": project, "jobId": id, "location": location},
        "statistics": {"creationTime": now},
        "status": {"state": "PENDING"},
    });
    if configuration["dryRun"] == true {
        return query::dry_run(service, project, doc);
    }
    let (done, _) = watch::channel(false);
    let running = Arc::new(Running {
        doc: Mutex::new(doc.clone()),
        cancelled: AtomicBool::new(false),
        interrupter: Mutex::default(),
        done,
    });
    let key = (project.to_owned(), id.clone());
    {
        // The registry and the store together decide whether an id is taken.
        let mut jobs = service.registry.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.contains_key(&key) {
            return Err(Fault::duplicate("Job", &format!("{project}:{location}.{id}")));
        }
        jobs.insert(key.clone(), Arc::clone(&running));
    }
    let accepted = accept(service, project, &id, &doc);
    let forget = |service: &Service| {
        service
            .registry
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
    };
    if let Err(fault) = accepted {
        forget(service);
        return Err(fault);
    }
    let worker = Arc::clone(service);
    let job = Arc::clone(&running);
    let owner = project.to_owned();
    let started = spawn(move || {
        worker.registry.take_turn();
        run(&worker, &owner, &job, media);
        worker.registry.end_turn();
        let key = (owner, id);
        worker
            .registry
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
        job.done.send_replace(true);
    });
    if let Err(fault) = started {
        forget(service);
        return Err(fault);
    }
    Ok(doc)
}

/// Notes a job whose id nobody has taken.
fn accept(service: &Service, project: &str, id: &str, doc: &Value) -> Result<(), Fault> {
    let journal = &service.journal;
    if journal.may_be_taken(project, id) && service.engine.read(|tx| stored(tx, project, id))?.is_some() {
        return Err(Fault::duplicate("Job", doc["id"].as_str().unwrap_or(id)));
    }
    journal.take(project, id);
    journal
        .accept(doc, || service.registry.running())
        .map_err(|error| unwritten(&error))
}

fn check_id(id: &str) -> Result<&str, Fault> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.len() <= 1024 && id.chars().all(valid) {
        Ok(id)
    } else {
        Err(Fault::invalid(format!(
            "Invalid job ID \"{id}\". Job IDs must be alphanumeric (plus underscores and dashes) and must be at most \
             1024 characters long."
        )))
    }
}

/// Who asked for a job.
fn asker(doc: &Value) -> Caller {
    Caller(doc["user_email"].as_str().unwrap_or_default().to_owned())
}

/// A job that runs: what its executor reads and writes.
pub(crate) struct Work<'a> {
    pub(crate) service: &'a Service,
    pub(crate) project: &'a str,
    pub(crate) running: &'a Running,
    pub(crate) configuration: Value,
    pub(crate) media: Option<PathBuf>,
    doc: Mutex<Value>,
}

impl Work<'_> {
    pub(crate) fn job_id(&self) -> String {
        let doc = self.doc.lock().unwrap_or_else(PoisonError::into_inner);
        doc["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned()
    }

    /// Who asked for the job.
    pub(crate) fn user(&self) -> Caller {
        asker(&self.doc.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The job's project, id and location.
    pub(crate) fn reference(&self) -> Value {
        let doc = self.doc.lock().unwrap_or_else(PoisonError::into_inner);
        doc["jobReference"].clone()
    }

    /// Writes the DONE record; called last in the transaction that changes the data.
    pub(crate) fn done(
        &self,
        tx: &Session<'_>,
        statistics: &Value,
        configuration: Option<&Value>,
    ) -> Result<(), Fault> {
        let mut doc = self.doc.lock().unwrap_or_else(PoisonError::into_inner);
        crate::catalog::merge(&mut doc["statistics"], statistics);
        doc["statistics"]["endTime"] = json!(now_ms().to_string());
        if let Some(configuration) = configuration {
            doc["configuration"] = configuration.clone();
        }
        doc["status"] = json!({"state": "DONE"});
        record(tx, self.project, reference(&doc).1, &doc)
    }
}

fn run(service: &Service, project: &str, running: &Running, media: Option<PathBuf>) {
    let mut doc = running.doc.lock().unwrap_or_else(PoisonError::into_inner).clone();
    doc["status"] = json!({"state": "RUNNING"});
    doc["statistics"]["startTime"] = json!(now_ms().to_string());
    *running.doc.lock().unwrap_or_else(PoisonError::into_inner) = doc.clone();
    let work = Work {
        service,
        project,
        running,
        configuration: doc["configuration"].clone(),
        media: media.clone(),
        doc: Mutex::new(doc.clone()),
    };
    let id = work.job_id();
    let kind = doc["configuration"]["jobType"].as_str().unwrap_or_default().to_owned();
    let executed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match kind.as_str() {
        "QUERY" => query::run(&work),
        "LOAD" => load::run(&work),
        "COPY" => copy::run(&work),
        _ => extract::run(&work),
    }));
    let result =
        executed.unwrap_or_else(|_| Err(Fault::new(Reason::BackendError, "the job failed inside; see the log")));
    let last = match result {
        Ok(()) => work.doc.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        Err(fault) => {
            tracing::debug!(job = id, reason = fault.reason.text(), "job failed");
            fail(&mut doc, &fault);
            service
                .engine
                .write(&[], |tx| record_failure(tx, project, &id, &doc))
                .unwrap_or_else(|error| {
                    tracing::error!(job = id, %error, "a failed job could not be recorded");
                    doc
                })
        }
    };
    *running.doc.lock().unwrap_or_else(PoisonError::into_inner) = last;
    if let Some(file) = media {
        std::fs::remove_file(file).ok();
    }
}

/// Waits until a job is done, at most `timeout`; the job as it then is.
pub(crate) async fn wait(
    service: &Arc<Service>,
    project: &str,
    id: &str,
    timeout: std::time::Duration,
) -> Result<Value, Fault> {
    if let Some(running) = service.registry.get(project, id) {
        let mut done = running.done.subscribe();
        tokio::time::timeout(timeout, done.wait_for(|done| *done)).await.ok();
        return Ok(running.doc.lock().unwrap_or_else(PoisonError::into_inner).clone());
    }
    let (project, id) = (project.to_owned(), id.to_owned());
    crate::service::blocking(service, move |service| get(service, &project, &id)).await
}
