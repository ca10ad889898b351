//! Resumable uploads: <https://cloud.google.com/storage/docs/performing-resumable-uploads>.
//!
//! A session is a document and a file that grows. Both outlive the process; checksums are computed anew from the file when
//! a session is taken up after a restart. A finished session is remembered, so that a client whose answer was lost learns
//! that it is done.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::record::Object;
use super::upload::Plan;
use crate::blobs::{Partial, ReceiveError, new_id};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, no_content, ok};
use crate::http::call::{Call, parse_object, percent_encode};
use crate::store::{Store, StoreError, View, key, under};

/// A chunk that is not the last must have at least this size.
const GRANULE: u64 = 256 << 10;
/// Sessions live for a week.
const LIFE_DAYS: i64 = 7;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    plan: Plan,
    created: DateTime<Utc>,
    /// What `X-Upload-Content-Length` announced.
    announced: Option<u64>,
    done: Option<Object>,
}

fn session_key(id: &str) -> Vec<u8> {
    key(&["storage", "u", id])
}

type Slot = Arc<tokio::sync::Mutex<Option<Partial>>>;

/// The open files of sessions; one request at a time works on each.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Slot>>);

impl Uploads {
    fn slot(&self, id: &str) -> Slot {
        let Ok(mut slots) = self.0.lock() else {
            return Slot::default();
        };
        slots.entry(id.to_owned()).or_default().clone()
    }

    fn forget(&self, id: &str) {
        if let Ok(mut slots) = self.0.lock() {
            slots.remove(id);
        }
    }
}

/// Ends sessions that are too old. Gives the ids of the files of those that remain.
pub(crate) fn forget_old_sessions(store: &Store) -> Result<HashSet<String>, StoreError> {
    store.write_blocking(|txn| {
        let prefix = under(&["storage", "u"]);
        let (mut old, mut open) = (Vec::new(), HashSet::new());
        txn.scan(&prefix, &prefix, &mut |key, bytes| {
            let session = serde_json::from_slice::<Session>(bytes).ok();
            match session.filter(|session| Utc::now() - session.created < TimeDelta::days(LIFE_DAYS)) {
                None => old.push(key.to_vec()),
                Some(_) => drop(open.insert(String::from_utf8_lossy(&key[prefix.len()..]).into_owned())),
            }
            Ok(crate::store::Next::Continue)
        })?;
        for key in old {
            txn.remove(key);
        }
        Ok(open)
    })
}

pub(super) async fn begin(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let resource = parse_object(&body).or_else(|e| if body.is_empty() { Ok(Map::new()) } else { Err(e) })?;
    let mut plan = Plan::of(&call, resource)?;
    if let Some(kind) = call.header("x-upload-content-type") {
        plan.settings.entry("contentType").or_insert(json!(kind));
    }
    plan.look(&call.cloud)?;
    let announced = call
        .header("x-upload-content-length")
        .and_then(|length| length.parse().ok());
    let id = new_id();
    let partial = call.cloud.blobs.begin_as(&id)?;
    *call.cloud.uploads.slot(&id).lock().await = Some(partial);
    let location = format!(
        "{}/upload/storage/v1/b/{}/o?uploadType=resumable&name={}&upload_id={id}",
        call.cloud.base_url,
        percent_encode(&plan.bucket),
        percent_encode(&plan.name)
    );
    let session = Session {
        plan,
        created: Utc::now(),
        announced,
        done: None,
    };
    let at = session_key(&id);
    call.cloud
        .store
        .write(move |txn| txn.put(at, &session))
        .await
        .map_err(|e: StoreError| ApiError::from(e))?;
    let mut response = Response::new(Body::empty());
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(with_id(response, &id))
}

fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-guploader-uploadid", id);
    }
    response
}

/// What a request's `Content-Range` says.
#[derive(Debug, PartialEq)]
struct ContentRange {
    /// First byte and last, none for a question about the state.
    bytes: Option<(u64, Option<u64>)>,
    total: Option<u64>,
}

