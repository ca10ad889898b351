//! `cargo xtask docs`: the pages below docs/ that are made of what the programs say about themselves. They are committed, and
//! `--check` says where they are not what would be made now. Guides, docs/cli.md and docs/errors/ are written by hand.

mod arguments;
mod googlesql;
mod matrix;
mod page;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;

use self::page::{Kind, bare};
use crate::build::{self, Programs};
use crate::shell::{Result, fail, output, root, say};

/// Directories in which every page is made here: what is in them besides is of something that is gone.
const OWNED: [&str; 4] = ["resources", "data-sources", "ephemeral-resources", "functions"];

/// `cargo xtask docs`.
#[derive(Debug, Args)]
pub struct Docs {
    /// Write nothing; fail when a page is not current.
    #[arg(long)]
    check: bool,
}

/// Makes the pages.
pub fn run(args: &Docs) -> Result<ExitCode> {
    let programs = build::programs("dev")?;
    if args.check { check(&programs) } else { write(&programs) }
}

/// The answer to Terraform's question for schemas, which is part of the program.
const WIRE: &str = "provider/src/schemas.binpb";

/// What it is now.
fn wire(programs: &Programs) -> Result<Vec<u8>> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("schemas.binpb");
    output(Command::new(&programs.provider).args(["schema", "--wire"]).arg(&file))?;
    Ok(std::fs::read(file)?)
}

/// Pages by their path below docs/.
type Pages = BTreeMap<PathBuf, String>;

fn pages(programs: &Programs) -> Result<Pages> {
    let provider = schema::read(&programs.provider)?;
    let mut pages = Pages::new();
    pages.insert("index.md".into(), page::index(&provider.provider)?);
    for (kind, schemas) in [
        (Kind::Resource, &provider.resource_schemas),
        (Kind::DataSource, &provider.data_source_schemas),
        (Kind::Ephemeral, &provider.ephemeral_resource_schemas),
    ] {
        for (name, schema) in schemas {
            let file = Path::new(kind.directory()).join(format!("{}.md", bare(name)));
            pages.insert(file, page::typed(kind, name, schema)?);
        }
    }
    for (name, function) in &provider.functions {
        let file = Path::new("functions").join(format!("{name}.md"));
        pages.insert(file, page::function(name, function)?);
    }
    pages.insert("googlesql.md".into(), googlesql::page()?);
    pages.insert("support-matrix.md".into(), matrix::matrix(&programs.headwater)?);
    Ok(pages)
}

fn write(programs: &Programs) -> Result<ExitCode> {
    let docs = root().join("docs");
    let pages = pages(programs)?;
    let mut written = 0;
    for (file, text) in &pages {
        let path = docs.join(file);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == *text) {
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text)?;
        written += 1;
    }
    for stale in stale(&docs, &pages)? {
        std::fs::remove_file(docs.join(&stale))?;
        say(&format!("removed docs/{}", stale.display()));
    }
    std::fs::write(root().join(WIRE), wire(programs)?)?;
    say(&format!("{} pages, {written} of them changed", pages.len()));
    Ok(ExitCode::SUCCESS)
}

/// Says which pages are not current.
pub fn check(programs: &Programs) -> Result<ExitCode> {
    say("==> docs are current");
    let docs = root().join("docs");
    let pages = pages(programs)?;
    let mut findings: Vec<String> = pages
        .iter()
        .filter(|(file, text)| std::fs::read_to_string(docs.join(file)).ok().as_ref() != Some(text))
        .map(|(file, _)| format!("docs/{} is not current", file.display()))
        .collect();
    let gone = stale(&docs, &pages)?;
    findings.extend(
        gone.iter()
            .map(|file| format!("docs/{} is of something that is gone", file.display())),
    );
    if std::fs::read(root().join(WIRE)).ok() != Some(wire(programs)?) {
        findings.push(format!("{WIRE} is not current"));
    }
    for finding in &findings {
        say(finding);
    }
    if findings.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        fail(format!(
            "docs: {} findings; run `cargo xtask docs` and commit what it writes",
            findings.len()
        ))
    }
}

fn stale(docs: &Path, pages: &Pages) -> Result<BTreeSet<PathBuf>> {
    let mut stale = BTreeSet::new();
    for directory in OWNED {
        let Ok(entries) = std::fs::read_dir(docs.join(directory)) else {
            continue;
        };
        for entry in entries {
            let file = Path::new(directory).join(entry?.file_name());
            if !pages.contains_key(&file) {
                stale.insert(file);
            }
        }
    }
    Ok(stale)
}
