//! Update masks: which fields of a resource a call replaces.

use std::borrow::Cow;

use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use crate::refusal::Refusal;
use crate::wire::descriptor;

/// The words in which a mask of some resource is refused.
pub(crate) struct Masked {
    /// The message, as in `google.pubsub.v1.Topic`.
    pub(crate) message: &'static str,
    pub(crate) mutable: &'static [&'static str],
    /// How the refusal shows what a path looks like: right and wrong.
    pub(crate) example: (&'static str, &'static str),
}

impl Masked {
    fn short(&self) -> &'static str {
        self.message.rsplit('.').next().unwrap_or(self.message)
    }

    /// `into` with the fields that the mask names taken from `from`.
    pub(crate) fn apply<M: Message + Default>(
        &self,
        into: &M,
        from: &M,
        mask: Option<&prost_types::FieldMask>,
    ) -> Result<M, Refusal> {
        let request = format!("Update{}Request", self.short());
        let paths = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
        if paths.iter().all(String::is_empty) {
            return Err(Refusal::invalid(format!(
                "The update_mask in the {request} must be set, and must contain a non-empty paths list."
            )));
        }
        let (mut target, source) = (self.dynamic(into)?, self.dynamic(from)?);
        for path in paths {
            let path: Vec<Cow<'_, str>> = path.split('.').map(snake).collect();
            let top = path.first().map_or("", |first| first.as_ref());
            if target.descriptor().get_field_by_name(top).is_none() {
                let (right, wrong) = self.example;
                return Err(Refusal::invalid(format!(
                    "Invalid update_mask provided in the {request}: {top} is not a known {} field. Note that field \
                     paths must be of the form '{right}' rather than '{wrong}'.",
                    self.short()
                )));
            }
            if !self.mutable.contains(&top) {
                return Err(Refusal::invalid(format!(
                    "Invalid update_mask provided in the {request}: the {top} field in the {} is not mutable.",
                    self.short()
                )));
            }
            set(&mut target, Some(&source), &path).map_err(|unknown| {
                Refusal::invalid(format!(
                    "Invalid update_mask provided in the {request}: {unknown} is not a known field of {top}."
                ))
            })?;
        }
        target
            .transcode_to()
            .map_err(|e| Refusal::internal(format!("a changed {} cannot be decoded: {e}", self.short())))
    }

    fn dynamic<M: Message>(&self, message: &M) -> Result<DynamicMessage, Refusal> {
        let descriptor =
            descriptor(self.message).ok_or_else(|| Refusal::internal(format!("{} has no descriptor", self.message)))?;
        DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
            .map_err(|e| Refusal::internal(format!("a {} cannot be decoded: {e}", self.short())))
    }
}

fn set(into: &mut DynamicMessage, from: Option<&DynamicMessage>, path: &[Cow<'_, str>]) -> Result<(), String> {
    let Some((name, below)) = path.split_first() else {
        return Ok(());
    };
    let field = into
        .descriptor()
        .get_field_by_name(name)
        .ok_or_else(|| name.to_string())?;
    let given = from
        .filter(|from| from.has_field(&field))
        .map(|from| from.get_field(&field));
    if below.is_empty() {
        match given {
            Some(value) => into.set_field(&field, value.into_owned()),
            None => into.clear_field(&field),
        }
        return Ok(());
    }
    let given = given.as_deref().and_then(Value::as_message);
    match into.get_field_mut(&field) {
        Value::Message(inner) => set(inner, given, below),
        _ => Err(below.join(".")),
    }
}

/// A part of a path in the form of the protocol, whichever it was given in.
fn snake(part: &str) -> Cow<'_, str> {
    if !part.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(part);
    }
    let mut out = String::with_capacity(part.len() + 2);
    for c in part.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Cow::Owned(out)
}
