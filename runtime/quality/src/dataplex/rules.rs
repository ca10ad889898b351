//! Expectations as rules: Dataplex's own where one means the same, else SQL.

use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value, json};

use super::debug::{self, Counted};
use super::{DATA, Rule, native, sql};
use crate::engine::{self, Limits, Reason, limits};
use crate::sql::Pushdown;
use crate::sql::parts::{RowParts, counted, of_aggregate, of_rows};
use crate::suite::{Check, Expectation, Kind, QuantileMethod, SetMode, StatisticKind};

/// <https://cloud.google.com/dataplex/docs/reference/rest/v1/DataQualityRule>
const LONGEST_DESCRIPTION: usize = 1024;

/// A rule's kind and arguments, the debug query, and how its result is counted.
struct Made {
    kind: &'static str,
    arguments: Value,
    more: Map<String, Value>,
    query: Option<String>,
    counted: Counted,
}

fn made(kind: &'static str, arguments: Value, query: Option<String>, counted: Counted) -> Made {
    Made {
        kind,
        arguments,
        more: Map::new(),
        query,
        counted,
    }
}

/// An expectation as a rule of a name.
pub(super) fn of(expectation: &Expectation, name: &str, columns: &SchemaRef) -> Result<Rule, Reason> {
    // One that is not enabled is a rule all the same, which Dataplex suspends.
    let asked = Expectation {
        enabled: true,
        ..expectation.clone()
    };
    evaluable(&asked, columns)?;
    let made = match native::of(&asked, columns)? {
        Some(found) => of_native(&asked, columns, found),
        None => of_sql(&asked, columns)?,
    };
    let mut rule = Map::new();
    rule.insert("name".into(), json!(name));
    rule.insert(made.kind.into(), made.arguments);
    rule.extend(made.more);
    let dimension = serde_json::to_value(expectation.judged_dimension()).unwrap_or_default();
    let dimension = dimension.as_str().unwrap_or_default().to_uppercase();
    rule.insert("dimension".into(), json!(dimension));
    if let Some(description) = expectation.description.as_ref().filter(|text| !text.is_empty()) {
        let text: String = description.chars().take(LONGEST_DESCRIPTION).collect();
        rule.insert("description".into(), json!(text));
    }
    if !expectation.enabled {
        rule.insert("suspended".into(), json!(true));
    }
    if let Some(query) = made.query {
        let query = json!([{ "description": "what the suite counts", "sqlStatement": query }]);
        rule.insert("debugQueries".into(), query);
    }
    Ok(Rule {
        name: name.to_owned(),
        document: rule.into(),
        counted: made.counted,
    })
}

/// What push-down cannot evaluate a rule cannot either, and a rule sees no schema.
fn evaluable(expectation: &Expectation, columns: &SchemaRef) -> Result<(), Reason> {
    if expectation.check.kind() == Kind::Shape {
        return Err(Reason::new(
            "unsupported",
            format!(
                "Dataplex has no such rule: {} is about the table's columns, and rules are about its rows",
                expectation.check.name()
            ),
        ));
    }
    let suite = debug::alone(expectation);
    let pushdown = Pushdown::counts(&suite, columns, DATA);
    let refused = pushdown.refused().next().cloned();
    refused.map_or(Ok(()), Err)
}

fn of_native(expectation: &Expectation, columns: &SchemaRef, found: native::Native) -> Made {
    let aggregate = matches!(expectation.check, Check::Statistic(_));
    let (query, counted) = if aggregate {
        (debug::answer(expectation, columns), Counted::Answer)
    } else {
        let counted = Counted::Rows {
            missing_apart: found.ignore_null,
        };
        (None, counted)
    };
    let mut made = made(found.kind, found.arguments, query, counted);
    made.more.insert("column".into(), json!(found.column));
    if found.ignore_null {
        made.more.insert("ignoreNull".into(), json!(true));
    }
    if !aggregate && expectation.mostly < 1.0 {
        made.more.insert("threshold".into(), json!(expectation.mostly));
    }
    made
}

