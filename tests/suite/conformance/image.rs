//! The runtime's image: pushed to Docker's own registry and to the local cloud, looked at and pulled by skopeo, executed; and built,
//! deployed, changed and taken back by `headwater_runtime`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_tests::cloud::{Cloud, PROJECT, REGION, request};
use headwater_tests::inventory::inventory;
use headwater_tests::org::Org;
use headwater_tests::programs::{self, run};
use headwater_tests::wait_for;
use serde_json::{Value, json};

use crate::acceptance::{platform, terraform};

/// What the platform promises of an image's size.
const LIMIT: u64 = 60_000_000;
const REPOSITORIES: &str = "/artifactregistry/v1/projects/test-project/locations/europe-west1/repositories";

/// Docker's registry over a directory.
struct Registry {
    process: Child,
    dir: tempfile::TempDir,
    port: u16,
}

impl Registry {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            dir.path().join("data").display()
        );
        let file = dir.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let process = Command::new(programs::of_containers("docker-registry"))
            .args(["serve"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let this = Self { process, dir, port };
        wait_for("the registry answers", Duration::from_secs(20), || {
            let url = format!("{}/v2/", this.url());
            headwater_tests::cloud::attempt("GET", &url, None).is_ok().then_some(())
        });
        this
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How often a blob was sent to it, by its own account.
    fn uploads(&self) -> usize {
        let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap();
        let sent = |line: &&str| line.contains("\"PUT /v2/") && line.contains("/blobs/uploads/");
        log.lines().filter(sent).count()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn push(url: &str, binary: &Path) -> Value {
    let name = format!("{REGION}-docker.pkg.dev/{PROJECT}/images/headwater");
    let mut command = Command::new(programs::headwater());
    command.args(["image", "push", &name, "--json", "--binary"]).arg(binary);
    run(command.env("HEADWATER_ENDPOINT", url)).ok().json()
}

/// skopeo, with nothing of the machine's configuration.
fn skopeo(home: &Path, arguments: &[&str]) -> programs::Ended {
    let mut command = Command::new(programs::of_containers("skopeo"));
    command.env("HOME", home).arg("--insecure-policy").args(arguments);
    run(&mut command)
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn an_image_is_the_same_in_every_registry_and_runs() {
    let (registry, cloud, home) = (Registry::start(), Cloud::start(), tempfile::tempdir().unwrap());
    let (status, made) = cloud.post(
        &format!("{REPOSITORIES}?repositoryId=images"),
        &json!({"format": "DOCKER"}),
    );
    assert_eq!(status, 200, "{made}");
    let binary = programs::image_binary();

    // The same digest twice and in both, and nothing is sent again.
    let first = push(&registry.url(), &binary);
    let sent = registry.uploads();
    assert_eq!(sent, 2, "the layer and the configuration");
    let again = push(&registry.url(), &binary);
    assert_eq!((&again["image"], &again["sent_bytes"]), (&first["image"], &json!(0)));
    assert_eq!(registry.uploads(), sent, "by the registry's own account");
    // A broken line, a service that fails, an answer that is lost.
    cloud.faults(&json!([
        {"method": "PUT", "path_prefix": "/v2/", "action": {"drop_request_after_bytes": 1_000_000}},
        {"method": "POST", "path_prefix": "/v2/", "nth": 2, "action": {"status": 503}},
        {"method": "PUT", "path_prefix": format!("/v2/{PROJECT}/images/headwater/manifests/"), "action": "apply_then_drop"},
    ]));
    let local = push(&cloud.url(), &binary);
    cloud.clear_faults();
    assert_eq!(local["image"], first["image"]);
    assert_eq!(push(&cloud.url(), &binary)["sent_bytes"], 0);
    let size = first["bytes"].as_u64().unwrap();
    println!(
        "the image has {size} bytes, its program {}",
        binary.metadata().unwrap().len()
    );
    assert!(size < LIMIT, "{size} bytes");

    // What an independent client sees and pulls.
    let digest = first["digest"].as_str().unwrap();
    let mut pulled = Vec::new();
    for url in [registry.url(), cloud.url()] {
        let host = url.strip_prefix("http://").unwrap();
        let name = format!("docker://{host}/{PROJECT}/images/headwater@{digest}");
        let seen = skopeo(home.path(), &["inspect", "--tls-verify=false", &name])
            .ok()
            .json();
        assert_eq!(
            (&seen["Digest"], &seen["Architecture"], &seen["Os"]),
            (&json!(digest), &json!("amd64"), &json!("linux"))
        );
        let tags = seen["RepoTags"].as_array().unwrap();
        assert!(tags.iter().any(|tag| {
            first["image"]
                .as_str()
                .unwrap()
                .contains(&format!(":{}@", tag.as_str().unwrap()))
        }));
        let dir = home.path().join(format!("pulled-{}", pulled.len()));
        let target = format!("dir:{}", dir.display());
        skopeo(home.path(), &["copy", "--src-tls-verify=false", &name, &target]).ok();
        pulled.push(dir);
    }
    assert!(
        files(&pulled[0]) == files(&pulled[1]),
        "both registries give the same bytes"
    );

    // And what Google's own tool sees.
    let tools = super::tools::Tools::new(&cloud);
    let place = format!("--location={REGION}");
    let listed = tools
        .gcloud(&["artifacts", "repositories", "list", &place, "--format=json"])
        .ok()
        .json();
    assert_eq!(
        listed[0]["name"],
        format!("projects/{PROJECT}/locations/{REGION}/repositories/images"),
        "{listed}"
    );

    // Another client pushes to the local cloud, in its own way.
    let from = format!(
        "docker://127.0.0.1:{}/{PROJECT}/images/headwater@{digest}",
        registry.port
    );
    let to = format!("docker://127.0.0.1:{}/{PROJECT}/images/deep/copy:1", cloud.port());
    skopeo(
        home.path(),
        &["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to],
    )
    .ok();
    let copied = skopeo(home.path(), &["inspect", "--tls-verify=false", &to]).ok().json();
    assert_eq!(copied["Digest"], digest);

    executes(&pulled[0], home.path());
}

/// Unpacks what was pulled, and executes the program with nothing but what the image brings.
fn executes(pulled: &Path, home: &Path) {
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(pulled.join(name)).unwrap()).unwrap() };
    let hex = |digest: &Value| digest.as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
    let manifest = read("manifest.json");
    let config = read(&hex(&manifest["config"]["digest"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    let root = home.join("root");
    std::fs::create_dir(&root).unwrap();
    let layer = pulled.join(hex(&manifest["layers"][0]["digest"]));
    run(Command::new("tar").arg("-xzf").arg(layer).arg("-C").arg(&root)).ok();
    assert!(root.join("etc/ssl/certs/ca-certificates.crt").metadata().unwrap().len() > 100_000);
    let entry = config["config"]["Entrypoint"][0]
        .as_str()
        .unwrap()
        .trim_start_matches('/');
    let said = run(Command::new(root.join(entry)).env_clear().arg("--version"))
        .ok()
        .stdout;
    assert_eq!(said, format!("headwater {}\n", env!("CARGO_PKG_VERSION")));
    let local = run(Command::new(root.join(entry)).env_clear().args(["local", "status"]));
    assert_eq!(local.code, 2, "there is no local cloud in the image: {}", local.stderr);
}

/// A copy of the program that is another one: what follows the last segment is not loaded.
fn marked(dir: &Path, mark: &str) -> PathBuf {
    let path = dir.join("program");
    std::fs::copy(programs::image_binary(), &path).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(mark.as_bytes()).unwrap();
    path
}

fn image_of(cloud: &Cloud) -> String {
    let (status, job) = cloud.get(&format!("/v2/projects/{PROJECT}/locations/{REGION}/jobs/headwater"));
    assert_eq!(status, 200, "{job}");
    let image = &job["template"]["template"]["containers"][0]["image"];
    image.as_str().unwrap().to_owned()
}

/// What an execution of the job says that is given these arguments.
fn said(cloud: &Cloud, arguments: &[&str]) -> String {
    let overrides = json!({"overrides": {"containerOverrides": [{"args": arguments}]}});
    let (status, begun) = cloud.post(
        &format!("/v2/projects/{PROJECT}/locations/{REGION}/jobs/headwater:run"),
        &overrides,
    );
    assert_eq!(status, 200, "{begun}");
    let execution = begun["metadata"]["name"].as_str().unwrap().to_owned();
    wait_for("the execution is over", Duration::from_secs(60), || {
        let (_, execution) = cloud.get(&format!("/v2/{execution}"));
        execution["completionTime"].is_string().then_some(())
    });
    let name = execution.rsplit('/').next().unwrap();
    let (status, log) = request("GET", &format!("{}/_control/logs/{name}/0", cloud.url()), None);
    assert_eq!(status, 200, "{log}");
    log.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_runtime_builds_pushes_and_deploys_its_image() {
    let (cloud, org, dir) = (Cloud::start(), Org::start(20), tempfile::tempdir().unwrap());
    let before = inventory(&cloud, PROJECT, REGION);
    let binary = marked(dir.path(), "first");
    let build = format!(
        "name = \"headwater\"\n  max_retries = 0\n  build = {{ binary = {:?} }}",
        binary.display().to_string()
    );
    let configuration = platform("Account = {}", "run_on_apply = true").replacen("name = \"headwater\"", &build, 1);
    let tf = terraform(&cloud, &org, &configuration);
    // In a repository of somebody else's, to begin with.
    let (status, made) = cloud.post(
        &format!("{REPOSITORIES}?repositoryId=shared"),
        &json!({"format": "DOCKER"}),
    );
    assert_eq!(status, 200, "{made}");
    tf.write(&configuration.replace("build = { ", "build = { repository = \"shared\", "));
    let planned = tf.plan();
    let mut planned = planned["resource_changes"].as_array().unwrap().iter();
    let planned = planned
        .find(|change| change["address"] == "headwater_runtime.main")
        .unwrap();
    let first = planned["change"]["after"]["image"].as_str().unwrap().to_owned();
    assert!(
        first.starts_with(&format!("{REGION}-docker.pkg.dev/{PROJECT}/shared/headwater:"))
            && first.contains("@sha256:"),
        "{first}"
    );
    apply_planned(&tf);
    assert_eq!(image_of(&cloud), first, "what is deployed is what was planned");
    tf.assert_no_changes("after the first apply");

    // The extract's run was executed by it, and says so.
    let mut runs = Command::new(programs::headwater());
    runs.args([
        "runs",
        "list",
        "--json",
        "--lake",
        "gs://acceptance-lake",
        "--pipeline",
        "crm",
    ]);
    let runs = run(runs.envs(cloud.environment())).ok().stdout;
    assert!(runs.contains("succeeded"), "{runs}");
    let records = cloud.objects("acceptance-lake", "headwater/pipelines/crm/runs/");
    let record = records
        .iter()
        .find(|name| name.ends_with("/Account.json"))
        .expect("a record");
    assert_eq!(cloud.object("acceptance-lake", record)["image"], json!(first));
    assert!(said(&cloud, &["version"]).contains(env!("CARGO_PKG_VERSION")));
    // The local cloud's own program knows this command, the image's does not.
    assert!(said(&cloud, &["local", "status"]).contains("unrecognized subcommand 'local'"));

    // Another program is another image; in a repository of this provider's own. The first stays where its owner keeps it.
    marked(dir.path(), "second");
    tf.write(&configuration);
    assert_eq!(tf.changes(), ["headwater_runtime.main: update"]);
    apply_planned(&tf);
    let second = image_of(&cloud);
    let digest = |image: &str| image.rsplit('@').next().unwrap().to_owned();
    assert_ne!(digest(&second), digest(&first));
    tf.assert_no_changes("after the second apply");
    let (_, images) = cloud.get(&format!("{REPOSITORIES}/shared/dockerImages"));
    assert_eq!(images["dockerImages"].as_array().map(Vec::len), Some(1), "{images}");
    assert_eq!(cloud.delete(&format!("{REPOSITORIES}/shared")), 200);

    // One that somebody deleted is pushed again.
    assert_eq!(
        cloud.delete(&format!("{REPOSITORIES}/headwater/packages/headwater")),
        200
    );
    assert!(said_nothing(&cloud), "an image that is gone is not executed");
    assert_eq!(tf.changes(), ["headwater_runtime.main: update"]);
    apply_planned(&tf);
    tf.assert_no_changes("after it was pushed again");
    assert_eq!(image_of(&cloud), second);
    assert!(said(&cloud, &["version"]).contains(env!("CARGO_PKG_VERSION")));

    // To nothing.
    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

/// Applies what was planned last.
fn apply_planned(tf: &headwater_tests::terraform::Terraform) {
    tf.run(&["apply", "plan.bin"]).ok();
}

/// Whether a task of the job fails before there is a process.
fn said_nothing(cloud: &Cloud) -> bool {
    let path = format!("/v2/projects/{PROJECT}/locations/{REGION}/jobs/headwater:run");
    let (status, begun) = cloud.post(&path, &json!({}));
    assert_eq!(status, 200, "{begun}");
    let execution = begun["metadata"]["name"].as_str().unwrap().to_owned();
    wait_for("the execution is over", Duration::from_secs(60), || {
        let (_, execution) = cloud.get(&format!("/v2/{execution}"));
        let over = execution["completionTime"].is_string();
        over.then(|| execution.to_string().contains("not found"))
    })
}

#[test]
fn what_cannot_be_an_image_is_said_before_anything_is_made() {
    let (cloud, dir) = (Cloud::start(), tempfile::tempdir().unwrap());
    let script = dir.path().join("script");
    std::fs::write(&script, "#!/bin/sh\nexec true\n".repeat(10)).unwrap();
    for (binary, says) in [
        (script, "no ELF file"),
        (dir.path().join("none"), "cannot read the program"),
        (programs::headwater(), "needs shared libraries"),
    ] {
        let configuration = format!(
            "resource \"headwater_runtime\" \"main\" {{\n  name = \"headwater\"\n  build = {{ binary = {:?} }}\n}}\n",
            binary.display().to_string()
        );
        let tf = headwater_tests::terraform::Terraform::new(&cloud, &configuration);
        let refused = tf.run(&["plan"]);
        assert_eq!(refused.code, 1);
        // Terraform breaks lines.
        let text = refused.text().split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [says, "build.binary", "cargo xtask image"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
