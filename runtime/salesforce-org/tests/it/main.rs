//! The simulator from outside. What every test uses is `harness`.

#[cfg(test)]
mod api;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod control;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod soql;
