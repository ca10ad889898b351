//! What a task is made from, in version 1's words. What has no field there is an annotation of the execution; what has
//! neither is refused by its name.

use serde_json::{Map, Value, json};

use super::super::template;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;

/// A task's specification, and the annotations that belong to it.
pub(super) struct TaskSpec {
    pub(super) spec: Value,
    pub(super) annotations: Map<String, Value>,
}

fn foreign(what: &str, of: &str) -> ApiError {
    ApiError::unimplemented(format_args!("{what} of a {of} in Cloud Run's version 1"))
}

impl TaskSpec {
    /// Of a task template of version 2, in this project.
    pub(super) fn of(task: &Map<String, Value>, project: &str) -> Result<TaskSpec, ApiError> {
        let mut secrets = Secrets::of(project);
        let mut this = TaskSpec {
            spec: json!({}),
            annotations: Map::new(),
        };
        let mut sql = Vec::new();
        for (name, value) in task.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "maxRetries" => this.spec["maxRetries"] = value.clone(),
                "timeout" => this.spec["timeoutSeconds"] = json!(template::timeout(value)?.as_secs().to_string()),
                "serviceAccount" => this.spec["serviceAccountName"] = value.clone(),
                "executionEnvironment" => {
                    let generation = if value == "EXECUTION_ENVIRONMENT_GEN1" {
                        "gen1"
                    } else {
                        "gen2"
                    };
                    this.annotate("execution-environment", generation);
                }
                "encryptionKey" => this.annotate("encryption-key", value.as_str().unwrap_or_default()),
                "vpcAccess" => this.vpc_access(value)?,
                "nodeSelector" => {
                    this.spec["nodeSelector"] = json!({ "run.googleapis.com/accelerator": value["accelerator"] });
                }
                "volumes" => this.spec["volumes"] = volumes(value, &mut secrets, &mut sql)?,
                "containers" => this.spec["containers"] = containers(value, &mut secrets)?,
                other => return Err(foreign(other, "task")),
            }
        }
        if !sql.is_empty() {
            this.annotate("cloudsql-instances", &sql.join(","));
        }
        if !secrets.aliases.is_empty() {
            this.annotate("secrets", &secrets.aliases.join(","));
        }
        Ok(this)
    }

    fn annotate(&mut self, name: &str, value: &str) {
        self.annotations
            .insert(format!("run.googleapis.com/{name}"), json!(value));
    }

    fn vpc_access(&mut self, access: &Value) -> Result<(), ApiError> {
        for (name, value) in access.as_object().into_iter().flatten() {
            match (name.as_str(), value.as_str()) {
                ("connector", Some(connector)) => self.annotate("vpc-access-connector", connector),
                ("egress", Some("ALL_TRAFFIC")) => self.annotate("vpc-access-egress", "all-traffic"),
                ("egress", Some("PRIVATE_RANGES_ONLY")) => self.annotate("vpc-access-egress", "private-ranges-only"),
                ("networkInterfaces", _) => self.annotate("network-interfaces", &value.to_string()),
                _ => return Err(foreign(name, "VPC access")),
            }
        }
        Ok(())
    }
}

/// Secrets go by their names; those of other projects by an alias that an annotation explains.
struct Secrets<'a> {
    project: &'a str,
    number: String,
    /// `ALIAS:projects/PROJECT/secrets/SECRET`.
    aliases: Vec<String>,
}

impl<'a> Secrets<'a> {
    fn of(project: &'a str) -> Self {
        Secrets {
            project,
            number: Cloud::project_number(project).to_string(),
            aliases: Vec::new(),
        }
    }

