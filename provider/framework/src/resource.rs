//! Managed resources.

use async_trait::async_trait;

use crate::convert::Model;
use crate::{Cx, Diagnostic, Identity, Path, Private, Result, Schema, Value};

/// What a resource's plan is made from.
#[derive(Debug, Clone)]
pub struct Plan<M> {
    /// The state before; `None`: to be created.
    pub prior: Option<M>,
    /// What the user wrote; computed attributes are null here.
    pub config: M,
    /// What the framework made of both: defaults filled in, equivalent spellings kept as they were, and, if anything
    /// changes, computed attributes set to `Unknown`.
    pub proposed: M,
    /// Set when an existing object is being replaced (whoever asked for it): what the old one remembered.
    pub replaced: Option<Private>,
}

impl<M> Plan<M> {
    /// Whether there is nothing in the state yet (a replacement counts as a create).
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Whether an existing object is replaced by the one planned here.
    pub fn is_replacement(&self) -> bool {
        self.replaced.is_some()
    }
}

/// A state that comes from another resource type by a `moved` block.
#[derive(Debug, Clone)]
pub struct MoveSource {
    /// Such as `registry.terraform.io/hashicorp/google`.
    pub provider: String,
    /// Such as `google_storage_bucket`.
    pub type_name: String,
    /// The version of its schema.
    pub version: i64,
    /// Its state.
    pub state: serde_json::Value,
}

/// A managed resource. One value of the implementing type serves all calls, up to ten at a time.
///
/// `create`, `update` and `read` return what is now true. The framework checks that what was known in the plan came
/// out unchanged and that nothing is left unknown, and names the attribute that breaks this.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The typed form of the state; see [`Model`] for how its fields map to the schema.
    type Model: Model;

    /// The full name: `headwater_storage_bucket`.
    fn type_name(&self) -> &'static str;

    /// The attributes and their rules.
    fn schema(&self) -> Schema;

    /// Offline checks that the schema cannot express. No network; the provider is not configured. Called only when
    /// every field that is not an [`Attr`](crate::Attr) is known.
    async fn validate(&self, cx: &mut Cx, config: &Self::Model) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Completes the plan: online checks, computed values that are known already. May change computed attributes only
    /// (those that the user did not set). Called at plan and again at apply, and must give the same result then.
    async fn plan(&self, cx: &mut Cx, plan: Plan<Self::Model>) -> Result<Self::Model> {
        let _ = cx;
        Ok(plan.proposed)
    }

    /// A last word before the object is destroyed (also as the first half of a replacement at apply): warnings, or an
    /// error to protect it.
    async fn plan_destroy(&self, cx: &mut Cx, prior: &Self::Model) -> Result<()> {
        let _ = (cx, prior);
        Ok(())
    }

    /// Creates the object as planned.
    async fn create(&self, cx: &mut Cx, planned: Self::Model) -> Result<Self::Model>;

    /// What is true now; `None` when the object is gone.
    async fn read(&self, cx: &mut Cx, state: Self::Model) -> Result<Option<Self::Model>>;

    /// Changes the object as planned.
    async fn update(&self, cx: &mut Cx, prior: Self::Model, planned: Self::Model) -> Result<Self::Model>;

    /// Deletes the object. One that is gone already is no error.
    async fn delete(&self, cx: &mut Cx, state: Self::Model) -> Result<()>;

    /// Turns the id given to `terraform import` into a model that `read` can start from: Terraform reads it next.
    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Self::Model> {
        let _ = (cx, id);
        Err(Diagnostic::error(format!("{} cannot be imported", self.type_name())).into())
    }

    /// What tells an object from all others of this kind for good. Newer Terraforms store it beside the state and import
    /// by it; to declare it is one line: see [`Identity`].
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Import by identity: an object of the identity's attributes, those that need not be given possibly null. As it is,
    /// it makes the id and imports that.
    async fn import_identity(&self, cx: &mut Cx, identity: &Value) -> Result<Self::Model> {
        let declared = self
            .identity()
            .ok_or_else(|| Diagnostic::error(format!("{} has no identity to import by", self.type_name())))?;
        let id = declared.id(identity)?;
        self.import(cx, &id).await
    }

    /// Converts an identity that an older version of this resource wrote. As with states, attributes may be too many or
    /// missing.
    async fn upgrade_identity(&self, from_version: i64, identity: serde_json::Value) -> Result<serde_json::Value> {
        let _ = from_version;
        Ok(identity)
    }

    /// Converts a state that an older version of this resource wrote. Attributes that are gone may stay in, missing
    /// ones become null.
    async fn upgrade(&self, from_version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        let _ = from_version;
        Ok(state)
    }

    /// Takes over the state of another resource type; `None`: not one that can be taken over.
    async fn move_from(&self, source: MoveSource) -> Result<Option<serde_json::Value>> {
        let _ = source;
        Ok(None)
    }
}

/// Helper for `import`: splits `a/b/c` into exactly `N` non-empty parts or says which format is wanted.
pub fn split_import_id<'a, const N: usize>(id: &'a str, format: &str) -> Result<[&'a str; N], Diagnostic> {
    let parts: Vec<&str> = id.split('/').collect();
    <[&str; N]>::try_from(parts)
        .ok()
        .filter(|parts| parts.iter().all(|part| !part.is_empty()))
        .ok_or_else(|| Diagnostic::error(format!("`{id}` is not an id of the form `{format}`")).at(Path::root()))
}
