//! The real terraform, with our provider in a mirror of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::programs::{self, Ended};

const LIMIT: Duration = Duration::from_secs(300);

/// The provider, installed once for all tests of this process.
fn mirror() -> &'static Path {
    static MIRROR: OnceLock<PathBuf> = OnceLock::new();
    MIRROR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap().keep();
        programs::run(
            Command::new(programs::provider())
                .args(["install", "--dir"])
                .arg(dir.join("plugins")),
        )
        .ok();
        let rc = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            dir.join("plugins").display()
        );
        std::fs::write(dir.join("terraform.rc"), rc).unwrap();
        dir
    })
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // What a person's terraform left beside the files.
        if entry.file_name() == ".terraform" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A working directory of terraform.
pub struct Terraform {
    dir: tempfile::TempDir,
    /// Where in it terraform works.
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl Terraform {
    /// A directory with this configuration, initialised, against this local cloud.
    pub fn new(cloud: &Cloud, configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self {
            folder: dir.path().to_owned(),
            dir,
            environment: cloud.environment(),
        };
        this.write(configuration);
        this.run(&["init"]).ok();
        this
    }

    /// A folder of the repository that names others by relative paths, not initialised: a copy of all that it may name.
    pub fn of_repository(cloud: &Cloud, folder: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for tree in ["modules", "examples/scenarios", "dataform"] {
            copy(&programs::root().join(tree), &dir.path().join(tree));
        }
        Self {
            folder: dir.path().join(folder),
            dir,
            environment: cloud.environment(),
        }
    }

    /// The same copy, with the state of what was done in it, at another folder.
    #[must_use]
    pub fn moved_to(mut self, folder: &str) -> Self {
        self.folder = self.dir.path().join(folder);
        self
    }

    /// Sets a variable of the environment, such as `TF_VAR_login_url`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Replaces the configuration.
    pub fn write(&self, configuration: &str) {
        let head =
            "terraform {\n  required_providers {\n    headwater = { source = \"headwater-data/headwater\" }\n  }\n}\n";
        let head = if configuration.contains("required_providers") {
            ""
        } else {
            head
        };
        std::fs::write(self.dir().join("main.tf"), format!("{head}{configuration}")).unwrap();
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.folder
    }

    /// A command, not started. It asks nothing and has no colours.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::terraform());
        command
            .current_dir(self.dir())
            .env("TF_CLI_CONFIG_FILE", mirror().join("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .args(arguments);
        command
    }

    /// Runs terraform.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ended {
        programs::run_within(&mut self.command(arguments), LIMIT)
    }

    /// `terraform apply`, which must succeed.
    #[track_caller]
    pub fn apply(&self) -> Ended {
        self.run(&["apply", "-auto-approve"]).ok()
    }

    /// `terraform destroy`, which must succeed.
    #[track_caller]
    pub fn destroy(&self) -> Ended {
        self.run(&["destroy", "-auto-approve"]).ok()
    }

    /// The plan as JSON.
    #[track_caller]
    pub fn plan(&self) -> Value {
        self.run(&["plan", "-out=plan.bin"]).ok();
        self.run(&["show", "-json", "plan.bin"]).ok().json()
    }

    /// The addresses that a plan would change, with what it would do, such as `headwater_runtime.main: update`.
    #[track_caller]
    pub fn changes(&self) -> Vec<String> {
        let plan = self.plan();
        let mut changes = Vec::new();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let actions: Vec<&str> = change["change"]["actions"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            if actions != ["no-op"] && actions != ["read"] {
                changes.push(format!(
                    "{}: {}",
                    change["address"].as_str().unwrap(),
                    actions.join("+")
                ));
            }
        }
        changes
    }

    /// Panics unless the plan is empty.
    #[track_caller]
    pub fn assert_no_changes(&self, when: &str) {
        let ended = self.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(ended.code, 0, "the plan is not empty {when}:\n{}", ended.text());
    }

    /// The state file's text; empty when there is none.
    pub fn state(&self) -> String {
        std::fs::read_to_string(self.dir().join("terraform.tfstate")).unwrap_or_default()
    }
}
