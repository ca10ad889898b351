//! Dates and times: parts, intervals, EXTRACT, truncation, differences, FORMAT_* and PARSE_*.

use sqlparser::ast::{DateTimeField, Expr, Function, Interval, Spanned};

use super::scope::Scope;
use super::{Ex, Result, Translator, at, format, literal, unsupported};
use crate::error::Fault;
use crate::types::{Ty, literal as quote};

/// A granularity: DuckDB's name of it and, for weeks, how many days after Monday they begin.
struct Part {
    name: &'static str,
    week_start: Option<u8>,
}

fn part_named(name: &str) -> Option<Part> {
    let (name, week_start) = match name.to_ascii_uppercase().as_str() {
        "MICROSECOND" => ("microsecond", None),
        "MILLISECOND" => ("millisecond", None),
        "SECOND" => ("second", None),
        "MINUTE" => ("minute", None),
        "HOUR" => ("hour", None),
        "DAY" => ("day", None),
        "WEEK" | "WEEK(SUNDAY)" => ("week", Some(6)),
        "ISOWEEK" | "WEEK(MONDAY)" => ("week", Some(0)),
        "WEEK(TUESDAY)" => ("week", Some(1)),
        "WEEK(WEDNESDAY)" => ("week", Some(2)),
        "WEEK(THURSDAY)" => ("week", Some(3)),
        "WEEK(FRIDAY)" => ("week", Some(4)),
        "WEEK(SATURDAY)" => ("week", Some(5)),
        "MONTH" => ("month", None),
        "QUARTER" => ("quarter", None),
        "YEAR" => ("year", None),
        "ISOYEAR" => ("isoyear", None),
        _ => return None,
    };
    Some(Part { name, week_start })
}

fn part(expr: &Expr) -> Result<Part> {
    let text = expr.to_string();
    part_named(&text).ok_or_else(|| {
        Fault::query(format!(
            "A valid date part name is required but found {text}{}",
            at(expr)
        ))
    })
}

fn temporal(name: &str) -> Ty {
    match name {
        "DATE" => Ty::Date,
        "DATETIME" => Ty::Datetime,
        "TIME" => Ty::Time,
        _ => Ty::Timestamp,
    }
}

