//! An org that changes while it is read: rows made, changed, deleted and brought back, in bursts on demand or by
//! themselves.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::change::Changer;
use crate::decimal::Decimal;
use crate::generate::facts::{OBJECTS, PRODUCT, Times, World};
use crate::generate::{Facts, cell};
use crate::http::App;
use crate::id;
use crate::rng::Rng;
use crate::schema::{Field, Kind};
use crate::store::Org;
use crate::store::row::Row;

/// One burst.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Burst {
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
    pub undeletes: u64,
    /// So many rows of one object get the same value in the same field, in one transaction.
    pub alike: u64,
    /// Only these objects; all that have rows otherwise.
    pub objects: Vec<String>,
    /// Every row of the burst gets the very same SystemModstamp.
    pub ties: bool,
    /// Rows become visible only so long after they were stamped.
    pub late_ms: Option<i64>,
}

/// What a burst did, as ids by object. Rows that were only touched because of a deletion count as updated.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Done {
    pub inserted: Vec<String>,
    pub updated: Vec<String>,
    pub deleted: Vec<String>,
    pub undeleted: Vec<String>,
}

/// Scanning more rows than this for what refers to a deleted one would hold the background churn up.
const CHEAP_SCAN: u64 = 400_000;

struct Churn<'a> {
    org: &'a Org,
    changer: Changer<'a>,
    world: World,
    rng: Rng,
    objects: Vec<usize>,
    done: BTreeMap<String, Done>,
}

/// Makes a burst of changes.
pub(crate) fn burst(org: &Org, what: &Burst, seed: u64, background: bool) -> Result<BTreeMap<String, Done>, String> {
    let mut changer = Changer::new(org);
    changer.tie = what.ties.then(|| changer.stamp());
    changer.late_ms = what.late_ms;
    let mut rows = [0; OBJECTS];
    for (n, object) in changer.schema.objects.iter().enumerate().take(OBJECTS) {
        rows[n] = org.manifest.rows.get(&object.name).copied().unwrap_or(0);
    }
    let named: Result<Vec<usize>, String> = what
        .objects
        .iter()
        .map(|n| {
            changer
                .schema
                .find(n)
                .ok_or_else(|| format!("there is no object {n:?}"))
        })
        .collect();
    let mut objects = named?;
    if objects.is_empty() {
        objects = (0..OBJECTS).filter(|&o| rows[o] > 0).collect();
    }
    let world = World {
        seed: org.manifest.seed,
        rows,
    };
    let mut churn = Churn {
        org,
        changer,
        world,
        rng: Rng::new(seed),
        objects,
        done: BTreeMap::new(),
    };
    churn.all(what, background).map_err(|e| e.to_string())?;
    Ok(churn.done)
}

