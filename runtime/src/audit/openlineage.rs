//! An audit as OpenLineage's events, one a line: what each pipeline, suite and mart is declared to do (job events, with the schema
//! and lineage of columns), and what the runs that were read did (run events). <https://openlineage.io/docs/spec/object-model>
//!
//! Names follow <https://openlineage.io/docs/spec/naming>, which has none for Salesforce: `salesforce://HOST` and the object.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::{Audit, Mart, Pipeline, Run, RunObject, Suite, Table};

const PRODUCER: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/tree/v", env!("CARGO_PKG_VERSION"));

fn schema_url(event: &str) -> String {
    format!("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{event}")
}

/// A facet: `version` and `name` are those of its schema.
fn facet(version: &str, name: &str, mut members: Value) -> Value {
    members["_producer"] = PRODUCER.into();
    members["_schemaURL"] = format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}").into();
    members
}

/// All events.
pub fn events(audit: &Audit) -> Vec<Value> {
    let mut events = Vec::new();
    for pipeline in &audit.pipelines {
        for object in objects(pipeline) {
            events.push(job_event(
                audit,
                &job(pipeline, object),
                &inputs(pipeline, object),
                &outputs(pipeline, object),
            ));
        }
        // The oldest first, as they happened.
        for run in pipeline.runs.newest.iter().rev() {
            for object in &run.objects {
                events.extend(run_events(pipeline, run, object));
            }
        }
    }
    events.extend(audit.marts.iter().map(|mart| {
        let input = |name: &String| json!({"namespace": "bigquery", "name": name});
        let inputs: Vec<Value> = mart.reads.iter().map(input).collect();
        job_event(
            audit,
            &mart_job(mart),
            &inputs,
            &[json!({"namespace": "bigquery", "name": mart.name})],
        )
    }));
    events.extend(audit.suites.iter().filter_map(verdict));
    events
}

fn objects(pipeline: &Pipeline) -> Vec<&str> {
    let mut objects: Vec<&str> = pipeline.tables.iter().map(|table| table.object.as_str()).collect();
    objects.dedup();
    objects
}

/// Pipelines' names are unique in their lake.
fn namespace(lake: &str) -> String {
    format!("headwater://{}", lake.trim_start_matches("gs://"))
}

fn tags(pairs: &[(&str, Option<&str>)]) -> Vec<Value> {
    let set = pairs.iter().filter_map(|(key, value)| Some((key, (*value)?)));
    set.map(|(key, value)| json!({"key": key, "value": value, "source": "HEADWATER"}))
        .collect()
}

fn job(pipeline: &Pipeline, object: &str) -> Value {
    let (processing, kind) = match pipeline.kind {
        "cdc_stream" => ("STREAMING", "STREAM"),
        _ => ("BATCH", "EXTRACT"),
    };
    let mut tags = tags(&[
        ("spec_hash", pipeline.spec.declared.as_deref()),
        ("image", pipeline.runtime.image.as_deref()),
        ("declared", Some(&pipeline.declared.address)),
        ("declared_at", pipeline.declared.at.as_deref()),
        (
            "schedule",
            pipeline.schedule.as_ref().map(|schedule| schedule.cron.as_str()),
        ),
    ]);
    tags.extend(
        pipeline
            .labels
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value, "source": "LABEL"})),
    );
    json!({
        "namespace": namespace(&pipeline.lake),
        "name": format!("{}.{object}", pipeline.name),
        "facets": {
            "jobType": facet("2-0-4", "JobTypeJobFacet", json!({"processingType": processing, "integration": "HEADWATER", "jobType": kind})),
            "tags": facet("1-0-0", "TagsJobFacet", json!({"tags": tags})),
        },
    })
}

fn mart_job(mart: &Mart) -> Value {
    let tags = tags(&[
        ("declared", Some(&mart.declared.address)),
        ("file", mart.file.as_deref()),
        ("fingerprint", mart.fingerprint.as_deref()),
        ("schedule", mart.schedule.as_deref()),
    ]);
    json!({
        "namespace": "headwater://dataform",
        "name": mart.name,
        "facets": {
            "jobType": facet("2-0-4", "JobTypeJobFacet", json!({"processingType": "BATCH", "integration": "DATAFORM", "jobType": mart.kind.to_uppercase()})),
            "tags": facet("1-0-0", "TagsJobFacet", json!({"tags": tags})),
        },
    })
}

fn job_event(audit: &Audit, job: &Value, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({
        "eventTime": audit.at, "producer": PRODUCER, "schemaURL": schema_url("JobEvent"),
        "job": job, "inputs": inputs, "outputs": outputs,
    })
}

/// Where an object's rows come from: a namespace and a name.
fn origin(pipeline: &Pipeline, object: &str) -> (String, String) {
    let parts: Vec<&str> = pipeline.source.split('/').collect();
    match parts.as_slice() {
        ["projects", project, kind @ ("topics" | "subscriptions"), id] => {
            let kind = kind.trim_end_matches('s');
            ("pubsub".into(), format!("{kind}:{project}:{id}"))
        }
        _ => (pipeline.source.clone(), object.to_owned()),
    }
}

