//! Suites as data quality scans of Dataplex: printed, and run over a table by a scan that is made for it or kept.

use std::time::Duration;

use headwater_cloud::{Cloud, DataScans, OptionalExt as _, ScanJob, TableRef, Wait};
use headwater_quality::Suite;
use headwater_quality::dataplex::{Scan, Settings};
use headwater_quality::engine::SuiteResult;
use headwater_quality::sql::schema;
use serde_json::Value;

use super::{QualityError, table};
use crate::cli::QualityRulesArgs;
use crate::cloud::connect;
use crate::printer::Printer;

/// Longer than any scan may run.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// The `DataQualitySpec` of a suite over a table.
pub async fn specification(suite: &Suite, args: &QualityRulesArgs) -> Result<Value, QualityError> {
    let cloud = connect(&args.cloud).map_err(|e| QualityError::Settings(Box::new(e)))?;
    let table = table::named(&args.table)?;
    let document = cloud.bigquery().get_table(&table).await?;
    let scan = Scan::new(suite, &schema(&document["schema"]));
    let refused: Vec<String> = scan
        .refused()
        .map(|(at, reason)| format!("{} ({})", suite.expectations[at].identity(), reason.message))
        .collect();
    if !refused.is_empty() {
        return Err(QualityError::NoRules(refused));
    }
    Ok(scan.specification(&Settings {
        row_filter: args.row_filter.clone(),
        sampling_percent: args.sampling_percent,
        publish: false,
    }))
}

/// Judges a table by a scan: one of this id, which is made or changed if need be and stays, or one that is deleted afterwards.
pub async fn judge(
    cloud: &Cloud,
    suite: &Suite,
    table: &TableRef,
    id: Option<&str>,
    printer: Printer,
) -> Result<SuiteResult, QualityError> {
    let document = cloud.bigquery().get_table(table).await?;
    let scan = Scan::new(suite, &schema(&document["schema"]));
    if scan.rules().is_empty() {
        return Ok(scan.unanswered("there is nothing to ask"));
    }
    if cloud.region().is_empty() {
        return Err(QualityError::NoRegion);
    }
    let wanted = scan.document(&table.id(), &Settings::default());
    let scans = cloud.data_scans();
    let of = |id: &str| DataScans::name(cloud.project(), cloud.region(), id);
    let Some(id) = id else {
        let name = of(&format!("headwater-{:016x}", rand::random::<u64>()));
        scans.create(&name, &wanted).await?;
        let judged = ran(&scans, &scan, &name, printer).await;
        // Whatever came of it: nothing is left behind.
        scans.delete(&name).await?;
        return judged;
    };
    let name = of(id);
    match scans.get(&name).await.optional()? {
        None => drop(scans.create(&name, &wanted).await?),
        Some(found) if found["data"] != wanted["data"] => {
            return Err(QualityError::OtherScan {
                scan: name,
                found: found["data"]["resource"]
                    .as_str()
                    .unwrap_or("something else")
                    .to_owned(),
            });
        }
        Some(found) => {
            if scan.difference(&found["dataQualitySpec"]).is_some() {
                scans.patch(&name, &wanted, &["dataQualitySpec"]).await?;
            }
        }
    }
    ran(&scans, &scan, &name, printer).await
}

async fn ran(scans: &DataScans, scan: &Scan<'_>, name: &str, printer: Printer) -> Result<SuiteResult, QualityError> {
    let job = scans.run(name).await?;
    printer.note(&format!("waiting for {job}"));
    Ok(match scans.wait_job(&job, Wait::at_most(PATIENCE)).await? {
        ScanJob::Succeeded(document) => scan.conclude(&document["dataQualityResult"]),
        ScanJob::Ended(message) => scan.unanswered(&message),
        ScanJob::Running => scan.unanswered("the job still runs"),
    })
}
