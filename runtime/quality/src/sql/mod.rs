//! Push-down: a suite as one query of GoogleSQL over a table in BigQuery, and what the query's one row says.
//!
//! The verdicts are those of the engine over batches: literals are bound to columns by the same code, and conclusions are drawn
//! by the same code. The table is read once, and only the columns that are asked for. What BigQuery cannot say, such as the order
//! of rows, is an expectation that could not be evaluated, with its reason. Everything is exact, quantiles and uniqueness too.
//!
//! Nothing here reads or writes: a query is text, an answer is JSON. A table that the query reads twice, row by row and grouped, is
//! billed once: BigQuery bills a query for the columns that it names, not for how often.

mod aggregates;
mod conclude;
mod constant;
mod each_row;
mod groups;
mod other;
mod own;
pub(crate) mod parts;
mod query;
mod regex;
mod rows;
mod schema;
mod scope;
mod spread;
mod times;

#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use serde_json::Value;

pub use each_row::{RowCheck, RowChecks};
pub use schema::schema;
pub(crate) use schema::{cell, field, identifier, shown, whole};

use crate::engine::derived::{self, Derived};
use crate::engine::{Context, Reason, Said, SuiteResult, keys, schema_change, shape};
use crate::mask::Mask;
use crate::suite::{Check, Condition, Expectation, IgnoreRows, Suite, TypeNames, Unique};
use aggregates::{Answer, Reader};
use query::Builder;
use schema::Field;
use scope::Scope;

/// So many rows that do not satisfy a check are shown.
const SAMPLES: usize = 20;

/// Which values of the data a query asks for, to be shown.
#[derive(Debug, Clone)]
pub struct Show {
    /// By these columns the rows that are shown are found again. Columns that the table does not have are left out.
    pub keys: Vec<String>,
    /// How many wrong values of an expectation, at most 20.
    pub samples: usize,
    /// Columns whose values are not asked for.
    pub hidden: Mask,
}

impl Default for Show {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            samples: SAMPLES,
            hidden: Mask::default(),
        }
    }
}

/// A suite that is to be pushed down.
pub struct Pushdown<'a> {
    suite: &'a Suite,
    asked: Vec<Asked>,
    query: Builder,
    table: String,
}

/// What becomes of an expectation.
enum Asked {
    /// It is not asked for.
    Skipped,
    /// It cannot be evaluated.
    Failed(Reason),
    /// The schema has decided it.
    Decided(Said),
    /// The query counts rows, and shows some of them as cells of these kinds.
    Rows(conclude::Shown),
    /// The query returns numbers.
    Aggregate(Reader),
}

impl<'a> Pushdown<'a> {
    /// Of a suite over a table, whose name is given as it stands in SQL: `` `project.dataset.table` ``.
    #[must_use]
    pub fn new(suite: &'a Suite, columns: &SchemaRef, table: &str, context: &Context) -> Self {
        Self::showing(suite, columns, table, &Show::default(), context)
    }

    /// The same; samples of rows bring these columns along, by which the rows are found again. Columns that the table does not
    /// have are left out.
    #[must_use]
    pub fn with_keys(suite: &'a Suite, columns: &SchemaRef, table: &str, keys: &[String], context: &Context) -> Self {
        let show = Show {
            keys: keys.to_vec(),
            ..Show::default()
        };
        Self::showing(suite, columns, table, &show, context)
    }

    /// The same, with the values that are to be shown.
    #[must_use]
    pub fn showing(suite: &'a Suite, columns: &SchemaRef, table: &str, show: &Show, context: &Context) -> Self {
        let fields = Field::all(columns);
        let judged = Judged {
            columns,
            fields: &fields,
            table,
            context,
        };
        let mut query = Builder::default();
        query.keys = fields
            .iter()
            .filter(|field| show.keys.contains(&field.name) && !show.hidden.hides(&field.name))
            .cloned()
            .collect();
        query.samples = show.samples.min(SAMPLES);
        query.hidden = show.hidden.clone();
        let mut asked = Vec::with_capacity(suite.expectations.len());
        for (at, expectation) in suite.expectations.iter().enumerate() {
            asked.push(if expectation.enabled {
                ask(at, expectation, &judged, &mut query).unwrap_or_else(Asked::Failed)
            } else {
                Asked::Skipped
            });
        }
        Self {
            suite,
            asked,
            query,
            table: table.to_owned(),
        }
    }

