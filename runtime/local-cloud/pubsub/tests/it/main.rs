//! The local Pub/Sub over the wire, and its generated code. Google's own clients are in the repository's `tests`; here is
//! what needs a hand on the clock, an endpoint to push to, or a table to write to.

#[cfg(test)]
mod delivery;
#[cfg(test)]
mod export;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod push;
