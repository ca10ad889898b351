//! Query jobs: SELECT into a destination table, DML, DDL, and scripts of several statements.

use serde_json::{Value, json};
use sqlparser::ast::{Spanned, Statement};

use super::Work;
use super::destination::{Destination, table as destination_table};
use crate::catalog::names::{ANONYMOUS, TableName};
use crate::catalog::{now_ms, tables};
use crate::engine::{Key, Session};
use crate::error::{Fault, Reason};
use crate::service::{Service, text};
use crate::sql::ddl::Performed;
use crate::sql::dml::Changed;
use crate::sql::params::Params;
use crate::sql::{Translator, parse};
use crate::types::{Field, rest_schema};

/// How long the result of a query is kept.
const RESULT_LIFE_MS: i64 = 24 * 3_600_000;

/// A query as it was asked for.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) statements: Vec<Statement>,
    params: Value,
    default_dataset: Option<(String, String)>,
    project: String,
}

impl Query {
    /// From a job's `configuration.query` or a `QueryRequest`, which name things alike.
    pub(crate) fn from_settings(settings: &Value, project: &str) -> Result<Self, Fault> {
        if settings["useLegacySql"] == true {
            return Err(Fault::query(
                "the local BigQuery does not support legacy SQL; set useLegacySql to false",
            ));
        }
        let query = text(&settings["query"])
            .ok_or_else(|| Fault::new(Reason::Required, "Required parameter is missing: query"))?;
        let dataset = &settings["defaultDataset"];
        let default_dataset = text(&dataset["datasetId"])
            .map(|d| (text(&dataset["projectId"]).unwrap_or(project).to_owned(), d.to_owned()));
        Ok(Self {
            text: query.to_owned(),
            statements: parse::parse(query)?,
            params: settings["queryParameters"].clone(),
            default_dataset,
            project: project.to_owned(),
        })
    }

    fn with<T>(&self, tx: &Session<'_>, work: impl FnOnce(&Translator<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let params = Params::from_rest(&self.params)?;
        let translator = Translator::new(tx, &self.project, self.default_dataset.clone(), &params);
        work(&translator)
    }

    /// Statements that are atomic together: those of a transaction, else each by itself.
    fn units(&self) -> Result<Vec<Vec<&Statement>>, Fault> {
        let mut units: Vec<Vec<&Statement>> = Vec::new();
        let mut open = false;
        for statement in &self.statements {
            match statement {
                Statement::StartTransaction { statements, .. } if statements.is_empty() && !open => {
                    open = true;
                    units.push(Vec::new());
                }
                Statement::Commit { .. } if open => open = false,
                Statement::StartTransaction { .. } | Statement::Commit { .. } | Statement::Rollback { .. } => {
                    return Err(Fault::query(format!(
                        "the local BigQuery does not support `{statement}` here"
                    )));
                }
                other if open => units.last_mut().into_iter().for_each(|u| u.push(other)),
                other => units.push(vec![other]),
            }
        }
        if open {
            return Err(Fault::query("a transaction was begun and not committed"));
        }
        units.retain(|u| !u.is_empty());
        Ok(units)
    }

