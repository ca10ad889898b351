//! The SQL of actions: what exists decides how it is written.

use headwater_dataform::graph::Action;
use headwater_dataform::run::{Existing, ExistingKind};
use headwater_dataform::statements::{Meaning, Step, statements};

use crate::graph;
use crate::scripted::existing;

fn action(text: &str) -> Action {
    graph(&[("definitions/t.sqlx", text)])
        .actions()
        .find(|action| action.target().name == "t")
        .expect("it works")
}

fn steps(text: &str, existing: Option<&Existing>, full_refresh: bool) -> Vec<Step> {
    statements(&action(text), existing, full_refresh, "u1").expect("it works")
}

fn sql(text: &str, existing: Option<&Existing>) -> String {
    steps(text, existing, false)
        .iter()
        .map(|step| step.sql.trim().to_owned())
        .collect::<Vec<_>>()
        .join("\n;;\n")
}

const TABLE: &str = "config { type: \"table\" }\nselect 1 as x";

#[test]
fn tables_and_views_replace_what_is_there() {
    let plain = "create or replace table `acme.marts.t`\nas\n\nselect 1 as x";
    let view = "create or replace view `acme.marts.t`\nas\n\nselect 1 as x";
    let as_view = "config { type: \"view\" }\nselect 1 as x";
    let kind = |kind| existing(kind, &["x"]);
    for (text, there, expected) in [
        (TABLE, None, plain.to_owned()),
        (TABLE, Some(kind(ExistingKind::Table)), plain.to_owned()),
        (
            TABLE,
            Some(kind(ExistingKind::View)),
            format!("drop view if exists `acme.marts.t`;\n{plain}"),
        ),
        (
            TABLE,
            Some(kind(ExistingKind::MaterializedView)),
            format!("drop materialized view if exists `acme.marts.t`;\n{plain}"),
        ),
        (
            as_view,
            Some(kind(ExistingKind::Table)),
            format!("drop table if exists `acme.marts.t`;\n{view}"),
        ),
        (as_view, Some(kind(ExistingKind::View)), view.to_owned()),
    ] {
        assert_eq!(sql(text, there.as_ref()), expected, "{there:?}");
    }
    let error = statements(&action(TABLE), Some(&existing(ExistingKind::Other, &[])), false, "u").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("acme.marts.t exists and is neither a table nor a view"),
        "{error}"
    );
}

#[test]
fn options_are_those_of_the_config() {
    assert_eq!(
        sql(
            "config { type: \"table\", bigquery: { partitionBy: \"day\", clusterBy: [\"a\", \"b\"], partitionExpirationDays: 3, \
             requirePartitionFilter: true, additionalOptions: { friendly_name: \"'n'\" } } }\nselect 1 as day",
            None
        ),
        "create or replace table `acme.marts.t`\npartition by day\ncluster by a, b\noptions(partition_expiration_days=3, \
         require_partition_filter=true, friendly_name='n')\nas\n\nselect 1 as day"
    );
    assert!(
        sql("config { type: \"view\", materialized: true }\nselect 1 as x", None)
            .starts_with("create or replace materialized view `acme.marts.t`\nas\n")
    );
}

#[test]
fn statements_around_a_table_are_one_script_with_it() {
    let text = "config { type: \"table\" }\npre_operations {\n  declare n int64;\n  ---\n  select 1 -- why\n}\nselect 2 as x\npost_operations { select 3; }";
    let steps = steps(text, None, false);
    assert_eq!(steps.len(), 1);
    assert!(
        !steps[0].repeatable,
        "what the project's own statements did is not done twice"
    );
    assert_eq!(
        steps[0].sql,
        "declare n int64;\nselect 1 -- why\n;\ncreate or replace table `acme.marts.t`\nas\n\n\nselect 2 as x;\nselect 3"
    );
}

const INCREMENTAL: &str = "config { type: \"incremental\" }\nselect 1 as x ${when(incremental(), `where x > (select max(x) from ${self()})`)}";

#[test]
fn an_incremental_table_is_written_to_when_it_is_there() {
    let table = existing(ExistingKind::Table, &["x", "y"]);
    let view = existing(ExistingKind::View, &["x"]);
    assert!(sql(INCREMENTAL, None).starts_with("create or replace table `acme.marts.t`"));
    assert!(!sql(INCREMENTAL, None).contains("max(x)"));
    assert_eq!(
        sql(INCREMENTAL, Some(&table)),
        "insert into `acme.marts.t` (`x`, `y`)\nselect `x`, `y`\nfrom (\nselect 1 as x where x > (select max(x) from `acme.marts.t`)\n) as insertions"
    );
    assert!(sql(INCREMENTAL, Some(&view)).starts_with("drop view if exists `acme.marts.t`;\ncreate or replace table"));
    let full = |text: &str| steps(text, Some(&table), true)[0].sql.clone();
    assert!(full(INCREMENTAL).starts_with("create or replace table"));
    assert!(
        full(&INCREMENTAL.replace("\"incremental\" }", "\"incremental\", protected: true }"))
            .starts_with("insert into")
    );
}

