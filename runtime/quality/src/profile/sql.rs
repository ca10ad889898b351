//! A profile of a table in BigQuery, by two queries that each read the table once: what the columns hold, and how what has a
//! range is distributed in it.

use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value};

use super::{BINS, Bin, ColumnProfile, Pattern, Profile, SHOWN};
use crate::engine::{Cell, Kind};
use crate::sql::{cell, field, identifier, shown, whole};

/// The first query. It returns one row: the number of rows, and a JSON object for each column.
#[must_use]
pub fn query(columns: &SchemaRef, table: &str) -> String {
    let mut parts = vec!["COUNT(*) AS n".to_owned()];
    for (i, column) in columns.fields().iter().enumerate() {
        let field = field(column);
        let at = field.sql();
        let mut values = vec![("nulls", format!("COUNTIF({at} IS NULL)"))];
        if field.kind != Kind::Opaque {
            // A NaN has no place in an order; it is counted as what is not there.
            let value = if field.kind == Kind::Float {
                format!("IF(IS_NAN({at}), NULL, {at})")
            } else {
                at.clone()
            };
            values[0].1 = format!("COUNTIF({value} IS NULL)");
            values.push(("distinct", format!("APPROX_COUNT_DISTINCT({value})")));
            let extreme = |which: &str| shown(&field.kind, &format!("{which}({value})"));
            if field.kind == Kind::Bool {
                values.push(("min", format!("LOGICAL_AND({value})")));
                values.push(("max", format!("LOGICAL_OR({value})")));
            } else {
                values.push(("min", extreme("MIN")));
                values.push(("max", extreme("MAX")));
            }
            if field.kind.is_number() && field.kind != Kind::Bool {
                values.push(("mean", format!("AVG(CAST({value} AS FLOAT64))")));
            }
            if field.kind == Kind::Bool {
                values.push(("mean", format!("AVG(CAST({value} AS INT64))")));
            }
            let top = shown(&field.kind, &value);
            values.push(("top", format!("APPROX_TOP_COUNT({top}, {})", SHOWN + 1)));
        }
        if field.kind == Kind::Text {
            values.push(("shortest", format!("MIN(CHAR_LENGTH({at}))")));
            values.push(("longest", format!("MAX(CHAR_LENGTH({at}))")));
            values.push(("forms", format!("APPROX_TOP_COUNT({}, {SHOWN})", form(&at))));
        }
        let named: Vec<String> = values
            .iter()
            .map(|(name, sql)| format!("{sql} AS {}", identifier(name)))
            .collect();
        parts.push(format!("TO_JSON_STRING(STRUCT({})) AS c{i}", named.join(", ")));
    }
    let names: Vec<String> = columns.fields().iter().map(|f| identifier(f.name())).collect();
    format!(
        "SELECT {} FROM (SELECT {} FROM {table}) AS t",
        parts.join(",\n  "),
        names.join(", ")
    )
}

/// A text with its digits, capital and small letters alike; of a long one nothing.
fn form(at: &str) -> String {
    let mut sql = format!("LEFT({at}, 65)");
    for (of, to) in [("[0-9]+", "9"), ("[A-Z]+", "A"), ("[a-z]+", "a")] {
        sql = format!("REGEXP_REPLACE({sql}, r'{of}', '{to}')");
    }
    format!("IF(CHAR_LENGTH({at}) > 64, '', {sql})")
}

/// What the first query says, its cells as BigQuery's REST API writes them.
#[must_use]
pub fn conclude(columns: &SchemaRef, types: &[String], row: &[Value]) -> Profile {
    let rows = row
        .first()
        .and_then(whole)
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or_default();
    let answers = row.iter().skip(1).map(|cell| {
        let text = cell.as_str().unwrap_or_default();
        serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default()
    });
    let columns = columns.fields().iter().zip(answers).zip(types);
    let columns = columns
        .map(|((column, answer), data_type)| of_column(&field(column).kind, column.name(), data_type, rows, &answer));
    Profile {
        rows,
        columns: columns.collect(),
    }
}

