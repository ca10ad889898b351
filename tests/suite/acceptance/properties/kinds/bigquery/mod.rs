//! BigQuery, in a group for each kind of thing.

pub mod datasets;
pub mod routines;
mod spelling;
pub mod tables;
pub mod views;

use headwater_tests::cloud::PROJECT;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind};

/// More labels than BigQuery takes, less those that are Headwater's.
const MOST_LABELS: usize = 60;
const LONGEST_LABEL: usize = 63;

/// All datasets of the project, hidden ones too.
fn datasets_list() -> (String, &'static str) {
    (
        format!("/bigquery/v2/projects/{PROJECT}/datasets?all=true&maxResults=1000"),
        "datasets",
    )
}

/// What people read about a dataset, a table or a view. Never empty: no provider can plan nothing where an import found
/// null and the configuration says `""`.
fn about(random: &mut Random, body: &mut Body) {
    for name in ["friendly_name", "description"] {
        if random.coin() {
            body.text(name, text(random));
        }
    }
    if random.coin() {
        body.set("labels", labels(random));
    }
}

/// Text with what is lost most easily: ends of lines, white space at the ends, letters of several parts, great length.
fn text(random: &mut Random) -> String {
    match random.number(0, 7) {
        0 => format!(" {}\r\n\tindented\n\n", random.prose()),
        1 => format!("{}\u{a0}\u{200b}👩‍👩‍👧 שלום\u{2028}e\u{301}", random.prose()),
        2 => "ß".repeat(16_384),
        _ => random.prose(),
    }
}

/// Labels, now and then as many and as long as may be.
fn labels(random: &mut Random) -> Hcl {
    if !random.once_in(12) {
        return random.labels();
    }
    let label = |n: usize| {
        let key = format!("k{n:_<width$}", width = LONGEST_LABEL - 1);
        (key, Hcl::text(format!("{n:-<LONGEST_LABEL$}")))
    };
    Hcl::Object((0..MOST_LABELS).map(label).collect())
}
