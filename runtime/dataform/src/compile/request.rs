//! The request that the core takes: a `CoreExecutionRequest` of its core.proto, encoded by hand because of eleven fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{CompilationConfig, Files};

/// The request in the form that every version 3.x takes.
pub(super) fn encode(root: &str, files: &Files, config: &CompilationConfig) -> String {
    let mut compile = Message::default();
    compile.text(1, root);
    compile.message(3, &overrides(config));
    for path in listed(files) {
        compile.text(8, path);
    }
    let mut request = Message::default();
    request.message(1, &compile);
    let mut whole = Message::default();
    whole.message(1, &request);
    STANDARD.encode(whole.0)
}

/// The files that the core is told of: as the command line's `!(node_modules)/**/*.*` finds them, nothing at the root itself.
fn listed(files: &Files) -> impl Iterator<Item = &str> {
    files.keys().map(String::as_str).filter(|path| {
        let mut parts = path.split('/');
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        let name = path.rsplit('/').next().unwrap_or_default();
        !hidden && name.contains('.') && parts.next() != Some("node_modules") && parts.next().is_some()
    })
}

fn overrides(config: &CompilationConfig) -> Message {
    let mut message = Message::default();
    for (field, value) in [
        (2, &config.default_schema),
        (5, &config.assertion_schema),
        (7, &config.schema_suffix),
        (9, &config.default_database),
        (11, &config.table_prefix),
        (15, &config.database_suffix),
        (16, &config.default_location),
        (18, &config.builtin_assertion_name_prefix),
    ] {
        if let Some(value) = value.as_deref().filter(|v| !v.is_empty()) {
            message.text(field, value);
        }
    }
    for (name, value) in &config.vars {
        let mut entry = Message::default();
        entry.text(1, name);
        entry.text(2, value);
        message.message(14, &entry);
    }
    if let Some(disabled) = config.disable_assertions {
        message.flag(20, disabled);
    }
    message
}

/// A message of protocol buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, field: u64, content: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(content.len() as u64);
        self.0.extend_from_slice(content);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    fn flag(&mut self, field: u64, value: bool) {
        self.varint(field << 3);
        self.varint(u64::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_protocol_buffers() {
        let config = CompilationConfig {
            schema_suffix: Some("dev".into()),
            vars: [("a".to_owned(), "b".to_owned())].into(),
            disable_assertions: Some(true),
            ..CompilationConfig::default()
        };
        let files: Files = [("definitions/a.sqlx".to_owned(), vec![])].into();
        let encoded = STANDARD.decode(encode("/r", &files, &config)).unwrap();
        let inner = b"\x0a\x02/r\x1a\x10\x3a\x03dev\x72\x06\x0a\x01a\x12\x01b\xa0\x01\x01\x42\x12definitions/a.sqlx";
        let mut expected = vec![0x0a, (inner.len() + 2) as u8, 0x0a, inner.len() as u8];
        expected.extend_from_slice(inner);
        assert_eq!(encoded, expected);
    }

    #[test]
    fn only_files_in_folders_are_listed() {
        let files: Files = [
            "workflow_settings.yaml",
            "includes/a.js",
            "definitions/.x.js",
            "node_modules/a/b.js",
            "definitions/README",
        ]
        .map(|p| (p.to_owned(), vec![]))
        .into();
        assert_eq!(listed(&files).collect::<Vec<_>>(), ["includes/a.js"]);
    }
}
