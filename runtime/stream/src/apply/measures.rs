//! What is measured of a worker, each thing once: its name, its unit, what it means and where it is read. In whose format it is
//! told is not decided here, but for Prometheus' text, which needs nothing else.

use std::fmt::Write as _;

use super::serve::Watched;

/// One thing that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Whose it is: `stream` or `bridge`.
    pub part: &'static str,
    /// What it is called within that.
    pub name: &'static str,
    /// The unit, as UCUM writes it, which OpenTelemetry asks for. <https://ucum.org/ucum>
    pub unit: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Its kind, and where it is read.
    pub read: Read,
}

/// How a measure is read; nothing is told of one that is absent.
#[derive(Debug, Clone, Copy)]
pub enum Read {
    /// What only rises.
    Counter(fn(&Watched) -> Option<u64>),
    /// The same, apart by reason.
    ByReason(fn(&Watched) -> Vec<(&'static str, u64)>),
    /// What rises and falls.
    Gauge(fn(&Watched) -> Option<f64>),
}

use Read::{ByReason, Counter, Gauge};

const fn stream(name: &'static str, unit: &'static str, help: &'static str, read: Read) -> Measure {
    let part = "stream";
    Measure {
        part,
        name,
        unit,
        help,
        read,
    }
}

const fn bridge(name: &'static str, unit: &'static str, help: &'static str, read: Read) -> Measure {
    let part = "bridge";
    Measure {
        part,
        name,
        unit,
        help,
        read,
    }
}

/// Everything that is measured.
pub const MEASURES: [Measure; 18] = [
    stream(
        "messages_received",
        "{message}",
        "Messages delivered, again ones included.",
        Counter(|w| Some(w.metrics.snapshot().received)),
    ),
    stream(
        "bytes_received",
        "By",
        "Bytes of those messages.",
        Counter(|w| Some(w.metrics.bytes())),
    ),
    stream(
        "changes_durable",
        "{change}",
        "Changes durable in a changelog.",
        Counter(|w| Some(w.metrics.snapshot().changes)),
    ),
    stream(
        "messages_acknowledged",
        "{message}",
        "Messages acknowledged.",
        Counter(|w| Some(w.metrics.snapshot().acknowledged)),
    ),
    stream(
        "merges",
        "{statement}",
        "MERGE statements.",
        Counter(|w| Some(w.metrics.snapshot().merges)),
    ),
    stream(
        "refolds",
        "{statement}",
        "MERGE statements that put records together from their changelog.",
        Counter(|w| Some(w.metrics.snapshot().refolds)),
    ),
    stream(
        "retries",
        "{request}",
        "Requests sent again.",
        Counter(|w| Some(w.metrics.snapshot().retries)),
    ),
    stream(
        "dropped_fields",
        "{field}",
        "Fields without a column that were left out.",
        Counter(|w| Some(w.metrics.snapshot().dropped_fields)),
    ),
    stream(
        "dead_letters",
        "{message}",
        "Messages that went to the dead-letter topic.",
        ByReason(|w| w.metrics.dead_letters()),
    ),
    stream(
        "messages_outstanding",
        "{message}",
        "Messages delivered and not acknowledged.",
        Gauge(|w| Some(w.metrics.snapshot().outstanding as f64)),
    ),
    stream(
        "durable_age",
        "s",
        "Seconds since the newest durable message was published.",
        Gauge(|w| w.metrics.snapshot().lag_seconds.map(|lag| lag as f64)),
    ),
    stream(
        "stalled",
        "s",
        "Seconds for which messages have waited without any becoming durable.",
        Gauge(|w| Some(w.metrics.stalled().unwrap_or_default().as_secs_f64())),
    ),
    bridge(
        "active",
        "1",
        "1 when this bridge is at work, 0 when it stands by.",
        Gauge(|w| w.bridge.as_ref().map(|bridge| f64::from(!bridge.is_standing_by()))),
    ),
    bridge(
        "position_age",
        "s",
        "How long ago the position was last known to be durable.",
        Gauge(|w| w.position_age().map(|age| age.as_secs_f64())),
    ),
    bridge(
        "events",
        "{event}",
        "Events that came from Salesforce.",
        Counter(|w| Some(w.bridge.as_ref()?.counts().events)),
    ),
    bridge(
        "messages",
        "{message}",
        "Messages that are durable in the topic.",
        Counter(|w| Some(w.bridge.as_ref()?.counts().messages)),
    ),
    bridge(
        "retries",
        "{request}",
        "Publish requests that were repeated.",
        Counter(|w| Some(w.bridge.as_ref()?.counts().retries)),
    ),
    bridge(
        "repairs",
        "{repair}",
        "Repairs of what events did not tell.",
        Counter(|w| Some(w.bridge.as_ref()?.counts().repairs)),
    ),
];

/// Prometheus' text format. <https://prometheus.io/docs/instrumenting/exposition_formats/>
#[must_use]
pub fn prometheus(watched: &Watched) -> String {
    let mut out = String::new();
    for measure in &MEASURES {
        write(&mut out, measure, watched);
    }
    out
}

/// Names end in the unit, where it is one of Prometheus' own, and a counter's in `_total`.
fn write(out: &mut String, measure: &Measure, watched: &Watched) {
    let seconds = if measure.unit == "s" { "_seconds" } else { "" };
    let (kind, total) = match measure.read {
        Counter(_) | ByReason(_) => ("counter", "_total"),
        Gauge(_) => ("gauge", ""),
    };
    let name = format!("headwater_{}_{}{seconds}{total}", measure.part, measure.name);
    let points: Vec<(String, String)> = match measure.read {
        Counter(read) => read(watched)
            .map(|value| (String::new(), value.to_string()))
            .into_iter()
            .collect(),
        Gauge(read) => read(watched)
            .map(|value| (String::new(), value.to_string()))
            .into_iter()
            .collect(),
        ByReason(read) => read(watched)
            .into_iter()
            .map(|(reason, value)| (format!(",reason=\"{reason}\""), value.to_string()))
            .collect(),
    };
    // Reasons come with the first dead letter; that there is such a counter is told before.
    if points.is_empty() && !matches!(measure.read, ByReason(_)) {
        return;
    }
    let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", measure.help);
    for (more, value) in points {
        let _ = writeln!(out, "{name}{{pipeline=\"{}\"{more}}} {value}", watched.pipeline);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_written_as_prometheus_wants_them() {
        let names: BTreeSet<_> = MEASURES.iter().map(|m| (m.part, m.name)).collect();
        assert_eq!(names.len(), MEASURES.len());
        let watched = Watched::of("crm");
        let text = prometheus(&watched);
        for line in [
            "headwater_stream_messages_received_total{pipeline=\"crm\"} 0\n",
            "# TYPE headwater_stream_stalled_seconds gauge\nheadwater_stream_stalled_seconds{pipeline=\"crm\"} 0\n",
            "# TYPE headwater_stream_dead_letters_total counter\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(
            !text.contains("headwater_stream_durable_age"),
            "nothing was durable yet"
        );
        watched.metrics.dead("value");
        assert!(
            prometheus(&watched).contains("headwater_stream_dead_letters_total{pipeline=\"crm\",reason=\"value\"} 1\n")
        );
    }
}
