//! When a schedule is due: unix-cron of five fields in a time zone.
//!
//! At the change to summer time a wall clock time that does not exist is not fired at; at the change back a time that
//! exists twice is fired at as [`croner`] has it: once for a fixed time, in both hours for `*` and steps.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// A schedule that has been checked.
#[derive(Debug)]
pub(crate) struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// # Errors
    /// What is wrong, for the user.
    pub(crate) fn parse(schedule: &str, zone: &str) -> Result<Schedule, String> {
        if schedule.starts_with("every ") {
            return Err(format!(
                "the schedule '{schedule}' is in the App Engine cron syntax, which is not served; write unix-cron"
            ));
        }
        // The library knows more than unix-cron: seconds, years, `L`, `#`, `W`, nicknames. Cloud Scheduler does not.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | ',' | '-' | '/' | ' ' | '\t');
        let names = |word: &str| {
            let word = word.to_ascii_lowercase();
            let known = [
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ];
            let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
            known.contains(&word.as_str()) || days.contains(&word.as_str())
        };
        let words = schedule
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty());
        let fields = schedule.split_whitespace().count();
        if fields != 5 || !schedule.chars().all(plain) || !words.into_iter().all(names) {
            return Err(format!(
                "Schedule or time zone is invalid: '{schedule}' is not a unix-cron of five fields"
            ));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(schedule)
            .map_err(|e| format!("Schedule or time zone is invalid: '{schedule}': {e}"))?;
        let zone: Tz = zone
            .parse()
            .map_err(|_| format!("Schedule or time zone is invalid: there is no time zone '{zone}'"))?;
        Ok(Schedule { cron, zone })
    }

    /// The first time after `now`; none if there never is one.
    pub(crate) fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&self.zone);
        self.cron
            .find_next_occurrence(&local, false)
            .ok()
            .map(|next| next.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_fire_when_their_wall_clock_says() {
        for (cron, zone, now, expected) in [
            ("0 * * * *", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("*/15 * * * *", "UTC", "2026-01-01T00:14:59.5Z", "2026-01-01T00:15:00Z"),
            (
                "30 6 * * MON-FRI",
                "Europe/Berlin",
                "2026-01-02T12:00:00Z",
                "2026-01-05T05:30:00Z",
            ),
            (
                "0 9 1 jan *",
                "America/New_York",
                "2026-01-02T00:00:00Z",
                "2027-01-01T14:00:00Z",
            ),
            ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            // Summer time begins in Berlin on 2026-03-29 at 2:00, ends on 2026-10-25 at 3:00.
            (
                "30 3 * * *",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "30 12 * * *",
                "Europe/Berlin",
                "2026-03-29T00:00:00Z",
                "2026-03-29T10:30:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
            (
                "0 * * * *",
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
            ),
        ] {
            let next = Schedule::parse(cron, zone).unwrap().next(now.parse().unwrap());
            assert_eq!(next, Some(expected.parse().unwrap()), "{cron} in {zone} after {now}");
        }
    }

    #[test]
    fn what_is_not_unix_cron_is_refused() {
        for (cron, zone) in [
            ("", "UTC"),
            ("* * * *", "UTC"),
            ("* * * * * *", "UTC"),
            ("60 * * * *", "UTC"),
            ("0 0 L * *", "UTC"),
            ("0 0 * * 1#2", "UTC"),
            ("@hourly", "UTC"),
            ("every 5 minutes", "UTC"),
            ("0 * * * *", "Mars/Olympus"),
            ("soon or later on mon", "UTC"),
        ] {
            assert!(Schedule::parse(cron, zone).is_err(), "{cron} in {zone}");
        }
    }
}
