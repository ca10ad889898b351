//! Aggregates: what is asked of BigQuery for each, and what its numbers say.

use serde_json::{Map, Value, json};

use super::constant::{self, NUMERIC_SCALE};
use super::query::Builder;
use super::schema::{Field, cell, real, shown, whole};
use super::scope::Scope;
use crate::engine::aggregate::holds;
use crate::engine::condition::points;
use crate::engine::{Cell, Kind, Limits, Observed, Point, Reason, Said, keys, limits};
use crate::suite::{
    Check, DistinctSet, MostCommon, NoData, Quantile, QuantileMethod, Range, SetMode, Statistic, StatisticKind,
    float_to_json,
};

/// What BigQuery answered for an expectation, by names.
pub(super) type Answer = Map<String, Value>;

/// What an answer says.
pub(super) type Reader = Box<dyn Fn(&Answer) -> Result<Said, Reason>>;

/// So many values are shown of a set.
const SHOWN: usize = 20;
/// Where a NUMERIC is cut in two to be added up, and how many zeros that has.
const HALF: &str = "NUMERIC '1000000000000000'";
const HALF_DIGITS: u32 = 15;
/// So many equally frequent values are shown at most.
const MODES: usize = 1_000;

/// Asks for an aggregate over the rows of a condition; `None`: the check is of another sort.
pub(super) fn ask(
    at: usize,
    check: &Check,
    scope: &Scope<'_>,
    rows: &str,
    query: &mut Builder,
) -> Result<Option<Reader>, Reason> {
    Ok(Some(match check {
        Check::RowCount(range) => {
            query.over_rows(at, vec![("n".into(), format!("COUNTIF({rows})"))]);
            let range = range.clone();
            Box::new(move |answer| {
                let n = count(answer, "n");
                Ok(Said::new(range.holds(&n), Observed::Cell(Cell::Int(n.into()))))
            })
        }
        Check::Statistic(c) => statistic(at, c, scope, rows, query)?,
        Check::Quantile(c) => quantile(at, c, scope, rows, query)?,
        Check::DistinctSet(c) => distinct_set(at, c, scope, rows, query)?,
        Check::MostCommon(c) => most_common(at, c, scope, rows, query)?,
        Check::Distribution(_) => {
            return Err(Reason::new(
                "unsupported",
                "distributions are judged by the engine arrow; BigQuery is not asked for them".into(),
            ));
        }
        _ => return Ok(None),
    }))
}

pub(super) fn count(answer: &Answer, name: &str) -> u64 {
    answer
        .get(name)
        .and_then(whole)
        .and_then(|i| u64::try_from(i).ok())
        .unwrap_or_default()
}

fn numbers(kind: &Kind) -> Result<(), Reason> {
    if kind.is_number() {
        return Ok(());
    }
    Err(Reason::new(
        "wrong_type",
        format!("the column holds {}, and this check is about numbers", kind.name()),
    ))
}

fn statistic(
    at: usize,
    check: &Statistic,
    scope: &Scope<'_>,
    rows: &str,
    query: &mut Builder,
) -> Result<Reader, Reason> {
    let field = scope.field(&check.column)?;
    let kind = field.kind.clone();
    let meant = format!("({rows}) AND {}", scope.present(field));
    let only = |of: &str| format!("IF({meant}, {of}, NULL)");
    let column = field.sql();
    let number = match kind {
        Kind::Bool => format!("CAST({column} AS INT64)"),
        _ => column.clone(),
    };
    let (limits, found) = match check.statistic {
        StatisticKind::Min | StatisticKind::Max => {
            let function = if check.statistic == StatisticKind::Min {
                "MIN"
            } else {
                "MAX"
            };
            let extreme = shown(&kind, &format!("{function}({})", only(&column)));
            (limits(&check.bounds, &kind)?, extreme)
        }
        StatisticKind::Sum | StatisticKind::Mean => {
            numbers(&kind)?;
            // Exact numbers are added exactly; the mean is taken of the sum afterwards.
            let sum = match kind {
                Kind::Float => format!("SUM({})", only(&number)),
                Kind::Decimal(NUMERIC_SCALE) => {
                    // A sum of NUMERICs may be none any more: in two halves it is.
                    let low = format!("MOD({number}, {HALF})");
                    let high = only(&format!("({number} - {low}) / {HALF}"));
                    format!("[CAST(SUM({high}) AS STRING), CAST(SUM({}) AS STRING)]", only(&low))
                }
                Kind::Decimal(_) => format!("CAST(SUM({}) AS STRING)", only(&number)),
                _ => format!("CAST(SUM(CAST({} AS NUMERIC)) AS STRING)", only(&number)),
            };
            let of = match kind {
                Kind::Float | Kind::Decimal(_) if check.statistic == StatisticKind::Sum => kind.clone(),
                _ if check.statistic == StatisticKind::Mean => Kind::Float,
                _ => Kind::Int,
            };
            (limits(&check.bounds, &of)?, sum)
        }
        StatisticKind::Stdev => {
            numbers(&kind)?;
            let stdev = format!("STDDEV_SAMP(CAST({} AS FLOAT64))", only(&number));
            (limits(&check.bounds, &Kind::Float)?, stdev)
        }
        StatisticKind::Median => {
            numbers(&kind)?;
            ask_for_quantiles(at, field, &meant, &[0.5], QuantileMethod::Midpoint, query);
            (limits(&check.bounds, &Kind::Float)?, "NULL".into())
        }
        StatisticKind::DistinctCount | StatisticKind::DistinctRatio => {
            keys::comparable(&kind)?;
            let of = if check.statistic == StatisticKind::DistinctCount {
                Kind::Int
            } else {
                Kind::Float
            };
            (
                limits(&check.bounds, &of)?,
                format!("COUNT(DISTINCT {})", only(&column)),
            )
        }
        StatisticKind::NonNullRatio => (limits(&check.bounds, &Kind::Float)?, "NULL".into()),
    };
    query.over_rows(
        at,
        vec![
            ("n".into(), format!("COUNTIF({rows})")),
            ("k".into(), format!("COUNTIF({meant})")),
            ("found".into(), found),
        ],
    );
    let check = check.clone();
    Ok(Box::new(move |answer| {
        said(
            &check,
            &kind,
            &limits,
            observed(&check, &kind, answer),
            count(answer, "k"),
        )
    }))
}

