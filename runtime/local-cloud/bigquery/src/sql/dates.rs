//! Dates and times: intervals, EXTRACT, and the functions whose arguments are date parts or formats.

use sqlparser::ast::{DateTimeField, Expr, Function, Interval, Spanned};

use super::date_parts::{self, civil, moment};
use super::operators::no_signature;
use super::scope::Scope;
use super::{Ex, Result, Translator, at, literal};
use crate::error::Fault;
use crate::types::{Ty, literal as quote};

fn temporal(name: &str) -> Option<Ty> {
    Some(match name {
        "DATE" => Ty::Date,
        "DATETIME" => Ty::Datetime,
        "TIME" => Ty::Time,
        "TIMESTAMP" => Ty::Timestamp,
        _ => return None,
    })
}

/// A literal as this type; another date or time as it is: DATE_TRUNC takes a TIMESTAMP as well.
fn operand(value: Ex, ty: &Ty, name: &str, call: &Function) -> Result<Ex> {
    let value = literal::coerce(value, ty);
    match value.ty {
        Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp => Ok(value),
        Ty::Unknown => Ok(Ex::new(value.sql, ty.clone())),
        ref other => Err(Fault::query(format!(
            "No matching signature for function {name} for argument types: {}{}",
            other.sql(),
            at(call)
        ))),
    }
}

