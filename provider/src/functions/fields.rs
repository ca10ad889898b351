//! The argument that stands for an object's fields: the data source's result, its `fields`, or a list that was written out.

use headwater_salesforce::{FieldDescribe, ObjectDescribe, ObjectSummary, Selection, columns};
use headwater_spec::{BigQueryType, Column, check_object_name};
use tfplugin_framework::{FunctionError, Value};

/// The columns that an extract makes of an argument's fields, in their order.
pub(super) fn columns_of(index: usize, name: &str, argument: &Value) -> Result<Vec<Column>, FunctionError> {
    let wrong = |text: String| FunctionError::argument(index, text);
    let describe = describe(name, argument).map_err(wrong)?;
    // What the selection of everything leaves out is what an extract leaves out: one rule, not two.
    let found = columns(&describe, &Selection::default()).map_err(|errors| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        wrong(texts.join("; "))
    })?;
    if found.is_empty() {
        return Err(wrong(format!("{name} has no field that an extract reads")));
    }
    Ok(found)
}

fn describe(name: &str, argument: &Value) -> Result<ObjectDescribe, String> {
    if !argument.is_wholly_known() {
        return Err(format!("{name} holds a value that is known only after apply"));
    }
    let (object, fields) = match argument.get("fields") {
        Some(fields) => (argument.get("name").and_then(Value::as_str), fields),
        None => (None, argument),
    };
    let Some(elements) = fields.as_elements() else {
        return Err(format!(
            "{name} must be what the data source headwater_salesforce_object gives, its `fields`, or a list of objects with \
             `name` and `type`; it is {}",
            fields.kind()
        ));
    };
    let mut described: Vec<FieldDescribe> = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let at = format!("{name}[{index}]");
        if element.get("extracted").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let field = field(&at, element)?;
        if described
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&field.name))
        {
            return Err(format!("{at}.name: the field `{}` is here twice", field.name));
        }
        described.push(field);
    }
    Ok(ObjectDescribe {
        object: ObjectSummary {
            name: object.unwrap_or("the object").to_owned(),
            ..ObjectSummary::default()
        },
        fields: described,
    })
}

fn field(at: &str, element: &Value) -> Result<FieldDescribe, String> {
    if element.as_entries().is_none() {
        return Err(format!(
            "{at} must be an object with `name` and `type`, it is {}",
            element.kind()
        ));
    }
    let name = required(at, element, "name")?;
    check_object_name(&name).map_err(|error| format!("{at}.name: {error}"))?;
    let data_type = required(at, element, "type")?;
    // `anyType` begins small as all of Salesforce's do, but one; BigQuery's are the mistake that is made.
    if data_type.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && BigQueryType::parse(&data_type).is_some()
    {
        return Err(format!(
            "{at}.type: `{data_type}` is a type of BigQuery; give Salesforce's, such as `string`, `currency` or `datetime`"
        ));
    }
    if !data_type.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!(
            "{at}.type: `{data_type}` is not a type of Salesforce, such as `string`, `currency` or `datetime`"
        ));
    }
    let description = optional(at, element, "description")?;
    let label = match description {
        Some(text) => text,
        None => optional(at, element, "label")?.unwrap_or_default(),
    };
    Ok(FieldDescribe {
        name,
        label,
        data_type,
        precision: digits(at, element, "precision")?,
        scale: digits(at, element, "scale")?,
        ..FieldDescribe::default()
    })
}

fn required(at: &str, element: &Value, key: &str) -> Result<String, String> {
    optional(at, element, key)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| format!("{at} has no `{key}`"))
}

fn optional(at: &str, element: &Value, key: &str) -> Result<Option<String>, String> {
    match element.get(key) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(format!("{at}.{key} must be a string, it is {}", value.kind())),
        },
    }
}

fn digits(at: &str, element: &Value, key: &str) -> Result<u32, String> {
    match element.get(key) {
        None => Ok(0),
        Some(value) if value.is_null() => Ok(0),
        Some(value) => value
            .as_i64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number <= 1000)
            .ok_or_else(|| format!("{at}.{key} must be a number of digits, 0 to 1000")),
    }
}

/// Fields for tests, as a user writes them.
#[cfg(test)]
pub(super) fn written(fields: &[(&str, &str)]) -> Value {
    let one = |(name, ty): &(&str, &str)| Value::object([("name", Value::from(*name)), ("type", (*ty).into())]);
    Value::Tuple(fields.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let one = |entries: Vec<(&str, Value)>| Value::list([Value::object(entries)]);
        let cases: [(Value, &str); 11] = [
            ("Id".into(), "fields must be what the data source"),
            (Value::Null, "it is null"),
            (
                Value::list(["Id".into()]),
                "fields[0] must be an object with `name` and `type`, it is a string",
            ),
            (one(vec![("name", "Id".into())]), "fields[0] has no `type`"),
            (one(vec![("type", "id".into())]), "fields[0] has no `name`"),
            (
                one(vec![("name", 1.into()), ("type", "id".into())]),
                "fields[0].name must be a string, it is a number",
            ),
            (
                one(vec![("name", "Id, Name".into()), ("type", "id".into())]),
                "fields[0].name:",
            ),
            (
                one(vec![("name", "Id".into()), ("type", "STRING".into())]),
                "is a type of BigQuery",
            ),
            (
                one(vec![
                    ("name", "A".into()),
                    ("type", "currency".into()),
                    ("scale", (-1).into()),
                ]),
                "fields[0].scale must be",
            ),
            (
                written(&[("A", "string"), ("a", "string")]),
                "fields[1].name: the field `a` is here twice",
            ),
            (
                written(&[("A", "address")]),
                "fields has no field that an extract reads",
            ),
        ];
        for (argument, says) in cases {
            let error = columns_of(0, "fields", &argument).expect_err(says);
            assert_eq!(error.argument, Some(0));
            assert!(error.text.contains(says), "{}", error.text);
        }
    }

    #[test]
    fn a_data_source_and_its_fields_mean_the_same() {
        let fields = written(&[
            ("Id", "id"),
            ("Address", "address"),
            ("Body", "base64"),
            ("Amount", "currency"),
        ]);
        let object = Value::object([("name", Value::from("Thing__c")), ("fields", fields.clone())]);
        let names = |argument: &Value| -> Vec<String> {
            let columns = columns_of(0, "object", argument).expect("columns");
            columns.into_iter().map(|column| column.field).collect()
        };
        assert_eq!(names(&object), ["Id", "Amount"]);
        assert_eq!(names(&fields), ["Id", "Amount"]);
    }
}
