//! What happens to values between core's request and a resource, and back: pure functions over schemas and values.
//!
//! The order of a plan is fixed: defaults, write-only values out, equivalent spellings back to the prior ones, computed
//! values unknown if anything changes, the resource's own plan, checks, replacement. Nothing here knows the wire.

mod check;
mod fill;
mod generate;
mod keep;
mod promise;
mod replace;
#[cfg(test)]
mod tests;
mod validate;
mod walk;

pub(crate) use check::{check_applied, check_plan, check_read};
pub(crate) use fill::{fill_defaults, forget_write_only, mark_unknown, settle};
pub(crate) use generate::configuration;
pub(crate) use keep::keep_equivalent;
pub(crate) use promise::keep_promises;
pub(crate) use replace::requires_replace;
pub(crate) use validate::{refuse_write_only, validate};
pub(crate) use walk::lookup;

use tfplugin_proto::Value;

use crate::Schema;

/// Everything before the resource's own plan.
pub(crate) fn propose(schema: &Schema, prior: &Value, config: &Value, core: Value) -> Value {
    let mut proposed = fill_defaults(&schema.attributes, config, core);
    forget_write_only(&schema.attributes, &mut proposed);
    keep_equivalent(&schema.attributes, prior, &mut proposed);
    if prior.is_null() || *prior != proposed {
        mark_unknown(&schema.attributes, config, &mut proposed);
    }
    proposed
}
