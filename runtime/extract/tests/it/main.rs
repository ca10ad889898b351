//! The extract against the local cloud and the simulated org: what arrives, what a second run moves, and what remains of
//! the guarantees when runs are killed, stalled, or started twice.

mod cloud;
mod evolution;
mod faults;
mod gate;
mod kills;
mod reads;
mod steps;
mod world;