impl Translator<'_> {
    pub(super) fn interval(&self, interval: &Interval, scope: &Scope<'_>) -> Result<Ex> {
        let field = interval
            .leading_field
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let value = self.expr(&interval.value, scope)?;
        if let Some(last) = &interval.last_field {
            let text = literal::text(&value).unwrap_or_default().to_owned();
            let (from, to) = (field.to_ascii_uppercase(), last.to_string().to_ascii_uppercase());
            return super::interval::between(&text, &from, &to).ok_or_else(|| {
                Fault::query(format!(
                    "Invalid INTERVAL literal '{text}' for {from} TO {to}{}",
                    at(&*interval.value)
                ))
            });
        }
        let part = date_parts::named(&field).filter(|p| p.name != "isoyear");
        let part =
            part.ok_or_else(|| Fault::query(format!("Invalid interval part {field}{}", at(&*interval.value))))?;
        if let Some(text) = literal::text(&value) {
            return super::interval::single(text, part.name)
                .ok_or_else(|| Fault::query(format!("Invalid INTERVAL literal '{text}'{}", at(&*interval.value))));
        }
        if !matches!(value.ty, Ty::Int64 | Ty::Unknown) {
            return Err(Fault::query(format!(
                "Interval value must be coercible to INT64 type{}",
                at(&*interval.value)
            )));
        }
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
                (self.expr(timestamp, scope)?, Some(self.expr(time_zone, scope)?))
            }
            other => (self.expr(other, scope)?, None),
        };
        let name = field.to_string().to_ascii_uppercase();
        let (sql, ty) = match (&value.ty, &zone) {
            (Ty::Timestamp, zone) => (civil(&value.sql, zone.as_ref()), Ty::Datetime),
            (_, Some(_)) => {
                return Err(Fault::query(format!(
                    "EXTRACT AT TIME ZONE needs a TIMESTAMP{}",
                    at(inner)
                )));
            }
            (Ty::Date | Ty::Datetime | Ty::Time | Ty::Interval | Ty::Unknown, None) => {
                (value.sql.clone(), value.ty.clone())
            }
            (other, None) => {
                return Err(Fault::query(format!(
                    "EXTRACT does not support arguments of type {}{}",
                    other.sql(),
                    at(inner)
                )));
            }
        };
        if name != "ISOWEEK"
            && name != "DAYOFWEEK"
            && name != "DAYOFYEAR"
            && !matches!(name.as_str(), "DATE" | "TIME" | "DATETIME")
            && date_parts::named(&name).is_none()
        {
            return Err(Fault::query(format!(
                "A valid date part name is required but found {name}{}",
                at(inner)
            )));
        }
        date_parts::extraction(&name, &sql, &ty).ok_or_else(|| {
            Fault::query(format!(
                "EXTRACT from {} does not support the {name} date part{}",
                value.ty.sql(),
                at(inner)
            ))
        })
    }

    /// Functions whose arguments are not all expressions. `None`: not one of them.
    pub(super) fn date_function(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        let Some((head, tail)) = name.rsplit_once('_') else {
            return self.constructor(name, call, scope);
        };
        if name == "LAST_DAY" {
            return self.last_day(call, scope).map(Some);
        }
        if let Some(ty) = temporal(head) {
            let args = self.raw_args(call)?;
            return match (tail, args.as_slice()) {
                ("ADD" | "SUB", [value, interval]) => self.moved(name, &ty, value, interval, call, scope).map(Some),
                ("DIFF", [end, start, granularity]) => {
                    let end = operand(self.expr(end, scope)?, &ty, name, call)?;
                    let start = operand(self.expr(start, scope)?, &ty, name, call)?;
                    if start.ty != end.ty {
                        return Err(no_signature(name, &[&end.ty, &start.ty], call));
                    }
                    let part = date_parts::of(granularity)?;
                    part.must_fit(name, &end.ty, *granularity)?;
                    let sql = part.difference(&start.sql, &end.sql, &end.ty);
                    Ok(Some(Ex::new(sql, Ty::Int64)))
                }
                ("TRUNC", [value, granularity, zone @ ..]) => {
                    let value = operand(self.expr(value, scope)?, &ty, name, call)?;
                    let zone = zone.first().map(|z| self.expr(z, scope)).transpose()?;
                    let part = date_parts::of(granularity)?;
                    part.must_fit(name, &value.ty, *granularity)?;
                    let sql = match value.ty {
                        Ty::Timestamp => moment(&part.cut(&civil(&value.sql, zone.as_ref())), zone.as_ref()),
                        Ty::Time => part.cut(&format!("(DATE '1970-01-01' + {})", value.sql)),
                        _ => part.cut(&value.sql),
                    };
                    Ok(Some(Ex::new(format!("CAST({sql} AS {})", value.ty.duck()), value.ty)))
                }
                ("ADD" | "SUB" | "DIFF" | "TRUNC", _) => Err(wrong_arguments(name, call)),
                _ => Ok(None),
            };
        }
        match (head, temporal(tail)) {
            ("FORMAT", Some(ty)) => self.formatted(name, &ty, call, scope).map(Some),
            ("PARSE", Some(ty)) => self.parsed(name, tail, &ty, call, scope).map(Some),
            ("CURRENT", Some(ty)) => self.current(&ty, call, scope).map(Some),
            _ => self.constructor(name, call, scope),
        }
    }

    /// The value moved by an interval.
    fn moved(
        &self,
        name: &str,
        ty: &Ty,
        value: &Expr,
        interval: &Expr,
        call: &Function,
        scope: &Scope<'_>,
    ) -> Result<Ex> {
        let value = operand(self.expr(value, scope)?, ty, name, call)?;
        if let Expr::Interval(written) = interval
            && written.last_field.is_none()
            && let Some(field) = &written.leading_field
            && let Some(part) = date_parts::named(&field.to_string())
        {
            part.must_fit(name, &value.ty, interval)?;
        }
        let by = self.expr(interval, scope)?;
        if by.ty != Ty::Interval {
            return Err(no_signature(name, &[&value.ty, &by.ty], call));
        }
        let sign = if name.ends_with("ADD") { "+" } else { "-" };
        let sql = format!("CAST({} {sign} {} AS {})", value.sql, by.sql, value.ty.duck());
        let sql = match value.ty {
            Ty::Date => format!("_headwater.calendar_date({sql})"),
            _ => sql,
        };
        Ok(Ex::new(sql, value.ty))
    }

    fn last_day(&self, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let args = self.raw_args(call)?;
        let (value, part) = match args.as_slice() {
            [value] => (value, None),
            [value, part] => (value, Some(date_parts::of(part)?)),
            _ => return Err(wrong_arguments("LAST_DAY", call)),
        };
        let value = operand(self.expr(value, scope)?, &Ty::Date, "LAST_DAY", call)?;
        let date = format!("CAST({} AS DATE)", value.sql);
        let sql = match part {
            None => format!("last_day({date})"),
            Some(part) => part.last_day(&date).ok_or_else(|| {
                Fault::query(format!(
                    "LAST_DAY does not support the {} date part{}",
                    part.written,
                    at(call)
                ))
            })?,
        };
        Ok(Ex::new(format!("CAST({sql} AS DATE)"), Ty::Date))
    }

    fn formatted(&self, name: &str, ty: &Ty, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let args = self.plain_args(call, scope)?;
        let (pattern, value, zone) = match args.as_slice() {
            [pattern, value] => (pattern, value, None),
            [pattern, value, zone] if *ty == Ty::Timestamp => (pattern, value, Some(zone)),
            _ => return Err(wrong_arguments(name, call)),
        };
        let value = operand(value.clone(), ty, name, call)?;
        let sql = match value.ty {
            Ty::Timestamp => {
                let local = civil(&value.sql, zone);
                format!(
                    "_hw_format_time({}, {local}, CAST((epoch_us({local}) - epoch_us({})) // 1000000 AS BIGINT))",
                    pattern.sql, value.sql
                )
            }
            _ => format!("_hw_format_time({}, {})", pattern.sql, value.sql),
        };
        Ok(Ex::new(sql, Ty::String))
    }

    fn parsed(&self, name: &str, kind: &str, ty: &Ty, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let args = self.plain_args(call, scope)?;
        let (pattern, value, zone) = match args.as_slice() {
            [pattern, value] => (pattern, value, "'UTC'"),
            [pattern, value, zone] if *ty == Ty::Timestamp => (pattern, value, zone.sql.as_str()),
            _ => return Err(wrong_arguments(name, call)),
        };
        if !matches!(value.ty, Ty::String | Ty::Unknown) || !matches!(pattern.ty, Ty::String | Ty::Unknown) {
            return Err(no_signature(name, &[&pattern.ty, &value.ty], call));
        }
        let sql = format!(
            "CAST(_hw_parse_time({}, {}, {}, {zone}) AS {})",
            quote(kind),
            pattern.sql,
            value.sql,
            ty.duck()
        );
        Ok(Ex::new(sql, ty.clone()))
    }

    /// What reads the clock; it stands still during a statement.
    fn current(&self, ty: &Ty, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let args = self.plain_args(call, scope)?;
        let sql = match (ty, args.as_slice()) {
            (Ty::Timestamp, []) => "now()".to_owned(),
            (Ty::Date | Ty::Datetime | Ty::Time, [] | [_]) => {
                format!("CAST({} AS {})", civil("now()", args.first()), ty.duck())
            }
            _ => return Err(wrong_arguments(&format!("CURRENT_{}", ty.sql()), call)),
        };
        Ok(Ex::new(sql, ty.clone()))
    }

    /// DATE(…), DATETIME(…), TIME(…), TIMESTAMP(…), and STRING of a moment in a zone.
    fn constructor(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        if name == "STRING" {
            let args = self.plain_args(call, scope)?;
            return Ok(match args.as_slice() {
                [value, zone] if value.ty == Ty::Timestamp => {
                    let local = civil(&value.sql, Some(zone));
                    let ahead = format!(
                        "CAST((epoch_us({local}) - epoch_us({})) // 1000000 AS BIGINT)",
                        value.sql
                    );
                    Some(Ex::new(format!("_hw_timestamp_text({local}, {ahead})"), Ty::String))
                }
                _ => None,
            });
        }
        let Some(ty) = temporal(name) else {
            return Ok(None);
        };
        let args = self.plain_args(call, scope)?;
        let sqls: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
        let from = args.first().map_or(Ty::Unknown, |a| a.ty.clone());
        let duck = ty.duck();
        let sql = match (&ty, sqls.as_slice(), from) {
            (_, [_], _) => {
                let value = Ex {
                    literal: None,
                    ..literal::coerce(args[0].clone(), &ty)
                };
                return self.cast(&value, &ty, false).map(Some);
            }
            (Ty::Date | Ty::Datetime | Ty::Time, [value, _], Ty::Timestamp) => {
                format!("CAST({} AS {duck})", civil(value, args.get(1)))
            }
            (Ty::Timestamp, [value, _], Ty::Datetime | Ty::Date | Ty::String) => moment(value, args.get(1)),
            (Ty::Datetime, [_, _], Ty::Date | Ty::String) => {
                let date = literal::coerce(args[0].clone(), &Ty::Date).sql;
                let time = literal::coerce(args[1].clone(), &Ty::Time).sql;
                format!("({date} + {time})")
            }
            (Ty::Date, [y, m, d], _) => format!("make_date({y}, {m}, {d})"),
            (Ty::Time, [h, m, s], _) => format!("_headwater.clock_time({h}, {m}, {s})"),
            (Ty::Datetime, [y, mo, d, h, mi, s], _) => format!("make_timestamp({y}, {mo}, {d}, {h}, {mi}, {s})"),
            _ => return Err(wrong_arguments(name, call)),
        };
        Ok(Some(Ex::new(sql, ty)))
    }
}

pub(super) fn wrong_arguments(name: &str, node: &impl Spanned) -> Fault {
    Fault::query(format!("No matching signature for function {name}{}", at(node)))
}
