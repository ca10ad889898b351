//! Checks of rows: each is bound once to the columns that it names and then judges batch after batch.

use std::fmt::Write as _;

use arrow::buffer::BooleanBuffer;

use super::automaton::Pattern;
use super::bind::{Point, limits, point};
use super::column::{Cells, Column, Kind};
use super::condition::points;
use super::kernel::{self, Set, bits, within};
use super::mask::Mask;
use super::outcome::Reason;
use super::tally::Shape;
use super::view::{Verdict, View};
use crate::suite::{
    Check, Columns, Direction, Family, IgnoreRows, Length, Like, Literal, MatchOn, Matches, Operator, Ordered,
    PairInSet, RowSum, Scalar, TimeFormat,
};

/// Judges a batch's rows.
pub type Test = Box<dyn FnMut(&View<'_>) -> Result<Verdict, Reason>>;

/// Where a column of a name is, and what it holds.
pub type Slots<'a> = dyn Fn(&str) -> Result<(usize, Kind), Reason> + 'a;

/// A check that judges a row by itself alone, bound to columns; `None`: it is of another sort.
pub fn bind(check: &Check, slots: &Slots<'_>) -> Result<Option<(Test, Shape)>, Reason> {
    Ok(Some(match check {
        Check::NotNull(c) => {
            let (slot, _) = slots(&c.column)?;
            (presence(slot, true), Shape::One(slot))
        }
        Check::IsNull(c) => {
            let (slot, _) = slots(&c.column)?;
            (presence(slot, false), Shape::One(slot))
        }
        Check::InSet(c) | Check::NotInSet(c) => {
            let (slot, kind) = slots(&c.column)?;
            let set = Set::of(&points(&c.values, &kind)?, &kind);
            let negated = matches!(check, Check::NotInSet(_));
            let test: Test = Box::new(move |view| {
                let present = view.present(slot)?;
                let members = set.test(view.column(slot)?, &present);
                Ok(Verdict::of(present, &if negated { !&members } else { members }))
            });
            (test, Shape::One(slot))
        }
        Check::Between(c) => {
            let (slot, kind) = slots(&c.column)?;
            let limits = limits(&c.bounds, &kind)?;
            let test: Test = Box::new(move |view| {
                let present = view.present(slot)?;
                let good = within(view.column(slot)?, &present, &limits)?;
                Ok(Verdict::of(present, &good))
            });
            (test, Shape::One(slot))
        }
        Check::Length(c) => length(c, slots)?,
        Check::Matches(c) => matches(c, false, slots)?,
        Check::NotMatches(c) => matches(c, true, slots)?,
        Check::Like(c) => like(c, false, slots)?,
        Check::NotLike(c) => like(c, true, slots)?,
        Check::TimeFormat(c) => time_format(c, slots)?,
        Check::Json(c) => {
            let (slot, kind) = slots(&c.column)?;
            needs_text(&kind, false)?;
            of_text(slot, |text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        }
        Check::Ordered(c) => ordered(c, slots)?,
        Check::Compare(c) => {
            let ((left, left_kind), (right, right_kind)) = (slots(&c.left)?, slots(&c.right)?);
            comparable(&left_kind, &right_kind)?;
            let (op, ignore) = (c.op, c.ignore_rows);
            let test: Test = Box::new(move |view| {
                let judged = view.complete(&[left, right], ignore)?;
                let good = compared(view, left, right, op, false)?;
                Ok(Verdict::of(judged, &good))
            });
            (test, Shape::Pair(left, right))
        }
        Check::PairInSet(c) => pair_in_set(c, slots)?,
        Check::EqualWithinRow(c) => {
            let (places, ignore) = within_row(c, slots)?;
            let test: Test = Box::new({
                let places = places.clone();
                move |view| {
                    let mut good = BooleanBuffer::new_set(view.batch.len);
                    for place in &places[1..] {
                        good = &good & &compared(view, places[0], *place, Operator::Equal, true)?;
                    }
                    Ok(Verdict::of(view.complete(&places, ignore)?, &good))
                }
            });
            (test, named(&c.columns, &places))
        }
        Check::DistinctWithinRow(c) => {
            let (places, ignore) = within_row(c, slots)?;
            let test: Test = Box::new({
                let places = places.clone();
                move |view| {
                    let mut equal = BooleanBuffer::new_unset(view.batch.len);
                    for (i, left) in places.iter().enumerate() {
                        for right in &places[i + 1..] {
                            equal = &equal | &compared(view, *left, *right, Operator::Equal, true)?;
                        }
                    }
                    Ok(Verdict::of(view.complete(&places, ignore)?, &!&equal))
                }
            });
            (test, named(&c.columns, &places))
        }
        Check::RowSum(c) => row_sum(c, slots)?,
        _ => return Ok(None),
    }))
}

/// Columns with their names, as samples show them.
pub fn named(columns: &[String], places: &[usize]) -> Shape {
    Shape::Many(columns.iter().cloned().zip(places.iter().copied()).collect())
}

/// Whether a value is there. All rows are judged, none is missing.
fn presence(slot: usize, wanted: bool) -> Test {
    Box::new(move |view| {
        let present = view.column(slot)?.valid(view.nan);
        let good = match present {
            Mask::All(n) if wanted => BooleanBuffer::new_set(*n),
            Mask::All(n) => BooleanBuffer::new_unset(*n),
            Mask::Some(bits) if wanted => bits.clone(),
            Mask::Some(bits) => !bits,
        };
        Ok(Verdict::of(view.meant.clone(), &good))
    })
}

pub fn needs_text(kind: &Kind, as_text: bool) -> Result<(), Reason> {
    if *kind == Kind::Text || (as_text && !matches!(kind, Kind::Bytes | Kind::Opaque)) {
        Ok(())
    } else {
        Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, and this check is about text", kind.name()),
        ))
    }
}

