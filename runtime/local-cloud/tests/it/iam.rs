//! Service accounts, and policies on whatever has one.

use serde_json::{Value, json};

use crate::harness::Local;

const RUNNER: &str = "runner@p.iam.gserviceaccount.com";

async fn account(local: &Local, id: &str) -> Value {
    let body = json!({"accountId": id, "serviceAccount": {"displayName": "It runs"}});
    local
        .json("POST", "/v1/projects/p/serviceAccounts", body)
        .await
        .expect(200)
        .json()
}

/// Sets a project's bindings without an etag.
async fn grant(local: &Local, bindings: Value) -> crate::harness::Reply {
    let version = if bindings.to_string().contains("condition") {
        3
    } else {
        1
    };
    let body = json!({"policy": {"version": version, "bindings": bindings}});
    local.json("POST", "/v1/projects/p:setIamPolicy", body).await
}

async fn policy(local: &Local, version: i64) -> Value {
    let body = json!({"options": {"requestedPolicyVersion": version}});
    let policy = local.json("POST", "/v1/projects/p:getIamPolicy", body).await;
    policy.expect(200).json()
}

#[tokio::test]
async fn accounts_live_and_die_and_come_back() {
    let local = Local::start().await;
    let made = account(&local, "runner").await;
    assert_eq!(made["email"], RUNNER);
    assert_eq!(made["name"], format!("projects/p/serviceAccounts/{RUNNER}"));
    let uid = made["uniqueId"].as_str().unwrap().to_owned();
    assert!(uid.len() == 21 && uid.bytes().all(|b| b.is_ascii_digit()), "{uid}");
    for path in [
        format!("/v1/projects/p/serviceAccounts/{RUNNER}"),
        format!("/v1/projects/-/serviceAccounts/{RUNNER}"),
        format!("/v1/projects/-/serviceAccounts/{uid}"),
    ] {
        assert_eq!(local.get(&path).await.expect(200).json(), made, "{path}");
    }
    let one = format!("/v1/projects/p/serviceAccounts/{RUNNER}");
    let body = json!({"serviceAccount": {"description": "Runs", "displayName": "x"}, "updateMask": "description"});
    let changed = local.json("PATCH", &one, body.clone()).await.expect(200).json();
    assert_eq!(
        (&changed["description"], &changed["displayName"]),
        (&json!("Runs"), &json!("It runs"))
    );
    let mut stale = body;
    stale["serviceAccount"]["etag"] = made["etag"].clone();
    local.json("PATCH", &one, stale).await.expect(409);

    local
        .json("POST", &format!("{one}:disable"), json!({}))
        .await
        .expect(200);
    assert_eq!(local.get(&one).await.json()["disabled"], true);
    local
        .json("POST", &format!("{one}:enable"), json!({}))
        .await
        .expect(200);
    assert_eq!(local.get(&one).await.json()["disabled"], Value::Null);

    local.delete(&one).await.expect(200);
    local.get(&one).await.expect(404);
    local.delete(&one).await.expect(404);
    let next = account(&local, "runner").await;
    assert_ne!(next["uniqueId"], made["uniqueId"]);
    let undelete = format!("/v1/projects/-/serviceAccounts/{uid}:undelete");
    local.json("POST", &undelete, json!({})).await.expect(400);
    local.delete(&one).await.expect(200);
    let restored = local.json("POST", &undelete, json!({})).await.expect(200).json();
    assert_eq!(restored["restoredAccount"]["uniqueId"], made["uniqueId"]);
    assert_eq!(local.get(&one).await.json()["description"], "Runs");

    account(&local, "another").await;
    let listed = local.get("/v1/projects/p/serviceAccounts?pageSize=1").await.json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 1);
    assert!(listed["nextPageToken"].is_string(), "{listed}");
    assert_eq!(local.get("/v1/projects/other/serviceAccounts").await.json(), json!({}));
    local.get(&format!("{one}/keys")).await.expect(501);
}

