//! `/api`: what the pages show, as JSON. Its names are an interface: documented in docs/guides/console.md; what is there keeps its
//! meaning, and more may come.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State as Given};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, Utc};
use headwater_quality::report::state_name;
use http::StatusCode;
use serde_json::{Value, json};

use crate::http::Reply;
use crate::kept::Seen;
use crate::lineage::Graph;
use crate::pages::asked;
use crate::pages::logs::{execution, pool};
use crate::pages::run::key;
use crate::pages::runs::Choice;
use crate::source::Source;
use crate::source::catalog::{Bridge, Catalog, Kind, Pipeline};
use crate::source::runs::Run;

/// Runs of a page, unless somebody asks for fewer or more.
const PAGE: usize = 50;
/// And never more than so many.
const MOST: usize = 500;

pub fn routes() -> Router<Arc<Source>> {
    Router::new()
        .route("/api/pipelines", get(pipelines))
        .route("/api/pipelines/{lake}/{pipeline}", get(pipeline))
        .route("/api/runs", get(runs))
        .route("/api/runs/{lake}/{pipeline}/{run}", get(run))
        .route("/api/lineage", get(lineage))
        .route("/api/quality", get(quality))
        .route("/api/streams", get(streams))
        .route("/api/logs/{lake}/{pipeline}", get(workers))
        .route("/api/logs/{lake}/{pipeline}/{run}", get(logs))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn refuse(status: StatusCode, message: &str) -> Reply {
    Reply::json(&json!({ "error": message })).with(status)
}

/// What is known, or why nothing is.
fn known<T>(what: &str, seen: &Seen<T>) -> Result<Arc<T>, Reply> {
    seen.value.clone().ok_or_else(|| {
        let why = seen.failed.as_deref().unwrap_or("they are being read: ask again");
        refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("{what} are not known: {why}"))
    })
}

/// A document that says of when it is, and why it could not be found out anew.
fn dated<T>(mut document: Value, seen: &Seen<T>) -> Reply {
    document["as_of"] = seen.at.map(stamp).into();
    if let Some(why) = &seen.failed {
        document["stale_because"] = why.as_ref().into();
    }
    Reply::json(&document)
}

fn summary(pipeline: &Pipeline) -> Value {
    json!({
        "lake": &*pipeline.key.lake,
        "name": &*pipeline.key.name,
        "kind": pipeline.kind().word(),
        "runtime": pipeline.runtime(),
        "spec_hash": pipeline.spec().ok().map(headwater_spec::PipelineSpec::hash),
        "spec_error": pipeline.spec().err(),
        "half_made": pipeline.half_made(),
        "complete_up_to": pipeline.fresh_to().map(stamp),
        "page": crate::pages::pipeline::address(&pipeline.key),
    })
}

async fn pipelines(Given(source): Given<Arc<Source>>) -> Result<Reply, Reply> {
    let seen = source.catalog().await;
    let catalog = known("pipelines", &seen)?;
    let (runs, schedules) = tokio::join!(source.runs(&catalog), source.schedules(&catalog));
    let each = catalog.pipelines.iter().map(|pipeline| {
        let mut document = summary(pipeline);
        let last = runs.value.as_ref().and_then(|runs| runs.of(&pipeline.key).first());
        document["last_run"] = last.map_or(Value::Null, |run| of_run(run));
        let scheduled = schedules
            .value
            .as_ref()
            .and_then(|schedules| schedules.of(&pipeline.key));
        document["schedule"] = scheduled.map_or(Value::Null, |one| {
            json!({
                "cron": one.schedule.cron, "time_zone": one.schedule.time_zone,
                "paused": one.paused, "next": one.next.map(stamp),
            })
        });
        document
    });
    Ok(dated(json!({ "pipelines": each.collect::<Vec<_>>() }), &seen))
}

async fn pipeline(
    Given(source): Given<Arc<Source>>,
    Path((lake, pipeline)): Path<(String, String)>,
) -> Result<Reply, Reply> {
    let seen = source.catalog().await;
    let catalog = known("pipelines", &seen)?;
    let found = catalog.get(&key(&lake, &pipeline));
    let found = found.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "there is no such pipeline"))?;
    let mut document = summary(found);
    if let Ok(spec) = found.spec() {
        document["spec"] = serde_json::to_value(spec).unwrap_or_default();
        let objects = spec
            .salesforce_extract
            .iter()
            .flat_map(|extract| extract.objects.keys());
        let marks = objects.map(|name| {
            let mark = found.watermark(name);
            (
                name.clone(),
                mark.map_or(Value::Null, |mark| stamp(mark.committed).into()),
            )
        });
        document["watermarks"] = Value::Object(marks.collect());
    }
    Ok(dated(document, &seen))
}

