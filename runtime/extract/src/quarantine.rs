//! The table of rows that a gate has set apart: made with the first of them, then kept in step with its target, so that it holds
//! whatever the target holds, under the same policy tags. It takes whatever was read, so nothing of it is required.

use headwater_cloud::{Document, Kind, OptionalExt as _, TableRef};
use headwater_spec::{BigQueryType, Column, Mode, QUARANTINE_COLUMNS, widen};
use serde_json::{Value, json};

use crate::errors::{Error, Result};
use crate::schema::{self, ATTEMPTS};
use crate::warehouse::Warehouse;

/// What is to be done to the table.
#[derive(Debug, Default, PartialEq)]
struct Changes {
    /// The fields anew, where any is added or changes otherwise than by its type.
    fields: Option<Vec<Value>>,
    /// Columns that get another type.
    widened: Vec<(String, BigQueryType)>,
}

/// Creates the table, or brings it into step with the columns of a batch and with the target.
pub(crate) async fn prepare(warehouse: &Warehouse, table: &TableRef, columns: &[Column]) -> Result<()> {
    let unusable = |reason: String| Error::Table {
        table: table.to_string(),
        reason,
    };
    let target = warehouse.bigquery.get_table(&warehouse.target).await?;
    let wanted = wanted(columns, &target);
    for _ in 0..ATTEMPTS {
        let Some(found) = warehouse.bigquery.get_table(table).await.optional()? else {
            let document = json!({
                "schema": {"fields": wanted},
                "description": format!("Rows that quality gates have kept out of {}", warehouse.target.table),
                "labels": warehouse.table_labels(),
                "timePartitioning": {"type": "DAY", "field": QUARANTINE_COLUMNS[3].0},
            });
            match warehouse.bigquery.create_table(table, &document).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == Kind::AlreadyExists => continue,
                Err(error) => return Err(error.into()),
            }
        };
        let changes = changes(&found, &wanted, &target).map_err(&unusable)?;
        for (name, to) in &changes.widened {
            schema::widen(warehouse, table, name, *to).await?;
            tracing::info!(step = "schema_changed", table = %table, column = %name, to = %to, "step");
        }
        let Some(fields) = changes.fields else {
            if changes.widened.is_empty() {
                return Ok(());
            }
            continue;
        };
        // A change of types is one of the table: what the patch is made over has to be read again.
        if !changes.widened.is_empty() {
            continue;
        }
        let patch = json!({"schema": {"fields": fields}});
        match warehouse
            .bigquery
            .patch_table(table, &patch, found["etag"].as_str())
            .await
        {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), Kind::PreconditionFailed | Kind::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(unusable("its schema keeps changing under our hands".into()))
}

fn named<'a>(fields: &'a [Value], name: &Value) -> Option<&'a Value> {
    let name = name.as_str()?;
    let same = |field: &&Value| {
        field["name"]
            .as_str()
            .is_some_and(|other| other.eq_ignore_ascii_case(name))
    };
    fields.iter().find(same)
}

