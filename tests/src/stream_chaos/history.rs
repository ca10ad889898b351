//! What happened in the org, out of its own log of events: read from the disk, by the framing of the simulator and the Avro
//! header that Salesforce documents, by no code of the stream's.

use std::path::Path;

/// The change of one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The object.
    pub entity: String,
    /// The record.
    pub record: String,
    /// The commit.
    pub commit: i64,
    /// The place in it.
    pub sequence: i64,
    /// `CREATE`, … `GAP_OVERFLOW`.
    pub kind: &'static str,
    /// How many events there were before its own.
    pub event: usize,
}

const KINDS: [&str; 9] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "UNDELETE",
    "GAP_CREATE",
    "GAP_UPDATE",
    "GAP_DELETE",
    "GAP_UNDELETE",
    "GAP_OVERFLOW",
];

/// All changes from event number `first` on. What is cut off at the end was never published.
pub fn read(org: &Path, first: usize) -> Vec<Told> {
    let bytes = std::fs::read(org.join("events.log")).unwrap();
    let mut told = vec![];
    let (mut at, mut event) = (0, 0);
    while let Some(head) = bytes.get(at..at + 4) {
        let end = at + 4 + u32::from_le_bytes(head.try_into().unwrap()) as usize;
        let Some(record) = bytes.get(at + 4..end) else { break };
        at = end;
        // Time and subject, then the schema's id with its length.
        if event >= first {
            change(&record[11 + usize::from(record[10])..], event, &mut told);
        }
        event += 1;
    }
    told
}

/// The first fields of a ChangeEventHeader.
fn change(payload: &[u8], event: usize, told: &mut Vec<Told>) {
    let mut avro = Avro(payload);
    let entity = avro.text();
    let mut records = vec![];
    loop {
        match avro.long() {
            0 => break,
            count => records.extend((0..count).map(|_| avro.text())),
        }
    }
    let kind = KINDS[usize::try_from(avro.long()).unwrap()];
    let (_origin, _transaction) = (avro.text(), avro.text());
    let sequence = avro.long();
    let _committed = avro.long();
    let commit = avro.long();
    told.extend(records.into_iter().map(|record| Told {
        entity: entity.clone(),
        record,
        commit,
        sequence,
        kind,
        event,
    }));
}

/// Avro's binary encoding, as far as the header needs it.
struct Avro<'a>(&'a [u8]);

impl Avro<'_> {
    fn long(&mut self) -> i64 {
        let (mut number, mut shift) = (0u64, 0);
        loop {
            let byte = self.0[0];
            self.0 = &self.0[1..];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
            }
            shift += 7;
        }
    }

    fn text(&mut self) -> String {
        let len = usize::try_from(self.long()).unwrap();
        let (text, rest) = self.0.split_at(len);
        self.0 = rest;
        String::from_utf8(text.to_vec()).unwrap()
    }
}
