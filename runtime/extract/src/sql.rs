//! The MERGE that brings a batch into its table, as one GoogleSQL statement. Text only; running it is in `warehouse`.
//! <https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement>

use headwater_spec::{Column, Deletes, QUARANTINE_COLUMNS};

use crate::gate::REASONS;

/// Everything that decides the statement.
#[derive(Debug, Clone)]
pub(crate) struct Merge<'a> {
    /// The target, backquoted.
    pub target: &'a str,
    /// The staging table, backquoted.
    pub staging: &'a str,
    /// The columns that the batch carries.
    pub columns: &'a [Column],
    /// Columns of the table whose fields are gone: they read NULL from now on.
    pub nulled: &'a [String],
    /// The batch is all there is: what it does not hold is no longer there.
    pub full: bool,
    /// What becomes of deleted rows.
    pub deletes: Deletes,
    /// Rows with reasons are not brought in; they only keep rows of the table from being taken for gone.
    pub gated: bool,
    /// The batch may hold a row twice, as pages of a REST query can, or a batch that says which rows have left.
    pub dedupe: bool,
}

impl Merge<'_> {
    fn has(&self, name: &str) -> Option<String> {
        self.columns
            .iter()
            .find(|column| column.field == name)
            .map(|column| quote(&column.name))
    }

    /// The rows of the batch, each once.
    fn source(&self) -> String {
        if !self.dedupe {
            return self.staging.to_owned();
        }
        let key = self.has("Id").unwrap_or_else(|| quote("Id"));
        // The newest wins; of two equally new, the one that is there.
        let order: Vec<String> = [(self.has("SystemModstamp"), "DESC"), (self.has("IsDeleted"), "ASC")]
            .into_iter()
            .filter_map(|(column, direction)| column.map(|column| format!("{column} {direction}")))
            .collect();
        let order = if order.is_empty() {
            key.clone()
        } else {
            order.join(", ")
        };
        format!(
            "(SELECT * FROM {} WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) = 1)",
            self.staging
        )
    }

    /// The statement that inserts the rows with reasons into the table of those that are set apart.
    pub fn set_apart(&self, quarantine: &str, run: &str, batch: &str) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        let names = names.join(", ");
        let [reasons, of_run, of_batch, at] = QUARANTINE_COLUMNS.map(|(name, ..)| quote(name));
        // Names of runs and batches are made of letters, digits and hyphens.
        format!(
            "INSERT INTO {quarantine} ({names}, {reasons}, {of_run}, {of_batch}, {at})\n\
             SELECT {names}, JSON_VALUE_ARRAY({reasons}), '{run}', '{batch}', CURRENT_TIMESTAMP()\n\
             FROM {} AS S WHERE {reasons} IS NOT NULL",
            self.source()
        )
    }

    /// The statement.
    pub fn sql(&self) -> String {
        let key = self.has("Id").unwrap_or_else(|| quote("Id"));
        let stamp = self.has("SystemModstamp");
        let deleted = self
            .has("IsDeleted")
            .map(|column| format!("COALESCE(S.{column}, FALSE)"));
        let removes = self.deletes == Deletes::Remove;

        let source = self.source();

        // An older row never replaces or removes a newer one, in whatever order batches arrive.
        let newer = stamp
            .as_deref()
            .map(|stamp| format!("(T.{stamp} IS NULL OR S.{stamp} >= T.{stamp})"));
        let accepted = if self.gated {
            format!(" AND S.{} IS NULL", quote(REASONS))
        } else {
            String::new()
        };
        let newer = newer.as_deref().map(|condition| format!(" AND {condition}"));
        let and_newer = format!("{}{accepted}", newer.unwrap_or_default());

        let mut sql = format!(
            "MERGE {} AS T\nUSING {source} AS S\nON T.{key} = S.{key}\n",
            self.target
        );
        if removes && let Some(deleted) = &deleted {
            sql.push_str(&format!("WHEN MATCHED AND {deleted}{and_newer} THEN DELETE\n"));
        }
        let mut sets: Vec<String> = self
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .filter(|column| *column != key)
            .map(|column| format!("{column} = S.{column}"))
            .collect();
        sets.extend(self.nulled.iter().map(|name| format!("{} = NULL", quote(name))));
        if !sets.is_empty() {
            sql.push_str(&format!(
                "WHEN MATCHED{and_newer} THEN UPDATE SET {}\n",
                sets.join(", ")
            ));
        }
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        let values: Vec<String> = names.iter().map(|name| format!("S.{name}")).collect();
        let alive = match &deleted {
            Some(deleted) if removes => format!(" AND NOT {deleted}"),
            _ => String::new(),
        };
        sql.push_str(&format!(
            "WHEN NOT MATCHED BY TARGET{accepted}{alive} THEN INSERT ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        ));
        if self.full {
            match (self.deletes, self.has("IsDeleted")) {
                (Deletes::Flag, Some(column)) => {
                    sql.push_str(&format!("\nWHEN NOT MATCHED BY SOURCE THEN UPDATE SET {column} = TRUE"));
                }
                (Deletes::Remove, _) => sql.push_str("\nWHEN NOT MATCHED BY SOURCE THEN DELETE"),
                // Nothing can flag the row, and rows are to stay.
                (Deletes::Flag, None) => {}
            }
        }
        sql
    }
}

fn quote(name: &str) -> String {
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_spec::{BigQueryType, Mode};

    fn columns(names: &str) -> Vec<Column> {
        let column = |name: &str| Column {
            name: name.into(),
            field: name.into(),
            salesforce_type: "string".into(),
            data_type: BigQueryType::String,
            mode: Mode::Nullable,
            description: String::new(),
        };
        names.split_whitespace().map(column).collect()
    }

    fn sql(names: &str, change: impl FnOnce(&mut Merge<'_>)) -> String {
        let columns = columns(names);
        let mut merge = Merge {
            target: "`p.d.Account`",
            staging: "`p.d._s`",
            columns: &columns,
            nulled: &[],
            full: false,
            deletes: Deletes::Remove,
            gated: false,
            dedupe: false,
        };
        change(&mut merge);
        merge.sql()
    }

    const ALL: &str = "Id IsDeleted SystemModstamp Name";

    #[test]
    fn incremental() {
        let expected = "\
MERGE `p.d.Account` AS T
USING `p.d._s` AS S
ON T.`Id` = S.`Id`
WHEN MATCHED AND COALESCE(S.`IsDeleted`, FALSE) AND (T.`SystemModstamp` IS NULL OR S.`SystemModstamp` >= T.`SystemModstamp`) THEN DELETE
WHEN MATCHED AND (T.`SystemModstamp` IS NULL OR S.`SystemModstamp` >= T.`SystemModstamp`) THEN UPDATE SET `IsDeleted` = S.`IsDeleted`, `SystemModstamp` = S.`SystemModstamp`, `Name` = S.`Name`
WHEN NOT MATCHED BY TARGET AND NOT COALESCE(S.`IsDeleted`, FALSE) THEN INSERT (`Id`, `IsDeleted`, `SystemModstamp`, `Name`) VALUES (S.`Id`, S.`IsDeleted`, S.`SystemModstamp`, S.`Name`)";
        assert_eq!(sql(ALL, |_| {}), expected);
    }

    #[test]
    fn flagged_rows_stay() {
        let text = sql(ALL, |merge| {
            merge.deletes = Deletes::Flag;
            merge.full = true;
        });
        assert!(!text.contains("THEN DELETE"), "{text}");
        assert!(
            text.ends_with("WHEN NOT MATCHED BY SOURCE THEN UPDATE SET `IsDeleted` = TRUE"),
            "{text}"
        );
        assert!(text.contains("WHEN NOT MATCHED BY TARGET THEN INSERT"), "{text}");
    }

    #[test]
    fn variants() {
        type Case = (&'static str, fn(&mut Merge<'_>), &'static str);
        let cases: [Case; 6] = [
            (
                ALL,
                |merge| merge.full = true,
                "\nWHEN NOT MATCHED BY SOURCE THEN DELETE",
            ),
            (
                ALL,
                |merge| merge.nulled = Box::leak(Box::new(["Old".to_owned()])),
                ", `Name` = S.`Name`, `Old` = NULL\n",
            ),
            (
                ALL,
                |merge| merge.dedupe = true,
                "USING (SELECT * FROM `p.d._s` WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY `Id` ORDER BY `SystemModstamp` DESC, `IsDeleted` ASC) = 1) AS S",
            ),
            ("Id Name", |merge| merge.dedupe = true, "ORDER BY `Id`) = 1"),
            (
                "Id Name",
                |_| {},
                "\nWHEN MATCHED THEN UPDATE SET `Name` = S.`Name`\nWHEN NOT MATCHED BY TARGET THEN INSERT",
            ),
            (
                "Id",
                |_| {},
                "ON T.`Id` = S.`Id`\nWHEN NOT MATCHED BY TARGET THEN INSERT (`Id`) VALUES (S.`Id`)",
            ),
        ];
        for (names, change, expected) in cases {
            let text = sql(names, change);
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
    }
}