    fn name(&mut self, secret: &Value) -> String {
        let secret = secret.as_str().unwrap_or_default();
        let parts = secret
            .strip_prefix("projects/")
            .and_then(|rest| rest.split_once("/secrets/"));
        match parts {
            None => secret.to_owned(),
            Some((project, name)) if project == self.project || project == self.number => name.to_owned(),
            Some(_) => {
                let known = self
                    .aliases
                    .iter()
                    .find_map(|known| known.strip_suffix(secret)?.strip_suffix(':'));
                if let Some(alias) = known {
                    return alias.to_owned();
                }
                let alias = format!("secret-{}", self.aliases.len() + 1);
                self.aliases.push(format!("{alias}:{secret}"));
                alias
            }
        }
    }
}

fn containers(all: &Value, secrets: &mut Secrets<'_>) -> Result<Value, ApiError> {
    let mut shown = Vec::new();
    for container in all.as_array().into_iter().flatten() {
        let mut out = json!({});
        for (name, value) in container.as_object().into_iter().flatten() {
            match name.as_str() {
                "name" | "image" | "command" | "args" | "ports" | "volumeMounts" | "workingDir" | "startupProbe"
                | "livenessProbe" => out[name] = value.clone(),
                "resources" => out["resources"] = json!({ "limits": value["limits"] }),
                "env" => {
                    let env = value.as_array().into_iter().flatten();
                    out["env"] = env.map(|one| variable(one, secrets)).collect();
                }
                other => return Err(foreign(other, "container")),
            }
        }
        shown.push(out);
    }
    Ok(Value::Array(shown))
}

fn variable(env: &Value, secrets: &mut Secrets<'_>) -> Value {
    let source = &env["valueSource"]["secretKeyRef"];
    if source.is_null() {
        return json!({ "name": env["name"], "value": env["value"].as_str().unwrap_or_default() });
    }
    let version = source["version"].as_str().unwrap_or("latest");
    let reference = json!({ "name": secrets.name(&source["secret"]), "key": version });
    json!({ "name": env["name"], "valueFrom": { "secretKeyRef": reference } })
}

/// Volumes of databases are no volumes here: their instances are collected for an annotation.
fn volumes(all: &Value, secrets: &mut Secrets<'_>, sql: &mut Vec<String>) -> Result<Value, ApiError> {
    let mut shown = Vec::new();
    for volume in all.as_array().into_iter().flatten() {
        let mut out = json!({ "name": volume["name"] });
        let source = volume
            .as_object()
            .into_iter()
            .flatten()
            .find(|(name, _)| *name != "name");
        match source.map(|(kind, source)| (kind.as_str(), source)) {
            Some(("secret", source)) => out["secret"] = secret_volume(source, secrets),
            Some(("emptyDir", source)) => {
                let medium = match source["medium"].as_str() {
                    Some("MEMORY") => "Memory",
                    Some("DISK") => "Disk",
                    _ => "",
                };
                out["emptyDir"] = kept(json!({ "medium": medium, "sizeLimit": source["sizeLimit"] }));
            }
            Some(("nfs", source)) => out["nfs"] = source.clone(),
            Some(("gcs", source)) => {
                let options = source["mountOptions"].as_array().into_iter().flatten();
                let options: Vec<&str> = options.filter_map(Value::as_str).collect();
                let mut attributes = json!({ "bucketName": source["bucket"] });
                if !options.is_empty() {
                    attributes["mountOptions"] = json!(options.join(","));
                }
                out["csi"] = kept(json!({
                    "driver": "gcsfuse.run.googleapis.com",
                    "readOnly": source["readOnly"],
                    "volumeAttributes": attributes,
                }));
            }
            Some(("cloudSqlInstance", source)) => {
                let instances = source["instances"].as_array().into_iter().flatten();
                sql.extend(instances.filter_map(Value::as_str).map(str::to_owned));
                continue;
            }
            Some((other, _)) => return Err(foreign(other, "volume")),
            None => {}
        }
        shown.push(out);
    }
    Ok(Value::Array(shown))
}

fn secret_volume(source: &Value, secrets: &mut Secrets<'_>) -> Value {
    let items = source["items"].as_array().map(|items| {
        let item = |item: &Value| kept(json!({ "key": item["version"], "path": item["path"], "mode": item["mode"] }));
        items.iter().map(item).collect::<Value>()
    });
    kept(json!({
        "secretName": secrets.name(&source["secret"]),
        "items": items,
        "defaultMode": source["defaultMode"],
    }))
}

