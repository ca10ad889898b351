//! Cloud KMS v1: <https://cloud.google.com/kms/docs/reference/rest>. Key rings, symmetric keys of software and their
//! versions. Not here: automatic rotation, imported, asymmetric and HSM keys. What a key is made of lies in the store as it
//! is: the data directory is for its owner alone.

mod cipher;
mod keys;
mod rings;
mod versions;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_local_bigquery::KeyService;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::http::answer::ApiError;
use crate::http::call::{Call, Query};
use crate::http::route::Method;
use crate::store::Store;

pub(crate) fn methods() -> Vec<Method> {
    let mut all = rings::methods();
    all.extend(keys::methods());
    all.extend(versions::methods());
    all.extend(cipher::methods());
    all
}

/// The ring or key that a path names, as parts of keys in the store.
fn place<const N: usize>(call: &Call, names: [&'static str; N]) -> [String; N] {
    names.map(|name| call.param(name).to_owned())
}

const RING: [&str; 3] = ["project", "location", "ring"];
const KEY: [&str; 4] = ["project", "location", "ring", "key"];

fn check_id(what: &str, id: Option<&str>) -> Result<String, ApiError> {
    let id = id.ok_or_else(|| ApiError::required(what))?;
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.len() > 63 || !id.chars().all(valid) {
        return Err(ApiError::invalid(format!(
            "The {what} '{id}' must match the regular expression [a-zA-Z0-9_-]{{1,63}}."
        )));
    }
    Ok(id.to_owned())
}

/// Lists are ordered by name; nothing is filtered.
fn plain_list(query: &Query) -> Result<(), ApiError> {
    for option in ["filter", "orderBy"] {
        if let Some(asked) = query.get(option) {
            return Err(ApiError::unimplemented(format_args!("{option} '{asked}' in Cloud KMS")));
        }
    }
    Ok(())
}

/// Bytes in a body, in base64 of either alphabet; absent ones are none. Their checksum must agree if one is given.
fn bytes(body: &Map<String, Value>, name: &str) -> Result<(Vec<u8>, bool), ApiError> {
    let text = body.get(name).and_then(Value::as_str).unwrap_or_default();
    let data = STANDARD
        .decode(text.replace('-', "+").replace('_', "/"))
        .map_err(|_| ApiError::invalid(format!("{name} is not base64")))?;
    let sum = format!("{name}Crc32c");
    let given = body.get(&sum);
    let given = given.and_then(|sum| sum.as_u64().or_else(|| sum.as_str()?.parse().ok()));
    match given {
        Some(given) if given != u64::from(crc32c::crc32c(&data)) => Err(ApiError::invalid(format!(
            "The checksum in field {sum} did not match the data in field {name}."
        ))),
        given => Ok((data, given.is_some())),
    }
}

/// The keys as the local BigQuery uses them.
pub(crate) struct Keys {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<Clock>,
}

impl KeyService for Keys {
    fn encrypt(&self, key: &str, plaintext: &[u8]) -> Result<Vec<u8>, String> {
        let sealed =
            named(key).and_then(|key| cipher::encrypt(&self.store.snapshot()?, self.clock.now(), &key, plaintext, &[]));
        sealed.map(|sealed| sealed.ciphertext).map_err(|e| e.message)
    }

    fn decrypt(&self, key: &str, ciphertext: &[u8]) -> Result<Vec<u8>, String> {
        let opened = named(key)
            .and_then(|key| cipher::decrypt(&self.store.snapshot()?, self.clock.now(), &key, ciphertext, &[]));
        opened.map(|opened| opened.plaintext).map_err(|e| e.message)
    }
}

/// The parts of `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
fn named(name: &str) -> Result<[String; 4], ApiError> {
    match name.split('/').collect::<Vec<_>>()[..] {
        [
            "projects",
            project,
            "locations",
            location,
            "keyRings",
            ring,
            "cryptoKeys",
            key,
        ] => Ok([project, location, ring, key].map(str::to_owned)),
        _ => Err(ApiError::invalid(format!(
            "Resource name [{name}] does not match the pattern projects/*/locations/*/keyRings/*/cryptoKeys/*."
        ))),
    }
}