/// The number that was asked for, if it exists.
fn observed(check: &Statistic, kind: &Kind, answer: &Answer) -> Option<Cell> {
    let (rows, values) = (count(answer, "n"), count(answer, "k"));
    let zero = (check.no_data == NoData::Zero).then_some(0.0);
    let ratio = |part: u64, whole: u64| {
        if whole > 0 {
            Some(Cell::Float(part as f64 / whole as f64))
        } else {
            zero.map(Cell::Float)
        }
    };
    let found = answer.get("found").unwrap_or(&Value::Null);
    match check.statistic {
        // Times are compared as numbers and shown as times.
        StatisticKind::Min | StatisticKind::Max => match kind {
            Kind::Date | Kind::Timestamp(..) => whole(found).map(Cell::Int),
            Kind::Time => whole(found).map(|micros| Cell::Int(micros * 1_000)),
            _ => (!found.is_null()).then(|| cell(kind, found)),
        },
        StatisticKind::NonNullRatio => ratio(values, rows),
        StatisticKind::DistinctRatio => ratio(count(answer, "found"), values),
        StatisticKind::DistinctCount => Some(Cell::Int(count(answer, "found").into())),
        StatisticKind::Median => quantile_of(answer, 0, 0.5, QuantileMethod::Midpoint).map(Cell::Float),
        StatisticKind::Stdev => real(found).map(Cell::Float),
        StatisticKind::Mean | StatisticKind::Sum => {
            let of = match kind {
                Kind::Float | Kind::Decimal(_) => kind.clone(),
                _ => Kind::Int,
            };
            let sum = if values > 0 {
                added(&of, found)
            } else if check.statistic == StatisticKind::Sum && zero.is_some() {
                match of {
                    Kind::Float => Cell::Float(0.0),
                    Kind::Decimal(scale) => Cell::Decimal(0, scale),
                    _ => Cell::Int(0),
                }
            } else {
                return None;
            };
            if check.statistic == StatisticKind::Sum {
                return Some(sum);
            }
            let n = values as f64;
            Some(Cell::Float(match sum {
                Cell::Float(f) => f / n,
                Cell::Int(i) => i as f64 / n,
                Cell::Decimal(i, scale) => i as f64 / 10f64.powi(i32::from(scale)) / n,
                _ => return None,
            }))
        }
    }
}

/// A sum, whose halves may come apart.
fn added(kind: &Kind, found: &Value) -> Cell {
    let Some(halves) = found.as_array() else {
        return cell(kind, found);
    };
    let half = |i: usize| match halves.get(i).map(|h| cell(kind, h)) {
        Some(Cell::Decimal(unscaled, _)) => unscaled,
        _ => 0,
    };
    let sum = half(0).saturating_mul(10i128.pow(HALF_DIGITS)).saturating_add(half(1));
    Cell::Decimal(sum, NUMERIC_SCALE)
}

