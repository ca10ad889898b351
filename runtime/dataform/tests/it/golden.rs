//! Graphs equal those of Dataform's own command line, byte for byte. `tests/projects/remake.py` makes the goldens.

use headwater_dataform::{CompilationConfig, Core, CoreStore, Files, Graph, Limits, compile, read_folder};

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

/// The default core's lexer is replaced by a faster one (`compile::lexer`). The same bundle under another version is not touched.
#[tokio::test]
async fn the_faster_lexer_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let default = CoreStore::default();
    let (version, from) = ("3.0.999", default.cache.join(core().version()));
    let to = folder.path().join(version);
    std::fs::create_dir(&to).unwrap();
    for name in ["bundle.js", "record.json"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    let store = CoreStore {
        cache: folder.path().to_owned(),
        ..default
    };
    let untouched = Core::obtain(Some(version), &store).await.unwrap();
    assert_eq!(untouched.sha256(), core().sha256());
    for seed in 0..6 {
        let files = random_project(seed, 60);
        let graph = |core: &Core| compile(core, &files, &CompilationConfig::default(), &Limits::default()).unwrap();
        let (fast, plain) = (graph(core()), graph(&untouched));
        assert_eq!(fast.errors, plain.errors, "{seed}");
        assert_eq!(fast.json, plain.json, "{seed}");
        assert!(
            fast.operations.len() > 5,
            "{} of the texts compile",
            fast.operations.len()
        );
    }
}

/// Files of pieces that begin, end, nest and nearly begin what the lexer knows.
fn random_project(seed: u64, count: usize) -> Files {
    const PIECES: &[&str] = &[
        "config { type: \"view\" }\n",
        "config {",
        "config  {",
        "xconfig {\n}",
        "js { const a = 1; }\n",
        "js {",
        "}",
        "{",
        " }\n",
        "pre_operations {\n select 1\n}\n",
        "post_operations { select '}' }\n",
        "pre_x",
        "post",
        "incremental_where { x > 1 }\n",
        "in",
        "input",
        "input \"a\" { select 1 }\n",
        "input \"a\", \"b\" { select 2 }\n",
        "\n---\n",
        "\n  ---  \n",
        " --- x\n",
        "---",
        "--",
        "-- a `c` ${x}\n",
        "- -",
        "a-b",
        "/* b ${y} ` */",
        "/*",
        "*/",
        "/",
        "//",
        "// x\n",
        "${1 + 1}",
        "${",
        "$",
        "$$",
        "$ {",
        "`",
        "`a`",
        "'",
        "''",
        "'a'",
        "'''",
        "'''m\nn'''",
        "\"",
        "\"d\"",
        "\"\"\"",
        "\"\"\"e\"\"\"",
        "\\",
        "\\\\",
        "\\'",
        "\\\"",
        "\\${`",
        "${`t ${2} \\` u`}",
        "${\"}\"}",
        "${{ a: 1 }.a}",
        "select",
        " c j i p ",
        "cjip",
        "\n",
        "\r\n",
        "\t",
        "\u{a0}",
        "  ",
        "\u{2028}",
        "ü",
        "😀",
        "1",
        "from x",
        ";",
        "#",
        "@",
        "ic",
        "pc",
        "con",
        "j",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % below as u64).expect("a place")
    };
    let mut files = crate::files(&[]);
    for file in 0..count {
        let length = next(14);
        let text: String = (0..length).map(|_| PIECES[next(PIECES.len())]).collect();
        files.insert(format!("definitions/f{file}.sqlx"), text.into_bytes());
    }
    files
}

/// What the API can override and the command line cannot.
#[test]
fn the_prefix_of_inline_assertions_can_be_overridden() {
    let files = read_folder(&projects().join("30-assertions-with-a-prefix")).unwrap();
    let config: CompilationConfig = serde_json::from_str(r#"{"builtinAssertionNamePrefix": "other"}"#).unwrap();
    let graph = compile(core(), &files, &config, &Limits::default()).unwrap();
    let names: Vec<&str> = graph
        .assertions
        .iter()
        .map(|assertion| assertion.target.name.as_str())
        .collect();
    assert!(names.iter().all(|name| name.contains("other_")), "{names:?}");
    assert_eq!(graph.project.builtin_assertion_name_prefix, "other");
}