    /// The same without samples: the answer holds counts and aggregates, and no row's values.
    #[must_use]
    pub(crate) fn counts(suite: &'a Suite, columns: &SchemaRef, table: &str) -> Self {
        // What looks back is no rule of Dataplex, for which alone it is counted so.
        let mut pushdown = Self::new(suite, columns, table, &Context::default());
        pushdown.query.leave_out_samples();
        pushdown
    }

    /// Why expectations cannot be evaluated, as far as that is known before a row is read.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Reason> {
        self.asked.iter().filter_map(|asked| match asked {
            Asked::Failed(reason) => Some(reason),
            _ => None,
        })
    }

    /// The query. It returns one row.
    #[must_use]
    pub fn sql(&self) -> String {
        self.query.finish(&self.table)
    }

    /// Why nothing was answered: what becomes of the expectations that the query was to judge.
    #[must_use]
    pub fn unanswered(&self, message: &str) -> SuiteResult {
        let refused = |asked: &Asked| match asked {
            Asked::Aggregate(_) | Asked::Rows(_) => Some(Reason::new("sql_error", message.to_owned())),
            Asked::Skipped | Asked::Failed(_) | Asked::Decided(_) => None,
        };
        let mut result = conclude::suite(self.suite, &self.asked, &self.query.answers(&[], self.asked.len()), &[]);
        for (result, asked) in result.results.iter_mut().zip(&self.asked) {
            if let Some(reason) = refused(asked) {
                result.reason = Some(reason);
            }
        }
        result
    }

    /// What the query's row says: its cells in their order, as BigQuery's REST API writes them.
    #[must_use]
    pub fn conclude(&self, row: &[Value]) -> SuiteResult {
        let answers = self.query.answers(row, self.asked.len());
        conclude::suite(self.suite, &self.asked, &answers, &self.query.keys)
    }
}

/// What is judged, and what is known beside it.
struct Judged<'a> {
    columns: &'a SchemaRef,
    fields: &'a [Field],
    table: &'a str,
    context: &'a Context,
}

fn ask(at: usize, expectation: &Expectation, judged: &Judged<'_>, query: &mut Builder) -> Result<Asked, Reason> {
    let check = &expectation.check;
    if let Some(said) = shape::check(check, judged.columns) {
        return said.map(Asked::Decided);
    }
    if let Check::SchemaChange(c) = check {
        return schema_change::judge(c, &expectation.identity(), judged.columns, judged.context).map(Asked::Decided);
    }
    let scope = Scope {
        fields: judged.fields,
        nan: expectation.nan,
    };
    let meant = match &expectation.row_condition {
        Some(condition) => scope.condition(condition)?,
        None => "TRUE".into(),
    };
    let kind = |name: &str| scope.field(name).map(|field| field.kind.clone());
    let asked = match derived::of(expectation, judged.context, &kind)? {
        Some(Derived { asked, judge }) => match asks(at, &asked, &scope, &meant, judged, query)? {
            Asked::Aggregate(reader) => Asked::Aggregate(Box::new(move |answer: &Answer| judge(reader(answer)?))),
            other => other,
        },
        None => asks(at, check, &scope, &meant, judged, query)?,
    };
    query.reads(check.columns());
    query.reads(expectation.row_condition.iter().flat_map(Condition::columns));
    Ok(asked)
}

