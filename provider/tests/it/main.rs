//! The provider's program under the real terraform, as far as that needs no cloud and no org: what is wrong with a
//! configuration, examples, installation. Whole lifecycles are tested in the workspace's `tests`.

mod examples;
mod guides;
mod identity;
mod install;
mod malformed;
mod schema;
mod terraform;
