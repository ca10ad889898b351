//! A stream under fire, in small; `cargo xtask chaos stream` is the same for a million events.

use headwater_tests::stream_chaos::{Plan, run};

#[test]
fn nothing_is_lost_doubled_or_wrong() {
    // Enough for each kind of fault once.
    let outcome = run(&Plan {
        seed: 7,
        events: 5_000,
        faults: 22,
        emulator: false,
        only: vec![],
    });
    let shown: Vec<&String> = outcome.problems.iter().take(20).collect();
    assert!(outcome.problems.is_empty(), "{}: {shown:#?}", outcome.report);
}
