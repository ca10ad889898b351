//! `headwater audit`: configuration, state, cloud and records of runs laid over each other, as a page for auditors, as JSON, and as
//! OpenLineage. It changes nothing, and what it cannot know it says.

mod access;
mod classify;
mod cloud;
mod declared;
mod error;
mod findings;
mod hcl;
pub mod model;
mod openlineage;
mod page;
mod records;
mod stores;
mod terraform;
mod text;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use headwater_cloud::Cloud;
use headwater_spec::LakeLayout;

use self::access::{Of, On};
use self::classify::{Classes, OUTPUT};
use self::cloud::Reader;
use self::declared::Configuration;
pub use self::error::AuditError;
use self::hcl::Positions;
use self::model::{Audit, Basis, FORMAT, Grant, Severity, Store};
use self::terraform::Shown;
use crate::cli::{AuditArgs, AuditFormat};
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::Printer;

/// Said on every page: what lies beyond what this reads.
const BEYOND: &[&str] = &[
    "who is in a group, and what is granted above the project, on folders and the organisation: Policy Analyzer in Google Cloud knows",
    "what somebody changed and changed back between two runs: the audit logs of BigQuery and Cloud Storage know",
    "which columns of a mart come from which columns of its tables: its lineage is that of tables",
    "what is in tables and views that no pipeline fills, such as a headwater_bigquery_table: they are not followed",
    "whether a value is personal data: names and types of fields are looked at, never values",
];

/// The grants that a configuration declares, each with what it is on.
type Granted = Vec<(On, String, Grant)>;
/// Projects, each with the grants that the cloud has on it.
type Projects = BTreeMap<String, Option<Vec<Grant>>>;

/// The command.
pub async fn run(args: &AuditArgs, printer: Printer) -> Result<Exit, CommandError> {
    let shown = terraform::show(&args.terraform, &args.dir, args.plan.as_ref().or(args.state.as_ref()))?;
    let (classes, classified) = classes(args, &shown)?;
    let positions = Positions::of(&args.dir);
    let granted = shown.resources.iter().flat_map(|resource| {
        let set = positions.sets(&resource.address, "access").unwrap_or(true);
        access::declared(resource, set)
    });
    let granted: Granted = granted.collect();
    let mut audit = of_configuration(args, shown, &positions);
    audit.basis.classification = classified;
    name_stores(&mut audit);
    grant(&mut audit, &granted);
    let mut projects = projects(&audit, args);
    if args.offline {
        audit
            .unknown
            .push("what the cloud has: it was not asked (--offline)".into());
    } else {
        let cloud = connect(&args.cloud)?;
        Box::pin(ask(&cloud, &mut audit, &mut projects)).await?;
    }
    // A bucket does not say whose it is.
    let home = Some(&args.cloud.project)
        .filter(|home| !home.is_empty())
        .or(projects.keys().next())
        .cloned();
    for (project, found) in projects {
        let own = on(&granted, On::Project.word(), &project);
        inherit(
            &mut audit,
            &project,
            home.as_ref() == Some(&project),
            &access::laid_over(own, found),
        );
    }
    reach(&mut audit);
    for table in audit.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.tables) {
        classes.classify(table);
    }
    audit.unknown.extend(BEYOND.iter().map(|text| (*text).to_owned()));
    audit.findings = findings::find(&audit, &classes);
    write(&audit, args, printer)?;
    let grave = audit.findings.iter().any(|one| one.severity == Severity::Error);
    Ok(if args.strict && grave {
        Exit::Refused
    } else {
        Exit::Done
    })
}

/// What the configuration says by itself.
fn of_configuration(args: &AuditArgs, shown: Shown, positions: &Positions) -> Audit {
    let configuration = Configuration {
        resources: &shown.resources,
        positions,
    };
    Audit {
        format: FORMAT,
        at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        version: env!("CARGO_PKG_VERSION"),
        pipelines: configuration.pipelines(),
        suites: configuration.suites(),
        marts: configuration.marts(),
        stores: stores::declared(&configuration),
        basis: Basis {
            configuration: args.dir.display().to_string(),
            resources: shown.resources.len(),
            state: shown.from,
            terraform_version: shown.terraform_version,
            changes: shown.changes,
            runs: args.runs as usize,
            ..Basis::default()
        },
        ..Audit::default()
    }
}

/// The declared grants on something.
fn on(granted: &Granted, kind: &str, name: &str) -> Vec<Grant> {
    let of = granted.iter().filter(|(on, own, _)| on.word() == kind && own == name);
    access::laid_over(of.map(|(_, _, grant)| grant.clone()).collect(), None)
}

/// Puts declared grants to what they are on.
fn grant(audit: &mut Audit, granted: &Granted) {
    for store in &mut audit.stores {
        store.grants = on(granted, store.kind, &store.name);
    }
    for table in audit.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.tables) {
        table.grants = on(granted, On::Table.word(), &table.name);
    }
}

/// Declared classes, and where they are declared.
fn classes(args: &AuditArgs, shown: &Shown) -> Result<(Classes, Option<String>), AuditError> {
    if let Some(file) = &args.classification {
        let from = file.display().to_string();
        let bytes = std::fs::read(file).map_err(|source| AuditError::Read(file.clone(), source))?;
        let value = serde_json::from_slice(&bytes).map_err(|source| AuditError::Classification {
            from: from.clone(),
            reason: source.to_string(),
        })?;
        return Ok((Classes::of(&value, &from)?, Some(from)));
    }
    let from = format!("output {OUTPUT}");
    match shown.outputs.get(OUTPUT) {
        Some(value) => Ok((Classes::of(value, &from)?, Some(from))),
        None => Ok((Classes::default(), None)),
    }
}

