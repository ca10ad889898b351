//! The errors of a compilation put right: words where the engine has its own, places in the project's files, and a stack that
//! names nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::host::{ROOT, Thrown};
use super::{Limit, Limits, places};
use crate::Files;

/// What errors are read against.
pub(super) struct Sources<'a> {
    pub files: &'a Files,
    pub compiled: &'a BTreeMap<String, String>,
    pub limits: &'a Limits,
}

pub(super) fn is_out_of_memory(message: &str) -> bool {
    message.contains("out of memory")
}

/// The graph of a project whose settings already stop the core.
pub(super) fn graph_of(thrown: &Thrown) -> Value {
    let mut error = json!({ "message": thrown.message, "stack": thrown.stack });
    let file = if thrown.message.starts_with("Dataform json error") || thrown.message.contains("dataform.json") {
        "dataform.json"
    } else {
        "workflow_settings.yaml"
    };
    error["fileName"] = file.into();
    json!({ "graphErrors": { "compilationErrors": [error] } })
}

/// Puts every error of a graph right, in its JSON.
pub(super) fn mend(graph: &mut Value, sources: &Sources<'_>) {
    let Some(errors) = graph
        .pointer_mut("/graphErrors/compilationErrors")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    for error in errors {
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        let (message, stack) = (text("message"), text("stack"));
        let file = text("fileName").replace(&format!("{ROOT}/"), "");
        let frames = sources.frames(&stack);
        let message = sources
            .worded(&message, frames.first())
            .replace(&format!("{ROOT}/"), "");
        let mut lines = vec![format!("Error: {message}")];
        if !frames
            .iter()
            .any(|frame| frame.path == file && frame.position.is_some())
            && let Some((line, column)) = sources.place_by_text(&file, &message)
        {
            lines.push(format!("    at {file}:{line}:{column}"));
        }
        lines.extend(frames.iter().map(Frame::to_string));
        error["message"] = message.into();
        error["stack"] = lines.join("\n").into();
        if !file.is_empty() {
            error["fileName"] = file.into();
        }
    }
}

/// One call of a stack that is in a file of the project.
struct Frame {
    function: String,
    path: String,
    /// In the project's file; none when it is in code that the core added.
    position: Option<(u32, u32)>,
    /// In the evaluated text.
    evaluated: (u32, u32),
}

impl std::fmt::Display for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = match self.position {
            Some((line, column)) => format!("{}:{line}:{column}", self.path),
            None => self.path.clone(),
        };
        if self.function.is_empty() {
            write!(f, "    at {place}")
        } else {
            write!(f, "    at {} ({place})", self.function)
        }
    }
}

