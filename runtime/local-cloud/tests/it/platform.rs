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
