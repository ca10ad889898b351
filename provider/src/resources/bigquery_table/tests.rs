//! The decisions about edits, as data: `edits.txt`.

use super::column::{Column, Mode, sql_type};
use super::edits::{Partitioning, Shape, decide};
use super::plan;

const CASES: &str = include_str!("edits.txt");

/// Reads the columns at the start of `text`, up to the end or a closing brace; what is left comes back.
fn columns(mut text: &str) -> (Vec<Column>, &str) {
    let mut columns = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() || text.starts_with('}') {
            return (columns, text);
        }
        let (column, rest) = column(text);
        columns.push(column);
        text = rest;
    }
}

fn column(text: &str) -> (Column, &str) {
    let end = text.find([':', '{']).expect("a type or fields");
    let (name, renamed_from) = match text[..end].split_once('<') {
        Some((name, old)) => (name, Some(old.to_owned())),
        None => (&text[..end], None),
    };
    let mut column = Column {
        name: name.into(),
        renamed_from,
        ..Column::default()
    };
    let mut rest = &text[end + 1..];
    if text[end..].starts_with('{') {
        column.kind = "STRUCT".into();
        let (fields, after) = columns(rest);
        column.fields = fields;
        rest = after.strip_prefix('}').expect("a closing brace");
    } else {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        column.kind = sql_type(&rest[..end]).expect("a type").into();
        rest = &rest[end..];
        if let Some(inner) = rest.strip_prefix('(') {
            let (numbers, after) = inner.split_once(')').expect("a closing parenthesis");
            let numbers: Vec<i64> = numbers.split(',').map(|n| n.parse().expect("a number")).collect();
            if column.kind.ends_with("NUMERIC") {
                column.precision = Some(numbers[0]);
                column.scale = numbers.get(1).copied().filter(|scale| *scale != 0);
            } else {
                column.max_length = Some(numbers[0]);
            }
            rest = after;
        }
    }
    let end = rest.find([' ', '}']).unwrap_or(rest.len());
    let (mut flags, rest) = rest.split_at(end);
    if let Some(after) = flags.strip_prefix(['!', '*']) {
        column.mode = if flags.starts_with('!') {
            Mode::Required
        } else {
            Mode::Repeated
        };
        flags = after;
    }
    match flags.chars().next() {
        Some('"') => column.description = flags.trim_matches('"').into(),
        Some('=') => column.default = Some(flags[1..].into()),
        Some('#') => column.policy_tags = vec![flags[1..].into()],
        Some(other) => panic!("{other} in {text}"),
        None => {}
    }
    (column, rest)
}

fn shape(text: &str) -> Shape {
    let (text, layout) = text.split_once('|').unwrap_or((text, ""));
    let mut shape = Shape {
        columns: columns(text).0,
        ..Shape::default()
    };
    for word in layout.split_whitespace() {
        let (what, arguments) = word.trim_end_matches(')').split_once('(').expect("an argument");
        let names: Vec<String> = arguments
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let number = |index: usize| names[index].parse().expect("a number");
        match what {
            "day" | "hour" => {
                shape.partitioning = Partitioning::Time {
                    kind: what.to_uppercase(),
                    field: names.first().cloned(),
                    expiration_ms: None,
                }
            }
            "expire" => {
                if let Partitioning::Time { expiration_ms, .. } = &mut shape.partitioning {
                    *expiration_ms = Some(number(0));
                }
            }
            "range" => {
                shape.partitioning = Partitioning::Range {
                    field: names[0].clone(),
                    start: number(1),
                    end: number(2),
                    interval: number(3),
                }
            }
            "cluster" => shape.clustering = names,
            "key" => shape.primary_key = names,
            other => panic!("{other}"),
        }
    }
    shape
}

fn decided(before: &str, after: &str) -> String {
    let (allow, after) = match after.strip_prefix("drop ") {
        Some(after) => (true, after),
        None => (false, after),
    };
    let decision = decide(&shape(before), &shape(after), allow);
    let refusals = decision
        .refusals
        .iter()
        .map(|refusal| format!("refused {}: {}", plan::path_of(refusal), refusal.what));
    let edits = decision.edits.iter().map(ToString::to_string);
    let rebuild = decision
        .rebuild
        .iter()
        .map(|rebuild| format!("rebuild {}: {}", rebuild.attribute, rebuild.what));
    let all: Vec<String> = refusals.chain(edits).chain(rebuild).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join("; ")
    }
}

#[test]
fn every_edit_is_decided_as_written() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(" -> ").collect();
        let [before, after, expected] = parts.as_slice() else {
            panic!("{line}")
        };
        count += 1;
        let found = decided(before, after);
        if found != *expected {
            wrong.push(format!(
                "{before} -> {after}\n  expected {expected}\n  found    {found}"
            ));
        }
    }
    assert!(count >= 40, "{count} cases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_refusal_says_why_and_what_else() {
    for line in CASES.lines().filter(|line| line.contains(" -> refused")) {
        let parts: Vec<&str> = line.split(" -> ").collect();
        let after = parts[1].strip_prefix("drop ").unwrap_or(parts[1]);
        for refusal in decide(&shape(parts[0]), &shape(after), parts[1] != after).refusals {
            assert!(refusal.why.ends_with('.'), "{line}: {refusal:?}");
            assert!(!refusal.choices.is_empty(), "{line}: {refusal:?}");
            assert!(
                refusal.choices.iter().all(|choice| choice.ends_with('.')),
                "{line}: {refusal:?}"
            );
        }
    }
}

#[test]
fn the_model_fits_the_schema() {
    let problems = tfplugin_framework::check_resource(&super::BigQueryTable);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_table_that_does_not_expire_says_so() {
    // An import has no configuration to look at: what it finds must be what can be written there.
    let imported = super::Table::from_id("p.d.t").expect("an id");
    let found = imported.read(&serde_json::json!({"schema": {"fields": []}}));
    assert_eq!(found.expiration_time.as_deref(), Some("never"));
}
