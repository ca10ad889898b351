//! `headwater_monitoring_dashboard`: <https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards>
//!
//! What a dashboard shows is JSON, as the console exports it: its language is too large, and moves too fast, for attributes.

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Result, Schema, Type, Value, validate};

use crate::labels::{self, Labels};
use crate::names;
use crate::rest::{Api, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dashboard;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Board {
    name: Attr<String>,
    definition: Attr<String>,
    labels: Attr<Labels>,
    project: Attr<String>,
    id: Attr<String>,
}

/// What a definition may not say, because an attribute does or Google does.
const OWN: [&str; 3] = ["name", "labels", "etag"];
const LAYOUTS: [&str; 4] = ["mosaicLayout", "gridLayout", "rowLayout", "columnLayout"];

#[async_trait]
impl Described for Dashboard {
    type Model = Board;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_monitoring_dashboard",
            noun: "dashboard",
            service: Service::Dashboards,
            name: Pattern("projects/{project}/dashboards/{name}"),
            create: CreateBy::Body,
            patch: PatchBy::Whole,
            listing: Some(Listing::of("dashboards")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::matches(
                        "must be 1 to 63 letters, digits and hyphens, starting with a letter or digit, such as `headwater`",
                        |text| {
                            (1..=63).contains(&text.len())
                                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                        },
                    ))
                    .describe("The dashboard's id, unique in the project."),
            ),
            (
                "definition",
                Attribute::string()
                    .required()
                    .equivalent(same)
                    .validate(validate::json_object())
                    .describe("What it shows, as JSON: `displayName`, one layout (`mosaicLayout`, `gridLayout`, `rowLayout` or `columnLayout`), and what else the API has. Not `name`, `labels` and `etag`. What Google fills in within it is no change."),
            ),
            (
                "labels",
                Attribute::map(Type::String)
                    .optional()
                    .validate(names::label_keys())
                    .validate(names::label_values())
                    .describe("Labels, to find it by."),
            ),
        ])
        .describe("A Cloud Monitoring dashboard.")
    }

    fn parts<'a>(&self, model: &'a mut Board) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn validate(&self, config: &Board) -> Result<()> {
        let definition = config
            .definition
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        match definition {
            Some(Json::Object(definition)) => problems(&definition).into_result(),
            _ => Ok(()),
        }
    }

    fn document(&self, model: &Board) -> Json {
        let definition = model
            .definition
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let mut document = match definition {
            Some(Json::Object(definition)) => definition,
            _ => Map::new(),
        };
        document.insert("labels".into(), labels::wanted(&model.labels, false).into());
        Json::Object(document)
    }

    fn read(&self, state: &Board, document: &Json) -> Board {
        let mut found = document.clone();
        if let Json::Object(members) = &mut found {
            members.retain(|name, _| !OWN.contains(&name.as_str()));
        }
        let said = state
            .definition
            .as_deref()
            .and_then(|text| serde_json::from_str::<Json>(text).ok());
        let same = said.is_some_and(|said| covers(&found, &said));
        Board {
            definition: if same {
                state.definition.clone()
            } else {
                found.to_string().into()
            },
            labels: labels::read(&document["labels"], &state.labels),
            ..state.clone()
        }
    }

    /// A dashboard is replaced whole, under the etag of what is there.
    async fn change(&self, at: &Target, planned: &Board, present: &Json, _fields: &[&str]) -> Result<Json, Error> {
        let mut document = self.document(planned);
        document["name"] = at.name.as_str().into();
        document["etag"] = present["etag"].clone();
        document["labels"] = labels::with_googles(&present["labels"], &document["labels"]);
        at.documents.patch(&at.name, at.api.patch, &document, &[]).await
    }
}

/// Whether two definitions say the same, in whatever spelling.
fn same(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
    match (read(one), read(other)) {
        (Some(one), Some(other)) => covers(&one, &other) && covers(&other, &one),
        _ => one == other,
    }
}

/// Whether all that is said is so. Google fills in what is left out, and leaves out what is empty.
fn covers(found: &Json, said: &Json) -> bool {
    match (found, said) {
        (Json::Object(found), Json::Object(said)) => said.iter().all(|(name, said)| match found.get(name) {
            Some(found) => covers(found, said),
            None => is_empty(said),
        }),
        (Json::Array(found), Json::Array(said)) => {
            found.len() == said.len() && found.iter().zip(said).all(|(found, said)| covers(found, said))
        }
        // Whole numbers of 64 bits travel as text.
        (Json::String(text), Json::Number(number)) | (Json::Number(number), Json::String(text)) => {
            *text == number.to_string()
        }
        (Json::Number(found), Json::Number(said)) => found.as_f64() == said.as_f64(),
        _ => found == said,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        // An empty message says which of several there is: a `blank` widget.
        Json::Object(_) | Json::Bool(true) => false,
    }
}

