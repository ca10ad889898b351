//! Compilation: the same graphs, the same errors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use headwater_tests::programs;
use serde_json::{Map, Value};

use super::{Files, OnNode, SETTINGS, headwater, write};

/// As many as there are, but for a few: a folder that is not looked at must not go unnoticed.
const AT_LEAST: usize = 31;

/// The flags that a project's `overrides.json` (a CodeCompilationConfig) stands for; the same on both sides.
fn flags(project: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(project.join("overrides.json")) else {
        return Vec::new();
    };
    let overrides: Map<String, Value> = serde_json::from_str(&text).unwrap();
    overrides
        .iter()
        .map(|(name, value)| match (name.as_str(), value) {
            ("disableAssertions", _) => "--disable-assertions".to_owned(),
            ("vars", Value::Object(vars)) => {
                let pairs: Vec<String> = vars
                    .iter()
                    .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()))
                    .collect();
                format!("--vars={}", pairs.join(","))
            }
            (_, value) => format!("--{}={}", dashed(name), value.as_str().unwrap()),
        })
        .collect()
}

/// `defaultSchema` as `default-schema`.
fn dashed(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The graphs of both, ours first; both must end with the same status.
#[track_caller]
fn graphs(project: &Path, flags: &[String]) -> (Value, Value) {
    let theirs = OnNode::of(project).dataform("compile", &[&["--json".to_owned()], flags].concat(), &[]);
    let format = ["--format".to_owned(), "json".to_owned()];
    let ours = headwater("compile", project, &[&format, flags].concat(), &[]);
    assert_eq!(
        ours.code,
        theirs.code,
        "{}: {}\n{}",
        project.display(),
        ours.stderr,
        theirs.stderr
    );
    (ours.json(), theirs.json())
}

/// The paths at which two values differ.
fn differences(ours: &Value, theirs: &Value, at: &str, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                differences(&ours[name], &theirs[name], &format!("{at}/{name}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{at}/{index}"), found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{at}: ours {ours}, Dataform's {theirs}")),
    }
}

#[test]
fn the_same_graphs_as_dataforms_own_command_line() {
    let golden = programs::root().join("runtime/dataform/tests/projects");
    let mut projects: Vec<(PathBuf, Vec<String>)> = std::fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.clone(), flags(&path)))
        .collect();
    // The marts leave the project that they are made in to who compiles them.
    let marts = programs::root().join("dataform");
    projects.push((marts, vec!["--default-database=acme".into()]));
    let queue = Mutex::new(projects.iter());
    let compared = Mutex::new(0);
    let different = Mutex::new(Vec::new());
    let work = || {
        // The lock is given back before the work begins.
        let next = || queue.lock().unwrap().next();
        while let Some((project, flags)) = next() {
            let (ours, theirs) = graphs(project, flags);
            let mut found = Vec::new();
            differences(&ours, &theirs, &project.display().to_string(), &mut found);
            different.lock().unwrap().extend(found);
            *compared.lock().unwrap() += 1;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let different = different.into_inner().unwrap();
    assert!(different.is_empty(), "{}", different.join("\n"));
    let compared = compared.into_inner().unwrap();
    assert!(compared >= AT_LEAST, "{compared}");
}

const WRONG: Files = &[
    ("workflow_settings.yaml", SETTINGS),
    (
        "definitions/a.sqlx",
        "config { type: \"view\" }\nselect * from ${ref(\"missing\")}\n",
    ),
    (
        "definitions/b.sqlx",
        "config { type: \"view\", unknown: 1 }\nselect 1\n",
    ),
    (
        "definitions/c.sqlx",
        "config { type: \"table\" }\nselect ${nothing.at_all}\n",
    ),
    ("definitions/d.js", "publish(\"u\").confug({ type: \"table\" });\n"),
    (
        "definitions/e.sqlx",
        "config { type: \"table\", name: \"twin\" }\nselect 1\n",
    ),
    (
        "definitions/f.sqlx",
        "config { type: \"table\", name: \"twin\" }\nselect 2\n",
    ),
    ("definitions/g.sqlx", "config { type: \"table\" }\nselect 2 as ok\n"),
];

#[test]
fn the_same_errors_as_dataforms_own_command_line() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), WRONG);
    let (mut ours, mut theirs) = graphs(folder.path(), &[]);
    let errors = |graph: &mut Value| match graph["graphErrors"]["compilationErrors"].take() {
        Value::Array(errors) => errors,
        none => panic!("no errors: {none}"),
    };
    let (ours_found, theirs_found) = (errors(&mut ours), errors(&mut theirs));
    assert!(theirs_found.len() >= 6, "{theirs_found:?}");
    assert_eq!(ours_found.len(), theirs_found.len(), "{ours_found:?}");
    for (ours, theirs) in ours_found.iter().zip(&theirs_found) {
        assert_eq!(ours["actionTarget"], theirs["actionTarget"], "{ours}\n{theirs}");
        // Where it has lost the file, it says that of the sandbox in which it compiles.
        if theirs["fileName"] == "index.js" {
            assert!(
                folder.path().join(ours["fileName"].as_str().unwrap()).is_file(),
                "{ours}"
            );
        } else {
            assert_eq!(ours["fileName"], theirs["fileName"], "{ours}\n{theirs}");
        }
        // What the core says is said in the same words; what the engine says of JavaScript is in its own.
        if !theirs["stack"].as_str().unwrap().starts_with("TypeError") {
            assert_eq!(ours["message"], theirs["message"]);
        }
    }
    // What is sound is compiled alike.
    assert_eq!(ours, theirs);
}
