//! Types of arguments and results: SQL text to BigQuery's `StandardSqlDataType` and back.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType>

use serde_json::{Value as Json, json};
use tfplugin_framework::{Validator, Value, validate};

use crate::resources::bigquery_table::column::{sql_type, type_names};

/// Deeper types than any that BigQuery allows.
const DEEPEST: usize = 16;

/// Reads `ARRAY<STRUCT<a INT64, b STRING>>`; what is wrong otherwise.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut words = Words::of(text)?;
    let found = one(&mut words, 0)?;
    match words.next() {
        None => Ok(found),
        Some(more) => Err(format!("`{more}` is too much")),
    }
}

/// A text in words: names, and `<`, `>`, `,` each by itself.
struct Words(std::vec::IntoIter<String>);

impl Words {
    fn of(text: &str) -> Result<std::iter::Peekable<Self>, String> {
        let mut words = Vec::new();
        let mut word = String::new();
        for c in text.chars() {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            match c {
                '<' | '>' | ',' => words.push(c.to_string()),
                '`' => {}
                c if c.is_whitespace() => {}
                other => return Err(format!("`{other}` does not belong into a type")),
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        Ok(Self(words.into_iter()).peekable())
    }
}

impl Iterator for Words {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.0.next()
    }
}

type Reader = std::iter::Peekable<Words>;

fn one(words: &mut Reader, depth: usize) -> Result<Json, String> {
    if depth > DEEPEST {
        return Err("it is nested too deeply".to_owned());
    }
    let name = words.next().ok_or("a type is missing")?;
    match name.to_ascii_uppercase().as_str() {
        "ARRAY" => {
            expect(words, "<")?;
            let element = one(words, depth + 1)?;
            expect(words, ">")?;
            Ok(json!({"typeKind": "ARRAY", "arrayElementType": element}))
        }
        "STRUCT" => {
            expect(words, "<")?;
            let mut fields = Vec::new();
            loop {
                let field = words.next().ok_or("a field is missing")?;
                fields.push(json!({"name": field, "type": one(words, depth + 1)?}));
                match words.next().as_deref() {
                    Some(",") => {}
                    Some(">") => break,
                    _ => return Err("`>` is missing".to_owned()),
                }
            }
            Ok(json!({"typeKind": "STRUCT", "structType": {"fields": fields}}))
        }
        other => match sql_type(other) {
            Some(kind) if kind != "STRUCT" => Ok(json!({ "typeKind": kind })),
            _ => Err(format!(
                "`{name}` is not a type: write ARRAY<…>, STRUCT<…> or one of {}",
                type_names()
            )),
        },
    }
}

fn expect(words: &mut Reader, sign: &str) -> Result<(), String> {
    match words.next() {
        Some(word) if word == sign => Ok(()),
        Some(word) => Err(format!("`{sign}` is missing before `{word}`")),
        None => Err(format!("`{sign}` is missing at the end")),
    }
}

/// The type as SQL text, as people write it.
pub(super) fn spell(found: &Json) -> String {
    written(found, "")
}

/// A type for a statement: what its fields are called may be a reserved word.
pub(super) fn sql(text: &str) -> String {
    parse(text).map_or_else(|_| text.to_owned(), |parsed| written(&parsed, "`"))
}

fn written(found: &Json, quote: &str) -> String {
    match found["typeKind"].as_str().unwrap_or_default() {
        "ARRAY" => format!("ARRAY<{}>", written(&found["arrayElementType"], quote)),
        "STRUCT" => {
            let fields = found["structType"]["fields"].as_array().into_iter().flatten();
            let fields: Vec<String> = fields
                .map(|field| {
                    let name = field["name"].as_str().unwrap_or_default();
                    format!("{quote}{name}{quote} {}", written(&field["type"], quote))
                })
                .collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        other => other.to_owned(),
    }
}

/// The type as found, in the spelling of before when that means the same.
pub(super) fn found(found: &Json, before: Option<&str>) -> Option<String> {
    if !found.is_object() {
        return None;
    }
    match before {
        Some(before) if parse(before).is_ok_and(|parsed| spell(&parsed) == spell(found)) => Some(before.to_owned()),
        _ => Some(spell(found)),
    }
}

/// Two spellings of one type.
pub(super) fn same(before: &Value, after: &Value) -> bool {
    let known = |value: &Value| parse(value.as_str()?).ok();
    matches!((known(before), known(after)), (Some(a), Some(b)) if a == b)
}

pub(super) fn validator() -> Validator {
    Validator::new(
        "must be a type in GoogleSQL, such as `INT64` or `ARRAY<STRUCT<a INT64, b STRING>>`",
        |value| {
            value.as_str().map_or(Ok(()), |text| {
                parse(text).map(drop).map_err(|problem| {
                    format!("must be a type in GoogleSQL, such as `ARRAY<STRUCT<a INT64, b STRING>>`: {problem}")
                })
            })
        },
    )
}

/// A name in SQL.
pub(super) fn name() -> Validator {
    validate::matches(
        "must be 1 to 256 letters, digits and underscores, not starting with a digit",
        |text| {
            (1..=256).contains(&text.len())
                && !text.starts_with(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written() {
        let cases = [
            ("int64", "INT64"),
            ("INTEGER", "INT64"),
            ("array< string >", "ARRAY<STRING>"),
            (
                "STRUCT<a INT64,b ARRAY<STRUCT<`c` BOOL>>>",
                "STRUCT<a INT64, b ARRAY<STRUCT<c BOOL>>>",
            ),
        ];
        for (text, expected) in cases {
            let parsed = parse(text).expect(text);
            assert_eq!(spell(&parsed), expected);
            assert_eq!(found(&parsed, Some(text)).as_deref(), Some(text));
        }
        assert_eq!(sql("array<struct<Inner int64>>"), "ARRAY<STRUCT<`Inner` INT64>>");
        assert_eq!(sql("ANY TYPE"), "ANY TYPE");
        for bad in [
            "",
            "WIBBLE",
            "ARRAY",
            "ARRAY<INT64",
            "STRUCT<>",
            "STRUCT<a>",
            "INT64 INT64",
            "NUMERIC(3)",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
