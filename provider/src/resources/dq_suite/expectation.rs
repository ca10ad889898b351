//! Between a block of the configuration and an expectation of the suite.

use headwater_suite::{Condition, Expectation, Kind};
use serde_json::{Map, Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path};

use super::families;
use super::kinds::{Argument, KINDS, arguments, bins, shared, written};
use super::node::{Block, Node, Unknown, json as known, object};
use crate::problems::sentence;

/// The attributes of one kind.
pub(super) fn attributes(kind: &str, judges: Kind) -> Vec<(&'static str, Attribute)> {
    let own = arguments(kind).into_iter().flat_map(written);
    own.chain(shared(judges)).collect()
}

/// Where a block stands: `expectations.not_null[0]`.
pub(super) fn path(kind: &str, index: usize) -> Path {
    Path::attr("expectations").child(kind).index(index)
}

/// Why a block is no expectation.
pub(super) enum Failure {
    /// Something of it is known after apply only.
    Unknown,
    /// Something of it is wrong.
    Wrong(Box<Diagnostic>),
}

impl From<Unknown> for Failure {
    fn from(Unknown: Unknown) -> Self {
        Self::Unknown
    }
}

fn wrong(path: Path, summary: impl Into<String>, hint: &str) -> Failure {
    Failure::Wrong(Box::new(Diagnostic::invalid(path, summary).hint(hint)))
}

/// The expectation that a block describes.
pub(super) fn read(kind: &str, index: usize, block: &Block) -> Result<Expectation, Failure> {
    let at = path(kind, index);
    let judges = judges(kind);
    let mut expectation = Map::new();
    for (name, _) in shared(judges) {
        if name == "where" {
            continue;
        }
        match block.get(name) {
            // The id is made of the rest, unless it is given.
            Some(Attr::Unknown) if name == "id" => {}
            Some(value) => {
                if let Some(value) = known(value)? {
                    expectation.insert(name.to_owned(), value);
                }
            }
            None => {}
        }
    }
    if let Some(condition) = read_condition(&at, block)? {
        expectation.insert("where".into(), condition);
    }
    let mut check = Map::new();
    for argument in arguments(kind) {
        read_argument(&at, &argument, block, &mut check)?;
    }
    expectation.insert("check".into(), json!({ kind: check }));
    let mut expectation: Expectation = serde_json::from_value(Json::Object(expectation))
        .map_err(|error| wrong(at.clone(), format!("`{at}` is not usable"), &error.to_string()))?;
    // An id that says what it is by default is left to be made.
    let given = expectation.id.take();
    if given.as_ref().is_some_and(|given| *given != expectation.identity()) {
        expectation.id = given;
    }
    Ok(expectation)
}

fn read_argument(at: &Path, argument: &Argument, block: &Block, check: &mut Map<String, Json>) -> Result<(), Failure> {
    let (name, value) = match argument {
        Argument::Own(name, _) => (*name, block.get(*name).map_or(Ok(None), known)?),
        Argument::Values => {
            one_family(at, block, families::of_sets)?;
            ("values", families::given(block, families::of_sets())?)
        }
        Argument::Bounds => {
            one_family(at, block, families::of_intervals)?;
            ("bounds", families::given(block, families::of_intervals())?)
        }
        Argument::Pairs => ("pairs", read_pairs(at, block)?),
        Argument::Expected => ("expected", read_expected(at, block)?),
    };
    if let Some(value) = value {
        check.insert(name.to_owned(), value);
    }
    Ok(())
}

fn one_family<I: Iterator<Item = &'static str>>(at: &Path, block: &Block, all: fn() -> I) -> Result<(), Failure> {
    if families::undecided(block, all()) {
        return Err(Failure::Unknown);
    }
    let choices = all().collect::<Vec<_>>().join("`, `");
    match families::names(block, all()).as_slice() {
        [_] => Ok(()),
        [] => Err(wrong(
            at.clone(),
            format!("`{at}` has no values"),
            &format!("Give exactly one of `{choices}`, of the column's type."),
        )),
        [first, second, ..] => Err(wrong(
            at.child(*second),
            format!("`{}` is set beside `{first}`", at.child(*second)),
            "Values have one type: give exactly one of them, of the column's type.",
        )),
    }
}

