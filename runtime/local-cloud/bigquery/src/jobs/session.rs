//! The session that a query belongs to: found or begun before it runs, and kept in the transaction in which it is done.

use serde_json::Value;

use crate::catalog::sessions;
use crate::engine::Session;
use crate::error::Fault;
use crate::service::{Service, text};
use crate::sql::state::State;

/// A session whose turn it is: its queries run one after another.
pub(super) struct Turn<'s> {
    service: &'s Service,
    project: &'s str,
    pub(super) id: String,
}

/// The session that a query names by its `connectionProperties`.
pub(super) fn named(settings: &Value) -> Option<&str> {
    let properties = settings["connectionProperties"].as_array();
    let property = properties.into_iter().flatten().find(|p| p["key"] == "session_id");
    property.and_then(|p| text(&p["value"]))
}

impl<'s> Turn<'s> {
    /// Waits for the session's turn, and gives the query what earlier ones have left.
    pub(super) fn take(
        service: &'s Service,
        project: &'s str,
        settings: &Value,
        state: &mut State,
    ) -> Result<Option<Self>, Fault> {
        let id = match named(settings) {
            Some(id) => id.to_owned(),
            None if settings["createSession"] == true => {
                service.engine.write(&[], |tx| sessions::begin(tx, project))?
            }
            None => return Ok(None),
        };
        service.busy_sessions.take(&id);
        let turn = Self { service, project, id };
        recall(service, project, &turn.id, state)?;
        Ok(Some(turn))
    }

    /// Keeps what the query leaves.
    pub(super) fn keep(&self, tx: &Session<'_>, state: &State) -> Result<(), Fault> {
        sessions::save(tx, self.project, &self.id, &state.kept())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.service.busy_sessions.give(&self.id);
    }
}

/// Gives a query what the earlier ones of its session have left.
pub(super) fn recall(service: &Service, project: &str, id: &str, state: &mut State) -> Result<(), Fault> {
    let doc = service.engine.read(|tx| sessions::load(tx, project, id))?;
    state.join(id, &doc)
}
