//! `headwater_storage_bucket`: a Cloud Storage bucket, such as the lake of a pipeline.

mod lifecycle;
mod schema;
mod settings;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use headwater_cloud::{Kind, OptionalExt as _, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Cx, Diagnostic, Identity, Path, Plan, Resource, Result, Schema};

use crate::clients::{Clients, no_region};
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::{Explain as _, cloud_problem};
use crate::rest::changes::{differing, stripped};

use lifecycle::Rule;
use settings::{Autoclass, Cors, Logging, Retention, Website};

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct StorageBucket;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    name: Attr<String>,
    location: Attr<String>,
    storage_class: Attr<String>,
    uniform_bucket_level_access: Attr<bool>,
    public_access_prevention: Attr<String>,
    versioning: Attr<bool>,
    delete_after_days: Attr<i64>,
    lifecycle_rules: Attr<Vec<Attr<Rule>>>,
    retention_policy: Attr<Retention>,
    soft_delete_retention: Attr<String>,
    autoclass: Attr<Autoclass>,
    cors: Attr<Vec<Attr<Cors>>>,
    website: Attr<Website>,
    logging: Attr<Logging>,
    hierarchical_namespace: Attr<bool>,
    rpo: Attr<String>,
    default_event_based_hold: Attr<bool>,
    requester_pays: Attr<bool>,
    kms_key_name: Attr<String>,
    labels: Attr<Labels>,
    force_destroy: Attr<bool>,
    url: Attr<String>,
    id: Attr<String>,
}

impl Bucket {
    pub(crate) fn name(&self) -> Result<&str, Diagnostic> {
        self.name.require("name").map(String::as_str)
    }

    fn force_destroy(&self) -> bool {
        self.force_destroy.known().copied().unwrap_or(false)
    }

    fn wants_lock(&self) -> bool {
        self.retention_policy
            .known()
            .is_some_and(|policy| policy.locked == Attr::Known(true))
    }

    /// Whether the change from `prior` makes another bucket.
    fn replaces(&self, prior: &Bucket) -> bool {
        self.name != prior.name
            || self.location != prior.location
            || self.hierarchical_namespace != prior.hierarchical_namespace
    }
}

#[async_trait]
impl Resource for StorageBucket {
    type Model = Bucket;

    fn type_name(&self) -> &'static str {
        "headwater_storage_bucket"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{name}"))
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Bucket) -> Result<()> {
        let mut problems = lifecycle::problems(&config.lifecycle_rules);
        problems.extend(settings::problems(config));
        problems.into_result()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Bucket>) -> Result<Bucket> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        if planned.location.is_unknown() && plan.config.location.is_null() {
            // Google writes locations of buckets in capitals.
            planned.location = match clients.region() {
                Attr::Null => return Err(no_region("location").into()),
                region => region.clone().map(|region| region.to_ascii_uppercase()),
            };
        }
        planned.id = planned.name.clone();
        planned.url = planned.name.clone().map(|name| format!("gs://{name}"));
        match &plan.prior {
            None => {
                if let Some(url) = planned.url.known() {
                    clients.note_fresh(url);
                }
            }
            Some(prior) => {
                settings::check_lock(prior, &planned)?;
                if planned.replaces(prior) {
                    warn_of_loss(cx, prior, "replacing").await?;
                }
            }
        }
        Ok(planned)
    }

    async fn plan_destroy(&self, cx: &mut Cx, prior: &Bucket) -> Result<()> {
        Ok(warn_of_loss(cx, prior, "destroying").await?)
    }

    async fn create(&self, cx: &mut Cx, planned: Bucket) -> Result<Bucket> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = planned.name()?;
        let document = match storage
            .create_bucket(clients.require_project()?, &stripped(&planned.document()))
            .await
        {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                adopt(&clients, &planned).await?.ok_or_else(|| taken(name))?
            }
            Err(error) => return Err(cloud_problem(format!("cannot create the bucket `{name}`"), &error).into()),
        };
        cx.record(&planned.read(&document))?;
        let document = lock(&clients, &planned, document).await?;
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Bucket) -> Result<Option<Bucket>> {
        let clients = cx.provider::<Clients>()?;
        let name = state.name()?;
        let found = clients.cloud()?.storage().get_bucket(name).await.optional();
        let found = found.explain(format!("cannot read the bucket `{name}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: Bucket, planned: Bucket) -> Result<Bucket> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = planned.name()?;
        let summary = format!("cannot change the bucket `{name}`");
        let present = storage.get_bucket(name).await.explain(&*summary)?;
        let document = match planned.change(&present) {
            None => present,
            Some(change) => storage
                .patch_bucket(name, &change, metageneration(&present))
                .await
                .explain(summary)?,
        };
        let document = lock(&clients, &planned, document).await?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Bucket) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = state.name()?;
        let summary = format!("cannot delete the bucket `{name}`");
        if state.force_destroy() {
            let deleted = storage.empty_bucket(name).await.optional().explain(&*summary)?;
            tracing::info!(bucket = name, objects = deleted, "bucket emptied");
        }
        match storage.delete_bucket(name).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::FailedPrecondition => {
                let usage = storage.usage(name).await.unwrap_or_default();
                Err(not_empty(name, usage, state.force_destroy()).into())
            }
            Err(error) => Err(cloud_problem(summary, &error).into()),
        }
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Bucket> {
        let name = id.strip_prefix("gs://").unwrap_or(id).trim_end_matches('/');
        if !names::bucket().check(&name.into(), &Path::root()).is_empty() {
            return Err(names::not_an_id(id, "the bucket's name, such as `acme-lake`").into());
        }
        Ok(Bucket {
            name: name.into(),
            ..Bucket::default()
        })
    }
}

