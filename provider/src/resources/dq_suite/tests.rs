//! Every kind there and back, what is refused and where, and the mapping between state and spec.

use std::collections::{BTreeMap, BTreeSet};

use headwater_suite::Expectation;
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostics, Value, from_value, to_value};

use super::check::{Known, check};
use super::expectation::{attributes, read, write};
use super::kinds::KINDS;
use super::model::{AlertModel, Model, ResultsModel};
use super::node::{Block, Node};
use super::reads::{self, FilesModel, IncrementalModel, SamplesModel};
use super::schema::schema;
use super::spec::Facts;
use super::target::Target;

/// A configuration with these expectations: `{"not_null": [{"column": "id"}]}`, defaults filled in.
fn config(expectations: &Json) -> Model {
    let mut kinds: BTreeMap<String, Attr<Vec<Attr<Block>>>> = KINDS
        .iter()
        .map(|(kind, ..)| ((*kind).to_owned(), Attr::Null))
        .collect();
    for (kind, blocks) in expectations.as_object().expect("kinds") {
        let judges = super::expectation::judges(kind);
        let block = |json: &Json| -> Block {
            let attributes = attributes(kind, judges);
            let attributes = attributes.iter();
            attributes
                .map(|(name, attribute)| ((*name).to_owned(), Node::of(json.get(name), attribute)))
                .collect()
        };
        let blocks = blocks
            .as_array()
            .expect("blocks")
            .iter()
            .map(|json| Attr::Known(block(json)));
        kinds.insert(kind.clone(), Attr::Known(blocks.collect()));
    }
    Model {
        name: "orders".into(),
        lake: "gs://lake".into(),
        runtime: "projects/p/locations/europe-west1/jobs/headwater".into(),
        table: "projects/p/datasets/raw/tables/orders".into(),
        expectations: kinds.into(),
        results: Attr::Known(ResultsModel {
            dataset: "projects/p/datasets/dq".into(),
            run_table: "dq_run".into(),
            result_table: "dq_result".into(),
            ..ResultsModel::default()
        }),
        alert: Attr::Known(AlertModel {
            topic: "projects/p/topics/alerts".into(),
            on: vec![Attr::from("fail"), "recovered".into()].into(),
            min_severity: "info".into(),
        }),
        delete_results_on_destroy: true.into(),
        ..Model::default()
    }
}

