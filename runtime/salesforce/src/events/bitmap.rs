//! The bit maps of a change event's header, as lists of positions.
//! <https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html>

use super::avro::AvroError;

/// What a map names: a field of the schema by its position, or a part of a compound field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Field(usize),
    Part(usize, usize),
}

/// The places that the entries of a header's list name: `0x…` for fields, `POSITION-0x…` for parts.
pub(super) fn places<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Vec<Place>, AvroError> {
    const WRONG: AvroError = AvroError("the header has a bit map that is none");
    let mut out = vec![];
    for entry in entries {
        match entry.split_once('-') {
            None => bits(entry).ok_or(WRONG)?.for_each(|at| out.push(Place::Field(at))),
            Some((parent, map)) => {
                let parent = parent.parse().map_err(|_| WRONG)?;
                bits(map).ok_or(WRONG)?.for_each(|at| out.push(Place::Part(parent, at)));
            }
        }
    }
    Ok(out)
}

/// The bits that are set, the lowest first.
fn bits(map: &str) -> Option<impl Iterator<Item = usize>> {
    let digits = map.strip_prefix("0x").or_else(|| map.strip_prefix("0X"))?;
    let nibbles = digits
        .chars()
        .rev()
        .map(|c| c.to_digit(16))
        .collect::<Option<Vec<u32>>>()?;
    Some(nibbles.into_iter().enumerate().flat_map(|(at, nibble)| {
        (0..4)
            .filter(move |bit| nibble >> bit & 1 == 1)
            .map(move |bit| at * 4 + bit)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read() {
        let cases: [(&[&str], Option<&[Place]>); 7] = [
            (&[], Some(&[])),
            (&["0x0"], Some(&[])),
            (&["0x02"], Some(&[Place::Field(1)])),
            (
                &["0x80000201"],
                Some(&[Place::Field(0), Place::Field(9), Place::Field(31)]),
            ),
            (
                &["0x4", "12-0x0a"],
                Some(&[Place::Field(2), Place::Part(12, 1), Place::Part(12, 3)]),
            ),
            (&["Name"], None),
            (&["x-0x1"], None),
        ];
        for (entries, expected) in cases {
            let found = places(entries.iter().copied());
            assert_eq!(found.ok().as_deref(), expected, "{entries:?}");
        }
    }
}
