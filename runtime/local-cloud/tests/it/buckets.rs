//! Buckets.

use serde_json::{Value, json};

use crate::harness::Local;

#[tokio::test]
async fn buckets_keep_what_they_are_told() {
    let local = Local::start().await;
    let told = json!({
        "name": "one", "location": "europe-west1", "storageClass": "nearline", "labels": {"a": "b"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 3}}]},
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}, "publicAccessPrevention": "enforced"},
        "softDeletePolicy": {"retentionDurationSeconds": 0}, "versioning": {"enabled": true},
        "retentionPolicy": {"retentionPeriod": 5},
    });
    let made = local
        .json("POST", "/storage/v1/b?project=p", told)
        .await
        .expect(200)
        .json();
    for (pointer, expected) in [
        ("/kind", json!("storage#bucket")),
        ("/location", json!("EUROPE-WEST1")),
        ("/locationType", json!("region")),
        ("/storageClass", json!("NEARLINE")),
        ("/metageneration", json!("1")),
        ("/labels/a", json!("b")),
        ("/lifecycle/rule/0/condition/age", json!(3)),
        ("/iamConfiguration/bucketPolicyOnly/enabled", json!(true)),
        ("/iamConfiguration/publicAccessPrevention", json!("enforced")),
        ("/softDeletePolicy/retentionDurationSeconds", json!("0")),
        ("/versioning/enabled", json!(true)),
        ("/retentionPolicy/retentionPeriod", json!("5")),
        ("/selfLink", json!(format!("{}/storage/v1/b/one", local.base))),
    ] {
        assert_eq!(made.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert_eq!(local.get("/storage/v1/b/one").await.json(), made);

    let change =
        json!({"labels": {"a": null, "c": "d"}, "lifecycle": {"rule": []}, "location": "US", "retentionPolicy": null});
    let changed = local
        .json("PATCH", "/storage/v1/b/one?ifMetagenerationMatch=1", change.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["labels"], &changed["metageneration"]),
        (&json!({"c": "d"}), &json!("2"))
    );
    assert_eq!(
        (&changed["lifecycle"], &changed["retentionPolicy"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(changed["location"], "EUROPE-WEST1", "a bucket does not move");
    assert_ne!(changed["etag"], made["etag"]);
    local
        .json("PATCH", "/storage/v1/b/one?ifMetagenerationMatch=1", change)
        .await
        .expect(412);

    let replaced = local
        .json("PUT", "/storage/v1/b/one", json!({"storageClass": "STANDARD"}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&replaced["labels"], &replaced["storageClass"]),
        (&Value::Null, &json!("STANDARD"))
    );
    assert_eq!(
        replaced["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"],
        false
    );
    local.delete("/storage/v1/b/one").await.expect(204);
    local.get("/storage/v1/b/one").await.expect(404);
}

#[tokio::test]
async fn bucket_errors_are_googles() {
    let local = Local::start().await;
    local.bucket("one").await;
    local.put("one", "x", "", "1").await.expect(200);
    for (method, path, body, status, reason) in [
        (
            "POST",
            "/storage/v1/b?project=p",
            json!({"name": "one"}),
            409,
            "conflict",
        ),
        ("POST", "/storage/v1/b?project=p", json!({"name": "No"}), 400, "invalid"),
        ("POST", "/storage/v1/b?project=p", json!({}), 400, "required"),
        ("POST", "/storage/v1/b", json!({"name": "two"}), 400, "required"),
        (
            "POST",
            "/storage/v1/b?project=p",
            json!({"name": "two", "storageClass": "GOLD"}),
            400,
            "invalid",
        ),
        ("GET", "/storage/v1/b/none", json!({}), 404, "notFound"),
        ("PATCH", "/storage/v1/b/none", json!({}), 404, "notFound"),
        ("DELETE", "/storage/v1/b/one", json!({}), 409, "conflict"),
        ("GET", "/storage/v1/b/none/o", json!({}), 404, "notFound"),
        (
            "POST",
            "/storage/v1/b/one/notificationConfigs",
            json!({}),
            501,
            "notImplemented",
        ),
    ] {
        let reply = local.json(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(
            (&error["code"], &error["errors"][0]["reason"]),
            (&json!(status), &json!(reason)),
            "{method} {path}"
        );
    }
    let unknown = local.get("/storage/v1/b/one/acl").await.expect(501).json();
    assert!(
        unknown["error"]["message"]
            .as_str()
            .unwrap()
            .contains("GET /storage/v1/b/one/acl"),
        "{unknown}"
    );
}

#[tokio::test]
async fn buckets_are_listed_by_project_in_pages() {
    let local = Local::start().await;
    for name in ["b-1", "b-2", "b-3", "c-1"] {
        local.bucket(name).await;
    }
    local
        .json("POST", "/storage/v1/b?project=other", json!({"name": "b-4"}))
        .await
        .expect(200);
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = local
            .get(&format!("/storage/v1/b?project=p&prefix=b-&maxResults=2{token}"))
            .await
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|bucket| bucket["name"].as_str().unwrap().to_owned()));
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["b-1", "b-2", "b-3"]);
}

#[tokio::test]
async fn policies_change_only_from_their_newest_state() {
    let local = Local::start().await;
    local.bucket("one").await;
    let mut policy = local.get("/storage/v1/b/one/iam").await.expect(200).json();
    assert_eq!(
        policy["bindings"][0],
        json!({"role": "roles/storage.legacyBucketOwner", "members": ["projectEditor:p", "projectOwner:p"]})
    );
    policy["bindings"] = json!([{"role": "roles/storage.objectViewer", "members": ["user:a@b.c"]}]);
    let set = local
        .json("PUT", "/storage/v1/b/one/iam", policy.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(local.get("/storage/v1/b/one/iam").await.json(), set);
    local.json("PUT", "/storage/v1/b/one/iam", policy).await.expect(412);
    let tested = local
        .get("/storage/v1/b/one/iam/testPermissions?permissions=a&permissions=b")
        .await
        .json();
    assert_eq!(tested["permissions"], json!(["a", "b"]));
}
