//! From an entity's Avro schema and its describe to a plan, and from a payload by that plan to a change: bit maps expanded to
//! names, compound fields flattened to the names that describe and our extracts use, values in the forms that they use too.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, SecondsFormat};
use serde_json::{Map, Number, Value};

use super::avro::{AvroError, Node, Reader, parse};
use super::bitmap::{Place, places};
use super::change::{Change, ChangeType};
use crate::describe::ObjectDescribe;

type Result<T> = std::result::Result<T, AvroError>;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As its Avro type says.
    Plain,
    Date,
    Datetime,
    Time,
}

/// A column that a value goes to.
#[derive(Debug)]
struct Target {
    name: Arc<str>,
    form: Form,
}

/// A field of the schema behind the header.
#[derive(Debug)]
struct FieldPlan {
    node: Node,
    /// Where a single value goes; absent when the user may not read the field.
    single: Option<Target>,
    /// Where the parts of a record go, in the record's order.
    parts: Vec<Option<Target>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct EventSchema {
    header: Node,
    header_at: usize,
    fields: Vec<FieldPlan>,
}

/// The object of a change event's schema: `Account` of `AccountChangeEvent`, `Thing__c` of `Thing__ChangeEvent`.
pub(super) fn entity(schema: &Value) -> Option<String> {
    let name = schema["name"].as_str()?;
    match name.strip_suffix("__ChangeEvent") {
        Some(custom) => Some(format!("{custom}__c")),
        None => name.strip_suffix("ChangeEvent").map(str::to_owned),
    }
}

impl EventSchema {
    pub(super) fn new(schema: &Value, describe: &ObjectDescribe) -> Result<Self> {
        let Node::Record(record) = parse(schema)? else {
            return Err(AvroError("the schema is not a record's"));
        };
        let is_header = |(name, _): &&(String, Node)| name == "ChangeEventHeader";
        let header_at = record.fields.iter().position(|f| is_header(&f));
        let header_at = header_at.ok_or(AvroError("the schema is not a change event's: it has no header"))?;
        let fields = record
            .fields
            .iter()
            .map(|(name, node)| plan(name, node, describe))
            .collect();
        Ok(Self {
            header: record.fields[header_at].1.clone(),
            header_at,
            fields,
        })
    }

    /// Reads a change.
    pub(super) fn decode(&self, payload: &[u8]) -> Result<Change> {
        let mut reader = Reader::new(payload);
        let mut change = Change::default();
        let mut maps = Maps::default();
        let mut values = vec![];
        for (at, field) in self.fields.iter().enumerate() {
            if at == self.header_at {
                header(&self.header, &mut reader, &mut change, &mut maps)?;
            } else {
                self.field(at, field, &mut reader, &mut values)?;
            }
        }
        if !reader.is_empty() {
            return Err(AvroError("the payload is longer than its schema"));
        }
        self.gather(change, &maps, values)
    }

    /// Puts together what is changed, from the values and the maps.
    fn gather(&self, mut change: Change, maps: &Maps, values: Vec<(Place, Option<Value>)>) -> Result<Change> {
        let names = |map: &[String]| self.names(map);
        change.changed_fields = names(&maps.changed)?;
        change.nulled_fields = names(&maps.nulled)?;
        change.diff_fields = names(&maps.diff)?;
        let mut fields = Map::new();
        for (place, value) in values {
            let Some(name) = self.target(place).map(|t| &t.name) else {
                continue;
            };
            match value {
                // A difference is not a value.
                Some(_) if change.diff_fields.contains(name) => {}
                Some(value) => drop(fields.insert(name.to_string(), value)),
                // What an undelete does not tell is null.
                None if change.change_type == ChangeType::Undelete => {
                    fields.insert(name.to_string(), Value::Null);
                }
                None => {}
            }
        }
        for name in change.nulled_fields.iter().chain(&change.changed_fields) {
            if !fields.contains_key(&**name) && !change.diff_fields.contains(name) {
                fields.insert(name.to_string(), Value::Null);
            }
        }
        change.fields = fields;
        Ok(change)
    }

