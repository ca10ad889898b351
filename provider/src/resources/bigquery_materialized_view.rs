//! `headwater_bigquery_materialized_view`: a query whose result BigQuery keeps and keeps up to date.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{Kind, OptionalExt as _, TableRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, Diagnostic, Diagnostics, Identity, Plan, Resource, Result, Schema, Timeouts, Type, equal,
    validate,
};

use super::bigquery_table::column::int;
use super::bigquery_view::{self as view, Column};
use crate::clients::Clients;
use crate::labels::{self, Labels};
use crate::names::{self, parse_table_path};
use crate::problems::{Explain as _, cloud_problem};

/// BigQuery's default for the time between two refreshes.
const REFRESH_MINUTES: i64 = 30;
const MINUTE_MS: i64 = 60_000;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryMaterializedView;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MaterializedView {
    dataset: Attr<String>,
    table_id: Attr<String>,
    query: Attr<String>,
    enable_refresh: Attr<bool>,
    refresh_interval_minutes: Attr<i64>,
    max_staleness: Attr<String>,
    allow_non_incremental_definition: Attr<bool>,
    partition_by: Attr<String>,
    partition_type: Attr<String>,
    clustering: Attr<Vec<Attr<String>>>,
    friendly_name: Attr<String>,
    description: Attr<String>,
    labels: Attr<Labels>,
    columns: Attr<Vec<Column>>,
    sql_name: Attr<String>,
    id: Attr<String>,
}

impl MaterializedView {
    fn reference(&self) -> Result<TableRef, Diagnostic> {
        view::reference(&self.dataset, &self.table_id)
    }

    fn name(&mut self) {
        let known = self.reference().ok();
        self.id = known.as_ref().map_or(Attr::Unknown, |table| table.id().into());
        self.sql_name = known.as_ref().map_or(Attr::Unknown, |table| table.sql().into());
    }

    fn clustering(&self) -> Vec<&str> {
        self.clustering
            .known()
            .into_iter()
            .flatten()
            .filter_map(Attr::as_deref)
            .collect()
    }

    /// What can be changed in place; `null` clears.
    fn fields(&self) -> Json {
        let clustering = self.clustering();
        json!({
            "friendlyName": self.friendly_name.as_deref(),
            "description": self.description.as_deref(),
            "maxStaleness": self.max_staleness.as_deref(),
            "clustering": if clustering.is_empty() { Json::Null } else { json!({"fields": clustering}) },
            "materializedView": {
                "query": self.query.as_deref(),
                "enableRefresh": self.enable_refresh.known(),
                "refreshIntervalMs": self.refresh_interval_minutes.known().map(|minutes| (minutes * MINUTE_MS).to_string()),
            },
        })
    }

    fn document(&self) -> Json {
        let mut document = self.fields();
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        if self.allow_non_incremental_definition == Attr::Known(true) {
            document["materializedView"]["allowNonIncrementalDefinition"] = true.into();
        }
        if let Some(field) = self.partition_by.as_deref() {
            document["timePartitioning"] = json!({"type": self.partition_type.as_deref(), "field": field});
        }
        document["labels"] = Json::Object(labels::wanted(&self.labels, false));
        document
    }

