//! Grants come and go, and leave everything else alone.

use serde_json::json;

use super::rules::{member, role, same_member};
use super::*;

fn grant(role: &str, member: &str, condition: Option<(&str, &str)>) -> Grant {
    Grant {
        role: role.to_owned(),
        member: member.to_owned(),
        condition: condition.map(|(title, expression)| Condition {
            title: title.into(),
            description: Attr::Null,
            expression: expression.into(),
        }),
    }
}

#[test]
fn bindings_change_by_one_member() {
    let others = json!([
        {"role": "roles/a", "members": ["user:x@y.z"]},
        {"role": "roles/a", "members": ["user:x@y.z"], "condition": {"title": "t", "expression": "true"}},
    ]);
    // A grant, and the bindings with it.
    let cases = [
        (
            grant("roles/a", "user:new@y.z", None),
            json!([{"role": "roles/a", "members": ["user:x@y.z", "user:new@y.z"]}, others[1]]),
        ),
        (
            grant("roles/a", "user:new@y.z", Some(("t", "true"))),
            json!([
                others[0],
                {"role": "roles/a", "members": ["user:x@y.z", "user:new@y.z"], "condition": {"title": "t", "expression": "true"}},
            ]),
        ),
        (
            grant("roles/b", "allUsers", None),
            json!([others[0], others[1], {"role": "roles/b", "members": ["allUsers"]}]),
        ),
        (
            grant("roles/a", "user:new@y.z", Some(("t", "false"))),
            json!([
                others[0],
                others[1],
                {"role": "roles/a", "members": ["user:new@y.z"], "condition": {"title": "t", "expression": "false"}},
            ]),
        ),
    ];
    for (grant, with) in cases {
        let mut policy = json!({"etag": "e", "bindings": others});
        assert_eq!(bindings::find(&policy, &grant), None);
        assert!(!bindings::remove(&mut policy, &grant));
        assert!(bindings::add(&mut policy, &grant));
        assert_eq!(policy["bindings"], with);
        assert!(!bindings::add(&mut policy, &grant), "it is there");
        assert_eq!(bindings::find(&policy, &grant), Some(grant.clone()));
        assert!(bindings::remove(&mut policy, &grant));
        assert_eq!(policy, json!({"etag": "e", "bindings": others}));
    }
    let mut empty = json!({"etag": "e"});
    assert!(bindings::add(&mut empty, &grant("roles/a", "allUsers", None)));
}

#[test]
fn entries_change_by_one_member() {
    let others = json!([
        {"role": "OWNER", "specialGroup": "projectOwners"},
        {"view": {"projectId": "p", "datasetId": "d", "tableId": "v"}},
    ]);
    let cases = [
        (
            grant(
                "roles/bigquery.dataViewer",
                "serviceAccount:a@p.iam.gserviceaccount.com",
                None,
            ),
            json!({"role": "READER", "userByEmail": "a@p.iam.gserviceaccount.com"}),
        ),
        (
            grant("roles/bigquery.user", "group:a@b.c", None),
            json!({"role": "roles/bigquery.user", "groupByEmail": "a@b.c"}),
        ),
        (
            grant("roles/bigquery.dataEditor", "domain:b.c", None),
            json!({"role": "WRITER", "domain": "b.c"}),
        ),
        (
            grant("roles/bigquery.dataViewer", "allUsers", None),
            json!({"role": "READER", "iamMember": "allUsers"}),
        ),
        (
            grant("roles/bigquery.dataViewer", "allAuthenticatedUsers", None),
            json!({"role": "READER", "specialGroup": "allAuthenticatedUsers"}),
        ),
        (
            grant("roles/bigquery.dataViewer", "user:a@b.c", Some(("t", "true"))),
            json!({"role": "READER", "userByEmail": "a@b.c", "condition": {"title": "t", "expression": "true"}}),
        ),
    ];
    for (grant, entry) in cases {
        let mut dataset = json!({ "access": others });
        assert!(!access::remove(&mut dataset, &grant));
        assert!(access::add(&mut dataset, &grant));
        assert_eq!(dataset["access"][2], entry);
        assert!(!access::add(&mut dataset, &grant), "it is there");
        assert_eq!(access::find(&dataset, &grant), Some(grant.clone()));
        assert!(access::remove(&mut dataset, &grant));
        assert_eq!(dataset["access"], others);
    }
    let present = json!({"access": [{"role": "roles/bigquery.dataViewer", "userByEmail": "A@b.c"}]});
    assert!(access::find(&present, &grant("roles/bigquery.dataViewer", "user:a@b.c", None)).is_some());
}

#[test]
fn an_imported_condition_is_found_by_its_title() {
    let policy = json!({"bindings": [
        {"role": "roles/a", "members": ["allUsers"]},
        {"role": "roles/a", "members": ["allUsers"], "condition": {"title": "t", "description": "d", "expression": "true"}},
    ]});
    let mut imported = grant("roles/a", "allUsers", Some(("t", "")));
    if let Some(condition) = &mut imported.condition {
        condition.expression = Attr::Null;
    }
    let found = bindings::find(&policy, &imported)
        .and_then(|grant| grant.condition)
        .expect("found");
    assert_eq!((found.description, found.expression), ("d".into(), "true".into()));
}

#[test]
fn spellings() {
    let accepts = |rule: &tfplugin_framework::Validator, text: &str| rule.check(&text.into(), &Path::root()).is_empty();
    for (text, right) in [
        ("user:ada@example.com", true),
        ("serviceAccount:a@p.iam.gserviceaccount.com", true),
        ("serviceAccount:p.svc.id.goog[ns/sa]", true),
        ("domain:example.com", true),
        ("principal://iam.googleapis.com/x", true),
        ("principalSet://iam.googleapis.com/x", true),
        ("allUsers", true),
        ("projectOwner:acme-data", true),
        ("ada@example.com", false),
        ("user:ada", false),
        ("users:ada@example.com", false),
        ("deleted:user:ada@example.com?uid=1", false),
        ("domain:example", false),
        ("principal:x", false),
        ("user:ada @example.com", false),
        ("", false),
    ] {
        assert_eq!(accepts(&member(), text), right, "{text}");
    }
    for (text, right) in [
        ("roles/storage.objectViewer", true),
        ("projects/p/roles/mine", true),
        ("storage.objectViewer", false),
        ("READER", false),
        ("roles/", false),
        ("roles/a b", false),
    ] {
        assert_eq!(accepts(&role(), text), right, "{text}");
    }
    assert!(same_member("user:Ada@example.com", "user:ada@Example.com"));
    assert!(!same_member("user:a@b.c", "group:a@b.c") && !same_member("principal://A", "principal://a"));
}

#[test]
fn the_schemas_are_sound() {
    for problems in [
        tfplugin_framework::check_resource(&IamMember::<kinds::ProjectMember>::new()),
        tfplugin_framework::check_resource(&IamMember::<kinds::DatasetMember>::new()),
        tfplugin_framework::check_resource(&IamMember::<kinds::BucketMember>::new()),
        tfplugin_framework::check_resource(&IamMember::<kinds::TopicMember>::new()),
        tfplugin_framework::check_resource(&IamMember::<kinds::SecretMember>::new()),
    ] {
        assert_eq!(problems, Default::default());
    }
}
