//! Columns as the configuration has them. Terraform's schemas are not recursive, so records are written out to a depth of
//! [`DEPTH`] levels; what lies deeper is JSON in the form of BigQuery's REST API, compared by what it means.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin_framework::{
    Attr, Attribute, Diagnostic, Diagnostics, Path, Schema, Type, Validator, Value, from_value, validate,
};

use super::column::{Column, Mode, sql_type, type_names};

/// Levels of columns and fields that are attributes.
const DEPTH: usize = 4;

/// A column, or a field of a record whose own fields are an `F`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Field<F> {
    name: Attr<String>,
    r#type: Attr<String>,
    mode: Attr<String>,
    description: Attr<String>,
    default_value_expression: Attr<String>,
    policy_tags: Attr<Vec<Attr<String>>>,
    max_length: Attr<i64>,
    precision: Attr<i64>,
    scale: Attr<i64>,
    renamed_from: Attr<String>,
    fields: Attr<F>,
}

/// A list of columns or fields.
pub(crate) type List<F> = Vec<Attr<Field<F>>>;

/// The columns of a table.
pub(crate) type Columns = List<List<List<List<String>>>>;

/// What the fields of a record can be: attributes, or JSON.
pub(crate) trait Nested: Sized + Clone + Default + Serialize + DeserializeOwned {
    /// In the form in which edits are decided; `None` while something is not known.
    fn known(&self) -> Option<Vec<Column>>;

    /// The same fields as found, in the order and spelling of what was there before.
    fn found(before: Option<&Self>, found: &[Column]) -> Self;

    /// What an attribute's own rules cannot say.
    fn check(&self, at: &Path, nested: bool, problems: &mut Diagnostics);
}

impl Nested for String {
    fn known(&self) -> Option<Vec<Column>> {
        Some(Column::all_of(&serde_json::from_str(self).ok()?))
    }

    fn found(before: Option<&Self>, found: &[Column]) -> Self {
        match before {
            Some(before) if before.known().is_some_and(|known| Column::same_set(&known, found)) => before.clone(),
            _ => found.iter().map(Column::to_json).collect::<Json>().to_string(),
        }
    }

    fn check(&self, at: &Path, _nested: bool, problems: &mut Diagnostics) {
        let parsed: Result<Json, _> = serde_json::from_str(self);
        let Ok(Json::Array(fields)) = parsed else {
            problems.push(
                Diagnostic::invalid(at.clone(), format!("`{at}` must be a JSON array of fields"))
                    .hint("At this depth write `jsonencode([{ name = \"x\", type = \"STRING\" }])`, with the names of BigQuery's REST API."),
            );
            return;
        };
        check_json(&fields, at, problems);
    }
}

fn check_json(fields: &[Json], at: &Path, problems: &mut Diagnostics) {
    for (index, field) in fields.iter().enumerate() {
        let name = field["name"].as_str().unwrap_or_default();
        let kind = field["type"].as_str().unwrap_or_default();
        if !is_column_name(name) {
            problems.push(
                Diagnostic::invalid(at.clone(), format!("field {index} of the JSON has no usable name"))
                    .hint(NAME_RULE),
            );
        }
        let Some(kind) = sql_type(kind) else {
            problems.push(
                Diagnostic::invalid(at.clone(), format!("field `{name}` of the JSON has the type `{kind}`"))
                    .hint(format!("Write one of {}.", type_names())),
            );
            continue;
        };
        let inner = field["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        if (kind == "STRUCT") == inner.is_empty() {
            problems.push(Diagnostic::invalid(
                at.clone(),
                format!("field `{name}` of the JSON: `fields` belong to a STRUCT and to nothing else"),
            ));
        }
        check_json(inner, at, problems);
    }
}

impl<F: Nested> Nested for List<F> {
    fn known(&self) -> Option<Vec<Column>> {
        self.iter().map(|field| field.known()?.column()).collect()
    }

