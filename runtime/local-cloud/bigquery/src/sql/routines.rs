//! User-defined functions, table functions and procedures: made, dropped, checked, and called by writing their bodies
//! where the call stands.

use serde_json::{Map, Value, json};
use sqlparser::ast::{Function, FunctionArg, FunctionArgExpr, ObjectName, TableAlias};

use super::cast::reshape;
use super::ddl::Performed;
use super::dml::assignable;
use super::literal::{self, coerce};
use super::routine_syntax::{CreateRoutine, RoutineKind};
use super::scope::{Alias, Origins, Scope};
use super::{Ex, Result, Translated, Translator, at, parse, path, script};
use crate::catalog::names::TableName;
use crate::catalog::{datasets, routines};
use crate::error::{Fault, Reason};
use crate::standard_type;
use crate::types::{Field, Ty, quoted};

impl Translator<'_> {
    pub(crate) fn create_routine(&self, create: &CreateRoutine) -> Result<Performed> {
        let settings = self.routine_settings(create)?;
        if create.temporary {
            let parts = path(&create.name)?;
            let [name] = parts.as_slice() else {
                return Err(Fault::query(format!(
                    "Temporary functions must have a name without a dataset{}",
                    at(&create.name)
                )));
            };
            let doc = Value::Object(settings);
            self.check_routine(name, &self.project, &doc)?;
            self.state.add_function(name, doc);
            return Ok(Performed::nothing("CREATE"));
        }
        let name = self.routine_name(&create.name)?;
        let old = routines::find(self.tx, &name)?;
        if old.is_some() && create.if_not_exists {
            return Ok(Performed::routine("SKIP", name));
        }
        datasets::load(self.tx, &name.project, &name.dataset)?;
        self.check_routine(&routines::id(&name), &name.project, &Value::Object(settings.clone()))?;
        let operation = if old.is_some() && create.or_replace {
            routines::delete(self.tx, &name)?;
            "REPLACE"
        } else {
            "CREATE"
        };
        routines::create(self.tx, &name, &settings)?;
        Ok(Performed::routine(operation, name))
    }

    pub(crate) fn drop_routine(&self, kind: RoutineKind, name: &ObjectName, if_exists: bool) -> Result<Performed> {
        let parts = path(name)?;
        if let [single] = parts.as_slice()
            && self.state.remove_function(single)
        {
            return Ok(Performed::nothing("DROP"));
        }
        let name = self.routine_name(name)?;
        let Some(doc) = routines::find(self.tx, &name)? else {
            if if_exists {
                return Ok(Performed::routine("SKIP", name));
            }
            return Err(routines::load(self.tx, &name)
                .err()
                .unwrap_or_else(|| routines::not_found(&name)));
        };
        if doc["routineType"] != kind.text() {
            return Err(Fault::query(format!(
                "Cannot drop {} as a {}, it is a {}",
                routines::id(&name),
                kind.text(),
                doc["routineType"].as_str().unwrap_or_default()
            )));
        }
        routines::delete(self.tx, &name)?;
        Ok(Performed::routine("DROP", name))
    }

    pub(crate) fn routine_name(&self, name: &ObjectName) -> Result<TableName> {
        match path(name)?.as_slice() {
            [routine] => match &self.default_dataset {
                Some((project, dataset)) => Ok(TableName::new(project, dataset, routine)),
                None => Err(Fault::query(format!(
                    "Routine name \"{routine}\" missing dataset while no default dataset is set in the request.{}",
                    at(name)
                ))),
            },
            [dataset, routine] => Ok(TableName::new(&self.project, dataset, routine)),
            [project, dataset, routine] => Ok(TableName::new(project, dataset, routine)),
            parts => Err(Fault::query(format!(
                "Invalid routine name: {}{}",
                parts.join("."),
                at(name)
            ))),
        }
    }

    /// The settable part of a routine's resource.
    fn routine_settings(&self, create: &CreateRoutine) -> Result<Map<String, Value>> {
        let mut out = Map::new();
        let mut set = |key: &str, value: Value| out.insert(key.to_owned(), value);
        set("routineType", json!(create.kind.text()));
        set("language", json!(create.language));
        if !create.body.is_empty() {
            set("definitionBody", json!(create.body));
        }
        let mut arguments = Vec::new();
        for parameter in &create.parameters {
            let mut argument = json!({"name": parameter.name});
            match &parameter.ty {
                Some(ty) => argument["dataType"] = standard_type::write(&literal::data_type(ty)?),
                None => argument["argumentKind"] = json!("ANY_TYPE"),
            }
            if let Some(mode) = parameter.mode {
                argument["mode"] = json!(mode);
            }
            if create.kind == RoutineKind::Aggregate {
                argument["isAggregate"] = json!(!parameter.not_aggregate);
            }
            arguments.push(argument);
        }
        if !arguments.is_empty() {
            set("arguments", Value::Array(arguments));
        }
        if let Some(returns) = &create.returns {
            set("returnType", standard_type::write(&literal::data_type(returns)?));
        }
        if let Some(columns) = &create.returns_table {
            let columns: Result<Vec<Field>> = columns
                .iter()
                .map(|(name, ty)| {
                    Ok(Field {
                        name: name.clone(),
                        ty: literal::data_type(ty)?,
                    })
                })
                .collect();
            set(
                "returnTableType",
                json!({"columns": standard_type::write_fields(&columns?)}),
            );
        }
        if let Some(level) = create.determinism {
            set("determinismLevel", json!(level));
        }
        let mut remote = Map::new();
        if let Some(connection) = &create.connection {
            remote.insert("connection".into(), json!(path(connection)?.join(".")));
        }
        for (key, value) in self.options(&create.options)? {
            match key.as_str() {
                "description" => set("description", value),
                "strict_mode" => set("strictMode", value),
                "library" => set(
                    "importedLibraries",
                    if value.is_array() { value } else { json!([value]) },
                ),
                "security_mode" => set("securityMode", value),
                "data_governance_type" => set("dataGovernanceType", value),
                "endpoint" => remote.insert("endpoint".into(), value),
                "max_batching_rows" => remote.insert("maxBatchingRows".into(), value),
                "user_defined_context" => remote.insert("userDefinedContext".into(), value),
                _ => return Err(Fault::query(format!("Unknown option: {key}"))),
            };
        }
        if !remote.is_empty() {
            set("remoteFunctionOptions", Value::Object(remote));
        }
        Ok(out)
    }

    /// Refuses a routine whose body cannot be: names that are not there, types that do not fit. `what` is its id.
    pub(crate) fn check_routine(&self, what: &str, project: &str, doc: &Value) -> Result<()> {
        if doc["language"].as_str().unwrap_or("SQL") != "SQL" || doc["remoteFunctionOptions"].is_object() {
            return Ok(());
        }
        let body = doc["definitionBody"].as_str().unwrap_or_default();
        if doc["routineType"] == "PROCEDURE" {
            return script::parse(body).map(drop);
        }
        let arguments = doc["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
        // With an argument of any type the body can only be read.
        if arguments.iter().any(|a| a["argumentKind"] == "ANY_TYPE") {
            return if doc["routineType"] == "TABLE_VALUED_FUNCTION" {
                parse::query_text(body).map(drop)
            } else {
                parse::expression_text(body).map(drop)
            };
        }
        let values: Vec<Ex> = arguments
            .iter()
            .map(|a| {
                let ty = standard_type::read(&a["dataType"])?;
                Ok(Ex::new(format!("CAST(NULL AS {})", ty.duck()), ty))
            })
            .collect::<Result<_>>()?;
        if doc["routineType"] == "TABLE_VALUED_FUNCTION" {
            let sql = self.expand_table(what, project, doc, &values, None)?.sql;
            self.tx.describe(&sql).map(drop)
        } else {
            let ex = self.expand(what, project, doc, &values, None)?;
            let sql = format!("SELECT {} AS f", ex.sql);
            self.tx.describe(&sql).map(drop)
        }
    }

    /// A function by the path of a call: a temporary one, or one of a dataset. Nothing: a built-in one is meant.
    fn known(&self, parts: &[String]) -> Result<Option<(String, String, Value)>> {
        if let [single] = parts {
            let doc = self.state.function(single);
            return Ok(doc.map(|doc| (single.clone(), self.project.clone(), doc)));
        }
        let name = match parts {
            [dataset, routine] => TableName::new(&self.project, dataset, routine),
            [project, dataset, routine] => TableName::new(project, dataset, routine),
            _ => return Ok(None),
        };
        let doc = routines::find(self.tx, &name)?;
        if doc.is_some() {
            self.shared.routines.borrow_mut().insert(name.clone());
        }
        Ok(doc.map(|doc| (routines::id(&name), name.project.clone(), doc)))
    }

    /// A call of a user-defined function.
    pub(super) fn user_function(&self, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        let parts = path(&call.name)?;
        let Some((what, project, doc)) = self.known(&parts)? else {
            if parts.len() > 1 && !is_builtin_family(&parts[0]) {
                return Err(Fault::query(format!(
                    "Function not found: {}{}",
                    parts.join("."),
                    at(call)
                )));
            }
            return Ok(None);
        };
        let values = self.plain_args(call, scope)?;
        self.expand(&what, &project, &doc, &values, Some(&At(at(call))))
            .map(Some)
    }

    fn expand(&self, what: &str, project: &str, doc: &Value, values: &[Ex], place: Option<&At>) -> Result<Ex> {
        let here = place.map_or("", |p| p.0.as_str());
        let kind = doc["routineType"].as_str().unwrap_or_default();
        if kind == "TABLE_VALUED_FUNCTION" || kind == "PROCEDURE" {
            return Err(Fault::query(format!(
                "{what} is a {kind} and cannot be called as a function{here}"
            )));
        }
        must_be_sql(what, doc)?;
        let aliases = arguments(what, doc, values, here)?;
        let body = parse::expression_text(doc["definitionBody"].as_str().unwrap_or_default())?;
        let ex = self.within(what, project, doc, |t| {
            let mut scope = Scope::root();
            scope.aliases = aliases;
            t.expr(&body, &scope)
        })?;
        let ex = Ex::new(format!("({})", ex.sql), ex.ty);
        if doc["returnType"].is_null() {
            return Ok(ex);
        }
        let wanted = standard_type::read(&doc["returnType"])?;
        if !assignable(&ex.ty, &wanted) {
            return Err(Fault::query(format!(
                "Function declared to return {} but the function body produces incompatible type {}{here}",
                wanted.sql(),
                ex.ty.sql()
            )));
        }
        self.cast(&ex, &wanted, false)
    }

    /// A call of a table function in FROM.
    pub(super) fn table_function(
        &self,
        name: &ObjectName,
        args: &[FunctionArg],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        if let Some(sql) = self.own_table_function(name, args, alias, scope)? {
            return Ok(sql);
        }
        let parts = path(name)?;
        let Some((what, project, doc)) = self.known(&parts)? else {
            return Err(Fault::query(format!(
                "Table-valued function not found: {}{}",
                parts.join("."),
                at(name)
            )));
        };
        let values: Vec<Ex> = args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr, scope),
                other => Err(super::unsupported(&format!("the argument `{other}`"), name)),
            })
            .collect::<Result<_>>()?;
        let found = self.expand_table(&what, &project, &doc, &values, Some(&At(at(name))))?;
        let alias = self.alias(alias, parts.last().map(String::as_str))?;
        Ok(self.relate(scope, alias, found.columns, found.origins, |duck| {
            format!("({}) AS {duck}", found.sql)
        }))
    }

    fn expand_table(
        &self,
        what: &str,
        project: &str,
        doc: &Value,
        values: &[Ex],
        place: Option<&At>,
    ) -> Result<Translated> {
        let here = place.map_or("", |p| p.0.as_str());
        if doc["routineType"] != "TABLE_VALUED_FUNCTION" {
            return Err(Fault::query(format!("{what} is not a table function{here}")));
        }
        must_be_sql(what, doc)?;
        let aliases = arguments(what, doc, values, here)?;
        let body = parse::query_text(doc["definitionBody"].as_str().unwrap_or_default())?;
        let mut found = self.within(what, project, doc, |t| {
            let mut scope = Scope::root();
            scope.aliases = aliases;
            t.query(&body, &scope)
        })?;
        let declared = standard_type::read_fields(&doc["returnTableType"]["columns"])?;
        if declared.is_empty() {
            return Ok(found);
        }
        let mut list = Vec::new();
        for want in &declared {
            let have = found.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&want.name));
            let Some(have) = have.filter(|have| assignable(&have.ty, &want.ty)) else {
                return Err(Fault::query(format!(
                    "Column {} of type {} is not in the result of table function {what}{here}",
                    want.name,
                    want.ty.sql()
                )));
            };
            let value = self.cast(&Ex::new(quoted(&have.name), have.ty.clone()), &want.ty, false)?;
            list.push(format!("{} AS {}", value.sql, quoted(&want.name)));
        }
        found.origins.iter().for_each(|o| self.reads_columns(o));
        found.sql = format!("SELECT {} FROM ({})", list.join(", "), found.sql);
        found.columns = declared;
        found.origins = Vec::new();
        Ok(found)
    }

    /// Translates a body: relations get fresh names, for the arguments' text comes from another query.
    fn within<T>(
        &self,
        what: &str,
        project: &str,
        doc: &Value,
        work: impl FnOnce(&Translator<'_>) -> Result<T>,
    ) -> Result<T> {
        let temporary = doc["creationTime"].is_null();
        if temporary {
            let inner = Translator {
                tx: self.tx,
                project: self.project.clone(),
                default_dataset: self.default_dataset.clone(),
                params: self.params,
                state: self.state,
                shared: std::rc::Rc::clone(&self.shared),
                renames: true,
            };
            return self.expanding(what, || work(&inner));
        }
        self.elsewhere(project, what, |t| {
            let inner = Translator {
                tx: t.tx,
                project: t.project.clone(),
                default_dataset: None,
                params: t.params,
                state: t.state,
                shared: std::rc::Rc::clone(&t.shared),
                renames: true,
            };
            work(&inner)
        })
    }
}