impl Churn<'_> {
    fn all(&mut self, what: &Burst, background: bool) -> std::io::Result<()> {
        for _ in 0..what.inserts {
            let object = self.pick_object();
            let slot = self.insert(object)?;
            self.note(object, slot, |d| &mut d.inserted);
            self.commit()?;
        }
        for _ in 0..what.updates {
            let object = self.pick_object();
            if let Some(slot) = self.live(object)
                && self.update(object, slot)?
            {
                self.note(object, slot, |d| &mut d.updated);
                self.commit()?;
            }
        }
        self.alike(what.alike)?;
        self.delete(what.deletes, background, !what.objects.is_empty())?;
        self.undelete(what.undeletes)
    }

    /// Each change is a transaction of its own, unless the whole burst is one.
    fn commit(&self) -> std::io::Result<()> {
        match self.changer.tie {
            None => self.changer.commit(),
            Some(_) => Ok(()),
        }
    }

    fn alike(&mut self, count: u64) -> std::io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let object = self.pick_object();
        let schema = self.changer.schema.clone();
        let texts = |f: &&Field| f.updateable && !f.unique && f.nillable && f.kind == Kind::String;
        let Some((name, Some(column))) = schema.objects[object]
            .fields
            .iter()
            .find(texts)
            .map(|f| (&f.name, f.column))
        else {
            return Ok(());
        };
        let value = format!("all {}", name.len() as u64 + self.rng.below(1000));
        for _ in 0..count {
            if let Some(slot) = self.live(object)
                && self.changer.update(object, slot, &[(column, value.clone())])?
            {
                self.note(object, slot, |d| &mut d.updated);
            }
        }
        self.commit()
    }

    fn note(&mut self, object: usize, slot: u64, list: fn(&mut Done) -> &mut Vec<String>) {
        let object = &self.changer.schema.objects[object];
        let id = id::make_string(&object.prefix, slot);
        let list = list(self.done.entry(object.name.clone()).or_default());
        if !list.contains(&id) {
            list.push(id);
        }
    }

    fn pick_object(&mut self) -> usize {
        self.objects[self.rng.below(self.objects.len() as u64) as usize]
    }

    /// A live row, none that has a change under way.
    fn live(&mut self, object: usize) -> Option<u64> {
        let table = self.org.table(object);
        let slots = table.slots();
        for _ in 0..60 {
            let slot = self.rng.below(slots);
            if table.entry(slot).is_some_and(|e| !e.location.is_deleted()) && !table.is_pending(slot) {
                return Some(slot);
            }
        }
        None
    }

    /// The id of a live row that a field may refer to.
    fn target(&mut self, field: &Field) -> Option<String> {
        let known: Vec<usize> = field
            .reference_to
            .iter()
            .filter_map(|to| self.changer.schema.find(to))
            .collect();
        if known.is_empty() {
            return None;
        }
        let object = known[self.rng.below(known.len() as u64) as usize];
        let slot = self.live(object)?;
        Some(id::make_string(&self.changer.schema.objects[object].prefix, slot))
    }

    fn value(&mut self, facts: &Facts, field: &Field) -> String {
        if field.kind == Kind::Reference {
            if field.nillable && self.rng.percent(15) {
                return String::new();
            }
            return self.target(field).unwrap_or_default();
        }
        let mut out = vec![];
        let column = field.column.unwrap_or(0) as u64;
        cell(&self.world, facts, &field.name, column, &mut out);
        let text = String::from_utf8(out).unwrap_or_default();
        if text.is_empty() && facts.object < OBJECTS && !self.is_generated(&field.name) {
            return invented(field, &mut self.rng);
        }
        // A field that was altered since may not take what was made for its former type.
        if crate::check::fits(field, &text).is_some() {
            String::new()
        } else {
            text
        }
    }

    /// Fields that an administrator added later get plain values.
    fn is_generated(&self, name: &str) -> bool {
        static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
        let names = NAMES.get_or_init(|| {
            let objects = crate::schema::builtin::schema(0).objects;
            objects.into_iter().flat_map(|o| o.fields).map(|f| f.name).collect()
        });
        names.contains(name)
    }

    fn facts(&mut self, object: usize, slot: u64) -> Facts {
        let now = self.changer.stamp();
        Facts {
            object,
            slot,
            times: Times {
                created: now,
                modified: now,
                stamp: now,
            },
            deleted: false,
            version: 1 + (self.rng.next() >> 24),
        }
    }

    fn insert(&mut self, object: usize) -> std::io::Result<u64> {
        let slot = self.changer.next_slot(object);
        let facts = self.facts(object, slot);
        let schema = self.changer.schema.clone();
        let of = &schema.objects[object];
        let mut row = Row {
            cells: vec![String::new(); of.columns],
        };
        for field in &of.fields {
            if let Some(column) = field.column {
                row.cells[column] = self.value(&facts, field);
            }
        }
        self.changer.insert(object, row)
    }

    fn update(&mut self, object: usize, slot: u64) -> std::io::Result<bool> {
        let facts = self.facts(object, slot);
        let schema = self.changer.schema.clone();
        let open: Vec<&Field> = schema.objects[object]
            .fields
            .iter()
            .filter(|f| f.updateable && f.column.is_some() && !f.unique)
            .collect();
        let mut cells = vec![];
        for _ in 0..=self.rng.below(4) {
            let field = open[self.rng.below(open.len() as u64) as usize];
            let mut value = self.value(&facts, field);
            if field.nillable && self.rng.one_in(10) {
                value.clear();
            }
            if field.nillable || !value.is_empty() {
                cells.push((field.column.unwrap_or(0), value));
            }
        }
        self.changer.update(object, slot, &cells)
    }

    /// Products take the lines of all their orders with them, so they are deleted only when they are named.
    fn delete(&mut self, count: u64, background: bool, named: bool) -> std::io::Result<()> {
        let schema = self.changer.schema.clone();
        let cheap = |object: usize| {
            let name = &schema.objects[object].name;
            let below = schema
                .objects
                .iter()
                .enumerate()
                .filter(|(_, o)| o.fields.iter().any(|f| f.reference_to.contains(name)));
            below.map(|(n, _)| self.org.table(n).slots()).sum::<u64>() <= CHEAP_SCAN
        };
        let allowed: Vec<usize> = self
            .objects
            .iter()
            .copied()
            .filter(|&o| schema.objects[o].deletable && (!background || cheap(o)) && (named || o != PRODUCT))
            .collect();
        let mut chosen: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for _ in 0..count {
            if allowed.is_empty() {
                break;
            }
            let object = allowed[self.rng.below(allowed.len() as u64) as usize];
            if let Some(slot) = self.live(object) {
                chosen.entry(object).or_default().push(slot);
            }
        }
        for (object, slots) in chosen {
            for (object, slot) in self.changer.delete(object, &slots)? {
                let gone = self
                    .org
                    .table(object)
                    .entry(slot)
                    .is_some_and(|e| e.location.is_deleted());
                if gone || self.changer.late_ms.is_some() {
                    self.note(object, slot, |d| &mut d.deleted);
                } else {
                    self.note(object, slot, |d| &mut d.updated);
                }
            }
            self.commit()?;
        }
        Ok(())
    }

    fn undelete(&mut self, count: u64) -> std::io::Result<()> {
        let mut candidates: Vec<(usize, u64)> = vec![];
        if count > 0 {
            for &object in &self.objects {
                let table = self.org.table(object);
                let deleted = table
                    .entries()
                    .filter(|(slot, e)| e.location.is_deleted() && !table.is_pending(*slot));
                candidates.extend(deleted.map(|(slot, _)| (object, slot)));
            }
        }
        let mut left = count;
        while left > 0 && !candidates.is_empty() {
            let at = self.rng.below(candidates.len() as u64) as usize;
            let (object, slot) = candidates.swap_remove(at);
            if self.changer.undelete(object, slot)? {
                self.note(object, slot, |d| &mut d.undeleted);
                self.commit()?;
                left -= 1;
            }
        }
        Ok(())
    }
}

