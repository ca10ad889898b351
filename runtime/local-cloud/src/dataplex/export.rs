//! The results of a job as rows of a table, one for each rule.
//! <https://cloud.google.com/dataplex/docs/use-auto-data-quality#table-schema>

use serde_json::{Map, Value, json};

use super::check::{message, parts, text};
use super::jobs::Job;
use super::outcome::Found;
use super::warehouse::{Failure, Warehouse};
use crate::bigquery::table_path;
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::call::percent_encode;

/// The table's columns; a `RECORD`'s are those that follow it, behind its name and a dot.
const COLUMNS: [(&str, &str); 45] = [
    ("data_quality_scan", "RECORD"),
    ("data_quality_scan.resource_name", "STRING"),
    ("data_quality_scan.project_id", "STRING"),
    ("data_quality_scan.location", "STRING"),
    ("data_quality_scan.data_scan_id", "STRING"),
    ("data_quality_scan.display_name", "STRING"),
    ("data_source", "RECORD"),
    ("data_source.resource_name", "STRING"),
    ("data_source.dataplex_entity_project_id", "STRING"),
    ("data_source.dataplex_entity_project_number", "INTEGER"),
    ("data_source.dataplex_lake_id", "STRING"),
    ("data_source.dataplex_zone_id", "STRING"),
    ("data_source.dataplex_entity_id", "STRING"),
    ("data_source.table_project_id", "STRING"),
    ("data_source.table_project_number", "INTEGER"),
    ("data_source.dataset_id", "STRING"),
    ("data_source.table_id", "STRING"),
    ("data_quality_job_id", "STRING"),
    ("data_quality_job_configuration", "JSON"),
    ("job_labels", "JSON"),
    ("job_start_time", "TIMESTAMP"),
    ("job_end_time", "TIMESTAMP"),
    ("job_quality_result", "RECORD"),
    ("job_quality_result.passed", "BOOLEAN"),
    ("job_quality_result.score", "FLOAT"),
    ("job_quality_result.incremental_start", "STRING"),
    ("job_quality_result.incremental_end", "STRING"),
    ("job_dimension_result", "JSON"),
    ("job_rows_scanned", "INTEGER"),
    ("rule_name", "STRING"),
    ("rule_description", "STRING"),
    ("rule_type", "STRING"),
    ("rule_evaluation_type", "STRING"),
    ("rule_column", "STRING"),
    ("rule_dimension", "STRING"),
    ("rule_threshold_percent", "FLOAT"),
    ("rule_parameters", "JSON"),
    ("rule_passed", "BOOLEAN"),
    ("rule_rows_evaluated", "INTEGER"),
    ("rule_rows_passed", "INTEGER"),
    ("rule_rows_passed_percent", "FLOAT"),
    ("rule_rows_null", "INTEGER"),
    ("rule_failed_records_query", "STRING"),
    ("created_on", "TIMESTAMP"),
    ("last_updated", "TIMESTAMP"),
];

/// Kinds of rules, and what they are called in the table.
const KINDS: [(&str, &str); 9] = [
    ("rangeExpectation", "Range check"),
    ("nonNullExpectation", "Null check"),
    ("setExpectation", "Set check"),
    ("regexExpectation", "Regex check"),
    ("uniquenessExpectation", "Uniqueness check"),
    ("statisticRangeExpectation", "Statistic check"),
    ("rowConditionExpectation", "Row condition"),
    ("tableConditionExpectation", "Table condition"),
    ("sqlAssertion", "SQL assertion"),
];

/// The table that a scan exports to.
pub(super) fn table(settings: &Map<String, Value>) -> Option<&str> {
    let actions = message(message(settings, "dataQualitySpec")?, "postScanActions")?;
    let export = message(actions, "bigqueryExport")?;
    Some(text(export, "resultsTable")).filter(|table| !table.is_empty())
}

fn schema() -> Value {
    let field = |(name, of): &(&str, &str)| json!({ "name": name, "type": of });
    let mut fields: Vec<Value> = Vec::new();
    for (name, of) in &COLUMNS {
        match name.split_once('.') {
            None => fields.push(field(&(name, of))),
            Some((_, below)) => {
                if let Some(record) = fields.last_mut() {
                    let mut inner = record["fields"].as_array().cloned().unwrap_or_default();
                    inner.push(field(&(below, of)));
                    record["fields"] = inner.into();
                }
            }
        }
    }
    fields.push(field(&("rule_assertion_row_count", "INTEGER")));
    fields.into()
}

