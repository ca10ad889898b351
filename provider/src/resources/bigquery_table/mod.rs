//! `headwater_bigquery_table`: a table whose data is never lost by surprise.
//!
//! `schema` and `fields` are its attributes, `model` is the state, `column` is a column in one spelling, `edits` decides
//! what can be done in place, `plan` asks and refuses, `change` carries it out.

mod change;
pub(crate) mod column;
mod edits;
pub(crate) mod fields;
mod model;
mod plan;
mod schema;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use headwater_cloud::{Document, Kind, OptionalExt as _};
use tfplugin_framework::{Cx, Diagnostic, Identity, Plan, Resource, Result, Schema};

use self::fields::Nested as _;
pub use self::model::Table;
pub(crate) use self::schema::{interval, same_interval};
use crate::clients::Clients;
use crate::labels;
use crate::names;
use crate::problems::{Explain as _, cloud_problem};
use crate::stakes::Stakes;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryTable;

#[async_trait]
impl Resource for BigQueryTable {
    type Model = Table;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_table"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{dataset}/tables/{table_id}"))
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Table) -> Result<()> {
        schema::check(config).into_result()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Table>) -> Result<Table> {
        let clients = cx.provider::<Clients>()?;
        plan::complete(cx, &clients, plan).await
    }

    async fn plan_destroy(&self, cx: &mut Cx, prior: &Table) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        plan::before_destroy(cx, &clients, prior).await
    }

    async fn create(&self, cx: &mut Cx, planned: Table) -> Result<Table> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let table = planned.reference()?;
        let summary = format!("cannot create the table `{table}`");
        let columns = planned.columns.require("columns")?.known();
        let columns = columns.ok_or_else(|| Diagnostic::invalid("columns", "the columns are not known"))?;
        let mut document = match bigquery.create_table(&table, &planned.document(&columns)).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => adopt(&clients, &planned).await?,
            Err(error) => return Err(cloud_problem(summary, &error).into()),
        };
        if let Some(patch) = planned.against_defaults(&document) {
            document = bigquery.patch_table(&table, &patch, None).await.explain(summary)?;
        }
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Table) -> Result<Option<Table>> {
        let clients = cx.provider::<Clients>()?;
        let table = state.reference()?;
        let found = clients.cloud()?.bigquery().get_table(&table).await.optional();
        let found = found.explain(format!("cannot read the table `{table}`"))?;
        let Some(document) = found else { return Ok(None) };
        must_be_table(&table.to_string(), &document)?;
        Ok(Some(state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: Table, planned: Table) -> Result<Table> {
        let clients = cx.provider::<Clients>()?;
        let document = change::change(cx, &clients.cloud()?.bigquery(), &planned).await?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Table) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let table = state.reference()?;
        if state.is_protected() {
            // Rows may have come in since the plan.
            plan::refuse_loss(&clients, &table, "destroyed").await?;
        }
        let deleted = clients.cloud()?.bigquery().delete_table(&table).await;
        deleted.explain(format!("cannot delete the table `{table}`"))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Table> {
        let forms = "`projects/PROJECT/datasets/DATASET/tables/TABLE` or `PROJECT.DATASET.TABLE`";
        Table::from_id(id).ok_or_else(|| names::not_an_id(id, forms).into())
    }
}

fn must_be_table(table: &str, document: &Document) -> Result<(), Diagnostic> {
    match document["type"].as_str() {
        None | Some("TABLE") => Ok(()),
        Some(other) => {
            let instead = match other {
                "VIEW" => "Use headwater_bigquery_view.",
                "MATERIALIZED_VIEW" => "Use headwater_bigquery_materialized_view.",
                _ => "This provider does not manage it.",
            };
            Err(Diagnostic::error(format!("`{table}` is not a table but of the type {other}")).hint(instead))
        }
    }
}

/// The table that an apply which was killed left behind: ours, empty, and as it is planned now.
async fn adopt(clients: &Clients, planned: &Table) -> Result<Document, Diagnostic> {
    let table = planned.reference()?;
    let document = clients
        .cloud()?
        .bigquery()
        .get_table(&table)
        .await
        .explain(format!("cannot read the table `{table}`"))?;
    let stakes = Stakes::of_table(&document);
    if labels::has(&document["labels"], labels::MANAGED)
        && !stakes.any()
        && planned.fulfilled_by(&planned.read(&document))
    {
        tracing::info!(table = %table, "empty table of an earlier apply adopted");
        return Ok(document);
    }
    let id = table.id();
    Err(
        Diagnostic::invalid("table_id", format!("the table `{table}` exists already, with {stakes}")).hint(format!(
            "Import it: `terraform import ADDRESS {id}`, or choose another `table_id`."
        )),
    )
}
