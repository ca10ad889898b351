//! What a resource promises about values that are unknown still.

use tfplugin_proto::Value;

use super::walk::{lookup, lookup_mut};
use crate::{Path, Refinements};

/// Puts each promise on the unknown value at its path. Where the value is known there is nothing left to promise, and what
/// the user set must stay as it is, unknown or not.
pub(crate) fn keep_promises(planned: &mut Value, config: &Value, promises: Vec<(Path, Refinements)>) {
    for (path, known) in promises {
        if lookup(config, &path).is_some_and(|set| !set.is_null()) {
            continue;
        }
        if let Some(Value::Unknown(refinements)) = lookup_mut(planned, &path) {
            *refinements = (!known.is_empty()).then(|| Box::new(known));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_go_where_nobody_else_has_spoken() {
        let known = Refinements::not_null().starting_with("store://");
        let promised = Value::Unknown(Some(Box::new(known.clone())));
        let by_user = Value::Unknown(Some(Box::new(Refinements::not_null())));
        let cases = [
            (Value::Null, Value::unknown(), promised),
            (Value::Null, "store://a".into(), "store://a".into()),
            (by_user.clone(), by_user.clone(), by_user),
            (Value::unknown(), Value::unknown(), Value::unknown()),
        ];
        for (config, planned, wanted) in cases {
            let [config, mut planned] = [config, planned].map(|url| Value::object([("url", url)]));
            keep_promises(&mut planned, &config, vec![(Path::attr("url"), known.clone())]);
            assert_eq!(planned.get("url"), Some(&wanted));
        }
        // A path that leads nowhere is no promise.
        let mut planned = Value::object([("url", Value::unknown())]);
        let nowhere = Path::attr("objects").key("a");
        keep_promises(&mut planned, &Value::Null, vec![(nowhere, known)]);
        assert_eq!(planned.get("url"), Some(&Value::unknown()));
    }
}
