//! How the fields of the built-in objects are put together. Which objects have which is `builtin`.

use super::{Field, Kind};

/// `AnnualRevenue` reads "Annual Revenue", `Region__c` "Region".
fn label_of(name: &str) -> String {
    let name = name.strip_suffix("__c").unwrap_or(name);
    let name = name
        .strip_suffix("Id")
        .filter(|rest| !rest.is_empty())
        .map_or_else(|| name.to_owned(), |r| format!("{r}ID"));
    let mut label = String::new();
    let mut before = ' ';
    for c in name.chars() {
        match c {
            '_' => label.push(' '),
            c if c.is_ascii_uppercase() && before.is_ascii_lowercase() => {
                label.push(' ');
                label.push(c);
            }
            c => label.push(c),
        }
        before = c;
    }
    label
}

pub(super) fn of(name: &str, kind: Kind) -> Field {
    let writable = !kind.is_compound();
    Field {
        name: name.into(),
        label: label_of(name),
        kind,
        column: None,
        length: 0,
        precision: 0,
        scale: 0,
        nillable: true,
        createable: writable,
        updateable: writable,
        unique: false,
        external_id: false,
        reference_to: vec![],
        relationship: None,
        child_relationship: None,
        cascade: false,
        picklist: vec![],
        compound: None,
        default: None,
        hidden: false,
        altered: false,
    }
}

/// What the fields below are put together from.
impl Field {
    pub(super) fn label(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }
    pub(super) fn length(mut self, length: u32) -> Self {
        self.length = length;
        self
    }
    pub(super) fn required(mut self) -> Self {
        self.nillable = false;
        self
    }
    /// Set by the platform: clients cannot write it, and it is never null.
    pub(super) fn system(mut self) -> Self {
        self.nillable = false;
        self.read_only()
    }
    pub(super) fn read_only(mut self) -> Self {
        self.createable = false;
        self.updateable = false;
        self
    }
    pub(super) fn part_of(mut self, compound: &str) -> Self {
        self.compound = Some(compound.into());
        self
    }
    pub(super) fn cascading(mut self) -> Self {
        self.cascade = true;
        self
    }
    pub(super) fn key(mut self) -> Self {
        self.unique = true;
        self.external_id = true;
        self
    }
}

pub(super) fn text(name: &str, length: u32) -> Field {
    of(name, Kind::String).length(length)
}

pub(super) fn area(name: &str, length: u32) -> Field {
    of(name, Kind::Textarea).length(length)
}

pub(super) fn flag(name: &str) -> Field {
    let mut field = of(name, Kind::Boolean).required();
    field.default = Some("false".into());
    field
}

pub(super) fn number(name: &str, kind: Kind, precision: u32, scale: u32) -> Field {
    let mut field = of(name, kind);
    (field.precision, field.scale) = (precision, scale);
    field
}

pub(super) fn integer(name: &str) -> Field {
    number(name, Kind::Int, 8, 0)
}

pub(super) fn choice(name: &str, values: &[&str]) -> Field {
    let length = if name.ends_with("__c") { 255 } else { 40 };
    let mut field = of(name, Kind::Picklist).length(length);
    field.picklist = values.iter().map(|v| (*v).to_owned()).collect();
    field
}

/// A lookup. With a single target, the relationship is the name without its `Id`.
pub(super) fn reference(name: &str, to: &[&str], picks: &[&str]) -> Field {
    let mut field = of(name, Kind::Reference).length(18);
    field.reference_to = to.iter().chain(picks).map(|v| (*v).to_owned()).collect();
    field.relationship = Some(match name.strip_suffix("__c") {
        Some(custom) => format!("{custom}__r"),
        None => name.strip_suffix("Id").unwrap_or(name).to_owned(),
    });
    field
}

pub(super) fn owner() -> Field {
    reference("OwnerId", &["User"], &[]).required()
}

pub(super) fn shared_owner() -> Field {
    reference("OwnerId", &["Group"], &["User"]).required()
}

pub(super) fn address(prefix: &str) -> Vec<Field> {
    let compound = format!("{prefix}Address");
    let part = |suffix: &str| format!("{prefix}{suffix}");
    let mut parts = vec![
        area(&part("Street"), 255),
        text(&part("City"), 40),
        text(&part("State"), 80),
        text(&part("PostalCode"), 20),
        text(&part("Country"), 80),
        number(&part("Latitude"), Kind::Double, 18, 15),
        number(&part("Longitude"), Kind::Double, 18, 15),
        choice(
            &part("GeocodeAccuracy"),
            &[
                "Address",
                "NearAddress",
                "Block",
                "Street",
                "ExtendedZip",
                "Zip",
                "City",
                "Unknown",
            ],
        ),
    ];
    for field in &mut parts {
        field.compound = Some(compound.clone());
    }
    parts.push(of(&compound, Kind::Address));
    parts
}

pub(super) fn person(salutation: bool) -> Vec<Field> {
    let mut fields = vec![
        text("LastName", 80).required().part_of("Name"),
        text("FirstName", 40).part_of("Name"),
    ];
    if salutation {
        fields.push(choice("Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]).part_of("Name"));
    }
    fields.push(text("Name", 121).label("Full Name").system().part_of("Name"));
    fields
}

/// Lists of fields joined, for the objects below.
pub(super) fn join(parts: Vec<Vec<Field>>) -> Vec<Field> {
    parts.into_iter().flatten().collect()
}
