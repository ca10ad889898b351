//! `headwater_runtime`: the Cloud Run job whose executions do the pipelines' work.

mod image;

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{CloudRun, Kind, OptionalExt as _, Wait};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema, Timeouts, Type, equal, parse_duration,
    validate,
};

use crate::clients::{Clients, no_region};
use crate::environment::{self, Environment};
use crate::labels::{self, Labels};
use crate::names::{self, RuntimeId};
use crate::network::{self, VpcAccess};
use crate::problems::{Explain as _, cloud_problem};

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct Runtime;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    name: Attr<String>,
    region: Attr<String>,
    image: Attr<String>,
    build: Attr<image::Build>,
    cpu: Attr<String>,
    memory: Attr<String>,
    max_retries: Attr<i64>,
    task_timeout: Attr<String>,
    service_account: Attr<String>,
    vpc_access: Attr<VpcAccess>,
    kms_key_name: Attr<String>,
    env: Attr<Environment>,
    labels: Attr<Labels>,
    uri: Attr<String>,
    id: Attr<String>,
}

/// What the job runs when nobody overrides it.
const ARGS: &[&str] = &["version"];

/// The image that belongs to this provider. The local cloud runs its own binary whatever the image is called.
pub(crate) fn default_image() -> String {
    format!("headwater:{}", crate::VERSION)
}

impl Job {
    fn id(&self) -> Result<&str, Diagnostic> {
        self.id.require("id").map(String::as_str)
    }

    /// Puts what is planned into a document: an empty one to create a job, the present one to change it, so that what
    /// this resource does not know stays.
    fn write(&self, document: &mut Json) -> Result<(), Diagnostic> {
        let timeout = self.task_timeout.require("task_timeout")?;
        let timeout = parse_duration(timeout).map_err(|text| Diagnostic::invalid("task_timeout", text))?;
        document["labels"] = Json::Object(labels::wanted(&self.labels, false));
        let task = &mut document["template"]["template"];
        task["maxRetries"] = json!(self.max_retries.known());
        task["timeout"] = format!("{}s", timeout.as_secs()).into();
        if let Some(account) = self.service_account.as_deref() {
            task["serviceAccount"] = account.into();
        }
        network::write(task, &self.vpc_access, &self.kms_key_name);
        let mut container = task["containers"][0].take();
        container["image"] = json!(self.image.as_deref());
        container["args"] = json!(ARGS);
        let image = self
            .image
            .as_deref()
            .filter(|image| image.contains('@') && !self.names_image());
        let own = image.map(|image| json!({"name": image::VARIABLE, "value": image}));
        container["env"] = own.into_iter().chain(environment::wanted(&self.env)).collect();
        container["resources"]["limits"]["cpu"] = json!(self.cpu.as_deref());
        container["resources"]["limits"]["memory"] = json!(self.memory.as_deref());
        task["containers"] = Json::Array(vec![container]);
        Ok(())
    }

    /// Whether the user sets the variable that otherwise says which image is executed.
    fn names_image(&self) -> bool {
        self.env.known().is_some_and(|env| env.contains_key(image::VARIABLE))
    }

    fn document(&self) -> Result<Json, Diagnostic> {
        let mut document = json!({"template": {"taskCount": 1, "template": {"containers": [{}]}}});
        self.write(&mut document)?;
        Ok(document)
    }

    fn read(&self, document: &Json) -> Job {
        let task = &document["template"]["template"];
        let container = &task["containers"][0];
        let limit = |name: &str| {
            container["resources"]["limits"][name]
                .as_str()
                .map(str::to_owned)
                .into()
        };
        let account = task["serviceAccount"]
            .as_str()
            .filter(|account| !account.is_empty())
            .map(str::to_owned);
        let (vpc_access, kms_key_name) = network::read(task, &self.vpc_access);
        let own: &[&str] = if self.names_image() { &[] } else { &[image::VARIABLE] };
        Job {
            name: self.name.clone(),
            region: self.region.clone(),
            image: container["image"].as_str().map(str::to_owned).into(),
            build: self.build.clone(),
            cpu: limit("cpu"),
            memory: limit("memory"),
            max_retries: task["maxRetries"].as_i64().into(),
            task_timeout: timeout(&task["timeout"], &self.task_timeout),
            service_account: account.into(),
            vpc_access,
            kms_key_name,
            env: environment::read(container, &self.env, own),
            labels: labels::read(&document["labels"], &self.labels),
            uri: uri_of(&self.id),
            id: self.id.clone(),
        }
    }
}

