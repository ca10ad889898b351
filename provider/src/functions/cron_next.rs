//! `cron_next(expression, time_zone, after, n)`: when a schedule will fire.
//!
//! A function of Terraform must give the same result at plan and apply, so it must not look at a clock: the instant to
//! count from is an argument.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use headwater_spec::{Schedule, ScheduleError};
use tfplugin_framework::{Function, FunctionError, Parameter, Signature, Type, Value};

/// More than anybody reads; a bound on what one call may cost.
const MOST: i64 = 1000;

/// The function.
pub(super) struct CronNext;

impl Function for CronNext {
    fn name(&self) -> &'static str {
        "cron_next"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "When a schedule fires next".into(),
            description: format!(
                "Returns the next `n` times after an instant at which a cron expression fires, as time stamps (RFC 3339) with the time \
                 zone's offset of that day, so that summer time can be seen. The schedule is read as by `headwater_salesforce_extract` and \
                 Cloud Scheduler. Terraform requires functions to be pure: the result must not depend on when it is computed. The \
                 instant is therefore an argument; `plantimestamp()` gives that of the plan. At most {MOST} times are returned."
            ),
            parameters: vec![
                Parameter::new(
                    "expression",
                    Type::String,
                    "Five fields in unix-cron format: minute, hour, day of the month, month, day of the week.",
                ),
                Parameter::new(
                    "time_zone",
                    Type::String,
                    "A name of the IANA time zone database, such as `UTC` or `Europe/Berlin`.",
                ),
                Parameter::new(
                    "after",
                    Type::String,
                    "The instant to count from, not included: a time stamp such as `2026-01-01T00:00:00Z`, or `plantimestamp()`.",
                ),
                Parameter::new("n", Type::Number, format!("How many times, 1 to {MOST}.")),
            ],
            variadic: None,
            returns: Type::list(Type::String),
            deprecated: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = |index: usize| arguments[index].as_str().unwrap_or_default();
        let schedule = Schedule {
            cron: text(0).to_owned(),
            time_zone: text(1).to_owned(),
        };
        let zone: Tz = schedule
            .time_zone
            .parse()
            .map_err(|_| wrong(&ScheduleError::TimeZone(text(1).to_owned())))?;
        let after = DateTime::parse_from_rfc3339(text(2)).map_err(|_| {
            let given = text(2);
            FunctionError::argument(
                2,
                format!("after: {given:?} is not a time stamp such as `2026-01-01T00:00:00Z`"),
            )
        })?;
        let count = arguments[3]
            .as_i64()
            .filter(|n| (1..=MOST).contains(n))
            .ok_or_else(|| FunctionError::argument(3, format!("n must be a whole number, 1 to {MOST}")))?;
        let mut last = after.with_timezone(&Utc);
        let mut times = Vec::new();
        for _ in 0..count {
            last = schedule.next_after(last).map_err(|error| wrong(&error))?;
            let local = last.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true);
            times.push(Value::String(local));
        }
        Ok(Value::List(times))
    }
}

fn wrong(error: &ScheduleError) -> FunctionError {
    match error {
        ScheduleError::Cron { .. } | ScheduleError::Never(_) => {
            FunctionError::argument(0, format!("expression: {error}"))
        }
        ScheduleError::TimeZone(_) => FunctionError::argument(1, format!("time_zone: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str, n: i64) -> Result<Vec<String>, FunctionError> {
        let times = CronNext.call(&[cron.into(), zone.into(), after.into(), n.into()])?;
        let times = times.as_elements().unwrap_or_default();
        Ok(times.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    #[test]
    fn times_carry_the_offset_of_their_day() {
        // Summer time begins in Berlin on 2026-03-29.
        assert_eq!(
            next("30 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2).as_deref(),
            Ok(&[
                "2026-03-29T03:30:00+02:00".to_owned(),
                "2026-03-30T03:30:00+02:00".to_owned()
            ][..])
        );
        assert_eq!(
            next("0 * * * *", "UTC", "2026-01-01T01:00:00+01:00", 2).as_deref(),
            Ok(&["2026-01-01T01:00:00Z".to_owned(), "2026-01-01T02:00:00Z".to_owned()][..])
        );
    }

    #[test]
    fn errors_name_the_argument() {
        let after = "2026-01-01T00:00:00Z";
        for (cron, zone, after, n, argument, says) in [
            ("hourly", "UTC", after, 1, 0, "expression"),
            ("0 0 30 2 *", "UTC", after, 1, 0, "never fires"),
            ("0 * * * *", "Mars", after, 1, 1, "IANA"),
            ("0 * * * *", "UTC", "tomorrow", 1, 2, "after: \"tomorrow\""),
            ("0 * * * *", "UTC", after, 0, 3, "n must be"),
            ("0 * * * *", "UTC", after, 5000, 3, "n must be"),
        ] {
            let error = next(cron, zone, after, n).expect_err(says);
            assert_eq!(error.argument, Some(argument), "{}", error.text);
            assert!(error.text.contains(says), "{}", error.text);
        }
    }
}
