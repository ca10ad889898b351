//! Running programs and telling what happens. Not which programs: that is the tasks'.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this module is where printing happens"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A failed task, said in full.
#[derive(Debug)]
pub struct Error(pub String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(text)
    }
}

/// What tasks return.
pub type Result<T> = std::result::Result<T, Error>;

/// A task's failure with a message.
pub fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(Error(message.into()))
}

/// Tells the user something, on stderr.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// A task's result, on stdout.
pub fn print(text: &str) {
    println!("{text}");
}

/// The repository's root.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("xtask"), PathBuf::from);
    manifest.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Runs a program to its end, its output going where ours goes.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|e| Error(format!("cannot start `{}`: {e}", shown(command))))?;
    if status.success() {
        Ok(())
    } else {
        fail(format!("`{}` ended with {status}", shown(command)))
    }
}

/// Runs a program as a step that is told and timed.
pub fn step(what: &str, command: &mut Command) -> Result<()> {
    say(&format!("==> {what}"));
    let since = Instant::now();
    run(command)?;
    say(&format!("    {:.1} s", since.elapsed().as_secs_f64()));
    Ok(())
}

/// Runs a program and returns what it wrote to stdout; its stderr is shown only when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Error(format!("cannot start `{}`: {e}", shown(command))))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = [output.stdout, output.stderr].concat();
    fail(format!(
        "`{}` ended with {}:\n{}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&text)
    ))
}

/// Where a program is, if PATH has it.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}