    /// What a statement changes.
    fn target(&self, tx: &Session<'_>, statement: &Statement) -> Result<Option<Key>, Fault> {
        self.with(tx, |t| {
            let name = match statement {
                Statement::Insert(i) => match &i.table {
                    sqlparser::ast::TableObject::TableName(name) => name,
                    _ => return Ok(None),
                },
                Statement::Update(u) => {
                    return Ok(factor_name(&u.table.relation)
                        .map(|n| t.table_name(n))
                        .transpose()?
                        .map(|n| n.key()));
                }
                Statement::Delete(d) => {
                    let (sqlparser::ast::FromTable::WithFromKeyword(list)
                    | sqlparser::ast::FromTable::WithoutKeyword(list)) = &d.from;
                    let name = list.first().and_then(|f| factor_name(&f.relation));
                    return Ok(name.map(|n| t.table_name(n)).transpose()?.map(|n| n.key()));
                }
                Statement::Merge(m) => {
                    return Ok(factor_name(&m.table)
                        .map(|n| t.table_name(n))
                        .transpose()?
                        .map(|n| n.key()));
                }
                Statement::Truncate(x) => match x.table_names.first() {
                    Some(target) => &target.name,
                    None => return Ok(None),
                },
                Statement::CreateTable(c) => &c.name,
                Statement::CreateView(c) => &c.name,
                Statement::AlterTable(a) => &a.name,
                Statement::Drop {
                    object_type: sqlparser::ast::ObjectType::Schema,
                    names,
                    ..
                } => {
                    let parts = names.first().map(crate::sql::path).transpose()?.unwrap_or_default();
                    return Ok(match parts.as_slice() {
                        [dataset] => Some(Key::Dataset(self.project.clone(), dataset.clone())),
                        [project, dataset] => Some(Key::Dataset(project.clone(), dataset.clone())),
                        _ => None,
                    });
                }
                Statement::Drop { names, .. } => match names.first() {
                    Some(name) => name,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            };
            Ok(Some(t.table_name(name)?.key()))
        })
    }
}

fn factor_name(factor: &sqlparser::ast::TableFactor) -> Option<&sqlparser::ast::ObjectName> {
    match factor {
        sqlparser::ast::TableFactor::Table { name, .. } => Some(name),
        _ => None,
    }
}

fn statement_type(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::Merge(_) => "MERGE",
        Statement::Truncate(_) => "TRUNCATE_TABLE",
        Statement::CreateTable(c) if c.query.is_some() => "CREATE_TABLE_AS_SELECT",
        Statement::CreateTable(_) => "CREATE_TABLE",
        Statement::CreateView(_) => "CREATE_VIEW",
        Statement::CreateSchema { .. } => "CREATE_SCHEMA",
        Statement::AlterTable(_) => "ALTER_TABLE",
        Statement::Drop { object_type, .. } => match object_type {
            sqlparser::ast::ObjectType::Schema => "DROP_SCHEMA",
            sqlparser::ast::ObjectType::View => "DROP_VIEW",
            _ => "DROP_TABLE",
        },
        _ => "SCRIPT",
    }
}

/// What one statement did.
enum Effect {
    Selected,
    Changed(Changed),
    Defined(Performed),
}

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["query"];
    let query = Query::from_settings(settings, work.project)?;
    let units = query.units()?;
    let named = destination_table(settings, work.project)?;
    let result = named.clone().unwrap_or_else(|| anonymous(work.project, &work.job_id()));
    let last_unit = units.len().saturating_sub(1);
    for (i, unit) in units.iter().enumerate() {
        let mut keys = vec![result.key()];
        work.service.engine.read(|tx| {
            for statement in unit {
                keys.extend(query.target(tx, statement)?);
            }
            Ok(())
        })?;
        work.service.engine.write(&keys, |tx| {
            work.running.attach(tx)?;
            query.with(tx, |translator| {
                let mut effect = None;
                for (j, statement) in unit.iter().enumerate() {
                    let wanted = i == last_unit && j + 1 == unit.len();
                    let target = wanted.then(|| Destination {
                        name: &result,
                        settings,
                        default_write: "WRITE_EMPTY",
                        expires_ms: named.is_none().then(|| now_ms() + RESULT_LIFE_MS),
                    });
                    effect = Some(execute(translator, statement, &query.text, target.as_ref())?);
                }
                if i < last_unit {
                    return Ok(());
                }
                let statement = unit.last().copied();
                let (statistics, configuration) = finish(translator, &query, statement, effect, &result, work)?;
                work.done(tx, &statistics, Some(&configuration))
            })
        })?;
    }
    Ok(())
}

