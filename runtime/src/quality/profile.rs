//! `headwater quality profile`: what columns hold, and a suite that this suggests. Over files in one pass, over tables of BigQuery
//! by two queries.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use headwater_cloud::{BigQuery, TableRef};
use headwater_quality::engine::{Context, Options, State, SuiteResult, evaluate};
use headwater_quality::page::{Page, html};
use headwater_quality::profile::{ColumnProfile, Profile, holding, profile, propose, sql};
use headwater_quality::sql::schema;
use headwater_quality::{Suite, hcl};
use serde::Serialize;
use serde_json::Value;

use super::{Data, QualityError, bigquery, table};
use crate::cli::{ProfileFormat, QualityProfileArgs};
use crate::exit::Exit;
use crate::printer::{Printer, table as columns_of_text};

/// The command.
pub async fn run(args: &QualityProfileArgs, printer: Printer) -> Result<Exit, QualityError> {
    let data = Data::of(args.path.as_ref(), args.table.as_ref(), None)?;
    let (profile, suite) = match &data {
        Data::Table(table) => of_table(table, args, printer).await?,
        data => of_files(data, args).await?,
    };
    let format = if printer.json() {
        ProfileFormat::Json
    } else {
        args.format
    };
    let text = match format {
        ProfileFormat::Text => format!("{}\n", text(&profile, &suite)),
        ProfileFormat::Json => super::json(&Profiled {
            profile: &profile,
            suite: &suite,
        }),
        ProfileFormat::Hcl => hcl(&suite, &suite.name),
        ProfileFormat::Html => html(&page(&profile, &suite, &data.name())),
    };
    match &args.output {
        Some(output) => super::write(output, &text)?,
        None => printer.text(&text),
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Profiled<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    suite: &'a Suite,
}

/// A suite's name after the data's.
fn named(data: &str) -> String {
    let last = data
        .rsplit(['/', '\\', '.'])
        .find(|part| !matches!(*part, "parquet" | "pq" | "csv"));
    let name: String = last
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() {
        "profiled".into()
    } else {
        name.to_owned()
    }
}

async fn of_files(data: &Data, args: &QualityProfileArgs) -> Result<(Profile, Suite), QualityError> {
    let name = data.name();
    let Some(mut file) = data.open(&args.cloud).await? else {
        return Err(QualityError::Table(name));
    };
    let found = profile(&mut *file, &args.columns).map_err(|e| QualityError::Profile(name.clone(), e))?;
    let mut suite = propose(&found, &named(&name)).map_err(QualityError::Proposal)?;
    let outcome = evaluate(&suite, &mut *file, Options::default());
    let outcome = outcome.map_err(|e| QualityError::Evaluate(PathBuf::from(name), e))?;
    holding(&mut suite, &outcome);
    Ok((found, suite))
}

async fn of_table(
    table: &TableRef,
    args: &QualityProfileArgs,
    printer: Printer,
) -> Result<(Profile, Suite), QualityError> {
    let bigquery = bigquery(&args.cloud)?;
    let found = columns(&bigquery, table, &args.columns, args.max_bytes_billed).await?;
    let mut suite = propose(&found, &named(&table.table)).map_err(QualityError::Proposal)?;
    let wanted = table::Wanted {
        keys: &[],
        most_bytes: args.max_bytes_billed,
        context: Context::none(),
    };
    let outcome = table::judge(&bigquery, &suite, table, wanted, printer).await?;
    holding(&mut suite, &outcome);
    Ok((found, suite))
}

/// Profiles some columns of a table, all where none is named.
pub async fn columns(
    bigquery: &BigQuery,
    table: &TableRef,
    names: &[String],
    most_bytes: Option<u64>,
) -> Result<Profile, QualityError> {
    let document = bigquery.get_table(table).await?;
    let location = document["location"].as_str();
    let (wanted, types) = wanted(&document["schema"], names, table)?;
    let ask = async |sql: String| -> Result<Vec<Value>, QualityError> {
        let answer = bigquery.query_within(&sql, location, most_bytes).await?;
        Ok(answer.rows.into_iter().next().unwrap_or_default())
    };
    let from = table.sql();
    let row = ask(sql::query(&wanted, &from)).await?;
    let mut found = sql::conclude(&wanted, &types, &row);
    if let Some(query) = sql::bins_query(&wanted, &found, &from) {
        let row = ask(query).await?;
        sql::add_bins(&wanted, &mut found, &row);
    }
    Ok(found)
}

/// The columns that are asked for, with their types as GoogleSQL has them.
fn wanted(document: &Value, names: &[String], table: &TableRef) -> Result<(SchemaRef, Vec<String>), QualityError> {
    let all = schema(document);
    for name in names {
        if all.index_of(name).is_err() {
            let known: Vec<&str> = all.fields().iter().map(|f| f.name().as_str()).collect();
            let error = headwater_quality::profile::ProfileError::NoColumn(name.clone(), known.join(", "));
            return Err(QualityError::Profile(table.id(), error));
        }
    }
    let fields = document["fields"].as_array().cloned().unwrap_or_default();
    let (fields, types) = all
        .fields()
        .iter()
        .zip(fields)
        .filter(|(field, _)| names.is_empty() || names.contains(field.name()))
        .map(|(field, document)| (field.clone(), document["type"].as_str().unwrap_or_default().to_owned()))
        .unzip::<_, _, Vec<_>, Vec<_>>();
    Ok((Arc::new(Schema::new(fields)), types))
}

fn page(profile: &Profile, suite: &Suite, target: &str) -> Page {
    let outcome = SuiteResult {
        suite: suite.name.clone(),
        state: State::Pass,
        rows: profile.rows,
        results: Vec::new(),
    };
    Page {
        suite: format!("Profile of {target}"),
        description: None,
        at: super::now(),
        columns: profile.columns.clone(),
        proposed: Some(hcl(suite, &suite.name)),
        ..Page::of(suite, &outcome)
    }
}

fn text(profile: &Profile, suite: &Suite) -> String {
    let rows: Vec<Vec<String>> = profile.columns.iter().map(|column| row(column, profile.rows)).collect();
    let header = [
        "column",
        "type",
        "missing",
        "different",
        "range or lengths",
        "most frequent or form",
    ];
    format!(
        "{} rows\n\n{}\n\n# What this suggests; it holds for this data.\n{}",
        profile.rows,
        columns_of_text(&header, &rows),
        hcl(suite, &suite.name).trim_end()
    )
}

fn row(column: &ColumnProfile, rows: u64) -> Vec<String> {
    let about = if column.distinct_exact { "" } else { "~" };
    let range = match (&column.lengths, &column.min, &column.max) {
        (Some((least, most)), ..) => format!("{least}..{most} characters"),
        (None, Some(min), Some(max)) => format!("{min} .. {max}"),
        _ => String::new(),
    };
    let values = column.values.iter().take(3).filter(|(_, n)| *n > 1);
    let frequent: Vec<String> = values.map(|(value, n)| format!("{value} ({n})")).collect();
    let form = column.patterns.first().filter(|_| !column.values_complete);
    vec![
        column.name.clone(),
        column.data_type.clone(),
        if column.nulls == 0 {
            "0".into()
        } else {
            format!(
                "{} ({:.1} %)",
                column.nulls,
                column.nulls as f64 * 100.0 / rows.max(1) as f64
            )
        },
        column.distinct.map(|n| format!("{about}{n}")).unwrap_or_default(),
        range,
        form.map_or_else(|| frequent.join(", "), |form| form.expression.clone()),
    ]
}
