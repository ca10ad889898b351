//! Rows as the APIs write them: JSON records for REST, CSV for the Bulk API, typed lines for the truth export. Written as
//! bytes, because these are the hot paths of a simulator that must not be the bottleneck of who reads it.

use crate::decimal::Decimal;
use crate::schema::{Kind, Object, Schema};
use crate::soql::Output;
use crate::soql::eval::{Evaluator, FieldRef, read};
use crate::store::row::Layout;

/// A value in REST's JSON.
pub(crate) fn json_value(kind: Kind, cell: &[u8], out: &mut Vec<u8>) {
    if cell.is_empty() {
        out.extend_from_slice(b"null");
    } else if kind.is_number() || kind == Kind::Boolean {
        out.extend_from_slice(cell);
    } else if kind == Kind::Datetime {
        out.push(b'"');
        out.extend_from_slice(cell.strip_suffix(b"Z").unwrap_or(cell));
        out.extend_from_slice(b"+0000\"");
    } else {
        json_text(cell, out);
    }
}

/// A JSON string.
pub(crate) fn json_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut from = 0;
    for (at, &c) in text.iter().enumerate() {
        if c >= 0x20 && c != b'"' && c != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[from..at]);
        from = at + 1;
        match c {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            c => out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&text[from..]);
    out.push(b'"');
}

/// Writes the records of a REST query.
pub(crate) struct Records<'a> {
    pub schema: &'a Schema,
    /// `/services/data/v62.0`, which the records' URLs begin with.
    pub base: &'a str,
    pub object: &'a Object,
    pub outputs: &'a [Output],
    pub evaluator: Evaluator<'a>,
}

impl Records<'_> {
    /// A record: its attributes, then what was selected.
    pub(crate) fn write(&mut self, row: &[u8], layout: &Layout, out: &mut Vec<u8>) {
        out.push(b'{');
        let id = layout.cell(row, self.object.column("Id").unwrap_or(0));
        self.attributes(&self.object.name, id, out);
        for output in self.outputs {
            out.push(b',');
            self.part(output, row, layout, out);
        }
        out.push(b'}');
    }

    fn attributes(&self, object: &str, id: &[u8], out: &mut Vec<u8>) {
        for piece in [
            "\"attributes\":{\"type\":\"",
            object,
            "\",\"url\":\"",
            self.base,
            "/sobjects/",
            object,
            "/",
        ] {
            out.extend_from_slice(piece.as_bytes());
        }
        out.extend_from_slice(id);
        out.extend_from_slice(b"\"}");
    }

    fn part(&mut self, output: &Output, row: &[u8], layout: &Layout, out: &mut Vec<u8>) {
        match output {
            Output::Field(field) => {
                json_text(field.field().name.as_bytes(), out);
                out.push(b':');
                json_value(field.field().kind, &self.evaluator.value(field, row, layout), out);
            }
            Output::Compound { of, parts } => {
                json_text(of.field().name.as_bytes(), out);
                out.push(b':');
                self.compound(parts, row, layout, out);
            }
            Output::Parent {
                relationship,
                id,
                fields,
            } => {
                json_text(relationship.as_bytes(), out);
                let parent = self.evaluator.value(id, row, layout).into_owned();
                let schema = self.schema;
                let Some(object) = schema.by_id(&parent) else {
                    out.extend_from_slice(b":null");
                    return;
                };
                out.extend_from_slice(b":{");
                self.attributes(&schema.objects[object].name, &parent, out);
                for field in fields {
                    out.push(b',');
                    self.part(field, row, layout, out);
                }
                out.push(b'}');
            }
        }
    }

    /// An address or a location; null when all of its parts are.
    fn compound(&mut self, parts: &[(String, FieldRef)], row: &[u8], layout: &Layout, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(b'{');
        let mut any = false;
        for (n, (name, field)) in parts.iter().enumerate() {
            let cell = self.evaluator.value(field, row, layout);
            any |= !cell.is_empty();
            if n > 0 {
                out.push(b',');
            }
            json_text(name.as_bytes(), out);
            out.push(b':');
            json_value(field.field().kind, &cell, out);
        }
        out.push(b'}');
        if !any {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
    }
}

/// The columns of a Bulk result. Parents are written as `Account.Name`.
pub(crate) fn flat(outputs: &[Output], into: &mut Vec<FieldRef>) {
    for output in outputs {
        match output {
            Output::Field(field) => into.push(field.clone()),
            Output::Parent { fields, .. } => flat(fields, into),
            Output::Compound { .. } => {}
        }
    }
}

/// How a Bulk result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Csv {
    pub delimiter: u8,
    pub line_ending: &'static [u8],
}

impl Csv {
    pub(crate) fn header(self, fields: &[FieldRef]) -> Vec<u8> {
        let mut out = vec![];
        for (n, field) in fields.iter().enumerate() {
            if n > 0 {
                out.push(self.delimiter);
            }
            quoted(field.shown.as_bytes(), &mut out);
        }
        out.extend_from_slice(self.line_ending);
        out
    }

    /// A row: every value in quotes, null as `""`, as Salesforce does it.
    pub(crate) fn row(
        self,
        evaluator: &mut Evaluator<'_>,
        fields: &[FieldRef],
        row: &[u8],
        layout: &Layout,
        out: &mut Vec<u8>,
    ) {
        for (n, field) in fields.iter().enumerate() {
            if n > 0 {
                out.push(self.delimiter);
            }
            if field.hops.is_empty() {
                quoted(read(field.field(), row, layout), out);
            } else {
                quoted(&evaluator.value(field, row, layout), out);
            }
        }
        out.extend_from_slice(self.line_ending);
    }
}

fn quoted(cell: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = cell;
    while let Some(at) = rest.iter().position(|&c| c == b'"') {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// A line of the truth export: every readable field but compound ones, decimals as plain text so that nothing is rounded.
pub(crate) fn truth(object: &Object, row: &[u8], layout: &Layout, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for field in object.readable().filter(|f| !f.kind.is_compound()) {
        if !first {
            out.push(b',');
        }
        first = false;
        json_text(field.name.as_bytes(), out);
        out.push(b':');
        let cell = read(field, row, layout);
        match field.kind {
            _ if cell.is_empty() => out.extend_from_slice(b"null"),
            Kind::Boolean | Kind::Int => out.extend_from_slice(cell),
            Kind::Double | Kind::Currency | Kind::Percent => {
                let plain = std::str::from_utf8(cell)
                    .ok()
                    .and_then(Decimal::parse)
                    .map(Decimal::plain);
                json_text(plain.unwrap_or_default().as_bytes(), out);
            }
            _ => json_text(cell, out),
        }
    }
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let mut out = vec![];
        json_text("a\"b\\c\r\n\t\u{1}é🦄".as_bytes(), &mut out);
        let back: String = serde_json::from_slice(&out).unwrap();
        assert_eq!(back, "a\"b\\c\r\n\t\u{1}é🦄");
        let mut out = vec![];
        quoted(b"say \"hi\",\"\"", &mut out);
        assert_eq!(out, b"\"say \"\"hi\"\",\"\"\"\"\"");
    }
}
