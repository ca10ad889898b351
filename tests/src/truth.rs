//! Comparing a BigQuery table with the org's records, value by value.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Timelike};
use serde_json::Value;

use crate::bigquery::{Rows, query};
use crate::cloud::Cloud;
use crate::org::Org;

/// A value in the one spelling in which both sides are compared.
pub(crate) fn of_table(kind: &str, cell: &str) -> String {
    match kind {
        "NUMERIC" | "BIGNUMERIC" => decimal(cell),
        "FLOAT" | "FLOAT64" => cell.parse::<f64>().unwrap().to_string(),
        "TIME" => time(cell),
        _ => cell.to_owned(),
    }
}

pub(crate) fn of_org(kind: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        "NUMERIC" | "BIGNUMERIC" => decimal(&text),
        "FLOAT" | "FLOAT64" => text.parse::<f64>().unwrap().to_string(),
        "TIMESTAMP" => {
            let parsed = DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%z")
                .or_else(|_| DateTime::parse_from_rfc3339(&text));
            parsed
                .unwrap_or_else(|e| panic!("{text}: {e}"))
                .timestamp_micros()
                .to_string()
        }
        "TIME" => time(&text),
        _ => text,
    }
}

fn time(text: &str) -> String {
    let parsed: NaiveTime = text
        .trim_end_matches('Z')
        .parse()
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    format!(
        "{}.{:06}",
        parsed.num_seconds_from_midnight(),
        parsed.nanosecond() / 1000
    )
}

/// A decimal without what does not change its value: `1.50` and `1.5E0` are `1.5`.
fn decimal(text: &str) -> String {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap();
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |d| ("-", d));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).unwrap() + exponent;
    let padded = match point {
        ..=0 => format!("{}{all}", "0".repeat(usize::try_from(1 - point).unwrap())),
        _ => format!(
            "{all}{}",
            "0".repeat(usize::try_from(point).unwrap().saturating_sub(all.len()))
        ),
    };
    let point = usize::try_from(point.max(1)).unwrap();
    let (whole, fraction) = padded.split_at(point);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let number = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    if number == "0" {
        number
    } else {
        format!("{sign}{number}")
    }
}

/// Rows by their `Id`.
type ById = BTreeMap<String, Vec<Option<String>>>;

fn keyed(rows: Rows) -> (Vec<(String, String)>, ById) {
    let id = rows
        .columns
        .iter()
        .position(|(name, _)| name == "Id")
        .expect("the table has a column Id");
    let mut map = BTreeMap::new();
    for row in rows.rows {
        let key = row[id].clone().expect("Id is never NULL");
        assert!(map.insert(key.clone(), row).is_none(), "{key} is in the table twice");
    }
    (rows.columns, map)
}

/// Panics with the first differences unless the table and the org's live records are equal; returns how many rows there are.
#[track_caller]
pub fn assert_equal(cloud: &Cloud, org: &Org, dataset: &str, object: &str) -> usize {
    let differences = differences(cloud, org, dataset, object);
    let shown: Vec<&String> = differences.iter().take(10).collect();
    assert!(
        differences.is_empty(),
        "{object}: {} differences, such as {shown:#?}",
        differences.len()
    );
    org.export(object).len()
}

/// Where the table and the org differ.
pub fn differences(cloud: &Cloud, org: &Org, dataset: &str, object: &str) -> Vec<String> {
    let (columns, mut table) = keyed(query(cloud, &format!("SELECT * FROM `{dataset}.{object}`")));
    let mut found = Vec::new();
    for record in org.export(object) {
        let id = record["Id"].as_str().unwrap();
        let Some(row) = table.remove(id) else {
            found.push(format!("{id} is missing in the table"));
            continue;
        };
        for ((name, kind), cell) in columns.iter().zip(&row) {
            // An empty text does not exist in Salesforce.
            let expected = record
                .get(name)
                .filter(|v| !v.is_null() && v.as_str() != Some(""))
                .map(|v| of_org(kind, v));
            let have = cell.as_deref().map(|c| of_table(kind, c));
            if expected != have {
                found.push(format!(
                    "{id}.{name} ({kind}): the org has {expected:?}, the table {have:?}"
                ));
            }
        }
    }
    found.extend(
        table
            .keys()
            .map(|id| format!("{id} is in the table and not in the org")),
    );
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn decimals_have_one_spelling() {
        for (text, expected) in [
            ("1.50", "1.5"),
            ("1.5E0", "1.5"),
            ("1.0E7", "10000000"),
            ("-0.00", "0"),
            ("-12.340", "-12.34"),
            ("1E-3", "0.001"),
            ("0010", "10"),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ] {
            assert_eq!(super::decimal(text), expected, "{text}");
        }
    }
}
