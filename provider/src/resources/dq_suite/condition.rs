//! `where`: which rows an expectation is about. A list of conditions, all of which must hold; one of them may be a list of
//! alternatives. Every condition can be brought into this form.

use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, validate};

use super::families;
use super::node::{Block, Node, Unknown};

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const MEMBERSHIP: [&str; 2] = ["in", "not_in"];
const NULLITY: [&str; 2] = ["is_null", "is_not_null"];

fn leaf() -> Vec<(&'static str, Attribute)> {
    let operators = OPERATORS.into_iter().chain(MEMBERSHIP).chain(NULLITY);
    let mut attributes = vec![
        ("column", Attribute::string().optional().validate(validate::length(1..)).describe("The column.")),
        (
            "op",
            Attribute::string().optional().validate(validate::one_of(operators)).describe(
                "How it compares: `=`, `!=`, `<`, `<=`, `>`, `>=` with the one value of a list, `in` and `not_in` with all of them; `is_null` and `is_not_null` take none.",
            ),
        ),
    ];
    attributes.extend(families::sets());
    attributes
}

/// The attribute.
pub(super) fn attribute() -> Attribute {
    let mut attributes = leaf();
    attributes.push((
        "any",
        Attribute::list_of(leaf())
            .optional()
            .validate(validate::size(1..))
            .describe("Alternatives, of which one must hold; then nothing else is set here."),
    ));
    Attribute::list_of(attributes)
        .optional()
        .validate(validate::size(1..))
        .describe(
            "Which rows are meant: conditions that all hold. Default: all rows. A comparison with NULL does not hold.",
        )
}

/// What is wrong with a condition: where below it, and why.
pub(super) struct Wrong {
    pub at: Vec<String>,
    pub reason: String,
}

fn wrong<T>(at: &str, reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        at: vec![at.to_owned()],
        reason: reason.into(),
    })
}

/// The condition in the suite's form. `Ok(Err(Unknown))`: something of it is not known.
pub(super) fn to_json(block: &Block) -> Result<Result<Json, Unknown>, Wrong> {
    let Some(Attr::Known(Node::List(alternatives))) = block.get("any") else {
        if block.get("any").is_some_and(Attr::is_unknown) {
            return Ok(Err(Unknown));
        }
        return leaf_to_json(block);
    };
    if !matches!(block.get("column"), None | Some(Attr::Null)) || !matches!(block.get("op"), None | Some(Attr::Null)) {
        return wrong(
            "any",
            "stands beside `column` or `op`: put that condition into an element of its own",
        );
    }
    let mut all = Vec::new();
    for alternative in alternatives {
        let Attr::Known(Node::Object(alternative)) = alternative else {
            return Ok(Err(Unknown));
        };
        match leaf_to_json(alternative)? {
            Ok(condition) => all.push(condition),
            Err(unknown) => return Ok(Err(unknown)),
        }
    }
    Ok(Ok(json!({ "any": all })))
}

fn leaf_to_json(block: &Block) -> Result<Result<Json, Unknown>, Wrong> {
    let (column, op) = match (block.get("column"), block.get("op")) {
        (Some(Attr::Unknown), _) | (_, Some(Attr::Unknown)) => return Ok(Err(Unknown)),
        (Some(Attr::Known(column)), Some(Attr::Known(op))) => (column, op.text().unwrap_or_default()),
        (None | Some(Attr::Null), _) => return wrong("column", "is missing: name the column that is compared"),
        (_, None | Some(Attr::Null)) => return wrong("op", "is missing: say how the column compares"),
    };
    let values = match families::given(block, families::of_sets()) {
        Ok(values) => values,
        Err(unknown) => return Ok(Err(unknown)),
    };
    let given = families::names(block, families::of_sets());
    let column = column.json().unwrap_or_default();
    let none = NULLITY.contains(&op);
    match (given.as_slice(), none) {
        ([], true) => {}
        ([family, ..], true) => return wrong(family, format!("is set, and `{op}` takes no values: leave it out")),
        ([_], false) => {}
        ([], false) => {
            return wrong(
                "op",
                format!("`{op}` needs a value: give one list of a family, such as `strings = [\"paid\"]`"),
            );
        }
        ([_, second, ..], false) => return wrong(second, "is set beside another family: values have one type"),
    }
    Ok(Ok(match op {
        "is_null" | "is_not_null" => json!({"is_null": {"column": column, "negated": op == "is_not_null"}}),
        "in" | "not_in" => json!({"in": {"column": column, "values": values, "negated": op == "not_in"}}),
        op => json!({"compare": {"column": column, "op": op, "value": values}}),
    }))
}

/// A condition of a suite as the attribute has it; null when it has another form than can be written here.
pub(super) fn of_json(condition: Option<&Json>) -> Attr<Node> {
    let Some(condition) = condition.filter(|condition| !condition.is_null()) else {
        return Attr::Null;
    };
    let all: Vec<&Json> = match condition["all"].as_array() {
        Some(all) => all.iter().collect(),
        None => vec![condition],
    };
    let elements: Option<Vec<Attr<Node>>> = all.into_iter().map(element).collect();
    elements.map(Node::List).into()
}

fn element(condition: &Json) -> Option<Attr<Node>> {
    let mut block = match condition["any"].as_array() {
        None => leaf_of(condition)?,
        Some(alternatives) => {
            let alternatives = alternatives
                .iter()
                .map(|one| Some(Attr::Known(Node::Object(leaf_of(one)?))));
            let alternatives: Vec<Attr<Node>> = alternatives.collect::<Option<_>>()?;
            let mut block = empty();
            block.insert("any".to_owned(), Attr::Known(Node::List(alternatives)));
            block
        }
    };
    block.entry("any".to_owned()).or_insert(Attr::Null);
    Some(Attr::Known(Node::Object(block)))
}

fn empty() -> Block {
    leaf()
        .into_iter()
        .map(|(name, _)| (name.to_owned(), Attr::Null))
        .collect()
}

fn leaf_of(condition: &Json) -> Option<Block> {
    let (kind, inner) = condition.as_object()?.iter().next()?;
    let negated = inner["negated"].as_bool().unwrap_or_default();
    let (op, values) = match kind.as_str() {
        "compare" => (inner["op"].as_str()?, &inner["value"]),
        "in" => (if negated { "not_in" } else { "in" }, &inner["values"]),
        "is_null" => (if negated { "is_not_null" } else { "is_null" }, &Json::Null),
        _ => return None,
    };
    let mut block = empty();
    families::put(&mut block, values, families::sets());
    block.insert(
        "column".to_owned(),
        Attr::Known(Node::Text(inner["column"].as_str()?.to_owned())),
    );
    block.insert("op".to_owned(), Attr::Known(Node::Text(op.to_owned())));
    Some(block)
}
