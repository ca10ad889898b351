//! GAP_FILL: a row for each bucket of a time series, and what is known or guessed of it.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#gap_fill>.

use sqlparser::ast::{FunctionArg, ObjectName};

use super::arguments::Arguments;
use super::{column, key, partitions, wrong_type};
use crate::sql::literal::coerce;
use crate::sql::scope::Scope;
use crate::sql::{Result, Translated, Translator};
use crate::types::{Field, Ty, quoted};

const ARGUMENTS: &[&str] = &[
    "time_series_table",
    "ts_column",
    "bucket_width",
    "partitioning_columns",
    "value_columns",
    "origin",
    "ignore_null_values",
];

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Null,
    Locf,
    Linear,
}

impl Translator<'_> {
    pub(super) fn gap_fill(&self, name: &ObjectName, args: &[FunctionArg], scope: &Scope<'_>) -> Result<Translated> {
        let arguments = Arguments::read(name, args, ARGUMENTS, 3)?;
        let table = self.table_argument(arguments.query("time_series_table")?, scope)?;
        let ts = arguments.text("ts_column")?;
        let ts = ts.ok_or_else(|| arguments.refused("required argument `ts_column` is missing"))?;
        let ts = column(&table, &ts, &arguments)?;
        if !matches!(ts.ty, Ty::Date | Ty::Datetime | Ty::Timestamp) {
            return Err(wrong_type(&arguments, ts, "a DATE, DATETIME or TIMESTAMP"));
        }
        let width = self.expr(arguments.must("bucket_width")?, scope)?;
        if width.ty != Ty::Interval {
            return Err(arguments.refused("argument `bucket_width` must be an INTERVAL"));
        }
        let parts = partitions(&table, &arguments.texts("partitioning_columns")?, &arguments)?;
        let values = self.methods(&table, ts, &parts, &arguments)?;
        let moments = if ts.ty == Ty::Timestamp {
            "TIMESTAMPTZ"
        } else {
            "TIMESTAMP"
        };
        let origin = match arguments.get("origin") {
            None if ts.ty == Ty::Timestamp => "TIMESTAMPTZ '1950-01-01 00:00:00+00'".to_owned(),
            None => "TIMESTAMP '1950-01-01'".to_owned(),
            Some(origin) => {
                let origin = coerce(self.expr(origin, scope)?, &ts.ty);
                if origin.ty != ts.ty {
                    return Err(arguments.refused("`origin` and the time series column must be of the same type"));
                }
                format!("CAST({} AS {moments})", origin.sql)
            }
        };
        let ignore_nulls = arguments.truth("ignore_null_values", true)?;

        // The input, with its time `t` and its partition `k`.
        let column_list: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
        let source = format!(
            "SELECT CAST({} AS {moments}) AS _hw_t, {} AS _hw_k, {} FROM ({}) WHERE {} IS NOT NULL",
            quoted(&ts.name),
            key(&parts),
            column_list.join(", "),
            table.sql,
            quoted(&ts.name)
        );
        // From the first bucket's start within the series to the last one's.
        let grid = format!(
            "SELECT _hw_k, unnest(generate_series(CASE WHEN f < lo THEN f + w ELSE f END, time_bucket(w, hi, o), w)) AS _hw_t \
             FROM (SELECT *, time_bucket(w, lo, o) AS f FROM (SELECT _hw_k, min(_hw_t) AS lo, max(_hw_t) AS hi, \
             {} AS w, {origin} AS o FROM source GROUP BY _hw_k))",
            width.sql
        );
        let mut list = vec![format!("CAST(g._hw_t AS {}) AS {}", ts.ty.duck(), quoted(&ts.name))];
        let mut columns = vec![ts.clone()];
        for (i, part) in parts.iter().enumerate() {
            list.push(format!("(g._hw_k).p{i} AS {}", quoted(&part.name)));
            columns.push((*part).clone());
        }
        let mut joins = String::new();
        for (i, (value, method)) in values.iter().enumerate() {
            let v = quoted(&value.name);
            let known = if ignore_nulls && *method != Method::Null {
                format!(" WHERE {v} IS NOT NULL")
            } else {
                String::new()
            };
            let rows = format!("(SELECT _hw_k, _hw_t, {v} AS v FROM source{known})");
            joins.push_str(&format!(
                " ASOF LEFT JOIN {rows} AS b{i} ON g._hw_k = b{i}._hw_k AND g._hw_t >= b{i}._hw_t"
            ));
            let filled = match method {
                Method::Null => format!("CASE WHEN b{i}._hw_t = g._hw_t THEN b{i}.v END"),
                Method::Locf => format!("b{i}.v"),
                Method::Linear => {
                    joins.push_str(&format!(
                        " ASOF LEFT JOIN {rows} AS a{i} ON g._hw_k = a{i}._hw_k AND g._hw_t <= a{i}._hw_t"
                    ));
                    linear(i, &value.ty)
                }
            };
            list.push(format!("{filled} AS {v}"));
            columns.push(value.clone());
        }
        Ok(Translated {
            sql: format!(
                "WITH source AS ({source}), grid AS ({grid}) SELECT {} FROM grid AS g{joins}",
                list.join(", ")
            ),
            columns,
            origins: Vec::new(),
        })
    }

    /// The columns that are filled, and how.
    fn methods(
        &self,
        table: &Translated,
        ts: &Field,
        parts: &[&Field],
        arguments: &Arguments<'_>,
    ) -> Result<Vec<(Field, Method)>> {
        if arguments.get("value_columns").is_none() {
            let others = table.columns.iter().filter(|c| *c != ts && !parts.contains(c));
            return Ok(others.map(|c| (c.clone(), Method::Null)).collect());
        }
        let mut out: Vec<(Field, Method)> = Vec::new();
        for (name, method) in arguments.pairs("value_columns")? {
            let found = column(table, &name, arguments)?;
            if out.iter().any(|(known, _)| known.name == found.name) {
                return Err(arguments.refused(&format!("column {name} is used more than once in `value_columns`")));
            }
            let method = match method.to_ascii_lowercase().as_str() {
                "null" => Method::Null,
                "locf" => Method::Locf,
                "linear" if found.ty.is_number() => Method::Linear,
                "linear" => return Err(wrong_type(arguments, found, "numeric for the method linear")),
                _ => {
                    return Err(arguments.refused(&format!(
                        "invalid gap filling method '{method}': it must be one of null, linear, locf"
                    )));
                }
            };
            out.push((found.clone(), method));
        }
        Ok(out)
    }
}

/// Between the row before a bucket's start and the one after it; the value itself where a row stands there.
fn linear(i: usize, ty: &Ty) -> String {
    let share = format!(
        "(epoch_us(g._hw_t) - epoch_us(b{i}._hw_t)) / CAST(epoch_us(a{i}._hw_t) - epoch_us(b{i}._hw_t) AS DOUBLE)"
    );
    let guess = format!("CAST(b{i}.v AS DOUBLE) + (CAST(a{i}.v AS DOUBLE) - CAST(b{i}.v AS DOUBLE)) * ({share})");
    let guess = match ty {
        Ty::Int64 => format!("CAST(round({guess}) AS BIGINT)"),
        ty => format!("CAST({guess} AS {})", ty.duck()),
    };
    format!(
        "CASE WHEN b{i}._hw_t = g._hw_t THEN b{i}.v WHEN b{i}._hw_t IS NULL OR a{i}._hw_t IS NULL THEN NULL ELSE {guess} END"
    )
}