/// One expectation of every kind, with everything that is not a default.
fn every_kind() -> Vec<Expectation> {
    let checks = json!([
        {"not_null": {"column": "a"}}, {"is_null": {"column": "b"}},
        {"unique": {"columns": ["a", "b"], "ignore_rows": "all_missing"}},
        {"distinct_within_row": {"columns": ["a", "b"]}}, {"equal_within_row": {"columns": ["c", "d"], "ignore_rows": "never"}},
        {"row_sum": {"columns": ["a", "b"], "total": 1.5}},
        {"in_set": {"column": "a", "values": {"ints": [1, 2]}}}, {"not_in_set": {"column": "b", "values": {"bools": [true]}}},
        {"between": {"column": "a", "bounds": {"decimals": {"min": "0.10", "strict_min": true}}}},
        {"length": {"column": "s", "min": 1, "max": 3, "strict_max": true}},
        {"matches": {"column": "s", "patterns": ["^a+$", "b"], "match_on": "all"}},
        {"not_matches": {"column": "s", "patterns": ["x"], "as_text": true}},
        {"like": {"column": "s", "patterns": ["a%"], "escape": "!"}}, {"not_like": {"column": "s", "patterns": ["b_"]}},
        {"time_format": {"column": "s", "format": "%Y"}}, {"json": {"column": "s"}},
        {"ordered": {"column": "a", "direction": "decreasing", "strictly": true}},
        {"z_score": {"column": "a", "threshold": 3.0, "double_sided": false}},
        {"not_outlier": {"column": "a", "method": "std", "multiplier": 2.5}},
        {"compare": {"left": "a", "op": ">=", "right": "b", "ignore_rows": "never"}},
        {"pair_in_set": {"left": "s", "right": "a", "pairs": [["x", 1], ["y", 2.5], ["z", true]]}},
        {"statistic": {"column": "a", "statistic": "mean", "bounds": {"floats": {"min": 0.25, "max": 4.0}}, "no_data": "fail"}},
        {"quantile": {"column": "a", "quantiles": [{"p": 0.5, "min": 1.0}, {"p": 0.9, "max": 9.5}], "method": "linear"}},
        {"distinct_set": {"column": "s", "mode": "contain", "values": {"dates": ["2026-01-31"]}}},
        {"most_common": {"column": "s", "values": {"strings": ["x"]}, "ties_ok": true}},
        {"distribution": {"column": "s", "expected": {"categories": {"values": ["x", "y"], "weights": [0.25, 0.75]}}, "threshold": 0.5}},
        {"row_count": {"min": 1, "max": 9}}, {"row_count_equals": {"table": "p.d.t"}},
        {"column_count": {"max": 9}}, {"columns": {"names": ["a", "b"], "mode": "ordered"}},
        {"column_exists": {"column": "a", "position": 0}}, {"type": {"column": "a", "types": ["INT64"]}},
        {"sql_rows": {"query": "SELECT 1 FROM {batch}"}},
        {"sql_equals": {"query": "SELECT 1", "other_source": "bigquery", "other_query": "SELECT 2"}},
        {"foreign_key": {"columns": ["a", "b"], "references": {"table": "`p.d.t`", "columns": ["x", "y"]}, "ignore_rows": "all_missing"}},
        {"sql_condition": {"condition": "a < b -- of course"}},
        {"freshness": {"column": "at", "max_age": "6h", "max_ahead": "5m", "no_data": "fail"}},
        {"anomaly": {"metric": "mean", "column": "a", "method": "relative_change", "threshold": 0.5, "history": "8w",
            "min_points": 3, "group_by": "day_of_week"}},
        {"reconcile": {"with": {"table": "p.d.t", "filter": "a > 1"}, "columns": ["a"], "keys": ["b"], "count_tolerance": 0.25}},
        {"sql_aggregate": {"expression": "SUM(a)", "min": 0.5, "strict_min": true, "no_data": "zero"}},
        {"schema_change": {"allow": ["add", "mode"], "baseline": [{"name": "a", "type": "INT64", "mode": "REQUIRED"}]}}
    ]);
    let mut all: Vec<Expectation> = checks
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| {
            serde_json::from_value(json!({"check": check, "severity": "warn", "tags": ["t"], "owner": "me"}))
                .expect("an expectation")
        })
        .collect();
    let bins = json!({"id": "bins", "check": {"distribution": {"column": "a", "expected": {"bins":
        {"edges": [0.0, 1.0], "weights": [0.5], "tail_weights": [0.25, 0.25]}}}}, "enabled": false});
    let meant = json!({"id": "meant", "mostly": 0.5, "nan": "null", "on_fail": "quarantine", "dimension": "accuracy",
        "check": {"not_null": {"column": "a"}}, "where": {"all": [
            {"compare": {"column": "s", "op": "!=", "value": {"strings": ["x"]}}},
            {"any": [{"in": {"column": "a", "values": {"ints": [1, 2]}, "negated": true}}, {"is_null": {"column": "b", "negated": true}}]}]}});
    // Those of the defaults.
    let rows = json!({"id": "rows", "check": {"anomaly": {"metric": "row_count", "threshold": 3.5}}});
    let columns = json!({"id": "shape", "check": {"schema_change": {}}});
    all.extend([bins, meant, rows, columns].map(|one| serde_json::from_value(one).expect("an expectation")));
    all
}

#[test]
fn every_kind_goes_there_and_back() {
    let mut seen = BTreeSet::new();
    for expectation in every_kind() {
        let (kind, block) = write(&expectation);
        seen.insert(kind);
        let again = read(kind, 0, &block)
            .ok()
            .unwrap_or_else(|| panic!("{kind} is not read"));
        assert_eq!(again, expectation, "{kind}");
    }
    let kinds: BTreeSet<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(seen, kinds);
    // The suite's own form knows no others.
    let form = headwater_suite::Suite::json_schema();
    let variants = form["$defs"]["Check"]["oneOf"].as_array().expect("variants").len();
    assert_eq!(variants, KINDS.len());
    for (kind, judges, _) in KINDS {
        let example = every_kind()
            .into_iter()
            .find(|one| one.check.name() == kind)
            .expect("an example");
        assert_eq!(example.check.kind(), judges, "{kind}");
    }
}

