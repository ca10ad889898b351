//! Which objects are chosen for Change Data Capture, as the Tooling API tells it.

use serde::Deserialize;

use crate::client::Call;
use crate::{Client, Result};

impl Client {
    /// The objects chosen for a channel, `ChangeEvents` or `Sales__chn`, by their names, `Account` or `Thing__c`. One call.
    ///
    /// # Errors
    /// [`crate::Kind::Access`] without the permission to view the setup; see [`crate::Error`].
    pub async fn captured_objects(&self, channel: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            records: Vec<Member>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Member {
            selected_entity: String,
        }
        let soql = format!(
            "SELECT SelectedEntity FROM PlatformEventChannelMember WHERE EventChannel = {}",
            crate::quote(channel)
        );
        let call = Call::get(self.path("/tooling/query")).query("q", soql);
        let answer: Answer = self.send(&call).await?.json()?;
        Ok(answer.records.iter().map(|m| object(&m.selected_entity)).collect())
    }
}

fn object(entity: &str) -> String {
    match entity.strip_suffix("__ChangeEvent") {
        Some(custom) => format!("{custom}__c"),
        None => entity.strip_suffix("ChangeEvent").unwrap_or(entity).to_owned(),
    }
}
