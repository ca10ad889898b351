//! `headwater_storage_bucket`: a Cloud Storage bucket, such as the lake of a pipeline.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{Kind, OptionalExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Path, Plan, Resource, Result, Schema, Timeouts, Type, equal, validate,
};

use crate::clients::{Clients, no_region};
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::{Explain as _, cloud_problem};

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
    versioning: Attr<bool>,
    delete_after_days: Attr<i64>,
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

    /// The document that creates it.
    fn document(&self) -> Json {
        let mut document = json!({
            "name": self.name.as_deref(),
            "location": self.location.as_deref(),
            "storageClass": self.storage_class.as_deref(),
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": self.uniform_bucket_level_access.known()}},
            "versioning": {"enabled": self.versioning.known()},
            "labels": labels::wanted(&self.labels, self.force_destroy()),
        });
        if let Some(days) = self.delete_after_days.known() {
            document["lifecycle"] = lifecycle(*days);
        }
        document
    }

    /// What a patch must say to lead from what is there to what is planned. The lifecycle is left alone unless ours
    /// changes: it may hold rules that this resource does not know.
    fn change(&self, prior: &Bucket, present: &Json) -> Json {
        let mut change = self.document();
        if let Some(fields) = change.as_object_mut() {
            fields.remove("name");
            fields.remove("location");
            fields.remove("lifecycle");
        }
        change["labels"] = labels::change(&present["labels"], labels::wanted(&self.labels, self.force_destroy()));
        if self.delete_after_days != prior.delete_after_days {
            change["lifecycle"] = self
                .delete_after_days
                .known()
                .map_or(Json::Null, |days| lifecycle(*days));
        }
        change
    }

    /// The state that a document amounts to, in the spelling of the state before.
    fn read(&self, document: &Json) -> Bucket {
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        let location = text("location");
        let same_place = self
            .location
            .as_deref()
            .zip(location.as_deref())
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        Bucket {
            name: self.name.clone(),
            location: if same_place {
                self.location.clone()
            } else {
                location.into()
            },
            storage_class: text("storageClass").into(),
            uniform_bucket_level_access: document["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
                .as_bool()
                .unwrap_or(false)
                .into(),
            versioning: document["versioning"]["enabled"].as_bool().unwrap_or(false).into(),
            delete_after_days: delete_after(&document["lifecycle"]).into(),
            labels: labels::read(&document["labels"], &self.labels),
            force_destroy: labels::has(&document["labels"], labels::FORCE_DESTROY).into(),
            url: self.name.clone().map(|name| format!("gs://{name}")),
            id: self.name.clone(),
        }
    }
}

fn lifecycle(days: i64) -> Json {
    json!({"rule": [{"action": {"type": "Delete"}, "condition": {"age": days}}]})
}

/// The age of the one rule that deletes by age alone.
fn delete_after(lifecycle: &Json) -> Option<i64> {
    let [rule] = lifecycle["rule"].as_array()?.as_slice() else {
        return None;
    };
    let condition = rule["condition"].as_object()?;
    (rule["action"]["type"] == "Delete" && condition.len() == 1)
        .then(|| condition.get("age")?.as_i64())
        .flatten()
}

#[async_trait]
impl Resource for StorageBucket {
    type Model = Bucket;