/// Where a call stands, for messages.
struct At(String);

/// `NET.HOST` and the like are built in.
fn is_builtin_family(first: &str) -> bool {
    ["SAFE", "NET", "KEYS", "AEAD", "HLL_COUNT", "KLL_QUANTILES"]
        .iter()
        .any(|f| first.eq_ignore_ascii_case(f))
}

fn must_be_sql(what: &str, doc: &Value) -> Result<()> {
    let language = doc["language"].as_str().unwrap_or("SQL");
    if language != "SQL" {
        return Err(Fault::new(
            Reason::NotImplemented,
            format!("the local BigQuery does not run functions written in {language}: {what}"),
        ));
    }
    if doc["remoteFunctionOptions"].is_object() {
        return Err(Fault::new(
            Reason::NotImplemented,
            format!("the local BigQuery does not call remote functions: {what}"),
        ));
    }
    Ok(())
}

/// The arguments of a call under the names that the body knows them by.
fn arguments(what: &str, doc: &Value, values: &[Ex], here: &str) -> Result<Vec<Alias>> {
    let declared = doc["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mismatch = |values: &[Ex]| {
        let given: Vec<String> = values.iter().map(|v| v.ty.sql()).collect();
        let wanted: Vec<String> = declared
            .iter()
            .map(|a| standard_type::read(&a["dataType"]).map_or_else(|_| "ANY TYPE".to_owned(), |ty| ty.sql()))
            .collect();
        Fault::query(format!(
            "No matching signature for function {what} for argument types: {}. Supported signature: {what}({}){here}",
            given.join(", "),
            wanted.join(", ")
        ))
    };
    if values.len() != declared.len() {
        return Err(mismatch(values));
    }
    let mut out = Vec::with_capacity(values.len());
    for (i, argument) in declared.iter().enumerate() {
        let name = argument["name"].as_str().unwrap_or_default().to_owned();
        let value = values[i].clone();
        if argument["argumentKind"] == "ANY_TYPE" {
            out.push(alias(name, value));
            continue;
        }
        let ty = standard_type::read(&argument["dataType"])?;
        let value = coerce(value, &ty);
        if !assignable(&value.ty, &ty) {
            return Err(mismatch(values));
        }
        let text = value.literal.clone().filter(|_| ty == Ty::String);
        out.push(Alias {
            literal: text,
            ..alias(name, typed(&value, ty))
        });
    }
    Ok(out)
}

