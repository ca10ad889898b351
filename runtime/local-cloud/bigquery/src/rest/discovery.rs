//! The API's description for clients that build themselves from one (`bq`): written by hand from the methods that
//! this server serves, in the form of <https://developers.google.com/discovery/v1/reference/apis>.

use axum::Json;
use axum::extract::{Query, State};
use serde_json::{Map, Value, json};

use super::{Parameters, Reply, Shared, parameter};
use crate::error::Fault;

/// Resource, method, HTTP method, path, query parameters (`name` is a string, `name:integer` and so on).
type Method = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const PAGE: [&str; 2] = ["maxResults:integer", "pageToken"];

#[rustfmt::skip]
const METHODS: &[Method] = &[
    ("projects", "list", "GET", "projects", &PAGE),
    ("projects", "getServiceAccount", "GET", "projects/{+projectId}/serviceAccount", &[]),
    ("datasets", "list", "GET", "projects/{+projectId}/datasets", &["maxResults:integer", "pageToken", "all:boolean", "filter"]),
    ("datasets", "insert", "POST", "projects/{+projectId}/datasets", &["accessPolicyVersion:integer"]),
    ("datasets", "get", "GET", "projects/{+projectId}/datasets/{+datasetId}", &["datasetView", "accessPolicyVersion:integer"]),
    ("datasets", "patch", "PATCH", "projects/{+projectId}/datasets/{+datasetId}", &["updateMode", "accessPolicyVersion:integer"]),
    ("datasets", "update", "PUT", "projects/{+projectId}/datasets/{+datasetId}", &["updateMode", "accessPolicyVersion:integer"]),
    ("datasets", "delete", "DELETE", "projects/{+projectId}/datasets/{+datasetId}", &["deleteContents:boolean"]),
    ("tables", "list", "GET", "projects/{+projectId}/datasets/{+datasetId}/tables", &PAGE),
    ("tables", "insert", "POST", "projects/{+projectId}/datasets/{+datasetId}/tables", &[]),
    ("tables", "get", "GET", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}", &["selectedFields", "view"]),
    ("tables", "patch", "PATCH", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}", &["autodetect_schema:boolean"]),
    ("tables", "update", "PUT", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}", &["autodetect_schema:boolean"]),
    ("tables", "delete", "DELETE", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}", &[]),
    ("tabledata", "list", "GET", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/data",
        &["maxResults:integer", "pageToken", "selectedFields", "startIndex", "formatOptions.useInt64Timestamp:boolean", "formatOptions.timestampOutputFormat"]),
    ("tabledata", "insertAll", "POST", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/insertAll", &[]),
    ("routines", "list", "GET", "projects/{+projectId}/datasets/{+datasetId}/routines", &["maxResults:integer", "pageToken", "readMask", "filter"]),
    ("routines", "insert", "POST", "projects/{+projectId}/datasets/{+datasetId}/routines", &[]),
    ("routines", "get", "GET", "projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}", &["readMask"]),
    ("routines", "update", "PUT", "projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}", &[]),
    ("routines", "delete", "DELETE", "projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}", &[]),
    ("rowAccessPolicies", "list", "GET", "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/rowAccessPolicies", &["pageSize:integer", "pageToken"]),
    ("models", "list", "GET", "projects/{+projectId}/datasets/{+datasetId}/models", &PAGE),
    ("jobs", "list", "GET", "projects/{+projectId}/jobs",
        &["maxResults:integer", "pageToken", "allUsers:boolean", "maxCreationTime", "minCreationTime", "parentJobId", "projection", "stateFilter*"]),
    ("jobs", "insert", "POST", "projects/{+projectId}/jobs", &[]),
    ("jobs", "get", "GET", "projects/{+projectId}/jobs/{+jobId}", &["location"]),
    ("jobs", "cancel", "POST", "projects/{+projectId}/jobs/{+jobId}/cancel", &["location"]),
    ("jobs", "delete", "DELETE", "projects/{+projectId}/jobs/{+jobId}/delete", &["location"]),
    ("jobs", "query", "POST", "projects/{+projectId}/queries", &[]),
    ("jobs", "getQueryResults", "GET", "projects/{+projectId}/queries/{+jobId}",
        &["location", "maxResults:integer", "pageToken", "startIndex", "timeoutMs:integer", "formatOptions.useInt64Timestamp:boolean", "formatOptions.timestampOutputFormat"]),
];

fn method((resource, name, http, path, query): &Method) -> Value {
    let mut parameters = Map::new();
    let mut order = Vec::new();
    for part in path.split("{+").skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        order.push(json!(name));
        parameters.insert(
            name.into(),
            json!({"type": "string", "required": true, "location": "path", "pattern": "^[^/]+$"}),
        );
    }
    for entry in *query {
        let (name, kind) = entry.split_once(':').unwrap_or((entry, "string"));
        let mut doc = json!({"type": kind, "location": "query"});
        if name.ends_with('*') {
            doc["repeated"] = json!(true);
        }
        parameters.insert(name.trim_end_matches('*').into(), doc);
    }
    let mut out = json!({
        "id": format!("bigquery.{resource}.{name}"), "path": path, "flatPath": path, "httpMethod": http,
        "parameters": parameters, "parameterOrder": order, "description": "", "response": {"$ref": "Document"},
        "scopes": ["https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"],
    });
    if ["POST", "PUT", "PATCH"].contains(http) && *name != "cancel" {
        out["request"] = json!({"$ref": "Document"});
    }
    if *http == "DELETE" {
        out.as_object_mut().map(|map| map.remove("response"));
    }
    if (*resource, *name) == ("jobs", "insert") {
        out["supportsMediaUpload"] = json!(true);
        out["mediaUpload"] = json!({"accept": ["*/*"], "protocols": {
            "simple": {"multipart": true, "path": "/upload/bigquery/v2/projects/{+projectId}/jobs"},
            "resumable": {"multipart": true, "path": "/resumable/upload/bigquery/v2/projects/{+projectId}/jobs"},
        }});
    }
    out
}