impl Sources<'_> {
    fn frames(&self, stack: &str) -> Vec<Frame> {
        stack.lines().filter_map(|line| self.frame(line)).collect()
    }

    /// `    at FUNCTION (PATH:LINE:COLUMN)` or `    at PATH:LINE:COLUMN`.
    fn frame(&self, line: &str) -> Option<Frame> {
        let (before, place) = line.split_once(ROOT)?;
        let function = before
            .trim()
            .strip_prefix("at ")
            .unwrap_or_default()
            .trim_end_matches('(')
            .trim();
        let mut parts = place.trim_start_matches('/').trim_end_matches(')').rsplitn(3, ':');
        let column: u32 = parts.next()?.parse().ok()?;
        let row: u32 = parts.next()?.parse().ok()?;
        let path = parts.next()?.to_owned();
        // The engine's and the wrapper's own names tell a reader nothing.
        let function = if matches!(function, "<eval>" | "<anonymous>") {
            String::new()
        } else {
            function.to_owned()
        };
        let position = match self.compiled.get(&path) {
            Some(compiled) => {
                let source = String::from_utf8_lossy(self.files.get(&path)?).into_owned();
                places::in_source(&source, compiled, row, column)
            }
            None => {
                // The wrapper stands on the first line.
                let column = if row == 1 {
                    column.saturating_sub(WRAPPER).max(1)
                } else {
                    column
                };
                Some((row, column))
            }
        };
        Some(Frame {
            function,
            path,
            position,
            evaluated: (row, column),
        })
    }

    /// Messages of the engine in the words that JavaScript's users know, with the expression that the engine leaves out.
    fn worded(&self, message: &str, at: Option<&Frame>) -> String {
        if message.contains("Maximum call stack size exceeded") || message == "stack overflow" {
            return format!("{message}: {}", Limit::Stack.message(self.limits));
        }
        if message == "not a function" {
            return match at.and_then(|frame| self.called(frame)) {
                Some(expression) => format!("{expression} is not a function"),
                None => "what is called here is not a function".to_owned(),
            };
        }
        for (verb, past) in [("read", "reading"), ("set", "setting")] {
            let rest = message.strip_prefix(&format!("cannot {verb} property '"));
            if let Some((property, of)) = rest.and_then(|rest| rest.split_once("' of ")) {
                return format!("Cannot {verb} properties of {of} ({past} '{property}')");
            }
        }
        if let Some(name) = message
            .strip_prefix('\'')
            .and_then(|m| m.strip_suffix("' is not defined"))
        {
            return format!("{name} is not defined");
        }
        message.to_owned()
    }

    /// The text of the function in a call at a position, which the engine gives as that of the opening bracket or of its name.
    fn called(&self, frame: &Frame) -> Option<String> {
        let text = match self.compiled.get(&frame.path) {
            Some(compiled) => compiled.clone(),
            None => {
                let source = String::from_utf8_lossy(self.files.get(&frame.path)?).into_owned();
                format!("{}{source}", " ".repeat(WRAPPER as usize))
            }
        };
        let line: Vec<char> = text
            .lines()
            .nth(frame.evaluated.0.checked_sub(1)? as usize)?
            .chars()
            .collect();
        let at = (frame.evaluated.1 as usize).checked_sub(1)?;
        let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '?');
        let end = (at..line.len()).find(|i| line.get(*i).is_some_and(|c| !of_name(*c)))?;
        if line.get(end) != Some(&'(') {
            return None;
        }
        let start = (0..end)
            .rev()
            .take_while(|i| line.get(*i).is_some_and(|c| of_name(*c)))
            .last()?;
        Some(line.get(start..end)?.iter().collect())
    }

    /// Errors that the core finds when all files are read have no stack in them, but they quote what they are about.
    fn place_by_text(&self, file: &str, message: &str) -> Option<(u32, u32)> {
        let source = String::from_utf8_lossy(self.files.get(file)?).into_owned();
        if let Some(place) = yaml_place(message) {
            return Some(place);
        }
        // A dependency is quoted as JSON: `depends on "{"name":"x",…}" which`.
        let dependency = message.split_once("depends on \"{").and_then(|(_, rest)| {
            let (inner, _) = rest.rsplit_once("}\"")?;
            let named: Value = serde_json::from_str(&format!("{{{inner}}}")).ok()?;
            named["name"].as_str().map(str::to_owned)
        });
        let quoted: Vec<&str> = match &dependency {
            Some(name) => vec![name],
            None => message.split('"').skip(1).step_by(2).collect(),
        };
        // The last is the most particular: `Action "a" depends on "b"`. A key of a config is quoted only in the message.
        for name in quoted.iter().rev().filter(|name| name.len() < 100) {
            let last = name.rsplit('.').next().unwrap_or(name).trim_matches(['`', '\'']);
            let forms = [
                format!("\"{last}\""),
                format!("'{last}'"),
                format!("`{last}`"),
                format!("{last}:"),
            ];
            let found = forms.iter().filter(|_| !last.is_empty()).find_map(|form| {
                let row = source.lines().position(|line| line.contains(form))?;
                let at = source.lines().nth(row)?.find(form)?;
                let column = source.lines().nth(row)?.get(..at)?.chars().count() + 1;
                Some((u32::try_from(row).ok()? + 1, u32::try_from(column).ok()?))
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The length of what `prelude.js` puts before a file's first line.
const WRAPPER: u32 = "(function (exports, require, module, __filename, __dirname) {".len() as u32;

/// `… (LINE:COLUMN)` in what js-yaml says.
fn yaml_place(message: &str) -> Option<(u32, u32)> {
    let at = message.find("YAMLException")?;
    let (place, _) = message.get(at..)?.split_once('(')?.1.split_once(')')?;
    let (line, column) = place.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}