fn read_condition(at: &Path, block: &Block) -> Result<Option<Json>, Failure> {
    let text = match block.get("where") {
        None | Some(Attr::Null) => return Ok(None),
        Some(Attr::Known(Node::Text(text))) => text,
        Some(_) => return Err(Failure::Unknown),
    };
    let condition = Condition::parse(text).map_err(|why| {
        let at = at.child("where");
        wrong(at.clone(), format!("`{at}` is no condition"), &sentence(&why))
    })?;
    Ok(Some(serde_json::to_value(condition).unwrap_or_default()))
}

/// `[{left, right, left_type, right_type}]` → `[[left, right]]`.
fn read_pairs(at: &Path, block: &Block) -> Result<Option<Json>, Failure> {
    let Some(Json::Array(pairs)) = block.get("pairs").map_or(Ok(None), known)? else {
        return Ok(None);
    };
    let mut read = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let side = |side: &str| {
            let text = pair[side].as_str().unwrap_or_default();
            let of = pair[format!("{side}_type")].as_str().unwrap_or("string");
            let value = match of {
                "int" => text.parse::<i64>().ok().map(Json::from),
                "float" => text.parse::<f64>().ok().map(headwater_suite::float_to_json),
                "bool" => text.parse::<bool>().ok().map(Json::from),
                _ => Some(text.into()),
            };
            let at = at.child("pairs").index(index).child(side);
            value.ok_or_else(|| {
                wrong(
                    at.clone(),
                    format!("`{at}` is not of the type `{of}`"),
                    &format!("Write a value of that type, or change `{side}_type`."),
                )
            })
        };
        read.push(json!([side("left")?, side("right")?]));
    }
    Ok(Some(read.into()))
}

fn read_expected(at: &Path, block: &Block) -> Result<Option<Json>, Failure> {
    let part = |name: &str| block.get(name).map_or(Ok(None), known);
    let (values, bins) = (part("categories")?, part("bins")?);
    match (values, bins) {
        (None, Some(bins)) => Ok(Some(json!({ "bins": bins }))),
        (Some(_), None) => {
            let Some(Attr::Known(Node::Object(block))) = block.get("categories") else {
                return Err(Failure::Unknown);
            };
            let at = at.child("categories");
            one_family(&at, block, || ["strings", "ints", "floats", "bools"].into_iter())?;
            let given = object(block)?;
            let values = given
                .iter()
                .find(|(name, _)| *name != "weights")
                .map(|(_, values)| values);
            Ok(Some(
                json!({"categories": {"values": values, "weights": given.get("weights")}}),
            ))
        }
        (None, None) => Err(wrong(
            at.clone(),
            format!("`{at}` expects no distribution"),
            "Give `categories` or `bins`.",
        )),
        (Some(_), Some(_)) => Err(wrong(
            at.child("bins"),
            format!("`{}` is set beside `categories`", at.child("bins")),
            "Give one of them.",
        )),
    }
}

/// The block that describes an expectation, and its kind.
pub(super) fn write(expectation: &Expectation) -> (&'static str, Block) {
    let kind = expectation.check.name();
    let document = serde_json::to_value(expectation).unwrap_or_default();
    let check = &document["check"][kind];
    let mut block = Block::new();
    for argument in arguments(kind) {
        match argument {
            Argument::Own(name, attribute) => {
                block.insert(name.to_owned(), Node::of(check.get(name), &attribute));
            }
            Argument::Values => families::put(&mut block, &check["values"], families::sets()),
            Argument::Bounds => families::put(&mut block, &check["bounds"], families::intervals()),
            Argument::Pairs => {
                block.insert("pairs".into(), write_pairs(&check["pairs"]));
            }
            Argument::Expected => write_expected(&mut block, &check["expected"]),
        }
    }
    for (name, attribute) in shared(judges(kind)) {
        let value = match name {
            "id" => Attr::Known(Node::Text(expectation.identity())),
            "where" => expectation
                .row_condition
                .as_ref()
                .map(|condition| Node::Text(condition.to_string()))
                .into(),
            name => Node::of(document.get(name), &attribute),
        };
        block.insert(name.to_owned(), value);
    }
    (kind, block)
}