fn inputs(pipeline: &Pipeline, object: &str) -> Vec<Value> {
    let (namespace, name) = origin(pipeline, object);
    let table = pipeline.tables.iter().find(|table| table.object == object);
    let columns = table.into_iter().flat_map(|table| &table.columns);
    let fields: Vec<Value> = columns
        .filter_map(|column| {
            Some(json!({"name": column.field.as_ref()?, "type": column.field_type.as_deref().unwrap_or("unknown")}))
        })
        .collect();
    vec![json!({
        "namespace": namespace, "name": name,
        "facets": {"schema": facet("1-2-0", "SchemaDatasetFacet", json!({"fields": fields}))},
    })]
}

fn outputs(pipeline: &Pipeline, object: &str) -> Vec<Value> {
    let tables = pipeline.tables.iter().filter(|table| table.object == object);
    tables.map(|table| output(pipeline, table)).collect()
}

/// A table with its schema, the origin of each column, and columns' classes.
fn output(pipeline: &Pipeline, table: &Table) -> Value {
    let (namespace, name) = origin(pipeline, &table.object);
    let mut fields = Vec::new();
    let mut lineage = Map::new();
    let mut classes = Vec::new();
    for column in &table.columns {
        let mut field = json!({"name": column.name, "type": column.data_type});
        if let Some(description) = &column.description {
            field["description"] = description.as_str().into();
        }
        fields.push(field);
        if let Some(from) = &column.field {
            let how = json!([{"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": false}]);
            let input = json!({"namespace": namespace, "name": name, "field": from, "transformations": how});
            lineage.insert(column.name.clone(), json!({"inputFields": [input]}));
        }
        let mut tag = |key: &str, value: &str| {
            classes.push(json!({"key": key, "value": value, "source": "HEADWATER", "field": column.name}));
        };
        if let Some(class) = column.class.as_deref().filter(|_| column.origin != "headwater") {
            tag("pii", class);
        }
        for policy in column.policy_tags.iter().flatten() {
            tag("policy_tag", policy);
        }
    }
    json!({
        "namespace": "bigquery", "name": table.name,
        "facets": {
            "schema": facet("1-2-0", "SchemaDatasetFacet", json!({"fields": fields})),
            "columnLineage": facet("1-2-0", "ColumnLineageDatasetFacet", json!({"fields": lineage})),
            "tags": facet("1-0-0", "TagsDatasetFacet", json!({"tags": classes})),
        },
    })
}

/// An id of the form that OpenLineage wants, the same for the same run.
fn run_id(parts: &[&str]) -> String {
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&Sha256::digest(parts.join("\n"))[..16]);
    // Version 8: made as its maker likes. RFC 9562.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// That an object's work began, and how it ended.
fn run_events(pipeline: &Pipeline, run: &Run, object: &RunObject) -> Vec<Value> {
    let ended = match object.state.as_str() {
        "succeeded" => "COMPLETE",
        "failed" => "FAIL",
        "stopped" | "skipped" => "ABORT",
        _ => "RUNNING",
    };
    let mut facets = json!({
        "processing_engine": facet("1-1-1", "ProcessingEngineRunFacet",
            json!({"name": "headwater", "version": run.versions.first().map_or("unknown", String::as_str)})),
        "tags": facet("1-0-0", "TagsRunFacet", json!({"tags": tags(&[
            ("run", Some(&run.id)),
            ("spec_hash", run.spec_hashes.first().map(String::as_str)),
            ("image", run.images.first().map(String::as_str)),
            ("deployed_by", run.deployed_by.first().map(String::as_str)),
            ("window_from", object.window.as_ref().and_then(|(from, _)| from.as_deref())),
            ("window_to", object.window.as_ref().map(|(_, to)| to.as_str())),
        ])})),
    });
    if let Some(code) = &object.error {
        facets["errorMessage"] = facet(
            "1-0-1",
            "ErrorMessageRunFacet",
            json!({"message": code, "programmingLanguage": "RUST"}),
        );
    }
    let mut inputs = inputs(pipeline, &object.object);
    for input in &mut inputs {
        input["inputFacets"] = json!({"inputStatistics": facet("1-0-0", "InputStatisticsInputDatasetFacet", json!({"rowCount": object.read}))});
    }
    let mut outputs = outputs(pipeline, &object.object);
    for (table, output) in pipeline
        .tables
        .iter()
        .filter(|table| table.object == object.object)
        .zip(&mut outputs)
    {
        let rows = match table.role {
            "quarantine" => object.quarantined,
            _ => object.inserted + object.updated,
        };
        output["outputFacets"] = json!({"outputStatistics": facet("1-0-2", "OutputStatisticsOutputDatasetFacet", json!({"rowCount": rows}))});
    }
    let event = |kind: &str, at: &str, inputs: &[Value], outputs: &[Value]| {
        json!({
            "eventType": kind, "eventTime": at, "producer": PRODUCER, "schemaURL": schema_url("RunEvent"),
            "run": {"runId": run_id(&[&pipeline.lake, &pipeline.name, &run.id, &object.object]), "facets": facets},
            "job": job(pipeline, &object.object), "inputs": inputs, "outputs": outputs,
        })
    };
    vec![
        event("START", &object.started, &[], &[]),
        event(ended, &object.ended, &inputs, &outputs),
    ]
}

