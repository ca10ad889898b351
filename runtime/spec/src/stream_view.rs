//! The current table of a stream on Dataflow: a view that puts together each record from all of its changes, as the applier
//! of the runtime does when it meets a change that came late.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{DatasetRef, EntitySpec, StreamDeletes};

impl EntitySpec {
    /// The document that makes the view. Changes that are there twice are one; their order of arrival does not matter.
    #[must_use]
    pub fn current_view_document(&self, dataset: &DatasetRef) -> Value {
        json!({"view": {"query": self.current_query(dataset), "useLegacySql": false}})
    }

    fn current_query(&self, dataset: &DatasetRef) -> String {
        let changelog = format!("`{}.{}.{}`", dataset.project, dataset.dataset, self.changelog);
        let latest = |column: &str| format!("ARRAY_AGG({column} ORDER BY place DESC LIMIT 1)[OFFSET(0)] AS {column}");
        let mut sql = format!(
            "SELECT _record_id, {}, {}, {},\n  IFNULL(ARRAY_AGG(CASE WHEN _operation != 'UPDATE' THEN _operation = 'DELETE' END \
             IGNORE NULLS ORDER BY place DESC LIMIT 1)[SAFE_OFFSET(0)], FALSE) AS _deleted",
            latest("_commit_number"),
            latest("_sequence_number"),
            latest("_commit_timestamp"),
        );
        for column in &self.columns {
            let name = &column.name;
            // What a change sets to NULL is set, too: a struct of it is not NULL.
            let _ = write!(
                sql,
                ",\n  ARRAY_AGG(CASE WHEN place >= whole AND '{name}' IN UNNEST(_changed_fields) THEN STRUCT(`{name}` AS v) END \
                 IGNORE NULLS ORDER BY place DESC LIMIT 1)[SAFE_OFFSET(0)].v AS `{name}`"
            );
        }
        let _ = write!(
            sql,
            "\nFROM (\n  SELECT *, IFNULL(MAX(IF(_operation IN ('CREATE', 'SNAPSHOT'), place, NULL)) OVER (PARTITION BY _record_id), 0) AS whole\n  \
             FROM (\n    SELECT *, ROW_NUMBER() OVER (PARTITION BY _record_id ORDER BY _commit_number, _sequence_number) AS place\n    \
             FROM {changelog}))\nGROUP BY _record_id"
        );
        match self.deletes {
            StreamDeletes::Hard => format!("SELECT * FROM (\n{sql}\n)\nWHERE NOT _deleted"),
            StreamDeletes::Soft => sql,
        }
    }
}
