//! A column as the decision about edits sees it: BigQuery's names in one spelling, defaults filled in. And its REST form.

use serde_json::{Map, Value as Json, json};

/// A column of a table or a field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Column {
    pub name: String,
    /// GoogleSQL's name of the type: `INT64`, `STRUCT`, …
    pub kind: String,
    pub mode: Mode,
    pub description: String,
    pub default: Option<String>,
    pub policy_tags: Vec<String>,
    pub max_length: Option<i64>,
    pub precision: Option<i64>,
    pub scale: Option<i64>,
    /// What the column was called before; not stored in BigQuery.
    pub renamed_from: Option<String>,
    pub fields: Vec<Column>,
}

/// How many values a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// None or one.
    #[default]
    Nullable,
    /// One.
    Required,
    /// Any number.
    Repeated,
}

impl Mode {
    pub fn api(self) -> &'static str {
        match self {
            Self::Nullable => "NULLABLE",
            Self::Required => "REQUIRED",
            Self::Repeated => "REPEATED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Nullable, Self::Required, Self::Repeated]
            .into_iter()
            .find(|mode| mode.api().eq_ignore_ascii_case(text))
    }
}

/// Types with all their spellings, GoogleSQL's first, the REST API's second.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("STRING", "STRING", &[]),
    ("BYTES", "BYTES", &[]),
    ("INT64", "INTEGER", &["INT", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"]),
    ("FLOAT64", "FLOAT", &[]),
    ("NUMERIC", "NUMERIC", &["DECIMAL"]),
    ("BIGNUMERIC", "BIGNUMERIC", &["BIGDECIMAL"]),
    ("BOOL", "BOOLEAN", &[]),
    ("TIMESTAMP", "TIMESTAMP", &[]),
    ("DATE", "DATE", &[]),
    ("TIME", "TIME", &[]),
    ("DATETIME", "DATETIME", &[]),
    ("INTERVAL", "INTERVAL", &[]),
    ("GEOGRAPHY", "GEOGRAPHY", &[]),
    ("JSON", "JSON", &[]),
    ("STRUCT", "RECORD", &[]),
];

/// GoogleSQL's name of a type, whichever spelling it is given in.
pub(crate) fn sql_type(text: &str) -> Option<&'static str> {
    let is = |name: &str| name.eq_ignore_ascii_case(text);
    TYPES
        .iter()
        .find(|(sql, rest, others)| is(sql) || is(rest) || others.iter().any(|other| is(other)))
        .map(|(sql, _, _)| *sql)
}

/// The REST API's name of a type of GoogleSQL.
fn rest_type(sql: &str) -> &str {
    TYPES
        .iter()
        .find(|(name, _, _)| *name == sql)
        .map_or(sql, |(_, rest, _)| rest)
}

/// For error messages: `STRING`, `BYTES`, …
pub(crate) fn type_names() -> String {
    let names: Vec<String> = TYPES.iter().map(|(sql, _, _)| format!("`{sql}`")).collect();
    names.join(", ")
}

impl Column {
    /// Whether it has fields.
    pub fn is_record(&self) -> bool {
        self.kind == "STRUCT"
    }

    /// The type with its parameters, without fields: `NUMERIC(10, 2)`, `STRING(20)`, `STRUCT`.
    pub fn spelled_type(&self) -> String {
        match (self.max_length, self.precision, self.scale) {
            (Some(length), _, _) => format!("{}({length})", self.kind),
            (_, Some(precision), Some(scale)) if scale != 0 => format!("{}({precision}, {scale})", self.kind),
            (_, Some(precision), _) => format!("{}({precision})", self.kind),
            _ => self.kind.clone(),
        }
    }

    /// The whole type for `SET DATA TYPE`.
    pub fn ddl_type(&self) -> String {
        let one = if self.is_record() {
            let fields: Vec<String> = self
                .fields
                .iter()
                .map(|field| format!("`{}` {}", field.name, field.ddl_type()))
                .collect();
            format!("STRUCT<{}>", fields.join(", "))
        } else {
            self.spelled_type()
        };
        if self.mode == Mode::Repeated {
            format!("ARRAY<{one}>")
        } else {
            one
        }
    }