    fn target(&self, place: Place) -> Option<&Target> {
        match place {
            Place::Field(at) => self.fields.get(at)?.single.as_ref(),
            Place::Part(at, part) => self.fields.get(at)?.parts.get(part)?.as_ref(),
        }
    }

    /// The names that a header's list stands for. A compound field without a map of its own stands for all its parts.
    fn names(&self, map: &[String]) -> Result<Vec<Arc<str>>> {
        let found = places(map.iter().map(String::as_str))?;
        let detailed = |at: usize| {
            found
                .iter()
                .any(|p| matches!(p, Place::Part(parent, _) if *parent == at))
        };
        let mut names = vec![];
        for &place in &found {
            match place {
                Place::Field(at) if self.fields.get(at).is_some_and(|f| f.single.is_none()) && !detailed(at) => {
                    names.extend(self.fields[at].parts.iter().flatten().map(|t| t.name.clone()));
                }
                place => names.extend(self.target(place).map(|t| t.name.clone())),
            }
        }
        Ok(names)
    }

    fn field(
        &self,
        at: usize,
        field: &FieldPlan,
        reader: &mut Reader<'_>,
        values: &mut Vec<(Place, Option<Value>)>,
    ) -> Result<()> {
        match reader.branch(&field.node)? {
            Node::Record(record) => {
                for (part, (_, node)) in record.fields.iter().enumerate() {
                    let form = field.parts.get(part).and_then(Option::as_ref).map(|t| t.form);
                    values.push((Place::Part(at, part), value(node, form, reader)?));
                }
            }
            Node::Null => {
                values.push((Place::Field(at), None));
                values.extend((0..field.parts.len()).map(|part| (Place::Part(at, part), None)));
            }
            node => {
                let form = field.single.as_ref().map(|t| t.form);
                values.push((Place::Field(at), value(node, form, reader)?));
            }
        }
        Ok(())
    }
}

fn plan(name: &str, node: &Node, describe: &ObjectDescribe) -> FieldPlan {
    let record = match node {
        Node::Union(branches) => branches.iter().find_map(as_record),
        node => as_record(node),
    };
    let parts = record.map_or(vec![], |record| {
        let part = |(part, _): &(String, Node)| part_target(name, part, describe);
        record.fields.iter().map(part).collect()
    });
    // The name that a compound field is composed to is not told by its events.
    let single = if record.is_some() && !has_text(node) {
        None
    } else {
        target(name, describe)
    };
    FieldPlan {
        node: node.clone(),
        single,
        parts,
    }
}

fn as_record(node: &Node) -> Option<&super::avro::Record> {
    match node {
        Node::Record(record) => Some(record),
        _ => None,
    }
}

/// A name is a text for a company and a record for a person, where the org has person accounts.
fn has_text(node: &Node) -> bool {
    matches!(node, Node::Union(branches) if branches.iter().any(|b| matches!(b, Node::Text)))
}

fn target(name: &str, describe: &ObjectDescribe) -> Option<Target> {
    let field = describe.field(name)?;
    let form = match field.data_type.as_str() {
        "date" => Form::Date,
        "datetime" => Form::Datetime,
        "time" => Form::Time,
        _ => Form::Plain,
    };
    Some(Target {
        name: field.name.as_str().into(),
        form,
    })
}

/// The field of its own that a part of a compound field is: `BillingCity`, `Place__Latitude__s`, `FirstName`.
fn part_target(compound: &str, part: &str, describe: &ObjectDescribe) -> Option<Target> {
    let of_compound = |f: &&crate::FieldDescribe| {
        f.compound_field_name.as_deref() == Some(compound)
            && f.name != compound
            && f.name.trim_end_matches("__s").ends_with(part)
    };
    // `StateCode` ends as `Code` would: the shortest is it.
    let field = describe
        .fields
        .iter()
        .filter(of_compound)
        .min_by_key(|f| f.name.len())?;
    target(&field.name, describe)
}

/// A value in its form; `None` for null, and for what nobody wants.
fn value(node: &Node, form: Option<Form>, reader: &mut Reader<'_>) -> Result<Option<Value>> {
    let node = reader.branch(node)?;
    let Some(form) = form else {
        reader.skip(node)?;
        return Ok(None);
    };
    let number = |n: f64| Number::from_f64(n).map(Value::Number);
    Ok(match node {
        Node::Null => None,
        Node::Boolean => Some(reader.boolean()?.into()),
        Node::Int | Node::Long => moment(reader.long()?, form),
        Node::Float => number(reader.float()?.into()),
        Node::Double => number(reader.double()?),
        Node::Text => Some(reader.text()?.into()),
        Node::Enum(symbols) => {
            let at = usize::try_from(reader.long()?).unwrap_or(usize::MAX);
            symbols.get(at).map(|s| s.as_str().into())
        }
        other => {
            reader.skip(other)?;
            None
        }
    })
}

/// A number, or the moment that it stands for.
fn moment(n: i64, form: Form) -> Option<Value> {
    let at = || DateTime::from_timestamp_millis(n);
    match form {
        Form::Plain => Some(n.into()),
        Form::Date => at().map(|t| t.date_naive().to_string().into()),
        Form::Datetime => at().map(|t| t.to_rfc3339_opts(SecondsFormat::Millis, true).into()),
        Form::Time => {
            let (seconds, ms) = (u32::try_from(n.div_euclid(1000)).ok()?, n.rem_euclid(1000) as u32);
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, ms * 1_000_000)?;
            Some(time.format("%H:%M:%S%.3f").to_string().into())
        }
    }
}