fn metageneration(document: &Json) -> Option<i64> {
    document["metageneration"].as_str().and_then(|text| text.parse().ok())
}

/// Locks the retention policy if that is planned and not done.
async fn lock(clients: &Clients, planned: &Bucket, document: Json) -> Result<Json, Diagnostic> {
    if !planned.wants_lock() || document["retentionPolicy"]["isLocked"] == true {
        return Ok(document);
    }
    let name = planned.name()?;
    let locked = clients
        .cloud()?
        .storage()
        .lock_retention(name, metageneration(&document).unwrap_or_default())
        .await;
    locked.explain_at(
        "retention_policy",
        format!("cannot lock the retention policy of the bucket `{name}`"),
    )
}

/// The bucket that an apply which was killed left behind: ours, empty, and as it is planned now.
async fn adopt(clients: &Clients, planned: &Bucket) -> Result<Option<Json>, Diagnostic> {
    let storage = clients.cloud()?.storage();
    let name = planned.name()?;
    // A bucket of somebody else's answers 403.
    let Ok(document) = storage.get_bucket(name).await else {
        return Ok(None);
    };
    let wanted = stripped(&planned.document());
    let same = differing(&wanted, &planned.read(&document).document()).is_empty();
    let ours = same && labels::has(&document["labels"], labels::MANAGED);
    let empty = ours && storage.usage(name).await.is_ok_and(|usage| usage.objects == 0);
    if empty {
        tracing::info!(bucket = name, "empty bucket of an earlier apply adopted");
    }
    Ok(empty.then_some(document))
}

/// Says in the plan what would be lost with the bucket.
async fn warn_of_loss(cx: &mut Cx, bucket: &Bucket, doing: &str) -> Result<(), Diagnostic> {
    if cx.is_applying() {
        return Ok(());
    }
    let clients = cx.provider::<Clients>()?;
    let name = bucket.name()?;
    // A plan does not fail for want of numbers.
    let Ok(usage) = clients.cloud()?.storage().usage(name).await else {
        return Ok(());
    };
    if usage.objects > 0 {
        cx.report(loss(name, usage, bucket.force_destroy(), doing));
    }
    Ok(())
}

fn loss(name: &str, usage: Usage, force: bool, doing: &str) -> Diagnostic {
    let held = held(usage);
    if force {
        Diagnostic::warning(format!("{doing} the bucket `{name}` deletes {held}"))
            .at("force_destroy")
            .hint("Cloud Storage keeps deleted objects for as long as `soft_delete_retention` says, but not those of a bucket that is gone.")
    } else {
        Diagnostic::warning(format!("the bucket `{name}` holds {held}"))
            .at("force_destroy")
            .hint(format!(
                "Unless they are deleted before it, as by resources of this configuration, {doing} it stops there and loses nothing. To delete them with it, set `force_destroy = true` and apply first."
            ))
    }
}

/// `3 objects (1.5 MB)`.
fn held(usage: Usage) -> String {
    let least = if usage.complete { "" } else { "at least " };
    let objects = if usage.objects == 1 { "object" } else { "objects" };
    format!("{least}{} {objects} ({})", usage.objects, size(usage.bytes))
}

/// Bytes in the unit that people would use.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if amount < 999.95 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}

fn taken(name: &str) -> Diagnostic {
    Diagnostic::invalid("name", format!("the bucket `{name}` exists already"))
        .detail("Names of buckets are unique in all of Google Cloud.")
        .hint(format!(
            "If it is yours, import it: `terraform import ADDRESS {name}`. Otherwise choose another `name`."
        ))
}

fn not_empty(name: &str, usage: Usage, force: bool) -> Diagnostic {
    let problem = Diagnostic::invalid(
        "force_destroy",
        format!("the bucket `{name}` holds {} and is not deleted", held(usage)),
    );
    if force {
        problem.hint("Something wrote into it while it was being emptied: run again.")
    } else {
        problem.hint("Delete the objects, or set `force_destroy = true`, apply, and destroy again.")
    }
}
