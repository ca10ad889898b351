//! A stored row: its cells as the text that the APIs write, so that rendering a result is copying bytes. An empty cell is
//! null; Salesforce knows no empty string.
//!
//! On disk: the number of cells, the length of each (both LEB128), then the cells' bytes.

/// Cells being put together in column order.
#[derive(Debug, Default)]
pub(crate) struct RowBuilder {
    ends: Vec<u32>,
    data: Vec<u8>,
}

impl RowBuilder {
    pub(crate) fn clear(&mut self) {
        self.ends.clear();
        self.data.clear();
    }

    /// Appends a cell that `write` fills.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.data);
        self.ends.push(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        leb(out, self.ends.len());
        let mut start = 0;
        for &end in &self.ends {
            leb(out, (end - start) as usize);
            start = end;
        }
        out.extend_from_slice(&self.data);
    }
}

fn leb(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn read_leb(bytes: &[u8], at: &mut usize) -> usize {
    let mut n = 0usize;
    let mut shift = 0;
    while let Some(&b) = bytes.get(*at) {
        *at += 1;
        n |= usize::from(b & 0x7f) << shift;
        if b < 0x80 || shift > 28 {
            break;
        }
        shift += 7;
    }
    n
}

/// Where the cells of an encoded row lie; reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    ends: Vec<u32>,
    start: usize,
}

impl Layout {
    /// Reads the lengths of a row.
    pub(crate) fn parse(&mut self, bytes: &[u8]) {
        let mut at = 0;
        let count = read_leb(bytes, &mut at);
        self.ends.clear();
        let mut end = 0u32;
        for _ in 0..count {
            end += read_leb(bytes, &mut at) as u32;
            self.ends.push(end);
        }
        self.start = at;
    }

    /// Whether the row has this column at all; an older row has fewer.
    pub(crate) fn has(&self, column: usize) -> bool {
        column < self.ends.len()
    }

    /// The cell at a column: empty when null, or when the row is older than the column.
    pub(crate) fn cell<'a>(&self, bytes: &'a [u8], column: usize) -> &'a [u8] {
        let Some(&end) = self.ends.get(column) else { return b"" };
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        bytes
            .get(self.start + start as usize..self.start + end as usize)
            .unwrap_or(b"")
    }
}

/// An owned row, for those that change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub cells: Vec<String>,
}

impl Row {
    pub(crate) fn decode(bytes: &[u8], columns: usize) -> Self {
        let mut layout = Layout::default();
        layout.parse(bytes);
        Self {
            cells: (0..columns)
                .map(|c| String::from_utf8_lossy(layout.cell(bytes, c)).into_owned())
                .collect(),
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut builder = RowBuilder::default();
        for cell in &self.cells {
            builder.push_with(|data| data.extend_from_slice(cell.as_bytes()));
        }
        builder.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_round_trip_and_grow() {
        let row = Row {
            cells: vec!["a".into(), String::new(), "x".repeat(40_000), "é\r\n".into()],
        };
        let mut bytes = vec![];
        row.encode(&mut bytes);
        assert_eq!(Row::decode(&bytes, 4), row);
        let wider = Row::decode(&bytes, 6);
        assert_eq!((wider.cells.len(), wider.cells[5].as_str()), (6, ""));
    }
}