#[test]
fn what_is_written_reads_back_as_planned() {
    there_and_back(config(&json!({})));
    let mut some = config(&json!({}));
    some.incremental = Attr::Known(IncrementalModel {
        column: "ordered".into(),
        overlap: "90m".into(),
        start: "2026-01-31T01:00:00+01:00".into(),
    });
    some.sample_percent = 12.5.into();
    if let Some(results) = some.results.known_mut() {
        results.samples = Attr::Known(SamplesModel {
            rows: 5.into(),
            unmasked_columns: vec![Attr::from("email")].into(),
        });
    }
    there_and_back(some);
    let mut files = config(&json!({}));
    files.table = Attr::Null;
    files.files = Attr::Known(FilesModel {
        uri: "gs://lake/orders/*.parquet".into(),
    });
    there_and_back(files);
}

fn there_and_back(mut planned: Model) {
    let kinds = planned.expectations.known_mut().expect("kinds");
    for expectation in every_kind() {
        let (kind, block) = write(&expectation);
        match kinds.get_mut(kind).expect("a kind") {
            Attr::Known(blocks) => blocks.push(Attr::Known(block)),
            blocks => *blocks = Attr::Known(vec![Attr::Known(block)]),
        }
    }
    let facts = Facts {
        project: "p".into(),
        location: "EU".into(),
        results_location: "EU".into(),
        deployed_by: None,
    };
    let spec = planned.known().expect("known").spec(&facts);
    spec.check().expect("a sound spec");
    let suite = spec.suite().expect("a suite");
    let state = planned.with_spec(&spec, suite);
    assert_eq!(
        state,
        Model {
            spec_hash: spec.hash().into(),
            ..planned.clone()
        }
    );
    // What is made of a document alone says the same, and is of the schema's type.
    let imported = Model {
        runtime: planned.runtime.clone(),
        delete_results_on_destroy: true.into(),
        ..Model::default()
    }
    .with_spec(&spec, suite);
    assert_eq!(imported.known(), planned.known());
    let value = to_value(&imported, &schema(), &Value::Null).expect("of the schema's type");
    let again: Model = from_value(&value, &schema()).expect("of the model's type");
    assert_eq!(again.known(), planned.known());
}

/// What is said first, and where.
fn first(problems: &Diagnostics) -> (String, String) {
    let first = problems.iter().next();
    first.map_or_else(Default::default, |problem| {
        (
            problem.path.to_string(),
            format!("{}\n{}", problem.summary, problem.detail),
        )
    })
}

