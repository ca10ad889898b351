//! What every scenario is played on: a local cloud, a synthetic org, and the scenario's folder with a terraform for it.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::build::Programs;
use crate::shell::{self, Error, Result, fail, output, root, say};

/// The file that says which program serves the demo.
const PROGRAM: &str = "headwater.path";
pub const PROJECT: &str = "headwater-demo";
pub const REGION: &str = "europe-west1";
pub const CLIENT_ID: &str = "headwater-demo";
pub const CLIENT_SECRET: &str = "headwater-demo-secret";

/// See the module.
pub struct Stage<'a> {
    pub dir: &'a Path,
    pub programs: &'a Programs,
    terraform: &'a Path,
    /// Where the local cloud serves.
    pub endpoint: String,
    /// Where the org does.
    pub org: String,
    /// The copy of the scenario's folder.
    pub module: PathBuf,
    environment: Vec<(&'static str, String)>,
    /// When all of this began.
    pub since: Instant,
}

impl<'a> Stage<'a> {
    /// Starts cloud and org, and prepares the folder.
    pub fn set(
        dir: &'a Path,
        programs: &'a Programs,
        terraform: &'a Path,
        scenario: &str,
        accounts: u64,
        defects: u64,
    ) -> Result<Self> {
        let since = Instant::now();
        std::fs::write(dir.join(PROGRAM), programs.headwater.display().to_string())?;
        say("==> starting the local cloud");
        let up = output(
            Command::new(&programs.headwater)
                .args([
                    "local",
                    "up",
                    "--detach",
                    "--json",
                    "--port",
                    "0",
                    "--project",
                    PROJECT,
                    "--data-dir",
                ])
                .arg(dir.join("cloud")),
        )?;
        let up: Value = serde_json::from_str(&up)?;
        let endpoint = text(&up, "/base_url")?;
        say(&format!("    {endpoint}"));

        say(&format!("==> generating a Salesforce org with {accounts} accounts"));
        output(
            Command::new(&programs.headwater)
                .args(["salesforce", "generate", "--json", "--accounts"])
                .arg(accounts.to_string())
                .args(["--defects", &defects.to_string()])
                .arg("--dir")
                .arg(dir.join("org")),
        )?;
        let org = start_org(dir, programs)?;
        say(&format!("    serving Salesforce's APIs at {org}"));

        let module = lay_out(dir, scenario)?;
        let rc = dir.join("terraform.rc");
        let plugins = dir.join("plugins");
        output(
            Command::new(&programs.provider)
                .args(["install", "--dir"])
                .arg(&plugins),
        )?;
        std::fs::write(
            &rc,
            format!(
                "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                plugins.display()
            ),
        )?;
        let environment = vec![
            ("TF_CLI_CONFIG_FILE", rc.display().to_string()),
            ("CHECKPOINT_DISABLE", "1".into()),
            ("HEADWATER_ENDPOINT", endpoint.clone()),
            ("HEADWATER_PROJECT", PROJECT.into()),
            ("HEADWATER_REGION", REGION.into()),
            ("TF_VAR_login_url", org.clone()),
            ("TF_VAR_client_id", CLIENT_ID.into()),
            ("TF_VAR_client_secret", CLIENT_SECRET.into()),
        ];
        write_environment(dir, &environment)?;
        Ok(Self {
            dir,
            programs,
            terraform,
            endpoint,
            org,
            module,
            environment,
            since,
        })
    }

