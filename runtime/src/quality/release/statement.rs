//! The SQL of a release: who of the rows that are set apart may go, and the transaction that moves them. Text only.
//!
//! ```sql
//! WITH q AS (the rows set apart), v AS (which is the newest of its key), c AS (and whether the target has a newer one),
//!   t AS (what is judged, and the target's rows where a check needs them), j AS (what each is against)
//! SELECT columns, identity, fate, reasons FROM c LEFT JOIN j
//! ```
//!
//! A row's identity is its own text: a table of BigQuery has no other, and rows that are alike in everything are one.

use std::collections::BTreeSet;

use headwater_cloud::{Document, TableRef};
use headwater_quality::Suite;
use headwater_quality::sql::{RowChecks, schema};
use headwater_spec::{BigQueryType, QUARANTINE_COLUMNS};
use serde_json::{Value, json};

use super::ReleaseError;
use crate::suite::text;

/// Where the rows and their fates are while the transaction lasts.
const FATES: &str = "_headwater_release";

/// What is asked for, over two tables as they are.
pub struct Statement {
    target: String,
    quarantine: String,
    key: Vec<String>,
    version: Option<String>,
    /// Columns that both tables have.
    common: Vec<String>,
    /// Columns that only the target has, with their types: rows set apart read NULL there.
    absent: Vec<(String, &'static str)>,
    /// All columns of the rows that are set apart.
    apart: Vec<String>,
    required: Vec<String>,
    checks: RowChecks,
    /// The suites' names, as reasons begin.
    suites: Vec<String>,
    selected: String,
}

/// Which rows are meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Of this run of the extract, or this verdict of the gate.
    pub run: Option<&'a str>,
    /// And of which this holds.
    pub condition: Option<&'a str>,
}

fn quote(name: &str) -> String {
    format!("`{name}`")
}

fn fields(document: &Document) -> impl Iterator<Item = (&str, &Value)> {
    let fields = document["schema"]["fields"].as_array().into_iter().flatten();
    fields.map(|field| (field["name"].as_str().unwrap_or_default(), field))
}

/// The columns that name a row of a table: those that were asked for, its primary key, or `Id`, as Salesforce's records have it.
fn key(document: &Document, asked: &[String]) -> Vec<String> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let primary = document["tableConstraints"]["primaryKey"]["columns"].as_array();
    let primary: Vec<&str> = primary.into_iter().flatten().filter_map(Value::as_str).collect();
    let id = || {
        fields(document)
            .map(|(name, _)| name)
            .find(|name| name.eq_ignore_ascii_case("id"))
    };
    let key = if primary.is_empty() {
        id().into_iter().collect()
    } else {
        primary
    };
    key.into_iter().map(str::to_owned).collect()
}

