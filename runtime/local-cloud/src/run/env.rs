//! The arguments and the environment of a task's process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::image;
use super::record::{Execution, Task};
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::secrets;

/// What a container image would bring and a process on this machine needs.
const INHERITED: [&str; 7] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// What a process is started with. Its environment may hold secrets.
pub(super) struct Invocation {
    program: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    dir: PathBuf,
}

impl Invocation {
    /// The program, for messages.
    pub(super) fn program(&self) -> std::path::Display<'_> {
        self.program.display()
    }

    /// The process to start, which writes to `log`.
    pub(super) fn command(&self, log: std::fs::File) -> std::io::Result<Command> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log));
        Ok(command)
    }
}

/// The invocation of a task's current attempt; references to secrets are resolved now.
pub(super) async fn invocation(cloud: &Cloud, execution: &Execution, task: &Task) -> Result<Invocation, ApiError> {
    let container = execution
        .template
        .get("containers")
        .map_or(&Value::Null, |containers| &containers[0]);
    let name = &execution.name;
    let own = [
        ("CLOUD_RUN_JOB", name.job.job.clone()),
        ("CLOUD_RUN_EXECUTION", name.execution.clone()),
        ("CLOUD_RUN_TASK_INDEX", task.index.to_string()),
        ("CLOUD_RUN_TASK_COUNT", execution.task_count.to_string()),
        ("CLOUD_RUN_TASK_ATTEMPT", task.attempt.to_string()),
    ];
    contained(cloud, &name.job.project, &name.job.location, container, own).await
}

/// The invocation of a container, with what the platform says of itself in `own`.
pub(super) async fn contained<'a>(
    cloud: &Cloud,
    project: &str,
    location: &str,
    container: &Value,
    own: impl IntoIterator<Item = (&'a str, String)> + Send,
) -> Result<Invocation, ApiError> {
    let program = image::program(cloud, container).await?;
    let mut env = BTreeMap::new();
    for name in INHERITED {
        if let Ok(value) = std::env::var(name) {
            env.insert(name.to_owned(), value);
        }
    }
    env.extend(program.env);
    let mut put = |name: &str, value: String| drop(env.insert(name.to_owned(), value));
    // What the platform's metadata would say; the container's own settings come after it.
    put("HEADWATER_ENDPOINT", cloud.base_url.clone());
    put("HEADWATER_PROJECT", project.to_owned());
    put("HEADWATER_REGION", location.to_owned());
    for variable in container["env"].as_array().into_iter().flatten() {
        let Some(name) = variable["name"].as_str() else {
            continue;
        };
        let reference = &variable["valueSource"]["secretKeyRef"];
        let value = match reference.is_object() {
            true => secret(cloud, project, reference)?,
            false => variable["value"].as_str().unwrap_or_default().to_owned(),
        };
        put(name, value);
    }
    for (name, value) in own {
        put(name, value);
    }
    Ok(Invocation {
        program: program.file,
        args: program.args,
        env,
        dir: program.dir,
    })
}

/// `secret` is an id, or `projects/P/secrets/ID`.
fn secret(cloud: &Cloud, own_project: &str, reference: &Value) -> Result<String, ApiError> {
    let name = reference["secret"].as_str().unwrap_or_default();
    let version = reference["version"]
        .as_str()
        .filter(|version| !version.is_empty())
        .unwrap_or("latest");
    let (project, id) = match name.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "secrets", id] => (project, id),
        _ => (own_project, name),
    };
    let (_, data) = secrets::access(&cloud.store.snapshot()?, project, id, version)?;
    String::from_utf8(data).map_err(|_| ApiError::failed_precondition(format!("the secret {name} is not text")))
}
