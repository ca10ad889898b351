//! A project's code is stopped, and the error says by which limit.

use std::time::{Duration, Instant};

use headwater_dataform::{CompilationConfig, CompileFailure, Limit, Limits, compile};

use crate::{core, files};

fn limited(text: &str, limits: &Limits) -> Result<Vec<String>, CompileFailure> {
    let graph = compile(
        core(),
        &files(&[("definitions/a.js", text)]),
        &CompilationConfig::default(),
        limits,
    )?;
    Ok(graph.errors.iter().map(ToString::to_string).collect())
}

fn stopped_by(result: Result<Vec<String>, CompileFailure>) -> (Limit, String) {
    match result {
        Err(CompileFailure::Limit { limit, message }) => (limit, message),
        other => panic!("not stopped: {other:?}"),
    }
}

#[test]
fn a_loop_without_end_is_stopped() {
    let limits = Limits {
        time: Duration::from_millis(1500),
        ..Limits::default()
    };
    for text in [
        "while (true) {}",
        "while (true) { try { throw 1 } catch (e) {} }",
        "/(a+)+$/.test(\"a\".repeat(60) + \"b\")",
    ] {
        let started = Instant::now();
        let (limit, message) = stopped_by(limited(text, &limits));
        assert_eq!(limit, Limit::Time, "{text}");
        assert!(
            message.contains("1.5s") && message.contains("raise the time limit"),
            "{message}"
        );
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[test]
fn memory_without_end_is_stopped() {
    let limits = Limits {
        memory: 96 << 20,
        ..Limits::default()
    };
    for text in [
        "const all = []; while (true) all.push(\"x\".repeat(1000) + all.length);",
        "let s = \"x\"; while (true) s += s;",
        "const all = []; while (true) { try { all.push(new Array(10000).fill(all.length)); } catch (e) {} if (all.length > 1e9) break; }",
        "new Uint8Array(1e9);",
    ] {
        let limits = Limits {
            time: Duration::from_secs(8),
            ..limits
        };
        let result = limited(text, &limits);
        match &result {
            // One that catches the error goes on until the time is over, and stays within the memory.
            Err(CompileFailure::Limit { limit: Limit::Time, .. }) if text.contains("catch") => continue,
            _ => {}
        }
        let (limit, message) = stopped_by(result);
        assert_eq!(limit, Limit::Memory, "{text}");
        assert!(
            message.contains("96 MB") && message.contains("raise the memory limit"),
            "{message}"
        );
    }
}

#[test]
fn calls_without_end_are_an_error_with_a_place() {
    let found = limited(
        "function deeper(n) {\n  return deeper(n + 1) + 1;\n}\ndeeper(0);\n",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("definitions/a.js:2:"), "{found:?}");
    assert!(
        found[0].contains("4096 KB of stack") && found[0].contains("raise the stack limit"),
        "{found:?}"
    );
}

#[test]
fn what_is_deep_but_ends_is_compiled() {
    let text = "const f = n => n === 0 ? 0 : 1 + f(n - 1);\npublish(\"t\", `select ${f(3000)} as n`);\n";
    assert_eq!(limited(text, &Limits::default()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_project_does_not_reach_out_of_its_files() {
    for text in [
        "require(\"../../etc/passwd\");",
        "require(\"/etc/passwd\");",
        "require(\"child_process\");",
        "new Function(\"return process\")().exit(1);",
        "console.log(std, os);",
    ] {
        let found = limited(text, &Limits::default()).unwrap();
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
    let text = "publish(\"t\", `select \"${Object.keys(process.env).length}\" as n`);";
    assert_eq!(limited(text, &Limits::default()).unwrap(), Vec::<String>::new());
}
