//! The other tables that expectations name: whether they are there, have the columns, and columns that compare with those of the
//! table that is judged. A table that this walk creates or changes is left to the apply.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use headwater_cloud::{OptionalExt as _, TableRef};
use headwater_suite::Check;
use tfplugin_framework::{Diagnostic, Diagnostics, Path};

use super::check::Known;
use super::model::Placed;
use super::target::{NUMBERS, Target};
use crate::clients::Clients;
use crate::names::parse_table_path;
use crate::problems::Explain as _;

/// What is named of another table: where it stands, the table, and pairs of columns with where the other one stands.
struct Named<'a> {
    table_at: &'static str,
    table: &'a str,
    /// Of the judged table, of the other one, and where.
    pairs: Vec<(&'a str, &'a str, &'static str)>,
    /// Whether numbers of different types are the same.
    numbers_compare: bool,
}

fn named(check: &Check) -> Option<Named<'_>> {
    match check {
        Check::ForeignKey(c) => Some(Named {
            table_at: "references.table",
            table: &c.references.table,
            pairs: c
                .columns
                .iter()
                .zip(&c.references.columns)
                .map(|(here, there)| (here.as_str(), there.as_str(), "references.columns"))
                .collect(),
            numbers_compare: true,
        }),
        Check::Reconcile(c) => {
            let columns = c.columns.iter().map(|name| (name.as_str(), name.as_str(), "columns"));
            let keys = c.keys.iter().map(|name| (name.as_str(), name.as_str(), "keys"));
            Some(Named {
                table_at: "with.table",
                table: &c.with.table,
                pairs: columns.chain(keys).collect(),
                numbers_compare: false,
            })
        }
        _ => None,
    }
}

/// A table as it is written in SQL, perhaps between backticks.
fn table_ref(text: &str) -> Option<TableRef> {
    TableRef::parse(&text.replace('`', "")).filter(|_| !text.contains('/'))
}

/// What is wrong with an expectation that refers to the very table that it judges, without asking anybody.
pub(super) fn itself(known: &Known<'_>, table: Option<&str>) -> Option<Diagnostic> {
    let check = &known.expectation.check;
    let named = named(check)?;
    let at = known.at(named.table_at);
    let Some(other) = table_ref(named.table) else {
        let example = "Write `PROJECT.DATASET.TABLE`, or `headwater_bigquery_table.NAME.sql_name`.";
        return Some(Diagnostic::invalid(at.clone(), format!("`{at}` is no table's name")).hint(example));
    };
    if parse_table_path(table?)? != other {
        return None;
    }
    match check {
        Check::ForeignKey(c) if c.columns == c.references.columns => Some(
            Diagnostic::invalid(known.at("references.columns"), "the key refers to itself")
                .detail("Every key exists in its own columns: nothing could be against it.")
                .hint("Name the columns of the other table, or other columns of this one."),
        ),
        Check::Reconcile(c) if c.with.filter.is_none() && known.expectation.row_condition.is_none() => Some(
            Diagnostic::invalid(at, "the table is compared with itself")
                .detail("It always agrees.")
                .hint("Name the other table, or compare different rows of this one by `where` and `with.filter`."),
        ),
        _ => None,
    }
}

/// Holds what expectations name of other tables against these.
pub(super) async fn check(
    clients: &Clients,
    placed: &[Placed<'_>],
    target: &Target,
) -> Result<Diagnostics, Diagnostic> {
    let mut problems = Diagnostics::new();
    let mut read: BTreeMap<String, Option<Target>> = BTreeMap::new();
    for one in placed {
        let Ok(expectation) = &one.read else { continue };
        let known = Known {
            placed: one,
            expectation,
        };
        let Some(named) = named(&expectation.check) else {
            continue;
        };
        let Some(table) = table_ref(named.table) else { continue };
        if clients.any_in_flux(|id| id == table.id() || id == table.dataset.id()) {
            continue;
        }
        let at = known.at(named.table_at);
        let other = match read.entry(table.id()) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(vacant) => {
                let found = clients.cloud()?.bigquery().get_table(&table).await.optional();
                let found = found.explain_at(at.clone(), format!("cannot read the table `{table}`"))?;
                vacant.insert(found.map(|document| Target::of(&document)))
            }
        };
        match other {
            Some(other) => problems.extend(compare(&known, &named, target, other)),
            None => problems.push(missing(at, &table)),
        }
    }
    Ok(problems)
}

fn missing(at: Path, table: &TableRef) -> Diagnostic {
    Diagnostic::invalid(at, format!("the table `{table}` does not exist")).hint(
        "If this configuration creates it, write `headwater_bigquery_table.NAME.sql_name`; otherwise check its name.",
    )
}

fn compare(known: &Known<'_>, named: &Named<'_>, target: &Target, other: &Target) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (here, there, at) in &named.pairs {
        let Some(second) = other.column(there) else {
            problems.push(other.without(
                known.at(at),
                &format!("the table `{}`", named.table.replace('`', "")),
                there,
            ));
            continue;
        };
        // What the judged table lacks is said where its columns are checked.
        let Some(first) = target.column(here) else { continue };
        let both_numbers = [first, second]
            .iter()
            .all(|column| NUMBERS.contains(&column.data_type.as_str()));
        let same = first.data_type == second.data_type || (named.numbers_compare && both_numbers);
        if !same {
            problems.push(
                Diagnostic::invalid(
                    known.at(at),
                    format!(
                        "`{here}` is of type {}, and `{there}` of the other table of type {}",
                        first.data_type, second.data_type
                    ),
                )
                .hint("Values of these types are never the same: name columns of one type, or compare by `sql_rows`."),
            );
        }
    }
    problems
}
