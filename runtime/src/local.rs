//! `headwater local`: starting, finding and stopping a local cloud. What it serves is `headwater-local-cloud`'s.
//!
//! A running local cloud leaves `server.json` in its data directory; the other commands find it there.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headwater_local_cloud::{LocalCloud, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::cli::{LocalArgs, LocalCommand};
use crate::exit::Exit;
use crate::printer::Printer;

const READY_WITHIN: Duration = Duration::from_secs(20);
const DOWN_WITHIN: Duration = Duration::from_secs(30);

/// What went wrong with the local cloud.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The server does not start.
    #[error("the local cloud did not start")]
    Start(#[source] headwater_local_cloud::Error),
    /// Input or output.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The background process ended or stayed silent.
    #[error("the local cloud is not ready: {0}")]
    NotReady(String),
    /// It does not stop.
    #[error("process {0} has not ended within 30 seconds")]
    Stubborn(i32),
    /// A command that needs it running, or not running.
    #[error("{0}")]
    State(String),
}

impl LocalError {
    /// What to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Start(_) => {
                Some("is the port taken or the data directory in use? try --port 0, or `headwater local status`")
            }
            Self::NotReady(_) => Some("its log is local-cloud.log in the data directory"),
            Self::Stubborn(_) => Some("what it stored is safe; end it with kill -9"),
            Self::Io { .. } | Self::State(_) => None,
        }
    }
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> LocalError {
    let what = what.into();
    move |source| LocalError::Io { what, source }
}

/// `server.json`: where a local cloud can be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    pid: i32,
    base_url: String,
    project: String,
    region: String,
    data_dir: PathBuf,
    /// Where its console is.
    #[serde(default)]
    console_url: String,
}

/// Where it is told to listen.
#[derive(Clone, Copy)]
struct Ports {
    cloud: u16,
    console: Option<u16>,
}

/// Runs one of the commands.
pub async fn run(command: LocalCommand, printer: Printer) -> Result<Exit, LocalError> {
    match command {
        LocalCommand::Up {
            local,
            port,
            console_port,
            detach,
            project,
            region,
            record,
        } => {
            let dir = data_dir(&local)?;
            std::fs::create_dir_all(&dir).map_err(io(format!("cannot create {}", dir.display())))?;
            if let Some(server) = find(&dir) {
                printer.note("the local cloud is already up");
                announce(printer, &server);
                return Ok(Exit::Done);
            }
            if detach {
                start_detached(
                    &dir,
                    Ports {
                        cloud: port,
                        console: console_port,
                    },
                    &project,
                    &region,
                    record.as_deref(),
                    printer,
                )
            } else {
                let runtime_binary = std::env::current_exe().map_err(io("cannot find this program's own path"))?;
                let options = Options {
                    data_dir: dir,
                    port,
                    project,
                    region,
                    record,
                    runtime_binary,
                };
                serve(options, console_port, printer).await
            }
        }
        LocalCommand::Down(local) => down(&data_dir(&local)?, printer),
        LocalCommand::Status(local) => Ok(status(&data_dir(&local)?, printer)),
        LocalCommand::Env(local) => env(&data_dir(&local)?, printer),
        LocalCommand::Reset { local, yes } => reset(&data_dir(&local)?, yes, printer),
    }
}

fn data_dir(args: &LocalArgs) -> Result<PathBuf, LocalError> {
    if let Some(dir) = &args.data_dir {
        return std::path::absolute(dir).map_err(io(format!("cannot resolve {}", dir.display())));
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("headwater/local"))
        .ok_or_else(|| LocalError::State("neither --data-dir nor HOME says where the local cloud lives".into()))
}

fn server_file(dir: &Path) -> PathBuf {
    dir.join("server.json")
}

/// The server that is up on this data directory, if one is.
fn find(dir: &Path) -> Option<Server> {
    let server: Server = serde_json::from_slice(&std::fs::read(server_file(dir)).ok()?).ok()?;
    alive(server.pid).then_some(server)
}

