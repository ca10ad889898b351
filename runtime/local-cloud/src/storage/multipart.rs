//! `multipart/related` bodies, read as they arrive: one small part of metadata, then the media, streamed.

use std::collections::HashMap;
use std::io::BufRead;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::blobs::ReceiveError;
use crate::http::answer::ApiError;

const SMALL_LIMIT: usize = 1 << 20;

/// Headers of a part, names in lower case.
pub(super) type PartHeaders = HashMap<String, String>;

/// The boundary that a content type names.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    let value = parameters
        .filter_map(|p| p.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    let boundary = value?.1.trim().trim_matches(['"', '\'']).to_owned();
    (!boundary.is_empty()).then_some(boundary)
}

/// A multipart body of which some has been read.
pub(super) struct Reader<S> {
    body: S,
    /// The body's line break, two dashes, the boundary: what ends a part.
    delimiter: Vec<u8>,
    /// CRLF by the standard; LF alone from gcloud and gsutil, whose Python writes it so. The first line decides.
    line_break: &'static [u8],
    buffer: BytesMut,
}

impl<S> Reader<S>
where
    S: Stream<Item = Result<Bytes, ReceiveError>> + Unpin + Send + 'static,
{
    pub(super) fn new(body: S, boundary: &str) -> Self {
        // The first delimiter has no line before it; with this one all are alike.
        Reader {
            body,
            delimiter: format!("\n--{boundary}").into_bytes(),
            line_break: b"\n",
            buffer: BytesMut::from(&b"\n"[..]),
        }
    }

    async fn more(&mut self) -> Result<bool, ReceiveError> {
        match self.body.next().await {
            Some(chunk) => {
                self.buffer.extend_from_slice(&chunk?);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn until(&mut self, mark: &[u8]) -> Result<Bytes, ApiError> {
        loop {
            if let Found::At(at) = search(&self.buffer, mark) {
                let before = self.buffer.split_to(at).freeze();
                drop(self.buffer.split_to(mark.len()));
                return Ok(before);
            }
            if self.buffer.len() > SMALL_LIMIT {
                return Err(ApiError::invalid(
                    "the metadata of a multipart upload is larger than 1 MiB",
                ));
            }
            if !self.more().await? {
                return Err(ApiError::invalid("the multipart body ends before its parts do"));
            }
        }
    }

    async fn headers(&mut self) -> Result<PartHeaders, ApiError> {
        // What is left of the delimiter's line may be padding; then headers, perhaps none, then an empty line.
        let rest_of_line = self.until(b"\n").await?;
        if rest_of_line.starts_with(b"--") {
            return Err(ApiError::invalid(
                "a multipart upload has two parts: metadata and media",
            ));
        }
        let mut headers = PartHeaders::new();
        loop {
            let line = self.until(self.line_break).await?;
            if line.is_empty() {
                return Ok(headers);
            }
            let line = String::from_utf8_lossy(&line);
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
    }

    /// How the line of the first delimiter ends, so do all others.
    async fn learn_line_break(&mut self) -> Result<(), ApiError> {
        let line = self.until(b"\n").await?;
        if line.ends_with(b"\r") {
            self.line_break = b"\r\n";
            self.delimiter.insert(0, b'\r');
        }
        let mut again = BytesMut::from(&line[..]);
        again.extend_from_slice(b"\n");
        again.unsplit(std::mem::take(&mut self.buffer));
        self.buffer = again;
        Ok(())
    }

    /// The next part, whole.
    pub(super) async fn small_part(&mut self) -> Result<(PartHeaders, Bytes), ApiError> {
        let first = self.delimiter.clone();
        if !self.until(&first).await?.is_empty() {
            tracing::debug!("multipart preamble ignored");
        }
        self.learn_line_break().await?;
        let headers = self.headers().await?;
        let delimiter = self.delimiter.clone();
        let body = self.until(&delimiter).await?;
        Ok((headers, body))
    }

    /// The next and last part, as a stream.
    pub(super) async fn last_part(
        mut self,
    ) -> Result<(PartHeaders, impl Stream<Item = Result<Bytes, ReceiveError>> + Send), ApiError> {
        let headers = self.headers().await?;
        let media = futures::stream::unfold((self, false), |(mut reader, ended)| async move {
            if ended {
                return None;
            }
            loop {
                match search(&reader.buffer, &reader.delimiter) {
                    Found::At(at) => {
                        let last = reader.buffer.split_to(at).freeze();
                        while let Some(Ok(_)) = reader.body.next().await {}
                        return Some((Ok(last), (reader, true)));
                    }
                    Found::No { safe } if safe > 0 => {
                        let chunk = reader.buffer.split_to(safe).freeze();
                        return Some((Ok(chunk), (reader, false)));
                    }
                    Found::No { .. } => {}
                }
                match reader.more().await {
                    Ok(true) => {}
                    Ok(false) => {
                        let error = ReceiveError::Body("the closing boundary is missing".into());
                        return Some((Err(error), (reader, true)));
                    }
                    Err(error) => return Some((Err(error), (reader, true))),
                }
            }
        });
        Ok((headers, media))
    }
}

enum Found {
    At(usize),
    /// Not there; so many bytes cannot be the beginning of it.
    No {
        safe: usize,
    },
}

fn search(buffer: &[u8], mark: &[u8]) -> Found {
    let mut at = 0;
    loop {
        // The standard library's byte search is compiled with optimisation even where this crate is not.
        let mut rest = &buffer[at..];
        let skipped = rest.skip_until(mark[0]).unwrap_or(0);
        let hit = skipped > 0 && buffer[at + skipped - 1] == mark[0];
        if !hit {
            return Found::No { safe: buffer.len() };
        }
        let start = at + skipped - 1;
        let tail = &buffer[start..];
        if tail.starts_with(mark) {
            return Found::At(start);
        }
        if tail.len() < mark.len() && mark.starts_with(tail) {
            return Found::No { safe: start };
        }
        at = start + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_line_ends(body: &[u8], end: &[u8], media: &[u8]) -> Vec<u8> {
        let lines = body.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(end);
        let at = lines.windows(1).position(|w| w == b"%").unwrap_or(0);
        [&lines[..at], media, &lines[at + 1..]].concat()
    }

    async fn read(body: &[u8], chunk: usize) -> Result<(Bytes, Vec<u8>), String> {
        let chunks: Vec<_> = body.chunks(chunk).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let mut reader = Reader::new(futures::stream::iter(chunks), "xyz");
        let (_, metadata) = reader.small_part().await.map_err(|e| e.message)?;
        let (_, media) = reader.last_part().await.map_err(|e| e.message)?;
        let chunks: Vec<_> = Box::pin(media).collect().await;
        let chunks: Result<Vec<_>, _> = chunks.into_iter().collect();
        Ok((metadata, chunks.map_err(|e| e.to_string())?.concat()))
    }

    #[tokio::test]
    async fn parts_come_apart_however_the_bytes_arrive() {
        let media = b"binary\r\n--xy not the end\r\r\n\r\n-\0\n--x\r";
        let plain = b"--xyz\ncontent-type: application/json\n\n{\"a\":1}\n--xyz\nContent-Type: x/y\n\n%\n--xyz--\n";
        for line_end in [&b"\r\n"[..], b"\n"] {
            let body = with_line_ends(plain, line_end, media);
            for chunk in 1..body.len() {
                let (metadata, read) = read(&body, chunk).await.unwrap();
                assert_eq!(&metadata[..], b"{\"a\":1}");
                assert_eq!(read, media, "in chunks of {chunk}");
            }
            assert!(
                read(&body[..body.len() - 10], 7).await.is_err(),
                "a cut body is not an object"
            );
        }
    }

    #[test]
    fn boundaries() {
        for (kind, expected) in [
            ("multipart/related; boundary=abc", Some("abc")),
            ("multipart/related; charset=x; boundary=\"a b\"", Some("a b")),
            ("multipart/related; boundary='==1=='", Some("==1==")),
            ("multipart/related", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
    }
}
