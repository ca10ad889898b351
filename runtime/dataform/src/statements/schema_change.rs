//! `onSchemaChange` of an incremental table: a script that compares the columns of the query with those of the table, changes the
//! table or refuses, and writes the columns that the table has then.
//!
//! The rows are put into a staging table first: its columns can be read, the project's own variables and temporary functions reach
//! the query, and the query is carried out once. Names of columns are known only when the script runs, so the last statement is
//! put together there.

use super::incremental::{Write, dml, partitions};
use super::string;
use crate::graph::{OnSchemaChange, Table, Target};

pub(super) fn script(table: &Table, change: OnSchemaChange, write: &Write, query: &str, unique: &str) -> String {
    let target = &table.target;
    let staging = Target {
        name: format!("{}_df_temp_{unique}", target.name),
        ..target.clone()
    };
    let staged = staging.sql();
    let mut lines = vec![
        // Gone by itself, if the script is stopped before it drops it.
        format!(
            "create or replace table {staged}\noptions(expiration_timestamp=timestamp_add(current_timestamp(), interval 1 day))\nas\n\
             {query};"
        ),
        "begin".to_owned(),
        "declare table_columns array<string>;".to_owned(),
        "declare query_columns array<struct<column_name string, data_type string>>;".to_owned(),
        "declare columns_added array<struct<column_name string, data_type string>>;".to_owned(),
        "declare columns_removed array<string>;".to_owned(),
        "declare column_list string;".to_owned(),
        "declare column_sets string;".to_owned(),
        format!("set table_columns = (select ifnull(array_agg(column_name order by ordinal_position), []) from {});", columns_of(target)),
        format!(
            "set query_columns = (select ifnull(array_agg(struct(column_name, data_type) order by ordinal_position), []) from {});",
            columns_of(&staging)
        ),
        // Names of columns know no case.
        "set columns_added = (select ifnull(array_agg(c), []) from unnest(query_columns) as c where lower(c.column_name) not in \
         (select lower(t) from unnest(table_columns) as t));"
            .to_owned(),
        "set columns_removed = (select ifnull(array_agg(t), []) from unnest(table_columns) as t where lower(t) not in \
         (select lower(c.column_name) from unnest(query_columns) as c));"
            .to_owned(),
    ];
    lines.extend(changes(table, change));
    lines.push(written_columns(change));
    lines.push(
        "set column_sets = (select string_agg(format('`%s` = DATAFORM_SOURCE.`%s`', trim(c, '` '), trim(c, '` ')), ', ') from \
         unnest(split(column_list, ',')) as c);"
            .to_owned(),
    );
    lines.push(writing(table, write, &staged));
    lines.push("exception when error then".to_owned());
    lines.push(format!("drop table if exists {staged};"));
    lines.push("raise;".to_owned());
    lines.push("end;".to_owned());
    lines.push(format!("drop table if exists {staged}"));
    lines.join("\n")
}

fn columns_of(target: &Target) -> String {
    let dataset = Target {
        name: "INFORMATION_SCHEMA".to_owned(),
        ..target.clone()
    };
    // Of a table that is partitioned by ingestion, the column that nobody selects is listed too.
    format!(
        "`{dataset}.COLUMNS` where table_name = {} and not starts_with(column_name, '_PARTITION')",
        string(&target.name)
    )
}

fn changes(table: &Table, change: OnSchemaChange) -> Vec<String> {
    let target = table.target.sql();
    let refuse = |condition: &str, message: &str, arguments: &str| {
        format!(
            "if {condition} then\n  raise using message = format({}, {arguments});\nend if;",
            string(message)
        )
    };
    let add = format!(
        "if array_length(columns_added) > 0 then\n  execute immediate concat({}, (select string_agg(format('add column if not exists \
         `%s` %s', c.column_name, c.data_type), ', ') from unnest(columns_added) as c));\nend if;",
        string(&format!("alter table {target} "))
    );
    match change {
        OnSchemaChange::Ignore => Vec::new(),
        OnSchemaChange::Fail => vec![refuse(
            "array_length(columns_added) > 0 or array_length(columns_removed) > 0",
            &format!(
                "the columns of {} differ from its query's and onSchemaChange is \"FAIL\": added %T, removed %T; change the table, or \
                 run it with a full refresh",
                table.target
            ),
            "array(select c.column_name from unnest(columns_added) as c), columns_removed",
        )],
        OnSchemaChange::Extend => vec![
            refuse(
                "array_length(columns_removed) > 0",
                &format!(
                    "the query of {} no longer has %T and onSchemaChange is \"EXTEND\", which only adds columns; select them, or run \
                     the table with a full refresh",
                    table.target
                ),
                "columns_removed",
            ),
            add,
        ],
        OnSchemaChange::Synchronize => {
            let mut statements = Vec::new();
            if !table.unique_key.is_empty() {
                let keys = table
                    .unique_key
                    .iter()
                    .map(|k| string(&k.to_lowercase()))
                    .collect::<Vec<_>>()
                    .join(", ");
                let gone = format!("array(select t from unnest(columns_removed) as t where lower(t) in ({keys}))");
                statements.push(refuse(
                    &format!("array_length({gone}) > 0"),
                    &format!(
                        "the query of {} no longer has %T, which its uniqueKey names; select it",
                        table.target
                    ),
                    &gone,
                ));
            }
            statements.push(format!(
                "if array_length(columns_removed) > 0 then\n  execute immediate concat({}, (select string_agg(format('drop column if \
                 exists `%s`', t), ', ') from unnest(columns_removed) as t));\nend if;",
                string(&format!("alter table {target} "))
            ));
            statements.push(add);
            statements
        }
    }
}

/// The columns that are written, quoted and separated by commas: all that the query has, which are now the table's.
fn written_columns(change: OnSchemaChange) -> String {
    let from = match change {
        OnSchemaChange::Ignore | OnSchemaChange::Fail => "select t as name from unnest(table_columns) as t",
        OnSchemaChange::Extend | OnSchemaChange::Synchronize => {
            "select c.column_name as name from unnest(query_columns) as c"
        }
    };
    format!("set column_list = (select string_agg(format('`%s`', name), ', ') from ({from}));")
}

/// The statement, put together of text and of the lists that are known only now.
fn writing(table: &Table, write: &Write, staged: &str) -> String {
    const LIST: &str = "\u{1}list\u{1}";
    const SETS: &str = "\u{1}sets\u{1}";
    let statement = dml(table, write, staged, LIST, SETS);
    let pieces = statement
        .split('\u{1}')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece {
            "list" => "column_list".to_owned(),
            "sets" => "column_sets".to_owned(),
            text => string(text),
        });
    let text = pieces.collect::<Vec<_>>().join(", ");
    match write {
        Write::Insert | Write::Merge { .. } => format!("execute immediate concat({text});"),
        // A statement that is put together sees no variables, only what is handed to it.
        Write::Overwrite { partition, .. } => {
            let replaced = partitions(partition, staged);
            format!(
                "execute immediate replace(concat({text}), 'replaced_partitions', '@replaced_partitions') using {replaced} as \
                 replaced_partitions;"
            )
        }
    }
}
