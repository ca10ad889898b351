//! One attribute of a schema.

use std::sync::Arc;

use tfplugin_proto::{Type, Value};

use super::equal::Equivalence;
use super::modifier::ReplaceRule;
use super::validate::Validator;

/// How nested attributes are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects (no computed attributes inside: core would mix up the elements).
    Set,
    /// A map from text to objects.
    Map,
}

/// The shape of an attribute.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A value of a type.
    Plain(Type),
    /// Nested attributes, each with its own rules.
    Nested(Nesting, Vec<(String, Attribute)>),
}

/// One attribute: its shape, who may set it, and its rules. Starts as neither required, optional nor computed:
/// exactly one of [`required`](Self::required), [`optional`](Self::optional), [`computed`](Self::computed) or
/// [`optional_computed`](Self::optional_computed) must follow ([`default`](Self::default) implies the last).
#[derive(Debug, Clone)]
#[must_use]
pub struct Attribute {
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) deprecated: Option<String>,
    pub(crate) description: String,
    pub(crate) default: Option<Value>,
    pub(crate) validators: Vec<Validator>,
    pub(crate) replace: Vec<ReplaceRule>,
    pub(crate) use_state_for_unknown: bool,
    pub(crate) equivalence: Option<Equivalence>,
}

impl Attribute {
    fn of(kind: Kind) -> Self {
        Attribute {
            kind,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            description: String::new(),
            default: None,
            validators: Vec::new(),
            replace: Vec::new(),
            use_state_for_unknown: false,
            equivalence: None,
        }
    }

    /// A value of any type.
    pub fn plain(ty: Type) -> Self {
        Attribute::of(Kind::Plain(ty))
    }

    /// Text.
    pub fn string() -> Self {
        Attribute::plain(Type::String)
    }

    /// A bool.
    pub fn bool() -> Self {
        Attribute::plain(Type::Bool)
    }

    /// A number.
    pub fn number() -> Self {
        Attribute::plain(Type::Number)
    }

    /// A list of values.
    pub fn list(element: Type) -> Self {
        Attribute::plain(Type::list(element))
    }

    /// A set of values.
    pub fn set(element: Type) -> Self {
        Attribute::plain(Type::set(element))
    }

    /// A map of values.
    pub fn map(element: Type) -> Self {
        Attribute::plain(Type::map(element))
    }

    /// A value whose type the user chooses.
    pub fn dynamic() -> Self {
        Attribute::plain(Type::Dynamic)
    }

    /// Nested attributes.
    pub fn nested<N: Into<String>>(nesting: Nesting, attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Attribute::of(Kind::Nested(
            nesting,
            attributes
                .into_iter()
                .map(|(name, attribute)| (name.into(), attribute))
                .collect(),
        ))
    }

    /// `name = { … }`
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Attribute::nested(Nesting::Single, attributes)
    }

    /// `name = [{ … }, …]`
    pub fn list_of<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Attribute::nested(Nesting::List, attributes)
    }

    /// `name = { key = { … }, … }`
    pub fn map_of<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Attribute::nested(Nesting::Map, attributes)
    }

    /// `name = [{ … }, …]`, unordered.
    pub fn set_of<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Attribute)>) -> Self {
        Attribute::nested(Nesting::Set, attributes)
    }

    /// The user must set it.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The user may set it.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Only the provider sets it.
    pub fn computed(mut self) -> Self {
        self.computed = true;
        self
    }

    /// The user may set it; otherwise the provider does.
    pub fn optional_computed(self) -> Self {
        self.optional().computed()
    }

    /// Hidden in Terraform's output (it still is in the state: for secrets see [`write_only`](Self::write_only)).
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Sent to the provider but never stored in plan or state (Terraform 1.11). Read it at create and update from
    /// [`Cx::config`](crate::Cx::config). Not inside sets.
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Warns who uses it; the text says what to use instead.
    pub fn deprecated(mut self, instead: impl Into<String>) -> Self {
        self.deprecated = Some(instead.into());
        self
    }

    /// What it is for, in Markdown. Write full sentences; documentation adds the rules by itself.
    pub fn describe(mut self, markdown: impl Into<String>) -> Self {
        self.description = markdown.into();
        self
    }

    /// The value that an absent one stands for. Makes the attribute optional and computed.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self.optional_computed()
    }

    /// Adds a rule that each known value must satisfy: see [`validate`](super::validate).
    pub fn validate(mut self, validator: Validator) -> Self {
        self.validators.push(validator);
        self
    }

    /// A change destroys the object and creates a new one.
    pub fn requires_replace(mut self) -> Self {
        self.replace.push(ReplaceRule::always());
        self
    }

    /// A change to another value that the user set destroys the object and creates a new one; that the user no longer sets
    /// one does not.
    pub fn requires_replace_if_configured(self) -> Self {
        self.requires_replace_if("it is set to another value", |_, planned| {
            !planned.is_null() && !planned.is_unknown()
        })
    }

    /// A change from the first value to the second destroys the object and creates a new one if this says so.
    pub fn requires_replace_if(
        mut self,
        description: impl Into<String>,
        decide: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.replace.push(ReplaceRule::when(description, decide));
        self
    }

    /// An update does not change this computed value: plan the prior one instead of "known after apply". Inside nested
    /// attributes the prior value is the one under the same key of a map or at the same place of a list; where a list's
    /// elements move, so do not use it for what belongs to the element rather than to the place.
    pub fn use_state_for_unknown(mut self) -> Self {
        self.use_state_for_unknown = true;
        self
    }

    /// Two different spellings can mean the same: when this says so, the prior value stays and no change is planned.
    /// Only asked about known, non-null values. See [`equal`](super::equal) for ready ones.
    pub fn equivalent(mut self, same: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static) -> Self {
        self.equivalence = Some(Equivalence(Arc::new(same)));
        self
    }

    /// The shape.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The nested attributes and their arrangement.
    pub fn nested_attributes(&self) -> Option<(Nesting, &[(String, Attribute)])> {
        match &self.kind {
            Kind::Nested(nesting, attributes) => Some((*nesting, attributes)),
            Kind::Plain(_) => None,
        }
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Plain(ty) => ty.clone(),
            Kind::Nested(nesting, attributes) => {
                let object = Type::object(
                    attributes
                        .iter()
                        .map(|(name, attribute)| (name.clone(), attribute.ty())),
                );
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }

    /// Whether the user must set it.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether the user may set it.
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// Whether the provider may set it.
    pub fn is_computed(&self) -> bool {
        self.computed
    }

    /// Whether Terraform hides it.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether it is never stored.
    pub fn is_write_only(&self) -> bool {
        self.write_only
    }

    /// What to use instead, when deprecated.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecated.as_deref()
    }

    /// The description in Markdown.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What an absent value stands for.
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// The rules for its values.
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// Whether an update plans the prior value.
    pub fn uses_state_for_unknown(&self) -> bool {
        self.use_state_for_unknown
    }

    /// When a change replaces the object.
    pub fn replace_rules(&self) -> &[ReplaceRule] {
        &self.replace
    }
}