#[test]
fn offline_checks_name_path_and_remedy() {
    let cases = [
        (json!({}), "expectations", "Add an expectation"),
        (
            json!({"not_null": [{"column": "a", "mostly": 1.5}]}),
            "expectations.not_null[0].mostly",
            "from 0 to 1",
        ),
        (
            json!({"between": [{"column": "a"}]}),
            "expectations.between[0]",
            "Give exactly one of `ints`",
        ),
        (
            json!({"between": [{"column": "a", "ints": {"min": 1}, "floats": {"min": 1}}]}),
            "expectations.between[0].floats",
            "one type",
        ),
        (
            json!({"between": [{"column": "a", "ints": {"min": 3, "max": 2}}]}),
            "expectations.between[0].ints.min",
            "`min` no greater than `max`",
        ),
        (
            json!({"between": [{"column": "a", "dates": {"min": "31.1.2026"}}]}),
            "expectations.between[0].dates.min",
            "2026-01-31",
        ),
        (
            json!({"between": [{"column": "a", "ints": {"min": 2, "max": 2, "strict_max": true}}]}),
            "expectations.between[0].ints.min",
            "No value lies between",
        ),
        (
            json!({"in_set": [{"column": "a", "strings": []}]}),
            "expectations.in_set[0].strings",
            "at least one value",
        ),
        (
            json!({"in_set": [{"column": "a", "ints": [1, 1]}]}),
            "expectations.in_set[0].ints",
            "Take one of them out",
        ),
        (
            json!({"matches": [{"column": "a", "patterns": ["(?=x)"]}]}),
            "expectations.matches[0].patterns",
            "no look-around",
        ),
        (
            json!({"matches": [{"column": "a", "patterns": ["(a)\\1"]}]}),
            "expectations.matches[0].patterns",
            "no back-references",
        ),
        (
            json!({"row_count": [{"min": 1, "on_fail": "quarantine"}]}),
            "expectations.row_count[0].on_fail",
            "Use `record` or `fail`",
        ),
        (
            json!({"quantile": [{"column": "a", "quantiles": [{"p": 1.5}]}]}),
            "expectations.quantile[0].quantiles[0].p",
            "from 0 to 1",
        ),
        (
            json!({"row_count": [{"min": 3, "max": 2}]}),
            "expectations.row_count[0].min",
            "no greater",
        ),
        (
            json!({"length": [{"column": "a"}]}),
            "expectations.length[0].min",
            "at least one",
        ),
        (
            json!({"unique": [{"columns": ["a", "a"]}]}),
            "expectations.unique[0].columns",
            "once",
        ),
        (
            json!({"distribution": [{"column": "a"}]}),
            "expectations.distribution[0]",
            "Give `categories` or `bins`",
        ),
        (
            json!({"distribution": [{"column": "a", "categories": {"strings": ["x"], "weights": [0.5]}}]}),
            "expectations.distribution[0].categories",
            "add up to 1",
        ),
        (
            json!({"pair_in_set": [{"left": "a", "right": "b", "pairs": [{"left": "x", "right": "y", "right_type": "int"}]}]}),
            "expectations.pair_in_set[0].pairs[0].right",
            "change `right_type`",
        ),
        (
            json!({"not_null": [{"column": "a", "where": "b = "}]}),
            "expectations.not_null[0].where",
            "ends too early",
        ),
        (
            json!({"not_null": [{"column": "a", "where": "b = 1 AND LOWER(s) = 'x'"}]}),
            "expectations.not_null[0].where",
            "t character 16",
        ),
        (
            json!({"not_null": [{"column": "a", "where": "b > DATE '31.1.2026'"}]}),
            "expectations.not_null[0].where",
            "2026-01-31",
        ),
        (
            json!({"not_null": [{"column": "a"}, {"column": "a", "mostly": 0.5}]}),
            "expectations.not_null[1].id",
            "an `id` of its own",
        ),
        (
            json!({"not_null": [{"column": "a"}], "is_null": [{"column": "a"}]}),
            "expectations.is_null[0].column",
            "Take one of them out",
        ),
        (
            json!({"in_set": [{"column": "a", "ints": [1, 2]}], "not_in_set": [{"column": "a", "ints": [2]}]}),
            "expectations.not_in_set[0].ints",
            "demanded and forbidden",
        ),
        (
            json!({"between": [{"column": "a", "ints": {"max": 1}}, {"id": "b", "column": "a", "ints": {"min": 2}}]}),
            "expectations.between[1].ints",
            "No value of `a`",
        ),
        (
            json!({"freshness": [{"column": "at", "max_age": "6 hours"}]}),
            "expectations.freshness[0].max_age",
            "such as `90m`, `6h` or `28d`",
        ),
        (
            json!({"freshness": [{"column": "at", "max_age": "6h", "max_ahead": "soon"}]}),
            "expectations.freshness[0].max_ahead",
            "not a length of time",
        ),
        (
            json!({"anomaly": [{"metric": "row_count", "threshold": 0}]}),
            "expectations.anomaly[0].threshold",
            "above 0",
        ),
        (
            json!({"anomaly": [{"metric": "row_count", "threshold": 3, "min_points": 2}]}),
            "expectations.anomaly[0].min_points",
            "at least 3",
        ),
        (
            json!({"anomaly": [{"metric": "mean", "threshold": 3}]}),
            "expectations.anomaly[0].column",
            "Set `column` for a number of a column",
        ),
        (
            json!({"anomaly": [{"metric": "row_count", "column": "a", "threshold": 3}]}),
            "expectations.anomaly[0].column",
            "leave it out for `row_count`",
        ),
        (
            json!({"anomaly": [{"metric": "row_count", "threshold": 3, "history": "0d"}]}),
            "expectations.anomaly[0].history",
            "no time at all",
        ),
        (
            json!({"foreign_key": [{"columns": ["a", "b"], "references": {"table": "p.raw.customers", "columns": ["id"]}}]}),
            "expectations.foreign_key[0].references.columns",
            "as many of its columns",
        ),
        (
            json!({"foreign_key": [{"columns": ["a"], "references": {"table": "`p.raw.orders`", "columns": ["a"]}}]}),
            "expectations.foreign_key[0].references.columns",
            "refers to itself",
        ),
        (
            json!({"foreign_key": [{"columns": ["a"], "references": {"table": "customers", "columns": ["a"]}}]}),
            "expectations.foreign_key[0].references.table",
            "sql_name",
        ),
        (
            json!({"foreign_key": [{"columns": ["a"], "references": {"table": "p.raw.x", "columns": ["a"]}, "on_fail": "quarantine"}]}),
            "expectations.foreign_key[0].on_fail",
            "Use `record` or `fail`",
        ),
        (
            json!({"reconcile": [{"with": {"table": "p.raw.orders"}, "columns": ["a"]}]}),
            "expectations.reconcile[0].with.table",
            "compared with itself",
        ),
        (
            json!({"reconcile": [{"with": {"table": "p.raw.x"}, "columns": ["a"], "count_tolerance": 0.1}]}),
            "expectations.reconcile[0].count_tolerance",
            "`keys` where values are compared",
        ),
        (
            json!({"reconcile": [{"with": {"table": "p.raw.x"}, "keys": ["a", "a"]}]}),
            "expectations.reconcile[0].keys",
            "Name each once",
        ),
        (
            json!({"sql_condition": [{"condition": " "}]}),
            "expectations.sql_condition[0].condition",
            "`price >= 0`",
        ),
        (
            json!({"sql_aggregate": [{"expression": "SUM(a)"}]}),
            "expectations.sql_aggregate[0].min",
            "Give `min`, `max` or both",
        ),
        (
            json!({"sql_aggregate": [{"expression": "SUM(a)", "min": 2, "max": 1}]}),
            "expectations.sql_aggregate[0].min",
            "no greater than `max`",
        ),
        (
            json!({"schema_change": [{"baseline": [{"name": "a", "type": "INT64"}, {"name": "a", "type": "STRING"}]}]}),
            "expectations.schema_change[0].baseline",
            "each column once",
        ),
    ];
    for (expectations, path, says) in cases {
        let (at, said) = first(&check(&config(&expectations)));
        assert_eq!(at, path, "{expectations}: {said}");
        assert!(said.contains(says), "{expectations}: {said}");
    }
    let mild = json!({
        "between": [{"column": "a", "ints": {"max": 1}, "where": "b IS NULL"}, {"id": "b", "column": "a", "ints": {"min": 2}}],
        "not_null": [{"column": "a", "mostly": 0.5}], "is_null": [{"column": "a"}]
    });
    assert_eq!(first(&check(&config(&mild))).1, "", "of other rows, or of some of them");
}

