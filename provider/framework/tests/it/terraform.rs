//! A working directory with a configuration, and the `terraform` that runs in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub struct Workspace {
    dir: tempfile::TempDir,
}

pub struct Ran {
    pub code: Option<i32>,
    pub text: String,
}

impl Ran {
    /// The output without colours and line breaks in the middle of a sentence.
    fn from(output: &Output) -> Self {
        let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        Ran {
            code: output.status.code(),
            text: String::from_utf8_lossy(&both).into_owned(),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }

    #[track_caller]
    pub fn fails(self) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.text);
        self
    }

    /// The output says each of these, wherever its lines break.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        let flat = flatten(&self.text);
        for part in parts {
            assert!(flat.contains(&flatten(part)), "not said: {part}\n\n{}", self.text);
        }
        self
    }

    #[track_caller]
    pub fn does_not_say(self, part: &str) -> Self {
        assert!(
            !flatten(&self.text).contains(&flatten(part)),
            "said: {part}\n\n{}",
            self.text
        );
        self
    }
}

fn flatten(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "│╷╵".contains(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Workspace {
    /// A fresh directory in which `terraform` finds this program as the provider `test/store`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let plugin = dir.path().join("bin/terraform-provider-store");
        fs::create_dir_all(dir.path().join("bin")).expect("a directory");
        fs::create_dir_all(dir.path().join("store")).expect("a directory");
        std::os::unix::fs::symlink(std::env::current_exe().expect("this program"), plugin).expect("a link");
        let bin = dir.path().join("bin");
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{ \"test/store\" = {:?} }}\n  direct {{}}\n}}\n",
            bin.display().to_string()
        );
        fs::write(dir.path().join("cli.tfrc"), settings).expect("the settings");
        Workspace { dir }
    }

    /// Replaces `main.tf`; the line numbers in messages count from the first line given here.
    pub fn config(&self, body: &str) -> &Self {
        fs::write(self.dir.path().join("main.tf"), body).expect("main.tf");
        let head = "terraform {\n  required_providers {\n    store = { source = \"test/store\" }\n  }\n}\n";
        fs::write(self.dir.path().join("versions.tf"), head).expect("versions.tf");
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env("TF_CLI_CONFIG_FILE", self.dir.path().join("cli.tfrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("STORE_DIR", self.store())
            .env_remove("TF_LOG")
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn terraform(&self, arguments: &[&str]) -> Ran {
        self.terraform_with(&[], arguments)
    }

    #[track_caller]
    pub fn terraform_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        Ran::from(&command.output().expect("terraform must be on the PATH"))
    }

    /// Starts and does not wait.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("terraform must be on the PATH")
    }

    pub fn finish(child: Child) -> Ran {
        Ran::from(&child.wait_with_output().expect("terraform's output"))
    }

    pub fn apply(&self) -> Ran {
        self.terraform(&["apply", "-auto-approve", "-no-color"])
    }

    pub fn plan(&self) -> Ran {
        self.terraform(&["plan", "-no-color"])
    }

    pub fn validate(&self) -> Ran {
        self.terraform(&["validate", "-no-color"])
    }

    /// A plan finds nothing to do.
    #[track_caller]
    pub fn settled(&self) {
        let plan = self.terraform(&["plan", "-no-color", "-detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "there is still something to do:\n{}", plan.text);
    }

    pub fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn state(&self) -> String {
        fs::read_to_string(self.dir.path().join("terraform.tfstate")).unwrap_or_default()
    }

    /// The stored attributes of one instance.
    #[track_caller]
    pub fn attributes(&self, name: &str) -> serde_json::Value {
        let state: serde_json::Value = serde_json::from_str(&self.state()).expect("a state");
        let resources = state["resources"].as_array().expect("resources");
        let found = resources
            .iter()
            .find(|resource| resource["name"] == name)
            .expect("the resource");
        found["instances"][0]["attributes"].clone()
    }
}
