//! The corpus of GoogleSQL below tests/conformance/sql: each case is a statement and what BigQuery answers. All cases
//! run, all failures are told at once. The form of the files is described in their README.

mod coverage;
mod reading;
mod verdict;
mod warehouse;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use reading::{Block, Expectation};
use warehouse::Warehouse;

/// Threads that work through the files.
const WORKERS: usize = 4;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance/sql")
}

/// The files of the corpus, named by their path below its directory, in order.
fn files() -> Vec<(String, Vec<Block>)> {
    let mut paths = Vec::new();
    let mut folders = vec![directory()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "sql") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(directory()).unwrap().display().to_string();
            let text = std::fs::read_to_string(path).unwrap();
            let blocks = reading::blocks(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
            (name, blocks)
        })
        .collect()
}

/// Runs a file's blocks in their order; what failed.
async fn run(warehouse: &Warehouse, name: &str, blocks: &[Block], number: usize) -> Vec<String> {
    let dataset = format!("file_{number}");
    warehouse.dataset(&dataset).await;
    let mut failures = Vec::new();
    for block in blocks {
        let answer = warehouse.ask(&dataset, &block.sql).await;
        if let Err(difference) = verdict::judge(&block.expectation, &answer) {
            failures.push(format!("{name}:{}: {}\n{difference}", block.line, block.sql));
        }
    }
    failures
}

#[test]
fn every_case_answers_as_bigquery_documents_it() {
    let only = std::env::var("HEADWATER_TEST_CORPUS").unwrap_or_default();
    let mut files = files();
    files.retain(|(name, _)| name.contains(&only));
    let warehouse = Warehouse::open();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, blocks)) = files.get(number) else {
                        break;
                    };
                    let found = runtime.block_on(run(&warehouse, name, blocks, number));
                    failures.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let cases = files.iter().flat_map(|(_, blocks)| blocks);
    let cases = cases.filter(|b| b.expectation != Expectation::Setup).count();
    println!("{cases} cases in {} files, {} fail", files.len(), failures.len());
    assert!(
        failures.is_empty(),
        "{} of {cases} cases fail:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    assert!(cases > 0 || !only.is_empty(), "the corpus was read");
}
