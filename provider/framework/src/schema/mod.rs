//! Schemas: what an author declares about attributes, and what the framework and the documentation read from it.

mod attribute;
mod check;
pub mod equal;
mod modifier;
mod nearest;
mod problems;
#[cfg(test)]
mod tests;
mod timeouts;
pub mod validate;

pub use attribute::{Attribute, Kind, Nesting};
pub use check::{Check, at_least_one_of, conflicts_with, exactly_one_of, required_with};
pub use modifier::ReplaceRule;
pub use nearest::nearest;
pub(crate) use timeouts::{ATTRIBUTE as TIMEOUTS, spell as spell_duration};
pub use timeouts::{Timeouts, parse_duration};
pub use validate::Validator;

use tfplugin_proto::Type;

/// The schema of a resource, data source, ephemeral resource or the provider itself.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub(crate) version: i64,
    pub(crate) description: String,
    pub(crate) deprecated: Option<String>,
    pub(crate) attributes: Vec<(String, Attribute)>,
    pub(crate) checks: Vec<Check>,
    pub(crate) timeouts: Option<Timeouts>,
}

impl Schema {
    /// A schema with these attributes, in the order in which documentation shall list them.
    pub fn new<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Schema {
            attributes: attributes
                .into_iter()
                .map(|(name, attribute)| (name.into(), attribute))
                .collect(),
            ..Schema::default()
        }
    }

    /// Adds an attribute behind the others.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, attribute: Attribute) -> Self {
        self.attributes.push((name.into(), attribute));
        self
    }

    /// What it is for, in Markdown.
    #[must_use]
    pub fn describe(mut self, markdown: impl Into<String>) -> Self {
        self.description = markdown.into();
        self
    }

    /// The version of the state's shape; raise it when [`Resource::upgrade`](crate::Resource::upgrade) must convert.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// Marks the whole as deprecated; the text says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, instead: impl Into<String>) -> Self {
        self.deprecated = Some(instead.into());
        self
    }

    /// Adds a rule that spans several attributes.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds an optional attribute `timeouts = { create = "20m", … }` with an entry for each operation given here.
    /// The framework applies them; a model has no field for it.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.attributes
            .push((timeouts::ATTRIBUTE.to_owned(), timeouts.attribute()));
        self.timeouts = Some(timeouts);
        self
    }

    /// The attributes by name, in declaration order.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.attributes
            .iter()
            .map(|(name, attribute)| (name.as_str(), attribute))
    }

    /// One attribute.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, attribute)| attribute)
    }

    /// The description in Markdown.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What to use instead, when deprecated.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecated.as_deref()
    }

    /// The version of the state's shape.
    pub fn state_version(&self) -> i64 {
        self.version
    }

    /// The rules that span attributes.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The default timeouts, when the resource has them.
    pub fn default_timeouts(&self) -> Option<&Timeouts> {
        self.timeouts.as_ref()
    }

    /// The type of the whole object.
    pub fn ty(&self) -> Type {
        Type::object(self.attributes().map(|(name, attribute)| (name, attribute.ty())))
    }
}
