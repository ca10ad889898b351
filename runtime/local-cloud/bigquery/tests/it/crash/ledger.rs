//! What a table of numbered pieces may hold: rows `(batch, i)`, a piece being the rows `0..size` of one batch.

use std::collections::BTreeSet;

use super::{Client, Counts};

pub struct Ledger {
    table: &'static str,
    size: u64,
    /// The number of the next piece.
    pub next: u64,
    /// Pieces that were sent and may be there, of those that are not settled.
    sent: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    /// How many of those are known by a job's record and not by an answer.
    recorded: u64,
    /// A piece that is not in the table yet and may come later.
    pub open: Option<u64>,
    /// The pieces below this number are settled: so many of them are there for ever.
    settled_below: u64,
    settled: u64,
    pub counts: Counts,
}

impl Ledger {
    pub fn new(table: &'static str, size: u64) -> Self {
        Self {
            table,
            size,
            next: 0,
            sent: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            recorded: 0,
            open: None,
            settled_below: 0,
            settled: 0,
            counts: Counts::default(),
        }
    }

    pub async fn prepare(&self, client: &Client) {
        let table = self.table;
        client
            .must(&format!(
                "CREATE TABLE d.{table} (batch INT64 NOT NULL, i INT64 NOT NULL)"
            ))
            .await;
    }

    /// The number of a piece that is about to be sent.
    pub fn take(&mut self) -> u64 {
        let piece = self.next;
        self.next += 1;
        piece
    }

    /// From here on the piece may be there.
    pub fn send(&mut self, piece: u64) {
        self.sent.insert(piece);
    }

    /// From here on it must be.
    pub fn acknowledge(&mut self, piece: u64) {
        self.acknowledged.insert(piece);
    }

    /// A record that outlived the server says that it is there.
    pub fn record(&mut self, piece: u64) {
        self.send(piece);
        self.acknowledge(piece);
        self.recorded += 1;
    }

    /// Compares the table with what may be in it; what it holds now it must hold for ever.
    pub async fn check(&mut self, client: &Client) -> Result<(), String> {
        let (below, size) = (self.settled_below, self.size);
        let rows = client
            .rows(&format!(
                "SELECT IF(batch < {below}, -1, batch) AS piece, COUNT(*), COUNT(DISTINCT batch * {size} + i), MIN(i), MAX(i) \
                 FROM d.{} GROUP BY piece ORDER BY piece",
                self.table
            ))
            .await?;
        let mut settled = 0;
        let mut found = BTreeSet::new();
        for row in &rows {
            let [piece, count, distinct, first, last] = row[..] else {
                return Err(format!("a strange row: {row:?}"));
            };
            let whole = |pieces: u64| pieces * size == count.unsigned_abs() && count == distinct;
            if piece < 0 {
                settled = count.unsigned_abs() / size;
                if !whole(self.settled) {
                    return Err(format!("{} pieces were there: {row:?}", self.settled));
                }
                continue;
            }
            if !whole(1) || first != 0 || last.unsigned_abs() != size - 1 {
                return Err(format!("a piece is not whole, or twice there: {row:?}"));
            }
            found.insert(piece.unsigned_abs());
        }
        if settled != self.settled {
            return Err(format!("{settled} pieces are left of {}", self.settled));
        }
        if let Some(lost) = self.acknowledged.difference(&found).next() {
            return Err(format!("piece {lost} was acknowledged and is not there"));
        }
        if let Some(strange) = found.difference(&self.sent).next() {
            return Err(format!("piece {strange} is there and may not be"));
        }
        let acknowledged = self.acknowledged.len() as u64 - self.recorded;
        self.counts.acknowledged += acknowledged;
        self.counts.whole += found.len() as u64 - acknowledged;
        self.counts.absent += (self.sent.len() - found.len()) as u64;
        self.settled += found.len() as u64;
        self.settled_below = self.open.unwrap_or(self.next);
        self.sent.clear();
        self.acknowledged.clear();
        self.recorded = 0;
        Ok(())
    }
}
