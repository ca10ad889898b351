//! Job templates: what must be in them, what is filled in, what a run overrides.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::clock::parse_duration;
use crate::http::answer::ApiError;
use crate::platform::default_account;

const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
const MOST_TASKS: u64 = 10_000;

/// A whole number, written as one or as a string.
pub(super) fn integer(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Replaces enum values that came as numbers by their names.
fn name_enum(object: &mut Map<String, Value>, field: &str, names: &[&str]) {
    let number = object
        .get(field)
        .and_then(Value::as_u64)
        .and_then(|n| usize::try_from(n).ok());
    if let Some(name) = number.and_then(|n| names.get(n)) {
        object.insert(field.to_owned(), json!(name));
    }
}

/// The launch stage by its name; GA when none is given.
pub(super) fn complete_stage(settings: &mut Map<String, Value>) {
    let stages = [
        "LAUNCH_STAGE_UNSPECIFIED",
        "EARLY_ACCESS",
        "ALPHA",
        "BETA",
        "GA",
        "DEPRECATED",
        "PRELAUNCH",
        "UNIMPLEMENTED",
    ];
    name_enum(settings, "launchStage", &stages);
    if settings
        .get("launchStage")
        .and_then(Value::as_str)
        .is_none_or(|stage| stage == stages[0])
    {
        settings.insert("launchStage".into(), json!("GA"));
    }
}

/// Checks the settings of a job and fills in what Cloud Run fills in.
pub(super) fn complete(settings: &mut Map<String, Value>, project: &str) -> Result<(), ApiError> {
    complete_stage(settings);
    let Some(Value::Object(execution)) = settings.get_mut("template") else {
        return Err(ApiError::invalid(
            "Violation in CreateJobRequest.job.template: must be specified",
        ));
    };
    let count = execution
        .get("taskCount")
        .map_or(Some(1), integer)
        .filter(|n| *n <= MOST_TASKS);
    let count = count.ok_or_else(|| ApiError::invalid("job.template.task_count: must be between 1 and 10000"))?;
    execution.insert("taskCount".into(), json!(count.max(1)));
    if let Some(parallelism) = execution.get("parallelism").cloned() {
        let parallelism =
            integer(&parallelism).ok_or_else(|| ApiError::invalid("job.template.parallelism: not a number"))?;
        execution.insert("parallelism".into(), json!(parallelism));
    }
    let Some(Value::Object(task)) = execution.get_mut("template") else {
        return Err(ApiError::invalid(
            "Violation in CreateJobRequest.job.template.template: must be specified",
        ));
    };
    complete_task(task, project)
}

fn complete_task(task: &mut Map<String, Value>, project: &str) -> Result<(), ApiError> {
    name_enum(
        task,
        "executionEnvironment",
        &[
            "EXECUTION_ENVIRONMENT_UNSPECIFIED",
            "EXECUTION_ENVIRONMENT_GEN1",
            "EXECUTION_ENVIRONMENT_GEN2",
        ],
    );
    task.entry("executionEnvironment")
        .or_insert(json!("EXECUTION_ENVIRONMENT_GEN2"));
    let retries = task.get("maxRetries").map_or(Some(3), integer).filter(|n| *n <= 10);
    let retries =
        retries.ok_or_else(|| ApiError::invalid("job.template.template.max_retries: must be between 0 and 10"))?;
    task.insert("maxRetries".into(), json!(retries));
    let text = task.entry("timeout").or_insert(json!("600s")).clone();
    timeout(&text)?;
    let account = task.entry("serviceAccount").or_insert(json!(""));
    if account.as_str().is_none_or(str::is_empty) {
        *account = json!(default_account(project));
    }
    complete_containers(task, "job.template.template")
}

/// Checks and completes the containers of a template, which is at `path`.
pub(super) fn complete_containers(template: &mut Map<String, Value>, path: &str) -> Result<(), ApiError> {
    let containers = template.get_mut("containers").and_then(Value::as_array_mut);
    let Some(containers) = containers.filter(|containers| !containers.is_empty()) else {
        return Err(ApiError::invalid(format!(
            "{path}.containers: must contain at least one container"
        )));
    };
    if containers.len() > 1 {
        return Err(ApiError::unimplemented("a template with more than one container"));
    }
    for container in containers {
        let image = container["image"].as_str().unwrap_or_default();
        if image.is_empty() {
            return Err(ApiError::invalid(format!(
                "{path}.containers[0].image: must be specified"
            )));
        }
        let mut names = container["env"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|env| env["name"].as_str().unwrap_or_default());
        if let Some(bad) = names.find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return Err(ApiError::invalid(format!(
                "{path}.containers[0].env: the name '{bad}' is invalid"
            )));
        }
        let limits = &mut container["resources"]["limits"];
        for (resource, default) in [("cpu", "1000m"), ("memory", "512Mi")] {
            if limits[resource].is_null() {
                limits[resource] = json!(default);
            }
        }
    }
    Ok(())
}

/// How long one attempt may take.
pub(super) fn timeout(value: &Value) -> Result<Duration, ApiError> {
    let given = value
        .as_str()
        .and_then(parse_duration)
        .filter(|time| !time.is_zero() && *time <= LONGEST);
    given.ok_or_else(|| {
        ApiError::invalid(format!(
            "template.timeout: {value} is not a duration between 1s and 604800s"
        ))
    })
}

