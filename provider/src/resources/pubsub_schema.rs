//! `headwater_pubsub_schema`: what messages of a topic look like, with its revisions.
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.schemas>

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Error, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Result, Schema, equal, validate};

use crate::names;
use crate::rest::fields::text;
use crate::rest::{Api, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PubSubSchema;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    name: Attr<String>,
    r#type: Attr<String>,
    definition: Attr<String>,
    revision_id: Attr<String>,
    project: Attr<String>,
    id: Attr<String>,
}

/// The definition in a form in which equal ones are the same text.
fn canonical(definition: &str) -> String {
    fn sorted(value: Json) -> Json {
        match value {
            Json::Object(fields) => {
                let mut fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
                fields.sort_by(|a, b| a.0.cmp(&b.0));
                Json::Object(fields.into_iter().collect())
            }
            Json::Array(elements) => Json::Array(elements.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    match serde_json::from_str::<Json>(definition) {
        Ok(json) => sorted(json).to_string(),
        Err(_) => definition.to_owned(),
    }
}

#[async_trait]
impl Described for PubSubSchema {
    type Model = Definition;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_pubsub_schema",
            noun: "schema",
            service: Service::PubSub,
            name: Pattern("projects/{project}/schemas/{name}"),
            create: CreateBy::Query("schemaId"),
            patch: PatchBy::Query,
            listing: Some(Listing {
                query: &[("view", "FULL")],
                ..Listing::of("schemas")
            }),
            labelled: false,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string().required().requires_replace().validate(names::pubsub()).describe("The schema's name, unique in the project."),
            ),
            (
                "type",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::one_of(["AVRO", "PROTOCOL_BUFFER"]))
                    .describe("The language of the definition."),
            ),
            (
                "definition",
                Attribute::string()
                    .required()
                    .equivalent(equal::json)
                    .validate(validate::length(1..=307_200))
                    .describe("The definition: an Avro record as JSON, or a file of protocol buffers with one message at the top. A change adds a revision, which must be compatible with the ones before."),
            ),
            ("revision_id", Attribute::string().computed().describe("The latest revision.")),
        ])
        .describe("A Pub/Sub schema: what messages of a topic look like. Each change of the definition is a new revision; messages of earlier ones stay valid.")
    }

    fn parts<'a>(&self, model: &'a mut Definition) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![("project", &mut model.project), ("name", &mut model.name)],
        }
    }

    fn document(&self, model: &Definition) -> Json {
        json!({ "type": model.r#type.as_deref(), "definition": model.definition.as_deref() })
    }

    fn read(&self, state: &Definition, document: &Json) -> Definition {
        let found = document["definition"].as_str().unwrap_or_default();
        let same = state
            .definition
            .as_deref()
            .is_some_and(|definition| canonical(definition) == canonical(found));
        Definition {
            r#type: text(&document["type"], &Attr::Null),
            definition: if same { state.definition.clone() } else { found.into() },
            revision_id: text(&document["revisionId"], &Attr::Null),
            ..state.clone()
        }
    }

    fn validate(&self, config: &Definition) -> Result<()> {
        let (Some(language), Some(definition)) = (config.r#type.as_deref(), config.definition.as_deref()) else {
            return Ok(());
        };
        match language {
            "AVRO" => check_avro(definition).map_err(Into::into),
            _ => Ok(()),
        }
    }

    fn plan(
        &self,
        prior: Option<&Definition>,
        _config: &Definition,
        planned: &mut Definition,
    ) -> Result<(), Diagnostic> {
        // Only a change of the definition makes a revision.
        if let Some(prior) = prior
            && prior.definition == planned.definition
        {
            planned.revision_id = prior.revision_id.clone();
        }
        Ok(())
    }

    /// Schemas are not patched: a revision is added to them.
    async fn change(
        &self,
        at: &Target,
        planned: &Definition,
        _present: &Json,
        _fields: &[&str],
    ) -> Result<Json, Error> {
        let mut schema = self.document(planned);
        schema["name"] = at.name.as_str().into();
        at.documents
            .verb(&at.name, "commit", &json!({ "schema": schema }))
            .await
    }
}

/// That it is JSON and a record: the mistakes that can be told without Avro's whole grammar.
fn check_avro(definition: &str) -> Result<(), Diagnostic> {
    let wrong = |text: String| {
        Diagnostic::invalid("definition", "`definition` is not an Avro record")
            .detail(text)
            .hint("Write the record as JSON: `jsonencode({ type = \"record\", name = \"Change\", fields = [{ name = \"id\", type = \"string\" }] })`.")
    };
    let schema: Json = serde_json::from_str(definition).map_err(|error| wrong(format!("It is not JSON: {error}.")))?;
    if schema["type"] != "record" {
        return Err(wrong(
            "Pub/Sub takes a record at the top: `type` must be `record`.".into(),
        ));
    }
    if schema["name"].as_str().is_none_or(str::is_empty) {
        return Err(wrong("The record has no `name`.".into()));
    }
    let Some(fields) = schema["fields"].as_array() else {
        return Err(wrong("The record has no list of `fields`.".into()));
    };
    let unnamed = fields
        .iter()
        .position(|field| field["name"].as_str().is_none_or(str::is_empty) || field["type"].is_null());
    match unnamed {
        Some(index) => Err(wrong(format!("`fields[{index}]` lacks its `name` or `type`."))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Rest;
    use tfplugin_framework::check_resource;

    const AVRO: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}"#;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_resource(&Rest(PubSubSchema)), Default::default());
    }

    #[test]
    fn another_spelling_is_the_same_definition() {
        let state = Definition {
            r#type: "AVRO".into(),
            definition: AVRO.into(),
            ..Definition::default()
        };
        let other = r#"{"name":"R","type":"record","fields":[{"type":"string","name":"id"}]}"#;
        let found = PubSubSchema.read(
            &state,
            &json!({"type": "AVRO", "definition": other, "revisionId": "r1"}),
        );
        assert_eq!(found.definition, AVRO.into());
        assert_eq!(found.revision_id, "r1".into());
        let changed = PubSubSchema.read(&state, &json!({"type": "AVRO", "definition": "{}"}));
        assert_eq!(changed.definition, "{}".into());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(check_avro(AVRO).is_ok());
        for (definition, says) in [
            ("record R {}", "not JSON"),
            (r#"{"type": "string"}"#, "must be `record`"),
            (r#"{"type": "record", "fields": []}"#, "no `name`"),
            (r#"{"type": "record", "name": "R"}"#, "no list of `fields`"),
            (
                r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b"}]}"#,
                "fields[1]",
            ),
        ] {
            let problem = check_avro(definition).expect_err(definition);
            assert!(problem.detail.contains(says), "{}", problem.detail);
        }
    }
}