impl Statement {
    /// `keys` name a row, and nothing is asked for the table's own; `version` is the column that says which version of a row is the
    /// newer.
    pub fn new(
        (target, target_document): (&TableRef, &Document),
        (quarantine, quarantine_document): (&TableRef, &Document),
        suites: &[Suite],
        (keys, version): (&[String], &str),
        selection: Selection<'_>,
    ) -> Result<Self, ReleaseError> {
        let key = key(target_document, keys);
        if key.is_empty() {
            return Err(ReleaseError::NoKey(target.to_string()));
        }
        let apart: Vec<String> = fields(quarantine_document).map(|(name, _)| name.to_owned()).collect();
        let reasons = QUARANTINE_COLUMNS[0].0;
        if !apart.iter().any(|name| name == reasons) {
            return Err(ReleaseError::NoQuarantine(quarantine.to_string()));
        }
        let among = |names: &[String], name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let (mut common, mut absent, mut required, mut known) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (name, field) in fields(target_document) {
            let plain = BigQueryType::parse(field["type"].as_str().unwrap_or_default());
            let repeated = field["mode"] == "REPEATED";
            if among(&apart, name) {
                common.push(name.to_owned());
            } else if let (Some(plain), false) = (plain, repeated) {
                absent.push((name.to_owned(), plain.sql()));
            } else {
                // Nothing can be said of it, and an expectation that names it has no verdict.
                continue;
            }
            known.push(field.clone());
            if field["mode"] == "REQUIRED" {
                required.push(name.to_owned());
            }
        }
        if let Some(missing) = key.iter().find(|name| !among(&common, name)) {
            return Err(ReleaseError::NoKeyColumn(quarantine.to_string(), missing.clone()));
        }
        let version = common.iter().find(|name| name.eq_ignore_ascii_case(version)).cloned();
        let whole = Suite {
            expectations: suites.iter().flat_map(as_reasons).collect(),
            ..suites.first().cloned().ok_or(ReleaseError::NoSuite)?
        };
        let checks = RowChecks::new(&whole, &schema(&json!({ "fields": known })));
        let selected = selection.sql();
        Ok(Self {
            target: target.sql(),
            quarantine: quarantine.sql(),
            key,
            version,
            common,
            absent,
            apart,
            required,
            checks,
            suites: suites.iter().map(|suite| suite.name.clone()).collect(),
            selected,
        })
    }

    /// The expectations that BigQuery cannot judge, and why.
    pub fn unanswerable(&self) -> Vec<(String, String)> {
        let checks = self.checks.checks.iter();
        let wrong = checks.filter_map(|check| Some((check.id.clone(), check.against.as_ref().err()?.message.clone())));
        wrong.collect()
    }

    fn identity(&self, alias: &str) -> String {
        let columns = self.apart.iter().map(|name| format!("{alias}.{}", quote(name)));
        format!("TO_JSON_STRING(STRUCT({}))", columns.collect::<Vec<_>>().join(", "))
    }

    /// That two rows are versions of one.
    fn same(&self, left: &str, right: &str) -> String {
        let equal = self.key.iter().map(|name| {
            let column = quote(name);
            format!("{left}.{column} = {right}.{column}")
        });
        equal.collect::<Vec<_>>().join(" AND ")
    }

    /// That the target's row `x` is not replaced by `v`: as an extract's MERGE decides it. Where nothing says which is the newer,
    /// the target's stays.
    fn stays(&self) -> String {
        match self.version.as_deref().map(quote) {
            Some(version) => format!(" AND NOT IFNULL(x.{version} IS NULL OR v.{version} >= x.{version}, FALSE)"),
            None => String::new(),
        }
    }

