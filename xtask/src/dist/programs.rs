//! The programs of a target, built or taken, and the archives that they become. Which archives make a release: `release`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::archive::{self, Entry, Style};
use super::release::{self, PROVIDER, RUNTIME};
use super::target::Target;
use crate::build;
use crate::shell::{Error, Result, fail, output, root, say, step};
use crate::tools::{self, DuckDb};

/// A shell, its completion script's place below a prefix such as /usr/local, and who looks there.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/headwater"),
    ("fish", "share/fish/vendor_completions.d/headwater.fish"),
    ("zsh", "share/zsh/site-functions/_headwater"),
];

const DUCKDB_LICENCE: &str = include_str!("DUCKDB-LICENSE");

/// Programs of one target.
#[derive(Debug)]
pub struct Programs {
    provider: PathBuf,
    headwater: PathBuf,
    /// DuckDB's shared library, where the runtime links one.
    library: Option<PathBuf>,
}

/// Builds them.
pub fn build(target: &Target, profile: &str) -> Result<Programs> {
    // DUCKDB_LIB_DIR is for whichever target is asked for; the library that is fetched is for this machine, and not for musl.
    let fetched = target.host && !target.triple.contains("musl");
    let duckdb = if fetched || std::env::var_os("DUCKDB_LIB_DIR").is_some() {
        tools::duckdb()?
    } else {
        DuckDb::Bundled
    };
    let mut cargo = build::cargo_with("build", &duckdb);
    cargo
        .args(["--profile", profile, "-p", RUNTIME, "-p", PROVIDER, "--bins"])
        .env("HEADWATER_RELOCATABLE", "1");
    let mut dir = build::target_dir();
    if !target.host {
        cargo.args(["--target", &target.triple]);
        dir.push(&target.triple);
    }
    step(
        &format!("building {RUNTIME} and {PROVIDER} for {}", target.triple),
        &mut cargo,
    )?;
    dir.push(if profile == "dev" { "debug" } else { profile });
    let library = match duckdb {
        DuckDb::Prebuilt(dir) => Some(dir.join(target.platform.library())),
        DuckDb::Bundled => None,
    };
    found(&dir, target, library)
}

/// Takes those that are in a directory, or in the one below it that is named for the target.
pub fn take(dir: &Path, target: &Target) -> Result<Programs> {
    let own = dir.join(&target.triple);
    let dir = if own.is_dir() { own } else { dir.to_path_buf() };
    let library = dir.join(target.platform.library());
    found(&dir, target, library.is_file().then_some(library))
}

fn found(dir: &Path, target: &Target, library: Option<PathBuf>) -> Result<Programs> {
    let program = |name: &str| dir.join(format!("{name}{}", target.platform.exe()));
    let programs = Programs {
        provider: program(PROVIDER),
        headwater: program(RUNTIME),
        library,
    };
    for file in [&programs.provider, &programs.headwater]
        .into_iter()
        .chain(&programs.library)
    {
        if !file.is_file() {
            return fail(format!("{} is not there: the release needs it", file.display()));
        }
    }
    Ok(programs)
}

/// The completion scripts that a runtime has written: the same for all targets.
pub type Completions = Vec<String>;

/// Makes both archives of a target. The completions of an earlier target stand in where this one's programs cannot run here.
pub fn pack(
    programs: &Programs,
    target: &Target,
    version: &str,
    dir: &Path,
    style: Style,
    completions: &mut Option<Completions>,
) -> Result<()> {
    let staged = tempfile::tempdir_in(dir)?;
    let tree = Tree::stage(programs, target, staged.path())?;
    match tree.completions(version) {
        Ok(made) => *completions = Some(made),
        Err(error) if target.host => return Err(error),
        Err(error) => say(&format!(
            "note: what is built for {} does not run here, so nobody has tried it: {}",
            target.triple,
            error.0.lines().next().unwrap_or_default()
        )),
    }
    let Some(completions) = completions else {
        return fail(format!(
            "the programs for {} do not run here, so they cannot write the shells' completions: build on such a machine, or \
             name a target that runs here before it",
            target.triple
        ));
    };
    tree.pack(completions, target, version, dir, style)
}

