//! Tokens, the metadata server, projects, and starting the local cloud itself.

use headwater_local_cloud::{Error, LocalCloud};
use serde_json::json;

use crate::harness::{Local, options};

#[tokio::test]
async fn tokens_are_given() {
    let local = Local::start().await;
    // {"iss":"a@b"}
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhQGIifQ.c2ln";
    for (form, status, has) in [
        (
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={jwt}"),
            200,
            "access_token",
        ),
        (
            "grant_type=refresh_token&refresh_token=r&client_id=c".to_owned(),
            200,
            "expires_in",
        ),
        ("grant_type=refresh_token".to_owned(), 400, "invalid_request"),
        (
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=nonsense".to_owned(),
            400,
            "invalid_grant",
        ),
        ("grant_type=password".to_owned(), 400, "unsupported_grant_type"),
    ] {
        for path in ["/token", "/oauth2/v4/token"] {
            let request = local
                .request("POST", path)
                .header("content-type", "application/x-www-form-urlencoded");
            let reply = local.send(request.body(form.clone())).await;
            assert!(
                reply.status == status && reply.text().contains(has),
                "{form}: {} {}",
                reply.status,
                reply.text()
            );
        }
    }
    let metadata = local.get("/computeMetadata/v1/project/project-id").await.expect(200);
    assert_eq!(
        (metadata.text().as_str(), metadata.header("metadata-flavor")),
        ("p", "Google")
    );
    local
        .get("/computeMetadata/v1/instance/service-accounts/default/token")
        .await
        .expect(200);
    assert_eq!(local.get("/v1/projects/p").await.expect(200).json()["projectId"], "p");
    let enabled = local
        .get("/v1/projects/p/services/run.googleapis.com")
        .await
        .expect(200)
        .json();
    assert_eq!(enabled["state"], "ENABLED");
    local
        .json(
            "POST",
            "/v1/projects/p/services:batchEnable",
            json!({"serviceIds": ["x"]}),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn a_directory_and_a_port_have_one_owner() {
    let local = Local::start().await;
    let taken = LocalCloud::start(options(local.dir.path(), "/bin/true".into()))
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(taken, Error::Locked { .. }), "{taken}");
    assert!(
        taken.to_string().contains(&std::process::id().to_string()) && taken.hint().contains("local down"),
        "{taken}"
    );

    let port = local.base.rsplit(':').next().unwrap().parse().unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut options = options(other.path(), "/bin/true".into());
    options.port = port;
    let busy = LocalCloud::start(options).await.map(|_| ()).unwrap_err();
    assert!(
        matches!(busy, Error::Listen { .. }) && busy.hint().contains("--port"),
        "{busy}"
    );
}

#[tokio::test]
async fn after_a_shutdown_everything_is_there_again() {
    let Local { cloud, client, dir } = Local::start().await;
    client.bucket("bkt").await;
    client.put("bkt", "o", "", "kept").await.expect(200);
    cloud.shutdown().await;
    assert!(
        client
            .try_send(client.request("GET", "/_control/health"))
            .await
            .is_err()
    );
    let begun = std::time::Instant::now();
    let cloud = LocalCloud::start(options(dir.path(), "/bin/true".into()))
        .await
        .unwrap();
    assert!(begun.elapsed().as_secs() < 1, "ready in {:?}", begun.elapsed());
    let client = crate::harness::Client::new(cloud.base_url());
    assert_eq!(
        client.get("/storage/v1/b/bkt/o/o?alt=media").await.expect(200).text(),
        "kept"
    );
    let link = client.get("/storage/v1/b/bkt/o/o").await.json()["selfLink"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        link.starts_with(cloud.base_url()),
        "links are of the port that is served now: {link}"
    );
}

#[tokio::test]
async fn a_query_runs_as_whom_its_token_stands_for() {
    let local = Local::start().await;
    let user = async |token: Option<&str>| {
        let mut request = local.request("POST", "/bigquery/v2/projects/p/queries");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let query = json!({"query": "SELECT SESSION_USER()", "useLegacySql": false});
        let answer = local.send(request.json(&query)).await.expect(200).json();
        let job = answer["jobReference"]["jobId"].as_str().unwrap();
        let job = local
            .get(&format!("/bigquery/v2/projects/p/jobs/{job}"))
            .await
            .expect(200)
            .json();
        assert_eq!(job["user_email"], answer["rows"][0]["f"][0]["v"]);
        job["user_email"].as_str().unwrap().to_owned()
    };
    assert_eq!(user(None).await, "local@headwater");
    assert_eq!(user(Some("ya29.opaque")).await, "local@headwater");
    // {"iss":"a@b"}, signed by the account itself.
    assert_eq!(user(Some("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhQGIifQ.c2ln")).await, "a@b");
    let runner = "runner@p.iam.gserviceaccount.com";
    let body = json!({"scope": ["https://www.googleapis.com/auth/cloud-platform"]});
    let path = format!("/v1/projects/-/serviceAccounts/{runner}:generateAccessToken");
    let token = local.json("POST", &path, body).await.expect(200).json();
    assert_eq!(user(token["accessToken"].as_str()).await, runner);
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let token = local.get(path).await.expect(200).json();
    let account = local
        .get("/computeMetadata/v1/instance/service-accounts/default/email")
        .await
        .text();
    assert_eq!(user(token["access_token"].as_str()).await, account);
}
