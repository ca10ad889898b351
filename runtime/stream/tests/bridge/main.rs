//! The bridge against a simulated org and a local cloud: what the org tells is in the topic, whatever happens to the bridge.

mod crashes;
mod passing;
mod repairs;
mod world;
