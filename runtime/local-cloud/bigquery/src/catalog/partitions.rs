//! Partitions: the pseudo-columns of tables that are partitioned by the time of ingestion, and single partitions as
//! `table$PARTITION` names them. <https://cloud.google.com/bigquery/docs/managing-partitioned-table-data>

use chrono::{NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

use super::evolve::{fields, position};
use super::int;
use super::names::TableName;
use super::tables::is_stored;
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// When a row's partition begins.
pub(crate) const TIME: &str = "_PARTITIONTIME";
/// The same as a DATE, where partitions are days.
pub(crate) const DATE: &str = "_PARTITIONDATE";

/// Whether a row's partition is told by when it came.
pub(crate) fn by_ingestion(doc: &Value) -> bool {
    is_stored(doc) && doc["timePartitioning"].is_object() && doc["timePartitioning"]["field"].is_null()
}

fn unit(doc: &Value) -> &'static str {
    match doc["timePartitioning"]["type"].as_str() {
        Some("HOUR") => "hour",
        Some("MONTH") => "month",
        Some("YEAR") => "year",
        _ => "day",
    }
}

/// The columns that statements may name and `*` does not show.
pub(crate) fn hidden(doc: &Value) -> Vec<Field> {
    let field = |name: &str, ty| Field { name: name.into(), ty };
    match (by_ingestion(doc), unit(doc)) {
        (false, _) => Vec::new(),
        (true, "day") => vec![field(TIME, Ty::Timestamp), field(DATE, Ty::Date)],
        (true, _) => vec![field(TIME, Ty::Timestamp)],
    }
}

/// The definition of the stored pseudo-column: a row that does not say has come now.
pub(super) fn definition(doc: &Value) -> Option<String> {
    by_ingestion(doc).then(|| format!("{TIME} TIMESTAMPTZ DEFAULT date_trunc('{}', now())", unit(doc)))
}

/// The names of the stored pseudo-columns, which a copy takes along.
pub(crate) fn stored(doc: &Value) -> &'static [&'static str] {
    if by_ingestion(doc) { &[TIME] } else { &[] }
}

/// When the partition begins into which a row comes now, in microseconds since 1970.
pub(crate) fn now_us(doc: &Value) -> i64 {
    let now = Utc::now().naive_utc();
    let text = now.format(format_of(unit(doc))).to_string();
    time(&text).map_or_else(
        || now.and_utc().timestamp_micros(),
        |at| at.and_utc().timestamp_micros(),
    )
}

fn format_of(unit: &str) -> &'static str {
    match unit {
        "hour" => "%Y%m%d%H",
        "month" => "%Y%m",
        "year" => "%Y",
        _ => "%Y%m%d",
    }
}

/// The beginning of a partition that is named by four to ten digits.
fn time(digits: &str) -> Option<NaiveDateTime> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) || ![4, 6, 8, 10].contains(&digits.len()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).map_or(Some(1), |text| text.parse().ok());
    let date = NaiveDate::from_ymd_opt(digits[..4].parse().ok()?, part(4, 6)?, part(6, 8)?)?;
    let hour = if digits.len() == 10 { part(8, 10)? } else { 0 };
    date.and_hms_opt(hour, 0, 0)
}

/// One partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition(String);

/// Takes the partition off a table's name.
pub(crate) fn split(name: TableName) -> (TableName, Option<Partition>) {
    match name.table.split_once('$') {
        Some((table, partition)) => (
            TableName::new(&name.project, &name.dataset, table),
            Some(Partition(partition.to_owned())),
        ),
        None => (name, None),
    }
}

impl Partition {
    pub(crate) fn id(&self) -> &str {
        &self.0
    }