fn execute(
    translator: &Translator<'_>,
    statement: &Statement,
    text: &str,
    target: Option<&Destination<'_>>,
) -> Result<Effect, Fault> {
    let tx = translator.tx;
    Ok(match statement {
        Statement::Query(query) => {
            let translated = translator.top_query(query)?;
            let columns = tx.describe(&translated.sql)?;
            if let Some(target) = target {
                // Computed before the destination is touched: the query may read it.
                let reads_target = translator.reads.borrow().contains_key(&target.name.id());
                let source = if reads_target {
                    tx.run(&format!(
                        "CREATE OR REPLACE TEMP TABLE _hw_result AS {}",
                        translated.sql
                    ))?;
                    "SELECT * FROM _hw_result".to_owned()
                } else {
                    translated.sql
                };
                target.prepare(tx, &rest_schema(&columns))?;
                let names: Vec<String> = columns.iter().map(|c| crate::types::quoted(&c.name)).collect();
                tx.execute(
                    &format!("INSERT INTO {} ({}) {source}", target.name.duck(), names.join(", ")),
                    &[],
                )?;
                if reads_target {
                    tx.run("DROP TABLE _hw_result")?;
                }
            }
            Effect::Selected
        }
        Statement::Insert(insert) => Effect::Changed(translator.insert(insert)?),
        Statement::Update(update) => Effect::Changed(translator.update(update)?),
        Statement::Delete(delete) => Effect::Changed(translator.delete(delete)?),
        Statement::Merge(merge) => Effect::Changed(translator.merge(merge)?),
        Statement::Truncate(truncate) => Effect::Changed(translator.truncate(truncate)?),
        Statement::CreateTable(create) => Effect::Defined(translator.create_table(create)?),
        Statement::CreateView(create) => Effect::Defined(translator.create_view(create, view_text(text, create))?),
        Statement::CreateSchema {
            schema_name,
            if_not_exists,
            options,
            ..
        } => Effect::Defined(translator.create_schema(
            schema_name,
            *if_not_exists,
            options.as_deref().unwrap_or_default(),
        )?),
        Statement::AlterTable(alter) => Effect::Defined(translator.alter_table(alter)?),
        Statement::Drop { .. } => Effect::Defined(translator.drop_object(statement)?),
        other => {
            let word = other.to_string();
            let word = word.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            return Err(Fault::query(format!(
                "the local BigQuery does not support the statement {word}"
            )));
        }
    })
}

/// The query of CREATE VIEW as the user wrote it.
fn view_text<'t>(text: &'t str, create: &sqlparser::ast::CreateView) -> &'t str {
    let start = create.query.span().start;
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number as u64 + 1 == start.line {
            let column = usize::try_from(start.column).unwrap_or(1).saturating_sub(1);
            offset += line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
            break;
        }
        offset += line.len();
    }
    text.get(offset..)
        .unwrap_or(text)
        .trim()
        .trim_end_matches(';')
        .trim_end()
}

fn finish(
    translator: &Translator<'_>,
    query: &Query,
    statement: Option<&Statement>,
    effect: Option<Effect>,
    result: &TableName,
    work: &Work<'_>,
) -> Result<(Value, Value), Fault> {
    let bytes = bytes_read(translator)?;
    let kind = match statement {
        Some(_) if query.statements.len() > 1 => "SCRIPT",
        Some(statement) => statement_type(statement),
        None => "SCRIPT",
    };
    let mut stats = json!({
        "statementType": kind,
        "totalBytesProcessed": bytes.to_string(), "totalBytesBilled": bytes.to_string(), "totalSlotMs": "1",
        "cacheHit": false, "billingTier": 1,
        "referencedTables": translator.reads.borrow().values().map(TableName::reference).collect::<Vec<_>>(),
    });
    let mut configuration = work.configuration.clone();
    match effect {
        Some(Effect::Changed(changed)) => {
            stats["numDmlAffectedRows"] = json!((changed.inserted + changed.updated + changed.deleted).to_string());
            stats["dmlStats"] = json!({
                "insertedRowCount": changed.inserted.to_string(),
                "updatedRowCount": changed.updated.to_string(),
                "deletedRowCount": changed.deleted.to_string(),
            });
            if let Some(statement) = statement
                && let Some(Key::Table(p, d, t)) = query.target(translator.tx, statement)?
            {
                configuration["query"]["destinationTable"] = TableName::new(&p, &d, &t).reference();
            }
        }
        Some(Effect::Defined(performed)) => {
            stats["ddlOperationPerformed"] = json!(performed.operation);
            if let Some(table) = &performed.table {
                stats["ddlTargetTable"] = table.reference();
                configuration["query"]["destinationTable"] = table.reference();
            }
            if let Some((project, dataset)) = &performed.dataset {
                stats["ddlTargetDataset"] = json!({"projectId": project, "datasetId": dataset});
            }
        }
        Some(Effect::Selected) => configuration["query"]["destinationTable"] = result.reference(),
        None => {}
    }
    Ok((
        json!({"totalBytesProcessed": bytes.to_string(), "query": stats}),
        configuration,
    ))
}

