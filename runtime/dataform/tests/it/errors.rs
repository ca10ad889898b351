//! Errors name the file, the line and the column, in words that a person who writes JavaScript knows.

use headwater_dataform::{CompilationConfig, Limits, compile};

use crate::{core, files};

/// The errors of a project, as `FILE:LINE:COLUMN: MESSAGE`.
fn errors(given: &[(&str, &str)]) -> Vec<String> {
    let graph = compile(core(), &files(given), &CompilationConfig::default(), &Limits::default()).expect("it is made");
    for error in &graph.errors {
        assert!(error.stack.starts_with("Error: "), "{}", error.stack);
        assert!(
            !error.stack.contains(".dataform-project") && !error.stack.contains("bundle.js"),
            "{}",
            error.stack
        );
    }
    graph.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn errors_are_where_they_are() {
    for (file, text, expected) in [
        (
            "definitions/a.js",
            "const updates = publish(\"u\");\n  updates.confug({ type: \"table\" });\n",
            "definitions/a.js:2:11: updates.confug is not a function",
        ),
        (
            "definitions/a.js",
            "const o = {};\no.deep.thing = 1;\n",
            "definitions/a.js:2:1: Cannot set properties of undefined (setting 'thing')",
        ),
        (
            "definitions/a.js",
            "const o = {};\n\nlog(o.deep.thing);\n",
            "definitions/a.js:3:",
        ),
        (
            "definitions/a.js",
            "  unknown.call();\n",
            "definitions/a.js:1:3: unknown is not defined",
        ),
        (
            "definitions/a.js",
            "throw new Error(\"mine\");\n",
            "definitions/a.js:1:",
        ),
        ("definitions/a.js", "\nconst x = ;\n", "definitions/a.js:2:"),
        (
            "definitions/a.js",
            "require(\"fs\");\n",
            "Cannot find module 'fs': a compilation has no access to Node's own modules",
        ),
        (
            "definitions/a.js",
            "require(\"./none\");\n",
            "definitions/a.js:1:1: Cannot find module './none': no such file, looked up from definitions/a.js",
        ),
        (
            "definitions/a.js",
            "require(\"lodash\");\n",
            "it is neither a file of the project nor in its node_modules",
        ),
        // In SQLX: the file's own lines, not those of what the core makes of it.
        (
            "definitions/a.sqlx",
            "config {\n  type: \"view\"\n}\n\njs {\n  const x = 1;\n}\n\nselect\n  ${x},\n  ${nothing.at_all}\n",
            "definitions/a.sqlx:11:5: nothing is not defined",
        ),
        (
            "definitions/a.sqlx",
            "config { type: \"view\" }\nselect 1,\n\n  ${ 1 + } as x\n",
            "definitions/a.sqlx:4:",
        ),
        (
            "definitions/a.sqlx",
            "config {\n  type: \"view\",\n  tags: [unknown]\n}\nselect 1\n",
            "definitions/a.sqlx:3:10: unknown is not defined",
        ),
        (
            "definitions/a.sqlx",
            "config { type: \"table\" }\nselect 1\npre_operations {\n  ${one.two}\n}\n",
            "definitions/a.sqlx:4:5: one is not defined",
        ),
        // What the core finds when all is read has no place of its own: that of what it quotes.
        (
            "definitions/a.sqlx",
            "config { type: \"view\" }\nselect *\nfrom ${ref(\"missing\")}\n",
            "definitions/a.sqlx:3:12: Missing dependency detected: Action \"acme.marts.a\" depends on",
        ),
        (
            "definitions/a.sqlx",
            "config { type: \"view\", unknown: 1 }\nselect 1\n",
            "definitions/a.sqlx:1:24: Unexpected property \"unknown\"",
        ),
        (
            "includes/h.js",
            "module.exports = {\n  a: b\n};\n",
            "includes/h.js:2:6: b is not defined",
        ),
        (
            "definitions/actions.yaml",
            "actions:\n- table:\n   filename: [\n",
            "definitions/actions.yaml:",
        ),
    ] {
        let found = errors(&[(file, text)]);
        assert!(
            found.iter().any(|error| error.contains(expected)),
            "{text}\n{found:#?}\nexpected {expected}"
        );
    }
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let found = errors(&[
        ("definitions/a.js", "boom();\n"),
        ("definitions/b.sqlx", "config { type: \"view\" }\nselect ${bang}\n"),
        ("definitions/c.sqlx", "config { type: \"view\" }\nselect 1\n"),
    ]);
    assert_eq!(
        found,
        [
            "definitions/a.js:1:1: boom is not defined",
            "definitions/b.sqlx:2:10: bang is not defined"
        ]
    );
}

#[test]
fn settings_that_are_wrong_are_an_answer_with_an_error() {
    for (file, text, expected) in [
        (
            "workflow_settings.yaml",
            "defaultDataset: [\n",
            "workflow_settings.yaml:",
        ),
        ("workflow_settings.yaml", "defaultDatset: a\n", "defaultDatset"),
        (
            "workflow_settings.yaml",
            "dataformCoreVersion: 3.0.1\n",
            "Version mismatch",
        ),
        ("dataform.json", "{", "dataform.json"),
        (
            "dataform.json",
            "{}",
            "cannot be defined alongside workflow_settings.yaml",
        ),
    ] {
        let found = errors(&[(file, text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
    let none = compile(
        core(),
        &Default::default(),
        &CompilationConfig::default(),
        &Limits::default(),
    )
    .unwrap();
    assert!(
        none.errors[0].message.contains("workflow_settings.yaml"),
        "{:?}",
        none.errors
    );
}
