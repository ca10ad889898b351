//! The quickstart: apply, an empty plan, and as many rows in every table as the org has records.

use std::fmt::Write as _;
use std::process::{ExitCode, Stdio};

use super::stage::{PROJECT, Stage};
use crate::http;
use crate::shell::{self, Error, Result, fail, output, print};

pub fn play(stage: &Stage<'_>, ephemeral: bool) -> Result<ExitCode> {
    stage.apply()?;
    stage.plan_nothing()?;
    arrived(stage, DEFECTS)?;
    marts(stage)?;
    judge(stage)?;
    if !ephemeral {
        say_more(stage);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the extract has loaded, held against the org, and what the gate has kept out: of the wrong accounts, those that it looks for.
pub fn arrived(stage: &Stage<'_>, defects: u64) -> Result<()> {
    let counts = http::get(&format!("{}/_control/counts", stage.org))?;
    let counts = counts
        .as_object()
        .ok_or_else(|| Error("the org's counts are not an object".into()))?;
    let mut table = format!(
        "\n{:<22}{:>10}{:>12}{:>13}\n",
        "object", "org", "BigQuery", "quarantine"
    );
    let (mut differing, mut apart) = (0, 0);
    for (object, count) in counts {
        let rows = http::query_cell(
            &stage.endpoint,
            PROJECT,
            &format!("SELECT COUNT(*) FROM `{PROJECT}.salesforce_raw.{object}`"),
        )?;
        let rows: u64 = rows.parse()?;
        let kept = if object == "Account" { quarantined(stage)? } else { 0 };
        let expected = count["live"].as_u64().unwrap_or_default();
        let mark = if rows + kept == expected { "" } else { "  differs" };
        differing += u32::from(rows + kept != expected);
        apart += kept;
        let kept = if kept == 0 { String::new() } else { kept.to_string() };
        writeln!(table, "{object:<22}{expected:>10}{rows:>12}{kept:>13}{mark}")?;
    }
    print(&table);
    if differing > 0 || counts.is_empty() {
        return fail(format!("{differing} objects differ between the org and BigQuery"));
    }
    if apart != defects {
        return fail(format!(
            "{defects} accounts are wrong on purpose, and the gate has set {apart} apart"
        ));
    }
    print(&format!(
        "All {} objects are equal, {:.0} s after the start; {apart} accounts that are wrong on purpose were kept out by the gate.",
        counts.len(),
        stage.since.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// The marts, which the apply has made behind the extract.
pub fn marts(stage: &Stage<'_>) -> Result<()> {
    let cell = |sql: String| http::query_cell(&stage.endpoint, PROJECT, &sql);
    let names = cell(format!(
        "SELECT STRING_AGG(table_name ORDER BY table_name) FROM `{PROJECT}`.salesforce_marts.INFORMATION_SCHEMA.TABLES"
    ))?;
    let mut table = format!("\n{:<46}{:>8}\n", "mart", "rows");
    let mut empty = Vec::new();
    for name in names.split(',') {
        let rows: u64 = cell(format!("SELECT COUNT(*) FROM `{PROJECT}.salesforce_marts.{name}`"))?.parse()?;
        writeln!(table, "{name:<46}{rows:>8}")?;
        if rows == 0 {
            empty.push(name);
        }
    }
    print(&table);
    match empty.as_slice() {
        [] => Ok(()),
        empty => fail(format!("no rows are in {}", empty.join(", "))),
    }
}

/// The suite of the marts is run once, as its schedule would, and the gate's verdict becomes a page.
fn judge(stage: &Stage<'_>) -> Result<()> {
    let start = [
        "runs",
        "start",
        "--lake",
        "gs://headwater-demo-lake",
        "--pipeline",
        "opportunities",
    ];
    let mut run = stage.headwater(&[&start[..], &["--runtime", "headwater", "--wait"]].concat());
    shell::step(
        "the suite of the opportunities",
        run.stdout(Stdio::null()).stderr(Stdio::null()),
    )?;
    let last = format!(
        "SELECT state FROM `{PROJECT}.data_quality.dq_run` WHERE suite = 'opportunities' ORDER BY started DESC LIMIT 1"
    );
    let state = http::query_cell(&stage.endpoint, PROJECT, &last)?;
    if state != "pass" {
        return fail(format!("the suite of the opportunities says {state}"));
    }
    print("opportunities: pass");
    let page = stage.dir.join("accounts.html");
    let report = [
        "quality",
        "report",
        "--suite",
        "accounts",
        "--results",
        "data_quality",
        "--output",
    ];
    output(stage.headwater(&report).arg(&page))?;
    print(&format!("The gate's verdict as a page: {}", page.display()));
    Ok(())
}

/// So many accounts are wrong in each way; see `headwater salesforce generate --defects`.
pub const DEFECTS_EACH: u64 = 1;
/// In twelve ways, of which one takes two: those that have the same number.
const DEFECTS: u64 = 13;

/// The accounts that the gate has set apart.
fn quarantined(stage: &Stage<'_>) -> Result<u64> {
    let sql = format!("SELECT COUNT(DISTINCT Id) FROM `{PROJECT}.salesforce_raw.Account_quarantine`");
    Ok(http::query_cell(&stage.endpoint, PROJECT, &sql)?.parse()?)
}

fn say_more(stage: &Stage<'_>) {
    let (headwater, endpoint, org) = (stage.programs.headwater.display(), &stage.endpoint, &stage.org);
    print(&format!(
        "\nWhere to look next:\n  source {env}\n  {headwater} runs show --lake gs://headwater-demo-lake --pipeline crm\n  \
         bq --api {endpoint} --oauth_access_token=local --project_id={PROJECT} query --use_legacy_sql=false \\\n    \
         'SELECT StageName, COUNT(*) n, SUM(Amount) amount FROM salesforce_raw.Opportunity GROUP BY 1 ORDER BY n DESC'\n  \
         bq --api {endpoint} --oauth_access_token=local --project_id={PROJECT} query --use_legacy_sql=false \\\n    \
         'SELECT Id, Name, _headwater_reasons FROM salesforce_raw.Account_quarantine'\n  \
         {headwater} dataform run {dataform}\n  \
         cd {module} && terraform plan\n  curl -X POST {org}/_control/churn -H 'content-type: application/json' -d '{{\"updates\":10}}'   # after two minutes (safety_lag) run again:\n  \
         {headwater} runs start --lake gs://headwater-demo-lake --pipeline crm --runtime headwater --wait\n\
         The local cloud and the org go on running; stop them with: cargo xtask demo --stop",
        env = stage.dir.join("env.sh").display(),
        module = stage.module.display(),
        dataform = shell::root().join("dataform").display(),
    ));
}
