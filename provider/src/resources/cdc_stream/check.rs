//! What can be wrong with a stream without asking anybody, beyond the rules of single attributes.

use std::collections::BTreeMap;

use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path};

use super::model::{EntityModel, Model, SubscriptionModel, entity_path, texts};

pub(super) fn check(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if let Some(entities) = config.entities.known() {
        for (name, entity) in entities {
            if entity.is_null() {
                problems.push(
                    Diagnostic::invalid(entity_path(name), format!("`{}` is null", entity_path(name)))
                        .hint("Write `{}` for the defaults, or leave the entity out."),
                );
            }
        }
    }
    check_tables(config, &mut problems);
    check_engine(config, &mut problems);
    check_scaling(config, &mut problems);
    for (name, entity) in config.known_entities() {
        check_entity(config, name, entity, &mut problems);
    }
    if let Some(source) = config.subscription.known() {
        check_subscription(config, source, &mut problems);
    }
    problems
}

/// What Dataflow has no use for; what it cannot do with it is in `headwater-spec`.
fn check_engine(config: &Model, problems: &mut Diagnostics) {
    if !config.on_dataflow() {
        if config.dataflow.known().is_some() && !config.engine.is_unknown() {
            problems.push(
                Diagnostic::invalid("dataflow", "`dataflow` is for `engine = \"dataflow\"`")
                    .hint("Remove it, or set `engine = \"dataflow\"`."),
            );
        }
        return;
    }
    if config.drift.is_null() {
        problems.push(
            Diagnostic::invalid("drift", "`drift` is `evolve` by default, which Dataflow cannot do")
                .detail("Its workers do not change tables: a new column comes with the next apply.")
                .hint("Set `drift = \"freeze\"`, or `\"quarantine\"` so that no field is left out unseen."),
        );
    }
    // What is not known yet may be null.
    let mut unused = vec![
        (
            "parallelism",
            config.parallelism.known().is_some(),
            "Dataflow shares out the subscription itself",
        ),
        (
            "batching",
            config.batching.known().is_some(),
            "Dataflow decides itself what it processes together",
        ),
        (
            "autoscaling",
            config.autoscaling.known().is_some(),
            "Dataflow scales its job itself, up to `workers`",
        ),
    ];
    if config.subscription.known().is_some() {
        let why = "there is no worker pool when Dataflow reads a subscription";
        unused.extend([
            ("image", config.image.known().is_some(), why),
            ("cpu", config.cpu.known().is_some(), why),
            ("memory", config.memory.known().is_some(), why),
            ("vpc_access", config.vpc_access.known().is_some(), why),
            ("kms_key_name", config.kms_key_name.known().is_some(), why),
        ]);
    }
    for (attribute, set, why) in unused {
        if set {
            problems.push(
                Diagnostic::invalid(attribute, format!("`{attribute}` has no meaning here: {why}"))
                    .hint("Remove it; `dataflow` holds the settings of the job."),
            );
        }
    }
}

/// What says twice how many workers there are.
fn check_scaling(config: &Model, problems: &mut Diagnostics) {
    // What is not known yet may be null.
    let Some(scaling) = config.autoscaling.known() else {
        return;
    };
    if config.workers.known().is_some() {
        problems.push(
            Diagnostic::invalid("workers", "`workers` has no meaning with `autoscaling`")
                .hint("Remove it; `autoscaling.min_workers` and `autoscaling.max_workers` are the bounds."),
        );
    }
    let least = match scaling.min_workers {
        Attr::Null => 1,
        Attr::Known(least) => least,
        Attr::Unknown => return,
    };
    if let Some(most) = scaling.max_workers.known().filter(|most| **most < least) {
        problems.push(
            Diagnostic::invalid(
                Path::attr("autoscaling").child("max_workers"),
                format!("`autoscaling.max_workers` is {most}, less than `min_workers`, {least}"),
            )
            .hint(format!("Let it be {least} or more.")),
        );
    }
}

fn check_tables(config: &Model, problems: &mut Diagnostics) {
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for (name, entity) in config.known_entities() {
        let kept = entity.keep_current != Attr::Known(false);
        let used = [
            ("changelog", table_name(&entity.changelog, || format!("{name}_changes"))),
            ("current", table_name(&entity.current, || name.clone()).filter(|_| kept)),
        ];
        for (attribute, table) in used {
            let Some(table) = table else { continue };
            let path = entity_path(name).child(attribute);
            if let Some(other) = tables.insert(table.to_ascii_lowercase(), path.to_string()) {
                problems.push(
                    Diagnostic::invalid(
                        path.clone(),
                        format!("`{path}` and `{other}` would be the same table `{table}`"),
                    )
                    .hint("Give one of them another name."),
                );
            }
        }
    }
}

/// The name of a table; `None` while it is not known.
pub(super) fn table_name(attribute: &Attr<String>, default: impl FnOnce() -> String) -> Option<String> {
    match attribute {
        Attr::Known(name) => Some(name.clone()),
        Attr::Null => Some(default()),
        Attr::Unknown => None,
    }
}

