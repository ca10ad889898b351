//! `cargo xtask chaos stream`, as a program of its own: a plan as JSON in, a report as JSON out. Exit status 3: something was
//! lost, doubled or wrong.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

use std::process::ExitCode;

use headwater_tests::stream_chaos::{Plan, run};

/// Problems that are shown.
const SHOWN: usize = 30;

fn main() -> ExitCode {
    let Some(plan) = std::env::args().nth(1).as_deref().and_then(plan) else {
        eprintln!("give a plan: {{\"seed\": 1, \"events\": 1000, \"faults\": 10, \"emulator\": false}}");
        return ExitCode::from(2);
    };
    let outcome = run(&plan);
    println!("{}", outcome.report);
    for problem in outcome.problems.iter().take(SHOWN) {
        eprintln!("    {problem}");
    }
    match outcome.problems.len() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(3),
    }
}

fn plan(text: &str) -> Option<Plan> {
    let plan: serde_json::Value = serde_json::from_str(text).ok()?;
    let number = |name: &str| plan[name].as_u64();
    Some(Plan {
        seed: number("seed")?,
        events: usize::try_from(number("events")?).ok()?,
        faults: usize::try_from(number("faults")?).ok()?,
        emulator: plan["emulator"].as_bool()?,
        only: match &plan["only"] {
            serde_json::Value::Null => vec![],
            only => serde_json::from_value(only.clone()).ok()?,
        },
    })
}
