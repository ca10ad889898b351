//! Unpacking gzip while it streams: bodies that clients send compressed, and objects that are stored so.

use std::io::{self, Write};

use axum::body::Body;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures::{Stream, StreamExt};

/// The unpacked body of a packed one.
pub(crate) fn gunzip<S, E>(packed: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: Into<axum::BoxError> + 'static,
{
    let decoder = MultiGzDecoder::new(Vec::new());
    let unpacked = futures::stream::unfold((packed, Some(decoder)), |(mut packed, decoder)| async move {
        let mut decoder = decoder?;
        let step = match packed.next().await {
            Some(Ok(chunk)) => decoder.write_all(&chunk).map(|()| true),
            Some(Err(error)) => Err(io::Error::other(error)),
            None => decoder.try_finish().map(|()| false),
        };
        let out = Bytes::from(std::mem::take(decoder.get_mut()));
        match step {
            Ok(true) => Some((Ok(out), (packed, Some(decoder)))),
            Ok(false) => Some((Ok(out), (packed, None))),
            Err(error) => Some((Err(error), (packed, None))),
        }
    });
    Body::from_stream(unpacked)
}
