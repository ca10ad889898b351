//! Keysets that are wrapped by a key of Cloud KMS: a serialised keyset, encrypted without a context.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::keyset::Keyset;
use super::{fresh, made, must_suit, read};
use crate::KeyService;
use crate::engine::Cell;
use crate::native::{Answers, Outcome, misused};

/// How many made keysets are remembered, so that a query's calls of the same arguments get the same one.
const REMEMBERED: usize = 256;
const SCHEME: &str = "gcp-kms://";

/// A function that asks the key service. Its arguments come to it in a list and a struct, so that it sees NULL.
pub(crate) struct Wrapped {
    /// Its name without `_hw_`.
    pub(crate) name: &'static str,
    pub(crate) answers: Answers,
    pub(crate) call: fn(&Wrapping, &[Cell]) -> Outcome,
}

pub(crate) const WRAPPED: &[Wrapped] = &[
    Wrapped {
        name: "new_wrapped_keyset",
        answers: Answers::Bytes,
        call: |wrapping, args| wrapping.once(args, new),
    },
    Wrapped {
        name: "rotate_wrapped_keyset",
        answers: Answers::Bytes,
        call: |wrapping, args| wrapping.once(args, rotate),
    },
    Wrapped {
        name: "rewrap_keyset",
        answers: Answers::Bytes,
        call: |wrapping, args| wrapping.once(args, rewrap),
    },
    Wrapped {
        name: "unwrapped_keyset",
        answers: Answers::Bytes,
        call: |wrapping, args| unwrapped(wrapping, args).map(Cell::Bytes),
    },
];

/// The key service, and what was made of late.
pub(crate) struct Wrapping {
    service: Arc<dyn KeyService>,
    made: Mutex<VecDeque<(Vec<Cell>, Cell)>>,
}

impl Wrapping {
    pub(crate) fn new(service: Arc<dyn KeyService>) -> Self {
        Self {
            service,
            made: Mutex::default(),
        }
    }

    /// What these arguments, one of which names the query, have given before, or give now.
    fn once(&self, args: &[Cell], make: fn(&Self, &[Cell]) -> Result<Vec<u8>, String>) -> Outcome {
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = all.iter().find(|(asked, _)| asked == args) {
            return Ok(known.clone());
        }
        let keyset = Cell::Bytes(make(self, args)?);
        if all.len() >= REMEMBERED {
            all.pop_front();
        }
        all.push_back((args.to_vec(), keyset.clone()));
        Ok(keyset)
    }

    fn wrap(&self, function: &str, key: &str, keyset: &Keyset) -> Result<Vec<u8>, String> {
        let sealed = self.service.encrypt(resource(function, key)?, &keyset.written());
        sealed.map_err(|e| format!("{function} failed: {e}"))
    }

    fn unwrap(&self, function: &str, key: &str, wrapped: &[u8]) -> Result<Keyset, String> {
        let opened = self.service.decrypt(resource(function, key)?, wrapped);
        read(function, &opened.map_err(|e| format!("{function} failed: {e}"))?)
    }
}

/// The key's name as Cloud KMS has it.
fn resource<'k>(function: &str, key: &'k str) -> Result<&'k str, String> {
    key.strip_prefix(SCHEME).ok_or_else(|| {
        format!(
            "{function} failed: Invalid KMS resource name '{key}': it must be of the form \
             {SCHEME}projects/*/locations/*/keyRings/*/cryptoKeys/*"
        )
    })
}

/// The function's own arguments, none of which may be NULL.
fn given<'c, const N: usize>(function: &str, args: &'c [Cell]) -> Result<[&'c Cell; N], String> {
    let Some(Cell::Struct(fields)) = args.first() else {
        return Err(misused());
    };
    if let Some(place) = fields.iter().position(|(_, value)| *value == Cell::Null) {
        return Err(format!("Argument {} to {function} must be non-NULL", place + 1));
    }
    let values: Vec<&Cell> = fields.iter().map(|(_, value)| value).collect();
    values.try_into().map_err(|_| misused())
}

fn new(wrapping: &Wrapping, args: &[Cell]) -> Result<Vec<u8>, String> {
    let function = "KEYS.NEW_WRAPPED_KEYSET";
    let [Cell::Text(key), Cell::Text(key_type)] = given(function, args)? else {
        return Err(misused());
    };
    wrapping.wrap(function, key, &fresh(made(function, key_type)?))
}

fn rotate(wrapping: &Wrapping, args: &[Cell]) -> Result<Vec<u8>, String> {
    let function = "KEYS.ROTATE_WRAPPED_KEYSET";
    let [Cell::Text(key), Cell::Bytes(wrapped), Cell::Text(key_type)] = given(function, args)? else {
        return Err(misused());
    };
    let mut keyset = wrapping.unwrap(function, key, wrapped)?;
    let kind = made(function, key_type)?;
    must_suit(function, &keyset, kind)?;
    keyset.add_primary(kind);
    wrapping.wrap(function, key, &keyset)
}

fn rewrap(wrapping: &Wrapping, args: &[Cell]) -> Result<Vec<u8>, String> {
    let function = "KEYS.REWRAP_KEYSET";
    let [Cell::Text(source), Cell::Text(target), Cell::Bytes(wrapped)] = given(function, args)? else {
        return Err(misused());
    };
    let keyset = wrapping.unwrap(function, source, wrapped)?;
    wrapping.wrap(function, target, &keyset)
}

/// The keyset that a chain leads to.
fn unwrapped(wrapping: &Wrapping, args: &[Cell]) -> Result<Vec<u8>, String> {
    let function = "KEYS.KEYSET_CHAIN";
    let [Cell::Text(key), Cell::Bytes(wrapped)] = given(function, args)? else {
        return Err(misused());
    };
    Ok(wrapping.unwrap(function, key, wrapped)?.written())
}
