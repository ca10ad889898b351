//! Rules as statements over the scanned rows.

use serde_json::{Map, Value};

use super::check::{message, text};
use super::data::{DATA, Data, identifier, literal};
use super::warehouse::Failure;

/// How a rule is asked.
pub(super) enum Statement {
    /// Three numbers: rows that are evaluated, rows that pass, rows whose value is null.
    Rows {
        sql: String,
        /// Finds the rows that do not pass.
        failing: String,
    },
    /// One truth value.
    Table(String),
    /// One number: rows that should not be.
    Assertion(String),
}

/// The statement of a rule.
pub(super) fn of(rule: &Map<String, Value>, data: &Data) -> Result<Statement, Failure> {
    let body = |kind: &str| message(rule, kind);
    let given = |sql: &str| format!("({})", sql.replace("${data()}", DATA));
    if let Some(body) = body("rowConditionExpectation") {
        let condition = given(text(body, "sqlExpression"));
        let nulls = match text(rule, "column") {
            "" => "0".to_owned(),
            column => format!("COUNTIF({} IS NULL)", identifier(&data.column(column)?.0)),
        };
        // Apart, since an aggregate function takes no subquery.
        let judged = format!("(SELECT *, {condition} AS dataplex_passed FROM {DATA})");
        return Ok(Statement::Rows {
            sql: data.query(&format!(
                "SELECT COUNT(*), COUNTIF(dataplex_passed), {nulls} FROM {judged}"
            )),
            failing: data.query(&format!("SELECT * FROM {DATA} WHERE NOT IFNULL({condition}, FALSE)")),
        });
    }
    if let Some(body) = body("tableConditionExpectation") {
        let condition = given(text(body, "sqlExpression"));
        return Ok(Statement::Table(data.query(&format!("SELECT {condition} FROM {DATA}"))));
    }
    if let Some(body) = body("sqlAssertion") {
        let statement = given(text(body, "sqlStatement"));
        return Ok(Statement::Assertion(
            data.query(&format!("SELECT COUNT(*) FROM {statement}")),
        ));
    }
    let (name, of) = data.column(text(rule, "column"))?;
    let column = identifier(name);
    if let Some(body) = body("statisticRangeExpectation") {
        let statistic = text(body, "statistic");
        let (found, of) = match statistic {
            "MEAN" => (format!("AVG({column})"), "FLOAT64"),
            _ => (format!("{statistic}({column})"), of.as_str()),
        };
        let condition = within(&found, body, of);
        return Ok(Statement::Table(data.query(&format!("SELECT {condition} FROM {DATA}"))));
    }
    let ignore_null = rule.contains_key("ignoreNull");
    let condition = if rule.contains_key("uniquenessExpectation") {
        let twice = format!("SELECT {column} FROM {DATA} WHERE {column} IS NOT NULL GROUP BY 1 HAVING COUNT(*) > 1");
        return Ok(Statement::Rows {
            sql: data.query(&unique(&column, ignore_null)),
            failing: data.query(&format!(
                "SELECT * FROM {DATA} WHERE {column} IN ({twice}){}",
                if ignore_null {
                    String::new()
                } else {
                    format!(" OR {column} IS NULL")
                }
            )),
        });
    } else if let Some(body) = body("rangeExpectation") {
        within(&column, body, of)
    } else if let Some(body) = body("setExpectation") {
        let values = body.get("values").and_then(Value::as_array).into_iter().flatten();
        let values = values.map(|value| typed(value.as_str().unwrap_or_default(), of));
        format!("{column} IN ({})", values.collect::<Vec<_>>().join(", "))
    } else if let Some(body) = body("regexExpectation") {
        if of != "STRING" {
            return Err(Failure::Refused(format!(
                "A regex rule needs a column of type STRING, and '{name}' is of type {of}."
            )));
        }
        format!("REGEXP_CONTAINS({column}, {})", literal(text(body, "regex")))
    } else {
        format!("{column} IS NOT NULL")
    };
    let null = format!("{column} IS NULL");
    let (evaluated, passes, fails) = if ignore_null {
        (
            format!("COUNTIF(NOT ({null}))"),
            condition.clone(),
            format!("NOT ({null} OR IFNULL({condition}, FALSE))"),
        )
    } else {
        (
            "COUNT(*)".to_owned(),
            condition.clone(),
            format!("NOT IFNULL({condition}, FALSE)"),
        )
    };
    Ok(Statement::Rows {
        sql: data.query(&format!(
            "SELECT {evaluated}, COUNTIF({passes}), COUNTIF({null}) FROM {DATA}"
        )),
        failing: data.query(&format!("SELECT * FROM {DATA} WHERE {fails}")),
    })
}

/// Counts of uniqueness: all rows of a value that occurs several times do not pass.
fn unique(column: &str, ignore_null: bool) -> String {
    let evaluated = if ignore_null { "IF(v IS NULL, 0, n)" } else { "n" };
    format!(
        "SELECT IFNULL(SUM({evaluated}), 0), IFNULL(SUM(IF(v IS NOT NULL AND n = 1, 1, 0)), 0), \
         IFNULL(SUM(IF(v IS NULL, n, 0)), 0) FROM (SELECT {column} AS v, COUNT(*) AS n FROM {DATA} GROUP BY 1)"
    )
}

/// That a value lies in the interval of a rule.
fn within(value: &str, body: &Map<String, Value>, of: &str) -> String {
    let end = |name: &str, strict: &str, op: &str| {
        let end = text(body, name);
        let or_equal = if body.contains_key(strict) { "" } else { "=" };
        (!end.is_empty()).then(|| format!("{value} {op}{or_equal} {}", typed(end, of)))
    };
    let ends = [
        end("minValue", "strictMinEnabled", ">"),
        end("maxValue", "strictMaxEnabled", "<"),
    ];
    format!("({})", ends.into_iter().flatten().collect::<Vec<_>>().join(" AND "))
}

/// A value of a rule, which is a text whatever its type.
/// <https://cloud.google.com/dataplex/docs/auto-data-quality-overview#typed-input>
fn typed(value: &str, of: &str) -> String {
    match of {
        "STRING" => literal(value),
        "BYTES" => format!("FROM_BASE64({})", literal(value)),
        of => format!("CAST({} AS {of})", literal(value)),
    }
}

/// A rule's debug query.
pub(super) fn debug(rule: &Map<String, Value>, data: &Data) -> Option<String> {
    let asked = rule.get("debugQueries")?.as_array()?.first()?["sqlStatement"].as_str()?;
    Some(data.query(&format!("SELECT * FROM ({}\n)", asked.replace("${data()}", DATA))))
}
