//! The rows that a job reads: the table under its row filter, its increment and its sample.

use serde_json::{Map, Value, json};

use super::check::{message, text};
use super::warehouse::{Failure, Warehouse};

/// What the rows are called in statements: `${data()}`.
pub(super) const DATA: &str = "dataplex_data";

/// The scanned rows.
pub(super) struct Data {
    /// `SELECT * FROM …`.
    select: String,
    /// Of an incremental scan: the column, from where (excluded), up to where.
    pub(super) increment: Option<(String, Option<String>, Option<String>)>,
    /// The table's columns: names and types.
    columns: Vec<(String, String)>,
}

/// A name in a query.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text in a query.
pub(super) fn literal(value: &str) -> String {
    let mut out = String::from("'");
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

impl Data {
    /// Of a scan's settings over a table's document; what was read before is not read again.
    pub(super) async fn of(
        warehouse: &Warehouse,
        settings: &Map<String, Value>,
        parts: [&str; 3],
        document: &Value,
        (scanned_to, seed): (Option<&str>, &str),
    ) -> Result<Data, Failure> {
        let fields = document["schema"]["fields"].as_array().into_iter().flatten();
        let columns: Vec<(String, String)> = fields
            .map(|field| {
                let part = |name: &str| field[name].as_str().unwrap_or_default();
                let repeated = part("mode").eq_ignore_ascii_case("REPEATED");
                let of_one = googlesql(part("type"));
                (
                    part("name").to_owned(),
                    if repeated { "ARRAY" } else { of_one }.to_owned(),
                )
            })
            .collect();
        let spec = message(settings, "dataQualitySpec");
        let mut conditions = Vec::new();
        if let Some(filter) = spec
            .map(|spec| text(spec, "rowFilter"))
            .filter(|filter| !filter.is_empty())
        {
            conditions.push(format!("({filter}\n)"));
        }
        let [project, dataset, table] = parts.map(|part| part.replace('`', ""));
        let table = format!("`{project}.{dataset}.{table}`");
        let field = message(settings, "executionSpec").map(|spec| text(spec, "field"));
        let mut data = Data {
            select: String::new(),
            increment: None,
            columns,
        };
        if let Some(field) = field.filter(|field| !field.is_empty()) {
            let bounds = data.bounds(warehouse, field, &table, &conditions, scanned_to).await?;
            if let (_, from, Some(to)) = &bounds {
                let of = data.column(field)?.1.clone();
                let at = |value: &str| format!("CAST({} AS {of})", literal(value));
                let column = identifier(field);
                conditions.push(format!("{column} <= {}", at(to)));
                if let Some(from) = from.as_ref().filter(|_| scanned_to.is_some()) {
                    conditions.push(format!("{column} > {}", at(from)));
                }
            } else {
                conditions.push("FALSE".into());
            }
            data.increment = Some(bounds);
        }
        let percent = spec
            .and_then(|spec| spec.get("samplingPercent")?.as_f64())
            .unwrap_or_default();
        if percent > 0.0 && percent < 100.0 {
            // The same rows for every rule of the job, others for the next job.
            let hash = format!("FARM_FINGERPRINT(CONCAT({}, TO_JSON_STRING(sampled)))", literal(seed));
            conditions.push(format!("ABS(MOD({hash}, 100000)) < {}", (percent * 1000.0).round()));
        }
        let condition = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        data.select = format!("SELECT * FROM {table} AS sampled{condition}");
        Ok(data)
    }

    /// From where and up to where an increment goes.
    async fn bounds(
        &self,
        warehouse: &Warehouse,
        field: &str,
        table: &str,
        conditions: &[String],
        scanned_to: Option<&str>,
    ) -> Result<(String, Option<String>, Option<String>), Failure> {
        let (_, of) = self.column(field)?;
        if !["DATE", "DATETIME", "TIMESTAMP"].contains(&of.as_str()) {
            return Err(Failure::Refused(format!(
                "The incremental field '{field}' is of type {of}, and must be a DATE or TIMESTAMP."
            )));
        }
        let condition = if conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            conditions.join(" AND ")
        };
        let column = identifier(field);
        let sql = format!(
            "SELECT CAST(MIN({column}) AS STRING), CAST(MAX({column}) AS STRING) FROM {table} WHERE {condition}"
        );
        let found = warehouse.ask(&sql).await?;
        let value = |at: usize| found.text(at).map(str::to_owned);
        Ok((
            field.to_owned(),
            scanned_to.map(str::to_owned).or_else(|| value(0)),
            value(1),
        ))
    }

    /// A column and its type.
    pub(super) fn column(&self, name: &str) -> Result<&(String, String), Failure> {
        let found = self
            .columns
            .iter()
            .find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| Failure::Refused(format!("The column '{name}' was not found in the table.")))
    }

    /// A query over the rows, which it calls [`DATA`].
    pub(super) fn query(&self, sql: &str) -> String {
        format!("WITH {DATA} AS ({}) {sql}", self.select)
    }

    /// Up to where an incremental scan has read when this is done.
    pub(super) fn scanned_to(&self) -> Option<String> {
        self.increment.as_ref().and_then(|(_, _, to)| to.clone())
    }

    /// The `ScannedData` of the result.
    pub(super) fn resource(&self) -> Option<Value> {
        let (field, from, to) = self.increment.as_ref()?;
        let mut increment = json!({ "field": field });
        for (name, value) in [("start", from), ("end", to)] {
            if let Some(value) = value {
                increment[name] = json!(value);
            }
        }
        Some(json!({ "incrementalField": increment }))
    }
}

/// A type's name in GoogleSQL.
fn googlesql(api: &str) -> &str {
    match api {
        "INTEGER" => "INT64",
        "FLOAT" => "FLOAT64",
        "BOOLEAN" => "BOOL",
        "RECORD" => "STRUCT",
        other => other,
    }
}
