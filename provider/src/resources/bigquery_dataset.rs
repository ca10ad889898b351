//! `headwater_bigquery_dataset`: a BigQuery dataset, such as the one that a pipeline's tables lie in.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{DatasetRef, Kind, OptionalExt as _};
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
pub struct BigQueryDataset;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    dataset_id: Attr<String>,
    project: Attr<String>,
    location: Attr<String>,
    friendly_name: Attr<String>,
    description: Attr<String>,
    default_table_expiration_ms: Attr<i64>,
    labels: Attr<Labels>,
    delete_contents_on_destroy: Attr<bool>,
    id: Attr<String>,
}

impl Dataset {
    fn reference(&self) -> Result<DatasetRef, Diagnostic> {
        Ok(DatasetRef::new(
            self.project.require("project")?,
            self.dataset_id.require("dataset_id")?,
        ))
    }

    fn delete_contents(&self) -> bool {
        self.delete_contents_on_destroy.known().copied().unwrap_or(false)
    }

    /// The fields that can be changed; `null` clears.
    fn fields(&self) -> Json {
        json!({
            "friendlyName": self.friendly_name.as_deref(),
            "description": self.description.as_deref(),
            "defaultTableExpirationMs": self.default_table_expiration_ms.known().map(ToString::to_string),
        })
    }

    fn document(&self) -> Json {
        let mut document = self.fields();
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        document["location"] = json!(self.location.as_deref());
        document["labels"] = Json::Object(labels::wanted(&self.labels, self.delete_contents()));
        document
    }

    fn change(&self, present: &Json) -> Json {
        let mut change = self.fields();
        change["labels"] = labels::change(&present["labels"], labels::wanted(&self.labels, self.delete_contents()));
        change
    }

    fn read(&self, document: &Json) -> Dataset {
        // Absent and empty are the same to BigQuery: what the state says stays.
        let text = |name: &str, state: &Attr<String>| match document[name].as_str().unwrap_or_default() {
            "" if state.as_deref() == Some("") => state.clone(),
            "" => Attr::Null,
            text => text.into(),
        };
        let location = document["location"].as_str();
        let same_place = self
            .location
            .as_deref()
            .zip(location)
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let expiration = &document["defaultTableExpirationMs"];
        Dataset {
            dataset_id: self.dataset_id.clone(),
            project: self.project.clone(),
            location: if same_place {
                self.location.clone()
            } else {
                location.map(str::to_owned).into()
            },
            friendly_name: text("friendlyName", &self.friendly_name),
            description: text("description", &self.description),
            default_table_expiration_ms: expiration
                .as_str()
                .and_then(|text| text.parse().ok())
                .or(expiration.as_i64())
                .into(),
            labels: labels::read(&document["labels"], &self.labels),
            delete_contents_on_destroy: labels::has(&document["labels"], labels::FORCE_DESTROY).into(),
            id: id_of(&self.project, &self.dataset_id),
        }
    }
}

fn id_of(project: &Attr<String>, dataset: &Attr<String>) -> Attr<String> {
    match (project, dataset) {
        (Attr::Known(project), Attr::Known(dataset)) => format!("projects/{project}/datasets/{dataset}").into(),
        _ => Attr::Unknown,
    }
}

