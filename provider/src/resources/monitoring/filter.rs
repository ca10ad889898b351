//! Monitoring filters, as far as a plan can judge them: <https://cloud.google.com/monitoring/api/v3/filters>

use tfplugin_framework::{Validator, validate};

/// A filter that selects time series: it names one metric type and the type of the resource.
pub(super) fn of_series() -> Validator {
    validate::matches(
        "must be a monitoring filter that names one metric and its resource: `metric.type = \"…\" AND resource.type = \"…\"`, with quotes and parentheses closed",
        |text| problem(text).is_none(),
    )
}

/// A filter of log entries, whose language is larger: only what is open at its end is told.
pub(super) fn of_logs() -> Validator {
    validate::matches(
        "must be a logs filter of 1 to 20000 characters with quotes and parentheses closed, such as `jsonPayload.message = \"run finished\"`",
        |text| {
            let length = text.chars().count();
            (1..=20_000).contains(&length) && !text.trim().is_empty() && bare(text).is_some()
        },
    )
}

/// What is wrong.
fn problem(text: &str) -> Option<&'static str> {
    let Some(bare) = bare(text) else {
        return Some("a quote or a parenthesis is not closed");
    };
    match (restrictions(&bare, "metric.type"), restrictions(&bare, "resource.type")) {
        (1, 1..) => None,
        (0, _) => Some("no metric"),
        (1, _) => Some("no resource"),
        _ => Some("two metrics"),
    }
}

/// The text without what stands in quotes and comments; none if something is not closed.
fn bare(text: &str) -> Option<String> {
    let mut bare = String::with_capacity(text.len());
    let mut depth = 0_u32;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                loop {
                    match letters.next()? {
                        '\\' => _ = letters.next()?,
                        '"' => break,
                        _ => {}
                    }
                }
                bare.push_str("\"\"");
            }
            '(' => {
                depth += 1;
                bare.push(letter);
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                bare.push(letter);
            }
            _ => bare.push(letter),
        }
    }
    (depth == 0).then_some(bare)
}

/// How often `field = …` stands there.
fn restrictions(bare: &str, field: &str) -> usize {
    let after = bare.match_indices(field).filter(|(at, _)| {
        let whole = bare[..*at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '.' | '_'));
        whole && bare[at + field.len()..].trim_start().starts_with('=')
    });
    after.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_filter() {
        for (filter, expected) in [
            (r#"metric.type = "a/b" AND resource.type = "c""#, None),
            (
                r#"resource.type="c" metric.type="a/b" metric.labels.x="metric.type=\"y\"""#,
                None,
            ),
            (r#"metric.type="a" AND (resource.type="b" OR resource.type="c")"#, None),
            (
                r#"metric.type="a" OR metric.type="b" resource.type="c""#,
                Some("two metrics"),
            ),
            (r#"metric.type="a""#, Some("no resource")),
            (r#"resource.type="a" metric.types="b""#, Some("no metric")),
            (r#"resource.type="a" my.metric.type="b""#, Some("no metric")),
            (
                r#"metric.type="a AND resource.type="b""#,
                Some("a quote or a parenthesis is not closed"),
            ),
            (
                r#"(metric.type="a" resource.type="b""#,
                Some("a quote or a parenthesis is not closed"),
            ),
            (
                r#"metric.type="a") resource.type="b""#,
                Some("a quote or a parenthesis is not closed"),
            ),
        ] {
            assert_eq!(problem(filter), expected, "{filter}");
        }
    }
}
