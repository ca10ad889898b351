//! A keyset as protocol buffers write it in JSON, its members in the order of their names.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keyset::{Key, KeyData, Keyset};

const STATUS: &[&str] = &["UNKNOWN_STATUS", "ENABLED", "DISABLED", "DESTROYED"];
const PREFIX: &[&str] = &["UNKNOWN_PREFIX", "TINK", "LEGACY", "RAW", "CRUNCHY"];
const MATERIAL: &[&str] = &[
    "UNKNOWN_KEYMATERIAL",
    "SYMMETRIC",
    "ASYMMETRIC_PRIVATE",
    "ASYMMETRIC_PUBLIC",
    "REMOTE",
];

pub(super) fn written(keyset: &Keyset) -> String {
    let mut out = Map::new();
    if !keyset.key.is_empty() {
        out.insert("key".into(), keyset.key.iter().map(key).collect());
    }
    number(&mut out, "primaryKeyId", keyset.primary_key_id);
    Value::Object(out).to_string()
}

/// What is zero or empty is not written.
fn number(out: &mut Map<String, Value>, name: &str, value: u32) {
    if value != 0 {
        out.insert(name.into(), value.into());
    }
}

fn word(out: &mut Map<String, Value>, name: &str, words: &[&str], value: i32) {
    if value != 0 {
        let known = usize::try_from(value).ok().and_then(|at| words.get(at));
        out.insert(name.into(), known.map_or(value.into(), |word| (*word).into()));
    }
}

fn key(key: &Key) -> Value {
    let mut out = Map::new();
    if let Some(data) = &key.key_data {
        let mut inner = Map::new();
        word(&mut inner, "keyMaterialType", MATERIAL, data.key_material_type);
        if !data.type_url.is_empty() {
            inner.insert("typeUrl".into(), data.type_url.as_str().into());
        }
        if !data.value.is_empty() {
            let value = base64::engine::general_purpose::STANDARD.encode(&data.value);
            inner.insert("value".into(), value.into());
        }
        out.insert("keyData".into(), inner.into());
    }
    number(&mut out, "keyId", key.key_id);
    word(&mut out, "outputPrefixType", PREFIX, key.output_prefix_type);
    word(&mut out, "status", STATUS, key.status);
    out.into()
}

pub(super) fn read(json: &str) -> Option<Keyset> {
    serde_json::from_str(json).ok()
}

impl<'de> Deserialize<'de> for Keyset {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

/// A keyset's members. One that is repeated adds to what was read, as protocol buffers have it.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Keyset;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a keyset")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keyset, A::Error> {
        let mut keyset = Keyset::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "key" => {
                    let keys = map.next_value::<Option<Vec<KeyJson>>>()?;
                    keyset.key.extend(keys.into_iter().flatten().map(Key::from));
                }
                "primaryKeyId" | "primary_key_id" => keyset.primary_key_id = map.next_value::<Id>()?.0,
                other => return Err(A::Error::unknown_field(other, &["key", "primaryKeyId"])),
            }
        }
        Ok(keyset)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct KeyJson {
    #[serde(alias = "key_data")]
    key_data: Option<KeyDataJson>,
    #[serde(default)]
    status: Option<Value>,
    #[serde(default, alias = "key_id")]
    key_id: Id,
    #[serde(default, alias = "output_prefix_type")]
    output_prefix_type: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct KeyDataJson {
    #[serde(default, alias = "type_url")]
    type_url: String,
    #[serde(default)]
    value: Encoded,
    #[serde(default, alias = "key_material_type")]
    key_material_type: Option<Value>,
}

/// A number, or a number as text.
#[derive(Default)]
struct Id(u32);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = match Value::deserialize(from)? {
            Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            Value::String(text) => text.parse().ok(),
            Value::Null => Some(0),
            _ => None,
        };
        id.map(Self).ok_or_else(|| D::Error::custom("no key id"))
    }
}

/// Bytes in any of base64's forms.
#[derive(Default)]
struct Encoded(Vec<u8>);

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let lenient = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        let text = String::deserialize(from)?.replace('-', "+").replace('_', "/");
        let bytes = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(text);
        bytes.map(Self).map_err(D::Error::custom)
    }
}

/// The number of a word, or the number itself; a word that is not known has none.
fn numbered(words: &[&str], value: Option<Value>) -> i32 {
    match value {
        Some(Value::String(text)) => words
            .iter()
            .position(|word| *word == text)
            .and_then(|at| i32::try_from(at).ok())
            .unwrap_or_default(),
        Some(Value::Number(number)) => number.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or_default(),
        _ => 0,
    }
}

impl From<KeyJson> for Key {
    fn from(json: KeyJson) -> Self {
        Self {
            key_data: json.key_data.map(|data| KeyData {
                type_url: data.type_url,
                value: data.value.0,
                key_material_type: numbered(MATERIAL, data.key_material_type),
            }),
            status: numbered(STATUS, json.status),
            key_id: json.key_id.0,
            output_prefix_type: numbered(PREFIX, json.output_prefix_type),
        }
    }
}