    fn read(&self, document: &Json) -> Self {
        let text = |found: &Json, state: &Attr<String>| match found.as_str().unwrap_or_default() {
            "" if state.as_deref() == Some("") => state.clone(),
            "" => Attr::Null,
            text => text.into(),
        };
        let materialized = &document["materializedView"];
        let found: Vec<&str> = document["clustering"]["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let partitioning = &document["timePartitioning"];
        let mut view = Self {
            dataset: self.dataset.clone(),
            table_id: self.table_id.clone(),
            query: text(&materialized["query"], &self.query),
            enable_refresh: materialized["enableRefresh"].as_bool().unwrap_or(true).into(),
            refresh_interval_minutes: int(&materialized["refreshIntervalMs"])
                .map_or(REFRESH_MINUTES, |ms| ms / MINUTE_MS)
                .into(),
            max_staleness: text(&document["maxStaleness"], &self.max_staleness),
            allow_non_incremental_definition: materialized["allowNonIncrementalDefinition"]
                .as_bool()
                .unwrap_or(false)
                .into(),
            partition_by: text(&partitioning["field"], &self.partition_by),
            partition_type: if partitioning["type"].is_string() {
                text(&partitioning["type"], &self.partition_type)
            } else {
                "DAY".into()
            },
            clustering: if self.clustering() == found && !self.clustering.is_unknown() {
                self.clustering.clone()
            } else {
                found.into_iter().map(Attr::from).collect::<Vec<_>>().into()
            },
            friendly_name: text(&document["friendlyName"], &self.friendly_name),
            description: text(&document["description"], &self.description),
            labels: labels::read(&document["labels"], &self.labels),
            columns: view::columns_of(&document["schema"]).into(),
            ..Self::default()
        };
        view.name();
        view
    }
}

#[async_trait]
impl Resource for BigQueryMaterializedView {
    type Model = MaterializedView;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_materialized_view"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{dataset}/tables/{table_id}"))
    }

    fn schema(&self) -> Schema {
        schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &MaterializedView) -> Result<()> {
        check(config).into_result()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<MaterializedView>) -> Result<MaterializedView> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        planned.name();
        if plan.prior.as_ref() != Some(&planned) {
            // The tables below may have other columns now.
            planned.columns = Attr::Unknown;
        }
        let before = plan.prior.as_ref().map(|prior| &prior.query);
        if before != Some(&planned.query) {
            view::check(cx, &clients, "materialized view", &planned.sql_name, &planned.query).await?;
            if let Some(id) = planned.id.known() {
                clients.note_fresh(id);
            }
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: MaterializedView) -> Result<MaterializedView> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let name = planned.reference()?;
        let summary = format!("cannot create the materialized view `{name}`");
        let document = match bigquery.create_table(&name, &planned.document()).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let present = bigquery.get_table(&name).await.explain(&*summary)?;
                view::adopt(
                    &planned.document(),
                    present,
                    &name,
                    "MATERIALIZED_VIEW",
                    "materialized view",
                )?
            }
            Err(error) => return Err(cloud_problem(summary, &error).at("query").into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: MaterializedView) -> Result<Option<MaterializedView>> {
        let clients = cx.provider::<Clients>()?;
        let name = state.reference()?;
        let found = clients.cloud()?.bigquery().get_table(&name).await.optional();
        let found = found.explain(format!("cannot read the materialized view `{name}`"))?;
        let Some(document) = found else { return Ok(None) };
        view::must_be(&document, "MATERIALIZED_VIEW", &name, "materialized view")?;
        Ok(Some(state.read(&document)))
    }

    async fn update(
        &self,
        cx: &mut Cx,
        _prior: MaterializedView,
        planned: MaterializedView,
    ) -> Result<MaterializedView> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let name = planned.reference()?;
        let summary = format!("cannot change the materialized view `{name}`");
        let present = bigquery.get_table(&name).await.explain(&*summary)?;
        let mut change = planned.fields();
        // The text stays as BigQuery has it: it is another spelling of the same query.
        change["materializedView"]["query"] = present["materializedView"]["query"].clone();
        change["labels"] = labels::change(&present["labels"], labels::wanted(&planned.labels, false));
        let etag = present["etag"].as_str();
        let document = bigquery.patch_table(&name, &change, etag).await.explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: MaterializedView) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let name = state.reference()?;
        let deleted = clients.cloud()?.bigquery().delete_table(&name).await;
        deleted.explain(format!("cannot delete the materialized view `{name}`"))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<MaterializedView> {
        let forms = "`projects/PROJECT/datasets/DATASET/tables/VIEW` or `PROJECT.DATASET.VIEW`";
        let name = parse_table_path(id).ok_or_else(|| names::not_an_id(id, forms))?;
        Ok(MaterializedView {
            dataset: name.dataset.id().into(),
            table_id: name.table.into(),
            ..MaterializedView::default()
        })
    }
}

