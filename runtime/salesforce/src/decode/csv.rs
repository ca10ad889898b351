//! CSV of Bulk results, fed in pieces of any size. Each piece's whole records are split into cells, then decoded column by
//! column while they are warm in the cache; a record that ends in a later piece waits for it.
//!
//! The dialect is Salesforce's: commas, quotes doubled inside quotes, line breaks inside quotes, LF or CRLF.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use headwater_spec::Column;
use memchr::{memchr, memchr2};

use super::builder::{BatchBuilder, Cell};
use super::{DecodeError, DecodeOptions};

/// A record longer than this is not a record: Salesforce's longest are some megabytes.
const MAX_RECORD: usize = 256 << 20;
/// Pieces are split to this size, so that a block's cells stay in the second-level cache.
const BLOCK: usize = 128 << 10;

/// Decodes one page of a Bulk result: feed it with [`CsvDecoder::push`], take batches with [`CsvDecoder::next_batch`],
/// end with [`CsvDecoder::finish`].
pub struct CsvDecoder {
    builder: BatchBuilder,
    /// For each cell of a record the column that it fills; empty before the header.
    targets: Vec<Option<usize>>,
    buffer: Vec<u8>,
    scan: Scan,
    /// Records decoded.
    rows: u64,
    /// Records to pass over after a restart.
    skip: u64,
    /// The bytes of the last record decoded: what a page read again is recognised by.
    last: Vec<u8>,
}

/// Where cells lie in a block.
#[derive(Default)]
struct Scan {
    spans: Vec<Span>,
    /// Each record without its line break.
    records: Vec<Range<usize>>,
}

#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    doubled: bool,
}

impl std::fmt::Debug for CsvDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvDecoder")
            .field("rows", &self.rows)
            .field("skip", &self.skip)
            .finish_non_exhaustive()
    }
}

impl CsvDecoder {
    /// A decoder of these columns, whatever their order in the CSV.
    pub fn new(columns: Arc<[Column]>, options: DecodeOptions) -> Self {
        Self {
            builder: BatchBuilder::new(columns, options),
            targets: Vec::new(),
            buffer: Vec::new(),
            scan: Scan::default(),
            rows: 0,
            skip: 0,
            last: Vec::new(),
        }
    }

    /// Rows decoded since the beginning.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Numbers rounded to their column's scale since the beginning.
    pub fn rounded(&self) -> u64 {
        self.builder.rounded
    }

    /// The page will be fed again from its first byte: rows decoded so far are passed over, so that each row comes once.
    pub fn restart(&mut self) {
        self.buffer.clear();
        self.targets.clear();
        self.skip = self.rows;
    }

    /// Takes the next bytes, cut anywhere.
    ///
    /// # Errors
    /// [`DecodeError`]; the decoder is of no use afterwards.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        for piece in bytes.chunks(BLOCK) {
            self.buffer.extend_from_slice(piece);
            self.decode(false)?;
        }
        Ok(())
    }

    /// A complete batch, if there is one. To be called after each [`CsvDecoder::push`].
    pub fn next_batch(&mut self) -> Option<RecordBatch> {
        if self.builder.is_full() {
            self.builder.take(true)
        } else {
            None
        }
    }

    /// The end of the page: the rest of its rows.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the page ends inside a record.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        self.decode(true)?;
        if self.skip > 0 {
            return Err(self.malformed("the page ends before the rows that it had the first time"));
        }
        Ok(self.builder.take(false))
    }

    fn decode(&mut self, end: bool) -> Result<(), DecodeError> {
        let mut scan = std::mem::take(&mut self.scan);
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut used = 0;
        if self.targets.is_empty() {
            used = scan
                .split(&buffer, 0, end, 1)
                .map_err(|reason| self.malformed(reason))?;
            if !scan.records.is_empty() {
                self.read_header(&buffer, &scan)?;
            }
        }
        if !self.targets.is_empty() {
            used = scan
                .split(&buffer, used, end, usize::MAX)
                .map_err(|reason| self.malformed(reason))?;
            self.decode_block(&buffer, &scan)?;
        }
        buffer.drain(..used);
        if buffer.len() > MAX_RECORD {
            return Err(self.malformed("a record of more than 256 MiB"));
        }
        (self.scan, self.buffer) = (scan, buffer);
        Ok(())
    }

    fn malformed(&self, reason: impl Into<String>) -> DecodeError {
        DecodeError::Malformed {
            row: self.rows + 1,
            reason: reason.into(),
        }
    }

    fn read_header(&mut self, buffer: &[u8], scan: &Scan) -> Result<(), DecodeError> {
        let columns = Arc::clone(self.builder.columns());
        let find = |name: &[u8]| {
            columns
                .iter()
                .position(|c| c.field.as_bytes().eq_ignore_ascii_case(name))
        };
        // A byte-order mark before the first name is not part of it.
        let name = |span: &Span| {
            let text = &buffer[span.start as usize..span.end as usize];
            text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
        };
        let targets: Vec<Option<usize>> = scan.spans.iter().map(|span| find(name(span))).collect();
        let missing: Vec<String> = columns
            .iter()
            .enumerate()
            .filter(|(i, _)| !targets.contains(&Some(*i)))
            .map(|(_, c)| c.field.clone())
            .collect();
        if !missing.is_empty() {
            return Err(DecodeError::Header { missing });
        }
        self.targets = targets;
        Ok(())
    }

    fn decode_block(&mut self, buffer: &[u8], scan: &Scan) -> Result<(), DecodeError> {
        let stride = self.targets.len();
        let records = scan.records.len();
        if scan.spans.len() != records * stride {
            return Err(self.malformed("a record with another number of cells than the header"));
        }
        let Some(last) = scan.records.last().cloned() else {
            return Ok(());
        };
        let skipped = usize::try_from(self.skip).map_or(records, |skip| skip.min(records));
        if skipped > 0 {
            self.skip -= skipped as u64;
            if self.skip == 0 && buffer[scan.records[skipped - 1].clone()] != self.last {
                return Err(DecodeError::Changed { row: self.rows });
            }
        }
        let fresh = records - skipped;
        if fresh == 0 {
            return Ok(());
        }
        let text = std::str::from_utf8(&buffer[..last.end]).map_err(|_| self.malformed("text that is not UTF-8"))?;
        for (cell, target) in self.targets.iter().enumerate() {
            let Some(column) = target else { continue };
            let cells = scan.spans[skipped * stride + cell..]
                .iter()
                .step_by(stride)
                .map(|span| Cell {
                    text: &text[span.start as usize..span.end as usize],
                    doubled: span.doubled,
                });
            self.builder.append(*column, self.rows + 1, cells)?;
        }
        self.builder.rows_added(fresh);
        self.rows += fresh as u64;
        self.last.clear();
        self.last.extend_from_slice(&buffer[last]);
        Ok(())
    }
}

