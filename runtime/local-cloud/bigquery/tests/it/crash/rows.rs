//! tabledata.insertAll: a request that got no answer is there whole or not at all, and never twice.

use serde_json::{Value, json};

use super::ledger::Ledger;
use super::{Checked, Client, Counts, Lane};

const PIECE: u64 = 10;

pub struct Inserts {
    pieces: Ledger,
}

impl Inserts {
    pub fn new() -> Self {
        Self {
            pieces: Ledger::new("inserted", PIECE),
        }
    }
}

#[tonic::async_trait]
impl Lane for Inserts {
    fn name(&self) -> &'static str {
        "insertAll"
    }

    async fn prepare(&mut self, client: &Client) {
        self.pieces.prepare(client).await;
    }

    async fn work(&mut self, client: &Client) {
        loop {
            let piece = self.pieces.take();
            let rows: Vec<Value> = (0..PIECE)
                .map(|i| json!({"insertId": format!("{piece}-{i}"), "json": {"batch": piece, "i": i}}))
                .collect();
            self.pieces.send(piece);
            let path = "datasets/d/tables/inserted/insertAll";
            let Some(answer) = client.post(path, json!({"rows": rows})).await else {
                return;
            };
            assert!(
                answer["error"].is_null() && answer["insertErrors"].is_null(),
                "{answer}"
            );
            self.pieces.acknowledge(piece);
        }
    }

    async fn check(&mut self, client: &Client) -> Checked {
        self.pieces.check(client).await
    }

    fn counts(&self) -> Counts {
        self.pieces.counts
    }
}