fn of_column(kind: &Kind, name: &str, data_type: &str, rows: u64, answer: &Map<String, Value>) -> ColumnProfile {
    let at = |key: &str| answer.get(key).unwrap_or(&Value::Null);
    let count = |value: &Value| whole(value).and_then(|n| u64::try_from(n).ok());
    let some = |key: &str| Some(cell(kind, at(key))).filter(|cell| *cell != Cell::Null);
    let counted = |key: &str| {
        let list = at(key).as_array().into_iter().flatten();
        list.filter(|entry| !entry["value"].is_null())
            .map(|entry| (entry["value"].clone(), count(&entry["count"]).unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let distinct = count(at("distinct"));
    let mut values: Vec<(Cell, u64)> = counted("top")
        .into_iter()
        .map(|(value, n)| (cell(kind, &value), n))
        .collect();
    values.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    // Where there are more than could be asked for, the most frequent of many are shown, and they are not all.
    let nulls = count(at("nulls")).unwrap_or_default();
    let values_complete = values.len() <= SHOWN && values.iter().map(|(_, n)| n).sum::<u64>() == rows - nulls.min(rows);
    values.truncate(SHOWN);
    let forms = counted("forms");
    let formless = forms.iter().any(|(form, _)| form == "") || forms.len() >= SHOWN;
    let patterns = forms.into_iter().filter(|_| !formless).map(|(form, count)| Pattern {
        expression: expression(form.as_str().unwrap_or_default()),
        count,
    });
    ColumnProfile {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        nulls,
        distinct: if values_complete {
            Some(values.len() as u64)
        } else {
            distinct
        },
        distinct_exact: values_complete,
        min: some("min"),
        max: some("max"),
        mean: at("mean").as_f64(),
        lengths: count(at("shortest")).zip(count(at("longest"))),
        values,
        values_complete,
        bins: Vec::new(),
        patterns: patterns.collect(),
    }
}

fn expression(form: &str) -> String {
    let mut text = String::from("^");
    for c in form.chars() {
        match c {
            '9' => text.push_str("[0-9]+"),
            'A' => text.push_str("[A-Z]+"),
            'a' => text.push_str("[a-z]+"),
            other => text.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    text
}

/// The second query: counts of the bins of what has a range. None: nothing has.
#[must_use]
pub fn bins_query(columns: &SchemaRef, profile: &Profile, table: &str) -> Option<String> {
    let mut parts = Vec::new();
    let mut names = Vec::new();
    for (column, known) in columns.fields().iter().zip(&profile.columns) {
        let Some((field, range)) = Some(field(column)).zip(range(known)) else {
            continue;
        };
        let Some(value) = number(&field.kind, &field.sql()) else {
            continue;
        };
        let bin = format!("CAST(FLOOR(({value} - {:e}) / {:e}) AS INT64)", range.from, range.width);
        let counts: Vec<String> = (0..BINS)
            .map(|i| match i {
                _ if i + 1 == BINS => format!("COUNTIF({bin} >= {i})"),
                _ => format!("COUNTIF({bin} = {i})"),
            })
            .collect();
        parts.push(format!("TO_JSON_STRING([{}])", counts.join(", ")));
        names.push(identifier(column.name()));
    }
    (!parts.is_empty()).then(|| {
        format!(
            "SELECT {} FROM (SELECT {} FROM {table}) AS t",
            parts.join(",\n  "),
            names.join(", ")
        )
    })
}

/// Adds what the second query says.
pub fn add_bins(columns: &SchemaRef, profile: &mut Profile, row: &[Value]) {
    let mut answers = row.iter();
    for (column, known) in columns.fields().iter().zip(&mut profile.columns) {
        let kind = field(column).kind;
        let Some(range) = range(known).filter(|_| number(&kind, "").is_some()) else {
            continue;
        };
        let Some(answer) = answers.next() else { continue };
        let counts: Vec<Value> = serde_json::from_str(answer.as_str().unwrap_or_default()).unwrap_or_default();
        let shown = |value: f64| match &kind {
            Kind::Time => Cell::int(&kind, value as i64 * 1_000),
            Kind::Date | Kind::Timestamp(..) => Cell::int(&kind, value as i64),
            _ => Cell::Float(value),
        };
        known.bins = counts
            .iter()
            .enumerate()
            .map(|(i, count)| Bin {
                from: shown(range.from + range.width * i as f64),
                to: shown(range.from + range.width * (i as f64 + 1.0)),
                count: whole(count).and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            })
            .collect();
    }
}

struct Range {
    from: f64,
    width: f64,
}

/// The range of a column's numbers, in the unit in which they are asked for.
fn range(column: &ColumnProfile) -> Option<Range> {
    let number = |cell: &Cell| match cell {
        Cell::Int(_) | Cell::Float(_) | Cell::Decimal(..) => cell.to_string().parse::<f64>().ok(),
        Cell::Moment(text) => moment(text),
        _ => None,
    };
    let (from, to) = (number(column.min.as_ref()?)?, number(column.max.as_ref()?)?);
    let width = (to - from) / BINS as f64;
    (width.is_finite() && width > 0.0).then_some(Range { from, width })
}

/// Days since 1970, or microseconds.
fn moment(text: &str) -> Option<f64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some((day - NaiveDate::default()).num_days() as f64);
    }
    if let Ok(time) = text.parse::<NaiveTime>() {
        return Some((time - NaiveTime::default()).num_microseconds()? as f64);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_micros() as f64);
    }
    let at = text.parse::<NaiveDateTime>().ok()?;
    Some(at.and_utc().timestamp_micros() as f64)
}

/// A value as a number, if it is one or stands for one.
fn number(kind: &Kind, at: &str) -> Option<String> {
    match kind {
        Kind::Float => Some(format!("IF(IS_NAN({at}) OR IS_INF({at}), NULL, {at})")),
        Kind::Int | Kind::UInt | Kind::Decimal(_) => Some(format!("CAST({at} AS FLOAT64)")),
        Kind::Date | Kind::Time | Kind::Timestamp(..) => Some(shown(kind, at)),
        Kind::Bool | Kind::Text | Kind::Bytes | Kind::Opaque => None,
    }
}
