//! The arguments of an imported expectation: taken one by one, so that one that nobody took is noticed.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::suite::{Bounds, IgnoreRows, MatchOn, Range, Scalar, Values};

/// Arguments that say how Great Expectations is to run or show, not what is expected.
const OF_THE_RUN: &[&str] = &[
    "result_format",
    "catch_exceptions",
    "batch_id",
    "include_config",
    "meta",
    "notes",
    "description",
    "rendered_content",
    "windows",
    "severity",
    "id",
    "library_metadata",
    "metadata",
    "condition_parser",
    "row_condition",
    "mostly",
];

/// Arguments of old versions that change nothing any more.
const OBSOLETE: &[&str] = &[
    "parse_strings_as_datetimes",
    "allow_cross_type_comparisons",
    "auto",
    "profiler_config",
    "output_strftime_format",
];

/// Arguments that are taken.
pub struct Kwargs<'a> {
    map: &'a Map<String, Value>,
    taken: HashSet<&'static str>,
}

impl<'a> Kwargs<'a> {
    pub fn new(map: &'a Map<String, Value>) -> Self {
        Self {
            map,
            taken: HashSet::new(),
        }
    }

    /// An argument, unless it is absent or null.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.map.get(name).filter(|v| !v.is_null())
    }

    /// An argument of some type.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, String> {
        self.get(name)
            .map(|v| serde_json::from_value(v.clone()).map_err(|e| format!("{name} is {v}: {e}")))
            .transpose()
    }

    /// An argument that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    pub fn flag(&mut self, name: &'static str) -> Result<bool, String> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    pub fn column(&mut self) -> Result<String, String> {
        self.required("column")
    }

    /// A set of values of no named family.
    pub fn values(&mut self, name: &'static str) -> Result<Values, String> {
        Ok(Values::Any(self.required::<Vec<Scalar>>(name)?))
    }

    /// `min_value`, `max_value` and their strictness.
    pub fn range<T: DeserializeOwned>(&mut self) -> Result<Range<T>, String> {
        Ok(Range {
            min: self.optional("min_value")?,
            max: self.optional("max_value")?,
            strict_min: self.flag("strict_min")?,
            strict_max: self.flag("strict_max")?,
        })
    }

    pub fn bounds(&mut self) -> Result<Bounds, String> {
        self.range::<Scalar>().map(Bounds::Any)
    }

    /// Bounds of counts; numbers such as 3.0 count as whole.
    pub fn counts(&mut self) -> Result<Range<u64>, String> {
        let range = self.range::<f64>()?;
        let up = |f: f64, strict: bool| (if strict { f.floor() + 1.0 } else { f.ceil() }).max(0.0) as u64;
        let down = |f: f64, strict: bool| if strict { f.ceil() - 1.0 } else { f.floor() };
        let max = range.max.map(|f| down(f, range.strict_max));
        if max.is_some_and(|m| m < 0.0) {
            return Err("max_value lies below 0: no count does".into());
        }
        Ok(Range {
            min: range.min.map(|f| up(f, range.strict_min)),
            max: max.map(|m| m as u64),
            strict_min: false,
            strict_max: false,
        })
    }

    pub fn match_on(&mut self) -> Result<MatchOn, String> {
        Ok(self.optional("match_on")?.unwrap_or_default())
    }

    /// Which rows are left out: Great Expectations' default is those without any value.
    pub fn ignore_rows(&mut self) -> Result<IgnoreRows, String> {
        let text: Option<String> = self.optional("ignore_row_if")?;
        match text.as_deref() {
            None | Some("both_values_are_missing" | "all_values_are_missing") => Ok(IgnoreRows::AllMissing),
            Some("either_value_is_missing" | "any_value_is_missing") => Ok(IgnoreRows::AnyMissing),
            Some("neither" | "never") => Ok(IgnoreRows::Never),
            Some(other) => Err(format!("ignore_row_if is {other:?}, which is not known")),
        }
    }

    /// Whether nothing is left that would mean something.
    pub fn finish(&self, warnings: &mut Vec<String>) -> Result<(), String> {
        for (name, value) in self.map {
            if self.taken.contains(name.as_str()) || OF_THE_RUN.contains(&name.as_str()) || value.is_null() {
                continue;
            }
            if OBSOLETE.contains(&name.as_str()) {
                warnings.push(format!("{name} means nothing any more and is left out"));
                continue;
            }
            return Err(format!("{name} is not an argument of this type"));
        }
        Ok(())
    }
}