fn check_entity(config: &Model, name: &str, entity: &EntityModel, problems: &mut Diagnostics) {
    let path = entity_path(name);
    if config.salesforce.known().is_some() && !entity.columns.is_null() {
        problems.push(
            Diagnostic::invalid(
                path.child("columns"),
                format!("`{}` comes from the org", path.child("columns")),
            )
            .hint("Remove it; `exclude` leaves fields out."),
        );
    }
    if config.subscription.known().is_some() {
        if entity.columns.is_null() {
            problems.push(
                Diagnostic::invalid(path.child("columns"), format!("`{}` is missing", path.child("columns")))
                    .detail("Nobody can be asked which fields the messages of a subscription have.")
                    .hint("Name the payload's fields with their types: `columns = { name = \"STRING\" }`."),
            );
        }
        if !entity.exclude.is_null() {
            problems.push(
                Diagnostic::invalid(
                    path.child("exclude"),
                    format!("`{}` is for Salesforce objects", path.child("exclude")),
                )
                .hint("Leave the field out of `columns`, and set `drift = \"freeze\"`."),
            );
        }
    }
    if entity.keep_current == Attr::Known(false) && entity.current.known().is_some() {
        problems.push(
            Diagnostic::invalid(
                path.child("current"),
                format!("`{}` is named and not kept", path.child("current")),
            )
            .hint("Remove it or `keep_current`."),
        );
    }
    if let Some(columns) = entity.columns.known() {
        for column in columns.keys().filter(|column| is_system(column)) {
            problems.push(
                Diagnostic::invalid(
                    path.child("columns").key(column.as_str()),
                    format!("`{column}` is one of the stream's own columns"),
                )
                .hint("Let the source send the field under another name."),
            );
        }
    }
}

fn is_system(name: &str) -> bool {
    let mut all = headwater_spec::CHANGELOG_COLUMNS
        .iter()
        .chain(headwater_spec::CURRENT_COLUMNS);
    all.any(|column| column.name.eq_ignore_ascii_case(name))
}

fn check_subscription(config: &Model, source: &SubscriptionModel, problems: &mut Diagnostics) {
    let at = |attribute: &str| Path::attr("subscription").child(attribute);
    let format = match &source.format {
        Attr::Known(format) => format.as_str(),
        Attr::Null => "salesforce",
        Attr::Unknown => return,
    };
    for (attribute, set, belongs) in [
        ("keys", !source.keys.is_null(), "debezium"),
        ("mapping", !source.mapping.is_null(), "mapping"),
    ] {
        let path = at(attribute);
        if set && format != belongs {
            problems.push(
                Diagnostic::invalid(path.clone(), format!("`{path}` is for `format = \"{belongs}\"`"))
                    .hint(format!("Remove it, or set `format = \"{belongs}\"`.")),
            );
        }
        if !set && format == belongs {
            problems.push(
                Diagnostic::invalid(path.clone(), format!("`{path}` is missing"))
                    .hint(match belongs {
                        "debezium" => "Name the columns of each entity's key: `keys = { orders = [\"id\"] }`.",
                        _ => "Say where a message has its key and its order: `mapping = { key = \"$.id\", order = \"$.version\" }`.",
                    }),
            );
        }
    }
    if format == "debezium"
        && let Some(keys) = source.keys.known()
    {
        check_keys(config, keys, problems);
    }
    if let Some(mapping) = source.mapping.known() {
        let entities = config.entities.known().map_or(0, BTreeMap::len);
        if mapping.entity.is_null() && entities > 1 {
            let path = at("mapping").child("entity");
            problems.push(
                Diagnostic::invalid(
                    path.clone(),
                    format!("`{path}` is missing, and there are {entities} entities"),
                )
                .hint("Say where a message names its own, or let each entity have a stream."),
            );
        }
        if mapping.operation.is_null()
            && mapping
                .operations
                .known()
                .is_some_and(|operations| !operations.is_empty())
        {
            let path = at("mapping").child("operations");
            problems.push(
                Diagnostic::invalid(path.clone(), format!("`{path}` matches nothing without `operation`"))
                    .hint("Say where a message tells its operation: `operation = \"$.op\"`."),
            );
        }
    }
}

fn check_keys(config: &Model, keys: &BTreeMap<String, Attr<Vec<Attr<String>>>>, problems: &mut Diagnostics) {
    let path = Path::attr("subscription").child("keys");
    for (name, entity) in config.known_entities() {
        let at = path.key(name.as_str());
        match keys.get(name) {
            None | Some(Attr::Null) => problems.push(
                Diagnostic::invalid(
                    at.clone(),
                    format!("`{at}` is missing: the table of `{name}` would have no key"),
                )
                .hint(format!("Name the columns of its key: `{name} = [\"id\"]`.")),
            ),
            Some(Attr::Unknown) => {}
            Some(list @ Attr::Known(_)) => {
                let key = texts(list);
                if list.known().is_some_and(Vec::is_empty) {
                    problems.push(
                        Diagnostic::invalid(at.clone(), format!("`{at}` is empty")).hint("Name at least one column."),
                    );
                }
                let Some(columns) = entity.columns.known() else {
                    continue;
                };
                for (place, column) in key
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| !columns.contains_key(*column))
                {
                    problems.push(
                        Diagnostic::invalid(at.index(place), format!("`{column}` is no column of `{name}`"))
                            .hint(format!("Add it to `{}`.", entity_path(name).child("columns"))),
                    );
                }
            }
        }
    }
    for name in keys.keys() {
        if config
            .entities
            .known()
            .is_some_and(|entities| !entities.contains_key(name))
        {
            let at = path.key(name.as_str());
            problems.push(
                Diagnostic::invalid(at.clone(), format!("`{at}` is the key of no entity"))
                    .hint("Remove it, or add the entity."),
            );
        }
    }
}
