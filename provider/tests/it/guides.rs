//! The guides below docs/guides: what they show is valid, and what they point at is there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::terraform::Workspace;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn guides() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(docs().join("guides")).expect("docs/guides");
    let mut guides: Vec<(String, String)> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a guide"))
        })
        .collect();
    guides.sort();
    guides
}

/// The blocks of code in a language.
fn blocks(page: &str, language: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(opened) if !inside => inside = opened == language,
            Some(_) => inside = false,
            None if inside => text.push_str(&format!("{line}\n")),
            None => {}
        }
    }
    text
}

/// What a page's links lead to within docs/, without the place on the page.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or(target))
        .collect()
}

/// Guides of what is no matter of configurations.
const WITHOUT: [&str; 1] = ["console.md"];

#[test]
fn every_guide_is_valid_as_a_whole() {
    let guides = guides();
    assert!(guides.len() >= 5, "{} guides", guides.len());
    for (name, page) in guides {
        let code = blocks(&page, "terraform");
        if WITHOUT.contains(&&*name) {
            continue;
        }
        assert!(!code.is_empty(), "{name} shows no configuration");
        let mut configuration = code;
        if !configuration.contains("provider \"headwater\"") {
            configuration.push_str("\nprovider \"headwater\" {}\n");
        }
        let workspace = Workspace::new(&configuration);
        assert_eq!(workspace.diagnostics(), Vec::<Value>::new(), "{name}");
        let unformatted = workspace.run(&["fmt", "-check", "-diff", "-no-color"]);
        assert!(unformatted.success, "{name}: {}", unformatted.stdout);
    }
}

#[test]
fn links_lead_somewhere() {
    let mut pages = vec![("index.md".to_owned(), docs().join("index.md"), docs())];
    for (name, _) in guides() {
        let path = docs().join("guides").join(&name);
        pages.push((name, path, docs().join("guides")));
    }
    let mut broken = Vec::new();
    for (name, path, directory) in pages {
        let page = std::fs::read_to_string(path).expect("a page");
        for target in links(&page) {
            // The registry's pages are addressed without their ending.
            let found = ["", ".md"]
                .iter()
                .any(|ending| directory.join(format!("{target}{ending}")).is_file());
            if !found {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn every_page_has_the_registrys_front_matter() {
    for (name, page) in guides() {
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some("---"), "{name}");
        let head: Vec<&str> = lines.take_while(|line| *line != "---").collect();
        for key in ["page_title: \"", "subcategory: \"", "description: |-"] {
            assert!(head.iter().any(|line| line.starts_with(key)), "{name} has no {key}");
        }
    }
}
