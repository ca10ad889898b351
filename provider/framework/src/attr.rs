//! The field of a model that can be null or not known yet.

use crate::{Diagnostic, Path};

/// A value in a resource's model: null, known only after apply, or known.
///
/// A field without this wrapper must be known (and, unless it is an `Option`, non-null) whenever the model is built:
/// see [`Model`](crate::Model) for what happens otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Attr<T> {
    /// Whether it is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Attr::Null)
    }

    /// Whether it is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Attr::Unknown)
    }

    /// The value if it is set and known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Attr::Known(value) => Some(value),
            Attr::Null | Attr::Unknown => None,
        }
    }

    /// The value if it is set and known, to be changed in place.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Attr::Known(value) => Some(value),
            Attr::Null | Attr::Unknown => None,
        }
    }

    /// The value if it is set and known.
    pub fn into_known(self) -> Option<T> {
        match self {
            Attr::Known(value) => Some(value),
            Attr::Null | Attr::Unknown => None,
        }
    }

    /// The value, or an error about this attribute when it is null or not known yet.
    pub fn require(&self, path: impl Into<Path>) -> Result<&T, Diagnostic> {
        match self {
            Attr::Known(value) => Ok(value),
            Attr::Null => Err(Diagnostic::invalid(path, "a value is required here")),
            Attr::Unknown => Err(Diagnostic::invalid(path, "this value must be known before apply")
                .hint("It depends on something that is created in the same apply. Create that first.")),
        }
    }

    /// The same with another value inside.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Attr::Null => Attr::Null,
            Attr::Unknown => Attr::Unknown,
            Attr::Known(value) => Attr::Known(change(value)),
        }
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Attr::Null => Attr::Null,
            Attr::Unknown => Attr::Unknown,
            Attr::Known(value) => Attr::Known(value),
        }
    }
}

impl<T: std::ops::Deref> Attr<T> {
    /// The value if it is set and known, dereferenced: `Attr<String>` → `Option<&str>`.
    pub fn as_deref(&self) -> Option<&T::Target> {
        self.known().map(T::deref)
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Attr::Known(value)
    }
}

impl From<&str> for Attr<String> {
    fn from(value: &str) -> Self {
        Attr::Known(value.to_owned())
    }
}

impl<T> From<Option<T>> for Attr<T> {
    /// `None` becomes null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Attr::Null, Attr::Known)
    }
}
