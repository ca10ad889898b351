//! Checks of rows as conditions of GoogleSQL: which rows are judged, and which of them are good.

use super::conclude::Shown;
use super::regex::for_re2;
use super::schema::{Field, float, shown, text};
use super::scope::Scope;
use super::{constant, times};
use crate::engine::condition::points;
use crate::engine::rows::{comparable, needs_text};
use crate::engine::{Kind, Reason, limits, point};
use crate::suite::{
    Check, Columns, Family, IgnoreRows, InSet, Length, Like, Literal, MatchOn, Matches, Operator, PairInSet, RowSum,
    Scalar,
};

/// A check of rows in a query.
pub(super) struct Rows<'a> {
    /// The rows that are judged.
    pub judged: String,
    /// Of these, the good ones. What is unknown is not good.
    pub good: String,
    /// The columns whose values show what is wrong.
    pub shape: Shape<'a>,
}

/// How samples look.
#[derive(Clone)]
pub(super) enum Shape<'a> {
    /// The value of one column.
    One(&'a Field),
    /// The values of two.
    Pair(&'a Field, &'a Field),
    /// The values of several, with their names.
    Many(Vec<&'a Field>),
}

impl Shape<'_> {
    /// As the answer is read.
    pub fn shown(&self) -> Shown {
        match self {
            Self::One(f) => Shown::One(f.kind.clone()),
            Self::Pair(l, r) => Shown::Pair(l.kind.clone(), r.kind.clone()),
            Self::Many(all) => Shown::Many(all.iter().map(|f| (f.name.clone(), f.kind.clone())).collect()),
        }
    }

    /// A sample in a query, with its row's keys: never NULL, so that missing values are samples too.
    pub fn sql(&self, scope: &Scope<'_>, keys: &[Field]) -> String {
        let value = |field: &Field| shown(&field.kind, &scope.or_null(field));
        let fields: Vec<String> = match self {
            Self::One(f) => vec![value(f)],
            Self::Pair(l, r) => vec![value(l), value(r)],
            Self::Many(all) => all.iter().map(|f| value(f)).collect(),
        };
        let keys = keys.iter().enumerate();
        let keys = keys.map(|(i, key)| format!("{} AS k{i}", shown(&key.kind, &key.sql())));
        let named = fields.iter().enumerate().map(|(i, f)| format!("{f} AS v{i}"));
        format!("STRUCT({})", named.chain(keys).collect::<Vec<_>>().join(", "))
    }
}

/// A check that judges a row by itself alone; `None`: it is of another sort.
pub(super) fn of<'a>(check: &Check, scope: &Scope<'a>) -> Result<Option<Rows<'a>>, Reason> {
    let always = |good: String, field: &'a Field| Rows {
        judged: "TRUE".into(),
        good,
        shape: Shape::One(field),
    };
    Ok(Some(match check {
        Check::NotNull(c) => {
            let field = scope.field(&c.column)?;
            always(scope.present(field), field)
        }
        Check::IsNull(c) => {
            let field = scope.field(&c.column)?;
            always(format!("NOT ({})", scope.present(field)), field)
        }
        Check::InSet(c) => in_set(c, false, scope)?,
        Check::NotInSet(c) => in_set(c, true, scope)?,
        Check::Between(c) => {
            let field = scope.field(&c.column)?;
            of_one(field, constant::within(field, &limits(&c.bounds, &field.kind)?), scope)
        }
        Check::Length(c) => length(c, scope)?,
        Check::Matches(c) => matches(c, false, scope)?,
        Check::NotMatches(c) => matches(c, true, scope)?,
        Check::Like(c) => like(c, false, scope)?,
        Check::NotLike(c) => like(c, true, scope)?,
        Check::TimeFormat(c) => {
            let field = scope.field(&c.column)?;
            needs_text(&field.kind, false)?;
            of_one(field, times::parses(&field.sql(), &c.format)?, scope)
        }
        Check::Json(c) => {
            let field = scope.field(&c.column)?;
            needs_text(&field.kind, false)?;
            let parsed = format!("SAFE.PARSE_JSON({}, wide_number_mode => 'round')", field.sql());
            of_one(field, format!("{parsed} IS NOT NULL"), scope)
        }
        Check::Compare(c) => {
            let (left, right) = (scope.field(&c.left)?, scope.field(&c.right)?);
            comparable(&left.kind, &right.kind)?;
            Rows {
                judged: scope.complete(&[left, right], c.ignore_rows),
                good: scope.compared(left, c.op, right, false),
                shape: Shape::Pair(left, right),
            }
        }
        Check::PairInSet(c) => pair_in_set(c, scope)?,
        Check::EqualWithinRow(c) => {
            let fields = within_row(c, scope)?;
            let equal: Vec<String> = fields[1..]
                .iter()
                .map(|f| scope.compared(fields[0], Operator::Equal, f, true))
                .collect();
            of_many(fields, c.ignore_rows, equal.join(" AND "), scope)
        }
        Check::DistinctWithinRow(c) => {
            let fields = within_row(c, scope)?;
            let mut equal = Vec::new();
            for (i, left) in fields.iter().enumerate() {
                for right in &fields[i + 1..] {
                    equal.push(scope.compared(left, Operator::Equal, right, true));
                }
            }
            of_many(fields, c.ignore_rows, format!("NOT ({})", equal.join(" OR ")), scope)
        }
        Check::RowSum(c) => row_sum(c, scope)?,
        Check::Ordered(_) => {
            return Err(Reason::new(
                "unsupported",
                "the rows of a table in BigQuery have no order: judge it where the data is a file".into(),
            ));
        }
        _ => return Ok(None),
    }))
}