#[async_trait]
impl Resource for BigQueryDataset {
    type Model = Dataset;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_dataset"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "dataset_id",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::dataset_id())
                    .describe("The dataset's id, unique in its project."),
            ),
            (
                "project",
                Attribute::string()
                    .optional_computed()
                    .requires_replace()
                    .use_state_for_unknown()
                    .validate(names::project())
                    .describe("The project. Default: the provider's."),
            ),
            (
                "location",
                Attribute::string()
                    .optional_computed()
                    .requires_replace()
                    .use_state_for_unknown()
                    .equivalent(equal::ignore_case)
                    .validate(names::location())
                    .describe("Where the data lies: a region such as `europe-west1` or a multi-region such as `EU`. Default: the provider's region. A lake that is loaded from must lie in the same place, or the dataset in a multi-region that holds it."),
            ),
            ("friendly_name", Attribute::string().optional().describe("A name for people.")),
            ("description", Attribute::string().optional().validate(validate::length(0..=16_384)).describe("What is in it.")),
            (
                "default_table_expiration_ms",
                Attribute::number()
                    .optional()
                    .validate(validate::whole_number())
                    .validate(validate::range(3_600_000..))
                    .describe("Tables made without an expiry of their own are deleted after so many milliseconds, at least one hour (3600000). Pipelines' tables are made so too: leave it out to keep them."),
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
                "delete_contents_on_destroy",
                Attribute::bool()
                    .default(false)
                    .describe("Whether destroying the dataset deletes the tables in it. Otherwise a dataset that is not empty is never destroyed."),
            ),
            ("id", Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/datasets/DATASET`.")),
        ])
        .describe("A BigQuery dataset: the place of the tables that a pipeline writes.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(300))
                .delete(Duration::from_secs(600)),
        )
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Dataset>) -> Result<Dataset> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        if planned.project.is_unknown() && plan.config.project.is_null() {
            planned.project = clients.project().clone();
        }
        if planned.location.is_unknown() && plan.config.location.is_null() {
            planned.location = match clients.region() {
                Attr::Null => return Err(no_region("location").into()),
                region => region.clone(),
            };
        }
        planned.id = id_of(&planned.project, &planned.dataset_id);
        if let (None, Some(id)) = (&plan.prior, planned.id.known()) {
            clients.note_fresh(id);
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Dataset) -> Result<Dataset> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let reference = planned.reference()?;
        let document = match bigquery.create_dataset(&reference, &planned.document()).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => adopt(&clients, &reference, &planned)
                .await?
                .ok_or_else(|| taken(&planned))?,
            Err(error) => return Err(cloud_problem(format!("cannot create the dataset `{reference}`"), &error).into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Dataset) -> Result<Option<Dataset>> {
        let clients = cx.provider::<Clients>()?;
        let reference = state.reference()?;
        let found = clients.cloud()?.bigquery().get_dataset(&reference).await.optional();
        let found = found.explain(format!("cannot read the dataset `{reference}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: Dataset, planned: Dataset) -> Result<Dataset> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let reference = planned.reference()?;
        let summary = format!("cannot change the dataset `{reference}`");
        let present = bigquery.get_dataset(&reference).await.explain(&*summary)?;
        let document = bigquery
            .patch_dataset(&reference, &planned.change(&present), present["etag"].as_str())
            .await
            .explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Dataset) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let reference = state.reference()?;
        match bigquery.delete_dataset(&reference, state.delete_contents()).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::FailedPrecondition => {
                let tables = bigquery.list_tables(&reference).await.map_or(0, |tables| tables.len());
                Err(not_empty(&reference, tables).into())
            }
            Err(error) => Err(cloud_problem(format!("cannot delete the dataset `{reference}`"), &error).into()),
        }
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Dataset> {
        let clients = cx.provider::<Clients>()?;
        let default = clients.project().as_deref().unwrap_or_default().to_owned();
        let forms = "`projects/PROJECT/datasets/DATASET`, `PROJECT.DATASET`, or `DATASET` in the provider's project";
        let reference = DatasetRef::parse(id, &default).map_err(|_| names::not_an_id(id, forms))?;
        let usable = names::is_project(&reference.project)
            && names::dataset_id()
                .check(&reference.dataset.as_str().into(), &Path::root())
                .is_empty();
        if !usable {
            return Err(names::not_an_id(id, forms).into());
        }
        Ok(Dataset {
            project: reference.project.into(),
            dataset_id: reference.dataset.into(),
            ..Dataset::default()
        })
    }
}

/// The dataset that an apply which was killed left behind: ours, empty, and as it is planned now.
async fn adopt(clients: &Clients, reference: &DatasetRef, planned: &Dataset) -> Result<Option<Json>, Diagnostic> {
    let bigquery = clients.cloud()?.bigquery();
    let document = bigquery
        .get_dataset(reference)
        .await
        .explain(format!("cannot read the dataset `{reference}`"))?;
    let ours = labels::has(&document["labels"], labels::MANAGED) && planned.read(&document) == *planned;
    let empty = ours
        && bigquery
            .list_tables(reference)
            .await
            .is_ok_and(|tables| tables.is_empty());
    if empty {
        tracing::info!(dataset = %reference, "empty dataset of an earlier apply adopted");
    }
    Ok(empty.then_some(document))
}

fn taken(planned: &Dataset) -> Diagnostic {
    let id = planned.id.as_deref().unwrap_or_default();
    Diagnostic::invalid("dataset_id", format!("the dataset `{id}` exists already")).hint(format!(
        "Import it: `terraform import ADDRESS {id}`, or choose another `dataset_id`."
    ))
}

fn not_empty(reference: &DatasetRef, tables: usize) -> Diagnostic {
    let count = if tables == 1 {
        "1 table".to_owned()
    } else {
        format!("{tables} tables")
    };
    Diagnostic::invalid(
        "delete_contents_on_destroy",
        format!("the dataset `{reference}` holds {count} and is not deleted"),
    )
    .hint("Delete the tables, or set `delete_contents_on_destroy = true`, apply, and destroy again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> Dataset {
        Dataset {
            dataset_id: "raw".into(),
            project: "acme-data".into(),
            location: "EU".into(),
            friendly_name: Attr::Null,
            description: "".into(),
            default_table_expiration_ms: 3_600_000.into(),
            labels: Attr::Known([("team".to_owned(), "crm".into())].into()),
            delete_contents_on_destroy: true.into(),
            id: "projects/acme-data/datasets/raw".into(),
        }
    }

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let planned = planned();
        let document = planned.document();
        assert_eq!(document["defaultTableExpirationMs"], "3600000");
        assert_eq!(planned.read(&document), planned);
        let bare = Dataset {
            project: "acme-data".into(),
            dataset_id: "raw".into(),
            ..Dataset::default()
        };
        assert_eq!(
            bare.read(&document),
            Dataset {
                description: Attr::Null,
                ..planned
            }
        );
    }

    #[test]
    fn a_change_clears_what_is_gone() {
        let planned = Dataset {
            labels: Attr::Null,
            default_table_expiration_ms: Attr::Null,
            ..planned()
        };
        let change = planned.change(&json!({"labels": {"team": "crm"}}));
        assert_eq!(change["labels"]["team"], Json::Null);
        assert!(change["defaultTableExpirationMs"].is_null() && change.get("defaultTableExpirationMs").is_some());
    }
}
