//! Publish and PublishStream: platform events of the client's own. Change events are the platform's to publish.

use std::sync::Arc;

use futures::StreamExt;
use headwater_salesforce_eventbus::{Error, ErrorCode, ProducerEvent, PublishRequest, PublishResponse, PublishResult};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::refusal::{self, refusal};
use super::topic::Topic;
use super::{Answers, Caller};
use crate::cdc::log::{Fresh, PLATFORM};
use crate::cdc::platform;
use crate::http::App;

/// The platform event that a topic is for.
pub(super) fn target(app: &Arc<App>, topic: &str) -> Result<u16, Status> {
    let topic = Topic::find(&app.org, topic)?;
    topic.platform().ok_or_else(|| {
        refusal(
            Code::PermissionDenied,
            "publish.topic.cannot.publish",
            "Publishing on this topic is not allowed.",
        )
    })
}

/// Publishes a batch; an event that cannot be published fails alone.
pub(super) fn publish(app: &Arc<App>, number: u16, request: PublishRequest) -> Result<PublishResponse, Status> {
    if request.events.is_empty() {
        return Err(refusal(
            Code::InvalidArgument,
            "publish.event.count.invalid",
            "The request contains no events.",
        ));
    }
    let channels = app.org.cdc.channels();
    let event = channels
        .platform_events
        .get(usize::from(number))
        .ok_or_else(refusal::topic)?;
    let (schema_id, text) = platform::schema(event);
    app.org.cdc.know(&schema_id, &text).map_err(|e| refusal::internal(&e))?;
    let mut results = vec![];
    for ProducerEvent {
        id,
        schema_id: by,
        payload,
        ..
    } in request.events
    {
        let wrong = match by == schema_id {
            false => Some("The schema ID is not that of the topic."),
            true if !platform::is_valid(event, &payload) => Some("The payload does not follow the schema."),
            true => None,
        };
        let mut result = PublishResult {
            replay_id: vec![],
            error: None,
            correlation_key: id,
        };
        match wrong {
            Some(msg) => {
                result.error = Some(Error {
                    code: ErrorCode::Publish.into(),
                    msg: msg.into(),
                });
            }
            None => {
                let fresh = Fresh {
                    subject: PLATFORM | number,
                    schema_id: by,
                    payload,
                };
                let position = app.org.cdc.log.append(&[fresh], app.org.clock.now());
                let position = position.map_err(|e| refusal::internal(&e))?;
                result.replay_id = app.org.cdc.log.replay_id(position);
            }
        }
        results.push(result);
    }
    Ok(PublishResponse {
        results,
        schema_id,
        rpc_id: refusal::rpc_id(),
    })
}

/// Batch after batch on one topic.
pub(super) fn open(caller: Caller, mut requests: Streaming<PublishRequest>) -> Answers<PublishResponse> {
    let (answers, stream) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut topic: Option<(String, u16)> = None;
        let mut cut = caller.app.streams.cut.subscribe();
        loop {
            let request = tokio::select! {
                request = requests.next() => request,
                _ = cut.changed() => Some(Err(super::subscribe::broken())),
            };
            let Some(request) = request else { return };
            let answer = request.and_then(|request| next(&caller, &mut topic, request));
            let failed = answer.is_err();
            if answers.send(answer).await.is_err() || failed {
                return;
            }
        }
    });
    ReceiverStream::new(stream)
}

fn next(
    caller: &Caller,
    topic: &mut Option<(String, u16)>,
    request: PublishRequest,
) -> Result<PublishResponse, Status> {
    caller.check()?;
    let number = match topic {
        None => {
            let number = target(&caller.app, &request.topic_name)?;
            *topic = Some((request.topic_name.clone(), number));
            number
        }
        Some((name, number)) if request.topic_name.is_empty() || request.topic_name == *name => *number,
        Some(_) => {
            return Err(refusal(
                Code::InvalidArgument,
                "publish.topic.mismatch",
                "The topic name differs from that of the first request.",
            ));
        }
    };
    publish(&caller.app, number, request)
}
