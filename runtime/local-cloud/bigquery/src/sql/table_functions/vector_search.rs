//! VECTOR_SEARCH: the rows whose vectors are nearest, found by looking at all of them.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#vector_search>.

use serde_json::Value;
use sqlparser::ast::{FunctionArg, ObjectName};

use super::arguments::Arguments;
use super::{column, wrong_type};
use crate::sql::scope::Scope;
use crate::sql::{Ex, Literal, Result, Translated, Translator};
use crate::types::{Field, Ty, quoted};

const ARGUMENTS: &[&str] = &[
    "base_table",
    "column_to_search",
    "query_table",
    "query_column_to_search",
    "query_value",
    "top_k",
    "distance_type",
    "options",
];
const NEAREST: i64 = 10;

/// A vector of FLOAT64.
fn is_vector(ty: &Ty) -> bool {
    matches!(ty, Ty::Array(item) if matches!(**item, Ty::Float64))
}

impl Translator<'_> {
    pub(super) fn vector_search(
        &self,
        name: &ObjectName,
        args: &[FunctionArg],
        scope: &Scope<'_>,
    ) -> Result<Translated> {
        let arguments = Arguments::read(name, args, ARGUMENTS, 4)?;
        let base = self.table_argument(arguments.query("base_table")?, scope)?;
        let searched = arguments.text("column_to_search")?;
        let searched = searched.ok_or_else(|| arguments.refused("required argument `column_to_search` is missing"))?;
        let searched = column(&base, &searched, &arguments)?;
        if !is_vector(&searched.ty) {
            return Err(wrong_type(&arguments, searched, "an ARRAY<FLOAT64>"));
        }
        options(&arguments)?;
        let (queries, vector, query_field) = self.queries(searched, &arguments, scope)?;
        let rank = match self.most(&arguments, scope)? {
            Some(most) => format!(" QUALIFY row_number() OVER (PARTITION BY q._hw_n ORDER BY distance) <= {most}"),
            None => String::new(),
        };
        let (a, b) = (
            Ex::new(format!("b.{}", quoted(&searched.name)), searched.ty.clone()),
            Ex::new(format!("q.{}", quoted(&vector)), searched.ty.clone()),
        );
        let distance = match arguments
            .text("distance_type")?
            .unwrap_or_else(|| "EUCLIDEAN".into())
            .as_str()
        {
            "EUCLIDEAN" => self.scalar("EUCLIDEAN_DISTANCE", &[a.clone(), b], name)?.sql,
            "COSINE" => self.scalar("COSINE_DISTANCE", &[a.clone(), b], name)?.sql,
            // The larger the product, the nearer.
            "DOT_PRODUCT" => format!("list_negative_inner_product({}, {})", a.sql, b.sql),
            other => {
                return Err(arguments.refused(&format!(
                    "invalid distance_type '{other}': it must be one of EUCLIDEAN, COSINE, DOT_PRODUCT"
                )));
            }
        };
        let row = |alias: &str, columns: &[Field]| {
            let fields: Vec<String> = columns
                .iter()
                .map(|c| format!("{0} := {alias}.{0}", quoted(&c.name)))
                .collect();
            format!("struct_pack({})", fields.join(", "))
        };
        let mut list = Vec::new();
        let mut columns = Vec::new();
        if let Some(field) = query_field {
            let Ty::Struct(fields) = &field.ty else {
                return Err(arguments.refused("the query's rows are no structs"));
            };
            list.push(format!("{} AS query", row("q", fields)));
            columns.push(field);
        }
        list.push(format!("{} AS base", row("b", &base.columns)));
        columns.push(Field {
            name: "base".into(),
            ty: Ty::Struct(base.columns.clone()),
        });
        list.push(format!("{distance} AS distance"));
        columns.push(Field {
            name: "distance".into(),
            ty: Ty::Float64,
        });
        Ok(Translated {
            sql: format!(
                "SELECT {} FROM ({queries}) AS q, ({}) AS b WHERE {} IS NOT NULL AND q.{} IS NOT NULL{rank}",
                list.join(", "),
                base.sql,
                a.sql,
                quoted(&vector)
            ),
            columns,
            origins: Vec::new(),
        })
    }

    /// The vectors to search for, numbered as `_hw_n`; the column that holds them, and the output's column of their rows.
    fn queries(
        &self,
        searched: &Field,
        arguments: &Arguments<'_>,
        scope: &Scope<'_>,
    ) -> Result<(String, String, Option<Field>)> {
        if let Some(value) = arguments.get("query_value") {
            if arguments.get("query_table").is_some() {
                return Err(arguments.refused("`query_value` and a query table cannot be given together"));
            }
            let value = self.expr(value, scope)?;
            if !matches!(&value.ty, Ty::Array(item) if item.is_number()) {
                return Err(arguments.refused(&format!(
                    "argument `query_value` must be an ARRAY<FLOAT64>, but is {}",
                    value.ty.sql()
                )));
            }
            let sql = format!("SELECT 1 AS _hw_n, CAST({} AS DOUBLE[]) AS _hw_v", value.sql);
            return Ok((sql, "_hw_v".into(), None));
        }
        let table = self.table_argument(arguments.query("query_table")?, scope)?;
        let vector = match arguments.text("query_column_to_search")? {
            Some(name) => column(&table, &name, arguments)?,
            None => {
                let mut vectors = table.columns.iter().filter(|c| is_vector(&c.ty));
                let same = vectors.clone().find(|c| c.name.eq_ignore_ascii_case(&searched.name));
                same.or_else(|| vectors.next())
                    .ok_or_else(|| arguments.refused("the query table has no column of type ARRAY<FLOAT64>"))?
            }
        };
        if !is_vector(&vector.ty) {
            return Err(wrong_type(arguments, vector, "an ARRAY<FLOAT64>"));
        }
        let sql = format!("SELECT *, row_number() OVER () AS _hw_n FROM ({})", table.sql);
        let field = Field {
            name: "query".into(),
            ty: Ty::Struct(table.columns.clone()),
        };
        Ok((sql, vector.name.clone(), Some(field)))
    }

    /// How many of the nearest; `None`: all.
    fn most(&self, arguments: &Arguments<'_>, scope: &Scope<'_>) -> Result<Option<String>> {
        let Some(expr) = arguments.get("top_k") else {
            return Ok(Some(NEAREST.to_string()));
        };
        let most = self.expr(expr, scope)?;
        if most.ty != Ty::Int64 {
            return Err(arguments.refused("argument `top_k` must be an INT64"));
        }
        match &most.literal {
            Some(Literal::Number(number)) if number.starts_with('-') => Ok(None),
            Some(Literal::Number(_)) => Ok(Some(most.sql)),
            // Less than nothing is all.
            _ => Ok(Some(format!(
                "(CASE WHEN {0} < 0 THEN 9223372036854775807 ELSE {0} END)",
                most.sql
            ))),
        }
    }
}

/// Checks the options: none of them changes what is found by looking at all.
fn options(arguments: &Arguments<'_>) -> Result<()> {
    let Some(text) = arguments.text("options")? else {
        return Ok(());
    };
    let wrong = || {
        arguments.refused(
            "`options` must be a JSON object of use_brute_force (a boolean) or fraction_lists_to_search (between 0.0 and 1.0)",
        )
    };
    let Ok(Value::Object(options)) = serde_json::from_str(&text) else {
        return Err(wrong());
    };
    let brute = options.get("use_brute_force");
    let fraction = options.get("fraction_lists_to_search");
    let fits = options.len() == usize::from(brute.is_some()) + usize::from(fraction.is_some())
        && brute.is_none_or(Value::is_boolean)
        && fraction.is_none_or(|f| f.as_f64().is_some_and(|f| f > 0.0 && f < 1.0))
        && !(fraction.is_some() && brute == Some(&Value::Bool(true)));
    if fits { Ok(()) } else { Err(wrong()) }
}
