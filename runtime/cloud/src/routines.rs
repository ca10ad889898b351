//! BigQuery routines over REST v2, as documents: functions, table functions and procedures.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/routines>

use std::fmt;

use serde_json::{Value, json};

use crate::Document;
use crate::bigquery::{BigQuery, DatasetRef};
use crate::endpoints::Service::BigQuery as BQ;
use crate::errors::Error;
use crate::http_json::{Call, segment};

/// A routine's full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoutineRef {
    /// Dataset.
    pub dataset: DatasetRef,
    /// Routine.
    pub routine: String,
}

impl RoutineRef {
    /// Reads `projects/P/datasets/D/routines/R`, `P.D.R` or `P:D.R`; `None` when the text has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (project, dataset, routine) = match parts.as_slice() {
            ["projects", project, "datasets", dataset, "routines", routine] => (*project, *dataset, *routine),
            [one] => {
                let (rest, routine) = one.rsplit_once('.')?;
                let (project, dataset) = rest.rsplit_once(['.', ':'])?;
                (project, dataset, routine)
            }
            _ => return None,
        };
        let whole = [project, dataset, routine].iter().all(|part| !part.is_empty());
        whole.then(|| Self {
            dataset: DatasetRef::new(project, dataset),
            routine: routine.to_owned(),
        })
    }

    /// `projects/P/datasets/D/routines/R`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/routines/{}", self.dataset.id(), self.routine)
    }

    /// Backquoted for GoogleSQL.
    #[must_use]
    pub fn sql(&self) -> String {
        format!("`{}.{}.{}`", self.dataset.project, self.dataset.dataset, self.routine)
    }

    /// `{"projectId", "datasetId", "routineId"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"projectId": self.dataset.project, "datasetId": self.dataset.dataset, "routineId": self.routine})
    }

    fn path(&self) -> String {
        format!("{}/routines/{}", self.dataset.path(), segment(&self.routine))
    }
}

impl fmt::Display for RoutineRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.routine)
    }
}

impl BigQuery {
    /// A routine's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_routine(&self, routine: &RoutineRef) -> Result<Document, Error> {
        Call::get(BQ, routine.path(), format!("read routine `{routine}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a routine; the document's `routineReference` is set from `routine`.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists, `Invalid` when BigQuery refuses its body.
    pub async fn create_routine(&self, routine: &RoutineRef, document: &Document) -> Result<Document, Error> {
        let mut body = document.clone();
        body["routineReference"] = routine.to_json();
        Call::post(
            BQ,
            format!("{}/routines", routine.dataset.path()),
            format!("create routine `{routine}`"),
        )
        .json(&body)
        .create(&self.transport, || self.get_routine(routine))
        .await
    }

    /// Replaces a routine by this document: BigQuery has no patch for routines.
    ///
    /// # Errors
    /// `PreconditionFailed` when the etag is another.
    pub async fn replace_routine(
        &self,
        routine: &RoutineRef,
        document: &Document,
        etag: Option<&str>,
    ) -> Result<Document, Error> {
        let mut body = document.clone();
        body["routineReference"] = routine.to_json();
        Call::new(
            BQ,
            http::Method::PUT,
            routine.path(),
            format!("change routine `{routine}`"),
        )
        .if_match(etag)
        .json(&body)
        .send_json(&self.transport)
        .await
    }

    /// Deletes a routine; `false` when there was none.
    ///
    /// # Errors
    /// When BigQuery refuses.
    pub async fn delete_routine(&self, routine: &RoutineRef) -> Result<bool, Error> {
        Call::delete(BQ, routine.path(), format!("delete routine `{routine}`"))
            .send_delete(&self.transport)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for text in ["projects/p/datasets/d/routines/f", "p.d.f", "p:d.f"] {
            let routine = RoutineRef::parse(text).expect(text);
            assert_eq!(routine.id(), "projects/p/datasets/d/routines/f");
            assert_eq!(routine.sql(), "`p.d.f`");
        }
        for bad in ["", "f", "d.f", "projects/p/datasets/d/tables/f", "p..f"] {
            assert!(RoutineRef::parse(bad).is_none(), "{bad}");
        }
    }
}
