//! `dataplex`: the suite as a data quality scan of Dataplex, which a run of the suite starts and reads.

use headwater_cloud::{Cloud, DataScans, Document, OptionalExt as _, TableRef};
use headwater_quality::dataplex::{Scan, Settings};
use headwater_quality::sql::schema as columns;
use headwater_spec::{DqExecution, DqSuiteSpec, LakeLayout, PipelineSpec};
use headwater_suite::{API_VERSION, Suite};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Path};

use super::expectation::path;
use super::model::{Model, Wanted, perhaps};
use super::target::Target;
use crate::labels::{self, MANAGED};
use crate::names::{self, RuntimeId};
use crate::problems::{Explain as _, sentence};
use crate::resources::dataplex_data_scan::{sampling_percent, scan_id};
use crate::resources::pipeline::{self, Found};

/// The suite that a scan is of, among its labels.
const SUITE: &str = "headwater-suite";

/// What a change of the scan may be about; the rest of it is made anew.
const CHANGEABLE: [&str; 4] = ["displayName", "labels", "executionSpec", "dataQualitySpec"];

/// The attribute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanModel {
    pub(super) scan_id: Attr<String>,
    pub(super) location: Attr<String>,
    pub(super) sampling_percent: Attr<f64>,
    pub(super) publish_to_catalog: Attr<bool>,
    pub(super) service_account: Attr<String>,
}

/// The same when everything in it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedScan {
    id: String,
    location: String,
    sampling_percent: Option<f64>,
    publish: bool,
    service_account: Option<String>,
}

pub(super) fn attribute() -> Attribute {
    Attribute::object([
        (
            "scan_id",
            Attribute::string()
                .optional_computed()
                .validate(scan_id())
                .describe("The scan's name, unique in project and location. Default: the suite's name."),
        ),
        (
            "location",
            Attribute::string()
                .optional_computed()
                .validate(names::region())
                .describe("The region of the scan. Default: the runtime's."),
        ),
        ("sampling_percent", sampling_percent()),
        (
            "publish_to_catalog",
            Attribute::bool()
                .default(false)
                .describe("Whether the latest results are shown in the catalog beside the table."),
        ),
        (
            "service_account",
            Attribute::string()
                .optional()
                .validate(names::service_account())
                .describe("The service account that the scan runs as. Default: Dataplex's service agent."),
        ),
    ])
    .optional()
    .describe(
        "Executes the suite as a data quality scan of Dataplex, with the same verdict: the scan is made with the suite, and each \
         run of the suite runs it, waits for it and writes, tells and keeps what it found. What Dataplex has no rule for is an error \
         of the plan. `{}` is enough.",
    )
}

impl WantedScan {
    /// Its full name.
    pub fn name(&self, project: &str) -> String {
        DataScans::name(project, &self.location, &self.id)
    }
}

impl ScanModel {
    /// `None` while something of it is not known.
    pub(super) fn known(&self, suite: &str, region: &str) -> Option<WantedScan> {
        Some(WantedScan {
            id: perhaps(&self.scan_id)?.unwrap_or_else(|| suite.to_owned()),
            location: perhaps(&self.location)?.unwrap_or_else(|| region.to_owned()),
            sampling_percent: perhaps(&self.sampling_percent)?,
            publish: perhaps(&self.publish_to_catalog)?.unwrap_or_default(),
            service_account: perhaps(&self.service_account)?,
        })
    }
}

/// Completes what a configuration does not say: the scan is called as the suite is, and lies where the runtime does.
pub(super) fn fill(planned: &mut Model, config: &Model) {
    let Some(said) = config.dataplex.known() else {
        return;
    };
    let region: Attr<String> = match planned.runtime.as_deref().and_then(RuntimeId::parse) {
        Some(runtime) => runtime.region.into(),
        None => Attr::Unknown,
    };
    let name = planned.name.clone();
    if let Some(scan) = planned.dataplex.known_mut() {
        if said.scan_id.is_null() {
            scan.scan_id = name;
        }
        if said.location.is_null() {
            scan.location = region;
        }
    }
}