    /// The rows that are meant, with what becomes of each.
    fn fates(&self) -> String {
        let [reasons, _, batch, at] = QUARANTINE_COLUMNS.map(|(name, ..)| quote(name));
        let columns = self.common.iter().map(|name| format!("q.{}", quote(name)));
        let absent = self.absent.iter();
        let absent = absent.map(|(name, of)| format!("CAST(NULL AS {of}) AS {}", quote(name)));
        let columns = columns.chain(absent).collect::<Vec<_>>().join(", ");
        let key: Vec<String> = self.key.iter().map(|name| quote(name)).collect();
        let there = key.iter().map(|column| format!("v.{column} IS NOT NULL"));
        let there = there.collect::<Vec<_>>().join(" AND ");
        let newest = self
            .version
            .as_deref()
            .map(quote)
            .map(|version| format!("{version} DESC, "));
        let (key, newest) = (key.join(", "), newest.unwrap_or_default());
        let mut sql = format!(
            "WITH q AS (SELECT {columns}, q.{reasons}, q.{batch}, q.{at}, {} AS _release_identity, {} AS _release_selected\n  \
             FROM {} AS q),\n\
             v AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {newest}{at} DESC, {batch} DESC, _release_identity) AS _release_rank\n  \
             FROM (SELECT * FROM q WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY _release_identity ORDER BY {at}) = 1)),\n\
             c AS (SELECT v.*, {there} AS _release_named, {there} AND (v._release_rank > 1 OR EXISTS(SELECT 1 FROM {} AS x WHERE {}{})) AS _release_superseded FROM v)",
            self.identity("q"),
            self.selected,
            self.quarantine,
            self.target,
            self.same("x", "v"),
            self.stays(),
        );
        let checks: Vec<(&str, &str)> = self.checks.checks.iter().filter_map(answerable).collect();
        if !checks.is_empty() {
            sql.push_str(&self.judged(&checks));
        }
        let of_others = self
            .suites
            .iter()
            .map(|name| format!("STARTS_WITH(k, {})", text(&format!("{name}:"))));
        let of_others = of_others
            .chain(["STARTS_WITH(k, 'table:')".to_owned()])
            .collect::<Vec<_>>()
            .join(" OR ");
        let mut against: Vec<String> = vec![format!(
            "IF(c._release_named, NULL, {})",
            text(&format!("table:key.{}", self.key.join(".")))
        )];
        against.extend(
            self.required
                .iter()
                .filter(|name| !self.key.contains(name))
                .map(|name| {
                    let (column, reason) = (quote(name), text(&format!("table:required.{name}")));
                    format!("IF(c.{column} IS NULL, {reason}, NULL)")
                }),
        );
        let ids = checks.iter().enumerate();
        against.extend(ids.map(|(i, (id, _))| format!("IF(j.e{i}, {}, NULL)", text(id))));
        let columns: Vec<String> = self.common.iter().map(|name| format!("c.{}", quote(name))).collect();
        let join = if checks.is_empty() {
            ""
        } else {
            " LEFT JOIN j ON j._release_identity = c._release_identity"
        };
        sql.push_str(&format!(
            "\nSELECT *, CASE WHEN _release_superseded THEN 'superseded' WHEN ARRAY_LENGTH(_release_reasons) = 0 THEN 'released' ELSE 'failing' END AS _release_fate\n\
             FROM (SELECT {}, c._release_identity, c._release_superseded,\n  \
             ARRAY(SELECT r FROM UNNEST(ARRAY_CONCAT(ARRAY(SELECT k FROM UNNEST(c.{reasons}) AS k WHERE NOT ({of_others})), [{}])) AS r WITH OFFSET AS o \
             WHERE r IS NOT NULL ORDER BY o) AS _release_reasons\n  \
             FROM c{join} WHERE c._release_selected)",
            columns.join(", "),
            against.join(", "),
        ));
        sql
    }

    /// The tables `t`, and `j` with a column for each check.
    fn judged(&self, checks: &[(&str, &str)]) -> String {
        let mut read: BTreeSet<&str> = self.checks.columns().collect();
        read.extend(self.key.iter().map(String::as_str));
        let columns: Vec<String> = read.into_iter().map(quote).collect();
        let columns = columns.join(", ");
        let mut sql = format!(",\nt AS (SELECT {columns}, _release_identity FROM c WHERE NOT _release_superseded");
        if self.checks.checks.iter().any(|check| check.needs_all) {
            // A row of the target that would be replaced is not what others are compared with.
            sql.push_str(&format!(
                "\n  UNION ALL SELECT {columns}, NULL FROM {} AS x WHERE NOT EXISTS(SELECT 1 FROM c WHERE NOT c._release_superseded AND {})",
                self.target,
                self.same("c", "x")
            ));
        }
        sql.push(')');
        sql.push_str(&self.checks.tables());
        let asked = checks.iter().enumerate();
        let asked: Vec<String> = asked.map(|(i, (_, against))| format!("{against} AS e{i}")).collect();
        sql.push_str(&format!(
            ",\nj AS (SELECT * FROM (SELECT t._release_identity, {} FROM {}) WHERE _release_identity IS NOT NULL)",
            asked.join(", "),
            self.checks.from()
        ));
        sql
    }

