//! The org's budgets and its clock.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::client::Call;
use crate::{Client, Error, Result};

/// Usage of the org's daily API requests by all of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiUsage {
    /// Requests in the last 24 hours.
    pub used: u64,
    /// Requests allowed in 24 hours.
    pub max: u64,
}

impl ApiUsage {
    /// Share used, in percent, rounded up.
    pub const fn percent(self) -> u64 {
        if self.max == 0 {
            100
        } else {
            (self.used * 100).div_ceil(self.max)
        }
    }
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Limit {
    /// What is allowed. For sizes, in MB.
    pub max: i64,
    /// What is left.
    pub remaining: i64,
}

/// All limits by Salesforce's names. <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm>
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Limits(pub BTreeMap<String, Limit>);

impl Limits {
    /// `DailyApiRequests` as usage.
    pub fn daily_api_requests(&self) -> Option<ApiUsage> {
        let limit = self.0.get("DailyApiRequests")?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Some(ApiUsage {
            used: count(limit.max - limit.remaining),
            max: count(limit.max),
        })
    }

    /// `DailyBulkV2QueryJobs`.
    pub fn daily_bulk_query_jobs(&self) -> Option<Limit> {
        self.0.get("DailyBulkV2QueryJobs").copied()
    }

    /// `DailyBulkV2QueryFileStorageMB`.
    pub fn daily_bulk_query_storage_mb(&self) -> Option<Limit> {
        self.0.get("DailyBulkV2QueryFileStorageMB").copied()
    }
}

impl Client {
    /// The org's limits. One call.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn limits(&self) -> Result<Limits> {
        self.send(&Call::get(self.path("/limits"))).await?.json()
    }

    /// Salesforce's clock, to the second and rounded down: the `Date` header of the list of API versions, the
    /// cheapest call there is. Asked anew each time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn server_time(&self) -> Result<DateTime<Utc>> {
        let call = Call::get("/services/data");
        let answer = self.send(&call).await?;
        let date = answer.headers.get("date").and_then(|v| v.to_str().ok());
        date.and_then(|text| DateTime::parse_from_rfc2822(text).ok())
            .map(|time| time.with_timezone(&Utc))
            .ok_or_else(|| Error::unexpected(&answer.request, "it has no Date header"))
    }
}

/// Reads `api-usage=18/5000; per-app-api-usage=…`.
pub(crate) fn parse_limit_info(text: &str) -> Option<ApiUsage> {
    let usage = text
        .split([';', ','])
        .find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, max) = usage.split_once('/')?;
    Some(ApiUsage {
        used: used.trim().parse().ok()?,
        max: max.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_the_header() {
        let cases = [
            ("api-usage=18/5000", Some((18, 5000, 1))),
            (
                "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)",
                Some((25, 5000, 1)),
            ),
            (
                "per-app-api-usage=17/250(appName=x); api-usage=100/100",
                Some((100, 100, 100)),
            ),
            ("api-usage=0/0", Some((0, 0, 100))),
            ("api-usage=x/5000", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_limit_info(text).map(|u| (u.used, u.max, u.percent())),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn limits_ignore_what_is_nested() {
        let text = r#"{"DailyApiRequests":{"Max":5000,"Remaining":4982,"Ant Migration Tool":{"Max":0,"Remaining":0}},
            "DailyBulkV2QueryJobs":{"Max":10000,"Remaining":9999}}"#;
        let limits: Limits = serde_json::from_str(text).unwrap();
        assert_eq!(limits.daily_api_requests(), Some(ApiUsage { used: 18, max: 5000 }));
        assert_eq!(
            limits.daily_bulk_query_jobs(),
            Some(Limit {
                max: 10000,
                remaining: 9999
            })
        );
        assert_eq!(limits.daily_bulk_query_storage_mb(), None);
    }
}