/// A process that exists and is a headwater: process ids are used again, and a stale file must not stop a stranger.
fn alive(pid: i32) -> bool {
    let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if cfg!(target_os = "linux") {
        comm.trim() == "headwater"
    } else {
        kill(Pid::from_raw(pid), None).is_ok()
    }
}

async fn serve(options: Options, console_port: Option<u16>, printer: Printer) -> Result<Exit, LocalError> {
    let (dir, project, region) = (
        options.data_dir.clone(),
        options.project.clone(),
        options.region.clone(),
    );
    // Waiting for a signal starts before the server does, so that none can be missed.
    let stop = crate::signals::stop_requested();
    let cloud = LocalCloud::start(options).await.map_err(LocalError::Start)?;
    let consoles = CancellationToken::new();
    let console = crate::console::beside(cloud.base_url(), &project, &region, console_port, consoles.clone());
    let console_url = console.await.map_err(io("cannot serve the console"))?;
    let server = Server {
        pid: i32::try_from(std::process::id()).unwrap_or_default(),
        base_url: cloud.base_url().to_owned(),
        project,
        region,
        data_dir: dir.clone(),
        console_url,
    };
    let text = serde_json::to_vec_pretty(&server).unwrap_or_default();
    let temporary = dir.join("server.json.new");
    std::fs::write(&temporary, text)
        .and_then(|()| std::fs::rename(&temporary, server_file(&dir)))
        .map_err(io("cannot write server.json"))?;
    announce(printer, &server);
    stop.await;
    consoles.cancel();
    std::fs::remove_file(server_file(&dir)).ok();
    cloud.shutdown().await;
    Ok(Exit::Done)
}

