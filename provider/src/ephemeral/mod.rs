//! The ephemeral resources, one module each: tokens that exist for one run of Terraform and are stored nowhere.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use tfplugin_framework::AnyEphemeralResource;

pub mod google_access_token;
pub mod salesforce_access_token;

/// All of them.
pub fn all() -> Vec<Box<dyn AnyEphemeralResource>> {
    vec![
        Box::new(google_access_token::GoogleAccessToken),
        Box::new(salesforce_access_token::SalesforceAccessToken::default()),
    ]
}

/// An instant as the attributes show it.
fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    SystemTime::from(time).checked_add(by).map_or(time, DateTime::from)
}
