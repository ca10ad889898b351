//! Who may do what with data: what roles permit, grants out of a configuration and out of policies, and the two laid over each other.
//! Groups are not resolved, nor what is granted above a project: an audit says so.
//!
//! Roles: <https://cloud.google.com/bigquery/docs/access-control>, <https://cloud.google.com/storage/docs/access-control/iam-roles>.

use serde_json::Value;

use super::model::{Grant, May};
use super::terraform::Resource;

/// Whose data a role is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Rows of tables.
    Tables,
    /// Objects of a bucket.
    Objects,
    /// Messages of a topic.
    Messages,
}

/// Roles that reach data, and how far.
const ROLES: &[(&str, Of, May)] = &[
    ("READER", Of::Tables, May::Read),
    ("WRITER", Of::Tables, May::Write),
    ("OWNER", Of::Tables, May::Administer),
    ("roles/bigquery.dataViewer", Of::Tables, May::Read),
    ("roles/bigquery.filteredDataViewer", Of::Tables, May::Read),
    ("roles/bigquery.dataEditor", Of::Tables, May::Write),
    ("roles/bigquery.dataOwner", Of::Tables, May::Administer),
    ("roles/bigquery.admin", Of::Tables, May::Administer),
    ("roles/bigquery.studioAdmin", Of::Tables, May::Administer),
    ("roles/storage.objectViewer", Of::Objects, May::Read),
    ("roles/storage.legacyObjectReader", Of::Objects, May::Read),
    ("roles/storage.objectUser", Of::Objects, May::Write),
    ("roles/storage.objectAdmin", Of::Objects, May::Write),
    ("roles/storage.legacyObjectOwner", Of::Objects, May::Write),
    ("roles/storage.admin", Of::Objects, May::Administer),
    ("roles/pubsub.subscriber", Of::Messages, May::Read),
    ("roles/pubsub.editor", Of::Messages, May::Write),
    ("roles/pubsub.admin", Of::Messages, May::Administer),
    ("roles/owner", Of::Tables, May::Administer),
    ("roles/owner", Of::Objects, May::Administer),
    ("roles/owner", Of::Messages, May::Administer),
    ("roles/editor", Of::Messages, May::Write),
];

/// Roles that reach no data, whatever they are granted on; a name that ends with a dot stands for all of a service.
/// `roles/viewer` and `roles/editor` read tables and objects only through entries of datasets and buckets.
const HARMLESS: &[&str] = &[
    "roles/viewer",
    "roles/editor",
    "roles/bigquery.jobUser",
    "roles/bigquery.user",
    "roles/bigquery.metadataViewer",
    "roles/bigquery.readSessionUser",
    "roles/bigquery.resourceViewer",
    "roles/bigquery.connectionUser",
    "roles/storage.objectCreator",
    "roles/storage.legacyBucketReader",
    "roles/storage.legacyBucketWriter",
    "roles/storage.legacyBucketOwner",
    "roles/storage.bucketViewer",
    "roles/pubsub.publisher",
    "roles/pubsub.viewer",
    "roles/browser",
    "roles/run.",
    "roles/cloudscheduler.",
    "roles/secretmanager.",
    "roles/iam.",
    "roles/logging.",
    "roles/monitoring.",
    "roles/artifactregistry.",
    "roles/serviceusage.",
    "roles/resourcemanager.",
    "roles/datacatalog.",
    "roles/cloudkms.",
    "roles/dataform.",
    "roles/dataplex.",
    "roles/errorreporting.",
];

/// What a role permits with such data.
pub fn may(role: &str, of: Of) -> May {
    if let Some((_, _, may)) = ROLES.iter().find(|(name, about, _)| *name == role && *about == of) {
        return *may;
    }
    // A role of the one service says nothing about the other's data.
    let elsewhere = ROLES.iter().any(|(name, _, _)| *name == role);
    let harmless = |known: &&str| *known == role || (known.ends_with('.') && role.starts_with(*known));
    if elsewhere || HARMLESS.iter().any(harmless) {
        return May::Nothing;
    }
    May::Unknown
}

