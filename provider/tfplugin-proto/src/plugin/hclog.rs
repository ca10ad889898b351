//! Log lines for Terraform's log: hclog's JSON on stderr, at the level that `TF_LOG` and its kin ask for.

use std::fmt;
use std::io::Write as _;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Libraries that would drown the log: only their warnings.
const NOISY: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "reqwest",
    "rustls",
    "tonic",
    "tower",
];

/// Installs the layer for a provider of this name, unless a subscriber is there already.
pub fn install(provider: &str) {
    let level = level(provider, |name| std::env::var(name).ok());
    if level != LevelFilter::OFF {
        let layer = Hclog {
            level,
            module: format!("provider.{provider}"),
        };
        // An error means that somebody else collects the events.
        let _ = tracing_subscriber::registry().with(layer).try_init();
    }
}

/// `TF_LOG_PROVIDER_NAME` counts before `TF_LOG_PROVIDER` before `TF_LOG`. Terraform filters once more.
pub(super) fn level(provider: &str, env: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", provider.to_ascii_uppercase().replace('-', "_"));
    let value = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| env(name).filter(|v| !v.is_empty()));
    match value.map(|value| value.to_ascii_uppercase()).as_deref() {
        None | Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        // `JSON` and whatever else: as Terraform itself has it.
        Some(_) => LevelFilter::TRACE,
    }
}

struct Hclog {
    level: LevelFilter,
    module: String,
}

impl Hclog {
    fn line(&self, event: &Event<'_>) -> String {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut fields = fields.0;
        // The client expects these three to be text and fails otherwise.
        let message = fields.remove("message").map(|message| match message {
            Json::String(text) => text,
            other => other.to_string(),
        });
        fields.insert(
            "@level".into(),
            event.metadata().level().as_str().to_ascii_lowercase().into(),
        );
        fields.insert("@message".into(), message.unwrap_or_default().into());
        fields.insert("@module".into(), self.module.clone().into());
        fields.insert(
            "@timestamp".into(),
            Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true).into(),
        );
        Json::Object(fields).to_string()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Hclog {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let library = metadata.target().split("::").next().unwrap_or_default();
        *metadata.level() <= self.level && (*metadata.level() <= Level::WARN || !NOISY.contains(&library))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = self.line(event);
        // Nobody is left to be told when stderr is gone.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

struct Fields(Map<String, Json>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_variable_decides() {
        let cases: &[(&[(&str, &str)], LevelFilter)] = &[
            (&[], LevelFilter::OFF),
            (&[("TF_LOG", "")], LevelFilter::OFF),
            (&[("TF_LOG", "debug")], LevelFilter::DEBUG),
            (&[("TF_LOG", "JSON")], LevelFilter::TRACE),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "WARN")], LevelFilter::WARN),
            (
                &[("TF_LOG_PROVIDER", "WARN"), ("TF_LOG_PROVIDER_HEAD_WATER", "INFO")],
                LevelFilter::INFO,
            ),
            (&[("TF_LOG_PROVIDER_OTHER", "INFO")], LevelFilter::OFF),
        ];
        for (vars, wanted) in cases {
            let env = |name: &str| {
                vars.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(level("head-water", env), *wanted, "{vars:?}");
        }
    }
}
