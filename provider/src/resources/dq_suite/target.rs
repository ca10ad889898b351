//! The table that is judged: its columns as BigQuery tells them, and whether expectations fit them.

use headwater_cloud::{Cloud, Document, OptionalExt as _, TableRef};
use headwater_suite::{Bounds, Check, Condition, Expectation, Metric, StatisticKind, Values};
use tfplugin_framework::{Diagnostic, Diagnostics, Path, nearest};

use super::check::Known;
use crate::problems::Explain as _;

/// What is judged.
pub(super) struct Target {
    columns: Vec<Column>,
    /// The column by which it is partitioned, when a query must filter by it.
    pub required_filter: Option<String>,
    pub location: Option<String>,
    pub schema: Document,
    /// `TABLE`, `VIEW` and so on.
    pub kind: String,
}

pub(super) struct Column {
    pub name: String,
    /// Its type in GoogleSQL; `ARRAY` of a repeated one.
    pub data_type: String,
}

pub(super) const NUMBERS: [&str; 4] = ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"];
const TIMES: [&str; 3] = ["DATE", "DATETIME", "TIMESTAMP"];

/// The table, when it is there.
pub(super) async fn read(cloud: &Cloud, table: &TableRef) -> Result<Option<Target>, Diagnostic> {
    let found = cloud.bigquery().get_table(table).await.optional();
    let found = found.explain_at("table", format!("cannot read the table `{table}`"))?;
    Ok(found.map(|document| Target::of(&document)))
}

