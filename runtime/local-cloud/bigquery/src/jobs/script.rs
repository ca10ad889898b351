//! Scripts: variables, control flow, transactions, procedures. Each statement is a transaction of its own unless the
//! script says otherwise, and has a child job that tells what it did.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};
use sqlparser::ast::{Expr, Statement};

use super::destination::Destination;
use super::query::{Query, RESULT_LIFE_MS, anonymous, describe, destination, statistics};
use super::session::Turn;
use super::statement::{self, Effect, execute, is_leaf};
use super::{Work, child};
use crate::catalog::names::TableName;
use crate::catalog::{now_ms, routines, sessions, tables};
use crate::engine::Session;
use crate::error::{Fault, Reason};
use crate::sql::params::Params;
use crate::sql::routines::procedure_parameters;
use crate::sql::script::{Step, parse};
use crate::sql::{Ex, Translator, literal_type};
use crate::types::Ty;

/// Calls within calls, and loops that never end otherwise, are stopped.
const DEEPEST_CALLS: usize = 50;

pub(super) fn run(work: &Work<'_>, query: &Query, session: Option<&Turn<'_>>) -> Result<(), Fault> {
    let run = Run {
        work,
        query,
        places: RefCell::new(vec![Place {
            project: query.project.clone(),
            dataset: query.default_dataset.clone(),
            params: query.params.clone(),
            text: query.text.clone(),
        }]),
        handled: RefCell::default(),
        undone: Cell::new(false),
        children: Cell::new(0),
        last: RefCell::new(None),
    };
    // A session's variables are those of its scripts' outermost block.
    if session.is_none() {
        query.state.enter();
    }
    let result = run.steps(&query.steps, None);
    let temporary = match session {
        None => query.state.temporary_tables(),
        Some(_) => Vec::new(),
    };
    let keys: Vec<_> = temporary.iter().map(TableName::key).collect();
    work.service.engine.write(&keys, |tx| {
        for table in &temporary {
            if let Some(doc) = tables::find(tx, table)? {
                tables::drop_table(tx, table, &doc)?;
            }
        }
        Ok(())
    })?;
    result?;
    let last = run.last.borrow().clone();
    let mut configuration = work.configuration.clone();
    let mut stats = json!({"statementType": "SCRIPT", "totalBytesProcessed": "0", "totalBytesBilled": "0"});
    if let Some(last) = last {
        if !last.destination.is_null() {
            configuration["query"]["destinationTable"] = last.destination;
        }
        crate::catalog::merge(&mut stats, &last.stats);
        stats["statementType"] = json!("SCRIPT");
    }
    let mut whole = json!({
        "totalBytesProcessed": stats["totalBytesProcessed"], "query": stats,
        "numChildJobs": run.children.get().to_string(),
    });
    if let Some(session) = session {
        whole["sessionInfo"] = sessions::info(&session.id);
    }
    work.service.engine.write(&[], |tx| {
        if let Some(session) = session {
            session.keep(tx, &query.state)?;
        }
        work.done(tx, &whole, Some(&configuration))
    })
}

/// Where statements stand: names mean other things in a procedure.
#[derive(Clone)]
struct Place {
    project: String,
    dataset: Option<(String, String)>,
    params: Params,
    text: String,
}

/// What the last statement left.
#[derive(Clone)]
struct Last {
    stats: Value,
    destination: Value,
}

/// How a step ended.
#[derive(Debug, PartialEq)]
enum Flow {
    Next,
    Leave(Option<String>),
    Iterate(Option<String>),
    Return,
}

struct Run<'r> {
    work: &'r Work<'r>,
    query: &'r Query,
    places: RefCell<Vec<Place>>,
    /// The errors whose handlers run, the innermost last.
    handled: RefCell<Vec<Fault>>,
    /// Whether the open transaction was rolled back by a statement.
    undone: Cell<bool>,
    children: Cell<u64>,
    last: RefCell<Option<Last>>,
}

