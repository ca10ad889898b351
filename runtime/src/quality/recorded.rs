//! `headwater quality report`: the page of a run that a deployed suite has recorded, out of the tables of verdicts, with the rows
//! that a gate has set apart. It judges nothing again.

use std::collections::BTreeMap;

use headwater_cloud::{BigQuery, DatasetRef, Kind, TableRef};
use headwater_quality::engine::State;
use headwater_quality::mask::{MASK, Mask};
use headwater_quality::page::{Entry, Examples, Page, Past, Point, html};
use headwater_quality::report::state_of;
use headwater_spec::quarantine_table;
use serde_json::{Map, Value};

use super::{QualityError, bigquery, profile};
use crate::cli::QualityReportArgs;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::suite::text;

/// So many runs before it are shown.
const RUNS: usize = 60;

/// The command.
pub async fn run(args: &QualityReportArgs, printer: Printer) -> Result<Exit, QualityError> {
    let asked = Asked::of(args)?;
    let mut page = asked.page().await?;
    // Of files no column is known here.
    if args.samples > 0 && !page.target.starts_with("gs://") {
        let target = TableRef::parse(&page.target).ok_or_else(|| QualityError::Table(page.target.clone()))?;
        asked.values(&mut page, &target, printer).await?;
    }
    let text = html(&page);
    match &args.output {
        Some(output) => super::write(output, &text)?,
        None => printer.text(&text),
    }
    Ok(Exit::Done)
}

/// What is asked, and who answers.
struct Asked<'a> {
    args: &'a QualityReportArgs,
    bigquery: BigQuery,
    runs: TableRef,
    results: TableRef,
}

impl<'a> Asked<'a> {
    fn of(args: &'a QualityReportArgs) -> Result<Self, QualityError> {
        let bigquery = bigquery(&args.cloud)?;
        let dataset = DatasetRef::parse(&args.results, bigquery.project())?;
        Ok(Self {
            args,
            bigquery,
            runs: dataset.table(&args.run_table),
            results: dataset.table(&args.result_table),
        })
    }

    async fn ask(&self, sql: &str) -> Result<Vec<Vec<Value>>, QualityError> {
        let most = self.args.max_bytes_billed;
        Ok(self.bigquery.query_within(sql, None, most).await?.rows)
    }

    /// Rows of a query of one column of JSON objects.
    async fn objects(&self, sql: &str) -> Result<Vec<Map<String, Value>>, QualityError> {
        let rows = self.ask(sql).await?;
        let object = |row: &Vec<Value>| serde_json::from_str(row.first()?.as_str()?).ok();
        Ok(rows.iter().filter_map(object).collect())
    }

