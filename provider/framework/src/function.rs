//! Provider functions: pure computations called as `provider::headwater::name(…)`, in a process that is not configured.

use tfplugin_proto::{Type, Value};

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, for documentation and messages.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What it is, in Markdown.
    pub description: String,
    /// Whether null may be given.
    pub allow_null: bool,
    /// Whether the function is called although the argument is not known yet.
    pub allow_unknown: bool,
}

impl Parameter {
    /// A parameter that must be known and not null.
    pub fn new(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Parameter {
            name: name.into(),
            ty,
            description: description.into(),
            allow_null: false,
            allow_unknown: false,
        }
    }
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// One line.
    pub summary: String,
    /// Markdown.
    pub description: String,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// Takes the rest of the arguments.
    pub variadic: Option<Parameter>,
    /// The result's type.
    pub returns: Type,
    /// What to use instead, when deprecated.
    pub deprecated: Option<String>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong and what would be right.
    pub text: String,
    /// Which argument is to blame, counted from zero.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// An error about one argument.
    pub fn argument(index: usize, text: impl Into<String>) -> Self {
        FunctionError {
            text: text.into(),
            argument: Some(index),
        }
    }
}

impl<T: Into<String>> From<T> for FunctionError {
    fn from(text: T) -> Self {
        FunctionError {
            text: text.into(),
            argument: None,
        }
    }
}

/// A function.
pub trait Function: Send + Sync + 'static {
    /// The name after `provider::headwater::`.
    fn name(&self) -> &'static str;

    /// What it takes and gives.
    fn signature(&self) -> Signature;

    /// Computes. Arguments are of the declared types; variadic ones follow the others.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}
