//! The console over a local cloud: what its pages and its JSON say of what lies there, how fast with 10,000 runs, and what it
//! does not let through.

mod faces;
mod many;
mod world;
