//! The real terraform, with the program under test installed in a mirror of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The program under test.
pub const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-headwater");

/// A mirror with the provider, made once for all tests of this process.
fn mirror() -> &'static Path {
    static MIRROR: OnceLock<PathBuf> = OnceLock::new();
    MIRROR.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary directory").keep();
        let done = Command::new(PROVIDER)
            .arg("install")
            .arg("--dir")
            .arg(dir.join("plugins"))
            .output()
            .expect("the provider");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        std::fs::write(dir.join("terraform.rc"), settings(&dir.join("plugins"))).expect("the settings");
        dir
    })
}

/// Terraform's settings that make it look into a mirror and nowhere else.
pub fn settings(mirror: &Path) -> String {
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        mirror.display().to_string()
    )
}

/// How terraform ended.
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        Ended {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Everything that it said, in one line: terraform breaks lines wherever it likes.
    pub fn said(&self) -> String {
        let both = format!("{} {}", self.stdout, self.stderr);
        let words = both.split(|c: char| c.is_whitespace() || "│╷╵".contains(c));
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.success, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A directory with a configuration.
pub struct Workspace {
    dir: tempfile::TempDir,
    settings: PathBuf,
    environment: Vec<(String, String)>,
}

impl Workspace {
    /// With this configuration, and `required_providers` unless it has its own.
    pub fn new(configuration: &str) -> Self {
        Self::with_settings(configuration, &mirror().join("terraform.rc")).initialised()
    }

    /// The same with other settings of terraform, not initialised.
    pub fn with_settings(configuration: &str, settings: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("main.tf"), configuration).expect("a file");
        if !configuration.contains("required_providers") {
            let head = "terraform {\n  required_providers {\n    headwater = { source = \"headwater-data/headwater\" }\n  }\n}\n";
            std::fs::write(dir.path().join("versions.tf"), head).expect("a file");
        }
        Workspace {
            dir,
            settings: settings.to_owned(),
            environment: Vec::new(),
        }
    }

    fn initialised(self) -> Self {
        self.run(&["init", "-input=false", "-no-color"]).ok();
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs terraform with nothing of ours in its environment but what was set here.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command =
            Command::new(std::env::var_os("HEADWATER_TEST_TERRAFORM").unwrap_or_else(|| "terraform".into()));
        for (name, _) in std::env::vars() {
            if ["HEADWATER_", "GOOGLE_", "TF_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
            {
                command.env_remove(name);
            }
        }
        let output = command
            .current_dir(self.dir.path())
            .env("TF_CLI_CONFIG_FILE", &self.settings)
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .output()
            .expect("terraform must be on the PATH, or named by HEADWATER_TEST_TERRAFORM");
        Ended::of(&output)
    }

    /// What `terraform validate` has to say.
    pub fn diagnostics(&self) -> Vec<Value> {
        let ended = self.run(&["validate", "-json"]);
        let report: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", ended.stdout, ended.stderr));
        report["diagnostics"].as_array().cloned().unwrap_or_default()
    }
}