    /// The runtime, in the scenario's environment.
    pub fn headwater(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.headwater);
        command
            .envs(self.environment.iter().map(|(k, v)| (*k, v.as_str())))
            .args(arguments);
        command
    }

    fn terraform(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.terraform);
        command
            .current_dir(&self.module)
            .envs(self.environment.iter().map(|(k, v)| (*k, v.as_str())))
            .args(arguments);
        if !std::io::stdout().is_terminal() {
            command.arg("-no-color");
        }
        command
    }

    /// `terraform init` and `apply`.
    pub fn apply(&self) -> Result<()> {
        let mut init = self.terraform(&["init", "-input=false"]);
        shell::step("terraform init", init.stdout(Stdio::null()))?;
        shell::step(
            "terraform apply",
            &mut self.terraform(&["apply", "-auto-approve", "-input=false"]),
        )
    }

    /// `terraform plan`, which must be empty.
    pub fn plan_nothing(&self) -> Result<()> {
        say("==> terraform plan: it must be empty");
        let code = self
            .terraform(&["plan", "-detailed-exitcode", "-input=false"])
            .stdout(Stdio::null())
            .status()?;
        if code.success() {
            Ok(())
        } else {
            fail("the plan after apply is not empty")
        }
    }

    /// `terraform destroy`.
    pub fn destroy(&self) -> Result<()> {
        let mut destroy = self.terraform(&["destroy", "-auto-approve", "-input=false"]);
        shell::step("terraform destroy", destroy.stdout(Stdio::null()))
    }
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Error(format!("{pointer} is missing in {value}")))
}

/// Starts the simulator in the background; it says where it is in one line of JSON.
fn start_org(dir: &Path, programs: &Programs) -> Result<String> {
    use std::os::unix::process::CommandExt;
    let said = dir.join("org.json");
    let mut child = Command::new(&programs.headwater)
        .args([
            "salesforce",
            "simulate",
            "--json",
            "--port",
            "0",
            "--capture",
            "*",
            "--client-id",
            CLIENT_ID,
            "--dir",
        ])
        .arg(dir.join("org"))
        .env("HEADWATER_SIMULATE_CLIENT_SECRET", CLIENT_SECRET)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&said)?)
        .stderr(std::fs::File::create(dir.join("org.log"))?)
        .process_group(0)
        .spawn()?;
    std::fs::write(dir.join("org.pid"), child.id().to_string())?;
    wait_for_line(&said, &mut child).and_then(|line| text(&serde_json::from_str(&line)?, "/base_url"))
}

fn wait_for_line(file: &Path, child: &mut Child) -> Result<String> {
    let since = Instant::now();
    loop {
        if let Some(line) = std::fs::read_to_string(file)?
            .split_inclusive('\n')
            .find(|l| l.ends_with('\n'))
        {
            return Ok(line.to_owned());
        }
        if let Some(status) = child.try_wait()? {
            return fail(format!("the simulated org ended with {status}; see org.log"));
        }
        if since.elapsed() > Duration::from_secs(60) {
            return fail("the simulated org was not ready within a minute");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Stops what an earlier demo left running; nothing to stop is fine.
pub fn stop(dir: &Path) {
    let pid_file = dir.join("org.pid");
    if let Some(pid) = std::fs::read_to_string(&pid_file)
        .ok()
        .and_then(|t| t.trim().parse::<i32>().ok())
    {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if comm.trim() == "headwater" {
            kill(Pid::from_raw(pid), Signal::SIGTERM).ok();
        }
        std::fs::remove_file(pid_file).ok();
    }
    let Ok(headwater) = std::fs::read_to_string(dir.join(PROGRAM)) else {
        return;
    };
    if dir.join("cloud").is_dir() {
        output(
            Command::new(headwater)
                .args(["local", "down", "--data-dir"])
                .arg(dir.join("cloud")),
        )
        .ok();
    }
}

fn write_environment(dir: &Path, environment: &[(&str, String)]) -> Result<()> {
    let mut script = String::new();
    for (name, value) in environment {
        writeln!(script, "export {name}='{value}'")?;
    }
    Ok(std::fs::write(dir.join("env.sh"), script)?)
}

/// A copy of the scenario's folder, from which modules and marts are found as in the repository.
fn lay_out(dir: &Path, scenario: &str) -> Result<PathBuf> {
    let repository = dir.join("repository");
    let folder = Path::new("examples/scenarios").join(scenario);
    let module = repository.join(&folder);
    copy(&root().join(&folder), &module)?;
    for tree in ["modules", "dataform"] {
        std::os::unix::fs::symlink(root().join(tree), repository.join(tree))?;
    }
    Ok(module)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
