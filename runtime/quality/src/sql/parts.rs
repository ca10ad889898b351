//! An expectation's SQL in parts, for rules that are not one query of ours. Columns are named as in the query: ``t.`name` ``.

use arrow::datatypes::SchemaRef;

use super::regex::for_re2;
use super::schema::{Field, float, identifier};
use super::scope::Scope;
use super::{constant, rows};
use crate::engine::{Kind, Limits, Reason, limits};
use crate::suite::{Check, Condition, Expectation, Nan, NoData, Range, Statistic, StatisticKind};

/// What an aggregate is called in the condition on it.
const FOUND: &str = "found";

/// A check of rows.
pub(crate) struct RowParts {
    /// The rows that are meant.
    pub meant: String,
    /// Of these, the rows that are judged.
    pub judged: String,
    /// Of these, the good ones. What is unknown is not good.
    pub good: String,
}

/// A check that judges each row by itself; `None`: it is of another sort.
pub(crate) fn of_rows(expectation: &Expectation, columns: &SchemaRef) -> Result<Option<RowParts>, Reason> {
    let fields = Field::all(columns);
    let scope = Scope {
        fields: &fields,
        nan: expectation.nan,
    };
    let found = rows::of(&expectation.check, &scope)?;
    let meant = meant(expectation.row_condition.as_ref(), &scope)?;
    Ok(found.map(|rows| RowParts {
        meant,
        judged: rows.judged,
        good: rows.good,
    }))
}

fn meant(condition: Option<&Condition>, scope: &Scope<'_>) -> Result<String, Reason> {
    condition.map_or_else(|| Ok("TRUE".to_owned()), |condition| scope.condition(condition))
}

/// An aggregate as a condition on the rows of `t`; `None`: it needs more than aggregate functions, or is of another sort.
pub(crate) fn of_aggregate(expectation: &Expectation, columns: &SchemaRef) -> Result<Option<String>, Reason> {
    let fields = Field::all(columns);
    let scope = Scope {
        fields: &fields,
        nan: expectation.nan,
    };
    let meant = meant(expectation.row_condition.as_ref(), &scope)?;
    match &expectation.check {
        Check::RowCount(range) => {
            let rows = counted(&meant);
            let end = |end: Option<u64>, op: &str| end.map(|end| format!("{rows} {op} {end}"));
            let ends = [
                end(range.min, if range.strict_min { ">" } else { ">=" }),
                end(range.max, if range.strict_max { "<" } else { "<=" }),
            ];
            let parts: Vec<String> = ends.into_iter().flatten().collect();
            Ok(Some(if parts.is_empty() {
                format!("{rows} >= 0")
            } else {
                parts.join(" AND ")
            }))
        }
        Check::RowCountEquals(c) => {
            let plain = c.table.replace('`', "");
            let other = plain.split('.').map(identifier).collect::<Vec<_>>().join(".");
            Ok(Some(format!("(SELECT COUNT(*) FROM {other}) = {}", counted(&meant))))
        }
        Check::Statistic(c) => statistic(c, &scope, &meant),
        _ => Ok(None),
    }
}

/// How many rows are meant.
pub(crate) fn counted(rows: &str) -> String {
    if rows == "TRUE" {
        "COUNT(*)".to_owned()
    } else {
        format!("COUNTIF({rows})")
    }
}

fn statistic(check: &Statistic, scope: &Scope<'_>, meant: &str) -> Result<Option<String>, Reason> {
    let field = scope.field(&check.column)?;
    let present = scope.present(field);
    let meant_and_present = if meant == "TRUE" {
        present
    } else {
        format!("{meant} AND {present}")
    };
    let column = field.sql();
    let plain = meant == "TRUE" && !(field.kind == Kind::Float && scope.nan == Nan::Null);
    let only = |of: &str| {
        if plain {
            of.to_owned()
        } else {
            format!("IF({meant_and_present}, {of}, NULL)")
        }
    };
    let number = match field.kind {
        Kind::Bool => format!("CAST({column} AS INT64)"),
        _ => column.clone(),
    };
    let exact = match field.kind {
        Kind::Float => number.clone(),
        Kind::Decimal(_) => number.clone(),
        _ => format!("CAST({number} AS NUMERIC)"),
    };
    let values = counted(&meant_and_present);
    let (found, kind) = match check.statistic {
        StatisticKind::Min => (format!("MIN({})", only(&column)), field.kind.clone()),
        StatisticKind::Max => (format!("MAX({})", only(&column)), field.kind.clone()),
        StatisticKind::Sum => {
            let kind = match field.kind {
                Kind::Float | Kind::Decimal(_) => field.kind.clone(),
                _ => Kind::Int,
            };
            (format!("SUM({})", only(&exact)), kind)
        }
        StatisticKind::Mean => (
            // A mean is a floating-point number; a sum of decimals may be none of their type any more.
            match field.kind {
                Kind::Decimal(_) => format!(
                    "SAFE_DIVIDE(SUM({}), {values})",
                    only(&format!("CAST({number} AS FLOAT64)"))
                ),
                _ => format!("SAFE_DIVIDE(CAST(SUM({}) AS FLOAT64), {values})", only(&exact)),
            },
            Kind::Float,
        ),
        StatisticKind::Stdev => (
            format!("STDDEV_SAMP({})", only(&format!("CAST({number} AS FLOAT64)"))),
            Kind::Float,
        ),
        StatisticKind::DistinctCount => (format!("COUNT(DISTINCT {})", only(&column)), Kind::Int),
        StatisticKind::DistinctRatio => (
            format!("SAFE_DIVIDE(COUNT(DISTINCT {}), {values})", only(&column)),
            Kind::Float,
        ),
        StatisticKind::NonNullRatio => (format!("SAFE_DIVIDE({values}, {})", counted(meant)), Kind::Float),
        StatisticKind::Median => return Ok(None),
    };
    let zero = check.no_data == NoData::Zero
        && matches!(
            check.statistic,
            StatisticKind::Sum | StatisticKind::DistinctRatio | StatisticKind::NonNullRatio
        );
    let found = if zero { format!("IFNULL({found}, 0)") } else { found };
    let place = Field {
        name: FOUND.to_owned(),
        kind,
    };
    let limits = limits(&check.bounds, &place.kind)?;
    let holds = constant::within(&place, &limits);
    let holds = match holds.as_str() {
        // A number that does not exist lies in no interval.
        "TRUE" => format!("{found} IS NOT NULL"),
        _ => with_columns(&holds, &|_| found.clone()),
    };
    Ok(Some(format!("IFNULL({holds}, FALSE)")))
}

