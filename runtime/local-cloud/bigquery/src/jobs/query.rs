//! Query jobs: one statement, carried out with the job's record in one transaction; scripts are run by `script`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlparser::ast::Statement;

use super::{Work, asker};

use super::destination::{Destination, table as destination_table};
use super::script;
use super::session::{self, Turn};
use super::statement::{self, Effect, execute, is_leaf};
use crate::Caller;
use crate::catalog::names::{ANONYMOUS, TableName};
use crate::catalog::{int, now_ms, sessions, size, tables};
use crate::engine::{Key, Session};
use crate::error::{Fault, Reason};
use crate::service::{Service, text};
use crate::sql::complaint;
use crate::sql::params::Params;
use crate::sql::script::{Step, parse};
use crate::sql::state::State;
use crate::sql::{Read, Translator};
use crate::types::{Field, rest_schema};

/// How long the result of a query is kept.
pub(super) const RESULT_LIFE_MS: i64 = 24 * 3_600_000;
/// What a query is billed for at least, and the unit of the rest.
const LEAST_BILLED: u64 = 10 * MEBIBYTE;
const MEBIBYTE: u64 = 1024 * 1024;

/// A query as it was asked for.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) steps: Vec<Step>,
    pub(super) params: Params,
    pub(super) default_dataset: Option<(String, String)>,
    pub(super) project: String,
    pub(super) state: State,
    most_billed: Option<u64>,
}

impl Query {
    /// From a job's `configuration.query` or a `QueryRequest`, which name things alike.
    pub(crate) fn from_settings(settings: &Value, project: &str, job: &str, user: &Caller) -> Result<Self, Fault> {
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
            steps: parse(query)?,
            params: Params::from_rest(&settings["queryParameters"])?,
            default_dataset,
            project: project.to_owned(),
            state: State::of_job(job, user),
            most_billed: int(&settings["maximumBytesBilled"]).map(i64::unsigned_abs),
        })
    }

    pub(super) fn with<T>(
        &self,
        tx: &Session<'_>,
        work: impl FnOnce(&Translator<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let params = self.params.clone();
        let translator = Translator::new(tx, &self.project, self.default_dataset.clone(), &params, &self.state);
        work(&translator).map_err(|fault| complaint::located(fault, &self.text))
    }

    /// The one statement that this is, or the statements of the one transaction.
    fn single(&self) -> Option<&[Step]> {
        match self.steps.as_slice() {
            one @ [step] if is_leaf(step) => Some(one),
            [Step::Transaction { steps, commit: true }] if steps.iter().all(is_leaf) && !steps.is_empty() => {
                Some(steps)
            }
            _ => None,
        }
    }

    /// The one SELECT that this is.
    fn select(&self) -> Option<&sqlparser::ast::Query> {
        match self.steps.as_slice() {
            [Step::Sql(written)] => match &written.statement {
                Statement::Query(query) => Some(query),
                _ => None,
            },
            _ => None,
        }
    }
}

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["query"];
    let id = work.job_id();
    let mut query = Query::from_settings(settings, work.project, &id, &work.user())?;
    let turn = Turn::take(work.service, work.project, settings, &mut query.state)?;
    let named = destination_table(settings, work.project)?;
    let Some(steps) = query.single() else {
        if named.is_some() {
            return Err(Fault::invalid(
                "configuration.query.destinationTable cannot be set for scripts",
            ));
        }
        return script::run(work, &query, turn.as_ref());
    };
    let (result, partition) = named.clone().unwrap_or_else(|| (anonymous(work.project, &id), None));
    let mut keys = vec![result.key()];
    work.service.engine.read(|tx| {
        query.with(tx, |t| {
            steps.iter().try_for_each(|s| statement::targets(t, s, &mut keys))
        })
    })?;
    work.service.engine.write(&keys, |tx| {
        work.running.attach(tx)?;
        query.with(tx, |translator| {
            let mut effect = None;
            for (i, step) in steps.iter().enumerate() {
                if let Some(limit) = query.most_billed {
                    must_be_affordable(translator, step, limit)?;
                }
                let target = (i + 1 == steps.len()).then(|| Destination {
                    name: &result,
                    settings,
                    partition: partition.as_ref(),
                    default_write: "WRITE_EMPTY",
                    expires_ms: named.is_none().then(|| now_ms() + RESULT_LIFE_MS),
                });
                effect = Some(execute(work.service, translator, step, &query.text, target.as_ref())?);
            }
            let kind = match steps {
                [one] if query.steps.len() == 1 && is_leaf(&query.steps[0]) => statement::kind(one),
                _ => "SCRIPT".into(),
            };
            let mut stats = statistics(translator, &kind)?;
            let mut configuration = work.configuration.clone();
            if let (Some(effect), Some(step)) = (&effect, steps.last()) {
                let changed = describe(translator, step, effect, &mut stats)?;
                let written = destination(effect, changed.as_ref(), &result);
                if let (Some(written), Some(query)) = (written, configuration["query"].as_object_mut()) {
                    query.insert("destinationTable".to_owned(), written);
                }
            }
            let mut whole = json!({"totalBytesProcessed": stats["totalBytesProcessed"], "query": stats});
            if let Some(turn) = &turn {
                turn.keep(tx, &query.state)?;
                whole["sessionInfo"] = sessions::info(&turn.id);
            }
            work.done(tx, &whole, Some(&configuration))
        })
    })
}