/// What the schema cannot say.
fn check(config: &MaterializedView) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if config.allow_non_incremental_definition == Attr::Known(true) && config.max_staleness.is_null() {
        problems.push(
            Diagnostic::invalid(
                "allow_non_incremental_definition",
                "`allow_non_incremental_definition` needs `max_staleness`",
            )
            .hint("Say how old an answer may be, such as `max_staleness = \"0-0 0 4:0:0\"`."),
        );
    }
    if config.partition_type.known().is_some() && config.partition_by.is_null() {
        problems.push(
            Diagnostic::invalid(
                "partition_type",
                "`partition_type` is set and the view has no partitions",
            )
            .hint("Set `partition_by`, or leave this out."),
        );
    }
    problems
}

fn schema() -> Schema {
    let fixed = |attribute: Attribute| attribute.requires_replace();
    Schema::new([
        (
            "dataset",
            fixed(Attribute::string().required())
                .validate(names::dataset_path())
                .describe("The dataset that it lies in: the id of a `headwater_bigquery_dataset`."),
        ),
        (
            "table_id",
            fixed(Attribute::string().required())
                .validate(names::table_id())
                .describe("The view's id, unique among the tables and views of its dataset."),
        ),
        (
            "query",
            fixed(Attribute::string().required())
                .equivalent(equal::sql)
                .validate(validate::length(1..=262_144))
                .describe("The query in GoogleSQL. Another query is another view: it is made anew from its tables, and nothing is lost. White space, comments and the case of keywords are no change."),
        ),
        ("enable_refresh", Attribute::bool().default(true).describe("Whether BigQuery keeps the result up to date by itself.")),
        (
            "refresh_interval_minutes",
            Attribute::number()
                .default(REFRESH_MINUTES)
                .validate(validate::whole_number())
                .validate(validate::range(1..=10_080))
                .describe("The shortest time between two refreshes: 1 minute to 7 days."),
        ),
        (
            "max_staleness",
            Attribute::string()
                .optional()
                .equivalent(super::bigquery_table::same_interval)
                .validate(super::bigquery_table::interval())
                .describe("How old an answer may be, as a SQL interval: `0-0 0 4:0:0` for four hours."),
        ),
        (
            "allow_non_incremental_definition",
            fixed(Attribute::bool().default(false))
                .describe("Whether the query may be one that BigQuery cannot refresh in increments. Needs `max_staleness`."),
        ),
        (
            "partition_by",
            fixed(Attribute::string().optional())
                .describe("The column to partition by: the partitioning column of the base table."),
        ),
        (
            "partition_type",
            fixed(Attribute::string().default("DAY"))
                .validate(validate::one_of(["HOUR", "DAY", "MONTH", "YEAR"]))
                .describe("The length of a partition, as in the base table."),
        ),
        (
            "clustering",
            Attribute::list(Type::String)
                .optional_computed()
                .use_state_for_unknown()
                .validate(validate::size(0..=4))
                .validate(validate::unique())
                .describe("The columns that rows are sorted by. Left out, BigQuery chooses."),
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
        ("columns", view::columns_attribute()),
        (
            "sql_name",
            Attribute::string().computed().use_state_for_unknown().describe("The view's name for SQL, quoted: `` `PROJECT.DATASET.VIEW` ``."),
        ),
        (
            "id",
            Attribute::string().computed().use_state_for_unknown().describe("The full name: `projects/PROJECT/datasets/DATASET/tables/VIEW`."),
        ),
    ])
    .describe("A BigQuery materialized view: a query whose result is kept and kept up to date. All of it comes from its tables: destroying it loses nothing.")
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(600))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(300)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let mut planned = MaterializedView {
            dataset: "projects/p/datasets/d".into(),
            table_id: "v".into(),
            query: "SELECT a, COUNT(*) AS n FROM `p.d.t` GROUP BY a".into(),
            enable_refresh: true.into(),
            refresh_interval_minutes: 60.into(),
            allow_non_incremental_definition: false.into(),
            partition_type: "DAY".into(),
            clustering: vec!["a".into()].into(),
            columns: Attr::Known(Vec::new()),
            ..MaterializedView::default()
        };
        planned.name();
        let document = planned.document();
        assert_eq!(document["materializedView"]["refreshIntervalMs"], "3600000");
        assert_eq!(planned.read(&document), planned);
    }
}
