//! The kinds of expectations: one row for each check of a suite, and how its arguments are written.

use headwater_suite::Kind::{self, Aggregate, Query, Row, Shape};
use tfplugin_framework::{Attribute, Type, validate};

use super::{beyond, condition, families};

/// An argument of a check.
pub(super) enum Argument {
    /// An attribute whose name and shape are the check's own.
    Own(&'static str, Box<Attribute>),
    /// `values`: one set of a family.
    Values,
    /// `bounds`: one interval of a family.
    Bounds,
    /// `pairs`: of values, each with its type.
    Pairs,
    /// `expected`: weights of values or of bins.
    Expected,
}

use Argument::{Bounds, Expected, Own, Pairs, Values};

/// Every kind: its name, what it judges, and what it demands.
pub(super) const KINDS: [(&str, Kind, &str); 41] = [
    ("not_null", Row, "The value is there."),
    ("is_null", Row, "The value is not there."),
    ("unique", Row, "No other row has the same values."),
    (
        "distinct_within_row",
        Row,
        "The columns' values differ from each other.",
    ),
    ("equal_within_row", Row, "The columns' values equal each other."),
    ("row_sum", Row, "The columns' values add up to a number."),
    ("in_set", Row, "The value is one of a set."),
    ("not_in_set", Row, "The value is none of a set."),
    ("between", Row, "The value lies in an interval."),
    ("length", Row, "The text's length in characters lies in an interval."),
    ("matches", Row, "A regular expression is found in the text."),
    (
        "not_matches",
        Row,
        "None of the regular expressions is found in the text.",
    ),
    ("like", Row, "The text is like a pattern of SQL."),
    ("not_like", Row, "The text is like none of the patterns."),
    ("time_format", Row, "The text is a date or time in a format."),
    ("json", Row, "The text is JSON."),
    ("ordered", Row, "The value does not fall behind the one before it."),
    (
        "z_score",
        Row,
        "The value lies within so many standard deviations of the mean.",
    ),
    ("not_outlier", Row, "The value is no outlier."),
    ("compare", Row, "Two columns compare so."),
    ("pair_in_set", Row, "Two columns' values are one of a set of pairs."),
    ("foreign_key", Row, "The key exists in another table of BigQuery."),
    ("sql_condition", Row, "A condition in GoogleSQL is true of the row."),
    ("statistic", Aggregate, "A number of a column lies in an interval."),
    ("quantile", Aggregate, "Quantiles lie in intervals."),
    (
        "distinct_set",
        Aggregate,
        "The set of a column's values compares so with a set.",
    ),
    (
        "most_common",
        Aggregate,
        "The value that occurs most often is one of a set.",
    ),
    (
        "distribution",
        Aggregate,
        "The Kullback-Leibler divergence from an expected distribution is small.",
    ),
    ("row_count", Aggregate, "The number of rows lies in an interval."),
    ("row_count_equals", Aggregate, "The number of rows is another table's."),
    ("freshness", Aggregate, "The newest value is not too old."),
    (
        "anomaly",
        Aggregate,
        "A number is not far from what it was in the runs before.",
    ),
    ("reconcile", Aggregate, "The rows agree with another table's."),
    (
        "sql_aggregate",
        Aggregate,
        "A number that GoogleSQL says lies in an interval.",
    ),
    ("column_count", Shape, "The number of columns lies in an interval."),
    ("columns", Shape, "The columns are these."),
    ("column_exists", Shape, "There is such a column."),
    ("type", Shape, "The column has one of these types."),
    (
        "schema_change",
        Shape,
        "The columns are those of the run before, or of a baseline.",
    ),
    ("sql_rows", Query, "A query returns no rows."),
    (
        "sql_equals",
        Query,
        "Two queries return the same rows, under the same names and in any order.",
    ),
];

/// What a check of this kind takes, in the order of the documentation.
pub(super) fn arguments(kind: &str) -> Vec<Argument> {
    match kind {
        "not_null" | "is_null" | "json" => vec![column()],
        "unique" => vec![columns(1), ignore_rows()],
        "distinct_within_row" | "equal_within_row" => vec![columns(2), ignore_rows()],
        "row_sum" => vec![columns(1), own("total", number("What they add up to.").required()), ignore_rows()],
        "in_set" | "not_in_set" => vec![column(), Values],
        "between" => vec![column(), Bounds],
        "length" => [vec![column()], whole_interval(), vec![as_text()]].into_iter().flatten().collect(),
        "matches" | "not_matches" => vec![
            column(),
            patterns("The expressions, in RE2's syntax: no look-around, no back-references. They are searched for, not matched from end to end."),
            match_on(),
            as_text(),
        ],
        "like" | "not_like" => vec![
            column(),
            patterns("The patterns: `%` is any text, `_` one character."),
            match_on(),
            own(
                "escape",
                text("The character that takes its meaning from the one behind it. Default: the backslash.")
                    .optional()
                    .validate(validate::length(1..=1)),
            ),
        ],
        "time_format" => vec![
            column(),
            own("format", filled("The format, in the letters of C's strptime, such as `%Y-%m-%d`.").required()),
        ],
        "ordered" => vec![
            column(),
            own("direction", choice(&["increasing", "decreasing"], "Which order: `increasing` or `decreasing`.").required()),
            flag("strictly", "Whether equal neighbours are against it."),
        ],
        "z_score" => vec![
            column(),
            own("threshold", number("The distance must be less than so many standard deviations.").required()),
            own("double_sided", Attribute::bool().default(true).describe("Whether values far below the mean count as well.")),
        ],
        "not_outlier" => vec![
            column(),
            own("method", choice(&["iqr", "std"], "How far is measured: from the quartiles, in their distance (`iqr`), or from the mean, in standard deviations (`std`).").default("iqr")),
            own("multiplier", number("How far is too far, such as 1.5 for `iqr` or 3 for `std`.").required()),
        ],
        "compare" => vec![
            named("left", "The one column."),
            own("op", choice(&["=", "!=", "<", "<=", ">", ">="], "How they compare: `=`, `!=`, `<`, `<=`, `>` or `>=`.").required()),
            named("right", "The other column."),
            ignore_rows(),
        ],
        "pair_in_set" => vec![named("left", "The one column."), named("right", "The other column."), Pairs, ignore_rows()],
        "statistic" => vec![
            column(),
            own(
                "statistic",
                choice(
                    &["min", "max", "mean", "sum", "stdev", "median", "distinct_count", "distinct_ratio", "non_null_ratio"],
                    "Which number: `min`, `max`, `mean`, `sum`, `stdev` (of the sample), `median`, `distinct_count`, `distinct_ratio` or `non_null_ratio`.",
                )
                .required(),
            ),
            Bounds,
            no_data(),
        ],
        "quantile" => vec![column(), own("quantiles", quantiles().required()), own("method", quantile_method()), no_data()],
        "distinct_set" => vec![
            column(),
            own("mode", choice(&["in", "contain", "equal"], "How they compare: the column has no other values (`in`), has all of them (`contain`), or both (`equal`).").required()),
            Values,
        ],
        "most_common" => vec![column(), Values, flag("ties_ok", "Whether one of several equally frequent values suffices.")],
        "distribution" => vec![
            column(),
            Expected,
            own("threshold", number("The divergence, in nats, is at most this. Without it, it is only observed.").optional()),
            own("tail_weight_holdout", number("The weight shared by values that were not expected or lie outside of the bins.").optional()),
            own("internal_weight_holdout", number("The weight shared by bins that were expected to be empty.").optional()),
        ],
        "row_count" | "column_count" => whole_interval(),
        "row_count_equals" => vec![own(
            "table",
            filled("The other table, `PROJECT.DATASET.TABLE`: write `headwater_bigquery_table.NAME.sql_name`.").required(),
        )],
        "columns" => vec![
            own(
                "names",
                Attribute::list(Type::String).required().validate(validate::size(1..)).describe("Their names."),
            ),
            own("mode", choice(&["ordered", "exact", "contain"], "How the lists compare: the same in the same order (`ordered`), the same (`exact`), at least these (`contain`).").default("exact")),
        ],
        "column_exists" => vec![
            column(),
            own(
                "position",
                number("Its position, from 0.").optional().validate(validate::whole_number()).validate(validate::range(0..)),
            ),
        ],
        "type" => vec![
            column(),
            own(
                "types",
                Attribute::list(Type::String).required().validate(validate::size(1..)).describe("The types, one of which it must have, such as `INT64`."),
            ),
        ],
        "sql_rows" => vec![own("query", filled("One SELECT that finds wrong rows; `{batch}` is the table.").required())],
        "sql_equals" => vec![
            own("query", filled("One SELECT; `{batch}` is the table.").required()),
            own("other_source", filled("Where the other is asked: `bigquery`.").default("bigquery")),
            own("other_query", filled("The other SELECT.").required()),
        ],
        other => beyond::arguments(other),
    }
}

/// What every expectation has beside its check's arguments.
pub(super) fn shared(kind: Kind) -> Vec<(&'static str, Attribute)> {
    let mut attributes = vec![
        (
            "id",
            filled(
                "What history, alerts and Dataplex's rules hang on. Default: the kind and its columns, joined by dots.",
            )
            .optional_computed(),
        ),
        (
            "severity",
            choice(
                &["info", "warn", "error"],
                "How grave a failure is: `info`, `warn` or `error`. It decides about alerts, never about data.",
            )
            .default("error"),
        ),
    ];
    if kind == Row {
        attributes.push(("on_fail", choice(&["record", "fail", "quarantine"], "What a failure means for the data: it is recorded (`record`), the run fails (`fail`), or the failing rows are set apart (`quarantine`).").default("fail")));
        attributes.push((
            "mostly",
            number("The part of the evaluated rows that must hold, from 0 to 1.").default(1),
        ));
    } else {
        attributes.push(("on_fail", choice(&["record", "fail", "quarantine"], "What a failure means for the data: it is recorded (`record`) or the run fails (`fail`). `quarantine` sets rows apart and goes with checks of rows.").default("fail")));
    }
    if matches!(kind, Row | Aggregate) {
        attributes.push(("where", condition::attribute()));
        attributes.push((
            "nan",
            choice(
                &["value", "null"],
                "What a NaN is: a `value`, or missing (`null`), as in pandas.",
            )
            .default("value"),
        ));
    }
    attributes.extend([
        (
            "dimension",
            choice(
                &["completeness", "validity", "uniqueness", "consistency", "accuracy", "timeliness", "volume"],
                "What aspect of quality is judged: `completeness`, `validity`, `uniqueness`, `consistency`, `accuracy`, `timeliness` or `volume`. Default: the kind's own.",
            )
            .optional(),
        ),
        ("description", text("What it is for.").optional()),
        ("owner", text("Whom to ask.").optional()),
        (
            "tags",
            Attribute::list(Type::String).optional().validate(validate::size(1..)).describe("Words to find it by."),
        ),
        ("enabled", Attribute::bool().default(true).describe("Whether it is evaluated.")),
    ]);
    attributes
}

/// The attributes of an argument.
pub(super) fn written(argument: Argument) -> Vec<(&'static str, Attribute)> {
    match argument {
        Own(name, attribute) => vec![(name, *attribute)],
        Values => families::sets(),
        Bounds => families::intervals(),
        Pairs => vec![("pairs", pairs())],
        Expected => vec![("categories", categories()), ("bins", bins())],
    }
}

fn pairs() -> Attribute {
    let side = |side: &str| text(&format!("The value of `{side}`. A number is written as it is.")).required();
    let of = |side: &str| {
        choice(
            &["string", "int", "float", "bool"],
            &format!("What the value of `{side}` is: `string` (also dates and times), `int`, `float` or `bool`."),
        )
        .default("string")
    };
    Attribute::list_of([
        ("left", side("left")),
        ("right", side("right")),
        ("left_type", of("left")),
        ("right_type", of("right")),
    ])
    .required()
    .validate(validate::size(1..))
    .describe("The pairs.")
}

fn categories() -> Attribute {
    let mut attributes: Vec<_> = families::sets()
        .into_iter()
        .filter(|(family, _)| ["strings", "ints", "floats", "bools"].contains(family))
        .collect();
    attributes.push((
        "weights",
        weights("Their weights, in the same order, which add up to 1."),
    ));
    Attribute::object(attributes)
        .optional()
        .describe("The weights of values.")
}

pub(super) fn bins() -> Attribute {
    Attribute::object([
        ("edges", weights("The edges, rising, one more than there are weights.")),
        (
            "weights",
            weights("The weights of the bins between them; with the tails they add up to 1."),
        ),
        (
            "tail_weights",
            Attribute::list(Type::Number)
                .optional()
                .validate(validate::size(2..=2))
                .describe("The weights below the first and above the last edge."),
        ),
    ])
    .optional()
    .describe("The weights of intervals.")
}

fn weights(what: &str) -> Attribute {
    Attribute::list(Type::Number)
        .required()
        .validate(validate::size(1..))
        .describe(what.to_owned())
}

fn quantiles() -> Attribute {
    Attribute::list_of([
        ("p", number("Which quantile, from 0 to 1.").required()),
        ("min", number("The least value.").optional()),
        ("max", number("The greatest value.").optional()),
    ])
    .validate(validate::size(1..))
    .describe("The quantiles and their intervals.")
}

fn quantile_method() -> Attribute {
    choice(
        &["discrete", "linear", "lower", "higher", "nearest", "midpoint"],
        "Which value a quantile is when it lies between two: `discrete` (PERCENTILE_DISC), `linear` (PERCENTILE_CONT), `lower`, `higher`, `nearest` or `midpoint`.",
    )
    .default("discrete")
}

fn text(what: &str) -> Attribute {
    Attribute::string().describe(what.to_owned())
}

pub(super) fn filled(what: &str) -> Attribute {
    text(what).validate(validate::length(1..))
}

pub(super) fn number(what: &str) -> Attribute {
    Attribute::number().describe(what.to_owned())
}

pub(super) fn choice(choices: &[&'static str], what: &str) -> Attribute {
    text(what).validate(validate::one_of(choices.iter().copied()))
}

pub(super) fn own(name: &'static str, attribute: Attribute) -> Argument {
    Own(name, Box::new(attribute))
}

fn named(name: &'static str, what: &str) -> Argument {
    own(name, filled(what).required())
}

pub(super) fn column() -> Argument {
    named("column", "The column.")
}

pub(super) fn columns(least: usize) -> Argument {
    let columns = Attribute::list(Type::String).required();
    own(
        "columns",
        columns
            .validate(validate::size(least..))
            .validate(validate::unique())
            .describe("The columns."),
    )
}

fn flag(name: &'static str, what: &str) -> Argument {
    own(name, Attribute::bool().default(false).describe(what.to_owned()))
}

fn as_text() -> Argument {
    flag(
        "as_text",
        "Whether numbers and times are taken as the text that Python writes for them; otherwise such a column is an error.",
    )
}

fn patterns(what: &str) -> Argument {
    let patterns = Attribute::list(Type::String).required();
    own(
        "patterns",
        patterns.validate(validate::size(1..)).describe(what.to_owned()),
    )
}

fn match_on() -> Argument {
    own(
        "match_on",
        choice(
            &["any", "all"],
            "Of several patterns, how many count: `any` of them or `all`.",
        )
        .default("any"),
    )
}

pub(super) fn ignore_rows() -> Argument {
    own(
        "ignore_rows",
        choice(
            &["any_missing", "all_missing", "never"],
            "Which rows are left out: those in which a value is missing (`any_missing`), those in which all are (`all_missing`), or none (`never`).",
        )
        .default("any_missing"),
    )
}

pub(super) fn no_data() -> Argument {
    own(
        "no_data",
        choice(
            &["error", "fail", "zero"],
            "What it is over no values: not to be evaluated (`error`), a failure (`fail`), or 0 where that makes sense (`zero`).",
        )
        .default("error"),
    )
}

fn whole_interval() -> Vec<Argument> {
    let end = |what: &str| {
        number(what)
            .optional()
            .validate(validate::whole_number())
            .validate(validate::range(0..))
    };
    let ends = families::interval(end("The least number."), end("The greatest number."));
    ends.into_iter().map(|(name, attribute)| own(name, attribute)).collect()
}
