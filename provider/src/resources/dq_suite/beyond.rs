//! The kinds that look beyond the rows of one table: at other tables, the clock, the runs before, and SQL of the user's. How their
//! arguments are written, what to do about wrong ones, and what BigQuery is asked of their SQL.

use headwater_suite::Check;
use tfplugin_framework::{Attribute, Type, validate};

use super::families;
use super::kinds::{Argument, choice, column, columns, filled, ignore_rows, no_data, number, own};

/// What a check of such a kind takes.
pub(super) fn arguments(kind: &str) -> Vec<Argument> {
    match kind {
        "foreign_key" => vec![columns(1), own("references", references()), ignore_rows()],
        "sql_condition" => vec![own(
            "condition",
            filled("A BOOL in GoogleSQL over the row's columns, such as `price <= list_price`. A row for which it is NULL does not satisfy it, as in Dataplex.").required(),
        )],
        "freshness" => vec![
            column(),
            own(
                "max_age",
                filled("How old the newest value may be when the suite runs, such as `6h`, `90m` or `2d`. A DATETIME is taken as UTC; a DATE is as old as its end.").required(),
            ),
            own(
                "max_ahead",
                filled("How far in the future the newest value may lie, such as `5m`. Without it, anywhere. A DATE counts as its beginning.").optional(),
            ),
            no_data(),
        ],
        "anomaly" => anomaly(),
        "reconcile" => vec![
            own("with", counterpart()),
            own("columns", names("The columns whose values must be the same in both, in any order of the rows. Without them, only rows or keys are counted.")),
            own("keys", names("The columns by which a row is found in both tables: then keys are told that are missing on either side, or whose values differ.")),
            own(
                "count_tolerance",
                number("By which part of the other table's rows the counts may differ, and with `keys` how many of these may be missing, from 0 to 1.").default(0),
            ),
        ],
        "sql_aggregate" => {
            let mut arguments = vec![own(
                "expression",
                filled("An aggregate in GoogleSQL over the rows, such as `SUM(price) / COUNT(DISTINCT customer)`.").required(),
            )];
            let end = |what: &str| number(what).optional();
            let ends = families::interval(end("The least number."), end("The greatest number."));
            arguments.extend(ends.into_iter().map(|(name, attribute)| own(name, attribute)));
            arguments.push(no_data());
            arguments
        }
        "schema_change" => vec![
            own(
                "allow",
                Attribute::list(Type::String)
                    .optional()
                    .validate(validate::size(1..))
                    .validate(validate::unique())
                    .validate(validate::each(validate::one_of(["add", "remove", "type", "mode"])))
                    .describe("The changes that are no failure: columns that are new (`add`) or gone (`remove`), and columns of another type (`type`) or mode (`mode`)."),
            ),
            own("baseline", baseline()),
        ],
        _ => Vec::new(),
    }
}

fn anomaly() -> Vec<Argument> {
    let metrics = [
        "row_count",
        "min",
        "max",
        "mean",
        "sum",
        "stdev",
        "median",
        "distinct_count",
        "distinct_ratio",
        "non_null_ratio",
    ];
    vec![
        own(
            "metric",
            choice(
                &metrics,
                "Which number: `row_count`, or of a column `min`, `max`, `mean`, `sum`, `stdev`, `median`, `distinct_count`, `distinct_ratio` or `non_null_ratio`.",
            )
            .required(),
        ),
        own("column", filled("Of which column; none for `row_count`.").optional()),
        own(
            "method",
            choice(
                &["relative_change", "robust_z"],
                "How the distance from the median of the runs before is measured: as a part of it (`relative_change`), or in units of how much they vary (`robust_z`), by their median distance from it.",
            )
            .default("robust_z"),
        ),
        own(
            "threshold",
            number("How far is too far: 0.5 is half as much more or less by `relative_change`; 3.5 is usual for `robust_z`.").required(),
        ),
        own(
            "history",
            filled("How far back runs count, such as `28d`. Runs in which the number was an anomaly do not count.").default("28d"),
        ),
        own(
            "min_points",
            number("With fewer runs before it, nothing is compared and the expectation passes; at least 3.")
                .default(7)
                .validate(validate::whole_number())
                .validate(validate::range(0..=1_000_000)),
        ),
        own(
            "group_by",
            choice(
                &["none", "day_of_week"],
                "Which runs are compared: all (`none`), or those of the same day of the week in UTC (`day_of_week`).",
            )
            .default("none"),
        ),
    ]
}

