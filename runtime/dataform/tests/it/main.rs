//! The crate over whole projects and a scripted warehouse. The core is fetched from npm by the first run and kept in the cache.

mod errors;
mod executor;
mod golden;
mod limits;
mod lint;
mod obtain;
mod scripted;
mod statements;

use std::path::PathBuf;
use std::sync::OnceLock;

use headwater_dataform::{CompilationConfig, Core, CoreStore, Files, Graph, Limits, compile};

/// The default core.
fn core() -> &'static Core {
    static CORE: OnceLock<Core> = OnceLock::new();
    let obtain = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("it works");
        runtime
            .block_on(Core::obtain(None, &CoreStore::default()))
            .expect("it works")
    };
    // On a thread of its own, because a test may already be inside a runtime.
    CORE.get_or_init(|| std::thread::spawn(obtain).join().expect("it works"))
}

fn projects() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/projects")
}

/// A project of a few files; settings are added.
fn files(given: &[(&str, &str)]) -> Files {
    let mut files: Files = given
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let settings =
        b"defaultProject: acme\ndefaultDataset: marts\ndefaultLocation: EU\ndefaultAssertionDataset: checks\n";
    files
        .entry("workflow_settings.yaml".to_owned())
        .or_insert_with(|| settings.to_vec());
    files
}

/// Compiles what must compile.
fn graph(given: &[(&str, &str)]) -> Graph {
    let graph = compile(core(), &files(given), &CompilationConfig::default(), &Limits::default()).expect("it works");
    assert!(graph.errors.is_empty(), "{:?}", graph.errors);
    graph
}
