//! Long streams with offsets, committed and buffered: a writer goes on at the offset where it was.

use headwater_local_bigquery::wire::storage::FlushRowsRequest;
use headwater_local_bigquery::wire::storage::append_rows_response::Response;
use headwater_local_bigquery::wire::storage::write_stream::Type;
use tonic::Code;

use super::appends::append;
use super::killer::Random;
use super::{Checked, Client, Counts, Lane, wire};

const REQUEST: i64 = 50;

/// A stream, and how far it is.
struct Stream {
    table: &'static str,
    name: String,
    acknowledged: i64,
    counts: Counts,
}

impl Stream {
    fn new(table: &'static str) -> Self {
        Self {
            table,
            name: String::new(),
            acknowledged: 0,
            counts: Counts::default(),
        }
    }

    async fn prepare(&mut self, client: &Client, kind: Type) {
        let table = self.table;
        client
            .must(&format!("CREATE TABLE d.{table} (batch INT64, i INT64)"))
            .await;
        self.name = wire::create(client, table, kind).await.unwrap();
    }

    /// Appends so many requests, or as long as the server is there; whether all were acknowledged.
    async fn append(&mut self, client: &Client, most: u64) -> bool {
        let (name, from) = (self.name.clone(), self.acknowledged);
        let mut answers = 0;
        let (acknowledged, counts) = (&mut self.acknowledged, &mut self.counts);
        append(
            client,
            move |number| {
                let first = from + number.cast_signed() * REQUEST;
                (number < most).then(|| wire::pieces(&name, Some(first), 0, first..first + REQUEST))
            },
            |_| {},
            |number, response| {
                match response {
                    Response::AppendResult(result) => {
                        assert_eq!(result.offset, Some(*acknowledged));
                        counts.acknowledged += 1;
                    }
                    // Stored by the process that was killed before it could say so.
                    Response::Error(error) if error.code == i32::from(Code::AlreadyExists) => counts.whole += 1,
                    Response::Error(error) => panic!("{error:?}"),
                }
                *acknowledged += REQUEST;
                answers = number + 1;
            },
        )
        .await;
        answers == most
    }

    /// How many rows the table has: the numbers from 0 on, each once.
    async fn visible(&self, client: &Client) -> Result<i64, String> {
        let query = format!(
            "SELECT COUNT(*), COUNT(DISTINCT i), IFNULL(MIN(i), 0), IFNULL(MAX(i) + 1, 0) FROM d.{}",
            self.table
        );
        let rows = client.rows(&query).await?;
        match rows.as_slice() {
            [row] if row[0] == row[1] && row[2] == 0 && row[0] == row[3] && row[0] % REQUEST == 0 => Ok(row[0]),
            _ => Err(format!("a row is missing or there twice: {rows:?}")),
        }
    }
}

/// A committed stream: what was acknowledged is visible, and what comes after it is whole requests.
pub struct Committed(Stream);

impl Committed {
    pub fn new() -> Self {
        Self(Stream::new("numbered"))
    }
}

#[tonic::async_trait]
impl Lane for Committed {
    fn name(&self) -> &'static str {
        "offsets"
    }

    async fn prepare(&mut self, client: &Client) {
        self.0.prepare(client, Type::Committed).await;
    }

    async fn work(&mut self, client: &Client) {
        self.0.append(client, u64::MAX).await;
    }

    async fn check(&mut self, client: &Client) -> Checked {
        let (visible, acknowledged) = (self.0.visible(client).await?, self.0.acknowledged);
        if visible < acknowledged {
            return Err(format!("{visible} rows of {acknowledged} that were acknowledged"));
        }
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.0.counts
    }
}

/// A buffered stream: what was flushed is visible, and nothing else.
pub struct Buffered {
    stream: Stream,
    random: Random,
    flushed: i64,
    /// The flush that got no answer.
    flushing: Option<i64>,
}

impl Buffered {
    pub fn new(seed: u64) -> Self {
        Self {
            stream: Stream::new("flushed"),
            random: Random::new(seed),
            flushed: 0,
            flushing: None,
        }
    }

    async fn one(&mut self, client: &Client) -> Option<()> {
        let requests = 1 + self.random.below(4);
        self.stream.append(client, requests).await.then_some(())?;
        let up_to = self.stream.acknowledged;
        self.flushing = Some(up_to);
        let request = FlushRowsRequest {
            write_stream: self.stream.name.clone(),
            offset: Some(up_to - 1),
        };
        let mut writer = client.writer().await?;
        let answer = writer.flush_rows(request).await.ok()?.into_inner();
        assert_eq!(answer.offset, up_to - 1);
        self.flushed = up_to;
        self.flushing = None;
        Some(())
    }
}

#[tonic::async_trait]
impl Lane for Buffered {
    fn name(&self) -> &'static str {
        "buffered"
    }

    async fn prepare(&mut self, client: &Client) {
        self.stream.prepare(client, Type::Buffered).await;
    }

    async fn work(&mut self, client: &Client) {
        while self.one(client).await.is_some() {}
    }

    async fn check(&mut self, client: &Client) -> Checked {
        let visible = self.stream.visible(client).await?;
        let flushing = self.flushing.take();
        if visible == self.flushed {
            self.stream.counts.absent += u64::from(flushing.is_some());
        } else if Some(visible) == flushing {
            self.stream.counts.whole += 1;
            self.flushed = visible;
        } else {
            return Err(format!(
                "{} rows were flushed, {flushing:?} asked for: {visible}",
                self.flushed
            ));
        }
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.stream.counts
    }
}