/// What a number says.
fn said(check: &Statistic, kind: &Kind, limits: &Limits, observed: Option<Cell>, values: u64) -> Result<Said, Reason> {
    let Some(cell) = observed else {
        return match check.no_data {
            NoData::Error => Err(Reason::new(
                "no_data",
                format!(
                    "there are {values} values, of which this number does not exist; say by no_data what that is to mean"
                ),
            )),
            NoData::Fail | NoData::Zero => Ok(Said::new(false, Observed::Cell(Cell::Null))),
        };
    };
    if let Cell::Float(f) = cell
        && f.is_nan()
    {
        return Ok(Said::new(false, Observed::Cell(Cell::Null)));
    }
    let success = holds(limits, &cell);
    let shown = match (cell, check.statistic) {
        (Cell::Int(i), StatisticKind::Min | StatisticKind::Max) => {
            i64::try_from(i).map_or(Cell::Int(i), |i| Cell::int(kind, i))
        }
        (cell, _) => cell,
    };
    Ok(Said::new(success, Observed::Cell(shown)))
}

/// The places of quantiles in the order of the values, and the values that lie there.
fn ask_for_quantiles(
    at: usize,
    field: &Field,
    rows: &str,
    points: &[f64],
    method: QuantileMethod,
    query: &mut Builder,
) {
    let group = query.ranked(field, rows);
    let mut values = vec![("total".to_owned(), "MAX(total)".to_owned())];
    let number = match field.kind {
        Kind::Bool => "CAST(CAST(v0 AS INT64) AS FLOAT64)",
        _ => "CAST(v0 AS FLOAT64)",
    };
    for (i, p) in points.iter().enumerate() {
        let (below, above) = if method == QuantileMethod::Discrete {
            let place = format!("(GREATEST(CEIL({p:e} * total), 1) - 1)");
            (place.clone(), place)
        } else {
            (
                format!("FLOOR({p:e} * (total - 1))"),
                format!("CEIL({p:e} * (total - 1))"),
            )
        };
        values.push((format!("l{i}"), format!("MIN(IF(upto > {below}, {number}, NULL))")));
        values.push((format!("h{i}"), format!("MIN(IF(upto > {above}, {number}, NULL))")));
    }
    query.over(at, format!("r{group}"), values);
}

/// A quantile out of the two values that it lies between.
fn quantile_of(answer: &Answer, i: usize, p: f64, method: QuantileMethod) -> Option<f64> {
    let n = count(answer, "total");
    let low = real(answer.get(&format!("l{i}"))?)?;
    let high = real(answer.get(&format!("h{i}"))?)?;
    if n == 0 {
        return None;
    }
    let place = p * (n - 1) as f64;
    let part = place.fract();
    Some(match method {
        QuantileMethod::Lower | QuantileMethod::Discrete => low,
        QuantileMethod::Higher => high,
        QuantileMethod::Nearest => {
            if part > 0.5 || (part == 0.5 && place.floor() as u64 % 2 == 1) {
                high
            } else {
                low
            }
        }
        QuantileMethod::Midpoint => f64::midpoint(low, high),
        QuantileMethod::Linear if part == 0.0 || low == high => low,
        QuantileMethod::Linear => low + (high - low) * part,
    })
}

fn quantile(at: usize, check: &Quantile, scope: &Scope<'_>, rows: &str, query: &mut Builder) -> Result<Reader, Reason> {
    let field = scope.field(&check.column)?;
    numbers(&field.kind)?;
    let meant = format!("({rows}) AND {}", scope.present(field));
    let points: Vec<f64> = check.quantiles.iter().map(|q| q.p).collect();
    ask_for_quantiles(at, field, &meant, &points, check.method, query);
    let check = check.clone();
    Ok(Box::new(move |answer| {
        if count(answer, "total") == 0 && check.no_data == NoData::Error {
            return Err(Reason::new(
                "no_data",
                "there are no values, and so no quantiles".into(),
            ));
        }
        let found: Vec<Option<f64>> = check
            .quantiles
            .iter()
            .enumerate()
            .map(|(i, q)| quantile_of(answer, i, q.p, check.method))
            .collect();
        let inside: Vec<bool> = check
            .quantiles
            .iter()
            .zip(&found)
            .map(|(wanted, value)| {
                value.is_some_and(|v| {
                    let near =
                        |end: Option<f64>| end.is_some_and(|e| (v - e).abs() <= check.relative_tolerance * e.abs());
                    let range = Range {
                        min: wanted.min,
                        max: wanted.max,
                        strict_min: false,
                        strict_max: false,
                    };
                    range.holds(&v) || near(wanted.min) || near(wanted.max)
                })
            })
            .collect();
        let values: Vec<Value> = found.iter().map(|v| v.map_or(Value::Null, float_to_json)).collect();
        let points: Vec<f64> = check.quantiles.iter().map(|q| q.p).collect();
        Ok(Said {
            success: inside.iter().all(|i| *i),
            observed: Observed::Json(json!({"quantiles": points, "values": values})),
            details: json!({"success_details": inside}),
        })
    }))
}

