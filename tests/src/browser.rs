//! Pages as a person sees them: headless Chromium opens a file or what a server has, and what is seen is asserted. Pictures are
//! kept beside the build, for whoever wants to look.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::programs;

/// Where a page is written, and its picture beside it.
#[must_use]
pub fn page(name: &str) -> PathBuf {
    let folder = programs::headwater().with_file_name("pages");
    std::fs::create_dir_all(&folder).expect("a folder for pages");
    folder.join(name)
}

/// Opens a page. See tests/python/browser.py for what comes back; a picture that shows nothing is a failure.
#[must_use]
#[track_caller]
pub fn look(page: &Path, expressions: &[&str]) -> Value {
    look_at(
        &format!("file://{}", page.display()),
        &page.with_extension("png"),
        expressions,
    )
}

/// Opens a page that a server has; `picture` is where its picture goes.
#[must_use]
#[track_caller]
pub fn look_at(url: &str, picture: &Path, expressions: &[&str]) -> Value {
    let mut command = Command::new(programs::python());
    command
        .arg(programs::root().join("tests/python/browser.py"))
        .arg(programs::chromium())
        .arg(url)
        .arg(picture)
        .args(expressions);
    let seen = programs::run(&mut command).ok().json();
    let bytes = std::fs::read(picture).expect("a picture");
    // An empty page of this size takes 5 kB.
    assert!(
        bytes.len() > 20_000,
        "{} shows nothing: {} bytes",
        picture.display(),
        bytes.len()
    );
    seen
}

/// Fails when axe-core finds anything serious or critical with a page, in light or in dark; of what is less grave, the list.
/// A picture in dark is kept as `NAME-dark.png`.
#[must_use]
#[track_caller]
pub fn accessible(url: &str, name: &str) -> Vec<Value> {
    let mut command = Command::new(programs::python());
    command
        .arg(programs::root().join("tests/python/browser.py"))
        .arg(programs::chromium())
        .arg("--axe")
        .args([programs::axe(), PathBuf::from(url), page(&format!("{name}-dark.png"))]);
    let found = programs::run(&mut command).ok().json();
    let found = found.as_array().expect("a list of violations").clone();
    let (grave, other): (Vec<Value>, Vec<Value>) = found
        .into_iter()
        .partition(|one| one["impact"] == "serious" || one["impact"] == "critical");
    assert!(
        grave.is_empty(),
        "axe-core says of {url}: {}",
        serde_json::to_string_pretty(&grave).expect("json")
    );
    other
}
