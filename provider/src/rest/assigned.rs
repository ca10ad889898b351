//! Creation of documents whose names the service chooses: one that an earlier apply made, but did not live to record, is looked
//! for among those that are there.

use serde_json::Value as Json;
use tfplugin_framework::{Cx, Diagnostic, Result};

use super::changes::stripped;
use super::{Assigned, Described, place};
use crate::clients::Clients;
use crate::labels;
use crate::problems::Explain as _;

/// Makes it, or adopts what is as it is planned and marked as ours.
pub(super) async fn create<D: Described>(
    described: &D,
    cx: &mut Cx,
    clients: &Clients,
    by: Assigned,
    planned: &D::Model,
) -> Result<D::Model> {
    let api = described.api();
    let mut to_be = planned.clone();
    // A stand-in, so that the collection has a name before the document has one.
    name_of(described, &mut to_be, "new");
    let at = place::target(cx, described, clients, &to_be)?;
    let collection = at.name.rsplit_once('/').map_or("", |(collection, _)| collection);
    let wanted = stripped(&described.document(planned));
    let label = wanted[by.field].as_str().unwrap_or_default();
    let cannot = || format!("cannot create the {} `{label}`", api.noun);

    let present = at.documents.list(collection, by.listing).await.explain(cannot())?;
    let ours =
        |document: &&Json| document[by.field] == wanted[by.field] && labels::has(&document[by.labels], labels::MANAGED);
    let document = match present.iter().find(ours) {
        Some(found) if stripped(&described.document(&described.read(planned, found))) == wanted => {
            tracing::info!(kind = api.noun, name = %found["name"], "what an earlier apply made is adopted");
            found.clone()
        }
        Some(found) => return Err(taken(by, api.noun, label, found).into()),
        None => at.documents.post(collection, &wanted).await.explain(cannot())?,
    };
    let mut model = described.read(planned, &document);
    // Of the full name only the end counts: a project's number may stand there for its id.
    let name = document["name"].as_str().and_then(|name| name.rsplit('/').next());
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(Diagnostic::error(cannot()).detail("The answer has no `name`.").into());
    };
    name_of(described, &mut model, name);
    *described.parts(&mut model).id = format!("{collection}/{name}").into();
    cx.record(&model)?;
    Ok(model)
}

fn name_of<D: Described>(described: &D, model: &mut D::Model, name: &str) {
    let own = described.api().name.own();
    for (placeholder, value) in described.parts(model).named {
        if placeholder == own {
            *value = name.into();
        }
    }
}

fn taken(by: Assigned, noun: &str, label: &str, found: &Json) -> Diagnostic {
    let name = found["name"].as_str().unwrap_or_default();
    let attribute = by.attribute;
    Diagnostic::invalid(
        attribute,
        format!("the {noun} `{label}` exists already, and is not as it is planned"),
    )
    .detail(format!("Headwater made it before: it is `{name}`."))
        .hint(format!(
            "Import it: `terraform import ADDRESS {name}`, or choose another `{attribute}`: by it an apply that was cut off finds what it made."
        ))
}
