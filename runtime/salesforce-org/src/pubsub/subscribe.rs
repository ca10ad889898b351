//! Subscribe: events as they come, as many as were asked for, and a sign of life when there are none.

use futures::StreamExt;
use headwater_salesforce_eventbus::{FetchRequest, FetchResponse};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::feed::{Feed, LATE};
use super::refusal::{self, refusal};
use super::topic::Topic;
use super::{Answers, Caller};

/// Answers under way before the server waits for the client to take them.
const AHEAD: usize = 4;

/// Begins a subscription.
pub(super) fn open(caller: Caller, requests: Streaming<FetchRequest>) -> Answers<FetchResponse> {
    let (answers, stream) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(status) = run(&caller, requests, &answers).await {
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

async fn run(
    caller: &Caller,
    mut requests: Streaming<FetchRequest>,
    answers: &mpsc::Sender<Result<FetchResponse, Status>>,
) -> Result<(), Status> {
    let Some(first) = requests.next().await.transpose()? else {
        return Ok(());
    };
    let topic = Topic::find(&caller.app.org, &first.topic_name)?;
    let mut feed = Feed::open(&caller.app, topic, first.replay_preset(), &first.replay_id)?;
    asked(&mut feed, &first)?;
    let streams = &caller.app.streams;
    let (mut cut, mut keep_alive) = (streams.cut.subscribe(), streams.keep_alive.subscribe());
    let mut count = caller.app.org.cdc.log.count();
    let mut last = Instant::now();
    loop {
        count.borrow_and_update();
        let events = feed.take()?;
        if !events.is_empty() {
            send(answers, &feed, events).await?;
            last = Instant::now();
            // A client that takes what it is given must still be heard.
            tokio::task::yield_now().await;
        }
        let silent_until = last + *keep_alive.borrow_and_update();
        let more = feed.pending > 0;
        tokio::select! {
            biased;
            request = requests.next() => match request.transpose()? {
                Some(request) => {
                    caller.check()?;
                    if !request.topic_name.is_empty() && request.topic_name != feed.topic().name {
                        return Err(refusal(
                            Code::InvalidArgument,
                            "subscription.fetch.topic.mismatch",
                            "The topic name differs from that of the first request.",
                        ));
                    }
                    asked(&mut feed, &request)?;
                }
                None => return Ok(()),
            },
            _ = cut.changed() => return Err(broken()),
            () = answers.closed() => return Ok(()),
            _ = count.changed(), if more => {}
            _ = keep_alive.changed() => {}
            () = tokio::time::sleep_until(silent_until) => {
                caller.check()?;
                send(answers, &feed, vec![]).await?;
                last = Instant::now();
            }
            () = tokio::time::sleep(LATE), if more => {}
        }
    }
}

fn asked(feed: &mut Feed, request: &FetchRequest) -> Result<(), Status> {
    if request.num_requested <= 0 {
        return Err(refusal(
            Code::InvalidArgument,
            "subscription.fetch.requested.events.invalid",
            "The number of requested events must be greater than zero.",
        ));
    }
    feed.ask(request.num_requested)
}

/// What a client sees when its connection breaks.
pub(super) fn broken() -> Status {
    Status::unavailable("RST_STREAM closed stream")
}

async fn send(
    answers: &mpsc::Sender<Result<FetchResponse, Status>>,
    feed: &Feed,
    events: Vec<headwater_salesforce_eventbus::ConsumerEvent>,
) -> Result<(), Status> {
    let latest_replay_id = match events.last() {
        Some(event) => event.replay_id.clone(),
        None => feed.latest_replay_id(),
    };
    let answer = FetchResponse {
        events,
        latest_replay_id,
        rpc_id: refusal::rpc_id(),
        pending_num_requested: feed.pending,
    };
    answers.send(Ok(answer)).await.map_err(|_| broken())
}
