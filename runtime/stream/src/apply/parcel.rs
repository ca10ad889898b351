//! Changes of one entity on their way from a puller to its table: rows of the changelog, what the current table needs of them,
//! and the messages that wait for both.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use headwater_spec::DriftPolicy;
use tokio::sync::mpsc;

use super::change::{Bound, Change, Columns, bind};
use super::decode::Poison;
use super::delivery::Delivery;
use super::event::Event;
use super::rows;

/// The columns of an entity as its tables have them now. They only ever get more, so that rows that were made before fit after.
pub(crate) type SharedColumns = Arc<RwLock<Arc<Columns>>>;

/// The way to an entity.
#[derive(Clone)]
pub(crate) struct Lane {
    pub columns: SharedColumns,
    pub drift: DriftPolicy,
    /// Whether there is a current table.
    pub current: bool,
    /// How many rows one parcel has at most.
    pub rows: usize,
    pub queue: mpsc::Sender<Parcel>,
}

/// Some changes. Rows, changes and deliveries go together by their places.
#[derive(Debug)]
pub(crate) struct Parcel {
    columns: Arc<Columns>,
    most: usize,
    buffer: Vec<u8>,
    /// Where rows end in the buffer.
    ends: Vec<usize>,
    /// Empty when there is no current table.
    pub changes: Vec<Change<'static>>,
    pub deliveries: Vec<Delivery>,
    /// Messages with fields that no column is for, which have to be made first.
    pub unknown: Vec<Delivery>,
    /// Fields that were left out.
    pub dropped: u64,
    /// Bytes of messages.
    pub bytes: u64,
}

/// What became of an event.
pub(crate) enum Placed {
    /// It is a row of the parcel; its delivery has to follow it there.
    Row,
    /// It has fields that no column is for.
    Unknown,
    Poison(Poison),
}

impl Lane {
    pub fn parcel(&self) -> Parcel {
        let columns = self.columns.read().unwrap_or_else(PoisonError::into_inner).clone();
        Parcel::new(columns, self.rows)
    }

    pub fn place(&self, parcel: &mut Parcel, event: Event<'_>, bytes: usize) -> Placed {
        match bind(event, &parcel.columns, self.drift, &mut parcel.dropped) {
            Bound::Change(change) => {
                parcel.push(change, bytes, self.current);
                Placed::Row
            }
            Bound::Unknown(_) => Placed::Unknown,
            Bound::Poison(poison) => Placed::Poison(poison),
        }
    }

    /// `false` when the entity is gone.
    pub async fn send(&self, parcel: Parcel) -> bool {
        self.queue.send(parcel).await.is_ok()
    }
}

impl Parcel {
    pub fn new(columns: Arc<Columns>, most: usize) -> Self {
        Self {
            columns,
            most,
            buffer: Vec::new(),
            ends: Vec::new(),
            changes: Vec::new(),
            deliveries: Vec::new(),
            unknown: Vec::new(),
            dropped: 0,
            bytes: 0,
        }
    }

    /// Makes a row of a change.
    pub fn push(&mut self, change: Change<'_>, bytes: usize, current: bool) {
        rows::encode(&change, self.columns.list(), &mut self.buffer);
        self.ends.push(self.buffer.len());
        self.bytes += bytes as u64;
        if current {
            self.changes.push(change.into_owned());
        }
    }

    pub fn is_full(&self) -> bool {
        self.ends.len() + self.unknown.len() >= self.most
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.unknown.is_empty()
    }

    /// Takes the rows out, each a slice of one buffer.
    pub fn take_rows(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let all = Bytes::from(std::mem::take(&mut self.buffer));
        let mut begin = 0;
        std::mem::take(&mut self.ends).into_iter().map(move |end| {
            let row = all.slice(begin..end);
            begin = end;
            row
        })
    }
}