/// The interval of a check, when it has one, in the representation of a column.
pub(crate) fn interval(expectation: &Expectation, columns: &SchemaRef) -> Result<Option<(Kind, Limits)>, Reason> {
    let fields = Field::all(columns);
    let scope = Scope {
        fields: &fields,
        nan: expectation.nan,
    };
    let (column, bounds, as_float) = match &expectation.check {
        Check::Between(c) => (&c.column, &c.bounds, false),
        Check::Statistic(c) => (&c.column, &c.bounds, c.statistic == StatisticKind::Mean),
        _ => return Ok(None),
    };
    let kind = scope.field(column)?.kind.clone();
    let limits = limits(bounds, if as_float { &Kind::Float } else { &kind })?;
    Ok(Some((kind, limits)))
}

/// A regular expression as RE2 has it that says the same whether it is searched for or has to match from end to end.
pub(crate) fn of_regex(pattern: &str) -> Result<String, Reason> {
    let for_re2 = for_re2(pattern)?;
    let anchored = regex_syntax::parse(pattern).is_ok_and(|tree| {
        use regex_syntax::hir::Look;
        let found = tree.properties();
        found.look_set_prefix().contains(Look::Start) && found.look_set_suffix().contains(Look::End)
    });
    Ok(if anchored {
        for_re2
    } else {
        format!("(?s:.*)(?:{for_re2})(?s:.*)")
    })
}

/// A floating-point number as a value of a rule; none where it is no number.
pub(crate) fn number(value: f64) -> Option<String> {
    value.is_finite().then(|| float(value))
}

/// The ends of an interval of floating-point numbers that rules can say.
pub(crate) fn ends(range: &Range<f64>) -> Option<Range<String>> {
    let end = |end: &Option<f64>| match end {
        Some(value) => number(*value).map(Some),
        None => Some(None),
    };
    Some(Range {
        min: end(&range.min)?,
        max: end(&range.max)?,
        strict_min: range.strict_min,
        strict_max: range.strict_max,
    })
}

/// SQL of ours with other names for the columns of `t`: what stands in texts stays as it is.
pub(crate) fn with_columns(sql: &str, name: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let of_table = rest.starts_with("t.`") && !(before.is_alphanumeric() || before == '_');
        let length = if of_table {
            let length = 2 + quoted(&rest[2..]);
            out.push_str(&name(&rest[2..length]));
            length
        } else {
            let length = match c {
                '\'' | '`' => quoted(rest),
                _ => c.len_utf8(),
            };
            out.push_str(&rest[..length]);
            length
        };
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    out
}

/// The texts of SQL of ours, changed.
pub(crate) fn with_texts(sql: &str, change: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' | '`' => quoted(rest),
            _ => c.len_utf8(),
        };
        if c == '\'' {
            out.push_str(&change(&rest[..length]));
        } else {
            out.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    out
}

/// How long what is quoted at the beginning is, with its quotes.
fn quoted(sql: &str) -> usize {
    let mut chars = sql.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if Some(c) == quote {
            return at + c.len_utf8();
        }
    }
    sql.len()
}

#[cfg(test)]
mod tests {
    use super::{of_regex, with_columns, with_texts};

    #[test]
    fn columns_are_renamed_and_texts_are_not() {
        let bare = |sql: &str| with_columns(sql, &str::to_owned);
        assert_eq!(bare("(t.`a` >= 1 AND t.`b.c` < 2)"), "(`a` >= 1 AND `b.c` < 2)");
        assert_eq!(bare(r"t.`a\`t.` = 't.`a`' AND at.`a`"), r"`a\`t.` = 't.`a`' AND at.`a`");
        assert_eq!(bare(r"t.`größe` LIKE 'it\'s t.`a`%'"), r"`größe` LIKE 'it\'s t.`a`%'");
        let marked = with_texts("`a;b` = 'c;d' AND 'x\\';' != ''", &|text| text.replace(';', "!"));
        assert_eq!(marked, "`a;b` = 'c!d' AND 'x\\'!' != ''");
    }

    #[test]
    fn expressions_say_the_same_searched_for_and_matched() {
        for (pattern, expected) in [
            ("^a+$", "^a+$"),
            ("^(a|b)$", "^(a|b)$"),
            ("^a|b$", "(?s:.*)(?:^a|b$)(?s:.*)"),
            (r"^a\$", r"(?s:.*)(?:^a\$)(?s:.*)"),
            ("(?m)^a$", "(?s:.*)(?:(?m)^a$)(?s:.*)"),
            ("a", "(?s:.*)(?:a)(?s:.*)"),
        ] {
            assert_eq!(of_regex(pattern).unwrap(), expected, "{pattern}");
        }
        assert!(of_regex("(").is_err());
    }
}
