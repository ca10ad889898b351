//! Cloud Monitoring and what it counts of Cloud Logging: alert policies, notification channels, dashboards, log-based metrics.
//! What is good to alert on is the module `monitoring`'s; here is only what Google's APIs take.

mod alert_policy;
mod channel;
mod dashboard;
mod filter;
mod logging_metric;

pub(crate) use alert_policy::AlertPolicy;
pub(crate) use channel::NotificationChannel;
pub(crate) use dashboard::Dashboard;
pub(crate) use logging_metric::LoggingMetric;
use tfplugin_framework::{Attribute, Type, Validator, Value, parse_duration};

use crate::names;

/// The id that Cloud Monitoring gives.
fn assigned_name() -> Attribute {
    Attribute::string()
        .computed()
        .use_state_for_unknown()
        .describe("The id that Cloud Monitoring has given it.")
}

fn user_labels() -> Attribute {
    Attribute::map(Type::String)
        .optional()
        .validate(names::label_keys())
        .validate(names::label_values())
        .describe("Labels, to find it by.")
}

/// A length of time in steps: `steps(60, "0s", "23h30m")`.
fn steps(step: u64, least: &'static str, most: &'static str) -> Validator {
    let unit = match step {
        60 => "a whole number of minutes".to_owned(),
        step => format!("a multiple of {step} seconds"),
    };
    let said = format!("must be {unit} from `{least}` to `{most}`");
    let bound = |text| parse_duration(text).unwrap_or_default();
    let range = bound(least)..=bound(most);
    Validator::new(said.clone(), move |value: &Value| {
        let Some(given) = value.as_str() else { return Ok(()) };
        match parse_duration(given) {
            Ok(time) if range.contains(&time) && time.subsec_nanos() == 0 && time.as_secs().is_multiple_of(step) => {
                Ok(())
            }
            Ok(_) => Err(format!("{said}, got `{given}`")),
            Err(problem) => Err(format!("{said}: {problem}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Rest;
    use tfplugin_framework::{Path, check_resource};

    #[test]
    fn the_schemas_are_sound() {
        assert_eq!(check_resource(&Rest(AlertPolicy)), Default::default());
        assert_eq!(check_resource(&Rest(NotificationChannel)), Default::default());
        assert_eq!(check_resource(&Rest(Dashboard)), Default::default());
        assert_eq!(check_resource(&Rest(LoggingMetric)), Default::default());
    }

    #[test]
    fn times_go_in_steps() {
        for (step, given, right) in [
            (60, "0s", true),
            (60, "5m", true),
            (60, "90s", false),
            (60, "24h", false),
            (60, "1500ms", false),
            (30, "90s", true),
            (30, "45s", false),
            (30, "soon", false),
        ] {
            let found = steps(step, "0s", "23h30m").check(&given.into(), &Path::root());
            assert_eq!(found.is_empty(), right, "{given} in steps of {step}: {found:?}");
        }
    }
}
