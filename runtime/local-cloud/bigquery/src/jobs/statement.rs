//! One statement of a query job: what it is called, what it changes, and carrying it out.

use sqlparser::ast::{FromTable, ObjectName, ObjectType, Statement, TableFactor, TableObject};

use super::destination::Destination;
use super::{extract, load};
use crate::catalog::routines;
use crate::engine::{Key, Session};
use crate::error::Fault;
use crate::service::Service;
use crate::sql::Translator;
use crate::sql::ddl::Performed;
use crate::sql::dml::Changed;
use crate::sql::routine_syntax::RoutineKind;
use crate::sql::script::{Step, Target, Written};
use crate::types::{quoted, rest_schema};

/// What one statement did.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Selected,
    /// Rows went into files or came out of them.
    Moved,
    Changed(Changed),
    Defined(Performed),
}

/// `statementType` of a job's statistics.
pub(super) fn kind(step: &Step) -> String {
    match step {
        Step::Sql(written) => statement_kind(&written.statement).to_owned(),
        Step::CreateRoutine(create) => format!("CREATE_{}", create.kind.words()),
        Step::DropRoutine { kind, .. } => format!("DROP_{}", kind.words()),
        Step::CopyTable(copy) => copy.statement_type().into(),
        Step::DropSnapshot { .. } => "DROP_SNAPSHOT_TABLE".into(),
        Step::ExportData(_) => "EXPORT_DATA".into(),
        Step::LoadData(_) => "LOAD_DATA".into(),
        Step::DropMaterializedView { .. } => "DROP_MATERIALIZED_VIEW".into(),
        Step::ColumnOptions { .. } => "ALTER_TABLE".into(),
        Step::SetOptions { target, .. } => match target {
            Target::Table => "ALTER_TABLE".into(),
            Target::View => "ALTER_VIEW".into(),
            Target::MaterializedView => "ALTER_MATERIALIZED_VIEW".into(),
            Target::Schema => "ALTER_SCHEMA".into(),
        },
        _ => "SCRIPT".into(),
    }
}

fn statement_kind(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::Merge(_) => "MERGE",
        Statement::Truncate(_) => "TRUNCATE_TABLE",
        Statement::CreateTable(c) if c.query.is_some() => "CREATE_TABLE_AS_SELECT",
        Statement::CreateTable(_) => "CREATE_TABLE",
        Statement::CreateView(c) if c.materialized => "CREATE_MATERIALIZED_VIEW",
        Statement::CreateView(_) => "CREATE_VIEW",
        Statement::CreateSchema { .. } => "CREATE_SCHEMA",
        Statement::AlterTable(_) => "ALTER_TABLE",
        Statement::Drop { object_type, .. } => match object_type {
            ObjectType::Schema => "DROP_SCHEMA",
            ObjectType::View => "DROP_VIEW",
            _ => "DROP_TABLE",
        },
        _ => "SCRIPT",
    }
}

/// Whether a step is a statement that is carried out by itself.
pub(super) fn is_leaf(step: &Step) -> bool {
    matches!(
        step,
        Step::Sql(_)
            | Step::CreateRoutine(_)
            | Step::DropRoutine { .. }
            | Step::CopyTable(_)
            | Step::DropSnapshot { .. }
            | Step::ExportData(_)
            | Step::LoadData(_)
            | Step::DropMaterializedView { .. }
            | Step::ColumnOptions { .. }
            | Step::SetOptions { .. }
    )
}

