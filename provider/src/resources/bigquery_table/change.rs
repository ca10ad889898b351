//! Carrying edits out: SQL for names and types, a patch for everything else. Rows are never touched.
//!
//! Statements are jobs whose id follows from the table's version and the text: an apply that lost an answer, or was
//! killed, finds the job that it started instead of starting another.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use headwater_cloud::{BigQuery, Document, JobRef, JobStatus, TableRef, Wait};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Cx, Diagnostic, Result};

use super::column::{Column, Mode};
use super::edits::{Edit, decide};
use super::model::Table;
use super::plan;
use crate::labels;
use crate::problems::{Explain as _, cloud_problem};

/// Times that a statement which failed is started anew.
const ATTEMPTS: u32 = 20;

/// Brings the table from what it is to what is planned, and returns its document.
pub(super) async fn change(cx: &Cx, bigquery: &BigQuery, planned: &Table) -> Result<Document> {
    let table = planned.reference()?;
    let summary = format!("cannot change the table `{table}`");
    let present = bigquery.get_table(&table).await.explain(&*summary)?;
    // What is decided at apply is decided about the table as it is now.
    let before = Table::default().read(&present).shape();
    let (Some(before), Some(after)) = (before, planned.shape()) else {
        return Err(Diagnostic::error(summary)
            .detail("The plan has values that are not known.")
            .into());
    };
    let decision = decide(&before, &after, planned.allows_drop());
    let refusals = plan::refusals(&table, &decision.refusals);
    if refusals.has_error() {
        return Err(refusals);
    }
    if let Some(rebuild) = decision.rebuild {
        return Err(Diagnostic::invalid(rebuild.attribute, summary)
            .detail(format!("BigQuery does not change {} in place.", rebuild.what))
            .into());
    }
    let statements = statements(&table, &decision.edits, &before.columns);
    for sql in &statements {
        run(cx, bigquery, &present, sql)
            .await
            .map_err(|error| cloud_problem(&*summary, &error).at("columns"))?;
        tracing::info!(table = %table, "table altered");
    }
    let mut present = present;
    for step in patches(&decision.edits, &after.columns) {
        if !statements.is_empty() || step == Step::Defaults {
            present = bigquery.get_table(&table).await.explain(&*summary)?;
        }
        let mut patch = match step {
            Step::Everything => planned.settings(),
            Step::Defaults => json!({}),
        };
        if step == Step::Everything {
            patch["labels"] = labels::change(&present["labels"], planned.wanted_labels());
        }
        if let Some(fields) = fields(&present["schema"]["fields"], &after.columns, step) {
            patch["schema"] = json!({ "fields": fields });
        }
        let etag = present["etag"].as_str().map(str::to_owned);
        present = bigquery
            .patch_table(&table, &patch, etag.as_deref())
            .await
            .explain(&*summary)?;
    }
    for edit in &decision.edits {
        tracing::info!(table = %table, edit = %edit, "table edited");
    }
    Ok(present)
}

/// What one patch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Settings, new columns, descriptions, relaxed modes.
    Everything,
    /// Defaults of columns that the first patch added: BigQuery does not take both at once.
    Defaults,
}

fn patches(edits: &[Edit], columns: &[Column]) -> Vec<Step> {
    let adds_default = edits.iter().any(|edit| match edit {
        Edit::Add { path, .. } => columns
            .iter()
            .any(|column| path.len() == 1 && column.name == path[0] && column.default.is_some()),
        _ => false,
    });
    if adds_default {
        vec![Step::Everything, Step::Defaults]
    } else {
        vec![Step::Everything]
    }
}

