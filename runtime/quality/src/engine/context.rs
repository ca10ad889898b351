//! What an evaluation knows beside the data: what time it is, and what the runs before have found. Whoever has it evaluated says
//! so; nothing here has a clock or a memory.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::outcome::{Reason, State};

/// What is known beside the data.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// When the run is.
    pub now: Option<DateTime<Utc>>,
    /// What the runs before have found. That none is kept (`None`) is not that there were none.
    pub history: Option<History>,
}

static NONE: Context = Context {
    now: None,
    history: None,
};

impl Context {
    /// Nothing is known: checks of time and history have no verdict.
    #[must_use]
    pub fn none() -> &'static Self {
        &NONE
    }

    /// A run whose history is not kept.
    #[must_use]
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self {
            now: Some(now),
            history: None,
        }
    }

    /// When the run is.
    pub(crate) fn clock(&self) -> Result<DateTime<Utc>, Reason> {
        self.now
            .ok_or_else(|| Reason::new("no_clock", "it is not known what time it is".into()))
    }

    /// What the runs before have found of an expectation, the oldest first.
    pub(crate) fn earlier(&self, id: &str) -> Result<&[Earlier], Reason> {
        let history = self.history.as_ref().ok_or_else(|| {
            Reason::new(
                "no_history",
                "it compares with the runs before, and none are kept: give --history FILE, or run the suite as a headwater_dq_suite"
                    .into(),
            )
        })?;
        Ok(history.of(id))
    }
}

/// What an earlier run has found of an expectation.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// When that was.
    pub at: DateTime<Utc>,
    /// How it stood.
    pub state: State,
    /// What was observed.
    pub observed: Value,
}

/// What earlier runs have found, by expectation.
#[derive(Debug, Clone, Default)]
pub struct History(BTreeMap<String, Vec<Earlier>>);

impl History {
    /// What was found of an expectation, the oldest first.
    #[must_use]
    pub fn of(&self, id: &str) -> &[Earlier] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<(String, Earlier)> for History {
    fn from_iter<I: IntoIterator<Item = (String, Earlier)>>(found: I) -> Self {
        let mut history = Self::default();
        for (id, earlier) in found {
            history.0.entry(id).or_default().push(earlier);
        }
        for one in history.0.values_mut() {
            one.sort_by_key(|earlier| earlier.at);
        }
        history
    }
}