    fn type_name(&self) -> &'static str {
        "headwater_storage_bucket"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::bucket())
                    .describe("The bucket's name, unique in all of Google Cloud."),
            ),
            (
                "location",
                Attribute::string()
                    .optional_computed()
                    .requires_replace()
                    .use_state_for_unknown()
                    .equivalent(equal::ignore_case)
                    .validate(names::location())
                    .describe("Where the data lies: a region such as `europe-west1` or a multi-region such as `EU`. Default: the provider's region."),
            ),
            (
                "storage_class",
                Attribute::string()
                    .default("STANDARD")
                    .validate(validate::one_of(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]))
                    .describe("The storage class of new objects."),
            ),
            (
                "uniform_bucket_level_access",
                Attribute::bool().default(true).describe("Whether access is granted by IAM on the bucket alone, without ACLs on objects."),
            ),
            ("versioning", Attribute::bool().default(false).describe("Whether overwritten and deleted objects are kept as noncurrent versions.")),
            (
                "delete_after_days",
                Attribute::number()
                    .optional()
                    .validate(validate::whole_number())
                    .validate(validate::range(1..=36_500))
                    .describe("Objects are deleted when they are this many days old. Without it, they are kept. It applies to every object of the bucket, the state of pipelines included: do not set it on a lake whose pipelines rest for longer."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::label_keys())
                    .validate(names::label_values())
                    .describe("Labels, for cost attribution."),
            ),
            (
                "force_destroy",
                Attribute::bool()
                    .default(false)
                    .describe("Whether destroying the bucket deletes the objects in it. Otherwise a bucket that is not empty is never destroyed."),
            ),
            ("url", Attribute::string().computed().use_state_for_unknown().describe("The bucket as a URL: `gs://NAME`.")),
            ("id", Attribute::string().computed().use_state_for_unknown().describe("The bucket's name.")),
        ])
        .describe("A Cloud Storage bucket. As the `lake` of a pipeline it holds the pipeline's spec, its state, its Parquet files and the records of its runs.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(300))
                .delete(Duration::from_secs(1800)),
        )
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
        if let (None, Some(url)) = (&plan.prior, planned.url.known()) {
            clients.note_fresh(url);
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Bucket) -> Result<Bucket> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = planned.name()?;
        let document = match storage
            .create_bucket(clients.require_project()?, &planned.document())
            .await
        {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                adopt(&clients, &planned).await?.ok_or_else(|| taken(name))?
            }
            Err(error) => return Err(cloud_problem(format!("cannot create the bucket `{name}`"), &error).into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Bucket) -> Result<Option<Bucket>> {
        let clients = cx.provider::<Clients>()?;
        let name = state.name()?;
        let found = clients.cloud()?.storage().get_bucket(name).await.optional();
        let found = found.explain(format!("cannot read the bucket `{name}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, prior: Bucket, planned: Bucket) -> Result<Bucket> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = planned.name()?;
        let summary = format!("cannot change the bucket `{name}`");
        let present = storage.get_bucket(name).await.explain(&*summary)?;
        let metageneration = present["metageneration"].as_str().and_then(|text| text.parse().ok());
        let change = planned.change(&prior, &present);
        let document = storage
            .patch_bucket(name, &change, metageneration)
            .await
            .explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Bucket) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let storage = clients.cloud()?.storage();
        let name = state.name()?;
        let summary = format!("cannot delete the bucket `{name}`");
        if state.force_destroy() {
            if state.versioning == Attr::Known(true) {
                // Otherwise every deletion would leave a noncurrent version, and the bucket would never be empty.
                let off = json!({"versioning": {"enabled": false}});
                storage
                    .patch_bucket(name, &off, None)
                    .await
                    .optional()
                    .explain(&*summary)?;
            }
            let deleted = storage.delete_prefix(name, "").await.optional().explain(&*summary)?;
            tracing::info!(bucket = name, objects = deleted, "bucket emptied");
        }
        match storage.delete_bucket(name).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::FailedPrecondition => {
                let objects = storage.list(name, "").await.map_or(0, |objects| objects.len());
                Err(not_empty(name, objects, state.force_destroy()).into())
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

/// The bucket that an apply which was killed left behind: ours, empty, and as it is planned now.
async fn adopt(clients: &Clients, planned: &Bucket) -> Result<Option<Json>, Diagnostic> {
    let storage = clients.cloud()?.storage();
    let name = planned.name()?;
    // A bucket of somebody else's answers 403.
    let Ok(document) = storage.get_bucket(name).await else {
        return Ok(None);
    };
    let ours = labels::has(&document["labels"], labels::MANAGED) && planned.read(&document) == *planned;
    let empty = ours && storage.list(name, "").await.is_ok_and(|objects| objects.is_empty());
    if empty {
        tracing::info!(bucket = name, "empty bucket of an earlier apply adopted");
    }
    Ok(empty.then_some(document))
}

fn taken(name: &str) -> Diagnostic {
    Diagnostic::invalid("name", format!("the bucket `{name}` exists already"))
        .detail("Names of buckets are unique in all of Google Cloud.")
        .hint(format!(
            "If it is yours, import it: `terraform import ADDRESS {name}`. Otherwise choose another `name`."
        ))
}

fn not_empty(name: &str, objects: usize, force: bool) -> Diagnostic {
    let count = match objects {
        0 => "noncurrent versions of objects".to_owned(),
        1 => "1 object".to_owned(),
        many => format!("{many} objects"),
    };
    let problem = Diagnostic::invalid(
        "force_destroy",
        format!("the bucket `{name}` holds {count} and is not deleted"),
    );
    if force {
        problem.hint("Something wrote into it while it was being emptied, or it keeps noncurrent versions: delete those and run again.")
    } else {
        problem.hint("Delete the objects, or set `force_destroy = true`, apply, and destroy again.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> Bucket {
        Bucket {
            name: "acme-lake".into(),
            location: "eu".into(),
            storage_class: "STANDARD".into(),
            uniform_bucket_level_access: true.into(),
            versioning: false.into(),
            delete_after_days: 30.into(),
            labels: Attr::Null,
            force_destroy: true.into(),
            url: "gs://acme-lake".into(),
            id: "acme-lake".into(),
        }
    }

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let planned = planned();
        let mut document = planned.document();
        document["location"] = "EU".into();
        assert_eq!(planned.read(&document), planned);
        let imported = Bucket {
            name: "acme-lake".into(),
            ..Bucket::default()
        }
        .read(&document);
        assert_eq!(
            imported,
            Bucket {
                location: "EU".into(),
                ..planned
            }
        );
    }

    #[test]
    fn rules_of_others_are_not_read_and_not_overwritten() {
        let planned = planned();
        let foreign = json!({"rule": [{"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}]});
        assert_eq!(delete_after(&foreign), None);
        assert!(planned.change(&planned, &json!({})).get("lifecycle").is_none());
        let without = Bucket {
            delete_after_days: Attr::Null,
            ..planned.clone()
        };
        assert_eq!(without.change(&planned, &json!({}))["lifecycle"], Json::Null);
        assert!(without.change(&planned, &json!({})).get("lifecycle").is_some());
    }

    #[test]
    fn a_refused_deletion_counts_the_objects() {
        assert!(not_empty("b", 7, false).summary.contains("holds 7 objects"));
        assert!(not_empty("b", 1, false).detail.contains("force_destroy = true"));
    }
}
