//! Rows judged one by one: of each expectation the condition that a row is against it, for a query that asks what a gate would say
//! of rows which stand in a table.
//!
//! The conditions are about `t`, the rows and whatever else they are to be compared with: uniqueness is counted over all of it.

use arrow::datatypes::SchemaRef;

use super::query::Builder;
use super::schema::Field;
use super::scope::Scope;
use super::{no_column, rows, spread};
use crate::engine::{Kind, Reason, keys};
use crate::suite::{Check, Condition, Expectation, IgnoreRows, Kind as CheckKind, OnFail, Suite, Unique};

/// What a suite demands of single rows.
pub struct RowChecks {
    /// Each demand, in the suite's order.
    pub checks: Vec<RowCheck>,
    query: Builder,
}

/// One demand.
#[derive(Debug)]
pub struct RowCheck {
    /// The expectation.
    pub id: String,
    /// The condition that a row of `t` is against it, never NULL; or why BigQuery cannot say.
    pub against: Result<String, Reason>,
    /// Whether a row cannot be judged without the others.
    pub needs_all: bool,
}

impl RowChecks {
    /// Of a suite over these columns: the checks of rows that keep a row out. What is only recorded keeps none out, and what
    /// `fail` demands of a part of the rows is not asked of one.
    #[must_use]
    pub fn new(suite: &Suite, columns: &SchemaRef) -> Self {
        let fields = Field::all(columns);
        let mut query = Builder::default();
        let keeps_out = |expectation: &&Expectation| match expectation.on_fail {
            OnFail::Record => false,
            OnFail::Fail => expectation.mostly >= 1.0,
            OnFail::Quarantine => true,
        };
        let asked = suite.expectations.iter().filter(|expectation| {
            expectation.enabled && expectation.check.kind() == CheckKind::Row && keeps_out(expectation)
        });
        let checks = asked
            .map(|expectation| RowCheck {
                id: expectation.identity(),
                against: against(expectation, &fields, &mut query),
                needs_all: needs_all(&expectation.check),
            })
            .collect();
        Self { checks, query }
    }

    /// The columns that the conditions read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.query.columns()
    }

    /// What has to stand behind `t` in the WITH clause, each table behind a comma.
    #[must_use]
    pub fn tables(&self) -> String {
        self.query.tables()
    }

    /// What stands behind FROM: `t`, and the numbers that rows are compared with.
    #[must_use]
    pub fn from(&self) -> String {
        let sides = (0..self.query.sides()).map(|i| format!(" CROSS JOIN s{i}"));
        std::iter::once("t".to_owned()).chain(sides).collect()
    }
}

const fn needs_all(check: &Check) -> bool {
    matches!(check, Check::Unique(_) | Check::ZScore(_) | Check::NotOutlier(_))
}

fn against(expectation: &Expectation, fields: &[Field], query: &mut Builder) -> Result<String, Reason> {
    let scope = Scope {
        fields,
        nan: expectation.nan,
    };
    let check = &expectation.check;
    if let Some(missing) = check.columns().into_iter().find(|c| scope.field(c).is_err()) {
        return Err(no_column(missing));
    }
    let meant = match &expectation.row_condition {
        Some(condition) => scope.condition(condition)?,
        None => "TRUE".into(),
    };
    let condition = match check {
        Check::Unique(c) => twice(c, &scope, &meant)?,
        other => {
            let checked = match other {
                Check::ZScore(c) => Some(spread::z_score(c, &scope, &meant, query)?),
                Check::NotOutlier(c) => Some(spread::outlier(c, &scope, &meant, query)?),
                other => rows::of(other, &scope)?,
            };
            let checked = checked.ok_or_else(|| {
                let name = other.name();
                Reason::new("unsupported", format!("{name} is not evaluated in BigQuery"))
            })?;
            format!("{meant} AND {} AND NOT IFNULL({}, FALSE)", checked.judged, checked.good)
        }
    };
    query.reads(check.columns());
    query.reads(expectation.row_condition.iter().flat_map(Condition::columns));
    Ok(format!("IFNULL({condition}, FALSE)"))
}

/// That another row has the same values. A missing value equals a missing value, also one that is a NaN.
fn twice(check: &Unique, scope: &Scope<'_>, meant: &str) -> Result<String, Reason> {
    let fields = check.columns.iter().map(|c| scope.field(c));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    for field in &fields {
        keys::comparable(&field.kind)?;
    }
    let ignore = match fields.as_slice() {
        [_] => IgnoreRows::AnyMissing,
        _ => check.ignore_rows,
    };
    let judged = format!("({meant} AND {})", scope.complete(&fields, ignore));
    let values: Vec<String> = fields
        .iter()
        .map(|field| match field.kind {
            // Windows are not made by floating-point numbers; adding nothing makes one zero of both.
            Kind::Float => format!("CAST({} + 0.0 AS STRING)", scope.or_null(field)),
            _ => scope.or_null(field),
        })
        .collect();
    Ok(format!(
        "{judged} AND COUNTIF({judged}) OVER (PARTITION BY {}) > 1",
        values.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::schema;
    use super::*;
    use crate::suite::API_VERSION;

    fn checks(expectations: &Value) -> RowChecks {
        let suite = json!({"api_version": API_VERSION, "name": "s", "expectations": expectations});
        let suite = Suite::from_json(suite.to_string().as_bytes()).expect("a suite");
        let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
        let fields = [field("id", "INTEGER"), field("name", "STRING"), field("score", "FLOAT")];
        RowChecks::new(&suite, &schema(&json!({ "fields": fields })))
    }

    #[test]
    fn what_keeps_rows_out_is_asked_of_each() {
        let found = checks(&json!([
            {"check": {"not_null": {"column": "name"}}, "on_fail": "quarantine", "mostly": 0.5},
            {"check": {"not_null": {"column": "id"}}, "mostly": 0.5},
            {"check": {"not_null": {"column": "score"}}, "on_fail": "record"},
            {"check": {"row_count": {"min": 1}}},
            {"check": {"unique": {"columns": ["score"]}}},
            {"check": {"ordered": {"column": "id", "direction": "increasing"}}},
            {"check": {"not_null": {"column": "absent"}}},
            {"check": {"z_score": {"column": "score", "threshold": 3.0, "double_sided": true}}, "on_fail": "quarantine"},
        ]));
        let said: Vec<(&str, bool, Result<(), &str>)> = found
            .checks
            .iter()
            .map(|c| {
                (
                    c.id.as_str(),
                    c.needs_all,
                    c.against.as_ref().map(drop).map_err(|r| r.code),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("not_null.name", false, Ok(())),
                ("unique.score", true, Ok(())),
                ("ordered.id", false, Err("unsupported")),
                ("not_null.absent", false, Err("missing_column")),
                ("z_score.score", true, Ok(())),
            ]
        );
        assert_eq!(found.columns().collect::<Vec<_>>(), ["name", "score"]);
        assert_eq!(found.from(), "t CROSS JOIN s0");
        let unique = found.checks[1].against.as_ref().expect("a condition");
        assert!(
            unique.contains("PARTITION BY CAST(t.`score` + 0.0 AS STRING)"),
            "{unique}"
        );
    }
}
