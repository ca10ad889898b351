//! Checks of rows that can only judge a row when all rows have been seen: numbers are gathered in the first pass, rows are judged
//! in a second.

use arrow::buffer::BooleanBuffer;

use super::column::Kind;
use super::kernel::bits;
use super::moments::Moments;
use super::outcome::Reason;
use super::pool::Pool;
use super::rows::{Slots, Test};
use super::view::{Verdict, View};
use crate::suite::{Check, NotOutlier, OutlierMethod, QuantileMethod, ZScore};

/// What is gathered.
pub struct Gathering {
    slot: usize,
    work: Work,
}

enum Work {
    ZScore(ZScore, Moments),
    Std(NotOutlier, Moments),
    Iqr(NotOutlier, Pool),
}

/// A check that needs a second pass, bound to its column; `None`: it is of another sort.
pub fn bind(check: &Check, slots: &Slots<'_>) -> Result<Option<(Gathering, usize)>, Reason> {
    let column = match check {
        Check::ZScore(c) => &c.column,
        Check::NotOutlier(c) => &c.column,
        _ => return Ok(None),
    };
    let (slot, kind) = slots(column)?;
    if !kind.is_number() || kind == Kind::Bool {
        return Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, and this check is about numbers", kind.name()),
        ));
    }
    let work = match check {
        Check::ZScore(c) => Work::ZScore(c.clone(), Moments::default()),
        Check::NotOutlier(c) if c.method == OutlierMethod::Iqr => Work::Iqr(c.clone(), Pool::new(&kind)?),
        Check::NotOutlier(c) => Work::Std(c.clone(), Moments::default()),
        _ => return Ok(None),
    };
    Ok(Some((Gathering { slot, work }, slot)))
}

impl Gathering {
    /// Adds a batch.
    pub fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        let present = view.present(self.slot)?;
        let column = view.column(self.slot)?;
        match &mut self.work {
            Work::Iqr(_, pool) => pool.add(column, &present),
            Work::ZScore(_, moments) | Work::Std(_, moments) => {
                let floats = column.floats().unwrap_or_default();
                present.slices(&floats, |s| moments.add(s, true));
            }
        }
        Ok(())
    }

    /// The check, ready to judge.
    pub fn test(self) -> Test {
        let slot = self.slot;
        match self.work {
            Work::ZScore(check, moments) => {
                let mean = moments.mean().unwrap_or(f64::NAN);
                let deviation = moments.deviation().unwrap_or(f64::NAN);
                // Without a spread there is no distance to speak of, and no row is against the check.
                let defined = deviation.is_finite() && deviation > 0.0;
                let (threshold, double) = (check.threshold, check.double_sided);
                judge(slot, move |x| {
                    let z = (x - mean) / deviation;
                    !defined
                        || if double {
                            z.abs() < threshold.abs()
                        } else {
                            z < threshold
                        }
                })
            }
            Work::Std(check, moments) => {
                let center = moments.mean().unwrap_or(f64::NAN);
                let deviation = moments.deviation().unwrap_or(f64::NAN);
                let reach = check.multiplier * deviation;
                let defined = center.is_finite() && deviation.is_finite();
                judge(slot, move |x| {
                    !defined
                        || if reach <= 0.0 {
                            x == center
                        } else {
                            (x - center).abs() < reach
                        }
                })
            }
            Work::Iqr(check, mut pool) => {
                let quartile = |pool: &mut Pool, p| pool.quantile(p, QuantileMethod::Linear).unwrap_or(f64::NAN);
                let (low, high) = (quartile(&mut pool, 0.25), quartile(&mut pool, 0.75));
                let reach = check.multiplier * (high - low);
                let defined = low.is_finite() && high.is_finite();
                judge(slot, move |x| !defined || (x >= low - reach && x <= high + reach))
            }
        }
    }
}

fn judge(slot: usize, good: impl Fn(f64) -> bool + 'static) -> Test {
    Box::new(move |view| {
        let present = view.present(slot)?;
        let floats = view.column(slot)?.floats().unwrap_or_default();
        let good = if floats.len() == view.batch.len {
            bits(&floats, &good)
        } else {
            BooleanBuffer::new_unset(view.batch.len)
        };
        Ok(Verdict::of(present, &good))
    })
}
