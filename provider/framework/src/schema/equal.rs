//! When two spellings mean the same.

use std::fmt;
use std::sync::Arc;

use tfplugin_proto::Value;

use super::timeouts::parse_duration;

type Same = Arc<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// The hook behind [`Attribute::equivalent`](super::Attribute::equivalent).
#[derive(Clone)]
pub(crate) struct Equivalence(pub(crate) Same);

impl Equivalence {
    /// A hook that panics holds nothing equal: it runs after a create too, whose result must not be lost.
    pub(crate) fn holds(&self, a: &Value, b: &Value) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)(a, b))).unwrap_or(false)
    }
}

impl fmt::Debug for Equivalence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Equivalence")
    }
}

/// The same JSON document, whatever its spaces and order of keys.
pub fn json(a: &Value, b: &Value) -> bool {
    let parse = |value: &Value| serde_json::from_str::<serde_json::Value>(value.as_str()?).ok();
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// The same text apart from the case of ASCII letters.
pub fn ignore_case(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

/// The same length of time: `60s` and `1m`.
pub fn duration(a: &Value, b: &Value) -> bool {
    let parse = |value: &Value| parse_duration(value.as_str()?).ok();
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// The same text apart from slashes at its end.
pub fn trailing_slash(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if a.trim_end_matches('/') == b.trim_end_matches('/'))
}