#[test]
fn expectations_are_held_against_the_tables_columns() {
    let target = Target::of(&json!({
        "schema": {"fields": [
            {"name": "order_id", "type": "INTEGER"}, {"name": "status", "type": "STRING"}, {"name": "at", "type": "TIMESTAMP"},
            {"name": "tags", "type": "STRING", "mode": "REPEATED"}]},
        "timePartitioning": {"type": "DAY", "field": "at"}, "requirePartitionFilter": true
    }));
    assert_eq!(target.required_filter.as_deref(), Some("at"));
    let cases = [
        (
            json!({"not_null": [{"column": "order_ids"}]}),
            "expectations.not_null[0].column",
            "Did you mean `order_id`?",
        ),
        (
            json!({"unique": [{"columns": ["status", "x"]}]}),
            "expectations.unique[0].columns[1]",
            "no column `x`",
        ),
        (
            json!({"compare": [{"left": "status", "op": "=", "right": "y"}]}),
            "expectations.compare[0].right",
            "no column `y`",
        ),
        (
            json!({"matches": [{"column": "order_id", "patterns": ["a"]}]}),
            "expectations.matches[0].column",
            "type STRING",
        ),
        (
            json!({"statistic": [{"column": "status", "statistic": "mean", "floats": {"min": 1}}]}),
            "expectations.statistic[0].column",
            "judges numbers",
        ),
        (
            json!({"in_set": [{"column": "order_id", "strings": ["1"]}]}),
            "expectations.in_set[0].strings",
            "`ints`",
        ),
        (
            json!({"between": [{"column": "at", "ints": {"min": 1}}]}),
            "expectations.between[0].ints",
            "`dates` or `timestamps`",
        ),
        (
            json!({"in_set": [{"column": "tags", "strings": ["1"]}]}),
            "expectations.in_set[0].strings",
            "`sql_rows`",
        ),
        (
            json!({"not_null": [{"column": "status", "where": "state IS NULL"}]}),
            "expectations.not_null[0].where",
            "`state`",
        ),
        (
            json!({"not_null": [{"column": "status", "where": "status IS NULL OR status = 1"}]}),
            "expectations.not_null[0].where",
            "`strings`",
        ),
        (
            json!({"freshness": [{"column": "status", "max_age": "6h"}]}),
            "expectations.freshness[0].column",
            "DATE, DATETIME, TIMESTAMP",
        ),
        (
            json!({"anomaly": [{"metric": "max", "column": "at", "threshold": 3}]}),
            "expectations.anomaly[0].column",
            "judges numbers",
        ),
        (
            json!({"reconcile": [{"with": {"table": "p.d.x"}, "columns": ["status"], "keys": ["order_id", "x"]}]}),
            "expectations.reconcile[0].keys[1]",
            "no column `x`",
        ),
        (
            json!({"foreign_key": [{"columns": ["status", "x"], "references": {"table": "p.d.x", "columns": ["a", "b"]}}]}),
            "expectations.foreign_key[0].columns[1]",
            "no column `x`",
        ),
        (
            json!({"column_exists": [{"column": "new"}], "not_null": [{"column": "STATUS"}],
                "anomaly": [{"metric": "distinct_count", "column": "at", "threshold": 3}]}),
            "",
            "",
        ),
    ];
    for (expectations, path, says) in cases {
        let config = config(&expectations);
        let placed = config.placed();
        let problems: Vec<_> = placed
            .iter()
            .filter_map(|one| {
                one.read.as_ref().ok().map(|expectation| Known {
                    placed: one,
                    expectation,
                })
            })
            .flat_map(|known| target.check(&known))
            .collect();
        let (at, said) = first(&problems.into_iter().collect());
        assert_eq!(at, path, "{expectations}: {said}");
        assert!(said.contains(says), "{expectations}: {said}");
    }
}

