//! The complete platform: apply, an empty plan, what the extract, the streams and the marts have made, what the suites say of it,
//! and what is watched for.

use std::fmt::Write as _;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::quickstart;
use super::stage::{PROJECT, Stage};
use crate::http;
use crate::shell::{self, Error, Result, fail, print, say};

/// What the scenario's folder calls them.
const LAKE: &str = "gs://headwater-complete-lake";
const SUITES: [&str; 4] = ["contacts", "live-accounts", "live-orders", "opportunities"];
/// Of the ways in which accounts are wrong, this gate looks for seven, of which one takes two.
const DEFECTS: u64 = 8;
/// How long streams may take to bring what is there.
const PATIENCE: Duration = Duration::from_secs(180);

pub fn play(stage: &Stage<'_>, ephemeral: bool) -> Result<ExitCode> {
    stage.apply()?;
    stage.plan_nothing()?;
    quickstart::arrived(stage, DEFECTS)?;
    quickstart::marts(stage)?;
    streams(stage)?;
    verdicts(stage)?;
    watched(stage)?;
    if !ephemeral {
        say_more(stage);
    }
    Ok(ExitCode::SUCCESS)
}

fn cell(stage: &Stage<'_>, sql: &str) -> Result<String> {
    http::query_cell(&stage.endpoint, PROJECT, sql)
}

/// Publishes an order, and waits until the streams have brought it and all accounts.
fn streams(stage: &Stage<'_>) -> Result<()> {
    say("==> an order is published, and the streams bring it and the org's records");
    let order = json!({"kind": "placed", "version": 1, "order": {"id": "A-1", "account": "Acme", "status": "new", "total": 12.5}});
    let topic = format!(
        "{}/v1/projects/{PROJECT}/topics/headwater-streaming:publish",
        stage.endpoint
    );
    http::post(
        &topic,
        &json!({"messages": [{"data": STANDARD.encode(order.to_string())}]}),
    )?;
    let counts = http::get(&format!("{}/_control/counts", stage.org))?;
    let mut table = format!("\n{:<22}{:>10}{:>12}\n", "stream's entity", "current", "changes");
    for entity in ["Account", "Contact", "Opportunity", "Case", "orders"] {
        let expected = match entity {
            "orders" => 1,
            object => counts[object]["live"].as_u64().unwrap_or_default(),
        };
        let since = Instant::now();
        loop {
            let rows: u64 = cell(
                stage,
                &format!("SELECT COUNT(*) FROM `{PROJECT}.salesforce_live.{entity}`"),
            )?
            .parse()?;
            if rows >= expected {
                let changes = cell(
                    stage,
                    &format!("SELECT COUNT(*) FROM `{PROJECT}.salesforce_live.{entity}_changes`"),
                )?;
                writeln!(table, "{entity:<22}{rows:>10}{changes:>12}")?;
                break;
            }
            if since.elapsed() > PATIENCE {
                return fail(format!(
                    "{entity} has {rows} of {expected} rows after {} s",
                    PATIENCE.as_secs()
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    print(&table);
    Ok(())
}

/// Runs the suites once, as their schedules would, and shows the last verdict of each, the gate's included.
fn verdicts(stage: &Stage<'_>) -> Result<()> {
    for suite in SUITES {
        let start = [
            "runs",
            "start",
            "--lake",
            LAKE,
            "--pipeline",
            suite,
            "--runtime",
            "headwater",
            "--wait",
        ];
        let mut run = stage.headwater(&start);
        shell::step(
            &format!("the suite {suite}"),
            run.stdout(Stdio::null()).stderr(Stdio::null()),
        )?;
    }
    let last = format!(
        "SELECT STRING_AGG(CONCAT(suite, ' ', state) ORDER BY suite) FROM (SELECT suite, state, ROW_NUMBER() OVER \
         (PARTITION BY suite ORDER BY started DESC) AS n FROM `{PROJECT}.data_ops.dq_run`) WHERE n = 1"
    );
    let mut table = format!("\n{:<22}{:>10}\n", "suite", "verdict");
    let mut seen = 0;
    for line in cell(stage, &last)?.split(',') {
        let (suite, verdict) = line.split_once(' ').unwrap_or((line, ""));
        writeln!(table, "{suite:<22}{verdict:>10}")?;
        if SUITES.contains(&suite) {
            seen += 1;
            if !matches!(verdict, "pass" | "warn") {
                return fail(format!("the suite {suite} says {verdict}"));
            }
        }
    }
    print(&table);
    if seen == SUITES.len() {
        Ok(())
    } else {
        fail(format!("only {seen} of {} suites have a verdict", SUITES.len()))
    }
}

/// The alert policies.
fn watched(stage: &Stage<'_>) -> Result<()> {
    let found = http::get(&format!("{}/v3/projects/{PROJECT}/alertPolicies", stage.endpoint))?;
    let policies = found["alertPolicies"]
        .as_array()
        .filter(|policies| !policies.is_empty());
    let policies = policies.ok_or_else(|| Error("there are no alert policies".into()))?;
    let mut table = format!("\n{:<52}{:>10}\n", "alert policy", "severity");
    for policy in policies {
        let text = |name: &str| policy[name].as_str().unwrap_or_default().to_owned();
        writeln!(table, "{:<52}{:>10}", text("displayName"), text("severity"))?;
    }
    print(&table);
    print(&format!(
        "The platform is there, its plan is empty, and {} policies watch it, {:.0} s after the start.",
        policies.len(),
        stage.since.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn say_more(stage: &Stage<'_>) {
    let (headwater, endpoint, org) = (stage.programs.headwater.display(), &stage.endpoint, &stage.org);
    let bq =
        format!("bq --api {endpoint} --oauth_access_token=local --project_id={PROJECT} query --use_legacy_sql=false");
    print(&format!(
        "\nWhere to look next:\n  source {env}\n  {headwater} runs show --lake {LAKE} --pipeline crm\n  \
         {bq} \\\n    'SELECT suite, state, started FROM data_ops.dq_run ORDER BY started DESC'\n  \
         {bq} \\\n    'SELECT Id, Name, _headwater_reasons FROM salesforce_raw.Account_quarantine'\n  \
         curl {endpoint}/v1/projects/{PROJECT}/dashboards/headwater\n  \
         curl -X POST {org}/_control/churn -H 'content-type: application/json' -d '{{\"updates\":10}}'   # changes that the stream brings:\n  \
         {bq} \\\n    'SELECT _operation, COUNT(*) n FROM salesforce_live.Account_changes GROUP BY 1'\n  \
         cd {module} && terraform plan && terraform destroy\n\
         The local cloud and the org go on running; stop them with: cargo xtask demo --stop",
        env = stage.dir.join("env.sh").display(),
        module = stage.module.display(),
    ));
}