/// The table that a job answers or has changed; `changed` is what [`describe`] says.
pub(super) fn destination(effect: &Effect, changed: Option<&TableName>, result: &TableName) -> Option<Value> {
    match effect {
        Effect::Selected => Some(result.reference()),
        Effect::Moved => None,
        Effect::Changed(_) => changed.map(TableName::reference),
        Effect::Defined(performed) => performed.table.as_ref().map(TableName::reference),
    }
}

/// What every query's statistics say.
pub(super) fn statistics(translator: &Translator<'_>, kind: &str) -> Result<Value, Fault> {
    let reads = translator.reads();
    let bytes = bytes_read(translator.tx, reads.values())?;
    let mut stats = json!({
        "statementType": kind,
        "totalBytesProcessed": bytes.to_string(), "totalBytesBilled": billed(bytes).to_string(), "totalSlotMs": "1",
        "cacheHit": false, "billingTier": 1,
        "referencedTables": reads.values().map(|r| r.name.reference()).collect::<Vec<_>>(),
    });
    let routines = translator.routines_called();
    if !routines.is_empty() {
        let list = routines.iter().map(routine_reference).collect::<Vec<_>>();
        stats["referencedRoutines"] = Value::Array(list);
    }
    Ok(stats)
}

fn routine_reference(name: &TableName) -> Value {
    json!({"projectId": name.project, "datasetId": name.dataset, "routineId": name.table})
}

/// What the last statement did, for the statistics; and the table whose rows it changed.
pub(super) fn describe(
    translator: &Translator<'_>,
    step: &Step,
    effect: &Effect,
    stats: &mut Value,
) -> Result<Option<TableName>, Fault> {
    match effect {
        Effect::Selected | Effect::Moved => {}
        Effect::Changed(changed) => {
            stats["numDmlAffectedRows"] = json!((changed.inserted + changed.updated + changed.deleted).to_string());
            stats["dmlStats"] = json!({
                "insertedRowCount": changed.inserted.to_string(),
                "updatedRowCount": changed.updated.to_string(),
                "deletedRowCount": changed.deleted.to_string(),
            });
            if let Step::Sql(written) = step
                && let Some(Key::Table(p, d, t)) = statement::target(translator, &written.statement)?
            {
                return Ok(Some(TableName::new(&p, &d, &t)));
            }
        }
        Effect::Defined(performed) => {
            stats["ddlOperationPerformed"] = json!(performed.operation);
            if let Some(table) = &performed.table {
                stats["ddlTargetTable"] = table.reference();
                stats["ddlDestinationTable"] = table.reference();
            }
            if let Some((project, dataset)) = &performed.dataset {
                stats["ddlTargetDataset"] = json!({"projectId": project, "datasetId": dataset});
            }
            if let Some(routine) = &performed.routine {
                stats["ddlTargetRoutine"] = routine_reference(routine);
            }
        }
    }
    Ok(None)
}

/// The bytes of the columns that were read.
fn bytes_read<'r>(tx: &Session<'_>, reads: impl Iterator<Item = &'r Read>) -> Result<u64, Fault> {
    let mut bytes = 0;
    for read in reads {
        if let Some(doc) = tables::find(tx, &read.name)? {
            let rows = size::about(tx, &read.name, &doc)?;
            bytes += size::bytes(tx, &read.name, &doc, rows, Some(&read.columns))?;
        }
    }
    Ok(bytes)
}

/// Whole mebibytes, and at least ten of them for what reads anything.
fn billed(bytes: u64) -> u64 {
    if bytes == 0 {
        return 0;
    }
    (bytes.div_ceil(MEBIBYTE) * MEBIBYTE).max(LEAST_BILLED)
}

/// Refuses a query that would be billed for more than its job allows.
fn must_be_affordable(translator: &Translator<'_>, step: &Step, limit: u64) -> Result<(), Fault> {
    if let Step::Sql(written) = step
        && let Statement::Query(query) = &written.statement
    {
        translator.top_query(query)?;
        let needed = billed(bytes_read(translator.tx, translator.reads().values())?);
        if needed > limit {
            return Err(Fault::new(
                Reason::BytesBilledLimitExceeded,
                format!("Query exceeded limit for bytes billed: {limit}. {needed} or higher required."),
            ));
        }
    }
    Ok(())
}

