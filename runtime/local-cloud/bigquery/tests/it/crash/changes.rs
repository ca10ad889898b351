//! Change data capture: each request upserts or deletes all keys with a sequence number of its own, and some come late.

use headwater_local_bigquery::wire::storage::append_rows_response::Response;

use super::appends::append;
use super::{Checked, Client, Counts, Lane, wire};

const KEYS: i64 = 20;
/// One request in so many deletes, and one comes late.
const DELETES: i64 = 5;
const LATE: i64 = 3;

pub struct Changes {
    /// The number of the last request that was sent, and of the last that was acknowledged.
    sent: i64,
    acknowledged: i64,
    counts: Counts,
}

impl Changes {
    pub fn new() -> Self {
        Self {
            sent: 0,
            acknowledged: 0,
            counts: Counts::default(),
        }
    }
}

fn deletes(version: i64) -> bool {
    version % DELETES == 0
}

#[tonic::async_trait]
impl Lane for Changes {
    fn name(&self) -> &'static str {
        "changes"
    }

    async fn prepare(&mut self, client: &Client) {
        client
            .must("CREATE TABLE d.current (key INT64 NOT NULL, version INT64, PRIMARY KEY (key) NOT ENFORCED)")
            .await;
    }

    async fn work(&mut self, client: &Client) {
        let from = self.sent + 1;
        let stream = format!("{}/streams/_default", wire::table("current"));
        let (mut sent, mut answers) = (0, 0);
        append(
            client,
            move |number| {
                let number = from + number.cast_signed();
                // A change that comes late is one that was there before: it does nothing.
                let version = if number % LATE == 0 { number - LATE + 1 } else { number };
                let kind = if deletes(version) { "DELETE" } else { "UPSERT" };
                Some(wire::changes(&stream, 0..KEYS, version, kind))
            },
            |number| sent = sent.max(number + 1),
            |number, response| match response {
                Response::AppendResult(_) => answers = number + 1,
                Response::Error(error) => panic!("{error:?}"),
            },
        )
        .await;
        self.sent += sent.cast_signed();
        self.counts.acknowledged += answers;
        if answers > 0 {
            self.acknowledged = from - 1 + answers.cast_signed();
        }
    }

    async fn check(&mut self, client: &Client) -> Checked {
        let query =
            "SELECT COUNT(*), COUNT(DISTINCT key), IFNULL(MIN(version), 0), IFNULL(MAX(version), 0) FROM d.current";
        let rows = client.rows(query).await?;
        let [row] = rows.as_slice() else {
            return Err(format!("{rows:?}"));
        };
        // What every number up to the last acknowledged one left, and every later one that was sent.
        let left = |number: i64| {
            if number > 0 && number % LATE == 0 {
                number - 1
            } else {
                number
            }
        };
        let possible = |number: i64| {
            let version = left(number);
            if version == 0 || deletes(version) {
                [0, 0, 0, 0]
            } else {
                [KEYS, KEYS, version, version]
            }
        };
        let found = (self.acknowledged..=self.sent)
            .rev()
            .find(|number| *row == possible(*number));
        let Some(found) = found else {
            let (from, to) = (self.acknowledged, self.sent);
            return Err(format!("change {from} was acknowledged, {to} sent: {row:?}"));
        };
        self.counts.whole += found.abs_diff(self.acknowledged);
        self.counts.absent += self.sent.abs_diff(found);
        // What is absent is sent anew.
        self.acknowledged = found;
        self.sent = found;
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
