//! Dataform's compilation results: real projects, compiled by Dataform's own core.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::dataform_project::{NAME, ONE, ORDERS, SETTINGS, TOTALS, commit, compile, invoke, repository};
use crate::harness::{Local, Reply};

#[tokio::test]
async fn projects_are_compiled_from_commits_workspaces_and_releases() {
    let local = Local::start().await;
    repository(&local, &[SETTINGS, ORDERS, TOTALS]).await;
    let first = compile(&local, json!({"git_commitish": "main"})).await;
    assert_eq!(first["dataformCoreVersion"], "3.0.62");
    assert_eq!(first["compilationErrors"], Value::Null);
    assert_eq!(first["resolvedGitCommitSha"].as_str().unwrap().len(), 40);
    assert!(first["createTime"].is_string());
    let path = format!("/v1/{}", first["name"].as_str().unwrap());
    assert_eq!(local.get(&path).await.expect(200).json(), first);

    let actions = local.get(&format!("{path}:query")).await.expect(200).json();
    let actions = actions["compilationResultActions"].as_array().unwrap().clone();
    assert_eq!(actions.len(), 4, "two inline assertions among them: {actions:?}");
    let orders = actions
        .iter()
        .find(|action| action["target"]["name"] == "orders")
        .unwrap();
    assert_eq!(orders["filePath"], "definitions/orders.sqlx");
    assert_eq!(orders["relation"]["relationType"], "TABLE");
    assert_eq!(orders["relation"]["tags"], json!(["daily"]));
    let descriptor = &orders["relation"]["relationDescriptor"];
    assert_eq!(
        descriptor["columns"],
        json!([{"path": ["id"], "description": "Its number."}])
    );
    assert_eq!(descriptor["bigqueryLabels"], json!({"layer": "mart"}));
    let totals = actions
        .iter()
        .find(|action| action["target"]["name"] == "totals")
        .unwrap();
    assert_eq!(totals["relation"]["dependencyTargets"], json!([orders["target"]]));
    assert!(
        totals["relation"]["selectQuery"]
            .as_str()
            .unwrap()
            .contains("`p.marts.orders` WHERE amount > 5")
    );
    let parents = actions
        .iter()
        .filter(|action| action["assertion"]["parentAction"] == orders["target"]);
    assert_eq!(parents.count(), 2);
    let filtered = format!("{path}:query?filter=file_path%3D%22definitions/totals.sqlx%22");
    let filtered = local.get(&filtered).await.expect(200).json();
    assert_eq!(filtered["compilationResultActions"], json!([totals]));
    let page = local.get(&format!("{path}:query?pageSize=3")).await.expect(200).json();
    let rest = format!(
        "{path}:query?pageSize=3&pageToken={}",
        page["nextPageToken"].as_str().unwrap()
    );
    let rest = local.get(&rest).await.expect(200).json();
    assert_eq!(rest["compilationResultActions"].as_array().unwrap().len(), 1);
    local.get(&format!("{path}:query?filter=tags:x")).await.expect(400);

    // A workspace, with the repository's overrides and then with its own.
    let masked = format!("{ONE}?updateMask=workspaceCompilationOverrides");
    let overrides = json!({"workspaceCompilationOverrides": {"schemaSuffix": "${workspaceName}", "tablePrefix": "x"}});
    local.json("PATCH", &masked, overrides).await.expect(200);
    local
        .json("POST", &format!("{ONE}/workspaces?workspaceId=ann"), json!({}))
        .await
        .expect(200);
    let write =
        json!({"path": "definitions/bad.sqlx", "contents": STANDARD.encode("SELECT * FROM ${ref(\"nowhere\")}")});
    let file = format!("{ONE}/workspaces/ann:writeFile");
    local.json("POST", &file, write).await.expect(200);
    let workspace = format!("{NAME}/workspaces/ann");
    let result = compile(&local, json!({"workspace": workspace})).await;
    assert_eq!(result["resolvedGitCommitSha"], Value::Null);
    let error = &result["compilationErrors"][0];
    assert_eq!(error["path"], "definitions/bad.sqlx", "{result}");
    assert!(error["message"].as_str().unwrap().contains("nowhere"), "{result}");
    let names = async |result: &Value, kind: &str| {
        let path = format!("/v1/{}:query", result["name"].as_str().unwrap());
        let actions = local.get(&path).await.expect(200).json();
        let all = actions["compilationResultActions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let of_kind = all.iter().filter(|action| action[kind].is_object());
        let name = |action: &Value| {
            let part = |name: &str| action["target"][name].as_str().unwrap().to_owned();
            format!("{}.{}", part("schema"), part("name"))
        };
        of_kind.map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names(&result, "relation").await,
        "marts_ann.x_orders marts_ann.x_totals"
    );
    let own =
        json!({"workspace": workspace, "codeCompilationConfig": {"schemaSuffix": "mine", "vars": {"least": "7"}}});
    let result = compile(&local, own).await;
    assert_eq!(
        names(&result, "relation").await,
        "marts_mine.x_orders marts_mine.x_totals"
    );
    assert_eq!(result["codeCompilationConfig"]["vars"], json!({"least": "7"}));

    // A release, whose result can be set in it.
    let releases = format!("{ONE}/releaseConfigs");
    let release = json!({"gitCommitish": "main", "codeCompilationConfig": {"defaultSchema": "prod"}});
    for id in ["prod", "other"] {
        let path = format!("{releases}?releaseConfigId={id}");
        local.json("POST", &path, release.clone()).await.expect(200);
    }
    let result = compile(&local, json!({"releaseConfig": format!("{NAME}/releaseConfigs/prod")})).await;
    assert_eq!(names(&result, "relation").await, "prod.orders prod.totals");
    let set = |id: &str| format!("{releases}/{id}?updateMask=releaseCompilationResult");
    let released = json!({"releaseCompilationResult": result["name"]});
    local.json("PATCH", &set("prod"), released.clone()).await.expect(200);
    let refused = local.json("PATCH", &set("other"), released).await.expect(400).text();
    assert!(refused.contains("was not created from the release config"), "{refused}");
    let gone = json!({"releaseCompilationResult": format!("{NAME}/compilationResults/gone")});
    local.json("PATCH", &set("prod"), gone).await.expect(404);

    for (body, status) in [
        (json!({}), 400),
        (json!({"gitCommitish": "main", "workspace": workspace}), 400),
        (json!({"gitCommitish": "trunk"}), 404),
        (json!({"workspace": "ann"}), 400),
        (json!({"workspace": format!("{NAME}/workspaces/bob")}), 404),
        (json!({"releaseConfig": format!("{NAME}/releaseConfigs/gone")}), 404),
        (
            json!({"gitCommitish": "main", "codeCompilationConfig": {"colour": "red"}}),
            400,
        ),
    ] {
        let reply = local
            .json("POST", &format!("{ONE}/compilationResults"), body.clone())
            .await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
    let all = format!("{ONE}/compilationResults");
    let listed = |reply: Reply| {
        reply.expect(200).json()["compilationResults"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(listed(local.get(&all).await), 4);
    let newest = local
        .get(&format!("{all}?orderBy=create_time%20desc&pageSize=1"))
        .await
        .json();
    assert_eq!(newest["compilationResults"][0]["name"], result["name"]);
    let by_workspace = format!("{all}?filter=workspace%3D%22{workspace}%22");
    assert_eq!(listed(local.get(&by_workspace).await), 2);
    local.get(&format!("{all}?orderBy=errors")).await.expect(400);
    local.get(&format!("{all}/gone")).await.expect(404);
    let beta = path.replace("/v1/", "/v1beta1/");
    assert_eq!(local.get(&beta).await.expect(200).json()["name"], first["name"]);
}

#[tokio::test]
async fn projects_that_do_not_compile_say_why() {
    let local = Local::start().await;
    repository(&local, &[ORDERS]).await;
    for (files, path, says) in [
        (&[][..], "workflow_settings.yaml", "Failed to resolve"),
        (
            &[(
                "workflow_settings.yaml",
                "defaultProject: p\ndataformCoreVersion: newest\n",
            )],
            "workflow_settings.yaml",
            "newest",
        ),
        (
            &[
                SETTINGS,
                (
                    "definitions/loop.js",
                    "const all = []; while (true) all.push(\"x\".repeat(1 << 20));\n",
                ),
            ],
            "",
            "grows without end",
        ),
        (
            &[("definitions/loop.js", "publish(\"x\", {type: \"colour\"})\n")],
            "definitions/loop.js",
            "colour",
        ),
    ] {
        if !files.is_empty() {
            commit(&local, files).await;
        }
        let result = compile(&local, json!({"gitCommitish": "HEAD"})).await;
        let errors = result["compilationErrors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| {
            error["path"].as_str().unwrap_or_default() == path && error["message"].as_str().unwrap().contains(says)
        });
        assert!(found, "{path} {says}: {result}");
        let refused = invoke(&local, json!({"compilationResult": result["name"]}))
            .await
            .expect(400);
        assert!(refused.text().contains("compilation errors"), "{}", refused.text());
    }
}

#[tokio::test]
async fn the_limits_of_the_hosted_service_are_errors() {
    let local = Local::start().await;
    let many = "for (let i = 0; i < 60; i++) publish(`t${i}`).query(\"SELECT 1 AS x\");\n\
        publish(\"all\").query(ctx => Array.from({length: 60}, (_, i) => `SELECT x FROM ${ctx.ref(`t${i}`)}`).join(\" UNION ALL \"));\n\
        for (let i = 0; i < 5000; i++) declare({schema: \"raw\", name: `d${i}`});\n";
    repository(&local, &[SETTINGS, ("definitions/many.js", many)]).await;
    let result = compile(&local, json!({"gitCommitish": "main"})).await;
    let errors: Vec<&str> = result["compilationErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        errors,
        [
            "The project has 5061 actions; Dataform compiles at most 5000. Split the repository.",
            "'p.marts.all' depends on 60 actions; Dataform compiles at most 50 for one.",
        ]
    );
}