/// A test of a column's text, or of what Python would write for its values.
fn of_text(slot: usize, good: impl Fn(&str) -> bool + 'static) -> (Test, Shape) {
    let test: Test = Box::new(move |view| {
        let present = view.present(slot)?;
        let column = view.column(slot)?;
        let good = match &column.cells {
            Cells::Text(texts) => texts.test(&present, &good),
            _ => rendered(column, view.batch.len, &present, &good),
        };
        Ok(Verdict::of(present, &good))
    });
    (test, Shape::One(slot))
}

fn rendered(column: &Column, len: usize, present: &Mask, good: impl Fn(&str) -> bool) -> BooleanBuffer {
    let mut text = String::new();
    let mut found = arrow::array::BooleanBufferBuilder::new(len);
    found.append_n(len, false);
    present.for_each(|row| {
        text.clear();
        python_text(column, row, &mut text);
        found.set_bit(row, good(&text));
    });
    found.finish()
}

/// What `str()` of Python writes for a value.
fn python_text(column: &Column, row: usize, text: &mut String) {
    let written = match (&column.kind, &column.cells) {
        (Kind::Int, Cells::Int(v)) => write!(text, "{}", v[row]),
        (_, Cells::UInt(v)) => write!(text, "{}", v[row]),
        (_, Cells::Bool(v)) => text.write_str(if v.value(row) { "True" } else { "False" }),
        (_, Cells::Float(v)) => {
            python_float(v[row], text);
            Ok(())
        }
        (Kind::Timestamp(..), _) => {
            let cell = super::cell::Cell::at(column, row, crate::suite::Nan::Value).to_string();
            text.write_str(&cell.replacen('T', " ", 1))
        }
        _ => write!(text, "{}", super::cell::Cell::at(column, row, crate::suite::Nan::Value)),
    };
    written.ok();
}