impl ContentRange {
    fn parse(text: Option<&str>) -> Option<ContentRange> {
        let Some(text) = text else {
            return Some(ContentRange {
                bytes: Some((0, None)),
                total: None,
            });
        };
        let (range, total) = text
            .trim()
            .strip_prefix("bytes")?
            .trim_start_matches([' ', '='])
            .split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        if range == "*" {
            return Some(ContentRange { bytes: None, total });
        }
        let (first, last) = range.split_once('-')?;
        let first: u64 = first.parse().ok()?;
        let last = if last == "*" { None } else { Some(last.parse().ok()?) };
        // An empty chunk is written as `bytes 5-4/5`.
        (last.is_none_or(|last| last + 1 >= first)).then_some(ContentRange {
            bytes: Some((first, last)),
            total,
        })
    }

    /// The client says that nothing follows this chunk.
    fn last_chunk(&self) -> bool {
        match (self.bytes, self.total) {
            (Some((_, Some(last))), Some(total)) => last + 1 >= total,
            (Some((_, None)), total) => total.is_none(),
            (None, Some(_)) => true,
            _ => false,
        }
    }
}

pub(super) async fn receive(mut call: Call) -> Answer {
    let id = call.query.get("upload_id").unwrap_or_default().to_owned();
    let cloud = call.cloud.clone();
    let slot = cloud.uploads.slot(&id);
    let mut held = slot.lock().await;
    let Some(session) = cloud.store.get::<Session>(&session_key(&id))? else {
        cloud.uploads.forget(&id);
        return Err(ApiError::not_found(
            "No such upload session: it was finished, cancelled or never begun",
        ));
    };
    if let Some(object) = session.done {
        return Ok(with_id(ok(&object.resource(&cloud))?, &id));
    }
    let header = call.header("content-range").map(str::to_owned);
    let range = ContentRange::parse(header.as_deref())
        .ok_or_else(|| ApiError::invalid(format!("Invalid Content-Range: {}", header.unwrap_or_default())))?;
    let partial = match held.take() {
        Some(partial) => partial,
        None => take_up(&cloud, &id).await?,
    };
    let partial = match range.bytes {
        None => partial,
        Some((first, last)) => {
            if let Err(error) = check_chunk(&range, first, last, partial.sums.size) {
                *held = Some(partial);
                return Err(error);
            }
            // What is already here is not taken again.
            let have = partial.sums.size - first;
            let length = last.map(|last| (last + 1 - first).saturating_sub(have));
            let body = clip(call.stream(), have, length);
            let (partial, result) = partial.append(Box::pin(body)).await?;
            partial.sync()?;
            if let Err(error) = result {
                *held = Some(partial);
                return Err(error.into());
            }
            partial
        }
    };
    let have = partial.sums.size;
    let total = range.total.or(session.announced);
    let complete = range.last_chunk() && total.is_none_or(|total| total == have);
    if !complete {
        *held = Some(partial);
        return Ok(with_id(incomplete(have), &id));
    }
    let result = finish(&call, session, &id, partial).await;
    drop(held);
    cloud.uploads.forget(&id);
    Ok(with_id(ok(&result?.resource(&cloud))?, &id))
}

fn check_chunk(range: &ContentRange, first: u64, last: Option<u64>, have: u64) -> Result<(), ApiError> {
    if first > have {
        return Err(ApiError::invalid(format!(
            "Invalid request. According to the Content-Range header, the upload offset is {first} byte(s), which exceeds \
             already uploaded size of {have} byte(s)."
        )));
    }
    let length = last.map(|last| last + 1 - first);
    match length {
        Some(length) if length < GRANULE && !range.last_chunk() => Err(ApiError::invalid(format!(
            "Invalid request. The number of bytes uploaded is required to be equal or greater than {GRANULE}, except for \
             the final request. The received request contained {length} bytes, which does not meet this requirement."
        ))),
        _ => Ok(()),
    }
}