/// Everybody, or everybody with an account of Google's.
pub fn is_public(principal: &str) -> bool {
    matches!(
        principal,
        "allUsers" | "allAuthenticatedUsers" | "specialGroup:allUsers" | "specialGroup:allAuthenticatedUsers"
    )
}

/// What a grant is on, as resources and policies are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// A project.
    Project,
    /// A dataset, `P.D`.
    Dataset,
    /// A table, `P.D.T`.
    Table,
    /// A bucket.
    Bucket,
    /// A topic.
    Topic,
    /// A subscription.
    Subscription,
}

impl On {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Dataset => "dataset",
            Self::Table => "table",
            Self::Bucket => "bucket",
            Self::Topic => "topic",
            Self::Subscription => "subscription",
        }
    }
}

/// `projects/P/datasets/D` and what else names a dataset, as `P.D`.
pub fn dataset_name(text: &str, project: Option<&str>) -> Option<String> {
    let parts: Vec<&str> = text.split('/').collect();
    match (parts.as_slice(), project) {
        (["projects", project, "datasets", dataset], _) => Some(format!("{project}.{dataset}")),
        ([one], _) if one.contains(['.', ':']) => Some(one.replacen(':', ".", 1)),
        ([one], Some(project)) if !one.is_empty() => Some(format!("{project}.{one}")),
        _ => None,
    }
}

/// The grants of a resource: what each is on, and the grant. `may` is decided where it is laid over data. The entries of a dataset
/// are in the state whoever made them: they are declared where `entries_are_set` by its block.
pub fn declared(resource: &Resource, entries_are_set: bool) -> Vec<(On, String, Grant)> {
    let kind = resource
        .kind
        .trim_start_matches("headwater_")
        .trim_start_matches("google_");
    let project = resource.text("project");
    let named = |on: On, name: Option<String>| name.map(|name| (on, name));
    let plain = |name: &str| resource.text(name).map(str::to_owned);
    let on = match kind.trim_end_matches("_iam_member").trim_end_matches("_iam_binding") {
        kind_of if kind_of == kind => return entries(resource, kind, entries_are_set),
        "project" => named(On::Project, plain("project")),
        "bigquery_dataset" => {
            let dataset = resource.text("dataset").or_else(|| resource.text("dataset_id"));
            named(On::Dataset, dataset.and_then(|dataset| dataset_name(dataset, project)))
        }
        "bigquery_table" => {
            let parts = (project, resource.text("dataset_id"), resource.text("table_id"));
            let (Some(project), Some(dataset), Some(table)) = parts else {
                return Vec::new();
            };
            named(On::Table, Some(format!("{project}.{dataset}.{table}")))
        }
        "storage_bucket" => named(
            On::Bucket,
            plain("bucket").map(|b| b.trim_start_matches("b/").to_owned()),
        ),
        "pubsub_topic" => named(On::Topic, plain("topic")),
        "pubsub_subscription" => named(On::Subscription, plain("subscription")),
        _ => None,
    };
    let (Some((on, name)), Some(role)) = (on, resource.text("role")) else {
        return Vec::new();
    };
    // The other provider writes a block as a list of one.
    let condition = match &resource.values["condition"] {
        Value::Array(list) => list.first().cloned().unwrap_or_default(),
        other => other.clone(),
    };
    let members = resource.values["members"].as_array().into_iter().flatten();
    let members = members.filter_map(Value::as_str).chain(resource.text("member"));
    let grant = |member: &str| Grant {
        principal: member.to_owned(),
        role: role.to_owned(),
        may: May::Nothing,
        on: format!("{} {name}", on.word()),
        condition: condition["expression"].as_str().map(str::to_owned),
        declared: Some(resource.address.clone()),
        in_cloud: None,
    };
    members.map(|member| (on, name.clone(), grant(member))).collect()
}

