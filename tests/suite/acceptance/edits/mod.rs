//! Edits of tables that hold rows: what each plan says is compared with a golden file, and what it promises is kept.
//!
//! `cases.txt` are the edits; `golden.txt` is what becomes of each. `HEADWATER_TEST_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::Ended;
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

const CASES: &str = include_str!("cases.txt");
const GOLDEN: &str = include_str!("golden.txt");
const DATASET: &str = "edits";

/// One edit.
struct Case {
    title: &'static str,
    /// The resource's name, and the table's unless the attributes say another.
    name: String,
    before: &'static str,
    after: &'static str,
}

impl Case {
    fn address(&self) -> String {
        format!("headwater_bigquery_table.{}", self.name)
    }

    fn table(&self, attributes: &str) -> String {
        let own = attributes.lines().find_map(|line| line.strip_prefix("table_id"));
        own.map_or_else(
            || self.name.clone(),
            |text| text.trim_matches([' ', '=', '"']).to_owned(),
        )
    }

    fn resource(&self, attributes: &str) -> String {
        let mut text = format!(
            "resource \"headwater_bigquery_table\" \"{}\" {{\n  dataset = headwater_bigquery_dataset.{DATASET}.id\n",
            self.name
        );
        if !attributes.contains("table_id") {
            writeln!(text, "  table_id = \"{}\"", self.name).unwrap();
        }
        writeln!(text, "{attributes}\n}}\n").unwrap();
        text
    }
}

fn cases() -> Vec<Case> {
    let blocks = CASES.split("\n## ").skip(1);
    blocks
        .map(|block| {
            let (title, rest) = block.split_once('\n').unwrap();
            let (before, after) = rest.split_once("\n---\n").unwrap();
            let words = title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            Case {
                title,
                name: words.replace("__", "_"),
                before: before.trim(),
                after: after.trim(),
            }
        })
        .collect()
}

/// The configuration with every table in the form that `form` chooses.
fn configuration(cases: &[Case], form: impl Fn(&Case) -> &'static str) -> String {
    let mut text = format!(
        "resource \"headwater_bigquery_dataset\" \"{DATASET}\" {{\n  dataset_id = \"{DATASET}\"\n  location = \"EU\"\n  \
         delete_contents_on_destroy = true\n}}\n\n"
    );
    for case in cases {
        text.push_str(&case.resource(form(case)));
    }
    text
}

fn table_path(table: &str) -> String {
    format!("/bigquery/v2/projects/{PROJECT}/datasets/{DATASET}/tables/{table}")
}

fn document(cloud: &Cloud, table: &str) -> Value {
    let (status, document) = cloud.get(&table_path(table));
    assert_eq!(status, 200, "{table}: {document}");
    document
}

/// A value for a field of a schema.
fn value(field: &Value) -> Value {
    let one = match field["type"].as_str().unwrap() {
        "STRING" => json!("text"),
        "INTEGER" => json!(7),
        "FLOAT" | "NUMERIC" | "BIGNUMERIC" => json!("1.5"),
        "BOOLEAN" => json!(true),
        "DATE" => json!("2026-01-02"),
        "RECORD" => row(&field["fields"]),
        other => panic!("{other}"),
    };
    if field["mode"] == "REPEATED" { json!([one]) } else { one }
}

fn row(fields: &Value) -> Value {
    let fields = fields.as_array().unwrap().iter();
    fields
        .map(|field| (field["name"].as_str().unwrap().to_owned(), value(field)))
        .collect()
}

fn insert(cloud: &Cloud, table: &str) {
    let schema = document(cloud, table)["schema"]["fields"].clone();
    let body = json!({"rows": [{"insertId": "1", "json": row(&schema)}]});
    let (status, answer) = cloud.post(&format!("{}/insertAll", table_path(table)), &body);
    assert!(status == 200 && answer["insertErrors"].is_null(), "{table}: {answer}");
}

/// The columns in BigQuery's words: `id STRING, r RECORD{x NUMERIC}, …`.
fn spell(fields: &Value) -> String {
    let fields = fields.as_array().into_iter().flatten();
    let spelled: Vec<String> = fields
        .map(|field| {
            let mut text = format!(
                "{} {}",
                field["name"].as_str().unwrap(),
                field["type"].as_str().unwrap()
            );
            for key in ["maxLength", "precision", "scale"] {
                if let Some(number) = field[key].as_str() {
                    write!(text, " {key} {number}").unwrap();
                }
            }
            match field["mode"].as_str() {
                None | Some("NULLABLE") => {}
                Some(mode) => write!(text, " {mode}").unwrap(),
            }
            if field["fields"].is_array() {
                write!(text, "{{{}}}", spell(&field["fields"])).unwrap();
            }
            text
        })
        .collect();
    spelled.join(", ")
}

/// What terraform says of each resource, by address.
fn diagnostics(plan: &Ended) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in plan.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let diagnostic = &line["diagnostic"];
        if line["type"] != "diagnostic" {
            continue;
        }
        let address = diagnostic["address"].as_str().unwrap_or_default().to_owned();
        let text = |key: &str| without_sizes(diagnostic[key].as_str().unwrap_or_default());
        let mut said = format!("{}: {}", diagnostic["severity"].as_str().unwrap(), text("summary"));
        for line in text("detail").lines().filter(|line| !line.is_empty()) {
            write!(said, "\n    {line}").unwrap();
        }
        found.entry(address).or_default().push(said);
    }
    found
}

