//! The statement that writes to an incremental table that exists: insert, merge by key, or overwrite of partitions.

use super::{StatementError, column, qualify, schema_change};
use crate::graph::{IncrementalStrategy, OnSchemaChange, Table};
use crate::run::Existing;

/// How rows get into the table, over whichever columns.
pub(super) enum Write {
    Insert,
    Merge { on: String },
    Overwrite { partition: String, filter: String },
}

pub(super) fn write(table: &Table, existing: &Existing, unique: &str) -> Result<String, StatementError> {
    let write = way(table, existing)?;
    let query = query(table);
    Ok(match table.on_schema_change {
        OnSchemaChange::Ignore => plain(table, &write, &existing.columns, &query, unique),
        change @ (OnSchemaChange::Fail | OnSchemaChange::Extend | OnSchemaChange::Synchronize) => {
            schema_change::script(table, change, &write, &query, unique)
        }
    })
}

/// Whether nothing of the script can fail once the rows are written. Otherwise a repetition would write them twice, or would read
/// fewer than the first time and overwrite with these; a merge by key comes to the same.
pub(super) fn writes_last(table: &Table) -> bool {
    let merges = table.incremental_strategy != IncrementalStrategy::InsertOverwrite && !table.unique_key.is_empty();
    table.on_schema_change == OnSchemaChange::Ignore || merges
}

fn query(table: &Table) -> String {
    let query = if table.incremental_query.trim().is_empty() {
        &table.query
    } else {
        &table.incremental_query
    };
    let query = query.trim().trim_end_matches(';');
    if table.filter.trim().is_empty() {
        return query.to_owned();
    }
    format!("select * from (\n{query}\n) as subquery\nwhere {}", table.filter.trim())
}

fn way(table: &Table, existing: &Existing) -> Result<Write, StatementError> {
    let bigquery = &table.bigquery;
    let mut filters = Vec::new();
    if !bigquery.update_partition_filter.trim().is_empty() {
        let qualified = qualify::columns(&bigquery.update_partition_filter, &existing.columns, "DATAFORM_DEST");
        filters.push(format!("({qualified})"));
    }
    let predicates = bigquery
        .incremental_predicates
        .iter()
        .map(|p| p.trim())
        .filter(|p| !p.is_empty());
    filters.extend(predicates.map(|predicate| format!("({predicate})")));

    if table.incremental_strategy == IncrementalStrategy::InsertOverwrite {
        if bigquery.partition_by.trim().is_empty() {
            return Err(StatementError::NoPartitions {
                target: table.target.to_string(),
            });
        }
        let filter = filters.iter().map(|f| format!(" and {f}")).collect();
        return Ok(Write::Overwrite {
            partition: bigquery.partition_by.trim().to_owned(),
            filter,
        });
    }
    if table.unique_key.is_empty() {
        return Ok(Write::Insert);
    }
    let keys = table.unique_key.iter().map(|key| {
        let key = column(key);
        format!("DATAFORM_DEST.{key} = DATAFORM_SOURCE.{key}")
    });
    Ok(Write::Merge {
        on: keys.chain(filters).collect::<Vec<_>>().join(" and "),
    })
}

fn plain(table: &Table, write: &Write, columns: &[String], query: &str, unique: &str) -> String {
    let list = columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let sets = columns
        .iter()
        .map(|c| format!("`{c}` = DATAFORM_SOURCE.`{c}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match write {
        Write::Insert | Write::Merge { .. } => dml(table, write, &format!("(\n{query}\n)"), &list, &sets),
        // The partitions are those of the rows, so the rows are made once. A temporary table is gone when the script ends.
        Write::Overwrite { partition, .. } => {
            let staged = format!("`dataform_staged_{unique}`");
            let replaced = partitions(partition, &staged);
            let merge = dml(table, write, &staged, &list, &sets);
            format!(
                "create or replace temp table {staged} as\n{query};\nbegin\ndeclare replaced_partitions default ({replaced});\n\
                 {merge};\nend"
            )
        }
    }
}

pub(super) fn partitions(partition: &str, staged: &str) -> String {
    format!("array(select distinct {partition} from {staged} where {partition} is not null)")
}

/// The statement over rows (a bracketed query or a table), with the columns as lists of names and of assignments.
pub(super) fn dml(table: &Table, write: &Write, rows: &str, list: &str, sets: &str) -> String {
    let target = table.target.sql();
    match write {
        Write::Insert => format!("insert into {target} ({list})\nselect {list}\nfrom {rows} as insertions"),
        Write::Merge { on } => format!(
            "merge {target} DATAFORM_DEST\nusing {rows} DATAFORM_SOURCE\non {on}\nwhen matched then\n  update set {sets}\n\
             when not matched then\n  insert ({list}) values ({list})"
        ),
        Write::Overwrite { partition, filter } => format!(
            "merge {target} DATAFORM_DEST\nusing {rows} DATAFORM_SOURCE\non false\nwhen not matched by source and {partition} in \
             unnest(replaced_partitions){filter} then\n  delete\nwhen not matched by target then\n  insert ({list}) values ({list})"
        ),
    }
}
