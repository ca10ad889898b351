//! Names of write streams: `projects/PROJECT/datasets/DATASET/tables/TABLE/streams/STREAM`.

use crate::catalog::names::TableName;
use crate::error::Fault;

/// The stream that every table has, to which everybody may append.
pub(super) const DEFAULT: &str = "_default";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamName {
    pub(super) table: TableName,
    pub(super) id: String,
}

impl StreamName {
    pub(super) fn read(name: &str) -> Result<Self, Fault> {
        let parts: Vec<&str> = name.split('/').collect();
        let (table, id) = match parts.as_slice() {
            ["projects", p, "datasets", d, "tables", t, "streams", id] if !id.is_empty() => {
                (TableName::new(p, d, t), *id)
            }
            // As it was named first.
            ["projects", p, "datasets", d, "tables", t, id @ "_default"] => (TableName::new(p, d, t), *id),
            _ => {
                return Err(Fault::invalid(format!(
                    "Invalid write stream name \"{name}\": it has the form \
                     projects/PROJECT/datasets/DATASET/tables/TABLE/streams/STREAM"
                )));
            }
        };
        Ok(Self {
            table,
            id: id.to_owned(),
        })
    }

    pub(super) fn is_default(&self) -> bool {
        self.id == DEFAULT
    }

    pub(super) fn text(&self) -> String {
        let TableName {
            project,
            dataset,
            table,
        } = &self.table;
        format!(
            "projects/{project}/datasets/{dataset}/tables/{table}/streams/{}",
            self.id
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        let name = "projects/p/datasets/d/tables/t/streams/s1";
        assert_eq!(StreamName::read(name).unwrap().text(), name);
        let short = StreamName::read("projects/p/datasets/d/tables/t/_default").unwrap();
        assert!(short.is_default());
        assert_eq!(short.text(), "projects/p/datasets/d/tables/t/streams/_default");
        for wrong in [
            "",
            "projects/p/datasets/d/tables/t",
            "projects/p/datasets/d/tables/t/streams/",
        ] {
            assert!(StreamName::read(wrong).is_err(), "{wrong}");
        }
    }
}
