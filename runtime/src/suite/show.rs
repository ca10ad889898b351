//! Which values of the data a deployed suite's results show: some wrong ones, and none of columns with policy tags unless the suite
//! says so.

use headwater_cloud::Document;
use headwater_quality::engine::SuiteResult;
use headwater_quality::mask::Mask;
use headwater_quality::sql::Show;
use headwater_quality::suite::Suite;

use super::Run;

/// Of a suite over a table.
pub fn of(run: &Run<'_>, table: &Document) -> Show {
    let samples = run.suite.results.samples.as_ref();
    let unmasked = samples.map_or(&[][..], |samples| &samples.unmasked_columns);
    let all = Show::default();
    Show {
        samples: samples
            .and_then(|samples| samples.rows)
            .map_or(all.samples, |rows| rows as usize),
        hidden: Mask::of(&table["schema"], unmasked),
        ..all
    }
}

/// Takes out of what was found what is not to be shown.
pub fn cut(show: &Show, suite: &Suite, found: &mut SuiteResult) {
    for result in &mut found.results {
        result.samples.truncate(show.samples);
        result.sample_keys.truncate(show.samples);
    }
    show.hidden.apply(suite, found);
}
