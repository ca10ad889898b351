//! RANGE_SESSIONIZE: the session that each range is part of.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions#range_sessionize>.

use sqlparser::ast::{FunctionArg, ObjectName};

use super::arguments::Arguments;
use super::{column, key, partitions, wrong_type};
use crate::sql::scope::Scope;
use crate::sql::{Result, Translated, Translator};
use crate::types::{Field, Ty, quoted};

const ARGUMENTS: &[&str] = &["table", "range_column", "partitioning_columns", "sessionize_option"];

impl Translator<'_> {
    pub(super) fn range_sessionize(
        &self,
        name: &ObjectName,
        args: &[FunctionArg],
        scope: &Scope<'_>,
    ) -> Result<Translated> {
        let arguments = Arguments::read(name, args, ARGUMENTS, 4)?;
        let table = self.table_argument(arguments.query("table")?, scope)?;
        let range = arguments.text("range_column")?;
        let range = range.ok_or_else(|| arguments.refused("required argument `range_column` is missing"))?;
        let range = column(&table, &range, &arguments)?;
        let Ty::Range(item) = &range.ty else {
            return Err(wrong_type(&arguments, range, "a RANGE"));
        };
        arguments.must("partitioning_columns")?;
        let parts = partitions(&table, &arguments.texts("partitioning_columns")?, &arguments)?;
        let option = arguments.text("sessionize_option")?.unwrap_or_else(|| "MEETS".into());
        // A session ends where the next range begins after all before it have ended.
        let after = match option.to_ascii_uppercase().as_str() {
            "MEETS" => ">",
            "OVERLAPS" => ">=",
            _ => {
                return Err(arguments.refused(&format!(
                    "invalid sessionize_option '{option}': it must be MEETS or OVERLAPS"
                )));
            }
        };
        let duck = item.duck();
        let (r, key) = (quoted(&range.name), key(&parts));
        // What is unbounded is endless.
        let begun = format!(
            "SELECT *, {key} AS _hw_k, coalesce(({r})._lo, CAST('-infinity' AS {duck})) AS _hw_lo, \
             coalesce(({r})._hi, CAST('infinity' AS {duck})) AS _hw_hi FROM ({})",
            table.sql
        );
        let ordered = "PARTITION BY _hw_k, _hw_r IS NULL ORDER BY _hw_lo, _hw_hi";
        let reached = format!("SELECT *, {r} AS _hw_r FROM ({begun})");
        let reached = format!(
            "SELECT *, max(_hw_hi) OVER ({ordered} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _hw_before FROM ({reached})"
        );
        let counted = format!(
            "SELECT *, sum(CASE WHEN _hw_before IS NULL OR _hw_lo {after} _hw_before THEN 1 ELSE 0 END) \
             OVER ({ordered} ROWS UNBOUNDED PRECEDING) AS _hw_session FROM ({reached})"
        );
        let session = "OVER (PARTITION BY _hw_k, _hw_r IS NULL, _hw_session)";
        let bound = |function: &str, column: &str, endless: &str| {
            format!("nullif({function}({column}) {session}, CAST('{endless}' AS {duck}))")
        };
        let mut list: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
        list.push(format!(
            "CASE WHEN _hw_r IS NULL THEN NULL ELSE struct_pack(_lo := {}, _hi := {}) END AS session_range",
            bound("min", "_hw_lo", "-infinity"),
            bound("max", "_hw_hi", "infinity")
        ));
        let mut columns = table.columns.clone();
        columns.push(Field {
            name: "session_range".into(),
            ty: range.ty.clone(),
        });
        Ok(Translated {
            sql: format!("SELECT {} FROM ({counted})", list.join(", ")),
            columns,
            origins: Vec::new(),
        })
    }
}
