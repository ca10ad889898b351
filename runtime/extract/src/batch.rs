//! A batch: the window being worked on and how far it has come, kept in `inflight.json` so that a killed run is gone on
//! with; and the pure decision what the next run does. No IO here.

use chrono::{DateTime, TimeDelta, Utc};
use headwater_spec::{Api, Column, GateVerdict, ObjectSpec, Part, ReadMode, Watermark, Window};
use serde::{Deserialize, Serialize};

/// `inflight.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inflight {
    /// Names the batch in object names, job ids and the staging table.
    pub batch: String,
    /// The run that began it.
    pub run: String,
    /// What is read. `from` absent: everything there is, and the MERGE removes the rest.
    pub window: Window,
    /// The watermark that the batch began from. When it has moved since, the batch is out of date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<DateTime<Utc>>,
    /// As [`Watermark::table`].
    pub table: String,
    /// As [`Watermark::selection`].
    pub selection: String,
    /// The columns that are read, as the parts carry them.
    pub columns: Vec<Column>,
    /// Columns of the table that have no field any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nulled: Vec<String>,
    /// The query.
    pub soql: String,
    /// The API, once it was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// Salesforce's job, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_job: Option<String>,
    /// Finished parts, in order.
    pub parts: Vec<Part>,
    /// Where the page walk goes on after the last finished part; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page: Option<String>,
    /// Rows of the last part that only say "changed, and perhaps no longer selected"; absent as long as nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// What the gate made of the parts; absent before, and where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// How far it has come.
    pub stage: Stage,
    /// The attempt of the load job that is under way or done.
    pub load_attempt: u32,
    /// The attempt of the MERGE job that is under way or done.
    pub merge_attempt: u32,
    /// The attempt of the job that sets rows apart, which is under way or done.
    #[serde(default = "first")]
    pub quarantine_attempt: u32,
}

const fn first() -> u32 {
    1
}

/// A batch that passed its gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// The parts to load. One that holds rows to set apart is written anew, with their reasons.
    pub parts: Vec<Part>,
    /// How many rows are set apart.
    pub quarantined: u64,
    /// Who said what.
    pub verdicts: Vec<GateVerdict>,
}

impl Inflight {
    /// The parts that are loaded.
    pub fn loaded_parts(&self) -> &[Part] {
        self.judged.as_ref().map_or(&self.parts, |judged| &judged.parts)
    }

    /// How many rows are set apart.
    pub fn quarantined(&self) -> u64 {
        self.judged.as_ref().map_or(0, |judged| judged.quarantined)
    }
}

/// Stages of a batch, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Rows are being read; `parts` are the finished ones.
    Fetching,
    /// All parts are there and the manifest is written.
    Fetched,
    /// The gate has judged them and let them pass.
    Judged,
    /// The load job is done.
    Loaded,
    /// The MERGE is done.
    Merged,
}

/// What is known when an object's turn begins.
#[derive(Debug, Clone)]
pub(crate) struct Situation<'a> {
    pub spec: &'a ObjectSpec,
    pub selection: &'a str,
    pub watermark: Option<&'a Watermark>,
    pub inflight: Option<&'a Inflight>,
    /// The columns as described and evolved now.
    pub columns: &'a [Column],
    /// The table as it is now; see [`Watermark::table`].
    pub table: &'a str,
    /// Whether the object has a cursor field.
    pub has_cursor: bool,
    /// Salesforce's clock.
    pub now: DateTime<Utc>,
    pub safety_lag: TimeDelta,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// Go on with the batch in flight.
    Resume,
    /// The batch in flight is committed: only its remains have to go, then decide again.
    Finish,
    /// Give the batch in flight up for good, then decide again. The text says why.
    Abandon(&'static str),
    /// Begin a batch.
    Begin(Window),
    /// Nothing can have happened since the watermark.
    Nothing,
}

impl Situation<'_> {
    /// The lower bound that a new batch would have.
    fn from(&self) -> Option<DateTime<Utc>> {
        let watermark = self.watermark.filter(|watermark| {
            watermark.selection == self.selection && watermark.table.as_deref() == Some(self.table)
        })?;
        let incremental = self.spec.mode == ReadMode::Incremental && self.has_cursor;
        incremental.then_some(watermark.committed)
    }

    /// Decides. Total, and without looking at anything else.
    pub fn decide(&self) -> Decision {
        if let Some(inflight) = self.inflight {
            if self
                .watermark
                .is_some_and(|watermark| watermark.batch == inflight.batch)
            {
                return Decision::Finish;
            }
            if inflight.stage == Stage::Merged {
                // Its rows are in the table. Whatever has changed since, the watermark has to follow them first.
                return Decision::Resume;
            }
            if inflight.selection != self.selection {
                return Decision::Abandon("the selection of rows has changed");
            }
            if inflight.table != self.table {
                return Decision::Abandon("the table is another one");
            }
            if inflight.base != self.watermark.map(|watermark| watermark.committed) {
                return Decision::Abandon("the watermark has moved");
            }
            if inflight.stage == Stage::Fetching && inflight.columns != self.columns {
                return Decision::Abandon("the columns have changed");
            }
            return Decision::Resume;
        }
        let window = Window {
            from: self.from(),
            to: truncate_to_millis(self.now - self.safety_lag),
        };
        if window.is_empty() {
            Decision::Nothing
        } else {
            Decision::Begin(window)
        }
    }
}

/// Salesforce stamps milliseconds; a finer bound would be cut on its way into SOQL and no longer be what was read.
fn truncate_to_millis(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap_or(time)
}