fn of_sql(expectation: &Expectation, columns: &SchemaRef) -> Result<Made, Reason> {
    if let Some(parts) = of_rows(expectation, columns)? {
        let mut made = of_parts(expectation, columns, &parts);
        if let [column] = expectation.check.columns()[..] {
            made.more.insert("column".into(), json!(column));
        }
        return Ok(made);
    }
    if let Check::SqlRows(c) = &expectation.check {
        let query = c.query.trim().trim_end_matches(';').replace("{batch}", DATA);
        return Ok(made(
            "sqlAssertion",
            json!({ "sqlStatement": plain(&query)? }),
            None,
            Counted::Returned,
        ));
    }
    let query = debug::answer(expectation, columns);
    if let Some(condition) = of_aggregate(expectation, columns)? {
        let condition = sql::expression(&condition);
        let arguments = json!({ "sqlExpression": condition });
        return Ok(made("tableConditionExpectation", arguments, query, Counted::Answer));
    }
    let holds = holds(expectation)?;
    let suite = debug::alone(expectation);
    let asked = Pushdown::counts(&suite, columns, DATA).sql();
    let asked = match expectation.check {
        // The user's own SQL stays as it is.
        Check::SqlEquals(_) => plain(&asked)?,
        _ => sql::statement(&asked),
    };
    let statement = format!("SELECT 1 AS failed FROM (\n{asked}\n) AS q WHERE NOT IFNULL({holds}, FALSE)");
    Ok(made(
        "sqlAssertion",
        json!({ "sqlStatement": statement }),
        query,
        Counted::Answer,
    ))
}

/// A statement that Dataplex takes.
fn plain(statement: &str) -> Result<String, Reason> {
    if statement.contains(';') {
        return Err(Reason::new(
            "unsupported",
            "Dataplex refuses a query with a semicolon, also in a text: write it as \\x3b".into(),
        ));
    }
    Ok(statement.to_owned())
}

/// A check of rows as a condition: on each row, or on how many are good where the threshold is a part of some rows only.
fn of_parts(expectation: &Expectation, columns: &SchemaRef, parts: &RowParts) -> Made {
    let RowParts { meant, judged, good } = parts;
    let whole = meant == "TRUE" && judged == "TRUE";
    let expression = |sql: &str| json!({ "sqlExpression": sql::expression(sql) });
    let mostly = expectation.mostly;
    if whole && mostly > 0.0 {
        let counted = Counted::Rows { missing_apart: false };
        let mut made = made("rowConditionExpectation", expression(&sure(good)), None, counted);
        if mostly < 1.0 {
            made.more.insert("threshold".into(), json!(mostly));
        }
        return made;
    }
    let all_judged = match (meant.as_str(), judged.as_str()) {
        ("TRUE", judged) => judged.to_owned(),
        (meant, "TRUE") => meant.to_owned(),
        (meant, judged) => format!("{meant} AND {judged}"),
    };
    if mostly >= 1.0 {
        let query = debug::judged(parts).map(|query| sql::expression(&query));
        let left_out = match all_judged.strip_suffix(" IS NOT NULL") {
            Some(column) if meant == "TRUE" && is_column(column) => format!("{column} IS NULL"),
            _ => format!("NOT ({all_judged})"),
        };
        let condition = format!("{left_out} OR {}", sure(good));
        return made(
            "rowConditionExpectation",
            expression(&condition),
            query,
            Counted::Judged,
        );
    }
    let (evaluated, passed) = (
        counted(&all_judged),
        counted(&format!("{all_judged} AND {}", sure(good))),
    );
    let condition = format!("IFNULL(SAFE_DIVIDE({passed}, {evaluated}) >= {mostly:e}, TRUE)");
    made(
        "tableConditionExpectation",
        expression(&condition),
        debug::answer(expectation, columns),
        Counted::Answer,
    )
}

/// Whether SQL of ours is the name of one column.
fn is_column(sql: &str) -> bool {
    sql.strip_prefix("t.`")
        .and_then(|rest| rest.strip_suffix('`'))
        .is_some_and(|name| !name.contains('`'))
}

/// A condition that is never unknown.
fn sure(good: &str) -> String {
    format!("IFNULL({good}, FALSE)")
}

