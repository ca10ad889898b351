//! Copy jobs: the rows of one or more tables into another.

use serde_json::json;

use super::Work;
use super::destination::{Destination, table as destination_table};
use crate::catalog::names::TableName;
use crate::catalog::tables;
use crate::error::{Fault, Reason};
use crate::types::{columns, quoted};

pub(super) fn run(work: &Work<'_>) -> Result<(), Fault> {
    let settings = &work.configuration["copy"];
    let missing = |what: &str| Fault::new(Reason::Required, format!("Required parameter is missing: {what}"));
    let name = destination_table(settings, work.project)?.ok_or_else(|| missing("destinationTable"))?;
    let mut sources = Vec::new();
    let list = settings["sourceTables"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![settings["sourceTable"].clone()]);
    for source in &list {
        sources.push(TableName::from_reference(source, work.project)?);
    }
    if sources.contains(&name) {
        return Err(Fault::invalid("Source and destination tables of a copy must differ"));
    }
    work.service.engine.write(&[name.key()], |tx| {
        work.running.attach(tx)?;
        let mut rows = 0;
        let mut settings = settings.clone();
        settings["destinationTableProperties"] = json!(null);
        for (i, source) in sources.iter().enumerate() {
            let from = tables::load(tx, source)?;
            tables::must_be_table(source, &from)?;
            if i == 0 {
                for key in ["timePartitioning", "rangePartitioning", "clustering"] {
                    settings[key] = from[key].clone();
                }
            } else {
                settings["writeDisposition"] = json!("WRITE_APPEND");
            }
            let destination = Destination {
                name: &name,
                settings: &settings,
                default_write: "WRITE_EMPTY",
                expires_ms: None,
            };
            destination.prepare(tx, &from["schema"])?;
            let names: Vec<String> = columns(&from["schema"]["fields"])?
                .iter()
                .map(|c| quoted(&c.name))
                .collect();
            let names = names.join(", ");
            rows += tx.execute(
                &format!(
                    "INSERT INTO {} ({names}) SELECT {names} FROM {}",
                    name.duck(),
                    source.duck()
                ),
                &[],
            )?;
        }
        work.done(tx, &json!({"copy": {"copiedRows": rows.to_string()}}), None)
    })
}
