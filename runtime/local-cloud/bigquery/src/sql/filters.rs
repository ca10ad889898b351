//! Tables that must not be read as a whole: `require_partition_filter`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::Value;
use sqlparser::ast::{Expr, Visit, Visitor};

use super::{Result, Translator};
use crate::catalog::names::TableName;
use crate::catalog::partitions;
use crate::error::Fault;

impl Translator<'_> {
    /// Notes a table that wants a filter on the column by which it is partitioned.
    pub(super) fn wants_filter(&self, name: &TableName, doc: &Value) {
        let wanted = doc["requirePartitionFilter"] == true || doc["timePartitioning"]["requirePartitionFilter"] == true;
        let column = |key: &str| doc[key]["field"].as_str();
        if let (true, Some(column)) = (
            wanted,
            column("timePartitioning")
                .or_else(|| column("rangePartitioning"))
                .or_else(|| partitions::by_ingestion(doc).then_some(partitions::TIME)),
        ) {
            let shown = format!("{}.{}.{}", name.project, name.dataset, name.table);
            self.shared.unfiltered.borrow_mut().insert((shown, column.to_owned()));
        }
    }

    /// Notes the columns that a condition looks at.
    pub(super) fn filters(&self, condition: &Expr) {
        self.shared.filtered.borrow_mut().append(&mut names(condition));
    }

    /// Refuses a statement that reads such a table without a filter.
    pub(super) fn must_filter(&self) -> Result<()> {
        let filtered = self.shared.filtered.borrow();
        let unfiltered = self.shared.unfiltered.borrow();
        match unfiltered
            .iter()
            .find(|(_, column)| !filtered.contains(&column.to_lowercase()))
        {
            None => Ok(()),
            Some((table, column)) => Err(Fault::query(format!(
                "Cannot query over table '{table}' without a filter over column(s) '{column}' that can be used for \
                 partition elimination"
            ))),
        }
    }
}

/// The names of columns that an expression uses, in lower case.
pub(super) fn names(expr: &Expr) -> BTreeSet<String> {
    let mut found = Names::default();
    // The visitor never stops.
    let _ = expr.visit(&mut found);
    // A filter over the one pseudo-column is one over the other.
    if found.0.contains(&partitions::DATE.to_lowercase()) {
        found.0.insert(partitions::TIME.to_lowercase());
    }
    found.0
}

#[derive(Default)]
struct Names(BTreeSet<String>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => {
                self.0.insert(ident.value.to_lowercase());
            }
            Expr::CompoundIdentifier(idents) => self.0.extend(idents.iter().map(|i| i.value.to_lowercase())),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
