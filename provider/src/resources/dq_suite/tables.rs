//! The tables of verdicts: making them, and taking a suite's rows out of them. Suites may share them.

use headwater_cloud::{BigQuery, Document, Kind, OptionalExt as _, TableRef};
use headwater_spec::{DQ_RESULT_COLUMNS, DQ_RUN_COLUMNS, SystemColumn, dq_table};
use serde_json::Value as Json;
use tfplugin_framework::{Diagnostic, Path};

use super::model::Wanted;
use crate::problems::{Explain as _, cloud_problem};

/// The mark of a table of verdicts.
const LABEL: &str = "headwater_dq";

/// A table of verdicts.
struct Verdicts {
    table: TableRef,
    attribute: &'static str,
    label: &'static str,
    columns: &'static [SystemColumn],
    description: &'static str,
}

fn both(wanted: &Wanted) -> [Verdicts; 2] {
    [
        Verdicts {
            table: wanted.results.table(&wanted.run_table),
            attribute: "run_table",
            label: "runs",
            columns: DQ_RUN_COLUMNS,
            description: "Runs of data quality suites",
        },
        Verdicts {
            table: wanted.results.table(&wanted.result_table),
            attribute: "result_table",
            label: "results",
            columns: DQ_RESULT_COLUMNS,
            description: "What runs of data quality suites found, expectation by expectation",
        },
    ]
}

impl Verdicts {
    fn path(&self) -> Path {
        Path::attr("results").child(self.attribute)
    }

    async fn read(&self, bigquery: &BigQuery) -> Result<Option<Document>, Diagnostic> {
        let found = bigquery.get_table(&self.table).await.optional();
        found.explain_at(self.path(), format!("cannot read the table `{}`", self.table))
    }

    /// The columns that a table lacks; an error if one of another type has a name of ours.
    fn lacking(&self, document: &Document) -> Result<Vec<Json>, Diagnostic> {
        let fields = document["schema"]["fields"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let wanted = dq_table(self.columns, self.description);
        let mut lacking = Vec::new();
        for field in wanted["schema"]["fields"].as_array().into_iter().flatten() {
            let name = field["name"].as_str().unwrap_or_default();
            let present = fields.iter().find(|present| {
                present["name"]
                    .as_str()
                    .is_some_and(|other| other.eq_ignore_ascii_case(name))
            });
            match present {
                None if field["mode"] == "REQUIRED" => {
                    return Err(self.stranger(&format!("It has no column `{name}`.")));
                }
                None => lacking.push(field.clone()),
                Some(present) if present["type"] != field["type"] => {
                    return Err(self.stranger(&format!("Its column `{name}` is of type {}.", present["type"])));
                }
                Some(_) => {}
            }
        }
        Ok(lacking)
    }

    fn stranger(&self, why: &str) -> Diagnostic {
        Diagnostic::invalid(
            self.path(),
            format!("the table `{}` is not one of verdicts", self.table),
        )
        .detail(why)
        .hint(format!("Give another `results.{}`.", self.attribute))
    }

    async fn deploy(&self, bigquery: &BigQuery) -> Result<(), Diagnostic> {
        if let Some(document) = self.read(bigquery).await? {
            return self.complete(bigquery, &document).await;
        }
        let mut document = dq_table(self.columns, self.description);
        document["labels"] = serde_json::json!({ LABEL: self.label });
        let summary = format!("cannot create the table `{}`", self.table);
        match bigquery.create_table(&self.table, &document).await {
            Ok(_) => tracing::info!(table = %self.table, "table created"),
            // Another suite was faster.
            Err(error) if error.kind() == Kind::AlreadyExists => {}
            Err(error) => return Err(cloud_problem(summary, &error).at(self.path())),
        }
        Ok(())
    }

    /// Adds the columns that an older table lacks.
    async fn complete(&self, bigquery: &BigQuery, document: &Document) -> Result<(), Diagnostic> {
        let lacking = self.lacking(document)?;
        if lacking.is_empty() {
            return Ok(());
        }
        let mut fields = document["schema"]["fields"].as_array().cloned().unwrap_or_default();
        fields.extend(lacking);
        let change = serde_json::json!({"schema": {"fields": fields}});
        let changed = bigquery
            .patch_table(&self.table, &change, document["etag"].as_str())
            .await;
        changed.explain_at(self.path(), format!("cannot change the table `{}`", self.table))?;
        Ok(())
    }

    /// Deletes a suite's rows, and the table when it is one that we made and nothing is left in it.
    async fn forget(&self, bigquery: &BigQuery, suite: &str) -> Result<(), Diagnostic> {
        let Some(document) = self.read(bigquery).await? else {
            return Ok(());
        };
        let location = document["location"].as_str();
        let summary = format!("cannot delete the suite's rows from `{}`", self.table);
        // Another suite that shares the table may be deleted at the same time, and the table with it.
        let sql = format!("DELETE FROM {} WHERE suite = '{suite}'", self.table.sql());
        let deleted = bigquery.query(&sql, location).await.optional();
        if deleted.explain_at(self.path(), &*summary)?.is_none()
            || document["labels"][LABEL].as_str() != Some(self.label)
        {
            return Ok(());
        }
        let sql = format!("SELECT COUNT(*) FROM {}", self.table.sql());
        let left = bigquery.query(&sql, location).await.optional();
        if left
            .explain_at(self.path(), &*summary)?
            .is_some_and(|left| left.text(0, 0) == Some("0"))
        {
            let deleted = bigquery.delete_table(&self.table).await.optional();
            deleted.explain_at(self.path(), summary)?;
        }
        Ok(())
    }
}

/// Creates what is missing. Repeating it changes nothing.
pub(super) async fn deploy(bigquery: &BigQuery, wanted: &Wanted) -> Result<(), Diagnostic> {
    for verdicts in both(wanted) {
        verdicts.deploy(bigquery).await?;
    }
    Ok(())
}

/// Whether both are there.
pub(super) async fn are_there(bigquery: &BigQuery, wanted: &Wanted) -> Result<bool, Diagnostic> {
    for verdicts in both(wanted) {
        if verdicts.read(bigquery).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses tables of others, before anything is made.
pub(super) async fn check(bigquery: &BigQuery, wanted: &Wanted) -> Result<(), Diagnostic> {
    for verdicts in both(wanted) {
        if let Some(document) = verdicts.read(bigquery).await? {
            verdicts.lacking(&document)?;
        }
    }
    Ok(())
}

/// Takes the suite out of both.
pub(super) async fn forget(bigquery: &BigQuery, wanted: &Wanted) -> Result<(), Diagnostic> {
    for verdicts in both(wanted) {
        verdicts.forget(bigquery, &wanted.name).await?;
    }
    Ok(())
}
