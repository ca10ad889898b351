//! A stream under fire, in small; `cargo xtask chaos stream` is the same for a million events.

use headwater_tests::stream_chaos::{Plan, run};

/// Enough for each kind of fault once; over the emulator, which delivers again slowly, for some of them.
fn small(emulator: bool) -> Plan {
    Plan {
        seed: 7,
        events: if emulator { 1_500 } else { 5_000 },
        faults: if emulator { 12 } else { 22 },
        emulator,
        only: vec![],
    }
}

#[track_caller]
fn assert_holds(plan: &Plan) {
    let outcome = run(plan);
    let shown: Vec<&String> = outcome.problems.iter().take(20).collect();
    assert!(outcome.problems.is_empty(), "{}: {shown:#?}", outcome.report);
}

#[test]
fn nothing_is_lost_doubled_or_wrong() {
    assert_holds(&small(false));
}

#[test]
fn nothing_is_lost_doubled_or_wrong_over_googles_emulator() {
    assert_holds(&small(true));
}