/// The hidden table of a job's result.
pub(super) fn anonymous(project: &str, id: &str) -> TableName {
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
    let user = asker(&doc);
    let checked = check(service, project, &user, &settings)?.statistics;
    doc["statistics"]["totalBytesProcessed"] = checked["totalBytesProcessed"].clone();
    doc["statistics"]["query"] = checked;
    doc["status"] = json!({"state": "DONE"});
    Ok(doc)
}

/// What a query without being run is known to be.
pub(crate) struct Checked {
    pub(crate) statistics: Value,
    /// How long it took to parse and translate, before the engine planned it.
    pub(crate) translated: Duration,
}

/// The statistics that a query would have. What it would change is changed and rolled back.
pub(crate) fn check(service: &Service, project: &str, user: &Caller, settings: &Value) -> Result<Checked, Fault> {
    let began = Instant::now();
    let mut translated = Duration::ZERO;
    let mut query = Query::from_settings(settings, project, "dry_run", user)?;
    if let Some(id) = session::named(settings) {
        session::recall(service, project, id, &mut query.state)?;
    }
    let Some(steps) = query.single() else {
        // As in BigQuery: what a script would read depends on how it runs.
        return Ok(Checked {
            statistics: json!({
                "statementType": "SCRIPT", "totalBytesProcessed": "0", "totalBytesBilled": "0",
                "totalBytesProcessedAccuracy": "LOWER_BOUND", "cacheHit": false,
            }),
            translated: began.elapsed(),
        });
    };
    let mut keys = Vec::new();
    if query.select().is_none() {
        service.engine.read(|tx| {
            query.with(tx, |t| {
                steps.iter().try_for_each(|s| statement::targets(t, s, &mut keys))
            })
        })?;
    }
    let rolled_back = Fault::new(Reason::Stopped, "dry run");
    let mut stats = Value::Null;
    let result = service.engine.write(&keys, |tx| {
        query.with(tx, |translator| {
            let mut schema = None;
            let mut effect = None;
            for step in steps {
                schema = None;
                match step {
                    Step::Sql(written) if matches!(written.statement, Statement::Query(_)) => {
                        let Statement::Query(inner) = &written.statement else {
                            continue;
                        };
                        let query = translator.top_query(inner)?;
                        translated = began.elapsed();
                        schema = Some(rest_schema(&tx.describe(&query.sql)?));
                    }
                    // Nothing is read or written of files.
                    Step::ExportData(export) => {
                        translator.export_settings(export)?;
                        translator.top_query(&export.query)?;
                    }
                    Step::LoadData(load) => drop(translator.load_settings(load)?),
                    other => effect = Some(execute(service, translator, other, &query.text, None)?),
                }
            }
            let kind = steps.last().map_or_else(|| "SCRIPT".into(), statement::kind);
            stats = statistics(translator, &kind)?;
            stats["totalBytesBilled"] = json!("0");
            stats["totalBytesProcessedAccuracy"] = json!("PRECISE");
            if let (Some(effect), Some(step)) = (&effect, steps.last()) {
                describe(translator, step, effect, &mut stats)?;
                // Rows are not changed: how many there would be is not told.
                if let Some(map) = stats.as_object_mut() {
                    map.retain(|key, _| !["numDmlAffectedRows", "dmlStats"].contains(&key.as_str()));
                }
                if let Effect::Defined(performed) = effect
                    && let Some(table) = &performed.table
                    && let Some(doc) = tables::find(tx, table)?
                {
                    schema = Some(doc["schema"].clone());
                }
            }
            if let Some(schema) = schema.filter(Value::is_object) {
                stats["schema"] = schema;
            }
            Err::<(), Fault>(rolled_back.clone())
        })
    });
    match result {
        Err(fault) if fault != rolled_back => Err(fault),
        _ => Ok(Checked {
            statistics: stats,
            translated,
        }),
    }
}

/// What a query without a job answers.
pub(crate) struct Immediate {
    pub(crate) columns: Vec<Field>,
    pub(crate) rows: Vec<Vec<crate::engine::Cell>>,
    /// An estimate of the bytes that were read.
    pub(crate) bytes: u64,
}

/// The result of a query that needs no job: columns and all rows, or nothing where it must become a job
/// (it changes something, or it answers more than `most` rows).
pub(crate) fn immediate(
    service: &Service,
    project: &str,
    user: &Caller,
    settings: &Value,
    most: usize,
) -> Result<Option<Immediate>, Fault> {
    let query = Query::from_settings(settings, project, "immediate", user)?;
    if settings["createSession"] == true || session::named(settings).is_some() {
        return Ok(None);
    }
    let Some(inner) = query.select() else {
        return Ok(None);
    };
    service.engine.read(|tx| {
        query.with(tx, |translator| {
            let sql = translator.top_query(inner)?.sql;
            if let Some(limit) = query.most_billed {
                must_be_affordable(translator, &query.steps[0], limit)?;
            }
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
                bytes: bytes_read(tx, translator.reads().values())?,
            }))
        })
    })
}