fn bytes_read(translator: &Translator<'_>) -> Result<u64, Fault> {
    let mut bytes = 0;
    for name in translator.reads.borrow().values() {
        if let Some(doc) = tables::find(translator.tx, name)? {
            bytes += tables::size(translator.tx, name, &doc)?.1;
        }
    }
    Ok(bytes)
}

/// The hidden table of a job's result.
fn anonymous(project: &str, id: &str) -> TableName {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(id.as_bytes());
    let hex: String = digest.iter().take(20).map(|b| format!("{b:02x}")).collect();
    TableName::new(project, ANONYMOUS, &format!("anon{hex}"))
}

/// Checks a job without running it: types, names, bytes.
pub(super) fn dry_run(service: &Service, project: &str, mut doc: Value) -> Result<Value, Fault> {
    let settings = doc["configuration"]["query"].clone();
    if settings.is_null() {
        doc["status"] = json!({"state": "DONE"});
        return Ok(doc);
    }
    let checked = check(service, project, &settings)?;
    doc["statistics"]["totalBytesProcessed"] = checked["totalBytesProcessed"].clone();
    doc["statistics"]["query"] = checked;
    doc["status"] = json!({"state": "DONE"});
    Ok(doc)
}

/// The statistics that a query would have. What it would change is changed and rolled back.
pub(crate) fn check(service: &Service, project: &str, settings: &Value) -> Result<Value, Fault> {
    let query = Query::from_settings(settings, project)?;
    let rolled_back = Fault::new(Reason::Stopped, "dry run");
    let mut stats = Value::Null;
    let result = service.engine.write(&[], |tx| {
        query.with(tx, |translator| {
            let mut columns: Option<Vec<Field>> = None;
            let mut kind = "SCRIPT";
            for statement in query.units()?.into_iter().flatten() {
                kind = statement_type(statement);
                columns = None;
                match statement {
                    Statement::Query(inner) => {
                        columns = Some(tx.describe(&translator.top_query(inner)?.sql)?);
                    }
                    other => {
                        execute(translator, other, &query.text, None)?;
                    }
                }
            }
            let bytes = bytes_read(translator)?;
            stats = json!({
                "statementType": kind, "totalBytesProcessed": bytes.to_string(), "totalBytesBilled": "0",
                "totalBytesProcessedAccuracy": "PRECISE", "cacheHit": false,
                "referencedTables": translator.reads.borrow().values().map(TableName::reference).collect::<Vec<_>>(),
            });
            if let Some(columns) = columns {
                stats["schema"] = rest_schema(&columns);
            }
            Err::<(), Fault>(rolled_back.clone())
        })
    });
    match result {
        Err(fault) if fault == rolled_back => Ok(stats),
        Err(fault) => Err(fault),
        Ok(()) => Ok(stats),
    }
}

/// What a query without a job answers.
pub(crate) struct Immediate {
    pub(crate) columns: Vec<Field>,
    pub(crate) rows: Vec<Vec<crate::engine::Cell>>,
    /// A guess at the bytes that were read.
    pub(crate) bytes: u64,
}

/// The result of a query that needs no job: columns and all rows, or nothing where it must become a job
/// (it changes something, or it answers more than `most` rows).
pub(crate) fn immediate(
    service: &Service,
    project: &str,
    settings: &Value,
    most: usize,
) -> Result<Option<Immediate>, Fault> {
    let query = Query::from_settings(settings, project)?;
    let [Statement::Query(inner)] = query.statements.as_slice() else {
        return Ok(None);
    };
    service.engine.read(|tx| {
        query.with(tx, |translator| {
            let sql = translator.top_query(inner)?.sql;
            let columns = tx.describe(&sql)?;
            let list: Vec<String> = columns
                .iter()
                .map(|c| format!("CAST({0} AS {1}) AS {0}", crate::types::quoted(&c.name), c.ty.duck()))
                .collect();
            let rows = tx.query(
                &format!("SELECT {} FROM ({sql}) LIMIT {}", list.join(", "), most + 1),
                &[],
            )?;
            if rows.len() > most {
                return Ok(None);
            }
            Ok(Some(Immediate {
                columns,
                rows,
                bytes: bytes_read(translator)?,
            }))
        })
    })
}