fn references() -> Attribute {
    Attribute::object([
        ("table", other_table().required()),
        (
            "columns",
            Attribute::list(Type::String)
                .required()
                .validate(validate::size(1..))
                .describe("Its columns, in the order of the key's."),
        ),
    ])
    .required()
    .describe("Where each key must exist.")
}

fn counterpart() -> Attribute {
    Attribute::object([
        ("table", other_table().required()),
        (
            "filter",
            filled("A condition in GoogleSQL, without the word WHERE, on its rows.").optional(),
        ),
    ])
    .required()
    .describe("The other table.")
}

fn other_table() -> Attribute {
    filled("The other table, `PROJECT.DATASET.TABLE`: write `headwater_bigquery_table.NAME.sql_name`.")
}

fn names(what: &str) -> Attribute {
    Attribute::list(Type::String)
        .optional()
        .validate(validate::size(1..))
        .validate(validate::unique())
        .describe(what.to_owned())
}

fn baseline() -> Attribute {
    Attribute::list_of([
        (
            "name",
            filled("Its name; of one within a STRUCT the path, such as `address.city`.").required(),
        ),
        ("type", filled("Its type in GoogleSQL, such as `INT64`.").required()),
        (
            "mode",
            choice(&["NULLABLE", "REQUIRED", "REPEATED"], "Its mode: `NULLABLE`, `REQUIRED` or `REPEATED`.")
                .default("NULLABLE"),
        ),
    ])
    .optional()
    .validate(validate::size(1..))
    .describe("The columns that are expected. Without it, those that the last run has recorded; the first run records them and passes.")
}

/// What to do about a wrong attribute of such a kind.
pub(super) fn remedy(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "on_fail" => "Use `record` or `fail`.",
        "max_age" | "max_ahead" | "history" => "Write a length of time such as `90m`, `6h` or `28d`.",
        "threshold" => "Give a number above 0, such as 0.5 for `relative_change` or 3.5 for `robust_z`.",
        "min_points" => "Give at least 3.",
        "column" => "Set `column` for a number of a column, and leave it out for `row_count`.",
        "references" => "Name a table, and as many of its columns as there are in `columns`.",
        "with" => "Name a table, and a `filter` only if there is one.",
        "keys" | "allow" => "Name each once.",
        "baseline" => "Name each column once, with its type; within a STRUCT by its path.",
        "count_tolerance" => "Give a part from 0 to 1, and `keys` where values are compared as well.",
        "condition" => "Write a condition such as `price >= 0`.",
        "expression" => "Write an aggregate such as `SUM(price)`.",
        _ => return None,
    })
}

/// What BigQuery is asked about the SQL of a check over a source: where it stands, what the user wrote, and the query.
pub(super) fn queries<'a>(check: &'a Check, source: &str) -> Vec<(&'static str, &'a str, String)> {
    match check {
        Check::SqlCondition(c) => {
            let sql = format!("SELECT 1 FROM {source} WHERE ({}\n)", c.condition);
            vec![("condition", c.condition.as_str(), sql)]
        }
        Check::SqlAggregate(c) => {
            let sql = format!("SELECT CAST(({}\n) AS FLOAT64), COUNT(*) FROM {source}", c.expression);
            vec![("expression", c.expression.as_str(), sql)]
        }
        Check::Reconcile(c) => {
            let filter = c.with.filter.iter();
            let table = c.with.table.replace('`', "");
            filter
                .map(|filter| {
                    let sql = format!("SELECT 1 FROM `{table}` WHERE {filter}");
                    ("with.filter", filter.as_str(), sql)
                })
                .collect()
        }
        _ => Vec::new(),
    }
}