    /// The run, and what is known of those before it.
    async fn page(&self) -> Result<Page, QualityError> {
        let suite = text(&self.args.suite);
        let upto = self.args.run.as_ref().map_or_else(String::new, |run| {
            format!(
                " AND started <= (SELECT MAX(started) FROM {} WHERE suite = {suite} AND run_id = {})",
                self.runs.sql(),
                text(run)
            )
        });
        let runs = self
            .objects(&format!(
                "SELECT TO_JSON_STRING(STRUCT(run_id, target, FORMAT_TIMESTAMP('%FT%TZ', started) AS at, mode, state, reason, \
                 rows_evaluated, failed, errors)) FROM {} WHERE suite = {suite}{upto} ORDER BY started DESC LIMIT {RUNS}",
                self.runs.sql()
            ))
            .await?;
        let of = |run: &Map<String, Value>, key: &str| word(run, key).unwrap_or_default();
        let Some(last) = runs.first() else {
            return Err(QualityError::NotRecorded {
                table: self.runs.to_string(),
                suite: self.args.suite.clone(),
                run: self.args.run.as_ref().map_or_else(String::new, |run| format!("{run} ")),
            });
        };
        let ids: Vec<String> = runs.iter().map(|run| text(&of(run, "run_id"))).collect();
        let said = self
            .objects(&format!(
                "SELECT TO_JSON_STRING(t) FROM (SELECT run_id, FORMAT_TIMESTAMP('%FT%TZ', started) AS at, expectation_id, type, \
                 dimension, severity, on_fail, columns, state, evaluated, missing, unexpected, pass_ratio, mostly, observed, \
                 expected, row_condition, reason, owner FROM {} WHERE suite = {suite} AND run_id IN ({}) \
                 ORDER BY started, expectation_id) AS t",
                self.results.sql(),
                ids.join(", ")
            ))
            .await?;
        let run_id = of(last, "run_id");
        let mut points: BTreeMap<String, Vec<Point>> = BTreeMap::new();
        for row in &said {
            points.entry(of(row, "expectation_id")).or_default().push(Point {
                at: of(row, "at"),
                state: state_of(&of(row, "state")).unwrap_or(State::Error),
                pass_ratio: row.get("pass_ratio").and_then(Value::as_f64),
            });
        }
        let own = said.iter().filter(|row| of(row, "run_id") == run_id);
        Ok(Page {
            suite: self.args.suite.clone(),
            description: None,
            target: of(last, "target"),
            run: Some(run_id.clone()),
            mode: of(last, "mode"),
            at: of(last, "at"),
            state: state_of(&of(last, "state")).unwrap_or(State::Error),
            reason: word(last, "reason"),
            rows: number(last, "rows_evaluated"),
            entries: own
                .map(|row| {
                    let history = points.remove(&of(row, "expectation_id")).unwrap_or_default();
                    entry(row, history)
                })
                .collect(),
            columns: Vec::new(),
            column_rows: None,
            history: runs
                .iter()
                .rev()
                .map(|run| Past {
                    at: of(run, "at"),
                    state: state_of(&of(run, "state")).unwrap_or(State::Error),
                    rows: number(run, "rows_evaluated"),
                    failed: number(run, "failed").unwrap_or_default() + number(run, "errors").unwrap_or_default(),
                })
                .collect(),
            proposed: None,
        })
    }