/// The entries of a dataset's own resource.
fn entries(resource: &Resource, kind: &str, are_set: bool) -> Vec<(On, String, Grant)> {
    if kind != "bigquery_dataset" {
        return Vec::new();
    }
    let id = resource.text("id").and_then(|id| dataset_name(id, None));
    let Some(name) = id else { return Vec::new() };
    let list = resource.values["access"].as_array().into_iter().flatten();
    list.filter_map(|entry| {
        let mut grant = of_entry(entry, &name)?;
        grant.declared = are_set.then(|| resource.address.clone());
        Some((On::Dataset, name.clone(), grant))
    })
    .collect()
}

/// An entry of a dataset's `access`, as the API or a configuration writes it.
fn of_entry(entry: &Value, dataset: &str) -> Option<Grant> {
    let text = |one: &str, other: &str| {
        let found = entry[one].as_str().or_else(|| entry[other].as_str());
        found.filter(|text| !text.is_empty())
    };
    let person = |email: &str| {
        let kind = if email.ends_with(".gserviceaccount.com") {
            "serviceAccount"
        } else {
            "user"
        };
        format!("{kind}:{email}")
    };
    let principal = text("userByEmail", "user_by_email")
        .map(person)
        .or_else(|| text("groupByEmail", "group_by_email").map(|group| format!("group:{group}")))
        .or_else(|| text("domain", "domain").map(|domain| format!("domain:{domain}")))
        .or_else(|| text("iamMember", "iam_member").map(str::to_owned))
        .or_else(|| text("specialGroup", "special_group").map(|group| format!("specialGroup:{group}")))
        .or_else(|| beyond(entry))?;
    // Views, routines and datasets have no role: they read for their own readers.
    let role = entry["role"]
        .as_str()
        .filter(|role| !role.is_empty())
        .unwrap_or("authorized");
    Some(Grant {
        principal,
        role: role.to_owned(),
        may: May::Nothing,
        on: format!("dataset {dataset}"),
        condition: entry["condition"]["expression"].as_str().map(str::to_owned),
        declared: None,
        in_cloud: None,
    })
}

/// What reads a dataset for others: an authorized view, routine or dataset.
fn beyond(entry: &Value) -> Option<String> {
    let written = ["view", "routine", "dataset"].iter().find_map(|kind| {
        let id = entry[*kind].as_str().filter(|id| !id.is_empty())?;
        Some(format!("{kind}:{id}"))
    });
    written.or_else(|| {
        let (kind, reference, id) = [
            ("view", &entry["view"], "tableId"),
            ("routine", &entry["routine"], "routineId"),
            ("dataset", &entry["dataset"]["dataset"], "datasetId"),
        ]
        .into_iter()
        .find(|(_, reference, _)| reference.is_object())?;
        let part = |name: &str| reference[name].as_str().unwrap_or_default();
        let mut name = format!("projects/{}/datasets/{}", part("projectId"), part("datasetId"));
        match kind {
            "view" => name.push_str(&format!("/tables/{}", part(id))),
            "routine" => name.push_str(&format!("/routines/{}", part(id))),
            _ => {}
        }
        Some(format!("{kind}:{name}"))
    })
}

/// The grants of an IAM policy.
pub fn of_policy(policy: &Value, on: On, name: &str) -> Vec<Grant> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let grants = bindings.flat_map(|binding| {
        let members = binding["members"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        members.map(|member| Grant {
            principal: member.to_owned(),
            role: binding["role"].as_str().unwrap_or_default().to_owned(),
            may: May::Nothing,
            on: format!("{} {name}", on.word()),
            condition: binding["condition"]["expression"].as_str().map(str::to_owned),
            declared: None,
            in_cloud: Some(true),
        })
    });
    grants.collect()
}

/// The grants of a dataset's document.
pub fn of_dataset(document: &Value, name: &str) -> Vec<Grant> {
    let list = document["access"].as_array().into_iter().flatten();
    let grants = list.filter_map(|entry| of_entry(entry, name));
    grants
        .map(|grant| Grant {
            in_cloud: Some(true),
            ..grant
        })
        .collect()
}

