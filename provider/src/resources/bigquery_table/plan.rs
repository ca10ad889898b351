//! What a plan finds out: whether the change can be made in place, and what a destroy would lose.

use headwater_cloud::{OptionalExt as _, TableRef};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Cx, Diagnostic, Diagnostics, Path, Plan, Result};

use super::edits::{Decision, Edit, Rebuild, Refusal, decide};
use super::model::Table;
use crate::clients::Clients;
use crate::problems::Explain as _;
use crate::stakes::Stakes;

/// What the first plan of a replacement tells the second: the table that would go, if it is protected.
const PROTECTED: &str = "protected";

/// Completes what the framework proposes.
pub(super) async fn complete(cx: &mut Cx, clients: &Clients, plan: Plan<Table>) -> Result<Table> {
    let mut planned = plan.proposed;
    planned.name();
    let Some(prior) = plan.prior else {
        if let Some(id) = plan.replaced.and_then(|private| private.get::<String>(PROTECTED)) {
            // Somebody asks for a replacement (`-replace`) of a table that is protected.
            if let Some(table) = TableRef::parse(&id) {
                refuse_loss(clients, &table, "replaced").await?;
            }
        }
        if let Some(id) = planned.id.known() {
            clients.note_fresh(id);
        }
        return Ok(planned);
    };
    let table = prior.reference()?;
    if prior.is_protected() {
        cx.private().set(PROTECTED, table.id());
    } else {
        cx.private().remove(PROTECTED);
    }
    if plan.config.expiration_time.is_null() {
        planned.expiration_time = prior.expiration_time.clone();
    }
    if planned.dataset != prior.dataset || planned.table_id != prior.table_id {
        planned.location = Attr::Unknown;
        let attribute = if planned.table_id == prior.table_id {
            "dataset"
        } else {
            "table_id"
        };
        let moved = format!("the table cannot be moved or renamed by another `{attribute}`");
        replace(cx, clients, &table, &prior, &planned, attribute, &moved).await?;
        if let Some(id) = planned.id.known() {
            clients.note_fresh(id);
        }
        return Ok(planned);
    }
    if let (Some(before), Some(after)) = (prior.shape(), planned.shape()) {
        let decision = decide(&before, &after, planned.allows_drop());
        judge(cx, clients, &table, &prior, &planned, &decision).await?;
    }
    Ok(planned)
}

async fn judge(
    cx: &mut Cx,
    clients: &Clients,
    table: &TableRef,
    prior: &Table,
    planned: &Table,
    decision: &Decision,
) -> Result<()> {
    if let Some(Rebuild { attribute, what }) = &decision.rebuild {
        let what = format!("BigQuery does not change {what} in place");
        replace(cx, clients, table, prior, planned, attribute, &what).await?;
        cx.require_replace(*attribute);
        clients.note_fresh(table.id());
        return Ok(());
    }
    let refusals = refusals(table, &decision.refusals);
    if refusals.has_error() {
        return Err(refusals);
    }
    let drops: Vec<&str> = decision
        .edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::Drop { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    if !decision.edits.is_empty() {
        clients.note_changing(table.id());
    }
    if !drops.is_empty() && !cx.is_applying() {
        let stakes = stakes(clients, table).await?.unwrap_or_default();
        let names = drops.join("`, `");
        cx.report(
            Diagnostic::warning(format!("the table `{table}` loses the column `{names}` of {stakes}"))
                .detail("`allow_column_drop` is set. BigQuery keeps the old state for the time travel of the dataset, a week unless it is set otherwise.")
                .at("columns"),
        );
    }
    Ok(())
}

/// A replacement is asked for: refused while the table is protected, shown with what it loses otherwise.
async fn replace(
    cx: &mut Cx,
    clients: &Clients,
    table: &TableRef,
    prior: &Table,
    planned: &Table,
    attribute: &str,
    why: &str,
) -> Result<(), Diagnostic> {
    let stakes = stakes(clients, table).await?.unwrap_or_default();
    if prior.is_protected() || planned.is_protected() {
        return Err(Diagnostic::invalid(attribute, format!("the table `{table}` would be replaced, and its {stakes} lost"))
            .detail(format!("{}.", sentence_case(why)))
            .hint(format!(
                "Keep `{attribute}` as it is; or make a second table and copy the rows with `CREATE TABLE … AS SELECT`; or set \
                 `deletion_protection = false`, apply, and change `{attribute}` then: the new table is empty."
            )));
    }
    if !cx.is_applying() {
        cx.report(
            Diagnostic::warning(format!("the table `{table}` is replaced, and its {stakes} are lost"))
                .detail(format!("{}. `deletion_protection` is off.", sentence_case(why)))
                .at(attribute),
        );
    }
    Ok(())
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Rows and bytes of a table; `None` when it is gone.
async fn stakes(clients: &Clients, table: &TableRef) -> Result<Option<Stakes>, Diagnostic> {
    let found = clients.cloud()?.bigquery().get_table(table).await.optional();
    let found: Option<Json> = found.explain(format!("cannot look at the table `{table}`"))?;
    Ok(found.as_ref().map(Stakes::of_table))
}

/// Refuses what would lose rows.
pub(super) async fn refuse_loss(clients: &Clients, table: &TableRef, what: &str) -> Result<(), Diagnostic> {
    match stakes(clients, table).await? {
        Some(stakes) if stakes.any() => Err(Diagnostic::invalid(
            "deletion_protection",
            format!("the table `{table}` would be {what}, and its {stakes} lost"),
        )
        .hint("To go on, set `deletion_protection = false`, apply, and try again.")),
        _ => Ok(()),
    }
}

/// A last word before the table is destroyed.
pub(super) async fn before_destroy(cx: &mut Cx, clients: &Clients, prior: &Table) -> Result<()> {
    let table = prior.reference()?;
    if prior.is_protected() {
        return Ok(refuse_loss(clients, &table, "destroyed").await?);
    }
    if let Some(stakes) = stakes(clients, &table).await?.filter(|stakes| stakes.any())
        && !cx.is_applying()
    {
        cx.report(Diagnostic::warning(format!(
            "the table `{table}` is destroyed, and its {stakes} are lost"
        )));
    }
    Ok(())
}

/// Refusals as errors where they belong.
pub(super) fn refusals(table: &TableRef, refusals: &[Refusal]) -> Diagnostics {
    refusals
        .iter()
        .map(|refusal| {
            let path = path_of(refusal);
            Diagnostic::invalid(path, format!("`{table}`: {}", refusal.what))
                .detail(&refusal.why)
                .hint(choices(&refusal.choices))
        })
        .collect()
}

pub(super) fn path_of(refusal: &Refusal) -> Path {
    let mut places = refusal.place.iter();
    let Some(first) = places.next() else {
        return Path::attr(refusal.attribute);
    };
    let column = places.fold(Path::attr("columns").index(*first), |path, index| {
        path.child("fields").index(*index)
    });
    column.child(refusal.attribute)
}

fn choices(choices: &[String]) -> String {
    match choices {
        [only] => only.clone(),
        many => {
            let lines: Vec<String> = many.iter().map(|choice| format!("- {choice}")).collect();
            format!("Choose one:\n{}", lines.join("\n"))
        }
    }
}
