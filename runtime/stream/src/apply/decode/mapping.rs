//! Any JSON, by the paths that the spec names.

use std::borrow::Cow;

use headwater_spec::{Mapping, Operation};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Poison, members, place};
use crate::apply::cell::{micros, whole};
use crate::apply::event::{Event, Happened, Position};

pub(super) fn decode<'m>(
    data: &'m str,
    mapping: &Mapping,
    only: Option<&str>,
    published: i64,
) -> Result<Option<Event<'m>>, Poison> {
    let document: Value = serde_json::from_str(data).map_err(|error| Poison::malformed(place(&error)))?;
    let texts: &'m RawValue = serde_json::from_str(data).map_err(|error| Poison::malformed(place(&error)))?;
    let scalar = |path: &headwater_spec::JsonPath, what: &str| {
        let found = path.find(&document);
        let text = match found {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(truth)) => Some(truth.to_string()),
            _ => None,
        };
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| Poison::incomplete(&format!("{what} at {path}")))
    };
    let entity = match (&mapping.entity, only) {
        (Some(path), _) => scalar(path, "entity")?,
        (None, Some(only)) => only.to_owned(),
        (None, None) => return Err(Poison::incomplete("entity")),
    };
    let happened = match &mapping.operation {
        Some(path) => operation(&scalar(path, "operation")?, mapping)?,
        None => Happened::Update,
    };
    let order = scalar(&mapping.order, "order")?;
    let commit = whole(&order).or_else(|| micros(&order));
    let sequence = match &mapping.sequence {
        Some(path) => whole(&scalar(path, "sequence")?)
            .ok_or_else(|| Poison::malformed(format!("the value at {path} is not a whole number")))?,
        None => 0,
    };
    let at = match &mapping.timestamp {
        Some(path) => {
            let text = scalar(path, "timestamp")?;
            let millis = || whole(&text).and_then(|millis| millis.checked_mul(1000));
            micros(&text)
                .or_else(millis)
                .ok_or_else(|| Poison::malformed(format!("the value at {path} is not a point in time")))?
        }
        None => published,
    };
    let payload = match &mapping.payload {
        Some(path) => path.find_text(texts),
        None => Some(texts),
    };
    let fields = match (payload.and_then(members), happened) {
        (_, Happened::Delete) => Vec::new(),
        (Some(fields), _) => fields,
        (None, Happened::Undelete) => Vec::new(),
        (None, _) => {
            let path = mapping
                .payload
                .as_ref()
                .map_or_else(|| "$".to_owned(), ToString::to_string);
            return Err(Poison::incomplete(&format!("object at {path}")));
        }
    };
    Ok(Some(Event {
        entity: entity.into(),
        record: scalar(&mapping.key, "key")?.into(),
        happened,
        position: Position {
            commit: commit.ok_or_else(|| {
                Poison::malformed(format!(
                    "the value at {} is neither a whole number nor a time",
                    mapping.order
                ))
            })?,
            sequence,
        },
        at,
        transaction: Cow::default(),
        origin: Cow::default(),
        user: Cow::default(),
        fields,
        nulled: Vec::new(),
    }))
}

fn operation(text: &str, mapping: &Mapping) -> Result<Happened, Poison> {
    let named = mapping.operations.get(text).copied().or_else(|| {
        Some(match text.to_ascii_lowercase().as_str() {
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            "undelete" => Operation::Undelete,
            "snapshot" => Operation::Snapshot,
            _ => return None,
        })
    });
    Ok(match named {
        Some(Operation::Create) => Happened::Create,
        Some(Operation::Update) => Happened::Update,
        Some(Operation::Delete) => Happened::Delete,
        Some(Operation::Undelete) => Happened::Undelete,
        Some(Operation::Snapshot) => Happened::Snapshot,
        None => {
            return Err(Poison::new(
                "unknown_operation",
                "its operation has no meaning in the mapping's `operations`",
            ));
        }
    })
}
