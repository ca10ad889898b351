//! The applier against the local cloud: what tables hold after events, and what remains of the guarantees when messages
//! come twice or late, workers meet or die, and answers are lost.

mod chaos;
mod drift;
mod golden;
mod sources;
mod world;
