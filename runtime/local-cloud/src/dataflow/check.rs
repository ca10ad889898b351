//! What Dataflow refuses in a launch.

use serde_json::{Map, Value, json};

use crate::http::answer::ApiError;
use crate::ids;
use crate::labels;

/// A launch with everything that it must have.
pub(super) fn launch(parameter: &Map<String, Value>) -> Result<(), ApiError> {
    let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
    name(text("jobName"))?;
    let template = text("containerSpecGcsPath");
    if template.is_empty() {
        return Err(ApiError::invalid(
            "launch_parameter must have one of container_spec and container_spec_gcs_path.",
        ));
    }
    if !template.starts_with("gs://") {
        return Err(ApiError::invalid(format!(
            "container_spec_gcs_path '{template}' is not the path of an object in Cloud Storage."
        )));
    }
    if !template.ends_with("/flex/Yaml_Template") {
        return Err(ApiError::unimplemented(format_args!("the flex template {template}")));
    }
    parameters(parameter)?;
    let environment = parameter.get("environment").and_then(Value::as_object);
    for location in ["tempLocation", "stagingLocation"] {
        let path = environment.and_then(|all| all.get(location)).and_then(Value::as_str);
        if let Some(path) = path.filter(|path| !path.starts_with("gs://")) {
            return Err(ApiError::invalid(format!(
                "{location} '{path}' is not a valid Cloud Storage path: it must begin with gs://."
            )));
        }
    }
    let count = |name: &str| environment.and_then(|all| all.get(name)).and_then(Value::as_i64);
    if let Some(most) = count("maxWorkers")
        && !(1..=4000).contains(&most)
    {
        return Err(ApiError::invalid(format!("max_workers {most} is out of range.")));
    }
    if let Some(labels) = environment.and_then(|all| all.get("additionalUserLabels")) {
        labels::check(&Map::from_iter([("labels".to_owned(), labels.clone())]))?;
    }
    let mapped = parameter.contains_key("transformNameMappings");
    if mapped && parameter.get("update") != Some(&json!(true)) {
        return Err(ApiError::invalid(
            "transform_name_mappings may only be set with update.",
        ));
    }
    Ok(())
}

/// The parameters of Google's template for Beam YAML.
fn parameters(parameter: &Map<String, Value>) -> Result<(), ApiError> {
    let invalid = |why: String| {
        Err(ApiError::invalid(format!(
            "The template parameters are invalid. Details: {why}"
        )))
    };
    let given = parameter.get("parameters").and_then(Value::as_object);
    let known = ["yaml_pipeline", "yaml_pipeline_file", "jinja_variables"];
    if let Some(name) = given
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .find(|name| !known.contains(&name.as_str()))
    {
        return invalid(format!("{name}: Unrecognized parameter"));
    }
    let has = |name: &str| given.is_some_and(|given| given.contains_key(name));
    match (has("yaml_pipeline"), has("yaml_pipeline_file")) {
        (true, true) | (false, false) => {
            invalid("exactly one of yaml_pipeline and yaml_pipeline_file must be given".into())
        }
        _ => Ok(()),
    }
}

fn name(name: &str) -> Result<(), ApiError> {
    if ids::is_hyphenated(name, 1024) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The job name '{name}' is invalid: it must match the regular expression [a-z]([-a-z0-9]{{0,1022}}[a-z0-9])?"
    )))
}
