//! Query parameters: the REST form, read into typed literals.

use base64::Engine as _;
use serde_json::Value;

use super::literal::blob;
use super::{Ex, Result};
use crate::error::Fault;
use crate::types::{Field, Ty, literal, quoted};

/// The parameters of one query.
#[derive(Debug, Default, Clone)]
pub(crate) struct Params {
    named: Vec<(String, Ex)>,
    positional: Vec<Ex>,
    next: std::cell::Cell<usize>,
}

impl Params {
    /// From `queryParameters`.
    pub(crate) fn from_rest(list: &Value) -> Result<Self> {
        let mut out = Self::default();
        for parameter in list.as_array().into_iter().flatten() {
            let ty = parameter_type(&parameter["parameterType"])?;
            let ex = Ex::new(
                format!("CAST({} AS {})", value(&parameter["parameterValue"], &ty)?, ty.duck()),
                ty,
            );
            match parameter["name"].as_str().filter(|n| !n.is_empty()) {
                Some(name) => out.named.push((name.to_owned(), ex)),
                None => out.positional.push(ex),
            }
        }
        Ok(out)
    }

    /// From the values of EXECUTE IMMEDIATE … USING.
    pub(crate) fn of(values: Vec<(Option<String>, Ex)>) -> Self {
        let mut out = Self::default();
        for (name, value) in values {
            match name {
                Some(name) => out.named.push((name, value)),
                None => out.positional.push(value),
            }
        }
        out
    }

    pub(super) fn named(&self, name: &str) -> Result<Ex> {
        let found = self.named.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found
            .map(|(_, ex)| ex.clone())
            .ok_or_else(|| Fault::query(format!("Query parameter '{name}' not found")))
    }

    /// What a placeholder of the parser stands for: `?`, or a name in backticks, as the DB-API of Google's library writes it.
    pub(super) fn placeholder(&self, placeholder: &str) -> Result<Ex> {
        if let Some(name) = placeholder.strip_prefix('@') {
            return self.named(name);
        }
        if placeholder != "?" {
            return Err(Fault::query(format!("Syntax error: Unexpected \"{placeholder}\"")));
        }
        let index = self.next.get();
        self.next.set(index + 1);
        self.positional
            .get(index)
            .cloned()
            .ok_or_else(|| Fault::query(format!("Query parameter number {} is not given", index + 1)))
    }
}

fn parameter_type(doc: &Value) -> Result<Ty> {
    let name = doc["type"].as_str().unwrap_or_default();
    match name.to_ascii_uppercase().as_str() {
        "ARRAY" => Ok(Ty::Array(Box::new(parameter_type(&doc["arrayType"])?))),
        "STRUCT" | "RECORD" => {
            let fields = doc["structTypes"].as_array().cloned().unwrap_or_default();
            let fields: Result<Vec<Field>> = fields
                .iter()
                .enumerate()
                .map(|(i, f)| {
                    let name = f["name"].as_str().filter(|n| !n.is_empty());
                    let name = name.map_or_else(|| format!("_field_{}", i + 1), str::to_owned);
                    Ok(Field {
                        name,
                        ty: parameter_type(&f["type"])?,
                    })
                })
                .collect();
            Ok(Ty::Struct(fields?))
        }
        other => Ty::scalar(other).ok_or_else(|| Fault::invalid(format!("Invalid query parameter type: {name}"))),
    }
}

fn value(doc: &Value, ty: &Ty) -> Result<String> {
    match ty {
        Ty::Array(item) => {
            let items: Result<Vec<String>> = doc["arrayValues"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| value(v, item))
                .collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        Ty::Struct(fields) => {
            let inner = &doc["structValues"];
            let fields: Result<Vec<String>> = fields
                .iter()
                .map(|f| Ok(format!("{} := {}", quoted(&f.name), typed(&inner[&f.name], &f.ty)?)))
                .collect();
            Ok(format!("struct_pack({})", fields?.join(", ")))
        }
        _ => typed(doc, ty),
    }
}

fn typed(doc: &Value, ty: &Ty) -> Result<String> {
    if matches!(ty, Ty::Array(_) | Ty::Struct(_)) {
        return Ok(format!("CAST({} AS {})", value(doc, ty)?, ty.duck()));
    }
    let text = match &doc["value"] {
        Value::Null => return Ok("NULL".into()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if *ty == Ty::Bytes {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&text)
            .map_err(|_| Fault::invalid("Invalid query parameter value: BYTES must be base64"))?;
        return Ok(blob(&bytes));
    }
    Ok(format!("CAST({} AS {})", literal(&text), ty.duck()))
}
