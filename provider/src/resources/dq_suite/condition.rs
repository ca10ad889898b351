//! `where`: which rows an expectation is about, as text that reads as a condition of the suite.

use headwater_suite::Condition;
use tfplugin_framework::{Attribute, Value};

/// The attribute.
pub(super) fn attribute() -> Attribute {
    Attribute::string().optional().equivalent(same).describe(
        "Which rows are meant, in the words of GoogleSQL, such as `status = 'paid' AND country IN ('AT', 'DE')`: columns compared with literals, joined by AND and OR. Default: all rows.",
    )
}

/// Whether two texts mean the same rows.
fn same(a: &Value, b: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| Condition::parse(text).ok());
    matches!((read(a), read(b)), (Some(a), Some(b)) if a == b)
}
