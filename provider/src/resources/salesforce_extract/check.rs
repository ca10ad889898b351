//! What can be wrong with an extract without asking anybody, beyond the rules of single attributes.

use std::collections::BTreeMap;

use headwater_salesforce::check_condition;
use tfplugin_framework::{Attr, Diagnostic, Diagnostics};

use super::model::{Model, ObjectModel, object_path};
use crate::problems::sentence;

/// Columns that a table cannot do without: the key, the order of changes, the mark of a deleted row.
const ALWAYS: [&str; 3] = ["Id", "SystemModstamp", "IsDeleted"];

pub(super) fn check(config: &Model) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if let Some(schedule) = config.schedule.known() {
        problems.extend(schedule.check());
    }
    let Some(objects) = config.objects.known() else {
        return problems;
    };
    let mut tables: BTreeMap<String, &str> = BTreeMap::new();
    let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
    for (name, object) in objects {
        if let Some(other) = spellings.insert(name.to_ascii_lowercase(), name) {
            problems.push(
                Diagnostic::invalid(
                    object_path(name),
                    format!("`{}` is the same object as `{}`", object_path(name), object_path(other)),
                )
                .hint("Salesforce does not tell names apart by capitals: remove one of them."),
            );
        }
        match object {
            Attr::Null => problems.push(
                Diagnostic::invalid(object_path(name), format!("`{}` is null", object_path(name)))
                    .hint("Write `{}` for every readable field, or leave the object out."),
            ),
            Attr::Unknown => {}
            Attr::Known(object) => {
                problems.extend(check_object(name, object));
                let table = match &object.table {
                    Attr::Known(table) => table.as_str(),
                    Attr::Null => name,
                    Attr::Unknown => continue,
                };
                if let Some(other) = tables.insert(table.to_ascii_lowercase(), name) {
                    problems.push(
                        Diagnostic::invalid(
                            object_path(name).child("table"),
                            format!("`{name}` and `{other}` would share the table `{table}`"),
                        )
                        .hint("Give one of them another `table`."),
                    );
                }
            }
        }
    }
    problems
}

fn check_object(name: &str, object: &ObjectModel) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let path = object_path(name);
    if let Some(condition) = object.condition.as_deref() {
        problems.extend(check_where(name, condition));
    }
    let list = |list: &Attr<Vec<Attr<String>>>| -> Vec<(usize, String)> {
        let elements = list.known().into_iter().flatten().enumerate();
        elements
            .filter_map(|(index, element)| Some((index, element.known()?.clone())))
            .collect()
    };
    let include = list(&object.include);
    for (index, field) in list(&object.exclude) {
        let at = path.child("exclude").index(index);
        if ALWAYS.iter().any(|always| always.eq_ignore_ascii_case(&field)) {
            problems.push(
                Diagnostic::invalid(at, format!("`{field}` of `{name}` cannot be excluded"))
                    .hint(format!("{} are always read: they are the key, the order of changes and the mark of a deleted row. Take it out of `exclude`.", ALWAYS.join(", "))),
            );
        } else if include.iter().any(|(_, other)| other.eq_ignore_ascii_case(&field)) {
            problems.push(
                Diagnostic::invalid(at, format!("`{field}` of `{name}` is both included and excluded"))
                    .hint("Take it out of `include` or of `exclude`."),
            );
        }
    }
    problems
}

fn check_where(name: &str, condition: &str) -> Diagnostics {
    let (what, remedy) = if condition.trim().is_empty() {
        (
            "The condition is empty.".to_owned(),
            "Leave `where` out to read every row.",
        )
    } else if let Err(error) = check_condition(condition) {
        (
            sentence(&error.to_string()),
            "Write a SOQL condition, such as `Amount > 0 AND Name LIKE 'A%'`.",
        )
    } else {
        return Diagnostics::new();
    };
    let at = object_path(name).child("where");
    Diagnostic::invalid(at, format!("the `where` of `{name}` is not usable"))
        .detail(what)
        .hint(remedy)
        .into()
}