    fn found(before: Option<&Self>, found: &[Column]) -> Self {
        let fields = || before.into_iter().flatten().filter_map(Attr::known);
        let position = |column: &Column| {
            fields()
                .position(|field| field.is_called(&column.name))
                .unwrap_or(usize::MAX)
        };
        let mut columns: Vec<&Column> = found.iter().collect();
        columns.sort_by_key(|column| position(column));
        columns
            .into_iter()
            .map(|column| Field::found(fields().find(|field| field.is_called(&column.name)), column).into())
            .collect()
    }

    fn check(&self, at: &Path, nested: bool, problems: &mut Diagnostics) {
        let mut seen: Vec<String> = Vec::new();
        for (index, field) in self.iter().enumerate() {
            let at = at.index(index);
            let Some(field) = field.known() else {
                if field.is_null() {
                    problems.push(Diagnostic::invalid(at, "a column must not be null"));
                }
                continue;
            };
            if let Some(name) = field.name.as_deref() {
                if seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                    problems.push(
                        Diagnostic::invalid(at.child("name"), format!("the name `{name}` is there twice")).hint(
                            "BigQuery's names do not tell upper and lower case apart: remove or rename one of them.",
                        ),
                    );
                }
                seen.push(name.to_owned());
            }
            field.check(&at, nested, problems);
        }
    }
}

impl<F: Nested> Field<F> {
    fn is_called(&self, name: &str) -> bool {
        self.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    fn column(&self) -> Option<Column> {
        let tags = match &self.policy_tags {
            Attr::Unknown => return None,
            Attr::Null => Vec::new(),
            Attr::Known(tags) => tags.iter().map(|tag| tag.known().cloned()).collect::<Option<_>>()?,
        };
        let unknown = [&self.description, &self.default_value_expression, &self.renamed_from]
            .iter()
            .any(|text| text.is_unknown())
            || [&self.max_length, &self.precision, &self.scale]
                .iter()
                .any(|number| number.is_unknown());
        if unknown {
            return None;
        }
        let kind = self.r#type.as_deref()?;
        Some(Column {
            name: self.name.known()?.clone(),
            kind: sql_type(kind).map_or_else(|| kind.to_ascii_uppercase(), str::to_owned),
            mode: match &self.mode {
                Attr::Unknown => return None,
                Attr::Null => Mode::Nullable,
                Attr::Known(mode) => Mode::parse(mode)?,
            },
            description: self.description.as_deref().unwrap_or_default().to_owned(),
            default: self
                .default_value_expression
                .known()
                .filter(|text| !text.is_empty())
                .cloned(),
            policy_tags: tags,
            max_length: self.max_length.known().copied(),
            precision: self.precision.known().copied(),
            scale: self.scale.known().copied(),
            renamed_from: self.renamed_from.known().cloned(),
            fields: match &self.fields {
                Attr::Unknown => return None,
                Attr::Null => Vec::new(),
                Attr::Known(fields) => fields.known()?,
            },
        })
    }

    /// What was found, in the spelling of what was there before.
    fn found(before: Option<&Self>, found: &Column) -> Self {
        let none = Self::default();
        let before = before.unwrap_or(&none);
        let text = |before: &Attr<String>, found: &str| match (before.as_deref(), found) {
            (Some(""), "") => before.clone(),
            (_, "") => Attr::Null,
            (Some(same), found) if same == found => before.clone(),
            (_, found) => found.into(),
        };
        let same_type = before.r#type.as_deref().and_then(sql_type) == Some(found.kind.as_str());
        Self {
            name: if before.is_called(&found.name) {
                before.name.clone()
            } else {
                found.name.as_str().into()
            },
            r#type: if same_type {
                before.r#type.clone()
            } else {
                found.kind.as_str().into()
            },
            mode: found.mode.api().into(),
            description: text(&before.description, &found.description),
            default_value_expression: text(
                &before.default_value_expression,
                found.default.as_deref().unwrap_or_default(),
            ),
            policy_tags: match &before.policy_tags {
                Attr::Known(tags) if tags.is_empty() && found.policy_tags.is_empty() => before.policy_tags.clone(),
                _ if found.policy_tags.is_empty() => Attr::Null,
                _ => found
                    .policy_tags
                    .iter()
                    .map(|tag| tag.as_str().into())
                    .collect::<Vec<_>>()
                    .into(),
            },
            max_length: found.max_length.into(),
            precision: found.precision.into(),
            scale: match (before.scale.known(), found.scale) {
                (Some(0), None) => before.scale,
                (None, Some(0)) => Attr::Null,
                (_, scale) => scale.into(),
            },
            renamed_from: before.renamed_from.clone(),
            fields: if found.is_record() {
                F::found(before.fields.known(), &found.fields).into()
            } else {
                Attr::Null
            },
        }
    }

