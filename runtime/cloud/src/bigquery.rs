//! BigQuery datasets, tables and small queries over REST v2, as documents. Jobs are in `jobs.rs`.
//! <https://cloud.google.com/bigquery/docs/reference/rest>

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::Document;
use crate::endpoints::Service::BigQuery as BQ;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};
use crate::jobs::JobRef;

/// BigQuery.
#[derive(Clone)]
pub struct BigQuery {
    pub(crate) transport: Arc<Transport>,
    pub(crate) project: String,
}

/// A dataset's full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DatasetRef {
    /// Project.
    pub project: String,
    /// Dataset.
    pub dataset: String,
}

impl DatasetRef {
    /// Of a project and a dataset.
    pub fn new(project: impl Into<String>, dataset: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            dataset: dataset.into(),
        }
    }

    /// Reads `projects/P/datasets/D`, `P.D`, `P:D`, or `D` in the given project.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str, project: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = text.split('/').collect();
        let (owner, dataset) = match parts.as_slice() {
            ["projects", owner, "datasets", dataset] => (*owner, *dataset),
            [one] => one.rsplit_once(['.', ':']).unwrap_or((project, one)),
            _ => ("", ""),
        };
        if owner.is_empty() || dataset.is_empty() {
            return Err(
                Error::new(Kind::Invalid, format!("read `{text}`"), "it names no dataset")
                    .with_hint("write it as projects/PROJECT/datasets/DATASET"),
            );
        }
        Ok(Self::new(owner, dataset))
    }

    /// A table of this dataset.
    pub fn table(&self, table: impl Into<String>) -> TableRef {
        TableRef {
            dataset: self.clone(),
            table: table.into(),
        }
    }

    /// `{"projectId", "datasetId"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"projectId": self.project, "datasetId": self.dataset})
    }

    /// `projects/P/datasets/D`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("projects/{}/datasets/{}", self.project, self.dataset)
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", datasets_path(&self.project), segment(&self.dataset))
    }
}

impl fmt::Display for DatasetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.project, self.dataset)
    }
}

/// A table's full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableRef {
    /// Dataset.
    pub dataset: DatasetRef,
    /// Table.
    pub table: String,
}

impl TableRef {
    /// `{"projectId", "datasetId", "tableId"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"projectId": self.dataset.project, "datasetId": self.dataset.dataset, "tableId": self.table})
    }

    /// Backquoted for GoogleSQL.
    #[must_use]
    pub fn sql(&self) -> String {
        format!("`{}.{}.{}`", self.dataset.project, self.dataset.dataset, self.table)
    }

    /// What stands behind FROM when only the rows of a filter are read. The filter may end in a comment.
    #[must_use]
    pub fn rows(&self, filter: Option<&str>) -> String {
        self.some_rows(filter, None)
    }

    /// The same, of so many percent of the table's blocks.
    #[must_use]
    pub fn some_rows(&self, filter: Option<&str>, percent: Option<f64>) -> String {
        let sample = percent.map_or_else(String::new, |percent| {
            format!(" TABLESAMPLE SYSTEM ({percent} PERCENT)")
        });
        match filter {
            Some(filter) => format!("(SELECT * FROM {}{sample} WHERE {filter}\n)", self.sql()),
            None if percent.is_some() => format!("(SELECT * FROM {}{sample})", self.sql()),
            None => self.sql(),
        }
    }

    /// Reads `projects/P/datasets/D/tables/T`, `P.D.T` or `P:D.T`; `None` when the text has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (project, dataset, table) = match parts.as_slice() {
            ["projects", project, "datasets", dataset, "tables", table] => (*project, *dataset, *table),
            [one] => {
                let (rest, table) = one.rsplit_once('.')?;
                let (project, dataset) = rest.rsplit_once(['.', ':'])?;
                (project, dataset, table)
            }
            _ => return None,
        };
        let whole = [project, dataset, table].iter().all(|part| !part.is_empty());
        whole.then(|| DatasetRef::new(project, dataset).table(table))
    }

    /// `projects/P/datasets/D/tables/T`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/tables/{}", self.dataset.id(), self.table)
    }

    fn path(&self) -> String {
        format!("{}/tables/{}", self.dataset.path(), segment(&self.table))
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.table)
    }
}

fn datasets_path(project: &str) -> String {
    format!("/bigquery/v2/projects/{}/datasets", segment(project))
}

/// A small result, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRows {
    /// The `schema` of the answer.
    pub schema: Document,
    /// Rows of cells as BigQuery writes them: text, `null`, or nested values.
    pub rows: Vec<Vec<Value>>,
}

impl QueryRows {
    /// The text of one cell; `None` when it is NULL, nested or absent.
    #[must_use]
    pub fn text(&self, row: usize, column: usize) -> Option<&str> {
        self.rows.get(row)?.get(column)?.as_str()
    }