fn of_run(run: &Run) -> Value {
    let now = Utc::now();
    let state = run.state(now);
    json!({
        "lake": &*run.key.lake,
        "pipeline": &*run.key.name,
        "run": &*run.id,
        "state": state.word(),
        "started": stamp(run.started),
        "ended": state.is_over().then(|| stamp(run.last())),
        "objects": run.records.len(),
        "totals": run.totals(),
    })
}

async fn runs(Given(source): Given<Arc<Source>>, RawQuery(query): RawQuery) -> Result<Reply, Reply> {
    let catalog = known("pipelines", &source.catalog().await)?;
    let choice = Choice::of(query.as_deref(), &catalog)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "there is no such pipeline or state"))?;
    let most = match asked(query.as_deref(), "limit").map(|limit| limit.parse()) {
        None => PAGE,
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => limit,
        Some(_) => {
            return Err(refuse(
                StatusCode::BAD_REQUEST,
                &format!("limit is not a number from 1 to {MOST}"),
            ));
        }
    };
    let seen = source.runs(&catalog).await;
    let runs = known("runs", &seen)?;
    let chosen = choice.among(&runs, most, Utc::now());
    let each: Vec<Value> = chosen.runs.iter().map(|run| of_run(run)).collect();
    Ok(dated(
        json!({ "runs": each, "next_cursor": chosen.next, "unread_records": runs.unread() }),
        &seen,
    ))
}

/// The catalog, and a run of it.
async fn find(
    source: &Source,
    path: &(String, String, String),
) -> Result<(Arc<Catalog>, Seen<crate::source::runs::Runs>, Arc<Run>), Reply> {
    let catalog = known("pipelines", &source.catalog().await)?;
    let seen = source.runs(&catalog).await;
    let runs = known("runs", &seen)?;
    let run = runs.get(&key(&path.0, &path.1), &path.2).cloned();
    let run = run.ok_or_else(|| match runs.unread() {
        0 => refuse(StatusCode::NOT_FOUND, "there is no such run"),
        _ => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "the runs are still being read: ask again",
        ),
    })?;
    Ok((catalog, seen, run))
}

async fn run(Given(source): Given<Arc<Source>>, Path(path): Path<(String, String, String)>) -> Result<Reply, Reply> {
    let (_, seen, run) = find(&source, &path).await?;
    let mut document = of_run(&run);
    document["execution"] = run.execution.as_ref().map(|one| one.name.clone()).into();
    document["records"] = run
        .records
        .iter()
        .map(|one| serde_json::to_value(&**one).unwrap_or_default())
        .collect();
    Ok(dated(document, &seen))
}

async fn lineage(Given(source): Given<Arc<Source>>, RawQuery(query): RawQuery) -> Result<Reply, Reply> {
    let seen = source.catalog().await;
    let catalog = known("pipelines", &seen)?;
    let marts = source.marts(&catalog).await;
    let mut graph = Graph::of(&catalog, marts.value.as_deref());
    if let Some(of) = asked(query.as_deref(), "of") {
        if !graph.nodes.contains_key(&of) {
            return Err(refuse(StatusCode::NOT_FOUND, "there is no such node"));
        }
        graph = graph.around(&of);
    }
    let nodes = graph.nodes.values().map(|node| {
        let pipeline = node
            .of
            .as_ref()
            .map(|key| json!({ "lake": &*key.lake, "name": &*key.name }));
        json!({ "id": node.id, "kind": node.kind.word(), "name": node.name, "place": node.place, "pipeline": pipeline })
    });
    let edges = graph
        .edges
        .iter()
        .map(|(from, to, by)| json!({ "from": from, "to": to, "by": by }));
    let document = json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() });
    Ok(dated(document, &seen))
}