fn asks(
    at: usize,
    check: &Check,
    scope: &Scope<'_>,
    meant: &str,
    target: &Judged<'_>,
    query: &mut Builder,
) -> Result<Asked, Reason> {
    let checked = match check {
        Check::ZScore(c) => Some(spread::z_score(c, scope, meant, query)?),
        Check::NotOutlier(c) => Some(spread::outlier(c, scope, meant, query)?),
        other => rows::of(other, scope)?,
    };
    if let Some(checked) = checked {
        let judged = format!("{meant} AND {}", checked.judged);
        let unexpected = format!("{judged} AND NOT IFNULL({}, FALSE)", checked.good);
        let mut values = vec![
            ("elements".into(), format!("COUNTIF({meant})")),
            ("evaluated".into(), format!("COUNTIF({judged})")),
            ("unexpected".into(), format!("COUNTIF({unexpected})")),
        ];
        if query.shows(check) {
            let shown = checked.shape.sql(scope, &query.keys);
            values.push(("sample".into(), sample(&unexpected, &shown, query.samples)));
            query.reads_keys();
        }
        query.over_rows(at, values);
        return Ok(Asked::Rows(checked.shape.shown()));
    }
    if let Some(reader) = aggregates::ask(at, check, scope, meant, query)? {
        return Ok(Asked::Aggregate(reader));
    }
    match check {
        Check::Unique(c) => unique(at, c, scope, meant, query),
        Check::Type(c) if c.names == TypeNames::Pandas => Err(Reason::new(
            "unsupported",
            "pandas' names of types mean nothing in BigQuery: say GoogleSQL's".into(),
        )),
        Check::Type(c) => {
            let position = target.columns.index_of(&c.column).map_err(|_| no_column(&c.column))?;
            Ok(Asked::Decided(shape::of_type(c, target.columns.field(position), false)))
        }
        Check::RowCountEquals(c) => {
            query.over_rows(at, vec![("n".into(), format!("COUNTIF({meant})"))]);
            query.over(at, other::table(&c.table), vec![("other".into(), "COUNT(*)".into())]);
            Ok(Asked::Aggregate(Box::new(conclude::same_count)))
        }
        Check::ForeignKey(c) => other::foreign_key(at, c, scope, meant, query),
        Check::Reconcile(c) => Ok(Asked::Aggregate(other::reconcile(at, c, scope, meant, query)?)),
        Check::SqlCondition(c) => Ok(own::condition(at, c, scope, meant, query)),
        Check::SqlAggregate(c) => Ok(Asked::Aggregate(own::aggregate(at, c, meant, target.table, query))),
        Check::SqlRows(c) => {
            let asked = c.query.trim().trim_end_matches(';').replace("{batch}", target.table);
            query.over(at, format!("({asked})"), vec![("n".into(), "COUNT(*)".into())]);
            Ok(Asked::Aggregate(Box::new(conclude::no_rows)))
        }
        Check::SqlEquals(c) if c.other_source == "bigquery" => {
            let counted = |sql: &str, times: &str| {
                let sql = sql.trim().trim_end_matches(';').replace("{batch}", target.table);
                format!("SELECT TO_JSON_STRING(q) AS k, {times} AS s FROM ({sql}\n) AS q")
            };
            // Rows that the one has more often than the other.
            let different = format!(
                "(SELECT k FROM ({} UNION ALL {}) GROUP BY k HAVING SUM(s) != 0)",
                counted(&c.query, "1"),
                counted(&c.other_query, "-1")
            );
            query.over(at, different, vec![("n".into(), "COUNT(*)".into())]);
            Ok(Asked::Aggregate(Box::new(conclude::no_rows)))
        }
        other => Err(Reason::new(
            "unsupported",
            format!("{} is not evaluated in BigQuery", other.name()),
        )),
    }
}

fn no_column(name: &str) -> Reason {
    Reason::new("missing_column", format!("there is no column {name}"))
}

/// Some of the rows of a condition.
fn sample(rows: &str, value: &str, most: usize) -> String {
    format!("ARRAY_AGG(IF({rows}, {value}, NULL) IGNORE NULLS LIMIT {most})")
}

/// Rows whose values other rows have as well, counted group by group.
fn unique(at: usize, check: &Unique, scope: &Scope<'_>, meant: &str, query: &mut Builder) -> Result<Asked, Reason> {
    let fields = scope.all(&check.columns)?;
    for field in &fields {
        keys::comparable(&field.kind)?;
    }
    let ignore = match fields.as_slice() {
        [_] => IgnoreRows::AnyMissing,
        _ => check.ignore_rows,
    };
    let group = groups::of(&fields, ignore, scope, meant, query);
    Ok(groups::count(
        at,
        &fields,
        format!("g{group} AS t"),
        "n > 1",
        meant,
        query,
    ))
}
