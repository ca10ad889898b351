//! Dataform's own command line, on Node: it compiles what we compile to the same graph, finds the same errors, and, over the local
//! cloud's BigQuery, makes the same tables and refuses the same data.

mod graphs;
mod tables;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use headwater_tests::programs::{self, Ended};
use serde_json::{Value, json};

/// Node's part alone takes seconds, and more where other tests run beside it.
const LIMIT: Duration = Duration::from_secs(300);

/// A project as the command line wants it: its core beside it, named by a `package.json`.
struct OnNode(tempfile::TempDir);

impl OnNode {
    fn of(project: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(project, dir.path());
        let this = Self(dir);
        // It refuses a version in the settings where there is a package.json.
        if let Ok(settings) = std::fs::read_to_string(this.path().join("workflow_settings.yaml")) {
            let kept = settings
                .split_inclusive('\n')
                .filter(|line| !line.starts_with("dataformCoreVersion"));
            std::fs::write(this.path().join("workflow_settings.yaml"), kept.collect::<String>()).unwrap();
        }
        let core = Path::new("node_modules/@dataform/core");
        copy(&programs::dataform_cli().join(core), &this.path().join(core));
        let version: Value =
            serde_json::from_str(&std::fs::read_to_string(this.path().join(core).join("package.json")).unwrap())
                .unwrap();
        let manifest = json!({"dependencies": {"@dataform/core": version["version"]}});
        std::fs::write(this.path().join("package.json"), manifest.to_string()).unwrap();
        this
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `dataform COMMAND` here, to its end.
    #[track_caller]
    fn dataform(&self, command: &str, arguments: &[String], environment: &[(&str, String)]) -> Ended {
        let program = programs::dataform_cli().join("node_modules/.bin/dataform");
        programs::run_within(
            Command::new(program)
                .arg(command)
                .arg(self.path())
                .args(arguments)
                .env("DATAFORM_DISABLE_ANALYTICS", "1")
                // It would look for credentials at an address that only Google's machines answer.
                .env("METADATA_SERVER_DETECTION", "none")
                .envs(environment.iter().map(|(name, value)| (name, value))),
            LIMIT,
        )
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if ["golden.json", "overrides.json"]
            .iter()
            .any(|name| entry.file_name() == *name)
        {
            continue; // of our own tests, not of the project
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// `headwater dataform COMMAND`, to its end, with nothing in its environment that names another project.
#[track_caller]
fn headwater(command: &str, project: &Path, arguments: &[String], environment: &[(String, String)]) -> Ended {
    programs::run_within(
        Command::new(programs::headwater())
            .args(["dataform", command])
            .arg(project)
            .args(arguments)
            .env_remove("HEADWATER_PROJECT")
            .env_remove("HEADWATER_ENDPOINT")
            .envs(environment.iter().map(|(name, value)| (name, value))),
        LIMIT,
    )
}

/// Files of a project.
type Files = &'static [(&'static str, &'static str)];

fn write(folder: &Path, files: Files) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

const SETTINGS: &str =
    "defaultProject: test-project\ndefaultLocation: EU\ndefaultDataset: marts\ndefaultAssertionDataset: checks\n";
