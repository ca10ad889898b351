//! Whether the corpus and the table of documented functions agree.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::Expectation;
use super::warehouse::{Answer, Warehouse};

const DOCUMENTED: &str = include_str!("../../../src/sql/functions/documented.txt");

/// Functions by name: whether they are missing here.
fn documented() -> BTreeMap<&'static str, bool> {
    let rows = DOCUMENTED.lines().filter_map(|line| line.split_once(" | "));
    rows.map(|(name, state)| (name, state.starts_with("missing"))).collect()
}

/// The words of a statement outside of its literals and comments, dotted names as one.
fn words(sql: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut word = String::new();
    let mut quote = None;
    for c in sql.chars().chain([' ']) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c.is_ascii_alphanumeric() || c == '_' || c == '.' => {
                word.push(c.to_ascii_uppercase());
                continue;
            }
            None => {}
        }
        let name = word.strip_prefix("SAFE.").unwrap_or(&word).to_owned();
        word.clear();
        // `case` stands without parentheses, and so may what reads the clock.
        if c == '(' || name == "CASE" || name.starts_with("CURRENT_") {
            out.insert(name);
        }
    }
    out
}

/// The functions that no case calls yet: whoever adds a case takes its function out, whoever adds a function adds a case.
const UNCOVERED: &str = include_str!("../../../../../../tests/conformance/sql/uncovered.txt");

#[test]
fn what_is_not_missing_is_called_by_a_case() {
    let mut called = BTreeSet::new();
    for (_, blocks) in super::files() {
        for block in blocks.iter().filter(|b| b.expectation != Expectation::Setup) {
            called.append(&mut words(&block.sql));
        }
    }
    let documented = documented();
    let present = documented.iter().filter(|(_, missing)| !**missing);
    let present: Vec<&str> = present.map(|(name, _)| *name).collect();
    let uncovered: Vec<&str> = present.iter().filter(|n| !called.contains(**n)).copied().collect();
    println!(
        "{} of {} functions are called",
        present.len() - uncovered.len(),
        present.len()
    );
    let known: Vec<&str> = UNCOVERED.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(
        uncovered, known,
        "functions without a case, and those that uncovered.txt names"
    );
}

#[tokio::test]
async fn what_is_missing_is_refused_by_its_name() {
    let warehouse = Warehouse::open();
    warehouse.dataset("d").await;
    for (name, _) in documented().iter().filter(|(_, missing)| **missing) {
        let answer = warehouse.ask("d", &format!("SELECT {name}()")).await;
        let expected = format!("the local BigQuery does not support the function {name}");
        assert!(
            matches!(&answer, Answer::Error { message, .. } if message.contains(&expected)),
            "{name}: {answer:?}"
        );
    }
}