/// The runtime, laid out as it will be installed: it has to run from there.
struct Tree<'a> {
    dir: &'a Path,
    programs: &'a Programs,
    entries: Vec<(String, bool)>,
}

impl<'a> Tree<'a> {
    fn stage(programs: &'a Programs, target: &Target, dir: &'a Path) -> Result<Self> {
        let mut tree = Self {
            dir,
            programs,
            entries: Vec::new(),
        };
        tree.link(
            &programs.headwater,
            format!("bin/{RUNTIME}{}", target.platform.exe()),
            true,
        )?;
        if let Some(library) = &programs.library {
            // Windows looks beside the program.
            let place = if target.platform.os == "windows" { "bin" } else { "lib" };
            tree.link(library, format!("{place}/{}", target.platform.library()), false)?;
        }
        for name in ["LICENSE", "README.md"] {
            tree.link(&root().join(name), format!("share/doc/{RUNTIME}/{name}"), false)?;
        }
        tree.write(format!("share/doc/{RUNTIME}/LICENSE.duckdb"), DUCKDB_LICENCE)?;
        Ok(tree)
    }

    fn place(&mut self, name: String, program: bool) -> Result<PathBuf> {
        let path = self.dir.join(&name);
        std::fs::create_dir_all(path.parent().unwrap_or(self.dir))?;
        self.entries.push((name, program));
        Ok(path)
    }

    fn link(&mut self, from: &Path, name: String, program: bool) -> Result<()> {
        let path = self.place(name, program)?;
        // As a symbolic link it would look for its library where it comes from.
        if std::fs::hard_link(from, &path).is_err() {
            std::fs::copy(from, &path)
                .map_err(|e| Error(format!("cannot copy {} to {}: {e}", from.display(), path.display())))?;
        }
        Ok(())
    }

    fn write(&mut self, name: String, text: &str) -> Result<()> {
        let path = self.place(name, false)?;
        Ok(std::fs::write(path, text)?)
    }

    /// Has the programs say their version, which must be the release's, and has the runtime write its completions.
    fn completions(&self, version: &str) -> Result<Completions> {
        let runtime = self.dir.join(&self.entries[0].0);
        for program in [&runtime, &self.programs.provider] {
            let said = output(installed(program).args(["--json", "version"]))?;
            let said: Value = serde_json::from_str(&said)?;
            if said["version"] != version {
                return fail(format!(
                    "{} is version {}, the release {version:?}: set [workspace.package] version in Cargo.toml to it, or --version to \
                     the program's",
                    program.display(),
                    said["version"]
                ));
            }
        }
        SHELLS
            .iter()
            .map(|(shell, _)| output(installed(&runtime).args(["completions", shell])))
            .collect()
    }

    fn pack(
        mut self,
        completions: &Completions,
        target: &Target,
        version: &str,
        dir: &Path,
        style: Style,
    ) -> Result<()> {
        for ((_, name), text) in SHELLS.iter().zip(completions) {
            self.write((*name).to_owned(), text)?;
        }
        let folder = format!("{RUNTIME}_{version}_{}", target.platform);
        let entries = self.entries.iter().map(|(name, program)| Entry {
            name: format!("{folder}/{name}"),
            program: *program,
            file: self.dir.join(name),
        });
        let runtime = dir.join(release::runtime_name(version, &target.platform));
        archive::tar_gz(&runtime, entries.collect(), style)?;

        let entries = vec![
            Entry::program(
                format!("{PROVIDER}_v{version}{}", target.platform.exe()),
                &self.programs.provider,
            ),
            Entry::file("LICENSE", root().join("LICENSE")),
            Entry::file("README.md", root().join("README.md")),
        ];
        archive::zip(
            &dir.join(release::provider_name(version, &target.platform)),
            entries,
            style,
        )
    }
}

/// A program as a user starts it: nothing tells it where its library is.
fn installed(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_LIBRARY_PATH");
    command
}
