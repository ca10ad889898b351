//! Which personal data is in which column: what is declared, and what looks like it and is not.
//!
//! A column's class is declared by an output of the configuration, `headwater_classification`, or by a file of the same shape: by
//! table (`DATASET.TABLE`) and column, or by object and field, which holds wherever the field goes. A policy tag declares as well.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::AuditError;
use super::model::{Column, Table};

/// The output that declares classes.
pub const OUTPUT: &str = "headwater_classification";
/// What there is; policies/pii.rego has the same.
const CLASSES: [&str; 3] = ["none", "indirect", "direct"];
/// All others of a table or object.
const REST: &str = "*";

/// Declared classes.
#[derive(Debug, Default)]
pub struct Classes {
    tables: BTreeMap<String, BTreeMap<String, String>>,
    from: String,
}

impl Classes {
    /// Reads them.
    ///
    /// # Errors
    /// Names what is no class.
    pub fn of(value: &Value, from: &str) -> Result<Self, AuditError> {
        let wrong = |reason: String| AuditError::Classification {
            from: from.to_owned(),
            reason,
        };
        let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let all = value.as_object();
        for (table, columns) in all.ok_or_else(|| wrong("it is no object of tables".into()))? {
            let columns = columns.as_object();
            for (column, class) in columns.ok_or_else(|| wrong(format!("{table} is no object of columns")))? {
                let Some(class) = class.as_str().filter(|class| CLASSES.contains(class)) else {
                    return Err(wrong(format!(
                        "{table}.{column} is {class}, which is none of {}",
                        CLASSES.join(", ")
                    )));
                };
                let of = tables.entry(table.clone()).or_default();
                of.insert(column.clone(), class.to_owned());
            }
        }
        Ok(Self {
            tables,
            from: from.to_owned(),
        })
    }

    /// Tables and objects that are named and that nothing has.
    pub fn unused<'a>(&'a self, tables: &[&Table]) -> Vec<&'a str> {
        let known = |name: &&String| !tables.iter().any(|table| keys(table).contains(name));
        self.tables.keys().filter(known).map(String::as_str).collect()
    }

    /// What is declared of a column, and where.
    fn class(&self, table: &Table, column: &Column) -> Option<(String, String)> {
        let [of_table, of_object] = keys(table);
        let by_table = (of_table, Some(column.name.as_str()));
        // A field keeps its class whatever the column is called.
        let by_object = (of_object, column.field.as_deref());
        let named = [by_table, by_object].into_iter().find_map(|(key, name)| {
            let class = self.tables.get(&key)?.get(name?)?;
            Some((class.clone(), format!("{}: {key}.{}", self.from, name?)))
        });
        named.or_else(|| {
            let rest = keys(table)
                .into_iter()
                .find_map(|key| Some((self.tables.get(&key)?.get(REST)?, key)));
            rest.map(|(class, key)| (class.clone(), format!("{}: {key}.{REST}", self.from)))
        })
    }

    /// Says of each column what is declared, and what it looks like. Columns of Headwater's own hold no field of a record but its id.
    pub fn classify(&self, table: &mut Table) {
        let mut columns = std::mem::take(&mut table.columns);
        for column in &mut columns {
            if let Some((class, from)) = self.class(table, column) {
                (column.class, column.class_from) = (Some(class), Some(from));
            } else if column.policy_tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
                (column.class, column.class_from) = (Some("direct".into()), Some("its policy tag".into()));
            } else if column.origin == "headwater" {
                (column.class, column.class_from) = (Some("none".into()), Some("Headwater's own column".into()));
            }
            column.looks_personal = looks_personal(&table.object, column);
        }
        table.columns = columns;
    }
}

/// What a table is found by: `DATASET.TABLE`, and its object.
fn keys(table: &Table) -> [String; 2] {
    let short = table.name.split_once('.').map_or(table.name.as_str(), |(_, rest)| rest);
    [short.to_owned(), table.object.clone()]
}

/// Types of Salesforce that hold nothing else.
const TYPES: &[&str] = &["email", "phone", "address", "encryptedstring", "location"];
/// Words of which one in a field's name says it.
const WORDS: &[&str] = &[
    "email",
    "phone",
    "mobile",
    "fax",
    "birthdate",
    "birthday",
    "dob",
    "street",
    "postalcode",
    "zip",
    "firstname",
    "lastname",
    "middlename",
    "surname",
    "ssn",
    "passport",
    "iban",
    "username",
    "latitude",
    "longitude",
    "salary",
    "gender",
    "nationality",
];
/// Objects whose name is a person's.
const PEOPLE: &[&str] = &["Contact", "Lead", "User", "Individual", "PersonAccount"];

