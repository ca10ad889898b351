//! The suites of a quality gate: whether each judges an object of the extract, and expects nothing of columns that it has not.

use std::collections::BTreeMap;

use headwater_cloud::{Cloud, DatasetRef, ObjectPath, OptionalExt as _};
use headwater_spec::{Column, DqSuiteSpec, GcsUrl, PipelineSpec};
use headwater_suite::{Check, Expectation};
use tfplugin_framework::{Diagnostic, Diagnostics, Path, nearest};

use super::columns::Columns;
use super::model::{Model, Object};
use crate::clients::Clients;
use crate::names::parse_dataset_path;
use crate::problems::Explain as _;

fn at(index: usize) -> Path {
    Path::attr("quality_gate").index(index)
}

/// What a plan can say about the gate: nothing of suites that are made or changed before the extract, of which the apply knows.
pub(super) async fn planned(clients: &Clients, planned: &Model, columns: &Columns) -> Result<(), Diagnostics> {
    let (Some(objects), Some(dataset)) = (planned.known_objects(), planned.dataset.as_deref()) else {
        return Ok(());
    };
    let Some((project, dataset)) = parse_dataset_path(dataset) else {
        return Ok(());
    };
    let dataset = DatasetRef::new(project, dataset);
    let mut problems = Diagnostics::new();
    for (index, url) in planned.quality_gate.known().into_iter().flatten().enumerate() {
        let Some(url) = url.known() else { continue };
        if clients.any_in_flux(|id| id == url) {
            continue;
        }
        let Ok(url) = url.parse::<GcsUrl>() else { continue };
        // Which is not there may be made by then.
        if let Some(spec) = read(clients.cloud()?, index, &url).await? {
            problems.extend(check(index, &url, &spec, &dataset, &objects, columns));
        }
    }
    problems.into_result()
}

/// The same at apply, when every suite has to be there.
pub(super) async fn required(
    cloud: &Cloud,
    gate: &[GcsUrl],
    dataset: &DatasetRef,
    objects: &BTreeMap<String, Object>,
    columns: &Columns,
) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::new();
    for (index, url) in gate.iter().enumerate() {
        match read(cloud, index, url).await? {
            Some(spec) => problems.extend(check(index, url, &spec, dataset, objects, columns)),
            None => problems.push(
                Diagnostic::invalid(at(index), format!("there is no suite at {url}"))
                    .hint("Use the id of a suite: `headwater_dq_suite.NAME.id`."),
            ),
        }
    }
    problems.into_result()
}

async fn read(cloud: &Cloud, index: usize, url: &GcsUrl) -> Result<Option<PipelineSpec>, Diagnostic> {
    let path = ObjectPath {
        bucket: url.bucket().to_owned(),
        name: url.path().to_owned(),
    };
    let found = cloud.storage().get(&path).await.optional();
    let Some(found) = found.explain_at(at(index), format!("cannot read the suite {url}"))? else {
        return Ok(None);
    };
    PipelineSpec::from_json(&found.bytes).map(Some).map_err(|error| {
        Diagnostic::invalid(
            at(index),
            format!("what lies at {url} is no spec that this provider knows"),
        )
        .detail(error.to_string())
    })
}

fn check(
    index: usize,
    url: &GcsUrl,
    spec: &PipelineSpec,
    dataset: &DatasetRef,
    objects: &BTreeMap<String, Object>,
    columns: &Columns,
) -> Diagnostics {
    let Ok(suite) = spec.suite() else {
        return Diagnostic::invalid(
            at(index),
            format!("{url} is the spec of another pipeline, and of no suite"),
        )
        .hint("Use the id of a suite: `headwater_dq_suite.NAME.id`.")
        .into();
    };
    let target = &suite.target;
    let ours = |object: &Object| {
        (&target.project, &target.dataset, &target.table) == (&dataset.project, &dataset.dataset, &object.table)
    };
    let Some((name, _)) = objects.iter().find(|(_, object)| ours(object)) else {
        let tables: Vec<String> = objects
            .values()
            .map(|object| format!("`{}`", dataset.table(&object.table)))
            .collect();
        return Diagnostic::invalid(
            at(index),
            format!(
                "the suite `{}` judges `{}`, which is no table of this extract",
                spec.name,
                target.name()
            ),
        )
        .hint(format!("Its `table` has to be one of {}.", tables.join(", ")))
        .into();
    };
    let none = Vec::new();
    let columns = columns.get(name).unwrap_or(&none);
    expectations(suite)
        .flat_map(|expectation| against(index, &spec.name, name, expectation, columns))
        .collect()
}

