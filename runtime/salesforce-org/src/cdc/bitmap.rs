//! The bit maps of a change event's header: which fields a list names, as hexadecimal text. A bit is the position of a field
//! in the schema, the lowest first; parts of a compound field stand in a map of their own behind the position of the field.
//!
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html>

use std::collections::BTreeMap;

use super::shape::Place;

/// `0x650004E0`, then `4-0x06` for each compound field with parts.
pub(crate) fn bitmaps(places: impl IntoIterator<Item = Place>) -> Vec<String> {
    let mut top = vec![];
    let mut parts: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (at, part) in places {
        match part {
            None => set(&mut top, at),
            Some(part) => set(parts.entry(at).or_default(), part),
        }
    }
    let top = (!top.is_empty()).then(|| hex(&top));
    let parts = parts.iter().map(|(at, bits)| format!("{at}-{}", hex(bits)));
    top.into_iter().chain(parts).collect()
}

fn set(bits: &mut Vec<u8>, at: usize) {
    if bits.len() <= at / 8 {
        bits.resize(at / 8 + 1, 0);
    }
    bits[at / 8] |= 1 << (at % 8);
}

/// The highest byte first.
fn hex(bits: &[u8]) -> String {
    let mut out = String::from("0x");
    for byte in bits.iter().rev() {
        out.push_str(&format!("{byte:02X}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_positions() {
        let cases: [(&[Place], &[&str]); 5] = [
            (&[], &[]),
            (&[(1, None)], &["0x02"]),
            (&[(9, None), (0, None)], &["0x0201"]),
            (&[(4, Some(1)), (4, Some(2))], &["4-0x06"]),
            (
                &[(31, None), (12, Some(0)), (3, Some(9))],
                &["0x80000000", "3-0x0200", "12-0x01"],
            ),
        ];
        for (places, expected) in cases {
            assert_eq!(bitmaps(places.iter().copied()), expected);
        }
    }
}
