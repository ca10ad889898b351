//! Artifact Registry: repositories, the registry's protocol, and that Cloud Run executes what was pushed.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Client, Local, Reply};

const REPOSITORIES: &str = "/artifactregistry/v1/projects/p/locations/l/repositories";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

async fn repository(client: &Client, id: &str) -> Value {
    let body = json!({"format": "DOCKER", "labels": {"team": "crm"}});
    let begun = client
        .json("POST", &format!("{REPOSITORIES}?repositoryId={id}"), body)
        .await;
    client.finish_at("artifactregistry/v1", &begun.expect(200)).await["response"].clone()
}

async fn put(client: &Client, location: &str, query: &str, body: &[u8]) -> Reply {
    let request = client.request("PUT", &format!("{location}?{query}"));
    client.send(request.body(body.to_vec())).await
}

/// Begins an upload; where it goes on.
async fn begin(client: &Client, image: &str) -> String {
    let begun = client
        .send(client.request("POST", &format!("/v2/{image}/blobs/uploads/")))
        .await;
    begun.expect(202).header("location").to_owned()
}

async fn blob(client: &Client, image: &str, bytes: &[u8]) -> String {
    let (at, digest) = (begin(client, image).await, digest(bytes));
    let sent = put(client, &at, &format!("digest={digest}"), bytes).await.expect(201);
    assert_eq!(sent.header("docker-content-digest"), digest);
    digest
}

async fn manifest(client: &Client, image: &str, reference: &str, body: &str) -> Reply {
    let request = client.request("PUT", &format!("/v2/{image}/manifests/{reference}"));
    client
        .send(request.header("content-type", IMAGE).body(body.to_owned()))
        .await
}

/// A layer with a script and what it reads.
fn layer(script: &str, other: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, mode, text) in [("bin/run", 0o755, script), ("etc/text", 0o644, other)] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Pushes an image whose program is a script; its digest.
async fn push(client: &Client, image: &str, tag: &str, script: &str, other: &str) -> String {
    let layer = blob(client, image, &layer(script, other)).await;
    let config = json!({"config": {"Entrypoint": ["/bin/run", "own"], "Cmd": ["alone"], "Env": ["KIND=image"], "WorkingDir": "/etc"}});
    let config = config.to_string();
    let own = blob(client, image, config.as_bytes()).await;
    let body = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": own, "size": config.len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer, "size": 1}],
    })
    .to_string();
    let pushed = manifest(client, image, tag, &body).await.expect(201);
    assert_eq!(pushed.header("docker-content-digest"), digest(body.as_bytes()));
    digest(body.as_bytes())
}

#[tokio::test]
async fn repositories_are_kept_and_changed() {
    let local = Local::start().await;
    let made = repository(&local, "images").await;
    assert_eq!(made["name"], "projects/p/locations/l/repositories/images");
    assert_eq!(made["registryUri"], "l-docker.pkg.dev/p/images");
    let again = json!({"format": "DOCKER"});
    local
        .json("POST", &format!("{REPOSITORIES}?repositoryId=images"), again)
        .await
        .expect(409);
    for (id, body, status) in [
        ("Images", json!({"format": "DOCKER"}), 400),
        ("other", json!({}), 400),
        ("other", json!({"format": "MAVEN"}), 501),
        ("other", json!({"format": "DOCKER", "colour": "red"}), 400),
        ("other", json!({"format": "DOCKER", "mode": "REMOTE_REPOSITORY"}), 501),
    ] {
        local
            .json("POST", &format!("{REPOSITORIES}?repositoryId={id}"), body)
            .await
            .expect(status);
    }
    let path = format!("{REPOSITORIES}/images");
    let changed = json!({"description": "d", "labels": {}});
    let changed = local
        .json("PATCH", &format!("{path}?updateMask=description"), changed)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["description"], &changed["labels"]["team"]),
        (&json!("d"), &json!("crm"))
    );
    let listed = local.get(REPOSITORIES).await.expect(200).json();
    assert_eq!(listed["repositories"].as_array().map(Vec::len), Some(1));
    let deleted = local.delete(&path).await.expect(200);
    local.finish_at("artifactregistry/v1", &deleted).await;
    local.get(&path).await.expect(404);
    local.delete(&path).await.expect(404);
}

