//! Who is told of a verdict, and of what.

use google_cloud_pubsub::model::Message;
use headwater_cloud::{Cloud, Error, Kind};
use headwater_quality::engine::State;
use headwater_spec::{AlertOn, DqAlert};
use headwater_suite::Severity;
use serde_json::{Value, json};

use super::evaluate::Evaluation;
use super::{Run, record, word};

/// How a verdict relates to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// It was right before, and is not now.
    New,
    /// It was not right before either.
    Ongoing,
    /// It was not right before, and is now.
    Recovered,
}

impl Transition {
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
            Self::Recovered => "recovered",
        }
    }
}

const fn is_bad(state: State) -> bool {
    matches!(state, State::Fail | State::Error)
}

/// Compares with the run before; nothing when both were right.
pub fn transition(before: Option<State>, now: State) -> Option<Transition> {
    match (before.is_some_and(is_bad), is_bad(now)) {
        (false, true) => Some(Transition::New),
        (true, true) => Some(Transition::Ongoing),
        (true, false) => Some(Transition::Recovered),
        (false, false) => None,
    }
}

/// The gravest severity of what did not hold; a suite that could not be evaluated is an error.
pub fn severity(evaluation: &Evaluation) -> Option<Severity> {
    if evaluation.reason.is_some() {
        return Some(Severity::Error);
    }
    let bad = |state| matches!(state, State::Warn | State::Fail | State::Error);
    let results = evaluation.results().iter();
    results
        .filter(|result| bad(result.state))
        .map(|result| result.severity)
        .max()
}

/// A severity as it is written.
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Error => "error",
    }
}

fn is_told(alert: &DqAlert, state: State, severity: Option<Severity>, transition: Option<Transition>) -> bool {
    if alert.on.contains(&AlertOn::Recovered) && transition == Some(Transition::Recovered) {
        return true;
    }
    let (on, by_severity) = match state {
        State::Skipped | State::Pass => (AlertOn::Pass, false),
        State::Warn => (AlertOn::Warn, true),
        State::Fail => (AlertOn::Fail, true),
        State::Error => (AlertOn::Error, true),
    };
    alert.on.contains(&on) && (!by_severity || severity.is_none_or(|severity| severity >= alert.min_severity))
}

/// Publishes the verdict, if it is one that is told.
pub async fn publish(
    cloud: &Cloud,
    run: &Run<'_>,
    evaluation: &Evaluation,
    transition: Option<Transition>,
) -> Result<(), Error> {
    let Some(alert) = &run.suite.alert else { return Ok(()) };
    let (state, severity) = (evaluation.state(), severity(evaluation));
    if !is_told(alert, state, severity, transition) {
        return Ok(());
    }
    let target = run.suite.target.name();
    let attributes = [
        ("suite", run.spec.name.as_str()),
        ("target", target.as_str()),
        ("state", word(state)),
        ("severity", severity.map_or("", severity_word)),
        ("transition", transition.map_or("", Transition::word)),
        ("run_id", run.id.as_str()),
    ];
    let attributes = attributes.into_iter().filter(|(_, value)| !value.is_empty());
    let failed: Vec<Value> = record::results(run, evaluation)
        .into_iter()
        .filter(|row| !["pass", "skipped"].contains(&row["state"].as_str().unwrap_or_default()))
        .collect();
    let data = json!({"run": record::run_row(run, evaluation, transition), "results": failed});
    let message = Message::new().set_data(data.to_string()).set_attributes(attributes);
    let publisher = cloud.publisher(&alert.topic, 1).await?;
    publisher.publish(message).await.map_err(|source| {
        let action = format!("tell `{}` of the verdict", alert.topic);
        Error::new(Kind::Unexpected, action, "the message was not accepted").with_source(source)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_compared_with_the_one_before() {
        let cases = [
            (None, State::Pass, None),
            (None, State::Fail, Some(Transition::New)),
            (Some(State::Warn), State::Error, Some(Transition::New)),
            (Some(State::Fail), State::Error, Some(Transition::Ongoing)),
            (Some(State::Error), State::Warn, Some(Transition::Recovered)),
            (Some(State::Pass), State::Pass, None),
        ];
        for (before, now, expected) in cases {
            assert_eq!(transition(before, now), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn what_is_told_is_what_was_asked_for() {
        let alert = |on: &[AlertOn], min_severity| DqAlert {
            topic: "projects/p/topics/t".into(),
            on: on.to_vec(),
            min_severity,
        };
        let (warn, error) = (Some(Severity::Warn), Some(Severity::Error));
        let recovered = Some(Transition::Recovered);
        let cases = [
            (alert(&[AlertOn::Fail], Severity::Info), State::Fail, warn, None, true),
            (alert(&[AlertOn::Fail], Severity::Error), State::Fail, warn, None, false),
            (alert(&[AlertOn::Fail], Severity::Error), State::Fail, error, None, true),
            (
                alert(&[AlertOn::Fail], Severity::Info),
                State::Error,
                error,
                None,
                false,
            ),
            (
                alert(&[AlertOn::Recovered], Severity::Error),
                State::Pass,
                None,
                recovered,
                true,
            ),
            (
                alert(&[AlertOn::Fail], Severity::Info),
                State::Pass,
                None,
                recovered,
                false,
            ),
            (alert(&[AlertOn::Pass], Severity::Error), State::Pass, None, None, true),
        ];
        for (alert, state, severity, transition, expected) in cases {
            assert_eq!(
                is_told(&alert, state, severity, transition),
                expected,
                "{alert:?} {state:?}"
            );
        }
    }
}