#[tokio::test]
async fn account_errors_are_googles() {
    let local = Local::start().await;
    account(&local, "runner").await;
    let all = "/v1/projects/p/serviceAccounts";
    let one = format!("{all}/{RUNNER}");
    let long = "x".repeat(101);
    for (method, path, body, status, says) in [
        ("POST", all, json!({}), 400, "between 6 and 30"),
        ("POST", all, json!({"accountId": "short"}), 400, "between 6 and 30"),
        ("POST", all, json!({"accountId": "Runner-1"}), 400, "does not match"),
        (
            "POST",
            all,
            json!({"accountId": "runner"}),
            409,
            "already exists within project projects/p",
        ),
        (
            "POST",
            all,
            json!({"accountId": "runner-2", "serviceAccount": {"displayName": long}}),
            400,
            "the most is 100",
        ),
        ("PATCH", &one, json!({"serviceAccount": {}}), 400, "Update mask"),
        (
            "PATCH",
            &one,
            json!({"serviceAccount": {}, "updateMask": "email"}),
            400,
            "email cannot be updated",
        ),
        (
            "DELETE",
            "/v1/projects/p/serviceAccounts/none@p.iam.gserviceaccount.com",
            json!({}),
            404,
            "Unknown",
        ),
        (
            "GET",
            "/v1/projects/other/serviceAccounts/runner@p.iam.gserviceaccount.com",
            json!({}),
            404,
            "Unknown",
        ),
        (
            "POST",
            "/v1/projects/-/serviceAccounts/123:undelete",
            json!({}),
            404,
            "Unknown",
        ),
    ] {
        let reply = local.json(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        assert!(reply.text().contains(says), "{method} {path}: {}", reply.text());
    }
}

#[tokio::test]
async fn members_and_roles_are_checked() {
    let local = Local::start().await;
    account(&local, "runner").await;
    // A member, a role, and what is said against it; nothing: it is allowed.
    for (member, role, says) in [
        (
            "serviceAccount:runner@p.iam.gserviceaccount.com",
            "roles/run.invoker",
            "",
        ),
        (
            "serviceAccount:Runner@p.iam.gserviceaccount.com",
            "projects/p/roles/mine",
            "",
        ),
        (
            "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com",
            "roles/run.invoker",
            "",
        ),
        (
            "serviceAccount:1-compute@developer.gserviceaccount.com",
            "roles/run.invoker",
            "",
        ),
        ("serviceAccount:p.svc.id.goog[ns/sa]", "roles/run.invoker", ""),
        ("user:Ada@Example.com", "roles/run.invoker", ""),
        ("group:data@example.com", "roles/run.invoker", ""),
        ("domain:example.com", "roles/run.invoker", ""),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/x/subject/y",
            "roles/run.invoker",
            "",
        ),
        (
            "principalSet://iam.googleapis.com/projects/1/x",
            "roles/run.invoker",
            "",
        ),
        (
            "serviceAccount:none@p.iam.gserviceaccount.com",
            "roles/run.invoker",
            "does not exist",
        ),
        (
            "serviceAccount:runner",
            "roles/run.invoker",
            "Invalid service account (runner)",
        ),
        ("user:ada", "roles/run.invoker", "Invalid user (ada)"),
        ("domain:example", "roles/run.invoker", "Invalid domain"),
        ("ada@example.com", "roles/run.invoker", "is of an unknown type"),
        ("robot:ada@example.com", "roles/run.invoker", "is of an unknown type"),
        ("principal://example.com/x", "roles/run.invoker", "Invalid principal"),
        ("allUsers", "roles/run.invoker", "allUsers"),
        ("user:a@b.c", "run.invoker", "Role (run.invoker) does not exist"),
        ("user:a@b.c", "roles/run invoker", "does not exist"),
    ] {
        let reply = grant(&local, json!([{"role": role, "members": [member]}])).await;
        assert_eq!(
            reply.status,
            if says.is_empty() { 200 } else { 400 },
            "{member} {role}: {}",
            reply.text()
        );
        assert!(reply.text().contains(says), "{member} {role}: {}", reply.text());
    }
    let twice = json!([
        {"role": "roles/viewer", "members": ["user:Ada@example.com", "user:ada@example.com"]},
        {"role": "roles/viewer", "members": ["user:bob@example.com"]},
        {"role": "roles/editor", "members": []},
    ]);
    let set = grant(&local, twice).await.expect(200).json();
    let once = json!([{"role": "roles/viewer", "members": ["user:ada@example.com", "user:bob@example.com"]}]);
    assert_eq!(set["bindings"], once);
    let v3 = local
        .json("POST", "/v3/projects/p:getIamPolicy", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(v3, set, "v1 and v3 are two ways to one policy");
}

#[tokio::test]
async fn what_a_deleted_account_had_its_successor_has_not() {
    let local = Local::start().await;
    let uid = account(&local, "runner").await["uniqueId"].as_str().unwrap().to_owned();
    let member = format!("serviceAccount:{RUNNER}");
    grant(&local, json!([{"role": "roles/run.invoker", "members": [member]}]))
        .await
        .expect(200);
    let members = |policy: &Value| policy["bindings"][0]["members"].clone();
    assert_eq!(members(&policy(&local, 1).await), json!([member]));
    let one = format!("/v1/projects/p/serviceAccounts/{RUNNER}");
    local.delete(&one).await.expect(200);
    let deleted = format!("deleted:serviceAccount:{RUNNER}?uid={uid}");
    assert_eq!(members(&policy(&local, 1).await), json!([deleted]));
    account(&local, "runner").await;
    assert_eq!(members(&policy(&local, 1).await), json!([deleted]));
    let both = grant(
        &local,
        json!([{"role": "roles/run.invoker", "members": [deleted, member]}]),
    )
    .await;
    assert_eq!(members(&both.expect(200).json()), json!([deleted, member]));
}

#[tokio::test]
async fn conditions_need_version_3() {
    let local = Local::start().await;
    let condition = json!({"title": "until", "expression": "request.time < timestamp(\"2030-01-01T00:00:00Z\")"});
    let bindings = json!([
        {"role": "roles/run.invoker", "members": ["user:a@b.c"], "condition": condition},
        {"role": "roles/run.invoker", "members": ["user:a@b.c"]},
    ]);
    let old = json!({"policy": {"version": 1, "bindings": bindings}});
    local.json("POST", "/v1/projects/p:setIamPolicy", old).await.expect(400);
    let set = grant(&local, bindings.clone()).await.expect(200).json();
    assert_eq!((&set["version"], &set["bindings"]), (&json!(3), &bindings));
    assert_eq!(policy(&local, 3).await, set);
    let plain = policy(&local, 1).await;
    let role = plain["bindings"][0]["role"].as_str().unwrap();
    assert!(role.starts_with("roles/run.invoker_withcond_"), "{plain}");
    assert_eq!(
        (&plain["version"], &plain["bindings"][0]["condition"]),
        (&json!(1), &Value::Null)
    );
    // Who read without conditions must not write them away.
    let back = local
        .json("POST", "/v1/projects/p:setIamPolicy", json!({ "policy": plain }))
        .await;
    assert!(
        back.status == 400
            && back
                .text()
                .contains("cannot be less than the existing policy version (3)")
    );
    for (condition, says) in [
        (json!({"expression": "true"}), "titles"),
        (json!({"title": "x"}), "expressions"),
        (
            json!({"title": "x".repeat(101), "expression": "true"}),
            "longer than 100",
        ),
    ] {
        let reply = grant(
            &local,
            json!([{"role": "roles/run.invoker", "members": ["user:a@b.c"], "condition": condition}]),
        );
        let reply = reply.await.expect(400);
        assert!(reply.text().contains(says), "{}", reply.text());
    }
}

#[tokio::test]
async fn old_etags_conflict_and_accounts_have_policies() {
    let local = Local::start().await;
    account(&local, "runner").await;
    let one = format!("/v1/projects/p/serviceAccounts/{RUNNER}");
    let read = local
        .json("POST", &format!("{one}:getIamPolicy"), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!((&read["etag"], &read["bindings"]), (&json!("ACAB"), &json!([])));
    let mut policy = read;
    policy["bindings"] = json!([{"role": "roles/iam.serviceAccountUser", "members": ["user:a@b.c"]}]);
    let body = json!({ "policy": policy });
    let set = format!("{one}:setIamPolicy");
    local.json("POST", &set, body.clone()).await.expect(200);
    let stale = local.json("POST", &set, body).await.expect(409).json();
    assert_eq!(stale["error"]["status"], "ABORTED");
}

#[tokio::test]
async fn a_bucket_can_keep_the_public_out() {
    let local = Local::start().await;
    for (name, prevention, uniform) in [("open", "inherited", true), ("shut", "enforced", false)] {
        let access = json!({"publicAccessPrevention": prevention, "uniformBucketLevelAccess": {"enabled": uniform}});
        let body = json!({"name": format!("bucket-{name}"), "iamConfiguration": access});
        local.json("POST", "/storage/v1/b?project=p", body).await.expect(200);
    }
    let public = json!({"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]});
    local
        .json("PUT", "/storage/v1/b/bucket-open/iam", public.clone())
        .await
        .expect(200);
    let refused = local
        .json("PUT", "/storage/v1/b/bucket-shut/iam", public)
        .await
        .expect(412);
    assert!(
        refused.text().contains("public access prevention is enforced"),
        "{}",
        refused.text()
    );
    let conditional = json!({"version": 3, "bindings": [{
        "role": "roles/storage.objectViewer", "members": ["user:a@b.c"],
        "condition": {"title": "t", "expression": "true"},
    }]});
    local
        .json("PUT", "/storage/v1/b/bucket-open/iam", conditional.clone())
        .await
        .expect(200);
    local
        .json("PUT", "/storage/v1/b/bucket-shut/iam", conditional)
        .await
        .expect(400);
    let path = "/storage/v1/b/bucket-open/iam?optionsRequestedPolicyVersion=3";
    assert_eq!(local.get(path).await.json()["bindings"][0]["condition"]["title"], "t");
}
