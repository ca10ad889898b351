//! The state of a routine, its document, and the SQL that would make it.

use headwater_cloud::{DatasetRef, RoutineRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic, Result, equal};

use super::types;
use crate::names::parse_dataset_path;

/// The state of a routine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Routine {
    pub(super) dataset: Attr<String>,
    pub(super) routine_id: Attr<String>,
    pub(super) routine_type: Attr<String>,
    pub(super) language: Attr<String>,
    pub(super) arguments: Attr<Vec<Attr<Argument>>>,
    pub(super) return_type: Attr<String>,
    pub(super) return_table_columns: Attr<Vec<Attr<ResultColumn>>>,
    pub(super) definition_body: Attr<String>,
    pub(super) imported_libraries: Attr<Vec<Attr<String>>>,
    pub(super) determinism_level: Attr<String>,
    pub(super) description: Attr<String>,
    pub(super) sql_name: Attr<String>,
    pub(super) id: Attr<String>,
}

/// An argument.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    pub(super) name: Attr<String>,
    pub(super) r#type: Attr<String>,
    pub(super) mode: Attr<String>,
}

/// A column of a table function's result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultColumn {
    pub(super) name: Attr<String>,
    pub(super) r#type: Attr<String>,
}

/// Any type.
pub(super) const ANY: &str = "ANY TYPE";

impl Argument {
    fn to_json(&self) -> Json {
        let mut argument = json!({"name": self.name.as_deref()});
        match self.r#type.as_deref() {
            Some(ANY) => argument["argumentKind"] = "ANY_TYPE".into(),
            Some(text) => argument["dataType"] = types::parse(text).unwrap_or_default(),
            None => {}
        }
        if let Some(mode) = self.mode.as_deref() {
            argument["mode"] = mode.into();
        }
        argument
    }

    fn sql(&self) -> Option<String> {
        let mode = self.mode.as_deref().map(|mode| format!("{mode} ")).unwrap_or_default();
        let kind = self.r#type.as_deref()?;
        Some(format!("{mode}`{}` {}", self.name.as_deref()?, types::sql(kind)))
    }
}

fn text(found: &Json, before: &Attr<String>) -> Attr<String> {
    match found.as_str().unwrap_or_default() {
        "" if before.as_deref() == Some("") => before.clone(),
        "" => Attr::Null,
        text => text.into(),
    }
}

/// A list as found; none and empty are the same to BigQuery, what the state says stays.
fn list<T, U>(found: Vec<T>, before: &Attr<Vec<U>>) -> Attr<Vec<T>> {
    match before {
        Attr::Known(before) if before.is_empty() && found.is_empty() => Attr::Known(found),
        _ if found.is_empty() => Attr::Null,
        _ => found.into(),
    }
}

/// Whether a script's last statement is ended. BigQuery's own spelling of a procedure's body, `BEGIN … END`, is not.
fn ends_with_semicolon(script: &str) -> bool {
    // The normal form has no comments, and no semicolon at its own end.
    equal::normal_sql(&format!("{script}\nnext")).is_none_or(|normal| normal.ends_with("; NEXT"))
}

impl Routine {
    pub(super) fn reference(&self) -> Result<RoutineRef, Diagnostic> {
        let dataset = self.dataset.require("dataset")?;
        let (project, dataset) = parse_dataset_path(dataset)
            .ok_or_else(|| Diagnostic::invalid("dataset", format!("`{dataset}` is not the id of a dataset")))?;
        Ok(RoutineRef {
            dataset: DatasetRef::new(project, dataset),
            routine: self.routine_id.require("routine_id")?.clone(),
        })
    }

    pub(super) fn name(&mut self) {
        let known = self.reference().ok();
        self.id = known.as_ref().map_or(Attr::Unknown, |routine| routine.id().into());
        self.sql_name = known.as_ref().map_or(Attr::Unknown, |routine| routine.sql().into());
    }

    /// Keeps the text of before when it is the same SQL. In JavaScript every letter counts.
    pub(super) fn keep_body(&mut self, prior: &Routine) {
        let sql = self.language.as_deref().is_some_and(|language| language == "SQL") && self.language == prior.language;
        if let (true, Some(before), Some(after)) =
            (sql, prior.definition_body.as_deref(), self.definition_body.as_deref())
            && equal::sql(&before.into(), &after.into())
        {
            self.definition_body = prior.definition_body.clone();
        }
    }

    fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.known().into_iter().flatten().filter_map(Attr::known)
    }

    fn columns(&self) -> impl Iterator<Item = &ResultColumn> {
        self.return_table_columns
            .known()
            .into_iter()
            .flatten()
            .filter_map(Attr::known)
    }

    /// The document that creates or replaces it.
    pub(super) fn document(&self) -> Json {
        let mut document = json!({
            "routineType": self.routine_type.as_deref(),
            "language": self.language.as_deref(),
            "arguments": self.arguments().map(Argument::to_json).collect::<Vec<_>>(),
            "definitionBody": self.definition_body.as_deref(),
        });
        if let Some(kind) = self.return_type.as_deref() {
            document["returnType"] = types::parse(kind).unwrap_or_default();
        }
        let columns: Vec<Json> = self
            .columns()
            .filter_map(|column| {
                Some(json!({"name": column.name.as_deref()?, "type": types::parse(column.r#type.as_deref()?).ok()?}))
            })
            .collect();
        if !columns.is_empty() {
            document["returnTableType"] = json!({ "columns": columns });
        }
        let libraries = self.imported_libraries.known().into_iter().flatten();
        let libraries: Vec<&String> = libraries.filter_map(Attr::known).collect();
        if !libraries.is_empty() {
            document["importedLibraries"] = json!(libraries);
        }
        for (key, value) in [
            ("determinismLevel", &self.determinism_level),
            ("description", &self.description),
        ] {
            if let Some(value) = value.as_deref() {
                document[key] = value.into();
            }
        }
        document
    }

    pub(super) fn read(&self, document: &Json) -> Routine {
        let before: Vec<&Argument> = self.arguments().collect();
        let arguments = document["arguments"].as_array().into_iter().flatten().enumerate();
        let arguments: Vec<Attr<Argument>> = arguments
            .map(|(index, found)| {
                let before = before.get(index).and_then(|argument| argument.r#type.as_deref());
                let any = found["argumentKind"].as_str() == Some("ANY_TYPE");
                let kind = if any {
                    Some(ANY.to_owned())
                } else {
                    types::found(&found["dataType"], before)
                };
                Attr::Known(Argument {
                    name: found["name"].as_str().map(str::to_owned).into(),
                    r#type: kind.into(),
                    mode: found["mode"]
                        .as_str()
                        .filter(|mode| *mode != "MODE_UNSPECIFIED")
                        .map(str::to_owned)
                        .into(),
                })
            })
            .collect();
        let before: Vec<&ResultColumn> = self.columns().collect();
        let columns = document["returnTableType"]["columns"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate();
        let columns: Vec<Attr<ResultColumn>> = columns
            .map(|(index, found)| {
                let before = before.get(index).and_then(|column| column.r#type.as_deref());
                Attr::Known(ResultColumn {
                    name: found["name"].as_str().map(str::to_owned).into(),
                    r#type: types::found(&found["type"], before).into(),
                })
            })
            .collect();
        let libraries = document["importedLibraries"].as_array().into_iter().flatten();
        let libraries: Vec<Attr<String>> = libraries.filter_map(Json::as_str).map(Attr::from).collect();
        // BigQuery infers the result of a SQL function: what the user leaves open stays open.
        let inferred = document["language"].as_str() == Some("SQL");
        let imported = self.routine_type.is_null();
        let mut routine = Routine {
            dataset: self.dataset.clone(),
            routine_id: self.routine_id.clone(),
            routine_type: text(&document["routineType"], &self.routine_type),
            language: text(&document["language"], &self.language),
            arguments: list(arguments, &self.arguments),
            return_type: if inferred && !imported && self.return_type.is_null() {
                Attr::Null
            } else {
                types::found(&document["returnType"], self.return_type.as_deref()).into()
            },
            return_table_columns: if inferred && !imported && self.return_table_columns.is_null() {
                Attr::Null
            } else {
                list(columns, &self.return_table_columns)
            },
            definition_body: text(&document["definitionBody"], &self.definition_body),
            imported_libraries: list(libraries, &self.imported_libraries),
            determinism_level: match document["determinismLevel"].as_str() {
                Some("DETERMINISM_LEVEL_UNSPECIFIED") => Attr::Null,
                _ => text(&document["determinismLevel"], &self.determinism_level),
            },
            description: text(&document["description"], &self.description),
            ..Routine::default()
        };
        routine.name();
        routine
    }

    /// The statement that would make it, with the body on lines of its own; `None` while something is not known, or
    /// where BigQuery cannot judge the body.
    pub(super) fn statement(&self) -> Option<String> {
        if self.language.as_deref() != Some("SQL") || self.arguments.is_unknown() || self.return_type.is_unknown() {
            return None;
        }
        let name = self.reference().ok()?.sql();
        let body = self.definition_body.as_deref()?;
        let arguments = self.arguments.known().into_iter().flatten();
        let arguments: Vec<String> = arguments
            .map(|argument| argument.known()?.sql())
            .collect::<Option<_>>()?;
        let arguments = arguments.join(", ");
        match self.routine_type.as_deref()? {
            "SCALAR_FUNCTION" => {
                let returns = self.return_type.as_deref();
                let returns = returns.map(|kind| format!(" RETURNS {}", types::sql(kind)));
                let returns = returns.unwrap_or_default();
                Some(format!(
                    "CREATE OR REPLACE FUNCTION {name}({arguments}){returns} AS (\n{body}\n)"
                ))
            }
            "TABLE_VALUED_FUNCTION" => {
                let columns: Vec<String> = self
                    .columns()
                    .filter_map(|column| {
                        let kind = types::sql(column.r#type.as_deref()?);
                        Some(format!("`{}` {kind}", column.name.as_deref()?))
                    })
                    .collect();
                let returns = if columns.is_empty() {
                    String::new()
                } else {
                    format!(" RETURNS TABLE<{}>", columns.join(", "))
                };
                Some(format!(
                    "CREATE OR REPLACE TABLE FUNCTION {name}({arguments}){returns} AS (\n{body}\n)"
                ))
            }
            "PROCEDURE" => Some(format!(
                "CREATE OR REPLACE PROCEDURE {name}({arguments})\nBEGIN\n{body}\n{}END",
                if ends_with_semicolon(body) { "" } else { ";" }
            )),
            _ => None,
        }
    }

    /// Whether what is there was made of the same document.
    pub(super) fn is_made_of(&self, present: &Json) -> bool {
        let found = self.read(present);
        let kept = Routine {
            arguments: found.arguments.clone(),
            ..self.clone()
        };
        kept == found && self.document()["arguments"] == Routine::arguments_document(&found)
    }

    fn arguments_document(routine: &Routine) -> Json {
        routine.document()["arguments"].clone()
    }
}
