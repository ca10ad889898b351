//! Compiles a folder and prints its graph, as `dataform compile --json` does; the time that it took goes to stderr.

use std::process::ExitCode;
use std::time::Instant;

use headwater_dataform::{CompilationConfig, Core, CoreStore, Limits, compile, read_folder};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: compile FOLDER [OVERRIDES]")?;
    let config: CompilationConfig = match std::env::args().nth(2) {
        Some(text) => serde_json::from_str(&text)?,
        None => CompilationConfig::default(),
    };
    let files = read_folder(folder.as_ref())?;
    let wanted = Core::wanted_version(&files)?;
    let core = Core::obtain(wanted.as_deref(), &CoreStore::default()).await?;
    let started = Instant::now();
    let graph = compile(&core, &files, &config, &Limits::default())?;
    eprintln!("{:?}", started.elapsed());
    println!("{}", graph.printed());
    for error in &graph.errors {
        eprintln!("{error}");
    }
    Ok(if graph.errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