impl Scan {
    /// Splits whole records, at most `limit`, and gives the place where the next one begins. At the end of the page a record
    /// needs no line break.
    fn split(&mut self, bytes: &[u8], from: usize, end: bool, limit: usize) -> Result<usize, &'static str> {
        self.spans.clear();
        self.records.clear();
        let mut start = from;
        while start < bytes.len() && self.records.len() < limit {
            match bytes[start..] {
                [b'\n', ..] => {
                    start += 1;
                    continue;
                }
                [b'\r', b'\n', ..] => {
                    start += 2;
                    continue;
                }
                _ => {}
            }
            let before = self.spans.len();
            let Some((stop, next)) = self.record(bytes, start, end)? else {
                self.spans.truncate(before);
                break;
            };
            self.records.push(start..stop);
            start = next;
        }
        Ok(start)
    }

    /// One record's cells: where it ends and where the next begins. `None`: more bytes are needed.
    fn record(&mut self, bytes: &[u8], mut at: usize, end: bool) -> Result<Option<(usize, usize)>, &'static str> {
        loop {
            let Some(next) = self.cell(bytes, at, end)? else {
                return Ok(None);
            };
            at = match bytes[next..] {
                [b',', ..] => next + 1,
                [b'\n', ..] => return Ok(Some((next, next + 1))),
                [b'\r', b'\n', ..] => return Ok(Some((next, next + 2))),
                [] | [b'\r'] if end => return Ok(Some((next, bytes.len()))),
                [] | [b'\r'] => return Ok(None),
                _ => return Err("something stands between a closing quote and the next comma"),
            };
        }
    }

    /// One cell; gives the place behind it.
    fn cell(&mut self, bytes: &[u8], at: usize, end: bool) -> Result<Option<usize>, &'static str> {
        if bytes.get(at) != Some(&b'"') {
            let length = memchr2(b',', b'\n', &bytes[at..]);
            if length.is_none() && !end {
                return Ok(None);
            }
            let mut stop = length.map_or(bytes.len(), |length| at + length);
            if stop > at && bytes[stop - 1] == b'\r' && bytes.get(stop) != Some(&b',') {
                stop -= 1;
            }
            self.push(at, stop, false);
            return Ok(Some(stop));
        }
        let start = at + 1;
        let (mut from, mut doubled) = (start, false);
        loop {
            let Some(length) = memchr(b'"', &bytes[from..]) else {
                return if end {
                    Err("the page ends inside a quoted cell")
                } else {
                    Ok(None)
                };
            };
            let quote = from + length;
            match bytes.get(quote + 1) {
                Some(b'"') => (from, doubled) = (quote + 2, true),
                // The next piece may begin with the other half of a doubled quote.
                None if !end => return Ok(None),
                _ => {
                    self.push(start, quote, doubled);
                    return Ok(Some(quote + 1));
                }
            }
        }
    }

    fn push(&mut self, start: usize, end: usize, doubled: bool) {
        // A buffer is at most MAX_RECORD and a block long, far below 4 GiB.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.spans.push(Span {
            start: place(start),
            end: place(end),
            doubled,
        });
    }
}

#[cfg(test)]
mod tests;
