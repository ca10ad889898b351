//! How often each value of a column occurs. Memory grows with the number of different values.

use hashbrown::HashMap;

use super::bind::Point;
use super::cell::Cell;
use super::column::{Cells, Kind};
use super::keys::canonical;
use super::outcome::Reason;
use super::view::View;

enum Counts {
    /// Numbers and times; floating-point numbers by their bits.
    Fixed(HashMap<i128, u64>),
    Text(HashMap<String, u64>),
    Bytes(HashMap<Vec<u8>, u64>),
}

/// The values of a column and their frequencies.
pub struct ValueCounts {
    kind: Kind,
    counts: Counts,
    /// How many values there are.
    pub total: u64,
}

impl ValueCounts {
    pub fn new(kind: &Kind) -> Self {
        Self {
            counts: match kind {
                Kind::Text => Counts::Text(HashMap::new()),
                Kind::Bytes => Counts::Bytes(HashMap::new()),
                _ => Counts::Fixed(HashMap::new()),
            },
            kind: kind.clone(),
            total: 0,
        }
    }

    pub fn add(&mut self, view: &View<'_>, slot: usize) -> Result<(), Reason> {
        let present = view.present(slot)?;
        self.total += present.count() as u64;
        match (&mut self.counts, &view.column(slot)?.cells) {
            (Counts::Fixed(map), cells) => {
                let mut one = |key: i128| *map.entry(key).or_default() += 1;
                match cells {
                    Cells::Int(v) => present.for_each(|row| one(v[row].into())),
                    Cells::UInt(v) => present.for_each(|row| one(v[row].into())),
                    Cells::Exact(v) => present.for_each(|row| one(v[row])),
                    Cells::Bool(v) => present.for_each(|row| one(v.value(row).into())),
                    Cells::Float(v) => present.for_each(|row| one(canonical(v[row]).into())),
                    Cells::Text(_) | Cells::Bytes(_) | Cells::Opaque => {}
                }
            }
            (Counts::Text(map), Cells::Text(texts)) => {
                if let Some(keys) = &texts.keys {
                    let mut times = vec![0u64; arrow::array::Array::len(&texts.values)];
                    present.for_each(|row| {
                        if let Some(n) = usize::try_from(keys[row]).ok().and_then(|k| times.get_mut(k)) {
                            *n += 1;
                        }
                    });
                    for (i, n) in times.into_iter().enumerate().filter(|(_, n)| *n > 0) {
                        *map.entry_ref(texts.values.value(i)).or_default() += n;
                    }
                } else {
                    present.for_each(|row| *map.entry_ref(texts.get(row)).or_default() += 1);
                }
            }
            (Counts::Bytes(map), Cells::Bytes(v)) => {
                present.for_each(|row| *map.entry_ref(v.value(row)).or_default() += 1);
            }
            _ => {}
        }
        Ok(())
    }

    fn key(&self, point: &Point) -> Option<i128> {
        match point {
            Point::Exact(i) => Some(*i),
            Point::Float(f) => Some(canonical(*f).into()),
            Point::Text(_) | Point::Null | Point::Never => None,
        }
    }

    /// How often a value occurs.
    pub fn times(&self, point: &Point) -> u64 {
        match (&self.counts, point) {
            (Counts::Fixed(map), point) => self.key(point).and_then(|k| map.get(&k)).copied().unwrap_or_default(),
            (Counts::Text(map), Point::Text(text)) => map.get(text).copied().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Whether a value occurs.
    pub fn contains(&self, point: &Point) -> bool {
        self.times(point) > 0
    }

    fn cell(&self, key: i128) -> Cell {
        match &self.kind {
            Kind::Decimal(scale) => Cell::Decimal(key, *scale),
            Kind::Bool => Cell::Bool(key == 1),
            Kind::Float => Cell::Float(f64::from_bits(u64::try_from(key).unwrap_or_default())),
            kind => i64::try_from(key).map_or(Cell::Int(key), |i| Cell::int(kind, i)),
        }
    }

    /// All values but some, in order.
    pub fn cells_except(&self, points: &[Point]) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self.all().filter(|(_, n)| *n > 0).map(|(c, _)| c).collect();
        let known: hashbrown::HashSet<Cell> = points.iter().filter_map(|p| self.cell_of(p)).collect();
        cells.retain(|c| !known.contains(c));
        cells.sort();
        cells
    }

    /// A point as a value of the column.
    pub fn cell_of(&self, point: &Point) -> Option<Cell> {
        match point {
            Point::Text(text) => Some(Cell::Text(text.clone())),
            Point::Null | Point::Never => None,
            other => self.key(other).map(|k| self.cell(k)),
        }
    }

    /// All values and their frequencies, in no order.
    pub fn all(&self) -> Box<dyn Iterator<Item = (Cell, u64)> + '_> {
        match &self.counts {
            Counts::Fixed(map) => Box::new(map.iter().map(|(k, n)| (self.cell(*k), *n))),
            Counts::Text(map) => Box::new(map.iter().map(|(k, n)| (Cell::Text(k.clone()), *n))),
            Counts::Bytes(map) => Box::new(map.iter().map(|(k, n)| (Cell::bytes(k), *n))),
        }
    }

    /// The most frequent values, in order, and how many of the points are among them.
    pub fn modes(&self, points: &[Point]) -> (Vec<Cell>, usize) {
        let most = self.all().map(|(_, n)| n).max().unwrap_or_default();
        let mut modes: Vec<Cell> = self.all().filter(|(_, n)| *n == most).map(|(c, _)| c).collect();
        modes.sort();
        let known: hashbrown::HashSet<Cell> = points.iter().filter_map(|p| self.cell_of(p)).collect();
        let among = modes.iter().filter(|c| known.contains(*c)).count();
        (modes, among)
    }
}