/// One list out of what the state and the cloud have; without the latter nothing is said of it.
pub fn laid_over(mut known: Vec<Grant>, found: Option<Vec<Grant>>) -> Vec<Grant> {
    // A grant of its own resource is an entry of its dataset as well.
    known.sort_by_key(|grant| grant.declared.is_none());
    let mut all: Vec<Grant> = Vec::new();
    for grant in known {
        if !all.iter().any(|one| same(one, &grant)) {
            all.push(grant);
        }
    }
    let Some(found) = found else { return all };
    for grant in &mut all {
        grant.in_cloud = Some(found.iter().any(|one| same(one, grant)));
    }
    // What nobody declares and the cloud has not is an old state's.
    all.retain(|grant| grant.declared.is_some() || grant.in_cloud == Some(true));
    for grant in found {
        if !all.iter().any(|one| same(one, &grant)) {
            all.push(grant);
        }
    }
    all
}

/// Whether two are the same grant. BigQuery writes some roles of IAM as its own older ones, and leaves the kind of a member out.
fn same(one: &Grant, other: &Grant) -> bool {
    let role = |role: &str| match role {
        "READER" => "roles/bigquery.dataViewer".to_owned(),
        "WRITER" => "roles/bigquery.dataEditor".to_owned(),
        "OWNER" => "roles/bigquery.dataOwner".to_owned(),
        other => other.to_owned(),
    };
    one.on == other.on
        && one.principal.eq_ignore_ascii_case(&other.principal)
        && role(&one.role) == role(&other.role)
        && one.condition == other.condition
}

