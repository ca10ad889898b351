//! Cron expressions with a time zone, as Cloud Scheduler takes them. Whether and when something fires is Cloud Scheduler's.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a pipeline runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five fields in unix-cron format. <https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules>
    pub cron: String,
    /// A name of the IANA time zone database, such as `Europe/Berlin`.
    pub time_zone: String,
}

/// What is wrong with a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression does not parse.
    #[error(
        "{cron:?} is not a cron expression: {reason}; write five fields (minute hour day month weekday), such as \"0 * * * *\""
    )]
    Cron {
        /// What was given.
        cron: String,
        /// What the parser says.
        reason: String,
    },
    /// The expression parses and never fires, such as 30 February.
    #[error("{0:?} never fires: no date matches it")]
    Never(String),
    /// Not a time zone.
    #[error("{0:?} is not a time zone: use a name of the IANA database, such as \"UTC\" or \"Europe/Berlin\"")]
    TimeZone(String),
}

impl Schedule {
    /// Checks both parts.
    ///
    /// # Errors
    /// Names the part, its value and the remedy.
    pub fn check(&self) -> Result<(), ScheduleError> {
        self.next_after(DateTime::UNIX_EPOCH).map(drop)
    }

    /// The first time after `after` at which it fires.
    ///
    /// # Errors
    /// As [`Schedule::check`].
    pub fn next_after(&self, after: DateTime<Utc>) -> Result<DateTime<Utc>, ScheduleError> {
        let zone: Tz = self
            .time_zone
            .parse()
            .map_err(|_| ScheduleError::TimeZone(self.time_zone.clone()))?;
        let error = |reason: String| ScheduleError::Cron {
            cron: self.cron.clone(),
            reason,
        };
        let fields = self.cron.split_whitespace().count();
        if fields != 5 {
            return Err(error(format!("it has {fields} fields")));
        }
        let cron = croner::Cron::from_str(&self.cron).map_err(|e| error(e.to_string()))?;
        let next = cron
            .find_next_occurrence(&after.with_timezone(&zone), false)
            .map_err(|_| ScheduleError::Never(self.cron.clone()))?;
        Ok(next.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> Result<String, String> {
        let schedule = Schedule {
            cron: cron.into(),
            time_zone: zone.into(),
        };
        let after = DateTime::parse_from_rfc3339(after).unwrap().with_timezone(&Utc);
        schedule
            .next_after(after)
            .map(|t| t.to_rfc3339())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn next_occurrences() {
        let cases = [
            ("0 * * * *", "UTC", "2026-01-01T00:30:00Z", "2026-01-01T01:00:00+00:00"),
            (
                "0 3 * * *",
                "Europe/Berlin",
                "2026-07-01T00:00:00Z",
                "2026-07-01T01:00:00+00:00",
            ),
            (
                "0 3 * * *",
                "Europe/Berlin",
                "2026-01-01T00:00:00Z",
                "2026-01-01T02:00:00+00:00",
            ),
            (
                "*/15 9-17 * * 1-5",
                "UTC",
                "2026-01-02T17:50:00Z",
                "2026-01-05T09:00:00+00:00",
            ),
        ];
        for (cron, zone, after, expected) in cases {
            assert_eq!(next(cron, zone, after).as_deref(), Ok(expected), "{cron} {zone}");
        }
    }

    #[test]
    fn refusals_name_the_value_and_the_remedy() {
        let cases = [
            ("every day", "UTC", "it has 2 fields"),
            ("61 * * * *", "UTC", "61 * * * *"),
            ("0 0 30 2 *", "UTC", "never fires"),
            ("0 * * * *", "Mars/Olympus", "IANA"),
        ];
        for (cron, zone, expected) in cases {
            let error = next(cron, zone, "2026-01-01T00:00:00Z").expect_err(cron);
            assert!(error.contains(expected), "{error}");
        }
    }
}