fn problems(definition: &Map<String, Json>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let mut wrong = |what: String, remedy: &str| {
        problems.push(Diagnostic::invalid("definition", format!("`definition` {what}")).hint(remedy));
    };
    for name in OWN.iter().filter(|name| definition.contains_key(**name)) {
        wrong(
            format!("must not say `{name}`"),
            "Remove it: `name` and `labels` are attributes, and Google sets `etag`.",
        );
    }
    if definition
        .get("displayName")
        .and_then(Json::as_str)
        .is_none_or(str::is_empty)
    {
        wrong("has no `displayName`".into(), "Say what the dashboard is called.");
    }
    let layouts = LAYOUTS
        .iter()
        .filter(|layout| definition.contains_key(**layout))
        .count();
    if layouts != 1 {
        wrong(
            format!("must have one layout, and has {layouts}"),
            "Write one of `mosaicLayout`, `gridLayout`, `rowLayout` and `columnLayout`.",
        );
    }
    let mosaic = definition.get("mosaicLayout").unwrap_or(&Json::Null);
    let columns = mosaic["columns"].as_u64().unwrap_or(12);
    if !(1..=48).contains(&columns) {
        wrong(format!("has {columns} `columns`"), "A mosaic has 1 to 48 columns.");
    }
    let tiles = mosaic["tiles"].as_array().into_iter().flatten().enumerate();
    for (index, tile) in tiles {
        let [x, width, height] = ["xPos", "width", "height"].map(|name| tile[name].as_u64().unwrap_or_default());
        if width == 0 || height == 0 || x + width > columns {
            wrong(
                format!(
                    "has a tile that does not fit: `tiles[{index}]` is {width} wide and {height} high at column {x} of {columns}"
                ),
                "A tile is at least 1 wide and 1 high, and lies within the columns.",
            );
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_google_fills_in_is_no_change() {
        let said = json!({"displayName": "x", "gridLayout": {"columns": 2, "widgets": [{"title": "a", "xyChart": {"dataSets": [], "n": 0}}]}});
        for (found, same) in [
            (
                json!({"displayName": "x", "gridLayout": {"columns": "2", "widgets": [{"title": "a", "xyChart": {"chartOptions": {"mode": "COLOR"}}}]}}),
                true,
            ),
            (
                json!({"displayName": "y", "gridLayout": {"columns": "2", "widgets": [{"title": "a", "xyChart": {}}]}}),
                false,
            ),
            (
                json!({"displayName": "x", "gridLayout": {"columns": "2", "widgets": [{"title": "a"}]}}),
                false,
            ),
            (
                json!({"displayName": "x", "gridLayout": {"columns": "2", "widgets": [{"title": "a", "xyChart": {}}, {}]}}),
                false,
            ),
        ] {
            assert_eq!(covers(&found, &said), same, "{found}");
        }
    }

    #[test]
    fn spellings_are_the_same_and_what_is_gone_is_not() {
        for (one, other, alike) in [
            (r#"{"a": {"columns": "2", "x": 0}}"#, r#"{ "a":{"columns":2} }"#, true),
            (r#"{"a": {"columns": "2"}}"#, r#"{"a": {"columns": 3}}"#, false),
            (r#"{"a": {"blank": {}}}"#, r#"{"a": {}}"#, false),
            ("no JSON", "no JSON", true),
        ] {
            assert_eq!(same(&one.into(), &other.into()), alike, "{one} and {other}");
        }
    }

    #[test]
    fn what_cannot_be_a_dashboard_is_refused() {
        for (definition, says) in [
            (json!({"gridLayout": {}}), "no `displayName`"),
            (json!({"displayName": "x"}), "has 0"),
            (json!({"displayName": "x", "gridLayout": {}, "rowLayout": {}}), "has 2"),
            (json!({"displayName": "x", "gridLayout": {}, "etag": "a"}), "`etag`"),
            (
                json!({"displayName": "x", "mosaicLayout": {"columns": 49}}),
                "49 `columns`",
            ),
            (
                json!({"displayName": "x", "mosaicLayout": {"columns": 12, "tiles": [{"width": 6, "height": 4}, {"xPos": 8, "width": 6, "height": 4}]}}),
                "tiles[1]",
            ),
        ] {
            let found = problems(definition.as_object().expect("an object"));
            assert!(
                found.iter().any(|problem| problem.summary.contains(says)),
                "{definition}: {found:?}"
            );
        }
    }
}
