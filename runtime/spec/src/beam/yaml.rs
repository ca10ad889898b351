//! YAML as a person would lay it out, and as Beam's reader takes it: texts are quoted, programs are blocks.

use std::fmt::Write as _;

use serde_json::Value;

/// A node of the document.
pub(super) enum Node {
    /// A text, number, truth or null.
    Scalar(Value),
    /// Lines that are kept as they are.
    Block(&'static str),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A mapping in this order.
pub(super) fn map<const N: usize>(members: [(&str, Node); N]) -> Node {
    Node::Map(
        members
            .into_iter()
            .map(|(name, node)| (name.to_owned(), node))
            .collect(),
    )
}

impl<T: Into<Value>> From<T> for Node {
    fn from(value: T) -> Self {
        match value.into() {
            Value::Array(all) => Self::List(all.into_iter().map(Self::from).collect()),
            Value::Object(all) => Self::Map(all.into_iter().map(|(name, value)| (name, value.into())).collect()),
            scalar => Self::Scalar(scalar),
        }
    }
}

impl Node {
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.trim_start_matches('\n').to_owned()
    }

    /// What follows a `key:` or a `-`, with what stands between.
    fn write(&self, indent: usize, out: &mut String) {
        match self {
            Self::Scalar(Value::String(text)) => out.push_str(&format!(" {}\n", quoted(text))),
            Self::Scalar(value) => out.push_str(&format!(" {value}\n")),
            Self::Block(text) => {
                out.push_str(" |\n");
                for line in text.lines() {
                    let line = line.trim_end();
                    let _ = if line.is_empty() {
                        writeln!(out)
                    } else {
                        writeln!(out, "{:indent$}{line}", "")
                    };
                }
            }
            Self::List(all) if all.is_empty() => out.push_str(" []\n"),
            Self::Map(all) if all.is_empty() => out.push_str(" {}\n"),
            Self::List(all) => {
                out.push('\n');
                for node in all {
                    let _ = write!(out, "{:indent$}-", "");
                    match node {
                        // The first member stands behind the dash.
                        Self::Map(members) if !members.is_empty() => {
                            let mut inner = String::new();
                            node.write(indent + 2, &mut inner);
                            out.push(' ');
                            out.push_str(inner.trim_start());
                        }
                        node => node.write(indent + 2, out),
                    }
                }
            }
            Self::Map(members) => {
                out.push('\n');
                for (name, node) in members {
                    let _ = write!(out, "{:indent$}{}:", "", key(name));
                    node.write(indent + 2, out);
                }
            }
        }
    }
}

/// Names that can be nothing else stand plain.
fn key(name: &str) -> String {
    let plain = name.len() > 3
        && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        && !["true", "false", "null"].contains(&name);
    if plain { name.to_owned() } else { quoted(name) }
}

/// A text in double quotes. The template looks for its own marks, which begin with a brace, before YAML is read.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '{' => out.push_str("\\x7b"),
            ' '..='~' => out.push(character),
            other => {
                let _ = write!(out, "\\U{:08x}", u32::from(other));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_reads_as_it_was() {
        let node = map([
            ("list", json!([{"a": 1, "b": [true, null]}, "x: \"{{y}}\"", []]).into()),
            ("block", Node::Block("def f():\n    pass\n")),
            ("empty", json!({}).into()),
            ("null", "ü\n".into()),
        ]);
        let expected = "list:\n  - \"a\": 1\n    \"b\":\n      - true\n      - null\n  - \"x: \\\"\\x7b\\x7by}}\\\"\"\n  - []\n\
                        block: |\n  def f():\n      pass\nempty: {}\n\"null\": \"\\U000000fc\\U0000000a\"\n";
        assert_eq!(node.to_yaml(), expected);
    }
}