#[test]
fn operations_around_an_incremental_table_are_those_of_the_way_it_is_written() {
    let text = "config { type: \"incremental\" }\nselect 1 as x\npre_operations { ${when(incremental(), \"select 'writes'\", \"select 'makes'\")} }";
    let table = existing(ExistingKind::Table, &["x"]);
    assert!(sql(text, Some(&table)).starts_with("select 'writes';\ninsert into"));
    assert!(sql(text, None).starts_with("select 'makes';\ncreate or replace table"));
}

#[test]
fn a_merge_matches_by_key_and_by_filters_of_which_every_column_is_qualified() {
    let table = existing(ExistingKind::Table, &["id", "day", "n"]);
    for (filter, expected) in [
        (
            "updatePartitionFilter: \"date_trunc(day, month) >= '2024-01-01' or day is null\"",
            "(date_trunc(DATAFORM_DEST.day, month) >= '2024-01-01' or DATAFORM_DEST.day is null)",
        ),
        (
            "incrementalPredicates: [\"DATAFORM_SOURCE.n > 0\", \"true\"]",
            "(DATAFORM_SOURCE.n > 0) and (true)",
        ),
    ] {
        let text = format!(
            "config {{ type: \"incremental\", uniqueKey: [\"id\", \"day\"], bigquery: {{ partitionBy: \"day\", {filter} }} }}\nselect 1 as id"
        );
        let wanted = [
            "merge `acme.marts.t` DATAFORM_DEST",
            "using (\nselect 1 as id\n) DATAFORM_SOURCE",
            &format!(
                "on DATAFORM_DEST.`id` = DATAFORM_SOURCE.`id` and DATAFORM_DEST.`day` = DATAFORM_SOURCE.`day` and {expected}"
            ),
            "when matched then",
            "  update set `id` = DATAFORM_SOURCE.`id`, `day` = DATAFORM_SOURCE.`day`, `n` = DATAFORM_SOURCE.`n`",
            "when not matched then",
            "  insert (`id`, `day`, `n`) values (`id`, `day`, `n`)",
        ];
        assert_eq!(sql(&text, Some(&table)), wanted.join("\n"));
    }
}

#[test]
fn partitions_are_overwritten_as_a_whole() {
    let text = "config { type: \"incremental\", incrementalStrategy: \"insert_overwrite\", bigquery: { partitionBy: \"day\" } }\nselect 1 as day";
    let table = existing(ExistingKind::Table, &["day"]);
    let found = sql(text, Some(&table));
    for part in [
        "create or replace temp table `dataform_staged_u1` as\nselect 1 as day;",
        "declare replaced_partitions default (array(select distinct day from `dataform_staged_u1` where day is not null));",
        "when not matched by source and day in unnest(replaced_partitions) then\n  delete",
    ] {
        assert!(found.contains(part), "{found}");
    }
    assert!(steps(text, Some(&table), false)[0].repeatable);
}

#[test]
fn a_change_of_columns_is_met_as_the_config_says() {
    let table = existing(ExistingKind::Table, &["id"]);
    let of = |change: &str, more: &str| {
        sql(
            &format!("config {{ type: \"incremental\", onSchemaChange: \"{change}\"{more} }}\nselect 1 as id"),
            Some(&table),
        )
    };
    let fail = of("FAIL", "");
    assert!(
        fail.contains("raise using message = format(\"the columns of acme.marts.t differ"),
        "{fail}"
    );
    assert!(!fail.contains("alter table"));
    let extend = of("EXTEND", "");
    assert!(
        extend.contains("add column if not exists") && !extend.contains("drop column"),
        "{extend}"
    );
    let synchronize = of("SYNCHRONIZE", ", uniqueKey: [\"id\"]");
    assert!(
        synchronize.contains("drop column if exists") && synchronize.contains("which its uniqueKey names"),
        "{synchronize}"
    );
    for script in [&fail, &extend, &synchronize] {
        // BigQuery takes declarations only at the beginning of a block.
        let declares = script.rfind("\ndeclare ").unwrap();
        assert!(
            script[script.find("\nbegin\n").unwrap()..declares]
                .lines()
                .skip(2)
                .all(|l| l.starts_with("declare ")),
            "{script}"
        );
        assert!(
            script
                .trim_end()
                .ends_with("drop table if exists `acme.marts.t_df_temp_u1`"),
            "{script}"
        );
    }
}

#[test]
fn assertions_are_a_view_and_a_count_and_operations_one_by_one() {
    let assertion = action("config { type: \"assertion\" }\nselect 1 as x");
    let steps = statements(&assertion, None, false, "u").unwrap();
    assert_eq!(
        steps[0].sql,
        "create or replace view `acme.checks.t` as \nselect 1 as x"
    );
    assert_eq!(
        (steps[1].sql.as_str(), steps[1].meaning),
        ("select sum(1) as row_count from `acme.checks.t`", Meaning::Violations)
    );
    assert!(steps.iter().all(|step| step.repeatable));

    let operations = action("config { type: \"operations\" }\nselect 1\n---\nselect 2");
    let steps = statements(&operations, None, false, "u").unwrap();
    assert_eq!(
        steps.iter().map(|s| (s.sql.trim(), s.repeatable)).collect::<Vec<_>>(),
        [("select 1", false), ("select 2", false)]
    );

    let off = action("config { type: \"table\", disabled: true }\nselect 1 as x");
    assert_eq!(statements(&off, None, false, "u").unwrap(), []);
}
