//! The worker pool that executes a stream. <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools>

use headwater_cloud::{Cloud, CreateBy, Documents, Kind, OptionalExt as _, PatchBy, Service, Wait};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic};

use super::model::Model;
use crate::environment;
use crate::labels;
use crate::network;
use crate::problems::{Explain as _, cloud_problem};
use crate::resources::runtime::default_image;

const PIPELINE: &str = "headwater-pipeline";
/// The variables that a stream's workers are given, whatever else is declared.
pub(super) const OWN_ENVIRONMENT: [&str; 3] = ["HEADWATER_PROJECT", "HEADWATER_REGION", SPEC_HASH];
const SPEC_HASH: &str = "HEADWATER_SPEC_HASH";
/// What workers have unless it is said otherwise.
pub(super) const CPU: &str = "1";
pub(super) const MEMORY: &str = "1Gi";

fn pools(cloud: &Cloud, wait: Wait) -> Documents {
    cloud.documents(Service::Run).awaiting(wait)
}

/// How many there are to be. Where Dataflow applies, all that is left is the bridge, of which one is at work. Where they scale
/// themselves it is as many as there are, within the bounds.
fn instances(model: &Model, present: Option<i64>) -> Result<i64, Diagnostic> {
    if let Some(scaling) = model.autoscaling.known() {
        let least = *scaling.min_workers.require("autoscaling.min_workers")?;
        let most = *scaling.max_workers.require("autoscaling.max_workers")?;
        return Ok(present.unwrap_or(least).min(most).max(least));
    }
    let workers = *model.workers.require("workers")?;
    Ok(if model.on_dataflow() { workers.min(1) } else { workers })
}

/// Puts what is planned into a document: an empty one to create a pool, the present one to change it.
fn write(model: &Model, project: &str, document: &mut Json) -> Result<(), Diagnostic> {
    let name = model.name.require("name")?;
    document["labels"] = Json::Object(labels::wanted(&model.labels, false));
    document["labels"][PIPELINE] = name.as_str().into();
    let present = document["scaling"]["manualInstanceCount"].as_i64();
    document["scaling"]["manualInstanceCount"] = json!(instances(model, present)?);
    let template = &mut document["template"];
    if let Some(account) = model.service_account.as_deref() {
        template["serviceAccount"] = account.into();
    }
    network::write(template, &model.vpc_access, &model.kms_key_name);
    let mut container = template["containers"][0].take();
    container["image"] = json!(model.image.require("image")?);
    container["args"] = json!(["stream", "--spec", model.spec_url.require("spec_url")?]);
    if model.on_dataflow()
        && let Some(args) = container["args"].as_array_mut()
    {
        args.push("--bridge-only".into());
    }
    // Another spec is another revision: the workers begin anew with it.
    let own = [
        project,
        model.region.require("region")?,
        model.spec_hash.require("spec_hash")?,
    ];
    let own = OWN_ENVIRONMENT
        .iter()
        .zip(own)
        .map(|(name, value)| json!({"name": name, "value": value}));
    container["env"] = own.chain(environment::wanted(&model.env)).collect();
    container["resources"]["limits"]["cpu"] = json!(model.cpu.require("cpu")?);
    container["resources"]["limits"]["memory"] = json!(model.memory.require("memory")?);
    template["containers"] = json!([container]);
    Ok(())
}

/// Creates the pool or brings it to what is planned; the state with the account that it runs as.
pub(super) async fn deploy(cloud: &Cloud, project: &str, model: &mut Model, wait: Wait) -> Result<(), Diagnostic> {
    let Some(name) = model.worker_pool.known().cloned() else {
        return Ok(());
    };
    let pools = pools(cloud, wait);
    let mut document = json!({"template": {"containers": [{}]}});
    write(model, project, &mut document)?;
    let made = match pools.create(&name, CreateBy::Query("workerPoolId"), &document).await {
        Ok(made) => made,
        Err(error) if error.kind() == Kind::AlreadyExists => {
            let summary = format!("cannot change the worker pool `{name}`");
            let mut found = pools.get(&name).await.explain(&*summary)?;
            if found["labels"][PIPELINE].as_str() != model.name.as_deref() {
                return Err(Diagnostic::invalid(
                    "name",
                    format!("the worker pool `{name}` exists already, and is not of this stream"),
                )
                .hint("Choose another `name`, or delete it."));
            }
            write(model, project, &mut found)?;
            let mask = ["labels", "scaling", "template"];
            pools
                .patch(&name, PatchBy::Query, &found, &mask)
                .await
                .explain(summary)?
        }
        Err(error) => return Err(cloud_problem(format!("cannot create the worker pool `{name}`"), &error)),
    };
    if !model.on_dataflow() {
        model.service_account = account(&made);
    }
    Ok(())
}

fn account(document: &Json) -> Attr<String> {
    let account = document["template"]["serviceAccount"]
        .as_str()
        .filter(|account| !account.is_empty());
    account.map(str::to_owned).into()
}

/// Puts what the pool says into the state; whether it is there and executes the spec that lies in the lake.
pub(super) async fn read(cloud: &Cloud, state: &mut Model) -> Result<bool, Diagnostic> {
    let Some(name) = state.worker_pool.known().cloned() else {
        // Nothing says what workers would be that are not there: an import takes what is written nowhere either.
        let usual = [
            (&mut state.image, default_image()),
            (&mut state.cpu, CPU.to_owned()),
            (&mut state.memory, MEMORY.to_owned()),
        ];
        for (attribute, value) in usual {
            if attribute.is_null() {
                *attribute = value.into();
            }
        }
        return Ok(true);
    };
    let found = cloud.documents(Service::Run).get(&name).await.optional();
    let Some(found) = found.explain(format!("cannot read the worker pool `{name}`"))? else {
        return Ok(false);
    };
    let container = &found["template"]["containers"][0];
    let limit = |name: &str| {
        container["resources"]["limits"][name]
            .as_str()
            .map(str::to_owned)
            .into()
    };
    let workers = found["scaling"]["manualInstanceCount"].as_i64().unwrap_or(0);
    let as_many = match state.on_dataflow() {
        true => workers == instances(state, None)?,
        false => {
            state.service_account = account(&found);
            // Who scales may move within the bounds; a number outside of them is somebody else's.
            if state.scales() {
                state.workers = Attr::Null;
                workers == instances(state, Some(workers))?
            } else {
                state.workers = workers.into();
                true
            }
        }
    };
    state.image = container["image"].as_str().map(str::to_owned).into();
    (state.vpc_access, state.kms_key_name) = network::read(&found["template"], &state.vpc_access);
    state.cpu = limit("cpu");
    state.memory = limit("memory");
    state.env = environment::read(container, &state.env, &OWN_ENVIRONMENT);
    let mut env = container["env"].as_array().into_iter().flatten();
    let hash = env.find(|variable| variable["name"] == SPEC_HASH);
    Ok(as_many && hash.and_then(|variable| variable["value"].as_str()) == state.spec_hash.as_deref())
}

pub(super) async fn delete(cloud: &Cloud, name: &str, pipeline: &str, wait: Wait) -> Result<(), Diagnostic> {
    let pools = pools(cloud, wait);
    let found = pools
        .get(name)
        .await
        .optional()
        .explain(format!("cannot read the worker pool `{name}`"))?;
    if found.is_some_and(|found| found["labels"][PIPELINE].as_str() == Some(pipeline)) {
        pools
            .delete(name)
            .await
            .explain(format!("cannot delete the worker pool `{name}`"))?;
    }
    Ok(())
}