/// An argument as a value of its declared type.
fn typed(value: &Ex, ty: Ty) -> Ex {
    if matches!(ty, Ty::Struct(_) | Ty::Array(_)) && value.ty != ty && value.ty != Ty::Unknown {
        return Ex::new(reshape(&value.sql, &value.ty, &ty, 0), ty);
    }
    Ex::new(format!("CAST({} AS {})", value.sql, ty.duck()), ty)
}

fn alias(name: String, value: Ex) -> Alias {
    Alias {
        name,
        ty: value.ty,
        sql: value.sql,
        literal: value.literal,
        origins: Origins::new(),
    }
}

/// How a called procedure's parameters are declared.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) ty: Option<Ty>,
    /// Whether its value goes back to the caller.
    pub(crate) out: bool,
    pub(crate) takes: bool,
}

/// The parameters of a procedure.
pub(crate) fn procedure_parameters(doc: &Value) -> Result<Vec<Declared>> {
    let list = doc["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|argument| {
            let mode = argument["mode"].as_str().unwrap_or("IN");
            Ok(Declared {
                name: argument["name"].as_str().unwrap_or_default().to_owned(),
                ty: (argument["argumentKind"] != "ANY_TYPE")
                    .then(|| standard_type::read(&argument["dataType"]))
                    .transpose()?,
                out: mode.ends_with("OUT"),
                takes: mode.starts_with("IN"),
            })
        })
        .collect()
}
