//! Rules that span several attributes of a schema.

use std::fmt;
use std::sync::Arc;

use tfplugin_proto::Value;

use crate::{Diagnostic, Diagnostics, Path, Step};

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

    /// The same rule for each object of nested attributes: `exactly_one_of(["query", "table"]).inside("sources[*]")`, or
    /// for a single one, `inside("schedule")`. Names and paths in the rule are relative to that object; objects that are
    /// null or not known yet are left alone.
    #[must_use]
    pub fn inside(self, place: &str) -> Self {
        let place: Vec<Piece> = pieces(place);
        let description = format!("In `{}`: {}", spell(&place), self.description);
        Check::new(description, move |config| {
            let mut found = Diagnostics::new();
            for (path, object) in objects(config, &place) {
                found.extend(
                    self.run(object)
                        .into_iter()
                        .map(|mut diagnostic| {
                            diagnostic.path = diagnostic
                                .path
                                .steps()
                                .iter()
                                .fold(path.clone(), |path, step| path.step(step.clone()));
                            diagnostic
                        })
                        .collect(),
                );
            }
            found
        })
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

/// A piece of a place in a schema: a name, or "each element".
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Name(String),
    Each,
}

fn pieces(place: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in place.split('.') {
        let name = part.trim_end_matches("[*]");
        pieces.push(Piece::Name(name.to_owned()));
        pieces.extend((0..(part.len() - name.len()) / "[*]".len()).map(|_| Piece::Each));
    }
    pieces
}

fn spell(place: &[Piece]) -> String {
    let mut text = String::new();
    for piece in place {
        match piece {
            Piece::Name(name) if text.is_empty() => text.push_str(name),
            Piece::Name(name) => text.push_str(&format!(".{name}")),
            Piece::Each => text.push_str("[*]"),
        }
    }
    text
}

/// The known objects at a place.
fn objects<'a>(config: &'a Value, place: &[Piece]) -> Vec<(Path, &'a Value)> {
    let mut here = vec![(Path::root(), config)];
    for piece in place {
        let below = |(path, value): (Path, &'a Value)| -> Vec<(Path, &'a Value)> {
            match (piece, value.plain()) {
                (Piece::Name(name), object) => object
                    .get(name)
                    .map(|value| (path.child(name), value))
                    .into_iter()
                    .collect(),
                (Piece::Each, Value::List(elements) | Value::Tuple(elements)) => elements
                    .iter()
                    .enumerate()
                    .map(|(index, value)| (path.index(index), value))
                    .collect(),
                (Piece::Each, Value::Set(elements)) => {
                    elements.iter().map(|value| (path.step(Step::Element), value)).collect()
                }
                (Piece::Each, Value::Map(entries)) => {
                    entries.iter().map(|(key, value)| (path.key(key), value)).collect()
                }
                (Piece::Each, _) => Vec::new(),
            }
        };
        here = here.into_iter().flat_map(below).collect();
    }
    here.retain(|(_, value)| matches!(value.plain(), Value::Object(_) | Value::Map(_)));
    here
}

/// A rule whose names go through `[*]` is one about each element there: what stands before the last `[*]` must be the same
/// in all names.
fn of_each(names: Vec<String>, rule: impl FnOnce(Vec<String>) -> Check) -> Check {
    let place = names
        .first()
        .and_then(|name| Some(name[..name.rfind("[*].")?].to_owned() + "[*]"));
    let Some(place) = place else { return rule(names) };
    let within = format!("{place}.");
    // A name from elsewhere cannot be related to an element; it is looked for inside, and is never set.
    let relative = names
        .iter()
        .map(|name| name.strip_prefix(&within).unwrap_or(name).to_owned())
        .collect();
    rule(relative).inside(&place)
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

/// At most one of these may be set. Names may be dotted (`schedule.cron`) and go through collections (`columns[*].type`):
/// then they are about each element, as in [`Check::inside`], and all must go the same way.
pub fn conflicts_with(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    of_each(names.into_iter().map(Into::into).collect(), conflict)
}

fn conflict(names: Vec<String>) -> Check {
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

/// Exactly one of these must be set. Names are as in [`conflicts_with`].
pub fn exactly_one_of(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    of_each(names.into_iter().map(Into::into).collect(), exactly_one)
}

fn exactly_one(names: Vec<String>) -> Check {
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

/// One of these must be set, or several. Names are as in [`conflicts_with`].
pub fn at_least_one_of(names: impl IntoIterator<Item = impl Into<String>>) -> Check {
    of_each(names.into_iter().map(Into::into).collect(), at_least_one)
}

fn at_least_one(names: Vec<String>) -> Check {
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

/// When `name` is set, all of `others` must be set. Names are as in [`conflicts_with`].
pub fn required_with(name: impl Into<String>, others: impl IntoIterator<Item = impl Into<String>>) -> Check {
    let names = std::iter::once(name.into()).chain(others.into_iter().map(Into::into));
    of_each(names.collect(), needs)
}

/// The first needs the others.
fn needs(mut names: Vec<String>) -> Check {
    let name = names.remove(0);
    let (others, text) = owned(names);
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