/// What a step changes, with all that is in it.
pub(super) fn targets(translator: &Translator<'_>, step: &Step, keys: &mut Vec<Key>) -> Result<(), Fault> {
    let mut all = |steps: &[Step]| steps.iter().try_for_each(|s| targets(translator, s, keys));
    match step {
        Step::Transaction { steps, .. }
        | Step::Loop { body: steps, .. }
        | Step::For { body: steps, .. }
        | Step::Block { body: steps, .. } => all(steps),
        Step::If { arms, otherwise } => {
            arms.iter().try_for_each(|(_, steps)| all(steps))?;
            all(otherwise)
        }
        Step::Sql(written) => {
            keys.extend(target(translator, &written.statement)?);
            Ok(())
        }
        Step::CreateRoutine(create) => {
            if !create.temporary {
                keys.push(routines::key(&translator.routine_name(&create.name)?));
            }
            Ok(())
        }
        Step::DropRoutine { name, .. } => {
            if let Ok(name) = translator.routine_name(name) {
                keys.push(routines::key(&name));
            }
            Ok(())
        }
        Step::SetOptions {
            target: Target::Schema,
            name,
            ..
        } => {
            keys.extend(schema_key(translator, name)?);
            Ok(())
        }
        Step::LoadData(load) => {
            keys.push(translator.loaded_table(load)?.key());
            Ok(())
        }
        Step::CopyTable(copy) => {
            keys.push(translator.table_name(&copy.name)?.key());
            Ok(())
        }
        Step::SetOptions { name, .. }
        | Step::DropSnapshot { name, .. }
        | Step::DropMaterializedView { name, .. }
        | Step::ColumnOptions { name, .. } => {
            keys.push(translator.table_name(name)?.key());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn schema_key(translator: &Translator<'_>, name: &ObjectName) -> Result<Option<Key>, Fault> {
    Ok(match crate::sql::path(name)?.as_slice() {
        [dataset] => Some(Key::Dataset(translator.project.clone(), dataset.clone())),
        [project, dataset] => Some(Key::Dataset(project.clone(), dataset.clone())),
        _ => None,
    })
}

/// What a statement changes.
pub(super) fn target(translator: &Translator<'_>, statement: &Statement) -> Result<Option<Key>, Fault> {
    let name = match statement {
        Statement::Insert(i) => match &i.table {
            TableObject::TableName(name) => Some(name),
            _ => None,
        },
        Statement::Update(u) => factor_name(&u.table.relation),
        Statement::Delete(d) => {
            let (FromTable::WithFromKeyword(list) | FromTable::WithoutKeyword(list)) = &d.from;
            list.first().and_then(|f| factor_name(&f.relation))
        }
        Statement::Merge(m) => factor_name(&m.table),
        Statement::Truncate(x) => x.table_names.first().map(|t| &t.name),
        // A temporary table is this script's own.
        Statement::CreateTable(c) if c.temporary => None,
        Statement::CreateTable(c) => Some(&c.name),
        Statement::CreateView(c) => Some(&c.name),
        Statement::AlterTable(a) => Some(&a.name),
        Statement::Drop {
            object_type: ObjectType::Schema,
            names,
            ..
        } => return names.first().map_or(Ok(None), |name| schema_key(translator, name)),
        Statement::Drop { names, .. } => names.first(),
        _ => None,
    };
    name.map(|n| Ok(translator.table_name(n)?.key())).transpose()
}

fn factor_name(factor: &TableFactor) -> Option<&ObjectName> {
    match factor {
        TableFactor::Table { name, .. } => Some(name),
        _ => None,
    }
}

/// Carries out a step that is a statement. `text` is the whole script; `target` takes a query's rows.
pub(super) fn execute(
    service: &Service,
    translator: &Translator<'_>,
    step: &Step,
    text: &str,
    target: Option<&Destination<'_>>,
) -> Result<Effect, Fault> {
    Ok(match step {
        Step::Sql(written) => execute_sql(translator, written, text, target)?,
        Step::CreateRoutine(create) => Effect::Defined(translator.create_routine(create)?),
        Step::DropRoutine { kind, name, if_exists } => {
            Effect::Defined(translator.drop_routine(RoutineKind::clone(kind), name, *if_exists)?)
        }
        Step::ExportData(export) => {
            extract::export(service, translator, export)?;
            Effect::Moved
        }
        Step::LoadData(data) => {
            load::statement(service, translator, data)?;
            Effect::Moved
        }
        Step::CopyTable(copy) => Effect::Defined(translator.copy_table(copy)?),
        Step::DropSnapshot { name, if_exists } => Effect::Defined(translator.drop_snapshot(name, *if_exists)?),
        Step::DropMaterializedView { name, if_exists } => {
            Effect::Defined(translator.drop_materialized_view(name, *if_exists)?)
        }
        Step::ColumnOptions {
            name,
            if_exists,
            columns,
        } => Effect::Defined(translator.alter_column_options(name, *if_exists, columns)?),
        Step::SetOptions {
            target,
            name,
            if_exists,
            options,
        } => Effect::Defined(match target {
            Target::Table => translator.alter_options("TABLE", name, *if_exists, options)?,
            Target::View => translator.alter_options("VIEW", name, *if_exists, options)?,
            Target::MaterializedView => translator.alter_options("MATERIALIZED_VIEW", name, *if_exists, options)?,
            Target::Schema => translator.alter_schema(name, *if_exists, options)?,
        }),
        _ => return Err(Fault::query("Syntax error: a statement was expected")),
    })
}

fn execute_sql(
    translator: &Translator<'_>,
    written: &Written,
    text: &str,
    target: Option<&Destination<'_>>,
) -> Result<Effect, Fault> {
    Ok(match &written.statement {
        Statement::Query(query) => {
            let translated = translator.top_query(query)?;
            if let Some(target) = target {
                let reads_target = translator.reads().contains_key(&target.name.id());
                store(translator.tx, &translated.sql, reads_target, target)?;
            }
            Effect::Selected
        }
        Statement::Insert(insert) => Effect::Changed(translator.insert(insert)?),
        Statement::Update(update) => Effect::Changed(translator.update(update)?),
        Statement::Delete(delete) => Effect::Changed(translator.delete(delete)?),
        Statement::Merge(merge) => Effect::Changed(translator.merge(merge)?),
        Statement::Truncate(truncate) => Effect::Changed(translator.truncate(truncate)?),
        Statement::CreateTable(create) => Effect::Defined(translator.create_table(create)?),
        Statement::CreateView(create) => {
            Effect::Defined(translator.create_view(create, written.view_text(text), written.partition.as_ref())?)
        }
        Statement::CreateSchema {
            schema_name,
            if_not_exists,
            options,
            default_collate_spec,
            ..
        } => Effect::Defined(translator.create_schema(
            schema_name,
            *if_not_exists,
            options.as_deref().unwrap_or_default(),
            default_collate_spec.as_ref(),
        )?),
        Statement::AlterTable(alter) => Effect::Defined(translator.alter_table(alter)?),
        drop @ Statement::Drop { .. } => Effect::Defined(translator.drop_object(drop)?),
        other => {
            let word = other.to_string();
            let word = word.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            return Err(Fault::query(format!(
                "the local BigQuery does not support the statement {word}"
            )));
        }
    })
}

/// Puts a query's rows where they go.
fn store(tx: &Session<'_>, sql: &str, reads_target: bool, target: &Destination<'_>) -> Result<(), Fault> {
    let columns = tx.describe(sql)?;
    // Computed before the destination is touched: the query may read it.
    let source = if reads_target {
        tx.run(&format!("CREATE OR REPLACE TEMP TABLE _hw_result AS {sql}"))?;
        "SELECT * FROM _hw_result".to_owned()
    } else {
        sql.to_owned()
    };
    let doc = target.prepare(tx, &rest_schema(&columns))?;
    let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
    target.insert(tx, &doc, names.clone(), names, &format!("({source})"))?;
    if reads_target {
        tx.run("DROP TABLE _hw_result")?;
    }
    Ok(())
}