    fn extend(&mut self, answer: &Value) {
        for row in answer["rows"].as_array().into_iter().flatten() {
            let cells = row["f"].as_array().into_iter().flatten();
            self.rows.push(cells.map(|cell| cell["v"].clone()).collect());
        }
    }
}

impl BigQuery {
    /// The project that jobs run in.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    pub(crate) fn new(transport: Arc<Transport>, project: String) -> Self {
        Self { transport, project }
    }

    /// A dataset's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_dataset(&self, dataset: &DatasetRef) -> Result<Document, Error> {
        Call::get(BQ, dataset.path(), format!("read dataset `{dataset}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a dataset; the document's `datasetReference` is set from `dataset`.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create_dataset(&self, dataset: &DatasetRef, document: &Document) -> Result<Document, Error> {
        let mut body = document.clone();
        body["datasetReference"] = dataset.to_json();
        Call::post(
            BQ,
            datasets_path(&dataset.project),
            format!("create dataset `{dataset}`"),
        )
        .json(&body)
        .create(&self.transport, || self.get_dataset(dataset))
        .await
    }

    /// Changes the fields that the document names; `null` clears.
    ///
    /// # Errors
    /// `PreconditionFailed` when the etag is another.
    pub async fn patch_dataset(
        &self,
        dataset: &DatasetRef,
        change: &Document,
        etag: Option<&str>,
    ) -> Result<Document, Error> {
        Call::patch(BQ, dataset.path(), format!("change dataset `{dataset}`"))
            .if_match(etag)
            .json(change)
            .send_json(&self.transport)
            .await
    }

    /// Deletes a dataset; `false` when there was none.
    ///
    /// # Errors
    /// `FailedPrecondition` when it holds tables and `delete_contents` is not set.
    pub async fn delete_dataset(&self, dataset: &DatasetRef, delete_contents: bool) -> Result<bool, Error> {
        Call::delete(BQ, dataset.path(), format!("delete dataset `{dataset}`"))
            .query("deleteContents", delete_contents)
            .send_delete(&self.transport)
            .await
    }

    /// A table's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_table(&self, table: &TableRef) -> Result<Document, Error> {
        Call::get(BQ, table.path(), format!("read table `{table}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a table; the document's `tableReference` is set from `table`.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create_table(&self, table: &TableRef, document: &Document) -> Result<Document, Error> {
        let mut body = document.clone();
        body["tableReference"] = table.to_json();
        Call::post(
            BQ,
            format!("{}/tables", table.dataset.path()),
            format!("create table `{table}`"),
        )
        .json(&body)
        .create(&self.transport, || self.get_table(table))
        .await
    }

    /// Changes the fields that the document names; `null` clears.
    ///
    /// # Errors
    /// `PreconditionFailed` when the etag is another.
    pub async fn patch_table(
        &self,
        table: &TableRef,
        change: &Document,
        etag: Option<&str>,
    ) -> Result<Document, Error> {
        Call::patch(BQ, table.path(), format!("change table `{table}`"))
            .if_match(etag)
            .json(change)
            .send_json(&self.transport)
            .await
    }

    /// Deletes a table; `false` when there was none.
    ///
    /// # Errors
    /// When BigQuery refuses.
    pub async fn delete_table(&self, table: &TableRef) -> Result<bool, Error> {
        Call::delete(BQ, table.path(), format!("delete table `{table}`"))
            .send_delete(&self.transport)
            .await
    }

    /// The ids of a project's datasets.
    ///
    /// # Errors
    /// When BigQuery refuses.
    pub async fn list_datasets(&self, project: &str) -> Result<Vec<String>, Error> {
        let action = format!("list datasets of `{project}`");
        let id = |dataset: &Value| dataset["datasetReference"]["datasetId"].as_str().map(str::to_owned);
        self.list(datasets_path(project), action, "datasets", id).await
    }

    /// The ids of a dataset's tables.
    ///
    /// # Errors
    /// `NotFound` when there is no such dataset.
    pub async fn list_tables(&self, dataset: &DatasetRef) -> Result<Vec<String>, Error> {
        let action = format!("list tables of `{dataset}`");
        let id = |table: &Value| table["tableReference"]["tableId"].as_str().map(str::to_owned);
        self.list(format!("{}/tables", dataset.path()), action, "tables", id)
            .await
    }

    /// What a collection holds, page by page.
    async fn list(
        &self,
        path: String,
        action: String,
        field: &str,
        of: impl Fn(&Value) -> Option<String>,
    ) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let json = Call::get(BQ, path.clone(), action.clone())
                .query("maxResults", 1000)
                .query_opt("pageToken", page.as_deref())
                .send_json(&self.transport)
                .await?;
            all.extend(json[field].as_array().into_iter().flatten().filter_map(&of));
            page = json["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if page.is_none() {
                return Ok(all);
            }
        }
    }

    /// The rows of a query that is done, when they are few.
    ///
    /// # Errors
    /// `NotFound` when there is no such query, and its own failure.
    pub async fn results(&self, job: &JobRef) -> Result<QueryRows, Error> {
        let mut result = QueryRows {
            schema: Value::Null,
            rows: Vec::new(),
        };
        let mut page: Option<String> = None;
        loop {
            let path = format!(
                "/bigquery/v2/projects/{}/queries/{}",
                segment(&job.project),
                segment(&job.id)
            );
            let answer = Call::get(BQ, path, format!("read the rows of query `{job}`"))
                .query_opt("location", job.location.as_deref())
                .query("timeoutMs", 30_000)
                .query_opt("pageToken", page.as_deref())
                .send_json(&self.transport)
                .await?;
            if result.schema.is_null() {
                result.schema = answer["schema"].clone();
            }
            result.extend(&answer);
            page = answer["pageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if page.is_none() {
                return Ok(result);
            }
        }
    }

    /// Runs a query whose result is small, and returns all of its rows.
    ///
    /// # Errors
    /// `Invalid` with BigQuery's message when the SQL is wrong.
    pub async fn query(&self, sql: &str, location: Option<&str>) -> Result<QueryRows, Error> {
        self.query_within(sql, location, None).await
    }

    /// The same; BigQuery refuses it, and bills nothing, when it would be billed for more than so many bytes.
    ///
    /// # Errors
    /// `Invalid` with BigQuery's message when the SQL is wrong; what BigQuery says of a query that is too expensive.
    pub async fn query_within(
        &self,
        sql: &str,
        location: Option<&str>,
        maximum_bytes_billed: Option<u64>,
    ) -> Result<QueryRows, Error> {
        const ACTION: &str = "run query";
        let project = segment(&self.project);
        // The same request id makes a repeated request the same query.
        let request = format!("{:032x}", rand::random::<u128>());
        let mut body = json!({"query": sql, "useLegacySql": false, "timeoutMs": 30_000, "requestId": request});
        if let Some(location) = location {
            body["location"] = location.into();
        }
        if let Some(maximum) = maximum_bytes_billed {
            body["maximumBytesBilled"] = maximum.to_string().into();
        }
        let mut answer = Call::post(BQ, format!("/bigquery/v2/projects/{project}/queries"), ACTION)
            .repeatable()
            .json(&body)
            .send_json(&self.transport)
            .await?;
        let job = answer["jobReference"].clone();
        let mut result = QueryRows {
            schema: Value::Null,
            rows: Vec::new(),
        };
        loop {
            let complete = answer["jobComplete"].as_bool().unwrap_or(false);
            if complete {
                if result.schema.is_null() {
                    result.schema = answer["schema"].clone();
                }
                result.extend(&answer);
            }
            let page = answer["pageToken"]
                .as_str()
                .filter(|token| complete && !token.is_empty())
                .map(str::to_owned);
            if complete && page.is_none() {
                return Ok(result);
            }
            let id = job["jobId"].as_str().unwrap_or_default();
            answer = Call::get(
                BQ,
                format!("/bigquery/v2/projects/{project}/queries/{}", segment(id)),
                ACTION,
            )
            .query("timeoutMs", 30_000)
            .query_opt("location", job["location"].as_str())
            .query_opt("pageToken", page)
            .send_json(&self.transport)
            .await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dataset_names() {
        for text in ["projects/p/datasets/d", "p.d", "p:d", "d"] {
            assert_eq!(DatasetRef::parse(text, "p").expect(text), DatasetRef::new("p", "d"));
        }
        assert_eq!(
            DatasetRef::parse("example.com:p.d", "x")
                .expect("domain project")
                .project,
            "example.com:p"
        );
        for bad in ["", "projects/p", "projects//datasets/d", ".d"] {
            assert!(DatasetRef::parse(bad, "p").is_err(), "{bad}");
        }
        assert_eq!(DatasetRef::new("p", "d").table("t").sql(), "`p.d.t`");
    }

    #[test]
    fn table_names() {
        for text in ["projects/p/datasets/d/tables/t", "p.d.t", "p:d.t"] {
            let table = TableRef::parse(text).expect(text);
            assert_eq!(table.id(), "projects/p/datasets/d/tables/t");
        }
        assert_eq!(
            TableRef::parse("example.com:p.d.t")
                .expect("domain project")
                .dataset
                .project,
            "example.com:p"
        );
        for bad in [
            "",
            "t",
            "d.t",
            "projects/p/datasets/d",
            "p..t",
            "projects/p/datasets/d/tables/",
        ] {
            assert!(TableRef::parse(bad).is_none(), "{bad}");
        }
    }
}
