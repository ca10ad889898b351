//! The object's metadata as the API has it, and back.

use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attr, Validator, validate};

use super::Object;
use crate::labels::RESERVED;
use crate::rest::changes::differing;
use crate::rest::fields::{map, number, text};

/// The key of our own metadata: where the content comes from, which an import could not know.
const ORIGIN: &str = "headwater-content";
const FILE: &str = "file:";
const INLINE: &str = "inline";
const SECRET: &str = "secret:";

/// <https://cloud.google.com/storage/docs/objects#naming>
pub(super) fn object_name() -> Validator {
    validate::matches(
        "must be 1 to 1024 bytes without line breaks, not `.` or `..`, and not start with a slash or `.well-known/acme-challenge/`, such as `config/rules.json`",
        |text| {
            (1..=1024).contains(&text.len())
                && !text.contains(['\r', '\n', '\0'])
                && !matches!(text, "." | "..")
                && !text.starts_with('/')
                && !text.starts_with(".well-known/acme-challenge/")
        },
    )
}

pub(super) fn metadata_keys() -> Validator {
    validate::keys(validate::matches(
        "must be letters, digits, `-`, `_` and `.`, and not start with `headwater-`",
        |text| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !text.to_ascii_lowercase().starts_with(RESERVED)
        },
    ))
}

/// Whether the content stood in the configuration.
pub(super) fn is_inline(document: &Json) -> bool {
    document["metadata"][ORIGIN] == INLINE
}

impl Object {
    fn origin(&self) -> String {
        match (self.source.as_deref(), self.content_wo_version.known()) {
            (Some(path), _) => format!("{FILE}{path}"),
            (None, Some(version)) => format!("{SECRET}{version}"),
            (None, None) => INLINE.to_owned(),
        }
    }

    /// What an import finds of where the content comes from.
    pub(super) fn take_origin(&mut self, document: &Json) {
        let origin = document["metadata"][ORIGIN].as_str().unwrap_or_default();
        self.source = origin.strip_prefix(FILE).map(str::to_owned).into();
        self.content_wo_version = origin.strip_prefix(SECRET).and_then(|text| text.parse().ok()).into();
    }

    /// Everything that this resource has to say; null where nothing is said.
    pub(super) fn document(&self) -> Json {
        let mut metadata = Map::new();
        for (key, value) in self.metadata.known().into_iter().flatten() {
            if let Some(value) = value.as_deref() {
                metadata.insert(key.clone(), value.into());
            }
        }
        metadata.insert(ORIGIN.into(), self.origin().into());
        json!({
            "contentType": self.content_type.as_deref(),
            "contentEncoding": self.content_encoding.as_deref(),
            "contentDisposition": self.content_disposition.as_deref(),
            "contentLanguage": self.content_language.as_deref(),
            "cacheControl": self.cache_control.as_deref(),
            "storageClass": self.storage_class.as_deref(),
            "metadata": metadata,
        })
    }

    /// The same of what is there, as far as it is ours to say.
    fn described(&self, document: &Json) -> Json {
        let mut there = self.read(document).document();
        there["metadata"] = document["metadata"].clone();
        there
    }

    /// Whether an object is described as planned.
    pub(super) fn is_described_by(&self, document: &Json) -> bool {
        let wanted = self.document();
        let there = self.described(document);
        let mut fields = differing(&wanted, &there).into_iter();
        fields.all(|field| field == "storageClass" && self.storage_class.is_unknown())
    }

    /// What a patch must say; `None` when nothing differs. The class is not changed by patches.
    pub(super) fn change(&self, present: &Json) -> Option<Json> {
        let wanted = self.document();
        let there = self.described(present);
        let mut change = json!({});
        for field in differing(&wanted, &there) {
            if field != "storageClass" {
                change[field] = wanted[field].clone();
            }
        }
        if let Some(metadata) = change.get_mut("metadata").and_then(Json::as_object_mut) {
            for key in present["metadata"].as_object().into_iter().flat_map(Map::keys) {
                metadata.entry(key.clone()).or_insert(Json::Null);
            }
        }
        change
            .as_object()
            .is_some_and(|change| !change.is_empty())
            .then_some(change)
    }

    /// The state that a document amounts to.
    pub(super) fn read(&self, document: &Json) -> Object {
        let secret = !self.content_wo_version.is_null();
        let sum = |name: &str| {
            if secret {
                Attr::Null
            } else {
                text(&document[name], &Attr::Null)
            }
        };
        let plain = |name: &str| text(&document[name], &Attr::Null);
        Object {
            content_wo: Attr::Null,
            content_type: document["contentType"]
                .as_str()
                .unwrap_or("application/octet-stream")
                .into(),
            content_encoding: plain("contentEncoding"),
            content_disposition: plain("contentDisposition"),
            content_language: plain("contentLanguage"),
            cache_control: plain("cacheControl"),
            storage_class: document["storageClass"].as_str().unwrap_or("STANDARD").into(),
            metadata: map(&document["metadata"], &self.metadata, |key| !key.starts_with(RESERVED)),
            size: number(&document["size"]),
            crc32c: sum("crc32c"),
            md5: sum("md5Hash"),
            generation: number(&document["generation"]),
            ..self.clone()
        }
        .named()
    }
}
