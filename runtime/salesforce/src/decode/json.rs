//! JSON of REST queries, decoded straight from an answer's bytes: each value's raw text goes to the parsers that CSV uses
//! too, so numbers never pass through a double.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use headwater_spec::Column;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::builder::{BatchBuilder, Cell};
use super::{DecodeError, DecodeOptions};
use crate::client::place;

/// What a page says besides its records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PageHead {
    /// Records of the whole result.
    pub total: u64,
    /// Whether this is the last page.
    pub done: bool,
    /// The next page.
    pub next: Option<String>,
    /// Numbers rounded to their column's scale.
    pub rounded: u64,
    /// Records of this page.
    pub rows: u64,
}

/// Decodes a page of a REST query: one batch, however many records.
pub(crate) fn decode_records(
    body: &[u8],
    columns: &Arc<[Column]>,
) -> Result<(PageHead, Option<RecordBatch>), DecodeError> {
    let options = DecodeOptions {
        batch_rows: 2048,
        batch_bytes: usize::MAX,
    };
    let mut page = Page {
        builder: BatchBuilder::new(Arc::clone(columns), options),
        head: PageHead::default(),
        error: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let result = (&mut page)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    if let Some(error) = page.error {
        return Err(error);
    }
    result.map_err(|e| DecodeError::Malformed {
        row: page.head.rows + 1,
        reason: format!("not JSON as documented: {}", place(&e)),
    })?;
    page.head.rounded = page.builder.rounded;
    Ok((page.head, page.builder.take(false)))
}

struct Page {
    builder: BatchBuilder,
    head: PageHead,
    /// serde carries only text; the typed error waits here.
    error: Option<DecodeError>,
}

impl<'de> DeserializeSeed<'de> for &mut Page {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Page {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a query's result")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut records = false;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "totalSize" => self.head.total = map.next_value()?,
                "done" => self.head.done = map.next_value()?,
                "nextRecordsUrl" => self.head.next = map.next_value()?,
                "records" => {
                    records = true;
                    map.next_value_seed(Records(self))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if records {
            Ok(())
        } else {
            Err(A::Error::custom("no records"))
        }
    }
}

struct Records<'p>(&'p mut Page);

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        let page = self.0;
        let columns = Arc::clone(page.builder.columns());
        // The k-th key of a record is nearly always the k-th of the record before: what it was is tried first.
        let mut order: Vec<(Cow<'de, str>, Option<usize>)> = Vec::new();
        let mut values: Vec<Option<&'de RawValue>> = vec![None; columns.len()];
        while records
            .next_element_seed(Record {
                columns: &columns,
                order: &mut order,
                values: &mut values,
            })?
            .is_some()
        {
            let row = page.head.rows + 1;
            for (column, value) in values.iter_mut().enumerate() {
                if let Err(error) = append(&mut page.builder, column, row, value.take()) {
                    page.error = Some(error);
                    return Err(A::Error::custom("a value does not fit"));
                }
            }
            page.builder.rows_added(1);
            page.head.rows = row;
        }
        Ok(())
    }
}

struct Record<'r, 'de> {
    columns: &'r [Column],
    order: &'r mut Vec<(Cow<'de, str>, Option<usize>)>,
    values: &'r mut [Option<&'de RawValue>],
}

