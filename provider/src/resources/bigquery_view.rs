//! `headwater_bigquery_view`: a query under a name.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{DatasetRef, Kind, OptionalExt as _, TableRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Identity, Plan, Resource, Result, Schema, Timeouts, Type, equal, validate,
};

use crate::clients::Clients;
use crate::labels::{self, Labels};
use crate::names::{self, parse_dataset_path, parse_table_path};
use crate::problems::{Explain as _, cloud_problem};
use crate::{queries, stakes};

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryView;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    dataset: Attr<String>,
    table_id: Attr<String>,
    query: Attr<String>,
    friendly_name: Attr<String>,
    description: Attr<String>,
    labels: Attr<Labels>,
    columns: Attr<Vec<Column>>,
    sql_name: Attr<String>,
    id: Attr<String>,
}

/// A column of the result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    name: String,
    r#type: String,
    mode: String,
}

/// The columns of a REST schema as a view shows them.
pub(super) fn columns_of(schema: &Json) -> Vec<Column> {
    super::bigquery_table::column::Column::all_of(&schema["fields"])
        .into_iter()
        .map(|column| Column {
            mode: column.mode.api().to_owned(),
            r#type: column.kind,
            name: column.name,
        })
        .collect()
}

/// The attribute that shows them.
pub(super) fn columns_attribute() -> Attribute {
    Attribute::list(Type::object([
        ("name", Type::String),
        ("type", Type::String),
        ("mode", Type::String),
    ]))
    .computed()
    .use_state_for_unknown()
    .describe("The columns of the result: `name`, `type` and `mode`.")
}

/// Dataset and id as the full name of a table or view.
pub(super) fn reference(dataset: &Attr<String>, table_id: &Attr<String>) -> Result<TableRef, Diagnostic> {
    let dataset = dataset.require("dataset")?;
    let (project, dataset) = parse_dataset_path(dataset)
        .ok_or_else(|| Diagnostic::invalid("dataset", format!("`{dataset}` is not the id of a dataset")))?;
    Ok(DatasetRef::new(project, dataset).table(table_id.require("table_id")?))
}

impl View {
    fn reference(&self) -> Result<TableRef, Diagnostic> {
        reference(&self.dataset, &self.table_id)
    }

    fn name(&mut self) {
        let known = self.reference().ok();
        self.id = known.as_ref().map_or(Attr::Unknown, |table| table.id().into());
        self.sql_name = known.as_ref().map_or(Attr::Unknown, |table| table.sql().into());
    }

    /// What can be changed; `null` clears.
    fn fields(&self) -> Json {
        json!({
            "friendlyName": self.friendly_name.as_deref(),
            "description": self.description.as_deref(),
            "view": {"query": self.query.as_deref(), "useLegacySql": false},
        })
    }

    fn document(&self) -> Json {
        let mut document = self.fields();
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        document["labels"] = Json::Object(labels::wanted(&self.labels, false));
        document
    }

    fn read(&self, document: &Json) -> View {
        let text = |found: &Json, state: &Attr<String>| match found.as_str().unwrap_or_default() {
            "" if state.as_deref() == Some("") => state.clone(),
            "" => Attr::Null,
            text => text.into(),
        };
        let mut view = View {
            dataset: self.dataset.clone(),
            table_id: self.table_id.clone(),
            query: text(&document["view"]["query"], &self.query),
            friendly_name: text(&document["friendlyName"], &self.friendly_name),
            description: text(&document["description"], &self.description),
            labels: labels::read(&document["labels"], &self.labels),
            columns: columns_of(&document["schema"]).into(),
            ..View::default()
        };
        view.name();
        view
    }
}

/// What a plan says of a query that is new or changed: an error, or the bytes that it reads. Nothing while it is unknown.
pub(super) async fn check(
    cx: &mut Cx,
    clients: &Clients,
    what: &str,
    name: &Attr<String>,
    query: &Attr<String>,
) -> Result<(), Diagnostic> {
    let (Some(query), Ok(_)) = (query.known(), clients.cloud()) else {
        return Ok(());
    };
    let Some(found) = queries::dry_run(clients, query, query, None, "query").await? else {
        return Ok(());
    };
    if found.bytes > 0 && !cx.is_applying() {
        let name = name.as_deref().unwrap_or("(known after apply)");
        cx.report(
            Diagnostic::warning(format!("the {what} {name} reads {}", stakes::bytes(found.bytes)))
                .detail("As the tables are now, if all of its columns and rows are asked for. A partition or cluster filter makes it less.")
                .at("query"),
        );
    }
    Ok(())
}

