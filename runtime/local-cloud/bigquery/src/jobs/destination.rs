//! Where a query's or load's rows go: dispositions, schema update options, and the columns that are filled.

use serde_json::{Map, Value, json};

use crate::catalog::evolve::evolve;
use crate::catalog::names::TableName;
use crate::catalog::partitions::{self, Partition};
use crate::catalog::{history, size, tables};
use crate::engine::Session;
use crate::error::Fault;
use crate::schema::normalise_schema;

/// What a job says about its destination.
pub(crate) struct Destination<'a> {
    pub(crate) name: &'a TableName,
    /// The job's `load`, `query` or `copy` configuration.
    pub(crate) settings: &'a Value,
    /// The one partition that is written, where the destination names one.
    pub(crate) partition: Option<&'a Partition>,
    /// `writeDisposition` where the job does not say.
    pub(crate) default_write: &'a str,
    pub(crate) expires_ms: Option<i64>,
}

impl Destination<'_> {
    /// Makes the table ready to take rows of `incoming` columns and answers its document.
    /// `incoming` is a REST schema; with `explicit` a client wrote it, otherwise it came from the data.
    pub(crate) fn prepare(&self, tx: &Session<'_>, incoming: &Value) -> Result<Value, Fault> {
        let name = self.name;
        let write = self.settings["writeDisposition"].as_str().unwrap_or(self.default_write);
        let create = self.settings["createDisposition"]
            .as_str()
            .unwrap_or("CREATE_IF_NEEDED");
        let incoming = normalise_schema(incoming)?;
        let Some(mut doc) = tables::find(tx, name)? else {
            if create == "CREATE_NEVER" {
                return Err(tables::not_found(name));
            }
            let mut settings = Map::new();
            for key in [
                "timePartitioning",
                "rangePartitioning",
                "clustering",
                "encryptionConfiguration",
            ] {
                if !self.settings[key].is_null() {
                    settings.insert(key.into(), self.settings[key].clone());
                }
            }
            for (key, value) in self.settings["destinationTableProperties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                settings.insert(key.clone(), value.clone());
            }
            if let Some(at) = self.expires_ms {
                settings.insert("expirationTime".into(), json!(at.to_string()));
            }
            if let (Some(partition), None) = (self.partition, settings.get("rangePartitioning")) {
                let kind = json!({"type": partition.kind()});
                settings.entry("timePartitioning").or_insert(kind);
            }
            settings.insert("schema".into(), incoming);
            return tables::create(tx, name, &settings);
        };
        tables::must_be_table(name, &doc)?;
        history::keep(tx, name, &doc)?;
        if let Some(partition) = self.partition {
            let rows = partition.condition(name, &doc)?;
            match write {
                "WRITE_TRUNCATE" | "WRITE_TRUNCATE_DATA" => {
                    tx.run(&format!("DELETE FROM {} WHERE {rows}", name.duck()))?;
                }
                "WRITE_EMPTY" if count(tx, name, &rows)? > 0 => return Err(Fault::duplicate("Table", &name.id())),
                _ => {}
            }
            self.append(tx, &mut doc, &incoming)?;
            return Ok(doc);
        }
        match write {
            "WRITE_TRUNCATE" => {
                let schema = keep_descriptions(&doc["schema"], incoming);
                tables::replace_storage(tx, name, &mut doc, &schema)?;
            }
            "WRITE_TRUNCATE_DATA" => {
                tx.run(&format!("DELETE FROM {}", name.duck()))?;
                self.append(tx, &mut doc, &incoming)?;
            }
            "WRITE_EMPTY" => {
                if size::rows(tx, name, &doc)? > 0 {
                    return Err(Fault::duplicate("Table", &name.id()));
                }
                self.append(tx, &mut doc, &incoming)?;
            }
            "WRITE_APPEND" => self.append(tx, &mut doc, &incoming)?,
            other => return Err(Fault::invalid(format!("Invalid value for writeDisposition: {other}"))),
        }
        Ok(doc)
    }

    /// Inserts into the prepared table: `names` and `values` are lists of DuckDB's SQL, `from` is what follows FROM. How many
    /// rows there were.
    pub(crate) fn insert(
        &self,
        tx: &Session<'_>,
        doc: &Value,
        mut names: Vec<String>,
        mut values: Vec<String>,
        from: &str,
    ) -> Result<u64, Fault> {
        let name = self.name;
        let insert = |names: &[String], values: &[String]| {
            let (to, names, values) = (name.duck(), names.join(", "), values.join(", "));
            tx.execute(&format!("INSERT INTO {to} ({names}) SELECT {values} FROM {from}"), &[])
        };
        let Some(partition) = self.partition else {
            return insert(&names, &values);
        };
        if let Some(time) = partition.time(name, doc)? {
            names.retain(|column| column != partitions::TIME);
            values.truncate(names.len());
            names.push(partitions::TIME.to_owned());
            values.push(time);
        }
        let rows = partition.condition(name, doc)?;
        let before = count(tx, name, &rows)?;
        let inserted = insert(&names, &values)?;
        if count(tx, name, &rows)? == before + inserted {
            return Ok(inserted);
        }
        Err(Fault::invalid(format!(
            "Some rows belong to different partitions rather than destination partition {}",
            partition.id()
        )))
    }

    fn append(&self, tx: &Session<'_>, doc: &mut Value, incoming: &Value) -> Result<(), Fault> {
        let options = self.settings["schemaUpdateOptions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let allowed = |option: &str| options.iter().any(|o| o == option);
        let (add, relax) = (allowed("ALLOW_FIELD_ADDITION"), allowed("ALLOW_FIELD_RELAXATION"));
        let old = doc["schema"].clone();
        let empty = Vec::new();
        let fields = old["fields"].as_array().unwrap_or(&empty);
        let mut merged = fields.clone();
        let mismatch = |detail: String| {
            Fault::invalid(format!(
                "Provided Schema does not match Table {}. {detail}",
                self.name.id()
            ))
        };
        for field in incoming["fields"].as_array().unwrap_or(&empty) {
            let name = field["name"].as_str().unwrap_or_default();
            let known = merged
                .iter_mut()
                .find(|f| f["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)));
            match known {
                None if fields.is_empty() => merged.push(field.clone()),
                None if !add => return Err(mismatch(format!("Cannot add fields (field: {name})"))),
                None => {
                    let mut field = field.clone();
                    if field["mode"] == "REQUIRED" {
                        field["mode"] = json!("NULLABLE");
                    }
                    merged.push(field);
                }
                Some(known) => fit(known, field, name, add, relax).map_err(mismatch)?,
            }
        }
        // What the rows lack becomes NULL, which a required column cannot be.
        for field in &mut merged {
            let name = field["name"].as_str().unwrap_or_default().to_owned();
            let given = incoming["fields"].as_array().unwrap_or(&empty);
            let given = given
                .iter()
                .any(|f| f["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&name)));
            if !given && field["mode"] == "REQUIRED" {
                if !relax {
                    return Err(mismatch(format!("Field {name} is missing in new schema")));
                }
                field["mode"] = json!("NULLABLE");
            }
        }
        let new = json!({"fields": merged});
        if new != old {
            evolve(tx, self.name, &old, &new)?;
            doc["schema"] = new;
        }
        tables::touch(tx, self.name, doc)
    }
}

/// Makes the known field take the incoming one, where that is allowed.
fn fit(known: &mut Value, field: &Value, path: &str, add: bool, relax: bool) -> Result<(), String> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    if known["type"] != field["type"] {
        // A decimal of fewer digits goes into one of more.
        let wider = field["type"] == "NUMERIC" && known["type"] == "BIGNUMERIC";
        if !wider {
            return Err(format!(
                "Field {path} has changed type from {} to {}",
                text(&known["type"]),
                text(&field["type"])
            ));
        }
    }
    let (from, to) = (text(&known["mode"]), text(&field["mode"]));
    if (from == "REPEATED") != (to == "REPEATED") || (from == "REQUIRED" && to == "NULLABLE" && !relax) {
        return Err(format!("Field {path} has changed mode from {from} to {to}"));
    }
    if from == "REQUIRED" && to == "NULLABLE" {
        known["mode"] = json!("NULLABLE");
    }
    let inner = field["fields"].as_array().cloned().unwrap_or_default();
    for field in inner {
        let name = text(&field["name"]);
        let path = format!("{path}.{name}");
        let Some(fields) = known["fields"].as_array_mut() else {
            continue;
        };
        match fields
            .iter_mut()
            .find(|f| f["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&name)))
        {
            Some(known) => fit(known, &field, &path, add, relax)?,
            None if add => fields.push(field),
            None => return Err(format!("Cannot add fields (field: {path})")),
        }
    }
    Ok(())
}

/// A replaced schema keeps what the old one said about columns that stay.
fn keep_descriptions(old: &Value, mut new: Value) -> Value {
    let empty = Vec::new();
    let fields = old["fields"].as_array().unwrap_or(&empty).clone();
    for field in new["fields"].as_array_mut().into_iter().flatten() {
        let old = fields.iter().find(|o| o["name"] == field["name"]);
        if let (Some(old), true) = (old, field["description"].is_null())
            && !old["description"].is_null()
        {
            field["description"] = old["description"].clone();
        }
    }
    new
}

/// How many rows of a table fulfil a condition.
fn count(tx: &Session<'_>, name: &TableName, condition: &str) -> Result<u64, Fault> {
    let rows = tx.query(&format!("SELECT count(*) FROM {} WHERE {condition}", name.duck()), &[])?;
    Ok(rows.first().map_or(0, |row| row[0].int()).unsigned_abs())
}

/// `destinationTable`, where one is given, and the partition of it that its name may say.
pub(crate) fn table(settings: &Value, project: &str) -> Result<Option<(TableName, Option<Partition>)>, Fault> {
    let reference = &settings["destinationTable"];
    if reference["tableId"].is_null() {
        return Ok(None);
    }
    Ok(Some(partitions::split(TableName::from_reference(reference, project)?)))
}