async fn quality(Given(source): Given<Arc<Source>>) -> Result<Reply, Reply> {
    let catalog = known("pipelines", &source.catalog().await)?;
    let seen = source.verdicts(&catalog).await;
    let verdicts = known("verdicts", &seen)?;
    let suites = catalog.of(Kind::Suite).map(|suite| {
        let mut document = json!({ "lake": &*suite.key.lake, "name": &*suite.key.name });
        match verdicts.of(&suite.key) {
            Some(Ok(history)) => {
                let runs = history.runs.iter().map(|run| {
                    json!({
                        "run": run.run, "at": run.at, "mode": run.mode, "state": state_name(run.state), "target": run.target,
                        "rows": run.rows, "expectations": run.expectations, "failed": run.failed, "errors": run.errors,
                        "transition": run.transition, "reason": run.reason,
                    })
                });
                document["runs"] = runs.collect();
                let results = history.last_results().into_iter().map(|said| {
                    json!({
                        "expectation": said.id, "check": said.check, "state": state_name(said.state), "severity": said.severity,
                        "on_fail": said.on_fail, "evaluated": said.evaluated, "unexpected": said.unexpected,
                        "pass_ratio": said.pass_ratio, "reason": said.reason, "owner": said.owner,
                    })
                });
                document["last_results"] = results.collect();
            }
            Some(Err(why)) => document["error"] = why.as_ref().into(),
            None => {}
        }
        document
    });
    Ok(dated(json!({ "suites": suites.collect::<Vec<_>>() }), &seen))
}

async fn streams(Given(source): Given<Arc<Source>>) -> Result<Reply, Reply> {
    let seen = source.catalog().await;
    let catalog = known("pipelines", &seen)?;
    let lags = source.lags(&catalog).await;
    let now = Utc::now();
    let each = catalog.of(Kind::Stream).map(|stream| {
        let notes = stream.stream.clone().unwrap_or_default();
        let mut document = json!({
            "lake": &*stream.key.lake,
            "name": &*stream.key.name,
            "paused": notes.paused,
            "bridge_at_work": notes.bridge.as_ref().map(|bridge| bridge.is_held(now)),
            "newest_event": notes.bridge.as_ref().and_then(Bridge::newest).map(stamp),
            "dead_letters": notes.dead_letters,
            "dead_letters_counted": notes.dead_letters_counted,
            "repairs": notes.repairs,
        });
        match lags.value.as_ref().and_then(|lags| lags.of(&stream.key)) {
            Some(Ok(tables)) => {
                let each = tables.iter().map(|(name, newest)| {
                    let newest = json!({ "newest_change": newest.committed.map(stamp), "last_hour": newest.last_hour });
                    (name.clone(), newest)
                });
                document["entities"] = Value::Object(each.collect());
            }
            Some(Err(why)) => document["error"] = why.as_str().into(),
            None => {}
        }
        document
    });
    let each: Vec<Value> = each.collect();
    Ok(dated(json!({ "streams": each }), &seen))
}

async fn logs(Given(source): Given<Arc<Source>>, Path(path): Path<(String, String, String)>) -> Result<Reply, Reply> {
    let (catalog, _, run) = find(&source, &path).await?;
    let execution = catalog.get(&run.key).and_then(|of| execution(of, &run));
    let execution = execution.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "it was not executed by Cloud Run"))?;
    said(&source, "execution", &execution).await
}

/// What the workers of a stream have said.
async fn workers(Given(source): Given<Arc<Source>>, Path(path): Path<(String, String)>) -> Result<Reply, Reply> {
    let catalog = known("pipelines", &source.catalog().await)?;
    let pool = catalog.get(&key(&path.0, &path.1)).and_then(|of| pool(of));
    let pool = pool.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "there is no such stream with workers"))?;
    said(&source, "worker_pool", &pool).await
}

/// The lines of an execution or a worker pool.
async fn said(source: &Source, what: &str, name: &str) -> Result<Reply, Reply> {
    let seen = source.logs(name).await;
    let lines = known("log lines", &seen)?;
    let lines = lines.iter().map(|line| {
        json!({
            "timestamp": line.timestamp, "severity": line.severity, "task": line.task, "instance": line.instance,
            "message": line.message,
            "fields": line.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<serde_json::Map<_, _>>(),
        })
    });
    let mut document = json!({ "lines": lines.collect::<Vec<_>>() });
    document[what] = name.into();
    Ok(dated(document, &seen))
}
