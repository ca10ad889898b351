//! Schema evolution: what becomes of a table when the source's fields change. Decides; the executor carries it out.
//!
//! A new field is added. A removed one keeps its column, which reads NULL from then on. A changed type is widened where
//! BigQuery can widen in place, and refused with advice where it cannot: data is never rewritten or dropped by surprise.

use crate::{BigQueryType, Column, Mode};

/// A change to make to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Add the column, nullable.
    Add(Column),
    /// Change the column's type in place.
    Widen {
        /// The column.
        name: String,
        /// The type that the table has.
        from: BigQueryType,
        /// The type that it gets.
        to: BigQueryType,
    },
    /// Make the column nullable: its field was removed or may be null now.
    Relax {
        /// The column.
        name: String,
    },
}

/// Something noticed that needs no change to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// The field is gone from Salesforce; its column stays.
    Removed(String),
    /// The field's type is narrower than the column's, which stays.
    Narrowed {
        /// The column.
        name: String,
        /// The type that the table keeps.
        kept: BigQueryType,
        /// The type that Salesforce has now.
        source: BigQueryType,
    },
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evolution {
    /// What to read and load, in the source's order, each with the type that the table has after [`Evolution::changes`].
    pub columns: Vec<Column>,
    /// What to change in the table first.
    pub changes: Vec<Change>,
    /// What to tell.
    pub drift: Vec<Drift>,
}

/// A type that cannot be changed in place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "column {name} of the table is {table} and the Salesforce field {field} is now {source_type}, which BigQuery cannot change in place; \
     give the object another `table`, or exclude the field, or drop the column and run again to read it anew"
)]
pub struct EvolutionError {
    /// The column.
    pub name: String,
    /// The field that fills it.
    pub field: String,
    /// The type that the table has.
    pub table: BigQueryType,
    /// The type that the field asks for.
    pub source_type: BigQueryType,
}

/// The type that holds the values of both, when BigQuery can turn `from` into it in place.
/// <https://cloud.google.com/bigquery/docs/managing-table-schemas#change_a_columns_data_type>
pub const fn widen(from: BigQueryType, to: BigQueryType) -> Option<BigQueryType> {
    use BigQueryType as T;
    match (from, to) {
        (T::Int64, T::Numeric | T::BigNumeric | T::Float64) | (T::Numeric, T::BigNumeric | T::Float64) => Some(to),
        (T::BigNumeric, T::Float64) => Some(to),
        _ => None,
    }
}

/// Compares what the org has (`source`) with what the table has (`table`).
///
/// # Errors
/// Every column whose type would have to change in a way that BigQuery cannot.
pub fn evolve(source: &[Column], table: &[Column]) -> Result<Evolution, Vec<EvolutionError>> {
    let mut result = Evolution::default();
    let mut errors = Vec::new();
    for wanted in source {
        let Some(have) = table.iter().find(|c| c.name.eq_ignore_ascii_case(&wanted.name)) else {
            let added = Column {
                mode: Mode::Nullable,
                ..wanted.clone()
            };
            result.changes.push(Change::Add(added.clone()));
            result.columns.push(added);
            continue;
        };
        let mut column = Column {
            name: have.name.clone(),
            ..wanted.clone()
        };
        if have.data_type != wanted.data_type {
            if let Some(to) = widen(have.data_type, wanted.data_type) {
                result.changes.push(Change::Widen {
                    name: have.name.clone(),
                    from: have.data_type,
                    to,
                });
                column.data_type = to;
            } else if widen(wanted.data_type, have.data_type).is_some() || have.data_type == BigQueryType::String {
                // The table's type holds every value of the source's: keep it.
                result.drift.push(Drift::Narrowed {
                    name: have.name.clone(),
                    kept: have.data_type,
                    source: wanted.data_type,
                });
                column.data_type = have.data_type;
            } else {
                errors.push(EvolutionError {
                    name: have.name.clone(),
                    field: wanted.field.clone(),
                    table: have.data_type,
                    source_type: wanted.data_type,
                });
                continue;
            }
        }
        if have.mode == Mode::Required && wanted.mode == Mode::Nullable {
            result.changes.push(Change::Relax {
                name: have.name.clone(),
            });
        }
        // A table is never tightened: rows may already hold NULL.
        column.mode = if have.mode == Mode::Nullable {
            Mode::Nullable
        } else {
            wanted.mode
        };
        result.columns.push(column);
    }
    for have in table {
        if !source.iter().any(|c| c.name.eq_ignore_ascii_case(&have.name)) {
            if have.mode == Mode::Required {
                result.changes.push(Change::Relax {
                    name: have.name.clone(),
                });
            }
            result.drift.push(Drift::Removed(have.name.clone()));
        }
    }
    if errors.is_empty() { Ok(result) } else { Err(errors) }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Add(column) => write!(f, "column {} {} added", column.name, column.data_type),
            Self::Widen { name, from, to } => write!(f, "column {name} widened from {from} to {to}"),
            Self::Relax { name } => write!(f, "column {name} made nullable"),
        }
    }
}

impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Removed(name) => write!(
                f,
                "the field of column {name} is gone from Salesforce; the column stays and reads NULL from now on"
            ),
            Self::Narrowed { name, kept, source } => {
                write!(
                    f,
                    "the field of column {name} is {source} in Salesforce now; the column stays {kept}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BigQueryType as T;

    fn column(name: &str, data_type: T, mode: Mode) -> Column {
        Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: "string".into(),
            data_type,
            mode,
            description: String::new(),
        }
    }

    fn parse(text: &str) -> Vec<Column> {
        text.split_whitespace()
            .map(|word| {
                let (name, kind) = word.split_once(':').unwrap();
                let (kind, mode) = kind
                    .strip_suffix('!')
                    .map_or((kind, Mode::Nullable), |k| (k, Mode::Required));
                column(name, T::parse(kind).unwrap(), mode)
            })
            .collect()
    }

    fn outcome(source: &str, table: &str) -> String {
        match evolve(&parse(source), &parse(table)) {
            Ok(e) => {
                let words: Vec<String> = e
                    .changes
                    .iter()
                    .map(ToString::to_string)
                    .chain(e.drift.iter().map(ToString::to_string))
                    .collect();
                let columns: Vec<String> = e
                    .columns
                    .iter()
                    .map(|c| format!("{}:{}", c.name, c.data_type))
                    .collect();
                format!("{} | {}", columns.join(" "), words.join("; "))
            }
            Err(errors) => format!(
                "refused {}",
                errors.iter().map(|e| e.name.clone()).collect::<Vec<_>>().join(",")
            ),
        }
    }

    #[test]
    fn decisions() {
        let cases = [
            ("Id:STRING!", "Id:STRING!", "Id:STRING | "),
            (
                "Id:STRING A:INT64",
                "Id:STRING",
                "Id:STRING A:INT64 | column A INT64 added",
            ),
            (
                "Id:STRING",
                "Id:STRING A:INT64!",
                "Id:STRING | column A made nullable; the field of column A is gone from Salesforce; the column stays and reads NULL from now on",
            ),
            (
                "A:NUMERIC",
                "A:INT64",
                "A:NUMERIC | column A widened from INT64 to NUMERIC",
            ),
            (
                "A:BIGNUMERIC",
                "A:NUMERIC",
                "A:BIGNUMERIC | column A widened from NUMERIC to BIGNUMERIC",
            ),
            (
                "A:INT64",
                "A:NUMERIC",
                "A:NUMERIC | the field of column A is INT64 in Salesforce now; the column stays NUMERIC",
            ),
            (
                "A:DATE",
                "A:STRING",
                "A:STRING | the field of column A is DATE in Salesforce now; the column stays STRING",
            ),
            ("A:STRING", "A:DATE", "refused A"),
            ("a:STRING", "A:STRING", "A:STRING | "),
            ("A:STRING", "A:STRING!", "A:STRING | column A made nullable"),
            ("A:TIMESTAMP B:STRING", "A:DATE B:BOOL", "refused A,B"),
        ];
        for (source, table, expected) in cases {
            assert_eq!(outcome(source, table), expected, "{source} onto {table}");
        }
    }
}