/// The document for a server at `base_url`.
fn describe(base_url: &str) -> Value {
    let mut resources = Map::new();
    for entry in METHODS {
        let resource = resources.entry(entry.0).or_insert_with(|| json!({"methods": {}}));
        resource["methods"][entry.1] = method(entry);
    }
    let text = |description: &str| json!({"type": "string", "location": "query", "description": description});
    json!({
        "kind": "discovery#restDescription", "discoveryVersion": "v1", "protocol": "rest",
        "id": "bigquery:v2", "name": "bigquery", "version": "v2", "title": "BigQuery API",
        "description": "The local BigQuery of Headwater.", "revision": "0",
        "rootUrl": format!("{base_url}/"), "servicePath": "bigquery/v2/", "basePath": "/bigquery/v2/",
        "baseUrl": format!("{base_url}/bigquery/v2/"), "batchPath": "batch/bigquery/v2",
        "parameters": {
            "alt": {"type": "string", "location": "query", "default": "json", "enum": ["json", "media"], "enumDescriptions": ["", ""]},
            "prettyPrint": {"type": "boolean", "location": "query", "default": "true"},
            "fields": text("what to answer"), "key": text("unused"), "oauth_token": text("unused"),
            "quotaUser": text("unused"), "userIp": text("unused"), "access_token": text("unused"),
            "$.xgafv": text("unused"), "uploadType": text("the kind of upload"), "trace": text("unused"),
        },
        "auth": {"oauth2": {"scopes": {"https://www.googleapis.com/auth/bigquery": {"description": ""},
            "https://www.googleapis.com/auth/cloud-platform": {"description": ""}}}},
        "schemas": {"Document": {"id": "Document", "type": "object", "additionalProperties": {"type": "any"}}},
        "resources": resources,
    })
}

pub(super) async fn document(State(service): Shared, Query(query): Parameters) -> Reply {
    match parameter(&query, "version") {
        None | Some("v2") => Ok(Json(describe(&service.base_url))),
        Some(other) => Err(Fault::not_found("API description of the version", other)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_path_parameter_is_declared() {
        let doc = super::describe("http://x");
        let get = &doc["resources"]["tables"]["methods"]["get"];
        assert_eq!(
            get["parameterOrder"],
            serde_json::json!(["projectId", "datasetId", "tableId"])
        );
        assert_eq!(doc["baseUrl"], "http://x/bigquery/v2/");
        assert!(doc["resources"]["jobs"]["methods"]["insert"]["mediaUpload"].is_object());
    }
}
