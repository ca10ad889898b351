//! Pieces by the Storage Write API: on the default stream, and on pending streams that are committed.

use std::sync::Arc;

use headwater_local_bigquery::wire::storage::append_rows_response::Response;
use headwater_local_bigquery::wire::storage::storage_error::StorageErrorCode;
use headwater_local_bigquery::wire::storage::write_stream::Type;
use headwater_local_bigquery::wire::storage::{
    AppendRowsRequest, BatchCommitWriteStreamsRequest, FinalizeWriteStreamRequest,
};
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use super::ledger::Ledger;
use super::{Checked, Client, Counts, Lane, wire};

const PIECE: i64 = 20;
/// Requests that wait for their answers.
const AT_ONCE: usize = 4;

/// Sends requests on one connection as long as there are any; calls back for each answer, and ends with the connection.
pub async fn append(
    client: &Client,
    requests: impl Fn(u64) -> Option<AppendRowsRequest> + Send + 'static,
    mut sent: impl FnMut(u64) + Send,
    mut answered: impl FnMut(u64, Response) + Send,
) {
    let Some(mut writer) = client.writer().await else {
        return;
    };
    let (queue, out) = tokio::sync::mpsc::channel(AT_ONCE);
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let taken = Arc::clone(&room);
    let sending = tokio::spawn(async move {
        for number in 0.. {
            let (Ok(place), Some(request)) = (taken.acquire().await, requests(number)) else {
                return;
            };
            place.forget();
            // Told first: what is in the queue may be stored at any time.
            if told.send(number).is_err() || queue.send(request).await.is_err() {
                return;
            }
        }
    });
    if let Ok(answers) = writer.append_rows(ReceiverStream::new(out)).await {
        let mut answers = answers.into_inner();
        let mut number = 0;
        while let Some(Ok(answer)) = answers.next().await {
            while let Ok(number) = telling.try_recv() {
                sent(number);
            }
            let Some(response) = answer.response else { break };
            answered(number, response);
            number += 1;
            room.add_permits(1);
        }
    }
    sending.abort();
    while let Some(number) = telling.recv().await {
        sent(number);
    }
}

/// The default stream: a request that got no answer is not sent again.
pub struct Default {
    pieces: Ledger,
}

impl Default {
    pub fn new() -> Self {
        Self {
            pieces: Ledger::new("streamed", PIECE.unsigned_abs()),
        }
    }
}

#[tonic::async_trait]
impl Lane for Default {
    fn name(&self) -> &'static str {
        "default stream"
    }

    async fn prepare(&mut self, client: &Client) {
        self.pieces.prepare(client).await;
    }

    async fn work(&mut self, client: &Client) {
        let from = self.pieces.next;
        let stream = format!("{}/streams/_default", wire::table("streamed"));
        let mut sent = 0;
        let mut acknowledged = 0;
        append(
            client,
            move |number| {
                let piece = (from + number).cast_signed();
                Some(wire::pieces(&stream, None, piece, 0..PIECE))
            },
            |number| sent = sent.max(number + 1),
            |number, response| match response {
                Response::AppendResult(_) => acknowledged = number + 1,
                Response::Error(error) => panic!("{error:?}"),
            },
        )
        .await;
        self.pieces.next = from + sent;
        (from..from + sent).for_each(|piece| self.pieces.send(piece));
        (from..from + acknowledged).for_each(|piece| self.pieces.acknowledge(piece));
    }

    async fn check(&mut self, client: &Client) -> Checked {
        self.pieces.check(client).await
    }

    fn counts(&self) -> Counts {
        self.pieces.counts
    }
}

/// How far a pending stream is.
struct Open {
    piece: u64,
    name: String,
    appended: i64,
    /// Its commit was asked for.
    committing: bool,
}

/// Pending streams, each a piece: appended in requests, finalized, committed. After a kill the writer goes on where it was.
pub struct Pending {
    pieces: Ledger,
    open: Option<Open>,
}

/// Rows of a stream, and of one of its requests.
const STREAM: i64 = 60;

impl Pending {
    pub fn new() -> Self {
        Self {
            pieces: Ledger::new("committed", STREAM.unsigned_abs()),
            open: None,
        }
    }

    /// The rows of the open stream that are missing; whether all are there now.
    async fn fill(&mut self, client: &Client) -> Option<()> {
        let open = self.open.as_mut()?;
        let (name, piece, from) = (open.name.clone(), open.piece.cast_signed(), open.appended);
        append(
            client,
            move |number| {
                let first = from + number.cast_signed() * PIECE;
                (first < STREAM).then(|| wire::pieces(&name, Some(first), piece, first..first + PIECE))
            },
            |_| {},
            |_, response| match response {
                Response::AppendResult(_) => open.appended += PIECE,
                // Stored by the process that was killed before it could say so.
                Response::Error(error) if error.code == i32::from(Code::AlreadyExists) => open.appended += PIECE,
                Response::Error(error) => panic!("{error:?}"),
            },
        )
        .await;
        (open.appended == STREAM).then_some(())
    }

    /// Finalizes and commits the open stream.
    async fn commit(&mut self, client: &Client) -> Option<()> {
        let open = self.open.as_mut()?;
        let mut writer = client.writer().await?;
        if !open.committing {
            let finalize = FinalizeWriteStreamRequest {
                name: open.name.clone(),
            };
            let finalized = writer.finalize_write_stream(finalize).await.ok()?.into_inner();
            assert_eq!(finalized.row_count, STREAM);
            open.committing = true;
            self.pieces.send(open.piece);
        }
        let commit = BatchCommitWriteStreamsRequest {
            parent: wire::table("committed"),
            write_streams: vec![open.name.clone()],
        };
        let done = writer.batch_commit_write_streams(commit).await.ok()?.into_inner();
        let before = i32::from(StorageErrorCode::StreamAlreadyCommitted);
        assert!(
            done.commit_time.is_some() || done.stream_errors.iter().all(|e| e.code == before),
            "{done:?}"
        );
        Some(())
    }

    fn close(&mut self) {
        self.pieces.open = None;
        if let Some(open) = self.open.take() {
            self.pieces.acknowledge(open.piece);
        }
    }

    async fn one(&mut self, client: &Client) -> Option<()> {
        if self.open.is_none() {
            let name = wire::create(client, "committed", Type::Pending).await?;
            let piece = self.pieces.take();
            self.pieces.open = Some(piece);
            self.open = Some(Open {
                piece,
                name,
                appended: 0,
                committing: false,
            });
        }
        self.fill(client).await?;
        self.commit(client).await?;
        self.close();
        Some(())
    }
}

#[tonic::async_trait]
impl Lane for Pending {
    fn name(&self) -> &'static str {
        "pending"
    }

    async fn prepare(&mut self, client: &Client) {
        self.pieces.prepare(client).await;
    }

    async fn work(&mut self, client: &Client) {
        while self.one(client).await.is_some() {}
    }

    async fn check(&mut self, client: &Client) -> Checked {
        if let Some(open) = &self.open
            && open.committing
        {
            match client.count("committed", &format!("batch = {}", open.piece)).await {
                Some(0) => self.pieces.counts.absent += 1,
                Some(rows) if rows == STREAM.unsigned_abs() => self.pieces.counts.whole += 1,
                rows => return Err(format!("a stream of {STREAM} rows is committed in part: {rows:?}")),
            }
            // Asked again, the server does it or says that it was done: either way the rows are there once.
            self.commit(client).await.ok_or("the server is gone")?;
            self.close();
        }
        self.pieces.check(client).await
    }

    fn counts(&self) -> Counts {
        self.pieces.counts
    }
}