fn of_one<'a>(field: &'a Field, good: String, scope: &Scope<'a>) -> Rows<'a> {
    Rows {
        judged: scope.present(field),
        good,
        shape: Shape::One(field),
    }
}

fn of_many<'a>(fields: Vec<&'a Field>, ignore: IgnoreRows, good: String, scope: &Scope<'a>) -> Rows<'a> {
    Rows {
        judged: scope.complete(&fields, ignore),
        good,
        shape: Shape::Many(fields),
    }
}

fn in_set<'a>(check: &InSet, negated: bool, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    let is_in = constant::is_in(field, &points(&check.values, &field.kind)?, scope.nan);
    let good = if negated { format!("NOT ({is_in})") } else { is_in };
    Ok(of_one(field, good, scope))
}

/// The text of a column, as Python would write it where it is none.
fn as_text(field: &Field, allowed: bool) -> Result<String, Reason> {
    needs_text(&field.kind, allowed)?;
    let column = field.sql();
    match field.kind {
        Kind::Text => Ok(column),
        Kind::Int | Kind::Date => Ok(format!("CAST({column} AS STRING)")),
        Kind::Bool => Ok(format!("IF({column}, 'True', 'False')")),
        _ => Err(Reason::new(
            "unsupported",
            format!(
                "the column holds {}, whose text in Python BigQuery cannot write",
                field.kind.name()
            ),
        )),
    }
}

fn length<'a>(check: &Length, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    let length = format!("CHAR_LENGTH({})", as_text(field, check.as_text)?);
    let mut parts = Vec::new();
    if let Some(min) = check.min {
        parts.push(format!("{length} {} {min}", if check.strict_min { ">" } else { ">=" }));
    }
    if let Some(max) = check.max {
        parts.push(format!("{length} {} {max}", if check.strict_max { "<" } else { "<=" }));
    }
    let good = if parts.is_empty() {
        "TRUE".into()
    } else {
        parts.join(" AND ")
    };
    Ok(of_one(field, good, scope))
}

/// What several patterns say together.
fn together(parts: &[String], match_on: MatchOn, negated: bool) -> String {
    if negated {
        format!("NOT ({})", parts.join(" OR "))
    } else {
        parts.join(if match_on == MatchOn::All { " AND " } else { " OR " })
    }
}

fn matches<'a>(check: &Matches, negated: bool, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    let subject = as_text(field, check.as_text)?;
    let one = |pattern: &String| Ok(format!("REGEXP_CONTAINS({subject}, {})", text(&for_re2(pattern)?)));
    let parts = check.patterns.iter().map(one).collect::<Result<Vec<_>, Reason>>()?;
    Ok(of_one(field, together(&parts, check.match_on, negated), scope))
}

fn like<'a>(check: &Like, negated: bool, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let field = scope.field(&check.column)?;
    needs_text(&field.kind, false)?;
    let escape = check.escape.unwrap_or('\\');
    let one = |pattern: &String| {
        Ok(format!(
            "{} LIKE {}",
            field.sql(),
            text(&with_backslashes(pattern, escape)?)
        ))
    };
    let parts = check.patterns.iter().map(one).collect::<Result<Vec<_>, Reason>>()?;
    Ok(of_one(field, together(&parts, check.match_on, negated), scope))
}