impl Translator<'_> {
    pub(super) fn interval(&self, interval: &Interval, scope: &Scope<'_>) -> Result<Ex> {
        let field = interval
            .leading_field
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if let Some(last) = &interval.last_field {
            let value = self.expr(&interval.value, scope)?;
            let text = literal::text(&value).unwrap_or_default().to_owned();
            let (from, to) = (field.to_ascii_uppercase(), last.to_string().to_ascii_uppercase());
            return super::interval::between(&text, &from, &to).ok_or_else(|| {
                Fault::query(format!(
                    "Invalid INTERVAL literal '{text}' for {from} TO {to}{}",
                    at(&*interval.value)
                ))
            });
        }
        let part = part_named(&field).filter(|p| p.name != "isoyear");
        let part =
            part.ok_or_else(|| Fault::query(format!("Invalid interval part {field}{}", at(&*interval.value))))?;
        let value = self.expr(&interval.value, scope)?;
        let amount = format!("CAST({} AS BIGINT)", value.sql);
        let sql = match part.name {
            "quarter" => format!("to_months(CAST({amount} * 3 AS INTEGER))"),
            "week" => format!("to_weeks(CAST({amount} AS INTEGER))"),
            "day" => format!("to_days(CAST({amount} AS INTEGER))"),
            "month" => format!("to_months(CAST({amount} AS INTEGER))"),
            "year" => format!("to_years(CAST({amount} AS INTEGER))"),
            name => format!("to_{name}s({amount})"),
        };
        Ok(Ex::new(sql, Ty::Interval))
    }

    pub(super) fn extract(&self, field: &DateTimeField, inner: &Expr, scope: &Scope<'_>) -> Result<Ex> {
        let (value, zone) = match inner {
            Expr::AtTimeZone { timestamp, time_zone } => {
                (self.expr(timestamp, scope)?, Some(self.expr(time_zone, scope)?.sql))
            }
            other => (self.expr(other, scope)?, None),
        };
        let name = field.to_string().to_ascii_uppercase();
        let v = match (&value.ty, zone) {
            (Ty::Timestamp, Some(zone)) => format!("timezone({zone}, {})", value.sql),
            (Ty::Timestamp, None) => format!("timezone('UTC', {})", value.sql),
            (_, Some(_)) => {
                return Err(Fault::query(format!(
                    "EXTRACT AT TIME ZONE needs a TIMESTAMP{}",
                    at(inner)
                )));
            }
            (_, None) => value.sql,
        };
        let number = |sql: String| Ok(Ex::new(format!("CAST({sql} AS BIGINT)"), Ty::Int64));
        match name.as_str() {
            "DATE" => Ok(Ex::new(format!("CAST({v} AS DATE)"), Ty::Date)),
            "TIME" => Ok(Ex::new(format!("CAST({v} AS TIME)"), Ty::Time)),
            "DATETIME" => Ok(Ex::new(format!("CAST({v} AS TIMESTAMP)"), Ty::Datetime)),
            "YEAR" | "MONTH" | "DAY" | "HOUR" | "MINUTE" | "QUARTER" | "ISOYEAR" | "SECOND" => {
                number(format!("date_part('{}', {v})", name.to_lowercase()))
            }
            "DAYOFYEAR" => number(format!("date_part('doy', {v})")),
            "DAYOFWEEK" => number(format!("date_part('dow', {v}) + 1")),
            "ISOWEEK" => number(format!("date_part('week', {v})")),
            "WEEK" | "WEEK(SUNDAY)" => number(format!("strftime({v}, '%U')")),
            "WEEK(MONDAY)" => number(format!("strftime({v}, '%W')")),
            "MILLISECOND" => number(format!("date_part('millisecond', {v}) % 1000")),
            "MICROSECOND" => number(format!("date_part('microsecond', {v}) % 1000000")),
            _ => Err(Fault::query(format!(
                "A valid date part name is required but found {name}{}",
                at(inner)
            ))),
        }
    }

    /// Functions whose arguments are not all expressions. `None`: not one of them.
    pub(super) fn date_function(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        let Some((head, tail)) = name.rsplit_once('_') else {
            return self.constructor(name, call, scope);
        };
        let kinds = ["DATE", "DATETIME", "TIME", "TIMESTAMP"];
        let plain = (kinds.contains(&head) && ["ADD", "SUB", "DIFF", "TRUNC"].contains(&tail)) || name == "LAST_DAY";
        if plain {
            let args = self.raw_args(call)?;
            let ty = temporal(head);
            return match (tail, args.as_slice()) {
                ("ADD" | "SUB", [value, Expr::Interval(interval)]) => {
                    let value = literal::coerce(self.expr(value, scope)?, &ty);
                    let interval = self.interval(interval, scope)?.sql;
                    let sign = if tail == "ADD" { "+" } else { "-" };
                    Ok(Some(Ex::new(
                        format!("CAST({} {sign} {interval} AS {})", value.sql, ty.duck()),
                        ty,
                    )))
                }
                ("DIFF", [end, start, granularity]) => {
                    let end = literal::coerce(self.expr(end, scope)?, &ty).sql;
                    let start = literal::coerce(self.expr(start, scope)?, &ty).sql;
                    let part = part(granularity)?;
                    let sql = match part.week_start {
                        // 1970-01-01 was a Thursday: the weeks since then that begin on this day.
                        Some(days) => {
                            let shift = 3 - i32::from(days);
                            let weeks = |value: &str| {
                                format!("floor((CAST({value} AS DATE) - DATE '1970-01-01' + {shift}) / 7)")
                            };
                            format!("CAST({} - {} AS BIGINT)", weeks(&end), weeks(&start))
                        }
                        // TIMESTAMP_DIFF counts whole intervals, the others count boundaries.
                        None if ty == Ty::Timestamp => format!("date_sub('{}', {start}, {end})", part.name),
                        _ => format!("date_diff('{}', {start}, {end})", part.name),
                    };
                    Ok(Some(Ex::new(sql, Ty::Int64)))
                }
                ("TRUNC", [value, granularity, zone @ ..]) => {
                    let value = literal::coerce(self.expr(value, scope)?, &ty).sql;
                    let zone = zone.first().map(|z| self.expr(z, scope)).transpose()?;
                    let part = part(granularity)?;
                    let local = match &zone {
                        Some(zone) => format!("timezone({}, {value})", zone.sql),
                        None => value,
                    };
                    let cut = match (part.week_start, part.name) {
                        (Some(days), _) if days > 0 => {
                            let shift = 7 - i32::from(days);
                            format!("date_trunc('week', {local} + to_days({shift})) - to_days({shift})")
                        }
                        (_, "isoyear") => {
                            format!("date_trunc('week', make_date(date_part('isoyear', {local})::BIGINT, 1, 4))")
                        }
                        (_, part) => format!("date_trunc('{part}', {local})"),
                    };
                    let cut = match &zone {
                        Some(zone) => format!("timezone({}, {cut})", zone.sql),
                        None => cut,
                    };
                    Ok(Some(Ex::new(format!("CAST({cut} AS {})", ty.duck()), ty)))
                }
                ("DAY", [value]) => Ok(Some(Ex::new(
                    format!("last_day(CAST({} AS DATE))", self.expr(value, scope)?.sql),
                    Ty::Date,
                ))),
                _ => Err(wrong_arguments(name, call)),
            };
        }
        if let ("FORMAT" | "PARSE", true) = (head, kinds.contains(&tail)) {
            let args = self.plain_args(call, scope)?;
            let (Some(pattern), Some(value)) = (args.first(), args.get(1)) else {
                return Err(wrong_arguments(name, call));
            };
            let Some(text) = literal::text(pattern) else {
                return Err(unsupported(
                    &format!("{name} with a format that is not a literal"),
                    call,
                ));
            };
            let ty = temporal(tail);
            let pattern = quote(&format::elements(text, head == "PARSE")?);
            let zone = args.get(2).map_or("'UTC'", |z| z.sql.as_str());
            let sql = if head == "FORMAT" {
                let value = literal::coerce(value.clone(), &ty).sql;
                let value = match ty {
                    Ty::Timestamp => format!("timezone({zone}, {value})"),
                    Ty::Time => format!("(DATE '1970-01-01' + {value})"),
                    _ => value,
                };
                return Ok(Some(Ex::new(format!("strftime({value}, {pattern})"), Ty::String)));
            } else {
                format!("strptime({}, {pattern})", value.sql)
            };
            let sql = match ty {
                // With an offset in the format, strptime answers a TIMESTAMPTZ already.
                Ty::Timestamp if !pattern.contains("%z") => format!("timezone({zone}, {sql})"),
                _ => format!("CAST({sql} AS {})", ty.duck()),
            };
            return Ok(Some(Ex::new(sql, ty)));
        }
        self.constructor(name, call, scope)
    }

    /// DATE(…), DATETIME(…), TIME(…), TIMESTAMP(…), and what reads the clock.
    fn constructor(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        if let Some(kind) = name.strip_prefix("CURRENT_") {
            let ty = match kind {
                "DATE" | "DATETIME" | "TIME" | "TIMESTAMP" => temporal(kind),
                _ => return Ok(None),
            };
            let args = self.plain_args(call, scope)?;
            let zone = args.first().map_or("'UTC'", |z| z.sql.as_str());
            let sql = match ty {
                Ty::Timestamp => "now()".to_owned(),
                _ => format!("CAST(timezone({zone}, now()) AS {})", ty.duck()),
            };
            return Ok(Some(Ex::new(sql, ty)));
        }
        let ty = match name {
            "DATE" | "DATETIME" | "TIME" | "TIMESTAMP" => temporal(name),
            _ => return Ok(None),
        };
        let args = self.plain_args(call, scope)?;
        let sqls: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
        let from = args.first().map_or(Ty::Unknown, |a| a.ty.clone());
        let duck = ty.duck();
        let sql = match (&ty, sqls.as_slice(), from) {
            (_, [value], _) => {
                return Ok(Some(
                    self.cast(
                        &Ex {
                            literal: None,
                            ..literal::coerce(args[0].clone(), &ty)
                        },
                        &ty,
                        false,
                    )
                    .unwrap_or_else(|_| Ex::new(format!("CAST({value} AS {duck})"), ty)),
                ));
            }
            (Ty::Date | Ty::Datetime | Ty::Time, [value, zone], Ty::Timestamp) => {
                format!("CAST(timezone({zone}, {value}) AS {duck})")
            }
            (Ty::Timestamp, [value, zone], Ty::Datetime | Ty::Date | Ty::String) => {
                format!("timezone({zone}, CAST({value} AS TIMESTAMP))")
            }
            (Ty::Datetime, [date, time], Ty::Date) => format!("({date} + {time})"),
            (Ty::Date, [y, m, d], _) => format!("make_date({y}, {m}, {d})"),
            (Ty::Time, [h, m, s], _) => format!("make_time({h}, {m}, {s})"),
            (Ty::Datetime, [y, mo, d, h, mi, s], _) => format!("make_timestamp({y}, {mo}, {d}, {h}, {mi}, {s})"),
            _ => return Err(wrong_arguments(name, call)),
        };
        Ok(Some(Ex::new(sql, ty)))
    }
}

pub(super) fn wrong_arguments(name: &str, node: &impl Spanned) -> Fault {
    Fault::query(format!("No matching signature for function {name}{}", at(node)))
}