impl Target {
    pub fn of(document: &Document) -> Self {
        let fields = document["schema"]["fields"].as_array().into_iter().flatten();
        let columns = fields.map(|field| Column {
            name: field["name"].as_str().unwrap_or_default().to_owned(),
            data_type: if field["mode"].as_str() == Some("REPEATED") {
                "ARRAY".to_owned()
            } else {
                googlesql(field["type"].as_str().unwrap_or_default()).to_owned()
            },
        });
        let partitioning = &document["timePartitioning"];
        let required = [
            &document["requirePartitionFilter"],
            &partitioning["requirePartitionFilter"],
        ];
        let by = partitioning["field"]
            .as_str()
            .or_else(|| document["rangePartitioning"]["field"].as_str());
        Self {
            columns: columns.collect(),
            schema: document["schema"].clone(),
            location: document["location"].as_str().map(str::to_owned),
            kind: document["type"].as_str().unwrap_or("TABLE").to_owned(),
            required_filter: required
                .iter()
                .any(|required| required.as_bool() == Some(true))
                .then(|| by.unwrap_or("_PARTITIONTIME").to_owned()),
        }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The type of a column in GoogleSQL; `ARRAY` of a repeated one.
    pub fn type_of(&self, name: &str) -> Option<&str> {
        self.column(name).map(|column| column.data_type.as_str())
    }

    /// What does not fit.
    pub fn check(&self, known: &Known<'_>) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let columns = known.expectation.check.columns();
        let may_be_absent = matches!(known.expectation.check, Check::ColumnExists(_));
        for (place, name) in places(&known.expectation.check, &columns) {
            match self.column(name) {
                None if may_be_absent => {}
                None => problems.push(self.unknown(known.at(&place), name)),
                Some(column) => problems.extend(fits(known, &place, column).into_iter().collect()),
            }
        }
        if let Some(condition) = &known.expectation.row_condition {
            self.check_condition(&known.at("where"), condition, &mut problems);
        }
        problems
    }

    fn check_condition(&self, at: &Path, condition: &Condition, problems: &mut Diagnostics) {
        let (name, values) = match condition {
            Condition::All(all) | Condition::Any(all) => {
                for one in all {
                    self.check_condition(at, one, problems);
                }
                return;
            }
            Condition::Compare(c) => (&c.column, Some(&c.value)),
            Condition::In(c) => (&c.column, Some(&c.values)),
            Condition::IsNull(c) => (&c.column, None),
        };
        let Some(column) = self.column(name) else {
            problems.push(self.unknown(at.clone(), name));
            return;
        };
        if let Some(family) = values.and_then(family_of_values)
            && !holds(family, &column.data_type)
        {
            problems.push(mismatch(at.clone(), family, column));
        }
    }

    pub fn unknown(&self, at: Path, name: &str) -> Diagnostic {
        self.without(at, "the table", name)
    }

    /// That a table has no such column.
    pub fn without(&self, at: Path, table: &str, name: &str) -> Diagnostic {
        let names = self.columns.iter().map(|column| column.name.as_str());
        let hint = match nearest(name, names.clone()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!(
                "It has {}.",
                names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        Diagnostic::invalid(at, format!("{table} has no column `{name}`")).hint(hint)
    }
}

/// Where a check names its columns.
fn places<'a>(check: &Check, columns: &[&'a str]) -> Vec<(String, &'a str)> {
    let list = matches!(
        check,
        Check::Unique(_)
            | Check::DistinctWithinRow(_)
            | Check::EqualWithinRow(_)
            | Check::RowSum(_)
            | Check::ForeignKey(_)
            | Check::Reconcile(_)
    );
    // Of these the columns come first, and then the keys.
    let before_keys = match check {
        Check::Reconcile(c) => c.columns.len(),
        _ => columns.len(),
    };
    let pair = matches!(check, Check::Compare(_) | Check::PairInSet(_));
    let place = |index: usize| match index {
        index if index >= before_keys => format!("keys[{}]", index - before_keys),
        index if list => format!("columns[{index}]"),
        0 if pair => "left".to_owned(),
        _ if pair => "right".to_owned(),
        _ => "column".to_owned(),
    };
    columns
        .iter()
        .enumerate()
        .map(|(index, name)| (place(index), *name))
        .collect()
}

/// The type's name in GoogleSQL.
fn googlesql(api: &str) -> &str {
    match api {
        "INTEGER" => "INT64",
        "FLOAT" => "FLOAT64",
        "BOOLEAN" => "BOOL",
        "RECORD" => "STRUCT",
        other => other,
    }
}

/// What types a check can judge: a name for them, and the types.
fn wanted(expectation: &Expectation) -> Option<(&'static str, Vec<&'static str>)> {
    let numbers = || Some(("numbers", NUMBERS.to_vec()));
    let text = |as_text: bool| (!as_text).then(|| ("text", vec!["STRING"]));
    match &expectation.check {
        Check::Matches(c) | Check::NotMatches(c) => text(c.as_text),
        Check::Length(c) => text(c.as_text),
        Check::Like(_) | Check::NotLike(_) | Check::TimeFormat(_) | Check::Json(_) => text(false),
        Check::RowSum(_) | Check::ZScore(_) | Check::NotOutlier(_) | Check::Quantile(_) => numbers(),
        Check::Statistic(c) => match c.statistic {
            StatisticKind::Mean | StatisticKind::Sum | StatisticKind::Stdev | StatisticKind::Median => numbers(),
            _ => None,
        },
        Check::Distribution(c) => match c.expected {
            headwater_suite::Partition::Bins(_) => numbers(),
            headwater_suite::Partition::Categories(_) => None,
        },
        Check::Freshness(_) => Some(("days and timestamps", TIMES.to_vec())),
        Check::Anomaly(c) => match c.metric {
            Metric::RowCount | Metric::DistinctCount | Metric::DistinctRatio | Metric::NonNullRatio => None,
            _ => numbers(),
        },
        Check::Ordered(_) => Some((
            "values with an order",
            NUMBERS
                .iter()
                .chain(&TIMES)
                .copied()
                .chain(["STRING", "TIME"])
                .collect(),
        )),
        _ => None,
    }
}

/// Whether a column is of a type that the check can judge, and its literals of the column's.
fn fits(known: &Known<'_>, place: &str, column: &Column) -> Option<Diagnostic> {
    if let Some((what, types)) = wanted(known.expectation)
        && !types.contains(&column.data_type.as_str())
    {
        let kind = known.placed.kind;
        return Some(
            Diagnostic::invalid(
                known.at(place),
                format!(
                    "`{kind}` judges {what}, and `{}` is of type {}",
                    column.name, column.data_type
                ),
            )
            .hint(format!("Use it for a column of type {}.", types.join(", "))),
        );
    }
    let (attribute, family) = match &known.expectation.check {
        Check::InSet(c) | Check::NotInSet(c) => ("values", family_of_values(&c.values)?),
        Check::DistinctSet(c) => ("values", family_of_values(&c.values)?),
        Check::MostCommon(c) => ("values", family_of_values(&c.values)?),
        Check::Between(c) => ("bounds", family_of_bounds(&c.bounds)?),
        Check::Statistic(c) => match c.statistic {
            StatisticKind::Min | StatisticKind::Max => ("bounds", family_of_bounds(&c.bounds)?),
            _ => return None,
        },
        _ => return None,
    };
    (!holds(family, &column.data_type)).then(|| mismatch(known.at(attribute), family, column))
}

fn mismatch(at: Path, family: &str, column: &Column) -> Diagnostic {
    let right: Vec<String> = [
        "ints",
        "floats",
        "decimals",
        "strings",
        "bools",
        "dates",
        "times",
        "timestamps",
    ]
    .iter()
    .filter(|family| holds(family, &column.data_type))
    .map(|family| format!("`{family}`"))
    .collect();
    let hint = if right.is_empty() {
        "Values of that type cannot be compared here: judge them by `sql_rows`.".to_owned()
    } else {
        format!("Write the values as {}.", right.join(" or "))
    };
    Diagnostic::invalid(
        at,
        format!(
            "`{}` is of type {}, which holds no {family}",
            column.name, column.data_type
        ),
    )
    .hint(hint)
}

/// Whether a type holds values of a family.
fn holds(family: &str, data_type: &str) -> bool {
    match family {
        "ints" | "floats" | "decimals" => NUMBERS.contains(&data_type),
        "strings" => data_type == "STRING",
        "bools" => data_type == "BOOL",
        "dates" | "timestamps" => TIMES.contains(&data_type),
        "times" => data_type == "TIME",
        _ => true,
    }
}

const fn family_of_values(values: &Values) -> Option<&'static str> {
    Some(match values {
        Values::Ints(_) => "ints",
        Values::Floats(_) => "floats",
        Values::Decimals(_) => "decimals",
        Values::Strings(_) => "strings",
        Values::Bools(_) => "bools",
        Values::Dates(_) => "dates",
        Values::Times(_) => "times",
        Values::Timestamps(_) => "timestamps",
        Values::Any(_) => return None,
    })
}

const fn family_of_bounds(bounds: &Bounds) -> Option<&'static str> {
    Some(match bounds {
        Bounds::Ints(_) => "ints",
        Bounds::Floats(_) => "floats",
        Bounds::Decimals(_) => "decimals",
        Bounds::Strings(_) => "strings",
        Bounds::Dates(_) => "dates",
        Bounds::Times(_) => "times",
        Bounds::Timestamps(_) => "timestamps",
        Bounds::Any(_) => return None,
    })
}