#[tokio::test]
async fn blobs_arrive_at_once_in_pieces_and_from_elsewhere() {
    let local = Local::start().await;
    repository(&local, "images").await;
    repository(&local, "others").await;
    local.get("/v2/").await.expect(200);
    let unknown = local
        .send(local.request("POST", "/v2/p/none/i/blobs/uploads/"))
        .await
        .expect(404)
        .json();
    assert_eq!(unknown["errors"][0]["code"], "NAME_UNKNOWN");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sum = digest(&bytes);
    let path = format!("/v2/p/images/i/blobs/{sum}");
    local.get(&path).await.expect(404);

    // What is not what was promised is not kept.
    let at = begin(&local, "p/images/i").await;
    let wrong = put(&local, &at, &format!("digest={sum}"), &bytes[1..])
        .await
        .expect(400)
        .json();
    assert_eq!(wrong["errors"][0]["code"], "DIGEST_INVALID");
    local.get(&path).await.expect(404);
    local.get(&at).await.expect(404);

    // Pieces must follow each other; a killed cloud has kept those that it answered.
    let at = begin(&local, "p/images/i").await;
    let piece = |from: usize, to: usize| {
        let request = local.request("PATCH", &at);
        let request = request.header("content-range", format!("{from}-{}", to - 1));
        local.send(request.body(bytes[from..to].to_vec()))
    };
    let half = piece(0, 1_000_000).await.expect(202);
    assert_eq!(half.header("range"), "0-999999");
    piece(2_000_000, 3_000_000).await.expect(416);
    piece(1_000_000, 2_500_000).await.expect(202);
    assert_eq!(local.get(&at).await.expect(204).header("range"), "0-2499999");
    put(&local, &at, &format!("digest={sum}"), &bytes[2_500_000..])
        .await
        .expect(201);
    let got = local.get(&path).await.expect(200);
    assert!(got.bytes == bytes, "the blob is what was sent");
    let head = local.send(local.request("HEAD", &path)).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), ("3000000", 0));

    // At once, and by another name for the same bytes.
    let small = b"small";
    let once = format!("/v2/p/images/i/blobs/uploads/?digest={}", digest(small));
    local
        .send(local.request("POST", &once).body(small.to_vec()))
        .await
        .expect(201);
    let mount = format!("/v2/p/others/deep/i/blobs/uploads/?mount={sum}&from=p/images/i");
    local.send(local.request("POST", &mount)).await.expect(201);
    let mounted = format!("/v2/p/others/deep/i/blobs/{sum}");
    local.delete(&format!("{REPOSITORIES}/images")).await.expect(200);
    assert!(
        local.get(&mounted).await.expect(200).bytes == bytes,
        "it stays when the first goes"
    );
    let absent = format!(
        "/v2/p/others/i/blobs/uploads/?mount={}&from=p/images/i",
        digest(b"none")
    );
    let at = local
        .send(local.request("POST", &absent))
        .await
        .expect(202)
        .header("location")
        .to_owned();
    local.delete(&at).await.expect(204);
    local.get(&at).await.expect(404);
}

