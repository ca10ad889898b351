//! The client against a scripted org: what is asked, what is repeated, what is given up, and what never appears in errors.
//! And against the simulator: every object of it, by both ways of reading.

mod calls;
#[expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod events;
#[expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod org;
mod pages;
#[expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod simulator;
