//! `cargo xtask modules`: the tables of inputs and outputs in the READMEs below modules/, made of variables.tf and outputs.tf. They
//! are committed, and `--check` says which are not what would be made now. The rest of a README is written by hand.

mod declaration;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::declaration::{Declaration, declarations};
use crate::shell::{Error, Result, fail, root, say};

const BEGIN: &str = "<!-- Made by `cargo xtask modules` of variables.tf and outputs.tf: change those, not what is between these lines. -->";
const END: &str = "<!-- Written by hand again. -->";
/// A type that is longer stands in a block of its own lines.
const LINE: usize = 60;

/// `cargo xtask modules`.
#[derive(Debug, Args)]
pub struct Modules {
    /// Write nothing; fail when a README is not current.
    #[arg(long)]
    check: bool,
}

/// Makes the tables.
pub fn run(args: &Modules) -> Result<ExitCode> {
    if args.check {
        return check();
    }
    let readmes = readmes()?;
    let mut written = 0;
    for readme in &readmes {
        if readme.present != readme.wanted {
            std::fs::write(&readme.path, &readme.wanted)?;
            written += 1;
        }
    }
    say(&format!("{} READMEs, {written} of them changed", readmes.len()));
    Ok(ExitCode::SUCCESS)
}

/// Says which READMEs are not current.
pub fn check() -> Result<ExitCode> {
    say("==> the modules' READMEs are current");
    let readmes = readmes()?;
    let stale: Vec<String> = readmes
        .iter()
        .filter(|readme| readme.present != readme.wanted)
        .map(|readme| readme.path.display().to_string())
        .collect();
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    fail(format!(
        "{} not current; run `cargo xtask modules` and commit what it writes",
        stale.join(", ")
    ))
}

struct Readme {
    path: PathBuf,
    present: String,
    wanted: String,
}

fn readmes() -> Result<Vec<Readme>> {
    let mut modules: Vec<PathBuf> = std::fs::read_dir(root().join("modules"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    modules.retain(|path| path.join("variables.tf").is_file());
    modules.sort();
    modules.iter().map(|module| readme(module)).collect()
}

fn readme(module: &Path) -> Result<Readme> {
    let path = module.join("README.md");
    let present = read(&path)?;
    let tables = format!(
        "## Inputs\n\n{}\n## Outputs\n\n{}",
        inputs(&declared(module, "variables.tf", "variable")?),
        outputs(&declared(module, "outputs.tf", "output")?)
    );
    let wanted = within(&present, &tables).map_err(|error| Error(format!("{}: {error}", path.display())))?;
    Ok(Readme { path, present, wanted })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error(format!("{} cannot be read: {error}", path.display())))
}

fn declared(module: &Path, file: &str, kind: &str) -> Result<Vec<Declaration>> {
    let path = module.join(file);
    let declarations = declarations(&read(&path)?, kind);
    declarations.map_err(|error| Error(format!("{}: {error}", path.display())))
}

/// A README with other tables between its two lines.
fn within(readme: &str, tables: &str) -> std::result::Result<String, String> {
    let parts = readme
        .split_once(BEGIN)
        .and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| (before, after)));
    let Some((before, after)) = parts else {
        return Err(format!(
            "has not both of the lines that tables are put between: {BEGIN} and {END}"
        ));
    };
    Ok(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

fn inputs(variables: &[Declaration]) -> String {
    let mut text = "| name | what it says | type | default |\n|---|---|---|---|\n".to_owned();
    // What must be said comes first.
    let (optional, required): (Vec<_>, Vec<_>) = variables.iter().partition(|variable| variable.default.is_some());
    for variable in required.into_iter().chain(optional) {
        let default = variable
            .default
            .as_ref()
            .map_or("required".to_owned(), |default| code(default));
        let secret = if variable.ephemeral {
            " In no plan and no state."
        } else {
            ""
        };
        let ty = variable.ty.as_deref().map(code).unwrap_or_default();
        writeln!(
            text,
            "| `{}` | {}{secret} | {ty} | {default} |",
            variable.name,
            cell(&variable.description)
        )
        .ok();
    }
    text
}

fn outputs(outputs: &[Declaration]) -> String {
    let mut text = "| name | what it is |\n|---|---|\n".to_owned();
    for output in outputs {
        writeln!(text, "| `{}` | {} |", output.name, cell(&output.description)).ok();
    }
    text
}

/// Text as it stands in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// An expression as it stands in a cell: in one line, or in lines of its own.
fn code(expression: &str) -> String {
    let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= LINE || !expression.contains('\n') {
        return format!("`{}`", cell(&line));
    }
    let escaped = expression
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("<pre>{}</pre>", cell(&escaped).replace('\n', "<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_between_their_lines() {
        let readme = format!("# A module\n\n{BEGIN}\nold\n{END}\n\nMore.\n");
        let wanted = format!("# A module\n\n{BEGIN}\n\nnew\n{END}\n\nMore.\n");
        assert_eq!(within(&readme, "new"), Ok(wanted.clone()));
        assert_eq!(within(&wanted, "new"), Ok(wanted));
        assert!(within("# A module\n", "new").is_err());
    }

    #[test]
    fn what_must_be_said_comes_first() {
        let source = "variable \"b\" {\n  description = \"B.\"\n  type        = string\n  default     = null\n}\n\n\
                      variable \"a\" {\n  description = \"One | other.\"\n  type        = string\n  ephemeral   = true\n}\n";
        let variables = declarations(source, "variable").unwrap();
        assert_eq!(
            inputs(&variables).lines().skip(2).collect::<Vec<_>>(),
            [
                "| `a` | One \\| other. In no plan and no state. | `string` | required |",
                "| `b` | B. | `string` | `null` |",
            ]
        );
    }

    #[test]
    fn long_types_have_lines() {
        assert_eq!(code("map(string)"), "`map(string)`");
        assert_eq!(code("object({\n  a = string\n})"), "`object({ a = string })`");
        let long = format!("object({{\n  {} = map(string)\n}})", "a".repeat(60));
        assert_eq!(
            code(&long),
            format!("<pre>object({{<br>  {} = map(string)<br>}})</pre>", "a".repeat(60))
        );
    }
}
