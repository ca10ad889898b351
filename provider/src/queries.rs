//! SQL of the user's, checked by BigQuery while it is planned: errors where they stand, and the bytes that it would read.

use headwater_cloud::{DryRun, Error, Kind};
use tfplugin_framework::{Diagnostic, Path, Result};

use crate::clients::Clients;
use crate::problems::cloud_problem;

/// What a dry run says of a query; `None` when it cannot be said before the apply.
///
/// A query over a table that this walk creates or changes cannot be judged yet. Terraform plans it after the table only
/// when it refers to the table's `sql_name` or id, so the hint says so.
pub(crate) async fn dry_run(
    clients: &Clients,
    sql: &str,
    user_text: &str,
    location: Option<&str>,
    path: impl Into<Path>,
) -> Result<Option<DryRun>, Diagnostic> {
    match clients.cloud()?.bigquery().dry_run(sql, location).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if in_flux(clients, &error, user_text) => Ok(None),
        Err(error) => Err(problem(&error, sql, user_text).at(path)),
    }
}

/// Whether the query is about something that this walk creates or changes.
fn in_flux(clients: &Clients, error: &Error, sql: &str) -> bool {
    let syntax = error.message().starts_with("Syntax error");
    if syntax || !matches!(error.kind(), Kind::NotFound | Kind::Invalid | Kind::Failed) {
        return false;
    }
    let bare = bare(&format!("{sql} {}", error.message()));
    clients.any_in_flux(|id| names_it(&bare, id))
}

/// A text of SQL or of an error about it, with names in one spelling.
fn bare(text: &str) -> String {
    text.replace('`', "").replace(':', ".").to_ascii_lowercase()
}

/// Whether a bare text names the resource of this id.
fn names_it(bare: &str, id: &str) -> bool {
    let parts: Vec<&str> = id.split('/').collect();
    let name = match parts.as_slice() {
        ["projects", project, "datasets", dataset] => {
            let short = format!("{dataset}.").to_ascii_lowercase();
            return has_word(bare, &short) || has_word(bare, &format!("{project}.{dataset}").to_ascii_lowercase());
        }
        ["projects", _, "datasets", dataset, "tables" | "routines", name] => format!("{dataset}.{name}"),
        _ => return false,
    };
    has_word(bare, &name.to_ascii_lowercase())
}

fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !inside(before) && (word.ends_with('.') || !inside(after))
    })
}

fn problem(error: &Error, sql: &str, user_text: &str) -> Diagnostic {
    match error.kind() {
        Kind::Invalid | Kind::Failed => {
            let mut problem = Diagnostic::error("BigQuery refuses this SQL").detail(error.message());
            if let Some(shown) = shown(error.message(), sql, user_text) {
                problem = problem.hint(shown);
            }
            problem
        }
        Kind::NotFound => Diagnostic::error("this SQL names what is not there").detail(error.message()).hint(
            "If this configuration creates it, refer to it in the text: `${headwater_bigquery_table.NAME.sql_name}`, or name it in `depends_on`. \
             Otherwise check the name and the location.",
        ),
        _ => cloud_problem("this SQL cannot be checked", error),
    }
}

/// The line of the user's text that a message is about, with a mark below its column: BigQuery writes `… at [line:column]`.
fn shown(message: &str, sql: &str, user_text: &str) -> Option<String> {
    let (_, at) = message.rsplit_once('[')?;
    let (line, column) = at.split_once(']')?.0.split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let before = sql[..sql.find(user_text)?]
        .lines()
        .count()
        .saturating_sub(usize::from(!sql[..sql.find(user_text)?].ends_with('\n')));
    let text = user_text.lines().nth(line.checked_sub(1 + before)?)?;
    let margin: String = text
        .chars()
        .take(column.checked_sub(1)?)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    Some(format!("  {text}\n  {margin}^"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_shown() {
        let sql = "SELECT a,\n       FROM t";
        assert_eq!(
            shown("Syntax error: Unexpected keyword FROM at [2:8]", sql, sql).expect("a place"),
            "         FROM t\n         ^"
        );
        assert_eq!(shown("no place", sql, sql), None);
        assert_eq!(shown("at [9:1]", sql, sql), None);
    }

    #[test]
    fn a_query_is_recognised_by_what_it_names() {
        let table = "projects/p/datasets/d/tables/orders";
        for sql in [
            "select * from `p.d.orders`",
            "select * from d.orders",
            "select * from `p`.`d`.`orders` o",
        ] {
            assert!(names_it(&bare(sql), table), "{sql}");
        }
        for sql in [
            "select * from d.orders_old",
            "select * from xd.orders",
            "select orders from d.x",
        ] {
            assert!(!names_it(&bare(sql), table), "{sql}");
        }
        let dataset = "projects/p/datasets/d";
        assert!(names_it("not found: dataset p.d", dataset) && names_it("select * from d.x", dataset));
        assert!(!names_it("select * from e.x", dataset));
    }
}
