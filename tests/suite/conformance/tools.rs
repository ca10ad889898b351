//! Running the Cloud SDK's programs and our Python scripts so that they meet the local cloud and nothing of the machine's own
//! configuration: no account, no project, no dot files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::{self, Ended};
use headwater_tests::wait_for;

/// A home directory for Google's tools, pointed at one local cloud.
pub struct Tools {
    home: tempfile::TempDir,
    url: String,
}

impl Tools {
    pub fn new(cloud: &Cloud) -> Self {
        let home = tempfile::tempdir().unwrap();
        // gsutil's own JSON client insists on https; this hands its work to gcloud storage.
        std::fs::write(home.path().join("boto"), "[GSUtil]\nuse_gcloud_storage = True\n").unwrap();
        std::fs::write(home.path().join("bigqueryrc"), "").unwrap();
        // Each bq starts a gcloud only to ask for its configuration, which takes as long as bq itself; this one has none.
        let gcloud = home.path().join("bin/gcloud");
        std::fs::create_dir(home.path().join("bin")).unwrap();
        std::fs::write(&gcloud, "#!/bin/sh\necho '{}'\n").unwrap();
        std::fs::set_permissions(gcloud, Permissions::from_mode(0o755)).unwrap();
        Self { home, url: cloud.url() }
    }

    /// Where the tools run and a test's files are.
    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file into [`Tools::dir`].
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let endpoint = format!("{}/", self.url);
        let mut command = Command::new(program);
        command
            .current_dir(self.dir())
            .args(arguments)
            .env("HOME", self.dir())
            .env("CLOUDSDK_CONFIG", self.dir().join("gcloud"))
            .env("CLOUDSDK_CORE_PROJECT", PROJECT)
            .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true")
            .env("CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL", "false")
            .env("BOTO_CONFIG", self.dir().join("boto"));
        for api in [
            "STORAGE",
            "SECRETMANAGER",
            "CLOUDKMS",
            "CLOUDSCHEDULER",
            "DATAFLOW",
            "DATAPLEX",
            "IAM",
            "CLOUDRESOURCEMANAGER",
            "PUBSUB",
            "MONITORING",
            "LOGGING",
        ] {
            command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), &endpoint);
        }
        command.env(
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY",
            format!("{endpoint}artifactregistry/"),
        );
        if arguments.first() == Some(&"run") {
            // Cloud Run's version 1 has a host for each region: docs/cli.md says this to users.
            let (_, port) = self.url.rsplit_once(':').unwrap();
            command
                .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.googleapis.com/")
                .env("CLOUDSDK_PROXY_TYPE", "http")
                .env("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1")
                .env("CLOUDSDK_PROXY_PORT", port);
        }
        if program == "bq" {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", self.dir().join("bin").display()));
        }
        programs::run(&mut command)
    }

    pub fn gcloud(&self, arguments: &[&str]) -> Ended {
        self.run("gcloud", arguments)
    }

    pub fn gsutil(&self, arguments: &[&str]) -> Ended {
        self.run("gsutil", arguments)
    }

    pub fn bq(&self, arguments: &[&str]) -> Ended {
        let rc = format!("--bigqueryrc={}", self.dir().join("bigqueryrc").display());
        let project = format!("--project_id={PROJECT}");
        // Without a token bq asks for an account.
        let mut all = vec![
            "--api",
            &self.url,
            "--oauth_access_token=none",
            &project,
            &rc,
            "--quiet",
        ];
        all.extend(arguments);
        self.run("bq", &all)
    }
}

/// One of our scripts, not started. Its first argument is the server's URL.
pub fn script(name: &str, url: &str) -> Command {
    script_with(&programs::python(), name, url)
}

/// As [`script`], with another Python.
pub fn script_with(python: &Path, name: &str, url: &str) -> Command {
    let mut command = Command::new(python);
    command
        // No compiled files in the source tree.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(programs::root().join("tests/python").join(name))
        .arg(url);
    command
}

/// Runs one to its end; it must succeed. What it printed names each check with its time.
#[track_caller]
pub fn run_script(command: &mut Command) {
    let ended = programs::run_within(command, Duration::from_secs(400)).ok();
    print!("{}", ended.stdout);
}

/// Runs a script that notes in a journal, line by line, what it was told is stored, and kills the cloud `kills` times on the
/// way to `count` of them. The script gets `arguments`, the journal and the count; it must succeed, and say how many of its
/// calls were interrupted: were it none, nothing would be tested.
#[track_caller]
pub fn run_through_kills(cloud: &mut Cloud, name: &str, arguments: &[&str], count: usize, kills: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (journal, said) = (dir.path().join("journal"), dir.path().join("said"));
    std::fs::write(&journal, "").unwrap();
    let output = std::fs::File::create(&said).unwrap();
    let mut child = script(name, &cloud.url())
        .args(arguments)
        .arg(&journal)
        .arg(count.to_string())
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&said).unwrap();
    for kill in 1..=kills {
        let wanted = kill * count / (kills + 1);
        let what = format!("{wanted} are acknowledged");
        wait_for(&what, Duration::from_secs(90), || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{name} ended with {status} before kill {kill}: {}", said());
            }
            let acknowledged = std::fs::read_to_string(&journal).unwrap().lines().count();
            (acknowledged >= wanted).then_some(())
        });
        // Several calls at a time are under way.
        cloud.kill_and_restart();
    }
    let status = wait_for("the script ends", Duration::from_secs(150), || {
        child.try_wait().unwrap()
    });
    assert!(status.success(), "{status}: {}", said());
    let interrupted = !said().contains("; 0 calls were interrupted");
    assert!(interrupted, "no call met a kill, so nothing was tested: {}", said());
    print!("{}", said());
}

/// Bytes without a pattern, the same every time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Panics with the whole text unless it contains each of these.
#[track_caller]
pub fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// The lines of a text, each with its runs of spaces made one.
pub fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect()
}