#[test]
fn what_is_read_has_to_be_there_and_to_make_sense() {
    let table = |kind: &str| {
        Target::of(&json!({"type": kind, "schema": {"fields": [
            {"name": "id", "type": "INTEGER"}, {"name": "ordered", "type": "TIMESTAMP"},
        ]}}))
    };
    let with = |change: &dyn Fn(&mut Model)| {
        let mut model = config(&json!({"not_null": [{"column": "id"}]}));
        change(&mut model);
        model
    };
    let incremental = |column: &str| {
        Attr::Known(IncrementalModel {
            column: column.into(),
            overlap: "2h".into(),
            start: Attr::Null,
        })
    };
    let cases = [
        (with(&|_| {}), "VIEW", ""),
        (with(&|model| model.incremental = incremental("ordered")), "VIEW", ""),
        (
            with(&|model| model.incremental = incremental("order")),
            "TABLE",
            "incremental.column",
        ),
        (
            with(&|model| model.incremental = incremental("id")),
            "TABLE",
            "incremental.column",
        ),
        (with(&|model| model.sample_percent = 10.0.into()), "TABLE", ""),
        (
            with(&|model| model.sample_percent = 10.0.into()),
            "VIEW",
            "sample_percent",
        ),
    ];
    for (model, kind, path) in cases {
        assert_eq!(first(&reads::fits(&model, &table(kind))).0, path, "{kind}");
    }
    // Without asking anybody.
    let files = |model: &mut Model| {
        model.table = Attr::Null;
        model.files = Attr::Known(FilesModel {
            uri: "gs://lake/*.parquet".into(),
        });
    };
    let mut of_files = config(&json!({"row_count_equals": [{"table": "p.d.t"}]}));
    files(&mut of_files);
    assert_eq!(first(&reads::check(&of_files)).0, "expectations.row_count_equals[0]");
    let narrowed = with(&|model| {
        files(model);
        model.partition_filter = "TRUE".into();
    });
    assert_eq!(first(&reads::check(&narrowed)).0, "partition_filter");
    let mut sampled = config(&json!({"row_count": [{"min": 1}]}));
    sampled.sample_percent = 99.0.into();
    assert_eq!(first(&reads::check(&sampled)).0, "expectations.row_count[0]");
    sampled.sample_percent = 100.0.into();
    assert_eq!(first(&reads::check(&sampled)).0, "");
}

#[test]
fn unknown_parts_leave_the_rest_checked() {
    let mut model = config(&json!({"not_null": [{"column": "a"}, {"column": "b", "mostly": 2}]}));
    let kinds = model.expectations.known_mut().expect("kinds");
    let blocks = kinds.get_mut("not_null").and_then(Attr::known_mut).expect("blocks");
    blocks[0]
        .known_mut()
        .expect("a block")
        .insert("column".into(), Attr::Unknown);
    assert_eq!(first(&check(&model)).0, "expectations.not_null[1].mostly");
    assert_eq!(model.known_expectations(), None);
}