    fn check(&self, at: &Path, nested: bool, problems: &mut Diagnostics) {
        let mut wrong = |attribute: &str, what: String, hint: &str| {
            problems.push(Diagnostic::invalid(at.child(attribute), what).hint(hint));
        };
        let Some(kind) = self.r#type.as_deref().and_then(sql_type) else {
            return;
        };
        let record = kind == "STRUCT";
        if record && self.fields.is_null() {
            wrong(
                "fields",
                "a STRUCT needs `fields`".to_owned(),
                "Give it at least one field.",
            );
        }
        if !record && !self.fields.is_null() {
            wrong(
                "fields",
                format!("`fields` are set and the type is {kind}"),
                "Only a STRUCT (or RECORD) has fields: change `type`, or leave `fields` out.",
            );
        }
        if self.max_length.known().is_some() && !["STRING", "BYTES"].contains(&kind) {
            wrong(
                "max_length",
                format!("`max_length` is set and the type is {kind}"),
                "It belongs to STRING and BYTES.",
            );
        }
        if self.precision.known().is_some() && !["NUMERIC", "BIGNUMERIC"].contains(&kind) {
            wrong(
                "precision",
                format!("`precision` is set and the type is {kind}"),
                "It belongs to NUMERIC and BIGNUMERIC.",
            );
        }
        match (self.precision.known(), self.scale.known()) {
            (None, Some(_)) if self.precision.is_null() => {
                wrong("scale", "`scale` is set without `precision`".to_owned(), "Set both.");
            }
            (Some(precision), Some(scale)) if scale > precision => wrong(
                "scale",
                format!("a scale of {scale} is more than the precision of {precision}"),
                "The scale counts the digits after the point, the precision all of them.",
            ),
            _ => {}
        }
        if nested && !self.default_value_expression.is_null() {
            wrong(
                "default_value_expression",
                "a field of a record cannot have a default".to_owned(),
                "Give the whole record one, such as `STRUCT(1 AS a)`.",
            );
        }
        if nested && !self.renamed_from.is_null() {
            wrong(
                "renamed_from",
                "a field of a record cannot be renamed".to_owned(),
                "BigQuery renames columns only. Add the field under its new name beside the old one.",
            );
        }
        if let (Some(from), Some(name)) = (self.renamed_from.as_deref(), self.name.as_deref())
            && from.eq_ignore_ascii_case(name)
        {
            wrong(
                "renamed_from",
                format!("`{name}` cannot be renamed from itself"),
                "Write the name that the column had before, or leave it out.",
            );
        }
        if let Some(fields) = self.fields.known() {
            fields.check(&at.child("fields"), true, problems);
        }
    }
}

const NAME_RULE: &str = "must be 1 to 300 letters, digits and underscores, starting with a letter or underscore, and not with `_TABLE_`, `_FILE_` or `_PARTITION`";

fn is_column_name(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    (1..=300).contains(&text.chars().count())
        && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && ![
            "_TABLE_",
            "_FILE_",
            "_PARTITION",
            "_ROW_TIMESTAMP",
            "__ROOT__",
            "_COLIDENTIFIER",
        ]
        .iter()
        .any(|reserved| upper.starts_with(reserved))
}

fn column_name() -> Validator {
    validate::matches(NAME_RULE, is_column_name)
}

fn type_name() -> Validator {
    validate::matches(
        format!("must be one of {} or another spelling of these", type_names()),
        |text| sql_type(text).is_some(),
    )
}