/// A column of a group as a column of a table: `g.v0`.
fn grouped(field: &Field) -> Field {
    Field {
        name: "v0".into(),
        ..field.clone()
    }
}

fn distinct_set(
    at: usize,
    check: &DistinctSet,
    scope: &Scope<'_>,
    rows: &str,
    query: &mut Builder,
) -> Result<Reader, Reason> {
    let field = scope.field(&check.column)?;
    keys::comparable(&field.kind)?;
    let expected = points(&check.values, &field.kind)?;
    let group = query.group(&[field.sql()], &format!("({rows}) AND {}", scope.present(field)));
    let of_group = grouped(field);
    let is_in = constant::is_in(&of_group, &expected, scope.nan);
    let shown = shown(&field.kind, &of_group.sql());
    let occurs: Vec<String> = expected
        .iter()
        .map(|p| {
            format!(
                "COUNTIF({}) > 0",
                constant::is_in(&of_group, std::slice::from_ref(p), scope.nan)
            )
        })
        .collect();
    let sample =
        format!("ARRAY_AGG(IF({is_in}, NULL, STRUCT({shown} AS v0)) IGNORE NULLS ORDER BY t.v0 LIMIT {SHOWN})");
    query.over(
        at,
        format!("g{group} AS t"),
        vec![
            ("others".into(), format!("COUNTIF(NOT ({is_in}))")),
            ("sample".into(), sample),
            ("occurs".into(), format!("[{}]", occurs.join(", "))),
        ],
    );
    let (check, kind) = (check.clone(), field.kind.clone());
    Ok(Box::new(move |answer| {
        let occurs = answer.get("occurs").and_then(Value::as_array);
        let occurs = |i: usize| {
            occurs
                .and_then(|o| o.get(i))
                .and_then(Value::as_bool)
                .unwrap_or_default()
        };
        let mut missing: Vec<Value> = Vec::new();
        let mut seen: Vec<&Point> = Vec::new();
        for (i, (point, literal)) in expected.iter().zip(check.values.literals()).enumerate() {
            if seen.contains(&point) && *point != Point::Never {
                continue;
            }
            seen.push(point);
            if !occurs(i) {
                missing.push(literal.value.to_json());
            }
        }
        let others = count(answer, "others");
        let (wants_all, allows_others) = match check.mode {
            SetMode::In => (false, false),
            SetMode::Contain => (true, true),
            SetMode::Equal => (true, false),
        };
        let mut details = Map::new();
        if !allows_others {
            details.insert("unexpected_count".into(), others.into());
            details.insert("partial_unexpected_list".into(), samples(answer, &kind).into());
        }
        if wants_all {
            details.insert("missing_count".into(), missing.len().into());
            let shown: Vec<Value> = missing.iter().take(SHOWN).cloned().collect();
            details.insert("partial_missing_list".into(), shown.into());
        }
        Ok(Said {
            success: (!wants_all || missing.is_empty()) && (allows_others || others == 0),
            observed: Observed::None,
            details: Value::Object(details),
        })
    }))
}

/// The values of `sample`, as JSON.
fn samples(answer: &Answer, kind: &Kind) -> Vec<Value> {
    let list = answer.get("sample").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|s| cell(kind, &s["v0"]).to_json(true))
        .collect()
}

fn most_common(
    at: usize,
    check: &MostCommon,
    scope: &Scope<'_>,
    rows: &str,
    query: &mut Builder,
) -> Result<Reader, Reason> {
    let field = scope.field(&check.column)?;
    keys::comparable(&field.kind)?;
    let group = query.group(&[field.sql()], &format!("({rows}) AND {}", scope.present(field)));
    let of_group = grouped(field);
    let known = points(&check.values, &field.kind)?;
    let is_in = constant::is_in(&of_group, &known, scope.nan);
    let shown = shown(&field.kind, &of_group.sql());
    query.over(
        at,
        format!("(SELECT v0, n, MAX(n) OVER () AS most FROM g{group}) AS t"),
        vec![
            ("modes".into(), "COUNTIF(n = most)".into()),
            ("known".into(), format!("COUNTIF(n = most AND {is_in})")),
            (
                "sample".into(),
                format!(
                    "ARRAY_AGG(IF(n = most, STRUCT({shown} AS v0), NULL) IGNORE NULLS ORDER BY t.v0 LIMIT {MODES})"
                ),
            ),
        ],
    );
    let (ties_ok, kind) = (check.ties_ok, field.kind.clone());
    Ok(Box::new(move |answer| {
        let (modes, known) = (count(answer, "modes"), count(answer, "known"));
        let success = if ties_ok { known > 0 } else { modes == 1 && known == 1 };
        Ok(Said::new(success, Observed::Json(samples(answer, &kind).into())))
    }))
}
