//! By what the rows of samples are found again: their values of key columns, read after the evaluation, when it is known which.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::Cell;
use super::column::Column;
use super::outcome::SuiteResult;
use super::{EvaluateError, Source};
use crate::suite::Nan;

/// Gives each sample of a row its row's values of some columns.
///
/// # Errors
/// A column is not there, or the data cannot be read again.
pub fn locate(source: &mut dyn Source, outcome: &mut SuiteResult, keys: &[String]) -> Result<(), EvaluateError> {
    let schema = source.schema();
    let mut columns = Vec::new();
    for key in keys {
        let at = schema.index_of(key).map_err(|_| {
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            EvaluateError::NoColumn(key.clone(), names.join(", "))
        })?;
        columns.push(at);
    }
    columns.sort_unstable();
    columns.dedup();
    let numbers = outcome.results.iter().flat_map(|result| &result.sample_rows);
    let wanted: BTreeSet<usize> = numbers.filter_map(|row| usize::try_from(*row).ok()).collect();
    if columns.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let any = |from: usize, rows: usize| wanted.range(from..from + rows).next().is_some();
    let mut found: BTreeMap<u64, Vec<(String, Cell)>> = BTreeMap::new();
    for batch in source.scan_some(&columns, &any)? {
        let (from, batch) = batch?;
        if !any(from, batch.num_rows()) {
            continue;
        }
        let names = columns.iter().map(|at| schema.field(*at).name());
        for (name, array) in names.zip(batch.columns()) {
            // A key that cannot be shown is no reason to have no verdict.
            let Ok(column) = Column::of(array) else { continue };
            for row in wanted.range(from..from + batch.num_rows()) {
                let cell = Cell::at(&column, row - from, Nan::Value);
                found.entry(*row as u64).or_default().push((name.clone(), cell));
            }
        }
    }
    for result in &mut outcome.results {
        let keys = result.sample_rows.iter().map(|row| found.get(row).cloned());
        result.sample_keys = keys.collect::<Option<_>>().unwrap_or_default();
    }
    Ok(())
}