impl<'de> DeserializeSeed<'de> for Record<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            let column = match self.order.get(place) {
                Some((known, column)) if *known == key => *column,
                _ => {
                    let column = self.columns.iter().position(|c| c.field.eq_ignore_ascii_case(&key));
                    self.order.truncate(place);
                    self.order.push((key, column));
                    column
                }
            };
            place += 1;
            match column {
                Some(column) => self.values[column] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A key, borrowed from the body when it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn append(builder: &mut BatchBuilder, column: usize, row: u64, value: Option<&RawValue>) -> Result<(), DecodeError> {
    let raw = value.map_or("null", RawValue::get);
    let text: Cow<'_, str> = match raw.as_bytes() {
        b"null" => Cow::Borrowed(""),
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Cow::Borrowed(&raw[1..raw.len() - 1]),
        [b'"', ..] => {
            Cow::Owned(serde_json::from_str(raw).map_err(|e| DecodeError::Malformed { row, reason: place(&e) })?)
        }
        // A number or a boolean as written; a structure as its JSON, which only a text column takes.
        _ => Cow::Borrowed(raw),
    };
    builder.append(
        column,
        row,
        std::iter::once(Cell {
            text: &text,
            doubled: false,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{columns, rows};
    use super::*;

    const COLUMNS: &str =
        "Id:STRING Name:STRING On:BOOL N:INT64 Amount:NUMERIC Lat:BIGNUMERIC D:DATE At:TIMESTAMP T:TIME F:FLOAT64";

    fn decode(records: &str) -> Result<Vec<String>, String> {
        let body = format!(r#"{{"totalSize":7,"done":false,"nextRecordsUrl":"/x-2000","records":[{records}]}}"#);
        decode_records(body.as_bytes(), &columns(COLUMNS))
            .map(|(_, batch)| batch.map_or_else(Vec::new, |b| rows(&b)))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn records_in_any_order_with_exact_numbers() {
        let records = r#"{"attributes":{"type":"A","url":"/x"},"Id":"001","Name":"Zoë \"Q\" \u00e9\n","On":true,"N":5,"Amount":1234567890123456.78,
            "Lat":-37.774929500000001,"D":"2026-01-31","At":"2026-01-31T12:00:00.123+0000","T":"12:00:00.000Z","F":0.5},
            {"F":1e3,"Amount":1.0E7,"Id":"002","name":"lower","N":null,"Other":[1,{"x":2}]},
            {"Id":"003","Name":""},
            {"Id":"004","Name":{"city":"X"}}"#;
        let expected = [
            "001|Zoë \"Q\" é\n|true|5|1234567890123456.780000000|-37.77492950000000100000000000000000000000|2026-01-31|2026-01-31T12:00:00.123|12:00:00|0.5",
            "002|lower|∅|∅|10000000.000000000|∅|∅|∅|∅|1000.0",
            "003|∅|∅|∅|∅|∅|∅|∅|∅|∅",
            r#"004|{"city":"X"}|∅|∅|∅|∅|∅|∅|∅|∅"#,
        ];
        assert_eq!(decode(records).unwrap(), expected);
    }

    #[test]
    fn the_head_is_read_wherever_it_stands() {
        let body = br#"{"records":[{"Id":"1"}],"done":true,"totalSize":1,"queryLocator":null}"#;
        let (head, batch) = decode_records(body, &columns("Id:STRING")).unwrap();
        assert_eq!(
            head,
            PageHead {
                total: 1,
                done: true,
                next: None,
                rounded: 0,
                rows: 1
            }
        );
        assert_eq!(batch.map(|b| b.num_rows()), Some(1));
        let (head, batch) =
            decode_records(br#"{"totalSize":0,"done":true,"records":[]}"#, &columns("Id:STRING")).unwrap();
        assert!(head.done && batch.is_none());
    }

    #[test]
    fn refusals_name_row_and_field_and_no_value() {
        let cases = [
            (
                r#"{"Id":"1"},{"Id":"2","N":"hunter2"}"#,
                "row 2: the value of N does not fit its type INT64",
            ),
            (
                r#"{"Id":"1","Amount":{"hunter2":1}}"#,
                "row 1: the value of Amount does not fit its type NUMERIC",
            ),
            (r#"{"Id":null}"#, "row 1: Id has no value, and its column is required"),
            (
                r#"{"Name":"hunter2"}"#,
                "row 1: Id has no value, and its column is required",
            ),
            (
                r#"{"Id":"1"},"hunter2""#,
                "row 2: not JSON as documented: Data error at line 1 column 86",
            ),
        ];
        for (records, expected) in cases {
            assert_eq!(decode(records), Err(expected.to_owned()), "{records}");
        }
        assert!(decode_records(b"{\"done\":true}", &columns("Id:STRING")).is_err());
        assert!(decode_records(b"{\"done\":true,\"records\":[{\"Id\":\"1\"", &columns("Id:STRING")).is_err());
    }
}
