//! The metadata of the org: objects and their fields, as stored in `schema.json`. How they are described to a client is
//! `describe`; which ones a new org has is `builtin`.

mod alter;
pub(crate) mod builtin;
pub(crate) mod describe;
mod field;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub(crate) use alter::Alteration;

use crate::Error;

/// A Salesforce field type, by its name in describe results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Id,
    String,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    Datetime,
    Time,
    Textarea,
    Picklist,
    Multipicklist,
    Reference,
    Email,
    Phone,
    Url,
    Combobox,
    Encryptedstring,
    Anytype,
    Base64,
    Address,
    Location,
}

impl Kind {
    /// Written as a JSON number or in quotes; compared as a number or as text.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Currency | Self::Percent)
    }

    /// Assembled from other fields, with no value of its own.
    pub(crate) fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location)
    }

    /// The spelling in describe results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Time => "time",
            Self::Textarea => "textarea",
            Self::Picklist => "picklist",
            Self::Multipicklist => "multipicklist",
            Self::Reference => "reference",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Combobox => "combobox",
            Self::Encryptedstring => "encryptedstring",
            Self::Anytype => "anyType",
            Self::Base64 => "base64",
            Self::Address => "address",
            Self::Location => "location",
        }
    }

    /// Reads [`Kind::name`], in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_ascii_lowercase())).ok()
    }
}

/// A field. `column` is the position of its cell in a stored row; compound fields have none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Field {
    pub name: String,
    pub label: String,
    pub kind: Kind,
    pub column: Option<usize>,
    #[serde(default)]
    pub length: u32,
    #[serde(default)]
    pub precision: u32,
    #[serde(default)]
    pub scale: u32,
    #[serde(default)]
    pub nillable: bool,
    #[serde(default)]
    pub createable: bool,
    #[serde(default)]
    pub updateable: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub external_id: bool,
    #[serde(default)]
    pub reference_to: Vec<String>,
    #[serde(default)]
    pub relationship: Option<String>,
    /// The name of the relationship from the parent's side.
    #[serde(default)]
    pub child_relationship: Option<String>,
    #[serde(default)]
    pub cascade: bool,
    #[serde(default)]
    pub picklist: Vec<String>,
    #[serde(default)]
    pub compound: Option<String>,
    #[serde(default)]
    pub default: Option<String>,
    /// Not readable by the integration user (field-level security): absent for every API.
    #[serde(default)]
    pub hidden: bool,
    /// The stored cells may not fit the type since the field was altered, and are checked when read.
    #[serde(default)]
    pub altered: bool,
}

impl Field {
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c") || self.name.ends_with("__s")
    }

    /// A long text area cannot be filtered, grouped or sorted by.
    pub(crate) fn is_long_text(&self) -> bool {
        self.kind == Kind::Textarea && self.length > 255
    }

    pub(crate) fn is_filterable(&self) -> bool {
        !self.is_long_text() && !matches!(self.kind, Kind::Encryptedstring | Kind::Base64)
    }

    pub(crate) fn is_sortable(&self) -> bool {
        self.is_filterable() && !self.kind.is_compound() && self.kind != Kind::Multipicklist
    }

    pub(crate) fn is_groupable(&self) -> bool {
        self.is_sortable()
            && !matches!(
                self.kind,
                Kind::Double | Kind::Currency | Kind::Percent | Kind::Datetime | Kind::Time
            )
    }
}

/// An object and its fields, in describe order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub name: String,
    pub label: String,
    pub plural: String,
    pub prefix: String,
    pub fields: Vec<Field>,
    /// How many cells a new row has; grows only, so that old rows stay readable.
    pub columns: usize,
    /// When the metadata last changed, in milliseconds.
    pub modified_ms: i64,
    pub deletable: bool,
}

impl Object {
    /// A readable field by name, whatever the case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.readable().find(|f| f.name.eq_ignore_ascii_case(name))
    }

    /// The fields that the integration user may read.
    pub(crate) fn readable(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|f| !f.hidden)
    }

    /// The column of a field that every object is known to have, hidden or not.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().find(|f| f.name == name).and_then(|f| f.column)
    }

    /// The field at a column.
    pub(crate) fn by_column(&self, column: usize) -> Option<&Field> {
        self.fields.iter().find(|f| f.column == Some(column))
    }
}

/// All objects; the position of an object is its number everywhere in this crate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Schema {
    pub objects: Vec<Object>,
}

impl Schema {
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.objects.iter().position(|o| o.name.eq_ignore_ascii_case(name))
    }

    /// The object that an id belongs to, by its key prefix.
    pub(crate) fn by_id(&self, id: &[u8]) -> Option<usize> {
        let prefix = id.get(..3)?;
        self.objects.iter().position(|o| o.prefix.as_bytes() == prefix)
    }

    pub(crate) fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("schema.json");
        let bytes = std::fs::read(&path).map_err(Error::file("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Damaged {
            path,
            reason: e.to_string(),
        })
    }

    /// Writes beside and renames, so that a kill leaves the old or the new one.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join("schema.json");
        let beside = dir.join("schema.json.new");
        let bytes = serde_json::to_vec_pretty(self).map_err(|e| Error::Damaged {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        std::fs::write(&beside, bytes).map_err(Error::file("write", &beside))?;
        std::fs::rename(&beside, &path).map_err(Error::file("write", &path))
    }
}
