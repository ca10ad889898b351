//! Dates and times: the scalar functions that need no date parts (those are in `sql::dates`).

use super::signature::{Ret, Scalar};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("UNIX_SECONDS", "A", "CAST(floor(epoch_us($1) / 1000000) AS BIGINT)", Ret::Int),
    ("UNIX_MILLIS", "A", "CAST(floor(epoch_us($1) / 1000) AS BIGINT)", Ret::Int),
    ("UNIX_MICROS", "A", "epoch_us($1)", Ret::Int),
    ("UNIX_DATE", "A", "CAST($1 - DATE '1970-01-01' AS BIGINT)", Ret::Int),
    ("TIMESTAMP_SECONDS", "A", "make_timestamptz($1 * 1000000)", Ret::Timestamp),
    ("TIMESTAMP_MILLIS", "A", "make_timestamptz($1 * 1000)", Ret::Timestamp),
    ("TIMESTAMP_MICROS", "A", "make_timestamptz($1)", Ret::Timestamp),
    ("DATE_FROM_UNIX_DATE", "A", "(DATE '1970-01-01' + CAST($1 AS INTEGER))", Ret::Date),
    ("DATE_BUCKET", "AA", "CAST(time_bucket($2, $1, DATE '1950-01-01') AS DATE)", Ret::Date),
    ("DATE_BUCKET", "AAA", "CAST(time_bucket($2, $1, $3) AS DATE)", Ret::Date),
    ("DATETIME_BUCKET", "AA", "time_bucket($2, $1, TIMESTAMP '1950-01-01')", Ret::Arg(0)),
    ("DATETIME_BUCKET", "AAA", "time_bucket($2, $1, $3)", Ret::Arg(0)),
    ("TIMESTAMP_BUCKET", "AA", "time_bucket($2, $1, TIMESTAMPTZ '1950-01-01 00:00:00+00')", Ret::Timestamp),
    ("TIMESTAMP_BUCKET", "AAA", "time_bucket($2, $1, $3)", Ret::Timestamp),
];
