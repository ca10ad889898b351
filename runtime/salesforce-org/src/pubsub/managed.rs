//! ManagedSubscribe: as Subscribe, but the org keeps the position, which the client commits.

use futures::StreamExt;
use headwater_salesforce_eventbus::{
    CommitReplayRequest, CommitReplayResponse, ConsumerEvent, Error, ErrorCode, ManagedFetchRequest,
    ManagedFetchResponse, ReplayPreset,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::feed::{Feed, LATE, earliest};
use super::refusal::{self, refusal};
use super::subscribe::broken;
use super::topic::Topic;
use super::{Answers, Caller};
use crate::cdc::channels::Managed;

type Sender = mpsc::Sender<Result<ManagedFetchResponse, Status>>;

/// Begins, or goes on with, a managed subscription.
pub(super) fn open(caller: Caller, mut requests: Streaming<ManagedFetchRequest>) -> Answers<ManagedFetchResponse> {
    let (answers, stream) = mpsc::channel(4);
    tokio::spawn(async move {
        let ended = match requests.next().await.transpose() {
            Ok(Some(first)) => enter(&caller, &first, requests, &answers).await,
            Ok(None) => Ok(()),
            Err(status) => Err(status),
        };
        if let Err(status) = ended {
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

fn invalid(code: &str, message: &str) -> Status {
    refusal(Code::InvalidArgument, &format!("managed.subscription.{code}"), message)
}

fn find(caller: &Caller, first: &ManagedFetchRequest) -> Result<Managed, Status> {
    let (id, name) = (&first.subscription_id, &first.developer_name);
    if id.is_empty() == name.is_empty() {
        return Err(invalid(
            "id.or.developer.name.empty",
            "Give either the subscription's ID or its developer name.",
        ));
    }
    let all = caller.app.org.cdc.channels().managed;
    let is_it = |m: &Managed| m.developer_name == *name || (id.len() >= 15 && m.id.starts_with(id.as_str()));
    let code = if name.is_empty() {
        "subscription.id.not.found"
    } else {
        "developer.name.not.found"
    };
    let not_found = || {
        refusal(
            Code::NotFound,
            &format!("managed.subscription.{code}"),
            "There is no such managed subscription.",
        )
    };
    let found = all.into_iter().find(is_it).ok_or_else(not_found)?;
    if found.state != "RUN" {
        return Err(refusal(
            Code::FailedPrecondition,
            "managed.subscription.config.stopped",
            "The managed subscription is stopped.",
        ));
    }
    Ok(found)
}

/// One reader at a time.
async fn enter(
    caller: &Caller,
    first: &ManagedFetchRequest,
    requests: Streaming<ManagedFetchRequest>,
    answers: &Sender,
) -> Result<(), Status> {
    let managed = find(caller, first)?;
    let active = || {
        caller
            .app
            .streams
            .active
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    };
    if !active().insert(managed.id.clone()) {
        return Err(refusal(
            Code::AlreadyExists,
            "managed.subscription.already.active",
            "There is an active subscription with this ID.",
        ));
    }
    let ended = run(caller, &managed, first, requests, answers).await;
    active().remove(&managed.id);
    ended
}

async fn run(
    caller: &Caller,
    managed: &Managed,
    first: &ManagedFetchRequest,
    mut requests: Streaming<ManagedFetchRequest>,
    answers: &Sender,
) -> Result<(), Status> {
    if first.commit_replay_id_request.is_some() {
        return Err(invalid(
            "fetch.request.commit.request.restricted",
            "The first request must not commit.",
        ));
    }
    let app = &caller.app;
    let topic = Topic::find(&app.org, &managed.topic)?;
    let preset = match managed.default_replay.as_str() {
        "EARLIEST" => ReplayPreset::Earliest,
        _ => ReplayPreset::Latest,
    };
    let mut feed = Feed::open(app, topic, preset, &[])?;
    if let Some(committed) = managed.committed.filter(|c| *c >= earliest(app)) {
        feed.position = committed;
    }
    let mut delivered = feed.position;
    ask(&mut feed, first)?;
    let (mut cut, mut keep_alive) = (app.streams.cut.subscribe(), app.streams.keep_alive.subscribe());
    let mut count = app.org.cdc.log.count();
    let mut last = Instant::now();
    loop {
        count.borrow_and_update();
        let events = feed.take()?;
        if !events.is_empty() {
            delivered = feed.position;
            send(answers, &feed, events, None).await?;
            last = Instant::now();
        }
        let silent_until = last + *keep_alive.borrow_and_update();
        let more = feed.pending > 0;
        tokio::select! {
            biased;
            request = requests.next() => match request.transpose()? {
                Some(request) => {
                    caller.check()?;
                    ask(&mut feed, &request)?;
                    if let Some(commit) = request.commit_replay_id_request {
                        let response = commit_position(caller, managed, &commit, delivered.max(feed.position));
                        send(answers, &feed, vec![], Some(response)).await?;
                    }
                }
                None => return Ok(()),
            },
            _ = cut.changed() => return Err(broken()),
            () = answers.closed() => return Ok(()),
            _ = count.changed(), if more => {}
            _ = keep_alive.changed() => {}
            () = tokio::time::sleep_until(silent_until) => {
                caller.check()?;
                send(answers, &feed, vec![], None).await?;
                last = Instant::now();
            }
            () = tokio::time::sleep(LATE), if more => {}
        }
    }
}

fn ask(feed: &mut Feed, request: &ManagedFetchRequest) -> Result<(), Status> {
    if request.num_requested < 0 {
        return Err(invalid(
            "fetch.request.events.invalid",
            "The number of requested events must not be negative.",
        ));
    }
    feed.ask(request.num_requested)
}

/// A commit's failure is part of its answer and does not end the stream.
fn commit_position(
    caller: &Caller,
    managed: &Managed,
    commit: &CommitReplayRequest,
    delivered: u64,
) -> CommitReplayResponse {
    let cdc = &caller.app.org.cdc;
    let saved = match cdc.log.position(&commit.replay_id) {
        None => Err("The Replay ID is missing or invalid.".to_owned()),
        Some(position) if position > delivered => Err("The event was not delivered yet.".to_owned()),
        Some(position) => cdc
            .change(|channels| {
                let found = channels.managed.iter_mut().find(|m| m.id == managed.id);
                let Some(found) = found else {
                    return Err("The managed subscription was deleted.".to_owned());
                };
                if found.committed.is_some_and(|c| c > position) {
                    return Err("A later Replay ID is committed already.".to_owned());
                }
                found.committed = Some(position);
                Ok(())
            })
            .map_err(|e| e.to_string())
            .and_then(|done| done),
    };
    CommitReplayResponse {
        commit_request_id: commit.commit_request_id.clone(),
        replay_id: commit.replay_id.clone(),
        error: saved.err().map(|msg| Error {
            code: ErrorCode::Commit.into(),
            msg,
        }),
        process_time: caller.app.org.clock.now(),
    }
}

async fn send(
    answers: &Sender,
    feed: &Feed,
    events: Vec<ConsumerEvent>,
    commit_response: Option<CommitReplayResponse>,
) -> Result<(), Status> {
    let answer = ManagedFetchResponse {
        events,
        latest_replay_id: feed.latest_replay_id(),
        rpc_id: refusal::rpc_id(),
        pending_num_requested: feed.pending,
        commit_response,
    };
    answers.send(Ok(answer)).await.map_err(|_| broken())
}
