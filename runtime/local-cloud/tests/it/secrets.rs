//! Secret Manager.

use serde_json::{Value, json};

use crate::harness::Local;

#[tokio::test]
async fn secrets_and_their_versions() {
    let local = Local::start().await;
    let all = "/v1/projects/p/secrets";
    let automatic = json!({"replication": {"automatic": {}}, "labels": {"a": "b"}, "annotations": {"url": "x"}});
    let made = local
        .json("POST", &format!("{all}?secretId=s"), automatic.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&made["name"], &made["labels"]["a"]),
        (&json!("projects/p/secrets/s"), &json!("b"))
    );
    assert_eq!(made["annotations"]["url"], "x");
    for (path, body, status) in [
        (format!("{all}?secretId=s"), automatic, 409),
        (format!("{all}?secretId=t"), json!({}), 400),
        (
            format!("{all}?secretId=a.b"),
            json!({"replication": {"automatic": {}}}),
            400,
        ),
        (all.to_owned(), json!({"replication": {"automatic": {}}}), 400),
        (
            format!("{all}/none:addVersion"),
            json!({"payload": {"data": "eA=="}}),
            404,
        ),
        (format!("{all}/s:addVersion"), json!({"payload": {}}), 400),
        (
            format!("{all}/s:addVersion"),
            json!({"payload": {"data": "eA==", "dataCrc32c": "1"}}),
            400,
        ),
    ] {
        let reply = local.json("POST", &path, body).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    local.get(&format!("{all}/s/versions/latest:access")).await.expect(404);
    for (data, number) in [("b25l", 1), ("dHdv", 2)] {
        let added = local
            .json(
                "POST",
                &format!("{all}/s:addVersion"),
                json!({"payload": {"data": data}}),
            )
            .await
            .expect(200);
        assert_eq!(added.json()["name"], format!("projects/p/secrets/s/versions/{number}"));
    }
    let latest = local
        .get(&format!(
            "{all}/s/versions/latest:access?%24alt=json%3Benum-encoding%3Dint"
        ))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&latest["payload"]["data"], &latest["payload"]["dataCrc32c"]),
        (&json!("dHdv"), &json!("1389933475"))
    );
    assert_eq!(
        local.get(&format!("{all}/s/versions/1:access")).await.json()["payload"]["data"],
        "b25l"
    );
    let listed = local.get(&format!("{all}/s/versions")).await.json();
    assert!(
        !listed.to_string().contains("dHdv") && listed["totalSize"] == 2,
        "{listed}"
    );

    let version = format!("{all}/s/versions/2");
    assert_eq!(
        local
            .json("POST", &format!("{version}:disable"), json!({}))
            .await
            .expect(200)
            .json()["state"],
        "DISABLED"
    );
    let refused = local.get(&format!("{version}:access")).await.expect(400).json();
    assert_eq!(refused["error"]["status"], "FAILED_PRECONDITION");
    local
        .json("POST", &format!("{version}:enable"), json!({}))
        .await
        .expect(200);
    let destroyed = local
        .json("POST", &format!("{version}:destroy"), json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&destroyed["state"], destroyed["destroyTime"].is_string()),
        (&json!("DESTROYED"), true)
    );
    local
        .json("POST", &format!("{version}:enable"), json!({}))
        .await
        .expect(400);

    // Versions came and went; the secret itself is still as it was made.
    let change = json!({"labels": {"c": "d"}, "etag": made["etag"]});
    let patched = local
        .json("PATCH", &format!("{all}/s?updateMask=labels,annotations"), change)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&patched["labels"], &patched["annotations"]),
        (&json!({"c": "d"}), &Value::Null)
    );
    local
        .json(
            "PATCH",
            &format!("{all}/s?updateMask=labels"),
            json!({"etag": made["etag"]}),
        )
        .await
        .expect(400);
    local
        .json("PATCH", &format!("{all}/s?updateMask=replication"), json!({}))
        .await
        .expect(400);
    let found = local.get(&format!("{all}?filter=labels.c=d")).await.json();
    assert_eq!(found["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(
        local.get(&format!("{all}?filter=name:nothing")).await.json()["totalSize"],
        0
    );
    local.get(&format!("{all}?filter=create_time>2020")).await.expect(501);
    local.delete(&format!("{all}/s")).await.expect(200);
    local.get(&format!("{all}/s/versions/1:access")).await.expect(404);
    local
        .json(
            "POST",
            &format!("{all}?secretId=s"),
            json!({"replication": {"automatic": {}}}),
        )
        .await
        .expect(200);
    assert_eq!(
        local.get(&format!("{all}/s/versions")).await.json()["totalSize"],
        0,
        "a new secret has no old versions"
    );
}
