//! Cloud Monitoring v3: reading time series. <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list>

use std::sync::Arc;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::endpoints::Service;
use crate::errors::Error;
use crate::http_json::{Call, Transport, segment};

/// Cloud Monitoring.
#[derive(Clone)]
pub struct Monitoring {
    transport: Arc<Transport>,
}

impl Monitoring {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// The newest whole number of the first time series that a filter chooses, no older than `window`; `None` where nothing was
    /// measured within it.
    ///
    /// # Errors
    /// When Cloud Monitoring refuses, such as a filter that it does not understand.
    pub async fn newest(&self, project: &str, filter: &str, window: Duration) -> Result<Option<i64>, Error> {
        let now = Utc::now();
        let stamp = |back: Duration| {
            let at = now - TimeDelta::from_std(back).unwrap_or_default();
            at.to_rfc3339_opts(SecondsFormat::Secs, true)
        };
        let path = format!("/v3/projects/{}/timeSeries", segment(project));
        let answer = Call::get(Service::Monitoring, path, "read time series")
            .query("filter", filter)
            .query("interval.startTime", stamp(window))
            .query("interval.endTime", stamp(Duration::ZERO))
            .send_json(&self.transport)
            .await?;
        Ok(newest(&answer))
    }
}

/// Points come newest first; 64-bit numbers are texts in Google's JSON.
fn newest(answer: &Value) -> Option<i64> {
    let value = &answer["timeSeries"][0]["points"][0]["value"]["int64Value"];
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_point_comes_first() {
        let answer = json!({"timeSeries": [{"points": [
            {"value": {"int64Value": "1200"}}, {"value": {"int64Value": "7"}}]}]});
        assert_eq!(newest(&answer), Some(1200));
        assert_eq!(newest(&json!({})), None);
        assert_eq!(newest(&json!({"timeSeries": [{"points": []}]})), None);
    }
}
