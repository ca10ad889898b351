//! When a change of an attribute replaces the object.

use std::fmt;
use std::sync::Arc;

use tfplugin_proto::Value;

type Decide = Arc<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// A rule that asks for replacement.
#[derive(Clone)]
pub struct ReplaceRule {
    description: String,
    decide: Option<Decide>,
}

impl ReplaceRule {
    pub(crate) fn always() -> Self {
        ReplaceRule {
            description: String::new(),
            decide: None,
        }
    }

    pub(crate) fn when(
        description: impl Into<String>,
        decide: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        ReplaceRule {
            description: description.into(),
            decide: Some(Arc::new(decide)),
        }
    }

    /// When it applies, for documentation; empty: always.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether going from `prior` to `planned` (they differ) replaces the object.
    pub fn applies(&self, prior: &Value, planned: &Value) -> bool {
        self.decide.as_ref().is_none_or(|decide| decide(prior, planned))
    }
}

impl fmt::Debug for ReplaceRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ReplaceRule")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