#[tokio::test]
async fn manifests_are_kept_to_the_byte_and_outlive_a_restart() {
    let local = Local::start().await;
    repository(&local, "images").await;
    let incomplete = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "layers": [],
        "config": {"digest": digest(b"absent"), "size": 6},
    });
    let refused = manifest(&local, "p/images/i", "t", &incomplete.to_string())
        .await
        .expect(404)
        .json();
    assert_eq!(refused["errors"][0]["code"], "MANIFEST_BLOB_UNKNOWN");
    for (body, reference) in [
        ("no JSON", "t".to_owned()),
        ("{}", "t".to_owned()),
        ("{}", digest(b"other")),
        ("{}", "-tag".to_owned()),
    ] {
        manifest(&local, "p/images/i", &reference, body).await.expect(400);
    }
    let first = push(&local, "p/images/i", "one", "#!/bin/sh\n", "a").await;
    let second = push(&local, "p/images/i", "two", "#!/bin/sh\nexit 1\n", "b").await;
    local
        .json("PUT", "/v2/p/images/i/manifests/none", json!({}))
        .await
        .expect(400);

    let local = local.restart().await;
    for (reference, expected) in [("one", &first), ("two", &second), (first.as_str(), &first)] {
        let got = local
            .get(&format!("/v2/p/images/i/manifests/{reference}"))
            .await
            .expect(200);
        assert_eq!(&digest(&got.bytes), expected);
        assert_eq!(
            (got.header("content-type"), got.header("docker-content-digest")),
            (IMAGE, expected.as_str())
        );
        let layer = got.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
        let layer_bytes = local
            .get(&format!("/v2/p/images/i/blobs/{layer}"))
            .await
            .expect(200)
            .bytes;
        assert_eq!(digest(&layer_bytes), layer);
    }
    let missing = local.get("/v2/p/images/i/manifests/three").await.expect(404).json();
    assert_eq!(missing["errors"][0]["code"], "MANIFEST_UNKNOWN");
    let tags = local.get("/v2/p/images/i/tags/list?n=1").await.expect(200);
    assert_eq!(tags.json(), json!({"name": "p/images/i", "tags": ["one"]}));
    assert!(tags.header("link").contains("last=one"));
    let images = local
        .get(&format!("{REPOSITORIES}/images/dockerImages"))
        .await
        .expect(200)
        .json();
    assert_eq!(images["dockerImages"].as_array().map(Vec::len), Some(2));
    let one = images["dockerImages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|image| image["tags"] == json!(["one"]))
        .unwrap();
    assert_eq!(one["uri"], format!("l-docker.pkg.dev/p/images/i@{first}"));
    let packages = local
        .get(&format!("{REPOSITORIES}/images/packages"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        packages["packages"][0]["name"],
        "projects/p/locations/l/repositories/images/packages/i"
    );
    let deleted = local
        .delete(&format!("{REPOSITORIES}/images/packages/i"))
        .await
        .expect(200);
    local.finish_at("artifactregistry/v1", &deleted).await;
    local.get("/v2/p/images/i/manifests/one").await.expect(404);
    assert_eq!(
        local
            .get(&format!("{REPOSITORIES}/images/packages"))
            .await
            .expect(200)
            .json(),
        json!({})
    );
}

#[tokio::test]
async fn cloud_run_executes_what_was_pushed() {
    const JOBS: &str = "/v2/projects/p/locations/l/jobs";
    let local = Local::start().await;
    repository(&local, "images").await;
    let script = "#!/bin/sh\necho \"args=$* kind=$KIND own=$OWN text=$(cat text)\"\n";
    let digest = push(&local, "p/images/deep/i", "one", script, "from the image").await;
    let job = |image: &str, args: Value| {
        let env = json!([{"name": "OWN", "value": "container"}]);
        let container = json!({"image": image, "args": args, "env": env});
        json!({"template": {"template": {"containers": [container], "maxRetries": 0}}})
    };
    for (id, image, args, expected) in [
        (
            "digest",
            format!("l-docker.pkg.dev/p/images/deep/i@{digest}"),
            json!(["a", "b"]),
            "own a b",
        ),
        (
            "tag",
            "l-docker.pkg.dev/p/images/deep/i:one".to_owned(),
            json!([]),
            "own alone",
        ),
        (
            "both",
            format!("l-docker.pkg.dev/p/images/deep/i:one@{digest}"),
            json!(["c"]),
            "own c",
        ),
    ] {
        let begun = local
            .json("POST", &format!("{JOBS}?jobId={id}"), job(&image, args))
            .await
            .expect(200);
        local.finish(&begun).await;
        let run = local
            .json("POST", &format!("{JOBS}/{id}:run"), json!({}))
            .await
            .expect(200);
        let execution = run.json()["metadata"]["name"].as_str().unwrap().to_owned();
        local.finish(&run).await;
        let log = format!("/_control/logs/{}/0", execution.rsplit('/').next().unwrap());
        let said = local.get(&log).await.expect(200).text();
        assert_eq!(
            said,
            format!("args={expected} kind=image own=container text=from the image\n"),
            "{id}"
        );
    }

    // One that is not there: the operation says so, and there is no job.
    let name = "l-docker.pkg.dev/p/images/none:one";
    let begun = local
        .json("POST", &format!("{JOBS}?jobId=none"), job(name, json!([])))
        .await
        .expect(200);
    let end = local.finish(&begun).await;
    assert_eq!(
        end["error"],
        json!({"code": 5, "message": format!("Image '{name}' not found.")})
    );
    local.get(&format!("{JOBS}/none")).await.expect(404);
    let begun = local
        .json("PATCH", &format!("{JOBS}/tag"), job(name, json!([])))
        .await
        .expect(200);
    assert_eq!(local.finish(&begun).await["error"]["code"], 5);
    let kept = local.get(&format!("{JOBS}/tag")).await.expect(200).json();
    assert_eq!(
        kept["template"]["template"]["containers"][0]["image"],
        "l-docker.pkg.dev/p/images/deep/i:one"
    );
    let pool = json!({"template": {"containers": [{"image": name}]}});
    let begun = local
        .json("POST", "/v2/projects/p/locations/l/workerPools?workerPoolId=w", pool)
        .await
        .expect(200);
    assert_eq!(local.finish(&begun).await["error"]["code"], 5);
    local.get("/v2/projects/p/locations/l/workerPools/w").await.expect(404);

    // Of a repository that is not here nothing is known: the local cloud's own runtime stands in.
    let elsewhere = job("l-docker.pkg.dev/p/elsewhere/i:one", json!(["version"]));
    let begun = local
        .json("POST", &format!("{JOBS}?jobId=elsewhere"), elsewhere)
        .await
        .expect(200);
    local.finish(&begun).await;
    local.get(&format!("{JOBS}/elsewhere")).await.expect(200);
}