fn start_detached(
    dir: &Path,
    ports: Ports,
    project: &str,
    region: &str,
    record: Option<&Path>,
    printer: Printer,
) -> Result<Exit, LocalError> {
    let log_path = dir.join("local-cloud.log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(&log_path);
    let log = log.map_err(io(format!("cannot write {}", log_path.display())))?;
    let this = std::env::current_exe().map_err(io("cannot find this program's own path"))?;
    let mut child = Command::new(this)
        .args([
            "local",
            "up",
            "--port",
            &ports.cloud.to_string(),
            "--project",
            project,
            "--region",
            region,
            "--data-dir",
        ])
        .arg(dir)
        .args(ports.console.iter().map(|port| format!("--console-port={port}")))
        .args(
            record
                .iter()
                .flat_map(|file| [std::ffi::OsStr::new("--record"), file.as_os_str()]),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        // Its own group: Ctrl-C in the terminal that started it does not end it.
        .process_group(0)
        .spawn()
        .map_err(io("cannot start the background process"))?;
    let since = Instant::now();
    loop {
        if let Some(server) = find(dir).filter(|s| u32::try_from(s.pid) == Ok(child.id())) {
            announce(printer, &server);
            return Ok(Exit::Done);
        }
        if let Ok(Some(status)) = child.try_wait() {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(3).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            return Err(LocalError::NotReady(format!(
                "it ended with {status}: {}",
                last.join(" / ")
            )));
        }
        if since.elapsed() > READY_WITHIN {
            return Err(LocalError::NotReady("no answer within 20 seconds".into()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn announce(printer: Printer, server: &Server) {
    printer.result(server, || {
        format!(
            "local cloud ready at {}\n  project  {}\n  region   {}\n  data     {}\n  console  {}\nnext: eval \"$(headwater local env)\" && terraform apply",
            server.base_url,
            server.project,
            server.region,
            server.data_dir.display(),
            server.console_url
        )
    });
}

fn down(dir: &Path, printer: Printer) -> Result<Exit, LocalError> {
    let Some(server) = find(dir) else {
        printer.result(&serde_json::json!({"stopped": false}), || {
            "the local cloud is not up".into()
        });
        return Ok(Exit::Done);
    };
    kill(Pid::from_raw(server.pid), Signal::SIGTERM)
        .map_err(|e| io(format!("cannot stop process {}", server.pid))(e.into()))?;
    let since = Instant::now();
    while alive(server.pid) {
        if since.elapsed() > DOWN_WITHIN {
            return Err(LocalError::Stubborn(server.pid));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    printer.result(&serde_json::json!({"stopped": true}), || {
        "the local cloud is down; what it stored stays".into()
    });
    Ok(Exit::Done)
}

fn status(dir: &Path, printer: Printer) -> Exit {
    let server = find(dir);
    printer.result(
        &serde_json::json!({"up": server.is_some(), "server": server, "data_dir": dir}),
        || match &server {
            Some(server) => format!(
                "up at {} (process {}), console at {}\ndata in {}",
                server.base_url,
                server.pid,
                server.console_url,
                dir.display()
            ),
            None => format!("not up; data in {}", dir.display()),
        },
    );
    if server.is_some() { Exit::Done } else { Exit::Failed }
}

/// The variables that point Headwater, Google's tools and Google's Python libraries at a local cloud.
fn variables(server: &Server) -> Vec<(&'static str, String)> {
    let url = &server.base_url;
    let slash = format!("{url}/");
    vec![
        ("HEADWATER_ENDPOINT", url.clone()),
        ("HEADWATER_PROJECT", server.project.clone()),
        ("HEADWATER_REGION", server.region.clone()),
        ("STORAGE_EMULATOR_HOST", url.clone()),
        ("BIGQUERY_EMULATOR_HOST", url.clone()),
        ("GOOGLE_CLOUD_PROJECT", server.project.clone()),
        ("CLOUDSDK_CORE_PROJECT", server.project.clone()),
        ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true".into()),
        // bq looks for an account all the same, and takes a token for one.
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", "local".into()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", slash.clone()),
        // The root of the API's host: bq appends the path itself.
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY", slash.clone()),
        (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY",
            format!("{slash}artifactregistry/"),
        ),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING", slash.clone()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPLEX", slash),
        ("PUBSUB_EMULATOR_HOST", url.trim_start_matches("http://").to_owned()),
    ]
}

fn env(dir: &Path, printer: Printer) -> Result<Exit, LocalError> {
    let server = find(dir).ok_or_else(|| {
        LocalError::State("the local cloud is not up: start it with `headwater local up --detach`".into())
    })?;
    let variables = variables(&server);
    let object: serde_json::Map<_, _> = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), v.clone().into()))
        .collect();
    printer.result(&object, || {
        let mut text = String::new();
        for (name, value) in &variables {
            writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''")).ok();
        }
        text.trim_end().to_owned()
    });
    Ok(Exit::Done)
}

fn reset(dir: &Path, yes: bool, printer: Printer) -> Result<Exit, LocalError> {
    if find(dir).is_some() {
        return Err(LocalError::State(
            "the local cloud is up: stop it first with `headwater local down`".into(),
        ));
    }
    if !dir.exists() {
        printer.result(&serde_json::json!({"deleted": false}), || "nothing to delete".into());
        return Ok(Exit::Done);
    }
    if !looks_like_ours(dir) {
        return Err(LocalError::State(format!(
            "{} does not look like a local cloud's data directory; nothing was deleted",
            dir.display()
        )));
    }
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(LocalError::State(
                "nobody is there to confirm: repeat with --yes".into(),
            ));
        }
        printer.note(&format!("delete everything in {}? [y/N]", dir.display()));
        std::io::stderr().flush().ok();
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(io("cannot read the answer"))?;
        if !answer.trim().eq_ignore_ascii_case("y") {
            return Ok(Exit::Failed);
        }
    }
    std::fs::remove_dir_all(dir).map_err(io(format!("cannot delete {}", dir.display())))?;
    printer.result(&serde_json::json!({"deleted": true}), || "deleted".into());
    Ok(Exit::Done)
}

/// A slip in --data-dir must not cost somebody's files.
fn looks_like_ours(dir: &Path) -> bool {
    let known = [
        "objects",
        "bigquery",
        "pubsub",
        "logs",
        "local-cloud.log",
        "server.json",
        "metadata.redb",
        "lock",
        "partial",
        "tmp",
    ];
    std::fs::read_dir(dir).is_ok_and(|entries| {
        entries.filter_map(Result::ok).all(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            known.iter().any(|k| name.starts_with(k))
        })
    })
}