    /// Reads a field of a REST schema. Whatever the type, it is kept: one that is not known here has its own name.
    pub fn of(field: &Json) -> Self {
        let text = |name: &str| field[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let kind = field["type"].as_str().unwrap_or_default();
        let tags = field["policyTags"]["names"].as_array().into_iter().flatten();
        Self {
            name: text("name").unwrap_or_default(),
            kind: sql_type(kind).map_or_else(|| kind.to_ascii_uppercase(), str::to_owned),
            mode: field["mode"].as_str().and_then(Mode::parse).unwrap_or_default(),
            description: text("description").unwrap_or_default(),
            default: text("defaultValueExpression"),
            policy_tags: tags.filter_map(Json::as_str).map(str::to_owned).collect(),
            max_length: int(&field["maxLength"]),
            precision: int(&field["precision"]),
            scale: int(&field["scale"]),
            renamed_from: None,
            fields: Self::all_of(&field["fields"]),
        }
    }

    /// Reads the `fields` of a REST schema.
    pub fn all_of(fields: &Json) -> Vec<Self> {
        fields.as_array().into_iter().flatten().map(Self::of).collect()
    }

    /// The field of a REST schema.
    pub fn to_json(&self) -> Json {
        let mut field = json!({"name": self.name, "type": rest_type(&self.kind), "mode": self.mode.api()});
        for (key, value) in self.said() {
            if !value.is_null() {
                field[key] = value;
            }
        }
        for (key, value) in [
            ("maxLength", self.max_length),
            ("precision", self.precision),
            ("scale", self.scale),
        ] {
            if let Some(value) = value {
                field[key] = value.to_string().into();
            }
        }
        if self.is_record() {
            field["fields"] = self.fields.iter().map(Self::to_json).collect();
        }
        field
    }

    /// What can be changed about a column at any time; null where there is nothing.
    pub fn said(&self) -> Map<String, Json> {
        let mut said = Map::new();
        let text = |text: &str| if text.is_empty() { Json::Null } else { text.into() };
        said.insert("description".into(), text(&self.description));
        said.insert("defaultValueExpression".into(), self.default.clone().into());
        let tags = if self.policy_tags.is_empty() {
            Json::Null
        } else {
            json!({"names": self.policy_tags})
        };
        said.insert("policyTags".into(), tags);
        said
    }

    /// Whether a table with the one has the same columns as with the other, whatever their order.
    pub fn same_set(a: &[Self], b: &[Self]) -> bool {
        a.len() == b.len()
            && a.iter().all(|one| {
                let other = b.iter().find(|other| other.name.eq_ignore_ascii_case(&one.name));
                other.is_some_and(|other| one.same(other))
            })
    }

    fn same(&self, other: &Self) -> bool {
        let bare = |column: &Self| Self {
            name: String::new(),
            renamed_from: None,
            fields: Vec::new(),
            scale: column.scale.filter(|scale| *scale != 0),
            ..column.clone()
        };
        bare(self) == bare(other) && Self::same_set(&self.fields, &other.fields)
    }
}

/// A number that the API writes as text.
pub(crate) fn int(value: &Json) -> Option<i64> {
    value.as_str().and_then(|text| text.parse().ok()).or(value.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_back_as_it_was_written() {
        let field = json!({
            "name": "items", "type": "RECORD", "mode": "REPEATED", "description": "what was bought",
            "fields": [
                {"name": "sku", "type": "STRING", "mode": "REQUIRED", "maxLength": "20"},
                {"name": "price", "type": "NUMERIC", "mode": "NULLABLE", "precision": "10", "scale": "2",
                 "policyTags": {"names": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]}},
            ],
        });
        let column = Column::of(&field);
        assert_eq!(column.to_json(), field);
        assert_eq!(
            column.ddl_type(),
            "ARRAY<STRUCT<`sku` STRING(20), `price` NUMERIC(10, 2)>>"
        );
    }

    #[test]
    fn spellings_and_order_do_not_matter() {
        let columns = |text: &str| Column::all_of(&serde_json::from_str(text).expect("JSON"));
        let a = columns(
            r#"[{"name":"a","type":"INTEGER"},{"name":"b","type":"STRUCT","fields":[{"name":"x","type":"BOOL"}]}]"#,
        );
        let b = columns(
            r#"[{"name":"B","type":"RECORD","mode":"NULLABLE","fields":[{"name":"X","type":"BOOLEAN"}]},{"name":"A","type":"INT64"}]"#,
        );
        assert!(Column::same_set(&a, &b));
        assert!(!Column::same_set(&a, &b[..1]));
    }
}
