//! Rules for single values. Each says in one sentence what is allowed: users and documentation read the same text.

mod collection;
mod number;
mod text;
mod time;

use std::fmt;
use std::ops::{Bound as RangeEnd, RangeBounds};
use std::sync::Arc;

use tfplugin_proto::{Refinements, Value};

pub use collection::{each, each_element, each_key, each_value, keys, size, unique, unique_by};
pub use number::{multiple_of, range, whole_number};
pub use text::{
    byte_length, cidr, email, json, json_object, length, matches, none_of, one_of, pattern, prefix, suffix, url,
};
pub use time::{date, duration, duration_in, instant};

use crate::{Path, Step};

/// What is wrong, below the value that was checked.
type Finding = (Vec<Step>, String);
type Known = Arc<dyn Fn(&Value) -> Vec<Finding> + Send + Sync>;
type Unknown = Arc<dyn Fn(&Refinements) -> Option<String> + Send + Sync>;
type Broken = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// A rule for a value. Asked about known, non-null values only, except where it can judge by refinements.
#[derive(Clone)]
pub struct Validator {
    description: String,
    known: Known,
    unknown: Option<Unknown>,
    broken: Option<Broken>,
}

impl Validator {
    /// A rule of your own. The description is a sentence about the value: `must be a host name`; the check returns
    /// what is wrong with this value, or `Ok(())`.
    pub fn new(
        description: impl Into<String>,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Validator {
            description: description.into(),
            known: Arc::new(move |value| check(value).err().map(|text| (Vec::new(), text)).into_iter().collect()),
            unknown: None,
            broken: None,
        }
    }

    /// What the rule says.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What is wrong with this value: where, and a sentence.
    pub fn check(&self, value: &Value, path: &Path) -> Vec<(Path, String)> {
        if value.is_null() {
            return Vec::new();
        }
        if value.is_unknown() {
            let text = self
                .unknown
                .as_ref()
                .zip(value.refinements())
                .and_then(|(check, known)| check(known));
            return text.map(|text| (path.clone(), text)).into_iter().collect();
        }
        let found = (self.known)(value.plain());
        found
            .into_iter()
            .map(|(steps, text)| (steps.into_iter().fold(path.clone(), |path, step| path.step(step)), text))
            .collect()
    }

    /// The same rule, which also judges what is known about an unknown value already: a prefix, bounds.
    #[must_use]
    pub fn judging_unknown(mut self, check: impl Fn(&Refinements) -> Option<String> + Send + Sync + 'static) -> Self {
        self.unknown = Some(Arc::new(check));
        self
    }

    fn that_may_be_broken(mut self, broken: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.broken = Some(Arc::new(broken));
        self
    }

    /// What is wrong with the rule itself.
    pub(crate) fn problem(&self) -> Option<String> {
        self.broken.as_ref().and_then(|broken| broken())
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Validator")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// At least one of these rules must hold; the description says both: `must be a date or a moment`.
pub fn any_of(description: impl Into<String>, rules: impl IntoIterator<Item = Validator>) -> Validator {
    let rules: Vec<Validator> = rules.into_iter().collect();
    let description = description.into();
    let text = description.clone();
    Validator::new(description, move |value| {
        if rules.iter().any(|rule| rule.check(value, &Path::root()).is_empty()) {
            return Ok(());
        }
        let got = value
            .as_str()
            .map(|value| format!(", got {value:?}"))
            .unwrap_or_default();
        Err(format!("{text}{got}"))
    })
}

/// Whether what is known to be at least this may still grow into the range.
fn below_start(range: &impl RangeBounds<usize>, length: usize) -> bool {
    match range.start_bound() {
        RangeEnd::Included(start) => length < *start,
        RangeEnd::Excluded(start) => length <= *start,
        RangeEnd::Unbounded => false,
    }
}

/// `1 to 63`, `at least 1`, `at most 9`, `exactly 3`.
fn spell_range<T: Copy + fmt::Display + PartialEq + TryInto<i128>>(range: &impl RangeBounds<T>) -> String {
    let whole = |value: &T| (*value).try_into().ok().unwrap_or_default();
    let start = match range.start_bound() {
        RangeEnd::Included(start) => Some(whole(start)),
        RangeEnd::Excluded(start) => Some(whole(start) + 1),
        RangeEnd::Unbounded => None,
    };
    let end = match range.end_bound() {
        RangeEnd::Included(end) => Some(whole(end)),
        RangeEnd::Excluded(end) => Some(whole(end) - 1),
        RangeEnd::Unbounded => None,
    };
    match (start, end) {
        (Some(start), Some(end)) if start == end => format!("exactly {start}"),
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("at least {start}"),
        (None, Some(end)) => format!("at most {end}"),
        (None, None) => "any number of".to_owned(),
    }
}