fn write_pairs(pairs: &Json) -> Attr<Node> {
    let text = |text: String| Attr::Known(Node::Text(text));
    let side = |value: &Json| match value {
        Json::String(value) => (text(value.clone()), text("string".into())),
        Json::Bool(value) => (text(value.to_string()), text("bool".into())),
        Json::Number(number) if number.is_i64() => (text(number.to_string()), text("int".into())),
        other => (text(other.to_string()), text("float".into())),
    };
    let pairs = pairs.as_array().into_iter().flatten().map(|pair| {
        let ((left, left_type), (right, right_type)) = (side(&pair[0]), side(&pair[1]));
        let block = [
            ("left", left),
            ("right", right),
            ("left_type", left_type),
            ("right_type", right_type),
        ];
        Attr::Known(Node::Object(block.map(|(name, value)| (name.to_owned(), value)).into()))
    });
    Attr::Known(Node::List(pairs.collect()))
}

fn write_expected(block: &mut Block, expected: &Json) {
    let known = &expected["categories"];
    let mut values = Block::new();
    let of_values = families::sets()
        .into_iter()
        .filter(|(family, _)| ["strings", "ints", "floats", "bools"].contains(family));
    families::put(&mut values, &json!({"any": known["values"]}), of_values.collect());
    values.insert(
        "weights".into(),
        Node::of(known.get("weights"), &Attribute::list(tfplugin_framework::Type::Number)),
    );
    block.insert(
        "categories".into(),
        if known.is_object() {
            Attr::Known(Node::Object(values))
        } else {
            Attr::Null
        },
    );
    block.insert("bins".into(), Node::of(expected.get("bins"), &bins()));
}

/// What checks of a kind judge.
pub(super) fn judges(kind: &str) -> Kind {
    KINDS
        .iter()
        .find(|(name, ..)| *name == kind)
        .map_or(Kind::Row, |(_, judges, _)| *judges)
}

/// Where in a block stands what a suite calls `attribute`: values are under the name of their family.
pub(super) fn place(kind: &str, index: usize, block: &Block, attribute: &str) -> Path {
    let at = path(kind, index);
    let family = |all: Vec<&'static str>| families::names(block, all.into_iter()).first().copied();
    let has = |wanted: fn(&Argument) -> bool| arguments(kind).iter().any(wanted);
    let (first, rest) = attribute.split_once('.').unwrap_or((attribute, ""));
    let at = match first {
        "values" if has(|a| matches!(a, Argument::Values)) => {
            family(families::of_sets().collect()).map(|f| at.child(f))
        }
        "bounds" if has(|a| matches!(a, Argument::Bounds)) => {
            family(families::of_intervals().collect()).map(|f| at.child(f))
        }
        "min" | "max" if has(|a| matches!(a, Argument::Bounds)) => {
            family(families::of_intervals().collect()).map(|f| at.child(f).child(first))
        }
        "expected" => {
            let part = if block.get("bins").is_some_and(|bins| !bins.is_null()) {
                "bins"
            } else {
                "categories"
            };
            return at.child(part);
        }
        _ => match first.split_once('[') {
            Some((list, index)) => index
                .strip_suffix(']')
                .and_then(|index| index.parse().ok())
                .map(|index| at.child(list).index(index)),
            None => Some(at.child(first)),
        },
    };
    let at = at.unwrap_or_else(|| path(kind, index));
    if rest.is_empty() { at } else { at.child(rest) }
}
