//! `headwater_bigquery_dataset`: a BigQuery dataset, such as the one that a pipeline's tables lie in.

mod access;
mod schema;

use async_trait::async_trait;
use headwater_cloud::{DatasetRef, Kind, OptionalExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Cx, Diagnostic, Diagnostics, Identity, Path, Plan, Resource, Result, Schema};

use self::access::Access;
use crate::clients::{Clients, no_region};
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::{Explain as _, cloud_problem};
use crate::stakes::Stakes;

/// Protection that does not follow from `delete_contents_on_destroy`: kept with the dataset so that an import finds it.
const PROTECTION: &str = "headwater-deletion-protection";
/// Of so many tables the rows are counted before a dataset goes; more are only counted themselves.
const COUNTED: usize = 200;

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
    default_partition_expiration_ms: Attr<i64>,
    max_time_travel_hours: Attr<i64>,
    is_case_insensitive: Attr<bool>,
    storage_billing_model: Attr<String>,
    default_kms_key_name: Attr<String>,
    access: Attr<Access>,
    labels: Attr<Labels>,
    delete_contents_on_destroy: Attr<bool>,
    deletion_protection: Attr<bool>,
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

    /// Whether a destroy that would delete rows is refused. Who says that contents may go says that much.
    fn is_protected(&self) -> bool {
        self.deletion_protection
            .known()
            .copied()
            .unwrap_or(!self.delete_contents())
    }

    /// The fields that can be changed; `null` clears.
    fn fields(&self) -> Json {
        let number = |number: &Attr<i64>| number.known().map(ToString::to_string);
        json!({
            "friendlyName": self.friendly_name.as_deref(),
            "description": self.description.as_deref(),
            "defaultTableExpirationMs": number(&self.default_table_expiration_ms),
            "defaultPartitionExpirationMs": number(&self.default_partition_expiration_ms),
            "maxTimeTravelHours": number(&self.max_time_travel_hours),
            "isCaseInsensitive": self.is_case_insensitive.known(),
            "defaultEncryptionConfiguration": self.default_kms_key_name.known().map(|key| json!({"kmsKeyName": key})),
        })
    }

    fn wanted_labels(&self) -> serde_json::Map<String, Json> {
        let mut wanted = labels::wanted(&self.labels, self.delete_contents());
        if self.is_protected() == self.delete_contents() {
            wanted.insert(PROTECTION.into(), self.is_protected().to_string().into());
        }
        wanted
    }

    fn document(&self) -> Json {
        let mut document = self.fields();
        document["storageBillingModel"] = json!(self.storage_billing_model.as_deref());
        document["access"] = self.access.known().map_or(Json::Null, access::document);
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        document["location"] = json!(self.location.as_deref());
        document["labels"] = Json::Object(self.wanted_labels());
        document
    }

    /// What leads from what is there to what is planned. The billing model can be changed once in two weeks and the
    /// access list has other editors: both are sent only when they are changed here.
    fn change(&self, prior: &Dataset, present: &Json) -> Json {
        let mut change = self.fields();
        if self.storage_billing_model != prior.storage_billing_model
            && let Some(model) = self.storage_billing_model.as_deref()
        {
            change["storageBillingModel"] = model.into();
        }
        if self.access != prior.access
            && let Some(access) = self.access.known()
        {
            change["access"] = access::document(access);
        }
        change["labels"] = labels::change(&present["labels"], self.wanted_labels());
        change
    }

    fn read(&self, document: &Json) -> Dataset {
        // Absent and empty are the same to BigQuery: what the state says stays.
        let text = |name: &str, state: &Attr<String>| match document[name].as_str().unwrap_or_default() {
            "" if state.as_deref() == Some("") => state.clone(),
            "" => Attr::Null,
            text => text.into(),
        };
        let number = |name: &str| int(&document[name]).into();
        let location = document["location"].as_str();
        let same_place = self
            .location
            .as_deref()
            .zip(location)
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let delete_contents = labels::has(&document["labels"], labels::FORCE_DESTROY);
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
            default_table_expiration_ms: number("defaultTableExpirationMs"),
            default_partition_expiration_ms: number("defaultPartitionExpirationMs"),
            max_time_travel_hours: int(&document["maxTimeTravelHours"])
                .unwrap_or(schema::TIME_TRAVEL_HOURS)
                .into(),
            is_case_insensitive: document["isCaseInsensitive"].as_bool().unwrap_or(false).into(),
            storage_billing_model: document["storageBillingModel"]
                .as_str()
                .filter(|model| *model != "STORAGE_BILLING_MODEL_UNSPECIFIED")
                .unwrap_or("LOGICAL")
                .into(),
            default_kms_key_name: text_of(&document["defaultEncryptionConfiguration"]["kmsKeyName"]),
            access: access::read(&document["access"], &self.access),
            labels: labels::read(&document["labels"], &self.labels),
            delete_contents_on_destroy: delete_contents.into(),
            deletion_protection: match document["labels"][PROTECTION].as_str() {
                Some("true") => true,
                Some("false") => false,
                _ => !delete_contents,
            }
            .into(),
            id: id_of(&self.project, &self.dataset_id),
        }
    }

    /// What an operation answers: as [`Dataset::read`], but others may have granted access since the plan.
    fn applied(&self, document: &Json) -> Dataset {
        let mut applied = self.read(document);
        if !self.access.is_unknown() {
            applied.access = self.access.clone();
        }
        applied
    }

    /// Whether what was found is what is planned here, as far as that is known.
    fn fulfilled_by(&self, found: &Dataset) -> bool {
        let mut wanted = self.clone();
        if wanted.access.is_unknown() {
            wanted.access = found.access.clone();
        }
        if wanted.storage_billing_model.is_unknown() {
            wanted.storage_billing_model = found.storage_billing_model.clone();
        }
        wanted == *found
    }
}

