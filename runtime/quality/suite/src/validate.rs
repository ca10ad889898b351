//! What is wrong with a suite before any data is seen.

use std::collections::HashMap;

use super::{
    API_VERSION, Bounds, Check, Condition, Expectation, Kind, Literal, OnFail, Partition, Quantile, Range, Suite,
    Values,
};

/// Why a suite is refused.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Not of the form.
    #[error("the suite cannot be read; `headwater quality schema` prints its form")]
    Json(#[source] serde_json::Error),
    /// Of another version.
    #[error("the suite has api_version {0:?}, this program knows {API_VERSION:?}")]
    Version(String),
    /// An identity that two expectations share.
    #[error(
        "expectations {first} and {second} are both called {id:?}, on which history and alerts hang; give one of them an id of its own"
    )]
    SameId {
        /// Where it was first.
        first: usize,
        /// Where again.
        second: usize,
        /// What they are called.
        id: String,
    },
    /// An expectation that cannot be meant.
    #[error("expectation {id}: {attribute}: {reason}")]
    Expectation {
        /// Which.
        id: String,
        /// Which of its attributes.
        attribute: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl Suite {
    /// Checks everything that can be checked without data.
    ///
    /// # Errors
    /// The first thing that is wrong: the expectation, the attribute, the remedy.
    pub fn check(&self) -> Result<(), SuiteError> {
        if self.api_version != API_VERSION {
            return Err(SuiteError::Version(self.api_version.clone()));
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (i, expectation) in self.expectations.iter().enumerate() {
            let id = expectation.identity();
            expectation
                .wrong()
                .map_err(|(attribute, reason)| SuiteError::Expectation {
                    id: id.clone(),
                    attribute,
                    reason,
                })?;
            if let Some(first) = seen.insert(id.clone(), i) {
                return Err(SuiteError::SameId { first, second: i, id });
            }
        }
        Ok(())
    }
}

/// An attribute, and what is wrong with it.
pub(super) type Wrong = (String, String);

pub(super) fn wrong<T>(attribute: &str, reason: impl Into<String>) -> Result<T, Wrong> {
    Err((attribute.to_owned(), reason.into()))
}

impl Expectation {
    /// The first thing that is wrong with it: an attribute and a reason.
    ///
    /// # Errors
    /// The attribute's path and the reason.
    pub fn wrong(&self) -> Result<(), Wrong> {
        if !(0.0..=1.0).contains(&self.mostly) {
            return wrong("mostly", format!("{} is not from 0 to 1", self.mostly));
        }
        if self.check.kind() != Kind::Row {
            let name = self.check.name();
            if self.mostly != 1.0 {
                return wrong("mostly", format!("applies to checks of rows, and {name} is none"));
            }
            if self.on_fail == OnFail::Quarantine {
                return wrong(
                    "on_fail",
                    format!("quarantine sets rows apart, and {name} does not judge rows: record or fail"),
                );
            }
        }
        if self.on_fail == OnFail::Quarantine && self.check.asks_bigquery() {
            return wrong(
                "on_fail",
                format!(
                    "quarantine sets rows apart before they are loaded, and {} asks BigQuery of rows that are there: record or fail",
                    self.check.name()
                ),
            );
        }
        if self.row_condition.is_some() && matches!(self.check.kind(), Kind::Shape | Kind::Query) {
            return wrong("where", format!("does not apply to {}", self.check.name()));
        }
        if let Some(condition) = &self.row_condition {
            condition_is_sound(condition)?;
        }
        self.check.wrong()
    }
}

fn condition_is_sound(condition: &Condition) -> Result<(), Wrong> {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().try_for_each(condition_is_sound),
        Condition::Compare(c) if c.value.len() != 1 => wrong(
            "where",
            format!("{} {} takes exactly one value", c.column, c.op.symbol()),
        ),
        Condition::Compare(_) | Condition::In(_) | Condition::IsNull(_) => Ok(()),
    }
}

impl Check {
    fn wrong(&self) -> Result<(), Wrong> {
        match self {
            Self::Unique(c) => some_columns(&c.columns, 1),
            Self::DistinctWithinRow(c) | Self::EqualWithinRow(c) => some_columns(&c.columns, 2),
            Self::RowSum(c) => some_columns(&c.columns, 1),
            Self::InSet(c) | Self::NotInSet(c) => some_values(&c.values),
            Self::DistinctSet(c) => some_values(&c.values),
            Self::MostCommon(c) => some_values(&c.values),
            Self::Between(c) => {
                if ends(&c.bounds) == (false, false) {
                    return wrong("bounds", "has neither min nor max");
                }
                not_empty(&c.bounds)
            }
            Self::Statistic(c) => not_empty(&c.bounds),
            Self::Length(c) => {
                if c.min.is_none() && c.max.is_none() {
                    return wrong("min", "is absent, and so is max: give at least one");
                }
                interval_not_empty(&Range {
                    min: c.min,
                    max: c.max,
                    strict_min: c.strict_min,
                    strict_max: c.strict_max,
                })
            }
            Self::RowCount(r) | Self::ColumnCount(r) => interval_not_empty(r),
            Self::Matches(c) | Self::NotMatches(c) => {
                if c.patterns.is_empty() {
                    return wrong("patterns", "is empty");
                }
                for pattern in &c.patterns {
                    if let Err(e) = regex::Regex::new(pattern) {
                        return wrong(
                            "patterns",
                            format!("{pattern:?} is not a regular expression of RE2: {}", last_line(&e)),
                        );
                    }
                }
                Ok(())
            }
            Self::Like(c) | Self::NotLike(c) if c.patterns.is_empty() => wrong("patterns", "is empty"),
            Self::Quantile(c) => quantiles_are_sound(c),
            Self::Distribution(c) => partition_is_sound(&c.expected),
            Self::Type(c) if c.types.is_empty() => wrong("types", "is empty"),
            Self::ForeignKey(c) => c.wrong(),
            Self::Reconcile(c) => c.wrong(),
            Self::Freshness(c) => c.wrong(),
            Self::SchemaChange(c) => c.wrong(),
            Self::Anomaly(c) => c.wrong(),
            Self::SqlCondition(c) => c.wrong(),
            Self::SqlAggregate(c) => c.wrong(),
            _ => Ok(()),
        }
    }
}

/// The last line of what the regex compiler says: the others draw the pattern.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

pub(super) fn some_columns(columns: &[String], least: usize) -> Result<(), Wrong> {
    if columns.len() < least {
        return wrong("columns", format!("needs at least {least}"));
    }
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].contains(column) {
            return wrong("columns", format!("names {column} twice"));
        }
    }
    Ok(())
}