/// A body without its first `skip` bytes and with at most `length` after them.
fn clip<S>(body: S, skip: u64, length: Option<u64>) -> impl Stream<Item = Result<bytes::Bytes, ReceiveError>>
where
    S: Stream<Item = Result<bytes::Bytes, ReceiveError>>,
{
    let (mut skip, mut left) = (skip, length.unwrap_or(u64::MAX));
    body.map(move |chunk| {
        let mut chunk = chunk?;
        let skipped = usize::try_from(skip).map_or(chunk.len(), |skip| skip.min(chunk.len()));
        skip -= skipped as u64;
        drop(chunk.split_to(skipped));
        chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= chunk.len() as u64;
        Ok(chunk)
    })
}

async fn take_up(cloud: &Arc<Cloud>, id: &str) -> Result<Partial, ApiError> {
    let (blobs, own) = (cloud.blobs.clone(), id.to_owned());
    let resumed = tokio::task::spawn_blocking(move || blobs.resume(&own)).await;
    let resumed = resumed.map_err(|e| ApiError::internal(e.to_string()))??;
    match resumed {
        Some(partial) => Ok(partial),
        None => Ok(cloud.blobs.begin_as(id)?),
    }
}

async fn finish(call: &Call, session: Session, id: &str, partial: Partial) -> Result<Object, ApiError> {
    let sums = session.plan.sums.clone().with_headers(&call.headers);
    let at = session_key(id);
    let result = match sums.check(&partial.sums) {
        Ok(()) => {
            let done = session.clone();
            let at = at.clone();
            let also = move |txn: &mut crate::store::Txn<'_>, object: &Object| {
                Ok(txn.put(
                    at,
                    &Session {
                        done: Some(object.clone()),
                        ..done
                    },
                )?)
            };
            session.plan.commit(&call.cloud, partial, also).await
        }
        Err(error) => {
            partial.discard();
            Err(error)
        }
    };
    if result.is_err() {
        // The upload as a whole has failed: the body or the preconditions are wrong, and trying again will not help.
        call.cloud
            .store
            .write(move |txn| {
                txn.remove(at);
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    result
}

fn incomplete(have: u64) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if have > 0
        && let Ok(range) = HeaderValue::from_str(&format!("bytes=0-{}", have - 1))
    {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}

pub(super) async fn cancel(call: Call) -> Answer {
    let Some(id) = call.query.get("upload_id").map(str::to_owned) else {
        return Err(ApiError::required("upload_id"));
    };
    let slot = call.cloud.uploads.slot(&id);
    let mut held = slot.lock().await;
    let at = session_key(&id);
    let known = call.cloud.store.write(move |txn| {
        let session: Option<Session> = txn.get(&at)?;
        txn.remove(at);
        Ok::<_, StoreError>(session)
    });
    let known = known.await?;
    held.take();
    call.cloud.uploads.forget(&id);
    match known {
        None => return Err(ApiError::not_found("No such upload session")),
        Some(session) if session.done.is_none() => call.cloud.blobs.discard(&id),
        Some(_) => {}
    }
    let mut response = no_content()?;
    *response.status_mut() = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        let range = |bytes, total| Some(ContentRange { bytes, total });
        for (text, expected, last) in [
            (None, range(Some((0, None)), None), true),
            (Some("bytes 0-9/10"), range(Some((0, Some(9))), Some(10)), true),
            (Some("bytes 0-9/*"), range(Some((0, Some(9))), None), false),
            (Some("bytes 10-19/30"), range(Some((10, Some(19))), Some(30)), false),
            (Some("bytes */10"), range(None, Some(10)), true),
            (Some("bytes */*"), range(None, None), false),
            (Some("bytes 5-4/5"), range(Some((5, Some(4))), Some(5)), true),
            (Some("bytes 0-*/*"), range(Some((0, None)), None), true),
            (Some("bytes 9-2/10"), None, false),
            (Some("octets 0-1/2"), None, false),
        ] {
            let parsed = ContentRange::parse(text);
            assert_eq!(parsed.as_ref().is_some_and(ContentRange::last_chunk), last, "{text:?}");
            assert_eq!(parsed, expected, "{text:?}");
        }
    }
}
