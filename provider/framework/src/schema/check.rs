//! Rules that span several attributes of a schema.

use std::fmt;
use std::sync::Arc;

use tfplugin_proto::Value;

use crate::{Diagnostic, Diagnostics, Path};

type Judge = Arc<dyn Fn(&Value) -> Diagnostics + Send + Sync>;

/// A rule about the configuration as a whole. Runs offline; values may be unknown.
#[derive(Clone)]
pub struct Check {
    description: String,
    judge: Judge,
}

impl Check {
    /// A rule of your own: gets the configuration (an object, parts of it possibly unknown).
    pub fn new(description: impl Into<String>, judge: impl Fn(&Value) -> Diagnostics + Send + Sync + 'static) -> Self {
        Check {
            description: description.into(),
            judge: Arc::new(judge),
        }
    }

    /// What the rule says, for documentation.
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn run(&self, config: &Value) -> Diagnostics {
        (self.judge)(config)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Check")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// Looks up a dotted path of attribute names. `None`: it lies in something unknown.
fn lookup<'a>(config: &'a Value, dotted: &str) -> Option<&'a Value> {
    let mut here = config;
    for name in dotted.split('.') {
        if here.is_unknown() {
            return None;
        }
        here = here.get(name).unwrap_or(&Value::Null);
    }
    (!here.is_unknown()).then_some(here)
}

fn path_of(dotted: &str) -> Path {
    dotted.split('.').fold(Path::root(), |path, name| path.child(name))
}

/// How many are set, and whether some are still unknown.
struct Count<'a> {
    set: Vec<&'a str>,
    unknown: bool,
}

fn count<'a>(config: &Value, names: &'a [String]) -> Count<'a> {
    let mut count = Count {
        set: Vec::new(),
        unknown: false,
    };
    for name in names {
        match lookup(config, name) {
            None => count.unknown = true,
            Some(value) if !value.is_null() => count.set.push(name),
            Some(_) => {}
        }
    }
    count
}

fn owned(names: impl IntoIterator<Item = impl Into<String>>) -> (Vec<String>, String) {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    let text = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    (names, text)
}

/// At most one of these may be set. Names may be dotted (`schedule.cron`).
pub fn conflicts_with(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    let (names, text) = owned(names);
    let description = format!("At most one of {text} may be set.");
    Check::new(description.clone(), move |config| {
        let set = count(config, &names).set;
        match set.as_slice() {
            [first, second, ..] => Diagnostic::invalid(path_of(second), format!("`{second}` conflicts with `{first}`"))
                .detail(description.clone())
                .into(),
            _ => Diagnostics::new(),
        }
    })
}

/// Exactly one of these must be set.
pub fn exactly_one_of(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    let (names, text) = owned(names);
    let description = format!("Exactly one of {text} must be set.");
    Check::new(description.clone(), move |config| {
        let count = count(config, &names);
        match count.set.as_slice() {
            [] if !count.unknown => Diagnostic::error("a setting is missing")
                .detail(description.clone())
                .into(),
            [first, second, ..] => Diagnostic::invalid(path_of(second), format!("`{second}` conflicts with `{first}`"))
                .detail(description.clone())
                .into(),
            _ => Diagnostics::new(),
        }
    })
}

/// One of these must be set, or several.
pub fn at_least_one_of(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    let (names, text) = owned(names);
    let description = format!("At least one of {text} must be set.");
    Check::new(description.clone(), move |config| {
        let count = count(config, &names);
        if count.set.is_empty() && !count.unknown {
            Diagnostic::error("a setting is missing")
                .detail(description.clone())
                .into()
        } else {
            Diagnostics::new()
        }
    })
}

/// When `name` is set, all of `others` must be set.
pub fn required_with(name: impl Into<String>, others: impl IntoIterator<Item = impl Into<String>>) -> Check {
    let name = name.into();
    let (others, text) = owned(others);
    let description = format!("`{name}` needs {text}.");
    Check::new(description.clone(), move |config| {
        if lookup(config, &name).is_none_or(Value::is_null) {
            return Diagnostics::new();
        }
        let missing = others
            .iter()
            .filter(|other| lookup(config, other).is_some_and(Value::is_null));
        missing
            .map(|other| {
                Diagnostic::invalid(path_of(&name), format!("`{name}` needs `{other}`")).detail(description.clone())
            })
            .collect()
    })
}