/// Those that reach data of this kind, or might; the furthest reaching first.
pub fn reaching(grants: &[Grant], of: Of) -> Vec<Grant> {
    let mut reaching: Vec<Grant> = grants
        .iter()
        .map(|grant| Grant {
            may: if grant.role == "authorized" {
                May::Read
            } else {
                may(&grant.role, of)
            },
            ..grant.clone()
        })
        .filter(|grant| grant.may != May::Nothing)
        .collect();
    reaching.sort_by(|a, b| {
        b.may
            .cmp(&a.may)
            .then_with(|| a.principal.cmp(&b.principal))
            .then_with(|| a.on.cmp(&b.on))
    });
    reaching
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_reach_the_data_of_their_service() {
        let cases = [
            ("roles/bigquery.dataViewer", Of::Tables, May::Read),
            ("roles/bigquery.dataViewer", Of::Objects, May::Nothing),
            ("roles/bigquery.jobUser", Of::Tables, May::Nothing),
            ("roles/storage.objectAdmin", Of::Objects, May::Write),
            ("roles/owner", Of::Tables, May::Administer),
            ("roles/viewer", Of::Tables, May::Nothing),
            ("roles/run.invoker", Of::Objects, May::Nothing),
            ("roles/dataflow.worker", Of::Objects, May::Unknown),
            ("projects/p/roles/reader", Of::Tables, May::Unknown),
            ("OWNER", Of::Tables, May::Administer),
        ];
        for (role, of, expected) in cases {
            assert_eq!(may(role, of), expected, "{role} {of:?}");
        }
    }

    fn resource(kind: &str, values: Value) -> Resource {
        Resource {
            address: format!("{kind}.a"),
            kind: kind.into(),
            values,
        }
    }

    #[test]
    fn grants_of_both_providers_are_read() {
        let cases = [
            (
                "headwater_bigquery_dataset_iam_member",
                json!({"dataset": "projects/p/datasets/d", "role": "roles/bigquery.dataViewer", "member": "user:a@b.c"}),
                "dataset p.d user:a@b.c",
            ),
            (
                "google_bigquery_dataset_iam_binding",
                json!({"project": "p", "dataset_id": "d", "role": "roles/bigquery.dataViewer", "members": ["group:g@b.c"]}),
                "dataset p.d group:g@b.c",
            ),
            (
                "headwater_project_iam_member",
                json!({"project": "p", "role": "roles/owner", "member": "user:a@b.c"}),
                "project p user:a@b.c",
            ),
            (
                "google_storage_bucket_iam_member",
                json!({"bucket": "b/lake", "role": "roles/storage.admin", "member": "allUsers"}),
                "bucket lake allUsers",
            ),
            (
                "headwater_bigquery_dataset",
                json!({"id": "projects/p/datasets/d", "access": [{"role": "READER", "group_by_email": "g@b.c"}]}),
                "dataset p.d group:g@b.c",
            ),
            (
                "headwater_bigquery_dataset",
                json!({"id": "projects/p/datasets/d", "access": [{"view": "projects/p/datasets/e/tables/v"}]}),
                "dataset p.d view:projects/p/datasets/e/tables/v",
            ),
        ];
        for (kind, values, expected) in cases {
            let grants = declared(&resource(kind, values), true);
            let said: Vec<String> = grants
                .iter()
                .map(|(_, _, g)| format!("{} {}", g.on, g.principal))
                .collect();
            assert_eq!(said, [expected], "{kind}");
        }
        assert!(declared(&resource("headwater_runtime", json!({"name": "x"})), true).is_empty());
    }

    #[test]
    fn what_the_cloud_has_beside_the_declared_is_seen() {
        let member =
            json!({"dataset": "projects/p/datasets/d", "role": "roles/bigquery.dataViewer", "member": "user:a@b.c"});
        let gone =
            json!({"dataset": "projects/p/datasets/d", "role": "roles/bigquery.dataOwner", "member": "user:gone@b.c"});
        let by_members: Vec<Grant> = [member, gone]
            .into_iter()
            .flat_map(|values| declared(&resource("headwater_bigquery_dataset_iam_member", values), true))
            .map(|(_, _, grant)| grant)
            .collect();
        let document = json!({"access": [
            {"role": "READER", "userByEmail": "A@b.c"}, {"role": "OWNER", "specialGroup": "projectOwners"},
            {"role": "WRITER", "userByEmail": "x@p.iam.gserviceaccount.com"},
            {"view": {"projectId": "p", "datasetId": "e", "tableId": "v"}},
        ]});
        let all = reaching(
            &laid_over(by_members.clone(), Some(of_dataset(&document, "p.d"))),
            Of::Tables,
        );
        let said: Vec<(&str, bool, Option<bool>)> = all
            .iter()
            .map(|grant| (grant.principal.as_str(), grant.declared.is_some(), grant.in_cloud))
            .collect();
        assert_eq!(
            said,
            [
                ("specialGroup:projectOwners", false, Some(true)),
                ("user:gone@b.c", true, Some(false)),
                ("serviceAccount:x@p.iam.gserviceaccount.com", false, Some(true)),
                ("user:a@b.c", true, Some(true)),
                ("view:projects/p/datasets/e/tables/v", false, Some(true)),
            ]
        );
        assert_eq!(laid_over(by_members.clone(), None).len(), 2);
        // The state's copy of an entry is no declaration, and no second grant.
        let entries = json!({"id": "projects/p/datasets/d", "access": [
            {"role": "READER", "user_by_email": "a@b.c"}, {"role": "READER", "user_by_email": "old@b.c"},
        ]});
        let entries = declared(&resource("headwater_bigquery_dataset", entries), false);
        let known: Vec<Grant> = entries
            .into_iter()
            .map(|(_, _, grant)| grant)
            .chain(by_members)
            .collect();
        let all = laid_over(known.clone(), Some(of_dataset(&document, "p.d")));
        assert!(all.iter().all(|grant| grant.principal != "user:old@b.c"));
        let of = |all: &[Grant]| all.iter().filter(|grant| grant.principal == "user:a@b.c").count();
        assert_eq!((of(&all), of(&laid_over(known, None))), (1, 1));
    }
}