/// What the answer of push-down's query must say: a condition on its columns in `q`.
fn holds(expectation: &Expectation) -> Result<String, Reason> {
    let of = |at: &str, name: &str| format!("JSON_VALUE(q.{at}0, '$.{name}')");
    let whole = |at: &str, name: &str| format!("IFNULL(CAST({} AS INT64), 0)", of(at, name));
    let real = |name: &str| format!("CAST({} AS FLOAT64)", of("x", name));
    Ok(match &expectation.check {
        Check::Unique(_) => ratio(&whole("x", "evaluated"), &whole("x", "unexpected"), expectation.mostly),
        Check::ZScore(_) | Check::NotOutlier(_) => {
            ratio(&whole("e", "evaluated"), &whole("e", "unexpected"), expectation.mostly)
        }
        Check::SqlEquals(_) => format!("{} = 0", whole("x", "n")),
        Check::MostCommon(c) if c.ties_ok => format!("{} > 0", whole("x", "known")),
        Check::MostCommon(_) => format!("{} = 1 AND {} = 1", whole("x", "modes"), whole("x", "known")),
        Check::DistinctSet(c) => {
            let others = format!("{} = 0", whole("x", "others"));
            let all = "NOT EXISTS (SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(q.x0, '$.occurs')) AS o WHERE o = 'false')";
            match c.mode {
                SetMode::In => others,
                SetMode::Contain => all.to_owned(),
                SetMode::Equal => format!("{others} AND {all}"),
            }
        }
        Check::Quantile(c) => {
            let inside = c.quantiles.iter().enumerate().map(|(i, wanted)| {
                let total = whole("x", "total");
                let value = quantile(
                    c.method,
                    wanted.p,
                    &total,
                    &real(&format!("l{i}")),
                    &real(&format!("h{i}")),
                );
                within(&value, wanted.min, wanted.max, c.relative_tolerance)
            });
            inside.collect::<Vec<_>>().join(" AND ")
        }
        Check::Statistic(c) if c.statistic == StatisticKind::Median => {
            let value = format!("(({} + {}) / 2)", real("l0"), real("h0"));
            let Limits::Float(range) = limits(&c.bounds, &engine::Kind::Float)? else {
                return Err(no_rule(expectation));
            };
            let end = |end: Option<f64>, strict: bool, op: &str| {
                end.map(|end| format!("{value} {op}{} {end:e}", if strict { "" } else { "=" }))
            };
            let ends = [
                end(range.min, range.strict_min, ">"),
                end(range.max, range.strict_max, "<"),
            ];
            let parts: Vec<String> = ends.into_iter().flatten().collect();
            if parts.is_empty() {
                format!("{value} IS NOT NULL")
            } else {
                parts.join(" AND ")
            }
        }
        _ => return Err(no_rule(expectation)),
    })
}

fn no_rule(expectation: &Expectation) -> Reason {
    Reason::new(
        "unsupported",
        format!("Dataplex has no such rule: {}", expectation.check.name()),
    )
}

fn ratio(evaluated: &str, unexpected: &str, mostly: f64) -> String {
    if mostly >= 1.0 {
        format!("{unexpected} = 0")
    } else {
        format!("IFNULL(SAFE_DIVIDE({evaluated} - {unexpected}, {evaluated}) >= {mostly:e}, TRUE)")
    }
}

/// A quantile out of the two values that it lies between.
fn quantile(method: QuantileMethod, p: f64, total: &str, low: &str, high: &str) -> String {
    let place = format!("({p:e} * ({total} - 1))");
    let part = format!("({place} - FLOOR({place}))");
    match method {
        QuantileMethod::Lower | QuantileMethod::Discrete => low.to_owned(),
        QuantileMethod::Higher => high.to_owned(),
        QuantileMethod::Midpoint => format!("(({low} + {high}) / 2)"),
        QuantileMethod::Nearest => {
            let up = format!("{part} > 0.5 OR ({part} = 0.5 AND MOD(CAST(FLOOR({place}) AS INT64), 2) = 1)");
            format!("IF({up}, {high}, {low})")
        }
        QuantileMethod::Linear => format!("({low} + IF({low} = {high}, 0, ({high} - {low}) * {part}))"),
    }
}

fn within(value: &str, min: Option<f64>, max: Option<f64>, tolerance: f64) -> String {
    let mut range = Vec::new();
    let mut near = Vec::new();
    for (end, op) in [(min, ">="), (max, "<=")] {
        if let Some(end) = end {
            range.push(format!("{value} {op} {end:e}"));
            near.push(format!("ABS({value} - {end:e}) <= {:e}", tolerance * end.abs()));
        }
    }
    if range.is_empty() {
        return format!("{value} IS NOT NULL");
    }
    let range = range.join(" AND ");
    if tolerance > 0.0 {
        format!("({range} OR {})", near.join(" OR "))
    } else {
        format!("({range})")
    }
}
