//! The tables of a WITH RECURSIVE, which may read one that is defined behind them.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Cte, Ident, ObjectName, ObjectNamePart, Visit, Visitor, With};

/// The tables in the order in which each finds those that it reads; as they were written where they go round in a circle.
pub(super) fn in_order(with: &With) -> Vec<&Cte> {
    let written: Vec<&Cte> = with.cte_tables.iter().collect();
    if !with.recursive {
        return written;
    }
    let names: Vec<String> = written.iter().map(|cte| lower(&cte.alias.name)).collect();
    let mut left: Vec<(usize, HashSet<String>)> = Vec::new();
    for (place, cte) in written.iter().enumerate() {
        let mut read = Read::default();
        if cte.query.visit(&mut read).is_break() {
            return written;
        }
        let reads = read
            .0
            .into_iter()
            .filter(|name| names.contains(name) && *name != names[place]);
        left.push((place, reads.collect()));
    }
    let mut order = Vec::with_capacity(written.len());
    while !left.is_empty() {
        // The first that lacks nothing: what needs no other place keeps its own.
        let Some(next) = left.iter().position(|(_, reads)| reads.is_empty()) else {
            return written;
        };
        let (place, _) = left.remove(next);
        left.iter_mut().for_each(|(_, reads)| {
            reads.remove(&names[place]);
        });
        order.push(written[place]);
    }
    order
}

fn lower(name: &Ident) -> String {
    name.value.to_lowercase()
}

/// The bare names of tables, in lower case.
#[derive(Default)]
struct Read(HashSet<String>);

impl Visitor for Read {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if let [ObjectNamePart::Identifier(name)] = name.0.as_slice() {
            self.0.insert(lower(name));
        }
        ControlFlow::Continue(())
    }
}