    /// The partitioning that a table gets which is made for a partition's rows.
    pub(crate) fn kind(&self) -> &'static str {
        match self.0.len() {
            4 => "YEAR",
            6 => "MONTH",
            10 => "HOUR",
            _ => "DAY",
        }
    }

    fn wrong(&self, name: &TableName) -> Fault {
        Fault::invalid(format!(
            "Invalid partition ID \"{}\" for the table {}",
            self.0,
            name.id()
        ))
    }

    /// The beginning of the partition as a value of the pseudo-column in DuckDB's SQL, where the table has one.
    pub(crate) fn time(&self, name: &TableName, doc: &Value) -> Result<Option<String>, Fault> {
        if !by_ingestion(doc) {
            return Ok(None);
        }
        let at = self.beginning(doc).ok_or_else(|| self.wrong(name))?;
        Ok(Some(format!("TIMESTAMPTZ '{at}+00'")))
    }

    fn beginning(&self, doc: &Value) -> Option<NaiveDateTime> {
        let length = match unit(doc) {
            "hour" => 10,
            "month" => 6,
            "year" => 4,
            _ => 8,
        };
        time(&self.0).filter(|_| self.0.len() == length)
    }

    /// What holds for the partition's rows, in DuckDB's SQL.
    pub(crate) fn condition(&self, name: &TableName, doc: &Value) -> Result<String, Fault> {
        let columns = fields(&doc["schema"]);
        let time = &doc["timePartitioning"];
        let range = &doc["rangePartitioning"];
        let named = time["field"].as_str().or_else(|| range["field"].as_str());
        let column = match named.and_then(|named| position(columns, named)) {
            Some(at) => quoted(super::evolve::field_name(&columns[at])),
            None if by_ingestion(doc) => TIME.to_owned(),
            None => {
                return Err(Fault::invalid(format!(
                    "Cannot read or write the partition {} of {}, which is not partitioned",
                    self.0,
                    name.id()
                )));
            }
        };
        if self.0 == "__NULL__" {
            return Ok(format!("{column} IS NULL"));
        }
        if range.is_object() {
            let bound = |key: &str| int(&range["range"][key]).unwrap_or_default();
            let (start, end, interval) = (bound("start"), bound("end"), bound("interval").max(1));
            if self.0 == "__UNPARTITIONED__" {
                return Ok(format!("({column} < {start} OR {column} >= {end})"));
            }
            let from: i64 = self.0.parse().map_err(|_| self.wrong(name))?;
            if from < start || from >= end || (from - start) % interval != 0 {
                return Err(self.wrong(name));
            }
            let to = from.saturating_add(interval).min(end);
            return Ok(format!("({column} >= {from} AND {column} < {to})"));
        }
        let at = self.beginning(doc).ok_or_else(|| self.wrong(name))?;
        Ok(format!(
            "date_trunc('{}', {column}) = CAST(TIMESTAMPTZ '{at}+00' AS {})",
            unit(doc),
            match named
                .and_then(|named| position(columns, named))
                .map(|at| columns[at]["type"].as_str())
            {
                Some(Some("DATE")) => "DATE",
                Some(Some("DATETIME")) => "TIMESTAMP",
                _ => "TIMESTAMPTZ",
            }
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_partition_is_a_condition_of_its_column() {
        let (name, partition) = split(TableName::new("p", "d", "t$20260103"));
        let partition = partition.unwrap();
        assert_eq!(name.table, "t");
        let schema = json!({"fields": [{"name": "day", "type": "DATE"}, {"name": "n", "type": "INTEGER"}]});
        let by_day = json!({"type": "TABLE", "schema": schema, "timePartitioning": {"type": "DAY", "field": "day"}});
        assert_eq!(
            partition.condition(&name, &by_day).unwrap(),
            "date_trunc('day', \"day\") = CAST(TIMESTAMPTZ '2026-01-03 00:00:00+00' AS DATE)"
        );
        let by_month = json!({"type": "TABLE", "schema": schema, "timePartitioning": {"type": "MONTH"}});
        assert!(partition.condition(&name, &by_month).is_err());
        let month = Partition("202601".into());
        assert_eq!(
            month.time(&name, &by_month).unwrap().unwrap(),
            "TIMESTAMPTZ '2026-01-01 00:00:00+00'"
        );
        let range = json!({"field": "n", "range": {"start": "0", "end": "100", "interval": "30"}});
        let by_range = json!({"type": "TABLE", "schema": schema, "rangePartitioning": range});
        let last = Partition("90".into());
        assert_eq!(
            last.condition(&name, &by_range).unwrap(),
            "(\"n\" >= 90 AND \"n\" < 100)"
        );
        assert!(Partition("95".into()).condition(&name, &by_range).is_err());
        assert!(
            Partition("__NULL__".into())
                .condition(&name, &json!({"type": "TABLE"}))
                .is_err()
        );
    }
}