    /// Rows that a gate has set apart in this run, and what the target's columns hold.
    async fn values(&self, page: &mut Page, target: &TableRef, printer: Printer) -> Result<(), QualityError> {
        let document = match self.bigquery.get_table(target).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::NotFound => {
                printer.note(&format!("{target} is gone: the page shows none of its values"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let keys = self.keys(&document)?;
        let mut mask = Mask::of(&document["schema"], &self.args.unmasked);
        let apart = target.dataset.table(quarantine_table(&target.table));
        match self.bigquery.get_table(&apart).await {
            Ok(quarantine) => {
                mask = mask.and(Mask::of(&quarantine["schema"], &self.args.unmasked));
                self.examples(page, &apart, &quarantine, &keys, &mask).await?;
            }
            // It is made with the first row that is set apart.
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let known = names(&document);
        let mut judged: Vec<String> = page
            .entries
            .iter()
            .flat_map(|entry| entry.columns.iter().cloned())
            .collect();
        judged.retain(|name| known.contains(name) && !mask.hides(name));
        judged.sort();
        judged.dedup();
        if !judged.is_empty() {
            let found = profile::columns(&self.bigquery, target, &judged, self.args.max_bytes_billed).await?;
            page.columns = found.columns;
            page.column_rows = Some(found.rows);
        }
        Ok(())
    }

    /// The columns by which rows are found again.
    fn keys(&self, document: &Value) -> Result<Vec<String>, QualityError> {
        let known = names(document);
        if let Some(key) = self.args.keys.iter().find(|key| !known.contains(key)) {
            return Err(QualityError::Key(key.clone(), known.join(", ")));
        }
        if !self.args.keys.is_empty() {
            return Ok(self.args.keys.clone());
        }
        let primary = document["tableConstraints"]["primaryKey"]["columns"].as_array();
        let primary: Vec<String> = primary
            .into_iter()
            .flatten()
            .filter_map(|column| column.as_str().map(str::to_owned))
            .collect();
        if primary.is_empty() {
            let id = known.into_iter().find(|name| name.eq_ignore_ascii_case("id"));
            return Ok(id.into_iter().collect());
        }
        Ok(primary)
    }

    async fn examples(
        &self,
        page: &mut Page,
        apart: &TableRef,
        document: &Value,
        keys: &[String],
        mask: &Mask,
    ) -> Result<(), QualityError> {
        let known = names(document);
        let failed = |entry: &&mut Entry| entry.unexpected.is_some_and(|n| n > 0) && entry.on_fail == "quarantine";
        let run = page.run.clone().unwrap_or_default();
        let mut columns: Vec<&String> = keys.iter().filter(|key| known.contains(key)).collect();
        let mut reasons = Vec::new();
        let mut entries: Vec<&mut Entry> = page.entries.iter_mut().filter(failed).collect();
        for entry in &entries {
            reasons.push(text(&self.reason(&entry.id)));
            for column in &entry.columns {
                if let Some(column) = known.iter().find(|name| *name == column)
                    && !columns.contains(&column)
                {
                    columns.push(column);
                }
            }
        }
        if reasons.is_empty() || columns.is_empty() {
            return Ok(());
        }
        // An array of a BigQuery table holds no NULL.
        let values = columns.iter().map(|column| {
            if mask.hides(column) {
                format!("'{MASK}'")
            } else {
                format!("IFNULL(CAST(q.`{column}` AS STRING), 'NULL')")
            }
        });
        let sql = format!(
            "SELECT reason, TO_JSON_STRING(ARRAY_AGG(STRUCT([{}] AS c) LIMIT {})) \
             FROM {} AS q, UNNEST(q._headwater_reasons) AS reason \
             WHERE reason IN ({}) AND ENDS_WITH({}, CONCAT('-', q._headwater_batch)) GROUP BY reason",
            values.collect::<Vec<_>>().join(", "),
            self.args.samples,
            apart.sql(),
            reasons.join(", "),
            text(&run)
        );
        for row in self.ask(&sql).await? {
            let reason = row.first().and_then(Value::as_str).unwrap_or_default();
            let Some(entry) = entries.iter_mut().find(|entry| self.reason(&entry.id) == reason) else {
                continue;
            };
            let list = row.get(1).and_then(Value::as_str).unwrap_or_default();
            let list: Vec<Value> = serde_json::from_str(list).unwrap_or_default();
            let shown: Vec<usize> = columns
                .iter()
                .enumerate()
                .filter(|(_, column)| keys.contains(column) || entry.columns.contains(column))
                .map(|(i, _)| i)
                .collect();
            entry.examples = Examples {
                header: shown.iter().map(|i| columns[*i].clone()).collect(),
                rows: list
                    .iter()
                    .map(|row| {
                        let cell = |i: &usize| row["c"][*i].as_str().unwrap_or_default().to_owned();
                        shown.iter().map(cell).collect()
                    })
                    .collect(),
            };
        }
        Ok(())
    }

    /// As a gate names the expectation among the reasons.
    fn reason(&self, id: &str) -> String {
        format!("{}:{id}", self.args.suite)
    }
}

/// The names of a table's columns that hold one value.
fn names(document: &Value) -> Vec<String> {
    let fields = document["schema"]["fields"].as_array().into_iter().flatten();
    fields
        .filter(|field| field["mode"] != "REPEATED" && !matches!(field["type"].as_str(), Some("RECORD" | "STRUCT")))
        .filter_map(|field| field["name"].as_str().map(str::to_owned))
        .collect()
}

fn word(row: &Map<String, Value>, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A whole number, which JSON of BigQuery holds as text beyond 53 bits.
fn number(row: &Map<String, Value>, key: &str) -> Option<u64> {
    match row.get(key)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

fn entry(row: &Map<String, Value>, history: Vec<Point>) -> Entry {
    let of = |key: &str| word(row, key).unwrap_or_default();
    let json = |key: &str| word(row, key).and_then(|text| serde_json::from_str(&text).ok());
    let columns = row.get("columns").and_then(Value::as_array).into_iter().flatten();
    Entry {
        id: of("expectation_id"),
        check: of("type"),
        expected: json("expected").unwrap_or_default(),
        columns: columns.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        dimension: of("dimension"),
        severity: of("severity"),
        on_fail: of("on_fail"),
        state: state_of(&of("state")).unwrap_or(State::Error),
        evaluated: number(row, "evaluated"),
        missing: number(row, "missing"),
        unexpected: number(row, "unexpected"),
        pass_ratio: row.get("pass_ratio").and_then(Value::as_f64),
        mostly: row.get("mostly").and_then(Value::as_f64),
        observed: word(row, "observed"),
        row_condition: json("row_condition"),
        description: None,
        owner: word(row, "owner"),
        reason: word(row, "reason"),
        examples: Examples::default(),
        history,
    }
}
