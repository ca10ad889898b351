//! Checks that ask for a number as another check does, and judge it in their own way: freshness asks for the greatest value, an
//! anomaly for a statistic or the number of rows. Every engine has the other check answered, and lets the answer be judged here.

use super::aggregate::{Aggregate, Said};
use super::column::Kind;
use super::context::Context;
use super::outcome::Reason;
use super::view::View;
use super::{anomaly, freshness};
use crate::suite::{Anomaly, Bounds, Check, Expectation, Freshness, Metric, NoData, Range, Statistic, StatisticKind};

/// Judges what the other check says.
pub type Judge = Box<dyn Fn(Said) -> Result<Said, Reason>>;

/// A check that is asked in place of another.
pub struct Derived {
    /// What is asked.
    pub asked: Check,
    /// What the answer says.
    pub judge: Judge,
}

const fn anything<T>() -> Range<T> {
    Range {
        min: None,
        max: None,
        strict_min: false,
        strict_max: false,
    }
}

fn statistic(column: &str, statistic: StatisticKind, no_data: NoData) -> Check {
    Check::Statistic(Statistic {
        column: column.to_owned(),
        statistic,
        bounds: Bounds::Any(anything()),
        no_data,
    })
}

/// What is asked for an expectation of this sort; `None`: it is of another.
pub fn of(
    expectation: &Expectation,
    context: &Context,
    kind: &dyn Fn(&str) -> Result<Kind, Reason>,
) -> Result<Option<Derived>, Reason> {
    Ok(match &expectation.check {
        Check::Freshness(c) => Some(newest(c, context, kind)?),
        Check::Anomaly(c) => Some(number(c, &expectation.identity(), context, kind)?),
        _ => None,
    })
}

fn newest(
    check: &Freshness,
    context: &Context,
    kind: &dyn Fn(&str) -> Result<Kind, Reason>,
) -> Result<Derived, Reason> {
    let kind = kind(&check.column)?;
    if !matches!(kind, Kind::Date | Kind::Timestamp(..)) {
        return Err(Reason::new(
            "wrong_type",
            format!(
                "the column holds {}, and freshness is about days and timestamps",
                kind.name()
            ),
        ));
    }
    let (own, now) = (check.clone(), context.clock());
    Ok(Derived {
        asked: statistic(&check.column, StatisticKind::Max, check.no_data),
        judge: Box::new(move |said| freshness::judge(&own, said, now.clone()?)),
    })
}

fn number(
    check: &Anomaly,
    id: &str,
    context: &Context,
    kind: &dyn Fn(&str) -> Result<Kind, Reason>,
) -> Result<Derived, Reason> {
    let asked = match (check.metric.statistic(), &check.column) {
        (Some(of), Some(column)) => {
            let kind = kind(column)?;
            // How many values there are is a number whatever they are.
            let counts = matches!(
                check.metric,
                Metric::DistinctCount | Metric::DistinctRatio | Metric::NonNullRatio
            );
            if !counts && !kind.is_number() {
                return Err(Reason::new(
                    "wrong_type",
                    format!(
                        "the column holds {}, and {} is compared as a number",
                        kind.name(),
                        check.metric.name()
                    ),
                ));
            }
            statistic(column, of, NoData::Error)
        }
        _ => Check::RowCount(anything()),
    };
    let own = check.clone();
    let before = context
        .clock()
        .and_then(|now| Ok(anomaly::points(check, context.earlier(id)?, now)));
    Ok(Derived {
        asked,
        judge: Box::new(move |said| anomaly::judge(&own, &said, before.as_deref().map_err(Clone::clone)?)),
    })
}

/// An aggregate whose answer is judged in another way.
struct Judged {
    asked: Box<dyn Aggregate>,
    judge: Judge,
}

/// Binds it: what answers, judged.
pub fn judged(asked: Box<dyn Aggregate>, judge: Judge) -> Box<dyn Aggregate> {
    Box::new(Judged { asked, judge })
}

impl Aggregate for Judged {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        self.asked.add(view)
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        (self.judge)(self.asked.finish()?)
    }
}