/// What cannot be, without asking anybody.
pub(super) fn check(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if matches!(config.dataplex, Attr::Known(_)) && matches!(config.max_bytes_billed, Attr::Known(_)) {
        problems.push(
            Diagnostic::invalid("max_bytes_billed", "a scan of Dataplex has no limit of bytes")
                .detail("Dataplex bills the time that a scan takes, and cannot be told to stop at so many bytes.")
                .hint(
                    "Take `max_bytes_billed` out, and read less by `partition_filter` or `dataplex.sampling_percent`.",
                ),
        );
    }
    let only_bigquery = [
        (
            "files",
            matches!(config.files, Attr::Known(_)),
            "Dataplex scans tables: name a `table`.",
        ),
        (
            "incremental",
            matches!(config.incremental, Attr::Known(_)),
            "Say by `partition_filter` which rows are judged.",
        ),
        (
            "sample_percent",
            matches!(config.sample_percent, Attr::Known(_)),
            "Write `dataplex.sampling_percent`.",
        ),
    ];
    for (attribute, given, instead) in only_bigquery {
        if given && matches!(config.dataplex, Attr::Known(_)) {
            problems.push(
                Diagnostic::invalid(attribute, format!("`{attribute}` does not go with `dataplex`")).hint(format!(
                    "{instead} Or take `dataplex` out: BigQuery or the runtime then evaluates the suite."
                )),
            );
        }
    }
    problems
}

/// The suite as a scan sees it; `None` while an expectation is not known.
fn suite(model: &Model) -> Option<Suite> {
    Some(Suite {
        api_version: API_VERSION.to_owned(),
        name: model.name.as_deref().unwrap_or_default().to_owned(),
        description: None,
        expectations: model.known_expectations()?,
    })
}

/// What Dataplex has no rule for, and where it stands.
pub(super) fn refused(planned: &Model, table: &TableRef, target: &Target) -> Diagnostics {
    if !matches!(planned.dataplex, Attr::Known(_)) {
        return Diagnostics::new();
    }
    let views = ["VIEW", "MATERIALIZED_VIEW"];
    if views.contains(&target.kind.as_str()) {
        let problem = Diagnostic::invalid("table", format!("`{table}` is a view, and Dataplex scans tables"))
            .hint("Name a table, or take `dataplex` out: BigQuery evaluates suites over views.");
        return [problem].into_iter().collect();
    }
    unsaid(planned, &target.schema)
}

/// The expectations that are no rules over a table of this schema.
fn unsaid(planned: &Model, schema: &Document) -> Diagnostics {
    let Some(suite) = suite(planned) else {
        return Diagnostics::new();
    };
    let placed = planned.placed();
    let scan = Scan::new(&suite, &columns(schema));
    let refused = scan.refused().filter_map(|(position, reason)| {
        let at = placed.get(position).map(|one| path(one.kind, one.index))?;
        Some(
            Diagnostic::invalid(at.clone(), format!("`{at}` is no rule of Dataplex"))
                .detail(sentence(&reason.message))
                .hint("Change it, move it to a suite without `dataplex`, or demand the same by `sql_rows`."),
        )
    });
    refused.collect()
}

/// The scan's document.
fn document(wanted: &Wanted, table: &TableRef, scan: &WantedScan, rules: &Scan<'_>) -> Json {
    let mut document = rules.document(
        &table.id(),
        &Settings {
            row_filter: wanted.partition_filter.clone(),
            sampling_percent: scan.sampling_percent,
            publish: scan.publish,
        },
    );
    let mut labels: Map<String, Json> = wanted
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    labels.insert(MANAGED.to_owned(), "true".into());
    labels.insert(SUITE.to_owned(), wanted.name.as_str().into());
    document["labels"] = labels.into();
    document["displayName"] = format!("Suite {}", wanted.name).into();
    document["executionIdentity"] = match &scan.service_account {
        Some(email) => json!({ "serviceAccount": { "email": email } }),
        None => json!({ "dataplexServiceAgent": {} }),
    };
    document
}