/// The SQL for edits that the REST API does not know.
fn statements(table: &TableRef, edits: &[Edit], present: &[Column]) -> Vec<String> {
    let alter = format!("ALTER TABLE {}", table.sql());
    let mut renames = Vec::new();
    let mut drops = Vec::new();
    let mut widened: BTreeMap<String, Column> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for edit in edits {
        match edit {
            Edit::Rename { from, to } => {
                names.insert(to.to_ascii_lowercase(), from.clone());
                renames.push(format!("RENAME COLUMN `{from}` TO `{to}`"));
            }
            Edit::Drop { name } => drops.push(format!("DROP COLUMN `{name}`")),
            Edit::Widen { path, to, .. } => {
                let Some((top, below)) = path.split_first() else {
                    continue;
                };
                let was = names.get(&top.to_ascii_lowercase()).unwrap_or(top);
                let Some(column) = present.iter().find(|column| column.name.eq_ignore_ascii_case(was)) else {
                    continue;
                };
                let column = widened.entry(top.clone()).or_insert_with(|| column.clone());
                if let Some(field) = descend(column, below) {
                    retype(field, to);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    for clauses in [renames, drops] {
        if !clauses.is_empty() {
            all.push(format!("{alter} {}", clauses.join(", ")));
        }
    }
    all.extend(
        widened
            .iter()
            .map(|(name, column)| format!("{alter} ALTER COLUMN `{name}` SET DATA TYPE {}", column.ddl_type())),
    );
    all
}

fn descend<'a>(column: &'a mut Column, path: &[String]) -> Option<&'a mut Column> {
    path.iter().try_fold(column, |column, name| {
        column
            .fields
            .iter_mut()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    })
}

/// Gives a column the type that is spelled so, parameters included: only its SQL is of interest then.
fn retype(column: &mut Column, spelled: &str) {
    spelled.clone_into(&mut column.kind);
    column.max_length = None;
    column.precision = None;
    column.scale = None;
}

/// Runs a statement, or waits for the job that an earlier apply started for it.
async fn run(cx: &Cx, bigquery: &BigQuery, present: &Document, sql: &str) -> Result<(), headwater_cloud::Error> {
    let wait = Wait::at_most(cx.time_left().unwrap_or(Duration::from_secs(600)));
    let configuration = json!({"query": {"query": sql, "useLegacySql": false}});
    let mut hash = DefaultHasher::new();
    (
        present["id"].as_str(),
        present["creationTime"].as_str(),
        present["etag"].as_str(),
        sql,
    )
        .hash(&mut hash);
    let project = present["tableReference"]["projectId"].as_str().unwrap_or_default();
    let mut attempt = 1;
    loop {
        let job = JobRef {
            project: project.to_owned(),
            location: present["location"].as_str().map(str::to_owned),
            id: format!("headwater_alter_{:016x}_{attempt}", hash.finish()),
        };
        let (document, fresh) = bigquery.insert_job(&job, &configuration).await?;
        let status = match BigQuery::job_status(&job, &document) {
            JobStatus::Running => bigquery.wait_job(&job, wait).await?,
            ended => ended,
        };
        match status {
            // That was an earlier apply's: what stood in its way may be gone.
            JobStatus::Failed(_) if !fresh && attempt < ATTEMPTS => attempt += 1,
            JobStatus::Failed(error) => return Err(error),
            JobStatus::Done(_) | JobStatus::Running => return Ok(()),
        }
    }
}

/// The fields of the table after the patch; `None`: as they are. What a field says besides (collation, rounding) stays.
fn fields(present: &Json, wanted: &[Column], step: Step) -> Option<Vec<Json>> {
    let mut fields = present.as_array().cloned().unwrap_or_default();
    let changed = merge(&mut fields, wanted, step);
    changed.then_some(fields)
}

fn merge(fields: &mut Vec<Json>, wanted: &[Column], step: Step) -> bool {
    let mut changed = false;
    for column in wanted {
        let found = fields.iter_mut().find(|field| {
            let name = field["name"].as_str();
            name.is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
        });
        match found {
            Some(field) => changed |= merge_field(field, column, step),
            None => {
                let mut field = column.to_json();
                if let Some(field) = field.as_object_mut() {
                    field.remove("defaultValueExpression");
                }
                fields.push(field);
                changed = true;
            }
        }
    }
    changed
}

fn merge_field(field: &mut Json, column: &Column, step: Step) -> bool {
    let present = Column::of(field);
    let mut changed = false;
    for (key, value) in differences(&present.said(), &column.said()) {
        if step == Step::Everything || key == "defaultValueExpression" {
            changed = true;
            if value.is_null() && key == "policyTags" {
                // Left out, the tags would stay.
                field[key] = json!({"names": []});
            } else if value.is_null() {
                field.as_object_mut().map(|field| field.remove(&key));
            } else {
                field[key] = value;
            }
        }
    }
    if present.mode == Mode::Required && column.mode == Mode::Nullable {
        field["mode"] = Mode::Nullable.api().into();
        changed = true;
    }
    if let Some(inner) = field.get_mut("fields").and_then(Json::as_array_mut) {
        changed |= merge(inner, &column.fields, step);
    }
    changed
}

fn differences(present: &Map<String, Json>, wanted: &Map<String, Json>) -> Vec<(String, Json)> {
    wanted
        .iter()
        .filter(|(key, value)| present.get(*key) != Some(*value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_cloud::DatasetRef;

    fn columns(text: &str) -> Vec<Column> {
        Column::all_of(&serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn names_go_before_types_and_a_record_is_altered_whole() {
        let table = DatasetRef::new("p", "d").table("t");
        let present = columns(
            r#"[{"name":"n","type":"INTEGER"},{"name":"old","type":"NUMERIC","precision":"5","scale":"2"},{"name":"x","type":"DATE"},
                {"name":"r","type":"RECORD","fields":[{"name":"a","type":"INTEGER"},{"name":"b","type":"STRING","maxLength":"3"}]}]"#,
        );
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let widen = |at: &str, to: &str| Edit::Widen {
            path: path(at),
            from: String::new(),
            to: to.to_owned(),
        };
        let edits = [
            Edit::Rename {
                from: "old".into(),
                to: "new".into(),
            },
            Edit::Drop { name: "x".into() },
            widen("new", "NUMERIC(10, 2)"),
            widen("r.a", "NUMERIC"),
            widen("r.b", "STRING"),
        ];
        assert_eq!(
            statements(&table, &edits, &present),
            [
                "ALTER TABLE `p.d.t` RENAME COLUMN `old` TO `new`",
                "ALTER TABLE `p.d.t` DROP COLUMN `x`",
                "ALTER TABLE `p.d.t` ALTER COLUMN `new` SET DATA TYPE NUMERIC(10, 2)",
                "ALTER TABLE `p.d.t` ALTER COLUMN `r` SET DATA TYPE STRUCT<`a` NUMERIC, `b` STRING>",
            ]
        );
    }

    #[test]
    fn a_patch_keeps_what_it_does_not_know_and_clears_what_is_gone() {
        let present = json!([
            {"name": "Id", "type": "STRING", "mode": "REQUIRED", "collation": "und:ci", "description": "old",
             "policyTags": {"names": ["t"]}},
            {"name": "r", "type": "RECORD", "mode": "NULLABLE", "fields": [{"name": "a", "type": "INTEGER", "mode": "NULLABLE"}]},
        ]);
        let wanted = columns(
            r#"[{"name":"new","type":"DATE","defaultValueExpression":"CURRENT_DATE()"},{"name":"id","type":"STRING"},
                {"name":"r","type":"RECORD","fields":[{"name":"a","type":"INTEGER"},{"name":"b","type":"BOOL"}]}]"#,
        );
        let patched = fields(&present, &wanted, Step::Everything).expect("a change");
        assert_eq!(
            Json::Array(patched.clone()),
            json!([
                {"name": "Id", "type": "STRING", "mode": "NULLABLE", "collation": "und:ci", "policyTags": {"names": []}},
                {"name": "r", "type": "RECORD", "mode": "NULLABLE", "fields": [
                    {"name": "a", "type": "INTEGER", "mode": "NULLABLE"}, {"name": "b", "type": "BOOLEAN", "mode": "NULLABLE"}]},
                {"name": "new", "type": "DATE", "mode": "NULLABLE"},
            ])
        );
        let then = fields(&Json::Array(patched.clone()), &wanted, Step::Defaults).expect("a change");
        assert_eq!(then[2]["defaultValueExpression"], "CURRENT_DATE()");
        assert_eq!(fields(&Json::Array(then), &wanted, Step::Everything), None);
    }
}
