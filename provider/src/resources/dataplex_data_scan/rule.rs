//! A rule of a quality scan: one expectation, and what it is called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path, Type, Validator, Value, validate};

use super::schema::said;
use crate::rest::fields::{flag, map, map_document, text, texts};

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    name: Attr<String>,
    description: Attr<String>,
    column: Attr<String>,
    dimension: Attr<String>,
    threshold: Attr<f64>,
    ignore_null: Attr<bool>,
    suspended: Attr<bool>,
    attributes: Attr<BTreeMap<String, Attr<String>>>,
    debug_query: Attr<DebugQuery>,
    non_null_expectation: Attr<Nothing>,
    uniqueness_expectation: Attr<Nothing>,
    range_expectation: Attr<Range>,
    set_expectation: Attr<Set>,
    regex_expectation: Attr<Regex>,
    statistic_range_expectation: Attr<StatisticRange>,
    row_condition_expectation: Attr<Condition>,
    table_condition_expectation: Attr<Condition>,
    sql_assertion: Attr<Assertion>,
}

/// An expectation that has no settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nothing {}

/// What is queried when a rule fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DebugQuery {
    description: Attr<String>,
    sql_statement: Attr<String>,
}

/// Values between bounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    min_value: Attr<String>,
    max_value: Attr<String>,
    strict_min_enabled: Attr<bool>,
    strict_max_enabled: Attr<bool>,
}

/// Values of a set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Set {
    values: Attr<Vec<Attr<String>>>,
}

/// Values that match.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Regex {
    regex: Attr<String>,
}

/// A statistic between bounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StatisticRange {
    statistic: Attr<String>,
    min_value: Attr<String>,
    max_value: Attr<String>,
    strict_min_enabled: Attr<bool>,
    strict_max_enabled: Attr<bool>,
}

/// An expression that is true.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition {
    sql_expression: Attr<String>,
}

/// A query that finds nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assertion {
    sql_statement: Attr<String>,
}

/// What can be said of an expectation beside its settings.
struct Traits {
    name: &'static str,
    by_row: bool,
    of_column: bool,
    nullable: bool,
}

const fn traits(name: &'static str, by_row: bool, of_column: bool, nullable: bool) -> Traits {
    Traits {
        name,
        by_row,
        of_column,
        nullable,
    }
}

/// A number above the first and at most the second.
pub(super) fn between(above: f64, most: f64, text: &'static str) -> Validator {
    Validator::new(text, move |value: &Value| {
        let number = value
            .as_number()
            .and_then(|number| number.to_string().parse::<f64>().ok());
        match number {
            Some(number) if number <= above || number > most => Err(format!("{text}, got {number}")),
            _ => Ok(()),
        }
    })
}

/// `rules = [{ … }, …]`
pub(super) fn attribute() -> Attribute {
    let mut attributes = about();
    attributes.extend(expectations());
    Attribute::list_of(attributes)
}

