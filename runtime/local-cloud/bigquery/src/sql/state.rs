//! What a script knows from one statement to the next: variables, temporary functions and tables, the error that is
//! being handled.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Ex, Result};
use crate::Caller;
use crate::catalog::names::TableName;
use crate::error::Fault;
use crate::types::{Ty, literal};

/// A variable: its type, and its value as a constant expression.
#[derive(Debug, Clone)]
struct Variable {
    ty: Ty,
    sql: String,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Variables by lower-case name, block within block.
    frames: RefCell<Vec<HashMap<String, Variable>>>,
    functions: RefCell<HashMap<String, Value>>,
    tables: RefCell<HashMap<String, TableName>>,
    error: RefCell<Option<String>>,
    /// Rows that the last DML statement changed.
    pub(crate) row_count: Cell<Option<u64>>,
    /// The job.
    pub(crate) job: String,
    /// Who asked for the job.
    pub(crate) user: Caller,
    /// The session, if there is one: temporary tables and variables outlive the script.
    pub(crate) session: Option<String>,
}

impl State {
    pub(crate) fn of_job(job: &str, user: &Caller) -> Self {
        Self {
            job: job.to_owned(),
            user: user.clone(),
            ..Self::default()
        }
    }

    /// Goes on where the earlier queries of a session have stopped.
    pub(crate) fn join(&mut self, session: &str, doc: &Value) -> Result<()> {
        self.session = Some(session.to_owned());
        let mut frame = HashMap::new();
        for (name, variable) in doc["variables"].as_object().into_iter().flatten() {
            let ty = super::parse::data_type(&super::parse::tokens(variable["type"].as_str().unwrap_or_default())?)
                .and_then(|ty| super::literal_type(&ty))?;
            let sql = variable["value"].as_str().unwrap_or("NULL").to_owned();
            frame.insert(name.clone(), Variable { ty, sql });
        }
        self.frames.replace(vec![frame]);
        for (name, function) in doc["functions"].as_object().into_iter().flatten() {
            self.functions.borrow_mut().insert(name.clone(), function.clone());
        }
        for (name, reference) in doc["tables"].as_object().into_iter().flatten() {
            let table = TableName::from_reference(reference, "")?;
            self.tables.borrow_mut().insert(name.clone(), table);
        }
        Ok(())
    }

    /// What the later queries of a session find.
    pub(crate) fn kept(&self) -> Value {
        let frames = self.frames.borrow();
        let variables = frames
            .first()
            .into_iter()
            .flatten()
            .filter(|(_, v)| v.ty != Ty::Unknown);
        let variables: Map<String, Value> = variables
            .map(|(name, v)| (name.clone(), json!({"type": v.ty.sql(), "value": v.sql})))
            .collect();
        let functions: Map<String, Value> = self.functions.borrow().clone().into_iter().collect();
        let tables = self.tables.borrow();
        let tables: Map<String, Value> = tables.iter().map(|(name, t)| (name.clone(), t.reference())).collect();
        json!({"variables": variables, "functions": functions, "tables": tables})
    }

    /// What the names of temporary tables begin with.
    pub(super) fn owner(&self) -> &str {
        self.session.as_deref().unwrap_or(&self.job)
    }

    /// A block's own variables begin, or end.
    pub(crate) fn enter(&self) {
        self.frames.borrow_mut().push(HashMap::new());
    }

    pub(crate) fn leave(&self) {
        self.frames.borrow_mut().pop();
    }

    pub(crate) fn declare(&self, name: &str, ty: Ty, sql: String) -> Result<()> {
        let mut frames = self.frames.borrow_mut();
        if frames.is_empty() {
            frames.push(HashMap::new());
        }
        let known = frames.iter().any(|f| f.contains_key(&name.to_lowercase()));
        if known {
            return Err(Fault::query(format!("Variable '{name}' redeclaration is not allowed")));
        }
        if let Some(frame) = frames.last_mut() {
            frame.insert(name.to_lowercase(), Variable { ty, sql });
        }
        Ok(())
    }

    pub(crate) fn assign(&self, name: &str, sql: String) -> Result<()> {
        let mut frames = self.frames.borrow_mut();
        let found = frames.iter_mut().rev().find_map(|f| f.get_mut(&name.to_lowercase()));
        match found {
            Some(variable) => {
                variable.sql = sql;
                Ok(())
            }
            None => Err(Fault::query(format!("Undeclared variable: {name}"))),
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Ex> {
        let frames = self.frames.borrow();
        let found = frames.iter().rev().find_map(|f| f.get(&name.to_lowercase()));
        found.map(|v| Ex::new(v.sql.clone(), v.ty.clone()))
    }

    /// Whether a frame holds what a procedure must not see: those of its caller are set aside.
    pub(crate) fn set_aside(&self) -> Aside<'_> {
        Aside {
            state: self,
            frames: std::mem::take(&mut *self.frames.borrow_mut())
                .into_iter()
                .map(Frame)
                .collect(),
        }
    }

    pub(crate) fn add_function(&self, name: &str, doc: Value) {
        self.functions.borrow_mut().insert(name.to_lowercase(), doc);
    }

    pub(crate) fn function(&self, name: &str) -> Option<Value> {
        self.functions.borrow().get(&name.to_lowercase()).cloned()
    }

    pub(crate) fn remove_function(&self, name: &str) -> bool {
        self.functions.borrow_mut().remove(&name.to_lowercase()).is_some()
    }

    pub(crate) fn add_table(&self, name: &str, table: TableName) {
        self.tables.borrow_mut().insert(name.to_lowercase(), table);
    }

    pub(crate) fn remove_table(&self, name: &str) {
        self.tables.borrow_mut().remove(&name.to_lowercase());
    }

    pub(crate) fn table(&self, name: &str) -> Option<TableName> {
        self.tables.borrow().get(&name.to_lowercase()).cloned()
    }

    /// The tables that end with the script.
    pub(crate) fn temporary_tables(&self) -> Vec<TableName> {
        self.tables.borrow().values().cloned().collect()
    }

    /// The error that a handler sees from here on.
    pub(crate) fn set_error(&self, message: Option<String>) -> Option<String> {
        self.error.replace(message)
    }

    /// `@@name`, with the fields after it.
    pub(super) fn system(&self, path: &[String]) -> Option<Ex> {
        let name: Vec<String> = path.iter().map(|p| p.to_lowercase()).collect();
        let text = |t: &str| Ex::new(literal(t), Ty::String);
        match name.join(".").as_str() {
            "@@error.message" => Some(match self.error.borrow().as_deref() {
                Some(message) => text(message),
                None => Ex::new("CAST(NULL AS VARCHAR)", Ty::String),
            }),
            "@@row_count" => Some(Ex::new(
                self.row_count
                    .get()
                    .map_or_else(|| "CAST(NULL AS BIGINT)".into(), |n| format!("CAST({n} AS BIGINT)")),
                Ty::Int64,
            )),
            "@@script.job_id" | "@@job_id" => Some(text(&self.job)),
            "@@session_id" => Some(match self.session.as_deref() {
                Some(id) => text(id),
                None => Ex::new("CAST(NULL AS VARCHAR)", Ty::String),
            }),
            "@@time_zone" => Some(text("UTC")),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Frame(HashMap<String, Variable>);

/// The caller's variables; they come back when this is dropped.
pub(crate) struct Aside<'s> {
    state: &'s State,
    frames: Vec<Frame>,
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        let frames = self.frames.drain(..).map(|f| f.0).collect();
        self.state.frames.replace(frames);
    }
}
