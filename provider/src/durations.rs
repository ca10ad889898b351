//! Lengths of time: as people write them (`10m`), as Google writes them (`600s`).

use std::time::Duration;

use tfplugin_framework::{Validator, Value, parse_duration};

/// A duration in Google's JSON: seconds with an `s`. What is no duration stays as it is; the service will say so.
pub(crate) fn to_google(text: &str) -> String {
    let Ok(duration) = parse_duration(text) else {
        return text.to_owned();
    };
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos => {
            let fraction = format!("{nanos:09}");
            format!("{}.{}s", duration.as_secs(), fraction.trim_end_matches('0'))
        }
    }
}

/// A duration from the first to the second, both written as users write them.
pub(crate) fn between(least: &'static str, most: &'static str) -> Validator {
    let text = format!("must be a duration from `{least}` to `{most}`, such as `{least}`");
    let said = text.clone();
    let bound = |text| parse_duration(text).unwrap_or(Duration::MAX);
    let (from, to) = (bound(least), bound(most));
    Validator::new(text, move |value: &Value| {
        let Some(given) = value.as_str() else { return Ok(()) };
        match parse_duration(given) {
            Ok(duration) if (from..=to).contains(&duration) => Ok(()),
            Ok(_) => Err(format!("{said}, got `{given}`")),
            Err(problem) => Err(format!("{said}: {problem}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin_framework::Path;

    #[test]
    fn googles_form() {
        for (given, expected) in [
            ("10m", "600s"),
            ("600s", "600s"),
            ("1h30m", "5400s"),
            ("1.5s", "1.5s"),
            ("250ms", "0.25s"),
            ("soon", "soon"),
        ] {
            assert_eq!(to_google(given), expected);
        }
    }

    #[test]
    fn bounds() {
        let rule = between("10m", "744h");
        for (given, right) in [
            ("10m", true),
            ("600s", true),
            ("744h", true),
            ("9m", false),
            ("745h", false),
            ("x", false),
        ] {
            assert_eq!(rule.check(&given.into(), &Path::root()).is_empty(), right, "{given}");
        }
    }
}
