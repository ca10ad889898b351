//! What DuckDB says of a query's mistakes, in BigQuery's words.

/// `None`: nothing is known of this message.
pub(super) fn of(detail: &str) -> Option<String> {
    overflow(detail)
        .or_else(|| ungrouped(detail))
        .or_else(|| fixed(detail).map(str::to_owned))
}

/// `Overflow in addition of INT64 (1 + 2)!`
fn overflow(detail: &str) -> Option<String> {
    if let Some(rest) = detail.strip_prefix("Overflow in ") {
        let inner = rest.split_once('(').and_then(|(_, i)| i.rsplit_once(')'));
        return Some(inner.map_or("int64 overflow".to_owned(), |(inner, _)| {
            format!("int64 overflow: {inner}")
        }));
    }
    if let Some(rest) = detail.strip_prefix("Overflow on abs(") {
        return Some(format!("int64 overflow: ABS({}", rest.trim_end_matches('!')));
    }
    let sum = detail.strip_prefix("Type INT128 with value ")?;
    let (value, _) = sum.split_once(' ')?;
    Some(format!("int64 overflow: {value} is out of range"))
}

/// A column outside of GROUP BY.
fn ungrouped(detail: &str) -> Option<String> {
    let rest = detail.strip_prefix("column \"")?;
    let (column, rest) = rest.split_once('"')?;
    rest.starts_with(" must appear in the GROUP BY clause")
        .then(|| format!("SELECT list expression references column {column} which is neither grouped nor aggregated"))
}

fn fixed(detail: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        (
            "More than one row returned by a subquery used as an expression",
            "Scalar subquery produced more than one element",
        ),
        (
            "WHERE clause cannot contain aggregates",
            "Aggregate function not allowed in WHERE clause",
        ),
        (
            "aggregate function calls cannot be nested",
            "Aggregations of aggregations are not allowed",
        ),
        (
            "Argument for ntile must be greater than zero",
            "The N value (number of buckets) for the NTILE function must be positive",
        ),
    ];
    let known = WORDS.iter().find(|(duck, _)| detail.starts_with(duck));
    known.map(|(_, google)| *google)
}

#[cfg(test)]
mod tests {
    #[test]
    fn messages_are_told_as_bigquery_tells_them() {
        for (duck, google) in [
            ("Overflow in addition of INT64 (1 + 2)!", "int64 overflow: 1 + 2"),
            (
                "Overflow on abs(-9223372036854775808)",
                "int64 overflow: ABS(-9223372036854775808)",
            ),
            (
                "column \"x\" must appear in the GROUP BY clause or so",
                "SELECT list expression references column x which is neither grouped nor aggregated",
            ),
        ] {
            assert_eq!(super::of(duck).as_deref(), Some(google));
        }
        assert_eq!(super::of("something else"), None);
    }
}
