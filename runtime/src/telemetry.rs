//! Metrics sent to an OpenTelemetry collector, by OTLP over HTTP, as the standard variables of the environment say. What is
//! measured is the executors' matter. <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headwater_stream::apply::{MEASURES, Measure, Read, Watched};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use tokio::runtime::Handle;

use crate::error::CommandError;

/// How long the end of a program waits until its last numbers have been taken: Cloud Run kills soon after it has asked.
const LAST_EXPORT: Duration = Duration::from_secs(1);

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const METRICS_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const METRICS_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT";
const EXPORTER: &str = "OTEL_METRICS_EXPORTER";
const DISABLED: &str = "OTEL_SDK_DISABLED";
/// The one that is spoken.
const HTTP_PROTOBUF: &str = "http/protobuf";

/// A running export.
#[derive(Debug)]
pub struct Exporting(SdkMeterProvider);

/// Begins to export what is measured of a stream's worker, if the environment names a collector.
pub fn export(watched: Watched) -> Result<Option<Exporting>, CommandError> {
    if !wanted(&variable)? {
        return Ok(None);
    }
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(Client::new(timeout(&variable)?)?)
        .build()
        .map_err(|error| CommandError::usage(endpoint_variable(&variable), &error))?;
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter).build())
        .with_resource(resource())
        .build();
    register(&provider, watched);
    Ok(Some(Exporting(provider)))
}

impl Exporting {
    /// Exports the last numbers and ends.
    pub async fn finish(self) {
        let last = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_EXPORT));
        let told = tokio::time::timeout(LAST_EXPORT, last).await;
        if !matches!(told, Ok(Ok(Ok(())))) {
            tracing::warn!("the last metrics did not reach the OpenTelemetry collector");
        }
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Whether the environment asks for it, and for something that is spoken here.
fn wanted(variable: Variables<'_>) -> Result<bool, CommandError> {
    let is = |name: &str, value: &str| variable(name).is_some_and(|set| set.trim().eq_ignore_ascii_case(value));
    if is(DISABLED, "true") || is(EXPORTER, "none") {
        return Ok(false);
    }
    if variable(ENDPOINT).or_else(|| variable(METRICS_ENDPOINT)).is_none() {
        return Ok(false);
    }
    if variable(EXPORTER).is_some() && !is(EXPORTER, "otlp") {
        return Err(CommandError::Usage {
            argument: EXPORTER,
            message: "metrics are exported by `otlp`, or not at all (`none`)".into(),
        });
    }
    let protocol = [METRICS_PROTOCOL, PROTOCOL]
        .into_iter()
        .find(|name| variable(name).is_some());
    match protocol {
        Some(argument) if !is(argument, HTTP_PROTOBUF) => Err(CommandError::Usage {
            argument,
            message: format!("only `{HTTP_PROTOBUF}` is spoken; collectors take it at port 4318"),
        }),
        _ => Ok(true),
    }
}

/// Which variable says where the collector is.
fn endpoint_variable(variable: Variables<'_>) -> &'static str {
    match variable(METRICS_ENDPOINT) {
        Some(_) => METRICS_ENDPOINT,
        None => ENDPOINT,
    }
}

/// How long one request may take.
fn timeout(variable: Variables<'_>) -> Result<Duration, CommandError> {
    for argument in [METRICS_TIMEOUT, TIMEOUT] {
        let Some(text) = variable(argument) else { continue };
        return match text.trim().parse() {
            Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
            Err(_) => Err(CommandError::Usage {
                argument,
                message: format!("`{text}` is not a number of milliseconds, such as 10000"),
            }),
        };
    }
    Ok(Duration::from_secs(10))
}

/// Who tells. Several workers of one stream tell the same counters, each its own: what keeps them apart is the instance.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let unnamed = detected
        .get(&Key::new("service.name"))
        .is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let own = |key: &'static str, value: String| {
        let missing = detected.get(&Key::new(key)).is_none();
        missing.then(|| KeyValue::new(key, value))
    };
    let more = [
        own("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        own("service.instance.id", format!("{:032x}", rand::random::<u128>())),
    ];
    let mut builder = Resource::builder().with_attributes(more.into_iter().flatten());
    if unnamed {
        builder = builder.with_service_name("headwater");
    }
    builder.build()
}