fn identity(document: &Document) -> Option<&str> {
    document["executionIdentity"]["serviceAccount"]["email"].as_str()
}

/// Whether a scan is what this suite made.
fn is_ours(document: &Document, suite: &str) -> bool {
    labels::has(&document["labels"], MANAGED) && document["labels"][SUITE] == suite
}

/// Whether a scan does what is wanted: its rules, which rows it reads, and that nothing but a run starts it.
fn is_as_wanted(found: &Document, rules: &Scan<'_>, filter: Option<&str>) -> bool {
    let spec = &found["dataQualitySpec"];
    rules.difference(spec).is_none()
        && spec["rowFilter"].as_str().unwrap_or_default() == filter.unwrap_or_default()
        && !found["executionSpec"]["trigger"]["schedule"].is_object()
}

/// Makes the scan, or brings it to what is wanted, and takes away the one that the spec before named.
pub(super) async fn deploy(
    cloud: &Cloud,
    project: &str,
    wanted: &Wanted,
    planned: &Model,
    before: Option<&PipelineSpec>,
) -> Result<(), Diagnostics> {
    let scans = cloud.data_scans();
    let name = wanted.scan.as_ref().map(|scan| scan.name(project));
    // `check` refuses a scan of files.
    if let (Some(scan), Some(name), Some(of)) = (&wanted.scan, &name, &wanted.table) {
        let table = cloud.bigquery().get_table(of).await.optional();
        let table = table.explain_at("table", format!("cannot read the table `{of}`"))?;
        let table = table.ok_or_else(|| {
            Diagnostic::invalid("table", format!("the table `{of}` does not exist"))
                .hint("A scan's rules are made of the table's columns: create it first, or take `dataplex` out.")
        })?;
        unsaid(planned, &table["schema"]).into_result()?;
        let rules = Scan::new(&wanted.suite, &columns(&table["schema"]));
        let document = document(wanted, of, scan, &rules);
        let cannot = |verb: &str| format!("cannot {verb} the data scan `{name}`");
        let found = scans
            .get(name)
            .await
            .optional()
            .explain_at("dataplex", cannot("read"))?;
        match found {
            None => drop(
                scans
                    .create(name, &document)
                    .await
                    .explain_at("dataplex", cannot("create"))?,
            ),
            Some(found) if !is_ours(&found, &wanted.name) => {
                let at = Path::attr("dataplex").child("scan_id");
                let problem = Diagnostic::invalid(at, format!("the data scan `{name}` exists already"))
                    .hint("It is none of this suite: choose another `dataplex.scan_id`, or delete it.");
                return Err(problem.into());
            }
            Some(found) if found["data"] != document["data"] || identity(&found) != identity(&document) => {
                // Neither can be changed.
                scans.delete(name).await.explain_at("dataplex", cannot("replace"))?;
                scans
                    .create(name, &document)
                    .await
                    .explain_at("dataplex", cannot("replace"))?;
            }
            Some(found) => {
                let mut document = document;
                document["labels"] = labels::with_googles(&found["labels"], &document["labels"]);
                let spec = &found["dataQualitySpec"];
                let same = is_as_wanted(&found, &rules, wanted.partition_filter.as_deref())
                    && found["labels"] == document["labels"]
                    && found["displayName"] == document["displayName"]
                    && spec["samplingPercent"].as_f64().filter(|percent| *percent > 0.0) == scan.sampling_percent
                    && spec["catalogPublishingEnabled"].as_bool().unwrap_or_default() == scan.publish;
                if !same {
                    let changed = scans.patch(name, &document, &CHANGEABLE).await;
                    changed.explain_at("dataplex", cannot("change"))?;
                }
            }
        }
    }
    if let Some(old) = before.and_then(of_spec).filter(|old| Some(*old) != name.as_deref()) {
        remove(&scans, old, &wanted.name).await?;
    }
    Ok(())
}

