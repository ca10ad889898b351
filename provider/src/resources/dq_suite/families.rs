//! Typed values: a set or an interval is written under the name of its family, `ints = [1, 2]`, `dates = { min = "2026-01-31" }`,
//! and exactly one family is given.

use serde_json::{Map, Value as Json};
use tfplugin_framework::{Attr, Attribute, Type, validate};

use super::node::{Block, Node, Unknown, json};

/// The families: what the values are, and an example of a set.
const FAMILIES: [(&str, &str); 8] = [
    ("ints", "Whole numbers, such as `[1, 2]`."),
    ("floats", "Numbers with a fraction, such as `[0.5, 1]`."),
    (
        "decimals",
        "Exact numbers as text, such as `[\"12.50\"]`; also whole numbers beyond 64 bits.",
    ),
    ("strings", "Texts."),
    ("bools", "Truth values."),
    ("dates", "Days, such as `[\"2026-01-31\"]`."),
    ("times", "Times of day, such as `[\"23:59:59\"]`."),
    (
        "timestamps",
        "Points in time, such as `[\"2026-01-31T23:59:59Z\"]`; without an offset for a column of type DATETIME.",
    ),
];

/// The names of families of which there are sets.
pub(super) fn of_sets() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(family, _)| *family)
}

/// The names of families of which there are intervals.
pub(super) fn of_intervals() -> impl Iterator<Item = &'static str> {
    of_sets().filter(|family| *family != "bools")
}

/// A set of each family.
pub(super) fn sets() -> Vec<(&'static str, Attribute)> {
    let families = FAMILIES.iter().map(|(family, description)| {
        let element = match *family {
            "ints" | "floats" => Type::Number,
            "bools" => Type::Bool,
            _ => Type::String,
        };
        let mut attribute = Attribute::list(element).optional().describe(*description);
        if *family == "ints" {
            attribute = attribute.validate(validate::each(validate::whole_number()));
        }
        (*family, attribute)
    });
    families.collect()
}

/// An interval of each family.
pub(super) fn intervals() -> Vec<(&'static str, Attribute)> {
    let families = FAMILIES.iter().filter(|(family, _)| *family != "bools");
    let families = families.map(|(family, description)| {
        let end = |what: &str| {
            let end = match *family {
                "ints" => Attribute::number().validate(validate::whole_number()),
                "floats" => Attribute::number(),
                _ => Attribute::string(),
            };
            end.optional().describe(what.to_owned())
        };
        let what = description
            .split([',', ';', '.'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let attribute = Attribute::object(interval(end("The least value."), end("The greatest value.")))
            .optional()
            .describe(format!("An interval of {what}."));
        (*family, attribute)
    });
    families.collect()
}

/// The ends of an interval.
pub(super) fn interval(min: Attribute, max: Attribute) -> Vec<(&'static str, Attribute)> {
    let strict = |end: &str| {
        Attribute::bool()
            .default(false)
            .describe(format!("Whether the {end} value itself is outside."))
    };
    vec![
        ("min", min),
        ("max", max),
        ("strict_min", strict("least")),
        ("strict_max", strict("greatest")),
    ]
}

/// `{FAMILY: …}` of the family that is given; null when none is.
pub(super) fn given(block: &Block, families: impl Iterator<Item = &'static str>) -> Result<Option<Json>, Unknown> {
    let mut found = Map::new();
    for family in families {
        if let Some(value) = block.get(family).map_or(Ok(None), json)? {
            found.insert(family.to_owned(), value);
        }
    }
    Ok(Some(Json::Object(found)).filter(|found| found.as_object().is_some_and(|found| !found.is_empty())))
}

/// Puts what JSON has in one family under its name.
pub(super) fn put(block: &mut Block, values: &Json, attributes: Vec<(&'static str, Attribute)>) {
    let named = named(values);
    for (family, attribute) in attributes {
        block.insert(family.to_owned(), Node::of(named.get(family), &attribute));
    }
}

/// Values of no named family, as imported suites have them, get the name of what they all are.
fn named(values: &Json) -> Json {
    let Some(any) = values.get("any") else {
        return values.clone();
    };
    let all = |is: fn(&Json) -> bool| any.as_array().is_some_and(|all| all.iter().all(is));
    let family = if all(Json::is_string) {
        "strings"
    } else if all(Json::is_i64) {
        "ints"
    } else if all(Json::is_number) {
        "floats"
    } else if all(Json::is_boolean) {
        "bools"
    } else {
        return Json::Null;
    };
    serde_json::json!({ family: any })
}

/// Which families are given.
pub(super) fn names(block: &Block, families: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    families
        .filter(|family| block.get(*family).is_some_and(|value| !value.is_null()))
        .collect()
}

/// Whether any family's value is unknown as a whole: it may turn out to be null.
pub(super) fn undecided(block: &Block, mut families: impl Iterator<Item = &'static str>) -> bool {
    families.any(|family| block.get(family).is_some_and(Attr::is_unknown))
}
