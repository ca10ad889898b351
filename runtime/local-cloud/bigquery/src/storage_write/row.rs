//! A row on its way into a table, whatever form it was sent in, and what can be wrong with it.

use serde_json::Value;

use super::civil::{DAYS, MICROS};
use crate::catalog::evolve::{field_name, fields};
use crate::catalog::int;
use crate::engine::Cell;

/// The bounds of a RANGE, as its cell names them.
pub(super) const LOW: &str = "_lo";
pub(super) const HIGH: &str = "_hi";

/// A row with a cell for each column of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// Columns for which the client sent nothing, which is not the same as NULL where there are defaults.
    pub(super) missing: Vec<bool>,
    pub(super) change: Option<Change>,
}

/// What a row of change data capture does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) delete: bool,
    /// In a form that is compared as text.
    pub(super) sequence: Option<String>,
}

/// What is wrong with the row of this number in its request.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub(super) row: usize,
    pub(super) message: String,
}

impl Change {
    /// From the two pseudo-columns.
    pub(super) fn read(kind: Option<&str>, sequence: Option<&str>) -> Result<Self, String> {
        let delete = match kind {
            Some(kind) if kind.eq_ignore_ascii_case("UPSERT") => false,
            Some(kind) if kind.eq_ignore_ascii_case("DELETE") => true,
            _ => return Err("_CHANGE_TYPE must be UPSERT or DELETE in every row of the stream".into()),
        };
        let sequence = sequence.map(comparable).transpose()?;
        Ok(Self { delete, sequence })
    }
}

/// Up to four hexadecimal numbers of up to 16 digits, with slashes between them.
fn comparable(sequence: &str) -> Result<String, String> {
    let sections: Vec<&str> = sequence.split('/').collect();
    let good = |s: &&str| (1..=16).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_hexdigit());
    if sections.len() > 4 || !sections.iter().all(good) {
        return Err(
            "_CHANGE_SEQUENCE_NUMBER must be one to four hexadecimal numbers of at most 16 digits, separated by /"
                .into(),
        );
    }
    let padded: Vec<String> = sections
        .iter()
        .map(|s| format!("{:0>16}", s.to_ascii_lowercase()))
        .collect();
    Ok(padded.join("/"))
}

/// Checks a value against what its column allows. `path` names the column.
pub(super) fn check(value: &Cell, field: &Value, path: &str) -> Result<(), String> {
    if field["mode"] == "REPEATED" {
        let Cell::List(items) = value else { return Ok(()) };
        return items.iter().try_for_each(|item| match item {
            Cell::Null => Err(format!("Field {path}: an array cannot hold NULL")),
            item => check_item(item, field, path),
        });
    }
    match value {
        Cell::Null if field["mode"] == "REQUIRED" => Err(format!("Field {path}: required field is missing")),
        Cell::Null => Ok(()),
        value => check_item(value, field, path),
    }
}

fn check_item(value: &Cell, field: &Value, path: &str) -> Result<(), String> {
    let limit = |key: &str| int(&field[key]).and_then(|n| usize::try_from(n).ok());
    let length = |length: usize, unit: &str| match limit("maxLength") {
        Some(most) if length > most => Err(format!(
            "Field {path}: it has {length} {unit}, at most {most} are allowed"
        )),
        _ => Ok(()),
    };
    match value {
        Cell::Struct(values) => {
            let mut inner = values.iter().zip(fields(field));
            inner.try_for_each(|((_, value), f)| check(value, f, &format!("{path}.{}", field_name(f))))
        }
        Cell::Text(text) if field["type"] == "STRING" => length(text.chars().count(), "characters"),
        Cell::Text(text) if field["type"] == "JSON" => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("Field {path}: it is not valid JSON")),
        },
        Cell::Bytes(bytes) => length(bytes.len(), "bytes"),
        Cell::Date(days) if !DAYS.contains(&i64::from(*days)) => Err(format!("Field {path}: the date is out of range")),
        Cell::Timestamp(micros) if !MICROS.contains(micros) => Err(format!("Field {path}: the time is out of range")),
        Cell::Time(micros) if !(0..86_400_000_000).contains(micros) => {
            Err(format!("Field {path}: the time is out of range"))
        }
        Cell::Decimal(unscaled, scale) => match limit("precision") {
            Some(precision) => {
                let whole = u32::try_from(precision - limit("scale").unwrap_or(0)).unwrap_or(38);
                let most = 10_i128.checked_pow(whole + u32::from(*scale)).unwrap_or(i128::MAX);
                if unscaled.abs() < most {
                    Ok(())
                } else {
                    Err(format!("Field {path}: the number has too many digits before the point"))
                }
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sequence_numbers_compare_as_numbers() {
        let read = |s: &str| Change::read(Some("upsert"), Some(s)).map(|c| c.sequence.unwrap());
        for (lower, higher) in [
            ("9", "A"),
            ("FF", "100"),
            ("1/2", "1/10"),
            ("1/2", "2"),
            ("16/B374D848", "16/b374d849"),
            ("1", "1/0"),
        ] {
            assert!(read(lower).unwrap() < read(higher).unwrap(), "{lower} {higher}");
        }
        for wrong in ["", "x", "1/2/3/4/5", "11112222333344445", "1//2"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(Change::read(None, None).is_err());
        assert!(Change::read(Some("DELETE"), None).unwrap().delete);
    }

    #[test]
    fn values_are_checked_against_their_column() {
        let text = json!({"name": "c", "type": "STRING", "mode": "REQUIRED", "maxLength": "2"});
        let few = json!({"name": "c", "type": "NUMERIC", "mode": "NULLABLE", "precision": "3", "scale": "1"});
        let list = json!({"name": "c", "type": "JSON", "mode": "REPEATED"});
        for (value, field, good) in [
            (Cell::Null, &text, false),
            (Cell::Text("éé".into()), &text, true),
            (Cell::Text("abc".into()), &text, false),
            (Cell::Null, &few, true),
            (Cell::Decimal(99_900_000_000, 9), &few, true),
            (Cell::Decimal(100_000_000_000, 9), &few, false),
            (Cell::List(vec![Cell::Text("{}".into())]), &list, true),
            (Cell::List(vec![Cell::Text("{".into())]), &list, false),
            (Cell::List(vec![Cell::Null]), &list, false),
        ] {
            assert_eq!(check(&value, field, "c").is_ok(), good, "{value:?}");
        }
    }
}