/// A value for a field that the generator does not know.
fn invented(field: &Field, rng: &mut Rng) -> String {
    let n = rng.below(28) + 1;
    let text = match field.kind {
        Kind::Boolean => n.is_multiple_of(2).to_string(),
        Kind::Int => n.to_string(),
        Kind::Double | Kind::Currency | Kind::Percent => Decimal {
            mantissa: i128::from(n),
            scale: 1.min(field.scale),
        }
        .api(),
        Kind::Date => format!("2026-03-{n:02}"),
        Kind::Datetime => format!("2026-03-{n:02}T10:20:{n:02}.000Z"),
        Kind::Time => format!("08:{n:02}:00.000Z"),
        Kind::Picklist | Kind::Multipicklist if !field.picklist.is_empty() => {
            field.picklist[n as usize % field.picklist.len()].clone()
        }
        Kind::Id | Kind::Reference | Kind::Address | Kind::Location => String::new(),
        _ => format!("value {n}"),
    };
    if crate::check::fits(field, &text).is_some() {
        String::new()
    } else {
        text
    }
}

/// Changes `per_second` rows every second until it is told to stop.
pub(crate) async fn background(app: Arc<App>, per_second: f64, mut stopped: watch::Receiver<bool>) {
    const TICK: Duration = Duration::from_millis(200);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut due, mut seed) = (
        0.0,
        crate::rng::mix(app.org.manifest.seed, app.org.clock.now().cast_unsigned()),
    );
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => return,
        }
        due += per_second * TICK.as_secs_f64();
        let mut what = Burst::default();
        while due >= 1.0 {
            due -= 1.0;
            seed = crate::rng::mix(seed, 1);
            match seed % 20 {
                0..=5 => what.inserts += 1,
                6..=16 => what.updates += 1,
                17 | 18 => what.deletes += 1,
                _ => what.undeletes += 1,
            }
        }
        let (app, seed) = (Arc::clone(&app), seed);
        let burst = tokio::task::spawn_blocking(move || burst(&app.org, &what, seed, true)).await;
        if let Ok(Err(error)) = burst {
            tracing::error!(error, "churn failed");
        }
    }
}
