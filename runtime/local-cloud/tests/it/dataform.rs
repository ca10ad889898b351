//! Dataform: repositories, their files, release and workflow configurations.

use serde_json::{Value, json};

use crate::harness::Local;

const ALL: &str = "/v1/projects/p/locations/l/repositories";
const ONE: &str = "/v1/projects/p/locations/l/repositories/sales";
const NAME: &str = "projects/p/locations/l/repositories/sales";

async fn repository(local: &Local) {
    local
        .json("POST", &format!("{ALL}?repositoryId=sales"), json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn repositories_are_kept_and_changed() {
    let local = Local::start().await;
    let remote = json!({"url": "https://git.example.com/x.git", "defaultBranch": "trunk",
        "authenticationTokenSecretVersion": "projects/p/secrets/token/versions/1"});
    let body = json!({"displayName": "Sales", "git_remote_settings": remote, "labels": {"team": "crm"},
        "workspaceCompilationOverrides": {"schemaSuffix": "dev"}, "setAuthenticatedUserAdmin": true});
    let create = format!("{ALL}?repositoryId=sales&%24alt=json%3Benum-encoding%3Dint");
    let made = local.json("POST", &create, body.clone()).await.expect(200).json();
    assert_eq!(made["name"], NAME);
    assert_eq!(made["gitRemoteSettings"]["effectiveDefaultBranch"], "trunk");
    assert!(
        made["createTime"].is_string() && made["setAuthenticatedUserAdmin"].is_null(),
        "{made}"
    );
    local.json("POST", &create, body).await.expect(409);
    assert_eq!(local.get(ONE).await.json(), made);
    assert_eq!(local.get(ALL).await.json()["repositories"], json!([made]));
    let beta = local.get("/v1beta1/projects/p/locations/l/repositories/sales").await;
    assert_eq!(beta.expect(200).json(), made, "the beta version serves the same");

    let masked = format!("{ONE}?updateMask=displayName,labels");
    let changed = local
        .json("PATCH", &masked, json!({"labels": {"team": "erp"}}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["displayName"], &changed["labels"]),
        (&Value::Null, &json!({"team": "erp"}))
    );
    assert_eq!(changed["gitRemoteSettings"]["url"], "https://git.example.com/x.git");
    let whole = local
        .json("PATCH", ONE, json!({"displayName": "Bare"}))
        .await
        .expect(200)
        .json();
    assert!(
        whole["labels"].is_null() && whole["gitRemoteSettings"].is_null(),
        "no mask sets all: {whole}"
    );
    local
        .json("PATCH", &format!("{ONE}?updateMask=colour"), json!({}))
        .await
        .expect(400);
    local.delete(ONE).await.expect(200);
    local.get(ONE).await.expect(404);
}

#[tokio::test]
async fn what_google_refuses_in_repositories_is_refused() {
    let local = Local::start().await;
    let kms = json!({"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"});
    let made = local
        .json("POST", &format!("{ALL}?repositoryId=sealed"), kms)
        .await
        .expect(200)
        .json();
    assert!(made["dataEncryptionState"]["kmsKeyVersionName"].is_string());
    for (body, says) in [
        (json!({"colour": "red"}), "Unknown name \"colour\""),
        (json!({"labels": {"Team": "x"}}), "Label 'Team'"),
        (json!({"serviceAccount": "nobody"}), "service_account"),
        (
            json!({"npmrcEnvironmentVariablesSecretVersion": "s"}),
            "projects/*/secrets/*/versions/*",
        ),
        (json!({"gitRemoteSettings": {"url": "ftp://x"}}), "HTTPS or SSH"),
        (
            json!({"gitRemoteSettings": {"url": "git@x.com:y.git"}}),
            "needs ssh_authentication_config",
        ),
        (
            json!({"gitRemoteSettings": {"url": "https://x", "sshAuthenticationConfig": {}}}),
            "is for SSH URLs",
        ),
        (json!({"kmsKeyName": "k"}), "cryptoKeys"),
    ] {
        let refused = local
            .json("POST", &format!("{ALL}?repositoryId=bad"), body)
            .await
            .expect(400)
            .text()
            .replace('\\', "");
        assert!(refused.contains(says), "{says}: {refused}");
    }
    local
        .json("POST", &format!("{ALL}?repositoryId=no%20way"), json!({}))
        .await
        .expect(400);
    let sealed = format!("{ALL}/sealed");
    local.json("PATCH", &sealed, json!({})).await.expect(400);
    local
        .json(
            "PATCH",
            &format!("{sealed}?updateMask=displayName"),
            json!({"displayName": "x"}),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn commits_hold_files_and_survive_a_restart() {
    let local = Local::start().await;
    repository(&local).await;
    let author = json!({"author": {"name": "A", "emailAddress": "a@b.c"}, "commitMessage": "first"});
    let files = json!({"definitions/a.sqlx": {"writeFile": {"contents": "YQ=="}}, "includes/x/y.js": {"writeFile": {"contents": ""}}});
    let commit = format!("{ONE}:commit");
    assert!(local.get(&format!("{ONE}:fetchHistory")).await.expect(200).json()["commits"].is_null());
    let first = local
        .json(
            "POST",
            &commit,
            json!({"commitMetadata": author, "fileOperations": files}),
        )
        .await
        .expect(200)
        .json()["commitSha"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = json!({"commitMetadata": author, "requiredHeadCommitSha": first, "fileOperations": {
        "definitions/a.sqlx": {"writeFile": {"contents": "Yg=="}}, "includes/x/y.js": {"deleteFile": {}}}});
    local.json("POST", &commit, second.clone()).await.expect(200);
    local.json("POST", &commit, second).await.expect(400);
    for (operations, status) in [
        (json!({"../x": {"deleteFile": {}}}), 400),
        (json!({"x": {}}), 400),
        (json!({"gone": {"deleteFile": {}}}), 404),
        (json!({"definitions": {"writeFile": {"contents": "YQ=="}}}), 400),
        (json!({"x": {"writeFile": {"contents": "?"}}}), 400),
    ] {
        let body = json!({"commitMetadata": author, "fileOperations": operations});
        local.json("POST", &commit, body).await.expect(status);
    }
    local
        .json("POST", &commit, json!({"commitMetadata": {}}))
        .await
        .expect(400);

    let local = local.restart().await;
    let read = format!("{ONE}:readFile?path=definitions/a.sqlx");
    assert_eq!(local.get(&read).await.expect(200).json()["contents"], "Yg==");
    assert_eq!(
        local.get(&format!("{read}&commitSha={first}")).await.expect(200).json()["contents"],
        "YQ=="
    );
    local
        .get(&format!("{ONE}:readFile?path=includes/x/y.js"))
        .await
        .expect(404);
    local.get(&format!("{read}&commitSha=abc")).await.expect(404);
    let at_first = local
        .get(&format!("{ONE}:queryDirectoryContents?commitSha={first}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        at_first["directoryEntries"],
        json!([{"directory": "definitions"}, {"directory": "includes"}])
    );
    let below = local
        .get(&format!("{ONE}:queryDirectoryContents?path=definitions"))
        .await
        .expect(200)
        .json();
    assert_eq!(below["directoryEntries"], json!([{"file": "definitions/a.sqlx"}]));
    local
        .get(&format!("{ONE}:queryDirectoryContents?path=includes"))
        .await
        .expect(404);
    let history = local
        .get(&format!("{ONE}:fetchHistory?pageSize=1"))
        .await
        .expect(200)
        .json();
    assert!(history["commits"][0]["commitSha"] != first.as_str() && history["nextPageToken"].is_string());

    let remote = json!({"gitRemoteSettings": {"url": "https://git.example.com/x.git"}});
    local
        .json("PATCH", &format!("{ONE}?updateMask=gitRemoteSettings"), remote)
        .await
        .expect(200);
    local.get(&read).await.expect(501);
    local
        .json("POST", &commit, json!({"commitMetadata": author}))
        .await
        .expect(400);
}

#[tokio::test]
async fn configurations_lean_on_each_other() {
    let local = Local::start().await;
    let releases = format!("{ONE}/releaseConfigs");
    let workflows = format!("{ONE}/workflowConfigs");
    let release = json!({"gitCommitish": "main", "cronSchedule": "0 6 * * *", "timeZone": "Europe/Berlin",
        "codeCompilationConfig": {"vars": {"as_of": "now"}, "schemaSuffix": "prod"}});
    local
        .json("POST", &format!("{releases}?releaseConfigId=prod"), release.clone())
        .await
        .expect(404);
    repository(&local).await;
    local
        .json("POST", &format!("{releases}?releaseConfigId=prod"), release.clone())
        .await
        .expect(200);
    local
        .json("POST", &format!("{releases}?releaseConfigId=prod"), release.clone())
        .await
        .expect(409);
    for (field, value, status) in [
        ("gitCommitish", json!(""), 400),
        ("cronSchedule", json!("often"), 400),
        ("timeZone", json!("Mars/Olympus"), 400),
        ("releaseCompilationResult", json!("x"), 400),
        (
            "releaseCompilationResult",
            json!(format!("{NAME}/compilationResults/1")),
            404,
        ),
        ("codeCompilationConfig", json!({"vars": {"a": 1}}), 400),
    ] {
        let mut body = release.clone();
        body[field] = value;
        local
            .json("POST", &format!("{releases}?releaseConfigId=x"), body)
            .await
            .expect(status);
    }
    let workflow = json!({"releaseConfig": format!("{NAME}/releaseConfigs/prod"), "invocationConfig": {
        "includedTargets": [{"name": "t", "schema": "s"}], "includedTags": ["daily"], "queryPriority": 2}});
    let create = format!("{workflows}?workflowConfigId=daily");
    let made = local.json("POST", &create, workflow.clone()).await.expect(200).json();
    assert_eq!(made["invocationConfig"]["queryPriority"], "BATCH");
    for (field, value, status) in [
        ("releaseConfig", json!(format!("{NAME}/releaseConfigs/gone")), 404),
        ("releaseConfig", json!("prod"), 400),
        (
            "releaseConfig",
            json!("projects/p/locations/l/repositories/other/releaseConfigs/prod"),
            400,
        ),
        ("invocationConfig", json!({"includedTargets": [{"schema": "s"}]}), 400),
        ("invocationConfig", json!({"queryPriority": "SOON"}), 400),
        ("cronSchedule", json!("61 * * * *"), 400),
    ] {
        let mut body = workflow.clone();
        body[field] = value;
        local
            .json("POST", &format!("{workflows}?workflowConfigId=x"), body)
            .await
            .expect(status);
    }
    let path = format!("{workflows}/daily?updateMask=disabled,cronSchedule");
    let changed = local
        .json("PATCH", &path, json!({"disabled": true, "cronSchedule": "5 4 * * *"}))
        .await;
    let changed = changed.expect(200).json();
    assert_eq!(
        (&changed["disabled"], &changed["invocationConfig"]),
        (&json!(true), &made["invocationConfig"])
    );

    local.delete(&format!("{releases}/prod")).await.expect(400);
    let refused = local.delete(ONE).await.expect(400).text();
    assert!(refused.contains("has nested resources"), "{refused}");
    local.delete(&format!("{workflows}/daily")).await.expect(200);
    local.delete(&format!("{workflows}/daily")).await.expect(404);
    local.delete(ONE).await.expect(400);
    local.delete(&format!("{ONE}?force=true")).await.expect(200);
    repository(&local).await;
    assert!(
        local.get(&releases).await.expect(200).json()["releaseConfigs"].is_null(),
        "force took it"
    );
}