/// A new batch's name: sorts by time, is unique, fits job ids and table names.
pub(crate) fn batch_id(now: DateTime<Utc>, random: u32) -> String {
    format!("{}-{:06x}", now.format("%Y%m%dt%H%M%S"), random & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_spec::{BigQueryType, Mode};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a time")
    }

    fn columns(names: &str) -> Vec<Column> {
        let column = |name: &str| Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: "string".into(),
            data_type: BigQueryType::String,
            mode: Mode::Nullable,
            description: String::new(),
        };
        names.split_whitespace().map(column).collect()
    }

    fn spec(mode: ReadMode) -> ObjectSpec {
        ObjectSpec {
            table: "Account".into(),
            columns: columns("Id"),
            include: None,
            exclude: Vec::new(),
            condition: None,
            mode,
        }
    }

    fn watermark(committed: i64, batch: &str, selection: &str) -> Watermark {
        Watermark {
            committed: at(committed),
            batch: batch.into(),
            run: "r".into(),
            selection: selection.into(),
            table: Some("t".into()),
            last_full: None,
        }
    }

    fn inflight(from: Option<i64>, selection: &str, names: &str, stage: Stage) -> Inflight {
        Inflight {
            batch: "b2".into(),
            run: "r".into(),
            window: Window {
                from: from.map(at),
                to: at(90),
            },
            base: from.map(at),
            table: "t".into(),
            selection: selection.into(),
            columns: columns(names),
            nulled: Vec::new(),
            soql: String::new(),
            api: None,
            bulk_job: None,
            parts: Vec::new(),
            next_page: None,
            left: None,
            judged: None,
            stage,
            load_attempt: 1,
            merge_attempt: 1,
            quarantine_attempt: 1,
        }
    }

    #[test]
    fn decisions() {
        use Decision::{Abandon, Begin, Finish, Nothing, Resume};
        use Stage::{Fetched, Fetching, Merged};
        let window = |from: Option<i64>| {
            Begin(Window {
                from: from.map(at),
                to: at(80),
            })
        };
        let inc = ReadMode::Incremental;
        let mark = |selection| Some(watermark(50, "b1", selection));
        let moved = Abandon("the watermark has moved");
        let cases = [
            ("first read", inc, true, None, None, window(None)),
            ("next read", inc, true, mark("s"), None, window(Some(50))),
            ("full each time", ReadMode::Full, true, mark("s"), None, window(None)),
            ("no cursor", inc, false, mark("s"), None, window(None)),
            ("other rows are wanted", inc, true, mark("old"), None, window(None)),
            (
                "the table was made anew",
                inc,
                true,
                Some(Watermark {
                    table: Some("older".into()),
                    ..watermark(50, "b1", "s")
                }),
                None,
                window(None),
            ),
            (
                "the table was made anew while fetching",
                inc,
                true,
                mark("s"),
                Some(Inflight {
                    table: "older".into(),
                    ..inflight(Some(50), "s", "Id Name", Fetching)
                }),
                Abandon("the table is another one"),
            ),
            (
                "a full read beside a watermark",
                inc,
                true,
                mark("s"),
                Some(Inflight {
                    base: Some(at(50)),
                    ..inflight(None, "s", "Id Name", Fetching)
                }),
                Resume,
            ),
            (
                "within the lag",
                inc,
                true,
                Some(watermark(80, "b1", "s")),
                None,
                Nothing,
            ),
            (
                "clock went back",
                inc,
                true,
                Some(watermark(99, "b1", "s")),
                None,
                Nothing,
            ),
            (
                "killed while fetching",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(50), "s", "Id Name", Fetching)),
                Resume,
            ),
            (
                "killed in the first read",
                inc,
                true,
                None,
                Some(inflight(None, "s", "Id Name", Fetching)),
                Resume,
            ),
            (
                "field appeared while fetching",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(50), "s", "Id", Fetching)),
                Abandon("the columns have changed"),
            ),
            (
                "field appeared after fetching",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(50), "s", "Id", Fetched)),
                Resume,
            ),
            (
                "watermark moved",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(20), "s", "Id Name", Fetched)),
                moved,
            ),
            (
                "where changed",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(50), "old", "Id Name", Fetched)),
                Abandon("the selection of rows has changed"),
            ),
            (
                "where changed after the merge",
                inc,
                true,
                mark("s"),
                Some(inflight(Some(50), "old", "Id", Merged)),
                Resume,
            ),
            (
                "killed after the commit",
                inc,
                true,
                Some(watermark(90, "b2", "s")),
                Some(inflight(Some(50), "s", "Id Name", Merged)),
                Finish,
            ),
        ];
        for (name, mode, has_cursor, watermark, inflight, expected) in cases {
            let spec = spec(mode);
            let columns = columns("Id Name");
            let situation = Situation {
                spec: &spec,
                selection: "s",
                watermark: watermark.as_ref(),
                inflight: inflight.as_ref(),
                columns: &columns,
                table: "t",
                has_cursor,
                now: at(100),
                safety_lag: TimeDelta::seconds(20),
            };
            assert_eq!(situation.decide(), expected, "{name}");
        }
    }

    #[test]
    fn bounds_are_whole_milliseconds() {
        let fine = DateTime::from_timestamp_nanos(1_700_000_000_123_456_789);
        assert_eq!(truncate_to_millis(fine).timestamp_subsec_nanos(), 123_000_000);
    }

    #[test]
    fn batch_names_sort_by_time() {
        assert_eq!(batch_id(at(0), 0xffab_cdef), "20231114t221320-abcdef");
        assert!(batch_id(at(0), 9) < batch_id(at(1), 1));
    }
}