/// The object without what is not there.
fn kept(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_told_in_other_words() {
        let template = json!({
            "maxRetries": 2,
            "timeout": "90s",
            "serviceAccount": "a@b",
            "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
            "vpcAccess": { "connector": "c", "egress": "ALL_TRAFFIC" },
            "volumes": [
                { "name": "s", "secret": { "secret": "projects/other/secrets/key", "items": [{ "version": "1", "path": "k" }] } },
                { "name": "m", "emptyDir": { "medium": "MEMORY", "sizeLimit": "1Gi" } },
                { "name": "b", "gcs": { "bucket": "lake", "mountOptions": ["a", "b"] } },
                { "name": "d", "cloudSqlInstance": { "instances": ["p:r:i", "p:r:j"] } },
            ],
            "containers": [{
                "image": "i",
                "args": ["run"],
                "resources": { "limits": { "cpu": "1" }, "cpuIdle": true },
                "env": [
                    { "name": "A", "value": "1" },
                    { "name": "B" },
                    { "name": "C", "valueSource": { "secretKeyRef": { "secret": "projects/p/secrets/mine", "version": "3" } } },
                    { "name": "D", "valueSource": { "secretKeyRef": { "secret": "projects/other/secrets/key" } } },
                ],
            }],
        });
        let shown = TaskSpec::of(template.as_object().unwrap(), "p").unwrap();
        let wanted = json!({
            "maxRetries": 2,
            "timeoutSeconds": "90",
            "serviceAccountName": "a@b",
            "volumes": [
                { "name": "s", "secret": { "secretName": "secret-1", "items": [{ "key": "1", "path": "k" }] } },
                { "name": "m", "emptyDir": { "medium": "Memory", "sizeLimit": "1Gi" } },
                { "name": "b", "csi": {
                    "driver": "gcsfuse.run.googleapis.com",
                    "volumeAttributes": { "bucketName": "lake", "mountOptions": "a,b" },
                } },
            ],
            "containers": [{
                "image": "i",
                "args": ["run"],
                "resources": { "limits": { "cpu": "1" } },
                "env": [
                    { "name": "A", "value": "1" },
                    { "name": "B", "value": "" },
                    { "name": "C", "valueFrom": { "secretKeyRef": { "name": "mine", "key": "3" } } },
                    { "name": "D", "valueFrom": { "secretKeyRef": { "name": "secret-1", "key": "latest" } } },
                ],
            }],
        });
        assert_eq!(shown.spec, wanted);
        let annotations = json!({
            "run.googleapis.com/execution-environment": "gen2",
            "run.googleapis.com/vpc-access-connector": "c",
            "run.googleapis.com/vpc-access-egress": "all-traffic",
            "run.googleapis.com/cloudsql-instances": "p:r:i,p:r:j",
            "run.googleapis.com/secrets": "secret-1:projects/other/secrets/key",
        });
        assert_eq!(Value::Object(shown.annotations), annotations);
    }

    #[test]
    fn what_has_no_words_is_named() {
        for (template, name) in [
            (json!({ "sandboxes": {} }), "sandboxes of a task"),
            (
                json!({ "containers": [{ "dependsOn": ["a"] }] }),
                "dependsOn of a container",
            ),
            (
                json!({ "volumes": [{ "name": "f", "filestore": {} }] }),
                "filestore of a volume",
            ),
            (
                json!({ "vpcAccess": { "egress": "SIDEWAYS" } }),
                "egress of a VPC access",
            ),
        ] {
            let refused = TaskSpec::of(template.as_object().unwrap(), "p").err().unwrap();
            assert!(
                refused.code == 501 && refused.message.contains(name),
                "{template}: {}",
                refused.message
            );
        }
    }
}