/// Datasets and lakes that pipelines name and that are declared elsewhere are stores as well.
fn name_stores(audit: &mut Audit) {
    let mut named: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for pipeline in &audit.pipelines {
        let bucket = pipeline
            .lake
            .trim_start_matches("gs://")
            .split('/')
            .next()
            .unwrap_or_default();
        named.insert(("bucket", bucket.to_owned()));
        let datasets = pipeline.tables.iter().filter_map(|table| table.name.rsplit_once('.'));
        named.extend(datasets.map(|(dataset, _)| ("dataset", dataset.to_owned())));
    }
    for (kind, name) in named {
        if !name.is_empty()
            && !audit
                .stores
                .iter()
                .any(|store| store.kind == kind && store.name == name)
        {
            audit.stores.push(Store {
                kind,
                name,
                ..Store::default()
            });
        }
    }
    audit.stores.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
}

/// The projects whose policies reach the data.
fn projects(audit: &Audit, args: &AuditArgs) -> Projects {
    let datasets = audit.stores.iter().filter(|store| store.kind == "dataset");
    let of_datasets = datasets.filter_map(|store| Some(store.name.split_once('.')?.0.to_owned()));
    let own = Some(args.cloud.project.clone()).filter(|project| !project.is_empty());
    of_datasets.chain(own).map(|project| (project, None)).collect()
}

/// Everything that the cloud is asked.
async fn ask(cloud: &Cloud, audit: &mut Audit, projects: &mut Projects) -> Result<(), AuditError> {
    let mut reader = Reader {
        cloud,
        unknown: Vec::new(),
    };
    if let Some(pipeline) = audit.pipelines.first() {
        reader.reach(&pipeline.lake).await?;
    }
    audit.basis.cloud = Some(cloud.project().to_owned());
    for (project, found) in projects {
        *found = reader.project(project).await;
    }
    for store in &mut audit.stores {
        reader.store(store).await;
    }
    let limit = audit.basis.runs;
    for pipeline in &mut audit.pipelines {
        reader.pipeline(pipeline).await;
        reader.tables(pipeline.tables.iter_mut().collect()).await;
        if pipeline.kind == "cdc_stream" {
            continue;
        }
        let Ok(layout) = LakeLayout::of_spec_url(&pipeline.spec.url) else {
            continue;
        };
        match records::read(cloud, &layout, limit).await {
            Ok(runs) => pipeline.runs = runs,
            Err(error) => reader.unknown.push(format!("the runs of {}: {error}", pipeline.name)),
        }
    }
    for suite in &mut audit.suites {
        reader.suite(suite).await;
    }
    for (table, error) in verdicts::read(&cloud.bigquery(), &mut audit.suites).await {
        reader
            .unknown
            .push(format!("the verdicts in {table}: {}", error.message()));
    }
    audit.unknown.append(&mut reader.unknown);
    Ok(())
}

/// What is granted on a project holds for what is in it; buckets are in the one that is `home`.
fn inherit(audit: &mut Audit, project: &str, home: bool, grants: &[Grant]) {
    for store in &mut audit.stores {
        let inside = match store.kind {
            "dataset" => store.name.split_once('.').is_some_and(|(own, _)| own == project),
            "bucket" => home,
            _ => store.name.starts_with(&format!("projects/{project}/")),
        };
        if inside {
            store.grants.extend(grants.iter().cloned());
        }
    }
}

/// Leaves the grants that reach data, and says of each table who reads it.
fn reach(audit: &mut Audit) {
    for store in &mut audit.stores {
        let of = match store.kind {
            "dataset" => Of::Tables,
            "bucket" => Of::Objects,
            _ => Of::Messages,
        };
        store.grants = access::reaching(&store.grants, of);
    }
    for table in audit.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.tables) {
        table.grants = access::reaching(&table.grants, Of::Tables);
        let dataset = table.name.rsplit_once('.').map_or("", |(dataset, _)| dataset);
        let store = audit
            .stores
            .iter()
            .find(|store| store.kind == "dataset" && store.name == dataset);
        let inherited = store.into_iter().flat_map(|store| store.grants.iter());
        table.readers = table.grants.iter().chain(inherited).cloned().collect();
    }
}

fn write(audit: &Audit, args: &AuditArgs, printer: Printer) -> Result<(), AuditError> {
    let json = || {
        let mut text = serde_json::to_string_pretty(audit).unwrap_or_default();
        text.push('\n');
        text
    };
    let lineage = || -> String {
        let lines = openlineage::events(audit).into_iter().map(|event| format!("{event}\n"));
        lines.collect()
    };
    if let Some(dir) = &args.output_dir {
        std::fs::create_dir_all(dir).map_err(|source| AuditError::Write(dir.clone(), source))?;
        put(&dir.join("audit.html"), &page::html(audit))?;
        put(&dir.join("audit.json"), &json())?;
        put(&dir.join("openlineage.ndjson"), &lineage())?;
    }
    let format = match args.format {
        AuditFormat::Text if printer.json() => AuditFormat::Json,
        format => format,
    };
    let text = match format {
        AuditFormat::Text => format!("{}\n", text::text(audit)),
        AuditFormat::Html => page::html(audit),
        AuditFormat::Json => json(),
        AuditFormat::Openlineage => lineage(),
    };
    match &args.output {
        Some(file) => put(file, &text),
        None => {
            printer.text(&text);
            Ok(())
        }
    }
}

fn put(path: &Path, text: &str) -> Result<(), AuditError> {
    std::fs::write(path, text).map_err(|source| AuditError::Write(path.to_owned(), source))
}
