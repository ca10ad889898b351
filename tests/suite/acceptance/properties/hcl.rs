//! Configurations as text of Terraform's language.

use std::fmt::Write as _;

/// A value.
#[derive(Debug, Clone)]
pub enum Hcl {
    /// An expression as it stands, such as a reference.
    Raw(String),
    Text(String),
    List(Vec<Hcl>),
    Object(Vec<(String, Hcl)>),
}

impl Hcl {
    pub fn text(text: impl Into<String>) -> Self {
        Hcl::Text(text.into())
    }

    /// A number, a bool, a reference.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "literals and numbers read better without an ampersand"
    )]
    pub fn raw(expression: impl ToString) -> Self {
        Hcl::Raw(expression.to_string())
    }

    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Hcl::List(texts.into_iter().map(Hcl::text).collect())
    }

    fn write(&self, out: &mut String) {
        match self {
            Hcl::Raw(expression) => out.push_str(expression),
            Hcl::Text(text) => quote(text, out),
            Hcl::List(elements) => {
                out.push('[');
                for element in elements {
                    element.write(out);
                    out.push_str(", ");
                }
                out.push(']');
            }
            Hcl::Object(entries) => {
                out.push_str("{ ");
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    quote(key, out);
                    out.push_str(" = ");
                    value.write(out);
                }
                out.push_str(" }");
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => out.extend([letter, letter]),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// The attributes of a resource or of an object in it.
#[derive(Debug, Clone, Default)]
pub struct Body(pub Vec<(String, Hcl)>);

impl Body {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&mut self, name: &str, value: Hcl) {
        self.0.push((name.to_owned(), value));
    }

    /// `set` with text.
    pub fn text(&mut self, name: &str, text: impl Into<String>) {
        self.set(name, Hcl::text(text));
    }

    /// `set` with a number, a bool or a reference.
    pub fn raw(&mut self, name: &str, expression: impl ToString) {
        self.set(name, Hcl::raw(expression));
    }

    pub fn object(self) -> Hcl {
        Hcl::Object(self.0)
    }
}

/// A resource as a block.
pub fn resource(type_name: &str, name: &str, body: &Body) -> String {
    let mut out = format!("resource \"{type_name}\" \"{name}\" {{\n");
    for (attribute, value) in &body.0 {
        let _ = write!(out, "  {attribute} = ");
        value.write(&mut out);
        out.push('\n');
    }
    out.push_str("}\n\n");
    out
}

/// An import as a block.
pub fn import(address: &str, id: &str) -> String {
    let mut out = format!("import {{\n  to = {address}\n  id = ");
    quote(id, &mut out);
    out.push_str("\n}\n\n");
    out
}