/// Why a column looks like direct personal data.
fn looks_personal(object: &str, column: &Column) -> Option<String> {
    let field = column.field.as_deref().unwrap_or(column.name.as_str());
    if column.origin == "headwater" {
        return None;
    }
    if let Some(kind) = column.field_type.as_deref().filter(|kind| TYPES.contains(kind)) {
        return Some(format!("its type in Salesforce is {kind}"));
    }
    // A flag or a number about an address is not the address.
    let holds = matches!(
        column.data_type.as_str(),
        "STRING" | "BYTES" | "DATE" | "FLOAT" | "FLOAT64" | "NUMERIC" | "BIGNUMERIC"
    );
    if !holds || matches!(column.field_type.as_deref(), Some("boolean" | "reference" | "id")) {
        return None;
    }
    if field == "Name" && PEOPLE.contains(&object) {
        return Some("it is a person's name".into());
    }
    let words = words(field);
    let said = WORDS.iter().find(|word| {
        let pairs = words.windows(2).map(<[String]>::concat);
        words.contains(&(**word).to_owned()) || pairs.into_iter().any(|pair| pair == **word)
    });
    said.map(|word| format!("its name says {word}"))
}

/// The words of a field's name: `MailingPostalCode__c` is mailing, postal, code.
fn words(field: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in field.trim_end_matches("__c").chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else if words.is_empty() || (c.is_uppercase() && !last.is_uppercase()) {
            words.push(c.to_lowercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        last = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(name: &str, field_type: &str, data_type: &str) -> Column {
        Column {
            name: name.into(),
            field: Some(name.into()),
            field_type: Some(field_type.into()),
            data_type: data_type.into(),
            origin: "source",
            ..Column::default()
        }
    }

    #[test]
    fn what_looks_personal() {
        let cases = [
            ("Contact", "Email", "email", "STRING", true),
            ("Contact", "Name", "string", "STRING", true),
            ("Account", "Name", "string", "STRING", false),
            ("Account", "BillingStreet", "textarea", "STRING", true),
            ("Account", "BillingPostalCode", "string", "STRING", true),
            ("Account", "BillingLatitude", "double", "FLOAT64", true),
            ("Contact", "HasOptedOutOfEmail", "boolean", "BOOL", false),
            ("Contact", "Birth_Date__c", "date", "DATE", true),
            ("Contact", "BirthDate", "date", "DATE", true),
            ("Account", "Emailing_Score__c", "double", "FLOAT64", false),
            ("Opportunity", "Amount", "currency", "NUMERIC", false),
            ("Contact", "Id", "id", "STRING", false),
        ];
        for (object, name, kind, data_type, expected) in cases {
            let looks = looks_personal(object, &column(name, kind, data_type));
            assert_eq!(looks.is_some(), expected, "{object}.{name}: {looks:?}");
        }
        assert_eq!(words("MailingPostalCode__c"), ["mailing", "postal", "code"]);
        assert_eq!(words("SSN_last4"), ["ssn", "last4"]);
    }

    #[test]
    fn classes_are_declared_by_table_by_object_and_by_tag() {
        let classes = Classes::of(
            &json!({"raw.contact": {"Phone": "none"}, "Contact": {"Phone": "direct", "Email": "direct", "*": "indirect"}}),
            "output",
        )
        .unwrap();
        let mut tagged = column("City", "string", "STRING");
        tagged.policy_tags = Some(vec!["t".into()]);
        let mut table = Table {
            name: "p.raw.contact".into(),
            object: "Contact".into(),
            columns: vec![
                column("Phone", "phone", "STRING"),
                column("Email", "email", "STRING"),
                column("Title", "string", "STRING"),
            ],
            ..Table::default()
        };
        classes.classify(&mut table);
        let said = |table: &Table| -> Vec<Option<String>> { table.columns.iter().map(|c| c.class.clone()).collect() };
        let some = |class: &str| Some(class.to_owned());
        assert_eq!(said(&table), [some("none"), some("direct"), some("indirect")]);
        let mut other = Table {
            name: "p.raw.account".into(),
            object: "Account".into(),
            columns: vec![tagged, column("Name", "string", "STRING")],
            ..Table::default()
        };
        classes.classify(&mut other);
        assert_eq!(said(&other), [some("direct"), None]);
        assert_eq!(classes.unused(&[&other]), ["Contact", "raw.contact"]);
        assert!(classes.unused(&[&table]).is_empty());
        for wrong in [json!([]), json!({"a": 1}), json!({"a": {"b": "secret"}})] {
            assert!(Classes::of(&wrong, "output").is_err(), "{wrong}");
        }
    }
}