/// Writes a row for each rule; the table is made if it is not there.
pub(super) async fn write(
    warehouse: &Warehouse,
    job: &Job,
    table: &str,
    result: &Value,
    found: &[Found],
) -> Result<(), Failure> {
    let full = format!("//bigquery.googleapis.com/{table}");
    let named = if table.starts_with("//") { table } else { &full };
    let parts = parts(named).ok_or_else(|| format!("'{table}' is no table."))?;
    let [project, dataset, id] = parts;
    if warehouse.table(parts).await?.is_none() {
        let [project_path, dataset_path] = [project, dataset].map(percent_encode);
        let document = json!({
            "tableReference": { "projectId": project, "datasetId": dataset, "tableId": id },
            "schema": { "fields": schema() },
            "timePartitioning": { "type": "DAY", "field": "job_start_time" },
        });
        let path = format!("/bigquery/v2/projects/{project_path}/datasets/{dataset_path}/tables");
        warehouse.checked("POST", &path, Some(&document)).await?;
    }
    let rows: Vec<Value> = found
        .iter()
        .enumerate()
        .map(|(at, found)| json!({ "insertId": format!("{}-{at}", job.id), "json": row(job, result, found) }))
        .collect();
    let path = format!("{}/insertAll", table_path(project, dataset, id));
    let answer = warehouse.checked("POST", &path, Some(&json!({ "rows": rows }))).await?;
    match answer["insertErrors"][0]["errors"][0]["message"].as_str() {
        Some(message) => Err(Failure::Refused(message.to_owned())),
        None => Ok(()),
    }
}

fn row(job: &Job, result: &Value, found: &Found) -> Value {
    let settings = &job.settings;
    let resource = message(settings, "data")
        .map(|data| text(data, "resource"))
        .unwrap_or_default();
    let [project, dataset, table] = parts(resource).unwrap_or_default();
    let spec = message(settings, "dataQualitySpec");
    let field = message(settings, "executionSpec")
        .map(|spec| text(spec, "field"))
        .unwrap_or_default();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let kind = KINDS.iter().find(|(kind, _)| found.rule.contains_key(*kind));
    let parameters = kind.and_then(|(kind, _)| found.rule.get(*kind));
    let threshold = found
        .rule
        .get("threshold")
        .and_then(Value::as_f64)
        .filter(|threshold| *threshold > 0.0);
    let increment = &result["scannedData"]["incrementalField"];
    let dimensions = result["dimensions"].as_array().into_iter().flatten().map(|one| {
        let name = one["dimension"]["name"].as_str().unwrap_or_default().to_owned();
        let passed = one["passed"].as_bool().unwrap_or_default();
        (name, json!({ "passed": passed, "score": one["score"] }))
    });
    let ended = stamp(chrono::Utc::now());
    let rows = found.rows.as_ref();
    json!({
        "data_quality_scan": {
            "resource_name": format!("//dataplex.googleapis.com/{}", job.scan),
            "project_id": job.scan.project,
            "location": job.scan.location,
            "data_scan_id": job.scan.scan,
            "display_name": some(text(settings, "displayName")),
        },
        "data_source": {
            "resource_name": resource,
            "table_project_id": project,
            "table_project_number": Cloud::project_number(project),
            "dataset_id": dataset,
            "table_id": table,
        },
        "data_quality_job_id": job.id,
        "data_quality_job_configuration": json!({
            "trigger": if job.scheduled { "schedule" } else { "ondemand" },
            "incremental": !field.is_empty(),
            "sampling_percent": spec.and_then(|spec| spec.get("samplingPercent")),
            "row_filter": spec.and_then(|spec| some(text(spec, "rowFilter"))),
            "incremental_column": some(field),
        }).to_string(),
        "job_labels": settings.get("labels").cloned().unwrap_or_else(|| json!({})).to_string(),
        "job_start_time": stamp(job.created),
        "job_end_time": ended,
        "job_quality_result": {
            "passed": result["passed"].as_bool().unwrap_or_default(),
            "score": result["score"],
            "incremental_start": increment["start"],
            "incremental_end": increment["end"],
        },
        "job_dimension_result": Value::from(Map::from_iter(dimensions)).to_string(),
        "job_rows_scanned": result["rowCount"].as_str().unwrap_or("0"),
        "rule_name": some(text(&found.rule, "name")),
        "rule_description": some(text(&found.rule, "description")),
        "rule_type": kind.map(|(_, name)| name),
        "rule_evaluation_type": if rows.is_some() { "Per row" } else { "Aggregate" },
        "rule_column": some(text(&found.rule, "column")),
        "rule_dimension": some(text(&found.rule, "dimension")),
        "rule_threshold_percent": rows.map(|_| threshold.unwrap_or(1.0) * 100.0),
        "rule_parameters": parameters.map(Value::to_string),
        "rule_passed": found.passed,
        "rule_rows_evaluated": rows.map(|(evaluated, ..)| evaluated),
        "rule_rows_passed": rows.map(|(_, passed, ..)| passed),
        "rule_rows_passed_percent": found.pass_ratio().map(|ratio| ratio * 100.0),
        "rule_rows_null": rows.map(|(_, _, null, _)| null),
        "rule_failed_records_query": rows.and_then(|(evaluated, passed, _, failing)| (passed < evaluated).then_some(failing)),
        "created_on": ended,
        "last_updated": ended,
        "rule_assertion_row_count": found.returned,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_their_fields() {
        let schema = schema();
        let fields = schema.as_array().cloned().unwrap_or_default();
        let of = |name: &str| {
            fields
                .iter()
                .find(|field| field["name"] == name)
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(of("data_source")["fields"].as_array().map(Vec::len), Some(10));
        assert_eq!(
            of("job_quality_result")["fields"][1],
            json!({ "name": "score", "type": "FLOAT" })
        );
        assert_eq!(of("rule_assertion_row_count")["type"], "INTEGER");
    }
}