fn text_of(value: &Json) -> Attr<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).into()
}

fn int(value: &Json) -> Option<i64> {
    value.as_str().and_then(|text| text.parse().ok()).or(value.as_i64())
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

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("projects/{project}/datasets/{dataset_id}").or("{dataset_id}"))
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Dataset) -> Result<()> {
        let mut problems = Diagnostics::new();
        if let Some(access) = config.access.known() {
            access::check(access, &mut problems);
        }
        problems.into_result()
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
        if let (true, Some(prior)) = (plan.config.access.is_null(), &plan.prior) {
            // Core proposes to take away what only a user could have set; here it is what BigQuery or others granted.
            planned.access = prior.access.clone();
        }
        if plan.config.deletion_protection.is_null() {
            planned.deletion_protection = planned.delete_contents_on_destroy.map(|deletes| !deletes);
        }
        planned.id = id_of(&planned.project, &planned.dataset_id);
        match &plan.prior {
            None => {
                if let Some(id) = planned.id.known() {
                    clients.note_fresh(id);
                }
            }
            Some(prior) if prior.is_moved(&planned) => before_destroy(cx, &clients, prior, "replaced").await?,
            Some(_) => {}
        }
        Ok(planned)
    }

    async fn plan_destroy(&self, cx: &mut Cx, prior: &Dataset) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        Ok(before_destroy(cx, &clients, prior, "destroyed").await?)
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
        Ok(planned.applied(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Dataset) -> Result<Option<Dataset>> {
        let clients = cx.provider::<Clients>()?;
        let reference = state.reference()?;
        let found = clients.cloud()?.bigquery().get_dataset(&reference).await.optional();
        let found = found.explain(format!("cannot read the dataset `{reference}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, prior: Dataset, planned: Dataset) -> Result<Dataset> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let reference = planned.reference()?;
        let summary = format!("cannot change the dataset `{reference}`");
        let present = bigquery.get_dataset(&reference).await.explain(&*summary)?;
        let document = bigquery
            .patch_dataset(&reference, &planned.change(&prior, &present), present["etag"].as_str())
            .await
            .explain(summary)?;
        Ok(planned.applied(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Dataset) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let reference = state.reference()?;
        if state.delete_contents() && state.is_protected() {
            // Rows may have come in since the plan.
            let contents = contents(&clients, &reference).await?;
            contents.refuse(&reference, "destroyed")?;
        }
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

impl Dataset {
    /// Whether only another dataset can be what is planned.
    fn is_moved(&self, planned: &Dataset) -> bool {
        self.project != planned.project || self.dataset_id != planned.dataset_id || self.location != planned.location
    }
}

/// What lies in a dataset.
#[derive(Debug, Clone, Copy, Default)]
struct Contents {
    tables: usize,
    stakes: Stakes,
}

impl Contents {
    fn spelled(self) -> String {
        let tables = if self.tables == 1 { "table" } else { "tables" };
        format!("{} {tables} with {}", self.tables, self.stakes)
    }

    fn refuse(self, reference: &DatasetRef, what: &str) -> Result<(), Diagnostic> {
        if !self.stakes.any() {
            return Ok(());
        }
        Err(Diagnostic::invalid(
            "deletion_protection",
            format!(
                "the dataset `{reference}` would be {what}, and its {} lost",
                self.spelled()
            ),
        )
        .hint("To go on, set `deletion_protection = false`, apply, and try again."))
    }
}

async fn contents(clients: &Clients, reference: &DatasetRef) -> Result<Contents, Diagnostic> {
    let bigquery = clients.cloud()?.bigquery();
    let summary = format!("cannot look into the dataset `{reference}`");
    let tables = bigquery.list_tables(reference).await.optional().explain(&*summary)?;
    let tables = tables.unwrap_or_default();
    let mut contents = Contents {
        tables: tables.len(),
        ..Contents::default()
    };
    for table in tables.into_iter().take(COUNTED) {
        let found = bigquery
            .get_table(&reference.table(table))
            .await
            .optional()
            .explain(&*summary)?;
        if let Some(document) = found {
            contents.stakes = contents.stakes + Stakes::of_table(&document);
        }
    }
    Ok(contents)
}

/// A last word before a dataset goes. Without `delete_contents_on_destroy` nothing can be lost: BigQuery deletes empty
/// datasets only, and which of its tables go in the same run is not known here.
async fn before_destroy(cx: &mut Cx, clients: &Clients, prior: &Dataset, what: &str) -> Result<(), Diagnostic> {
    if !prior.delete_contents() {
        return Ok(());
    }
    let reference = prior.reference()?;
    let contents = contents(clients, &reference).await?;
    if prior.is_protected() {
        return contents.refuse(&reference, what);
    }
    if contents.stakes.any() && !cx.is_applying() {
        cx.report(Diagnostic::warning(format!(
            "the dataset `{reference}` is {what}, and its {} are lost",
            contents.spelled()
        )));
    }
    Ok(())
}

/// The dataset that an apply which was killed left behind: ours, empty, and as it is planned now.
async fn adopt(clients: &Clients, reference: &DatasetRef, planned: &Dataset) -> Result<Option<Json>, Diagnostic> {
    let bigquery = clients.cloud()?.bigquery();
    let document = bigquery
        .get_dataset(reference)
        .await
        .explain(format!("cannot read the dataset `{reference}`"))?;
    let ours = labels::has(&document["labels"], labels::MANAGED) && planned.fulfilled_by(&planned.read(&document));
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
            default_partition_expiration_ms: Attr::Null,
            max_time_travel_hours: 168.into(),
            is_case_insensitive: false.into(),
            storage_billing_model: "LOGICAL".into(),
            default_kms_key_name: "projects/acme-data/locations/eu/keyRings/ring/cryptoKeys/key".into(),
            access: Attr::Known(Vec::new()),
            deletion_protection: true.into(),
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
            default_kms_key_name: Attr::Null,
            ..planned()
        };
        let change = planned.change(&planned, &json!({"labels": {"team": "crm"}}));
        assert_eq!(change["labels"]["team"], Json::Null);
        for field in ["defaultTableExpirationMs", "defaultEncryptionConfiguration"] {
            assert_eq!(change.get(field), Some(&Json::Null), "{field}");
        }
    }
}
