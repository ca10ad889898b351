//! Where a document is: defaults from the provider's settings, its full name, the client that reaches it.

use headwater_cloud::Wait;
use tfplugin_framework::{Attr, Cx, Diagnostic};

use super::{Described, Parts, Target};
use crate::clients::{Clients, no_region};

/// How long operations are waited for where there is no time-out.
const OPERATION: std::time::Duration = std::time::Duration::from_secs(1200);

/// Fills in what the user left to the provider, and the id.
pub(super) fn fill<D: Described>(
    described: &D,
    clients: &Clients,
    model: &mut D::Model,
    config: &mut D::Model,
) -> Result<(), Diagnostic> {
    // A name that the service chooses is nobody's to fill in.
    let assigned = described.assigned().map(|_| described.api().name.own());
    let said = described.parts(config).named;
    let Parts { id, named } = described.parts(model);
    let mut named = named;
    for (name, value) in named.iter_mut().filter(|(name, _)| Some(*name) != assigned) {
        let left_out = said.iter().any(|(other, value)| other == name && value.is_null());
        if left_out && (value.is_unknown() || value.is_null()) {
            **value = default(clients, name)?;
        }
    }
    *id = described.api().name.fill(|name| part(&named, name));
    Ok(())
}

fn default(clients: &Clients, name: &str) -> Result<Attr<String>, Diagnostic> {
    match name {
        "project" => Ok(clients.project().clone()),
        "region" | "location" => match clients.region() {
            Attr::Null => Err(no_region(name)),
            region => Ok(region.clone()),
        },
        _ => Err(Diagnostic::invalid(name, "a value is required here")),
    }
}

fn part<'a>(named: &'a [(&'static str, &mut Attr<String>)], name: &str) -> Attr<&'a str> {
    let value = named.iter().find(|(other, _)| *other == name);
    value.map_or(Attr::Unknown, |(_, value)| value.as_ref().map(String::as_str))
}

/// The document of a model, whose name must be known.
pub(super) fn target<D: Described>(
    cx: &Cx,
    described: &D,
    clients: &Clients,
    model: &D::Model,
) -> Result<Target, Diagnostic> {
    let api = described.api();
    let mut model = model.clone();
    let Parts { named, .. } = described.parts(&mut model);
    let filled = api.name.fill(|name| part(&named, name));
    let mut documents = clients.cloud()?.documents(api.service);
    if api.operations {
        documents = documents.awaiting(Wait::at_most(cx.time_left().unwrap_or(OPERATION)));
    }
    Ok(Target {
        documents,
        name: filled.require(api.name.own())?.clone(),
        api,
        view: described.view(),
    })
}
