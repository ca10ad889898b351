//! Everything that a cloud holds, by name: what a test compares before and after.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cloud::{Cloud, request};

/// A collection: where it is listed, the key of its items, the field that names one, and the collections within one.
struct Collection {
    path: &'static str,
    items: &'static str,
    name: &'static str,
    within: &'static [Collection],
}

const fn leaf(path: &'static str, items: &'static str, name: &'static str) -> Collection {
    Collection {
        path,
        items,
        name,
        within: &[],
    }
}

/// `{P}`: the project, `{L}`: the region, `{}`: the name of the one that it is within.
const COLLECTIONS: &[Collection] = &[
    Collection {
        path: "/storage/v1/b?project={P}&maxResults=1000",
        items: "items",
        name: "name",
        within: &[leaf("/storage/v1/b/{}/o?maxResults=1000", "items", "name")],
    },
    Collection {
        path: "/bigquery/v2/projects/{P}/datasets?all=true&maxResults=1000",
        items: "datasets",
        name: "datasetReference.datasetId",
        within: &[
            leaf(
                "/bigquery/v2/projects/{P}/datasets/{}/tables?maxResults=1000",
                "tables",
                "tableReference.tableId",
            ),
            leaf(
                "/bigquery/v2/projects/{P}/datasets/{}/routines?maxResults=1000",
                "routines",
                "routineReference.routineId",
            ),
        ],
    },
    Collection {
        path: "/v1/projects/{P}/secrets?pageSize=1000",
        items: "secrets",
        name: "name",
        within: &[leaf("/v1/{}/versions?pageSize=1000", "versions", "name")],
    },
    leaf("/v2/projects/{P}/locations/{L}/jobs?pageSize=1000", "jobs", "name"),
    leaf("/v1/projects/{P}/locations/{L}/jobs?pageSize=500", "jobs", "name"),
    leaf("/v1/projects/{P}/topics?pageSize=1000", "topics", "name"),
    leaf("/v1/projects/{P}/subscriptions?pageSize=1000", "subscriptions", "name"),
    leaf("/v1/projects/{P}/schemas?pageSize=1000", "schemas", "name"),
    leaf("/v1/projects/{P}/snapshots?pageSize=1000", "snapshots", "name"),
    Collection {
        path: "/v1/projects/{P}/locations/{L}/repositories?pageSize=1000",
        items: "repositories",
        name: "name",
        within: &[
            leaf("/v1/{}/releaseConfigs?pageSize=1000", "releaseConfigs", "name"),
            leaf("/v1/{}/workflowConfigs?pageSize=1000", "workflowConfigs", "name"),
        ],
    },
    Collection {
        path: "/artifactregistry/v1/projects/{P}/locations/{L}/repositories?pageSize=1000",
        items: "repositories",
        name: "name",
        within: &[leaf(
            "/artifactregistry/v1/{}/packages?pageSize=1000",
            "packages",
            "name",
        )],
    },
    leaf(
        "/v1/projects/{P}/locations/{L}/dataScans?pageSize=1000",
        "dataScans",
        "name",
    ),
    leaf(
        "/v2/projects/{P}/locations/{L}/workerPools?pageSize=100",
        "workerPools",
        "name",
    ),
    leaf("/v1/projects/{P}/serviceAccounts?pageSize=100", "accounts", "name"),
    // Their own names are numbers, which are others whenever they are made.
    leaf(
        "/v3/projects/{P}/alertPolicies?pageSize=1000",
        "alertPolicies",
        "displayName",
    ),
    leaf(
        "/v3/projects/{P}/notificationChannels?pageSize=1000",
        "notificationChannels",
        "displayName",
    ),
    leaf("/v1/projects/{P}/dashboards?pageSize=1000", "dashboards", "name"),
    leaf("/v2/projects/{P}/metrics?pageSize=1000", "metrics", "name"),
];

/// The names of all that a project holds in a region, each with the list that it was found in.
pub fn inventory(cloud: &Cloud, project: &str, region: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    list(cloud, COLLECTIONS, &[("{P}", project), ("{L}", region)], &mut found);
    found
}

fn list(cloud: &Cloud, collections: &[Collection], names: &[(&str, &str)], found: &mut BTreeSet<String>) {
    for collection in collections {
        let mut path = collection.path.to_owned();
        for (placeholder, name) in names {
            path = path.replace(placeholder, name);
        }
        // Of a destroyed version of a secret nothing is left but its number, which nobody can delete: the others count.
        let mut items = pages(cloud, &path, collection.items);
        items.retain(|item| item["state"] != "DESTROYED");
        if collection.items == "versions" {
            for (at, item) in items.iter_mut().enumerate() {
                item["name"] = format!("number {}", at + 1).into();
            }
        }
        for item in items {
            let pointer = format!("/{}", collection.name.replace('.', "/"));
            let name = item.pointer(&pointer).and_then(Value::as_str);
            let name = name.unwrap_or_else(|| panic!("{path}: an item without {}: {item}", collection.name));
            let list_of = path.split('?').next().unwrap_or_default();
            found.insert(format!("{list_of}: {name}"));
            let mut within = names.to_vec();
            within.push(("{}", name));
            list(cloud, collection.within, &within, found);
        }
    }
}

fn pages(cloud: &Cloud, path: &str, key: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let page = if token.is_empty() {
            path.to_owned()
        } else {
            format!("{path}&pageToken={token}")
        };
        let (status, body) = request("GET", &format!("{}{page}", cloud.url()), None);
        assert_eq!(status, 200, "{page}: {body}");
        items.extend(body[key].as_array().cloned().unwrap_or_default());
        match body["nextPageToken"].as_str().filter(|token| !token.is_empty()) {
            Some(next) => token = next.to_owned(),
            None => return items,
        }
    }
}