    /// How many rows have which fate, and which expectations those that stay are against.
    fn counts(from: &str) -> String {
        format!(
            "SELECT _release_fate, CAST(NULL AS STRING), CAST(COUNT(*) AS STRING) FROM {from} GROUP BY 1\n\
             UNION ALL SELECT 'against', r, CAST(COUNT(*) AS STRING) FROM {from}, UNNEST(_release_reasons) AS r WHERE _release_fate = 'failing' GROUP BY 2"
        )
    }

    /// The query that says what a release would do.
    pub fn preview(&self) -> String {
        format!("WITH {FATES} AS (\n{}\n)\n{}", self.fates(), Self::counts(FATES))
    }

    /// The script that does it, and says what it did.
    pub fn script(&self, drop_superseded: bool) -> String {
        let reasons = quote(QUARANTINE_COLUMNS[0].0);
        let names: Vec<String> = self.common.iter().map(|name| quote(name)).collect();
        let is_key = |name: &&String| self.key.iter().any(|key| quote(key).eq_ignore_ascii_case(name));
        let sets: Vec<String> = names
            .iter()
            .filter(|name| !is_key(name))
            .map(|name| format!("{name} = s.{name}"))
            .collect();
        let replaced = if sets.is_empty() {
            String::new()
        } else {
            format!("WHEN MATCHED THEN UPDATE SET {}\n", sets.join(", "))
        };
        let values: Vec<String> = names.iter().map(|name| format!("s.{name}")).collect();
        let gone = if drop_superseded {
            "s._release_fate IN ('released', 'superseded')"
        } else {
            "s._release_fate = 'released'"
        };
        format!(
            "BEGIN TRANSACTION;\n\
             CREATE TEMP TABLE {FATES} AS\n{};\n\
             MERGE {} AS x USING (SELECT * FROM {FATES} WHERE _release_fate = 'released') AS s ON {}\n\
             {replaced}WHEN NOT MATCHED THEN INSERT ({}) VALUES ({});\n\
             MERGE {} AS a USING (SELECT _release_identity, _release_fate, _release_reasons FROM {FATES}) AS s ON {} = s._release_identity\n\
             WHEN MATCHED AND {gone} THEN DELETE\n\
             WHEN MATCHED AND s._release_fate = 'failing' AND TO_JSON_STRING(a.{reasons}) != TO_JSON_STRING(s._release_reasons) THEN UPDATE SET {reasons} = s._release_reasons;\n\
             COMMIT TRANSACTION;\n\
             {}",
            self.fates(),
            self.target,
            self.same("x", "s"),
            names.join(", "),
            values.join(", "),
            self.quarantine,
            self.identity("a"),
            Self::counts(FATES),
        )
    }
}

fn answerable(check: &headwater_quality::sql::RowCheck) -> Option<(&str, &str)> {
    Some((check.id.as_str(), check.against.as_deref().ok()?))
}

/// A suite's expectations, named as a gate's reasons name them.
fn as_reasons(suite: &Suite) -> Vec<headwater_quality::Expectation> {
    let named = suite.expectations.iter().cloned().map(|mut expectation| {
        expectation.id = Some(format!("{}:{}", suite.name, expectation.identity()));
        expectation
    });
    named.collect()
}

impl Selection<'_> {
    fn sql(self) -> String {
        let [_, run, batch, _] = QUARANTINE_COLUMNS.map(|(name, ..)| quote(name));
        let of_run = self.run.map(|id| {
            let id = text(id);
            format!("IFNULL(q.{run} = {id} OR ENDS_WITH({id}, CONCAT('-', q.{batch})), FALSE)")
        });
        // The condition may end in a comment.
        let meant = self
            .condition
            .map(|condition| format!("IFNULL(({condition}\n), FALSE)"));
        let both: Vec<String> = [of_run, meant].into_iter().flatten().collect();
        if both.is_empty() {
            "TRUE".into()
        } else {
            both.join(" AND ")
        }
    }
}
