//! The data source of a kind of document: found by its name, everything else computed.

use std::time::Duration;

use async_trait::async_trait;
use tfplugin_framework::{Attribute, Cx, DataSource, Diagnostic, Kind as Shape, Result, Schema, Timeouts};

use super::{Described, place, whole_schema};
use crate::clients::Clients;

/// The data source of a kind of document, named as its resource is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<D>(pub D);

#[async_trait]
impl<D: Described> DataSource for Lookup<D> {
    type Model = D::Model;

    fn type_name(&self) -> &'static str {
        self.0.api().type_name
    }

    fn schema(&self) -> Schema {
        let api = self.0.api();
        let parts: Vec<&str> = api.name.placeholders().collect();
        looked_up(&whole_schema(&self.0), api.noun, &parts)
    }

    async fn read(&self, cx: &mut Cx, config: D::Model) -> Result<D::Model> {
        let clients = cx.provider::<Clients>()?;
        let (mut model, mut said) = (config.clone(), config);
        place::fill(&self.0, &clients, &mut model, &mut said)?;
        let at = place::target(cx, &self.0, &clients, &model)?;
        let found = at.found().await?.filter(|document| !self.0.is_gone(document));
        let Some(document) = found else {
            let (noun, own) = (at.api.noun, at.api.name.own());
            return Err(Diagnostic::invalid(own, format!("the {noun} `{}` does not exist", at.name))
                .hint("Check the name and the project; if this configuration creates it, refer to the resource instead.")
                .into());
        };
        Ok(self.0.read(&model, &document))
    }
}

/// The schema of a data source that finds what a resource of this schema makes, by some of its attributes.
pub(crate) fn looked_up(whole: &Schema, noun: &str, by: &[&str]) -> Schema {
    let attributes = whole.attributes().filter(|(name, _)| *name != "timeouts");
    let attributes = attributes.map(|(name, attribute)| {
        let sought = by.contains(&name);
        (
            name.to_owned(),
            if sought { attribute.clone() } else { computed(attribute) },
        )
    });
    Schema::new(attributes)
        .describe(format!("A {noun} that exists already. {}", whole.description()))
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
}

/// The same attribute as something that is only read.
fn computed(attribute: &Attribute) -> Attribute {
    let read = match attribute.kind() {
        Shape::Plain(ty) => Attribute::plain(ty.clone()),
        Shape::Nested(nesting, nested) => {
            let nested = nested
                .iter()
                .map(|(name, attribute)| (name.clone(), computed(attribute)));
            Attribute::nested(*nesting, nested)
        }
    };
    let read = read.computed().describe(attribute.description());
    if attribute.is_sensitive() {
        read.sensitive()
    } else {
        read
    }
}
