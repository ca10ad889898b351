//! BigQuery subscriptions: messages become rows. <https://cloud.google.com/pubsub/docs/bigquery>

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::admin::subscriptions::table;
use crate::delivery::subscriber::{Room, Subscriber};
use crate::push::{Holder, publish_time};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::big_query_config::State;
use crate::wire::pubsub::{BigQueryConfig, PubsubMessage, ReceivedMessage, Subscription};
use crate::{Column, Row};

/// How many messages go into a table at once.
const BATCH: usize = 500;
const MOST_BYTES: usize = 8 << 20;
/// The pause after a table did not take what it should.
const PAUSE: Duration = Duration::from_secs(1);

impl Service {
    pub(crate) async fn keep_exporting(self: Arc<Self>, subscriber: Arc<Subscriber>) {
        let holder = Holder::new(&self, subscriber.clone());
        let mut changes = subscriber.changes();
        let room = Room {
            messages: BATCH,
            bytes: MOST_BYTES,
        };
        loop {
            changes.borrow_and_update();
            let taken = match subscriber.take(&self.store, holder.owner, room, None, self.now()) {
                Ok(taken) => taken,
                Err(refusal) => {
                    tracing::warn!(%refusal, "messages to export cannot be read");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if taken.messages.is_empty() {
                tokio::select! {
                    _ = changes.changed() => {}
                    () = self.sleep_until(taken.next_timer) => {}
                }
                continue;
            }
            let state = match self.export(&subscriber, taken.messages).await {
                Ok(state) => state,
                Err(refusal) => {
                    tracing::warn!(%refusal, "messages are not exported");
                    State::SchemaMismatch
                }
            };
            subscriber.export_state.store(state as i32, Ordering::Relaxed);
            if state != State::Active {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Puts messages into the table: those that are taken are acknowledged, the others given back.
    async fn export(&self, subscriber: &Arc<Subscriber>, messages: Vec<ReceivedMessage>) -> Result<State, Refusal> {
        let settings = subscriber.settings();
        let subscription = &settings.subscription;
        let config = subscription.bigquery_config.clone().unwrap_or_default();
        let target = table(&config.table).ok_or_else(|| Refusal::invalid("the table has no valid name"))?;
        let columns = self.tables.columns(target.0, target.1, target.2).await;
        let Some(columns) = columns.map_err(Refusal::internal)? else {
            self.give_back(subscriber, messages.into_iter().map(|message| message.ack_id))?;
            return Ok(State::NotFound);
        };
        let (mut rows, mut ids, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for received in messages {
            let message = received.message.unwrap_or_default();
            match self.row(subscription, &config, &columns, &message) {
                Ok(values) => {
                    rows.push(Row {
                        id: message.message_id,
                        values,
                    });
                    ids.push(received.ack_id);
                }
                Err(why) => {
                    tracing::debug!(%why, "a message does not fit its table");
                    refused.push(received.ack_id);
                }
            }
        }
        let mut taken = Vec::new();
        if !rows.is_empty() {
            let bad = self.tables.insert(target.0, target.1, target.2, rows).await;
            let bad = bad.map_err(Refusal::internal)?;
            for (at, id) in ids.into_iter().enumerate() {
                if bad.contains(&at) {
                    refused.push(id);
                } else {
                    taken.push(id);
                }
            }
        }
        let state = if refused.is_empty() {
            State::Active
        } else {
            State::SchemaMismatch
        };
        if !taken.is_empty() {
            subscriber.ack(taken, self.now())?;
            subscriber.save(&self.store).await?;
        }
        self.give_back(subscriber, refused)?;
        Ok(state)
    }

    fn give_back(&self, subscriber: &Subscriber, ids: impl IntoIterator<Item = String>) -> Result<(), Refusal> {
        subscriber.extend(ids.into_iter().map(|id| (id, 0)).collect(), self.now())?;
        Ok(())
    }

    fn row(
        &self,
        subscription: &Subscription,
        config: &BigQueryConfig,
        columns: &[Column],
        message: &PubsubMessage,
    ) -> Result<Map<String, Value>, String> {
        let column = |name: &str| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        let mut row = if config.use_topic_schema {
            self.topic_fields(subscription, message)?
        } else if config.use_table_schema {
            match serde_json::from_slice(&message.data) {
                Ok(Value::Object(fields)) => fields,
                _ => return Err("the data is not a JSON object".into()),
            }
        } else {
            let data = column("data").ok_or("the table has no column data")?;
            Map::from_iter([("data".to_owned(), data_of(data, message)?)])
        };
        if config.drop_unknown_fields {
            row.retain(|name, _| column(name).is_some());
        }
        if config.write_metadata {
            row.insert("subscription_name".into(), json!(subscription.name));
            row.insert("message_id".into(), json!(message.message_id));
            row.insert("publish_time".into(), json!(publish_time(message)));
            row.insert("attributes".into(), json!(json!(message.attributes).to_string()));
        }
        Ok(row)
    }

    fn topic_fields(&self, subscription: &Subscription, message: &PubsubMessage) -> Result<Map<String, Value>, String> {
        let topic = self.topics.find(&subscription.topic).ok_or("the topic was deleted")?;
        let settings = topic.topic.schema_settings.as_ref().ok_or("the topic has no schema")?;
        let known = self.schemas.find(&settings.schema).ok_or("the schema was deleted")?;
        let (_, compiled) = known
            .accept(settings, &message.data)
            .map_err(|refusal| refusal.message)?;
        match compiled.fields(&message.data, settings.encoding())? {
            Value::Object(fields) => Ok(fields),
            _ => Err("the message is not a record".into()),
        }
    }

    /// The state of a subscription as Google shows it.
    pub(crate) fn show_export_state(&self, shown: &mut Subscription) {
        use crate::wire::pubsub::subscription::State as Whole;
        let Some(config) = &mut shown.bigquery_config else {
            return;
        };
        let known = self.subscriptions.find(&shown.name);
        config.state = known.map_or(0, |subscriber| subscriber.export_state.load(Ordering::Relaxed));
        if config.state == State::Unspecified as i32 {
            config.state = State::Active as i32;
        }
        if config.state != State::Active as i32 {
            shown.state = Whole::ResourceError as i32;
        }
    }
}

fn data_of(column: &Column, message: &PubsubMessage) -> Result<Value, String> {
    match column.kind.as_str() {
        "BYTES" => Ok(json!(STANDARD.encode(&message.data))),
        "STRING" | "JSON" => match std::str::from_utf8(&message.data) {
            Ok(text) => Ok(json!(text)),
            Err(_) => Err("the data is not UTF-8".into()),
        },
        other => Err(format!("the column data must be STRING, BYTES or JSON, not {other}")),
    }
}