/// The scan that a spec names.
fn of_spec(spec: &PipelineSpec) -> Option<&str> {
    match &spec.suite().ok()?.execution {
        DqExecution::Dataplex { scan } => Some(scan),
        DqExecution::Bigquery => None,
    }
}

/// Deletes a scan of this suite; one that is not is left alone.
async fn remove(scans: &DataScans, name: &str, suite: &str) -> Result<(), Diagnostic> {
    let cannot = format!("cannot delete the data scan `{name}`");
    let found = scans
        .get(name)
        .await
        .optional()
        .explain_at("dataplex", cannot.clone())?;
    if found.is_some_and(|found| is_ours(&found, suite)) {
        scans.delete(name).await.explain_at("dataplex", cannot)?;
    }
    Ok(())
}

/// Deletes what the spec in the lake names, and what the state says.
pub(super) async fn destroy(
    cloud: &Cloud,
    project: &str,
    layout: &LakeLayout,
    state: &Model,
) -> Result<(), Diagnostic> {
    let Some(suite) = state.name.as_deref() else {
        return Ok(());
    };
    let mut names: Vec<String> = Vec::new();
    if let Found::Spec(spec) = pipeline::read(cloud, layout).await? {
        names.extend(of_spec(&spec).map(str::to_owned));
    }
    names.extend(state.known().and_then(|wanted| Some(wanted.scan?.name(project))));
    names.dedup();
    for name in names {
        remove(&cloud.data_scans(), &name, suite).await?;
    }
    Ok(())
}

/// Puts into the state what the scan really is. One that is not there, or judges by other rules than the suite's, is mended by
/// the next apply, which the plan shows by the hash.
pub(super) async fn read(cloud: &Cloud, suite: &DqSuiteSpec, state: &mut Model) -> Result<(), Diagnostic> {
    let DqExecution::Dataplex { scan: name } = &suite.execution else {
        state.dataplex = Attr::Null;
        return Ok(());
    };
    let parts: Vec<&str> = name.split('/').collect();
    let (location, id) = match parts[..] {
        ["projects", _, "locations", location, "dataScans", id] => (location, id),
        _ => ("", ""),
    };
    let before = state.dataplex.known().cloned().unwrap_or_default();
    let mut model = ScanModel {
        scan_id: id.into(),
        location: location.into(),
        publish_to_catalog: before.publish_to_catalog.known().copied().unwrap_or_default().into(),
        ..before
    };
    let found = cloud.data_scans().get(name).await.optional();
    let found = found.explain_at("dataplex", format!("cannot read the data scan `{name}`"))?;
    match found {
        None => state.spec_hash = Attr::Null,
        Some(found) => {
            let spec = &found["dataQualitySpec"];
            model.sampling_percent = spec["samplingPercent"].as_f64().filter(|percent| *percent > 0.0).into();
            model.publish_to_catalog = spec["catalogPublishingEnabled"].as_bool().unwrap_or_default().into();
            model.service_account = identity(&found).map(str::to_owned).into();
            if let Some(table) = table(cloud, suite).await? {
                let rules = Scan::new(&suite.suite, &columns(&table["schema"]));
                if !is_as_wanted(&found, &rules, suite.target.partition_filter.as_deref()) {
                    state.spec_hash = Attr::Null;
                }
            }
        }
    }
    state.dataplex = Attr::Known(model);
    Ok(())
}

async fn table(cloud: &Cloud, suite: &DqSuiteSpec) -> Result<Option<Document>, Diagnostic> {
    let target = &suite.target;
    let dataset = headwater_cloud::DatasetRef::new(&target.project, &target.dataset);
    let table = dataset.table(&target.table);
    let found = cloud.bigquery().get_table(&table).await.optional();
    found.explain_at("table", format!("cannot read the table `{table}`"))
}