/// What one run makes of the job's execution template: its own task count and task template.
pub(super) fn overridden(
    execution: &Map<String, Value>,
    overrides: &Value,
) -> Result<(u32, Map<String, Value>), ApiError> {
    let known = ["taskCount", "timeout", "containerOverrides"];
    let unknown = overrides
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .find(|n| !known.contains(&n.as_str()));
    if let Some(unknown) = unknown {
        return Err(ApiError::unimplemented(format_args!(
            "the override {unknown} of jobs.run"
        )));
    }
    let count = match &overrides["taskCount"] {
        Value::Null => execution.get("taskCount").and_then(integer),
        given => integer(given).filter(|n| (0..=MOST_TASKS).contains(n)),
    };
    let count = count
        .ok_or_else(|| ApiError::invalid("overrides.task_count: must be between 1 and 10000"))?
        .max(1);
    let mut task = execution
        .get("template")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if !overrides["timeout"].is_null() {
        timeout(&overrides["timeout"])?;
        task.insert("timeout".into(), overrides["timeout"].clone());
    }
    for given in overrides["containerOverrides"].as_array().into_iter().flatten() {
        let Some(Value::Array(containers)) = task.get_mut("containers") else {
            continue;
        };
        let name = given["name"].as_str().filter(|name| !name.is_empty());
        let container = containers
            .iter_mut()
            .find(|c| name.is_none_or(|name| c["name"] == name));
        let Some(container) = container else {
            let name = name.unwrap_or_default();
            return Err(ApiError::invalid(format!(
                "overrides.container_overrides: there is no container '{name}'"
            )));
        };
        override_container(container, given);
    }
    Ok((u32::try_from(count).unwrap_or(1), task))
}

fn override_container(container: &mut Value, given: &Value) {
    if given["clearArgs"] == true {
        container["args"] = json!([]);
    }
    if given["args"].as_array().is_some_and(|args| !args.is_empty()) {
        container["args"] = given["args"].clone();
    }
    let added = given["env"].as_array().cloned().unwrap_or_default();
    if added.is_empty() {
        return;
    }
    let mut env = container["env"].as_array().cloned().unwrap_or_default();
    for variable in added {
        env.retain(|known| known["name"] != variable["name"]);
        env.push(variable);
    }
    container["env"] = Value::Array(env);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_completed_and_overridden() {
        let mut settings = json!({ "launchStage": 3, "template": { "taskCount": "2", "template": {
            "containers": [{ "image": "i", "args": ["version"], "env": [{ "name": "A", "value": "1" }] }],
        }}});
        let settings = settings.as_object_mut().unwrap();
        complete(settings, "p").unwrap();
        assert_eq!(settings["launchStage"], "BETA");
        let execution = settings["template"].as_object().unwrap();
        assert_eq!(
            (&execution["taskCount"], &execution["template"]["maxRetries"]),
            (&json!(2), &json!(3))
        );
        assert_eq!(execution["template"]["timeout"], "600s");

        let overrides = json!({ "taskCount": 5, "timeout": "7s", "containerOverrides": [
            { "args": ["run"], "env": [{ "name": "A", "value": "2" }, { "name": "B", "value": "3" }] },
        ]});
        let (count, task) = overridden(execution, &overrides).unwrap();
        assert_eq!((count, &task["timeout"]), (5, &json!("7s")));
        assert_eq!(task["containers"][0]["args"], json!(["run"]));
        assert_eq!(task["containers"][0]["env"], overrides["containerOverrides"][0]["env"]);
        let cleared = overridden(execution, &json!({ "containerOverrides": [{ "clearArgs": true }] }))
            .unwrap()
            .1;
        assert_eq!(cleared["containers"][0]["args"], json!([]));
        assert_eq!(
            overridden(execution, &json!({ "delayExecution": {} }))
                .unwrap_err()
                .code,
            501
        );
        assert_eq!(
            overridden(execution, &json!({ "containerOverrides": [{ "name": "x" }] }))
                .unwrap_err()
                .code,
            400
        );
    }

    #[test]
    fn bad_templates_are_refused() {
        let container = json!([{ "image": "i" }]);
        for (template, says) in [
            (json!({}), "template.template"),
            (json!({ "template": {} }), "containers"),
            (json!({ "template": { "containers": [] } }), "containers"),
            (json!({ "template": { "containers": [{ "args": [] }] } }), "image"),
            (
                json!({ "taskCount": 10001, "template": { "containers": container } }),
                "task_count",
            ),
            (
                json!({ "template": { "containers": container, "timeout": "soon" } }),
                "timeout",
            ),
            (
                json!({ "template": { "containers": container, "maxRetries": 11 } }),
                "max_retries",
            ),
        ] {
            let mut settings = json!({ "template": template }).as_object().cloned().unwrap();
            let error = complete(&mut settings, "p").unwrap_err();
            assert!(
                error.code == 400 && error.message.contains(says),
                "{template}: {}",
                error.message
            );
        }
    }
}