fn some_values(values: &Values) -> Result<(), Wrong> {
    if values.is_empty() {
        return wrong("values", "is empty");
    }
    Ok(())
}

fn ends(bounds: &Bounds) -> (bool, bool) {
    let Range { min, max, .. } = bounds.literals();
    (min.is_some(), max.is_some())
}

fn not_empty(bounds: &Bounds) -> Result<(), Wrong> {
    match bounds {
        Bounds::Ints(r) => interval_not_empty(r),
        Bounds::Floats(r) => interval_not_empty(r),
        Bounds::Strings(r) => interval_not_empty(r),
        Bounds::Decimals(_) | Bounds::Dates(_) | Bounds::Times(_) | Bounds::Timestamps(_) => {
            let Range { min, max, .. } = bounds.literals();
            for (attribute, end) in [("bounds.min", &min), ("bounds.max", &max)] {
                if let Some(reason) = end.as_ref().and_then(unreadable) {
                    return wrong(attribute, reason);
                }
            }
            Ok(())
        }
        Bounds::Any(_) => Ok(()),
    }
}

/// Why the text of a literal is none of its family.
fn unreadable(literal: &Literal) -> Option<String> {
    crate::literal::parse(literal).err()
}

pub(super) fn interval_not_empty<T: PartialOrd + std::fmt::Debug>(range: &Range<T>) -> Result<(), Wrong> {
    if range.is_empty()
        && let (Some(min), Some(max)) = (&range.min, &range.max)
    {
        let why = format!("no value lies between {min:?} and {max:?}: nothing could satisfy it");
        return wrong("min", why);
    }
    Ok(())
}

fn quantiles_are_sound(check: &Quantile) -> Result<(), Wrong> {
    if check.quantiles.is_empty() {
        return wrong("quantiles", "is empty");
    }
    for (i, quantile) in check.quantiles.iter().enumerate() {
        if !(0.0..=1.0).contains(&quantile.p) {
            return wrong(
                &format!("quantiles[{i}].p"),
                format!("{} is not from 0 to 1", quantile.p),
            );
        }
        if let (Some(min), Some(max)) = (quantile.min, quantile.max)
            && min > max
        {
            return wrong(&format!("quantiles[{i}].min"), format!("{min} is above {max}"));
        }
    }
    Ok(())
}

fn partition_is_sound(partition: &Partition) -> Result<(), Wrong> {
    let (what, parts, weights) = match partition {
        Partition::Categories(c) => ("values", c.values.len(), &c.weights),
        Partition::Bins(b) => {
            if !b.edges.windows(2).all(|w| w[0] < w[1]) {
                return wrong("expected.bins.edges", "do not rise");
            }
            ("bins", b.edges.len().saturating_sub(1), &b.weights)
        }
    };
    if parts != weights.len() || parts == 0 {
        return wrong("expected", format!("has {parts} {what} and {} weights", weights.len()));
    }
    let tails = match partition {
        Partition::Bins(b) => b.tail_weights.map_or(0.0, |(below, above)| below + above),
        Partition::Categories(_) => 0.0,
    };
    let sum: f64 = weights.iter().sum::<f64>() + tails;
    if (sum - 1.0).abs() > 1e-6 {
        return wrong("expected", format!("the weights add up to {sum}, not to 1"));
    }
    Ok(())
}
