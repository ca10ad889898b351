//! `cargo xtask fuzz` starts this: inputs upon inputs against everything that reads what others wrote.
//!
//! Arguments: the number of inputs, the seed, the number of the first input, then names of targets (none: all of them).

use std::process::ExitCode;
use std::time::Duration;

use tfplugin_framework::fuzz::{Finding, run, targets};

/// How many inputs lie between two words about where it is.
const STRETCH: u64 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (inputs, seed, first) = (number(0, STRETCH), number(1, 1), number(2, 0));
    let wanted = arguments.get(3..).unwrap_or_default();
    let mut failed = false;
    for (name, target) in targets() {
        if !wanted.is_empty() && !wanted.iter().any(|one| one == name) {
            continue;
        }
        let mut taken = Duration::ZERO;
        let mut at = first;
        let mut finding = None;
        while at < first + inputs && finding.is_none() {
            let end = (at + STRETCH).min(first + inputs);
            match run(target, seed, at..end) {
                Ok(time) => taken += time,
                Err(found) => finding = Some(found),
            }
            at = end;
        }
        match finding {
            None => {
                let rate = inputs as f64 / taken.as_secs_f64().max(1e-9);
                println!(
                    "{name:12} {inputs} inputs in {:.1} s, {rate:.0} a second: nothing found",
                    taken.as_secs_f64()
                );
            }
            Some(Finding { input }) => {
                failed = true;
                println!(
                    "{name:12} input {input} of seed {seed} breaks it; again: cargo xtask fuzz {name} --seed {seed} --first {input} --inputs 1"
                );
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
