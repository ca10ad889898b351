//! `cargo xtask demo`: the main job end to end, as a user would do it: start the local cloud and a synthetic org, apply the
//! quickstart with the real terraform, and compare what arrived in BigQuery with what the org holds.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::build::{self, Programs};
use crate::shell::{self, Error, Result, fail, output, print, root, say};
use crate::{http, tools};

/// The file that says which program serves the demo.
const PROGRAM: &str = "headwater.path";
const PROJECT: &str = "headwater-demo";
const CLIENT_ID: &str = "headwater-demo";
const CLIENT_SECRET: &str = "headwater-demo-secret";

/// `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Accounts in the synthetic org; the other objects follow from it.
    #[arg(long, default_value_t = 1000)]
    accounts: u64,
    /// Where the demo keeps its files; absent: target/demo.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Stop what the demo started and leave nothing running when it has printed its result.
    #[arg(long)]
    ephemeral: bool,
    /// Only stop what an earlier demo left running.
    #[arg(long, conflicts_with = "ephemeral")]
    stop: bool,
}

/// Runs the demo.
pub fn run(args: &Demo) -> Result<ExitCode> {
    if args.stop {
        stop(&args.dir()?);
        say("stopped");
        return Ok(ExitCode::SUCCESS);
    }
    let terraform = tools::terraform()?;
    args.play(&build::programs("dev")?, &terraform)
}

impl Demo {
    /// A small demo in a directory of its own below the target directory, which leaves nothing running.
    pub fn ephemeral(accounts: u64, dir: &str) -> Self {
        Self {
            accounts,
            dir: Some(build::target_dir().join(dir)),
            ephemeral: true,
            stop: false,
        }
    }

    fn dir(&self) -> Result<PathBuf> {
        let dir = self.dir.clone().unwrap_or_else(|| build::target_dir().join("demo"));
        Ok(std::path::absolute(dir)?)
    }

    /// Runs the demo with programs that are built.
    pub fn play(&self, programs: &Programs, terraform: &Path) -> Result<ExitCode> {
        let dir = self.dir()?;
        stop(&dir);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        std::fs::write(dir.join(PROGRAM), programs.headwater.display().to_string())?;
        let outcome = play(self, &dir, programs, terraform);
        if self.ephemeral || outcome.is_err() {
            stop(&dir);
        }
        outcome
    }
}

fn play(args: &Demo, dir: &Path, programs: &Programs, terraform: &Path) -> Result<ExitCode> {
    let since = Instant::now();
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

    say(&format!(
        "==> generating a Salesforce org with {} accounts",
        args.accounts
    ));
    let accounts = args.accounts.to_string();
    output(
        Command::new(&programs.headwater)
            .args(["salesforce", "generate", "--json", "--accounts", &accounts, "--dir"])
            .arg(dir.join("org")),
    )?;
    let org = start_org(dir, programs)?;
    say(&format!("    serving Salesforce's APIs at {org}"));

    let module = dir.join("terraform");
    copy(&root().join("examples/scenarios/salesforce-quickstart"), &module)?;
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
    let environment = [
        ("TF_CLI_CONFIG_FILE", rc.display().to_string()),
        ("CHECKPOINT_DISABLE", "1".into()),
        ("HEADWATER_ENDPOINT", endpoint.clone()),
        ("HEADWATER_PROJECT", PROJECT.into()),
        ("HEADWATER_REGION", "europe-west1".into()),
        ("TF_VAR_login_url", org.clone()),
        ("TF_VAR_client_id", CLIENT_ID.into()),
        ("TF_VAR_client_secret", CLIENT_SECRET.into()),
    ];
    write_environment(dir, &environment)?;
    let color: &[&str] = if std::io::stdout().is_terminal() {
        &[]
    } else {
        &["-no-color"]
    };
    let tf = |arguments: &[&str]| {
        let mut command = Command::new(terraform);
        command
            .current_dir(&module)
            .envs(environment.iter().map(|(k, v)| (*k, v.as_str())))
            .args(arguments)
            .args(color);
        command
    };
    shell::step("terraform init", tf(&["init", "-input=false"]).stdout(Stdio::null()))?;
    shell::step("terraform apply", &mut tf(&["apply", "-auto-approve", "-input=false"]))?;
    say("==> terraform plan: it must be empty");
    let code = tf(&["plan", "-detailed-exitcode", "-input=false"])
        .stdout(Stdio::null())
        .status()?;
    if !code.success() {
        return fail("the plan after apply is not empty");
    }
    report(dir, programs, &endpoint, &org, args, since)
}

fn report(dir: &Path, programs: &Programs, endpoint: &str, org: &str, args: &Demo, since: Instant) -> Result<ExitCode> {
    let counts = http::get(&format!("{org}/_control/counts"))?;
    let counts = counts
        .as_object()
        .ok_or_else(|| Error("the org's counts are not an object".into()))?;
    let mut table = format!("\n{:<22}{:>10}{:>12}\n", "object", "org", "BigQuery");
    let mut differing = 0;
    for (object, count) in counts {
        let rows = http::query_cell(
            endpoint,
            PROJECT,
            &format!("SELECT COUNT(*) FROM `{PROJECT}.salesforce_raw.{object}`"),
        )?;
        let expected = count["live"].as_u64().unwrap_or_default().to_string();
        let mark = if rows == expected { "" } else { "  differs" };
        differing += u32::from(rows != expected);
        writeln!(table, "{object:<22}{expected:>10}{rows:>12}{mark}")?;
    }
    print(&table);
    if differing > 0 || counts.is_empty() {
        return fail(format!("{differing} objects differ between the org and BigQuery"));
    }
    print(&format!(
        "All {} objects are equal, {:.0} s after the start.",
        counts.len(),
        since.elapsed().as_secs_f64()
    ));
    if !args.ephemeral {
        let headwater = programs.headwater.display();
        print(&format!(
            "\nWhere to look next:\n  source {env}\n  {headwater} runs show --lake gs://headwater-demo-lake --pipeline crm\n  \
             bq --api {endpoint} --oauth_access_token=local --project_id={PROJECT} query --use_legacy_sql=false \\\n    \
             'SELECT StageName, COUNT(*) n, SUM(Amount) amount FROM salesforce_raw.Opportunity GROUP BY 1 ORDER BY n DESC'\n  \
             cd {module} && terraform plan\n  curl -X POST {org}/_control/churn -H 'content-type: application/json' -d '{{\"updates\":10}}'   # then run again:\n  \
             {headwater} runs start --lake gs://headwater-demo-lake --pipeline crm --runtime headwater --wait\n\
             The local cloud and the org go on running; stop them with: cargo xtask demo --stop",
            env = dir.join("env.sh").display(),
            module = dir.join("terraform").display(),
        ));
    }
    Ok(ExitCode::SUCCESS)
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
fn stop(dir: &Path) {
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
