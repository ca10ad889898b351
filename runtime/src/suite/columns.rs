//! Columns of the tables of verdicts that a newer release has and an older one did not make: they are added before anything is read or
//! written there.

use headwater_cloud::{Cloud, Error, Kind, OptionalExt as _, TableRef};
use headwater_spec::{DQ_RESULT_COLUMNS, DQ_RUN_COLUMNS, SystemColumn, dq_table};
use serde_json::{Value, json};

use super::{Run, record};

/// Times that a concurrent change of a table is answered by looking again.
const ATTEMPTS: usize = 4;

/// Adds what is lacking.
pub async fn complete(cloud: &Cloud, run: &Run<'_>) -> Result<(), Error> {
    for (table, columns) in [
        (record::runs(run), DQ_RUN_COLUMNS),
        (record::results_table(run), DQ_RESULT_COLUMNS),
    ] {
        add(cloud, &table, columns).await?;
    }
    Ok(())
}

async fn add(cloud: &Cloud, table: &TableRef, columns: &[SystemColumn]) -> Result<(), Error> {
    let bigquery = cloud.bigquery();
    let mut attempt = 0;
    loop {
        // A table that is gone is said by whoever reads it.
        let Some(found) = bigquery.get_table(table).await.optional()? else {
            return Ok(());
        };
        let mut fields = found["schema"]["fields"].as_array().cloned().unwrap_or_default();
        let before = fields.len();
        let absent = lacking(&fields, columns);
        fields.extend(absent);
        if fields.len() == before {
            return Ok(());
        }
        let change = json!({"schema": {"fields": fields}});
        match bigquery.patch_table(table, &change, found["etag"].as_str()).await {
            Err(error) if attempt < ATTEMPTS && matches!(error.kind(), Kind::PreconditionFailed | Kind::Conflict) => {
                attempt += 1;
            }
            changed => return changed.map(drop),
        }
    }
}

/// The columns that a table of verdicts lacks. What is required was always there.
fn lacking(fields: &[Value], columns: &[SystemColumn]) -> Vec<Value> {
    let whole = dq_table(columns, "");
    let wanted = whole["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let is_there = |wanted: &Value| {
        let name = wanted["name"].as_str().unwrap_or_default();
        let same = |field: &Value| {
            field["name"]
                .as_str()
                .is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        fields.iter().any(same)
    };
    let absent = wanted
        .into_iter()
        .filter(|field| field["mode"] != "REQUIRED" && !is_there(field));
    absent.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_table_gets_what_it_lacks() {
        let whole = dq_table(DQ_RUN_COLUMNS, "");
        let mut fields = whole["schema"]["fields"].as_array().cloned().expect("fields");
        assert_eq!(lacking(&fields, DQ_RUN_COLUMNS), Vec::<Value>::new());
        fields.retain(|field| {
            !field["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("watermark_"))
        });
        let absent = lacking(&fields, DQ_RUN_COLUMNS);
        let names: Vec<&str> = absent.iter().filter_map(|field| field["name"].as_str()).collect();
        assert_eq!(names, ["watermark_from", "watermark_to"]);
    }
}