impl Run<'_> {
    fn place(&self) -> Place {
        let places = self.places.borrow();
        places.last().cloned().unwrap_or_else(|| Place {
            project: self.query.project.clone(),
            dataset: None,
            params: Params::default(),
            text: String::new(),
        })
    }

    fn translate<T>(
        &self,
        tx: &Session<'_>,
        work: impl FnOnce(&Translator<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let place = self.place();
        work(&Translator::new(
            tx,
            &place.project,
            place.dataset.clone(),
            &place.params,
            &self.query.state,
        ))
    }

    /// Reads in the open transaction, or on a snapshot.
    fn read<T>(
        &self,
        tx: Option<&Session<'_>>,
        mut work: impl FnMut(&Translator<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match tx {
            Some(tx) => self.translate(tx, work),
            None => self.work.service.engine.read(|tx| {
                self.work.running.attach(tx)?;
                self.translate(tx, &mut work)
            }),
        }
    }

    fn steps(&self, steps: &[Step], tx: Option<&Session<'_>>) -> Result<Flow, Fault> {
        for step in steps {
            let flow = self.step(step, tx)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn step(&self, step: &Step, tx: Option<&Session<'_>>) -> Result<Flow, Fault> {
        match step {
            leaf if is_leaf(leaf) => self.leaf(leaf, tx)?,
            Step::Declare { names, ty, default } => {
                let ty = ty.as_ref().map(literal_type).transpose()?;
                let value = match default {
                    Some(default) => self.value(default, ty.as_ref(), tx)?,
                    None => null(ty.unwrap_or(Ty::Unknown)),
                };
                for name in names {
                    self.query
                        .state
                        .declare(&name.value, value.ty.clone(), value.sql.clone())?;
                }
            }
            Step::Set { names, listed, value } => self.set(names, *listed, value, tx)?,
            Step::If { arms, otherwise } => {
                for (condition, steps) in arms {
                    if self.holds(condition, tx)? {
                        return self.steps(steps, tx);
                    }
                }
                return self.steps(otherwise, tx);
            }
            Step::Loop {
                label,
                before,
                body,
                until,
            } => return self.repeat(label.as_deref(), before.as_ref(), body, until.as_ref(), tx),
            Step::For {
                label,
                name,
                query,
                body,
            } => return self.each(label.as_deref(), name, query, body, tx),
            Step::Block { label, body, handler } => return self.block(label.as_deref(), body, handler.as_deref(), tx),
            Step::Leave(label) => return Ok(Flow::Leave(label.clone())),
            Step::Iterate(label) => return Ok(Flow::Iterate(label.clone())),
            Step::Return => return Ok(Flow::Return),
            Step::Raise(message) => return Err(self.raised(message.as_ref(), tx)?),
            Step::Call { name, arguments } => self.call(name, arguments, tx)?,
            Step::Execute { text, into, using } => self.dynamic(text, into, using, tx)?,
            Step::Transaction { steps, commit } => return self.transaction(steps, *commit),
            Step::Rollback if tx.is_some() => {
                self.undone.set(true);
                return Err(undone());
            }
            Step::Rollback if !self.handled.borrow().is_empty() => {}
            Step::Rollback => return Err(Fault::query("There is no transaction to roll back")),
            _ => return Err(Fault::query("Syntax error: a statement was expected")),
        }
        Ok(Flow::Next)
    }

    fn leaf(&self, step: &Step, tx: Option<&Session<'_>>) -> Result<(), Fault> {
        let number = self.children.get();
        let id = format!("script_job_{}_{number}", self.work.job_id());
        let result = anonymous(&self.query.project, &id);
        let started = now_ms();
        let work = |tx: &Session<'_>| {
            self.translate(tx, |translator| {
                let settings = json!({});
                let target = Destination {
                    name: &result,
                    settings: &settings,
                    partition: None,
                    default_write: "WRITE_TRUNCATE",
                    expires_ms: Some(now_ms() + RESULT_LIFE_MS),
                };
                let place = self.place();
                let effect = execute(self.work.service, translator, step, &place.text, Some(&target))?;
                if let Effect::Changed(changed) = &effect {
                    let rows = changed.inserted + changed.updated + changed.deleted;
                    self.query.state.row_count.set(Some(rows));
                }
                let mut stats = statistics(translator, &statement::kind(step))?;
                let changed = describe(translator, step, &effect, &mut stats)?;
                let destination = destination(&effect, changed.as_ref(), &result).unwrap_or_default();
                let frame = frame(step, &place.text);
                child::record(tx, self.work, &id, &frame, &stats, &destination, started)?;
                Ok(Last { stats, destination })
            })
        };
        let last = match tx {
            Some(tx) => work(tx)?,
            None => {
                let mut keys = vec![result.key()];
                self.read(None, |t| statement::targets(t, step, &mut keys))?;
                self.work.service.engine.write(&keys, |tx| {
                    self.work.running.attach(tx)?;
                    work(tx)
                })?
            }
        };
        self.children.set(number + 1);
        *self.last.borrow_mut() = Some(last);
        Ok(())
    }

    /// An expression's value as a constant, of this type where one is wanted.
    fn value(&self, expr: &Expr, wanted: Option<&Ty>, tx: Option<&Session<'_>>) -> Result<Ex, Fault> {
        self.read(tx, |t| {
            let value = t.constant(expr)?;
            let value = match wanted {
                Some(wanted) => t.assigned_to(value, wanted)?,
                None => value,
            };
            let column = t.tx.describe(&format!("SELECT {} AS v", value.sql))?;
            let ty = match (wanted, column.first()) {
                (Some(wanted), _) => wanted.clone(),
                (None, Some(column)) => column.ty.clone(),
                (None, None) => value.ty,
            };
            let rows =
                t.tx.query(&format!("SELECT CAST({} AS {})", value.sql, ty.duck()), &[])?;
            let cell = rows.first().and_then(|r| r.first());
            let sql = cell.map_or_else(|| null(ty.clone()).sql, |c| c.constant(&ty));
            Ok(Ex::new(sql, ty))
        })
    }

    fn holds(&self, condition: &Expr, tx: Option<&Session<'_>>) -> Result<bool, Fault> {
        let value = self.value(condition, Some(&Ty::Bool), tx)?;
        Ok(value.sql == "true")
    }

    /// `SET x = …`; or `SET (x, y) = …`, which gives each variable a field of a STRUCT, even if it is one.
    fn set(&self, names: &[String], listed: bool, value: &Expr, tx: Option<&Session<'_>>) -> Result<(), Fault> {
        let state = &self.query.state;
        let undeclared = |name: &str| Fault::query(format!("Undeclared variable: {name}"));
        if let ([name], false) = (names, listed) {
            let variable = state.variable(name).ok_or_else(|| undeclared(name))?;
            let value = self.value(value, Some(&variable.ty), tx)?;
            return state.assign(name, value.sql);
        }
        let whole = self.value(value, None, tx)?;
        let Ty::Struct(fields) = &whole.ty else {
            return Err(Fault::query(
                "SET of several variables needs a STRUCT of as many values",
            ));
        };
        if fields.len() != names.len() {
            return Err(Fault::query(format!(
                "SET of {} variables cannot take a STRUCT of {} values",
                names.len(),
                fields.len()
            )));
        }
        for (name, field) in names.iter().zip(fields) {
            let variable = state.variable(name).ok_or_else(|| undeclared(name))?;
            let part = format!("({}).{}", whole.sql, crate::types::quoted(&field.name));
            let value = self.read(tx, |t| {
                let value = t.assigned_to(Ex::new(part.as_str(), field.ty.clone()), &variable.ty)?;
                let rows =
                    t.tx.query(&format!("SELECT CAST({} AS {})", value.sql, variable.ty.duck()), &[])?;
                Ok(rows[0][0].constant(&variable.ty))
            })?;
            state.assign(name, value)?;
        }
        Ok(())
    }

    fn repeat(
        &self,
        label: Option<&str>,
        before: Option<&Expr>,
        body: &[Step],
        until: Option<&Expr>,
        tx: Option<&Session<'_>>,
    ) -> Result<Flow, Fault> {
        loop {
            self.work.running.must_go_on()?;
            if let Some(before) = before
                && !self.holds(before, tx)?
            {
                return Ok(Flow::Next);
            }
            if let Some(flow) = ended(self.steps(body, tx)?, label) {
                return Ok(flow);
            }
            if let Some(until) = until
                && self.holds(until, tx)?
            {
                return Ok(Flow::Next);
            }
        }
    }

    fn each(
        &self,
        label: Option<&str>,
        name: &str,
        query: &sqlparser::ast::Query,
        body: &[Step],
        tx: Option<&Session<'_>>,
    ) -> Result<Flow, Fault> {
        let (ty, rows) = self.read(tx, |t| {
            let sql = t.top_query(query)?.sql;
            let columns = t.tx.describe(&sql)?;
            let list: Vec<String> = columns
                .iter()
                .map(|c| format!("CAST({0} AS {1}) AS {0}", crate::types::quoted(&c.name), c.ty.duck()))
                .collect();
            let rows = t.tx.query(&format!("SELECT {} FROM ({sql})", list.join(", ")), &[])?;
            let constants: Vec<String> = rows
                .into_iter()
                .map(|row| {
                    let fields = columns.iter().map(|c| c.name.clone()).zip(row).collect();
                    crate::engine::Cell::Struct(fields).constant(&Ty::Struct(columns.clone()))
                })
                .collect();
            Ok((Ty::Struct(columns), constants))
        })?;
        let state = &self.query.state;
        state.enter();
        let run = || -> Result<Flow, Fault> {
            state.declare(name, ty.clone(), null(ty.clone()).sql)?;
            for row in rows {
                self.work.running.must_go_on()?;
                state.assign(name, row)?;
                if let Some(flow) = ended(self.steps(body, tx)?, label) {
                    return Ok(flow);
                }
            }
            Ok(Flow::Next)
        };
        let flow = run();
        state.leave();
        flow
    }

    fn block(
        &self,
        label: Option<&str>,
        body: &[Step],
        handler: Option<&[Step]>,
        tx: Option<&Session<'_>>,
    ) -> Result<Flow, Fault> {
        let state = &self.query.state;
        state.enter();
        let result = self.steps(body, tx);
        state.leave();
        let flow = match (result, handler) {
            (Err(fault), Some(handler)) if fault.reason != Reason::Stopped && !fault.conflict => {
                let before = state.set_error(Some(fault.message.clone()));
                self.handled.borrow_mut().push(fault);
                let result = self.steps(handler, tx);
                self.handled.borrow_mut().pop();
                state.set_error(before);
                result?
            }
            (result, _) => result?,
        };
        Ok(match flow {
            Flow::Leave(Some(wanted)) if Some(wanted.as_str()) == label => Flow::Next,
            other => other,
        })
    }

    /// The error that RAISE makes.
    fn raised(&self, message: Option<&Expr>, tx: Option<&Session<'_>>) -> Result<Fault, Fault> {
        let Some(message) = message else {
            let handled = self.handled.borrow().last().cloned();
            return Ok(handled.unwrap_or_else(|| Fault::query("RAISE without a message is only allowed in a handler")));
        };
        self.read(tx, |t| {
            let value = t.constant(message)?;
            let rows = t.tx.query(&format!("SELECT CAST({} AS VARCHAR)", value.sql), &[])?;
            Ok(Fault::query(rows[0][0].text()))
        })
    }

    fn transaction(&self, steps: &[Step], commit: bool) -> Result<Flow, Fault> {
        let mut keys = Vec::new();
        self.read(None, |t| {
            steps.iter().try_for_each(|s| statement::targets(t, s, &mut keys))
        })?;
        self.undone.set(false);
        let mut flow = Flow::Next;
        let result = self.work.service.engine.write(&keys, |tx| {
            self.work.running.attach(tx)?;
            flow = self.steps(steps, Some(tx))?;
            if commit { Ok(()) } else { Err(undone()) }
        });
        match result {
            Err(fault) if fault == undone() && (!commit || self.undone.get()) => Ok(flow),
            Err(fault) => Err(fault),
            Ok(()) => Ok(flow),
        }
    }

    /// `CALL BQ.ABORT_SESSION()`, of this session or of one that is named.
    fn abort_session(&self, arguments: &[Expr], tx: Option<&Session<'_>>) -> Result<(), Fault> {
        let id = match arguments {
            [] => self.query.state.session.clone(),
            [id] => Some(self.read(tx, |t| {
                let value = t.constant(id)?;
                let rows = t.tx.query(&format!("SELECT CAST({} AS VARCHAR)", value.sql), &[])?;
                Ok(rows[0][0].text().to_owned())
            })?),
            _ => return Err(Fault::query("BQ.ABORT_SESSION takes at most one session id")),
        };
        let id = id.ok_or_else(|| Fault::query("BQ.ABORT_SESSION needs a session id outside of a session"))?;
        let project = self.work.project;
        let end = |tx: &Session<'_>| sessions::end(tx, project, &id);
        match tx {
            Some(tx) => end(tx),
            None => self.work.service.engine.write(&[], end),
        }
    }

    fn call(
        &self,
        name: &sqlparser::ast::ObjectName,
        arguments: &[Expr],
        tx: Option<&Session<'_>>,
    ) -> Result<(), Fault> {
        if self.places.borrow().len() > DEEPEST_CALLS {
            return Err(Fault::query(format!(
                "Procedures call each other too deeply: at most {DEEPEST_CALLS} levels are allowed"
            )));
        }
        if crate::sql::path(name)?
            .join(".")
            .eq_ignore_ascii_case("BQ.ABORT_SESSION")
        {
            return self.abort_session(arguments, tx);
        }
        let (name, doc) = self.read(tx, |t| {
            let name = t.routine_name(name)?;
            let doc = routines::load(t.tx, &name)?;
            Ok((name, doc))
        })?;
        let id = routines::id(&name);
        if doc["routineType"] != "PROCEDURE" || doc["language"].as_str().unwrap_or("SQL") != "SQL" {
            return Err(Fault::query(format!(
                "{id} is not a procedure in SQL and cannot be called"
            )));
        }
        let parameters = procedure_parameters(&doc)?;
        if parameters.len() != arguments.len() {
            return Err(Fault::query(format!(
                "Procedure {id} takes {} arguments, {} are given",
                parameters.len(),
                arguments.len()
            )));
        }
        let mut values = Vec::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let target = match argument {
                Expr::Identifier(ident) => self.query.state.variable(&ident.value).map(|_| ident.value.clone()),
                _ => None,
            };
            if parameter.out && target.is_none() {
                return Err(Fault::query(format!(
                    "The argument {} of procedure {id} must be a variable",
                    parameter.name
                )));
            }
            let value = if parameter.takes {
                self.value(argument, parameter.ty.as_ref(), tx)?
            } else {
                null(parameter.ty.clone().unwrap_or(Ty::Unknown))
            };
            values.push((value, target.filter(|_| parameter.out)));
        }
        let body = doc["definitionBody"].as_str().unwrap_or_default().to_owned();
        let steps = parse(&body)?;
        let state = &self.query.state;
        let outer = state.set_aside();
        state.enter();
        self.places.borrow_mut().push(Place {
            project: name.project.clone(),
            dataset: None,
            params: Params::default(),
            text: body,
        });
        let run = || -> Result<Vec<(String, String)>, Fault> {
            for (parameter, (value, _)) in parameters.iter().zip(&values) {
                state.declare(&parameter.name, value.ty.clone(), value.sql.clone())?;
            }
            self.steps(&steps, tx)?;
            let back = parameters.iter().zip(&values).filter_map(|(parameter, (_, target))| {
                let value = state.variable(&parameter.name)?;
                target.clone().map(|target| (target, value.sql))
            });
            Ok(back.collect())
        };
        let back = run();
        self.places.borrow_mut().pop();
        drop(outer);
        for (target, value) in back? {
            state.assign(&target, value)?;
        }
        Ok(())
    }

    fn dynamic(
        &self,
        text: &Expr,
        into: &[String],
        using: &[(Expr, Option<String>)],
        tx: Option<&Session<'_>>,
    ) -> Result<(), Fault> {
        let text = self.read(tx, |t| {
            let value = t.constant(text)?;
            let rows = t.tx.query(&format!("SELECT CAST({} AS VARCHAR)", value.sql), &[])?;
            Ok(rows[0][0].text().to_owned())
        })?;
        let mut values = Vec::new();
        for (value, name) in using {
            values.push((name.clone(), self.value(value, None, tx)?));
        }
        let steps = parse(&text)?;
        let here = self.place();
        self.places.borrow_mut().push(Place {
            params: Params::of(values),
            text,
            ..here
        });
        let result = if into.is_empty() {
            self.steps(&steps, tx).map(drop)
        } else {
            self.select_into(&steps, into, tx)
        };
        self.places.borrow_mut().pop();
        result
    }

    fn select_into(&self, steps: &[Step], into: &[String], tx: Option<&Session<'_>>) -> Result<(), Fault> {
        let query = match steps {
            [Step::Sql(written)] => match &written.statement {
                Statement::Query(query) => query,
                _ => return Err(Fault::query("EXECUTE IMMEDIATE … INTO needs a query")),
            },
            _ => return Err(Fault::query("EXECUTE IMMEDIATE … INTO needs a query")),
        };
        let values = self.read(tx, |t| {
            let sql = t.top_query(query)?.sql;
            let columns = t.tx.describe(&sql)?;
            if columns.len() != into.len() {
                return Err(Fault::query(format!(
                    "EXECUTE IMMEDIATE … INTO has {} variables, the query answers {} columns",
                    into.len(),
                    columns.len()
                )));
            }
            let rows = t.tx.query(&format!("SELECT * FROM ({sql}) LIMIT 2"), &[])?;
            if rows.len() > 1 {
                return Err(Fault::query(
                    "The query of EXECUTE IMMEDIATE … INTO must answer at most one row",
                ));
            }
            let mut values = Vec::new();
            for (i, name) in into.iter().enumerate() {
                let variable = self.query.state.variable(name);
                let variable = variable.ok_or_else(|| Fault::query(format!("Undeclared variable: {name}")))?;
                let found = rows.first().map(|row| row[i].constant(&columns[i].ty));
                let found = Ex::new(
                    found.unwrap_or_else(|| null(columns[i].ty.clone()).sql),
                    columns[i].ty.clone(),
                );
                values.push((name.clone(), t.assigned_to(found, &variable.ty)?.sql));
            }
            Ok(values)
        })?;
        values
            .into_iter()
            .try_for_each(|(name, value)| self.query.state.assign(&name, value))
    }
}

/// Where a statement stands and what it says; where that is not known, the whole script.
fn frame(step: &Step, script: &str) -> Value {
    match step {
        Step::Sql(written) => json!({
            "startLine": written.start.line, "startColumn": written.start.column,
            "endLine": written.end.line, "endColumn": written.end.column, "text": written.text(script),
        }),
        _ => json!({
            "startLine": 1, "startColumn": 1, "endLine": script.lines().count(), "endColumn": 1, "text": script,
        }),
    }
}

fn null(ty: Ty) -> Ex {
    Ex::new(format!("CAST(NULL AS {})", ty.duck()), ty)
}

/// What makes a transaction end without its changes.
fn undone() -> Fault {
    Fault::new(Reason::Stopped, "the transaction was rolled back")
}

/// How a loop goes on after a round: nothing for another one.
fn ended(flow: Flow, label: Option<&str>) -> Option<Flow> {
    let mine = |wanted: &Option<String>| wanted.as_deref().is_none_or(|w| Some(w) == label);
    match flow {
        Flow::Next => None,
        Flow::Leave(wanted) if mine(&wanted) => Some(Flow::Next),
        Flow::Iterate(wanted) if mine(&wanted) => None,
        other => Some(other),
    }
}
