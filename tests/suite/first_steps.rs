//! What somebody meets on the first day, as they meet it: with no configuration of their own, and with their slips.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Stdio};

use headwater_tests::programs::{Ended, headwater, provider, run, xtask};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(headwater());
    command.args(arguments).env_remove("HEADWATER_SIMULATE_CLIENT_SECRET");
    command
}

/// A local cloud of the `headwater local` commands, stopped in the end.
struct Local<'a>(&'a Path);

impl Local<'_> {
    fn run(&self, arguments: &[&str]) -> Ended {
        run(command(&["local"]).args(arguments).arg("--data-dir").arg(self.0))
    }
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

/// The variables of `headwater local env`, in a home where nobody has logged in.
fn with_env(program: &str, home: &Path, local: &Local<'_>) -> Command {
    let variables = local.run(&["env", "--json"]).ok().json();
    let mut command = Command::new(program);
    command
        .env("HOME", home)
        .env("CLOUDSDK_CONFIG", home.join("gcloud"))
        .env_remove("BOTO_CONFIG")
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
    for (name, value) in variables.as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command
}

#[test]
fn the_printed_environment_is_all_that_googles_tools_need() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let data = dir.path().join("cloud");
    let local = Local(&data);
    local.run(&["up", "--detach", "--port", "0"]).ok();
    run(with_env("bq", &home, &local).args(["mk", "--dataset", "first_steps"])).ok();
    let rows = run(with_env("bq", &home, &local).args([
        "query",
        "--format=json",
        "--use_legacy_sql=false",
        "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA",
    ]))
    .ok();
    assert!(rows.stdout.contains("first_steps"), "{}", rows.text());
    run(with_env("gcloud", &home, &local).args(["storage", "buckets", "create", "gs://first-steps"])).ok();
    // gsutil reads none of the variables itself; gcloud, to which it can hand its work, does.
    let buckets = run(with_env("gsutil", &home, &local).args(["-o", "GSUtil:use_gcloud_storage=True", "ls"])).ok();
    assert!(buckets.stdout.contains("gs://first-steps/"), "{}", buckets.text());
}

#[test]
fn an_org_says_what_a_connection_to_it_needs_but_no_secret_that_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let org = dir.path().to_str().unwrap();
    run(&mut command(&[
        "salesforce",
        "generate",
        "--dir",
        org,
        "--accounts",
        "10",
        "--overwrite",
    ]))
    .ok();
    for (secret, shown) in [
        (None, "client_secret  headwater-demo-secret"),
        (Some("hunter2"), "client_secret  the one that it was given"),
    ] {
        let mut serve = command(&["salesforce", "simulate", "--dir", org, "--port", "0"]);
        if let Some(secret) = secret {
            serve.env("HEADWATER_SIMULATE_CLIENT_SECRET", secret);
        }
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines: Vec<String> = std::io::BufReader::new(child.stdout.take().unwrap())
            .lines()
            .take(4)
            .map(|line| line.unwrap().trim().to_owned())
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(lines[1].starts_with("login_url      http://127.0.0.1:"), "{lines:?}");
        assert_eq!(lines[2], "client_id      headwater-demo");
        assert_eq!(lines[3], shown);
        assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    }
}

#[test]
fn a_slip_is_answered_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("thesis.txt"), "important").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let org = dir.path().join("org");
    let (full, org, absent) = (full.to_str().unwrap(), org.to_str().unwrap(), "/nowhere/org");
    run(&mut command(&[
        "salesforce",
        "generate",
        "--dir",
        org,
        "--accounts",
        "10",
    ]))
    .ok();
    let cases: [(&[&str], &str); 3] = [
        (&["salesforce", "generate", "--dir", full], "--overwrite"),
        (
            &["salesforce", "simulate", "--dir", absent, "--port", "0"],
            "headwater salesforce generate",
        ),
        (&["salesforce", "simulate", "--dir", org, "--port", &port], "--port 0"),
    ];
    for (arguments, hint) in cases {
        let ended = run(&mut command(arguments));
        assert_eq!(ended.code, 1, "{}", ended.text());
        assert!(ended.stderr.contains(hint), "{}", ended.text());
    }
}

#[test]
fn a_run_that_is_not_there_names_the_pipelines_that_are() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("cloud");
    let local = Local(&data);
    let up = local.run(&["up", "--detach", "--json", "--port", "0"]).ok().json();
    let url = up["base_url"].as_str().unwrap();
    let put = |path: &str, body: serde_json::Value| {
        headwater_tests::cloud::request("POST", &format!("{url}{path}"), Some(&body))
    };
    put(
        "/storage/v1/b?project=headwater-local",
        serde_json::json!({"name": "lake"}),
    );
    let runs = |arguments: &[&str]| {
        run(command(&["runs"]).args(arguments).args([
            "--lake",
            "gs://lake",
            "--endpoint",
            url,
            "--project",
            "headwater-local",
        ]))
    };
    let ended = runs(&["show", "--pipeline", "crm"]);
    assert_eq!(ended.code, 1, "{}", ended.text());
    assert!(
        ended.stderr.contains("no runs of pipeline crm in gs://lake") && ended.stderr.contains("nothing is deployed"),
        "{}",
        ended.text()
    );
    put(
        "/upload/storage/v1/b/lake/o?uploadType=media&name=headwater/pipelines/crm/spec.json",
        serde_json::json!({}),
    );
    for (arguments, code, says) in [
        (["show", "--pipeline", "crn"], 1, "the pipelines there are crm"),
        (["list", "--pipeline", "crn"], 0, "the pipelines there are crm"),
        (["show", "--pipeline", "crm"], 1, "headwater runs start"),
    ] {
        let ended = runs(&arguments);
        assert_eq!(ended.code, code, "{}", ended.text());
        assert!(ended.stderr.contains(says), "{}", ended.text());
    }
}

#[test]
fn installed_programs_are_on_the_path_and_replaced_while_they_run() {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    let install = || {
        run(xtask()
            .env("HEADWATER_TEST_HEADWATER", headwater())
            .env("HEADWATER_TEST_PROVIDER", provider())
            .args(["install", "--dir"])
            .arg(&bin))
    };
    let first = install().ok();
    assert!(
        first
            .stderr
            .contains(&format!("export PATH=\"{}:$PATH\"", bin.display())),
        "{}",
        first.text()
    );
    let data = dir.path().join("cloud");
    let local = |action: &[&str]| {
        run(Command::new(bin.join("headwater"))
            .arg("local")
            .args(action)
            .arg("--data-dir")
            .arg(&data))
    };
    local(&["up", "--detach", "--port", "0"]).ok();
    let again = install();
    local(&["down"]).ok();
    again.ok();
    run(Command::new(bin.join("terraform-provider-headwater")).arg("version")).ok();
}