#[derive(Default)]
struct Maps {
    changed: Vec<String>,
    nulled: Vec<String>,
    diff: Vec<String>,
}

fn header(node: &Node, reader: &mut Reader<'_>, change: &mut Change, maps: &mut Maps) -> Result<()> {
    let Node::Record(record) = reader.branch(node)? else {
        return Err(AvroError("the header is not a record"));
    };
    for (name, node) in &record.fields {
        let node = reader.branch(node)?;
        match (name.as_str(), node) {
            ("entityName", Node::Text) => change.entity = reader.text()?.to_owned(),
            ("recordIds", Node::Array(_)) => change.record_ids = texts(reader)?,
            ("changeType", Node::Enum(symbols)) => {
                let at = usize::try_from(reader.long()?).unwrap_or(usize::MAX);
                let known = symbols.get(at).and_then(|symbol| ChangeType::parse(symbol));
                change.change_type = known.ok_or(AvroError("the header has a change type that is not known"))?;
            }
            ("changeOrigin", Node::Text) => change.change_origin = reader.text()?.to_owned(),
            ("transactionKey", Node::Text) => change.transaction_key = reader.text()?.to_owned(),
            ("sequenceNumber", Node::Int | Node::Long) => {
                let n = i32::try_from(reader.long()?);
                change.sequence_number = n.map_err(|_| AvroError("the header has a sequence number that is none"))?;
            }
            ("commitTimestamp", Node::Int | Node::Long) => change.commit_timestamp_ms = reader.long()?,
            ("commitNumber", Node::Int | Node::Long) => change.commit_number = reader.long()?,
            ("commitUser", Node::Text) => change.commit_user = reader.text()?.to_owned(),
            ("nulledFields", Node::Array(_)) => maps.nulled = texts(reader)?,
            ("diffFields", Node::Array(_)) => maps.diff = texts(reader)?,
            ("changedFields", Node::Array(_)) => maps.changed = texts(reader)?,
            (_, node) => reader.skip(node)?,
        }
    }
    Ok(())
}

fn texts(reader: &mut Reader<'_>) -> Result<Vec<String>> {
    let mut out = vec![];
    reader.items(|reader| {
        out.push(reader.text()?.to_owned());
        Ok(())
    })?;
    Ok(out)
}

#[cfg(test)]
mod tests;
