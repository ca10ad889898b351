//! A condition on the rows of one table that stands by itself, outside of a statement, as the Storage Read API has it.

use serde_json::Value;

use super::scope::Scope;
use super::{Result, Translator, parse};
use crate::catalog::names::TableName;
use crate::catalog::partitions;
use crate::error::Fault;
use crate::types::{Ty, columns};

impl Translator<'_> {
    /// The condition in DuckDB's SQL, where the table is called by its own name; none where the text is empty.
    pub(crate) fn restriction(&self, table: &TableName, doc: &Value, text: &str) -> Result<Option<String>> {
        self.wants_filter(table, doc);
        if text.is_empty() {
            return self.must_filter().map(|()| None);
        }
        let condition = parse::expression_text(text)?;
        let mut scope = Scope::root();
        let columns = columns(&doc["schema"]["fields"])?;
        self.relate(&mut scope, table.table.clone(), columns, Vec::new(), str::to_owned);
        if let Some(relation) = scope.relations.last_mut() {
            relation.hide(partitions::hidden(doc));
        }
        self.filters(&condition);
        self.must_filter()?;
        let found = self.expr(&condition, &scope)?;
        match found.ty {
            Ty::Bool | Ty::Unknown => Ok(Some(format!("({})", found.sql))),
            other => Err(Fault::query(format!(
                "row_restriction must be a condition, it is of the type {}",
                other.sql()
            ))),
        }
    }
}