#[async_trait]
impl Resource for BigQueryView {
    type Model = View;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_view"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{dataset}/tables/{table_id}"))
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "dataset",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::dataset_path())
                    .describe("The dataset that it lies in: the id of a `headwater_bigquery_dataset`."),
            ),
            (
                "table_id",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::table_id())
                    .describe("The view's id, unique among the tables and views of its dataset."),
            ),
            (
                "query",
                Attribute::string()
                    .required()
                    .equivalent(equal::sql)
                    .validate(validate::length(1..=262_144))
                    .describe("The query in GoogleSQL. BigQuery checks it while it is planned. White space, comments and the case of keywords are no change."),
            ),
            ("friendly_name", Attribute::string().optional().describe("A name for people.")),
            (
                "description",
                Attribute::string().optional().validate(validate::length(0..=16_384)).describe("What it shows."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::label_keys())
                    .validate(names::label_values())
                    .describe("Labels, for cost attribution."),
            ),
            ("columns", columns_attribute()),
            (
                "sql_name",
                Attribute::string().computed().use_state_for_unknown().describe("The view's name for SQL, quoted: `` `PROJECT.DATASET.VIEW` ``."),
            ),
            (
                "id",
                Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/datasets/DATASET/tables/VIEW`."),
            ),
        ])
        .describe("A BigQuery view: a query under a name. It holds no data: destroying it loses none.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(300))
                .delete(Duration::from_secs(300)),
        )
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<View>) -> Result<View> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        planned.name();
        if plan.prior.as_ref() != Some(&planned) {
            // The tables below may have other columns now.
            planned.columns = Attr::Unknown;
        }
        let before = plan.prior.as_ref().map(|prior| &prior.query);
        if before != Some(&planned.query) {
            check(cx, &clients, "view", &planned.sql_name, &planned.query).await?;
            if let Some(id) = planned.id.known() {
                match plan.prior {
                    None => clients.note_fresh(id),
                    Some(_) => clients.note_changing(id),
                }
            }
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: View) -> Result<View> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let view = planned.reference()?;
        let summary = format!("cannot create the view `{view}`");
        let document = match bigquery.create_table(&view, &planned.document()).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let present = bigquery.get_table(&view).await.explain(&*summary)?;
                adopt(&planned.document(), present, &view, "VIEW", "view")?
            }
            Err(error) => return Err(cloud_problem(summary, &error).at("query").into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: View) -> Result<Option<View>> {
        let clients = cx.provider::<Clients>()?;
        let view = state.reference()?;
        let found = clients.cloud()?.bigquery().get_table(&view).await.optional();
        let found = found.explain(format!("cannot read the view `{view}`"))?;
        let Some(document) = found else { return Ok(None) };
        must_be(&document, "VIEW", &view, "view")?;
        Ok(Some(state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: View, planned: View) -> Result<View> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let view = planned.reference()?;
        let summary = format!("cannot change the view `{view}`");
        let present = bigquery.get_table(&view).await.explain(&*summary)?;
        let mut change = planned.fields();
        change["labels"] = labels::change(&present["labels"], labels::wanted(&planned.labels, false));
        let etag = present["etag"].as_str();
        let document = bigquery.patch_table(&view, &change, etag).await.explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: View) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let view = state.reference()?;
        let deleted = clients.cloud()?.bigquery().delete_table(&view).await;
        deleted.explain(format!("cannot delete the view `{view}`"))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<View> {
        let forms = "`projects/PROJECT/datasets/DATASET/tables/VIEW` or `PROJECT.DATASET.VIEW`";
        let view = parse_table_path(id).ok_or_else(|| names::not_an_id(id, forms))?;
        Ok(View {
            dataset: view.dataset.id().into(),
            table_id: view.table.into(),
            ..View::default()
        })
    }
}

/// Refuses to manage as one kind what is of another.
pub(super) fn must_be(document: &Json, kind: &str, name: &TableRef, what: &str) -> Result<(), Diagnostic> {
    match document["type"].as_str() {
        Some(found) if found != kind => Err(Diagnostic::error(format!(
            "`{name}` is not a {what} but of the type {found}"
        ))
        .hint("Take it out of the state (`terraform state rm`) and declare it with the resource of its type.")),
        _ => Ok(()),
    }
}

/// The view that an apply which was killed left behind: ours, and made of the same document.
pub(super) fn adopt(wanted: &Json, present: Json, name: &TableRef, kind: &str, what: &str) -> Result<Json, Diagnostic> {
    let same = wanted
        .as_object()
        .into_iter()
        .flatten()
        .all(|(key, value)| match value {
            Json::Object(fields) => fields.iter().all(|(field, value)| present[key][field] == *value),
            value => present[key] == *value,
        });
    if same && present["type"] == kind && labels::has(&present["labels"], labels::MANAGED) {
        tracing::info!(name = %name, "view of an earlier apply adopted");
        return Ok(present);
    }
    let id = name.id();
    Err(
        Diagnostic::invalid("table_id", format!("`{name}` exists already")).hint(format!(
            "If it is this {what}, import it: `terraform import ADDRESS {id}`. Otherwise choose another `table_id`."
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let mut planned = View {
            dataset: "projects/p/datasets/d".into(),
            table_id: "v".into(),
            query: "SELECT 1 AS a".into(),
            description: "".into(),
            columns: vec![Column {
                name: "a".into(),
                r#type: "INT64".into(),
                mode: "NULLABLE".into(),
            }]
            .into(),
            ..View::default()
        };
        planned.name();
        let mut document = planned.document();
        document["schema"] = json!({"fields": [{"name": "a", "type": "INTEGER"}]});
        assert_eq!(planned.read(&document), planned);
        document["type"] = "VIEW".into();
        let view = planned.reference().expect("a name");
        assert!(adopt(&planned.document(), document.clone(), &view, "VIEW", "view").is_ok());
        document["view"]["query"] = "SELECT 2".into();
        assert!(adopt(&planned.document(), document, &view, "VIEW", "view").is_err());
    }
}