/// Google writes seconds; the state keeps what the user wrote as long as it means the same.
fn timeout(remote: &Json, state: &Attr<String>) -> Attr<String> {
    let Some(text) = remote.as_str() else { return Attr::Null };
    let same = state
        .as_deref()
        .is_some_and(|state| parse_duration(state).ok() == parse_duration(text).ok());
    if same { state.clone() } else { text.into() }
}

fn uri_of(id: &Attr<String>) -> Attr<String> {
    id.clone().map(|id| format!("https://run.googleapis.com/v2/{id}"))
}

#[async_trait]
impl Resource for Runtime {
    type Model = Job;

    fn type_name(&self) -> &'static str {
        "headwater_runtime"
    }

    fn identity(&self) -> Option<Identity> {
        // The project is in the full name alone.
        Some(Identity::new("{id}"))
    }

    fn schema(&self) -> Schema {
        let [vpc_access, kms_key_name] = network::attributes();
        Schema::new([
            ("name", Attribute::string().required().requires_replace().validate(names::job()).describe("The job's name, unique in project and region.")),
            (
                "region",
                Attribute::string()
                    .optional_computed()
                    .requires_replace()
                    .use_state_for_unknown()
                    .validate(names::region())
                    .describe("Where it runs, such as `europe-west1`. Default: the provider's region."),
            ),
            (
                "image",
                Attribute::string()
                    .optional_computed()
                    .validate(validate::matches("must be a container image without spaces, such as `europe-docker.pkg.dev/acme/headwater/headwater:0.1.0`", |text| {
                        !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains("://")
                    }))
                    .describe(format!("The container image of the runtime, if `build` does not make it. On Google Cloud, name an image in Artifact Registry. The local cloud executes what was pushed to it; a name in a repository that it does not have stands for its own `headwater`. Default: `{}`, which suits the local cloud.", default_image())),
            ),
            ("build", image::schema()),
            ("cpu", Attribute::string().default("1").validate(names::cpu()).describe("CPUs of each task.")),
            ("memory", Attribute::string().default("1Gi").validate(names::memory()).describe("Memory of each task. An extract needs less than 512 MiB whatever the size of its objects.")),
            (
                "max_retries",
                Attribute::number()
                    .default(3)
                    .validate(validate::whole_number())
                    .validate(validate::range(0..=10))
                    .describe("How often a failed task is tried again. A repeated task resumes where it stopped."),
            ),
            (
                "task_timeout",
                Attribute::string()
                    .default("1h")
                    .equivalent(equal::duration)
                    .validate(validate::duration())
                    .validate(validate::matches("must be `1s` to `168h`", |text| {
                        parse_duration(text).is_ok_and(|time| (1..=168 * 3600).contains(&time.as_secs()))
                    }))
                    .describe("How long a task may take."),
            ),
            (
                "service_account",
                Attribute::string()
                    .optional_computed()
                    .use_state_for_unknown()
                    .validate(names::service_account())
                    .describe("The identity of the tasks, and of the schedules that start them. Default: the project's default compute account. It needs: Storage Object Admin on the lake, BigQuery Data Editor on the dataset, BigQuery Job User, Secret Manager Secret Accessor on the connection, Cloud Run Invoker and Developer on the job."),
            ),
            vpc_access,
            kms_key_name,
            (
                "env",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::environment_keys())
                    .describe("Environment variables of the tasks. No place for secrets: they would be in the state."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::label_keys())
                    .validate(names::label_values())
                    .describe("Labels, for cost attribution."),
            ),
            ("uri", Attribute::string().computed().use_state_for_unknown().describe("The job in the Cloud Run Admin API.")),
            ("id", Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/locations/REGION/jobs/NAME`.")),
        ])
        .check(network::check())
        .describe("The runtime: a Cloud Run job that any number of pipelines share. It does nothing by itself; each pipeline starts executions of it with its own arguments.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(600))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(600))
                .delete(Duration::from_secs(600)),
        )
    }

    async fn validate(&self, _cx: &mut Cx, config: &Job) -> Result<()> {
        // What is not known yet may turn out to be null: a module passes both on.
        if config.build.known().is_none() || config.image.known().is_none() {
            return Ok(());
        }
        Err(Diagnostic::invalid("image", "`image` and `build` exclude each other")
            .hint("Remove `image`, and the image is built; or remove `build`.")
            .into())
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Job>) -> Result<Job> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        if planned.region.is_unknown() && plan.config.region.is_null() {
            planned.region = match clients.region() {
                Attr::Null => return Err(no_region("region").into()),
                region => region.clone(),
            };
        }
        if plan.prior.is_none() || planned.id.is_unknown() {
            planned.id = match (clients.project(), &planned.region, &planned.name) {
                (Attr::Known(project), Attr::Known(region), Attr::Known(name)) => {
                    CloudRun::job_name(project, region, name).into()
                }
                _ => Attr::Unknown,
            };
        }
        planned.uri = uri_of(&planned.id);
        planned.image = match (&plan.config.build, plan.config.image) {
            (Attr::Null, Attr::Null) => default_image().into(),
            (Attr::Null, image) => image,
            (Attr::Unknown, _) => Attr::Unknown,
            (Attr::Known(build), _) => {
                let deployed = plan.prior.as_ref().and_then(|prior| prior.image.as_deref());
                image::planned(
                    build,
                    &planned,
                    clients.project().as_deref(),
                    deployed,
                    cx.is_applying(),
                )
                .await?
            }
        };
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, mut planned: Job) -> Result<Job> {
        let clients = cx.provider::<Clients>()?;
        let run = clients.cloud()?.run();
        let region = planned.region.require("region")?;
        let id = CloudRun::job_name(clients.require_project()?, region, planned.name.require("name")?);
        planned.id = id.as_str().into();
        planned.uri = uri_of(&planned.id);
        if planned.build.known().is_some() {
            planned.image = image::push(clients.cloud()?, &planned, wait(cx)).await?.into();
        }
        let document = match run.create_job(&id, &planned.document()?, wait(cx)).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let document = run
                    .get_job(&id)
                    .await
                    .explain(format!("cannot read the runtime `{id}`"))?;
                let found = planned.read(&document);
                let same = Job {
                    service_account: planned.service_account.clone(),
                    ..found
                } == planned;
                if !same || !labels::has(&document["labels"], labels::MANAGED) {
                    return Err(taken(&id).into());
                }
                tracing::info!(job = id, "runtime of an earlier apply adopted");
                document
            }
            Err(error) => return Err(cloud_problem(format!("cannot create the runtime `{id}`"), &error).into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Job) -> Result<Option<Job>> {
        let clients = cx.provider::<Clients>()?;
        let id = state.id()?;
        let found = clients.cloud()?.run().get_job(id).await.optional();
        let found = found.explain(format!("cannot read the runtime `{id}`"))?;
        let Some(document) = found else { return Ok(None) };
        let mut found = state.read(&document);
        // What cannot be started any more is to be pushed again.
        if !image::is_there(clients.cloud()?, &found).await? {
            found.image = Attr::Null;
        }
        Ok(Some(found))
    }

    async fn update(&self, cx: &mut Cx, prior: Job, mut planned: Job) -> Result<Job> {
        let clients = cx.provider::<Clients>()?;
        let cloud = clients.cloud()?;
        let run = cloud.run();
        if planned.build.known().is_some() {
            planned.image = image::push(cloud, &planned, wait(cx)).await?.into();
        }
        let id = planned.id()?;
        let summary = format!("cannot change the runtime `{id}`");
        let mut document = run.get_job(id).await.explain(&*summary)?;
        planned.write(&mut document)?;
        let document = run.update_job(id, &document, wait(cx)).await.explain(summary)?;
        if image::name_of(&prior) != image::name_of(&planned) {
            image::take_back(cloud, &prior, wait(cx)).await?;
        }
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Job) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let id = state.id()?;
        clients
            .cloud()?
            .run()
            .delete_job(id, wait(cx))
            .await
            .explain(format!("cannot delete the runtime `{id}`"))?;
        image::take_back(clients.cloud()?, &state, wait(cx)).await?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Job> {
        let parts = RuntimeId::parse(id)
            .ok_or_else(|| names::not_an_id(id, "`projects/PROJECT/locations/REGION/jobs/NAME`"))?;
        Ok(Job {
            name: parts.job.into(),
            region: parts.region.into(),
            id: id.into(),
            ..Job::default()
        })
    }
}

/// Waits for Cloud Run as long as this operation may take.
fn wait(cx: &Cx) -> Wait {
    Wait::at_most(cx.time_left().unwrap_or(Duration::from_secs(600)))
}

fn taken(id: &str) -> Diagnostic {
    Diagnostic::invalid("name", format!("the Cloud Run job `{id}` exists already")).hint(format!(
        "Import it: `terraform import ADDRESS {id}`, or choose another `name`."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> Job {
        Job {
            name: "headwater".into(),
            region: "europe-west1".into(),
            image: "headwater:1".into(),
            build: Attr::Null,
            cpu: "1".into(),
            memory: "1Gi".into(),
            max_retries: 3.into(),
            task_timeout: "1h".into(),
            service_account: Attr::Null,
            vpc_access: Attr::Null,
            kms_key_name: Attr::Null,
            env: Attr::Known([("A".to_owned(), "b".into())].into()),
            labels: Attr::Null,
            uri: "https://run.googleapis.com/v2/projects/p/locations/europe-west1/jobs/headwater".into(),
            id: "projects/p/locations/europe-west1/jobs/headwater".into(),
        }
    }

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let planned = planned();
        let document = planned.document().expect("document");
        assert_eq!(document["template"]["template"]["timeout"], "3600s");
        assert_eq!(
            document["template"]["template"]["containers"][0]["args"],
            json!(["version"])
        );
        assert_eq!(planned.read(&document), planned);
    }

    #[test]
    fn a_pinned_image_is_told_to_its_tasks() {
        let pinned = Job {
            image: "europe-docker.pkg.dev/p/r/i@sha256:0".into(),
            ..planned()
        };
        let document = pinned.document().expect("document");
        let env = &document["template"]["template"]["containers"][0]["env"];
        assert_eq!(
            env[0],
            json!({"name": "HEADWATER_IMAGE", "value": "europe-docker.pkg.dev/p/r/i@sha256:0"})
        );
        assert_eq!(pinned.read(&document), pinned);
        let named = Job {
            env: Attr::Known([("HEADWATER_IMAGE".to_owned(), "mine".into())].into()),
            ..pinned
        };
        let document = named.document().expect("document");
        let env = &document["template"]["template"]["containers"][0]["env"];
        assert_eq!(env, &json!([{"name": "HEADWATER_IMAGE", "value": "mine"}]));
        assert_eq!(named.read(&document), named);
    }

    #[test]
    fn a_change_keeps_what_this_resource_does_not_know() {
        let mut present = planned().document().expect("document");
        present["etag"] = "e".into();
        present["template"]["template"]["vpcAccess"] = json!({"connector": "c"});
        present["template"]["template"]["containers"][0]["volumeMounts"] = json!([{"name": "v"}]);
        let changed = Job {
            cpu: "2".into(),
            env: Attr::Null,
            ..planned()
        };
        changed.write(&mut present).expect("written");
        let task = &present["template"]["template"];
        assert_eq!(task["vpcAccess"]["connector"], "c");
        assert_eq!(task["containers"][0]["volumeMounts"][0]["name"], "v");
        assert_eq!(
            task["containers"][0]["resources"]["limits"],
            json!({"cpu": "2", "memory": "1Gi"})
        );
        assert_eq!(task["containers"][0]["env"], json!([]));
        assert_eq!(present["etag"], "e");
    }
}