/// The attribute `columns`.
pub(super) fn attribute() -> Attribute {
    Attribute::list_of(level(1))
        .required()
        .validate(validate::size(1..=10_000))
        .equivalent(same_columns)
        .describe(
            "The columns. BigQuery keeps the order in which they came: a new one goes to the end wherever it is written here, and another \
             order is no change. A new nullable column, a relaxed mode, a wider type and a new description are changes in place; dropping a column needs \
             `allow_column_drop`; anything else is an error in the plan that explains the choices.",
        )
}

/// The columns as JSON or attributes mean the same, whatever their order and spelling.
fn same_columns(before: &Value, after: &Value) -> bool {
    let known = |value: &Value| from_value::<Columns>(value, &Schema::default()).ok()?.known();
    matches!((known(before), known(after)), (Some(before), Some(after)) if Column::same_set(&before, &after))
}

fn same_type(before: &Value, after: &Value) -> bool {
    let known = |value: &Value| value.as_str().and_then(sql_type);
    known(before).is_some() && known(before) == known(after)
}

fn same_json(before: &Value, after: &Value) -> bool {
    let known = |value: &Value| value.as_str()?.to_owned().known();
    matches!((known(before), known(after)), (Some(before), Some(after)) if Column::same_set(&before, &after))
}

fn level(depth: usize) -> Vec<(&'static str, Attribute)> {
    let fields = if depth < DEPTH {
        Attribute::list_of(level(depth + 1))
            .optional()
            .validate(validate::size(1..))
            .describe("The fields of a STRUCT, like columns.")
    } else {
        Attribute::string()
            .optional()
            .validate(validate::json())
            .equivalent(same_json)
            .describe("The fields of a STRUCT at this depth: JSON as in BigQuery's REST API, `jsonencode([{ name = \"x\", type = \"STRING\" }])`. Compared by what it means.")
    };
    vec![
        (
            "name",
            Attribute::string()
                .required()
                .validate(column_name())
                .describe("The name. Upper and lower case are the same to BigQuery."),
        ),
        (
            "type",
            Attribute::string()
                .required()
                .equivalent(same_type)
                .validate(type_name())
                .describe("The type as GoogleSQL or the REST API calls it, such as `INT64` or `INTEGER`."),
        ),
        (
            "mode",
            Attribute::string()
                .default("NULLABLE")
                .validate(validate::one_of(["NULLABLE", "REQUIRED", "REPEATED"]))
                .describe("Whether a row has at most one value, exactly one, or any number."),
        ),
        (
            "description",
            Attribute::string()
                .optional()
                .validate(validate::length(0..=1024))
                .describe("What it holds."),
        ),
        (
            "default_value_expression",
            Attribute::string()
                .optional()
                .describe("A SQL expression for rows that come without a value, such as `CURRENT_TIMESTAMP()`. Of columns only."),
        ),
        (
            "policy_tags",
            Attribute::list(Type::String)
                .optional()
                .validate(validate::size(0..=1))
                .validate(validate::each(policy_tag()))
                .describe("The policy tag that guards it: `projects/PROJECT/locations/LOCATION/taxonomies/ID/policyTags/ID`."),
        ),
        (
            "max_length",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..))
                .describe("The longest STRING in characters, or BYTES in bytes."),
        ),
        (
            "precision",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..=76))
                .describe("The digits of a NUMERIC or BIGNUMERIC in all."),
        ),
        (
            "scale",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(0..=38))
                .describe("Those after the point."),
        ),
        (
            "renamed_from",
            Attribute::string()
                .optional()
                .validate(column_name())
                .describe("What the column was called before: it is renamed with its values. May stay when that is done. Of columns only."),
        ),
        ("fields", fields),
    ]
}

fn policy_tag() -> Validator {
    validate::matches(
        "must be the full name of a policy tag: `projects/PROJECT/locations/LOCATION/taxonomies/ID/policyTags/ID`",
        |text| {
            matches!(text.split('/').collect::<Vec<_>>().as_slice(),
                ["projects", p, "locations", l, "taxonomies", t, "policyTags", i] if [p, l, t, i].iter().all(|part| !part.is_empty()))
        },
    )
}
