//! A keyset as Tink serialises it: `google.crypto.tink.Keyset`.

use prost::Message;

use super::random;

const DOMAIN: &str = "type.googleapis.com/google.crypto.tink.";
const ENABLED: i32 = 1;
/// The ciphertext begins with the key's id, or with nothing of the kind.
const TINK: i32 = 1;
const RAW: i32 = 3;
const SYMMETRIC: i32 = 1;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Keyset {
    #[prost(uint32, tag = "1")]
    pub(super) primary_key_id: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) key: Vec<Key>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Key {
    #[prost(message, optional, tag = "1")]
    pub(super) key_data: Option<KeyData>,
    #[prost(int32, tag = "2")]
    pub(super) status: i32,
    #[prost(uint32, tag = "3")]
    pub(super) key_id: u32,
    #[prost(int32, tag = "4")]
    pub(super) output_prefix_type: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyData {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
    #[prost(int32, tag = "3")]
    pub(super) key_material_type: i32,
}

/// `AesGcmKey`: its key is the third field.
#[derive(Clone, PartialEq, Message)]
struct AesGcmKey {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "3")]
    key_value: Vec<u8>,
}

/// `AesSivKey` and `AesCbcPkcs7Key`: their key is the second field.
#[derive(Clone, PartialEq, Message)]
struct PlainKey {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    key_value: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Gcm,
    Siv,
    /// It decrypts only.
    Cbc,
}

impl KeyKind {
    fn name(self) -> &'static str {
        match self {
            Self::Gcm => "AesGcmKey",
            Self::Siv => "AesSivKey",
            Self::Cbc => "legacy.AesCbcPkcs7Key",
        }
    }

    fn key_data(self, material: Vec<u8>) -> KeyData {
        let value = match self {
            Self::Gcm => AesGcmKey {
                version: 0,
                key_value: material,
            }
            .encode_to_vec(),
            Self::Siv | Self::Cbc => PlainKey {
                version: 0,
                key_value: material,
            }
            .encode_to_vec(),
        };
        KeyData {
            type_url: format!("{DOMAIN}{}", self.name()),
            value,
            key_material_type: SYMMETRIC,
        }
    }
}

impl Keyset {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes).ok()
    }

    pub(super) fn written(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.key.len()
    }

    /// Adds a new key, with which is encrypted from now on.
    pub(super) fn add_primary(&mut self, kind: KeyKind) {
        let length = if kind == KeyKind::Siv { 64 } else { 32 };
        self.primary_key_id = self.add(kind, random::bytes(length), TINK);
    }

    pub(super) fn add_raw(&mut self, kind: KeyKind, material: &[u8]) {
        self.add(kind, material.to_vec(), RAW);
    }

    fn add(&mut self, kind: KeyKind, material: Vec<u8>, output_prefix_type: i32) -> u32 {
        let key_id = loop {
            let mut id = [0; 4];
            random::fill(&mut id);
            let id = u32::from_be_bytes(id);
            if id != 0 && self.key.iter().all(|k| k.key_id != id) {
                break id;
            }
        };
        self.key.push(Key {
            key_data: Some(kind.key_data(material)),
            status: ENABLED,
            key_id,
            output_prefix_type,
        });
        key_id
    }

    pub(super) fn enabled(&self) -> impl Iterator<Item = &Key> {
        self.key.iter().filter(|k| k.status == ENABLED)
    }

    pub(super) fn primary(&self) -> Option<&Key> {
        self.enabled().find(|k| k.key_id == self.primary_key_id)
    }

    pub(super) fn has_enabled_primary(&self) -> bool {
        self.primary().is_some()
    }
}

impl Key {
    pub(super) fn kind(&self) -> Option<KeyKind> {
        let name = self.key_data.as_ref()?.type_url.strip_prefix(DOMAIN)?;
        [KeyKind::Gcm, KeyKind::Siv, KeyKind::Cbc]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The bytes of the key itself.
    pub(super) fn material(&self) -> Option<Vec<u8>> {
        let value = self.key_data.as_ref()?.value.as_slice();
        match self.kind()? {
            KeyKind::Gcm => AesGcmKey::decode(value).ok().map(|k| k.key_value),
            KeyKind::Siv | KeyKind::Cbc => PlainKey::decode(value).ok().map(|k| k.key_value),
        }
    }

    /// What a ciphertext of this key begins with.
    pub(super) fn prefix(&self) -> Vec<u8> {
        let id = self.key_id.to_be_bytes();
        match self.output_prefix_type {
            TINK => [[1].as_slice(), &id].concat(),
            RAW => Vec::new(),
            // LEGACY and CRUNCHY.
            _ => [[0].as_slice(), &id].concat(),
        }
    }
}
