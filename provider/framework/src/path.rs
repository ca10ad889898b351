//! Where in a configuration a value stands.

use std::fmt;

/// One step down a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object.
    Attribute(String),
    /// An entry of a map.
    Key(String),
    /// An element of a list.
    Index(i64),
    /// Some element of a set: elements of sets have no address.
    Element,
}

/// A path to a value, written `objects["Account"].fields[2]`.
///
/// ```
/// use tfplugin_framework::Path;
/// let path = Path::attr("objects").key("Account").child("fields").index(2);
/// assert_eq!(path.to_string(), "objects[\"Account\"].fields[2]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// The whole resource.
    pub const fn root() -> Self {
        Path { steps: Vec::new() }
    }

    /// A top-level attribute.
    pub fn attr(name: impl Into<String>) -> Self {
        Path::root().child(name)
    }

    /// An attribute of the object here.
    #[must_use]
    pub fn child(&self, name: impl Into<String>) -> Self {
        self.step(Step::Attribute(name.into()))
    }

    /// An entry of the map here.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// An element of the list here.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// Some element of the set here.
    #[must_use]
    pub fn element(&self) -> Self {
        self.step(Step::Element)
    }

    /// One step further.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Path { steps }
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the whole resource.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }
}

impl From<&str> for Path {
    /// A top-level attribute of that name.
    fn from(name: &str) -> Self {
        Path::attr(name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => out.write_str(name)?,
                Step::Attribute(name) => write!(out, ".{name}")?,
                Step::Key(key) => write!(out, "[{key:?}]")?,
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Element => out.write_str("[*]")?,
            }
        }
        Ok(())
    }
}
