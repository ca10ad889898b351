//! Reading bodies: whole or a range, streamed from the file.

use std::io::SeekFrom;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::buckets::live;
use super::preconditions::Preconditions;
use super::record::Object;
use crate::http::answer::{Answer, ApiError};
use crate::http::call::Call;
use crate::http::gunzip::gunzip;

const READ_BYTES: usize = 256 << 10;

/// The body of an object. Errors are in plain text, as Cloud Storage gives them here.
pub(super) async fn download(call: Call) -> Answer {
    answer(&call).await.map_err(ApiError::plain)
}

async fn answer(call: &Call) -> Answer {
    let object = live(call)?;
    Preconditions::of(&call.query)?.check_read(&object)?;
    let packed = object.setting("contentEncoding") == Some("gzip");
    let takes_gzip = call
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"));
    let mut file = tokio::fs::File::open(call.cloud.blobs.path(&object.blob)).await?;
    if packed && !takes_gzip {
        // Transcoding ignores ranges: https://cloud.google.com/storage/docs/transcoding
        let mut response = Response::new(gunzip(ReaderStream::with_capacity(file, READ_BYTES)));
        describe(&mut response, &object);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_ENCODING);
        headers.insert(header::WARNING, HeaderValue::from_static("214 UploadServer gunzipped"));
        return Ok(response);
    }
    let range = match call
        .header("range")
        .map_or(Range::Whole, |text| Range::parse(text, object.size))
    {
        Range::Unsatisfiable => return Ok(unsatisfiable(object.size)),
        Range::Whole => None,
        Range::Part(first, last) => Some((first, last)),
    };
    let (first, length) = range.map_or((0, object.size), |(first, last)| (first, last - first + 1));
    if first > 0 {
        file.seek(SeekFrom::Start(first)).await?;
    }
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(
        file.take(length),
        READ_BYTES,
    )));
    describe(&mut response, &object);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some((first, last)) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        insert(
            &mut response,
            "content-range",
            &format!("bytes {first}-{last}/{}", object.size),
        );
    }
    Ok(response)
}

fn unsatisfiable(size: u64) -> Response {
    let error = ApiError::new(
        416,
        "OUT_OF_RANGE",
        "requestedRangeNotSatisfiable",
        "Request range not satisfiable",
    );
    let mut response = error.plain().into_response();
    insert(&mut response, "content-range", &format!("bytes */{size}"));
    response
}

fn insert(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
}

fn describe(response: &mut Response, object: &Object) {
    insert(
        response,
        "content-type",
        object.setting("contentType").unwrap_or("application/octet-stream"),
    );
    for (header, setting) in [
        ("content-encoding", "contentEncoding"),
        ("content-disposition", "contentDisposition"),
        ("content-language", "contentLanguage"),
    ] {
        if let Some(value) = object.setting(setting) {
            insert(response, header, value);
        }
    }
    let cache = object
        .setting("cacheControl")
        .unwrap_or("no-cache, no-store, max-age=0, must-revalidate");
    insert(response, "cache-control", cache);
    insert(response, "accept-ranges", "bytes");
    insert(response, "etag", &object.etag());
    insert(
        response,
        "last-modified",
        &object.updated.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    );
    insert(response, "x-goog-generation", &object.generation.to_string());
    insert(response, "x-goog-metageneration", &object.metageneration.to_string());
    insert(
        response,
        "x-goog-storage-class",
        object.setting("storageClass").unwrap_or("STANDARD"),
    );
    insert(
        response,
        "x-goog-stored-content-encoding",
        object.setting("contentEncoding").unwrap_or("identity"),
    );
    insert(response, "x-goog-stored-content-length", &object.size.to_string());
    let mut hash = format!("crc32c={}", object.crc32c_text());
    if let Some(md5) = &object.md5 {
        hash.push_str(&format!(",md5={md5}"));
    }
    insert(response, "x-goog-hash", &hash);
}

#[derive(Debug, PartialEq)]
enum Range {
    Whole,
    Part(u64, u64),
    Unsatisfiable,
}

impl Range {
    /// One range of bytes; what is not understood, several ranges among it, means the whole (RFC 9110, 14.2).
    fn parse(text: &str, size: u64) -> Range {
        let Some((first, last)) = text
            .trim()
            .strip_prefix("bytes=")
            .and_then(|range| range.split_once('-'))
        else {
            return Range::Whole;
        };
        let last_byte = size.saturating_sub(1);
        match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
            (Ok(first), _) if first >= size => Range::Unsatisfiable,
            (Ok(first), Ok(last)) if first <= last => Range::Part(first, last.min(last_byte)),
            (Ok(first), Err(_)) if last.trim().is_empty() => Range::Part(first, last_byte),
            (Err(_), Ok(tail)) if first.trim().is_empty() => match (tail, size) {
                (0, _) | (_, 0) => Range::Unsatisfiable,
                _ => Range::Part(size.saturating_sub(tail), last_byte),
            },
            _ => Range::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, size, expected) in [
            ("bytes=0-", 10, Range::Part(0, 9)),
            ("bytes=2-4", 10, Range::Part(2, 4)),
            ("bytes=2-40", 10, Range::Part(2, 9)),
            ("bytes=-3", 10, Range::Part(7, 9)),
            ("bytes=-30", 10, Range::Part(0, 9)),
            ("bytes=10-", 10, Range::Unsatisfiable),
            ("bytes=0-", 0, Range::Unsatisfiable),
            ("bytes=-0", 10, Range::Unsatisfiable),
            ("bytes=5-2", 10, Range::Whole),
            ("bytes=0-1,4-5", 10, Range::Whole),
            ("lines=1-2", 10, Range::Whole),
        ] {
            assert_eq!(Range::parse(text, size), expected, "{text} of {size}");
        }
    }
}
