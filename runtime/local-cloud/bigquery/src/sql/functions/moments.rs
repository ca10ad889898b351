//! Dates, times and intervals: the scalar functions that need no date parts (those are in `sql::dates`).

use super::Call;
use super::signature::{Ret, Scalar};
use crate::sql::{Ex, Result, Translator};
use crate::types::Ty;

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("UNIX_SECONDS", "Z", "_headwater.floor_div(epoch_us($1), 1000000)", Ret::Int),
    ("UNIX_MILLIS", "Z", "_headwater.floor_div(epoch_us($1), 1000)", Ret::Int),
    ("UNIX_MICROS", "Z", "epoch_us($1)", Ret::Int),
    ("UNIX_DATE", "D", "CAST($1 - DATE '1970-01-01' AS BIGINT)", Ret::Int),
    ("TIMESTAMP_SECONDS", "I", "make_timestamptz($1 * 1000000)", Ret::Timestamp),
    ("TIMESTAMP_MILLIS", "I", "make_timestamptz($1 * 1000)", Ret::Timestamp),
    ("TIMESTAMP_MICROS", "I", "make_timestamptz($1)", Ret::Timestamp),
    ("DATE_FROM_UNIX_DATE", "I", "_headwater.calendar_date(DATE '1970-01-01' + CAST($1 AS INTEGER))", Ret::Date),
    ("DATE_BUCKET", "DV", "CAST(time_bucket($2, $1, DATE '1950-01-01') AS DATE)", Ret::Date),
    ("DATE_BUCKET", "DVD", "CAST(time_bucket($2, $1, $3) AS DATE)", Ret::Date),
    ("DATETIME_BUCKET", "TV", "time_bucket($2, $1, TIMESTAMP '1950-01-01')", Ret::Arg(0)),
    ("DATETIME_BUCKET", "TVT", "time_bucket($2, $1, $3)", Ret::Arg(0)),
    ("TIMESTAMP_BUCKET", "ZV", "time_bucket($2, $1, TIMESTAMPTZ '1950-01-01 00:00:00+00')", Ret::Timestamp),
    ("TIMESTAMP_BUCKET", "ZVZ", "time_bucket($2, $1, $3)", Ret::Timestamp),
    ("JUSTIFY_DAYS", "V", "_headwater.justify_days($1)", Ret::Arg(0)),
    ("JUSTIFY_HOURS", "V", "_headwater.justify_hours($1)", Ret::Arg(0)),
    ("JUSTIFY_INTERVAL", "V", "_headwater.justify_interval($1)", Ret::Arg(0)),
];

/// The arguments of MAKE_INTERVAL in their order.
const PARTS: &[&str] = &["year", "month", "day", "hour", "minute", "second"];

pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    if call.name != "MAKE_INTERVAL" {
        return Ok(None);
    }
    call.only_named(PARTS)?;
    if call.args.len() > PARTS.len() {
        return Err(call.no_match(&[]));
    }
    let mut sums = Vec::new();
    for (i, part) in PARTS.iter().enumerate() {
        let value = call.args.get(i).or_else(|| call.option(part));
        let Some(value) = value else { continue };
        if !matches!(value.ty, Ty::Int64 | Ty::Unknown) {
            return Err(call.no_match(&[]));
        }
        let ty = if i < 3 { "INTEGER" } else { "BIGINT" };
        sums.push(format!("to_{part}s(CAST({} AS {ty}))", value.sql));
    }
    if sums.is_empty() {
        sums.push("to_days(0)".to_owned());
    }
    Ok(Some(Ex::new(format!("({})", sums.join(" + ")), Ty::Interval)))
}
