//! What a resource promises about values that are unknown still.

use tfplugin_proto::Value;

use super::walk::lookup_mut;
use crate::{Path, Refinements};

/// Puts each promise on the unknown value at its path. Where the value is known there is nothing left to promise.
pub(crate) fn keep_promises(planned: &mut Value, promises: Vec<(Path, Refinements)>) {
    for (path, known) in promises {
        if let Some(Value::Unknown(refinements)) = lookup_mut(planned, &path) {
            *refinements = (!known.is_empty()).then(|| Box::new(known));
        }
    }
}
