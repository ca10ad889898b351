//! Names of sessions and streams. A stream is a range of its session's rows, which its name says in a form that looks
//! opaque: a stream that is split needs no memory.

use base64::Engine as _;

use crate::error::{Fault, Reason};

const CODEC: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Rows of a session: from the first to the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Rows {
    pub(super) fn count(self) -> u64 {
        self.to - self.from
    }
}

/// The name of a session of this id.
pub(super) fn session(project: &str, location: &str, id: &str) -> String {
    format!("projects/{project}/locations/{location}/sessions/{id}")
}

pub(super) fn stream(session: &str, rows: Rows) -> String {
    let id = CODEC.encode(format!("hw:{}:{}", rows.from, rows.to));
    format!("{session}/streams/{id}")
}

/// The id of the session that a stream is of, and its rows.
pub(super) fn read(stream: &str) -> Result<(&str, Rows), Fault> {
    let wrong = || {
        Fault::new(
            Reason::Invalid,
            format!(
                "Invalid read stream name \"{stream}\": it has the form \
                 projects/PROJECT/locations/LOCATION/sessions/SESSION/streams/STREAM"
            ),
        )
    };
    let parts: Vec<&str> = stream.split('/').collect();
    let ["projects", _, "locations", _, "sessions", session, "streams", id] = parts.as_slice() else {
        return Err(wrong());
    };
    let text = CODEC.decode(id).ok().and_then(|b| String::from_utf8(b).ok());
    let range = text.as_deref().and_then(|t| t.strip_prefix("hw:")?.split_once(':'));
    let rows = range.and_then(|(from, to)| {
        Some(Rows {
            from: from.parse().ok()?,
            to: to.parse().ok()?,
        })
    });
    let rows = rows.filter(|rows| rows.from <= rows.to).ok_or_else(wrong)?;
    Ok((session, rows))
}

/// Cuts rows into so many ranges of about the same length, none of them empty.
pub(super) fn cut(rows: u64, ranges: u64) -> Vec<Rows> {
    let ranges = ranges.min(rows);
    let at = |i: u64| u64::try_from(u128::from(rows) * u128::from(i) / u128::from(ranges)).unwrap_or(rows);
    (0..ranges)
        .map(|i| Rows {
            from: at(i),
            to: at(i + 1),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_its_rows() {
        let rows = Rows { from: 3, to: 70 };
        let name = stream(&session("p", "eu", "s1"), rows);
        assert_eq!(read(&name).unwrap(), ("s1", rows));
        for wrong in [
            "",
            "projects/p/locations/eu/sessions/s1",
            "projects/p/locations/eu/sessions/s/streams/x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_cover_all_rows_once() {
        for (rows, ranges, expected) in [(0, 4, 0), (3, 4, 3), (10, 4, 4), (u64::MAX, 3, 3)] {
            let cut = cut(rows, ranges);
            assert_eq!(cut.len(), expected);
            assert_eq!(cut.iter().map(|r| r.count()).sum::<u64>(), rows);
            assert!(cut.windows(2).all(|w| w[0].to == w[1].from));
        }
    }
}
