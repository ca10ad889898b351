//! Graphs equal those of Dataform's own command line, byte for byte. `tests/projects/remake.py` makes the goldens.

use headwater_dataform::{CompilationConfig, Graph, Limits, compile, read_folder};

use crate::{core, projects};

#[test]
fn graphs_are_those_of_the_command_line() {
    let mut names: Vec<_> = std::fs::read_dir(projects())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    names.sort();
    assert!(names.len() >= 30, "{}", names.len());
    let mut different = Vec::new();
    for folder in names {
        let files = read_folder(&folder).unwrap();
        let config: CompilationConfig = match files.get("overrides.json") {
            Some(text) => serde_json::from_slice(text).unwrap(),
            None => CompilationConfig::default(),
        };
        let graph = compile(core(), &files, &config, &Limits::default()).unwrap();
        assert!(graph.errors.is_empty(), "{folder:?}: {:?}", graph.errors);
        let expected = String::from_utf8(files["golden.json"].clone()).unwrap();
        if graph.printed() != expected.trim_end() {
            let path =
                std::env::temp_dir().join(format!("{}.found.json", folder.file_name().unwrap().to_str().unwrap()));
            std::fs::write(&path, graph.printed()).unwrap();
            different.push(path);
        }
        // What a store hands back is the same graph.
        assert_eq!(Graph::from_json(graph.json.clone()).unwrap(), graph);
    }
    assert!(different.is_empty(), "not as the golden: {different:?}");
}

#[test]
fn the_typed_view_has_what_the_json_has() {
    let files = read_folder(&projects().join("32-modelled-as-a-warehouse")).unwrap();
    let graph = compile(core(), &files, &CompilationConfig::default(), &Limits::default()).unwrap();
    assert_eq!(graph.project.default_database, "acme");
    assert_eq!(graph.core_version, core().version());
    assert_eq!(
        (graph.tables.len(), graph.assertions.len(), graph.declarations.len()),
        (4, 4, 2)
    );
    let history = graph
        .tables
        .iter()
        .find(|table| table.target.name == "pipeline_history")
        .unwrap();
    assert_eq!(history.unique_key, ["day", "stage"]);
    assert_eq!(history.bigquery.partition_by, "day");
    assert_eq!(
        history.dependency_targets[0].to_string(),
        "acme.marts.opportunity_enhanced"
    );
    let notebooks = read_folder(&projects().join("22-notebooks")).unwrap();
    let graph = compile(core(), &notebooks, &CompilationConfig::default(), &Limits::default()).unwrap();
    assert_eq!(graph.others[0].kind, headwater_dataform::graph::Kind::Notebook);
    assert_eq!(graph.actions().count(), 2, "notebooks are not executed");
}

#[test]
fn packages_are_found_nearest_first() {
    let graph = crate::graph(&[
        (
            "definitions/a.js",
            "publish(\"t\", `select ${require(\"outer\").value} as x, ${require(\"inner/deep\")} as y`);\n",
        ),
        ("node_modules/outer/package.json", "{\"main\": \"lib/main\"}"),
        (
            "node_modules/outer/lib/main.js",
            "exports.value = require('inner') + require('./more').n;\n",
        ),
        ("node_modules/outer/lib/more.js", "exports.n = 1;\n"),
        (
            "node_modules/outer/node_modules/inner/index.js",
            "module.exports = 40;\n",
        ),
        ("node_modules/inner/index.js", "module.exports = 'far';\n"),
        ("node_modules/inner/deep.js", "module.exports = 7;\n"),
    ]);
    assert_eq!(graph.tables[0].query, "select 41 as x, 7 as y");
    assert_eq!(graph.tables[0].file_name, "definitions/a.js");
}
