//! `/_control/cdc` and `/_control/events`: what a test chooses for capture, and what it does to the events and their readers.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::feed::earliest;
use crate::cdc::channels::{DEFAULT_CHANNEL, PlatformEvent};
use crate::cdc::transaction::Transaction;
use crate::cdc::{ChangeType, Gaps};
use crate::http::App;

/// What is chosen for Change Data Capture, and how many events there are.
pub(crate) fn report(app: &App) -> Value {
    let channels = app.org.cdc.channels();
    let mut body = serde_json::to_value(&channels).unwrap_or(Value::Null);
    body["events"] = (*app.org.cdc.log.count().borrow()).into();
    body["earliest"] = earliest(app).into();
    body
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Choice {
    channel: String,
    enable: Vec<String>,
    disable: Vec<String>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            channel: DEFAULT_CHANNEL.into(),
            enable: vec![],
            disable: vec![],
        }
    }
}

/// Chooses objects for a channel, `*` for all, or takes them out.
pub(crate) fn choose(app: &App, body: Value) -> Result<Value, String> {
    let choice: Choice = serde_json::from_value(body).map_err(|e| e.to_string())?;
    let objects = |names: &[String]| {
        names
            .iter()
            .map(|name| resolve(app, name))
            .collect::<Result<Vec<_>, _>>()
    };
    let (enable, disable) = (objects(&choice.enable)?.concat(), objects(&choice.disable)?.concat());
    let changed = app.org.cdc.change(|channels| {
        if !channels.has_channel(&choice.channel) {
            return Err(format!("there is no channel {}", choice.channel));
        }
        for object in &enable {
            channels.choose(&choice.channel, object);
        }
        channels
            .members
            .retain(|m| m.channel != choice.channel || !disable.contains(&m.object));
        Ok(())
    });
    changed.map_err(|e| e.to_string())??;
    Ok(report(app))
}

/// The objects that a name stands for.
pub(crate) fn resolve(app: &App, name: &str) -> Result<Vec<String>, String> {
    let schema = app.org.schema();
    if name == "*" {
        return Ok(schema.objects.iter().map(|o| o.name.clone()).collect());
    }
    let found = schema
        .find(name)
        .ok_or_else(|| format!("there is no object {name:?}"))?;
    Ok(vec![schema.objects[found].name.clone()])
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Orders {
    /// An event without values: `{"object", "type": "GAP_UPDATE", "ids"}`.
    gap: Option<Gap>,
    /// An overflow of an object: what changed from now on in a transaction that was too large.
    overflow: Option<String>,
    /// So many of the next events come as gaps.
    gaps: Option<u64>,
    /// Everything that was published so far can no longer be replayed.
    expire: bool,
    /// All streams break.
    disconnect: bool,
    /// How long a stream is silent.
    keep_alive_ms: Option<u64>,
    /// A platform event that clients may publish.
    platform_event: Option<PlatformEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    object: String,
    #[serde(rename = "type")]
    kind: String,
    ids: Vec<String>,
}

/// Carries out what a test orders.
pub(crate) fn order(app: &App, body: Value) -> Result<Value, String> {
    let orders: Orders = serde_json::from_value(body).map_err(|e| e.to_string())?;
    let cdc = &app.org.cdc;
    if let Some(gap) = orders.gap {
        let kind = match gap.kind.as_str() {
            "GAP_CREATE" => ChangeType::GapCreate,
            "GAP_UPDATE" => ChangeType::GapUpdate,
            "GAP_DELETE" => ChangeType::GapDelete,
            "GAP_UNDELETE" => ChangeType::GapUndelete,
            other => return Err(format!("there is no gap {other:?}")),
        };
        publish(app, &gap.object, kind, gap.ids)?;
    }
    if let Some(object) = orders.overflow {
        // The platform names no record: it gives the empty id.
        publish(app, &object, ChangeType::GapOverflow, vec!["000000000000000AAA".into()])?;
    }
    if let Some(left) = orders.gaps {
        cdc.set_gaps(Gaps { left });
    }
    if let Some(event) = orders.platform_event {
        let named = cdc.change(|channels| {
            let known = channels.platform_events.iter().any(|e| e.name == event.name);
            if known || !event.name.ends_with("__e") {
                return Err(format!("{:?} is not a new name that ends with __e", event.name));
            }
            channels.platform_events.push(event);
            Ok(())
        });
        named.map_err(|e| e.to_string())??;
    }
    if orders.expire {
        let count = *cdc.log.count().borrow();
        cdc.change(|channels| channels.floor = count)
            .map_err(|e| e.to_string())?;
    }
    if let Some(ms) = orders.keep_alive_ms {
        app.streams.set_keep_alive(Duration::from_millis(ms.max(1)));
    }
    if orders.disconnect {
        app.streams.cut_all();
    }
    Ok(report(app))
}

fn publish(app: &App, object: &str, kind: ChangeType, ids: Vec<String>) -> Result<(), String> {
    let schema = app.org.schema();
    let number = schema
        .find(object)
        .ok_or_else(|| format!("there is no object {object:?}"))?;
    let mut transaction = Transaction::default();
    transaction.user = crate::id::make_string("005", 0);
    transaction.origin = "com/salesforce/core".into();
    transaction.order(number, kind, ids);
    let _alone = app.org.writing();
    let done = app.org.cdc.commit(&schema, transaction, app.org.clock.now(), None);
    done.map_err(|e| e.to_string())
}