/// How many bytes a row has is the warehouse's business: `1 row (24 bytes)` becomes `1 row (…)`.
fn without_sizes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" row (") {
        let end = after.find(')').unwrap();
        assert!(after[..end].ends_with("bytes"), "no size in {text}");
        write!(out, "{before} row (…").unwrap();
        rest = &after[end..];
    }
    out + rest
}

#[test]
fn every_edit_of_a_table_is_an_update_a_refusal_or_an_announced_replacement() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &configuration(&cases, |case| case.before));
    tf.apply();
    tf.assert_no_changes("after the tables were made");
    for case in &cases {
        insert(&cloud, &case.table(case.before));
    }

    // All edits at once: those that are refused say so.
    tf.write(&configuration(&cases, |case| case.after));
    let plan = tf.run(&["plan", "-json"]);
    assert_eq!(plan.code, 1, "nothing was refused");
    let said = diagnostics(&plan);
    let refused = |case: &Case| {
        said.get(&case.address())
            .is_some_and(|texts| texts.iter().any(|text| text.starts_with("error")))
    };

    // The others: what the plan shows, and what comes of it.
    let rest = configuration(&cases, |case| if refused(case) { case.before } else { case.after });
    tf.write(&rest);
    let actions = actions(&tf.plan());
    let warned = diagnostics(&tf.run(&["plan", "-json"]).ok());
    tf.apply();
    tf.assert_no_changes("after the edits");

    let mut golden = String::from("What becomes of each edit of cases.txt, and the columns that the table has then.\n");
    for case in &cases {
        let action = actions.get(&case.address()).map_or("no-op", String::as_str);
        writeln!(golden, "\n## {}", case.title).unwrap();
        let replaced = action.contains("delete");
        if refused(case) {
            assert_eq!(action, "no-op", "{}", case.title);
            writeln!(golden, "refused\n  {}", said[&case.address()].join("\n  ")).unwrap();
        } else {
            writeln!(golden, "{action}").unwrap();
            for text in warned.get(&case.address()).into_iter().flatten() {
                writeln!(golden, "  {text}").unwrap();
            }
        }
        let table = case.table(if refused(case) { case.before } else { case.after });
        let document = document(&cloud, &table);
        if action == "update" {
            writeln!(golden, "  then: {}", spell(&document["schema"]["fields"])).unwrap();
        }
        let rows = if replaced { "0" } else { "1" };
        assert_eq!(document["numRows"], rows, "rows after {}", case.title);
        if !replaced {
            let filter = document["requirePartitionFilter"] == true;
            let filter = if filter { " WHERE t > '2000-01-01'" } else { "" };
            let id = bigquery::cell(&cloud, &format!("SELECT id FROM {DATASET}.{table}{filter}"));
            assert_eq!(id, "text", "the row of {}", case.title);
        }
    }
    values_moved_along(&cloud);
    check_golden(&golden);
}

/// The actions of a plan by address.
fn actions(plan: &Value) -> BTreeMap<String, String> {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    changes
        .map(|change| {
            let actions = change["change"]["actions"].as_array().unwrap().iter();
            let actions: Vec<&str> = actions.filter_map(Value::as_str).collect();
            (change["address"].as_str().unwrap().to_owned(), actions.join("+"))
        })
        .collect()
}

/// The values of columns that got another name or type are still theirs.
fn values_moved_along(cloud: &Cloud) {
    for (sql, expected) in [
        ("SELECT new FROM edits.rename_marked", "7"),
        ("SELECT new FROM edits.rename_and_widen", "7"),
        ("SELECT n FROM edits.widen_int64_to_numeric", "7"),
        ("SELECT n FROM edits.widen_int64_to_float64", "7.0"),
        ("SELECT n FROM edits.widen_precision", "1.5"),
        ("SELECT r.x FROM edits.widen_inside_record", "7"),
        ("SELECT r.x FROM edits.add_inside_record", "7"),
        ("SELECT r[OFFSET(0)].x FROM edits.add_inside_repeated_record", "7"),
        ("SELECT a.b.c.d.x FROM edits.add_at_depth_of_json", "text"),
    ] {
        assert_eq!(bigquery::cell(cloud, sql), expected, "{sql}");
    }
}

fn check_golden(found: &str) {
    if std::env::var_os("HEADWATER_TEST_BLESS").is_some() {
        let root = std::env::var("HEADWATER_TEST_ROOT").unwrap();
        std::fs::write(format!("{root}/tests/suite/acceptance/edits/golden.txt"), found).unwrap();
        return;
    }
    let differs = found
        .lines()
        .zip(GOLDEN.lines())
        .position(|(found, golden)| found != golden);
    assert!(
        found == GOLDEN,
        "golden.txt is another, from line {} on; look at the difference and run with HEADWATER_TEST_BLESS=1:\n{found}",
        differs.map_or(found.lines().count().min(GOLDEN.lines().count()), |line| line) + 1
    );
}