type Attributes = Vec<(&'static str, Attribute)>;

fn about() -> Attributes {
    vec![
        (
            "name",
            Attribute::string()
                .optional()
                .validate(validate::matches(
                    "must be 1 to 63 letters, digits and hyphens, starting with a letter and not ending with a hyphen, such as `email-valid`",
                    |text| {
                        (1..=63).contains(&text.len())
                            && text.starts_with(|c: char| c.is_ascii_alphabetic())
                            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
                            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    },
                ))
                .describe("The rule's name, by which its history is kept."),
        ),
        ("description", Attribute::string().optional().validate(validate::length(1..=1024)).describe("What it is for.")),
        ("column", said().describe("The column that it is about. Rules with a condition or a query may do without.")),
        (
            "dimension",
            Attribute::string()
                .optional()
                .validate(validate::matches(
                    "must be at most 30 uppercase letters, such as `COMPLETENESS`, `VALIDITY`, `UNIQUENESS`, `CONSISTENCY`, `ACCURACY`, `FRESHNESS` or `VOLUME`",
                    |text| {
                        (1..=30).contains(&text.len())
                            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                    },
                ))
                .describe("The dimension of quality that results are summed up by, such as `COMPLETENESS`."),
        ),
        (
            "threshold",
            Attribute::number()
                .optional()
                .validate(between(0.0, 1.0, "must be above 0 and at most 1"))
                .describe("The share of rows that must pass, for rules that judge row by row. Without it, all: 1."),
        ),
        (
            "ignore_null",
            Attribute::bool().default(false).describe("Whether rows in which the column is null pass; otherwise they fail. For range, set, regex and uniqueness."),
        ),
        ("suspended", Attribute::bool().default(false).describe("Whether it is not run.")),
        (
            "attributes",
            Attribute::map(Type::String).optional().validate(validate::size(1..)).describe("Names and values by which rules are chosen in `filter`."),
        ),
        (
            "debug_query",
            Attribute::object([
                ("description", Attribute::string().optional().validate(validate::length(1..=1024)).describe("What it shows.")),
                ("sql_statement", Attribute::string().required().validate(validate::length(1..)).describe("A query in GoogleSQL.")),
            ])
            .optional()
            .describe("What is queried to explain a failure."),
        ),
    ]
}

fn bounds(what: &str) -> Attributes {
    vec![
        ("min_value", said().describe(format!("The least {what}, as text."))),
        ("max_value", said().describe(format!("The greatest {what}, as text."))),
        (
            "strict_min_enabled",
            Attribute::bool()
                .default(false)
                .describe("Whether it must be above `min_value`, not equal."),
        ),
        (
            "strict_max_enabled",
            Attribute::bool()
                .default(false)
                .describe("Whether it must be below `max_value`, not equal."),
        ),
    ]
}

fn expectations() -> Attributes {
    let nothing = || Attribute::object::<String>([]).optional();
    let condition = |what: &str| {
        Attribute::object([(
            "sql_expression",
            Attribute::string()
                .required()
                .validate(validate::length(1..))
                .describe("An expression in GoogleSQL that is true or false."),
        )])
        .optional()
        .describe(what.to_owned())
    };
    let mut statistic = bounds("value of the statistic");
    statistic.insert(
        0,
        (
            "statistic",
            Attribute::string()
                .required()
                .validate(validate::one_of(["MEAN", "MIN", "MAX"]))
                .describe("Which one."),
        ),
    );
    vec![
        ("non_null_expectation", nothing().describe("No value is null: `{}`.")),
        (
            "uniqueness_expectation",
            nothing().describe("No value is there twice: `{}`."),
        ),
        (
            "range_expectation",
            Attribute::object(bounds("value"))
                .optional()
                .describe("Each value lies between bounds, at least one of which must be set."),
        ),
        (
            "set_expectation",
            Attribute::object([(
                "values",
                Attribute::list(Type::String)
                    .required()
                    .validate(validate::size(1..))
                    .validate(validate::unique())
                    .describe("The values, as text."),
            )])
            .optional()
            .describe("Each value is one of these."),
        ),
        (
            "regex_expectation",
            Attribute::object([(
                "regex",
                Attribute::string()
                    .required()
                    .validate(validate::length(1..))
                    .describe("A regular expression in the syntax of RE2."),
            )])
            .optional()
            .describe("Each value matches."),
        ),
        (
            "statistic_range_expectation",
            Attribute::object(statistic)
                .optional()
                .describe("A statistic of the column lies between bounds, at least one of which must be set."),
        ),
        (
            "row_condition_expectation",
            condition("An expression is true in each row."),
        ),
        (
            "table_condition_expectation",
            condition("An expression with aggregates is true of the table."),
        ),
        (
            "sql_assertion",
            Attribute::object([(
                "sql_statement",
                Attribute::string()
                    .required()
                    .validate(validate::length(1..))
                    .validate(validate::matches("must be one query without a semicolon", |text| {
                        !text.contains(';')
                    }))
                    .describe("A query in GoogleSQL; `$${data()}` in it stands for the rows that are scanned."),
            )])
            .optional()
            .describe("A query finds no rows."),
        ),
    ]
}

impl Rule {
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Which expectations it has. One that is not known yet counts.
    fn kinds(&self) -> Vec<Traits> {
        let all = [
            (
                !self.non_null_expectation.is_null(),
                traits("non_null_expectation", true, true, false),
            ),
            (
                !self.uniqueness_expectation.is_null(),
                traits("uniqueness_expectation", true, true, true),
            ),
            (
                !self.range_expectation.is_null(),
                traits("range_expectation", true, true, true),
            ),
            (
                !self.set_expectation.is_null(),
                traits("set_expectation", true, true, true),
            ),
            (
                !self.regex_expectation.is_null(),
                traits("regex_expectation", true, true, true),
            ),
            (
                !self.statistic_range_expectation.is_null(),
                traits("statistic_range_expectation", false, true, false),
            ),
            (
                !self.row_condition_expectation.is_null(),
                traits("row_condition_expectation", true, false, false),
            ),
            (
                !self.table_condition_expectation.is_null(),
                traits("table_condition_expectation", false, false, false),
            ),
            (
                !self.sql_assertion.is_null(),
                traits("sql_assertion", false, false, false),
            ),
        ];
        all.into_iter().filter_map(|(set, kind)| set.then_some(kind)).collect()
    }

    pub(super) fn check(&self, at: &Path) -> Result<(), Diagnostic> {
        let kinds = self.kinds();
        let kind = match kinds.as_slice() {
            [kind] => kind,
            [] => {
                return Err(Diagnostic::invalid(at.clone(), "the rule expects nothing")
                    .hint("Set one of the attributes that end in `_expectation`, or `sql_assertion`."));
            }
            [first, second, ..] => {
                return Err(Diagnostic::invalid(
                    at.child(second.name),
                    format!(
                        "a rule has one expectation, this has `{}` and `{}`",
                        first.name, second.name
                    ),
                )
                .hint("Make two rules of it."));
            }
        };
        if kind.of_column && self.column.is_null() {
            return Err(
                Diagnostic::invalid(at.child("column"), format!("`{}` needs `column`", kind.name))
                    .hint("Name the column that the rule is about."),
            );
        }
        if !kind.nullable && self.ignore_null.known() == Some(&true) {
            return Err(Diagnostic::invalid(
                at.child("ignore_null"),
                format!("`{}` does not ignore nulls", kind.name),
            )
            .hint("`ignore_null` is for range, set, regex and uniqueness; write the case of null into a condition."));
        }
        if !kind.by_row && !self.threshold.is_null() {
            return Err(Diagnostic::invalid(
                at.child("threshold"),
                format!("`{}` judges the table, not its rows, and has no threshold", kind.name),
            )
            .hint("Leave `threshold` out, or judge row by row with `row_condition_expectation`."));
        }
        if let Some(range) = self.range_expectation.known() {
            check_bounds(&range.min_value, &range.max_value, &at.child(kind.name))?;
        }
        if let Some(range) = self.statistic_range_expectation.known() {
            check_bounds(&range.min_value, &range.max_value, &at.child(kind.name))?;
        }
        Ok(())
    }

    pub(super) fn document(&self) -> Json {
        let condition = |condition: &Condition| json!({ "sqlExpression": condition.sql_expression.as_deref() });
        let query = self.debug_query.known().map(|query| {
            json!([{ "description": query.description.as_deref(), "sqlStatement": query.sql_statement.as_deref() }])
        });
        json!({
            "name": self.name.as_deref(),
            "description": self.description.as_deref(),
            "column": self.column.as_deref(),
            "dimension": self.dimension.as_deref(),
            "threshold": self.threshold.known(),
            "ignoreNull": self.ignore_null.known().filter(|on| **on),
            "suspended": self.suspended.known().filter(|on| **on),
            "attributes": map_document(&self.attributes),
            "debugQueries": query,
            "nonNullExpectation": self.non_null_expectation.known().map(|_| json!({})),
            "uniquenessExpectation": self.uniqueness_expectation.known().map(|_| json!({})),
            "rangeExpectation": self.range_expectation.known().map(|range| {
                bounds_document(&range.min_value, &range.max_value, &range.strict_min_enabled, &range.strict_max_enabled)
            }),
            "setExpectation": self.set_expectation.known().map(|set| {
                let values = set.values.known().into_iter().flatten();
                json!({ "values": values.filter_map(Attr::as_deref).collect::<Vec<_>>() })
            }),
            "regexExpectation": self.regex_expectation.known().map(|regex| json!({ "regex": regex.regex.as_deref() })),
            "statisticRangeExpectation": self.statistic_range_expectation.known().map(|range| {
                let mut document = bounds_document(&range.min_value, &range.max_value, &range.strict_min_enabled, &range.strict_max_enabled);
                document["statistic"] = json!(range.statistic.as_deref());
                document
            }),
            "rowConditionExpectation": self.row_condition_expectation.known().map(condition),
            "tableConditionExpectation": self.table_condition_expectation.known().map(condition),
            "sqlAssertion": self.sql_assertion.known().map(|assertion| json!({ "sqlStatement": assertion.sql_statement.as_deref() })),
        })
    }

    pub(super) fn read(document: &Json) -> Rule {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let range = &document["rangeExpectation"];
        let statistic = &document["statisticRangeExpectation"];
        let query = &document["debugQueries"][0];
        Rule {
            name: field("name"),
            description: field("description"),
            column: field("column"),
            dimension: field("dimension"),
            threshold: document["threshold"].as_f64().into(),
            ignore_null: flag(&document["ignoreNull"]),
            suspended: flag(&document["suspended"]),
            attributes: map(&document["attributes"], &Attr::Null, |_| true),
            debug_query: when(query, || DebugQuery {
                description: text(&query["description"], &Attr::Null),
                sql_statement: text(&query["sqlStatement"], &Attr::Null),
            }),
            non_null_expectation: when(&document["nonNullExpectation"], || Nothing {}),
            uniqueness_expectation: when(&document["uniquenessExpectation"], || Nothing {}),
            range_expectation: when(range, || Range {
                min_value: text(&range["minValue"], &Attr::Null),
                max_value: text(&range["maxValue"], &Attr::Null),
                strict_min_enabled: flag(&range["strictMinEnabled"]),
                strict_max_enabled: flag(&range["strictMaxEnabled"]),
            }),
            set_expectation: when(&document["setExpectation"], || Set {
                values: texts(&document["setExpectation"]["values"], &Attr::Null),
            }),
            regex_expectation: when(&document["regexExpectation"], || Regex {
                regex: text(&document["regexExpectation"]["regex"], &Attr::Null),
            }),
            statistic_range_expectation: when(statistic, || StatisticRange {
                statistic: text(&statistic["statistic"], &Attr::Null),
                min_value: text(&statistic["minValue"], &Attr::Null),
                max_value: text(&statistic["maxValue"], &Attr::Null),
                strict_min_enabled: flag(&statistic["strictMinEnabled"]),
                strict_max_enabled: flag(&statistic["strictMaxEnabled"]),
            }),
            row_condition_expectation: read_condition(&document["rowConditionExpectation"]),
            table_condition_expectation: read_condition(&document["tableConditionExpectation"]),
            sql_assertion: when(&document["sqlAssertion"], || Assertion {
                sql_statement: text(&document["sqlAssertion"]["sqlStatement"], &Attr::Null),
            }),
        }
    }
}

/// A part of a rule, where the document has it.
fn when<T>(document: &Json, read: impl FnOnce() -> T) -> Attr<T> {
    document.is_object().then(read).into()
}

fn read_condition(document: &Json) -> Attr<Condition> {
    when(document, || Condition {
        sql_expression: text(&document["sqlExpression"], &Attr::Null),
    })
}

fn bounds_document(min: &Attr<String>, max: &Attr<String>, strict_min: &Attr<bool>, strict_max: &Attr<bool>) -> Json {
    json!({
        "minValue": min.as_deref(),
        "maxValue": max.as_deref(),
        "strictMinEnabled": strict_min.known().filter(|on| **on),
        "strictMaxEnabled": strict_max.known().filter(|on| **on),
    })
}

fn check_bounds(min: &Attr<String>, max: &Attr<String>, at: &Path) -> Result<(), Diagnostic> {
    if min.is_null() && max.is_null() {
        return Err(
            Diagnostic::invalid(at.clone(), "neither bound is set").hint("Set `min_value`, `max_value` or both.")
        );
    }
    let number = |bound: &Attr<String>| bound.as_deref().and_then(|text| text.parse::<f64>().ok());
    match number(min).zip(number(max)) {
        Some((least, greatest)) if least > greatest => Err(Diagnostic::invalid(
            at.child("min_value"),
            format!("`min_value` {least} is greater than `max_value` {greatest}: no value is in the range"),
        )),
        _ => Ok(()),
    }
}
