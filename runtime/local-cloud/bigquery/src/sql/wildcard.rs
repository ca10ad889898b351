//! Wildcard tables: all tables of a dataset whose names have a beginning in common.
//! See <https://cloud.google.com/bigquery/docs/querying-wildcard-tables>.

use serde_json::Value;

use super::cast::reshape;
use super::scope::{Origins, Scope};
use super::{Result, Translator};
use crate::catalog::names::TableName;
use crate::catalog::{datasets, int, tables};
use crate::error::Fault;
use crate::types::{Field, Ty, columns, literal, quoted};

const SUFFIX: &str = "_TABLE_SUFFIX";

impl Translator<'_> {
    /// `name` ends with `*`. The columns are those of the table that was made last; what another lacks is NULL there.
    pub(super) fn wildcard(&self, name: &TableName, alias: String, scope: &mut Scope<'_>) -> Result<String> {
        datasets::load(self.tx, &name.project, &name.dataset)?;
        let prefix = name.table.trim_end_matches('*');
        let all = tables::list(self.tx, &name.project, &name.dataset)?;
        let matching: Vec<(String, Value)> = all
            .into_iter()
            .filter(|(table, doc)| table.starts_with(prefix) && tables::is_stored(doc))
            .collect();
        let newest = matching.iter().max_by_key(|(_, doc)| int(&doc["creationTime"]));
        let Some((_, newest)) = newest else {
            return Err(Fault::query(format!("{} does not match any table.", name.id())));
        };
        let wanted = columns(&newest["schema"]["fields"])?;
        let mut origins: Vec<Origins> = vec![Origins::new(); wanted.len()];
        let mut parts = Vec::new();
        for (table, doc) in &matching {
            let table_name = TableName::new(&name.project, &name.dataset, table);
            self.reads_table(&table_name);
            let have = columns(&doc["schema"]["fields"])?;
            let mut list = Vec::new();
            for (i, column) in wanted.iter().enumerate() {
                let found = have.iter().find(|h| h.name.eq_ignore_ascii_case(&column.name));
                let value = match found {
                    Some(found) => {
                        origins[i].push((table_name.id(), found.name.to_lowercase()));
                        reshape(&quoted(&found.name), &found.ty, &column.ty, 0)
                    }
                    None => format!("CAST(NULL AS {})", column.ty.duck()),
                };
                list.push(format!("{value} AS {}", quoted(&column.name)));
            }
            list.push(format!("{} AS {}", literal(&table[prefix.len()..]), quoted(SUFFIX)));
            parts.push(format!("SELECT {} FROM {}", list.join(", "), table_name.duck()));
        }
        let sql = self.relate(scope, alias, wanted, origins, |duck| {
            format!("({}) AS {duck}", parts.join(" UNION ALL "))
        });
        if let Some(relation) = scope.relations.last_mut() {
            relation.hidden.push(Field {
                name: SUFFIX.into(),
                ty: Ty::String,
            });
        }
        Ok(sql)
    }
}