fn expectations(suite: &DqSuiteSpec) -> impl Iterator<Item = &Expectation> {
    suite
        .suite
        .expectations
        .iter()
        .filter(|expectation| expectation.enabled)
}

/// Why an expectation cannot be judged before rows are loaded.
fn against(index: usize, suite: &str, object: &str, expectation: &Expectation, columns: &[Column]) -> Vec<Diagnostic> {
    let id = expectation.identity();
    if expectation.check.looks_back() {
        return vec![
            Diagnostic::invalid(
                at(index),
                format!("`{id}` of the suite `{suite}` compares with the runs before, and a gate judges each batch by itself"),
            )
            .hint("Take it into another suite, which judges the table on a schedule."),
        ];
    }
    if expectation.check.asks_bigquery() {
        return vec![
            Diagnostic::invalid(
                at(index),
                format!("`{id}` of the suite `{suite}` asks BigQuery, and a gate judges rows that are not there yet"),
            )
            .hint("Take it into another suite, which judges the table on a schedule."),
        ];
    }
    let mut names = expectation.check.columns();
    if let Some(condition) = &expectation.row_condition {
        names.extend(condition.columns());
    }
    let unknown = names.into_iter().filter(|name| {
        let known = columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        !known && !matches!(expectation.check, Check::ColumnExists(_))
    });
    unknown
        .map(|name| {
            let all = columns.iter().map(|column| column.name.as_str());
            let hint = match nearest(name, all) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("The columns of `{object}` are in `schemas`."),
            };
            Diagnostic::invalid(
                at(index),
                format!("`{id}` of the suite `{suite}` expects something of `{name}`, which `{object}` has not"),
            )
            .hint(hint)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::against;

    #[test]
    fn what_needs_bigquery_or_the_runs_before_is_no_gate() {
        for (check, says) in [
            (
                json!({"foreign_key": {"columns": ["a"], "references": {"table": "p.d.t", "columns": ["a"]}}}),
                "asks BigQuery",
            ),
            (json!({"sql_condition": {"condition": "a = 1"}}), "asks BigQuery"),
            (
                json!({"sql_aggregate": {"expression": "SUM(a)", "min": 1.0}}),
                "asks BigQuery",
            ),
            (json!({"reconcile": {"with": {"table": "p.d.t"}}}), "asks BigQuery"),
            (json!({"row_count_equals": {"table": "p.d.t"}}), "asks BigQuery"),
            (json!({"sql_rows": {"query": "SELECT 1"}}), "asks BigQuery"),
            (
                json!({"anomaly": {"metric": "row_count", "threshold": 3.5}}),
                "the runs before",
            ),
            (json!({"schema_change": {}}), "the runs before"),
            (
                json!({"schema_change": {"baseline": [{"name": "a", "type": "INT64"}]}}),
                "",
            ),
            (
                json!({"freshness": {"column": "at", "max_age": "6h"}}),
                "expects something of `at`",
            ),
        ] {
            let expectation = serde_json::from_value(json!({ "check": check })).expect("an expectation");
            let problems = against(0, "accounts", "Account", &expectation, &[]);
            let said: Vec<&str> = problems.iter().map(|problem| problem.summary.as_str()).collect();
            assert_eq!(said.len(), usize::from(!says.is_empty()), "{check}: {said:?}");
            assert!(said.iter().all(|said| said.contains(says)), "{check}: {said:?}");
        }
    }
}
