//! Records of `Account` that are wrong on purpose, each in one way: what a quality gate is tried on.

use std::collections::BTreeMap;

use super::facts::{ACCOUNT, World};
use super::text::push;
use crate::id;

/// A way of being wrong: its name, the field, and what stands in it.
struct Kind {
    name: &'static str,
    field: &'static str,
    value: Value,
}

enum Value {
    /// Nothing.
    Missing,
    /// This text of the API.
    Text(&'static str),
    /// The record itself.
    Itself,
}

/// Every kind.
const KINDS: [Kind; 12] = [
    kind("name_missing", "Name", Value::Missing),
    kind("industry_unknown", "Industry", Value::Text("Bnaking")),
    kind("rating_in_lower_case", "Rating", Value::Text("hot")),
    kind("employees_negative", "NumberOfEmployees", Value::Text("-5")),
    kind("revenue_absurd", "AnnualRevenue", Value::Text("900000000000000")),
    kind("website_malformed", "Website", Value::Text("htp:/example")),
    kind("phone_malformed", "Phone", Value::Text("n/a")),
    kind("number_twice", "AccountNumber", Value::Text("4711")),
    kind("founded_in_future", "Founded__c", Value::Text("2199-01-01")),
    kind("churn_above_100", "Churn_Risk__c", Value::Text("250.00")),
    kind("key_malformed", "External_Key__c", Value::Text("ACC?")),
    kind("parent_is_itself", "ParentId", Value::Itself),
];

const fn kind(name: &'static str, field: &'static str, value: Value) -> Kind {
    Kind { name, field, value }
}

/// Which records are wrong, and how.
#[derive(Debug, Default)]
pub(super) struct Defects(BTreeMap<u64, usize>);

impl Defects {
    /// So many of each kind, spread over the accounts that are not deleted; fewer when there are not enough of them. What is
    /// only wrong by being there twice is there twice.
    pub fn of(world: &World, each: u64) -> Self {
        let accounts = world.rows[ACCOUNT];
        let places: Vec<usize> = (0..KINDS.len())
            .chain(KINDS.iter().position(|kind| kind.name == "number_twice"))
            .collect();
        let wanted = each.saturating_mul(places.len() as u64).min(accounts);
        let step = (accounts / wanted.max(1)).max(1);
        let mut chosen = BTreeMap::new();
        let mut slot = 0;
        for (number, kind) in (0..wanted).zip(places.iter().cycle()) {
            slot = slot.max(number * step);
            while slot < accounts && world.is_deleted(ACCOUNT, slot) {
                slot += 1;
            }
            if slot < accounts {
                chosen.insert(slot, *kind);
            }
            slot += 1;
        }
        Self(chosen)
    }

    /// Writes what is wrong in a field; `false`: nothing is.
    pub fn write(&self, object: usize, slot: u64, field: &str, out: &mut Vec<u8>) -> bool {
        if object != ACCOUNT {
            return false;
        }
        let Some(kind) = self
            .0
            .get(&slot)
            .map(|kind| &KINDS[*kind])
            .filter(|kind| kind.field == field)
        else {
            return false;
        };
        match kind.value {
            Value::Missing => {}
            Value::Text(text) => push(out, text),
            Value::Itself => out.extend_from_slice(&id::make("001", slot)),
        }
        true
    }

    /// How many there are of each kind.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for kind in self.0.values() {
            *counts.entry(KINDS[*kind].name.to_owned()).or_default() += 1;
        }
        counts
    }
}