fn python_float(f: f64, text: &mut String) {
    if f.is_nan() {
        text.push_str("nan");
    } else if f.is_infinite() {
        text.push_str(if f > 0.0 { "inf" } else { "-inf" });
    } else if f != 0.0 && !(1e-4..1e16).contains(&f.abs()) {
        // Rust: 1e20, 1.5e-7; Python: 1e+20, 1.5e-07.
        let rust = format!("{f:e}");
        let (digits, exponent) = rust.split_once('e').unwrap_or((&rust, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
        write!(text, "{digits}e{sign}{exponent:0>2}").ok();
    } else {
        write!(text, "{f:?}").ok();
    }
}

fn length(check: &Length, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let (slot, kind) = slots(&check.column)?;
    needs_text(&kind, check.as_text)?;
    let min = check
        .min
        .map_or(i64::MIN, |m| m.saturating_add(i64::from(check.strict_min)));
    let max = check
        .max
        .map_or(i64::MAX, |m| m.saturating_sub(i64::from(check.strict_max)));
    Ok(of_text(slot, move |text| {
        let length = i64::try_from(code_points(text)).unwrap_or(i64::MAX);
        length >= min && length <= max
    }))
}

#[inline]
fn code_points(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

fn compiled(patterns: &[String]) -> Result<Vec<Pattern>, Reason> {
    patterns
        .iter()
        .map(|p| Pattern::new(p).map_err(|e| Reason::new("wrong_value", format!("{p:?} does not compile: {e}"))))
        .collect()
}

fn matches(check: &Matches, negated: bool, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let (slot, kind) = slots(&check.column)?;
    needs_text(&kind, check.as_text)?;
    Ok(patterns_of(slot, compiled(&check.patterns)?, check.match_on, negated))
}

fn patterns_of(slot: usize, patterns: Vec<Pattern>, match_on: MatchOn, negated: bool) -> (Test, Shape) {
    if negated {
        of_text(slot, move |text| !patterns.iter().any(|p| p.is_match(text)))
    } else if match_on == MatchOn::All {
        of_text(slot, move |text| patterns.iter().all(|p| p.is_match(text)))
    } else {
        of_text(slot, move |text| patterns.iter().any(|p| p.is_match(text)))
    }
}

fn like(check: &Like, negated: bool, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let (slot, kind) = slots(&check.column)?;
    needs_text(&kind, false)?;
    let escape = check.escape.unwrap_or('\\');
    let patterns = check
        .patterns
        .iter()
        .map(|p| like_regex(p, escape))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(patterns_of(slot, compiled(&patterns)?, check.match_on, negated))
}

fn like_regex(pattern: &str, escape: char) -> Result<String, Reason> {
    let mut regex = String::from("(?s)^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c == escape => {
                let literal = chars.next().ok_or_else(|| {
                    Reason::new(
                        "wrong_value",
                        format!("the pattern {pattern:?} ends with its escape character"),
                    )
                })?;
                regex.push_str(&regex::escape(&literal.to_string()));
            }
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            c => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex.push('$');
    Ok(regex)
}

fn time_format(check: &TimeFormat, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    use chrono::format::{Item, Parsed, StrftimeItems, parse};
    let (slot, kind) = slots(&check.column)?;
    needs_text(&kind, false)?;
    let items: Vec<Item<'static>> = StrftimeItems::new(&check.format).map(Item::to_owned).collect();
    if items.contains(&Item::Error) {
        return Err(Reason::new(
            "wrong_value",
            format!("{:?} is not a format of strptime", check.format),
        ));
    }
    Ok(of_text(slot, move |text| {
        let mut parsed = Parsed::new();
        if parse(&mut parsed, text, items.iter()).is_err() {
            return false;
        }
        // The 31st of February parses; it is no day.
        let has_day = parsed.year().is_some() && parsed.month().is_some() && parsed.day().is_some();
        !has_day || parsed.to_naive_date().is_ok()
    }))
}

fn ordered(check: &Ordered, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let (slot, kind) = slots(&check.column)?;
    if matches!(kind, Kind::Text | Kind::Bytes | Kind::Opaque) {
        return Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, of which no order of rows is judged", kind.name()),
        ));
    }
    let op = match (check.direction, check.strictly) {
        (Direction::Increasing, true) => Operator::Greater,
        (Direction::Increasing, false) => Operator::GreaterOrEqual,
        (Direction::Decreasing, true) => Operator::Less,
        (Direction::Decreasing, false) => Operator::LessOrEqual,
    };
    let mut exact_before: Option<i128> = None;
    let mut float_before: Option<f64> = None;
    let test: Test = Box::new(move |view| {
        let present = view.present(slot)?;
        let column = view.column(slot)?;
        let mut good = arrow::array::BooleanBufferBuilder::new(view.batch.len);
        good.append_n(view.batch.len, false);
        match &column.cells {
            Cells::Float(values) => present.for_each(|row| {
                let ok = float_before.is_none_or(|b| op.accepts(values[row].partial_cmp(&b)));
                float_before = Some(values[row]);
                good.set_bit(row, ok);
            }),
            _ => {
                let scale = if let Kind::Decimal(s) = column.kind { s } else { 0 };
                let values = kernel::exact(column, scale);
                present.for_each(|row| {
                    let ok = exact_before.is_none_or(|b| op.accepts(Some(values[row].cmp(&b))));
                    exact_before = Some(values[row]);
                    good.set_bit(row, ok);
                });
            }
        }
        Ok(Verdict::of(present, &good.finish()))
    });
    Ok((test, Shape::One(slot)))
}

/// Whether two columns can be compared at all, so that a wrong suite is noticed even where there are no rows.
pub fn comparable(left: &Kind, right: &Kind) -> Result<(), Reason> {
    let same = match (left, right) {
        (Kind::Opaque, _) | (_, Kind::Opaque) => false,
        (Kind::Timestamp(_, a), Kind::Timestamp(_, b)) => a == b,
        (a, b) => a == b || (a.is_number() && b.is_number()),
    };
    if same {
        Ok(())
    } else {
        Err(Reason::new(
            "wrong_type",
            format!(
                "one column holds {}, the other {}: these are not compared",
                left.name(),
                right.name()
            ),
        ))
    }
}

/// Compares two columns row by row. A missing value equals a missing value if `missing_equal`, else nothing.
fn compared(
    view: &View<'_>,
    left: usize,
    right: usize,
    op: Operator,
    missing_equal: bool,
) -> Result<BooleanBuffer, Reason> {
    let (l, r) = (view.column(left)?, view.column(right)?);
    let good = kernel::compare(l, r, op)?;
    let (l, r) = (l.valid(view.nan), r.valid(view.nan));
    let (Mask::All(_), Mask::All(_)) = (l, r) else {
        let (l, r) = (l.bits(), r.bits());
        let good = &good & &(&l & &r);
        return Ok(if missing_equal { &good | &!&(&l | &r) } else { good });
    };
    Ok(good)
}

fn within_row(check: &Columns, slots: &Slots<'_>) -> Result<(Vec<usize>, IgnoreRows), Reason> {
    let places = check.columns.iter().map(|c| slots(c)).collect::<Result<Vec<_>, _>>()?;
    for (_, kind) in &places[1..] {
        comparable(&places[0].1, kind)?;
    }
    Ok((places.into_iter().map(|(slot, _)| slot).collect(), check.ignore_rows))
}

fn row_sum(check: &RowSum, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let places = check.columns.iter().map(|c| slots(c)).collect::<Result<Vec<_>, _>>()?;
    for (_, kind) in &places {
        if !kind.is_number() {
            return Err(Reason::new(
                "wrong_type",
                format!("a column holds {}, which are not added up", kind.name()),
            ));
        }
    }
    let whole = places
        .iter()
        .all(|(_, k)| matches!(k, Kind::Int | Kind::UInt | Kind::Bool));
    let decimals = !places.iter().any(|(_, k)| *k == Kind::Float) && !whole;
    let scale = places
        .iter()
        .map(|(_, k)| if let Kind::Decimal(s) = k { *s } else { 0 })
        .max()
        .unwrap_or_default();
    let total = Literal {
        family: Family::Float,
        value: Scalar::Float(check.total),
    };
    // Exact numbers are added exactly, and their sum is compared with the total as it is written.
    let exact_total = if decimals {
        point(&total, &Kind::Decimal(scale))?
    } else {
        point(&total, &Kind::Int)?
    };
    let total = check.total;
    let ignore = check.ignore_rows;
    let places: Vec<usize> = places.into_iter().map(|(slot, _)| slot).collect();
    let shape = named(&check.columns, &places);
    let test: Test = Box::new(move |view| {
        let judged = view.complete(&places, ignore)?;
        // A row with a missing value has no sum.
        let complete = view.complete(&places, IgnoreRows::AnyMissing)?.bits();
        let good = if whole || decimals {
            let mut sums = vec![0i128; view.batch.len];
            for place in &places {
                for (sum, value) in sums.iter_mut().zip(kernel::exact(view.column(*place)?, scale)) {
                    *sum = sum.saturating_add(value);
                }
            }
            match exact_total {
                Point::Exact(total) => bits(&sums, |s| s == total),
                _ => BooleanBuffer::new_unset(view.batch.len),
            }
        } else {
            let mut sums = vec![0f64; view.batch.len];
            for place in &places {
                let values = view.column(*place)?.floats().unwrap_or_default();
                for (sum, value) in sums.iter_mut().zip(values.iter()) {
                    *sum += value;
                }
            }
            bits(&sums, |s| s == total)
        };
        Ok(Verdict::of(judged, &(&good & &complete)))
    });
    Ok((test, shape))
}

fn pair_in_set(check: &PairInSet, slots: &Slots<'_>) -> Result<(Test, Shape), Reason> {
    let ((left, left_kind), (right, right_kind)) = (slots(&check.left)?, slots(&check.right)?);
    let one = |scalar: &Scalar, kind: &Kind| -> Result<Point, Reason> {
        point(
            &Literal {
                family: Family::Any,
                value: scalar.clone(),
            },
            kind,
        )
    };
    let mut pairs = Vec::with_capacity(check.pairs.len());
    for (l, r) in &check.pairs {
        let (l, r) = (one(l, &left_kind)?, one(r, &right_kind)?);
        let set =
            |point: &Point, kind: &Kind| (*point != Point::Null).then(|| Set::of(std::slice::from_ref(point), kind));
        pairs.push((set(&l, &left_kind), set(&r, &right_kind)));
    }
    let ignore = check.ignore_rows;
    let test: Test = Box::new(move |view| {
        let judged = view.complete(&[left, right], ignore)?;
        let is = |slot: usize, set: &Option<Set>| -> Result<BooleanBuffer, Reason> {
            let column = view.column(slot)?;
            let valid = column.valid(view.nan);
            Ok(match set {
                Some(set) => &set.test(column, valid) & &valid.bits(),
                None => !&valid.bits(),
            })
        };
        let mut good = BooleanBuffer::new_unset(view.batch.len);
        for (l, r) in &pairs {
            good = &good | &(&is(left, l)? & &is(right, r)?);
        }
        Ok(Verdict::of(judged, &good))
    });
    Ok((test, Shape::Pair(left, right)))
}