/// The last verdict of a suite, as assertions of what it judged.
fn verdict(suite: &Suite) -> Option<Value> {
    let verdict = suite.verdict.as_ref()?;
    let judged = suite.expectations.iter().filter(|one| one.state.is_some());
    let assertions = judged.map(|one| {
        let state = one.state.as_deref().unwrap_or_default();
        let mut assertion = json!({
            "assertion": one.check, "name": one.id, "success": matches!(state, "pass" | "skipped"),
            "severity": if one.on_fail == "record" { "warn" } else { "error" },
        });
        if let [column] = one.columns.as_slice() {
            assertion["column"] = column.as_str().into();
        }
        if let Some(rows) = one.unexpected {
            assertion["actual"] = format!("{rows} rows against it").into();
        }
        assertion
    });
    let (namespace, name) = match suite.target.strip_prefix("gs://").and_then(|path| path.split_once('/')) {
        Some((bucket, path)) => (format!("gs://{bucket}"), path.to_owned()),
        None => ("bigquery".into(), suite.target.clone()),
    };
    let lake = suite.spec.url.split("/headwater/pipelines/").next().unwrap_or_default();
    let facets = json!({"dataQualityAssertions": facet("1-1-0", "DataQualityAssertionsDatasetFacet", json!({"assertions": assertions.collect::<Vec<_>>()}))});
    Some(json!({
        // The suite did its work, whatever it found.
        "eventType": if verdict.state == "error" { "FAIL" } else { "COMPLETE" },
        "eventTime": verdict.at, "producer": PRODUCER, "schemaURL": schema_url("RunEvent"),
        "run": {"runId": run_id(&[&suite.spec.url, &verdict.run]), "facets": {
            "tags": facet("1-0-0", "TagsRunFacet", json!({"tags": tags(&[("run", Some(&verdict.run)), ("spec_hash", Some(&verdict.suite_hash)), ("verdict", Some(&verdict.state))])})),
        }},
        "job": {"namespace": self::namespace(lake), "name": suite.name, "facets": {
            "jobType": facet("2-0-4", "JobTypeJobFacet", json!({"processingType": "BATCH", "integration": "HEADWATER", "jobType": "SUITE"})),
        }},
        "inputs": [{"namespace": namespace, "name": name, "inputFacets": facets}],
        "outputs": [],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::model::Column;

    #[test]
    fn a_column_is_followed_to_its_field() {
        let column = |name: &str, field: Option<&str>| Column {
            name: name.into(),
            field: field.map(str::to_owned),
            origin: if field.is_some() { "source" } else { "headwater" },
            class: Some("direct".into()),
            ..Column::default()
        };
        let pipeline = Pipeline {
            name: "crm".into(),
            source: "salesforce://acme.my.salesforce.com".into(),
            lake: "gs://lake/a".into(),
            tables: vec![Table {
                name: "p.raw.contact".into(),
                object: "Contact".into(),
                columns: vec![column("email", Some("Email")), column("_record_id", None)],
                ..Table::default()
            }],
            ..Pipeline::default()
        };
        let audit = Audit {
            at: "2026-01-01T00:00:00Z".into(),
            pipelines: vec![pipeline],
            ..Audit::default()
        };
        let events = events(&audit);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["job"]["namespace"], "headwater://lake/a");
        assert_eq!(events[0]["job"]["name"], "crm.Contact");
        let facets = &events[0]["outputs"][0]["facets"];
        let lineage = facets["columnLineage"]["fields"].as_object().unwrap();
        assert_eq!(lineage.len(), 1);
        let input = &lineage["email"]["inputFields"][0];
        assert_eq!(
            (&input["namespace"], &input["name"], &input["field"]),
            (
                &json!("salesforce://acme.my.salesforce.com"),
                &json!("Contact"),
                &json!("Email")
            )
        );
        assert_eq!(facets["tags"]["tags"].as_array().unwrap().len(), 1);
        assert_eq!(run_id(&["a", "b"]), run_id(&["a", "b"]));
        assert_eq!(run_id(&["a"]).len(), 36);
    }

    #[test]
    fn topics_and_subscriptions_have_names_of_their_own() {
        let pipeline = |source: &str| Pipeline {
            source: source.into(),
            ..Pipeline::default()
        };
        let (namespace, name) = origin(&pipeline("projects/p/subscriptions/s"), "orders");
        assert_eq!((namespace.as_str(), name.as_str()), ("pubsub", "subscription:p:s"));
    }
}