fn name(measure: &Measure) -> String {
    format!("headwater.{}.{}", measure.part, measure.name)
}

/// An instrument for each measure, which reads it when it is time to export.
fn register(provider: &SdkMeterProvider, watched: Watched) {
    let meter = provider.meter("headwater");
    let watched = Arc::new(watched);
    for measure in &MEASURES {
        let name = name(measure);
        let of = Arc::clone(&watched);
        let pipeline = KeyValue::new("pipeline", watched.pipeline.clone());
        match measure.read {
            Read::Counter(read) => {
                let counter = meter.u64_observable_counter(name).with_unit(measure.unit);
                let counter = counter.with_description(measure.help).with_callback(move |observer| {
                    if let Some(value) = read(&of) {
                        observer.observe(value, std::slice::from_ref(&pipeline));
                    }
                });
                counter.build();
            }
            Read::ByReason(read) => {
                let counter = meter.u64_observable_counter(name).with_unit(measure.unit);
                let counter = counter.with_description(measure.help).with_callback(move |observer| {
                    for (reason, value) in read(&of) {
                        observer.observe(value, &[pipeline.clone(), KeyValue::new("reason", reason)]);
                    }
                });
                counter.build();
            }
            Read::Gauge(read) => {
                let gauge = meter.f64_observable_gauge(name).with_unit(measure.unit);
                let gauge = gauge.with_description(measure.help).with_callback(move |observer| {
                    if let Some(value) = read(&of) {
                        observer.observe(value, std::slice::from_ref(&pipeline));
                    }
                });
                gauge.build();
            }
        }
    }
}

/// The exporter lives on a thread of its own; what it sends goes through the program's runtime.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    fn new(timeout: Duration) -> Result<Self, CommandError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| CommandError::usage(endpoint_variable(&variable), &error))?;
        Ok(Self {
            http,
            runtime: Handle::current(),
        })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = http.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = std::mem::take(answer.headers_mut());
            }
            Ok(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn asked(variables: &[(&'static str, &'static str)]) -> Result<bool, String> {
        let set: HashMap<_, _> = variables.iter().copied().collect();
        wanted(&|name| set.get(name).map(|value| (*value).to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_guide_tells_of_every_measure() {
        let guide = include_str!("../../docs/guides/streams.md");
        for measure in &MEASURES {
            let kind = match measure.read {
                Read::Counter(_) | Read::ByReason(_) => "counter",
                Read::Gauge(_) => "gauge",
            };
            let row = format!("| `{}` | {kind} |", name(measure));
            assert!(guide.contains(&row), "{row}");
        }
        assert_eq!(guide.matches("| `headwater.").count(), MEASURES.len());
    }

    #[test]
    fn the_environment_decides() {
        let there = (ENDPOINT, "http://collector:4318");
        assert_eq!(asked(&[]), Ok(false), "nobody asked");
        assert_eq!(asked(&[there]), Ok(true));
        assert_eq!(
            asked(&[(METRICS_ENDPOINT, "http://collector:4318/v1/metrics")]),
            Ok(true)
        );
        assert_eq!(asked(&[there, (EXPORTER, "none")]), Ok(false));
        assert_eq!(asked(&[there, (DISABLED, "TRUE")]), Ok(false));
        assert_eq!(asked(&[there, (PROTOCOL, HTTP_PROTOBUF)]), Ok(true));
        let grpc = asked(&[there, (PROTOCOL, "grpc")]).unwrap_err();
        assert!(grpc.contains(PROTOCOL) && grpc.contains("4318"), "{grpc}");
        assert_eq!(
            asked(&[there, (PROTOCOL, "grpc"), (METRICS_PROTOCOL, HTTP_PROTOBUF)]),
            Ok(true),
            "the more special variable is the one that counts"
        );
        let other = asked(&[there, (EXPORTER, "prometheus")]).unwrap_err();
        assert!(other.contains(EXPORTER) && other.contains("otlp"), "{other}");
        let limit = |value: &'static str| timeout(&move |name| (name == TIMEOUT).then(|| value.to_owned()));
        assert_eq!(limit("250").ok(), Some(Duration::from_millis(250)));
        assert!(limit("soon").is_err_and(|error| error.to_string().contains("soon")));
    }
}
