//! Whether messages of one definition can be read by another: the specification's schema resolution.

use std::collections::HashSet;

use super::{Avro, Shape, Type};

pub(super) fn reads(writer: &Avro, reader: &Avro) -> Result<(), String> {
    let mut resolution = Resolution {
        writer,
        reader,
        seen: HashSet::new(),
    };
    resolution.reads(&writer.root, &reader.root, "the message")
}

struct Resolution<'a> {
    writer: &'a Avro,
    reader: &'a Avro,
    /// Pairs of named types that are being compared: a type may contain itself.
    seen: HashSet<(usize, usize)>,
}

impl Resolution<'_> {
    fn reads(&mut self, writer: &Type, reader: &Type, path: &str) -> Result<(), String> {
        match (writer, reader) {
            (Type::Union(variants), reader) => variants
                .iter()
                .try_for_each(|variant| self.reads(variant, reader, path)),
            (writer, Type::Union(variants)) => {
                let mut variants = variants.iter();
                match variants.any(|variant| self.reads(writer, variant, path).is_ok()) {
                    true => Ok(()),
                    false => self.differ(writer, reader, path),
                }
            }
            (Type::Array(writer), Type::Array(reader)) | (Type::Map(writer), Type::Map(reader)) => {
                self.reads(writer, reader, path)
            }
            (Type::Named(w), Type::Named(r)) => self.named(*w, *r, path),
            (Type::Int, Type::Long | Type::Float | Type::Double)
            | (Type::Long, Type::Float | Type::Double)
            | (Type::Float, Type::Double)
            | (Type::String, Type::Bytes)
            | (Type::Bytes, Type::String) => Ok(()),
            (writer, reader) if writer == reader => Ok(()),
            (writer, reader) => self.differ(writer, reader, path),
        }
    }

    fn differ(&self, writer: &Type, reader: &Type, path: &str) -> Result<(), String> {
        let (from, to) = (self.writer.type_name(writer), self.reader.type_name(reader));
        Err(format!("{path}: {from} cannot be read as {to}"))
    }

    fn named(&mut self, w: usize, r: usize, path: &str) -> Result<(), String> {
        if !self.seen.insert((w, r)) {
            return Ok(());
        }
        let (writer, reader) = (&self.writer.named[w], &self.reader.named[r]);
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        if last(&writer.name) != last(&reader.name) {
            return self.differ(&Type::Named(w), &Type::Named(r), path);
        }
        match (&writer.shape, &reader.shape) {
            (Shape::Record(written), Shape::Record(read)) => {
                for field in read {
                    let path = format!("{}.{}", reader.name, field.name);
                    match written.iter().find(|known| known.name == field.name) {
                        Some(known) => self.reads(&known.kind, &field.kind, &path)?,
                        None if field.has_default => {}
                        None => return Err(format!("{path} has no default and is not in the other revision")),
                    }
                }
                Ok(())
            }
            (Shape::Enum { symbols: written, .. }, Shape::Enum { symbols, has_default }) => {
                match written.iter().find(|symbol| !symbols.contains(symbol)) {
                    Some(missing) if !has_default => Err(format!("{path}: the symbol {missing} cannot be read")),
                    _ => Ok(()),
                }
            }
            (Shape::Fixed(written), Shape::Fixed(read)) if written == read => Ok(()),
            _ => self.differ(&Type::Named(w), &Type::Named(r), path),
        }
    }
}
