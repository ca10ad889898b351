//! A change event as bytes: the header, then every field of the shape, null where the change does not touch it.

use std::collections::BTreeMap;

use super::avro::{long, text, texts};
use super::bitmap::bitmaps;
use super::shape::{Leaf, Member, Scalar, Shape};
use super::{ChangeType, Stamp};
use crate::time;

/// What an event says of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    /// Values by column, in the form in which they are stored.
    pub cells: BTreeMap<usize, String>,
    /// Columns that an update touched; of those without a value the field became null.
    pub changed: Vec<usize>,
    /// Of those, the ones whose value is a difference.
    pub diffs: Vec<usize>,
}

/// The payload of an event.
pub(crate) fn event(shape: &Shape, kind: ChangeType, ids: &[String], stamp: &Stamp, content: &Content) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    header(&mut out, shape, kind, ids, stamp, content);
    for member in &shape.members {
        match member {
            Member::Single(leaf) => value(&mut out, leaf, content),
            Member::Compound(leaves) => {
                let any = leaves
                    .iter()
                    .any(|l| l.column.is_some_and(|c| content.cells.contains_key(&c)));
                long(&mut out, i64::from(any));
                if any {
                    leaves.iter().for_each(|leaf| value(&mut out, leaf, content));
                }
            }
        }
    }
    out
}

fn header(out: &mut Vec<u8>, shape: &Shape, kind: ChangeType, ids: &[String], stamp: &Stamp, content: &Content) {
    let map = |columns: &mut dyn Iterator<Item = &usize>| bitmaps(columns.filter_map(|c| shape.place(*c)));
    text(out, shape.entity.as_bytes());
    texts(out, ids);
    long(out, kind.index());
    text(out, stamp.origin.as_bytes());
    text(out, stamp.transaction_key().as_bytes());
    long(out, i64::from(stamp.sequence));
    long(out, stamp.commit_ms);
    long(out, stamp.commit_number);
    text(out, stamp.user.as_bytes());
    let nulled = |column: &&usize| !content.cells.contains_key(*column);
    texts(out, &map(&mut content.changed.iter().filter(nulled)));
    texts(out, &map(&mut content.diffs.iter()));
    texts(out, &map(&mut content.changed.iter()));
}

fn value(out: &mut Vec<u8>, leaf: &Leaf, content: &Content) {
    let cell = leaf.column.and_then(|c| content.cells.get(&c));
    let start = out.len();
    long(out, 1);
    if cell.and_then(|cell| scalar(out, leaf.scalar, cell)).is_none() {
        out.truncate(start);
        long(out, 0);
    }
}

/// `None` for what does not fit, which an altered field may hold.
fn scalar(out: &mut Vec<u8>, of: Scalar, cell: &str) -> Option<()> {
    match of {
        Scalar::Text => text(out, cell.as_bytes()),
        Scalar::Boolean => out.push(u8::from(cell == "true")),
        Scalar::Int => long(out, cell.parse::<i32>().ok()?.into()),
        Scalar::Double => out.extend_from_slice(&cell.parse::<f64>().ok()?.to_le_bytes()),
        Scalar::Date => long(out, time::parse_date(cell)? * time::DAY),
        Scalar::Datetime => long(out, time::parse_datetime(cell)?),
        Scalar::Time => long(out, time::parse_time(cell)?),
    }
    Some(())
}

/// A long text as a unified difference, where that is shorter than the text.
pub(crate) fn difference(old: &str, new: &str) -> Option<String> {
    let (from, to): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let most = from.len().min(to.len()) - head;
    let same_end = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b);
    let tail = same_end.count().min(most);
    let (gone, came) = (&from[head..from.len() - tail], &to[head..to.len() - tail]);
    let mut out = format!(
        "--- \n+++ \n@@ -{},{} +{},{} @@\n",
        head + 1,
        gone.len(),
        head + 1,
        came.len()
    );
    for (sign, lines) in [('-', gone), ('+', came)] {
        for line in lines {
            out.push(sign);
            out.push_str(line);
            out.push('\n');
        }
    }
    (out.len() < new.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_unified_and_shorter() {
        let old: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 50\n", "another\n");
        let diff = difference(&old, &new).unwrap();
        assert_eq!(diff, "--- \n+++ \n@@ -51,1 +51,1 @@\n-line 50\n+another\n");
        assert_eq!(difference("short", "other"), None);
        assert_eq!(difference(&old, &old[7..]).unwrap().lines().count(), 4);
    }
}
