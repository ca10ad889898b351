//! `headwater_bigquery_dataset`: a dataset that exists, and what lies in it.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{DatasetRef, OptionalExt as _};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Cx, DataSource, Diagnostic, Result, Schema, Timeouts, Type, validate};

use crate::clients::Clients;
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::Explain as _;

/// The data source.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryDataset;

/// What it is given and what it finds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    dataset: Attr<String>,
    project: Attr<String>,
    dataset_id: Attr<String>,
    location: Attr<String>,
    friendly_name: Attr<String>,
    description: Attr<String>,
    labels: Attr<Labels>,
    tables: Attr<Vec<String>>,
    id: Attr<String>,
}

#[async_trait]
impl DataSource for BigQueryDataset {
    type Model = Model;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_dataset"
    }

    fn schema(&self) -> Schema {
        let found = |attribute: Attribute, text: &str| attribute.computed().describe(text);
        Schema::new([
            (
                "dataset",
                Attribute::string()
                    .required()
                    .validate(dataset())
                    .describe("Which one: `projects/PROJECT/datasets/DATASET`, `PROJECT.DATASET`, or `DATASET` in the provider's project."),
            ),
            ("project", found(Attribute::string(), "Its project.")),
            ("dataset_id", found(Attribute::string(), "Its id in the project.")),
            ("location", found(Attribute::string(), "Where its data lies.")),
            ("friendly_name", found(Attribute::string(), "Its name for people.")),
            ("description", found(Attribute::string(), "What is in it.")),
            ("labels", found(Attribute::map(Type::String), "Its labels.")),
            ("tables", found(Attribute::list(Type::String), "The ids of the tables and views in it.")),
            ("id", found(Attribute::string(), "The full name: `projects/PROJECT/datasets/DATASET`.")),
        ])
        .describe("A BigQuery dataset that exists, and what lies in it.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, config: Model) -> Result<Model> {
        let clients = cx.provider::<Clients>()?;
        let default = clients.project().as_deref().unwrap_or_default();
        let reference = DatasetRef::parse(config.dataset.require("dataset")?, default)
            .map_err(|_| Diagnostic::invalid("dataset", "this names no dataset"))?;
        let bigquery = clients.cloud()?.bigquery();
        let summary = format!("cannot read the dataset `{reference}`");
        let document = bigquery
            .get_dataset(&reference)
            .await
            .optional()
            .explain_at("dataset", &*summary)?;
        let Some(document) = document else {
            return Err(
                Diagnostic::invalid("dataset", format!("there is no dataset `{reference}`"))
                    .hint("Check the name and the project. If this configuration creates it, add it to `depends_on`.")
                    .into(),
            );
        };
        let tables = bigquery.list_tables(&reference).await.explain_at("dataset", summary)?;
        let text = |name: &str| document[name].as_str().map(str::to_owned).into();
        Ok(Model {
            location: text("location"),
            friendly_name: text("friendlyName"),
            description: text("description"),
            labels: labels::read(&document["labels"], &Attr::Null),
            tables: tables.into(),
            id: reference.id().into(),
            project: reference.project.into(),
            dataset_id: reference.dataset.into(),
            ..config
        })
    }
}

fn dataset() -> tfplugin_framework::Validator {
    validate::matches(
        "must be a dataset: `projects/PROJECT/datasets/DATASET`, `PROJECT.DATASET`, or `DATASET`",
        |text| {
            DatasetRef::parse(text, "p").is_ok_and(|found| {
                names::is_project(&found.project) && names::parse_dataset_path(&found.id()).is_some()
            })
        },
    )
}