fn fields(document: &Document) -> &[Value] {
    document["schema"]["fields"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The policy tags of a field, if it has any.
fn tags(field: &Value) -> Option<&Value> {
    let tags = &field["policyTags"];
    let some = tags["names"].as_array().is_some_and(|names| !names.is_empty());
    some.then_some(tags)
}

/// The fields of a batch's columns, with the target's policy tags, and those that say why a row is here.
fn wanted(columns: &[Column], target: &Document) -> Vec<Value> {
    let of_column = |column: &Column| {
        let mut field = schema::field(column);
        field["mode"] = Mode::Nullable.api().into();
        if let Some(tags) = named(fields(target), &field["name"]).and_then(tags) {
            field["policyTags"] = tags.clone();
        }
        field
    };
    let own = QUARANTINE_COLUMNS.map(
        |(name, data_type, mode, description)| json!({"name": name, "type": data_type, "mode": mode, "description": description}),
    );
    columns.iter().map(of_column).chain(own).collect()
}

/// What the table lacks. Columns of the target that no batch brings any more keep their policy tags in step, too.
fn changes(found: &Document, wanted: &[Value], target: &Document) -> std::result::Result<Changes, String> {
    let data_type = |field: &Value| BigQueryType::parse(field["type"].as_str().unwrap_or_default());
    let mut present = fields(found).to_vec();
    let (mut widened, mut changed) = (Vec::new(), false);
    for field in &mut present {
        if let Some(wanted) = named(wanted, &field["name"])
            && let (Some(have), Some(want)) = (data_type(field), data_type(wanted))
            && have != want
        {
            let name = field["name"].as_str().unwrap_or_default().to_owned();
            if let Some(to) = widen(have, want) {
                widened.push((name, to));
            } else if widen(want, have).is_none() && have != BigQueryType::String {
                return Err(format!(
                    "its column {name} is {have} and the target's is {want}, which BigQuery cannot change in place; \
                     release or remove its rows, then delete it: it is made anew"
                ));
            }
        }
        let of_target = named(fields(target), &field["name"]).map(tags);
        if let Some(of_target) = of_target
            && of_target != tags(field)
        {
            // No tags are an empty list: what is absent stays as it is.
            field["policyTags"] = of_target.cloned().unwrap_or_else(|| json!({"names": []}));
            changed = true;
        }
        if field["mode"] == "REQUIRED" {
            field["mode"] = Mode::Nullable.api().into();
            changed = true;
        }
    }
    let absent: Vec<Value> = wanted
        .iter()
        .filter(|field| named(&present, &field["name"]).is_none())
        .cloned()
        .collect();
    changed |= !absent.is_empty();
    present.extend(absent);
    Ok(Changes {
        fields: changed.then_some(present),
        widened,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: BigQueryType) -> Column {
        Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: "string".into(),
            data_type,
            mode: Mode::Required,
            description: String::new(),
        }
    }

    fn table(fields: impl Into<Value>) -> Document {
        let fields: Value = fields.into();
        json!({"schema": {"fields": fields}})
    }

    #[test]
    fn the_table_follows_its_target() {
        let tags = json!({"names": ["projects/p/locations/eu/taxonomies/1/policyTags/2"]});
        let target = table(json!([
            {"name": "Id", "type": "STRING", "mode": "REQUIRED"},
            {"name": "Email", "type": "STRING", "policyTags": tags},
            {"name": "Amount", "type": "NUMERIC"},
        ]));
        let columns = [
            column("Id", BigQueryType::String),
            column("Email", BigQueryType::String),
            column("Amount", BigQueryType::Numeric),
        ];
        let wanted = wanted(&columns, &target);
        assert_eq!(wanted.len(), 7);
        assert_eq!(wanted[1]["policyTags"], tags);
        assert_eq!(wanted[0]["mode"], "NULLABLE");
        // In step already.
        assert_eq!(
            changes(&table(wanted.clone()), &wanted, &target),
            Ok(Changes::default())
        );

        let mut older = wanted.clone();
        older[2]["type"] = "INTEGER".into();
        older.remove(1);
        let found = changes(&table(older), &wanted, &target).expect("changes");
        assert_eq!(found.widened, [("Amount".to_owned(), BigQueryType::Numeric)]);
        assert_eq!(
            found.fields.expect("fields").last().expect("a field")["policyTags"],
            tags
        );

        let mut untagged = wanted.clone();
        untagged[1].as_object_mut().expect("a field").remove("policyTags");
        let found = changes(&table(untagged), &wanted, &target).expect("changes");
        assert_eq!(found.fields.expect("fields")[1]["policyTags"], tags);

        let mut other = wanted.clone();
        other[2]["type"] = "DATE".into();
        assert!(changes(&table(other), &wanted, &target).is_err());
    }
}