/// A pattern of LIKE whose escape character is the backslash, the only one that BigQuery knows.
fn with_backslashes(pattern: &str, escape: char) -> Result<String, Reason> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == escape {
            let literal = chars.next().ok_or_else(|| {
                Reason::new(
                    "wrong_value",
                    format!("the pattern {pattern:?} ends with its escape character"),
                )
            })?;
            if matches!(literal, '%' | '_' | '\\') {
                out.push('\\');
            }
            out.push(literal);
        } else if c == '\\' {
            out.push_str("\\\\");
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

fn within_row<'a>(check: &Columns, scope: &Scope<'a>) -> Result<Vec<&'a Field>, Reason> {
    let fields = check
        .columns
        .iter()
        .map(|c| scope.field(c))
        .collect::<Result<Vec<_>, _>>()?;
    for field in &fields[1..] {
        comparable(&fields[0].kind, &field.kind)?;
    }
    Ok(fields)
}

fn row_sum<'a>(check: &RowSum, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let fields = check
        .columns
        .iter()
        .map(|c| scope.field(c))
        .collect::<Result<Vec<_>, _>>()?;
    for field in &fields {
        if !field.kind.is_number() {
            return Err(Reason::new(
                "wrong_type",
                format!("a column holds {}, which are not added up", field.kind.name()),
            ));
        }
    }
    let present = scope.complete(&fields, IgnoreRows::AnyMissing);
    let terms = |of: &str| -> Vec<String> { fields.iter().map(|f| format!("CAST({} AS {of})", as_int(f))).collect() };
    let sum = if fields.iter().any(|f| f.kind == Kind::Float) {
        format!("{} = {}", terms("FLOAT64").join(" + "), float(check.total))
    } else {
        // Exact numbers are added exactly, and their sum is compared with the total as it is written.
        let of_numeric = |f: &&Field| !matches!(f.kind, Kind::Decimal(s) if s != constant::NUMERIC_SCALE);
        let (of, kind) = if fields.iter().all(of_numeric) {
            ("NUMERIC", Kind::Decimal(constant::NUMERIC_SCALE))
        } else {
            ("BIGNUMERIC", Kind::Decimal(18))
        };
        let total = Literal {
            family: Family::Float,
            value: Scalar::Float(check.total),
        };
        let sum = terms(of)
            .into_iter()
            .reduce(|sum, term| format!("SAFE_ADD({sum}, {term})"));
        match (constant::value(&kind, &point(&total, &kind)?), sum) {
            (Some(total), Some(sum)) => format!("{sum} = {total}"),
            _ => "FALSE".into(),
        }
    };
    Ok(of_many(
        fields,
        check.ignore_rows,
        format!("{present} AND {sum}"),
        scope,
    ))
}

fn as_int(field: &Field) -> String {
    if field.kind == Kind::Bool {
        format!("CAST({} AS INT64)", field.sql())
    } else {
        field.sql()
    }
}

fn pair_in_set<'a>(check: &PairInSet, scope: &Scope<'a>) -> Result<Rows<'a>, Reason> {
    let (left, right) = (scope.field(&check.left)?, scope.field(&check.right)?);
    let is = |field: &Field, scalar: &Scalar| -> Result<String, Reason> {
        let literal = Literal {
            family: Family::Any,
            value: scalar.clone(),
        };
        let point = point(&literal, &field.kind)?;
        Ok(if point == crate::engine::Point::Null {
            format!("NOT ({})", scope.present(field))
        } else {
            format!(
                "({} AND {})",
                scope.present(field),
                constant::is_in(field, &[point], scope.nan)
            )
        })
    };
    let mut parts = Vec::with_capacity(check.pairs.len());
    for (l, r) in &check.pairs {
        parts.push(format!("({} AND {})", is(left, l)?, is(right, r)?));
    }
    Ok(Rows {
        judged: scope.complete(&[left, right], check.ignore_rows),
        good: if parts.is_empty() {
            "FALSE".into()
        } else {
            parts.join(" OR ")
        },
        shape: Shape::Pair(left, right),
    })
}

#[cfg(test)]
mod tests {
    use super::with_backslashes;

    #[test]
    fn patterns_of_like() {
        assert_eq!(with_backslashes("a\\%b%", '\\').unwrap(), "a\\%b%");
        assert_eq!(with_backslashes("a|%b\\", '|').unwrap(), "a\\%b\\\\");
        assert_eq!(with_backslashes("a|b", '|').unwrap(), "ab");
        assert!(with_backslashes("a\\", '\\').is_err());
    }
}
